"""Bit equality: kernels declare whether they keep it, and can be held to it."""

import numpy as np
import pytest

import trivium.ops  # noqa: F401 - the fake device has a kernel for each op that exists
from trivium import config, ops
from trivium.backend import Backend
from trivium.registry import temporary
from trivium.tensor import Tensor
from trivium.testing import training_checks


def device_with_a_quick_kernel():
    backend = Backend("host", from_numpy=np.array, to_numpy=np.asarray)
    backend.kernel("add")(lambda x, y, out=None: x + y)
    backend.kernel("add", priority=10, exact=False)(lambda x, y, out=None: x + y + np.float32(1e-3))
    return backend.device()


def total(device):
    one = Tensor.of(np.ones((), np.float32), device=device)
    return ops.add(one, one).item()


def test_a_quick_kernel_that_is_not_exact_is_used_by_default():
    assert total(device_with_a_quick_kernel()) != 2


def test_where_exactness_is_asked_for_only_exact_kernels_serve():
    with temporary(), config.override(exact=True):
        assert total(device_with_a_quick_kernel()) == 2


def test_a_training_step_has_equal_bits_eagerly_and_as_a_program(device):
    training_checks.check_network(device)


@pytest.mark.parametrize("setting", ["exact"])
def test_exactness_is_a_setting_of_the_environment(setting, monkeypatch):
    monkeypatch.setenv("TRIVIUM_EXACT", "1")
    config.reload()
    try:
        assert config.policy().exact
    finally:
        monkeypatch.undo()
        config.reload()
