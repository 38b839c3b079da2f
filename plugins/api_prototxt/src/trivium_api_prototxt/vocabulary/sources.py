"""Input, DummyData, IdxData: layers that a net's values come from."""

import os

import numpy as np

from trivium.errors import TriviumError
from trivium_api_prototxt.blobs import MOST_AXES, blob_to_array
from trivium_api_prototxt.data.dummy import DummyData
from trivium_api_prototxt.data.idx_data import IdxData
from trivium_api_prototxt.data.source import Source
from trivium_api_prototxt.data.transform import Transform
from trivium_api_prototxt.files import find_file, read_message
from trivium_api_prototxt.fillers import initializer_of
from trivium_api_prototxt.messages import BlobProto, FillerParameter
from trivium_api_prototxt.vocabulary.layer_type import layer_type


class Input(Source):
    """Blobs that the user writes."""

    def __init__(self, shapes):
        self.shapes = shapes


def one_for_each_top(declared, given, what):
    """One for all tops, or one for each."""
    count = len(declared.message.top)
    if len(given) not in (1, count):
        raise declared.error(f"{len(given)} {what} for {count} tops: give 1 or {count}")
    return given * count if len(given) == 1 else given


def checked_shape(declared, sizes):
    """The sizes of a blob, all positive."""
    shape = tuple(int(size) for size in sizes)
    if min(shape, default=1) < 1:
        raise declared.error(f"shape {shape}: every size must be at least 1")
    if len(shape) > MOST_AXES:
        raise declared.error(f"{len(shape)} axes: a blob has at most {MOST_AXES}")
    return shape


@layer_type("Input", bottoms=(0, 0), tops=(1, None), is_source=True)
def input(declared):
    """input_param -> the shape of each top"""
    given = [checked_shape(declared, shape.dim) for shape in declared.message.input_param.shape]
    if not given:
        raise declared.error("has no shape: write input_param { shape { dim: 1 dim: 3 ... } }")
    return Input(one_for_each_top(declared, given, "shapes"))


@layer_type("DummyData", bottoms=(0, 0), tops=(1, None), is_source=True)
def dummy_data(declared):
    """dummy_data_param -> the shape and the filler of each top"""
    param = declared.message.dummy_data_param
    shapes = [shape.dim for shape in param.shape] or list(zip(param.num, param.channels, param.height, param.width))
    if not shapes:
        raise declared.error("has no shape: write dummy_data_param { shape { dim: 1 ... } }")
    shapes = one_for_each_top(declared, [checked_shape(declared, shape) for shape in shapes], "shapes")
    fillers = list(param.data_filler) or [FillerParameter(type="constant")]
    place = declared.place.at("dummy_data_param")
    made = [initializer_of(filler, place.at("data_filler", i)) for i, filler in enumerate(fillers)]
    is_fixed = [filler.type == "constant" for filler in fillers]
    return DummyData(
        shapes, one_for_each_top(declared, made, "data_filler"), one_for_each_top(declared, is_fixed, "data_filler")
    )


@layer_type("IdxData", bottoms=(0, 0), tops=(1, 2), is_source=True)
def idx_data(declared):
    """idx_data_param and transform_param -> images and labels in batches"""
    param, at = declared.message.idx_data_param, "idx_data_param"
    for name in ("images", "labels"):
        is_wanted = name == "images" or len(declared.message.top) == 2
        if is_wanted and not getattr(param, name):
            raise declared.error(f"{name} is missing: name an idx file", at)
    if param.batch_size < 1:
        raise declared.error("batch_size is 0: it must be at least 1", at, "batch_size")
    transform = transform_of(declared)
    has_labels = len(declared.message.top) == 2
    try:
        return IdxData.open(declared.message, prototxt=declared.place.path, transform=transform, has_labels=has_labels)
    except TriviumError as error:
        raise type(error)(f"{declared.place.at(at)}: {declared.title}: {error}") from error


def transform_of(declared):
    """The transform that a data layer declares."""
    param, at = declared.message.transform_param, "transform_param"
    if param.HasField("mean_file") and param.mean_value:
        raise declared.error("mean_file and mean_value both given: keep one", at, "mean_value")
    mean = None
    if param.HasField("mean_file"):
        folder = os.path.dirname(declared.place.path)
        path = find_file(param.mean_file, folder, declared.place.at(at).at("mean_file"))
        mean = blob_to_array(read_message(path, BlobProto), where=str(path)).astype(np.float32)
        mean = mean.reshape(mean.shape[-3:])
    elif param.mean_value:
        mean = np.array(param.mean_value, np.float32).reshape(-1, 1, 1)
    return Transform(param.scale, mean, param.crop_size, param.mirror, declared.is_training)
