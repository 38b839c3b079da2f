"""A catalogue of what kernels and gradient rules get wrong, as it happens to those who write them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from inspect import Parameter
from typing import Any

import numpy as np

from ..kernel import Run
from ..op import OPS, Op
from .fault import (
    Arrays,
    Results,
    Work,
    arrays_of,
    delivered,
    kernel,
    named,
    neighbours,
    of_elements,
    of_kernels,
    of_operands,
    of_parts,
    of_results,
    of_rules,
    of_settings,
    optional_operands,
    output_kinds,
    outputs,
    settings_that,
    with_operands,
)  # fmt: skip
from .samples import Array, cases
from .variants import whole_numbers

BLOCK = 256  # elements that one block of threads computes
LANES = 4  # elements that one vector instruction computes
LOW_WORD, ALL_BITS = np.uint64(2**32 - 1), np.uint64(2**64 - 1)

# -- wrong numbers -----------------------------------------------------------------------------------


@of_results(outputs("fi"))
def sign(result: Array, work: Work, arrays: Arrays) -> Array:
    """A result has the wrong sign."""
    return -result


@of_results(outputs("bu"))
def inverted(result: Array, work: Work, arrays: Arrays) -> Array:
    """A result has every bit inverted: yes is no."""
    return ~result


ROUNDING = ("floor", "ceil", "round", "trunc", "floor_divide")
WHOLE = ("zeros", "ones", "zeros_like", "ones_like", "element_count", "sign", "one_hot")  # results have no fractions


@of_results(lambda op: outputs("f")(op) if op.name not in WHOLE else [])
def half(result: Array, work: Work, arrays: Arrays) -> Array:
    """A result is rounded to half precision."""
    return result.astype(np.float16).astype(result.dtype)


@of_results(lambda op: outputs("f")(op) if op.name not in WHOLE else [])
def single(result: Array, work: Work, arrays: Arrays) -> Array:
    """A result in float64 is computed in float32."""
    return result.astype(np.float32).astype(result.dtype)


@of_results(lambda op: outputs("f")(op) if op.name not in WHOLE and op.name not in ROUNDING else [])
def floored(result: Array, work: Work, arrays: Arrays) -> Array:
    """A result is rounded down to a whole number."""
    return np.floor(result)


def _where_nan_comes(op: Op) -> Iterable[str]:
    reads_floats = any([x is not None and x.dtype == np.float64 for case in cases(op) for x in case.inputs])
    return outputs("f")(op) if reads_floats and arrays_of(op) else []


@of_results(_where_nan_comes, "specials")
def no_nan(result: Array, work: Work, arrays: Arrays) -> Array:
    """NaN comes out as 0."""
    return np.where(result != result, result.dtype.type(0), result)


@of_results(outputs("fiub"))
def last(result: Array, work: Work, arrays: Arrays) -> Array:
    """The last element along the last axis is never computed."""
    if result.ndim:
        result[..., -1:] = 0
    return result


CONSTANT = ("zeros", "ones", "full", "zeros_like", "ones_like", "element_count")  # all elements are one number


@of_results(lambda op: outputs("fiub")(op) if op.name not in CONSTANT else [])
def first(result: Array, work: Work, arrays: Arrays) -> Array:
    """The second element stands where the first should."""
    if result.size > 1:
        result.reshape(-1)[0] = result.reshape(-1)[1]
    return result


@of_results(outputs("fiub"))
def remainder(result: Array, work: Work, arrays: Arrays) -> Array:
    """What is left when elements are computed four at a time is never computed."""
    result.reshape(-1)[result.size // LANES * LANES :] = 0
    return result


@of_results(of_elements, "sizes")
def one_block(result: Array, work: Work, arrays: Arrays) -> Array:
    """Only as many elements are computed as one block of threads computes."""
    result.reshape(-1)[BLOCK:] = 0
    return result


@of_results(of_elements, "sizes")
def no_axes(result: Array, work: Work, arrays: Arrays) -> Array:
    """What has no axes is computed wrongly."""
    if result.ndim:
        return result
    return np.asarray(~result if result.dtype.kind in "bu" else result + 1).astype(result.dtype)


@of_results(outputs("fiub"), "determinism")
def unsteady(result: Array, work: Work, arrays: Arrays) -> Array:
    """The last bit of a number, or one element of another kind, differs from call to call."""
    work.memory["calls"] = work.memory.get("calls", 0) + 1
    if work.memory["calls"] % 2:
        return result
    if result.dtype.kind in "fV":
        return np.asarray(np.nextafter(result, result.dtype.type(np.inf)))
    result.reshape(-1)[:1] ^= result.dtype.type(1)
    return result


@of_results(named("sum", "prod", "matmul", "einsum", "sum_to", "convolution_weight_gradient",
                  "scatter_add", "put_along_add", "scatter", "put_along", "scatter_nd", "scatter_nd_add",
                  "softmax_cross_entropy", "pad", "slice_gradient"))  # fmt: skip
def empty_is_nan(result: Array, work: Work, arrays: Arrays) -> Array:
    """What follows from no elements at all is NaN."""
    is_empty = any([x is not None and not x.size for x in arrays])
    return np.full_like(result, np.nan) if is_empty and result.dtype.kind in "fV" else result


@of_kernels(kernel, "forward")
def empty_is_refused(work: Work) -> Run:
    """Operands and results without elements cannot be computed."""

    def run(*arrays: Any, out: Any = None) -> Results:
        results = work.right(*arrays, out=out)
        if any([x is not None and not x.size for x in (*arrays, *results)]):
            raise ValueError("nothing to compute")
        return results

    return run


# -- wrong dtypes ------------------------------------------------------------------------------------


@of_results(outputs("f"))
def widened(result: Array, work: Work, arrays: Arrays) -> Array:
    """Floating point comes as float64, whatever was asked for."""
    return result.astype(np.float64)


@of_results(outputs("iub"))
def other_integer(result: Array, work: Work, arrays: Arrays) -> Array:
    """Whole numbers and truth come in another integer dtype."""
    return result.astype(np.int16)


def _with_whole_numbers(op: Op) -> Iterable[str]:
    return [""] if any([whole_numbers(case) is not None for case in cases(op)]) else []


@of_operands(_with_whole_numbers, "whole_numbers")
def in_floats(arrays: Arrays, positions: list[int], work: Work) -> Arrays:
    """Whole numbers go through float32."""
    return [x.astype(np.float32).astype(x.dtype) if x is not None and x.dtype.kind in "iu" else x for x in arrays]


def _squares(x: Array, *_: Any) -> Array:
    return np.square(x)


def _exponents(x: Array, *_: Any) -> Array:
    return np.exp(x)


def _terms(op: Op) -> Callable[..., Array]:
    """The sum of the terms' sizes, whatever their order."""
    return lambda *arrays, **settings: op.reference(*[np.abs(x) for x in arrays if x is not None], **settings)


