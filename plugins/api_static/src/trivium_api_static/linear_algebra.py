"""Products, norms and matrices."""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np

from trivium import ops

from .build import FLOATS, NUMBERS, REALS, call, convert_to_tensor, operation
from .conversion import as_tensor
from .graph import get_default_graph
from .operation import Tensor
from .sizing import as_number, as_numbers

__all__ = [
    "matmul", "tensordot", "einsum", "cross", "norm", "diag", "diag_part", "matrix_diag", "matrix_diag_part",
    "matrix_set_diag", "matrix_band_part", "matrix_transpose", "trace", "matrix_inverse", "matrix_determinant",
    "matrix_solve", "matrix_triangular_solve", "cholesky", "cholesky_solve", "qr", "svd", "self_adjoint_eig",
    "self_adjoint_eigvals",
]  # fmt: skip


# -- products --------------------------------------------------------------------------------------------


def matmul(
    a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False, adjoint_a: bool = False,
    adjoint_b: bool = False, a_is_sparse: bool = False, b_is_sparse: bool = False, name: str | None = None,
) -> Tensor:  # fmt: skip
    """The matrix product, for each index of the leading axes; either side may be transposed first."""

    def product(x: Any, y: Any) -> Any:
        x = ops.matrix_transpose(x) if transpose_a or adjoint_a else x
        return ops.matmul(x, ops.matrix_transpose(y) if transpose_b or adjoint_b else y)

    is_batched = any(
        (np.ndim(x) if tensor is None else tensor.shape.ndims or 2) > 2
        for x in (a, b) for tensor in [as_tensor(x, get_default_graph())]
    )  # fmt: skip
    attributes = {"transpose_a": transpose_a or adjoint_a, "transpose_b": transpose_b or adjoint_b}
    return call(
        "BatchMatMul" if is_batched else "MatMul", product, name, default="MatMul", only=NUMBERS,
        attributes=attributes, a=a, b=b,
    )  # fmt: skip


def tensordot(a: Any, b: Any, axes: Any, name: str | None = None) -> Tensor:
    """The sum of products over pairs of axes; the others remain, those of a first.

    axes: how many of a's last and b's first axes are paired, or (axes of a, axes of b)
    """
    if isinstance(axes, (int, np.integer)):
        pairs: Any = int(axes)
    else:
        of_a, of_b = axes
        x, y = convert_to_tensor(a, name="a"), convert_to_tensor(b, name="b")
        pairs = tuple(
            tuple([i % t.shape.ndims for i in as_numbers(part, "axes")]) for part, t in ((of_a, x), (of_b, y))
        )
        a, b = x, y
    return call(
        "Tensordot", lambda a, b: ops.tensordot(a, b, axes=pairs), name, only=NUMBERS, a=a, b=b
    )  # fmt: skip


def einsum(equation: str, *inputs: Any, name: str | None = None) -> Tensor:
    """The sum of products that Einstein's notation describes, such as "ij,jk->ik"."""
    named = {f"inputs_{i}": x for i, x in enumerate(inputs)}
    return call(
        "Einsum", lambda *xs: ops.einsum(*xs, equation=equation), name, default="einsum", only=NUMBERS,
        attributes={"equation": equation}, **named,
    )  # fmt: skip


@operation("Cross", REALS)
def cross(a: Any, b: Any) -> Any:
    """The vector product along the last axis, whose size is 3."""

    def turned(x: Any, by: int) -> Any:
        return ops.roll(x, shift=-by, axis=x.ndim - 1)

    return turned(a, 1) * turned(b, 2) - turned(a, 2) * turned(b, 1)


def norm(
    tensor: Any, ord: Any = "euclidean", axis: Any = None, keepdims: Any = None, name: str | None = None,
    keep_dims: Any = None,
) -> Tensor:  # fmt: skip
    """The length of vectors along an axis, of matrices along two, or of all elements as one vector."""
    keeps = bool(keepdims or keep_dims)
    axes = None if axis is None else as_numbers(axis, "axis")
    is_matrix = axes is not None and len(axes) == 2
    if is_matrix and ord not in ("euclidean", "fro", 1, 2, math.inf):
        raise ValueError(f"'ord' must be a supported matrix norm in ['euclidean', 'fro', 1, 2, inf], got {ord}")
    if not is_matrix and not (ord == "euclidean" or (isinstance(ord, (int, float)) and ord > 0)):
        raise ValueError(f"'ord' must be a supported vector norm: 'euclidean' or a positive number, got {ord}")

    def length(x: Any) -> Any:
        if not is_matrix or ord in ("euclidean", "fro"):
            order = 2.0 if ord in ("euclidean", "fro") else float(ord)
            return ops.norm(x, order=order, axis=axes if is_matrix or axes is None else axes[0], keepdims=keeps)
        rows, columns = [i % x.ndim for i in axes]
        if ord == 2:
            x = ops.transpose(x, axes=(*[i for i in builtins.range(x.ndim) if i not in (rows, columns)], rows, columns))
            most = ops.max(ops.svd(x)[1], axis=-1)
            kept = [1 if i in (rows, columns) else n for i, n in enumerate(x.shape)] if keeps else most.shape
            return ops.reshape(most, shape=tuple(kept))
        along, across = (rows, columns) if ord == 1 else (columns, rows)
        most = ops.max(ops.sum(ops.absolute(x), axis=along, keepdims=True), axis=across, keepdims=True)
        return most if keeps else ops.sum(most, axis=(rows, columns))

    return call("Norm", length, name, default="norm", only=FLOATS, tensor=tensor)


