"""Measures over many batches: each gives its value so far, and an operation that takes in one more batch.

What they add up stands in local variables: `session.run(tf.local_variables_initializer())` starts them over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from attrs import define

from trivium import ops

from .build import call, convert_to_tensor
from .casting import cast
from .collection import GraphKeys
from .creation import zeros
from .graph import get_default_graph
from .operation import Tensor
from .variable import Variable
from .variable_scope import variable_scope

__all__ = [
    "accuracy", "auc", "false_negatives", "false_positives", "mean", "mean_absolute_error", "mean_squared_error",
    "precision", "recall", "root_mean_squared_error", "true_negatives", "true_positives",
]  # fmt: skip

_COLLECTIONS = [GraphKeys.LOCAL_VARIABLES, "metric_variables"]
_EDGE = 1e-7  # how far the outermost thresholds stand outside 0..1
_EPSILON = 1e-6  # keeps empty classes from dividing by 0


@define
class Sum:
    """Something that is added up over batches.

    batch: what one batch adds, from the symbols of the metric's inputs
    """

    batch: Callable[..., Any]
    shape: tuple[int, ...] = ()


def _metric(
    name: str | None, default: str, sums: Mapping[str, Sum], result: Callable[..., Any], inputs: Mapping[str, Any],
    values_to: Any, updates_to: Any,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """The operations `value` and `update_op` of a metric.

    result: the measure, from the sums
    """
    graph = get_default_graph()
    with variable_scope(name, default, [x for x in inputs.values() if isinstance(x, Tensor)]):
        states = {
            word: Variable(zeros(kept.shape), trainable=False, collections=_COLLECTIONS, name=word)
            for word, kept in sums.items()
        }
        value = call("Measure", result, "value", **{word: v.as_tensor() for word, v in states.items()})
        added = {
            word: states[word].assign_add(call("Sum", kept.batch, default="sum", free=tuple(inputs), **inputs))
            for word, kept in sums.items()
        }
        update = call("Measure", result, "update_op", **added)
    for collection, tensor in ((values_to, value), (updates_to, update)):
        if collection is not None:
            graph.add_to_collections(collection, tensor)
    return value, update


def _ratio(part: Any, whole: Any) -> Any:
    """part / whole, and 0 where there is nothing yet."""
    return part / ops.where(ops.equal(whole, 0.0), 1.0, whole)


def _weighted(values: Any, *weights: Any) -> Any:
    return values * weights[0] if weights else values


def _inputs(weights: Any, **given: Any) -> dict[str, Any]:
    tensors = {word: convert_to_tensor(x) for word, x in given.items()}
    if weights is not None:
        tensors["weights"] = cast(convert_to_tensor(weights), "float32")
    return tensors


def _alike(predictions: Any, labels: Any) -> dict[str, Any]:
    """Both as tensors of one shape and dtype; a last axis of size 1 that only one has is dropped."""
    guess, truth = convert_to_tensor(predictions), convert_to_tensor(labels)
    if guess.shape.ndims is not None and truth.shape.ndims == guess.shape.ndims + 1:
        truth = call("Squeeze", lambda x: ops.squeeze(x, axis=-1), x=truth)
    elif truth.shape.ndims is not None and guess.shape.ndims == truth.shape.ndims + 1:
        guess = call("Squeeze", lambda x: ops.squeeze(x, axis=-1), x=guess)
    guess.shape.assert_is_compatible_with(truth.shape)
    return {"predictions": guess, "labels": cast(truth, guess.dtype)}


def mean(
    values: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """The mean of all elements so far."""
    given = _inputs(weights, values=cast(convert_to_tensor(values), "float32"))
    return _mean_of(name, "mean", lambda x, *w: x, given, metrics_collections, updates_collections)


def _mean_of(
    name: str | None, default: str, each: Callable[..., Any], inputs: Mapping[str, Any], values_to: Any,
    updates_to: Any, finish: Callable[[Any], Any] = lambda x: x,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    has_weights = "weights" in inputs

    def total(*symbols: Any) -> Any:
        values = each(*symbols)
        return ops.sum(_weighted(values, *symbols[-1:] if has_weights else ()))

    def count(*symbols: Any) -> Any:
        ones = ops.ones_like(each(*symbols))
        return ops.sum(_weighted(ones, *symbols[-1:] if has_weights else ()))

    sums = {"total": Sum(total), "count": Sum(count)}
    result = lambda total, count: finish(_ratio(total, count))  # noqa: E731 - named by its argument
    return _metric(name, default, sums, result, inputs, values_to, updates_to)


def accuracy(
    labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """How often predictions equalled labels."""

    def is_right(x: Any, y: Any, *_: Any) -> Any:
        return ops.cast(ops.equal(x, y), dtype="float32")

    given = _inputs(weights, **_alike(predictions, labels))
    return _mean_of(name, "accuracy", is_right, given, metrics_collections, updates_collections)


def _error(default: str, each: Callable[[Any], Any], doc: str, finish: Callable[[Any], Any] = lambda x: x) -> Any:
    def metric(
        labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None,
        updates_collections: Any = None, name: str | None = None,
    ) -> tuple[Tensor, Tensor]:  # fmt: skip
        alike = {word: cast(x, "float32") for word, x in _alike(predictions, labels).items()}
        given = _inputs(weights, **alike)
        return _mean_of(
            name, default, lambda x, y, *_: each(x - y), given, metrics_collections, updates_collections, finish
        )

    metric.__name__, metric.__doc__ = default, doc
    return metric


mean_squared_error = _error("mean_squared_error", ops.square, "The mean of squared differences so far.")
mean_absolute_error = _error("mean_absolute_error", ops.absolute, "The mean of differences without their sign so far.")
root_mean_squared_error = _error(
    "root_mean_squared_error", ops.square, "The root of the mean of squared differences so far.", ops.sqrt
)


# -- yes or no ---------------------------------------------------------------------------------------------


def _counting(guess: bool, truth: bool) -> Sum:
    """How often something was predicted and something was true."""

    def count(x: Any, y: Any, *weights: Any) -> Any:
        seen = ops.logical_and(x if guess else ops.logical_not(x), y if truth else ops.logical_not(y))
        return ops.sum(_weighted(ops.cast(seen, dtype="float32"), *weights))

    return Sum(count)


_COUNTS = {
    "true_positives": _counting(True, True), "false_positives": _counting(True, False),
    "true_negatives": _counting(False, False), "false_negatives": _counting(False, True),
}  # fmt: skip


def _of_counts(default: str, words: tuple[str, ...], result: Callable[..., Any], doc: str) -> Any:
    def metric(
        labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None,
        updates_collections: Any = None, name: str | None = None,
    ) -> tuple[Tensor, Tensor]:  # fmt: skip
        alike = {word: cast(x, "bool") for word, x in _alike(predictions, labels).items()}
        sums = {f"{word}/count" if len(words) > 1 else "count": _COUNTS[word] for word in words}
        given = _inputs(weights, **alike)
        return _metric(name, default, sums, result, given, metrics_collections, updates_collections)

    metric.__name__, metric.__doc__ = default, doc
    return metric


def _share(right: Any, wrong: Any) -> Any:
    return _ratio(right, right + wrong)


precision = _of_counts(
    "precision", ("true_positives", "false_positives"), _share, "How much of what was predicted was true."
)
recall = _of_counts("recall", ("true_positives", "false_negatives"), _share, "How much of what was true was predicted.")
true_positives, false_positives, true_negatives, false_negatives = (
    _of_counts(word, (word,), lambda x: x, f"How many {word.replace('_', ' ')} there were.") for word in _COUNTS
)


def auc(
    labels: Any, predictions: Any, weights: Any = None, num_thresholds: int = 200, metrics_collections: Any = None,
    updates_collections: Any = None, curve: str = "ROC", name: str | None = None,
    summation_method: str = "trapezoidal",
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """The area under the curve of hits over false alarms ("ROC"), or of precision over recall ("PR").

    predictions: chances, 0..1, compared with thresholds that are spread evenly
    """
    if curve not in ("ROC", "PR"):
        raise ValueError(f"curve must be either ROC or PR, {curve} unknown")
    if summation_method != "trapezoidal":
        raise NotImplementedError(f"auc: summation_method {summation_method!r}; only 'trapezoidal' is there")
    inner = [(i + 1) / (num_thresholds - 1) for i in range(num_thresholds - 2)]
    edges = np.array([[-_EDGE], *[[t] for t in inner], [1.0 + _EDGE]], np.float32)

    def counting(guess: bool, truth: bool) -> Sum:
        def count(x: Any, y: Any, *weights: Any) -> Any:
            above = ops.reshape(x, shape=(1, -1)) > x.graph.constant(edges)
            is_true = ops.broadcast_to(ops.reshape(y, shape=(1, -1)), shape=above.shape)
            seen = ops.logical_and(
                above if guess else ops.logical_not(above), is_true if truth else ops.logical_not(is_true)
            )
            weighed = [ops.reshape(w * ops.ones_like(x), shape=(1, -1)) for w in weights]
            return ops.sum(_weighted(ops.cast(seen, dtype="float32"), *weighed), axis=1)

        return Sum(count, (num_thresholds,))

    def area(tp: Any, fp: Any, tn: Any, fn: Any) -> Any:
        hits = (tp + _EPSILON) / (tp + fn + _EPSILON)
        x, y = (fp / (fp + tn + _EPSILON), hits) if curve == "ROC" else (hits, (tp + _EPSILON) / (tp + fp + _EPSILON))
        lower, upper = (lambda v: ops.slice(v, start=(0,), stop=(-1,))), (lambda v: ops.slice(v, start=(1,)))
        return ops.sum((lower(x) - upper(x)) * (lower(y) + upper(y)) / 2.0)

    sums = {
        "true_positives": counting(True, True), "false_positives": counting(True, False),
        "true_negatives": counting(False, False), "false_negatives": counting(False, True),
    }  # fmt: skip
    alike = _alike(cast(convert_to_tensor(predictions), "float32"), labels)
    given = _inputs(weights, predictions=alike["predictions"], labels=cast(alike["labels"], "bool"))
    return _metric(name, "auc", sums, area, given, metrics_collections, updates_collections)
