"""Tensors: a Storage seen in some shape, and its place on the tape."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import local
from typing import Any, ClassVar, Self

import numpy as np

from . import config, ops
from .autodiff import added, backprop, ones_like
from .backend import Buffer, Device, contiguous_strides, is_contiguous, repeats_elements
from .errors import DeviceError, DTypeError, GradientError, ShapeError
from .kernel import Bound, bind, hashable
from .op import PLACES, Call, Edge, Layout, Leaf, Op, Output, SavePlan, Settings, save_plan
from .spec import Spec, number_dtype
from .storage import Storage
from .value import Value


class Tape(local):
    """Whether the calls of this thread are recorded."""

    recording = True


tape = Tape()


@contextmanager
def recording(on: bool) -> Iterator[None]:
    """Record the calls inside, or do not."""
    before, tape.recording = tape.recording, on
    try:
        yield
    finally:
        tape.recording = before


class Tensor(Value):
    """Elements on a device: a Storage, and the shape, strides and offset in which it is seen.

    layout: None where the elements are all of the Storage in row-major order
    memory: the buffer that kernels get; None where it must be looked up at each use
    base:   the tensor that this one is a view of
    edge:   where its gradient goes: a Call on the tape, or a Leaf
    """

    __slots__ = ("__weakref__", "base", "edge", "is_packed", "layout", "memory", "seen", "spec", "storage")

    kind: ClassVar[Any]
    strength: ClassVar[int] = 0
    storage: Storage
    layout: Layout | None
    memory: Buffer | None
    base: Tensor | None
    edge: Edge | None
    is_packed: bool
    seen: int

    # -- making one ------------------------------------------------------------------------------

    @classmethod
    def of(cls, value: Any, *, dtype: Any = None, device: Device | None = None) -> Self:
        """A tensor with the elements of an array, nested lists or a number, copied.

        dtype: that of `value` when left out, but float32 for Python floats
        """
        if isinstance(value, Tensor):
            value, device = value.numpy(), device or value.device
        if dtype is None and not isinstance(value, (np.ndarray, np.generic)):
            array = np.asarray(value)
            dtype = np.float32 if array.dtype == np.float64 else array.dtype
        array = np.array(value, dtype=None if dtype is None else Spec((), dtype).dtype)
        device = device or config.current_device()
        return cls.around(device.upload(array), Spec(array.shape, number_dtype(array.dtype)), device)

    @classmethod
    def around(cls, buffer: Buffer, spec: Spec, device: Device) -> Self:
        """A tensor that owns a buffer."""
        made = cls.__new__(cls)
        made.storage = Storage(buffer, device)
        made.spec, made.is_packed = spec, True
        made.memory = buffer if device.has_stable_buffers else None
        made.layout = made.base = made.edge = None
        return made

    @classmethod
    def on(cls, storage: Storage, spec: Spec) -> Self:
        """A tensor that sees the whole of a Storage."""
        made = cls.around(storage.buffer, spec, storage.device)
        made.storage = storage
        return made

    def seen_as(self, layout: Layout, kind: type[Tensor] | None = None) -> Any:
        """The same memory in another shape, with other strides or from another offset."""
        cls = kind or type(self).kind
        made = cls.__new__(cls)
        storage = made.storage = self.storage
        made.spec, made.layout, made.is_packed = Spec(layout[0], self.spec.dtype), layout, is_contiguous(layout)
        device = storage.device
        made.memory = device.view(storage.buffer, layout) if device.backend.view and device.has_stable_buffers else None
        made.base, made.edge, made.seen = self if self.base is None else self.base, None, storage.version
        return made

    def made_by(self, edge: Edge | None) -> Any:
        """The same elements, made by another call (or by none)."""
        cls = type(self).kind
        made = cls.__new__(cls)
        made.storage, made.spec, made.layout, made.is_packed = self.storage, self.spec, self.layout, self.is_packed
        made.memory, made.base, made.edge = self.memory, None, edge
        return made

    def detach(self) -> Any:
        """The same memory, without a gradient."""
        return self.made_by(None)

    # -- what is in it ---------------------------------------------------------------------------

    @property
    def device(self) -> Device:
        """Where the elements are."""
        return self.storage.device

    place = device

    @property
    def strides(self) -> tuple[int, ...]:
        """Elements to skip for the next index along each axis."""
        return contiguous_strides(self.shape) if self.layout is None else self.layout[1]  # type: ignore[arg-type]

    @property
    def offset(self) -> int:
        """Elements of the Storage before the first one."""
        return 0 if self.layout is None else self.layout[2]

    def buffer(self, packed: bool = False) -> Buffer:
        """The buffer that a kernel gets; contiguous if `packed`."""
        buffer = self.memory
        if buffer is None:
            buffer = self.storage.buffer
            if self.layout is not None:
                buffer = self.storage.device.view(buffer, self.layout)
        return buffer if self.is_packed or not packed else self.storage.device.copy(buffer)

    def numpy(self) -> np.ndarray[Any, Any]:
        """The elements as a NumPy array; on a device in host memory it shares them."""
        return self.device.download(self.buffer(packed=not self.device.backend.is_host))

    def item(self) -> Any:
        """The one element as a Python number."""
        array = self.numpy()
        if array.size != 1:
            raise ShapeError(f"item: {self.spec} has {array.size} elements; only one can become a number")
        return array.item()

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        return bool(self.item())

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    def __dlpack__(self, **options: Any) -> Any:
        return self.buffer().__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self.buffer().__dlpack_device__()

    def __repr__(self) -> str:
        return f"<tensor {self.spec} on {self.device}: {np.array2string(self.numpy(), threshold=6)}>"

    # -- overwriting it --------------------------------------------------------------------------

    def write(self, value: Tensor) -> None:
        """Overwrite these elements with those of `value`; every tensor on the same Storage sees it.

        value: a tensor of the same Spec on the same device
        """
        _check_fits("write", self, value)
        if tape.recording:
            _rebind(self, value)
        Tensor._put(self, value)
        if tape.recording and self.layout is not None:
            self.seen = self.storage.version

    @staticmethod
    def assign(parameter: Tensor, value: Tensor) -> None:
        """Give a parameter its next value, outside of any gradient."""
        _check_fits("assign", parameter, value)
        Tensor._put(parameter, value)

    def _put(self, value: Tensor) -> None:
        buffer = value.buffer()
        if value.storage is self.storage:  # they may overlap
            buffer = self.device.copy(buffer)
        self.storage.write(buffer, self.layout)

    def share(self) -> None:
        """Move the elements to memory that other processes can attach to; every tensor on the same Storage follows."""
        is_alone = sys.getrefcount(self.storage) <= 2  # this tensor, and the call itself
        self.storage.share()
        for other in [self] if is_alone else gc.get_referrers(self.storage):
            if isinstance(other, Tensor) and other.memory is not None:
                other.memory = None
                other.memory = other.buffer()

    # -- running ops -----------------------------------------------------------------------------

    @classmethod
    def run(cls, op: Op, inputs: Sequence[Any], settings: Settings) -> Any:
        """Compute an op now; record it if a gradient may be wanted."""
        device = inputs[0].storage.device
        key: list[Any] = [op]
        buffers: list[Any] = []
        is_packed, is_tracked = True, False
        for x in inputs:
            if x is None:
                key.append(None)
                buffers.append(None)
                continue
            if x.storage.device is not device:
                raise _two_devices(op, inputs)
            key.append(x.spec)
            buffers.append(x.memory)
            if x.base is not None and x.seen != x.storage.version:
                _look_anew(x)
            if x.edge is not None:
                is_tracked = True
            if not x.is_packed:
                is_packed = False
        if settings:
            key.extend(settings.items())
        try:
            bound = device.bound[tuple(key)]
        except (KeyError, TypeError):
            bound = _bind(op, device, inputs, settings)
        if not (bound.is_plain and is_packed):
            return cls._run_special(bound, device, inputs, settings, is_tracked and tape.recording)
        try:
            result = bound.run(*buffers)
        except Exception as error:
            raise _in_call(error, op, inputs, device)  # noqa: B904 - the same error, with a note
        # Tensor.around, written out: this is the path of almost every eager call
        out = cls.__new__(cls)
        out.storage = Storage(result, device)
        out.spec = bound.spec
        out.memory = result
        out.is_packed = True
        out.layout = out.base = out.edge = None
        if is_tracked and tape.recording:
            record(op, inputs, settings, (out,))
        return out

    @classmethod
    def _run_special(
        cls, bound: Bound, device: Device, inputs: Sequence[Any], settings: Settings, is_recorded: bool
    ) -> Any:
        """Views, strided operands, several results, sizes that only running tells, buffers that do not stay."""
        op = bound.op
        if bound.view is not None:
            seen = bound.view(_layout(inputs[0]), **bound.settings)
            if seen is not None:
                out = inputs[0].seen_as(seen, cls)
                if is_recorded:
                    record(op, inputs, settings, (out,))
                return out
        if bound.run is None:
            return cls._run_composed(bound, inputs, settings)
        try:
            result = bound.run(*[None if x is None else x.buffer(not bound.strided) for x in inputs])
        except Exception as error:
            raise _in_call(error, op, inputs, device)  # noqa: B904 - the same error, with a note
        pack = device.backend.pack
        outs = tuple([
            cls.around(pack(b), Spec(b.shape, spec.dtype) if bound.has_unknown_sizes else spec, device)
            for b, spec in zip((result,) if bound.is_single else result, bound.specs, strict=True)
        ])  # fmt: skip
        if is_recorded:
            record(op, inputs, settings, outs)
        return outs[0] if bound.is_single else outs

    @classmethod
    def _run_composed(cls, bound: Bound, inputs: Sequence[Any], settings: Settings) -> Any:
        """Run an op that has no kernel as the composition it stands for."""
        op = bound.op
        assert op.decompose is not None
        is_tracked = tape.recording and any([x is not None and x.edge is not None for x in inputs])
        has_rules = bool(op.gradient_rules)
        with recording(is_tracked and not has_rules):
            result = op.decompose(*inputs, **bound.settings)
        if is_tracked and has_rules:
            record(op, inputs, settings, result if type(result) is tuple else (result,))
        return result

    @classmethod
    def run_mixed(cls, op: Op, inputs: Sequence[Any], settings: Settings) -> Any:
        """Turn numbers and arrays among the operands into tensors, then run; numbers take the tensors' dtype."""
        device = next(x.storage.device for x in inputs if isinstance(x, Tensor))
        weak = op.dtype_among(inputs)
        adopted = []
        for i, x in enumerate(inputs):
            if x is not None and not isinstance(x, Tensor):
                is_free = op.free and op.names_of(len(inputs))[i] in op.free
                x = cls.adopt(x, device, None if is_free else weak, op.name)
            adopted.append(x)
        return cls.run(op, adopted, settings)

    @classmethod
    def adopt(cls, value: Any, device: Device, dtype: Any, who: str) -> Any:
        """A number or an array as a tensor; a number takes `dtype`, and is not made twice."""
        if isinstance(value, np.ndarray):
            return cls.of(value, device=device)
        key = (value or repr(value), type(value), dtype)  # 0.0 == -0.0
        found = device.numbers.get(key)
        if found is None:
            if not isinstance(value, (bool, int, float, complex, np.generic)):
                raise TypeError(f"{who}: {type(value).__name__} is no tensor, symbol, array or number")
            if dtype is None:
                dtype = np.asarray(value).dtype if not isinstance(value, float) else np.dtype(np.float32)
            check_weak(value, dtype, who)
            if len(device.numbers) > 1000:
                device.numbers.clear()
            buffer = device.upload(np.asarray(value, dtype))
            found = device.numbers[key] = Tensor.around(buffer, Spec((), dtype), device)
        return found

    @staticmethod
    def adopt_parameter(parameter: Tensor, among: Sequence[Any]) -> Tensor:
        """A parameter as it takes part in a computation on these values."""
        return parameter

    recorded = staticmethod(lambda: recording(True))

    @classmethod
    def run_into(cls, op: Op, inputs: Sequence[Any], settings: Settings, outs: Sequence[Tensor]) -> None:
        """Compute an op and let `outs` have its results; written in place where the kernel can."""
        key = (op, *[None if x is None else x.spec for x in inputs], *settings.items())
        device = outs[0].device
        bound = device.bound.get(key) or _bind(op, device, inputs, settings)
        can_write = (
            bound.run is not None
            and bound.out
            and bound.in_place
            and all([out.is_packed and out.memory is not None for out in outs])
        )
        with recording(False):
            if not can_write:
                result = cls.run(op, inputs, settings)
                for out, value in zip(outs, result if type(result) is tuple else (result,), strict=True):
                    cls.assign(out, value)
                return
            assert bound.run is not None
            buffers = [None if x is None else x.buffer(not bound.strided) for x in inputs]
            targets = tuple([out.memory for out in outs])
            bound.run(*buffers, out=targets[0] if bound.is_single else targets)
            for out in outs:
                out.storage.version += 1

    # -- gradients -------------------------------------------------------------------------------

    @property
    def current_edge(self) -> Edge | None:
        """The edge of the elements as they are now: a view whose base was overwritten is looked at anew."""
        if self.base is not None and self.seen != self.storage.version:
            _look_anew(self)
        return self.edge

    def require_gradient(self, on: bool = True) -> Self:
        """Make this tensor a leaf whose gradient is wanted (or not)."""
        if on and self.spec.dtype.kind not in "fcV":
            raise GradientError(f"{self.spec}: only floating-point values have gradients; cast it first")
        self.edge = Leaf(self.spec) if on else None
        return self

    @property
    def gradient(self) -> Any:
        """What `backward` has accumulated here, or None."""
        return self.edge.value if type(self.edge) is Leaf else None

    @gradient.setter
    def gradient(self, value: Any) -> None:
        if type(self.edge) is not Leaf:
            raise GradientError(f"{self.spec}: only a leaf that requires a gradient can hold one")
        self.edge.value = value

    def backward(self, seed: Tensor | None = None, *, keep: bool = False, create_graph: bool = False) -> None:
        """Add the gradient of this value to every leaf it depends on.

        seed:         of this shape; 1 when left out, for a value of one element
        keep:         allow a second backward over the same calls
        create_graph: record the backward itself, to differentiate it again
        """
        if self.current_edge is None:
            raise GradientError(f"backward: {self.spec} depends on nothing that requires a gradient")
        if seed is None:
            if self.spec.size != 1:
                raise GradientError(f"backward: {self.spec} is no scalar; sum it, or give the seed of its gradient")
            seed = ones_like(self)
        with recording(create_graph):
            found = backprop([self], [seed], release=not (keep or create_graph))
            taken = {seed.storage}
            for (leaf, _), g in found.items():
                assert isinstance(leaf, Leaf)
                leaf.value = _owned(g, taken) if leaf.value is None else added(leaf.value, g)


