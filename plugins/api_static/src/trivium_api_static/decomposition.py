"""Equations with matrices, and matrices taken apart."""

from __future__ import annotations

from typing import Any

from trivium import ops

from .build import FLOATS, call, operation
from .operation import Tensor

__all__ = [
    "matrix_inverse", "matrix_determinant", "matrix_solve", "matrix_triangular_solve", "cholesky", "cholesky_solve",
    "qr", "svd", "self_adjoint_eig", "self_adjoint_eigvals",
]  # fmt: skip


def matrix_inverse(input: Any, adjoint: bool = False, name: str | None = None) -> Tensor:
    """The inverse of each matrix, of its transpose if `adjoint`."""
    return call("MatrixInverse", lambda x: ops.inverse(_turned(x, adjoint)), name, only=FLOATS, input=input)


def matrix_solve(matrix: Any, rhs: Any, adjoint: bool = False, name: str | None = None) -> Tensor:
    """The x with matrix @ x = rhs."""
    return call(
        "MatrixSolve", lambda a, b: ops.solve(_turned(a, adjoint), b), name, only=FLOATS, matrix=matrix, rhs=rhs
    )


def matrix_triangular_solve(
    matrix: Any, rhs: Any, lower: bool = True, adjoint: bool = False, name: str | None = None
) -> Tensor:
    """The x with matrix @ x = rhs, where only one triangle of the matrix counts."""
    half = ops.tril if lower else ops.triu
    return call(
        "MatrixTriangularSolve", lambda a, b: ops.solve(_turned(half(a), adjoint), b), name, only=FLOATS,
        matrix=matrix, rhs=rhs,
    )  # fmt: skip


def _turned(x: Any, adjoint: bool) -> Any:
    return ops.matrix_transpose(x) if adjoint else x


@operation("MatrixDeterminant", FLOATS)
def matrix_determinant(input: Any) -> Any:
    """The determinant of each matrix."""
    sign, logarithm = ops.log_determinant(input)
    return sign * ops.exp(logarithm)


cholesky = operation("Cholesky", FLOATS)(ops.cholesky)


@operation("CholeskySolve", FLOATS, default="cholesky_solve")
def cholesky_solve(chol: Any, rhs: Any) -> Any:
    """The x with (chol @ chol^T) @ x = rhs."""
    half = ops.solve(chol, rhs)
    return ops.solve(ops.matrix_transpose(chol), half)


def qr(input: Any, full_matrices: bool = False, name: str | None = None) -> list[Tensor]:
    """Orthonormal columns, and the upper triangle that makes the matrix of them."""
    if full_matrices:
        raise NotImplementedError("qr: full_matrices=True has no op in the core; the reduced form has")
    return call("Qr", ops.qr, name, only=FLOATS, input=input)


def svd(tensor: Any, full_matrices: bool = False, compute_uv: bool = True, name: str | None = None) -> Any:
    """Singular values s, largest first, and u and v with tensor = u @ diag(s) @ v^T; s alone without `compute_uv`."""
    if full_matrices:
        raise NotImplementedError("svd: full_matrices=True has no op in the core; the reduced form has")

    def parts(x: Any) -> Any:
        u, values, v = ops.svd(x)
        return (values, u, ops.matrix_transpose(v)) if compute_uv else values

    made = call("Svd", parts, name, only=FLOATS, tensor=tensor)
    return tuple(made) if compute_uv else made


def self_adjoint_eig(tensor: Any, name: str | None = None) -> tuple[Tensor, Tensor]:
    """The eigenvalues of symmetric matrices, smallest first, and their vectors as columns."""
    values, vectors = call("SelfAdjointEigV2", ops.eigh, name, only=FLOATS, tensor=tensor)
    return values, vectors


def self_adjoint_eigvals(tensor: Any, name: str | None = None) -> Tensor:
    """The eigenvalues of symmetric matrices, smallest first."""
    return self_adjoint_eig(tensor, name)[0]


def logdet(matrix: Any, name: str | None = None) -> Tensor:
    """The logarithm of the determinant of each symmetric, positive definite matrix."""
    return call("LogDet", lambda x: ops.log_determinant(x)[1], name, default="logdet", only=FLOATS, matrix=matrix)


def slogdet(matrix: Any, name: str | None = None) -> tuple[Tensor, Tensor]:
    """The sign of the determinant of each matrix, and the logarithm of its size."""
    sign, size = call("LogMatrixDeterminant", ops.log_determinant, name, only=FLOATS, input=matrix)
    return sign, size
