"""What must hold for an op's example on a device.  Each check raises AssertionError where it does not.

Operands are made and results compared on the host, so that one broken op fails alone.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .. import config, ops
from ..autodiff import gradients
from ..backend import Device
from ..errors import ShapeError
from ..graph import Graph, Symbol
from ..kernel import Bound, Policy, bind
from ..op import Op
from ..program import Program
from ..spec import Dim, Spec, as_dtype, resolve, same_size
from ..tensor import Tensor, recording
from . import numeric, variants
from .profile import Profile
from .reference import reference
from .samples import Array, Case
from .tolerances import (
    EXACT,
    NUMERIC,
    SAME_BITS,
    Tolerance,
    assert_close,
    assert_same_bits,
    narrowed,
    same_elements,
    scaled,
    tolerance_of,
)

PATTERN = 0x5A  # what guard bytes hold
RUBBISH = 0xFF  # what offered memory holds: NaN, or -1


# -- running an example ------------------------------------------------------------------------------


def call(case: Case, operands: Sequence[Any], place: Any) -> tuple[Any, ...]:
    """The outputs of the op, always as a tuple."""
    settings = case.settings if operands else {**case.settings, "place": place}
    result = case.op(*operands, **settings)
    return result if type(result) is tuple else (result,)


def upload(arrays: Sequence[Array | None], device: Device) -> list[Tensor | None]:
    """Arrays as tensors."""
    return [None if x is None else Tensor.of(x, device=device) for x in arrays]


def run(case: Case, arrays: Sequence[Array | None], device: Device) -> list[Array]:
    """Compute now; what comes back is on the host."""
    return [np.array(out.numpy()) for out in call(case, upload(arrays, device), device)]


def is_float(dtype: Any) -> bool:
    """Whether a dtype has fractions; bfloat16 is of kind V."""
    return as_dtype(dtype).kind in "fV"


# -- shapes ------------------------------------------------------------------------------------------


def check_shape_rule(case: Case) -> None:
    """The shape rule says what the reference does."""
    specs = case.op.infer(case.specs(), case.settings)

    expected = case.expected()

    assert len(specs) == len(expected), f"{case!r}: {len(specs)} outputs, the reference makes {len(expected)}"
    for spec, array in zip(specs, expected, strict=True):
        assert (with_born(spec.shape, array.shape), spec.dtype) == (array.shape, array.dtype), (
            f"{case!r}: {spec}, not {array.dtype}{array.shape}"
        )


def with_born(shape: Any, actual: tuple[int, ...]) -> Any:
    """`shape` with sizes that only running tells, such as the number of unique values, taken from what was computed."""
    if len(shape) != len(actual):
        return shape
    return tuple([n if type(size) is Dim and size.is_loose else size for size, n in zip(shape, actual, strict=True)])


def has_born_sizes(case: Case) -> bool:
    """Whether a result has a size that the operands' shapes do not tell."""
    return not all([spec.is_concrete for spec in case.op.infer(case.specs(), case.settings)])


def with_batch(case: Case) -> tuple[list[Spec | None], dict[Any, int]]:
    """The example's specs with its first size unknown, wherever it stands on axis 0; and what it is."""
    size = next((x.shape[0] for x in case.inputs if x is not None and x.ndim), None)
    batch = Dim("batch")
    specs = [
        Spec((batch, *spec.shape[1:]), spec.dtype)
        if spec is not None and spec.shape and spec.shape[0] == size
        else spec
        for spec in case.specs()
    ]
    return specs, {} if size is None else {batch.atom: size}


def accepts_batch(case: Case) -> bool:
    """Whether the shape rule takes an unknown batch.  Where it does, it must foretell the reference's shapes."""
    specs, sizes = with_batch(case)
    if not sizes:
        return False
    try:
        inferred = case.op.infer(specs, case.settings)
    except ShapeError:  # a setting names a size, which no unknown one equals
        return False
    for spec, array in zip(inferred, case.expected(), strict=True):
        shape = with_born(spec.shape, array.shape)
        assert resolve(shape, sizes) == array.shape, f"{case!r} with {sizes}: {spec}, not {array.shape}"
        assert spec.dtype == array.dtype, f"{case!r}: {spec}, not {array.dtype}"
    return True


