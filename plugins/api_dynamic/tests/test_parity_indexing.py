"""x[...] and x[...] = value, for every kind of index, with gradients."""

import numpy as np
import pytest

import trivium_api_dynamic as ours

X = np.arange(60, dtype=np.float32).reshape(3, 4, 5)

INDICES = {
    "int": lambda t: 1,
    "negative int": lambda t: -1,
    "two ints": lambda t: (1, -2),
    "slice": lambda t: slice(1, None),
    "slice with a step": lambda t: (slice(None), slice(None, None, 2)),
    "slice beyond": lambda t: slice(2, 100),
    "empty slice": lambda t: slice(2, 1),
    "ellipsis": lambda t: (..., 1),
    "ellipsis between": lambda t: (0, ..., slice(1, 3)),
    "None": lambda t: (None, 1, None),
    "None and ellipsis": lambda t: (..., None),
    "nothing": lambda t: (),
    "list": lambda t: [0, 2],
    "tensor": lambda t: t.tensor([2, 0, 2]),
    "matrix of positions": lambda t: t.tensor([[2, 0], [1, -1]]),
    "second axis": lambda t: (slice(None), t.tensor([3, 0])),
    "two tensors": lambda t: (t.tensor([0, 2]), t.tensor([1, -1])),
    "two tensors that broadcast": lambda t: (t.tensor([[0], [2]]), t.tensor([1, 3, 0])),
    "two tensors apart": lambda t: (t.tensor([0, 2]), slice(None), t.tensor([1, 4])),
    "last two axes": lambda t: (slice(None), t.tensor([0, 2]), t.tensor([1, 4])),
    "tensor and int": lambda t: (t.tensor([0, 2]), 1),
    "tensor and None": lambda t: (None, t.tensor([0, 2])),
    "scalar tensor": lambda t: t.tensor(1),
    "scalar tensor beside positions": lambda t: (t.tensor(1), slice(1, None), t.tensor([0, 2])),
    "mask of two axes": lambda t: (slice(None), t.tensor(X[0] > 10)),
    "mask between": lambda t: (1, t.tensor([True, False, True, True]), slice(None, None, 2)),
    "positions, None and ellipsis": lambda t: (t.tensor([1, 0]), None, ..., 2),
    "mask": lambda t: t.tensor(X > 30),
    "mask of rows": lambda t: t.tensor([True, False, True]),
    "mask of the second axis": lambda t: (slice(None), t.tensor([True, False, True, True])),
    "mask of nothing": lambda t: t.tensor(X > 100),
    "True": lambda t: True,
    "NumPy array": lambda t: np.array([0, 1]),
}


def as_numpy(index):
    """An index with arrays where tensors stand."""
    if isinstance(index, tuple):
        return tuple(map(as_numpy, index))
    return index.numpy() if isinstance(index, ours.Tensor) else index


@pytest.mark.parametrize("name", INDICES)
def test_reading_and_writing_agree_with_numpy(name):
    index, array = INDICES[name](ours), X.copy()
    x = ours.tensor(X)

    part = x[index]
    expected = np.array(array[as_numpy(index)])
    x[index] = part * 2
    array[as_numpy(index)] = expected * 2

    np.testing.assert_array_equal(part.numpy() if part.base is None else expected, expected)
    np.testing.assert_array_equal(x.numpy(), array)


@pytest.mark.parametrize("name", INDICES)
def test_reading_agrees(peer, name):
    results = []
    for torch in (ours, peer):
        x = torch.tensor(X, requires_grad=True)
        part = x[INDICES[name](torch)]
        (part * part).sum().backward()
        results.append((part.detach().numpy(), x.grad.numpy()))

    for mine, theirs in zip(*results, strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("name", [n for n in INDICES if n not in ("True",)])
def test_writing_agrees(peer, name):
    results = []
    for torch in (ours, peer):
        leaf = torch.tensor(X, requires_grad=True)
        index = INDICES[name](torch)
        new = torch.tensor(0.5, requires_grad=True)
        x = leaf * 2
        x[index] = new * 3
        (x * x).sum().backward()
        kept = np.zeros_like(X) if leaf.grad is None else leaf.grad.numpy()  # nothing of the leaf may be left
        # PyTorch counts the gradient of a value that a later one replaced; here only the one that stayed has any
        given = () if name in ("tensor", "matrix of positions") else (new.grad.numpy(),)
        results.append((x.detach().numpy(), kept, *given))

    for mine, theirs in zip(*results, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_rows_written_one_by_one(peer):
    for torch in (ours, peer):
        x = torch.zeros(4, 3)
        x[torch.tensor([2, 0])] = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
        x[1:3, 1] = torch.tensor([7.0, 8.0])
        x[x == 0] = -1
        x[0][0] = 9
        x[:, [2, 0]] += 10
        assert x.tolist() == [[19, 5, 16], [9, 7, 9], [11, 8, 13], [9, -1, 9]]


def test_of_a_position_named_twice_the_last_value_counts():
    x = ours.zeros(3)

    x[ours.tensor([1, 1])] = ours.tensor([5.0, 6.0])

    assert x.tolist() == [0.0, 6.0, 0.0]


def test_positions_of_uint8_are_the_mask_that_they_once_were():
    x = ours.tensor([1.0, 2.0, 3.0])

    with pytest.warns(UserWarning, match="indexing with dtype torch.uint8 is now deprecated"):
        part = x[ours.tensor([1, 0, 1], dtype=ours.uint8)]

    assert part.tolist() == [1, 3]


def test_basic_indices_are_views_and_positions_are_not():
    x = ours.zeros(2, 3)

    x[0].add_(1)
    x[ours.tensor([1])].add_(1)

    assert x.tolist() == [[1, 1, 1], [0, 0, 0]]


def test_positions_outside_are_refused_even_where_others_would_make_up_for_them():
    x = ours.zeros(3, 4)

    with pytest.raises(IndexError, match="index 5 is out of bounds for dimension 1 with size 4"):
        x[ours.tensor([0]), ours.tensor([5])]
    with pytest.raises(IndexError, match="The shape of the mask"):
        x[ours.tensor([True, False])]
    with pytest.raises(IndexError, match="must be long, int, byte or bool"):
        x[ours.tensor([0.5])]
