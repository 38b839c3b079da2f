"""Embeddings: modules that own a table."""

from typing import Any

from trivium.tensor import recording

from . import init
from .functional.embedding import embedding, embedding_bag
from .module import Module
from .parameter import Parameter
from .wrapped import Wrapped

__all__ = ["Embedding", "EmbeddingBag"]


class Embedding(Wrapped):
    """A row of a table for each index.

    weight: (num_embeddings, embedding_dim), normally distributed, 0 at padding_idx; the other arguments are those of
            functional.embedding
    """

    core = "Embedding"

    def __init__(
        self, num_embeddings, embedding_dim, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False,
        sparse=False, _weight=None, _freeze=False, device=None, dtype=None,
    ):  # fmt: skip
        super().__init__()
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.padding_idx = checked_padding(padding_idx, num_embeddings)
        self.max_norm, self.norm_type, self.sparse = max_norm, norm_type, sparse
        self.scale_grad_by_freq = scale_grad_by_freq
        settings = {"rows": num_embeddings, "units": embedding_dim, "padding": self.padding_idx}
        self.own_table(settings, _weight, _freeze, device, dtype)

    def own_table(self, settings: Any, weight: Any, freeze: bool, device: Any, dtype: Any) -> None:
        """Take the table that is given, or draw one."""
        if weight is None:
            self.wrap(settings, None, device=device, dtype=dtype)
            self.weight.requires_grad_(not freeze)
            return
        shape = (self.num_embeddings, self.embedding_dim)
        if tuple(weight.spec.shape) != shape:
            raise ValueError(f"Shape of weight does not match num_embeddings and embedding_dim: {weight.spec}, {shape}")
        self.wrap(settings)
        self.weight = Parameter(weight, requires_grad=not freeze)

    @classmethod
    def from_pretrained(cls, embeddings, freeze=True, **settings):
        """A module around a table that is there already."""
        if embeddings.spec.ndim != 2:
            raise ValueError("Embeddings parameter is expected to be 2-dimensional")
        made = cls(*embeddings.spec.shape, _weight=embeddings, **settings)
        made.weight.requires_grad_(not freeze)
        return made

    def reset_parameters(self) -> None:
        """Draw the table again."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            with recording(False):
                self.weight[self.padding_idx] = 0.0

    def forward(self, input):
        return embedding(
            input, self.weight, self.padding_idx, self.max_norm, self.norm_type, self.scale_grad_by_freq, self.sparse
        )

    def extra_repr(self):
        text = f"{self.num_embeddings}, {self.embedding_dim}"
        for name, default in (
            ("padding_idx", None), ("max_norm", None), ("norm_type", 2.0), ("scale_grad_by_freq", False),
        ):  # fmt: skip
            if getattr(self, name) != default:
                text += f", {name}={getattr(self, name)}"
        return text + (", sparse=True" if self.sparse else "")


def checked_padding(index: int | None, rows: int) -> int | None:
    """A padding index counted from the front."""
    if index is not None and not -rows <= index < rows:
        raise ValueError("Padding_idx must be within num_embeddings")
    return None if index is None else index % rows


class EmbeddingBag(Embedding):
    """The sum, mean or largest elements of the rows in each bag; for the arguments see functional.embedding_bag."""

    core = "EmbeddingBag"

    def __init__(
        self, num_embeddings, embedding_dim, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, mode="mean",
        sparse=False, _weight=None, include_last_offset=False, padding_idx=None, device=None, dtype=None,
    ):  # fmt: skip
        super().__init__(
            num_embeddings, embedding_dim, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse, _weight,
            device=device, dtype=dtype,
        )  # fmt: skip
        self.mode, self.include_last_offset = mode, include_last_offset

    def forward(self, input, offsets=None, per_sample_weights=None):
        return embedding_bag(
            input, self.weight, offsets, self.max_norm, self.norm_type, self.scale_grad_by_freq, self.mode, self.sparse,
            per_sample_weights, self.include_last_offset, self.padding_idx,
        )  # fmt: skip

    def __call__(self, input, offsets=None, per_sample_weights=None):
        return Module.__call__(self, input, offsets, per_sample_weights)

    def extra_repr(self):
        return super().extra_repr() + f", mode={self.mode!r}"