Tensor.kind = Tensor


class Parameter(Tensor):
    """A tensor that a layer or an optimizer owns: it has a name, and graphs share its Storage.

    trainable: whether it wants a gradient (a running mean does not)
    """

    __slots__ = ("name", "trainable")

    def __init__(self, value: Any, *, name: str = "parameter", trainable: bool = True, dtype: Any = None,
                 device: Device | None = None) -> None:  # fmt: skip
        source = Tensor.of(value, dtype=dtype, device=device)
        self.storage, self.spec, self.layout, self.is_packed = source.storage, source.spec, None, True
        self.memory, self.base, self.edge = source.memory, None, None
        self.name, self.trainable = name, trainable
        if trainable:
            self.require_gradient()

    def __repr__(self) -> str:
        return f"<parameter {self.name} {self.spec} on {self.device}>"


class Recorded(Call):
    """A call on the tape: it keeps what its op's gradient rules ask for, and nothing else."""

    __slots__ = ("kept", "plan", "versions")

    kept: list[Any] | None
    plan: SavePlan
    versions: list[int]

    def recall(self, name: str) -> Any:
        is_spec = name.endswith("_spec") and name[:-5] in (*self.op.inputs, *self.op.outputs)
        bare = name[:-5] if is_spec else name
        kept = self._kept()
        if self.op.is_variadic and bare == self.op.inputs[0]:
            return (
                tuple([self._current(i) for i in range(len(self.plan.inputs))])
                if not is_spec
                else tuple(self.specs_of_inputs())
            )
        plan = self.plan
        if is_spec:
            base = len(plan.inputs) + len(plan.outputs)
            for at, (n, _) in enumerate((*plan.input_specs, *plan.output_specs)):
                if n == bare:
                    return kept[base + at]
        for at, (n, index) in enumerate(plan.inputs + plan.outputs):
            if n == bare:
                value = self._current(at)
                return value if at < len(plan.inputs) else value.made_by(self._edge(index))
        return None  # an optional operand that was left out

    def recall_inputs(self) -> tuple[Any, ...]:
        return tuple([self._current(i) for i in range(len(self.plan.inputs))])

    def specs_of_inputs(self) -> list[Spec]:
        """The Specs of a variadic op's operands."""
        return self._kept()[len(self.plan.inputs) + len(self.plan.outputs) :]

    def release(self) -> None:
        """Forget what was kept."""
        self.kept = None

    def _kept(self) -> list[Any]:
        if self.kept is None:
            raise GradientError(
                f"backward through {self.op.name} a second time: what it kept has been freed; keep it the first time "
                "(retain_graph=True)"
            )
        return self.kept

    def _current(self, at: int) -> Any:
        value = self._kept()[at]
        if value is not None and value.storage.version != self.versions[at]:
            raise GradientError(
                f"{self.op.name}: a value that its gradient needs, {value.spec}, has been overwritten by an in-place "
                f"operation: it is at version {value.storage.version}, version {self.versions[at]} was kept; "
                "copy it before it is overwritten"
            )
        return value

    def _edge(self, index: int) -> Edge:
        return self if len(self.specs) == 1 else Output(self, index)


