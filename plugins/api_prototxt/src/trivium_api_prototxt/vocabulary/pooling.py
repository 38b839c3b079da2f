"""Pooling."""

from trivium import ops
from trivium.registry import find_layer
from trivium_api_prototxt.vocabulary.function import Function
from trivium_api_prototxt.vocabulary.layer_type import layer_type
from trivium_api_prototxt.vocabulary.windows import per_axis

AT = "pooling_param"


@layer_type("Pooling", tops=(1, 2))
def pooling(declared):
    """pooling_param -> kernel, stride, padding, rounding, divisor; a second top tells where each maximum stands"""
    param = declared.message.pooling_param
    kernel, stride, padding = window(declared, param)
    settings = {"kernel": kernel, "stride": stride, "padding": padding, "rounding": rounding(param, padding)}
    two_tops = len(declared.message.top) == 2
    if param.pool == param.AVE:
        if two_tops:
            raise declared.error("pool: AVE has one top", "top")
        return find_layer("AveragePool")(divisor="padded", **settings)
    if param.pool == param.STOCHASTIC:
        raise declared.error("pool: STOCHASTIC is not here yet: choose MAX or AVE", AT, "pool")
    return Function(with_positions(settings)) if two_tops else find_layer("MaxPool")(**settings)


def window(declared, param):
    """Kernel, stride and padding for each spatial axis."""
    shape = declared.specs[0].shape
    ndim = len(shape) - 2
    if ndim < 1:
        raise declared.error(f"needs (batch, channels, ...), its bottom is {declared.specs[0]}", "bottom")
    if not param.global_pooling:
        return (
            per_axis(declared, AT, "kernel", ndim),
            per_axis(declared, AT, "stride", ndim, default=1),
            per_axis(declared, AT, "pad", ndim, default=0),
        )
    for name in ("kernel_size", "kernel_h", "kernel_w"):
        if param.HasField(name):
            raise declared.error(f"global_pooling takes the whole plane: remove {name}", AT, name)
    if any(size != 1 for size in per_axis(declared, AT, "stride", ndim, default=1)):
        raise declared.error("global_pooling has one window: remove the stride", AT, "stride")
    if any(per_axis(declared, AT, "pad", ndim, default=0)):
        raise declared.error("global_pooling takes the whole plane: remove the pad", AT, "pad")
    return shape[2:], (1,) * ndim, (0,) * ndim


def rounding(param, padding):
    """Caffe rounds up, and drops a last window that would see padding alone only where there is any padding."""
    if param.round_mode == param.FLOOR:
        return "floor"
    return "ceil" if any(padding) else "ceil_any"


def with_positions(settings):
    """Max pooling that also gives the position of each maximum in its plane, as float32."""

    def pooled(x):
        out, indices = ops.max_pool(x, **settings)
        return out, ops.cast(indices, dtype="float32")

    return pooled
