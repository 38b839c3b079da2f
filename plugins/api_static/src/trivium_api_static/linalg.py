"""`tf.linalg`: the functions of matrices, under shorter names."""

# ruff: noqa: F401

from . import decomposition, linear_algebra
from .creation import eye
from .decomposition import cholesky, cholesky_solve, logdet, qr, slogdet, svd
from .linear_algebra import cross, einsum, matmul, norm, tensordot, trace

band_part = linear_algebra.matrix_band_part
diag = linear_algebra.matrix_diag
diag_part = linear_algebra.matrix_diag_part
set_diag = linear_algebra.matrix_set_diag
transpose = linear_algebra.matrix_transpose
inv = decomposition.matrix_inverse
det = decomposition.matrix_determinant
solve = decomposition.matrix_solve
triangular_solve = decomposition.matrix_triangular_solve
eigh = decomposition.self_adjoint_eig
eigvalsh = decomposition.self_adjoint_eigvals
