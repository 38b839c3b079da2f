"""Layers: one core Layer each, with variables for what it owns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from trivium import ops
from trivium.graph import Symbol
from trivium.registry import find_layer

from . import initializers
from .build import as_tensor, assumed, call, convert_to_tensor
from .casting import cast
from .graph import GraphKeys, get_default_graph
from .nn import pool_window
from .operation import Tensor
from .random import drawn, random_slot
from .variable_scope import get_variable, variable_scope
from .windows import channels_last, filter_to_core, from_core, padding_of, to_core

__all__ = ["dense", "conv2d", "max_pooling2d", "average_pooling2d", "flatten", "dropout", "batch_normalization"]


def _applied(
    kind: str, layer: Any, inputs: Tensor, values: Mapping[str, Any], *, before: Callable[[Any], Any] = lambda x: x,
    after: Callable[[Any], Any] = lambda x: x, weight: Callable[[Any], Any] = lambda w: w,
) -> Tensor:  # fmt: skip
    """A core layer without state as one operation.

    before, after: between TensorFlow's order of axes and the core's;  weight: the same for the kernel
    """
    names = list(values)

    def compute(x: Any, *owned: Any) -> Any:
        given = dict(zip(names, owned, strict=True))
        if "weight" in given:
            given["weight"] = weight(given["weight"])
        given.setdefault("bias", None)
        return after(layer.apply([before(x)], given)[0])

    return call(kind, compute, inputs=inputs, **values)


def _charged(outputs: Tensor, activation: Any, regularizer: Any) -> Tensor:
    if activation is not None:
        outputs = activation(outputs)
    if regularizer is not None:
        get_default_graph().add_to_collection(GraphKeys.REGULARIZATION_LOSSES, regularizer(outputs))
    return outputs


def _owned(
    shape: Sequence[int], filters: int, dtype: Any, trainable: bool, use_bias: bool, initializers_: tuple[Any, Any],
    regularizers: tuple[Any, Any],
) -> dict[str, Any]:  # fmt: skip
    options = {"dtype": dtype, "trainable": trainable}
    first = [initializers.get(given) for given in initializers_]
    made = {"weight": get_variable("kernel", shape, initializer=first[0], regularizer=regularizers[0], **options)}
    if use_bias:
        made["bias"] = get_variable("bias", [filters], initializer=first[1], regularizer=regularizers[1], **options)
    return made


def _known_size(size: Any, what: str) -> int:
    if type(size) is not int:
        raise ValueError(f"{what} of the inputs should be defined. Found `None`.")
    return size


def dense(
    inputs: Any, units: int, activation: Any = None, use_bias: bool = True, kernel_initializer: Any = None,
    bias_initializer: Any = "zeros", kernel_regularizer: Any = None, bias_regularizer: Any = None,
    activity_regularizer: Any = None, kernel_constraint: Any = None, bias_constraint: Any = None,
    trainable: bool = True,
    name: str | None = None, reuse: Any = None,
) -> Tensor:  # fmt: skip
    """activation(inputs @ kernel + bias).

    inputs: (..., features)
    return: (..., units)
    """
    x = convert_to_tensor(inputs)
    with variable_scope(name, "dense", [x], reuse=reuse):
        features = _known_size(x.spec.shape[-1], "The last dimension")
        owned = _owned(
            [features, units], units, x.dtype, trainable, use_bias, (kernel_initializer, bias_initializer),
            (kernel_regularizer, bias_regularizer),
        )  # fmt: skip
        layer = find_layer("Dense")(units, has_bias=use_bias)
        y = _applied("BiasAdd" if use_bias else "MatMul", layer, x, owned, weight=ops.transpose)
        return _charged(y, activation, activity_regularizer)


def conv2d(
    inputs: Any, filters: int, kernel_size: Any, strides: Any = (1, 1), padding: str = "valid",
    data_format: str = "channels_last", dilation_rate: Any = (1, 1), activation: Any = None, use_bias: bool = True,
    kernel_initializer: Any = None, bias_initializer: Any = "zeros", kernel_regularizer: Any = None,
    bias_regularizer: Any = None, activity_regularizer: Any = None, kernel_constraint: Any = None,
    bias_constraint: Any = None, trainable: bool = True, name: str | None = None, reuse: Any = None,
) -> Tensor:  # fmt: skip
    """activation(filters slid over height and width + bias).

    inputs: (batch, height, width, channels), or channels second
    """
    x, is_last = convert_to_tensor(inputs), channels_last(data_format)
    kernel, stride, dilation = _pair(kernel_size), _pair(strides), _pair(dilation_rate)
    with variable_scope(name, "conv2d", [x], reuse=reuse):
        shape = x.spec.shape
        channels = _known_size(shape[-1] if is_last else shape[1], "The channel dimension")
        owned = _owned(
            [*kernel, channels, filters], filters, x.dtype, trainable, use_bias,
            (kernel_initializer, bias_initializer), (kernel_regularizer, bias_regularizer),
        )  # fmt: skip
        sizes = shape[1:-1] if is_last else shape[2:]
        pads = padding_of(padding.upper(), sizes, kernel, stride, dilation)
        layer = find_layer("Convolution")(
            filters, kernel=kernel, stride=stride, padding=pads, dilation=dilation, has_bias=use_bias
        )
        y = _applied(
            "BiasAdd" if use_bias else "Conv2D", layer, x, owned, weight=filter_to_core,
            before=lambda x: to_core(x, is_last), after=lambda y: from_core(y, is_last),
        )  # fmt: skip
        return _charged(y, activation, activity_regularizer)


def max_pooling2d(
    inputs: Any, pool_size: Any, strides: Any, padding: str = "valid", data_format: str = "channels_last",
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """The largest element of each window."""
    return _pooled("MaxPool", "max_pooling2d", inputs, pool_size, strides, padding, data_format, name, {})


def average_pooling2d(
    inputs: Any, pool_size: Any, strides: Any, padding: str = "valid", data_format: str = "channels_last",
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """The mean of each window; padding is not counted."""
    settings = {"divisor": "valid"}
    return _pooled("AveragePool", "average_pooling2d", inputs, pool_size, strides, padding, data_format, name, settings)


def _pooled(
    word: str, default: str, inputs: Any, pool_size: Any, strides: Any, padding: str, data_format: str,
    name: str | None, settings: dict[str, Any],
) -> Tensor:  # fmt: skip
    x, is_last = convert_to_tensor(inputs), channels_last(data_format)
    kernel, stride = _pair(pool_size), _pair(strides)
    sizes = x.spec.shape[1:-1] if is_last else x.spec.shape[2:]
    window = pool_window(padding.upper(), sizes, kernel, stride)
    layer = find_layer(word)(kernel, stride=stride, **window, **settings)
    with get_default_graph().name_scope(name or default):
        kind = {"MaxPool": "MaxPool", "AveragePool": "AvgPool"}[word]
        return _applied(
            kind, layer, x, {}, before=lambda x: to_core(x, is_last), after=lambda y: from_core(y, is_last)
        )  # fmt: skip


def _pair(numbers: Any) -> tuple[int, int]:
    pair = (numbers, numbers) if isinstance(numbers, int) else tuple(int(n) for n in numbers)
    if len(pair) != 2:
        raise ValueError(f"expected one number or two, got {numbers!r}")
    return pair


def flatten(inputs: Any, name: str | None = None) -> Tensor:
    """All axes but the first as one."""
    x = convert_to_tensor(inputs)
    with get_default_graph().name_scope(name or "flatten"):
        return _applied("Reshape", find_layer("Flatten")(), x, {})


def _phase(training: Any) -> Any:
    """Whether training goes on: a bool, or the symbol of a tensor that tells when the graph runs."""
    tensor = as_tensor(training, get_default_graph())
    if tensor is None:
        return bool(training)
    return assumed((tensor if tensor.dtype.is_bool else cast(tensor, "bool")).symbol, ())


def dropout(
    inputs: Any, rate: Any = 0.5, noise_shape: Any = None, seed: int | None = None, training: Any = False,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Zero a random part of the elements while training; pass all on otherwise.

    rate:     the part that is dropped
    training: a bool, or a tensor that tells when the graph runs
    """
    x, graph, phase = convert_to_tensor(inputs), get_default_graph(), _phase(training)
    if phase is False:
        return x
    rate_tensor = as_tensor(rate, graph)

    def drop(symbol: Any) -> Any:
        layer = find_layer("Dropout")(rate if rate_tensor is None else rate_tensor.symbol)
        slot = random_slot(graph, f"{graph.get_name_scope()}/state", seed)
        return drawn(
            graph, slot, ops.blocks(symbol.shape), lambda state: layer.apply([symbol], {"random": state}, phase)[0]
        )  # fmt: skip

    with graph.name_scope(name or "dropout"):
        return call("Dropout", drop, default="dropout", inputs=x)


