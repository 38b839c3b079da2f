"""Overwriting: what it may do, what it must refuse, and what gradients make of it."""

import numpy as np
import pytest

import trivium_api_dynamic as ours

X = np.array([[0.5, 1.5, 2.0], [3.0, 0.25, 1.0]], np.float32)
Y = np.array([1.0, 2.0, 0.5], np.float32)

METHODS = {
    "add_": lambda t, x, y: x.add_(y, alpha=2),
    "sub_": lambda t, x, y: x.sub_(y),
    "mul_": lambda t, x, y: x.mul_(y),
    "mul_ by itself": lambda t, x, y: x.mul_(y).mul_(x.detach().clone()),
    "div_": lambda t, x, y: x.div_(y),
    "pow_": lambda t, x, y: x.pow_(2),
    "neg_": lambda t, x, y: x.neg_(),
    "exp_": lambda t, x, y: x.exp_(),
    "log_": lambda t, x, y: x.log_(),
    "sqrt_": lambda t, x, y: x.sqrt_(),
    "sigmoid_": lambda t, x, y: x.sigmoid_(),
    "tanh_": lambda t, x, y: x.tanh_(),
    "relu_": lambda t, x, y: x.relu_(),
    "clamp_": lambda t, x, y: x.clamp_(0.4, 1.7),
    "masked_fill_": lambda t, x, y: x.masked_fill_(x.detach() > 1, 0.0),
    "copy_": lambda t, x, y: x.copy_(y),
    "fill_": lambda t, x, y: x.fill_(3) + y,
    "zero_": lambda t, x, y: x.zero_() + y,
    "+=": lambda t, x, y: t.Tensor.__iadd__(x, y),
    "/=": lambda t, x, y: t.Tensor.__itruediv__(x, y),
    "a row": lambda t, x, y: x[0].mul_(y),
    "a column of a view": lambda t, x, y: x.t()[1].add_(y[0]),
    "a view of a view": lambda t, x, y: x.view(-1)[1:4].mul_(y),
    "addcmul_": lambda t, x, y: x.addcmul_(y, y, value=0.3),
    "lerp_": lambda t, x, y: x.lerp_(y.expand(2, 3), 0.2),
}


@pytest.mark.parametrize("name", METHODS)
def test_values_and_gradients_agree(peer, name):
    results = []
    for torch in (ours, peer):
        leaf, y = torch.tensor(X, requires_grad=True), torch.tensor(Y, requires_grad=True)
        x = leaf * 1.5
        part = METHODS[name](torch, x, y)
        loss = (x * x * torch.tensor(X)).sum() + part.sum()
        loss.backward()
        gradients = [np.zeros_like(v) if g is None else g.numpy() for g, v in ((leaf.grad, X), (y.grad, Y))]
        results.append((x.detach().numpy(), part.detach().numpy(), *gradients))

    for mine, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6)


REFUSED = {
    "a leaf": (lambda t: t.ones(2, requires_grad=True).add_(1), "a leaf Variable that requires grad"),
    "a leaf by index": (
        lambda t: t.ones(2, requires_grad=True).__setitem__(0, 1.0),
        "a view of a leaf|a leaf Variable",
    ),
    "a view of a leaf": (
        lambda t: t.ones(2, requires_grad=True)[0].add_(1),
        "a view of a leaf Variable that requires grad",
    ),
    "a larger result": (
        lambda t: t.ones(1).add_(t.ones(3)),
        "output with shape .1. doesn't match the broadcast shape .3.",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_as_pytorch_refuses_it(peer, name):
    act, words = REFUSED[name]

    for torch in (peer, ours):
        with pytest.raises(RuntimeError, match=words):
            act(torch)


def test_a_leaf_may_be_overwritten_while_nothing_is_recorded():
    x = ours.ones(2, requires_grad=True)

    with ours.no_grad():
        x.add_(1)
        x[0] = 5

    assert x.tolist() == [5, 2]
    assert x.is_leaf and x.requires_grad


def test_a_value_that_backward_needs_is_guarded(peer):
    for torch in (peer, ours):
        x = torch.ones(2, requires_grad=True)
        y = x * 2
        z = y * y
        y.add_(1)

        with pytest.raises(
            RuntimeError, match="one of the variables needed for gradient computation has been modified by an inp"
        ):
            z.sum().backward()


def test_every_overwriting_counts_in_the_version_and_views_share_it():
    x = ours.zeros(4)
    view = x.view(2, 2)

    view.add_(1)
    x[1] = 3

    assert (x._version, view._version) == (2, 2)
    assert view.tolist() == [[1, 3], [1, 1]]


def test_a_view_that_existed_before_sees_the_gradient_that_its_base_gained():
    w = ours.tensor(2.0, requires_grad=True)
    x = ours.zeros(2, 2)
    row = x[0]

    x[0, 0] = w * 3

    assert row.requires_grad
    (row * row).sum().backward()
    assert w.grad.item() == 36


def test_a_view_written_through_another_view_gains_its_gradient():
    w = ours.tensor(2.0, requires_grad=True)
    square = ours.zeros(4).view(2, 2)

    square[0] = w

    square.sum().backward()
    assert w.grad.item() == 2


def test_a_detached_tensor_shares_memory_but_not_the_tape():
    x = ours.ones(3, requires_grad=True) * 2

    x.detach()[0] = 7

    assert x.tolist() == [7, 2, 2]
    assert not x.detach().requires_grad
    x.sum().backward()


def test_numpy_and_tensor_share_memory_both_ways():
    array = np.zeros((2, 3), np.float32)
    strided = np.arange(12, dtype=np.float32).reshape(3, 4)[::2, 1:3]

    tensor, part = ours.from_numpy(array), ours.from_numpy(strided)
    tensor[0, 1] = 5
    array[1, 2] = 6
    part.mul_(2)

    assert tensor.tolist() == array.tolist() == [[0, 5, 0], [0, 0, 6]]
    assert strided.tolist() == part.tolist() == [[2, 4], [18, 20]]
    tensor.numpy()[0, 0] = 1
    assert tensor[0, 0].item() == 1