def record(op: Op, inputs: Sequence[Any], settings: Settings, outs: tuple[Any, ...]) -> None:
    """Link `outs` to `inputs`, so that `backprop` finds its way back."""
    edges: list[Edge | None] = []
    tracked = 1  # a bit for each operand behind a leading one
    for x in inputs:
        if x is None or x.edge is None:
            tracked <<= 1
            edges.append(None)
            continue
        tracked = tracked << 1 | 1
        edges.append(x.edge if x.base is None else x.current_edge)
    try:
        plan = op.save_plans[tracked]
    except KeyError:
        plan = op.save_plans[tracked] = save_plan(op, [edge is not None for edge in edges])
    if plan is None:
        return
    call = Recorded()
    call.op, call.settings, call.edges, call.hooks, call.plan = op, settings, edges, None, plan
    if op.has_one_output:
        call.specs = (outs[0].spec,)
        outs[0].edge = call
    else:
        call.specs = tuple([out.spec for out in outs])
        for i, out in enumerate(outs):
            if op.outputs == "*" or op.outputs[i] not in op.auxiliary:
                out.edge = Output(call, i)
    kept: list[Any] = []
    versions: list[int] = []
    for _, i in plan.inputs:
        x = inputs[i]
        kept.append(x)
        versions.append(0 if x is None else x.storage.version)
    for _, i in plan.outputs:
        kept.append(outs[i].made_by(None))  # no cycle out -> edge -> out
        versions.append(outs[i].storage.version)
    for _, i in plan.input_specs:
        kept.append(None if inputs[i] is None else inputs[i].spec)
    for _, i in plan.output_specs:
        kept.append(outs[i].spec)
    call.kept, call.versions = kept, versions


