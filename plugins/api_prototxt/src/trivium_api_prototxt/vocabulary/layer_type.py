"""What a row of the vocabulary says about a layer type, and the table of them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, TypeAlias

from attrs import frozen

from trivium import registry
from trivium.errors import did_you_mean
from trivium.layer import Layer
from trivium.spec import Spec
from trivium_api_prototxt.data.source import Source
from trivium_api_prototxt.errors import PrototxtError, in_words
from trivium_api_prototxt.messages import TRAIN
from trivium_api_prototxt.places import Place
from trivium_api_prototxt.upgrade import TYPE_NAMES

KIND = "prototxt.layers"  # what plugins register their layer types as
Count: TypeAlias = "tuple[int, int | None]"  # at least, at most; None for any number


@frozen
class Declared:
    """A layer as a file declares it.

    message: its LayerParameter
    place:   where it stands
    specs:   of its bottoms
    """

    message: Any
    place: Place
    specs: tuple[Spec, ...] = ()

    @property
    def is_training(self) -> bool:
        """Whether it belongs to a net that trains."""
        return bool(self.message.phase == TRAIN)

    @property
    def title(self) -> str:
        """How errors name it: `layer 'conv1' (Convolution)`."""
        return f"layer '{self.message.name}' ({self.message.type})"

    def error(self, words: str, *path: str) -> PrototxtError:
        """The error to raise about a field, such as ("pooling_param", "pool")."""
        place = self.place
        for name in path:
            place = place.at(name)
        return PrototxtError(f"{place}: {self.title}: {words}")

    def axis(self, axis: int, *path: str) -> int:
        """An axis of the first bottom, counted from the front."""
        ndim = self.specs[0].ndim
        if not -ndim <= axis < ndim:
            raise self.error(f"axis {axis}: its bottom has {ndim} axes: {self.specs[0]}", *path)
        return axis % ndim


@frozen
class LayerType:
    """A row: how a declared layer becomes a Layer or a Source.

    blobs:       names of what the layer owns, in the order of Caffe's blobs; None for all that it owns
    bottoms:     how many it may have;  tops: the same
    is_in_place: whether its top may be its bottom
    is_loss:     whether its first top counts as a loss where no loss_weight says otherwise
    for_each:    whether it acts on each bottom alone
    is_source:   whether it makes a Source
    """

    name: str
    make: Callable[[Declared], Any]
    blobs: tuple[str, ...] | None = ()
    bottoms: Count = (1, 1)
    tops: Count = (1, 1)
    is_in_place: bool = False
    is_loss: bool = False
    for_each: bool = False
    is_source: bool = False

    def blobs_of(self, owned: Collection[str]) -> list[str]:
        """The names of blobs among what a layer owns, in order."""
        return list(owned) if self.blobs is None else [name for name in self.blobs if name in owned]


TYPES: dict[str, LayerType] = {}


def layer_type(name: str, **traits: Any) -> Callable[[Callable[[Declared], Any]], Callable[[Declared], Any]]:
    """Add a function `declared -> Layer` to the table; the traits are the fields of LayerType."""

    def add(make: Callable[[Declared], Any]) -> Callable[[Declared], Any]:
        TYPES[name] = LayerType(name, make, **traits)
        return make

    return add


def register_layer_type(name: str, make: Callable[[Declared], Layer | Source], **traits: Any) -> LayerType:
    """A layer type of your own: nets that are read from now on know it.

    make:   a function `declared -> Layer`
    traits: fields of LayerType; all that the layer owns are blobs, in the order in which it names them
    """
    return registry.register(KIND, LayerType(name, make, **{"blobs": None, **traits}), name)


def known_types() -> list[str]:
    """The names of all layer types, those of plugins too."""
    return sorted({*TYPES, *registry.names(KIND)})


def find_type(message: Any, place: Place) -> LayerType:
    """The row of a layer's type."""
    name = message.type
    if name in TYPES:
        return TYPES[name]
    known = known_types()
    if name in known:
        return registry.find(KIND, name)
    here = f"{place.at('type')}: layer '{message.name}'"
    if not name:
        raise PrototxtError(f"{here}: has no type: choose {in_words(known)}")
    if name in TYPE_NAMES.values():
        raise PrototxtError(f"{here}: type '{name}' is Caffe's, but not here yet; there are {in_words(known, 'and')}")
    raise PrototxtError(f"{here}: unknown type '{name}': choose {in_words(known)}.{did_you_mean(name, known)}")


def check_counts(row: LayerType, message: Any, place: Place) -> None:
    """Raise PrototxtError for a layer with too few or too many bottoms or tops."""
    for field, allowed in (("bottom", row.bottoms), ("top", row.tops)):
        given = len(getattr(message, field))
        least, most = allowed
        if given < least or (most is not None and given > most):
            raise PrototxtError(
                f"{place.at(field)}: layer '{message.name}' ({message.type}): has {given} {field}"
                f"{'' if given == 1 else 's'}: it takes {_in_numbers(allowed)}"
            )


def _in_numbers(allowed: Count) -> str:
    least, most = allowed
    if most is None:
        return f"{least} or more" if least else "any number"
    return str(least) if least == most else f"{least} to {most}"
