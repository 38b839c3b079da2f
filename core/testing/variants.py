"""Examples made of examples: operands that few samples think of."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator

import numpy as np
from attrs import evolve

from ..errors import TriviumError
from ..spec import as_dtype
from .samples import Array, Case, cases

WHOLE = 2.0**29  # float32 does not hold such whole numbers, and int64 holds the product of two
MANY = 301  # an odd number, and more than one block of threads computes
NARROW = ("float32", "float16")  # dtypes whose range sums and squares may leave
SPECIALS = (np.nan, 0.0, np.inf, -np.inf)
REFUSALS = (TriviumError, TypeError, ValueError, ArithmeticError, IndexError)


def changed(case: Case, change: Callable[[Array], Array]) -> Case:
    """The example with other floating-point operands."""
    inputs = [change(x) if x is not None and x.dtype == np.float64 else x for x in case.inputs]
    return evolve(case, inputs=tuple(inputs))


def is_empty(case: Case) -> bool:
    """Whether an operand has no elements."""
    return any([x is not None and not x.size for x in case.inputs])


# -- other sizes -------------------------------------------------------------------------------------


def has_free_size(case: Case) -> bool:
    """Whether each element of the results follows from those beside it, so that any size will do."""
    return (case.op.elementwise or case.op.name.endswith("_update")) and not is_empty(case)


def sizes(case: Case) -> Iterator[Case]:
    """The same without axes, with one element, with an odd number of many, and with each operand as a column."""
    for change in (_without_axes, _with_one_element, _with_many_elements):
        yield evolve(case, inputs=tuple([None if x is None else change(x) for x in case.inputs]))
    if case.op.elementwise and len(case.inputs) > 1:
        for i, x in enumerate(case.inputs):
            if x is not None and x.ndim > 1:
                yield evolve(case, inputs=(*case.inputs[:i], x[..., :1], *case.inputs[i + 1 :]))


def _without_axes(x: Array) -> Array:
    return np.array(x.reshape(-1)[0])


def _with_one_element(x: Array) -> Array:
    return x.reshape(-1)[:1] if x.ndim else x


def _with_many_elements(x: Array) -> Array:
    """The first row, again and again."""
    row = x.reshape(-1, x.shape[-1])[0] if x.ndim else x
    return np.resize(row, MANY) if row.size > 1 else row


ONE_STAYS = ("scatter", "scatter_nd", "put_along")  # which one, where two are written to one place, is left open


def repeated(case: Case) -> Case | None:
    """The same with the first element of each row repeated; positions and labels stay where they must.

    None where that has no answer, as a singular matrix has no inverse.
    """

    def repeat(x: Array) -> Array:
        return np.array(np.broadcast_to(x[..., :1], x.shape)) if x.ndim and x.size else x

    every = evolve(case, inputs=tuple([None if x is None else repeat(x) for x in case.inputs]))
    if case.op.name not in ONE_STAYS and _has_answer(every):
        return every
    some = changed(case, repeat)
    return some if _has_answer(some) else None


# -- other settings ----------------------------------------------------------------------------------


def has_other_settings(case: Case) -> bool:
    """Whether the settings of another example make sense."""
    return bool(case.op.defaults) and not is_empty(case) and next(other_settings(case), None) is not None


def other_settings(case: Case) -> Iterator[Case]:
    """The same operands with the settings of other examples of the op, where those make sense.

    A negative position, and operands that follow from one another, make sense with their own settings only.
    """
    if follow_from_others(case) or any([x is not None and x.dtype.kind == "i" and (x < 0).any() for x in case.inputs]):
        return
    tried = [case.complete_settings]
    for other in cases(case.op):
        if other.complete_settings not in tried:
            tried.append(other.complete_settings)
            variant = evolve(case, settings=other.settings)
            if _has_answer(variant):
                yield variant


# -- other numbers -----------------------------------------------------------------------------------


def whole_numbers(case: Case) -> Case | None:
    """The same with large whole numbers for floating point; None where that has no exact answer in whole numbers."""
    if not case.has_floats or is_empty(case) or not _is_finite(case):
        return None
    rough = changed(case, lambda x: np.rint(x * WHOLE))
    exact = changed(rough, lambda x: x.astype(np.int64))
    try:
        specs = case.op.infer(exact.specs(), case.settings)
        with np.errstate(all="raise"):
            found, wanted = exact.expected(), rough.expected()
    except REFUSALS:
        return None
    if any([x.dtype != spec.dtype for x, spec in zip(found, specs, strict=True)]):
        return None
    return exact if all(map(_agree, found, wanted)) else None


def _is_finite(case: Case) -> bool:
    return all([x is None or bool(np.isfinite(x).all()) for x in case.inputs])


def _agree(exact: Array, rough: Array) -> bool:
    """Whether numbers are the same but for rounding, and none is near the end of int64."""
    if exact.dtype.kind != "i":
        return bool(np.array_equal(exact, rough))
    return bool((np.abs(rough) < 2.0**62).all() and np.allclose(exact.astype(np.float64), rough, rtol=1e-9, atol=0))


def has_large_numbers(case: Case) -> bool:
    """Whether there are numbers to be made larger."""
    return bool(may_change(case)) and _is_finite(case) and not is_empty(case)


def large_numbers(case: Case, dtype: str) -> Iterator[Case]:
    """The same with numbers whose sums and squares leave the range of `dtype`, where the results need not.

    What is a number in itself, such as a rate, stays.
    """
    positions = [i for i in may_change(case) if case.inputs[i].ndim]  # type: ignore[union-attr]
    largest = max([float(np.abs(case.inputs[i]).max()) for i in positions], default=0.0)  # type: ignore[arg-type]
    factors = [256.0]
    if as_dtype(dtype) == np.float16 and largest:
        factors.append(2.0 ** np.floor(np.log2(float(np.finfo(np.float16).max) / largest)))
    for factor in factors:
        inputs = [x * factor if i in positions and x is not None else x for i, x in enumerate(case.inputs)]
        variant = evolve(case, inputs=tuple(inputs))
        if positions and _has_answer(variant):
            yield variant


def specials(case: Case) -> Iterator[Case]:
    """The same with NaN, and for what is computed element by element with infinities and 0, in each operand in turn."""
    for i in may_change(case):
        x = case.inputs[i]
        assert x is not None
        planted = x.copy()
        if case.op.elementwise:
            planted.reshape(-1)[: len(SPECIALS)] = SPECIALS[: x.size]
        elif x.ndim:
            planted.reshape(-1)[x.size // 2] = np.nan
        variant = evolve(case, inputs=(*case.inputs[:i], planted, *case.inputs[i + 1 :]))
        if _has_answer(variant):
            yield variant


def may_change(case: Case) -> list[int]:
    """Positions of the floating-point operands that may change while the others stay.

    Where operands follow from one another, as probabilities from what a loss was given, that is the incoming gradient.
    """
    found = [i for i, x in enumerate(case.inputs) if x is not None and x.dtype == np.float64 and x.size]
    return [i for i in found if case.op.inputs[i] == "g"] if follow_from_others(case) else found


def follow_from_others(case: Case) -> bool:
    """Whether the op says so, or its reference does without an operand, since its value follows from others."""
    if case.op.derived:
        return True
    if case.op.elementwise or case.op.is_variadic or len(case.inputs) == 1:
        return False
    expected = case.expected()
    for i, x in enumerate(case.inputs):
        if x is None or x.dtype != np.float64 or not x.ndim:
            continue
        try:
            found = case.expected((*case.inputs[:i], x * 1.5 + 0.25, *case.inputs[i + 1 :]))
        except REFUSALS:
            continue
        if all(map(np.array_equal, found, expected)):
            return True
    return False


def _has_answer(case: Case) -> bool:
    """Whether the reference takes the operands, and no result is a whole number made of NaN."""
    with warnings.catch_warnings(record=True) as told, np.errstate(all="warn"):
        warnings.simplefilter("always")
        try:
            case.op.infer(case.specs(), case.settings)
            case.expected()
        except REFUSALS:
            return False
    return not any(["in cast" in str(warning.message) for warning in told])