def _in_call(error: Exception, op: Op, inputs: Sequence[Any], device: Device) -> Exception:
    error.add_note(f"in {op.name}({', '.join([str(x.spec) for x in inputs if x is not None])}) on {device}")
    return error


def _rebind(target: Tensor, value: Tensor) -> None:
    """Move a tensor that is about to be overwritten to the place on the tape where its new value came from."""
    if type(target.edge) is Leaf:
        raise GradientError(
            f"{target.spec}: a leaf that requires a gradient cannot be overwritten in place while calls are recorded; "
            "do it without recording, or on a copy"
        )
    base = target.base
    if base is not None and (base.edge is not None or value.edge is not None):
        if type(base.edge) is Leaf:
            raise GradientError(
                f"{base.spec}: a view of a leaf that requires a gradient cannot be overwritten in place"
            )
        whole = ops.overwrite(_whole(base), value, layout=target.layout)
        base.edge = whole.edge if base.layout is None else ops.as_strided(whole, layout=base.layout).edge
    target.edge = value.current_edge


def _look_anew(view: Tensor) -> None:
    """Give a view whose base was overwritten since the edge that it has now."""
    base = view.base
    assert base is not None
    view.seen = view.storage.version
    if type(view.edge) is Leaf:
        return
    with recording(True):
        view.edge = None if base.edge is None else ops.as_strided(_whole(base), layout=view.layout).edge


