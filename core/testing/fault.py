"""What a fault is, which parts of an op it can spoil, and how one is written down.

What a fault cannot spoil it leaves as it is, so that a mutant without any effect is seen to survive.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
from attrs import field, frozen

from ..kernel import Run
from ..op import OPS, Op
from ..spec import Spec
from .samples import Array, cases

Arrays: TypeAlias = "list[Any]"  # an operand that was left out is None
Results: TypeAlias = "tuple[Array, ...]"
Parts: TypeAlias = Callable[[Op], Iterable[str]]


@frozen(eq=False)
class Work:
    """A kernel bound to a signature, which a fault is to spoil.

    right:  (*arrays, out=None) -> a tuple of results
    bind:   (specs, settings) -> the right kernel for another signature
    memory: what the mutant remembers from one call to another, whatever their signatures
    """

    op: Op
    specs: tuple[Spec | None, ...]
    settings: dict[str, Any]
    right: Callable[..., Results]
    bind: Callable[[Any, Any], Callable[..., Results]]
    memory: dict[Any, Any]

    def accepts(self, **changed: Any) -> bool:
        """Whether these shapes admit other settings."""
        try:
            self.op.infer(self.specs, {**self.settings, **changed})
        except Exception:  # whatever a shape rule says of settings that make no sense
            return False
        return True

    def instead(self, arrays: Arrays, expected: Results, **changed: Any) -> Results:
        """The results for other operands or settings, made to fit; `expected` where those mean nothing."""
        settings = {**self.settings, **changed}
        specs = tuple([None if x is None else Spec(x.shape, x.dtype) for x in arrays])
        try:
            self.op.infer(specs, settings)
            with np.errstate(all="ignore"):
                found = self.bind(specs, settings)(*arrays)
            return tuple([fitted(r, like) for r, like in zip(found, expected, strict=True)])
        except Exception:  # whatever a kernel says of operands and settings that make no sense
            return expected


def fitted(result: Array, like: Array) -> Array:
    """A result in the shape and dtype of another, its elements in order."""
    if result.shape != like.shape:
        result = np.resize(result, like.shape) if result.size else np.zeros_like(like)
    with np.errstate(all="ignore"):
        return result.astype(like.dtype)


@frozen
class Fault:
    """One way to be wrong.

    about:  what goes wrong, in a sentence
    spoil:  (Work, part) -> a wrong kernel `(*arrays, out=None)`; of a rule: a right gradient -> a wrong one
    parts:  op -> which of its outputs, operands, settings or rules it can spoil; "" is the kernel as a whole
    check:  the check that is there to notice it
    traits: what the wrong kernel declares, unlike the right one
    """

    name: str
    about: str
    spoil: Callable[..., Any]
    parts: Parts
    check: str
    traits: dict[str, Any] = field(factory=dict)
    is_rule: bool = False


FAULTS: dict[str, Fault] = {}


def _add(function: Callable[..., Any], spoil: Callable[..., Any], parts: Parts, check: str, **more: Any) -> None:
    name = function.__name__
    FAULTS[name] = Fault(name, (function.__doc__ or "").splitlines()[0], spoil, parts, check, **more)


# -- which parts of an op a fault can spoil ----------------------------------------------------------


@functools.cache
def output_kinds(op: Op) -> tuple[str, ...]:
    """The kinds of dtype that each output has among the samples, as in ("f", "i"); of many outputs, the first."""
    kinds: dict[int, set[str]] = {}
    for case in cases(op):
        for i, spec in enumerate(op.infer(case.specs(), case.settings)):
            kinds.setdefault(i, set()).add(spec.dtype.kind)
    return tuple(["".join(sorted(found)) for found in kinds.values()][: 1 if op.outputs == "*" else None])


UNREAD = ("zeros_like", "ones_like", "element_count")  # only the shape of their operand counts


@functools.cache
def arrays_of(op: Op) -> tuple[str, ...]:
    """Operands that are read, and have several elements in some sample, unlike a rate."""
    if op.name in UNREAD:
        return ()
    if op.is_variadic:
        return op.inputs
    given = [dict(zip(op.inputs, case.inputs, strict=False)) for case in cases(op)]
    return tuple([name for name in op.inputs if any([(x := g.get(name)) is not None and x.size > 1 for g in given])])


def kernel(op: Op) -> Iterable[str]:
    """The kernel as a whole."""
    return [""]


def outputs(kinds: str) -> Parts:
    """Outputs of these kinds."""

    def parts(op: Op) -> Iterable[str]:
        names = ["outs"] if op.outputs == "*" else op.outputs
        return [name for name, found in zip(names, output_kinds(op), strict=False) if set(found) & set(kinds)]

    return parts


def of_elements(op: Op) -> Iterable[str]:
    """Outputs whose elements are computed one by one."""
    one_by_one = op.elementwise or op.random or op.name.endswith(("_update", "_like")) or op.name in ("copy", "full")
    return outputs("fiub")(op) if one_by_one and op.name != "dropout" else []


def with_operands(op: Op) -> Iterable[str]:
    """Kernels that read something."""
    return [""] if op.inputs and op.name not in UNREAD else []


def optional_operands(op: Op) -> Iterable[str]:
    """Operands that may be left out."""
    return [name for name in op.inputs if name in op.optional]


def neighbours(op: Op) -> Iterable[str]:
    """Operands that stand side by side and may be taken for one another, as in "x and y"."""
    if op.is_variadic:
        return [f"{op.inputs[0]} and the next"]
    apart = op.free | op.optional
    pairs = list(enumerate(zip(op.inputs, op.inputs[1:], strict=False)))
    shapes = [[x is not None and x.shape for x in case.inputs] for case in cases(op)]
    return [
        f"{x} and {y}" for i, (x, y) in pairs
        if not apart & {x, y} and (op.elementwise or any([s[i] == s[i + 1] for s in shapes]))
    ]  # fmt: skip


def settings_that(is_wanted: Callable[[str], bool]) -> Parts:
    """Settings of these names."""
    return lambda op: [name for name in op.defaults if is_wanted(name)]


def named(*names: str) -> Parts:
    """The kernels of these ops."""
    assert set(names) <= OPS.keys(), set(names) - OPS.keys()
    return lambda op: [""] if op.name in names else []


# -- how a fault is written down ---------------------------------------------------------------------


def delivered(results: Sequence[Array], out: Any) -> Results:
    """Results in the memory that was offered, or in memory of their own."""
    if out is None:
        return tuple([np.array(r, order="C") for r in results])
    for target, result in zip(out, results, strict=True):
        np.copyto(target, result, casting="unsafe")
    return tuple(out)


def of_results(parts: Parts, check: str = "forward") -> Callable[..., Any]:
    """The decorated function makes a wrong result of a right one: `wrong(result, work, arrays) -> result`."""

    def register(wrong: Callable[[Array, Work, Arrays], Array]) -> Any:
        def spoil(work: Work, part: str) -> Run:
            at = work.op.outputs.index(part) if part in work.op.outputs else 0

            def run(*arrays: Any, out: Any = None) -> Results:
                results = list(work.right(*arrays))
                with np.errstate(all="ignore"):
                    results[at] = wrong(np.array(results[at], order="C"), work, list(arrays))
                return delivered(results, out)

            return run

        _add(wrong, spoil, parts, check)
        return wrong

    return register


def of_operands(parts: Parts, check: str = "forward", **traits: Any) -> Callable[..., Any]:
    """The decorated function makes wrong operands of right ones: `wrong(arrays, positions, work) -> arrays`."""

    def register(wrong: Callable[[Arrays, list[int], Work], Arrays]) -> Any:
        def spoil(work: Work, part: str) -> Run:
            names = work.op.names_of(len(work.specs))
            asked = part.split(" and ")
            positions = [i for i, name in enumerate(names) if not part or name in asked]  # a variadic op repeats a name

            def run(*arrays: Any, out: Any = None) -> Results:
                expected = work.right(*arrays)
                with np.errstate(all="ignore"):
                    given = wrong(list(arrays), positions, work)
                return delivered(work.instead(given, expected), out)

            return run

        _add(wrong, spoil, parts, check, traits=traits)
        return wrong

    return register


def of_settings(parts: Parts, check: str = "forward") -> Callable[..., Any]:
    """The decorated function makes a wrong setting of a right one: `wrong(value, name, work) -> value`."""

    def register(wrong: Callable[[Any, str, Work], Any]) -> Any:
        def spoil(work: Work, part: str) -> Run:
            changed = {part: wrong(work.settings[part], part, work)}

            def run(*arrays: Any, out: Any = None) -> Results:
                return delivered(work.instead(list(arrays), work.right(*arrays), **changed), out)

            return run

        _add(wrong, spoil, parts, check)
        return wrong

    return register


def of_parts(parts: Parts, check: str) -> Callable[..., Any]:
    """The decorated function makes a wrong kernel of a right one: `wrong(work, part) -> run`."""

    def register(wrong: Callable[[Work, str], Run]) -> Any:
        _add(wrong, wrong, parts, check)
        return wrong

    return register


def of_kernels(parts: Parts, check: str, **traits: Any) -> Callable[..., Any]:
    """The decorated function makes a wrong kernel of a right one: `wrong(work) -> run`."""

    def register(wrong: Callable[[Work], Run]) -> Any:
        _add(wrong, lambda work, part: wrong(work), parts, check, traits=traits)
        return wrong

    return register


def of_rules(wrong: Callable[[Any], Any]) -> Any:
    """The decorated function makes a wrong gradient of a right one, for each input with a rule."""
    _add(wrong, wrong, lambda op: list(op.gradient_rules), "gradient", is_rule=True)
    return wrong
