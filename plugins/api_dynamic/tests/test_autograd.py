"""Gradients: accumulation, refusals, hooks, Function, and gradients of gradients."""

import numpy as np
import pytest

import trivium_api_dynamic as ours


@pytest.fixture(params=["ours", "peer"])
def torch(request):
    """Both, so that each story is told of PyTorch, too."""
    return ours if request.param == "ours" else request.getfixturevalue("peer")


def test_gradients_accumulate_and_are_none_before(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    assert x.grad is None

    (x * x).sum().backward()
    (x * 3).sum().backward()

    assert x.grad.tolist() == [5, 7]


def test_each_leaf_has_memory_of_its_own_for_its_gradient(torch):
    x, y = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    seed = torch.ones(2)

    (x + y).backward(seed)
    x.sum().backward()
    x.grad.mul_(10)

    assert (x.grad.tolist(), y.grad.tolist(), seed.tolist()) == ([20, 20], [1, 1], [1, 1])


def test_backward_without_a_path_a_scalar_or_a_tape_is_refused(torch):
    x = torch.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="element 0 of tensors does not require grad and does not have a grad_fn"):
        torch.ones(1).backward()
    with pytest.raises(RuntimeError, match="grad can be implicitly created only for scalar outputs"):
        (x * 2).backward()

    loss = (x * x).sum()
    loss.backward()

    with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time"):
        loss.backward()


def test_retain_graph_allows_a_second_backward(torch):
    x = torch.ones(2, requires_grad=True)
    loss = (x * x).sum()

    loss.backward(retain_graph=True)
    loss.backward()

    assert x.grad.tolist() == [4, 4]


def test_no_grad_is_a_context_and_a_decorator(torch):
    x = torch.ones(1, requires_grad=True)

    @torch.no_grad()
    def double(v):
        return v * 2

    with torch.no_grad():
        assert not (x * 2).requires_grad
        with torch.enable_grad():
            assert (x * 2).requires_grad
    assert not double(x).requires_grad
    with torch.set_grad_enabled(False):
        assert not torch.is_grad_enabled()
    assert (x * 2).requires_grad
    torch.set_grad_enabled(False)
    assert not torch.is_grad_enabled()
    torch.set_grad_enabled(True)


def test_grad_returns_and_leaves_nothing_behind(torch):
    x, y = torch.tensor(2.0, requires_grad=True), torch.tensor(3.0, requires_grad=True)
    mid = x * y

    gx, gm = torch.autograd.grad(mid * mid, [x, mid])

    assert (gx.item(), gm.item()) == (36, 12)
    assert x.grad is None
    with pytest.raises(RuntimeError, match="appears to not have been used in the graph"):
        torch.autograd.grad(x * 2, y)
    assert torch.autograd.grad(x * 2, y, allow_unused=True) == (None,)


def test_second_gradients(torch):
    x = torch.tensor([0.5, 1.5], requires_grad=True)

    (first,) = torch.autograd.grad((x**3).sum(), x, create_graph=True)
    (first * x).sum().backward()

    np.testing.assert_allclose(x.grad.numpy(), [9 * 0.25, 9 * 2.25])


def test_hooks_see_and_replace_gradients_until_removed(torch):
    x = torch.ones(2, requires_grad=True)
    y = x * 3
    seen = []
    y.register_hook(lambda g: seen.append(g.tolist()))
    handle = y.register_hook(lambda g: g * 10)
    x.register_hook(lambda g: g + 1)

    y.sum().backward(retain_graph=True)
    handle.remove()
    x.grad = None
    y.sum().backward()

    assert seen == [[1, 1], [1, 1]]
    assert x.grad.tolist() == [4, 4]


def test_retain_grad_keeps_the_gradient_of_a_middle_value(torch):
    x = torch.ones(2, requires_grad=True)
    y = x * 3
    y.retain_grad()

    (y * y).sum().backward()

    assert y.grad.tolist() == [6, 6]
    assert x.grad.tolist() == [18, 18]


def test_backward_of_several_outputs(torch):
    x = torch.ones(2, requires_grad=True)

    torch.autograd.backward([x * 2, (x * 3).sum()], [torch.tensor([1.0, 10.0]), None])

    assert x.grad.tolist() == [5, 23]