def check_unknown_sizes(case: Case) -> None:
    """With an unknown batch, a nameless one, and unknown ranks, the shape rule foretells as much as can be."""
    accepts_batch(case)
    expected = case.expected()

    specs = [None if s is None else s.with_shape((Dim(), *s.shape[1:])) if s.shape else s for s in case.specs()]
    for spec, array in zip(case.op.infer(specs, case.settings), expected, strict=True):
        fits = len(spec.shape) == array.ndim and all(map(same_size, spec.shape, array.shape))
        assert fits, f"{case!r} with unknown sizes on axis 0: {spec}, which {array.shape} does not fit"
        assert spec.dtype == array.dtype, f"{case!r}: {spec}, not {array.dtype}"

    if case.inputs:
        ranks = [None if s is None else s.with_shape(None) for s in case.specs()]
        try:
            inferred = case.op.infer(ranks, case.settings)
        except ShapeError:
            return
        for spec, array in zip(inferred, expected, strict=True):
            assert not spec.has_rank or spec.ndim == array.ndim, f"{case!r} of unknown rank: {spec}"


# -- values ------------------------------------------------------------------------------------------


def check_forward(case: Case, device: Device, dtype: str, profile: Profile) -> None:
    """What the device computes is what the reference computes in float64; for other operands of these shapes, too."""
    _check_values(case, case.arrays(dtype), device, dtype, profile)
    if not case.op.derived:
        _check_values(case, tuple(map(_turned, case.arrays(dtype))), device, dtype, profile, ", operands reversed")


def check_sizes(case: Case, device: Device, dtype: str, profile: Profile) -> None:
    """What is computed element by element is right without axes, for one element, and for an odd number of many."""
    for variant in variants.sizes(case):
        _check_values(variant, variant.arrays(dtype), device, dtype, profile, ", another size")


def check_settings(case: Case, device: Device, dtype: str, profile: Profile) -> None:
    """On the same operands, other settings give what they should."""
    for variant in variants.other_settings(case):
        _check_values(variant, variant.arrays(dtype), device, dtype, profile, ", settings of another example")


def check_whole_numbers(case: Case, device: Device) -> None:
    """Whole numbers that floating point cannot hold are right to the last digit."""
    variant = variants.whole_numbers(case)
    assert variant is not None, f"{case!r} has no exact answer in whole numbers"
    for results in _ways_to_run(variant, variant.inputs, device, "float64"):
        for actual, expected in zip(results, variant.expected(), strict=True):
            assert_same_bits(actual, expected, f"{variant!r}, large whole numbers")


def check_large_numbers(case: Case, device: Device, profile: Profile) -> None:
    """Where sums and squares leave the range of a dtype, results that need not leave it do not.

    A composition may leave that of float16, to which each of its steps is rounded.
    """
    for dtype in variants.NARROW:
        if dtype in profile.dtypes and not (dtype == "float16" and _bound(case, device, dtype).how == "composed"):
            for variant in variants.large_numbers(case, dtype):
                _check_values(variant, variant.arrays(dtype), device, dtype, profile, ", large numbers", is_scaled=True)


def check_specials(case: Case, device: Device, dtype: str, profile: Profile) -> None:
    """NaN goes in and comes out as in the reference; so do infinities and 0 where each element stands alone."""
    for variant in variants.specials(case):
        _check_values(variant, variant.arrays(dtype), device, dtype, profile, ", some NaN or infinite")


