"""A net on its way from text to layers: its message, the places of its layers, and what was done to it."""

from __future__ import annotations

from typing import Any

from attrs import define, field

from trivium_api_prototxt.places import Place


@define(eq=False)
class Draft:
    """
    net:      a NetParameter
    place:    where it stands
    places:   where each of its layers stands, in step with them
    notices:  what upgrades changed, for the user
    left_out: name of each layer that the state keeps out, and why
    """

    net: Any
    place: Place
    places: list[Place]
    notices: list[str] = field(factory=list)
    left_out: list[tuple[str, str]] = field(factory=list)

    @classmethod
    def of(cls, net: Any, place: Place | None = None) -> Draft:
        """The draft of a net that was just read, or made by a program."""
        place = place or Place(net.name or "net")
        old, new = place.all("layers", len(net.layers)), place.all("layer", len(net.layer))
        return cls(net, place, old + new)
