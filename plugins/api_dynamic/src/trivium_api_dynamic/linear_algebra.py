"""Products of vectors and matrices."""

from typing import Any

from trivium import ops

from .axes import axis_in, whole
from .errors import DTypeMismatchError, SizeMismatchError
from .promotion import matched
from .tensors import Tensor, as_ours
from .words import word


def same_dtype(x, y):
    if x.spec.dtype != y.spec.dtype:
        raise DTypeMismatchError(f"expected m1 and m2 to have the same dtype, but got: {x.dtype} != {y.dtype}")


@word
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


Tensor.__matmul__ = matmul
Tensor.__rmatmul__ = lambda self, other: matmul(other, self)


def ranks(name, x, y, x_ndim, y_ndim):
    if x.spec.ndim != x_ndim or y.spec.ndim != y_ndim:
        raise SizeMismatchError(f"{name}: needs tensors of {x_ndim} and {y_ndim} axes, got {x.spec} and {y.spec}")
    return matmul(x, y)


@word
def mm(input, mat2):
    """(n, k) by (k, m)."""
    return ranks("mm", input, mat2, 2, 2)


@word
def mv(input, vec):
    """(n, k) by (k,)."""
    return ranks("mv", input, vec, 2, 1)


@word
def bmm(input, mat2):
    """(b, n, k) by (b, k, m)."""
    if input.spec.shape[:1] != mat2.spec.shape[:1]:
        raise SizeMismatchError(f"bmm: batches differ: {input.spec} and {mat2.spec}")
    return ranks("bmm", input, mat2, 3, 3)


@word
def dot(input, tensor):
    """The inner product of two vectors."""
    return ranks("dot", input, tensor, 1, 1)


@word
def inner(input, other):
    """The sum of products over the last axis of both."""
    if input.spec.ndim == 0 or other.spec.ndim == 0:
        return input * other
    return tensordot(input, other, dims=([-1], [-1]))


@word
def outer(input, vec2):
    """(n,) by (m,): (n, m)."""
    if input.spec.ndim != 1 or vec2.spec.ndim != 1:
        raise SizeMismatchError(f"outer: Expected 1-D arguments, but got {input.spec} and {vec2.spec}")
    x, y = matched(input, vec2)
    return ops.expand(x, axis=1) * ops.expand(y, axis=0)


def scaled_sum(input, product, beta, alpha):
    if alpha != 1:
        product = product * alpha
    return product if beta == 0 else (input if beta == 1 else input * beta) + product


@word
def addmm(input, mat1, mat2, *, beta=1, alpha=1):
    """beta * input + alpha * mat1 @ mat2."""
    return scaled_sum(input, mm(mat1, mat2), beta, alpha)


@word
def addmv(input, mat, vec, *, beta=1, alpha=1):
    """beta * input + alpha * mat @ vec."""
    return scaled_sum(input, mv(mat, vec), beta, alpha)


@word
def addr(input, vec1, vec2, *, beta=1, alpha=1):
    """beta * input + alpha * outer(vec1, vec2)."""
    return scaled_sum(input, outer(vec1, vec2), beta, alpha)


@word
def baddbmm(input, batch1, batch2, *, beta=1, alpha=1):
    """beta * input + alpha * batch1 @ batch2."""
    return scaled_sum(input, bmm(batch1, batch2), beta, alpha)


@word
def addbmm(input, batch1, batch2, *, beta=1, alpha=1):
    """beta * input + alpha * the sum of batch1 @ batch2 over the batch."""
    return scaled_sum(input, ops.sum(bmm(batch1, batch2), axis=0), beta, alpha)


@word(is_method=False)
def einsum(equation, *operands):
    """The sum of products that Einstein's notation describes, such as "bij,bjk->bik"."""
    operands = operands[0] if len(operands) == 1 and isinstance(operands[0], (list, tuple)) else operands
    left, arrow, result = equation.replace(" ", "").partition("->")
    groups = left.split(",")
    if len(groups) != len(operands):
        few = "fewer" if len(operands) < len(groups) else "more"
        raise SizeMismatchError(f"einsum(): {few} operands were provided than specified in the equation {equation!r}")
    parts = [without_repeats(*pair) for pair in zip(groups, operands)]
    result = result if arrow else implied(left)
    letters = ",".join([group for group, _ in parts])
    return ops.einsum(*matched(*[x for _, x in parts]), equation=f"{letters}->{result}")


def implied(groups: str) -> str:
    """The letters of a result that is not written down: those that appear once, in alphabetical order."""
    once = sorted([c for c in set(groups) - set(".,") if groups.count(c) == 1])
    return "".join(["..." if "..." in groups else "", *once])


