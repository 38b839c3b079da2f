"""Every function of numbers and arrays: one row with a call, and what NumPy says that it gives, dtype included."""

import math

import numpy as np
import pytest

import trivium_api_static as tf

F = np.array([[0.5, -1.5, 2.5], [3.0, -0.25, 1.0]], np.float32)
P = np.abs(F)
ROW = np.array([3.0, 1.0, 2.0], np.float32)
WHOLE = np.array([[-7, 4, 9], [2, -3, 5]], np.int32)
N = np.array([2, -2, 3], np.int32)
B = np.array([[True, False, True], [False, False, True]])
S = np.array([[2.0, 0.5], [0.5, 1.0]], np.float32)
CUBE = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
IMAGE = np.arange(32, dtype=np.float32).reshape(1, 4, 4, 2)


def f(value):
    return np.asarray(value, np.float32)


def i(value):
    return np.asarray(value, np.int32)


def of_each(function, x):
    return np.vectorize(function)(x).astype(x.dtype)


def numeric_digamma(x):
    return (math.lgamma(x + 1e-4) - math.lgamma(x - 1e-4)) / 2e-4


ROWS = {
    # arithmetic
    "add": (lambda: tf.add(F, ROW), F + ROW),
    "subtract": (lambda: tf.subtract(F, 1), F - 1),
    "multiply": (lambda: tf.multiply(WHOLE, N), WHOLE * N),
    "scalar_mul": (lambda: tf.scalar_mul(2.0, F), 2 * F),
    "divide": (lambda: tf.divide(WHOLE, N), WHOLE.astype(np.float64) / N),
    "truediv": (lambda: tf.truediv(np.int8([7]), np.int8([2])), f([3.5])),
    "realdiv": (lambda: tf.realdiv(F, P), F / P),
    "div": (lambda: tf.div(-7, 2), i(-4)),
    "div_no_nan": (lambda: tf.div_no_nan(F, [0.0, 1.0, 2.0]), f([[0, -1.5, 1.25], [0, -0.25, 0.5]])),
    "floordiv": (lambda: tf.floordiv(WHOLE, N), WHOLE // N),
    "floor_div": (lambda: tf.floor_div(F, 2.0), F // 2),
    "truncatediv": (lambda: tf.truncatediv(WHOLE, N), np.trunc(WHOLE / N).astype(np.int32)),
    "mod": (lambda: tf.mod(-7, 2), i(1)),
    "floormod": (lambda: tf.floormod(WHOLE, N), WHOLE % N),
    "truncatemod": (lambda: tf.truncatemod(WHOLE, N), np.fmod(WHOLE, N)),
    "negative": (lambda: tf.negative(WHOLE), -WHOLE),
    "abs": (lambda: tf.abs(WHOLE), np.abs(WHOLE)),
    "sign": (lambda: tf.sign(WHOLE), np.sign(WHOLE)),
    "square": (lambda: tf.square(WHOLE), WHOLE * WHOLE),
    "sqrt": (lambda: tf.sqrt(P), np.sqrt(P)),
    "rsqrt": (lambda: tf.rsqrt(P), 1 / np.sqrt(P)),
    "reciprocal": (lambda: tf.reciprocal(F), 1 / F),
    "exp": (lambda: tf.exp(F), np.exp(F)),
    "expm1": (lambda: tf.expm1(F), np.expm1(F)),
    "log": (lambda: tf.log(P), np.log(P)),
    "log1p": (lambda: tf.log1p(P), np.log1p(P)),
    "pow": (lambda: tf.pow(P, ROW), P**ROW),
    "sin": (lambda: tf.sin(F), np.sin(F)),
    "cos": (lambda: tf.cos(F), np.cos(F)),
    "tan": (lambda: tf.tan(F), np.tan(F)),
    "asin": (lambda: tf.asin(F / 4), np.arcsin(F / 4)),
    "acos": (lambda: tf.acos(F / 4), np.arccos(F / 4)),
    "atan": (lambda: tf.atan(F), np.arctan(F)),
    "atan2": (lambda: tf.atan2(F, ROW), np.arctan2(F, ROW)),
    "sinh": (lambda: tf.sinh(F), np.sinh(F)),
    "cosh": (lambda: tf.cosh(F), np.cosh(F)),
    "tanh": (lambda: tf.tanh(F), np.tanh(F)),
    "asinh": (lambda: tf.asinh(F), np.arcsinh(F)),
    "acosh": (lambda: tf.acosh(P + 1), np.arccosh(P + 1)),
    "atanh": (lambda: tf.atanh(F / 4), np.arctanh(F / 4)),
    "sigmoid": (lambda: tf.sigmoid(F), 1 / (1 + np.exp(-F))),
    "log_sigmoid": (lambda: tf.log_sigmoid(F), -np.log1p(np.exp(-F))),
    "erf": (lambda: tf.erf(F), of_each(math.erf, F)),
    "erfc": (lambda: tf.erfc(F), of_each(math.erfc, F)),
    "lgamma": (lambda: tf.lgamma(P), of_each(math.lgamma, P)),
    "digamma": (lambda: tf.digamma(P), of_each(numeric_digamma, P)),
    "maximum": (lambda: tf.maximum(F, ROW), np.maximum(F, ROW)),
    "minimum": (lambda: tf.minimum(WHOLE, 3), np.minimum(WHOLE, 3)),
    "squared_difference": (lambda: tf.squared_difference(F, ROW), (F - ROW) ** 2),
    "floor": (lambda: tf.floor(F), np.floor(F)),
    "ceil": (lambda: tf.ceil(F), np.ceil(F)),
    "round": (lambda: tf.round([0.5, 1.5, 2.5, -0.5, -1.5]), f([0, 2, 2, 0, -2])),
    "rint": (lambda: tf.rint(F), np.rint(F)),
    "clip_by_value": (lambda: tf.clip_by_value(F, -1.0, 1.0), np.clip(F, -1, 1)),
    "add_n": (lambda: tf.add_n([F, F, P]), 2 * F + P),
    "accumulate_n": (lambda: tf.accumulate_n([WHOLE, WHOLE], shape=[2, 3]), 2 * WHOLE),
    # comparisons
    "equal": (lambda: tf.equal(WHOLE, 4), WHOLE == 4),
    "not_equal": (lambda: tf.not_equal(B, True), B != True),  # noqa: E712 - element by element
    "less": (lambda: tf.less(F, ROW), F < ROW),
    "less_equal": (lambda: tf.less_equal(WHOLE, 2), WHOLE <= 2),
    "greater": (lambda: tf.greater(WHOLE, 2), WHOLE > 2),
    "greater_equal": (lambda: tf.greater_equal(F, 1.0), F >= 1),
    "logical_and": (lambda: tf.logical_and(B, [True, True, False]), B & np.array([True, True, False])),
    "logical_or": (lambda: tf.logical_or(B, [True, False, False]), B | np.array([True, False, False])),
    "logical_not": (lambda: tf.logical_not(B), ~B),
    "logical_xor": (lambda: tf.logical_xor(B, True), B ^ True),
    "is_nan": (lambda: tf.is_nan([np.nan, np.inf, 1.0]), np.array([True, False, False])),
    "is_inf": (lambda: tf.is_inf([np.nan, -np.inf, 1.0]), np.array([False, True, False])),
    "is_finite": (lambda: tf.is_finite([np.nan, np.inf, 1.0]), np.array([False, False, True])),
    # dtypes
    "cast": (lambda: tf.cast(F, tf.int32), F.astype(np.int32)),
    "saturate_cast": (lambda: tf.saturate_cast([-5, 300, 7], tf.uint8), np.array([0, 255, 7], np.uint8)),
    "bitcast": (lambda: tf.bitcast(f([1.0]), tf.int32), i([1065353216])),
    "to_float": (lambda: tf.to_float(WHOLE), WHOLE.astype(np.float32)),
    "to_double": (lambda: tf.to_double(WHOLE), WHOLE.astype(np.float64)),
    "to_int32": (lambda: tf.to_int32(F), F.astype(np.int32)),
    "to_int64": (lambda: tf.to_int64(F), F.astype(np.int64)),
    "to_bfloat16": (lambda: tf.to_float(tf.to_bfloat16([1.0, 2.5])), f([1.0, 2.5])),
    # reductions
    "reduce_sum": (lambda: tf.reduce_sum(F, 1), F.sum(1)),
    "reduce_mean": (lambda: tf.reduce_mean(CUBE, [0, -1], keepdims=True), CUBE.mean((0, 2), keepdims=True)),
    "reduce_mean of whole numbers": (lambda: tf.reduce_mean([[-7, 2], [0, 1]], 1), i([-2, 0])),
    "reduce_prod": (lambda: tf.reduce_prod(F, 0), F.prod(0)),
    "reduce_max": (lambda: tf.reduce_max(WHOLE), WHOLE.max()),
    "reduce_min": (lambda: tf.reduce_min(WHOLE, axis=1), WHOLE.min(1)),
    "reduce_all": (lambda: tf.reduce_all(B, 0), B.all(0)),
    "reduce_any": (lambda: tf.reduce_any(B, 1, keep_dims=True), B.any(1, keepdims=True)),
    "reduce_logsumexp": (lambda: tf.reduce_logsumexp(F, 0), np.log(np.exp(F).sum(0))),
    "reduce_euclidean_norm": (lambda: tf.reduce_euclidean_norm(F, 1), np.sqrt((F * F).sum(1))),
    "count_nonzero": (lambda: tf.count_nonzero([[0, 3], [1, 1]], 1), np.array([1, 2])),
    "argmax": (lambda: tf.argmax(F, 1), F.argmax(1)),
    "argmin": (lambda: tf.argmin(F, 0, output_type=tf.int32), F.argmin(0).astype(np.int32)),
    "arg_max": (lambda: tf.arg_max(F, dimension=1), F.argmax(1)),
    "arg_min": (lambda: tf.arg_min(F, 1), F.argmin(1)),
    "cumsum": (lambda: tf.cumsum(F, 1), F.cumsum(1)),
    "cumsum exclusive": (lambda: tf.cumsum(WHOLE, 1, exclusive=True, reverse=True), i([[13, 9, 0], [2, 5, 0]])),
    "cumprod": (lambda: tf.cumprod(WHOLE, 1), WHOLE.cumprod(1, dtype=np.int32)),
    "cumprod exclusive": (lambda: tf.cumprod(WHOLE, 1, exclusive=True), i([[1, -7, -28], [1, 2, -6]])),
    "cumprod in reverse": (lambda: tf.cumprod(F, axis=0, reverse=True), np.flip(np.flip(F, 0).cumprod(0), 0)),
    # products and matrices
    "matmul": (lambda: tf.matmul(F, F, transpose_b=True), F @ F.T),
    "tensordot": (lambda: tf.tensordot(CUBE, F, [[1], [1]]), np.tensordot(CUBE, F, [[1], [1]])),
    "tensordot over the last": (lambda: tf.tensordot(F, ROW, 1), F @ ROW),
    "einsum": (lambda: tf.einsum("bij,ki->bkj", CUBE, F), np.einsum("bij,ki->bkj", CUBE, F)),
    "cross": (lambda: tf.cross(F, F[::-1].copy()), np.cross(F, F[::-1])),
    "norm": (lambda: tf.norm(F), np.linalg.norm(F)),
    "norm of rows": (lambda: tf.norm(F, ord=1, axis=1, keepdims=True), np.abs(F).sum(1, keepdims=True)),
    "norm of a matrix": (lambda: tf.norm(F, ord=np.inf, axis=[0, 1]), np.linalg.norm(F, np.inf)),
    "diag": (lambda: tf.diag(ROW), np.diag(ROW)),
    "diag_part": (lambda: tf.diag_part(S), np.diag(S)),
    "matrix_diag": (lambda: tf.matrix_diag(F), np.stack([np.diag(r) for r in F])),
    "matrix_diag_part": (lambda: tf.matrix_diag_part(CUBE), np.stack([np.diag(m) for m in CUBE])),
    "matrix_set_diag": (lambda: tf.matrix_set_diag(S, [7.0, 8.0]), f([[7, 0.5], [0.5, 8]])),
    "matrix_band_part": (lambda: tf.matrix_band_part(CUBE, 1, 0), np.tril(np.triu(CUBE, -1), 0)),
    "matrix_band_part, open": (lambda: tf.matrix_band_part(CUBE[0], -1, 0), np.tril(CUBE[0])),
    "matrix_transpose": (lambda: tf.matrix_transpose(CUBE), CUBE.transpose(0, 2, 1)),
    "trace": (lambda: tf.trace(CUBE), np.trace(CUBE, axis1=1, axis2=2)),
    # making tensors
    "constant": (lambda: tf.constant([1, 2], shape=[4]), i([1, 2, 2, 2])),
    "zeros": (lambda: tf.zeros([2, 3]), np.zeros((2, 3), np.float32)),
    "ones": (lambda: tf.ones([2], tf.int64), np.ones(2, np.int64)),
    "fill": (lambda: tf.fill([2, 2], 7), i([[7, 7], [7, 7]])),
    "zeros_like": (lambda: tf.zeros_like(F, dtype=tf.bool), np.zeros((2, 3), bool)),
    "ones_like": (lambda: tf.ones_like(WHOLE), np.ones_like(WHOLE)),
    "range": (lambda: tf.range(3, 18, 3), np.arange(3, 18, 3, np.int32)),
    "range down": (lambda: tf.range(3.0, 1.0, -0.5), f([3, 2.5, 2, 1.5])),
    "linspace": (lambda: tf.linspace(10.0, 12.0, 3), f([10, 11, 12])),
    "lin_space": (lambda: tf.lin_space(1.0, 2.0, 1), f([1])),
    "eye": (lambda: tf.eye(2, 3), np.eye(2, 3, dtype=np.float32)),
    "eye in a batch": (lambda: tf.eye(2, batch_shape=[3], dtype=tf.int32), np.stack([np.eye(2, dtype=np.int32)] * 3)),
    "identity": (lambda: tf.identity(F), F),
    "stop_gradient": (lambda: tf.stop_gradient(F), F),
    "one_hot": (lambda: tf.one_hot([2, 0, -1], 3), f([[0, 0, 1], [1, 0, 0], [0, 0, 0]])),
    "one_hot of other values": (lambda: tf.one_hot([1, 0], 2, 5, -1, axis=0), i([[-1, 5], [5, -1]])),
    "sequence_mask": (lambda: tf.sequence_mask([1, 3], 4), np.array([[1, 0, 0, 0], [1, 1, 1, 0]], bool)),
    "convert_to_tensor": (lambda: tf.convert_to_tensor([[1, 2.5]]), f([[1, 2.5]])),
    # sizes
    "shape": (lambda: tf.shape(CUBE), i([2, 3, 4])),
    "size": (lambda: tf.size(CUBE, out_type=tf.int64), np.int64(24)),
    "rank": (lambda: tf.rank(CUBE), i(3)),
    "broadcast_dynamic_shape": (lambda: tf.broadcast_dynamic_shape([2, 1], [4, 1, 3]), i([4, 2, 3])),
    # arranging
    "reshape": (lambda: tf.reshape(CUBE, [4, -1]), CUBE.reshape(4, 6)),
    "transpose": (lambda: tf.transpose(CUBE, [2, 0, 1]), CUBE.transpose(2, 0, 1)),
    "expand_dims": (lambda: tf.expand_dims(F, -1), F[..., None]),
    "squeeze": (lambda: tf.squeeze(F[None, :, None], [0]), F[:, None]),
    "concat": (lambda: tf.concat([F, F], 1), np.concatenate([F, F], 1)),
    "stack": (lambda: tf.stack([F, F], axis=-1), np.stack([F, F], -1)),
    "parallel_stack": (lambda: tf.parallel_stack([ROW, ROW]), np.stack([ROW, ROW])),
    "unstack": (lambda: tf.unstack(F, axis=1)[2], F[:, 2]),
    "split": (lambda: tf.split(CUBE, [1, 3], 2)[1], CUBE[..., 1:]),
    "pad": (lambda: tf.pad(F, [[1, 0], [0, 2]], constant_values=9), np.pad(F, [(1, 0), (0, 2)], constant_values=9)),
    "pad by reflection": (lambda: tf.pad(F, [[1, 0], [0, 2]], "REFLECT"), np.pad(F, [(1, 0), (0, 2)], "reflect")),
    "pad by symmetry": (lambda: tf.pad(F, [[2, 0], [0, 2]], "SYMMETRIC"), np.pad(F, [(2, 0), (0, 2)], "symmetric")),
    "tile": (lambda: tf.tile(F, [2, 3]), np.tile(F, (2, 3))),
    "reverse": (lambda: tf.reverse(CUBE, [0, -1]), CUBE[::-1, :, ::-1]),
    "reverse_v2": (lambda: tf.reverse_v2(F, [1]), F[:, ::-1]),
    "reverse_sequence": (
        lambda: tf.reverse_sequence(WHOLE, [2, 3], seq_axis=1, batch_axis=0), i([[4, -7, 9], [5, -3, 2]])
    ),
    "roll": (lambda: tf.roll(F, [1, -1], [0, 1]), np.roll(F, (1, -1), (0, 1))),
    "broadcast_to": (lambda: tf.broadcast_to(ROW, [2, 3]), np.broadcast_to(ROW, (2, 3))),
    "meshgrid": (lambda: tf.meshgrid(ROW, [1.0, 2.0])[1], np.meshgrid(ROW, f([1, 2]))[1]),
    "meshgrid by rows": (lambda: tf.meshgrid([1, 2], [3, 4, 5], indexing="ij")[0], i([[1, 1, 1], [2, 2, 2]])),
    "space_to_depth": (lambda: tf.space_to_depth(IMAGE, 2)[0, 1, 0], f([16, 17, 18, 19, 24, 25, 26, 27])),
    "depth_to_space": (lambda: tf.depth_to_space(tf.space_to_depth(IMAGE, 2), 2), IMAGE),
    "space_to_batch": (lambda: tf.space_to_batch(IMAGE, [[0, 0], [0, 0]], 2)[1], IMAGE[0, ::2, 1::2]),
    "batch_to_space": (
        lambda: tf.batch_to_space(tf.space_to_batch(IMAGE, [[0, 0], [2, 0]], 2), [[0, 0], [2, 0]], 2), IMAGE
    ),
    "space_to_batch_nd": (lambda: tf.space_to_batch_nd(IMAGE, [1, 2], [[0, 0], [0, 0]])[0], IMAGE[0, :, ::2]),
    "batch_to_space_nd": (lambda: tf.batch_to_space_nd(f([[[1]], [[2]]]), [2], [[0, 0]]), f([[[1], [2]]])),
    "extract_image_patches": (
        lambda: tf.extract_image_patches(IMAGE, [1, 2, 2, 1], [1, 2, 2, 1], [1, 1, 1, 1], "VALID")[0, 0, 1],
        f([4, 5, 6, 7, 12, 13, 14, 15]),
    ),
    # parts
    "slice": (lambda: tf.slice(CUBE, [0, 1, 2], [-1, 2, 1]), CUBE[:, 1:3, 2:3]),
    "strided_slice": (lambda: tf.strided_slice(CUBE, [0, 2, 3], [2, 0, 0], [1, -1, -2]), CUBE[0:2, 2:0:-1, 3:0:-2]),
    "strided_slice with masks": (
        lambda: tf.strided_slice(CUBE, [0, 0, 1], [0, 0, 0], ellipsis_mask=1, new_axis_mask=2, shrink_axis_mask=4),
        CUBE[..., None, 1],
    ),
    "gather": (lambda: tf.gather(F, [[1, 0]]), F[[[1, 0]]]),
    "gather of columns": (lambda: tf.gather(F, [2, 2], axis=1), F[:, [2, 2]]),
    "gather_nd": (lambda: tf.gather_nd(F, [[0, 2], [1, 0]]), F[[0, 1], [2, 0]]),
    "scatter_nd": (lambda: tf.scatter_nd([[1], [3], [1]], [1, 2, 3], [5]), i([0, 4, 0, 2, 0])),
    "where": (lambda: tf.where(B, F, -F), np.where(B, F, -F)),
    "where of rows": (lambda: tf.where([True, False], F, -F), np.stack([F[0], -F[1]])),
    "where alone": (lambda: tf.where(B), np.argwhere(B)),
    "boolean_mask": (lambda: tf.boolean_mask(F, B), F[B]),
    "boolean_mask of columns": (lambda: tf.boolean_mask(F, [True, False, True], axis=1), F[:, [0, 2]]),
    "unique": (lambda: tf.unique([4, 1, 4, 2]).y, i([4, 1, 2])),
    "unique_with_counts": (lambda: tf.unique_with_counts([4, 1, 4, 2]).count, i([2, 1, 1])),
    "setdiff1d": (lambda: tf.setdiff1d([1, 2, 3, 4], [3, 1]).idx, i([1, 3])),
    "invert_permutation": (lambda: tf.invert_permutation([2, 0, 1]), i([1, 2, 0])),
    "sort": (lambda: tf.sort(F, direction="DESCENDING"), -np.sort(-F)),
    "argsort": (lambda: tf.argsort(F, axis=0), F.argsort(0).astype(np.int32)),
    "searchsorted": (lambda: tf.searchsorted([1.0, 2.0, 4.0], [2.0, 5.0]), i([1, 3])),
    "searchsorted in a batch": (
        lambda: tf.searchsorted([[1, 3], [0, 1]], [[3, 0], [1, 9]], side="right"), i([[2, 0], [2, 2]])
    ),
    # segments and counts
    "segment_sum": (lambda: tf.segment_sum(F, [0, 2]), np.stack([F[0], 0 * F[0], F[1]])),
    "segment_mean": (lambda: tf.segment_mean([1.0, 2.0, 5.0], [0, 0, 1]), f([1.5, 5])),
    "segment_max": (lambda: tf.segment_max([1, 4, 3], [0, 0, 1]), i([4, 3])),
    "segment_min": (lambda: tf.segment_min([1.0, 4.0, 3.0], [0, 0, 1]), f([1, 3])),
    "segment_prod": (lambda: tf.segment_prod([2, 4, 3], [0, 0, 1]), i([8, 3])),
    "unsorted_segment_sum": (lambda: tf.unsorted_segment_sum([1, 2, 3, 4], [2, 0, 2, -1], 4), i([2, 0, 4, 0])),
    "unsorted_segment_mean": (lambda: tf.unsorted_segment_mean([1.0, 2.0, 3.0], [1, 0, 1], 2), f([2, 2])),
    "unsorted_segment_max": (lambda: tf.unsorted_segment_max([1, 2, 3], [1, 0, 1], 2), i([2, 3])),
    "unsorted_segment_min": (lambda: tf.unsorted_segment_min([1, 2, 3], [1, 0, 1], 2), i([2, 1])),
    "unsorted_segment_prod": (lambda: tf.unsorted_segment_prod([1, 2, 3], [1, 0, 1], 3), i([2, 3, 1])),
    "unsorted_segment_sqrt_n": (
        lambda: tf.unsorted_segment_sqrt_n([1.0, 2.0, 3.0], [1, 0, 1], 2), f([2, 4 / math.sqrt(2)])
    ),
    "dynamic_partition": (lambda: tf.dynamic_partition(F.T, [1, 0, 1], 2)[1], F.T[[0, 2]]),
    "dynamic_stitch": (lambda: tf.dynamic_stitch([[1], [[0, 3], [2, 4]]], [[10], [[0, 30], [20, 40]]]),
                       i([0, 10, 20, 30, 40])),
    "bincount": (lambda: tf.bincount([1, 1, 3]), i([0, 2, 0, 1])),
    "bincount with weights": (
        lambda: tf.bincount([1, 1, 3, 9], weights=[0.5, 1.0, 2.0, 4.0], minlength=5, maxlength=6),
        f([0, 1.5, 0, 2, 0, 0]),
    ),
    "histogram_fixed_width": (
        lambda: tf.histogram_fixed_width([-1.0, 0.0, 1.5, 2.0, 5.0, 15.0], [0.0, 5.0], 5), i([2, 1, 1, 0, 2])
    ),
    "histogram_fixed_width_bins": (
        lambda: tf.histogram_fixed_width_bins([-1.0, 1.5, 15.0], [0.0, 5.0], 5), i([0, 1, 4])
    ),
    "confusion_matrix": (lambda: tf.confusion_matrix([1, 2, 2], [2, 2, 0]), i([[0, 0, 0], [0, 0, 1], [1, 0, 1]])),
    # along the first axis, and by choice
    "map_fn": (lambda: tf.map_fn(lambda x: x * x, F), F * F),
    "foldl": (lambda: tf.foldl(lambda a, x: a - x, ROW), f(0)),
    "foldr": (lambda: tf.foldr(lambda a, x: a - x, ROW, initializer=10.0), f(4)),
    "scan": (lambda: tf.scan(lambda a, x: a + x, ROW), ROW.cumsum()),
    "cond": (lambda: tf.cond(tf.constant(1) > 0, lambda: tf.constant(2), lambda: tf.constant(3)), i(2)),
    "case": (lambda: tf.case([(tf.constant(False), lambda: tf.constant(1))], lambda: tf.constant(2)), i(2)),
    "while_loop": (lambda: tf.while_loop(lambda n: n < 9, lambda n: n * 2, [1]), i(16)),
    # with Python, and checks
    "py_func": (lambda: tf.py_func(lambda x: x[::-1] + 1, [ROW], tf.float32), ROW[::-1] + 1),
    "Print": (lambda: tf.Print(F, [F], first_n=0), F),
    "check_numerics": (lambda: tf.check_numerics(F, "F"), F),
    "verify_tensor_all_finite": (lambda: tf.verify_tensor_all_finite(F, "F"), F),
    "is_non_decreasing": (lambda: tf.is_non_decreasing([1, 1, 2]), np.bool_(True)),
    "is_strictly_increasing": (lambda: tf.is_strictly_increasing([1, 1, 2]), np.bool_(False)),
}  # fmt: skip

RUN_TELLS_THE_SHAPE = (
    "broadcast_dynamic_shape where boolean_mask unique unique_with_counts setdiff1d dynamic_partition bincount "
    "confusion_matrix py_func"
).split()


@pytest.mark.parametrize("name", ROWS)
def test_a_function_gives_what_numpy_gives(run, name):
    call, expected = ROWS[name]
    expected = np.asarray(expected)

    tensor = call()
    got = np.asarray(run(tensor))

    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)
    assert got.dtype == expected.dtype and tensor.dtype == expected.dtype
    assert tensor.shape.is_compatible_with(expected.shape)
    if name.split()[0].rstrip(",") not in RUN_TELLS_THE_SHAPE:
        assert tensor.shape.as_list() == list(expected.shape)
    assert hasattr(tf, name.split()[0].rstrip(","))


MEMBERS = {
    "Graph": """
        as_default get_operations get_operation_by_name get_tensor_by_name as_graph_element name_scope
        unique_name device control_dependencies add_to_collection add_to_collections get_collection
        get_collection_ref get_all_collection_keys clear_collection finalize finalized as_graph_def
        version is_feedable is_fetchable prevent_feeding prevent_fetching colocate_with container
        gradient_override_map seed graph_def_versions
    """,
    "Operation": """
        name type inputs outputs control_inputs graph device get_attr node_def op_def run values traceback
    """,
    "Tensor": """
        name op value_index dtype shape get_shape set_shape graph device consumers eval __add__ __radd__
        __sub__ __rsub__ __mul__ __rmul__ __div__ __truediv__ __rtruediv__ __floordiv__ __rfloordiv__
        __mod__ __rmod__ __pow__ __rpow__ __matmul__ __rmatmul__ __and__ __rand__ __or__ __ror__ __xor__
        __rxor__ __invert__ __neg__ __abs__ __lt__ __le__ __gt__ __ge__ __getitem__
    """,
    "Session": """
        run close graph graph_def as_default __enter__ __exit__ list_devices make_callable
    """,
    "ConfigProto": """
        allow_soft_placement log_device_placement device_count intra_op_parallelism_threads
        inter_op_parallelism_threads gpu_options graph_options
    """,
    "GPUOptions": """
        allow_growth per_process_gpu_memory_fraction visible_device_list
    """,
    "RunOptions": """
        trace_level timeout_in_ms report_tensor_allocations_upon_oom FULL_TRACE NO_TRACE
    """,
    "RunMetadata": """
        step_stats
    """,
    "Variable": """
        value read_value eval initializer initial_value initialized_value assign assign_add assign_sub
        load op name graph shape get_shape dtype device trainable scatter_add scatter_sub scatter_update
        scatter_nd_add scatter_nd_sub scatter_nd_update count_up_to constraint __add__ __getitem__ __lt__
    """,
    "VariableScope": """
        name reuse initializer regularizer dtype custom_getter partitioner caching_device constraint
        original_name_scope reuse_variables set_initializer set_regularizer set_dtype get_variable
        get_collection global_variables local_variables trainable_variables
    """,
    "TensorShape": """
        dims ndims as_list num_elements is_fully_defined is_compatible_with merge_with with_rank
        with_rank_at_least with_rank_at_most concatenate assert_has_rank assert_same_rank
        assert_is_compatible_with assert_is_fully_defined __getitem__ __len__ __iter__ __eq__
    """,
    "Dimension": """
        value merge_with is_compatible_with assert_is_compatible_with __add__ __rsub__ __floordiv__
        __mod__ __lt__
    """,
    "DType": """
        name as_numpy_dtype base_dtype real_dtype is_floating is_integer is_bool is_complex is_unsigned
        min max size limits is_compatible_with as_datatype_enum
    """,
    "TensorArray": """
        dtype flow handle size read write stack gather scatter concat unstack split close identity
        element_shape
    """,
    "IndexedSlices": """
        values indices dense_shape dtype name op graph device
    """,
    "errors.OpError": """
        op node_def message error_code
    """,
}

FUNCTIONS = """
    get_default_graph reset_default_graph name_scope device control_dependencies add_to_collection
    get_collection get_collection_ref colocate_with container get_default_session placeholder
    placeholder_with_default constant convert_to_tensor get_variable get_local_variable variable_scope
    get_variable_scope AUTO_REUSE make_template global_variables all_variables trainable_variables
    local_variables model_variables moving_average_variables global_variables_initializer
    local_variables_initializer variables_initializer initialize_all_variables report_uninitialized_variables
    is_variable_initialized assert_variables_initialized no_regularizer fixed_size_partitioner assign
    assign_add assign_sub scatter_update scatter_nd_update as_dtype group tuple no_op cond case while_loop
    map_fn scan foldl foldr set_random_seed gradients custom_gradient RegisterGradient NoGradient
    random_normal random_uniform truncated_normal random_shuffle random_crop multinomial clip_by_norm
    clip_by_average_norm clip_by_global_norm global_norm test.is_gpu_available client.timeline.Timeline
    math.add linalg.inv linalg.matmul debugging.assert_equal debugging.is_finite random.shuffle newaxis
    GraphKeys.LOSSES errors.CancelledError errors.UnauthenticatedError errors.OutOfRangeError
""".split()


@pytest.mark.parametrize("name", MEMBERS)
def test_a_class_has_the_members_that_programs_use(name):
    instances = {
        "Graph": tf.get_default_graph(), "Tensor": tf.constant(1), "Operation": tf.constant(1).op,
        "Variable": tf.Variable(1.0), "VariableScope": tf.get_variable_scope(), "TensorShape": tf.TensorShape([1]),
        "Dimension": tf.Dimension(1), "DType": tf.int32, "TensorArray": tf.TensorArray(tf.int32, 1),
        "IndexedSlices": tf.IndexedSlices([1.0], [0]), "errors.OpError": tf.errors.NotFoundError(None, None, "text"),
        "ConfigProto": tf.ConfigProto(), "GPUOptions": tf.GPUOptions(), "RunOptions": tf.RunOptions(),
        "RunMetadata": tf.RunMetadata(),
    }  # fmt: skip
    with tf.Session() as session:
        instances["Session"] = session
    thing = instances[name] if name in instances else getattr(tf, name)

    assert [member for member in MEMBERS[name].split() if not hasattr(thing, member)] == []


def test_functions_are_found_where_programs_look_for_them():
    missing = []
    for path in FUNCTIONS:
        found = tf
        for part in path.split("."):
            found = getattr(found, part, missing)
        missing += [path] if found is missing else []

    assert missing == []


DEFAULT_NAMES = {
    "add": "Add", "subtract": "Sub", "multiply": "Mul", "divide": "truediv", "div": "div", "floordiv": "floordiv",
    "mod": "FloorMod", "negative": "Neg", "squared_difference": "SquaredDifference", "clip_by_value": "clip_by_value",
    "add_n": "AddN", "pow": "Pow", "cast": "Cast", "to_float": "ToFloat", "reduce_mean": "Mean", "reduce_prod": "Prod",
    "reduce_logsumexp": "ReduceLogSumExp", "argmax": "ArgMax", "cumsum": "Cumsum", "matmul": "MatMul",
    "tensordot": "Tensordot", "norm": "norm", "zeros": "zeros", "ones": "ones", "fill": "Fill", "range": "range",
    "linspace": "LinSpace", "one_hot": "one_hot", "stop_gradient": "StopGradient", "reshape": "Reshape",
    "transpose": "transpose", "expand_dims": "ExpandDims", "squeeze": "Squeeze", "concat": "concat", "stack": "stack",
    "tile": "Tile", "pad": "Pad", "reverse": "ReverseV2", "slice": "Slice", "strided_slice": "StridedSlice",
    "gather": "GatherV2", "where": "Select", "where alone": "Where", "boolean_mask": "boolean_mask", "shape": "Shape",
    "size": "Size", "rank": "Rank", "cond": "cond/Merge", "while_loop": "while/Exit", "py_func": "PyFunc",
    "check_numerics": "CheckNumerics", "identity": "Identity", "logical_not": "LogicalNot", "equal": "Equal",
}  # fmt: skip


def test_operations_have_tensorflows_default_names():
    found = {}
    for name in DEFAULT_NAMES:
        tf.reset_default_graph()
        found[name] = ROWS[name][0]().op.name

    assert found == DEFAULT_NAMES