def _check_values(
    case: Case, arrays: Sequence[Array | None], device: Device, dtype: str, profile: Profile, what: str = "",
    is_scaled: bool = False,
) -> None:  # fmt: skip
    specs = case.op.infer(case.specs(dtype), case.settings)
    names = _output_names(case.op, specs)
    with np.errstate(all="ignore"):
        wanted = case.expected(tuple(arrays))
        for results in _ways_to_run(case, arrays, device, dtype):
            for name, spec, actual, found in zip(names, specs, results, wanted, strict=True):
                expected = narrowed(found, spec.dtype)
                assert actual.dtype == spec.dtype, f"{case!r}: {name} is {actual.dtype}, the rule says {spec.dtype}"
                tolerance = EXACT if case.op.name in SAME_BITS else tolerance_of(spec.dtype, profile.tolerances)
                if is_scaled and tolerance is not EXACT:
                    tolerance = scaled(tolerance, expected)
                assert_close(actual, expected, tolerance, f"{case!r} in {dtype}{what}: {name}")


def _ways_to_run(case: Case, arrays: Sequence[Array | None], device: Device, dtype: str) -> Iterator[list[Array]]:
    """Results of an eager call, and for a view, which calls its kernel only where memory must be copied, of that."""
    yield run(case, arrays, device)
    bound = _bound(case, device, dtype)
    if bound.view is not None and bound.run is not None:
        yield _on_host(device, _run_kernel(bound, _uploaded(device, arrays)))


def _output_names(op: Op, specs: Sequence[Spec]) -> Sequence[str]:
    return [f"output {i}" for i in range(len(specs))] if op.outputs == "*" else op.outputs


def check_determinism(case: Case, device: Device, dtype: str) -> None:
    """Computed twice, the bits are the same."""
    arrays = case.arrays(dtype)

    for first, second in zip(run(case, arrays, device), run(case, arrays, device), strict=True):
        assert_same_bits(second, first, f"{case!r}, computed again")


def check_strided(case: Case, device: Device, dtype: str, profile: Profile) -> None:
    """Operands that are views of any kind give what packed ones give."""
    for spread in (transposed, in_between, backwards, repeating):
        seen = variants.repeated(case) if spread is repeating else case
        if seen is None:
            continue
        arrays = seen.arrays(dtype)
        plain = run(case, arrays, device)
        for results in _strided_ways(case, [None if x is None else spread(x, device) for x in arrays], device, dtype):
            for actual, expected in zip(results, plain, strict=True):
                tolerance = tolerance_of(expected.dtype, profile.tolerances)
                assert_close(actual, expected, tolerance, f"{case!r}, operands {spread.__name__}")


def _strided_ways(case: Case, views: Sequence[Any], device: Device, dtype: str) -> Iterator[list[Array]]:
    """Results of an eager call, and of the kernel of what is a view in an eager call."""
    yield [np.array(out.numpy()) for out in call(case, views, device)]
    bound = _bound(case, device, dtype)
    if bound.view is not None and bound.run is not None:
        buffers = _run_kernel(bound, [None if x is None else x.buffer(not bound.strided) for x in views])
        yield _on_host(device, list(map(device.backend.pack, buffers)))


def transposed(x: Array, device: Device) -> Tensor:
    """The elements of x in memory of the opposite order."""
    base = Tensor.of(np.array(x.T, order="C"), device=device)
    result: Tensor = ops.transpose(base)
    return result


def in_between(x: Array, device: Device) -> Tensor:
    """Every second element of larger memory, from the second on, along each axis."""
    around = np.full([2 * n + 1 for n in x.shape], _rubbish(x.dtype), x.dtype)
    around[tuple([slice(1, None, 2)] * x.ndim)] = x
    base = Tensor.of(around, device=device)
    starts, steps = (1,) * x.ndim, (2,) * x.ndim
    result: Tensor = ops.slice(base, start=starts, step=steps)
    return result


def _rubbish(dtype: Any) -> Any:
    return np.nan if is_float(dtype) else True if dtype.kind == "b" else 97


