"""A kernel with a mistake is noticed by the check that is there for it."""

import itertools

import numpy as np
import pytest

import trivium.ops  # noqa: F401 - the fake device has a kernel for each op that exists
from trivium.op import OPS
from trivium.testing import op_checks
from trivium.testing.fake import Buffer, FakeBackend, computed, of
from trivium.testing.profile import Profile
from trivium.testing.samples import cases

CHECKS = {
    "forward": lambda case, device: op_checks.check_forward(case, device, "float32", Profile()),
    "half": lambda case, device: op_checks.check_forward(case, device, "bfloat16", Profile()),
    "out": lambda case, device: op_checks.check_out(case, device, "float32"),
    "in_place": lambda case, device: op_checks.check_in_place(case, device, "float32"),
    "determinism": lambda case, device: op_checks.check_determinism(case, device, "float32"),
    "strided": lambda case, device: op_checks.check_strided(case, device, "float32", Profile()),
    "strided_program": lambda case, device: op_checks.check_strided_program(case, device, "float32", Profile()),
    "gradient": lambda case, device: op_checks.check_gradient(case, device, Profile()),
    "second_gradient": lambda case, device: op_checks.check_second_gradient(case, device, Profile()),
    "program": lambda case, device: op_checks.check_program(case, device, "float32", False),
    "program_of_unknown_sizes": lambda case, device: op_checks.check_program(case, device, "float32", True),
}


def device_with(op_name, kernel, **traits):
    """A fake device on which one op has this kernel: kernel(op, arrays, settings, out) -> array."""
    op = OPS[op_name]
    backend = FakeBackend(f"fake_{next(numbers)}")

    def prepare(specs, settings):
        def run(*buffers, out=None):
            return kernel(op, [of(b) for b in buffers], settings, out)

        return run

    backend.kernels[op_name].clear()
    backend.kernel(op_name, prepared=True, **traits)(prepare)
    return backend.device()


numbers = itertools.count()


def noticed_by(op_name, device):
    """The checks that fail for some example of an op."""
    return {
        name for name, check in CHECKS.items() if any(fails(check, case, device, name) for case in cases(OPS[op_name]))
    }


def fails(check, case, device, name):
    if "gradient" in name and not op_checks.has_gradient(case):
        return False
    try:
        check(case, device)
    except AssertionError:
        return True
    return False


def delivered(result, out):
    if out is None:
        return Buffer(np.array(result, order="C"))
    np.copyto(of(out), result)
    return out


def negated(op, arrays, settings, out):
    return delivered(-computed(op, arrays, settings), out)


def swapped(op, arrays, settings, out):
    return delivered(computed(op, arrays[::-1], settings), out)


def other_axis(op, arrays, settings, out):
    return delivered(computed(op, arrays, {**settings, "axis": 0} if arrays[0].size else settings), out)


def narrow_sum(op, arrays, settings, out):
    return delivered(op.reference(*[x.astype("f2") for x in arrays], **settings).astype(arrays[0].dtype), out)


def widened(op, arrays, settings, out):
    return delivered(computed(op, arrays, settings).astype(np.float64), None)


class Stale:
    """Gives the result of the first call again and again."""

    def __init__(self):
        self.first = {}

    def __call__(self, op, arrays, settings, out):
        key = tuple([(x.shape, x.dtype.name) for x in arrays])
        return delivered(self.first.setdefault(key, computed(op, arrays, settings)), out)


class Unsteady:
    """Adds up in an order that changes."""

    def __init__(self):
        self.calls = 0

    def __call__(self, op, arrays, settings, out):
        self.calls += 1
        result = computed(op, arrays, settings)
        return delivered(result * result.dtype.type(1 + 1e-6 * (self.calls % 2)), out)


def beyond(op, arrays, settings, out):
    result = computed(op, arrays, settings)
    if out is not None and len(memory := memory_of(of(out))) > of(out).nbytes:
        np.frombuffer(memory, np.uint8)[of(out).nbytes] = 0
    return delivered(result, out)


def memory_of(array):
    """The memory from where an array starts to the end of what it was carved out of."""
    whole = array.base
    start = array.__array_interface__["data"][0] - np.frombuffer(whole, np.uint8).__array_interface__["data"][0]
    return whole[start:]


def deaf_to_out(op, arrays, settings, out):
    return delivered(computed(op, arrays, settings), None)


def clobbering(op, arrays, settings, out):
    made = delivered(computed(op, arrays, settings), out)
    arrays[0].reshape(-1)[:1] = 0
    return made


def piecewise(op, arrays, settings, out):
    """Writes before it has read everything."""
    result = computed(op, arrays, settings)
    if out is not None:
        of(out)[...] = 0
        result = computed(op, arrays, settings)
    return delivered(result, out)


def blind_to_strides(op, arrays, settings, out):
    packed = [np.lib.stride_tricks.as_strided(x, x.shape, np.empty(x.shape, x.dtype).strides) for x in arrays]
    return delivered(computed(op, packed, settings), out)


@pytest.mark.parametrize(
    ("name", "kernel", "traits", "expected"),
    [
        ("add", negated, {}, "forward"),
        ("subtract", swapped, {}, "forward"),
        ("matmul", negated, {}, "gradient"),
        ("matmul", negated, {}, "second_gradient"),
        ("softmax", other_axis, {}, "forward"),
        ("sum", narrow_sum, {}, "forward"),
        ("exp", widened, {}, "forward"),
        ("multiply", Stale(), {}, "forward"),
        ("matmul", Unsteady(), {}, "determinism"),
        ("add", beyond, {}, "out"),
        ("add", deaf_to_out, {}, "out"),
        ("add", deaf_to_out, {}, "program"),
        ("add", clobbering, {}, "out"),
        ("add", piecewise, {"in_place": True}, "in_place"),
        ("add", blind_to_strides, {"strided": True}, "strided"),
        ("add", blind_to_strides, {"strided": True}, "strided_program"),
        ("exp", negated, {}, "half"),
    ],
)  # fmt: skip
def test_a_mistake_is_noticed(name, kernel, traits, expected):
    device = device_with(name, kernel, **traits)

    assert expected in noticed_by(name, device)


def test_one_broken_op_fails_alone():
    device = device_with("tanh", negated)

    assert not noticed_by("sigmoid", device)
    assert not noticed_by("matmul", device)
