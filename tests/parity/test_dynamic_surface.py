"""Every function and method of tensors beside PyTorch's: values, dtype, shape, strides, memory, gradients, refusals.

A row is a name and its arguments, arrays where tensors stand.  It is called as torch.name(...), as x.name(...) and as
x.name_(...), wherever PyTorch has that form.
"""

import itertools
import math

import numpy as np
import pytest

import trivium_api_dynamic as ours

try:
    import torch
except ImportError:
    torch = None

needs_torch = pytest.mark.skipif(torch is None, reason="PYTORCH IS NOT INSTALLED: pip install 'trivium[peers]'")
# NumPy says where it divides by 0
pytestmark = [needs_torch, pytest.mark.filterwarnings("ignore")]

RANDOM = np.random.default_rng(7)


def drawn(*shape, low=-2.0, high=2.0):
    return RANDOM.uniform(low, high, shape)


def distinct(*shape):
    count = math.prod(shape)
    return ((RANDOM.permutation(count) + 0.5) / max(count, 1) * 4 - 2).reshape(shape)


def whole(*shape, low=-4, high=9):
    return RANDOM.integers(low, high, shape)


def matrices(*shape):
    return drawn(*shape) + 3 * np.eye(shape[-1])


M, N, C, ROW, ONE, NONE = drawn(3, 4), drawn(3, 4), drawn(2, 3, 4), drawn(4), drawn(), drawn(0, 3)
POSITIVE, INSIDE, BEYOND = drawn(3, 4, low=0.3), drawn(3, 4, low=-0.9, high=0.9), drawn(3, 4, low=1.2, high=3.0)
D, CUBE = distinct(3, 4), distinct(2, 3, 4)
WHOLE, J, MASK, BITS = whole(3, 4), whole(3, 4, low=1), drawn(3, 4) > 0, whole(3, 4, low=0)
TIES = np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 0.0]])
HOLES = np.array([[1.0, math.nan, 3.0], [-math.inf, 2.0, math.inf]])
ZEROS = np.array([[1.5, 0.0, -0.5], [2.0, 1.0, 0.5]])
SQUARE, BATCH = matrices(3, 3), matrices(2, 3, 3)
SPD = SQUARE @ SQUARE.T + np.eye(3)
VECTOR, OTHER = drawn(3), drawn(3)
AT = np.array([[0, 1, 0, 2], [2, 0, 1, 1]])
ONCE = np.array([[0, 1, 2, 0], [2, 0, 1, 1]])
PLACES = np.array([2, 0])
AGAIN = np.array([2, 0, 2])
INF = math.inf


class Row:
    """A name and its arguments.

    forms:    which of function, method and in-place method to call: "f", "m", "i"
    constant: no operand wants a gradient: PyTorch's takes it that a matrix is a triangle, say
    """

    def __init__(self, name, *args, forms="fmi", constant=False, **settings):
        self.name, self.args, self.forms, self.settings, self.constant = name, args, forms, settings, constant

    def __repr__(self):
        def short(value):
            if isinstance(value, np.ndarray):
                return f"{value.dtype}{list(value.shape)}".replace("float64", "")
            return f"[{', '.join(map(short, value))}]" if isinstance(value, (list, tuple)) else str(value)

        parts = [*map(short, self.args), *[f"{k}={short(v)}" for k, v in self.settings.items()]]
        return f"{self.name}({', '.join(parts)})"


def rows(name, *variants, **common):
    """One row for each tuple of arguments; a last dict holds settings."""
    for args in variants:
        args = args if isinstance(args, tuple) else (args,)
        *args, settings = args if args and isinstance(args[-1], dict) else (*args, {})
        yield Row(name, *args, **common, **settings)


def table(*generators):
    return list(itertools.chain(*generators))


# -- one element at a time -----------------------------------------------------------------------

