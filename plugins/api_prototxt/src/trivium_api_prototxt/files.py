"""Reading files that may be anything: missing, cut short, of another kind, endless."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError, Message

from trivium.errors import did_you_mean
from trivium_api_prototxt.errors import ModelFileError, PrototxtError, in_words

LONGEST = 2**31 - 1  # bytes; the wire format of protobuf ends here
_SIGNATURES = {
    b"\x89HDF\r\n\x1a\n": "an HDF5 file",
    b"\x1f\x8b": "a gzip file: unpack it first",
    b"PK\x03\x04": "a zip archive",
    b"\x80\x02": "a Python pickle",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
}


def read_message(path: str | os.PathLike[str], message_class: type[Message]) -> Any:
    """The message in a binary file; anything else in the file raises ModelFileError."""
    path = os.fspath(path)
    name = message_class.DESCRIPTOR.name
    data = read_bytes(path, LONGEST, ModelFileError)
    if not data:
        raise ModelFileError(f"{path}: empty: a binary {name} was expected")
    message = message_class()
    try:
        message.ParseFromString(data)
    except DecodeError as error:
        raise ModelFileError(f"{path}: not a binary {name}: {_damage(data, message_class)}") from error
    if not message.ListFields():
        raise ModelFileError(f"{path}: not a binary {name}: {kind_of_file(data)}")
    if damaged := _undecoded(message):
        raise ModelFileError(f"{path}: not a binary {name}: '{damaged}' holds bytes that are no text")
    missing = message.FindInitializationErrors()
    if missing:
        raise ModelFileError(f"{path}: '{missing[0]}' is missing from it")
    return message


def read_bytes(path: str, longest: int, error: type[Exception]) -> bytes:
    """All bytes of a file, a pipe or a device, if they are not more than `longest`."""
    try:
        with open(path, "rb") as file:
            status = os.fstat(file.fileno())
            # read() of a file takes memory for what is there, of a device for what it is asked
            is_file = stat.S_ISREG(status.st_mode)
            data = file.read() if is_file and status.st_size <= longest else file.read(longest + 1)
    except (OSError, ValueError) as cause:
        raise error(f"{path}: cannot be read: {_why_unreadable(path, cause)}") from cause
    if len(data) > longest:
        raise error(f"{path}: more than {longest:,} bytes: {kind_of_file(data)}")
    return data


def find_file(name: str, folder: str | os.PathLike[str], place: object) -> Path:
    """The file that a message names: from the current folder, as Caffe does, else from the message's own.

    place: where the message names it, for the error
    """
    candidates = list(dict.fromkeys([Path(name), Path(folder, name)]))
    for path in candidates:
        if os.path.exists(path):
            return path
    tried = in_words([str(path.absolute()) for path in candidates], "and")
    near = next(filter(None, map(_near_name, candidates)), "")
    raise PrototxtError(f"{place}: file '{name}' is missing: tried {tried}.{near}")


def kind_of_file(data: bytes) -> str:
    """What these bytes look like, in words."""
    for signature, words in _SIGNATURES.items():
        if data.startswith(signature):
            return f"it is {words}"
    if all(32 <= byte < 127 or byte in b"\t\r\n" for byte in data[:64]):
        return "it looks like text"
    return f"it holds {len(data):,} bytes of something binary"


def _why_unreadable(path: str, cause: Exception) -> str:
    if isinstance(cause, FileNotFoundError):
        return f"no such file.{_near_name(Path(path))}"
    if isinstance(cause, IsADirectoryError):
        return "it is a folder: name a file in it"
    if isinstance(cause, PermissionError):
        return "no permission"
    return getattr(cause, "strerror", None) or str(cause)


def _undecoded(message: Message) -> str:
    """The first string that is not UTF-8: protobuf hands it out as bytes."""
    for field, value in message.ListFields():
        if field.message_type is None and field.type != field.TYPE_STRING:
            continue
        for each in value if field.is_repeated else [value]:
            if field.message_type is None and isinstance(each, bytes):
                return str(field.name)
            if field.message_type is not None and (inner := _undecoded(each)):
                return f"{field.name}.{inner}"
    return ""


def _near_name(path: Path) -> str:
    try:
        return did_you_mean(path.name, os.listdir(path.parent))
    except (OSError, ValueError):
        return ""


def _damage(data: bytes, message_class: type[Message]) -> str:
    """Where the bytes stop being a message: the first field that is not whole."""
    known = kind_of_file(data)
    if "something binary" not in known:
        return known
    position = 0
    while position < len(data):
        here = f"byte {position:,} of {len(data):,}"
        try:
            number, end = _field_at(data, position)
        except IndexError:
            return f"cut short inside the field that begins at {here}"
        except ValueError:
            return f"{here} begins no field"
        field = message_class.DESCRIPTOR.fields_by_number.get(number)
        if field is None:
            return f"{here} begins a field that it does not have, {number}"
        if end > len(data):
            return f"cut short inside '{field.name}', which begins at {here} and needs {end - position:,} bytes"
        position = end
    return "the inside of a field is damaged"


def _field_at(data: bytes, position: int) -> tuple[int, int]:
    """The number of the field whose bytes begin here, and where they end."""
    tag, position = _varint(data, position)
    match tag & 7:
        case 0:
            _, end = _varint(data, position)
        case 1:
            end = position + 8
        case 2:
            length, position = _varint(data, position)
            end = position + length
        case 5:
            end = position + 4
        case other:
            raise ValueError(f"wire type {other}")
    return tag >> 3, end


def _varint(data: bytes, position: int) -> tuple[int, int]:
    """A number in protobuf's base 128, and the position after it."""
    number = 0
    for shift in range(0, 70, 7):
        byte = data[position]
        position += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, position
    raise ValueError("a number longer than ten bytes")
