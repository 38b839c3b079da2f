"""Kernels: how an op runs on a device, how one is chosen, and why the others are not."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias
from weakref import finalize

import numpy as np
from attrs import define, field, frozen

from .errors import KernelError, PluginError
from .op import Op, Settings
from .spec import Spec

if TYPE_CHECKING:
    from .backend import Device

Specs: TypeAlias = "tuple[Spec | None, ...]"
Run: TypeAlias = Callable[..., Any]


@frozen
class Refused:
    """A kernel's answer that it cannot serve a call, and the reason in words."""

    reason: str


@frozen
class Kernel:
    """One way to run an op on one type of device.

    function: plain: `function(*buffers, out=None, **settings)`;
              prepared: `function(specs, settings) -> callable(*buffers, out=None)`, or a Refused
    exact:    deterministic, and the same bits in an eager call and in a program (no Winograd, no sums that a fusion
              reorders)
    strided:  takes buffers that are not contiguous; what it returns then is packed by the backend
    out:      writes into memory that is offered as `out`
    in_place: that memory may be an operand's own
    """

    op: str
    device: str
    provider: str
    function: Run
    is_prepared: bool = False
    priority: int = 0
    exact: bool = True
    strided: bool = False
    out: bool = True
    in_place: bool = False

    def prepare(self, specs: Specs, settings: Settings) -> Run | Refused:
        """A callable bound to these shapes and settings."""
        if self.is_prepared:
            prepared: Run | Refused = self.function(specs, settings)
            return prepared
        return functools.partial(self.function, **settings) if settings else self.function

    def __str__(self) -> str:
        return f"{self.provider}'s {self.op}"


class Workspace:
    """What one provider's forward kernel leaves beside a result for its own gradient kernel, and for no other.

    A gradient kernel is given that result (or an auxiliary one) as an operand, and finds the workspace by it; where it
    finds none, because another provider ran or the result was copied, it does without.
    """

    _left: ClassVar[dict[tuple[int, str], Any]] = {}

    @classmethod
    def leave(cls, buffer: Any, provider: str, content: Any) -> None:
        """Keep `content` for as long as the buffer lives."""
        key = (id(buffer), provider)
        if key not in cls._left:
            finalize(buffer, cls._left.pop, key, None)
        cls._left[key] = content

    @classmethod
    def find(cls, buffer: Any, provider: str) -> Any:
        """What this provider left beside a buffer, or None."""
        return cls._left.get((id(buffer), provider))


class KernelTable:
    """The kernels that one provider brings for one type of device."""

    def __init__(self, device: str, *, provider: str, priority: int = 0) -> None:
        self.device_type, self.provider, self.priority = device, provider, priority
        self.kernels: dict[str, list[Kernel]] = {}

    def kernel(
        self, op: str, *, prepared: bool = False, priority: int | None = None, **traits: Any
    ) -> Callable[[Run], Run]:
        """Register the decorated function as a kernel for the op of this name (see Kernel)."""

        def register(function: Run) -> Run:
            rank = self.priority if priority is None else priority
            made = Kernel(op, self.device_type, self.provider, function, prepared, rank, **traits)
            others = self.kernels.setdefault(op, [])
            _check_tie(made, others)
            others.append(made)
            return function

        return register

    def check_ties(self, tables: Iterable[KernelTable]) -> None:
        """Refuse a table with a kernel that ranks exactly as another one for the same op."""
        for table in tables:
            for name, kernels in self.kernels.items():
                for kernel in kernels:
                    _check_tie(kernel, table.kernels.get(name, ()))


def _check_tie(kernel: Kernel, others: Iterable[Kernel]) -> None:
    for other in others:
        if other.priority == kernel.priority:
            raise PluginError(
                f"{kernel} for {kernel.device} has priority {kernel.priority}, as has {other}; give one of them another"
            )


@define
class Bound:
    """A kernel bound to the shapes and settings of a call: what eager calls and programs run.

    run:       callable(*buffers, out=None), or None where the op runs as its decomposition
    specs:     what it returns; a size may still be a Dim where only running tells
    how:       "native", "fallback", "composed" or "host"
    rejected:  (who, why) for each candidate that was passed over
    is_stable: whether the device's buffers stay where they are when written to
    is_plain:  one result of known size on a device whose buffers stay: the quick path of eager calls
    """

    op: Op
    run: Run | None
    specs: tuple[Spec, ...]
    settings: Settings
    how: str
    provider: str
    strided: bool = False
    out: bool = True
    in_place: bool = False
    exact: bool = True
    is_stable: bool = True
    rejected: list[tuple[str, str]] = field(factory=list)
    is_single: bool = field(init=False)
    spec: Spec = field(init=False)
    has_unknown_sizes: bool = field(init=False)
    view: Callable[..., Any] | None = field(init=False)
    is_plain: bool = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.is_single = self.op.has_one_output
        self.spec = self.specs[0] if self.specs else Spec(())
        self.has_unknown_sizes = not all(spec.is_concrete for spec in self.specs)
        self.view = self.op.view_rule
        is_simple = self.is_single and self.view is None and not self.has_unknown_sizes
        self.is_plain = is_simple and self.is_stable and self.run is not None


