"""Pools: the largest element, the mean or another measure of each window."""

import math

from trivium import ops

from .parameters import batched, per_axis


def rounding(ceil_mode: bool) -> str:
    """How many windows there are: PyTorch's "ceil" drops one that would start in the padding."""
    return "ceil" if ceil_mode else "floor"


def divisor(count_include_pad, divisor_override):
    """What the sum over a window is divided by."""
    if divisor_override == 0:
        raise ValueError("divisor must be not zero")
    return divisor_override or ("padded" if count_include_pad else "valid")


def walk_of(ndim, kernel_size, stride, padding):
    """Kernel, stride and padding as the core takes them; no stride, or an empty one, is the kernel's size."""
    steps = None if stride is None or stride == [] else per_axis(stride, ndim)
    return {"kernel": per_axis(kernel_size, ndim), "stride": steps, "padding": per_axis(padding, ndim)}


def whole(indices):
    return ops.cast(indices, dtype="int64")


def named(function, name, text):
    function.__name__ = function.__qualname__ = name
    function.__doc__ = text
    return function


def largest(ndim):
    def max_pool(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
        walk = walk_of(ndim, kernel_size, stride, padding) | {"dilation": per_axis(dilation, ndim)}
        pool = lambda x: ops.max_pool(x, **walk, rounding=rounding(ceil_mode))  # noqa: E731
        out, indices = batched(pool, f"max_pool{ndim}d", ndim, input)
        return (out, whole(indices)) if return_indices else out

    return named(max_pool, f"max_pool{ndim}d", "The largest element of each window.")


def average(ndim):
    def avg_pool(
        input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None
    ):
        settings = walk_of(ndim, kernel_size, stride, padding) | {"rounding": rounding(ceil_mode)}
        settings["divisor"] = divisor(count_include_pad, divisor_override)
        return batched(lambda x: ops.average_pool(x, **settings), f"avg_pool{ndim}d", ndim, input)

    return named(avg_pool, f"avg_pool{ndim}d", "The mean of each window.")


def power_average(ndim):
    def lp_pool(input, norm_type, kernel_size, stride=None, ceil_mode=False):
        walk = walk_of(ndim, kernel_size, stride, 0) | {"rounding": rounding(ceil_mode)}

        def pool(x):
            # not ops.lp_pool: here odd powers keep their sign, and a window that hangs over counts as a whole one
            total = ops.average_pool(ops.power(x, float(norm_type)), **walk) * math.prod(walk["kernel"])
            is_zero = ops.equal(total, 0.0)
            return ops.where(is_zero, 0.0, ops.power(ops.where(is_zero, 1.0, total), 1.0 / norm_type))

        return batched(pool, f"lp_pool{ndim}d", ndim, input)

    return named(
        lp_pool, f"lp_pool{ndim}d", "The root of the sum of powers of each window; the gradient at a sum of 0 is 0."
    )


max_pool1d, max_pool2d, max_pool3d = largest(1), largest(2), largest(3)
avg_pool1d, avg_pool2d, avg_pool3d = average(1), average(2), average(3)
lp_pool1d, lp_pool2d, lp_pool3d = power_average(1), power_average(2), power_average(3)


def counts(output_size, input, ndim):
    """Windows along each spatial axis: a None leaves the axis as it is."""
    sizes = input.spec.shape[input.spec.ndim - ndim :]
    return tuple([n if m is None else m for m, n in zip(per_axis(output_size, ndim), sizes)])


def adaptive_average(ndim):
    def adaptive_avg_pool(input, output_size):
        size = counts(output_size, input, ndim)
        pool = lambda x: ops.adaptive_average_pool(x, size=size)  # noqa: E731
        return batched(pool, f"adaptive_avg_pool{ndim}d", ndim, input)

    return named(adaptive_avg_pool, f"adaptive_avg_pool{ndim}d", "The means of as many windows as wanted.")


def adaptive_largest(ndim):
    def adaptive_max_pool(input, output_size, return_indices=False):
        size = counts(output_size, input, ndim)
        pool = lambda x: ops.adaptive_max_pool(x, size=size)  # noqa: E731
        out, indices = batched(pool, f"adaptive_max_pool{ndim}d", ndim, input)
        return (out, whole(indices)) if return_indices else out

    return named(adaptive_max_pool, f"adaptive_max_pool{ndim}d", "The largest elements of as many windows as wanted.")


adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d = [adaptive_average(n) for n in (1, 2, 3)]
adaptive_max_pool1d, adaptive_max_pool2d, adaptive_max_pool3d = [adaptive_largest(n) for n in (1, 2, 3)]


def undo_largest(ndim):
    def max_unpool(input, indices, kernel_size, stride=None, padding=0, output_size=None):
        size = unpooled_size(input.spec.shape[input.spec.ndim - ndim :], kernel_size, stride, padding, output_size)
        put = lambda x, at: ops.max_unpool(x, at, size=size)  # noqa: E731
        return batched(put, f"max_unpool{ndim}d", ndim, input, indices)

    return named(
        max_unpool, f"max_unpool{ndim}d",
        "Elements put where max_pool took them from, zeros elsewhere.\n\n    output_size: where several sizes fit",
    )  # fmt: skip


def unpooled_size(sizes, kernel_size, stride, padding, wanted):
    """The smallest spatial sizes that max_pool makes `sizes` of, or the wanted ones."""
    ndim = len(sizes)
    kernel, padding = per_axis(kernel_size, ndim), per_axis(padding, ndim)
    stride = kernel if stride is None or stride == [] else per_axis(stride, ndim)
    least = tuple([(n - 1) * s - 2 * p + k for n, s, p, k in zip(sizes, stride, padding, kernel)])
    if wanted is None:
        return least
    wanted = tuple(wanted)[-ndim:]
    for size, default, s in zip(wanted, least, stride):
        if not default - s < size < default + s:
            raise ValueError(
                f"invalid output_size {wanted}: each must be between {tuple([d - s for d, s in zip(least, stride)])} "
                f"and {tuple([d + s for d, s in zip(least, stride)])}"
            )
    return wanted


max_unpool1d, max_unpool2d, max_unpool3d = undo_largest(1), undo_largest(2), undo_largest(3)
