"""Nothing is copied to the host behind the user's back: the fake device counts, and refuses to be read."""

import numpy as np
import pytest

import trivium.ops  # noqa: F401 - the fake device has a kernel for each op that exists
from trivium.errors import DeviceError
from trivium.op import OPS
from trivium.tensor import Tensor
from trivium.testing import op_checks, training_checks
from trivium.testing.fake import FakeBackend
from trivium.testing.samples import cases

CASES = [case for op in OPS.values() for case in cases(op)]


@pytest.mark.parametrize(
    "read", [np.asarray, np.array, float, int, bool, list, len, lambda b: b[0], lambda b: np.add(b, 1), memoryview]
)
def test_a_buffer_cannot_be_read_but_by_its_backend(read):
    buffer = FakeBackend().device().upload(np.ones(1))

    with pytest.raises((DeviceError, TypeError)):
        read(buffer)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_op_and_its_gradients_leave_data_where_it_is(case):
    backend = FakeBackend()
    device = backend.device()
    arrays = case.arrays("float32")
    op_checks.run(case, arrays, device)  # numbers in rules are uploaded once
    if has_gradient := op_checks.has_gradient(case):
        op_checks.first_gradients(case, device, arrays, op_checks._seeds(case, "float32"))
    operands = op_checks.upload(arrays, device)
    before = backend.crossings

    op_checks.call(case, operands, device)
    assert backend.crossings == before

    if has_gradient:
        seeds = op_checks._seeds(case, "float32")
        given = sum(x is not None for x in arrays) + len(seeds)
        op_checks.first_gradients(case, device, arrays, seeds)
        assert backend.crossings == before + given


def test_a_training_step_uploads_its_batch_and_nothing_else():
    backend = FakeBackend()
    network = training_checks.Network(backend.device())
    network.programmed()  # constants are uploaded when a program is bound
    graph_runs = []

    class Counting(training_checks.Program):
        def run(self, feeds):
            before = backend.uploads, backend.downloads
            result = super().run(feeds)
            graph_runs.append((backend.uploads - before[0], backend.downloads - before[1]))
            return result

    original, training_checks.Program = training_checks.Program, Counting
    try:
        network.programmed()
    finally:
        training_checks.Program = original

    assert graph_runs[1:] == [(2, 0), (2, 0)]


def test_writing_to_a_tensor_stays_on_the_device():
    backend = FakeBackend()
    x, y = [Tensor.of(np.ones((2, 3), np.float32), device=backend.device()) for _ in range(2)]
    before = backend.crossings

    x.write(y * y)

    assert backend.crossings == before