def backwards(x: Array, device: Device) -> Tensor:
    """The elements of x in memory that is walked from its end to its start."""
    base = Tensor.of(np.array(np.flip(x), order="C"), device=device)
    every = (None,) * x.ndim
    result: Tensor = ops.slice(base, start=every, stop=every, step=(-1,) * x.ndim)
    return result


def repeating(x: Array, device: Device) -> Tensor:
    """The elements of x, of which those of a row are one element in memory where they are equal."""
    if not x.ndim or not x.size or not same_elements(x, x[..., :1]).all():
        return Tensor.of(x, device=device)
    result: Tensor = ops.broadcast_to(Tensor.of(np.array(x[..., :1]), device=device), shape=x.shape)
    return result


# -- memory ------------------------------------------------------------------------------------------

DECLARED = ("out", "in_place", "memory")  # checks of what a kernel may leave undeclared


def declares(case: Case, device: Device, check: str, dtype: str = "float32") -> bool:
    """Whether what runs the example declares what one of the DECLARED checks is about; else there is nothing to check.

    out: it takes offered memory.  in_place: even an operand's own.  memory: it is a kernel at all, not a composition
    """
    try:
        bound = _bound(case, device, dtype)
    except Exception:  # the check is there to tell of it
        return True
    if check == "memory":
        return bound.run is not None
    takes_out = bound.run is not None and bound.out and device.has_stable_buffers
    if check == "in_place":
        return takes_out and bound.in_place and bool(_successions(case, bound.specs, dtype))
    return takes_out


def _bound(case: Case, device: Device, dtype: str) -> Bound:
    return bind(case.op, device, tuple(case.specs(dtype)), case.settings, Quiet())


class Quiet(Policy):
    """The policy that is configured, but it warns of nothing: it asks how an op would run."""

    def __init__(self) -> None:
        self.exact = config.policy().exact

    def fall_back_to_host(self, op: Any, device: Any, rejected: Any) -> None:
        """Nothing is said."""


def _run_kernel(bound: Bound, operands: Sequence[Any], **offer: Any) -> list[Any]:
    assert bound.run is not None, f"{bound.op.name}: runs as a composition, and not by a kernel"
    made = bound.run(*operands, **offer)
    return [made] if bound.is_single else list(made)


def _offer(bound: Bound, outs: Sequence[Any]) -> Any:
    return outs[0] if bound.is_single else tuple(outs)


def _on_host(device: Device, buffers: Sequence[Any]) -> list[Array]:
    return [np.array(device.download(buffer)) for buffer in buffers]


def _uploaded(device: Device, arrays: Sequence[Array | None]) -> list[Any]:
    return [None if x is None else device.upload(np.array(x)) for x in arrays]


def can_guard(device: Device) -> bool:
    """Whether the device has memory that can be looked at around a result."""
    backend = device.backend
    return backend.allocate is not None and backend.carve is not None and backend.write is not None


def check_memory(case: Case, device: Device, dtype: str) -> None:
    """A result has memory of its own, row by row; neither a later call nor a write to an operand changes it."""
    arrays, bound = case.arrays(dtype), _bound(case, device, dtype)
    operands = _uploaded(device, arrays)
    results = _run_kernel(bound, operands)
    before = _on_host(device, results)

    for buffer, bits in zip(results, before, strict=True):
        flat = device.view(buffer, ((bits.size,), (1,), 0))
        assert_same_bits(_on_host(device, [flat])[0], bits.reshape(-1), f"{case!r}: a result, read row by row")
    _assert_untouched(case, device, operands, arrays)

    def check_unchanged(what: str) -> None:
        for after, bits in zip(_on_host(device, results), before, strict=True):
            assert_same_bits(after, bits, f"{case!r}: a result, after {what}")

    for others in (list(map(_turned, arrays)), (variants.repeated(case) or case).arrays(dtype)):
        _run_kernel(bound, _uploaded(device, others))
        check_unchanged("another call")
    if device.backend.write is not None:
        for buffer, x in zip(operands, arrays, strict=True):
            if x is not None:
                device.backend.write(buffer, device.upload(np.zeros_like(x)))
        check_unchanged("its operands were overwritten")


