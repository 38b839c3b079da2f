"""Products of vectors and matrices."""

from trivium import ops

from .errors import DTypeMismatchError, SizeMismatchError
from .tensors import method


def same_dtype(x, y):
    if x.spec.dtype != y.spec.dtype:
        raise DTypeMismatchError(f"expected m1 and m2 to have the same dtype, but got: {x.dtype} != {y.dtype}")


@method
@method(name="__matmul__")
def matmul(input, other):
    """The product of vectors, matrices or batches of matrices.

    input: (..., n, k) or (k,)
    other: (..., k, m) or (k,)
    """
    same_dtype(input, other)
    x, y = input, other
    if x.spec.ndim == 0 or y.spec.ndim == 0:
        raise SizeMismatchError("both arguments to matmul need to be at least 1D, but they are "
                                f"{x.spec.ndim}D and {y.spec.ndim}D")  # fmt: skip
    if x.spec.ndim == 1:
        x = ops.expand(x, axis=0)
    if y.spec.ndim == 1:
        y = ops.expand(y, axis=1)
    if x.spec.shape[-1] != y.spec.shape[-2]:
        raise SizeMismatchError(
            "mat1 and mat2 shapes cannot be multiplied "
            f"({'x'.join(map(str, input.spec.shape))} and {'x'.join(map(str, other.spec.shape))})"
        )
    out = ops.matmul(x, y)
    if other.spec.ndim == 1:
        out = ops.squeeze(out, axis=-1)
    if input.spec.ndim == 1:
        out = ops.squeeze(out, axis=-1 if other.spec.ndim == 1 else -2)
    return out


@method(name="__rmatmul__")
def matmul_reversed(self, other):
    """other @ self."""
    return matmul(other, self)


def ranks(name, x, y, x_ndim, y_ndim):
    if x.spec.ndim != x_ndim or y.spec.ndim != y_ndim:
        raise SizeMismatchError(f"{name}: needs tensors of {x_ndim} and {y_ndim} axes, got {x.spec} and {y.spec}")
    return matmul(x, y)


@method
def mm(input, mat2):
    """(n, k) by (k, m)."""
    return ranks("mm", input, mat2, 2, 2)


@method
def mv(input, vec):
    """(n, k) by (k,)."""
    return ranks("mv", input, vec, 2, 1)


@method
def bmm(input, mat2):
    """(b, n, k) by (b, k, m)."""
    if input.spec.shape[:1] != mat2.spec.shape[:1]:
        raise SizeMismatchError(f"bmm: batches differ: {input.spec} and {mat2.spec}")
    return ranks("bmm", input, mat2, 3, 3)


@method
def dot(input, tensor):
    """The inner product of two vectors."""
    return ranks("dot", input, tensor, 1, 1)


@method
def outer(input, vec2):
    """(n,) by (m,): (n, m)."""
    return ops.expand(input, axis=1) * ops.expand(vec2, axis=0)


ger = method(outer, name="ger")


def scaled_sum(input, product, beta, alpha):
    if alpha != 1:
        product = product * alpha
    return product if beta == 0 else (input if beta == 1 else input * beta) + product


@method
def addmm(input, mat1, mat2, *, beta=1, alpha=1):
    """beta * input + alpha * mat1 @ mat2."""
    return scaled_sum(input, mm(mat1, mat2), beta, alpha)


@method
def addmv(input, mat, vec, *, beta=1, alpha=1):
    """beta * input + alpha * mat @ vec."""
    return scaled_sum(input, mv(mat, vec), beta, alpha)


@method
def baddbmm(input, batch1, batch2, *, beta=1, alpha=1):
    """beta * input + alpha * batch1 @ batch2."""
    return scaled_sum(input, bmm(batch1, batch2), beta, alpha)
