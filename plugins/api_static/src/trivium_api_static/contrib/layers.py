"""`tf.contrib.layers`: layers whose variables are called weights and biases, and regularizers.

Each is a class of `tf.layers` under other names and with other defaults.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from trivium import ops

from .. import layers as plain
from .. import nn
from ..arithmetic import add_n
from ..build import call
from ..collection import GraphKeys
from ..creation import one_hot
from ..graph import get_default_graph
from ..initializers import Initializer, variance_scaling, zeros
from ..layers.base import Layer
from ..nn.activation import relu, softmax
from ..operation import Tensor
from ..variable_scope import variable_scope
from .framework import add_arg_scope

__all__ = [
    "apply_regularization", "avg_pool2d", "batch_norm", "conv2d", "conv2d_transpose", "convolution2d",
    "convolution2d_transpose", "dropout", "flatten", "fully_connected", "l1_l2_regularizer", "l1_regularizer",
    "l2_regularizer", "linear", "max_pool2d", "one_hot_encoding", "relu", "repeat", "separable_conv2d", "softmax",
    "stack", "sum_regularizer", "variance_scaling_initializer", "xavier_initializer", "xavier_initializer_conv2d",
]  # fmt: skip

_KEPT = (GraphKeys.MODEL_VARIABLES,)
_WORDS = {
    "kernel": "weights", "bias": "biases", "depthwise_kernel": "depthwise_weights",
    "pointwise_kernel": "pointwise_weights",
}  # fmt: skip


# -- initializers and regularizers -------------------------------------------------------------------------


def xavier_initializer(uniform: bool = True, seed: int | None = None, dtype: Any = "float32") -> Initializer:
    """Glorot & Bengio, 2010."""
    return variance_scaling(1.0, "fan_avg", "uniform" if uniform else "truncated_normal", seed, dtype)


xavier_initializer_conv2d = xavier_initializer


def variance_scaling_initializer(
    factor: float = 2.0, mode: str = "FAN_IN", uniform: bool = False, seed: int | None = None, dtype: Any = "float32"
) -> Initializer:
    """Zero mean, and a variance of factor / fan."""
    return variance_scaling(factor, mode.lower(), "uniform" if uniform else "truncated_normal", seed, dtype)


def _regularizer(name: str, scale: float, charge: Callable[[Any], Any], scope: str | None) -> Callable[[Any], Any]:
    if isinstance(scale, int) or not 0.0 <= scale:
        raise ValueError(f"Setting a scale less than 0 on a regularizer, or a whole number: {scale}")
    if scale == 0.0:
        return lambda _: None

    def regularize(weights: Any) -> Tensor:
        return call("Mul", lambda x: charge(x) * scale, scope, default=name, weights=weights)

    return regularize


def l1_regularizer(scale: float, scope: str | None = None) -> Callable[[Any], Any]:
    """A charge of scale * sum(|x|)."""
    return _regularizer("l1_regularizer", scale, lambda x: ops.sum(ops.absolute(x)), scope)


def l2_regularizer(scale: float, scope: str | None = None) -> Callable[[Any], Any]:
    """A charge of scale * sum(x**2) / 2."""
    return _regularizer("l2_regularizer", scale, lambda x: ops.sum(ops.square(x)) * 0.5, scope)


def l1_l2_regularizer(scale_l1: float = 1.0, scale_l2: float = 1.0, scope: str | None = None) -> Callable[[Any], Any]:
    """Both charges."""
    return sum_regularizer([l1_regularizer(scale_l1), l2_regularizer(scale_l2)], scope or "l1_l2_regularizer")


def sum_regularizer(regularizer_list: Sequence[Any], scope: str | None = None) -> Callable[[Any], Any]:
    """The charges of several together."""
    given = [regularizer for regularizer in regularizer_list if regularizer is not None]

    def regularize(weights: Any) -> Any:
        with get_default_graph().name_scope(scope or "sum_regularizer"):
            charges = [charge for charge in [regularizer(weights) for regularizer in given] if charge is not None]
            return add_n(charges) if charges else None

    return regularize


def apply_regularization(regularizer: Callable[[Any], Any], weights_list: Sequence[Any] | None = None) -> Tensor:
    """The sum of the charges of some weights, or of those in the collection `weights`, remembered."""
    weights = get_default_graph().get_collection("weights") if weights_list is None else weights_list
    if not weights:
        raise ValueError("No weights to regularize.")
    charges = [regularizer(w) for w in weights]
    for charge in charges:
        get_default_graph().add_to_collection(GraphKeys.REGULARIZATION_LOSSES, charge)
    return add_n(charges, "get_regularization_penalty")


# -- layers with weights -----------------------------------------------------------------------------------


class _Dense(plain.Dense):
    default_name, words, collections = "fully_connected", _WORDS, _KEPT


class _Conv(plain.Conv2D):
    default_name, words, collections = "Conv", _WORDS, _KEPT


class _ConvTranspose(plain.Conv2DTranspose):
    default_name, words, collections = "Conv2d_transpose", _WORDS, _KEPT


class _SeparableConv(plain.SeparableConv2D):
    default_name, words, collections = "SeparableConv2d", _WORDS, _KEPT


class _BatchNorm(plain.BatchNormalization):
    default_name, collections = "BatchNorm", _KEPT


def _finishing(activation_fn: Any, normalizer_fn: Any, normalizer_params: Any) -> Callable[[Any], Any]:
    """What follows the weights: a normalizer in their scope, then the activation."""

    def finish(outputs: Tensor) -> Tensor:
        if normalizer_fn is not None:
            outputs = normalizer_fn(outputs, **(normalizer_params or {}))
        return outputs if activation_fn is None else activation_fn(outputs)

    return finish


def _made(
    cls: type[Layer], inputs: Any, sizes: dict[str, Any], activation_fn: Any, *, normalizer_fn: Any = None,
    normalizer_params: Any = None, weights_initializer: Any = None, pointwise_initializer: Any = None,
    weights_regularizer: Any = None, biases_initializer: Any = zeros, biases_regularizer: Any = None, reuse: Any = None,
    variables_collections: Any = None, outputs_collections: Any = None, trainable: bool = True, scope: Any = None,
) -> Tensor:  # fmt: skip
    """A layer with weights, called.

    normalizer_fn: takes the place of the biases
    """
    first = weights_initializer or xavier_initializer()
    if issubclass(cls, plain.SeparableConv2D):
        weights = {
            "depthwise_initializer": first, "pointwise_initializer": pointwise_initializer or first,
            "depthwise_regularizer": weights_regularizer, "pointwise_regularizer": weights_regularizer,
        }  # fmt: skip
    else:
        weights = {"kernel_initializer": first, "kernel_regularizer": weights_regularizer}
    layer = cls(
        **sizes, **weights, activation=_finishing(activation_fn, normalizer_fn, normalizer_params),
        use_bias=normalizer_fn is None and biases_initializer is not None, bias_initializer=biases_initializer,
        bias_regularizer=biases_regularizer, trainable=trainable, name=scope, _reuse=reuse,
    )  # fmt: skip
    outputs = layer(inputs)
    for variable in layer.variables if variables_collections else ():
        variable.graph.add_to_collections(_collections_of(variable, variables_collections), variable)
    return _remembered(outputs, outputs_collections)


def _collections_of(variable: Any, collections: Any) -> Any:
    """Those that are said for all variables, or by their names."""
    if isinstance(collections, Mapping):
        return collections.get(variable.op.name.rsplit("/", 1)[-1]) or ()
    return collections


def _remembered(outputs: Tensor, collections: Any) -> Tensor:
    if collections is not None:
        outputs.graph.add_to_collections(collections, outputs)
    return outputs


@add_arg_scope
def fully_connected(inputs: Any, num_outputs: int, activation_fn: Any = relu, **options: Any) -> Tensor:
    """activation_fn(inputs @ weights + biases).

    options: normalizer_fn, normalizer_params, weights_ and biases_ _initializer and _regularizer, reuse, trainable,
             scope, variables_collections, outputs_collections
    """
    return _made(_Dense, inputs, {"units": num_outputs}, activation_fn, **options)


def _data_format(word: str | None) -> str:
    return "channels_first" if word is not None and word.startswith("NC") else "channels_last"


@add_arg_scope
def conv2d(
    inputs: Any, num_outputs: int, kernel_size: Any, stride: Any = 1, padding: str = "SAME",
    data_format: str | None = None, rate: Any = 1, activation_fn: Any = relu, **options: Any,
) -> Tensor:  # fmt: skip
    """activation_fn(filters slid over height and width + biases).

    options: those of fully_connected
    """
    sizes = _windows(num_outputs, kernel_size, stride, padding, data_format)
    return _made(_Conv, inputs, {**sizes, "dilation_rate": rate}, activation_fn, **options)


@add_arg_scope
def conv2d_transpose(
    inputs: Any, num_outputs: int, kernel_size: Any, stride: Any = 1, padding: str = "SAME", data_format: str = "NHWC",
    activation_fn: Any = relu, **options: Any,
) -> Tensor:  # fmt: skip
    """activation_fn(the input gradient of a convolution + biases).

    options: those of fully_connected
    """
    sizes = _windows(num_outputs, kernel_size, stride, padding, data_format)
    return _made(_ConvTranspose, inputs, sizes, activation_fn, **options)


@add_arg_scope
def separable_conv2d(
    inputs: Any, num_outputs: int | None, kernel_size: Any, depth_multiplier: int = 1, stride: Any = 1,
    padding: str = "SAME", data_format: str = "NHWC", rate: Any = 1, activation_fn: Any = relu, **options: Any,
) -> Tensor:  # fmt: skip
    """activation_fn(filters over each channel by itself, mixed at each position, + biases).

    options: those of fully_connected, and pointwise_initializer
    """
    if num_outputs is None:
        raise NotImplementedError("separable_conv2d: num_outputs=None; use tf.nn.depthwise_conv2d")
    sizes = _windows(num_outputs, kernel_size, stride, padding, data_format)
    sizes.update(dilation_rate=rate, depth_multiplier=depth_multiplier)
    return _made(_SeparableConv, inputs, sizes, activation_fn, **options)


def _windows(filters: int, kernel_size: Any, stride: Any, padding: str, data_format: str | None) -> dict[str, Any]:
    return {
        "filters": filters, "kernel_size": kernel_size, "strides": stride, "padding": padding,
        "data_format": _data_format(data_format),
    }  # fmt: skip


convolution2d, convolution2d_transpose = conv2d, conv2d_transpose


def linear(inputs: Any, num_outputs: int, **options: Any) -> Tensor:
    """inputs @ weights + biases."""
    return fully_connected(inputs, num_outputs, **{"activation_fn": None, **options})


@add_arg_scope
def batch_norm(
    inputs: Any, decay: float = 0.999, center: bool = True, scale: bool = False, epsilon: float = 0.001,
    activation_fn: Any = None, param_initializers: Any = None, param_regularizers: Any = None,
    updates_collections: Any = GraphKeys.UPDATE_OPS, is_training: Any = True, reuse: Any = None,
    variables_collections: Any = None, outputs_collections: Any = None, trainable: bool = True,
    fused: bool | None = None, data_format: str = "NHWC", scope: Any = None,
) -> Tensor:  # fmt: skip
    """Scale each channel to zero mean and unit variance, over the batch while training, else by moving averages.

    updates_collections: where the operations go that move the averages; None lets them run with every result
    """
    first = {f"{word}_initializer": value for word, value in (param_initializers or {}).items()}
    charges = {f"{word}_regularizer": value for word, value in (param_regularizers or {}).items()}
    layer = _BatchNorm(
        axis=1 if _data_format(data_format) == "channels_first" else -1, momentum=decay, epsilon=epsilon,
        center=center, scale=scale, fused=fused, trainable=trainable, name=scope, _reuse=reuse, **first, **charges,
    )  # fmt: skip
    outputs = layer(inputs, training=is_training)
    if updates_collections != GraphKeys.UPDATE_OPS:
        _moved_to(updates_collections, layer.updates, outputs)
    return _remembered(outputs if activation_fn is None else activation_fn(outputs), outputs_collections)


def _moved_to(collection: str | None, updates: list[Any], outputs: Tensor) -> None:
    graph = outputs.graph
    waiting = graph.get_collection_ref(GraphKeys.UPDATE_OPS)
    waiting[:] = [update for update in waiting if update not in updates]
    if collection is not None:
        for update in updates:
            graph.add_to_collection(collection, update)
    elif updates:
        graph.react(outputs.symbol.node, [update.symbol for update in updates])


# -- layers without ----------------------------------------------------------------------------------------


@add_arg_scope
def max_pool2d(
    inputs: Any, kernel_size: Any, stride: Any = 2, padding: str = "VALID", data_format: str = "NHWC",
    outputs_collections: Any = None, scope: Any = None,
) -> Tensor:  # fmt: skip
    """The largest element of each window."""
    layer = plain.MaxPooling2D(
        kernel_size, stride, padding, _data_format(data_format), name=scope or _unique("MaxPool2D")
    )
    return _remembered(layer(inputs), outputs_collections)


@add_arg_scope
def avg_pool2d(
    inputs: Any, kernel_size: Any, stride: Any = 2, padding: str = "VALID", data_format: str = "NHWC",
    outputs_collections: Any = None, scope: Any = None,
) -> Tensor:  # fmt: skip
    """The mean of each window; padding is not counted."""
    layer = plain.AveragePooling2D(
        kernel_size, stride, padding, _data_format(data_format), name=scope or _unique("AvgPool2D")
    )
    return _remembered(layer(inputs), outputs_collections)


def _unique(word: str) -> str:
    return get_default_graph().unique_name(word, mark_as_used=False).rsplit("/", 1)[-1]


@add_arg_scope
def flatten(inputs: Any, outputs_collections: Any = None, scope: Any = None) -> Tensor:
    """All axes but the first as one."""
    return _remembered(plain.flatten(inputs, name=scope or _unique("Flatten")), outputs_collections)


@add_arg_scope
def dropout(
    inputs: Any, keep_prob: Any = 0.5, noise_shape: Any = None, is_training: Any = True,
    outputs_collections: Any = None, scope: Any = None, seed: int | None = None,
) -> Tensor:  # fmt: skip
    """Zero a random part of the elements while training.

    keep_prob: the part that is kept
    """
    layer = plain.Dropout(1 - keep_prob, noise_shape, seed, name=scope or _unique("Dropout"))
    return _remembered(layer(inputs, training=is_training), outputs_collections)


def one_hot_encoding(labels: Any, num_classes: int, on_value: float = 1.0, off_value: float = 0.0) -> Tensor:
    """A row for each label, with on_value at its place."""
    return one_hot(labels, num_classes, on_value, off_value)


def repeat(inputs: Any, repetitions: int, layer: Callable[..., Any], *args: Any, **options: Any) -> Tensor:
    """One layer several times: `repeat(x, 3, conv2d, 64, 3, scope="conv1")` makes conv1/conv1_1 to conv1/conv1_3."""
    scope = options.pop("scope", None)
    with variable_scope(scope, "Repeat", [inputs]):
        name = scope or getattr(layer, "__name__", "repeat")
        for i in range(repetitions):
            inputs = layer(inputs, *args, scope=f"{name}_{i + 1}", **options)
    return inputs


def stack(inputs: Any, layer: Callable[..., Any], stack_args: Sequence[Any], **options: Any) -> Tensor:
    """One layer several times with other arguments each time."""
    scope = options.pop("scope", None)
    with variable_scope(scope, "Stack", [inputs]):
        name = scope or getattr(layer, "__name__", "stack")
        for i, given in enumerate(stack_args):
            args = given if isinstance(given, (list, tuple)) else [given]
            inputs = layer(inputs, *args, scope=f"{name}_{i + 1}", **options)
    return inputs


bias_add = nn.bias_add