def _assert_untouched(case: Case, device: Device, operands: Sequence[Any], arrays: Sequence[Array | None]) -> None:
    for buffer, before in zip(operands, arrays, strict=True):
        if before is not None:
            assert_same_bits(np.array(device.download(buffer)), before, f"{case!r}: an operand, afterwards")


def check_out(case: Case, device: Device, dtype: str) -> None:
    """A kernel that takes `out` fills it, writes nothing around it, and leaves its operands as they are."""
    arrays, bound = case.arrays(dtype), _bound(case, device, dtype)
    operands = _uploaded(device, arrays)
    expected = _on_host(device, _run_kernel(bound, operands))
    specs = [Spec(x.shape, x.dtype) for x in expected]

    if can_guard(device):
        memory, whole, places = _guarded(device, specs)
        carve: Any = device.backend.carve
        outs = [carve(memory, at, s.shape, s.dtype) for at, s in zip(places, specs, strict=True)]
    else:
        whole, places, outs = None, [], [device.empty(s) for s in specs]
    _run_kernel(bound, operands, out=_offer(bound, outs))

    for name, out, bits in zip(_output_names(case.op, specs), outs, expected, strict=True):
        assert_same_bits(np.array(device.download(out)), bits, f"{case!r}: {name} written to memory that was offered")
    if whole is not None:
        is_guard = np.ones(whole.shape[0], bool)
        for at, spec in zip(places, specs, strict=True):
            is_guard[at : at + _bytes(spec)] = False
        after = np.array(device.download(whole))
        assert (after[is_guard] == PATTERN).all(), f"{case!r}: wrote outside the memory that was offered"
    _assert_untouched(case, device, operands, arrays)


