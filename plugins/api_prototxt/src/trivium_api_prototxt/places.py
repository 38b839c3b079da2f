"""Where each field stands in a text, so that an error found much later still names the line."""

from __future__ import annotations

from attrs import define, field


@define(eq=False)
class Place:
    """A field in a text, and the fields inside it; as a string, 'net.prototxt:42'.

    The tree has the form of the message. A message that was not read from text has a place without a
    line, and every field inside answers with that.
    """

    path: str
    line: int | None = None
    column: int | None = None
    inside: dict[str, list[Place]] = field(factory=dict, repr=False)

    def at(self, name: str, index: int = 0) -> Place:
        """The place of a field inside, or this one where the text does not tell."""
        places = self.inside.get(name, ())
        return places[index] if index < len(places) else self

    def all(self, name: str, count: int) -> list[Place]:
        """The places of a repeated field with `count` values."""
        return [self.at(name, index) for index in range(count)]

    def __str__(self) -> str:
        return self.path if self.line is None else f"{self.path}:{self.line}"
