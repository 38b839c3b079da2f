"""Words beside NumPy, which is always there: as functions, as methods, and where they overwrite."""

import math

import numpy as np
import pytest

import trivium_api_dynamic as torch

RANDOM = np.random.default_rng(3)
X, Y = RANDOM.uniform(-2, 2, (3, 4)), RANDOM.uniform(-2, 2, (3, 4))
P, ROW, VECTOR = RANDOM.uniform(0.2, 0.9, (3, 4)), RANDOM.uniform(-2, 2, 4), RANDOM.uniform(-2, 2, 3)
SQUARE = RANDOM.uniform(-1, 1, (3, 3)) + 2 * np.eye(3)
K, L = RANDOM.integers(-5, 9, (3, 4)), RANDOM.integers(1, 5, (3, 4))
MASK = X > 0
PLACES = np.array([2, 0])


def median(x):
    return np.sort(x, axis=None)[(x.size - 1) // 2]


# word: (its NumPy formula, operands); a keyword is one of the word's
VALUES = {
    **{name: (getattr(np, name), X) for name in ("exp", "sin", "cos", "tan", "sinh", "cosh", "tanh", "expm1", "floor",
       "ceil", "trunc", "sign", "abs", "square", "exp2", "sinc", "isnan", "deg2rad")},
    **{name: (getattr(np, name), P) for name in ("log", "log2", "log10", "log1p", "sqrt", "reciprocal")},
    "acos": (np.arccos, P), "asin": (np.arcsin, P), "atan": (np.arctan, X), "acosh": (np.arccosh, P + 1),
    "asinh": (np.arcsinh, X), "atanh": (np.arctanh, P), "round": (np.round, X), "neg": (np.negative, X),
    "frac": (lambda x: x - np.trunc(x), X), "rsqrt": (lambda x: 1 / np.sqrt(x), P),
    "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), X), "relu": (lambda x: np.maximum(x, 0), X),
    "erf": (np.vectorize(math.erf), X), "erfc": (np.vectorize(math.erfc), X), "lgamma": (np.vectorize(math.lgamma), P),
    "logit": (lambda p: np.log(p / (1 - p)), P),
    "add": (np.add, X, ROW), "sub": (np.subtract, X, Y), "mul": (np.multiply, X, Y), "div": (np.divide, X, P),
    "pow": (np.power, P, Y), "fmod": (np.fmod, X, P), "remainder": (np.remainder, X, Y), "atan2": (np.arctan2, X, Y),
    "floor_divide": (np.floor_divide, K, L), "maximum": (np.maximum, X, Y), "minimum": (np.minimum, X, ROW),
    "hypot": (np.hypot, X, Y), "logaddexp": (np.logaddexp, X, Y), "lerp": (lambda x, y, w: x + w * (y - x), X, Y, P),
    "addcmul": (lambda x, y, z: x + y * z, X, Y, P), "addcdiv": (lambda x, y, z: x + y / z, X, Y, P),
    "eq": (np.equal, K, L), "ne": (np.not_equal, K, L), "lt": (np.less, X, Y), "ge": (np.greater_equal, X, Y),
    "logical_and": (np.logical_and, K, MASK), "logical_xor": (np.logical_xor, K, MASK),
    "logical_not": (np.logical_not, K),
    "bitwise_and": (np.bitwise_and, K, L), "bitwise_or": (np.bitwise_or, K, L), "bitwise_not": (np.bitwise_not, K),
    "bitwise_left_shift": (np.left_shift, K, L), "isclose": (np.isclose, X, X + 1e-9),
    "sum": (np.sum, X), "mean": (np.mean, X), "prod": (np.prod, X), "max": (np.max, X), "min": (np.min, X),
    "var": (lambda x: x.var(ddof=1), X), "std": (lambda x: x.std(ddof=1), X), "argmax": (np.argmax, X),
    "argmin": (np.argmin, X), "median": (median, X), "norm": (np.linalg.norm, X), "all": (np.all, MASK),
    "any": (np.any, MASK), "count_nonzero": (np.count_nonzero, K), "nansum": (np.nansum, X),
    "dist": (lambda x, y: np.linalg.norm(x - y), X, Y), "matmul": (np.matmul, X, ROW), "mm": (np.matmul, X, Y.T),
    "outer": (np.outer, VECTOR, ROW), "dot": (np.dot, ROW, ROW), "inverse": (np.linalg.inv, SQUARE),
    "det": (np.linalg.det, SQUARE), "pinverse": (np.linalg.pinv, X), "trace": (np.trace, SQUARE),
    "kron": (np.kron, VECTOR, ROW), "tril": (np.tril, X), "triu": (np.triu, X), "diag": (np.diag, VECTOR),
    "t": (np.transpose, X), "flipud": (np.flipud, X), "fliplr": (np.fliplr, X), "rot90": (np.rot90, X),
    "ravel": (np.ravel, X), "unique": (np.unique, K), "nonzero": (np.argwhere, K), "bincount": (np.bincount, L[0]),
    "masked_select": (lambda x, m: x[m], X, MASK), "nan_to_num": (np.nan_to_num, X),
}  # fmt: skip
SETTINGS = {
    "sum over two axes": (lambda x: x.sum((0, 1), keepdims=True), lambda x: x.sum((0, 1), keepdim=True)),
    "cumsum": (lambda x: x.cumsum(1), lambda x: x.cumsum(1)),
    "cumprod": (lambda x: x.cumprod(0), lambda x: x.cumprod(0)),
    "sort": (lambda x: np.sort(x, 0), lambda x: x.sort(0).values),
    "argsort": (lambda x: np.argsort(-x, 1), lambda x: x.argsort(1, descending=True)),
    "topk": (lambda x: -np.sort(-x, 1)[:, :2], lambda x: x.topk(2).values),
    "kthvalue": (lambda x: np.sort(x, 1)[:, 1], lambda x: x.kthvalue(2).values),
    "median along an axis": (lambda x: np.median(x, 0), lambda x: x.median(0).values),
    "logsumexp": (lambda x: np.log(np.exp(x).sum(1)), lambda x: x.logsumexp(1)),
    "clamp": (lambda x: np.clip(x, -0.5, 0.7), lambda x: x.clamp(-0.5, 0.7)),
    "norm of order 3": (lambda x: (abs(x) ** 3).sum(0) ** (1 / 3), lambda x: x.norm(3, 0)),
    "roll": (lambda x: np.roll(x, (1, -1), (0, 1)), lambda x: x.roll((1, -1), (0, 1))),
    "movedim": (lambda x: np.moveaxis(x[None], 0, 2), lambda x: x[None].movedim(0, 2)),
    "repeat": (lambda x: np.tile(x, (2, 1)), lambda x: x.repeat(2, 1)),
    "unfold": (
        lambda x: np.lib.stride_tricks.sliding_window_view(x, 2, 1)[:, ::2],
        lambda x: x.unfold(1, 2, 2),
    ),
    "index_select": (lambda x: x[:, PLACES], lambda x: x.index_select(1, torch.tensor(PLACES))),
    "gather": (
        lambda x: np.take_along_axis(x, K[:2] % 3, 0),
        lambda x: x.gather(0, torch.tensor(K[:2] % 3)),
    ),
    "take": (lambda x: x.reshape(-1)[[5, 0]], lambda x: x.take(torch.tensor([5, 0]))),
    "histc": (lambda x: np.histogram(x, 4, (-1, 1))[0], lambda x: x.histc(4, -1, 1)),
    "einsum": (lambda x: np.einsum("ij,kj->ik", x, x), lambda x: torch.einsum("ij,kj->ik", x, x)),
    "where": (lambda x: np.where(x > 0, x, 0.5), lambda x: torch.where(x > 0, x, 0.5)),
    "masked_fill": (lambda x: np.where(MASK, 9.0, x), lambda x: x.masked_fill(torch.tensor(MASK), 9)),
    "quantile": (lambda x: np.quantile(x, 0.3, 1), lambda x: x.quantile(0.3, 1)),
    "singular values": (lambda x: np.linalg.svd(x)[1], lambda x: x.svd().S),
    "qr": (lambda x: np.linalg.qr(x.T)[1], lambda x: x.t().qr().R),
    "cholesky": (
        lambda x: np.linalg.cholesky(x @ x.T + np.eye(3)),
        lambda x: (x @ x.t() + torch.eye(3, dtype=torch.float64)).cholesky(),
    ),
}


@pytest.mark.parametrize("name", VALUES)
def test_a_word_has_the_values_of_its_formula(name):
    formula, *operands = VALUES[name]
    expected = formula(*operands)

    tensors = [torch.tensor(x) for x in operands]
    found = getattr(torch, name)(*tensors)

    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(getattr(tensors[0], name)(*tensors[1:]).numpy(), found.numpy())
    is_same_kind = found.shape == tensors[0].shape and found.dtype == tensors[0].dtype
    if is_same_kind and hasattr(tensors[0], f"{name}_"):
        getattr(tensors[0], f"{name}_")(*tensors[1:])
        np.testing.assert_array_equal(tensors[0].numpy(), found.numpy())


@pytest.mark.parametrize("name", SETTINGS)
def test_a_word_with_settings_has_the_values_of_its_formula(name):
    formula, word = SETTINGS[name]

    found = word(torch.tensor(X))

    np.testing.assert_allclose(found.numpy(), formula(X), rtol=1e-9, atol=1e-12)


REPLACED = {
    "scatter_": lambda x, a: (x.scatter_(1, torch.tensor([[3, 0]]), 7.0), a.__setitem__((0, [3, 0]), 7.0)),
    "scatter_add_": lambda x, a: (
        x.scatter_add_(1, torch.tensor([[1, 1]]), torch.tensor([[2.0, 3.0]]).double()),
        a.__setitem__((0, 1), a[0, 1] + 5),
    ),
    "index_fill_": lambda x, a: (x.index_fill_(0, torch.tensor(PLACES), 2), a.__setitem__(PLACES, 2)),
    "index_copy_": lambda x, a: (
        x.index_copy_(0, torch.tensor(PLACES), torch.tensor(Y[:2])),
        a.__setitem__(PLACES, Y[:2]),
    ),
    "index_add_": lambda x, a: (x.index_add_(0, torch.tensor([1, 1]), torch.tensor(Y[:2])), a[1].__iadd__(Y[0] + Y[1])),
    "masked_scatter_": lambda x, a: (
        x.masked_scatter_(torch.tensor(MASK), torch.tensor(Y)),
        a.__setitem__(MASK, Y.reshape(-1)[: MASK.sum()]),
    ),
    "put_": lambda x, a: (x.put_(torch.tensor([5, 0]), torch.tensor([1.0, 2.0]).double()), np.put(a, [5, 0], [1, 2])),
    "fill_diagonal_": lambda x, a: (x.fill_diagonal_(3.0), np.fill_diagonal(a, 3.0)),
    "copy_": lambda x, a: (x.copy_(torch.tensor(ROW)), a.__setitem__(..., ROW)),
}


@pytest.mark.parametrize("name", REPLACED)
def test_what_overwrites_parts_overwrites_those_parts(name):
    x, a = torch.tensor(X), X.copy()

    REPLACED[name](x, a)

    np.testing.assert_array_equal(x.numpy(), a)


LATTICE = {
    ("bool", "uint8"): "uint8", ("uint8", "int8"): "int16", ("int32", "int64"): "int64",
    ("int64", "float16"): "float16",
    ("float16", "bfloat16"): "float32", ("float32", "float64"): "float64", ("bool", "float32"): "float32",
}  # fmt: skip


def test_dtypes_promote_along_the_lattice_and_numbers_and_single_elements_only_lift_the_kind():
    for (a, b), expected in LATTICE.items():
        x, y = torch.ones(2, dtype=getattr(torch, a)), torch.ones(2, dtype=getattr(torch, b))
        assert (x + y).dtype == (y + x).dtype == torch.promote_types(x.dtype, y.dtype) == getattr(torch, expected)

    whole, half = torch.ones(2, dtype=torch.int32), torch.ones(2, dtype=torch.float16)
    assert (whole + 1).dtype == torch.int32
    assert (whole + 1.5).dtype == torch.get_default_dtype()
    assert (half + torch.tensor(1.0, dtype=torch.float64)).dtype == torch.float16
    assert (whole / 2).dtype == torch.float32