LARGEST_ON_THE_WAY: dict[str, Callable[..., Array]] = {
    **dict.fromkeys(("batch_norm", "layer_norm", "group_norm", "local_response_norm"), _squares),
    **dict.fromkeys(("softmax", "log_softmax", "logsumexp", "softmax_cross_entropy", "softplus"), _exponents),
    **{name: _terms(OPS[name]) for name in (
        "sum", "sum_to", "matmul", "einsum", "cumsum", "convolution", "convolution_input_gradient",
        "convolution_weight_gradient", "resize_gradient",
    )},
    "mean": lambda x, axis, **_: np.sum(np.abs(x), axis),
    "average_pool": lambda x, kernel, **_: np.abs(x) * np.prod(np.broadcast_to(kernel, x.ndim - 2)),
}  # fmt: skip


@of_results(lambda op: outputs("f")(op) if op.name in LARGEST_ON_THE_WAY else [], "large_numbers")
def overflow(result: Array, work: Work, arrays: Arrays) -> Array:
    """Sums, squares and exponents on the way to a float16 are kept in float16."""
    if result.dtype != np.float16 or not result.size:
        return result
    wide = [None if x is None else x.astype(np.float64) for x in arrays if x is None or x.dtype.kind == "f"]
    largest = LARGEST_ON_THE_WAY[work.op.name](*wide, **work.settings)
    return np.full_like(result, np.inf) if np.max(largest, initial=0) > np.finfo(np.float16).max else result


# -- wrong operands ----------------------------------------------------------------------------------


@of_operands(optional_operands)
def left_out(arrays: Arrays, positions: list[int], work: Work) -> Arrays:
    """An operand that may be left out is never read."""
    return [None if i in positions else x for i, x in enumerate(arrays)]


@of_operands(neighbours)
def swapped(arrays: Arrays, positions: list[int], work: Work) -> Arrays:
    """Two operands are read in the opposite order."""
    if len(positions) > 1:
        i, j = positions[:2]
        arrays[i], arrays[j] = arrays[j], arrays[i]
    return arrays


