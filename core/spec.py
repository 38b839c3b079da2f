"""What is known about a value before it is computed: its shape and its dtype."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from functools import reduce
from threading import Lock
from typing import Any, TypeAlias
from weakref import WeakValueDictionary

import ml_dtypes
import numpy as np

from .errors import DTypeError, ShapeError

__all__ = [
    "Dim",
    "DTypeError",
    "Shape",
    "ShapeError",
    "Size",
    "Spec",
    "as_dtype",
    "atoms_in",
    "broadcast",
    "number_dtype",
    "product",
    "renamed",
    "resolve",
    "same_size",
]

Size: TypeAlias = "int | Dim"
Shape: TypeAlias = "tuple[Size, ...]"
Atom: TypeAlias = "tuple[Any, ...]"
Environment: TypeAlias = "Mapping[Atom, int] | Mapping[Atom, Size]"


class Dim:
    """A size that is known only when the graph runs, such as the batch.

    A named Dim equals every Dim of that name and no number.  A Dim without a name is TensorFlow's
    `None`: it fits anything while a graph is built, and is checked when the graph runs.
    Dims add, subtract, multiply and floor-divide; a result is kept in normal form, so that equal
    expressions are equal.

    >>> batch = Dim("batch")
    >>> (batch + batch + 1, (4 * batch + 6) // 2, batch * 3 // batch)
    (2*batch+1, 2*batch+3, 3)
    """

    # A sum of products: ((atoms of a product, its factor), ...), sorted.  An atom is
    # ("name", n), ("anonymous", number), ("floor", dividend, divisor) or ("broadcast", a, b, ...).
    __slots__ = ("_hash", "terms")

    _numbers = itertools.count()
    terms: tuple[tuple[tuple[Atom, ...], int], ...]

    def __init__(self, name: str | None = None) -> None:
        atom = ("anonymous", next(Dim._numbers)) if name is None else ("name", name)
        self._set((((atom,), 1),))

    @staticmethod
    def of_terms(terms: tuple[tuple[tuple[Atom, ...], int], ...]) -> Dim:
        """The Dim with this normal form."""
        dim = Dim.__new__(Dim)
        dim._set(terms)
        return dim

    def _set(self, terms: tuple[tuple[tuple[Atom, ...], int], ...]) -> None:
        self.terms = terms
        self._hash = hash(terms)

    @property
    def is_loose(self) -> bool:
        """Whether a nameless size takes part, so that only running can tell."""
        return any(_atom_is_loose(atom) for atoms, _ in self.terms for atom in atoms)

    @property
    def atom(self) -> Atom | None:
        """The atom that this Dim is, or None where it is an expression."""
        if len(self.terms) == 1 and self.terms[0][1] == 1 and len(self.terms[0][0]) == 1:
            return self.terms[0][0][0]
        return None

    def resolve(self, environment: Environment) -> Any:
        """The number, once every atom has one; a Dim again where atoms stand for other Dims."""
        total: Size = 0
        for atoms, factor in self.terms:
            part: Size = factor
            for atom in atoms:
                part = part * _resolve_atom(atom, environment)
            total = total + part
        return total

    def __add__(self, other: Size) -> Size:
        return _dim(_sum(self.terms, _terms(other)))

    def __sub__(self, other: Size) -> Size:
        return _dim(_sum(self.terms, _scaled(_terms(other), -1)))

    def __rsub__(self, other: Size) -> Size:
        return _dim(_sum(_terms(other), _scaled(self.terms, -1)))

    def __mul__(self, other: Size) -> Size:
        terms: dict[tuple[Atom, ...], int] = {}
        for (atoms, factor), (others, times) in itertools.product(self.terms, _terms(other)):
            key = tuple(sorted(atoms + others, key=repr))
            terms[key] = terms.get(key, 0) + factor * times
        return _dim(terms)

    __radd__ = __add__
    __rmul__ = __mul__

    def __neg__(self) -> Size:
        return self * -1

    def __floordiv__(self, other: Size) -> Size:
        return _floor_divide(self, other)

    def __rfloordiv__(self, other: Size) -> Size:
        return _floor_divide(other, self)

    def __mod__(self, other: Size) -> Size:
        return self - _floor_divide(self, other) * other

    def __eq__(self, other: object) -> bool:
        return type(other) is Dim and self.terms == other.terms

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple[Any, ...]:
        return Dim.of_terms, (self.terms,)

    def __lt__(self, other: object) -> bool:
        raise ShapeError(f"size {self} is known only when the graph runs, so it has no order; compare numbers")

    __le__ = __gt__ = __ge__ = __lt__

    def __repr__(self) -> str:
        parts = [_product_text(atoms, factor) for atoms, factor in self.terms]
        return "+".join(parts).replace("+-", "-")


def _terms(size: Size) -> tuple[tuple[tuple[Atom, ...], int], ...]:
    return size.terms if type(size) is Dim else (((), int(size)),)  # type: ignore[arg-type]


def _sum(
    left: Iterable[tuple[tuple[Atom, ...], int]], right: Iterable[tuple[tuple[Atom, ...], int]]
) -> dict[tuple[Atom, ...], int]:
    terms: dict[tuple[Atom, ...], int] = {}
    for atoms, factor in itertools.chain(left, right):
        terms[atoms] = terms.get(atoms, 0) + factor
    return terms


def _scaled(terms: Iterable[tuple[tuple[Atom, ...], int]], by: int) -> list[tuple[tuple[Atom, ...], int]]:
    return [(atoms, factor * by) for atoms, factor in terms]


def _dim(terms: dict[tuple[Atom, ...], int]) -> Size:
    """The number or the Dim that a sum of products is; the constant stands last."""
    kept = {atoms: factor for atoms, factor in terms.items() if factor}
    if not kept:
        return 0
    if list(kept) == [()]:
        return kept[()]
    return Dim.of_terms(tuple(sorted(kept.items(), key=lambda term: (not term[0], repr(term[0])))))


def _floor_divide(dividend: Size, divisor: Size) -> Size:
    if type(divisor) is not Dim and divisor == 0:
        raise ShapeError(f"size {dividend} cannot be divided by 0")
    if type(divisor) is not Dim and divisor == 1:
        return dividend
    whole, rest = _exact_part(_terms(dividend), _terms(divisor))
    remainder = _dim(rest)
    if type(remainder) is not Dim and remainder == 0:
        return _dim(whole)
    return _dim(_sum(whole.items(), (((("floor", remainder, divisor),), 1),)))


def _exact_part(
    dividend: Iterable[tuple[tuple[Atom, ...], int]], divisor: tuple[tuple[tuple[Atom, ...], int], ...]
) -> tuple[dict[tuple[Atom, ...], int], dict[tuple[Atom, ...], int]]:
    """Products of the dividend that the divisor divides, divided; and the others, as they are.

    A number divides every product: what is left of each factor is smaller than the number.
    """
    whole: dict[tuple[Atom, ...], int] = {}
    rest: dict[tuple[Atom, ...], int] = {}
    if len(divisor) > 1:
        terms = dict(dividend)
        is_same = terms == dict(divisor)
        return ({(): 1}, {}) if is_same else ({}, terms)
    (by_atoms, by), *_ = divisor
    for atoms, factor in dividend:
        if not by_atoms:
            whole[atoms], rest[atoms] = divmod(factor, by)
            continue
        left = list(atoms)
        for atom in by_atoms:
            if atom in left:
                left.remove(atom)
            else:
                break
        else:
            if factor % by == 0:
                whole[tuple(left)] = factor // by
                continue
        rest[atoms] = factor
    return whole, rest


def _atom_is_loose(atom: Atom) -> bool:
    if atom[0] in ("floor", "broadcast"):
        return any(type(part) is Dim and part.is_loose for part in atom[1:])
    return bool(atom[0] == "anonymous")


def _resolve_atom(atom: Atom, environment: Environment) -> Size:
    if atom in environment:
        found: Any = environment[atom]
        return found if type(found) is Dim else int(found)
    if atom[0] == "floor":
        quotient: Size = resolve(atom[1], environment) // resolve(atom[2], environment)
        return quotient
    if atom[0] == "broadcast":
        parts = [resolve(part, environment) for part in atom[1:]]
        if any(type(part) is Dim for part in parts):
            return Dim.of_terms((((("broadcast", *dict.fromkeys(parts)),), 1),))
        return int(reduce(_broadcast_numbers, parts))
    raise ShapeError(f"size {_atom_text(atom)} is not known: nothing that was fed has it")


def _broadcast_numbers(a: int, b: int) -> int:
    if a != b and a != 1 and b != 1:
        raise ShapeError(f"cannot broadcast size {a} with size {b}")
    return b if a == 1 else a


def _product_text(atoms: tuple[Atom, ...], factor: int) -> str:
    names = "*".join(map(_atom_text, atoms))
    if not names:
        return str(factor)
    return names if factor == 1 else f"-{names}" if factor == -1 else f"{factor}*{names}"


def _atom_text(atom: Atom) -> str:
    if atom[0] == "floor":
        return f"({atom[1]})//{atom[2]}"
    if atom[0] == "broadcast":
        return f"({' or '.join(map(str, atom[1:]))})"
    return "?" if atom[0] == "anonymous" else str(atom[1])


def resolve(size: Any, environment: Environment) -> Any:
    """`size` with every Dim in it replaced by its number: a size, a shape, or a setting made of them."""
    if type(size) is Dim:
        return size.resolve(environment)
    if type(size) is tuple:
        return tuple([resolve(part, environment) for part in size])
    if hasattr(size, "resolved"):  # a body of control flow
        return size.resolved(environment)
    return size


def renamed(value: Any, instead: Mapping[Atom, Size]) -> Any:
    """A size, or what is made of sizes, with others in place of some unknown ones."""
    atoms = atoms_in(value)
    if not atoms & instead.keys():
        return value
    return resolve(value, {atom: instead.get(atom, Dim.of_terms((((atom,), 1),))) for atom in atoms})


def atoms_in(value: Any) -> set[Atom]:
    """The unknown sizes that a size, a shape or a setting is made of."""
    if type(value) is Dim:
        return {part for atoms, _ in value.terms for atom in atoms for part in _parts(atom)}
    if type(value) is tuple:
        return {atom for part in value for atom in atoms_in(part)}
    if hasattr(value, "atoms"):  # a body of control flow
        return set(value.atoms())
    return set()


def _parts(atom: Atom) -> set[Atom]:
    if atom[0] in ("floor", "broadcast"):
        return atoms_in(atom[1:])
    return {atom}


def same_size(a: Size, b: Size) -> bool:
    """Whether two sizes may be equal: False only when they surely differ."""
    if type(a) is Dim or type(b) is Dim:
        return a == b or _is_loose(a) or _is_loose(b)
    return a == b


def _is_loose(size: Size) -> bool:
    return type(size) is Dim and size.is_loose


def product(sizes: Iterable[Size]) -> Size:
    """All sizes multiplied; 1 for none."""
    total: Size = 1
    for size in sizes:
        total = total * size
    return total


def as_dtype(dtype: Any) -> np.dtype[Any]:
    """The NumPy dtype that a name or type means; `bfloat16` comes from ml_dtypes."""
    if type(dtype) is str and dtype in _EXTENDED:
        return _EXTENDED[dtype]
    try:
        found: np.dtype[Any] | None = None if dtype is None else np.dtype(dtype)
    except TypeError:
        found = None
    if found is None:
        raise DTypeError(f"no dtype named {dtype!r}; for example float32, bfloat16, int64, bool")
    return found


def number_dtype(dtype: Any) -> np.dtype[Any]:
    """The same, for what is computed with: text and Python objects are refused."""
    found = as_dtype(dtype)
    if found.kind not in "biufc" and found not in _EXTENDED.values():
        raise DTypeError(f"{found} holds no numbers; for example float32, bfloat16, int64, bool do")
    return found


_EXTENDED: dict[str, np.dtype[Any]] = {"bfloat16": np.dtype(ml_dtypes.bfloat16)}


class Spec:
    """Shape and dtype of a value.  `shape` is None where not even the rank is known.

    Equal Specs are one object, so they compare and hash by identity.

    >>> Spec((Dim("batch"), 3), "float32")
    float32[batch, 3]
    >>> Spec((2,), "int64") is Spec((2,), np.int64)
    True
    """

    __slots__ = ("__weakref__", "dtype", "shape")

    shape: Shape
    dtype: np.dtype[Any]

    def __new__(cls, shape: Iterable[Size] | None, dtype: Any = "float32") -> Spec:
        sizes = None if shape is None else tuple(shape)
        dtype = as_dtype(dtype)
        known = _SPECS.get((sizes, dtype))
        if known is not None:
            return known
        if sizes is not None:
            sizes = tuple([_size(size, sizes) for size in sizes])
        with _LOCK:
            known = _SPECS.get((sizes, dtype))
            if known is None:
                known = object.__new__(cls)
                known.shape, known.dtype = sizes, dtype  # type: ignore[assignment]
                _SPECS[sizes, dtype] = known
        return known

    @property
    def has_rank(self) -> bool:
        """Whether at least the number of axes is known."""
        return self.shape is not None

    @property
    def ndim(self) -> int:
        """How many axes."""
        if not self.has_rank:
            raise ShapeError(f"{self}: the number of axes is known only when the graph runs")
        return len(self.shape)

    @property
    def size(self) -> Size:
        """How many elements."""
        return product(self.shape)

    @property
    def is_concrete(self) -> bool:
        """Whether every size is a number."""
        return self.has_rank and not any(type(size) is Dim for size in self.shape)

    def with_shape(self, shape: Iterable[Size] | None) -> Spec:
        """The same dtype in another shape."""
        return Spec(shape, self.dtype)

    def with_dtype(self, dtype: Any) -> Spec:
        """The same shape with another dtype."""
        return Spec(self.shape, dtype)

    def resolve(self, environment: Environment) -> Spec:
        """The same with every Dim replaced by its number."""
        return self if self.is_concrete or not self.has_rank else Spec(resolve(self.shape, environment), self.dtype)

    def accepts(self, shape: tuple[int, ...]) -> bool:
        """Whether a value of this shape may stand where this Spec is declared."""
        if not self.has_rank:
            return True
        return len(shape) == len(self.shape) and all(
            type(declared) is Dim or declared == size for declared, size in zip(self.shape, shape, strict=True)
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return Spec, (self.shape, self.dtype.name)

    def __repr__(self) -> str:
        return f"{self.dtype}[{', '.join(map(str, self.shape)) if self.has_rank else '...'}]"


_SPECS: WeakValueDictionary[tuple[Any, Any], Spec] = WeakValueDictionary()
_LOCK = Lock()


def _size(size: Any, shape: tuple[Any, ...]) -> Size:
    if type(size) is Dim:
        return size
    try:
        number = size.__index__()
    except (AttributeError, TypeError):
        raise ShapeError(f"shape {shape} has {size!r} for a size; sizes are whole numbers or Dims") from None
    if number < 0:
        raise ShapeError(f"shape {shape} has a negative size")
    return int(number)


def broadcast(*specs: Spec) -> Shape:
    """The shape that NumPy broadcasting gives.

    Named Dims must match exactly (or meet 1); nameless ones are settled when the graph runs.

    >>> broadcast(Spec((Dim("batch"), 1)), Spec((3,)))
    (batch, 3)
    """
    ndim = max([spec.ndim for spec in specs])
    columns = zip(*[(1,) * (ndim - len(spec.shape)) + spec.shape for spec in specs], strict=True)
    return tuple([_broadcast_sizes(column, specs) for column in columns])


def _broadcast_parts(size: Size) -> tuple[Size, ...]:
    """What was broadcast to give a size."""
    atom = size.atom if type(size) is Dim else None
    return atom[1:] if atom is not None and atom[0] == "broadcast" else (size,)


def _broadcast_sizes(sizes: tuple[Size, ...], specs: tuple[Spec, ...]) -> Size:
    result: Size = 1
    for size in sizes:
        if size == result or (type(size) is not Dim and size == 1):
            continue
        if type(result) is not Dim and result == 1:
            result = size
        elif type(size) is not Dim and _is_loose(result):
            result = size
        elif _is_loose(size) and type(result) is not Dim:
            continue
        elif _is_loose(size) or _is_loose(result):
            parts = dict.fromkeys([*_broadcast_parts(result), *_broadcast_parts(size)])  # each once, or they multiply
            result = Dim.of_terms((((("broadcast", *parts),), 1),))
        else:
            raise ShapeError(f"cannot broadcast {' with '.join(map(str, specs))}")
    return result
