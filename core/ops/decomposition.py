"""Matrices taken apart, and what follows from the parts: inverses, solutions, determinants.

Each op works on every matrix of the leading axes.
"""

import numpy as np

from ..errors import OutOfRangeError, ShapeError
from ..op import op
from ..spec import Dim, same_size
from .elementwise import equal, where
from .linear_algebra import embed_diagonal, matmul, matmul_shape, matrix_transpose, tril
from .shaping import concatenate, expand, slice

__all__ = [
    "inverse",
    "solve",
    "pseudo_inverse",
    "log_determinant",
    "cholesky",
    "qr",
    "svd",
    "eigh",
]


def matrix(x):
    if x.ndim < 2:
        raise ShapeError(f"needs matrices, got {x}")
    return x


def square_matrix(x):
    if x.ndim < 2 or not same_size(x.shape[-1], x.shape[-2]):
        raise ShapeError(f"needs square matrices, got {x}")
    return x


def computed(function, x, *rest):
    """What NumPy makes of matrices, float16 by way of float32; a matrix that it cannot take is an error of ours."""
    wide = [part.astype(np.float32) if part.dtype == np.float16 else part for part in map(np.asarray, (x, *rest))]
    try:
        made = function(*wide)
    except np.linalg.LinAlgError as error:
        raise OutOfRangeError(f"{function.__name__}: {str(error).lower()}") from error
    return tuple([part.astype(x.dtype) for part in made]) if isinstance(made, tuple) else made.astype(x.dtype)


def symmetric(x):
    """The symmetric part of each matrix."""
    return (x + matrix_transpose(x)) * 0.5


def well_conditioned(make, *leading, size=3):
    """Square matrices that have an inverse, and can lose a little without losing it."""
    return make(*leading, size, size) + 3.0 * np.eye(size)


def positive_definite(make, *leading, size=3):
    x = make(*leading, size, size)
    return x @ np.swapaxes(x, -1, -2) + 2.0 * np.eye(size)


def spread(make, *leading, n, m):
    """Matrices whose singular values are well apart."""
    values = np.zeros((n, m))
    np.fill_diagonal(values, 1.0 + np.arange(min(n, m)))
    left, right = np.linalg.qr(make(*leading, n, n))[0], np.linalg.qr(make(*leading, m, m))[0]
    return left @ values @ right


# -- inverses and solutions ----------------------------------------------------------------------


@op
def inverse(x):
    """The inverse of each matrix: (..., n, n)."""
    return computed(np.linalg.inv, x)


inverse.shape(square_matrix)


@inverse.gradient("x")
def inverse_gradient(g, out):
    turned = matrix_transpose(out)
    return -matmul(turned, matmul(g, turned))


@inverse.samples
def inverse_samples(make):
    yield well_conditioned(make)
    yield well_conditioned(make, 2, 1, size=2)
    yield well_conditioned(make, size=1)
    yield make(0, 2, 2)


@op
def solve(x, y):
    """What x is to be multiplied with, from the right, to give y.

    x:      (..., n, n)
    y:      (..., n, k)
    return: (..., n, k)   leading axes broadcast
    """
    return computed(np.linalg.solve, x, y)


@solve.shape
def solve_shape(x, y):
    square_matrix(x)
    return matmul_shape(x, y)


@solve.gradient("x", "y")
def solve_gradient(g, x, out):
    slope = solve(matrix_transpose(x), g)
    return -matmul(slope, matrix_transpose(out)), slope


@solve.samples
def solve_samples(make):
    yield well_conditioned(make), make(3, 2)
    yield well_conditioned(make, 2), make(3, 1)
    yield well_conditioned(make, size=2), make(2, 3, 2, 4)
    yield well_conditioned(make), make(3, 0)


@op
def pseudo_inverse(x, *, limit=1e-15):
    """The Moore-Penrose inverse of each matrix: (..., n, m) to (..., m, n).

    limit: singular values at most this part of the largest count as 0
    Golub & Pereyra, 1973, for the gradient, which takes it that the rank does not change.
    """
    return computed(np.linalg.pinv, x, limit)


@pseudo_inverse.shape
def pseudo_inverse_shape(x, *, limit):
    matrix(x)
    return x.with_shape((*x.shape[:-2], x.shape[-1], x.shape[-2]))