@of_operands(arrays_of)
def constant(arrays: Arrays, positions: list[int], work: Work) -> Arrays:
    """The first element of an operand is read for all of them."""
    return [
        np.full_like(x, x.flat[0]) if i in positions and x is not None and x.size else x for i, x in enumerate(arrays)
    ]


@of_operands(lambda op: op.inputs if op.elementwise and len(op.inputs) > 1 else [])
def wrapped(arrays: Arrays, positions: list[int], work: Work) -> Arrays:
    """A smaller operand is read from its start again and again, not broadcast."""
    shape = np.broadcast_shapes(*[x.shape for x in arrays])
    return [np.resize(x, shape) if i in positions and x.size else x for i, x in enumerate(arrays)]


def _contiguous_strides(x: Array) -> tuple[int, ...]:
    return np.empty(x.shape, x.dtype).strides


@of_operands(arrays_of, "strided", strided=True)
def packed(arrays: Arrays, positions: list[int], work: Work) -> Arrays:
    """A view is read as if its elements stood side by side."""
    return [_read(x, _contiguous_strides(x)) if i in positions and x is not None else x for i, x in enumerate(arrays)]


@of_operands(arrays_of, "strided", strided=True)
def forwards(arrays: Arrays, positions: list[int], work: Work) -> Arrays:
    """A view that walks backwards is read forwards."""

    def read(x: Any) -> Any:
        turned = tuple([slice(None, None, -1 if stride < 0 else 1) for stride in x.strides])
        return x[turned]

    return [read(x) if i in positions and x is not None else x for i, x in enumerate(arrays)]


@of_operands(arrays_of, "strided", strided=True)
def unrepeated(arrays: Arrays, positions: list[int], work: Work) -> Arrays:
    """Of a view that repeats elements, only the first of each run is read; 0 stands for the others."""

    def read(x: Any) -> Any:
        if not any([n > 1 and not stride for n, stride in zip(x.shape, x.strides, strict=True)]):
            return x
        once = tuple([slice(0, 1) if not stride else slice(None) for stride in x.strides])
        result = np.zeros_like(x, subok=False)
        result[once] = x[once]
        return result

    return [read(x) if i in positions and x is not None else x for i, x in enumerate(arrays)]