KINDS = {
    "matrix": M, "no axes": ONE, "empty": NONE, "turned": np.asfortranarray(M), "whole": WHOLE, "bools": MASK,
    "bytes": BITS.astype(np.uint8), "singles": M.astype(np.float32), "halves": M.astype(np.float16),
    "not finite": HOLES,
}  # fmt: skip
UNARY = """
    abs acos acosh asin asinh atan atanh ceil cos cosh deg2rad digamma erf erfc erfinv exp exp2 expm1 floor frac
    isfinite isinf isnan isneginf isposinf lgamma log log10 log1p log2 logical_not nan_to_num neg positive
    rad2deg reciprocal relu round rsqrt sgn sigmoid sign signbit sin sinc sinh sqrt square tan tanh trunc
    absolute negative arccos arcsinh fix clone detach
""".split()
BINARY = """
    add sub mul div true_divide floor_divide remainder fmod pow atan2 hypot logaddexp maximum minimum rsub
    eq ne lt le gt ge logical_and logical_or logical_xor bitwise_and bitwise_or bitwise_xor greater less_equal
    subtract multiply
""".split()
PAIRS = {
    "matrices": (M, N), "broadcast": (M, ROW), "the other way": (ROW, M), "no axes": (M, ONE), "empty": (NONE, VECTOR),
    "whole": (WHOLE, J), "mixed": (M, J), "bools": (MASK, ~MASK), "bools and whole": (MASK, J),
    "number": (M, 1.5), "whole number": (M, 2), "whole and float": (WHOLE, 2.5), "whole and whole": (WHOLE, 3),
    "bytes and whole": (BITS.astype(np.uint8), J), "singles and doubles": (M.astype(np.float32), N),
    "singles and one double": (M.astype(np.float32), ONE),
    "halves and singles": (M.astype(np.float16), ROW.astype(np.float32)),
}  # fmt: skip
# What differs on purpose: (name, kind of operand) -> the reason
DIFFERENT_KINDS = {
    ("relu", "not finite"): "the gradient at NaN is 0",
    ("sign", "not finite"): "NaN stays NaN",
    ("sgn", "not finite"): "NaN stays NaN",
    ("digamma", "halves"): "a composition rounds at every step",
}
ELEMENTWISE = table(
    *[rows(name, *[x for kind, x in KINDS.items() if (name, kind) not in DIFFERENT_KINDS]) for name in UNARY],
    *[rows(name, *PAIRS.values()) for name in BINARY],
    rows("clamp", (M, -0.5, 0.7), (M, {"min": 0.1}), (M, {"max": ROW}), (TIES, 1, 3), (WHOLE, 0, 3), (WHOLE, 0.5),
         (M, N - 1, N + 1)),
    rows("clamp_min", (M, 0.2)),
    rows("clamp_max", (M, 0.2)),
    rows("add", (M, N, {"alpha": 3}), (WHOLE, J, {"alpha": 2})),
    rows("div", (M, N, {"rounding_mode": "floor"}), (WHOLE, J, {"rounding_mode": "trunc"}),
         (-WHOLE, 3, {"rounding_mode": "floor"}),
         (M, N, {"rounding_mode": "trunc"})),
    rows("pow", (M, 3), (M, 2), (POSITIVE, 0.5), (POSITIVE, -1.5), (BITS, 2), (2, M)),
    rows("round", (M, {"decimals": 1})),
    rows("lerp", (M, N, 0.3), (M, N, ROW)),
    rows("addcmul", (M, N, ROW, {"value": 0.5}), (M, N, N)),
    rows("addcdiv", (M, N, POSITIVE, {"value": 0.5}), (M, N, POSITIVE)),
    rows("bitwise_not", WHOLE, MASK),
    rows("bitwise_left_shift", (BITS, 2), (BITS, BITS)),
    rows("bitwise_right_shift", (BITS, 1)),
    rows("isclose", (M, M + 1e-9), (M, N, {"atol": 1.0}), (HOLES, HOLES, {"equal_nan": True}), (WHOLE, WHOLE)),
    rows("allclose", (M, M + 1e-9), (M, N)),
    rows("equal", (M, M), (M, N), (WHOLE, J), (M, ROW)),
    rows("isin", (WHOLE, J), forms="f"),
    rows("where", (MASK, M, N), (MASK, M, 0.0), (MASK, 1.0, ROW), (MASK, WHOLE, 2.5), (MASK,), (MASK, 1.0, 2.0),
         forms="f"),
    rows("nonzero", MASK, WHOLE, ONE, NONE),
    rows("nonzero", (MASK, {"as_tuple": True}), forms="f"),
    rows("clip", (M, -0.5, 0.7)),
    rows("logit", (INSIDE, {"eps": 0.1})),
)  # fmt: skip

