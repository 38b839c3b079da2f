"""Normalizations with the parameters and statistics given."""

import math

import ml_dtypes

from trivium import ops
from trivium.registry import find_layer

from ...errors import SizeMismatchError
from .parameters import beside


def check_count(sizes, input, what):
    """Refuse to take statistics of one element."""
    if all([type(n) is int for n in sizes]) and math.prod(sizes) == 1:
        raise ValueError(f"Expected more than 1 {what} when training, got input size {input.shape}")


def per_channel(input, input_sizes, given):
    for name, value in given.items():
        if value is not None and tuple(value.spec.shape) != input_sizes:
            raise SizeMismatchError(f"{name} should contain {input_sizes[0]} elements not {value.spec.size}")


def tracked(core, input, statistics, weight, bias, is_batch, momentum, eps, **settings):
    """What a core layer makes of the input; the running statistics, where there are any, are overwritten."""
    has_state = statistics[0] is not None
    given = {"running_mean": statistics[0], "running_var": statistics[1], "weight": weight, "bias": bias}
    per_channel(input, (input.spec.shape[1],), given)
    layer = find_layer(core)(
        momentum=1.0 - momentum, epsilon=eps, has_scale=weight is not None, has_shift=bias is not None, **settings
    )
    values = dict(zip(("scale", "shift", "mean", "variance"), beside(input, weight, bias, *statistics)))
    if not has_state:
        zeros = ops.zeros(shape=(input.spec.shape[1],), dtype=input.spec.dtype.name, place=input.place)
        values |= {"mean": zeros, "variance": zeros}
    result, updates = layer.apply((input,), values, is_batch)
    if has_state:
        for name, running in zip(("mean", "variance"), statistics):
            if name in updates:
                input.kind.assign(running, updates[name])
    return result


def batch_norm(input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
    """Zero mean and unit variance of each channel over the batch, or by running statistics, then scaled and shifted.

    While training, the running statistics become (1 - momentum) * old + momentum * new.
    """
    if training:
        check_count([n for i, n in enumerate(input.spec.shape) if i != 1], input, "value per channel")
    elif running_mean is None:
        raise ValueError("batch_norm: without training it needs running_mean and running_var")
    return tracked("BatchNorm", input, (running_mean, running_var), weight, bias, training, momentum, eps)


def instance_norm(
    input, running_mean=None, running_var=None, weight=None, bias=None, use_input_stats=True, momentum=0.1, eps=1e-5
):
    """Zero mean and unit variance of each channel of each example, then scaled and shifted.

    use_input_stats: else the running statistics are used
    """
    if use_input_stats:
        check_count(input.spec.shape[2:], input, "spatial element")
    elif running_mean is None:
        raise ValueError("Expected running_mean and running_var to be not None when use_input_stats=False")
    statistics = running_mean, running_var
    is_tracking = running_mean is not None
    return tracked(
        "InstanceNorm", input, statistics, weight, bias, use_input_stats, momentum, eps, is_tracking=is_tracking
    )


def check_last(input, normalized_shape, *given):
    """The sizes to normalize, as a tuple; the input must end in them."""
    wanted = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    if not wanted or tuple(input.spec.shape[-len(wanted) :]) != wanted:
        stars = ", ".join(["*", *map(str, wanted)])
        raise SizeMismatchError(
            f"Given normalized_shape={list(wanted)}, expected input with shape [{stars}], but got input of size"
            f"{list(input.spec.shape)}"
        )
    for value in given:
        if value is not None and tuple(value.spec.shape) != wanted:
            raise SizeMismatchError(
                f"Expected weight and bias to be of same shape as normalized_shape, but got {list(value.spec.shape)} "
                f"and normalized_shape = {list(wanted)}"
            )
    return wanted


def layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-5):
    """Zero mean and unit variance over the last axes, then scaled and shifted."""
    wanted = check_last(input, normalized_shape, weight, bias)
    return ops.layer_norm(input, *beside(input, weight, bias), axes=len(wanted), epsilon=eps)


def rms_norm(input, normalized_shape, weight=None, eps=None):
    """input divided by the root of its mean square over the last axes, then scaled."""
    wanted = check_last(input, normalized_shape, weight)
    (weight,) = beside(input, weight)
    epsilon = float(ml_dtypes.finfo(input.spec.dtype).eps) if eps is None else eps
    axis = tuple(range(-len(wanted), 0))
    out = input * ops.rsqrt(ops.mean(ops.square(input), axis=axis, keepdims=True) + epsilon)
    return out if weight is None else out * weight


def group_norm(input, num_groups, weight=None, bias=None, eps=1e-5):
    """Zero mean and unit variance of groups of channels of each example, then scaled and shifted."""
    channels = input.spec.shape[1]
    if type(channels) is int and channels % num_groups:
        raise SizeMismatchError(
            "Expected number of channels in input to be divisible by num_groups, but got input of shape "
            f"{list(input.spec.shape)} and num_groups={num_groups}"
        )
    return ops.group_norm(input, *beside(input, weight, bias), groups=num_groups, epsilon=eps)


def local_response_norm(input, size, alpha=1e-4, beta=0.75, k=1.0):
    """input / (k + alpha * mean of squares over `size` neighbouring channels) ** beta."""
    if input.spec.ndim < 3:
        raise ValueError(f"Expected 3D or higher dimensionality input (got {input.spec.ndim} dimensions)")
    return ops.local_response_norm(input, size=size, alpha=alpha, beta=beta, k=k)


def normalize(input, p=2.0, dim=1, eps=1e-12):
    """Each vector along `dim` divided by its p-norm, which counts as at least eps."""
    return input / ops.maximum(ops.norm(input, order=float(p), axis=dim, keepdims=True), eps)