def bind(op: Op, device: Device, specs: Specs, settings: Settings, policy: Policy) -> Bound:
    """Choose how to run an op: a kernel by priority, the backend's fallback, the decomposition, the host."""
    settings = op.complete(hashable(settings))
    outputs = op.infer(specs, settings)
    choose = functools.partial(Bound, op, specs=outputs, settings=settings, is_stable=device.has_stable_buffers)
    rejected: list[tuple[str, str]] = []
    backend = device.backend
    if op.runner is not None:
        return choose(op.runner(device, specs, settings), how="native", provider="core", out=False)
    for kernel in backend.candidates(op):
        if policy.exact and not kernel.exact:
            rejected.append((str(kernel), "it is not exact, and exact kernels were asked for"))
            continue
        run = kernel.prepare(specs, settings)
        if not isinstance(run, Refused):
            return choose(run, how="native", provider=kernel.provider, strided=kernel.strided,
                          out=kernel.out, in_place=kernel.in_place, exact=kernel.exact, rejected=rejected)  # fmt: skip
        rejected.append((str(kernel), run.reason))
    if not backend.candidates(op):
        rejected.append((f"{device.type}'s kernels", f"none is registered for {op.name}"))
    if backend.fallback is not None:
        run = backend.fallback(op, specs, settings)
        if not isinstance(run, Refused):
            return choose(
                run, how="fallback", provider=backend.name, strided=backend.strided, out=False, rejected=rejected
            )
        rejected.append((f"{backend.name}'s fallback", run.reason))
    if op.decompose is not None:
        return choose(None, how="composed", provider="core", rejected=rejected)
    policy.fall_back_to_host(op, device, rejected)
    return choose(_through_host(op, device, specs, settings), how="host", provider="core", out=False, rejected=rejected)


class Policy:
    """What is allowed when kernels are chosen; `config` makes it."""

    exact: bool = False
    strict: bool = False

    def fall_back_to_host(self, op: Op, device: Device, rejected: list[tuple[str, str]]) -> None:
        """Called before an op runs on the host though its operands live on a device."""
        if self.strict:
            tried = "; ".join([f"{who}: {why}" for who, why in rejected])
            raise KernelError(
                f"{op.name}: nothing runs it on {device}: {tried}; "
                "install a plugin with kernels for it, or allow the host with TRIVIUM_STRICT=0"
            )


def _through_host(op: Op, device: Device, specs: Specs, settings: Settings) -> Run:
    """Slow but right: copy to the host, run the reference, copy back."""
    upload, download = device.backend.from_numpy, device.backend.to_numpy
    reference = reference_kernel(op, specs, settings)

    def run(*buffers: Any, out: Any = None) -> Any:
        result = reference(*[None if b is None else download(b) for b in buffers])
        return upload(result) if op.has_one_output else tuple([upload(r) for r in result])

    return run


def reference_kernel(op: Op, specs: Specs, settings: Settings) -> Run:
    """The op's reference as a kernel for NumPy arrays; what it returns are arrays of their own.

    bfloat16, which NumPy does not compute in, and float16, whose range sums and squares leave, go through float32.
    """
    dtypes = [spec.dtype for spec in op.infer(specs, settings)]

    def run(*arrays: Any, out: Any = None) -> Any:
        result = op.reference(*map(_computable, arrays), **settings)
        results = (result,) if op.has_one_output else result
        made = [np.array(r, dtype, order="C") for r, dtype in zip(results, dtypes, strict=True)]
        return made[0] if op.has_one_output else tuple(made)

    return run


def _computable(array: Any) -> Any:
    is_narrow = array is not None and (array.dtype.kind == "V" or array.dtype == np.float16)
    return array.astype(np.float32) if is_narrow else array


def hashable(settings: Settings) -> Settings:
    """Settings with every list as a tuple, so that they can be part of a key."""
    return {name: _frozen(value) for name, value in settings.items()}


def _frozen(value: Any) -> Any:
    return tuple([_frozen(v) for v in value]) if isinstance(value, (list, tuple)) else value
