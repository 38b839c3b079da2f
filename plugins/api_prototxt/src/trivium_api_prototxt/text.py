"""Messages as text: reading prototxt into a message that knows its lines, and writing it."""

from __future__ import annotations

import os
from typing import Any

from attrs import define
from google.protobuf import text_format
from google.protobuf.message import Message

from trivium.saving import write_aside
from trivium_api_prototxt.errors import PrototxtError, SnapshotError, shorten
from trivium_api_prototxt.files import kind_of_file, read_bytes
from trivium_api_prototxt.places import Place
from trivium_api_prototxt.survey import TOKEN, survey

LONGEST = 64 * 2**20  # bytes; the largest published nets have half a megabyte of text


@define
class Document:
    """A message and where its fields stand in the text it was read from."""

    message: Any
    place: Place


def read_text(path: str | os.PathLike[str], message_class: type[Message]) -> Document:
    """The message in a text file; a file that holds none raises PrototxtError."""
    path = os.fspath(path)
    data = read_bytes(path, LONGEST, PrototxtError)
    document = parse_text(decode(data, path), message_class, path)
    if not document.message.ListFields():
        raise PrototxtError(f"{path}: no fields: a {message_class.DESCRIPTOR.name} was expected")
    return document


def parse_text(text: str, message_class: type[Message], path: str = "<text>") -> Document:
    """The message in a string; `path` is what errors call it."""
    message = message_class()
    place, mistake = survey(text, message_class.DESCRIPTOR, path)
    if mistake:
        raise mistake
    try:
        text_format.Parse(text, message)
    except (text_format.ParseError, ValueError) as error:
        raise _in_our_form(error, path) from error
    missing = message.FindInitializationErrors()
    if missing:
        raise PrototxtError(f"{_place_of(missing[0], place)}: '{missing[0]}' must be given")
    return Document(message, place)


def to_text(message: Message) -> str:
    """The message as prototxt."""
    return str(text_format.MessageToString(message))


def write_text(path: str | os.PathLike[str], message: Message) -> None:
    """Write the message as prototxt, replacing the file only when all is written."""
    write_aside(path, to_text(message).encode(), SnapshotError)


def decode(data: bytes, path: str) -> str:
    """The text in these bytes: UTF-8, though a comment may hold anything."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise PrototxtError(f"{path}: UTF-16 text: save it as UTF-8")
    if b"\0" in data:
        raise PrototxtError(f"{path}: not text: {kind_of_file(data)}; a prototxt was expected")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = _with_clean_comments(data.decode("utf-8-sig", "surrogateescape"))
    try:
        text.encode()
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start) + 1
        column = error.start - text.rfind("\n", 0, error.start)
        byte = ord(text[error.start]) - 0xDC00
        raise PrototxtError(f"{path}:{line}:{column}: byte {byte:#04x} is not UTF-8: save the file as UTF-8") from error
    return text


def _with_clean_comments(text: str) -> str:
    parts = []
    for match in TOKEN.finditer(text):
        parts.append(match["blank"].encode("utf-8", "replace").decode())
        parts.append(text[match.end("blank") : match.end()])
    return "".join(parts)


def _in_our_form(error: Exception, path: str) -> PrototxtError:
    """protobuf's complaint about a text in which the survey found no mistake."""
    words = shorten(str(error).rpartition("': ")[2], 200)
    if isinstance(error, text_format.ParseError) and error.GetLine():
        return PrototxtError(f"{path}:{error.GetLine()}:{error.GetColumn()}: {words}")
    return PrototxtError(f"{path}: {words}")


def _place_of(field_path: str, place: Place) -> Place:
    """The place of a path as protobuf spells it, 'layer[3].clip_param.min', or of what holds it."""
    for part in field_path.split("."):
        name, _, index = part.partition("[")
        place = place.at(name, int(index.rstrip("]") or 0))
    return place