# -- reductions ----------------------------------------------------------------------------------

AXES = ({}, {"dim": 1}, {"dim": -1, "keepdim": True}, {"dim": 0})
SEVERAL = (*AXES, {"dim": (0, -1)}, {"dim": (1, 2), "keepdim": True})


def reductions(name, *operands, settings=AXES, **common):
    return rows(name, *[(*((x,) if isinstance(x, np.ndarray) else x), s) for x in operands for s in settings], **common)


REDUCTIONS = table(
    *[reductions(name, C, settings=SEVERAL) for name in ("sum", "nansum", "mean", "nanmean", "amax", "amin", "norm")],
    *[reductions(name, C, settings=({}, {"dim": 1}, {"dim": (0, 2), "keepdim": True}, {"unbiased": False},
                                    {"correction": 2})) for name in ("var", "std")],
    rows("var", (M, 1, False), (M, False), ONE),
    rows("std_mean", (M, 1), forms="f"),
    rows("var_mean", (M,), forms="f"),
    *[reductions(name, CUBE, WHOLE) for name in ("max", "min", "prod")],
    *[reductions(name, D, TIES) for name in ("argmax", "argmin", "median")],
    *[reductions(name, MASK, WHOLE, BITS.astype(np.uint8)) for name in ("any", "all", "sum", "prod")],
    *[rows(name, ONE, (ONE, 0), (ONE, -1), (NONE, 0 if name in ("sum", "prod", "mean") else 1), WHOLE.astype(np.int32))
      for name in ("sum", "prod", "any", "all", "argmax", "argmin", "mean", "max", "min", "std")],
    rows("sum", NONE, (M, {"dtype": "float32"}), (M, 1, {"dtype": "float32"}), (WHOLE, {"dtype": "float64"}), (M, ())),
    rows("prod", ZEROS, (ZEROS, 1), NONE),
    rows("mean", (WHOLE, {"dtype": "float64"}), WHOLE),
    rows("max", (M, N), (TIES,), (HOLES,), (NONE,)),
    rows("min", (M, ROW), (TIES,)),
    rows("aminmax", (CUBE, {"dim": 1}), (CUBE,)),
    rows("count_nonzero", WHOLE, (WHOLE, 1), (WHOLE, (0, 1))),
    rows("cumsum", (C, 1), (C, -1), (WHOLE, 0), (MASK, 1), (ONE, 0), (NONE, 0)),
    rows("cumprod", (C, 1), (ZEROS, 1), (WHOLE, 0)),
    rows("norm", (M, 1), (M, INF, 1), (M, -INF, 0), (M, 3, 0), (M, 0), (M, "fro", 1), (SQUARE, "nuc"),
         (M, 2, 1, True),
         (np.zeros((2, 3)),)),
    rows("dist", (M, N), (M, N, 1), (M, N, INF)),
    rows("renorm", (M, 2, 0, 1.0), (M, 1, 1, 0.5)),
    rows("logsumexp", (C, 1), (C, (0, 2), True), (HOLES[:, :1], 0)),
    rows("softmax", (C, 1), (ONE, 0), (M, 1, {"dtype": "float32"})),
    rows("log_softmax", (C, -1)),
)  # fmt: skip

# -- order ---------------------------------------------------------------------------------------

