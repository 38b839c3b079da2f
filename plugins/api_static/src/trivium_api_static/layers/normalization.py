"""Batch normalization as a layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import define, field

from trivium import ops
from trivium.graph import Symbol
from trivium.registry import find_layer

from ..build import call
from ..graph import get_default_graph
from ..operation import Tensor
from .base import Layer, known_size, phase

__all__ = ["BatchNorm", "BatchNormalization", "batch_normalization"]

_OWNED = {"scale": "gamma", "shift": "beta", "mean": "moving_mean", "variance": "moving_variance"}


@define(slots=False, eq=False)
class BatchNormalization(Layer):
    """Scale each channel to zero mean and unit variance, over the batch while training, else by moving averages.

    axis:     that of the channels
    momentum: the part of the moving averages that a step keeps
    training: of a call: a bool, or a tensor that tells when the graph runs

    The operations that move the averages are in tf.GraphKeys.UPDATE_OPS; they run only where something asks for them.
    """

    axis: Any = -1
    momentum: float = 0.99
    epsilon: float = 1e-3
    center: bool = True
    scale: bool = True
    beta_initializer: Any = "zeros"
    gamma_initializer: Any = "ones"
    moving_mean_initializer: Any = "zeros"
    moving_variance_initializer: Any = "ones"
    beta_regularizer: Any = None
    gamma_regularizer: Any = None
    beta_constraint: Any = None
    gamma_constraint: Any = None
    renorm: bool = field(default=False, kw_only=True)
    fused: bool | None = field(default=None, kw_only=True)
    gamma: Any = field(default=None, init=False)
    beta: Any = field(default=None, init=False)
    moving_mean: Any = field(default=None, init=False)
    moving_variance: Any = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        if self.renorm:
            raise NotImplementedError("batch_normalization: renorm=True is not there; leave it out")

    def build(self, input_shape: Any) -> None:
        axis = self.axis[0] if isinstance(self.axis, (list, tuple)) else self.axis
        self._at = axis % input_shape.ndims
        channels = [known_size(input_shape[self._at], "The channel dimension")]
        for word, is_wanted in (("gamma", self.scale), ("beta", self.center)):
            if is_wanted:
                first, charge, limit = (
                    getattr(self, f"{word}_{what}") for what in ("initializer", "regularizer", "constraint")
                )
                setattr(self, word, self.add_variable(word, channels, None, first, charge, constraint=limit))
        for word in ("moving_mean", "moving_variance"):
            first = getattr(self, f"{word}_initializer")
            setattr(self, word, self.add_variable(word, channels, None, first, trainable=False))

    def __call__(self, inputs: Any, training: Any = False) -> Tensor:
        return super().__call__(inputs, training=training)

    def call(self, inputs: Tensor, training: Any = False) -> Tensor:
        when, ndim = phase(training), inputs.spec.ndim
        owned = {key: getattr(self, word) for key, word in _OWNED.items() if getattr(self, word) is not None}
        # four axes run on TensorFlow's fused kernel, whose moving variance divides by count - 1
        is_fused = ndim == 4 and self.fused is not False
        layer = find_layer("BatchNorm")(momentum=self.momentum, epsilon=self.epsilon, unbiased=is_fused)
        moved: dict[str, Symbol] = {}

        def normalize(x: Any, *values: Any) -> Any:
            given = dict(zip(owned, values, strict=True))
            given.setdefault("scale", _fixed(ops.ones_like, given["mean"]))
            given.setdefault("shift", _fixed(ops.zeros_like, given["mean"]))
            order = (0, self._at, *[i for i in range(1, ndim) if i != self._at])
            result, changed = layer.apply([ops.transpose(x, axes=order)], given, when)
            moved.update(changed)
            return ops.transpose(result, axes=tuple([order.index(i) for i in range(ndim)]))

        y = call("FusedBatchNorm" if is_fused else "BatchNorm", normalize, inputs=inputs, **owned)
        for key, value in moved.items():
            self.add_update(self._moved(owned[key], value))
        return y

    @staticmethod
    def _moved(variable: Any, value: Symbol) -> Tensor:
        graph = get_default_graph()
        made = graph.operation(
            "AssignSub", graph.unique_name("AssignMovingAvg"), variable.op.outputs,
            lambda _: graph.core.assign(variable.slot, value),
        )  # fmt: skip
        return made.outputs[0]


def _fixed(function: Callable[[Any], Any], x: Any) -> Any:
    return ops.stop_gradient(function(x))


BatchNorm = BatchNormalization


def batch_normalization(
    inputs: Any, *args: Any, training: Any = False, reuse: Any = None, **options: Any
) -> Tensor:  # fmt: skip
    """Scale each channel to zero mean and unit variance, over the batch while training, else by moving averages.

    The operations that move the averages are in tf.GraphKeys.UPDATE_OPS; they run only where something asks for them.
    """
    return BatchNormalization(*args, _reuse=reuse, **options)(inputs, training=training)