def _guarded(device: Device, specs: Sequence[Spec]) -> tuple[Any, Any, list[int]]:
    """Memory full of a pattern, that memory as bytes, and where it has rubbish for results of these Specs."""
    places, end = [], 64
    for spec in specs:
        places.append(end)
        end += -(-_bytes(spec) // 64) * 64 + 64
    backend = device.backend
    assert backend.allocate is not None and backend.carve is not None and backend.write is not None
    memory = backend.allocate(end)
    whole = backend.carve(memory, 0, (end,), np.dtype(np.uint8))
    content = np.full(end, PATTERN, np.uint8)
    for at, spec in zip(places, specs, strict=True):
        content[at : at + _bytes(spec)] = RUBBISH
    backend.write(whole, device.upload(content))
    return memory, whole, places


def _bytes(spec: Spec) -> int:
    shape: Any = spec.shape
    return int(np.prod(shape, dtype=np.int64)) * spec.dtype.itemsize


def check_in_place(case: Case, device: Device, dtype: str) -> None:
    """A kernel that says so may write a result over the operand that it succeeds."""
    arrays, bound = case.arrays(dtype), _bound(case, device, dtype)
    for overwritten in _successions(case, bound.specs, dtype):
        operands = _uploaded(device, arrays)
        expected = _on_host(device, _run_kernel(bound, operands))

        outs = [operands[position] for position in overwritten]
        _run_kernel(bound, operands, out=_offer(bound, outs))

        for actual, bits in zip(_on_host(device, outs), expected, strict=True):
            assert_same_bits(actual, bits, f"{case!r}, written over operands {overwritten}")


def _successions(case: Case, specs: Sequence[Spec], dtype: str) -> list[list[int]]:
    """Which operands the outputs may overwrite: any one for a single output, else the one of an output's name."""
    given = case.specs(dtype)
    if len(specs) == 1:
        return [[i] for i, spec in enumerate(given) if spec is specs[0]]
    names = [case.op.inputs[0], *[name.removesuffix("_out") for name in case.op.outputs[1:]]]
    if not set(names) <= set(case.op.inputs):
        return []
    return [[case.op.inputs.index(name) for name in names]]


# -- gradients ---------------------------------------------------------------------------------------


def differentiable(case: Case) -> list[int]:
    """Positions of the operands that have a gradient."""
    names = case.op.names_of(len(case.inputs))
    return [
        i
        for i, (name, x) in enumerate(zip(names, case.inputs, strict=True))
        if x is not None and x.dtype == np.float64 and case.op.is_differentiable(name)
    ]


def has_gradient(case: Case) -> bool:
    """Whether there is anything to differentiate."""
    return bool(differentiable(case)) and bool(_wanted_outputs(case))


def _wanted_outputs(case: Case) -> list[int]:
    specs = case.op.infer(case.specs(), case.settings)
    names = _output_names(case.op, specs)
    return [i for i, spec in enumerate(specs) if is_float(spec.dtype) and names[i] not in case.op.auxiliary]


def _seeds(case: Case, dtype: Any = "float64") -> list[Array]:
    """A weight for each element of each output, so that no two of them can be exchanged unnoticed."""
    specs = [case.op.infer(case.specs(dtype), case.settings)[i] for i in _wanted_outputs(case)]
    random = np.random.default_rng(zlib.crc32(str(case).encode()))
    seeds = []
    for spec in specs:
        shape: Any = spec.shape
        seeds.append(np.asarray(random.uniform(0.5, 1.5, shape) * random.choice([-1.0, 1.0], shape)).astype(spec.dtype))
    return seeds


def _directions(arrays: Sequence[Array], seed: str) -> list[Array]:
    random = np.random.default_rng(zlib.crc32(seed.encode()))
    return [np.asarray(random.normal(size=x.shape)) for x in arrays]


_numeric_gradients: dict[tuple[Op, int], list[Array]] = {}


def numeric_gradients(case: Case) -> list[Array]:
    """The gradient of the weighted sum of the reference's outputs, by differences."""
    key = case.op, case.number
    if key not in _numeric_gradients:
        seeds, wanted = _seeds(case), _wanted_outputs(case)

        def weighted(*arrays: Array) -> float:
            outs = case.expected(arrays)
            return float(sum([float((outs[i] * w).sum()) for i, w in zip(wanted, seeds, strict=True)]))

        _numeric_gradients[key] = [
            numeric.gradient(weighted, case.inputs, i, _step(case)) for i in differentiable(case)
        ]
    return _numeric_gradients[key]


def _step(case: Case) -> float:
    """A longer step where the result is rounded to less than float64."""
    return numeric.STEP if all([w.dtype == np.float64 for w in _seeds(case)]) else numeric.LONG_STEP


def _tolerance(case: Case, profile: Profile) -> Tolerance:
    return NUMERIC[profile.widest if _step(case) == numeric.STEP else "float32"]


def first_gradients(
    case: Case, device: Device, arrays: Sequence[Array | None], seeds: Sequence[Array], again: bool = False
) -> tuple[list[Any], list[Any]]:
    """The gradients of the operands by the rules, and what they were computed from: operands, then seeds.

    again: record the gradients too, to differentiate them
    """
    xs, ws = upload(arrays, device), upload(seeds, device)
    positions, wanted = differentiable(case), _wanted_outputs(case)
    sources = [xs[i] for i in positions] + ws
    for x in sources if again else sources[: len(positions)]:
        assert x is not None
        x.require_gradient()
    with recording(True):
        outs = call(case, xs, device)
    with recording(again):
        found = gradients([outs[i] for i in wanted], [xs[i] for i in positions], ws)
        return list(map(dense, found)), sources


def dense(g: Any) -> Any:
    """A gradient as an ordinary value; a table's may name its rows only."""
    return g.dense() if hasattr(g, "dense") else g


def check_gradient(case: Case, device: Device, profile: Profile) -> None:
    """The gradient rules agree with what differences say."""
    dtype = as_dtype(profile.widest)

    found, _ = first_gradients(case, device, case.arrays(dtype), _seeds(case, dtype))

    for position, g, expected in zip(differentiable(case), found, numeric_gradients(case), strict=True):
        what = f"{case!r}: gradient of {case.op.names_of(len(case.inputs))[position]}"
        actual = np.zeros(expected.shape) if g is None else np.asarray(g.numpy())
        assert_close(actual, expected, _tolerance(case, profile), what)


_numeric_slopes: dict[tuple[Op, int], list[list[float]]] = {}
SLOPES = 2


def _second_arrays(case: Case) -> tuple[list[Array], list[Array]]:
    """What second gradients are taken of: operands and seeds; and the weights of the first gradients."""
    operands = [x for i in differentiable(case) if (x := case.inputs[i]) is not None]
    return operands + _seeds(case), _directions(operands, f"weights of {case}")


def numeric_slopes(case: Case) -> list[list[float]]:
    """How the weighted sum of the first gradients, by the rules on the references, changes along some directions."""
    key = case.op, case.number
    if key not in _numeric_slopes:
        sources, weights = _second_arrays(case)
        positions, device = differentiable(case), reference.device()

        def weighted(*moved: Array) -> float:
            arrays = list(case.inputs)
            for i, x in zip(positions, moved, strict=False):
                arrays[i] = x
            found, _ = first_gradients(case, device, arrays, moved[len(positions) :])
            return float(
                sum([float((g.numpy() * w).sum()) for g, w in zip(found, weights, strict=True) if g is not None])
            )

        _numeric_slopes[key] = [
            [numeric.slope(weighted, sources, i, d[i], _step(case)) for i in range(len(sources))]
            for d in _paths(case, sources)
        ]
    return _numeric_slopes[key]


def forget_slopes(op: Op) -> None:
    """Take the slopes of an op's first gradients anew, since its rules have changed."""
    for key in [key for key in _numeric_slopes if key[0] is op]:
        del _numeric_slopes[key]


def _paths(case: Case, sources: Sequence[Array]) -> list[list[Array]]:
    return [_directions(sources, f"path {n} of {case}") for n in range(SLOPES)]


def check_second_gradient(case: Case, device: Device, profile: Profile) -> None:
    """The gradient rules of the gradient rules agree with what differences say of the latter."""
    dtype = as_dtype(profile.widest)
    sources, weights = _second_arrays(case)

    first, leaves = first_gradients(case, device, case.arrays(dtype), _seeds(case, dtype), again=True)
    pairs = [(g, w) for g, w in zip(first, weights, strict=True) if g is not None and g.edge is not None]
    seeds = [Tensor.of(w.astype(dtype), device=device) for _, w in pairs]
    second = gradients([g for g, _ in pairs], leaves, seeds)

    tolerance = _tolerance(case, profile)
    for path, slopes in zip(_paths(case, sources), numeric_slopes(case), strict=True):
        for i, (g, direction, expected) in enumerate(zip(second, path, slopes, strict=True)):
            value = 0.0 if g is None else (np.asarray(g.numpy()).astype(np.float64) * direction).sum()
            what = f"{case!r}: second gradient, slope along source {i}"
            scale = 10 * tolerance.absolute * max(1.0, float(np.abs(direction).sum()))
            assert abs(value - expected) <= scale + tolerance.relative * abs(expected), (
                f"{what}: {value}, expected {expected}"
            )


# -- which checks have something to say of an example ------------------------------------------------

APPLIES: dict[str, Callable[[Case], bool]] = {
    "sizes": variants.has_free_size,
    "settings": variants.has_other_settings,
    "whole_numbers": lambda case: variants.whole_numbers(case) is not None,
    "large_numbers": variants.has_large_numbers,
    "specials": lambda case: bool(variants.may_change(case)),
    "gradient": has_gradient,
    "second_gradient": has_gradient,
}


# -- programs ----------------------------------------------------------------------------------------


def check_program(case: Case, device: Device, dtype: str, has_unknown_sizes: bool) -> None:
    """A program computes the bits of eager calls, gradients too, and again after a run on something else."""
    arrays = case.arrays(dtype)
    seeds = _seeds(case, dtype) if has_gradient(case) and not (has_unknown_sizes and _is_unrolled(case)) else []
    expected = _eager_bits(case, device, arrays, seeds)
    program, fed = _program(case, device, dtype, has_unknown_sizes, bool(seeds))

    def results(values: Sequence[Array | None], weights: Sequence[Array]) -> list[Tensor]:
        given = [x for x in values if x is not None] + list(weights)
        return program.run(dict(zip(fed, given, strict=True)))

    first = results(arrays, seeds)
    results([_turned(x) for x in arrays], [_turned(w) for w in seeds])
    again = results(arrays, seeds)

    for what, made in (("first run", first), ("a run after another one", again)):
        assert len(made) == len(expected), f"{case!r}: {len(made)} results, eager calls give {len(expected)}"
        for i, (actual, bits) in enumerate(zip(made, expected, strict=True)):
            assert_same_bits(np.array(actual.numpy()), bits, f"{case!r} as a program, {what}: result {i}")


def _is_unrolled(case: Case) -> bool:
    """Whether its gradients come from a decomposition that must know the sizes."""
    names = case.op.names_of(len(case.inputs))
    return case.op.unrolled and case.op.needs_decomposition([names[i] for i in differentiable(case)])


def _turned(x: Any) -> Any:
    """Another operand that is just as valid: numbers in reverse; of positions and labels, the rows in reverse."""
    return None if x is None else np.array(np.flip(x, None if is_float(x.dtype) or not x.ndim else 0), order="C")


def _eager_bits(case: Case, device: Device, arrays: Sequence[Array | None], seeds: Sequence[Array]) -> list[Array]:
    results = run(case, arrays, device)
    if seeds:
        found, _ = first_gradients(case, device, arrays, seeds)
        results += [np.array(g.numpy()) for g in found if g is not None]
    return results


def _program(
    case: Case, device: Device, dtype: str, has_unknown_sizes: bool, has_seeds: bool
) -> tuple[Program, list[Symbol]]:
    graph = Graph()
    fed: list[Symbol] = []
    xs: list[Symbol | None] = []
    for spec in case.specs(dtype):
        if spec is None:
            xs.append(None)
            continue
        shape: Any = (None, *spec.shape[1:]) if has_unknown_sizes and spec.shape else spec.shape
        fed.append(graph.placeholder(shape, spec.dtype))
        xs.append(fed[-1])
    outs = call(case, xs, graph)
    fetches = list(outs)
    if has_seeds:
        weights = [graph.placeholder(outs[i].spec.shape, outs[i].spec.dtype) for i in _wanted_outputs(case)]
        found = gradients([outs[i] for i in _wanted_outputs(case)], [xs[i] for i in differentiable(case)], weights)
        fetches += [dense(g) for g in found if g is not None]
        fed += weights
    return Program(fetches, fed=fed, device=device), fed


def check_strided_program(case: Case, device: Device, dtype: str, profile: Profile) -> None:
    """Inside a program too, an op takes operands that are views, which are packed where its kernel wants that."""
    arrays = case.arrays(dtype)
    graph = Graph()
    fed = [None if x is None else graph.placeholder(x.T.shape, x.dtype) for x in arrays]
    outs = call(case, [None if x is None else ops.transpose(x) for x in fed], graph)
    program = Program(outs, fed=[x for x in fed if x is not None], device=device)

    feeds = {s: np.array(x.T, order="C") for s, x in zip(fed, arrays, strict=True) if s is not None and x is not None}
    for actual, expected in zip(program.run(feeds), run(case, arrays, device), strict=True):
        tolerance = tolerance_of(expected.dtype, profile.tolerances)
        assert_close(np.array(actual.numpy()), expected, tolerance, f"{case!r} as a program of transposed operands")