SIX = np.array([3, 1, 3, 2, 2, 2])
ORDER = table(
    rows("sort", (CUBE,), (CUBE, 1), (CUBE, 0, True), ONE, NONE),
    rows("argsort", (CUBE, 1), (CUBE, -1, True)),
    rows("msort", D),
    rows("topk", (CUBE, 2), (CUBE, 2, 1, False), (CUBE, 1, 0), (CUBE, 0)),
    rows("kthvalue", (CUBE, 2), (CUBE, 1, 1), (CUBE, 2, 0, True), (ONE, 1)),
    rows("median", D, (CUBE, 1, True), (HOLES,), (HOLES, 1), (WHOLE,), (ONE,), (distinct(5),)),
    rows("mode", (SIX,), (BITS, 0), (BITS, -1, True), (ONE,)),
    rows("quantile", (M, 0.4), (M, 0.3, 1), (M, np.array([0.1, 0.75]), 0), (M, 0.5, 1, True)),
    rows("unique", WHOLE, (SIX, {"return_inverse": True, "return_counts": True}), (BITS % 2, {"dim": 1}),
         (BITS % 2, {"dim": 0, "return_inverse": True, "return_counts": True}), (MASK,)),
    rows("unique_consecutive", (SIX, {"return_inverse": True, "return_counts": True}), (BITS % 2,),
         (BITS[:, :1] % 2, {"dim": 0})),
    rows("searchsorted", (np.sort(ROW), M), (np.sort(ROW), M, {"right": True}), (np.sort(ROW), 0.3), forms="f"),
    rows("bucketize", (M, np.sort(ROW)), forms="f"),
    rows("bincount", (SIX,), (SIX, drawn(6)), (SIX, {"minlength": 9}), (SIX, {"minlength": 2}), (np.zeros(0, int),)),
    rows("histc", (M, 5), (M, 4, -1, 1), (M, {"bins": 3, "min": 0, "max": 2}), (np.ones((2, 2)), 4)),
)  # fmt: skip

# -- shape ---------------------------------------------------------------------------------------

SHAPE = table(
    rows("reshape", (C, (4, 6)), (C, (-1, 2)), (NONE, (3, 0)), (ONE, (1, 1)), (C, ())),
    rows("view", (C, 4, 6), (C, -1), (C, (2, 12)), (ONE, 1)),
    rows("view_as", (C, drawn(6, 4))),
    rows("reshape_as", (C, drawn(6, 4))),
    rows("permute", (C, (2, 0, 1)), (C, (0, -1, 1))),
    rows("transpose", (C, 0, 2), (C, -1, 1), (ONE, 0, 0)),
    rows("swapaxes", (C, 0, 2)),
    rows("t", M, ROW, ONE),
    rows("squeeze", (drawn(1, 3, 1),), (drawn(1, 3, 1), 0), (drawn(1, 3, 1), 1), (drawn(1, 3, 1), -1), (ONE, 0),
         (drawn(1, 3, 1), (0, 2))),
    rows("unsqueeze", (M, 0), (M, -1), (M, 1), (ONE, 0)),
    rows("expand", (ROW, 3, 4), (ROW, (2, 3, -1)), (drawn(3, 1), 3, 5), (ONE, 2)),
    rows("expand_as", (ROW, M)),
    rows("broadcast_to", (ROW, (3, 4))),
    rows("repeat", (M, 2, 3), (ROW, (2, 1, 3)), (ONE, 2)),
    rows("tile", (M, (2,)), (M, (2, 1, 2))),
    rows("repeat_interleave", (M, 2), (M, 2, 0), (M, np.array([1, 0, 2]), 0)),
    rows("repeat_interleave", (np.array([2, 1]),), forms="f"),
    rows("flatten", C, (C, 1), (C, 0, 1), ONE),
    rows("ravel", C, np.asfortranarray(M)),
    rows("unflatten", (M, 1, (2, 2)), (M, 1, (2, -1))),
    rows("narrow", (C, 1, 1, 2), (C, -1, 0, 2), (M, 0, 3, 0), (M, 0, -2, 1)),
    rows("select", (C, 1, 2), (C, -1, -1)),
    rows("flip", (C, (0, 2)), (C, (1,))),
    rows("fliplr", M),
    rows("flipud", M),
    rows("roll", (M, 1), (M, 1, 0), (M, (1, -2), (0, 1)), (M, 5, 1)),
    rows("rot90", (M,), (M, 2), (C, -1, (1, 2)), (M, 4), (C, 1, (2, 0))),
    rows("movedim", (C, 0, 2), (C, (0, 1), (2, 0)), (C, -1, 0)),
    rows("unbind", M, (C, 1)),
    rows("chunk", (M, 3, 1), (C, 2), (ROW, 7)),
    rows("split", (M, 3, 1), (M, (1, 3), 1), (NONE, 2)),
    rows("tensor_split", (M, 3, 1), (M, (1, 3), 1), (M, 2)),
    rows("cat", ([M, N], 1), ([M, N, M],), ([M, np.zeros(0)],), ([M, WHOLE],), ([NONE, NONE],), forms="f"),
    rows("stack", ([M, N],), ([M, N], -1), ([ONE, ONE],), forms="f"),
    rows("hstack", ([M, N],), ([ROW, ROW],), forms="f"),
    rows("vstack", ([M, ROW],), forms="f"),
    rows("dstack", ([M, N],), ([ROW, ROW],), forms="f"),
    rows("column_stack", ([VECTOR, M],), forms="f"),
    rows("meshgrid", (VECTOR, ROW, {"indexing": "ij"}), (VECTOR, ROW, {"indexing": "xy"}), forms="f"),
    rows("broadcast_tensors", (drawn(3, 1), ROW), forms="f"),
    rows("cartesian_prod", (VECTOR, ROW), forms="f"),
    rows("atleast_2d", (ROW,), forms="f"),
    rows("diag", VECTOR, (VECTOR, 1), M, (M, -1)),
    rows("diagonal", M, (C, 1, 1, 2), (C, 0, 0, 2), (M, -1)),
    rows("diag_embed", M, (M, 1, 0, 2)),
    rows("diagflat", M, (VECTOR, -1)),
    rows("triu", M, (C, 1), (M, -1), (WHOLE,)),
    rows("tril", M, (C, -1)),
    rows("tril_indices", (3, 4), (3, 3, 1), forms="f"),
    rows("triu_indices", (3, 4, -1), forms="f"),
    rows("block_diag", (M, SQUARE), forms="f"),
    rows("as_strided", (M, (2, 2), (4, 1)), (M, (2, 3), (1, 2), 1), (M, (3, 3), (2, 1))),
    rows("unfold", (M, 1, 2, 1), (M, 0, 2, 1), (C, 1, 2, 2), (M, -1, 3, 2)),
    rows("contiguous", M),
    rows("numel", M),
)  # fmt: skip

