"""A walk over a text message that notes where each field stands, and says in words what is wrong.

protobuf's own reader makes the message. It knows no places, and its complaints are for those who know
its insides, so this walk goes over the same text with the same schema first.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import Any

from attrs import define
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from trivium.errors import did_you_mean
from trivium_api_prototxt.errors import PrototxtError, in_words, shorten
from trivium_api_prototxt.places import Place

TOKEN = re.compile(
    r"""(?P<blank>(?:\s|\#[^\n]*+)*+)
    (?: (?P<string>"(?:[^"\\\n]|\\.)*+"|'(?:[^'\\\n]|\\.)*+')
      | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<number>(?:[0-9+-]|\.[0-9])[A-Za-z0-9_.+-]*)
      | (?P<mark>[{}<>\[\]:,;])
      | (?P<end>\Z)
      | (?P<bad>.)
    )""",
    re.VERBOSE,
)
CLOSES = {"{": "}", "<": ">"}
_NUMBER = re.compile(r"[+-]?(?:(?!0[0-9])(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?f?|inf(?:inity)?|nan)", re.IGNORECASE)
_WRONG_ESCAPE = re.compile(
    r"""(?<!\\)(?:\\\\)*(\\(?![abfnrtv\\'"?]|x[0-9a-fA-F]|(?![4-7][0-7]{2})[0-7]|u[0-9a-fA-F]{4}|U000[0-9a-fA-F]{5}).)"""
)
_STRINGS = (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES)
MANY = 1000  # values of one field whose places are kept; weights written as text have millions
FEW = 12  # fields that are listed even when one of them has a near name


def survey(text: str, descriptor: Descriptor, path: str) -> tuple[Place, PrototxtError | None]:
    """The places of all fields up to the first mistake, and that mistake in words."""
    root = Place(path)
    try:
        _Walk(text, root).message(descriptor, root)
    except PrototxtError as mistake:
        return root, mistake
    return root, None


@define
class _Open:
    """A message whose end has not been reached."""

    name: str
    descriptor: Descriptor
    place: Place
    end: str


class _Walk:
    """One pass over the tokens. Its recursion is as deep as the schema, whatever the text holds."""

    def __init__(self, text: str, root: Place):
        self.text = text
        self.path = root.path
        self.line_starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self.open: list[_Open] = []
        self.tokens: Iterator[re.Match[str]] = TOKEN.finditer(text)
        self.advance()

    def advance(self) -> None:
        match = next(self.tokens)
        self.kind = match.lastgroup
        self.token = match[self.kind or 0]
        self.offset = match.end() - len(self.token)
        if self.kind == "bad" and self.token in "\"'":
            raise self.mistake(f"the string that begins here does not end on its line: close it with {self.token}")

    def take(self, token: str) -> bool:
        """Whether this mark comes next; then it is behind us."""
        taken = self.kind == "mark" and self.token == token
        if taken:
            self.advance()
        return taken

    def place(self) -> Place:
        line = bisect_right(self.line_starts, self.offset)
        return Place(self.path, line, self.offset - self.line_starts[line - 1] + 1)

    def mistake(self, words: str, place: Place | None = None) -> PrototxtError:
        place = place or self.place()
        return PrototxtError(f"{place}:{place.column}: {words}")

    def found(self) -> str:
        return "the end of the text" if self.kind == "end" else f"'{shorten(self.token)}'"

    def message(self, descriptor: Descriptor, place: Place, name: str = "", end: str = "") -> None:
        """The fields of one message, up to the mark that ends it."""
        self.open.append(_Open(name, descriptor, place, end))
        while not (self.take(end) if end else self.kind == "end"):
            self.field(descriptor, place)
        self.open.pop()

    def field(self, descriptor: Descriptor, place: Place) -> None:
        if self.kind != "word":
            raise self.no_name()
        name, start = self.token, self.place()
        field = descriptor.fields_by_name.get(name)
        if field is None:
            raise self.mistake(self.unknown(name, descriptor), start)
        earlier = place.inside.setdefault(name, [])
        if earlier and not field.is_repeated:
            owner = self.open[-1].name or "the message"
            raise self.mistake(f"'{name}' is given twice in {owner}, first on line {earlier[0].line}: keep one", start)
        self.advance()
        has_colon = self.take(":")
        if field.message_type is None and not has_colon:
            raise self.mistake(f"expected ':' after '{name}', found {self.found()}")
        if field.is_repeated and self.take("["):
            self.list_of_values(field, earlier)
        else:
            self.value(field, start, earlier)
        if not self.take(","):
            self.take(";")

    def list_of_values(self, field: FieldDescriptor, places: list[Place]) -> None:
        if self.take("]"):
            return
        self.value(field, self.place(), places)
        while not self.take("]"):
            if not self.take(","):
                raise self.mistake(f"expected ',' or ']' in the list '{field.name}', found {self.found()}")
            self.value(field, self.place(), places)

    def value(self, field: FieldDescriptor, place: Place, places: list[Place]) -> None:
        if len(places) < MANY:
            places.append(place)
        if field.message_type is not None:
            end = CLOSES.get(self.token) if self.kind == "mark" else None
            if end is None:
                raise self.mistake(f"'{field.name}' holds fields: write {field.name} {{ ... }}, found {self.found()}")
            self.advance()
            self.message(field.message_type, place, field.name, end)
            return
        complaint = wrong_value(field, self.kind or "", self.token)
        if complaint:
            raise self.mistake(f"'{field.name}' {complaint}, found {self.found()}{self.hint(field)}")
        self.check_escapes(field)
        self.advance()
        while field.type in _STRINGS and self.kind == "string":  # strings side by side are one
            self.check_escapes(field)
            self.advance()

    def check_escapes(self, field: FieldDescriptor) -> None:
        wrong = _WRONG_ESCAPE.search(self.token) if self.kind == "string" else None
        if wrong:
            raise self.mistake(
                f"'{field.name}' has '{wrong[1]}' in its string, which stands for nothing: "
                f"write '\\{wrong[1]}' for a backslash"
            )

    def hint(self, field: FieldDescriptor) -> str:
        if field.type in _STRINGS and self.kind in ("word", "number"):
            return f': write "{shorten(self.token)}"'
        names = field.enum_type.values_by_name if field.enum_type is not None else ()
        near = did_you_mean(self.token.strip("\"'"), names)
        return f".{near}" if near else ""

    def no_name(self) -> PrototxtError:
        """What to say where a field should begin and something else stands."""
        inner = self.open[-1]
        if self.kind == "end":
            return self.mistake(f"the text ends inside '{inner.name}' of line {inner.place.line}: add '{inner.end}'")
        if self.token in CLOSES.values():
            return self.mistake(
                f"'{inner.name}' of line {inner.place.line} ends with '{inner.end}', found '{self.token}'"
                if inner.end
                else f"'{self.token}' closes nothing: remove it, or look for one too many above"
            )
        return self.mistake(f"expected the name of a field, found {self.found()}")

    def unknown(self, name: str, descriptor: Descriptor) -> str:
        """What to say about a field that its message does not have."""
        inner = self.open[-1]
        known = list(descriptor.fields_by_name)
        owner = f"'{inner.name}' ({descriptor.name})" if inner.name else descriptor.name
        words = f"'{shorten(name)}' is no field of {owner}"
        if any(name in outer.descriptor.fields_by_name for outer in self.open[:-1]):
            return f"{words}: close '{inner.name}' of line {inner.place.line} first with '{inner.end}'"
        homes = [
            field.name
            for field in descriptor.fields
            if field.message_type is not None and name in field.message_type.fields_by_name
        ]
        if homes and len(homes) <= FEW:
            return f"{words}: it belongs inside {in_words(homes)}"
        near = did_you_mean(name, known) if did_you_mean(_topic(name), map(_topic, known)) else ""
        listed = f": its fields are {in_words(known, 'and')}." if not near or len(known) <= FEW else "."
        return words + listed + near


def _topic(name: str) -> str:
    return name.removesuffix("_param")  # so many fields end with it that all look alike


def wrong_value(field: FieldDescriptor, kind: str, token: str) -> str:
    """What the field wants, when the token is not that; empty when it is."""
    if field.enum_type is not None:
        names = field.enum_type.values_by_name
        numbers = field.enum_type.values_by_number
        fits = token in names if kind == "word" else kind == "number" and _whole(token) in numbers
        return "" if fits else f"wants {in_words(list(names))}, without quotes"
    wants, is_one = _WANTED[field.type]
    return "" if is_one(kind, token) else f"wants {wants}"


def _whole(token: str) -> int | None:
    digits = token.lstrip("+-")
    octal = len(digits) > 1 and digits[0] == "0" and digits.isdecimal()
    try:
        return int(token, 8 if octal else 0)
    except ValueError:
        return None


def _whole_between(low: int, high: int) -> tuple[str, Callable[[str, str], bool]]:
    def fits(kind: str, token: str) -> bool:
        number = _whole(token) if kind == "number" else None
        return number is not None and low <= number <= high

    return f"a whole number from {low} to {high}", fits


def _is_number(kind: str, token: str) -> bool:
    return kind in ("number", "word") and _NUMBER.fullmatch(token) is not None


def _is_truth(kind: str, token: str) -> bool:
    return kind in ("word", "number") and token in ("true", "false", "True", "False", "t", "f", "0", "1")


def _is_string(kind: str, token: str) -> bool:
    return kind == "string"


_WANTED: dict[int, tuple[str, Any]] = {
    FieldDescriptor.TYPE_INT32: _whole_between(-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_INT64: _whole_between(-(2**63), 2**63 - 1),
    FieldDescriptor.TYPE_UINT32: _whole_between(0, 2**32 - 1),
    FieldDescriptor.TYPE_UINT64: _whole_between(0, 2**64 - 1),
    FieldDescriptor.TYPE_FLOAT: ("a number", _is_number),
    FieldDescriptor.TYPE_DOUBLE: ("a number", _is_number),
    FieldDescriptor.TYPE_BOOL: ("true or false", _is_truth),
    FieldDescriptor.TYPE_STRING: ("a string in quotes", _is_string),
    FieldDescriptor.TYPE_BYTES: ("a string in quotes", _is_string),
}
