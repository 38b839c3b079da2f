"""Metrics add up over batches, and weigh what they are told to weigh."""

import numpy as np
import pytest

import trivium_api_static as tf

RNG = np.random.default_rng(3)
LABELS = RNG.integers(2, size=(4, 10))
CHANCES = (0.4 * LABELS + 0.6 * RNG.uniform(size=(4, 10))).astype(np.float32)
GUESSES = (CHANCES > 0.5).astype(np.int64)
WEIGHTS = RNG.integers(1, 4, size=(4, 10)).astype(np.float32)
ALL = LABELS.ravel(), GUESSES.ravel(), CHANCES.ravel(), WEIGHTS.ravel()


def area(labels, chances):
    """The chance that a true one is scored above a false one."""
    pairs = chances[labels == 1][:, None] - chances[labels == 0][None]
    return ((pairs > 0) + 0.5 * (pairs == 0)).mean()


def numpy_measures(labels, guesses, chances, weights):
    """What each metric gives for all examples at once."""

    def count(guess, truth):
        return (weights * (guesses == guess) * (labels == truth)).sum()

    def mean(x):
        return (weights * x).sum() / weights.sum()

    return {
        "mean": mean(chances), "accuracy": mean(guesses == labels),
        "precision": count(1, 1) / (count(1, 1) + count(1, 0)), "recall": count(1, 1) / (count(1, 1) + count(0, 1)),
        "mean_squared_error": mean((chances - labels) ** 2),
        "mean_absolute_error": mean(np.abs(chances - labels)),
        "root_mean_squared_error": np.sqrt(mean((chances - labels) ** 2)), "true_positives": count(1, 1),
        "false_positives": count(1, 0), "true_negatives": count(0, 0), "false_negatives": count(0, 1),
        "auc": area(np.repeat(labels, weights.astype(int)), np.repeat(chances, weights.astype(int))),
    }  # fmt: skip


@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("word", list(numpy_measures(*ALL)))
def test_a_metric_over_batches_is_that_of_all_examples(word, is_weighted):
    labels, weights = tf.placeholder(tf.int64, [None]), tf.placeholder(tf.float32, [None]) if is_weighted else None
    is_number = word in ("mean", "auc") or word.endswith("error")
    guesses = tf.placeholder(tf.float32 if is_number else tf.int64, [None])
    args = [guesses] if word == "mean" else [labels, guesses]
    value, update = getattr(tf.metrics, word)(*args, weights=weights)
    fed = CHANCES if is_number else GUESSES

    with tf.Session() as session:
        session.run(tf.local_variables_initializer())
        start = session.run(value)
        for i in range(4):
            feed = {labels: LABELS[i], guesses: fed[i], **({weights: WEIGHTS[i]} if is_weighted else {})}
            last = session.run(update, feed)
        expected = numpy_measures(*ALL[:3], ALL[3] if is_weighted else np.ones(40))[word]
        tolerance = 0.01 if word == "auc" else 1e-5
        assert start == 0.0 and session.run(value) == last == pytest.approx(expected, abs=tolerance)
        session.run(tf.local_variables_initializer())
        assert session.run(value) == 0.0
    assert (value.op.name, update.op.name) == (f"{word}/value", f"{word}/update_op")


def test_metrics_keep_their_sums_in_local_variables():
    accuracy, update = tf.metrics.accuracy([[1], [2]], [1, 1], updates_collections="updates", name="top")
    tf.metrics.precision([1, 0], [1, 1], metrics_collections=["measures"])

    assert [v.op.name for v in tf.local_variables()] == [
        "top/total", "top/count", "precision/true_positives/count", "precision/false_positives/count",
    ]  # fmt: skip
    assert not tf.global_variables() and not tf.trainable_variables()
    assert tf.get_collection("updates") == [update] and tf.get_collection("measures")[0].name == "precision/value:0"
    with tf.Session() as session:
        session.run(tf.local_variables_initializer())
        assert session.run([accuracy, update]) == [0.0, 0.5]


def test_the_area_under_precision_and_recall_is_one_where_all_is_right():
    _, update = tf.metrics.auc([0, 0, 1, 1], [0.1, 0.4, 0.6, 0.9], curve="PR")

    with tf.Session() as session:
        session.run(tf.local_variables_initializer())
        assert session.run(update) == pytest.approx(1.0, abs=1e-3)
    with pytest.raises(ValueError, match="curve must be either ROC or PR, XY unknown"):
        tf.metrics.auc([0], [0.5], curve="XY")
    with pytest.raises(ValueError, match=r"Shapes \(3,\) and \(2,\) are incompatible"):
        tf.metrics.accuracy([1, 2], [1, 2, 3])