# -- positions -----------------------------------------------------------------------------------

POSITIONS = table(
    rows("index_select", (M, 0, AGAIN), (M, 1, PLACES), (ROW, 0, PLACES), (M, -1, np.array([1], np.int32))),
    rows("masked_select", (M, MASK), (M, MASK[0]), (ROW, MASK)),
    rows("gather", (M, 0, AT), (M, 1, AT), (M, 0, AT[:, :2]), (ONE, 0, np.array(0))),
    rows("scatter", (M, 0, ONCE, N[:2]), (M, 0, ONCE, 1.5), (M, 1, np.array([[1, 0], [3, 2]]), N[:2, :2].copy()),
         (WHOLE, 0, ONCE, 2)),
    rows("scatter_add", (M, 0, AT, N[:2]), (M, 1, AT, N[:2]), (M, 0, AT[:1, :2], N[:1, :2].copy())),
    rows("index_add", (M, 0, AGAIN, N), (M, 1, PLACES, drawn(3, 2), {"alpha": 2})),
    rows("index_copy", (M, 0, PLACES, drawn(2, 4)), (M, 1, PLACES, drawn(3, 2))),
    rows("index_fill", (M, 0, PLACES, 1.5), (M, 1, PLACES, -1), (WHOLE, 1, PLACES, 7)),
    rows("index_put", (M, (PLACES,), ROW), (M, (PLACES, PLACES), drawn(2)), (M, (AGAIN,), ROW, True),
         (M, (MASK,), ONE)),
    rows("masked_fill", (M, MASK, 0.5), (M, MASK[0], -1), (M, MASK, np.array(2.0)), (WHOLE, MASK, 3),
         (ROW, MASK[0], 1.0)),
    rows("masked_scatter", (M, MASK, drawn(12)), (M, MASK[0], drawn(3, 4))),
    rows("take", (M, np.array([[0, 5], [11, -1]])),),
    rows("put", (M, np.array([0, 5, -1]), VECTOR), (M, np.array([0, 5, 5]), VECTOR, True)),
    rows("take_along_dim", (M, AT % 3, 0), (M, np.array([3, 1]))),
    rows("select_scatter", (M, ROW, 0, 1)),
)  # fmt: skip

# -- matrices ------------------------------------------------------------------------------------

