"""A network as a table: one row a layer, in core words.  Every style builds from these rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce
from math import prod
from operator import add
from typing import Any

from attrs import evolve, field, fields_dict, frozen

from trivium.errors import TriviumError, did_you_mean
from trivium.graph import Graph, Slot, Symbol
from trivium.layer import Layer, ParamSpec
from trivium.op import find_op
from trivium.registry import find_layer
from trivium.spec import Spec

IMAGE, LABEL = "data", "label"  # what rows read that no row makes


class TableError(TriviumError, ValueError):
    """A table whose rows do not fit together."""


@frozen
class Row:
    """One layer of a network.

    type:     a core layer, `Convolution`, or an op, `add`: ops have small letters
    inputs:   the rows it reads, "data" for the image, "label" for the class numbers; none: the row before
    settings: of the layer or op, by the core's names
    weight:   how much it counts in the loss to train on; None where it is no loss
    """

    name: str
    type: str
    inputs: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(factory=dict)
    weight: float | None = None

    @property
    def is_op(self) -> bool:
        """Whether it is an op, without anything of its own."""
        return self.type.islower()

    def make(self) -> Layer | Callable[..., Any]:
        """The core layer, or the op with its settings."""
        if not self.is_op:
            made: Layer = find_layer(self.type)(**self.settings, name=self.name)
            return made
        op = find_op(self.type)
        return lambda *xs: op(*xs, **self.settings)


def row(name: str, type: str, *inputs: str, **settings: Any) -> Row:
    """A row as it is written in a table: `row("conv1", "Convolution", filters=20, kernel=5)`."""
    return Row(name, type, inputs, settings)


def loss(name: str, scores: str, weight: float = 1.0) -> Row:
    """The row of a loss on the scores of another row."""
    return Row(name, "SoftmaxCrossEntropy", (scores, LABEL), {}, weight)


@frozen
class Placed:
    """A row with its layer (or op), and the Specs that it meets."""

    row: Row
    layer: Layer | Callable[..., Any]
    inputs: tuple[Spec, ...]
    output: Spec

    @property
    def parameters(self) -> Mapping[str, ParamSpec]:
        """What the layer calls for."""
        return self.layer.parameters(*self.inputs) if isinstance(self.layer, Layer) else {}


def _connected(rows: Iterable[Row]) -> tuple[Row, ...]:
    """The rows with their inputs written out; a row that reads what is not made yet is an error."""
    made, known, before = [], [IMAGE, LABEL], IMAGE
    for one in rows:
        one = one if one.inputs else evolve(one, inputs=(before,))
        for name in one.inputs:
            if name not in known:
                raise TableError(f"row '{one.name}' reads '{name}', which no row before makes.{_near(name, known)}")
        if one.name in known:
            raise TableError(f"two rows are called '{one.name}'; rename one")
        made.append(one)
        known.append(one.name)
        before = one.name
    return tuple(made)


def _near(name: str, known: Sequence[str]) -> str:
    return did_you_mean(name, known) or f"  The rows so far: {', '.join(known)}"


@frozen
class Table:
    """A network.

    image:  channels, height, width
    scores: the row whose values tell the class
    start:  settings of every layer that has them and does not say otherwise, such as how weights begin
    rows:   in an order in which they can be computed

    What reads no further than the scores is what a deployed network computes; the other rows are there to train it.
    """

    name: str
    image: tuple[int, int, int] = field(kw_only=True)
    scores: str = field(kw_only=True)
    start: Mapping[str, Any] = field(factory=dict, kw_only=True)
    rows: tuple[Row, ...] = field(converter=_connected, kw_only=True)

    def __attrs_post_init__(self) -> None:
        self.needed(self.scores)
        object.__setattr__(self, "rows", tuple([self._started(one) for one in self.rows]))

    def _started(self, one: Row) -> Row:
        if one.is_op or not self.start:
            return one
        known = fields_dict(find_layer(one.type))
        defaults = {name: value for name, value in self.start.items() if name in known}
        return evolve(one, settings={**defaults, **one.settings})

    def needed(self, *names: str) -> list[Row]:
        """The rows that these are computed from, themselves included."""
        known = [one.name for one in self.rows]
        for name in names:
            if name not in known:
                raise TableError(f"{self.name}: there is no row '{name}'.{_near(name, known)}")
        wanted = set(names)
        for one in reversed(self.rows):
            if one.name in wanted:
                wanted.update(one.inputs)
        return [one for one in self.rows if one.name in wanted]

    def deployed(self) -> Table:
        """The part that computes the scores."""
        return evolve(self, rows=self.needed(self.scores))

    @property
    def losses(self) -> list[Row]:
        """The rows to train on: that of the scores first, then those of auxiliary classifiers."""
        found = [one for one in self.rows if one.weight is not None]
        return sorted(found, key=lambda one: one.inputs[0] != self.scores)

    @property
    def heads(self) -> list[str]:
        """The rows that classify: the scores first, then the auxiliary ones."""
        return [self.scores, *[one.inputs[0] for one in self.losses if one.inputs[0] != self.scores]]

    def placed(self, batch: int | str = "batch") -> list[Placed]:
        """Every row with its layer and the Specs that it meets.  Nothing is computed, no parameter is made."""
        graph = Graph()
        values = {IMAGE: graph.placeholder((batch, *self.image)), LABEL: graph.placeholder((batch,), "int64")}
        return [_place(one, values, graph) for one in self.rows]

    def parameters(self) -> dict[str, ParamSpec]:
        """All that the layers call for, such as `conv1.weight`: running statistics too."""
        return {f"{at.row.name}.{name}": wanted for at in self.placed() for name, wanted in at.parameters.items()}

    @property
    def parameter_count(self) -> int:
        """How many numbers training changes.  Running statistics are not counted: no gradient reaches them."""
        return sum(prod(wanted.shape) for wanted in self.parameters().values() if wanted.trainable)


def total(table: Table, values: Mapping[str, Any], apply: Callable[..., Any]) -> Any:
    """The sum of the losses, each as much as its row says.

    values: the class numbers as "label", and the scores that there are, by the names of their rows
    apply:  runs a layer on values of one style
    """
    terms = [
        apply(one.make(), *[values[name] for name in one.inputs]) * one.weight
        for one in table.losses
        if all(name in values for name in one.inputs)
    ]
    return reduce(add, terms)


def _place(one: Row, values: dict[str, Symbol], graph: Graph) -> Placed:
    layer, inputs = one.make(), [values[name] for name in one.inputs]
    specs = tuple([x.spec for x in inputs])
    if isinstance(layer, Layer):
        owned = {
            name: graph.read(Slot(Spec(wanted.shape, wanted.dtype), name=f"{one.name}.{name}"))
            for name, wanted in layer.parameters(*specs).items()
        }
        values[one.name] = layer.apply(inputs, owned)[0]
    else:
        values[one.name] = layer(*inputs)
    return Placed(one, layer, specs, values[one.name].spec)