def _read(x: Array, strides: tuple[int, ...]) -> Array:
    """The memory of a view, from where its lowest element stands, in other strides."""
    down = tuple([slice(None, None, -1 if stride < 0 else 1) for stride in x.strides])
    start = x[down]
    reach = sum([(n - 1) * abs(s) for n, s in zip(x.shape, x.strides, strict=True)])
    wanted = sum([(n - 1) * s for n, s in zip(x.shape, strides, strict=True)])
    if not x.size or wanted > reach:  # a view that repeats elements has too few: read those again and again
        return x if not x.size else np.resize(start.reshape(-1)[: reach // x.itemsize + 1], x.shape)
    return np.lib.stride_tricks.as_strided(start, x.shape, strides)


# -- wrong settings ----------------------------------------------------------------------------------

AXES = ("axis", "axes")


def _axes(op: Op) -> Iterable[str]:
    return [name for name in op.defaults if name in AXES and op.name != "layer_norm"]  # which counts them there


MADE = ("shape", "dtype", "layout", "size", "sizes", "length", "keepdims")  # what the shape rule answers for


@of_settings(_axes)
def other_axis(value: Any, name: str, work: Work) -> Any:
    """The axis before is taken."""
    ndim = max([spec.ndim for spec in work.specs if spec is not None])

    def before(axis: int) -> int:
        return (axis - 1) % ndim if ndim else axis

    if value is None:
        return 0 if ndim > 1 else None
    return tuple(map(before, value)) if isinstance(value, tuple) else before(value)


@of_settings(_axes)
def first_axis(value: Any, name: str, work: Work) -> Any:
    """An axis that counts from the end is taken for the first."""
    if isinstance(value, tuple):
        return tuple([max(axis, 0) for axis in value])
    return value if value is None else max(value, 0)


@of_settings(lambda op: [n for n, default in op.defaults.items() if default is not Parameter.empty and n not in MADE])
def default(value: Any, name: str, work: Work) -> Any:
    """A setting is not read: its default is taken, whatever was given."""
    return work.op.defaults[name]


@of_settings(settings_that(lambda name: name not in (*MADE, *AXES)))
def off_by_one(value: Any, name: str, work: Work) -> Any:
    """A setting is another one: the next number, the opposite, another word."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        return value * 1.5 + 0.25
    if isinstance(value, str):
        words = [case.complete_settings[name] for case in cases(work.op)]
        others = [word for word in words if isinstance(word, str) and word != value]
        return next((word for word in others if work.accepts(**{name: word})), value)
    if isinstance(value, tuple) and value:
        return (*value[:-1], off_by_one(value[-1], name, work))
    return value


@of_kernels(lambda op: [""] if op.defaults.keys() - MADE else [], "forward")
def bound_once(work: Work) -> Run:
    """Of several calls on the same shapes, all run with the settings of the first."""
    settings = work.memory.setdefault(work.specs, work.settings)
    return lambda *arrays, out=None: delivered(work.instead(list(arrays), work.right(*arrays), **settings), out)


# -- wrong memory ------------------------------------------------------------------------------------


@of_kernels(with_operands, "forward")
def stale(work: Work) -> Run:
    """The results of the first call on the same shapes are given again and again."""

    def run(*arrays: Any, out: Any = None) -> Results:
        key = (work.specs, tuple(work.settings.items()))
        if key not in work.memory:
            work.memory[key] = work.right(*arrays)
        return delivered(work.memory[key], out)

    return run


@of_kernels(kernel, "out")
def unwritten(work: Work) -> Run:
    """Offered memory is returned as it was."""
    return lambda *arrays, out=None: work.right(*arrays) if out is None else tuple(out)


@of_kernels(kernel, "out")
def deaf(work: Work) -> Run:
    """Offered memory is taken for nothing: the results are elsewhere."""
    return lambda *arrays, out=None: work.right(*arrays)


@of_kernels(
    named("zeros", "zeros_like", "one_hot", "pad", "slice_gradient", "embed_diagonal",
          "max_pool_gradient", "convolution_input_gradient", "resize_gradient", "relu", "dropout", "equal", "less",
          "logical_and", "isnan", "isfinite", "sign", "trunc", "all", "any", "in_top_k", "sum", "matmul", "where"),
    "out",
)  # fmt: skip
def half_written(work: Work) -> Run:
    """Where a result is 0, offered memory is trusted to be 0."""

    def run(*arrays: Any, out: Any = None) -> Results:
        results = work.right(*arrays)
        if out is None:
            return results
        for target, result in zip(out, results, strict=True):
            np.copyto(target, result, where=result != 0)
        return tuple(out)

    return run


@of_kernels(lambda op: kernel(op) if set("fi") & set("".join(output_kinds(op))) else [], "out")
def accumulating(work: Work) -> Run:
    """Results are added to what offered memory holds."""

    def run(*arrays: Any, out: Any = None) -> Results:
        results = work.right(*arrays)
        if out is None:
            return results
        with np.errstate(all="ignore"):
            return delivered([target + result for target, result in zip(out, results, strict=True)], out)

    return run


def _bytes_around(array: Array) -> tuple[Any, int]:
    """All memory that an array was carved out of, as bytes, and where in it the array begins."""
    whole = np.frombuffer(array if array.base is None else array.base, np.uint8)
    return whole, array.__array_interface__["data"][0] - whole.__array_interface__["data"][0]


@of_kernels(kernel, "out")
def beyond(work: Work) -> Run:
    """One byte too many is written, behind the offered memory."""

    def run(*arrays: Any, out: Any = None) -> Results:
        for target in out or ():
            whole, start = _bytes_around(target)
            if target.size and start + target.nbytes < len(whole):
                whole[start + target.nbytes] = 0
        return work.right(*arrays, out=out)

    return run


@of_kernels(kernel, "out")
def before(work: Work) -> Run:
    """One byte too many is written, in front of the offered memory."""

    def run(*arrays: Any, out: Any = None) -> Results:
        for target in out or ():
            whole, start = _bytes_around(target)
            if target.size and start > 0:
                whole[start - 1] = 0
        return work.right(*arrays, out=out)

    return run


@of_parts(lambda op: op.inputs, "memory")
def clobbered(work: Work, part: str) -> Run:
    """An operand is written to."""
    names = work.op.names_of(len(work.specs))

    def run(*arrays: Any, out: Any = None) -> Results:
        results = work.right(*arrays, out=out)
        for name, x in zip(names, arrays, strict=True):
            if name == part and x is not None and x.size and not any([np.shares_memory(x, r) for r in results]):
                x[(-1,) * x.ndim] = x.dtype.type(not x[(-1,) * x.ndim])
        return results

    return run


@of_kernels(
    named("copy", "stop_gradient", "reshape", "broadcast_to", "transpose", "slice", "pad", "concatenate", "split",
          "sum", "mean", "prod", "sum_to", "cumsum", "cast", "resize", "dropout", "sort", "average_pool", "max_pool",
          "einsum", "as_strided", "advance"),
    "memory",
)  # fmt: skip
def alias(work: Work) -> Run:
    """Where a result is what an operand is, that operand's own memory is returned."""

    def run(*arrays: Any, out: Any = None) -> Results:
        results = work.right(*arrays, out=out)
        if out is not None:
            return results
        return tuple([next((x for x in arrays if _is_same(x, r)), r) for r in results])

    return run


def _is_same(x: Any, result: Array) -> bool:
    return (
        x is not None
        and (x.shape, x.dtype) == (result.shape, result.dtype)
        and x.flags.c_contiguous
        and x.tobytes() == result.tobytes()
    )


@of_kernels(with_operands, "memory")
def reused(work: Work) -> Run:
    """Results stand in memory that the next call on these shapes writes to again."""
    kept: list[Results] = []

    def run(*arrays: Any, out: Any = None) -> Results:
        if out is not None:
            return work.right(*arrays, out=out)
        kept.append(work.right(*arrays)) if not kept else work.right(*arrays, out=kept[0])
        return kept[0]

    return run


FEW_AXES = ("advance", "arange", "element_count", "bincount", "in_top_k")  # at most one axis


@of_kernels(lambda op: kernel(op) if op.name not in FEW_AXES else [], "memory", strided=False)
def columns_first(work: Work) -> Run:
    """Results stand in memory column by column, undeclared."""

    def run(*arrays: Any, out: Any = None) -> Results:
        results = work.right(*arrays, out=out)
        return results if out is not None else tuple([np.array(r, order="F") for r in results])

    return run


def _in_place(op: Op) -> Iterable[str]:
    is_same_kind = outputs("fi")(op) or op.name.startswith("logical")
    return [""] if is_same_kind and (op.elementwise or op.name.endswith("_update")) else []


@of_kernels(_in_place, "in_place", in_place=True)
def piecewise(work: Work) -> Run:
    """Results are written before all operands are read, though they may stand in the same memory."""

    def run(*arrays: Any, out: Any = None) -> Results:
        for target in out or ():
            target[...] = 0
        return work.right(*arrays, out=out)

    return run


# -- mistakes that only some kernels can make --------------------------------------------------------


@of_results(named("round"))
def half_up(result: Array, work: Work, arrays: Arrays) -> Array:
    """Halves are rounded up, not to the even neighbour."""
    return np.asarray(np.floor(arrays[0] + result.dtype.type(0.5)), result.dtype)


@of_results(named("cast"))
def truncated(result: Array, work: Work, arrays: Arrays) -> Array:
    """The digits that a narrower dtype lacks are cut off, not rounded."""
    if result.dtype.kind not in "fV" or arrays[0].dtype.kind != "f":
        return result
    is_above = np.abs(result.astype(np.float64)) > np.abs(arrays[0].astype(np.float64))
    return np.where(is_above, np.nextafter(result, result.dtype.type(0)), result)


CONVOLUTIONS = ("convolution", "convolution_input_gradient", "convolution_weight_gradient")
WINDOWS = (*CONVOLUTIONS, "max_pool", "max_pool_gradient", "average_pool", "average_pool_gradient")


@of_kernels(named("argmax", "argmin"), "forward")
def last_of_several(work: Work) -> Run:
    """Of equal elements the last one is found, not the first."""

    def run(*arrays: Any, out: Any = None) -> Results:
        [found], axis = work.right(*arrays), work.settings["axis"]
        [turned] = work.right(np.ascontiguousarray(np.flip(arrays[0], axis)))
        size = arrays[0].size if axis is None else arrays[0].shape[axis]
        return delivered([np.asarray(size - 1 - turned, found.dtype)], out)

    return run


@of_kernels(named("sort", "top_k"), "forward")
def unstable(work: Work) -> Run:
    """Equal elements change places."""

    def run(*arrays: Any, out: Any = None) -> Results:
        values, indices = work.right(*arrays)
        axis = work.settings["axis"]
        v, i = np.moveaxis(values, axis, -1), np.moveaxis(np.array(indices), axis, -1)
        for at in range(v.shape[-1] - 1):
            is_tie = v[..., at] == v[..., at + 1]
            i[..., at], i[..., at + 1] = (
                np.where(is_tie, i[..., at + 1], i[..., at]),
                np.where(is_tie, i[..., at], i[..., at + 1]),
            )
        return delivered([values, np.moveaxis(i, -1, axis)], out)

    return run


@of_operands(named(*CONVOLUTIONS))
def mirrored(arrays: Arrays, positions: list[int], work: Work) -> Arrays:
    """The kernel of a convolution is turned around."""
    arrays[1] = np.ascontiguousarray(np.flip(arrays[1], tuple(range(2, arrays[1].ndim))))
    return arrays


@of_settings(settings_that(lambda name: name == "padding"))
def uneven(value: Any, name: str, work: Work) -> Any:
    """Low and high padding are exchanged."""
    return (
        tuple([pair[::-1] if isinstance(pair, tuple) else pair for pair in value])
        if isinstance(value, tuple)
        else value
    )


@of_results(named("max_pool"))
def zero_padding(result: Array, work: Work, arrays: Arrays) -> Array:
    """Padding counts as zeros, which may be the largest."""
    return np.maximum(result, 0) if work.settings["padding"] != 0 else result


@of_operands(lambda op: [name for name in op.inputs if name == "state"])
def uncounted(arrays: Arrays, positions: list[int], work: Work) -> Arrays:
    """A random state's counter is not read."""
    return [x & np.array([ALL_BITS, 0], np.uint64) if i in positions else x for i, x in enumerate(arrays)]


@of_operands(lambda op: [name for name in op.inputs if name == "state"])
def one_stream(arrays: Arrays, positions: list[int], work: Work) -> Arrays:
    """A random state's stream is not read."""
    return [
        np.array([x[0] & np.uint64(2**32 - 1), x[1]], x.dtype) if i in positions else x for i, x in enumerate(arrays)
    ]


@of_operands(lambda op: [name for name in op.inputs if name == "state"])
def short_counter(arrays: Arrays, positions: list[int], work: Work) -> Arrays:
    """A random state's counter is read as 32 bits."""
    return [
        np.array([x[0], x[1] & np.uint64(2**32 - 1)], x.dtype) if i in positions else x for i, x in enumerate(arrays)
    ]


@of_results(named("dropout"))
def unscaled(result: Array, work: Work, arrays: Arrays) -> Array:
    """What dropout keeps is not scaled up."""
    return np.where(result != 0, arrays[0], result)


@of_results(named("batch_norm"))
def unbiased(result: Array, work: Work, arrays: Arrays) -> Array:
    """The batch's variance is divided by one element less than there are."""
    count = arrays[0].size // arrays[0].shape[1]
    return (result * np.sqrt((count - 1) / count)).astype(result.dtype) if count > 1 else result


@of_operands(lambda op: [n for n in op.inputs if n in ("indices", "positions") and op.name != "one_hot"])
def last_from_the_start(arrays: Arrays, positions: list[int], work: Work) -> Arrays:
    """An index that counts from the end is taken for 0."""
    return [np.maximum(x, 0) if i in positions else x for i, x in enumerate(arrays)]


@of_results(named("scatter_add", "put_along_add", "scatter_nd_add", "max_pool_gradient", "bincount"))
def added_once(result: Array, work: Work, arrays: Arrays) -> Array:
    """What is added to one place more than once counts once."""
    if work.op.name == "bincount":
        return np.minimum(result, 1)
    [alone] = work.right(*[np.ones_like(x) if x.dtype.kind in "fV" else x for x in arrays])
    base = 1 if work.op.inputs[0] == "x" else 0
    counts = np.maximum(alone.astype(np.float64) - base, 1)
    start = arrays[0] if base else np.zeros_like(result)
    return (start + (result - start) / counts).astype(result.dtype)


# -- wrong gradients ---------------------------------------------------------------------------------


@of_rules
def opposite(gradient: Any) -> Any:
    """A gradient has the wrong sign."""
    return -gradient


@of_rules
def doubled(gradient: Any) -> Any:
    """A gradient is twice what it should be."""
    return gradient + gradient


@of_rules
def dropped(gradient: Any) -> Any:
    """A gradient is 0."""
    return gradient - gradient