MATRICES = table(
    rows("matmul", (M, drawn(4, 2)), (M, ROW), (VECTOR, M), (ROW, ROW), (C, drawn(4, 2)), (C, drawn(2, 4, 5)),
         (drawn(3, 0), drawn(0, 2))),
    rows("mm", (M, drawn(4, 2))),
    rows("mv", (M, ROW)),
    rows("bmm", (C, drawn(2, 4, 5))),
    rows("dot", (ROW, ROW * 2)),
    rows("vdot", (ROW, ROW * 2)),
    rows("inner", (M, ROW), (M, N)),
    rows("outer", (VECTOR, ROW)),
    rows("ger", (VECTOR, ROW)),
    rows("addmm", (drawn(3, 2), M, drawn(4, 2)), (drawn(2), M, drawn(4, 2), {"beta": 0.5, "alpha": 2})),
    rows("addmv", (VECTOR, M, ROW), (VECTOR, M, ROW, {"beta": 0})),
    rows("addr", (M, VECTOR, ROW, {"alpha": 0.5})),
    rows("baddbmm", (drawn(2, 3, 5), C, drawn(2, 4, 5)), (drawn(2, 3, 5), C, drawn(2, 4, 5), {"beta": 2})),
    rows("addbmm", (drawn(3, 5), C, drawn(2, 4, 5))),
    rows("einsum", ("ij,kj->ik", M, N), ("bij->bji", C), ("ii->i", SQUARE), ("bii", BATCH), ("...ii->...", BATCH),
         ("i,j", VECTOR, ROW), ("ij,ij->", M, N), forms="f"),
    rows("tensordot", (C, drawn(3, 4, 5), 2), (C, M, ([1, 2], [0, 1])), (C, M, {"dims": ([2], [1])}), forms="f"),
    rows("chain_matmul", (M, drawn(4, 2), drawn(2, 6)), forms="f"),
    rows("kron", (VECTOR, M)),
    rows("cross", (drawn(2, 3), drawn(2, 3), {"dim": 1}), (drawn(3, 2), drawn(3, 2), {"dim": 0})),
    rows("trace", M, WHOLE),
    rows("matrix_power", (SQUARE, 3), (SQUARE, 0), (BATCH, -2), (SQUARE, 1)),
    rows("inverse", SQUARE, BATCH),
    rows("det", SQUARE, BATCH, -BATCH),
    rows("logdet", SPD),
    rows("slogdet", BATCH, -BATCH),
    rows("pinverse", M, SQUARE),
    rows("cholesky", SPD, (SPD, True)),
    rows("cholesky_solve", (drawn(3, 2), np.linalg.cholesky(SPD)), constant=True),
    rows("cholesky_inverse", (np.linalg.cholesky(SPD),)),
    rows("triangular_solve", (drawn(3, 2), SQUARE), (drawn(3, 2), SQUARE, {"upper": False}),
         (drawn(3, 2), SQUARE, {"transpose": True})),
)  # fmt: skip

# -- new tensors ---------------------------------------------------------------------------------