def _whole(base: Tensor) -> Any:
    """All of a Storage, as layouts count its elements, of which a base tells a part: one that was detached."""
    value = base.made_by(base.edge)
    if base.layout is None:
        return value
    around = ops.zeros(shape=tuple(base.storage.buffer.shape), dtype=base.dtype.name, place=base.device)
    return ops.overwrite(around, value, layout=base.layout)


def _owned(g: Any, taken: set[Storage]) -> Any:
    """A gradient in memory that no other one shares, and of which each element is its own."""
    if not isinstance(g, Tensor):
        return g
    if g.storage in taken or (g.layout is not None and repeats_elements(g.layout)):
        g = ops.copy(g)
    taken.add(g.storage)
    return g


def _check_fits(who: str, target: Tensor, value: Tensor) -> None:
    if value.spec is not target.spec:
        raise ShapeError(f"{who}: {value.spec} does not fit {target.spec}; broadcast or cast it first")
    if value.device is not target.device:
        raise DeviceError(
            f"{who}: {value.spec} on {value.device} cannot overwrite {target.spec} on {target.device}; copy it"
        )
    if target.layout is not None and repeats_elements(target.layout):
        raise ShapeError(f"{who}: {target.spec} is broadcast from fewer elements; copy it before it is overwritten")


def _bind(op: Op, device: Device, inputs: Sequence[Any], settings: Settings) -> Bound:
    """Choose the kernel for a call of this signature, and remember it."""
    settings = hashable(settings)
    specs = tuple([None if x is None else x.spec for x in inputs])
    bound = bind(op, device, specs, settings, config.policy())
    if len(device.bound) > 50_000:
        device.bound.clear()
    device.bound[op, *specs, *settings.items()] = bound
    return bound