@pseudo_inverse.gradient("x")
def pseudo_inverse_gradient(g, x, out):
    turned, g_turned = matrix_transpose(out), matrix_transpose(g)
    outside_rows = matmul(x, matmul(out, g_turned)) - g_turned  # minus what x's columns do not reach
    outside_columns = matmul(g_turned, matmul(out, x)) - g_turned
    return -(
        matmul(turned, matmul(g, turned))
        + matmul(outside_rows, matmul(out, turned))
        + matmul(turned, matmul(out, outside_columns))
    )


@pseudo_inverse.samples
def pseudo_inverse_samples(make):
    yield spread(make, n=4, m=2)
    yield spread(make, 2, n=2, m=3), {"limit": 1e-3}
    yield well_conditioned(make)
    yield make(0, 3, 2)


@op(outputs=("sign", "logarithm"), auxiliary=("sign",))
def log_determinant(x):
    """The sign of each matrix's determinant, and the logarithm of its size.

    x:      (..., n, n)
    return: (...), (...)   0 and minus infinity for a singular matrix
    """
    return computed(np.linalg.slogdet, x)


@log_determinant.shape
def log_determinant_shape(x):
    out = square_matrix(x).with_shape(x.shape[:-2])
    return out, out


@log_determinant.gradient("x")
def log_determinant_gradient(g, x):
    return expand(expand(g, axis=-1), axis=-1) * matrix_transpose(inverse(x))


@log_determinant.samples
def log_determinant_samples(make):
    yield well_conditioned(make)
    yield -well_conditioned(make, 2, 1)
    yield well_conditioned(make, size=1)
    yield make(0, 2, 2)


# -- parts ---------------------------------------------------------------------------------------


def of_symmetric_part(function, x):
    return computed(function, (x + np.swapaxes(x, -1, -2)) / 2)


@op
def cholesky(x):
    """The lower triangle whose product with its own transpose is x: (..., n, n).

    x: symmetric and positive definite; of any other, its symmetric part counts
    Iain Murray, 2016, arXiv:1602.07527, for the gradient.
    """
    return of_symmetric_part(np.linalg.cholesky, x)


cholesky.shape(square_matrix)


@cholesky.gradient("x")
def cholesky_gradient(g, out):
    turned = matrix_transpose(out)
    inner = matmul(turned, g)
    inner = (tril(inner) + tril(inner, offset=-1)) * 0.5
    half = solve(turned, inner)
    return symmetric(matrix_transpose(solve(turned, matrix_transpose(half))))


@cholesky.samples
def cholesky_samples(make):
    yield positive_definite(make)
    yield positive_definite(make, 2, size=2)
    yield positive_definite(make, size=1)
    yield make(0, 2, 2)


@op(outputs=("q", "r"))
def qr(x):
    """Columns that are orthonormal, and the upper triangle that makes x of them.

    x:      (..., n, m)
    return: (..., n, k), (..., k, m)   k is the smaller of n and m
    Walter & Lehmann, 2018, arXiv:1009.6112, for the gradient, which wants the first k columns independent.
    """
    return computed(np.linalg.qr, x)


@qr.shape
def qr_shape(x):
    k = smaller_side(x)
    return x.with_shape((*x.shape[:-1], k)), x.with_shape((*x.shape[:-2], k, x.shape[-1]))


def smaller_side(x):
    n, m = matrix(x).shape[-2:]
    if type(n) is not Dim and type(m) is not Dim:
        return min(n, m)
    if n == m:
        return n
    if any([type(side) is Dim and side.is_loose for side in (n, m)]):
        return Dim()
    raise ShapeError(f"how many parts {x} has depends on sizes that are known only when the graph runs")


@qr.gradient("x")
def qr_gradient(g, x, q, r):
    of_q, of_r = g
    # q and the left of r are made of the first k columns; q turns those behind, if any, into the right of r
    k = q.shape[-1]
    behind, of_behind = columns(x, k, None), columns(of_r, k, None)
    of_q, of_r = of_q + matmul(behind, matrix_transpose(of_behind)), columns(of_r, None, k)
    r = columns(r, None, k)
    inner = matmul(r, matrix_transpose(of_r)) - matmul(matrix_transpose(of_q), q)
    mirrored = tril(inner) + matrix_transpose(tril(inner, offset=-1))
    first = matrix_transpose(solve(r, matrix_transpose(of_q + matmul(q, mirrored))))
    return concatenate(first, matmul(q, of_behind), axis=-1)