def batch_normalization(
    inputs: Any, axis: int = -1, momentum: float = 0.99, epsilon: float = 1e-3, center: bool = True, scale: bool = True,
    beta_initializer: Any = "zeros", gamma_initializer: Any = "ones", moving_mean_initializer: Any = "zeros",
    moving_variance_initializer: Any = "ones", beta_regularizer: Any = None, gamma_regularizer: Any = None,
    beta_constraint: Any = None, gamma_constraint: Any = None, training: Any = False, trainable: bool = True,
    name: str | None = None, reuse: Any = None, renorm: bool = False, fused: Any = None,
) -> Tensor:  # fmt: skip
    """Scale each channel to zero mean and unit variance, over the batch while training, else by moving averages.

    axis:     that of the channels
    momentum: the part of the moving averages that a step keeps

    The operations that move the averages are in tf.GraphKeys.UPDATE_OPS; they run only where something asks for them.
    """
    x, graph, phase = convert_to_tensor(inputs), get_default_graph(), _phase(training)
    ndim = x.spec.ndim
    at = axis % ndim
    channels = (_known_size(x.spec.shape[at], "The channel dimension"),)
    with variable_scope(name, "batch_normalization", [x], reuse=reuse):
        owned: dict[str, Any] = {}
        for key, word, wanted, first, regularizer in (
            ("scale", "gamma", scale, gamma_initializer, gamma_regularizer),
            ("shift", "beta", center, beta_initializer, beta_regularizer),
        ):
            if wanted:
                options = {"trainable": trainable, "regularizer": regularizer}
                owned[key] = get_variable(word, channels, x.dtype, initializers.get(first), **options)
        for key, word, first in (
            ("mean", "moving_mean", moving_mean_initializer),
            ("variance", "moving_variance", moving_variance_initializer),
        ):
            owned[key] = get_variable(word, channels, x.dtype, initializers.get(first), trainable=False)
        # four axes run on TensorFlow's fused kernel, whose moving variance divides by count - 1
        layer = find_layer("BatchNorm")(momentum=momentum, epsilon=epsilon, unbiased=ndim == 4 and fused is not False)
        updates: dict[str, Symbol] = {}
        names = list(owned)

        def normalize(symbol: Any, *values: Any) -> Any:
            given = dict(zip(names, values, strict=True))
            given.setdefault("scale", _constant_like(given["mean"], ops.ones_like))
            given.setdefault("shift", _constant_like(given["mean"], ops.zeros_like))
            order = (0, at, *[i for i in range(1, ndim) if i != at])
            result, changed = layer.apply([ops.transpose(symbol, axes=order)], given, phase)
            updates.update(changed)
            return ops.transpose(result, axes=tuple([order.index(i) for i in range(ndim)]))

        y = call("FusedBatchNorm" if ndim == 4 else "BatchNorm", normalize, inputs=x, **owned)
        for key, value in updates.items():
            moved = graph.operation(
                "AssignSub", graph.unique_name("AssignMovingAvg"), owned[key].op.outputs,
                lambda _, key=key, value=value: graph.core.assign(owned[key].slot, value),
            )  # fmt: skip
            graph.add_to_collection(GraphKeys.UPDATE_OPS, moved.outputs[0])
    return y


def _constant_like(x: Any, function: Callable[[Any], Any]) -> Any:
    return ops.stop_gradient(function(x))
