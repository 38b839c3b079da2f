"""Flatten, Reshape, Concat, Slice, Split: where elements stand."""

from math import prod

from trivium import ops
from trivium.registry import find_layer
from trivium_api_prototxt.vocabulary.function import Function
from trivium_api_prototxt.vocabulary.layer_type import layer_type


@layer_type("Flatten")
def flatten(declared):
    """flatten_param: the axes from `axis` to `end_axis` become one"""
    param, at = declared.message.flatten_param, "flatten_param"
    shape = declared.specs[0].shape
    start, end = declared.axis(param.axis, at, "axis"), declared.axis(param.end_axis, at, "end_axis")
    if end < start:
        raise declared.error(f"end_axis {end} is before axis {start}", at, "end_axis")
    if end == len(shape) - 1:
        return find_layer("Flatten")(start)
    flat = (*shape[:start], prod(shape[start : end + 1]), *shape[end + 1 :])
    return Function(lambda x: ops.reshape(x, shape=flat))


@layer_type("Reshape")
def reshape(declared):
    """reshape_param: 0 keeps a size, -1 follows from the others; of the axes from `axis` on, `num_axes` of them"""
    param, at = declared.message.reshape_param, "reshape_param"
    shape = declared.specs[0].shape
    start = param.axis if param.axis >= 0 else len(shape) + param.axis + 1
    end = len(shape) if param.num_axes == -1 else start + param.num_axes
    if not 0 <= start <= end <= len(shape):
        raise declared.error(f"axes {start} to {end}: its bottom is {declared.specs[0]}", at, "axis")
    made = []
    for i, size in enumerate(param.shape.dim):
        if size == 0 and start + i >= len(shape):
            raise declared.error(f"dim 0 copies axis {start + i}: its bottom is {declared.specs[0]}", at, "shape")
        made.append(shape[start + i] if size == 0 else size)
    if made.count(-1) > 1 or min(param.shape.dim, default=0) < -1:
        raise declared.error(f"{tuple(param.shape.dim)}: one size may be -1, the others are 0 or more", at, "shape")
    target = (*shape[:start], *made, *shape[end:])
    return Function(lambda x: ops.reshape(x, shape=target))


@layer_type("Concat", bottoms=(1, None))
def concat(declared):
    """concat_param -> axis"""
    param = declared.message.concat_param
    axis = param.concat_dim if param.HasField("concat_dim") else param.axis
    axis = declared.axis(axis, "concat_param", "axis")
    return Function(lambda *xs: ops.concatenate(*xs, axis=axis))


@layer_type("Slice", tops=(1, None))
def slice(declared):
    """slice_param -> sizes: between the slice_points, or equal"""
    param, at = declared.message.slice_param, "slice_param"
    axis = declared.axis(param.slice_dim if param.HasField("slice_dim") else param.axis, at, "axis")
    size, count = declared.specs[0].shape[axis], len(declared.message.top)
    if param.slice_point:
        ends = [*param.slice_point, size]
        if len(ends) != count:
            raise declared.error(
                f"{count} tops need {count - 1} slice_point, not {len(param.slice_point)}", at, "slice_point"
            )
    else:
        if size % count:
            raise declared.error(
                f"{size} along axis {axis} do not split into {count} equal parts: give slice_point", at
            )
        ends = [size // count * (i + 1) for i in range(count)]
    sizes = tuple(end - start for start, end in zip([0, *ends], ends))
    if min(sizes) < 1:
        raise declared.error(f"slice_point must rise and stay below {size}", at, "slice_point")
    return Function(lambda x: ops.split(x, sizes=sizes, axis=axis))


@layer_type("Split", tops=(1, None))
def split(declared):
    """A copy for each top"""
    count = len(declared.message.top)
    return Function(lambda x: tuple(ops.copy(x) for _ in range(count)))
