"""Matrices taken apart: torch.linalg, and the older names of the same."""

from typing import Any

from trivium import ops
from trivium.errors import OutOfRangeError

from . import return_types
from .errors import LinAlgError, SizeMismatchError, UnsupportedError
from .linear_algebra import chain_matmul as multi_dot
from .linear_algebra import cross, matmul, matrix_power
from .reduction import norm as plain_norm
from .words import word

__all__ = [
    "LinAlgError", "cholesky", "cond", "cross", "det", "eigh", "eigvalsh", "inv", "lstsq", "matmul", "matrix_norm",
    "matrix_power", "matrix_rank", "multi_dot", "norm", "pinv", "qr", "slogdet", "solve", "solve_triangular", "svd",
    "svdvals", "vector_norm",
]  # fmt: skip


def square(name: str, A: Any) -> Any:
    """The matrices, which must be square."""
    if A.spec.ndim < 2:
        raise SizeMismatchError(f"linalg.{name}: The input tensor A must have at least 2 dimensions; got {A.spec}")
    if A.spec.shape[-1] != A.spec.shape[-2]:
        n, m = A.spec.shape[-2:]
        raise SizeMismatchError(
            f"linalg.{name}: A must be batches of square matrices, but they are {n} by {m} matrices"
        )
    return A


def computed(name: str, why: str, op: Any, *values: Any, **settings: Any) -> Any:
    """What an op makes of matrices; one that it cannot take is an error in PyTorch's words."""
    try:
        return op(*values, **settings)
    except OutOfRangeError as error:
        raise LinAlgError(f"linalg.{name}: {why}: {error}") from error


SINGULAR = "The inversion could not be completed because the input matrix is singular"


def inv(A):
    """The inverse of each square matrix."""
    return computed("inv", SINGULAR, ops.inverse, square("inv", A))


def slogdet(A):
    """The sign of each determinant, and the logarithm of its size."""
    return return_types.linalg_slogdet(*ops.log_determinant(square("slogdet", A)))


def det(A):
    """The determinant of each square matrix."""
    sign, logarithm = ops.log_determinant(square("det", A))
    return sign * ops.exp(logarithm)


def cholesky(A, *, upper=False):
    """The lower triangle L of each positive definite matrix: A = L @ L.T; or the upper one."""
    why = "The factorization could not be completed because the input is not positive-definite"
    lower = computed("cholesky", why, ops.cholesky, square("cholesky", A))
    return lower.mT if upper else lower


def qr(A, mode="reduced"):
    """Q with orthonormal columns and R, an upper triangle: A = Q @ R."""
    if mode != "reduced":
        raise UnsupportedError(f"linalg.qr: mode {mode!r}: there is 'reduced' alone")
    return return_types.linalg_qr(*ops.qr(A))


def svd(A, full_matrices=False):
    """U, the singular values S, largest first, and Vh: A = U @ diag(S) @ Vh."""
    if full_matrices:
        raise UnsupportedError("linalg.svd: full_matrices=True: the parts that A does not reach are not made")
    return return_types.linalg_svd(*ops.svd(A))


def svdvals(A):
    """The singular values of each matrix, largest first."""
    return ops.svd(A)[1]


def eigh(A, UPLO="L"):
    """Eigenvalues of each symmetric matrix, smallest first, and eigenvectors as columns."""
    triangle = ops.tril if UPLO == "L" else ops.triu
    part = triangle(square("eigh", A))
    whole = part + part.mT - ops.embed_diagonal(ops.diagonal(A), size=A.spec.shape[-2:])
    return return_types.linalg_eigh(*ops.eigh(whole))


def eigvalsh(A, UPLO="L"):
    """Eigenvalues of each symmetric matrix, smallest first."""
    return eigh(A, UPLO).eigenvalues


def solve(A, B, *, left=True):
    """X, such that A @ X = B."""
    if not left:
        return solve(A.mT, B.mT).mT
    is_vector = B.spec.ndim == 1 or (B.spec.ndim == A.spec.ndim - 1 and B.spec.shape == A.spec.shape[:-1])
    right = ops.expand(B, axis=B.spec.ndim) if is_vector else B
    found = computed("solve", "The solver failed because the input matrix is singular", ops.solve,
                     square("solve", A), right)  # fmt: skip
    return ops.squeeze(found, axis=-1) if is_vector else found


def solve_triangular(A, B, *, upper, left=True, unitriangular=False):
    """X, such that A @ X = B, of a triangle A; what stands on its other side does not count."""
    triangle = (ops.triu if upper else ops.tril)(square("solve_triangular", A))
    if unitriangular:
        unit = ops.eye(A.spec.shape[-1], dtype=A.spec.dtype.name, place=A.place)
        triangle = (ops.triu(A, offset=1) if upper else ops.tril(A, offset=-1)) + unit
    return solve(triangle, B, left=left)


def pinv(A, rcond=None, *, rtol=None):
    """The Moore-Penrose inverse of each matrix."""
    n, m = A.spec.shape[-2:]
    epsilon = 2.0**-52 if A.spec.dtype.itemsize == 8 else 2.0**-23
    limit = next((float(v) for v in (rtol, rcond) if v is not None), max(n, m) * epsilon)
    return ops.pseudo_inverse(A, limit=limit)


def lstsq(A, B, rcond=None):
    """X, for which A @ X is nearest to B; of several, the shortest one."""
    right = ops.expand(B, axis=B.spec.ndim) if B.spec.ndim == 1 else B
    solution = matmul(pinv(A, rcond), right)
    n, m = A.spec.shape[-2:]
    rest = ops.sum(ops.square(matmul(A, solution) - right), axis=-2) if n > m else solution.new_empty(0)
    solution = ops.squeeze(solution, axis=-1) if B.spec.ndim == 1 else solution
    return return_types.linalg_lstsq(solution, rest, matrix_rank(A), svdvals(A))


