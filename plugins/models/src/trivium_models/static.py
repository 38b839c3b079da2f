"""Tables as parts of a graph, in TensorFlow's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen

import trivium_api_static as tf
from trivium.initializer import Constant, Normal, Uniform, VarianceScaling, find_initializer, ones, zeros
from trivium.layer import Layer, ParamSpec
from trivium.spec import Spec
from trivium_api_static.windows import channels_last, from_core, to_core

from .table import IMAGE, LABEL, Row, Table, TableError, total


@frozen
class Network:
    """What a table became in a graph.

    tensors: the value of each row, by name
    """

    table: Table
    tensors: Mapping[str, Any]

    @property
    def scores(self) -> Any:
        """(batch, classes)"""
        return self.tensors[self.table.scores]

    def loss(self, labels: Any) -> Any:
        """What to train on: the losses, each as much as the table says.

        labels: (batch,) class numbers
        """
        with tf.name_scope("loss"):
            return total(self.table, {**self.tensors, LABEL: labels}, tf.apply)


def build(table: Table, images: Any, training: Any = False, data_format: str = "channels_first") -> Network:
    """The network on a tensor of images.

    training:    a bool, or a tensor that tells when the graph runs; False leaves out what only training needs
    data_format: "channels_first", or "channels_last" for images (batch, height, width, channels)

    Variables are called after the layers, `conv1/weight`; whatever the images' order of axes, theirs is the core's:
    (out, in, height, width).  So a state moves between styles by name alone.  As ever, what moves running statistics
    is in tf.GraphKeys.UPDATE_OPS.
    """
    is_last = channels_last(data_format)
    values = {IMAGE: tf.convert_to_tensor(images)}
    for one in table.needed(*(table.heads if training is not False else [table.scores])):
        with tf.variable_scope(one.name):
            values[one.name] = _applied(one, [values[name] for name in one.inputs], training, is_last)
    return Network(table, values)


def _applied(one: Row, inputs: Sequence[Any], training: Any, is_last: bool) -> Any:
    layer = one.make()
    if one.type == "Dropout":  # TensorFlow's own, whose masks start over in each Session
        return tf.layers.dropout(inputs[0], layer.rate, training=training)
    if not isinstance(layer, Layer):
        return tf.apply(lambda *xs: _out(layer(*[_in(x, is_last) for x in xs]), is_last), *inputs, name=_scope())
    wanted = layer.parameters(*[_spec_in(x.spec, is_last) for x in inputs])
    variables = {name: _variable(name, given) for name, given in wanted.items()}
    changed: list[str] = []

    def compute(*values: Any, training: Any) -> Any:
        xs = [_in(x, is_last) for x in values[: len(inputs)]]
        result, updates = layer.apply(xs, dict(zip(variables, values[len(inputs) :])), training)
        changed.extend(updates)
        return [_out(result, is_last), *updates.values()]

    result, *updates = tf.apply(compute, *inputs, *variables.values(), name=_scope(), training=training)
    for name, value in zip(changed, updates):
        tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, tf.assign(variables[name], value))
    return result


def _scope() -> str:
    """The scope that is open, which operations shall not be one deeper in."""
    name: str = tf.get_variable_scope().original_name_scope
    return name


# -- the order of axes ---------------------------------------------------------------------------------


def _in(x: Any, is_last: bool) -> Any:
    return to_core(x, is_last) if x.ndim == 4 else x


def _out(x: Any, is_last: bool) -> Any:
    return from_core(x, is_last) if x.ndim == 4 else x


def _spec_in(spec: Spec, is_last: bool) -> Spec:
    if not is_last or spec.ndim != 4:
        return spec
    batch, *spatial, channels = spec.shape
    return spec.with_shape((batch, channels, *spatial))


# -- variables -----------------------------------------------------------------------------------------


def _variable(name: str, wanted: ParamSpec) -> Any:
    """A variable that starts as the layer wants, from the same stream of random numbers as in every style."""
    initializer = find_initializer(wanted.initializer)
    return tf.get_variable(
        name, wanted.shape, wanted.dtype, lambda shape, dtype: _first(initializer, shape, dtype),
        trainable=wanted.trainable,
    )  # fmt: skip


def _first(initializer: Any, shape: Sequence[int], dtype: Any) -> Any:
    if isinstance(initializer, VarianceScaling):
        initializer = initializer.drawn_from(tuple(shape))
    if isinstance(initializer, Uniform):
        return tf.random_uniform(shape, initializer.low, initializer.high, dtype)
    if isinstance(initializer, Normal):
        return tf.random_normal(shape, initializer.mean, initializer.std, dtype)
    constants = {zeros: 0.0, ones: 1.0}
    if not isinstance(initializer, Constant) and initializer not in constants:
        raise TableError(f"{tf.get_variable_scope().name}: {initializer} has no form in a graph; use a distribution")
    value = initializer.value if isinstance(initializer, Constant) else constants[initializer]
    return tf.fill(shape, value) if dtype == tf.float32 else tf.cast(tf.fill(shape, value), dtype)