def _layout(x: Tensor) -> Layout:
    if x.layout is not None:
        return x.layout
    shape: Any = x.spec.shape
    return shape, contiguous_strides(shape), 0


def _two_devices(op: Op, inputs: Sequence[Any]) -> DeviceError:
    places = ", ".join([f"{x.spec} on {x.device}" for x in inputs if isinstance(x, Tensor)])
    return DeviceError(f"{op.name}: operands on different devices: {places}; copy them to one device first")


def check_weak(value: Any, dtype: np.dtype[Any], who: str) -> None:
    """Refuse a number that would lose its fraction, or its sign, in `dtype`."""
    if dtype.kind in "iub" and not isinstance(value, (bool, np.bool_)):
        if isinstance(value, (float, complex, np.inexact)):
            raise DTypeError(f"{who}: {value!r} does not fit {dtype}; cast the tensor to float32 first")
        if dtype.kind == "b" or not np.iinfo(dtype).min <= value <= np.iinfo(dtype).max:
            raise DTypeError(f"{who}: {value!r} does not fit {dtype}; cast the tensor first")


def _run_on_device(op: Op, settings: Settings, place: Any) -> Any:
    device = place if isinstance(place, Device) else config.as_device(place)
    bound = device.bound.get((op, *settings.items())) or _bind(op, device, (), settings)
    if bound.run is None:
        raise ShapeError(f"{op.name}: has no operands and no kernel on {device}")
    result = bound.run()
    if bound.is_single:
        return Tensor.around(result, bound.spec, device)
    return tuple([Tensor.around(b, s, device) for b, s in zip(result, bound.specs, strict=True)])


PLACES[Device] = PLACES[str] = PLACES[type(None)] = _run_on_device