def matrix_rank(A, *, tol=None):
    """How many singular values of each matrix are not 0."""
    values = svdvals(A.detach())
    epsilon = 2.0**-52 if A.spec.dtype.itemsize == 8 else 2.0**-23
    limit = ops.max(values, axis=-1, keepdims=True) * (max(A.spec.shape[-2:]) * epsilon) if tol is None else tol
    return ops.count_nonzero(ops.greater(values, limit), axis=-1)


def cond(A, p=None):
    """How much the solution may change for a change of B: the largest singular value over the smallest."""
    if p not in (None, 2):
        return matrix_norm(A, p) * matrix_norm(inv(A), p)
    values = svdvals(A)
    return values[..., 0] / values[..., -1]


def vector_norm(x, ord=2, dim=None, keepdim=False, *, dtype=None):
    """The norm of all elements along `dim`."""
    return plain_norm(x, float(ord), dim, keepdim, dtype=dtype)


def matrix_norm(A, ord="fro", dim=(-2, -1), keepdim=False):
    """The norm of each matrix."""
    rows, columns = [d % A.spec.ndim for d in dim]
    if ord == "fro":
        return plain_norm(A, 2, (rows, columns), keepdim)
    if ord in (1, -1, float("inf"), float("-inf")):
        first, then = (rows, columns) if abs(ord) == 1 else (columns, rows)
        sums = ops.sum(ops.absolute(A), axis=first, keepdims=True)
        extreme = ops.max if ord > 0 else ops.min
        out = extreme(sums, axis=then, keepdims=True)
    else:
        values = svdvals(A.movedim((rows, columns), (-2, -1)))
        pick = {"nuc": lambda v: ops.sum(v, axis=-1), 2: lambda v: v[..., 0], -2: lambda v: v[..., -1]}
        out = pick[ord](values)
        for axis in sorted((rows, columns)):
            out = ops.expand(out, axis=axis)
    return out if keepdim else ops.squeeze(ops.squeeze(out, axis=max(rows, columns)), axis=min(rows, columns))


def norm(A, ord=None, dim=None, keepdim=False, *, dtype=None):
    """The norm of vectors, or of matrices where `dim` names two axes, or where there are two and `ord` is given."""
    if ord is None:
        return plain_norm(A, 2, dim, keepdim, dtype=dtype)
    is_matrix = A.spec.ndim == 2 if dim is None else isinstance(dim, tuple) and len(dim) == 2
    return matrix_norm(A, ord, dim or (-2, -1), keepdim) if is_matrix else vector_norm(A, ord, dim, keepdim)


# -- the older names -----------------------------------------------------------------------------

word(inv, name="inverse")
word(inv, name="inv")
word(det)
word(pinv, name="pinverse")


@word(name="slogdet")
def slogdet_of(input):
    """The sign of each determinant, and the logarithm of its size."""
    return return_types.slogdet(*slogdet(input))


@word
def logdet(input):
    """The logarithm of each determinant; NaN for one below 0."""
    sign, logarithm = ops.log_determinant(square("logdet", input))
    return ops.where(ops.less(sign, 0.0), float("nan"), logarithm)


@word(name="cholesky")
def cholesky_of(input, upper=False):
    """The lower triangle L of each positive definite matrix: input = L @ L.T; or the upper one."""
    return cholesky(input, upper=upper)


@word(name="qr")
def qr_of(input, some=True):
    """Q with orthonormal columns and R, an upper triangle."""
    return return_types.qr(*qr(input, "reduced" if some else "complete"))


@word(name="svd")
def svd_of(input, some=True, compute_uv=True):
    """U, S and V: input = U @ diag(S) @ V.T."""
    u, values, v = svd(input, not some)
    return return_types.svd(u, values, v.mT)


@word
def triangular_solve(input, A, upper=True, transpose=False, unitriangular=False):
    """X, such that A @ X = input, of a triangle A; and A."""
    matrix, is_upper = (A.mT, not upper) if transpose else (A, upper)
    found = solve_triangular(matrix, input, upper=is_upper, unitriangular=unitriangular)
    return return_types.triangular_solve(found, ops.copy(A))


@word
def cholesky_solve(input, L, upper=False):
    """X, such that A @ X = input, of A = L @ L.T."""
    lower = L.mT if upper else L
    return solve_triangular(lower.mT, solve_triangular(lower, input, upper=False), upper=True)


@word
def cholesky_inverse(L, upper=False):
    """The inverse of A = L @ L.T."""
    return inv(L.mT @ L if upper else L @ L.mT)


REMOVED = {
    "solve": "torch.linalg.solve(A, B)", "gesv": "torch.linalg.solve(A, B)", "lstsq": "torch.linalg.lstsq(A, B)",
    "gels": "torch.linalg.lstsq(A, B)", "symeig": "torch.linalg.eigh(A)", "trtrs": "torch.triangular_solve(B, A)",
    "potrf": "torch.cholesky(A)", "eig": "torch.linalg.eigh(A), for symmetric matrices",
}  # fmt: skip


def removed(name: str) -> None:
    def function(*args, **settings):
        raise UnsupportedError(f"{name}: was removed from PyTorch; use {REMOVED[name]}")

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"An error that names {REMOVED[name]}."
    word(function)


for _name in REMOVED:
    removed(_name)