CREATION = table(
    rows("zeros", (2, 3), ((2, 3),), ((),), (0,), ({"size": (2, 3)},), (2, {"dtype": "int64"}), forms="f"),
    rows("ones", (2, 3), ((2, 3), {"dtype": "bool"}), forms="f"),
    rows("full", ((2, 3), 7), ((2,), 1.5), ((2,), True), ((), 3), forms="f"),
    rows("eye", (3,), (2, 3), (2, {"dtype": "int32"}), (0,), forms="f"),
    rows("arange", (5,), (2, 10, 3), (0, 1, 0.25), (5.0,), (5, 0, -2), ({"end": 4},), (0,),
         (1, 4, {"dtype": "float64"}), forms="f"),
    rows("linspace", (0, 1, 5), (3, -3, 4), (1, 2, 1), (1, 2, 0), forms="f"),
    rows("logspace", (0, 2, 5), (0, 3, 4, 2.0), forms="f"),
    rows("zeros_like", M, (WHOLE, {"dtype": "float32"}), forms="f"),
    rows("ones_like", WHOLE, forms="f"),
    rows("full_like", (M, 3), (WHOLE, 2), forms="f"),
    rows("new_zeros", (M, 2, 3), (WHOLE, (2, 3)), forms="m"),
    rows("new_ones", (M, (2,)), (WHOLE, 2, {"dtype": "float32"}), forms="m"),
    rows("new_full", (M, (2, 2), 3), forms="m"),
    rows("new_tensor", (M, [1, 2]), forms="m"),
    rows("tensor", ([1, 2],), ([1.0, 2],), ([True],), ([[]],), (3,), (2.5,), ([1, 2], {"dtype": "float64"}), (M,),
         (WHOLE,),
         (MASK,), ([[1, 2], [3, 4.5]],), (True,), forms="f"),
    rows("as_tensor", ([1.5],), (WHOLE,), (M, {"dtype": "float32"}), forms="f"),
    rows("scalar_tensor", (2,), forms="f"),
)  # fmt: skip
CONVERSION = table(
    *[rows(name, M, WHOLE, MASK, forms="m") for name in ("float", "double", "half", "bfloat16", "long", "int",
         "short", "bool")],
    *[rows(name, BITS, MASK, forms="m") for name in ("byte", "char")],
    rows("type", (M,), (WHOLE, "torch.FloatTensor"), (WHOLE.astype(np.int32),), (MASK,), forms="m"),
    rows("type_as", (M, WHOLE), (WHOLE, M), forms="m"),
    rows("to", (M, "float32"), (WHOLE, M), (M, {"dtype": "int64"}), forms="m"),
    rows("stride", C, ONE, (C, 1), forms="m"),
    *[rows(name, M, ONE, NONE, WHOLE, forms="m") for name in ("dim", "numel", "size", "element_size", "storage_offset",
      "is_contiguous", "tolist", "is_floating_point", "is_complex", "is_signed", "ndimension", "nelement",
      "get_device")],
    rows("size", (C, 1), (C, -1), forms="m"),
    rows("item", ONE, (np.array(3),), (np.array([True]),), forms="m"),
)  # fmt: skip

TABLE = ELEMENTWISE + REDUCTIONS + ORDER + SHAPE + POSITIONS + MATRICES + CREATION + CONVERSION


# -- calling and comparing -----------------------------------------------------------------------


def as_argument(lib, value, leaves):
    if isinstance(value, np.ndarray):
        made = (
            lib.from_numpy(np.array(value, order="C"))
            if value.flags.c_contiguous
            else lib.from_numpy(value.T.copy()).t()
        )
        if leaves is not None and value.dtype.kind == "f" and value.dtype.itemsize >= 4:
            made.requires_grad_()
            leaves.append(made)
        return made
    if isinstance(value, (list, tuple)) and any(isinstance(v, np.ndarray) for v in value):
        return type(value)([as_argument(lib, v, leaves) for v in value])
    if isinstance(value, str) and hasattr(lib, value) and value in ("float32", "float64", "int64", "int32", "bool"):
        return getattr(lib, value)
    return value


def outcome(lib, form, row):
    """Everything that can be compared about a call: results, or the error."""
    leaves = None if row.constant else []
    raw = row.args if row.name in ("tensor", "as_tensor") else [as_argument(lib, a, leaves) for a in row.args]
    settings = {k: as_argument(lib, v, leaves) for k, v in row.settings.items()}
    given = list(raw)
    if form == "i":
        given[0] = given[0].clone(memory_format=lib.contiguous_format)
    try:
        if form == "f":
            result = getattr(lib, row.name)(*given, **settings)
        else:
            result = getattr(given[0], row.name + ("_" if form == "i" else ""))(*given[1:], **settings)
    except Exception as error:
        return error
    parts = [described(lib, part, given) for part in flat(result)]
    return parts, gradients(lib, flat(result), leaves)


def flat(result):
    return [p for part in result for p in flat(part)] if isinstance(result, (tuple, list)) else [result]


def described(lib, part, given):
    if not isinstance(part, lib.Tensor):
        return part if isinstance(part, (bool, int, float, str)) else str(part)
    first = given[0] if given and isinstance(given[0], lib.Tensor) else None
    values = part.detach().double().numpy() if part.dtype == lib.bfloat16 else part.detach().numpy(force=True)
    return {
        "values": np.array(values),
        "dtype": str(part.dtype),
        "shape": tuple(part.shape),
        "strides": tuple(part.stride()),
        "shares": first is not None and part.numel() > 0 and shares(part, first),
    }