def cube_of(torch):
    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, scale):
            ctx.save_for_backward(x)
            ctx.scale = scale
            return x**3 * scale

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            assert ctx.needs_input_grad == (True, False)
            return g * x**2 * (3 * ctx.scale), None

    return Cube


def test_a_function_with_a_gradient_by_hand_and_a_second_one_from_it(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)

    y = cube_of(torch).apply(x, 2.0)
    (first,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    first.sum().backward()

    assert y.tolist() == [2, 16]
    assert type(y.grad_fn).__name__ in ("CubeBackward", "GradFn")
    assert y.grad_fn.name() == "CubeBackward"
    assert first.tolist() == [6, 24]
    assert x.grad.tolist() == [12, 24]


def test_a_function_with_several_outputs_one_of_them_without_gradient(torch):
    class Parts(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, y):
            order = (x > y).long()
            product = x * y
            ctx.save_for_backward(x, y, product)
            ctx.mark_non_differentiable(order)
            return product, order, x - y

        @staticmethod
        def backward(ctx, g, _, h):
            x, y, product = ctx.saved_tensors
            assert product.tolist() == [3, 8]
            return g * y + h, g * x - h

    x, y = torch.tensor([1.0, 4.0], requires_grad=True), torch.tensor([3.0, 2.0], requires_grad=True)

    product, order, difference = Parts.apply(x, y)
    (product + 2 * difference).sum().backward()

    assert not order.requires_grad
    assert (x.grad.tolist(), y.grad.tolist()) == ([5, 4], [-1, 2])


def test_a_function_with_a_wrong_number_of_gradients_is_refused(torch):
    class Wrong(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, y):
            return x + y

        @staticmethod
        def backward(ctx, g):
            return g

    x = torch.ones(1, requires_grad=True)

    with pytest.raises(RuntimeError, match=r"returned an incorrect number of gradients .expected 2, got 1."):
        Wrong.apply(x, x).backward()


def test_what_a_function_saved_is_guarded(torch):
    x = torch.ones(2, requires_grad=True)
    y = x * 1
    z = cube_of(torch).apply(y, 1.0)
    y.add_(1)

    with pytest.raises(RuntimeError, match="has been modified by an inplace operation"):
        z.sum().backward()


def test_a_function_may_overwrite_its_input_if_it_says_so(torch):
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            x.mul_(2)
            ctx.mark_dirty(x)
            return x

        @staticmethod
        def backward(ctx, g):
            return g * 2

    x = torch.ones(2, requires_grad=True)
    y = x * 1

    z = Double.apply(y)
    (z * 3).sum().backward()

    assert z is y
    assert x.grad.tolist() == [6, 6]


def test_graph_of_functions_can_be_walked():
    x = ours.ones(1, requires_grad=True)
    y = (x * 2).exp()

    names = [y.grad_fn.name(), y.grad_fn.next_functions[0][0].name()]

    assert names == ["ExpBackward0", "MulBackward0"]
    assert y.grad_fn.next_functions[0][0].next_functions[0][0].name() == "AccumulateGrad"
    assert x.grad_fn is None


def test_a_tensor_moved_to_another_device_sends_its_gradient_back():
    from trivium import registry  # noqa: PLC0415 - a device that only this test has
    from trivium.testing.fake import FakeBackend  # noqa: PLC0415

    with registry.temporary():
        registry.register_backend(FakeBackend("fake"))
        x = ours.tensor([1.0, 2.0], requires_grad=True)

        y = (x.to("fake") * 3).sum()
        y.backward()

        assert y.device.type == "fake"
        assert x.grad.device.type == "cpu"
        assert x.grad.tolist() == [3, 3]
        with pytest.raises(TypeError, match="can't convert fake"):
            y.detach().numpy()


def test_cuda_on_a_machine_without_it_names_what_there_is():
    assert ours.cuda.is_available() in (True, False)
    if not ours.cuda.is_available():
        with pytest.raises(RuntimeError, match=r"'cuda'.*installed backends: .*cpu"):
            ours.ones(1).cuda()


def test_the_gradient_of_an_op_without_rules_of_its_own_is_a_leaf():
    x = ours.randn(2, 3, requires_grad=True)

    ours.nn.functional.layer_norm(x, (3,)).sum().backward()

    assert not x.grad.requires_grad
    (g,) = ours.autograd.grad((ours.nn.functional.layer_norm(x, (3,)) ** 2).sum(), x, create_graph=True)
    assert g.requires_grad
