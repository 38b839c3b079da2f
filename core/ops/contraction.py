"""Sums of products over named indices, and the products that are such sums."""

import numpy as np

from ..errors import ShapeError
from ..op import op
from ..spec import Size, same_size
from .shaping import broadcast_to, reshape

__all__ = ["einsum", "outer", "dot", "tensordot"]

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


@op
def einsum(*xs, equation):
    """The sum of products that Einstein's notation describes, such as "bij,bjk->bik".

    xs:       one value for each group of letters; a letter is one axis, ... stands for further leading ones
    equation: without "->", the letters that appear once remain, in alphabetical order

    A letter stands once in each group; take diagonals before.
    """
    return np.asarray(np.einsum(equation, *xs, optimize=True))


@einsum.shape
def einsum_shape(*xs, equation):
    groups, result = letters(equation, [x.ndim for x in xs])
    sizes: dict[str, Size] = {}
    for x, group in zip(xs, groups, strict=True):
        for letter, size in zip(group, x.shape, strict=True):
            known = sizes.setdefault(letter, size)
            if type(known) is int and known == 1:
                sizes[letter] = size
            elif not (same_size(known, size) or (type(size) is int and size == 1)):
                raise ShapeError(f"{letter!r} of {equation!r} has size {known} and {size}: {', '.join(map(str, xs))}")
    return xs[0].with_shape([sizes[letter] for letter in result])


def letters(equation, ndims):
    """The letters of each operand's axes and of the result's, those that ... stands for included.

    >>> letters("...ij,jk", [3, 2])
    (['aij', 'jk'], 'aik')
    """
    left, arrow, result = equation.replace(" ", "").partition("->")
    groups = left.split(",")
    if len(groups) != len(ndims):
        raise ShapeError(f"{equation!r} describes {len(groups)} operands, got {len(ndims)}")
    spare = [letter for letter in LETTERS if letter not in equation]
    wide = max([ndim - len(group) + 3 for group, ndim in zip(groups, ndims, strict=True) if "..." in group], default=0)
    dots = "".join(spare[:wide])
    if not arrow:
        result = ("..." if wide else "") + "".join(sorted(c for c in set(left) - set(".,") if left.count(c) == 1))
    result = result.replace("...", dots)
    for i, (group, ndim) in enumerate(zip(groups, ndims, strict=True)):
        if "..." in group:
            groups[i] = group.replace("...", dots[len(dots) - (ndim - len(group) + 3) :])
        if len(groups[i]) != ndim:
            raise ShapeError(f"{group!r} of {equation!r} does not name the axes of an operand with {ndim}")
        if len(set(groups[i])) < ndim:
            raise ShapeError(f"{group!r} of {equation!r} names one index twice; take the diagonal before")
    if unknown := set(result) - set("".join(groups)):
        raise ShapeError(f"{sorted(unknown)} of {equation!r} stand in the result but in no operand")
    return groups, result


@einsum.gradient("xs")
def einsum_gradient(g, xs, equation):
    groups, result = letters(equation, [x.ndim for x in xs])
    given = []
    for i, (group, x) in enumerate(zip(groups, xs, strict=True)):
        others = [*xs[:i], *xs[i + 1 :]]
        names = [result, *groups[:i], *groups[i + 1 :]]
        found = "".join([letter for letter in group if letter in "".join(names)])
        slope = einsum(g, *others, equation=f"{','.join(names)}->{found}")
        if found != group:  # what only this operand has was summed over: each part has the same slope
            sizes = iter(slope.shape)
            kept = tuple([next(sizes) if letter in found else 1 for letter in group])
            wide = [k if letter in found else size for letter, k, size in zip(group, kept, x.shape, strict=True)]
            slope = broadcast_to(reshape(slope, shape=kept), shape=tuple(wide))
        given.append(slope)
    return tuple(given)


@einsum.samples
def einsum_samples(make):
    yield make(2, 3), make(3, 4), {"equation": "ij,jk->ik"}
    yield make(2, 3, 4), make(4, 3, 2), {"equation": "bij,jib->i"}
    yield make(2, 3), {"equation": "ij->"}
    yield make(2, 3, 2), {"equation": "abc->ca"}
    yield make(5, 2, 3), make(1, 3, 2), {"equation": "...ij,...jk->...ik"}
    yield make(2, 4, 3), make(3), {"equation": "...j,j"}
    yield make(2), make(3), make(2, 3), {"equation": "i,j,ij->ij"}
    yield make(0, 3), make(3, 2), {"equation": "ij,jk->ik"}
    yield make(3, 3), {"equation": "ij->ij"}
    yield make(3, 3), {"equation": "ij->ji"}


def outer(x, y):
    """Each element of x times each of y.

    x, y:   (n,), (m,)
    return: (n, m)
    """
    return einsum(x, y, equation="i,j->ij")


def dot(x, y):
    """The sum of x * y.

    x, y:   (n,)
    return: ()
    """
    return einsum(x, y, equation="i,i->")


def tensordot(x, y, *, axes=2):
    """The sum of products over pairs of axes; the others remain, those of x first.

    axes: how many of x's last and y's first axes are paired, or (axes of x, axes of y)
    """
    if isinstance(axes, int):
        axes = tuple(range(x.ndim - axes, x.ndim)), tuple(range(axes))
    of_x = list(LETTERS[: x.ndim])
    of_y = list(LETTERS[x.ndim : x.ndim + y.ndim])
    for i, j in zip(*axes, strict=True):
        of_y[j] = of_x[i]
    result = [c for c in of_x if c not in of_y] + [c for c in of_y if c not in of_x]
    return einsum(x, y, equation=f"{''.join(of_x)},{''.join(of_y)}->{''.join(result)}")
