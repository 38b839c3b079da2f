"""Copies of tensors: deep ones, pickled ones, and tensors that share memory."""

import copy
import pickle

import numpy as np
import pytest

import trivium_api_dynamic as ours


@pytest.fixture(params=["ours", "peer"])
def torch(request):
    """Both, so that each story is told of PyTorch, too."""
    return ours if request.param == "ours" else request.getfixturevalue("peer")


def test_a_deep_copy_is_a_leaf_of_its_own_with_the_gradient(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    (x * x).sum().backward()

    y, again = copy.deepcopy([x, x])
    with torch.no_grad():
        y.add_(1)

    assert y is again
    assert (x.tolist(), y.tolist(), y.grad.tolist()) == ([1, 2], [2, 3], [2, 4])
    assert y.requires_grad and y.is_leaf
    with pytest.raises(RuntimeError, match="Only Tensors created explicitly by the user"):
        copy.deepcopy(x * 2)


def test_a_pickled_tensor_comes_back(torch):
    parameter = torch.nn.Parameter(torch.ones(2))
    tensors = [
        torch.arange(6).reshape(2, 3).t(),
        torch.tensor([1.5, -2.0], dtype=torch.bfloat16),
        torch.ones(2, requires_grad=True),
        torch.zeros(0, 3),
    ]

    for x in [*tensors, parameter]:
        y = pickle.loads(pickle.dumps(x))
        assert type(y) is type(x)
        assert (y.dtype, y.shape, y.requires_grad, y.tolist()) == (x.dtype, x.shape, x.requires_grad, x.tolist())


def test_a_tensor_is_iterated_over_by_its_first_axis(torch):
    x = torch.arange(6).reshape(3, 2)

    rows = list(x)
    rows[0].add_(10)

    assert [row.tolist() for row in rows] == [[10, 11], [2, 3], [4, 5]]
    assert x[0].tolist() == [10, 11]
    assert 5 in x and 7 not in x
    assert [v.item() for v in x[1]] == [2, 3]


def test_numpy_functions_take_tensors_and_give_tensors_back():
    x = ours.tensor([1.0, 4.0])

    assert isinstance(np.sqrt(x), ours.Tensor)
    assert np.sqrt(x).tolist() == [1, 2]
    assert np.asarray(x).tolist() == [1, 4]
    assert (np.float64(2.0) * x).tolist() == [2, 8]
    x.numpy()[0] = 9
    assert x[0].item() == 9


def test_as_tensor_shares_and_tensor_copies(torch):
    array = np.zeros(3)

    shared, copied = torch.as_tensor(array), torch.tensor(array)
    array[0] = 1

    assert (shared[0].item(), copied[0].item()) == (1, 0)
    assert torch.as_tensor(shared) is shared
    assert torch.as_tensor(array, dtype=torch.float32).dtype == torch.float32


def test_views_share_storage_offsets_and_strides(torch):
    x = torch.arange(24.0).reshape(2, 3, 4)
    part = x[1, :, 1:3]

    assert (part.storage_offset(), part.stride(), part.is_contiguous()) == (13, (4, 1), False)
    assert x.transpose(0, 2).stride() == (1, 4, 12)
    assert part.data_ptr() == x.data_ptr() + 13 * x.element_size()
    part.zero_()
    assert x[1, 0].tolist() == [12, 0, 0, 15]
    assert part.contiguous().data_ptr() != part.data_ptr()
    assert x.unfold(1, 2, 1).stride() == (12, 4, 1, 4)
    assert x.diagonal(0, 1, 2).data_ptr() == x.data_ptr()
