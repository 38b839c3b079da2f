"""`tf.linalg`: the functions of matrices, under shorter names."""

# ruff: noqa: F401

from .creation import eye
from .linear_algebra import (
    cholesky,
    cholesky_solve,
    cross,
    einsum,
    logdet,
    matmul,
    norm,
    qr,
    slogdet,
    svd,
    tensordot,
    trace,
)
from .linear_algebra import matrix_band_part as band_part
from .linear_algebra import matrix_determinant as det
from .linear_algebra import matrix_diag as diag
from .linear_algebra import matrix_diag_part as diag_part
from .linear_algebra import matrix_inverse as inv
from .linear_algebra import matrix_set_diag as set_diag
from .linear_algebra import matrix_solve as solve
from .linear_algebra import matrix_transpose as transpose
from .linear_algebra import matrix_triangular_solve as triangular_solve
from .linear_algebra import self_adjoint_eig as eigh
from .linear_algebra import self_adjoint_eigvals as eigvalsh