def without_repeats(group: str, x: Any) -> tuple[str, Any]:
    """A group of letters of which none stands twice, and the diagonal that was meant by one that does."""
    repeated = next((c for c in group if c != "." and group.count(c) > 1), None)
    if repeated is None:
        return group, x
    first = group.index(repeated)
    second = group.index(repeated, first + 1)
    # behind ... axes are counted from the end
    pair = [(at - len(group) if "..." in group[:at] else at) % x.spec.ndim for at in (first, second)]
    rest = [i for i in range(x.spec.ndim) if i not in pair]
    kept = group[:first] + group[first + 1 : second] + group[second + 1 :]
    return without_repeats(kept + repeated, ops.diagonal(ops.transpose(x, axes=(*rest, *pair))))


@word(is_method=False)
def tensordot(a, b, dims=2):
    """The sum of products over pairs of axes: so many, or the axes of each."""
    x, y = matched(a, b)
    if hasattr(dims, "spec"):
        dims = dims.tolist()
    axes = dims if isinstance(dims, int) else tuple([tuple([axis_in(d, v.spec.ndim) for d in ds])
                                                      for v, ds in zip((x, y), dims)])  # fmt: skip
    return ops.tensordot(x, y, axes=axes)


@word(is_method=False)
def chain_matmul(*matrices):
    """The product of several matrices, in the order that takes the fewest steps."""
    *rest, last = matrices
    if not rest:
        return last
    sizes = [m.spec.shape[0] for m in matrices] + [last.spec.shape[1]]
    cost, cut = {}, {}
    count = len(matrices)
    for i in range(count):
        cost[i, i] = 0
    for length in range(1, count):
        for i in range(count - length):
            j = i + length
            steps = {k: cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1] for k in range(i, j)}
            cut[i, j] = min(steps, key=steps.get)
            cost[i, j] = steps[cut[i, j]]

    def product(i, j):
        return matrices[i] if i == j else mm(product(i, cut[i, j]), product(cut[i, j] + 1, j))

    return product(0, count - 1)


@word
def kron(input, other):
    """Every element of input times the whole of other."""
    x, y = matched(input, other)
    ndim = max(x.spec.ndim, y.spec.ndim)
    a, b = [(1,) * (ndim - v.spec.ndim) + tuple(v.spec.shape) for v in (x, y)]
    x = ops.reshape(x, shape=tuple([size for n in a for size in (n, 1)]))
    y = ops.reshape(y, shape=tuple([size for n in b for size in (1, n)]))
    return ops.reshape(x * y, shape=tuple([n * m for n, m in zip(a, b)]))


@word
def cross(input, other, dim=None):
    """The vectors that stand upright on pairs of vectors of three numbers along `dim` (the first axis of size 3)."""
    x, y = matched(input, other)
    if dim is None:
        threes = [i for i, (a, b) in enumerate(zip(x.spec.shape, y.spec.shape)) if a == b == 3]
        if not threes:
            raise SizeMismatchError(f"cross: no dimension of size 3 in input: {x.spec} and {y.spec}")
        axis = threes[0]
    else:
        axis = axis_in(dim, x.spec.ndim)
        if 3 != x.spec.shape[axis] or 3 != y.spec.shape[axis]:
            raise SizeMismatchError(f"cross: inputs dimension {dim} must have length 3. Got {x.spec} and {y.spec}")
    after, before = [[ops.roll(v, shift=s, axis=axis) for v in (x, y)] for s in (-1, -2)]
    return after[0] * before[1] - before[0] * after[1]


@word
def trace(input):
    """The sum of a matrix's diagonal."""
    if input.spec.ndim != 2:
        raise SizeMismatchError(f"trace: expected a matrix, but got tensor with dim {input.spec.ndim}")
    return Tensor.sum(ops.diagonal(input))


@word
def matrix_power(input, n):
    """Each square matrix multiplied with itself; its inverse where n is below 0."""
    n = whole(n, "n")
    if n < 0:
        return matrix_power(ops.inverse(input), -n)
    if n == 0:
        size = input.spec.shape[-1]
        unit = as_ours(ops.eye(size, dtype=input.spec.dtype.name, place=input.place))
        return ops.copy(ops.broadcast_to(unit, shape=tuple(input.spec.shape)))
    if n == 1:
        return ops.copy(input)
    half = matrix_power(input, n // 2)
    square = ops.matmul(half, half)
    return ops.matmul(square, input) if n % 2 else square
