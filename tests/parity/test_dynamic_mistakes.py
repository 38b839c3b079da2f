"""Mistakes are refused as PyTorch refuses them: the kind of error, and words to search for."""

import numpy as np
import pytest

import trivium_api_dynamic as ours

try:
    import torch
except ImportError:
    torch = None

# what is called, and words of the error; none where PyTorch only lists what a function takes
MISTAKES = {
    't.ones("a")': "must be tuple of ints",
    't.ones(2, "a")': "",
    "t.ones(-1)": "negative dimension",
    "t.ones(2.5)": "must be tuple of ints",
    't.ones(2).sum(dim="x")': "",
    "t.ones(2).sum(dim=1.5)": "",
    "t.ones(2).sum(3)": "Dimension out of range (expected to be in range of [-1, 0], but got 3)",
    "t.ones(2).sum((0, 0))": "dim 0 appears multiple times in the list of dims",
    "t.cat([t.ones(2), 3])": "expected Tensor as element 1 in argument 0, but got int",
    "t.cat(t.ones(2))": "must be tuple of Tensors, not Tensor",
    "t.cat([t.tensor(1.0)])": "zero-dimensional tensor",
    "t.cat([t.ones(2, 3), t.ones(3)])": "Tensors must have same number of dimensions: got 2 and 1",
    "t.cat([t.ones(2, 3), t.ones(2, 4)])":
        "Sizes of tensors must match except in dimension 0. Expected size 3 but got size 4",
    "t.stack([t.ones(2), t.ones(3)])":
        "stack expects each tensor to be equal size, but got [2] at entry 0 and [3] at entry 1",
    "t.stack([])": "stack expects a non-empty TensorList",
    "t.sin(3)": "must be Tensor, not int",
    't.sin("a")': "must be Tensor, not str",
    "t.sin()": "missing",
    "t.add(t.ones(2))": "",
    't.add(t.ones(2), "a")': "",
    't.ones(2) + "a"': "",
    "t.ones(2) + None": "",
    "t.ones(2) + [1, 2]": "",
    "t.ones(2) @ 3": "",
    "t.ones(2, 3).view(7)": "shape '[7]' is invalid for input of size 6",
    "t.ones(2, 3).view(-1, -1)": "only one dimension can be inferred",
    't.ones(2, 3).view("a")': "",
    "t.ones(2, 3).t().view(6)": "view size is not compatible with input tensor's size and stride",
    "t.ones(2, 3, 4).t()": "t() expects a tensor with <= 2 dimensions, but self is 3D",
    "t.ones(2).expand(3)": "The expanded size of the tensor (3) must match the existing size (2)",
    "t.ones(2, 2).expand(2)": "the number of sizes provided (1) must be greater or equal to the number of dim",
    "t.ones(2, 2).repeat(2)": "Number of dimensions of repeat dims can not be smaller",
    "t.ones(2).permute(0, 1)": "",
    "t.ones(2, 3).permute(0, 0)": "",
    "t.ones(2).transpose(0, 1)": "Dimension out of range",
    "t.ones(2).narrow(0, 1, 5)": "exceeds dimension size (2)",
    "t.ones(2).select(0, 2)": "",
    "t.tensor(1.0).select(0, 0)": "select() cannot be applied to a 0-dim tensor.",
    "t.ones(2).split(0)": "",
    "t.ones(3).split([1, 1])": "split_with_sizes expects split_sizes to sum exactly to 3",
    "t.ones(3).chunk(0)": "chunk expects `chunks` to be greater than 0, got: 0",
    "t.ones(3).unfold(0, 5, 1)": "maximum size for tensor at dimension 0 is 3 but size is 5",
    "t.ones(3).as_strided((5,), (1,))": "out of bounds for storage",
    "t.ones(2, 2, 2).diag()": "",
    "t.ones(2).tril()": "must have at least 2 dimensions",
    "t.ones(2).diagonal()": "Dimension out of range",
    "t.arange(0, 5, 0)": "step must be nonzero",
    "t.arange(5, 0)": "upper bound and lower bound inconsistent with step sign",
    "t.linspace(0, 1, -1)": "number of steps must be non-negative",
    't.tensor("a")': "",
    't.tensor([1, "a"])': "",
    "t.tensor([[1, 2], [3]])": "expected sequence of length 2",
    "t.tensor(None)": "Could not infer dtype of NoneType",
    "t.tensor([300], dtype=t.uint8)": "",
    "t.from_numpy([1])": "expected np.ndarray (got list)",
    't.from_numpy(np.array(["a"]))': "can't convert np.ndarray of type",
    't.ones(2, dtype="nonsense")': "",
    't.ones(2).to("nonsense")': "",
    "t.ones(2).to(None, 3.5)": "",
    "t.ones(2).item()": "a Tensor with 2 elements cannot be converted to Scalar",
    "float(t.ones(2))": "",
    "bool(t.ones(2))": "Boolean value of Tensor with more than one value is ambiguous",
    "bool(t.ones(0))": "Boolean value of Tensor with no values is ambiguous",
    "len(t.tensor(1))": "len() of a 0-d tensor",
    "list(t.tensor(1))": "iteration over a 0-d tensor",
    "[1, 2][t.tensor(1.0)]": "only integer tensors of a single element can be converted to an index",
    "t.ones(2)[2]": "index 2 is out of bounds for dimension 0 with size 2",
    "t.ones(2)[0, 0]": "too many indices for tensor of dimension 1",
    't.ones(2)["a"]': "",
    "t.ones(2)[0.5]": "",
    "t.ones(2)[::-1]": "step must be greater than zero",
    "t.tensor(1)[0]": "invalid index of a 0-dim tensor",
    "t.ones(3)[t.tensor([5])]": "index 5 is out of bounds for dimension 0 with size 3",
    "t.ones(3)[t.tensor([True, False])]":
        "The shape of the mask [2] at index 0 does not match the shape of the indexed tensor",
    "t.ones(3, 3)[t.tensor([0, 1]), t.tensor([0, 1, 2])]":
        "shape mismatch: indexing tensors could not be broadcast together with shapes [2], [3]",
    "t.ones(3).__setitem__(0, t.ones(2))": "",
    "t.ones(3).__setitem__(slice(0, 2), t.ones(3))": "",
    't.ones(3).__setitem__(0, "a")': "",
    "t.ones(3).index_select(0, t.tensor([3]))": "index out of range",
    "t.ones(3).index_select(0, t.tensor([0.5]))": "",
    "t.ones(3).index_select(0, t.tensor([[0]]))": "",
    "t.ones(3).gather(0, t.tensor([3]))": "index 3 is out of bounds for dimension 0 with size 3",
    "t.ones(3, 2).gather(0, t.tensor([0]))": "Index tensor must have the same number of dimensions as input tensor",
    "t.ones(3).scatter(0, t.tensor([0]), t.ones(1, dtype=t.float64))": "self",
    "t.ones(3).take(t.tensor([3]))": "",
    "t.ones(3).masked_fill(t.tensor([1, 0, 1]), 0.0)": "only supports boolean masks",
    "t.ones(3).masked_fill(t.tensor([True, False, True]), t.ones(3))": "only supports a 0-dimensional value tensor",
    "t.ones(3).masked_select(t.tensor([1, 0, 1]))": "masked_select: expected BoolTensor",
    "t.where(t.ones(2), 1.0, 2.0)": "where expected condition to be a boolean tensor",
    "t.ones(2).topk(3)": "selected index k out of range",
    "t.ones(2).kthvalue(3)": "selected number k out of range for dimension 0",
    "t.ones(2).float().mean(dim=0, dtype=t.int64)": "could not infer output dtype",
    "t.tensor([1]).mean()": "could not infer output dtype",
    "t.zeros(0).max()": "max(): Expected reduction dim to be specified for input.numel() == 0",
    "t.zeros(0, 2).max(0)": "Expected reduction dim 0 to have non-zero size",
    "t.tensor([0.5]).bincount()": "",
    "t.tensor([-1]).bincount()": "bincount only supports 1-d non-negative integral inputs",
    "t.ones(2).histc(bins=0)": "",
    "t.ones(2, 3) @ t.ones(2, 3)": "mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)",
    "t.ones(2) @ t.ones(2, dtype=t.int64)": "",
    "t.tensor(1.0) @ t.ones(2)": "both arguments to matmul need to be at least 1D, but they are 0D and 1D",
    "t.mm(t.ones(2), t.ones(2))": "",
    "t.bmm(t.ones(2, 3, 4), t.ones(3, 4, 5))": "",
    "t.dot(t.ones(2), t.ones(3))": "",
    't.einsum("ij,jk", t.ones(2, 3))': "operands were provided than specified",
    't.einsum("ij", t.ones(2))': "",
    "t.inverse(t.ones(2, 3))": "must be batches of square matrices",
    "t.inverse(t.zeros(2, 2))": "singular",
    "t.linalg.cholesky(-t.eye(2))": "not positive-definite",
    "t.trace(t.ones(2))": "expected a matrix",
    "t.cross(t.ones(2), t.ones(2))": "",
    "-t.tensor([True])": "Negation, the `-` operator, on a bool tensor is not supported",
    "t.tensor([True]) - True": "",
    "~t.ones(2)": "",
    "t.ones(2) & t.ones(2)": "",
    "t.tensor([2]) ** -1": "Integers to negative integer powers are not allowed",
    "t.ones(2).clamp()": "At least one of 'min' or 'max' must not be None",
    't.ones(2).div(2, rounding_mode="up")': "rounding_mode",
    "t.ones(2).add_(t.ones(3))":
        "The size of tensor a (2) must match the size of tensor b (3) at non-singleton dimension 0",
    "t.ones(1).add_(t.ones(3))": "output with shape [1] doesn't match the broadcast shape [3]",
    "t.tensor([1]).add_(1.5)": "result type Float can't be cast to the desired output type Long",
    "t.tensor([1]).div_(2)": "result type Float can't be cast to the desired output type Long",
    "t.ones(2).copy_(t.ones(3))":
        "The size of tensor a (2) must match the size of tensor b (3) at non-singleton dimension 0",
    "t.ones(1).expand(3).add_(1)":
        "more than one element of the written-to tensor refers to a single memory location",
    "t.add(t.ones(1), 1, out=t.ones(1, dtype=t.int64))": "can't be cast to the desired output type",
    "t.add(t.ones(1, requires_grad=True), 1, out=t.ones(1))":
        "functions with out=... arguments don't support automatic differentiation",
    "t.ones(2, requires_grad=True).numpy()": "Can't call numpy() on Tensor that requires grad",
    "t.tensor([1], requires_grad=True)": "Only Tensors of floating point and complex dtype can require gradients",
    "t.ones(2).backward()": "element 0 of tensors does not require grad and does not have a grad_fn",
    "t.ones(2, requires_grad=True).backward()": "grad can be implicitly created only for scalar outputs",
    "t.ones(2, requires_grad=True).sum().backward(t.ones(2))": "Mismatch in shape",
    "t.ones(2).register_hook(print)": "cannot register a hook on a tensor that doesn't require gradient",
    'setattr(t.ones(2, requires_grad=True), "grad", t.ones(3))': "",
    'setattr(t.ones(2, requires_grad=True), "grad", 3)': "",
    "t.ones(2, requires_grad=True).mul(2).requires_grad_(False)":
        "you can only change requires_grad flags of leaf variables",
    "t.ones(2, requires_grad=True).add_(1)": "a leaf Variable that requires grad",
    "t.rand(2, dtype=t.int64)": "",
    "t.randint(3, 3, (2,))": "random_ expects 'from' to be less than 'to', but got from=3 >= to=3",
    "t.multinomial(t.tensor([0.0, 0.0]), 1)": "invalid multinomial distribution",
    "t.multinomial(t.tensor([0.5, 0.5]), 3)": "without replacement",
    "t.multinomial(t.tensor([-0.5, 1.5]), 1)": "probability tensor contains either `inf`, `nan` or element < 0",
    "t.normal(0.0, -1.0, (2,))": "normal expects std >= 0.0",
    "t.ones(2).exponential_(-1.0)": "exponential_ expects lambda > 0.0",
    "t.ones(2).uniform_(3, 1)": "uniform_ expects to return a [from, to) range",
    "t.set_default_dtype(t.int64)": "only floating-point types are supported as the default type",
    "t.set_num_threads(0)": "expects a positive integer",
    't.FloatTensor("a")': "",
    't.Tensor(2, "a")': "",
}  # fmt: skip


@pytest.mark.skipif(torch is None, reason="PYTORCH IS NOT INSTALLED: pip install 'trivium[peers]'")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("call", MISTAKES)
def test_a_mistake_is_refused_in_words_that_users_search_for(call):
    with pytest.raises(Exception) as theirs:
        eval(call, {"t": torch, "np": np})
    with pytest.raises(Exception) as mine:
        eval(call, {"t": ours, "np": np})

    words = MISTAKES[call]
    assert words in str(theirs.value), f"PyTorch says {theirs.value}"
    assert words in str(mine.value), f"PyTorch says {theirs.value!r}"
    kind = next(c for c in theirs.type.__mro__ if c.__module__ == "builtins")
    assert isinstance(mine.value, kind), f"PyTorch has {theirs.value!r}, here: {mine.value!r}"
    is_python = isinstance(mine.value, TypeError) and "unsupported operand" in str(mine.value)
    assert isinstance(mine.value, ours.errors.TriviumError) or is_python, f"not in words: {mine.value!r}"
