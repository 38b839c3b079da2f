"""Wiring: from the layers that a file lists to parts that know what they read, make and learn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import define, field, frozen

from trivium import ops
from trivium.backend import Device
from trivium.errors import TriviumError, did_you_mean
from trivium.graph import Graph, Symbol
from trivium.layer import Layer
from trivium.spec import Spec
from trivium.tensor import Parameter
from trivium_api_prototxt.blob import Blob
from trivium_api_prototxt.data.source import Source
from trivium_api_prototxt.draft import Draft
from trivium_api_prototxt.errors import PrototxtError, in_words
from trivium_api_prototxt.finite import check_finite
from trivium_api_prototxt.messages import TRAIN
from trivium_api_prototxt.places import Place
from trivium_api_prototxt.room import Room, memory_here
from trivium_api_prototxt.vocabulary import Declared, LayerType, find_type
from trivium_api_prototxt.vocabulary.layer_type import check_counts


@define(eq=False)
class Learned:
    """One blob of a layer, and how fast it learns.

    lr_mult, decay_mult: None where the file leaves them to others that share the blob
    """

    blob: Blob
    parameter: Parameter
    lr_mult: float | None = None
    decay_mult: float | None = None

    @property
    def rate(self) -> float:
        """The factor of the learning rate."""
        return 1.0 if self.lr_mult is None else self.lr_mult

    @property
    def decay(self) -> float:
        """The factor of the weight decay."""
        return 1.0 if self.decay_mult is None else self.decay_mult

    @property
    def is_learning(self) -> bool:
        """Whether training changes it."""
        return self.parameter.trainable and self.rate != 0


@define(eq=False)
class Part:
    """A layer in its place in a net.

    layer, source:  one of them
    layers:         the layer for bottoms of other Specs
    learned:        what it owns, in the order of Caffe's blobs
    loss_weights:   of its tops, 0 where they are no losses
    passes_on:      for each bottom, whether a gradient may go down there
    needs_gradient: whether something at or below it learns
    """

    message: Any
    place: Place
    row: LayerType
    bottoms: list[str]
    tops: list[str]
    layer: Layer | None = None
    source: Source | None = None
    layers: dict[tuple[Spec, ...], Layer] = field(factory=dict)
    learned: list[Learned] = field(factory=list)
    loss_weights: list[float] = field(factory=list)
    passes_on: list[bool] = field(factory=list)
    needs_gradient: bool = False

    @property
    def name(self) -> str:
        """As the file calls it; names need not be unique."""
        name: str = self.message.name
        return name

    @property
    def type(self) -> str:
        """Its layer type."""
        return self.row.name

    @property
    def blobs(self) -> list[Blob]:
        """What it owns."""
        return [one.blob for one in self.learned]

    @property
    def title(self) -> str:
        """How errors name it: `layer 'conv1' (Convolution)`."""
        return f"layer '{self.name}' ({self.row.name})"

    def __call__(self, inputs: Sequence[Any]) -> list[Any]:
        """A value for each top."""
        layer = self.layer_for(tuple(x.spec for x in inputs))
        inputs = [x if passes else ops.stop_gradient(x) for x, passes in zip(inputs, self.passes_on)]
        try:
            if self.row.for_each:
                results = tuple(layer(x) for x in inputs)
            else:
                made = layer(*inputs, training=self.message.phase == TRAIN)
                results = made if isinstance(made, tuple) else (made,)
        except TriviumError as error:
            words = str(error).removeprefix(f"{layer.title}: ")
            raise type(error)(f"{self.place}: {self.title}: {words}") from error
        return [
            # a top of its own is a blob of its own, even where the layer does nothing
            ops.copy(y) if any(y is x for x in inputs) and not self._is_in_place(top) else y
            for top, y in zip(self.tops, results)
        ]

    def layer_for(self, specs: tuple[Spec, ...]) -> Layer:
        """The layer as its settings are for bottoms of these Specs; what it owns is the same for all."""
        assert self.layer is not None
        if specs not in self.layers:
            self.layers[specs] = self.row.make(Declared(self.message, self.place, specs))
        layer = self.layers[specs]
        layer.name, layer.owned, layer.is_built = self.layer.name, self.layer.owned, self.layer.is_built
        return layer

    def _is_in_place(self, top: str) -> bool:
        return top in self.bottoms


@frozen
class Flow:
    """What went through one part.

    updates: assignments of its state, in a graph
    """

    part: Part
    inputs: list[Any]
    outputs: list[Any]
    updates: tuple[Symbol, ...] = ()


def flow(parts: Sequence[Part], given: Mapping[str, Any]) -> list[Flow]:
    """Let values go through all parts.

    given: a value for each top of a source
    """
    values: dict[str, Any] = {}
    flows = []
    graph = next((x.graph for x in given.values() if isinstance(x, Symbol)), None)
    for part in parts:
        inputs = [values[name] for name in part.bottoms]
        before = len(graph.updates) if graph else 0
        outputs = [given[name] for name in part.tops] if part.source else part(inputs)
        values.update(zip(part.tops, outputs))
        flows.append(Flow(part, inputs, outputs, tuple(graph.updates[before:]) if graph else ()))
    return flows


class Wiring:
    """Makes the parts of a net, one after the other.

    own: called for each part with a layer, to let it have blobs of another net; False where it has none
    """

    def __init__(self, draft: Draft, device: Device, own: Callable[[Part, Declared], bool]) -> None:
        self.draft, self.device, self.own = draft, device, own
        self.parts: list[Part] = []
        self.outputs: list[str] = []
        self._graph = Graph()
        self._room = Room(memory_here())
        self._values: dict[str, Any] = {}
        self._makers: dict[str, Part] = {}
        self._unused: set[str] = set()
        self._needy: set[str] = set()
        self._named: dict[str, tuple[Part, Learned]] = {}
        for message, place in zip(draft.net.layer, draft.places):
            self._add(message, place)
        self.outputs = sorted(self._unused)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of every blob."""
        return {name: value.shape for name, value in self._values.items()}

    def _add(self, message: Any, place: Place) -> None:
        row = find_type(message, place)
        check_counts(row, message, place)
        part = Part(message, place, row, list(message.bottom), list(message.top))
        check_finite(message, place, part.title)
        if row.is_loss and not part.tops:
            part.tops.append(self._automatic_name())
        inputs = [self._read(part, i) for i in range(len(part.bottoms))]
        for i in range(len(part.tops)):
            self._check_top(part, i)
        part.loss_weights = self._loss_weights(part)
        part.passes_on = self._passes_on(part)
        declared = Declared(message, place, tuple(x.spec for x in inputs))
        made = row.make(declared)
        if row.is_source:
            part.source = made
            outputs = [self._graph.placeholder(shape, name=top) for top, shape in zip(part.tops, made.shapes)]
        else:
            part.layer = part.layers[declared.specs] = made
            made.name = part.name
            if not self.own(part, declared):
                self._build(part, declared)
            self._share_by_name(part)
            outputs = part(inputs)
        for y in outputs:
            self._check_room(part, y.shape)
        self._note_need(part)
        self._values.update(zip(part.tops, outputs))
        self._makers.update(dict.fromkeys(part.tops, part))
        self._unused -= set(part.bottoms)
        self._unused |= {top for top in part.tops if not top.startswith("(automatic")}
        self.parts.append(part)

    def _check_room(self, part: Part, shape: Any, copies: int = 1) -> None:
        if words := self._room.lacks(shape, copies):
            raise PrototxtError(f"{part.place}: {part.title}: too large: {words}: make it smaller")

    # -- blobs --------------------------------------------------------------------------------------

    def _read(self, part: Part, index: int) -> Any:
        name = part.bottoms[index]
        if name in self._values:
            return self._values[name]
        here = f"{part.place.at('bottom', index)}: {part.title}"
        later = [layer.name for layer in self.draft.net.layer if name in layer.top]
        if name in part.tops or (later and later != [part.name]):
            hint = f"layer '{later[0]}' makes it later: move it up" if later[0] != part.name else "it is its own top"
            raise PrototxtError(f"{here}: reads '{name}' before it is made: {hint}")
        left_out = [f"'{one}' ({why})" for one, why in self.draft.left_out]
        hint = did_you_mean(name, self._values)
        if not hint and left_out:
            hint = f"  Left out of this net: {', '.join(left_out)}"
        made = in_words(list(self._values), "and") or "none"
        raise PrototxtError(f"{here}: reads '{name}', which no earlier layer makes; blobs so far: {made}.{hint}")

    def _check_top(self, part: Part, index: int) -> None:
        name = part.tops[index]
        here = f"{part.place.at('top', index)}: {part.title}"
        if name in part.tops[:index]:
            raise PrototxtError(f"{here}: has two tops called '{name}': rename one")
        if name not in self._values:
            return
        if index < len(part.bottoms) and part.bottoms[index] == name:
            if not part.row.is_in_place:
                raise PrototxtError(f"{here}: cannot work in place: give its top another name than '{name}'")
            return
        maker = self._makers[name]
        raise PrototxtError(f"{here}: makes '{name}', which {maker.title} at {maker.place} makes already: rename one")

    def _automatic_name(self) -> str:
        count = sum(name.startswith("(automatic") for name in self._values)
        return "(automatic)" if count == 0 else f"(automatic {count + 1})"

    # -- losses and gradients -------------------------------------------------------------------------

    def _loss_weights(self, part: Part) -> list[float]:
        given = list(part.message.loss_weight)
        if given and len(given) != max(1, len(part.message.top)):
            raise PrototxtError(
                f"{part.place.at('loss_weight')}: {part.title}: {len(given)} loss_weight for {len(part.tops)} tops: "
                "give one for each"
            )
        if given:
            return given
        return [1.0 if part.row.is_loss and i == 0 else 0.0 for i in range(len(part.tops))]

    def _passes_on(self, part: Part) -> list[bool]:
        given = list(part.message.propagate_down)
        if given and len(given) != len(part.bottoms):
            raise PrototxtError(
                f"{part.place.at('propagate_down')}: {part.title}: {len(given)} propagate_down for "
                f"{len(part.bottoms)} bottoms: give one for each"
            )
        return given or [True] * len(part.bottoms)

    def _note_need(self, part: Part) -> None:
        part.needs_gradient = (
            any(learned.is_learning for learned in part.learned)
            or any(name in self._needy and passes for name, passes in zip(part.bottoms, part.passes_on))
            or bool(self.draft.net.force_backward)
        )
        for top in part.tops:
            (self._needy.add if part.needs_gradient else self._needy.discard)(top)

    # -- what layers own ------------------------------------------------------------------------------

    def _build(self, part: Part, declared: Declared) -> None:
        assert part.layer is not None
        layer = part.layer
        try:
            specs = declared.specs[:1] if part.row.for_each else declared.specs
            for wanted in layer.parameters(*specs).values():
                self._check_room(part, wanted.shape, 2)  # and its gradient
            layer.build(*specs)
        except PrototxtError:
            raise  # it names the layer
        except TriviumError as error:
            words = str(error).removeprefix(f"{layer.title}: ")
            raise type(error)(f"{part.place}: {part.title}: {words}") from error
        for name in part.row.blobs_of(layer.owned):
            parameter = layer.owned[name]
            blob = Blob(parameter.spec.shape, self.device, parameter.name, parameter)  # type: ignore[arg-type]
            part.learned.append(Learned(blob, parameter))

    def _share_by_name(self, part: Part) -> None:
        given = part.message.param
        if len(given) > len(part.learned):
            raise PrototxtError(
                f"{part.place.at('param', len(part.learned))}: {part.title}: has {len(part.learned)} blobs, "
                f"but {len(given)} param: remove what is too much"
            )
        for i, param in enumerate(given):
            learned = part.learned[i]
            place = part.place.at("param", i)
            if param.name and param.name in self._named:
                learned = part.learned[i] = self._shared(part, i, place)
            elif param.name:
                self._named[param.name] = (part, learned)
            for factor in ("lr_mult", "decay_mult"):
                if not param.HasField(factor):
                    continue
                before, now = getattr(learned, factor), getattr(param, factor)
                if before is not None and before != now:
                    raise PrototxtError(
                        f"{place.at(factor)}: {part.title}: shares '{param.name}', whose {factor} is {before:g}, "
                        f"not {now:g}: give equal ones"
                    )
                setattr(learned, factor, now)

    def _shared(self, part: Part, index: int, place: Place) -> Learned:
        """What the first layer with this parameter name owns, instead of the part's own."""
        assert part.layer is not None
        param, own = part.message.param[index], part.learned[index]
        owner, learned = self._named[param.name]
        if own.parameter.spec is not learned.parameter.spec:
            how = "the same number of elements is not enough here" if param.share_mode == param.PERMISSIVE else ""
            raise PrototxtError(
                f"{place}: {part.title}: shares '{param.name}' with {owner.title}: its shape is {own.blob.shape}, "
                f"theirs {learned.blob.shape}: make them equal{'; ' + how if how else ''}"
            )
        name = next(name for name, value in part.layer.owned.items() if value is own.parameter)
        part.layer.owned[name] = learned.parameter
        return learned