def shares(part, first):
    low, high = first.data_ptr(), first.data_ptr() + first.numel() * first.element_size()
    return low <= part.data_ptr() < high


def gradients(lib, parts, leaves):
    tracked = [p for p in parts if isinstance(p, lib.Tensor) and p.requires_grad and p.grad_fn is not None]
    if not tracked or not leaves:
        return None
    seeds = [np.linspace(0.5, 1.5, p.numel()).reshape(tuple(p.shape)) for p in tracked]
    seeds = [lib.from_numpy(np.array(s)).to(p.dtype) for s, p in zip(seeds, tracked)]
    try:
        found = lib.autograd.grad(tracked, leaves, seeds, allow_unused=True)
    except RuntimeError as error:
        if "derivative for" in str(error):  # PyTorch's way of having none
            return None
        raise
    return [
        np.zeros(tuple(x.shape)) if g is None else np.array(g.detach().numpy(force=True)) for g, x in zip(found, leaves)
    ]


# What differs on purpose: (name, form) -> the reason
DIFFERENT = {
    **{
        (f"logical_{name}", "i"): "PyTorch keeps the gradient of what was overwritten"
        for name in ("and", "or", "xor", "not")
    },
}
CALLS = [
    (row, form)
    for row in TABLE
    for form in row.forms
    if torch is not None
    and hasattr(torch if form == "f" else torch.Tensor, row.name + ("_" if form == "i" else ""))
    and not (form != "f" and not (row.args and isinstance(row.args[0], np.ndarray)))
    and (row.name, form) not in DIFFERENT
]  # fmt: skip


# What PyTorch leaves out and this style does not need to: a dtype, a number instead of a tensor, a gradient.
MORE = ("not implemented", "must be Tensor, not", "Boolean inputs not supported", "invalid combination of arguments")


@pytest.mark.parametrize("name", dict.fromkeys(row.name for row in TABLE))
def test_agrees_with_pytorch(name):
    failures = []
    for row, form in CALLS:
        if row.name == name:
            try:
                check_agrees(row, form)
            except Exception as error:
                failures.append(f"{row} as {form!r}: {type(error).__name__}: {' '.join(str(error).split())[:300]}")

    assert not failures, "\n".join(["", *failures])


def check_agrees(row, form):
    theirs, mine = outcome(torch, form, row), outcome(ours, form, row)

    if isinstance(theirs, Exception):
        if not any(words in str(theirs) for words in MORE):
            assert isinstance(mine, ours.errors.TriviumError), f"PyTorch refuses: {theirs!r}; here: {mine!r}"
            assert isinstance(mine, type(theirs)), f"PyTorch has {theirs!r}, here: {mine!r}"
        return
    if isinstance(mine, Exception):
        raise mine
    assert len(mine[0]) == len(theirs[0])
    for a, b in zip(mine[0], theirs[0]):
        agree(a, b)
    given, wanted = mine[1] or (), theirs[1] or ()
    if theirs[1] is None:
        return
    if not given:  # no gradient here, and one of 0 there
        assert not any(g.any() for g in wanted), "gradients are missing"
        return
    loose = 1e-5 if all(a.dtype != np.float16 for a in row.args if isinstance(a, np.ndarray)) else 5e-3
    for g, h in zip(given, wanted):
        np.testing.assert_allclose(g, h, rtol=loose, atol=loose, err_msg="gradient")


def agree(mine, theirs):
    if not isinstance(theirs, dict):
        assert type(mine) is type(theirs)
        assert mine == theirs
        return
    for what in ("shape", "dtype", "shares"):
        assert mine[what] == theirs[what], what
    if theirs["shares"]:
        assert mine["strides"] == theirs["strides"], "strides"
    dtype = mine["values"].dtype
    tolerance = 0 if dtype.kind in "biu" else {2: 5e-3, 4: 2e-5, 8: 1e-6}[dtype.itemsize]
    np.testing.assert_allclose(mine["values"], theirs["values"], rtol=tolerance, atol=tolerance)
