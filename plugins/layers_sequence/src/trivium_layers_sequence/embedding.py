"""Embeddings: tables whose rows are looked up by number."""

from typing import Any

import numpy as np
from attrs import define, field

from trivium import ops
from trivium.initializer import Normal, find_initializer
from trivium.layer import Layer, ParamSpec
from trivium.ops.choice import check_choice


@define(slots=False)
class Table(Layer):
    """Rows of numbers that are looked up by their index.

    padding:         the index whose row starts as 0 and does not learn
    max_norm:        a row that is longer is scaled down to this norm when it is looked up; the table stays as it is
    norm:            the order of that norm
    sparse_gradient: let the gradient name the rows that were used instead of filling a whole table
    """

    rows: int
    units: int
    padding: int | None = field(default=None, kw_only=True)
    max_norm: float | None = field(default=None, kw_only=True)
    norm: float = field(default=2.0, kw_only=True)
    sparse_gradient: bool = field(default=False, kw_only=True)
    weight_initializer: Any = field(default=Normal(), kw_only=True)

    def parameters(self, *specs):
        return {"weight": ParamSpec((self.rows, self.units), self.first_rows)}

    def first_rows(self, shape, stream):
        """The table to start with."""
        table = np.array(find_initializer(self.weight_initializer)(shape, stream))
        if self.padding is not None:
            table[self.padding] = 0
        return table

    def look_up(self, indices, weight):
        """The rows at some indices."""
        rows = ops.gather(weight, indices, axis=0, sparse_gradient=self.sparse_gradient)
        if self.max_norm is not None:
            total = ops.sum(ops.absolute(rows) ** self.norm, axis=-1, keepdims=True)
            length = ops.maximum(total, 1e-30) ** (1.0 / self.norm)  # the root has no slope at 0
            rows = rows * (self.max_norm / ops.maximum(length, self.max_norm))
        if self.padding is not None:
            is_padding = ops.expand(ops.equal(indices, self.padding % self.rows), axis=indices.ndim)
            rows = ops.where(is_padding, ops.stop_gradient(rows), rows)
        return rows


@define(slots=False)
class Embedding(Table):
    """A row of a table for each index; see Table.

    indices: any shape, whole numbers
    return:  (*indices.shape, units)
    """

    @classmethod
    def samples(cls, make):
        yield cls(5, 3), make.integers(2, 4)
        yield cls(5, 3, padding=2, sparse_gradient=True, weight_initializer="ones"), make.integers(6)
        yield cls(5, 3, max_norm=0.5, norm=1.0), make.integers(4)

    def forward(self, indices, *, weight):
        return self.look_up(indices, weight)


@define(slots=False)
class EmbeddingBag(Table):
    """The sum, mean or largest elements of the rows in each bag; see Table.

    indices: (bags, size) whole numbers, or (n,) with offsets
    offsets: (bags,) where each bag begins among the indices; a bag may be empty, and gives 0
    weights: of the shape of the indices: what each row is multiplied with, for "sum"
    return:  (bags, units)
    mode:    "sum", "mean" or "max"; rows of the padding index take no part
    """

    mode: str = field(default="mean", kw_only=True)

    @classmethod
    def samples(cls, make):
        yield cls(5, 3), make.integers(2, 4)
        yield cls(5, 3, mode="max", weight_initializer="xavier"), make.integers(4), np.array([0, 2, 2, 3])
        yield cls(5, 3, padding=2, sparse_gradient=True), make.integers(3), np.array([0, 1, 1])
        yield cls(5, 3, mode="sum", max_norm=0.5, norm=1.0), make.integers(2, 3)

    def forward(self, indices, offsets=None, weights=None, *, weight):
        check_choice("mode", self.mode, ("sum", "mean", "max"))
        rows = self.look_up(indices, weight)
        if weights is not None:
            rows = rows * ops.expand(weights, axis=weights.ndim)
        kept = ops.not_equal(indices, -1 if self.padding is None else self.padding % self.rows)
        member = ops.expand(kept, axis=1) if offsets is None else ops.logical_and(self.bags(indices, offsets), kept)
        return self.reduced(rows, member)

    def bags(self, indices, offsets):
        """Whether an index belongs to a bag: (bags, n)."""
        count, beyond = indices.shape[0], np.iinfo(offsets.spec.dtype).max
        dtype, place = offsets.spec.dtype.name, indices.place
        at = ops.arange(stop=count, dtype=dtype, place=place)
        last = ops.full(shape=(1,), value=beyond, dtype=dtype, place=place)
        ends = ops.concatenate(ops.slice(offsets, start=(1,)), last)
        starts, ends = ops.expand(offsets, axis=1), ops.expand(ends, axis=1)
        return ops.logical_and(ops.less_equal(starts, at), ops.less(at, ends))

    def reduced(self, rows, member):
        """The rows of each bag as one: rows (n, units) and member (bags, n), or (bags, n, units) and (bags, 1, n)."""
        is_one_list = rows.ndim == 2
        parts = ops.cast(member, dtype=rows.spec.dtype.name)
        count = ops.expand(ops.sum(parts, axis=-1), axis=1) if is_one_list else ops.sum(parts, axis=-1)
        if self.mode == "max":
            each = ops.expand(member if is_one_list else ops.squeeze(member, axis=1), axis=2)
            most = ops.max(ops.where(each, rows, float("-inf")), axis=1)
            return ops.where(count > 0.0, most, 0.0)
        total = ops.matmul(parts, rows) if is_one_list else ops.squeeze(ops.matmul(parts, rows), axis=1)
        return total if self.mode == "sum" else total / ops.maximum(count, 1.0)
