"""Kernels: how one is chosen, what it is given, and what is remembered of the others."""

import numpy as np
import pytest

from trivium import config, ops, registry
from trivium.backend import Backend
from trivium.errors import KernelError, PluginError
from trivium.kernel import KernelTable, Refused, Workspace, bind
from trivium.op import OPS, Op
from trivium.spec import Spec
from trivium.tensor import Tensor
from trivium.testing.fake import FakeBackend


def host(**functions):
    return Backend("host", from_numpy=np.array, to_numpy=np.asarray, **functions)


def chosen(backend, name, *shapes, **settings):
    specs = tuple([Spec(shape, "float32") for shape in shapes])
    return bind(OPS[name], backend.device(), specs, settings, config.policy())


def test_the_best_kernel_that_does_not_refuse_is_chosen_and_reasons_are_kept():
    backend = host()
    backend.kernel("exp")(lambda x, out=None: np.exp(x))
    table = KernelTable("host", provider="quick", priority=5)
    table.kernel("exp", prepared=True)(
        lambda specs, settings: Refused("it takes vectors only") if specs[0].ndim > 1 else np.exp
    )
    backend.add_kernels(table)

    assert chosen(backend, "exp", (3,)).provider == "quick"
    assert chosen(backend, "exp", (3, 3)).provider == "host"
    assert chosen(backend, "exp", (3, 3)).rejected == [("quick's exp", "it takes vectors only")]


def test_two_kernels_of_one_priority_are_refused():
    backend = host()
    backend.kernel("exp")(lambda x, out=None: np.exp(x))
    table = KernelTable("host", provider="other")
    table.kernel("exp")(lambda x, out=None: np.exp(x))

    with pytest.raises(PluginError, match="other's exp for host has priority 0, as has host's exp"):
        backend.add_kernels(table)


def test_a_kernel_is_prepared_once_for_a_signature():
    backend, prepared = FakeBackend(), []
    backend.kernels["exp"].clear()

    @backend.kernel("exp", prepared=True)
    def prepare(specs, settings):
        prepared.append(specs)
        return FakeBackend().candidates(OPS["exp"])[0].prepare(specs, settings)

    for shape in ((2,), (2,), (3,), (2,)):
        ops.exp(Tensor.of(np.ones(shape, np.float32), device=backend.device()))

    assert [spec.shape for (spec,) in prepared] == [(2,), (3,)]


def test_the_order_is_kernel_fallback_decomposition_host():
    scores = ((2, 3),)
    backend = host()
    assert chosen(backend, "softmax", *scores).how == "composed"
    with pytest.warns(config.HostFallbackWarning, match="exp: nothing runs it on host"):
        assert chosen(backend, "exp", (2,)).how == "host"

    backend = host(fallback=lambda op, specs, settings: lambda *buffers, out=None: op.reference(*buffers, **settings))
    assert chosen(backend, "softmax", *scores).how == "fallback"

    backend.kernel("softmax")(lambda x, out=None, **settings: x)
    assert chosen(backend, "softmax", *scores).how == "native"


def test_where_the_host_is_not_allowed_the_error_says_what_was_tried():
    class Strict(config.kernel.Policy):
        strict = True

    with pytest.raises(KernelError, match="exp: nothing runs it on host: host's kernels: none is registered for exp"):
        bind(OPS["exp"], host().device(), (Spec((2,)),), {}, Strict())


def test_a_fused_op_without_rules_differentiates_its_decomposition(device):
    made = Op(lambda x: np.tanh(x) ** 2, name="tanh_squared")
    made.shape(lambda x: x)
    made.decomposition(lambda x: ops.square(ops.tanh(x)))
    x = Tensor.of(np.array([0.5]), device=device).require_gradient()

    if device.type == "cpu":
        device.backend.forget()
    ops.sum(made(x)).backward()

    expected = 2 * np.tanh(0.5) * (1 - np.tanh(0.5) ** 2)
    assert x.gradient.item() == pytest.approx(expected)


def test_rules_ask_for_auxiliary_outputs_by_name():
    assert "indices" in OPS["max_pool"].gradient_rules["x"].needs
    assert {"mean", "variance"} <= set(OPS["batch_norm"].gradient_rules["x"].needs)


def test_the_tape_keeps_only_what_rules_ask_for(device):
    x = Tensor.of(np.ones((2, 3), np.float32), device=device).require_gradient()

    assert [value for value in ops.negative(x).edge.kept if value is not None] == []
    assert ops.sum(x).edge.kept == [x.spec]
    (out,) = ops.exp(x).edge.kept
    assert out.spec is x.spec and out.edge is None


def test_buffers_are_contiguous_unless_the_kernel_says_that_it_takes_strides(device):
    seen = []
    backend = FakeBackend()
    backend.kernels["exp"].clear()
    ready = FakeBackend().candidates(OPS["exp"])[0]

    @backend.kernel("exp", prepared=True)
    def prepare(specs, settings):
        run = ready.prepare(specs, settings)

        def watched(x, out=None):
            seen.append(x._array.flags.c_contiguous)
            return run(x, out=out)

        return watched

    ops.exp(ops.transpose(Tensor.of(np.ones((2, 3), np.float32), device=backend.device())))

    assert seen == [True]


def test_a_workspace_passes_between_one_providers_forward_and_gradient():
    found = []
    ours = KernelTable("cpu", provider="ours", priority=10)

    @ours.kernel("max_pool", out=False)
    def forward(x, *, out=None, **settings):
        result, indices = ops.max_pool.reference(x, **settings)
        Workspace.leave(indices, "ours", "which element won")
        return result, indices

    @ours.kernel("max_pool_gradient", out=False)
    def backward(g, indices, *, out=None, **settings):
        found.append((Workspace.find(indices, "ours"), Workspace.find(indices, "theirs")))
        return ops.max_pool_gradient.reference(g, indices, **settings)

    with registry.temporary():
        registry.register_kernels(ours)
        x = Tensor.of(np.arange(16.0).reshape(1, 1, 4, 4), dtype="float32").require_gradient()
        ops.max_pool(x, kernel=2)[0].sum().backward()

    assert found == [("which element won", None)]
    assert x.gradient.numpy().sum() == 4


def test_kernels_registered_for_a_while_are_gone_afterwards():
    backend = FakeBackend("brief")
    x = Tensor.of(np.zeros(2, np.float32), device=backend.device())
    table = KernelTable("brief", provider="ones", priority=9)
    table.kernel("exp")(lambda x, out=None: backend.from_numpy(np.full(2, 42, np.float32)))

    with registry.temporary():
        registry.register_backend(backend)
        before = ops.exp(x).numpy().tolist()
        with registry.temporary():
            registry.register_kernels(table)
            inside = ops.exp(x).numpy().tolist()
        after = ops.exp(x).numpy().tolist()

    assert (before, inside, after) == ([1, 1], [42, 42], [1, 1])


def test_an_update_is_written_in_place_only_by_a_kernel_that_may():
    backend = FakeBackend("hasty")
    step = Op(lambda value, gradient: value - gradient, name="step")
    step.shape(lambda value, gradient: value)

    @backend.kernel("step", out=True, in_place=False)
    def hasty(value, gradient, out=None):
        if out is not None:
            backend.write(out, backend.from_numpy(np.zeros(2, np.float32)))  # before the operands are read
        return backend.from_numpy(backend.to_numpy(value) - backend.to_numpy(gradient))

    value, gradient = (Tensor.of(np.array(x, np.float32), device=backend.device()) for x in ([3, 4], [1, 1]))

    Tensor.run_into(step, (value, gradient), {}, [value])

    assert value.numpy().tolist() == [2, 3]
