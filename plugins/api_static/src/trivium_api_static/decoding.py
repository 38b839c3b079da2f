"""Bytes and text to numbers: files, records, lines, pictures.  They are read before a run, by the Session."""

from __future__ import annotations

import csv
import importlib
import io
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import errors
from .build import converted, graph_of
from .data.files import read_whole
from .dtypes import as_dtype, string, uint8
from .graph import Graph, get_default_graph
from .operation import Tensor
from .staging import source

__all__ = ["decode_csv", "decode_raw", "read_file"]


def _text(value: Any) -> tuple[Graph, Tensor]:
    graph = graph_of([value])
    with graph.as_default():
        return graph, converted(value, string, get_default_graph(), "contents")


def read_file(filename: Any, name: str | None = None) -> Tensor:
    """The bytes of a file."""
    graph, path = _text(filename)
    full = graph.unique_name(name or "ReadFile")
    return source(graph, "ReadFile", full, [(string, [])], lambda _, path: [read_whole(path)], [path])[0]


def decode_raw(bytes: Any, out_type: Any, little_endian: bool = True, name: str | None = None) -> Tensor:
    """The numbers that stand in bytes one after the other.

    return: (count,)
    """
    graph, text = _text(bytes)
    wanted = as_dtype(out_type)

    def give(_: Any, content: Any) -> list[np.ndarray]:
        if len(content) % wanted.size:
            raise errors.InvalidArgumentError(
                None, None,
                f"Input to DecodeRaw has length {len(content)} that is not a multiple of {wanted.size}, the size of "
                f"{wanted.name}",
            )  # fmt: skip
        stored = wanted.numpy if wanted.size == 1 else wanted.numpy.newbyteorder("<" if little_endian else ">")
        return [np.frombuffer(content, stored).astype(wanted.numpy)]

    full = graph.unique_name(name or "DecodeRaw")
    return source(graph, "DecodeRaw", full, [(wanted, [None])], give, [text])[0]


def decode_csv(
    records: Any, record_defaults: Sequence[Any], field_delim: str = ",", use_quote_delim: bool = True,
    name: str | None = None, na_value: str = "", select_cols: Sequence[int] | None = None,
) -> list[Tensor]:  # fmt: skip
    """The fields of a line, each a scalar of the dtype of its default; an empty field takes the default.

    record_defaults: a list of one value for each field, or an empty one where the field must be there
    """
    graph, text = _text(records)
    defaults = [np.asarray(converted_default(given)) for given in record_defaults]
    kinds = [as_dtype(default.dtype) for default in defaults]

    def give(_: Any, line: Any) -> list[Any]:
        quoting = csv.QUOTE_MINIMAL if use_quote_delim else csv.QUOTE_NONE
        fields = next(csv.reader([line.decode()], delimiter=field_delim, quoting=quoting), [])
        fields = fields if select_cols is None else [fields[i] for i in select_cols]
        if len(fields) != len(defaults):
            raise errors.InvalidArgumentError(
                None, None, f"Expect {len(defaults)} fields but have {len(fields)} in record: {line!r}"
            )
        return [_field(i, word, default, na_value) for i, (word, default) in enumerate(zip(fields, defaults))]

    full = graph.unique_name(name or "DecodeCSV")
    return source(graph, "DecodeCSV", full, [(kind, []) for kind in kinds], give, [text])


def converted_default(given: Any) -> Any:
    """A default as an array; Python's numbers become TensorFlow's."""
    if isinstance(given, Tensor):
        raise TypeError(f"decode_csv: a default must be a value, not a tensor: {given}")
    array = np.asarray(given)
    narrow = {"f": np.float32, "i": np.int32, "U": object}
    return array.astype(narrow.get(array.dtype.kind, array.dtype)) if isinstance(given, (list, tuple)) else array


def _field(i: int, word: str, default: np.ndarray, absent: str) -> Any:
    if word in ("", absent):
        if not default.size:
            raise errors.InvalidArgumentError(None, None, f"Field {i} is required but missing in record!")
        value = default.ravel()[0]
        return value.encode() if isinstance(value, str) else value
    if default.dtype == object:
        return word.encode()
    try:
        return np.array(word.strip()).astype(default.dtype)
    except ValueError:
        raise errors.InvalidArgumentError(
            None, None, f"Field {i} in record is not a valid {as_dtype(default.dtype).name}: {word}"
        ) from None


# -- pictures ----------------------------------------------------------------------------------------------

_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def _picture(kind: str) -> Callable[..., Tensor]:
    def decode(
        contents: Any, channels: int = 0, dtype: Any = uint8, name: str | None = None, **_: Any
    ) -> Tensor:  # fmt: skip
        wanted = as_dtype(dtype)
        if wanted != uint8:
            raise NotImplementedError(f"{kind}: pictures are uint8 here; use tf.image.convert_image_dtype")
        if channels not in (0, *_MODES):
            raise ValueError(f"channels must be 0, 1, 3, or 4, got {channels}")
        graph, text = _text(contents)
        shape = [None, None, channels or None]
        full = graph.unique_name(name or kind)
        return source(graph, kind, full, [(uint8, shape)], lambda _, raw: [_pixels(raw, channels)], [text])[0]

    decode.__doc__ = """A picture as numbers from 0 to 255.

    channels: 1, 3 or 4; 0 for those of the file
    return:   (height, width, channels)
    """
    return decode


def _pixels(raw: bytes, channels: int) -> np.ndarray:
    try:
        pictures = importlib.import_module("PIL.Image")
    except ImportError as error:
        raise errors.UnimplementedError(None, None, "pictures are decoded by Pillow: pip install pillow") from error
    try:
        with pictures.open(io.BytesIO(raw)) as picture:
            mode = _MODES.get(channels) or (picture.mode if picture.mode in _MODES.values() else "RGB")
            pixels = np.array(picture.convert(mode))
    except (OSError, ValueError) as error:
        raise errors.InvalidArgumentError(None, None, f"no picture that can be read: {error}") from error
    return pixels if pixels.ndim == 3 else pixels[:, :, None]


decode_jpeg, decode_png, decode_bmp, decode_image = map(
    _picture, ("DecodeJpeg", "DecodePng", "DecodeBmp", "DecodeImage")
)