# -- diagonals -------------------------------------------------------------------------------------------


@operation("Diag", NUMBERS)
def diag(diagonal: Any) -> Any:
    """Zeros but for the diagonal: (*sizes) to (*sizes, *sizes)."""
    row = ops.reshape(diagonal, shape=(-1,))
    n = row.shape[0]
    return ops.reshape(ops.embed_diagonal(row, size=(n, n)), shape=(*diagonal.shape, *diagonal.shape))


@operation("DiagPart", NUMBERS)
def diag_part(input: Any) -> Any:
    """The diagonal: (*sizes, *sizes) to (*sizes)."""
    sizes = input.shape[: input.ndim // 2]
    count = 1
    for n in sizes:
        count = count * n
    return ops.reshape(ops.diagonal(ops.reshape(input, shape=(count, count))), shape=sizes)


@operation("MatrixDiag", NUMBERS)
def matrix_diag(diagonal: Any) -> Any:
    """Matrices of zeros but for their diagonals: (..., n) to (..., n, n)."""
    n = diagonal.shape[-1]
    return ops.embed_diagonal(diagonal, size=(n, n))


matrix_diag_part = operation("MatrixDiagPart", NUMBERS)(ops.diagonal)


@operation("MatrixSetDiag", NUMBERS)
def matrix_set_diag(input: Any, diagonal: Any) -> Any:
    """Matrices with other diagonals."""
    return input + ops.embed_diagonal(diagonal - ops.diagonal(input), size=input.shape[-2:])


def matrix_band_part(input: Any, num_lower: Any, num_upper: Any, name: str | None = None) -> Tensor:
    """Matrices with zeros outside a band around the diagonal; a negative width keeps that whole side."""
    lower, upper = as_number(num_lower, "num_lower"), as_number(num_upper, "num_upper")

    def band(x: Any) -> Any:
        x = ops.triu(x, offset=-lower) if lower >= 0 else x
        x = ops.tril(x, offset=upper) if upper >= 0 else x
        return ops.copy(x) if lower < 0 and upper < 0 else x

    return call("MatrixBandPart", band, name, only=NUMBERS, input=input)


def matrix_transpose(a: Any, name: str = "matrix_transpose", conjugate: bool = False) -> Tensor:
    """Each matrix with rows and columns exchanged."""
    return call("Transpose", ops.matrix_transpose, name, a=a)


trace = operation("Trace", NUMBERS, default="Trace")(ops.trace)


# -- equations and decompositions ------------------------------------------------------------------------


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


@operation("Cholesky", FLOATS)
def cholesky(input: Any) -> Any:
    """The lower triangle whose product with its own transpose is the matrix."""
    return ops.cholesky(input)


@operation("CholeskySolve", FLOATS, default="cholesky_solve")
def cholesky_solve(chol: Any, rhs: Any) -> Any:
    """The x with (chol @ chol^T) @ x = rhs."""
    half = ops.solve(chol, rhs)
    return ops.solve(ops.matrix_transpose(chol), half)


def qr(input: Any, full_matrices: bool = False, name: str | None = None) -> list[Tensor]:
    """Orthonormal columns, and the upper triangle that makes the matrix of them."""
    if full_matrices:
        raise NotImplementedError("qr: full_matrices=True has no op in the core; the reduced form has")
    return call("Qr", lambda x: ops.qr(x), name, only=FLOATS, input=input)


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
    values, vectors = call("SelfAdjointEigV2", lambda x: ops.eigh(x), name, only=FLOATS, tensor=tensor)
    return values, vectors


def self_adjoint_eigvals(tensor: Any, name: str | None = None) -> Tensor:
    """The eigenvalues of symmetric matrices, smallest first."""
    return self_adjoint_eig(tensor, name)[0]


def logdet(matrix: Any, name: str | None = None) -> Tensor:
    """The logarithm of the determinant of each symmetric, positive definite matrix."""
    return call("LogDet", lambda x: ops.log_determinant(x)[1], name, default="logdet", only=FLOATS, matrix=matrix)


def slogdet(matrix: Any, name: str | None = None) -> tuple[Tensor, Tensor]:
    """The sign of the determinant of each matrix, and the logarithm of its size."""
    sign, size = call("LogMatrixDeterminant", lambda x: ops.log_determinant(x), name, only=FLOATS, input=matrix)
    return sign, size