def columns(x, start, stop):
    skipped = (None,) * (x.ndim - 1)
    return slice(x, start=(*skipped, start), stop=(*skipped, stop))


@qr.samples
def qr_samples(make):
    yield spread(make, n=4, m=2)
    yield spread(make, 2, n=3, m=3)
    yield spread(make, n=2, m=4)
    yield well_conditioned(make, size=1)
    yield make(0, 3, 2)


@op(outputs=("u", "values", "v"))
def svd(x):
    """Singular values, largest first, and the vectors on both sides: x = u @ diag(values) @ v.

    x:      (..., n, m)
    return: (..., n, k), (..., k), (..., k, m)   k is the smaller of n and m
    Townsend, 2016, "Differentiating the singular value decomposition", for the gradient, which wants the values
    different from one another and from 0; the gradient of the values alone does not.
    """
    return computed(np.linalg.svd, x, False)


@svd.shape
def svd_shape(x):
    k = smaller_side(x)
    *leading, n, m = x.shape
    return x.with_shape((*leading, n, k)), x.with_shape((*leading, k)), x.with_shape((*leading, k, m))


@svd.gradient("x")
def svd_gradient(g, u, values, v):
    of_u, of_values, of_v = g
    inner = embed_diagonal(of_values, size=(values.shape[-1],) * 2)
    gaps = one_over_gaps(values * values)
    row, column = expand(values, axis=-2), expand(values, axis=-1)
    u_turned, v_turned = matrix_transpose(u), matrix_transpose(v)
    of_v = matrix_transpose(of_v)
    inner = inner + gaps * skew(matmul(u_turned, of_u)) * row
    inner = inner + column * (gaps * skew(matmul(v, of_v)))
    whole = matmul(u, matmul(inner, v))
    whole = whole + matmul((of_u - matmul(u, matmul(u_turned, of_u))) * safe_inverse(row), v)
    beyond = of_v - matmul(v_turned, matmul(v, of_v))
    return whole + matmul(u * safe_inverse(row), matrix_transpose(beyond))


def skew(x):
    return x - matrix_transpose(x)


def safe_inverse(x):
    """1 / x, and 0 where x is 0."""
    is_zero = equal(x, 0.0)
    return where(is_zero, 0.0, 1.0 / where(is_zero, 1.0, x))


def one_over_gaps(values):
    """1 / (values[j] - values[i]) at row i and column j; 0 where they are equal."""
    return safe_inverse(expand(values, axis=-2) - expand(values, axis=-1))


@svd.samples
def svd_samples(make):
    yield spread(make, n=4, m=2)
    yield spread(make, 2, n=2, m=3)
    yield spread(make, n=3, m=3)
    yield make(0, 3, 2)


@op(outputs=("values", "vectors"))
def eigh(x):
    """Eigenvalues of symmetric matrices, the smallest first, and their vectors as columns.

    x:      (..., n, n) symmetric; of any other, its symmetric part counts
    return: (..., n), (..., n, n)
    """
    return of_symmetric_part(np.linalg.eigh, x)


@eigh.shape
def eigh_shape(x):
    return square_matrix(x).with_shape(x.shape[:-1]), x


@eigh.gradient("x")
def eigh_gradient(g, values, vectors):
    of_values, of_vectors = g
    turned = matrix_transpose(vectors)
    inner = embed_diagonal(of_values, size=(values.shape[-1],) * 2)
    inner = inner + one_over_gaps(values) * matmul(turned, of_vectors)
    return symmetric(matmul(vectors, matmul(inner, turned)))


@eigh.samples
def eigh_samples(make):
    for x in (spread(make, n=3, m=3), spread(make, 2, n=2, m=2)):
        yield x @ np.swapaxes(x, -1, -2)
    yield well_conditioned(make, size=1)
    yield make(0, 2, 2)
