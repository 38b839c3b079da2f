"""One LSTM and a classifier of each step in three styles: equal outputs, losses and gradients from equal weights."""

import numpy as np
import pytest

import trivium_api_dynamic as torch
import trivium_api_prototxt as caffe
import trivium_api_static as tf

STEPS, BATCH, FEATURES, UNITS, CLASSES = 6, 4, 5, 7, 3
RNG = np.random.default_rng(0)
X = RNG.normal(size=(STEPS, BATCH, FEATURES)).astype(np.float32)
LABELS = RNG.integers(0, CLASSES, (STEPS, BATCH))

NET = """
layer { name: "in" type: "Input" top: "x" top: "cont" top: "label" input_param {
  shape { dim: 6 dim: 4 dim: 5 } shape { dim: 6 dim: 4 } shape { dim: 6 dim: 4 } } }
layer { name: "lstm" type: "LSTM" bottom: "x" bottom: "cont" top: "h" recurrent_param { num_output: 7 } }
layer { name: "fc" type: "InnerProduct" bottom: "h" top: "scores" inner_product_param { num_output: 3 axis: 2 } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "scores" bottom: "label" top: "loss" softmax_param { axis: 2 } }
"""


def drawn(*shape):
    return RNG.normal(size=shape).astype(np.float32) * 0.5


def reordered(weight, axis, old, new):
    """Gates along an axis in another order."""
    parts = dict(zip(old, np.split(weight, 4, axis)))
    return np.concatenate([parts[gate] for gate in new], axis)


# as PyTorch has them: gates in the order i, f, g, o
WEIGHTS = {
    "input": drawn(4 * UNITS, FEATURES), "hidden": drawn(4 * UNITS, UNITS), "bias": drawn(4 * UNITS),
    "fc": drawn(CLASSES, UNITS), "fc_bias": drawn(CLASSES),
}  # fmt: skip


def in_torch():
    lstm, fc = torch.nn.LSTM(FEATURES, UNITS), torch.nn.Linear(UNITS, CLASSES)
    names = {"weight_ih_l0": "input", "weight_hh_l0": "hidden", "bias_ih_l0": "bias"}
    lstm.load_state_dict({**{n: WEIGHTS[w] for n, w in names.items()}, "bias_hh_l0": np.zeros(4 * UNITS, np.float32)})
    fc.load_state_dict({"weight": WEIGHTS["fc"], "bias": WEIGHTS["fc_bias"]})
    x = torch.tensor(X, requires_grad=True)

    scores = fc(lstm(x)[0])
    loss = torch.nn.functional.cross_entropy(scores.reshape(-1, CLASSES), torch.tensor(LABELS.ravel()))
    loss.backward()

    grads = {ours: getattr(lstm, name).grad.numpy() for name, ours in names.items()}
    grads |= {"fc": fc.weight.grad.numpy(), "fc_bias": fc.bias.grad.numpy(), "x": x.grad.numpy()}
    return scores.detach().numpy(), loss.item(), grads


def in_tensorflow():
    with tf.Graph().as_default():
        x = tf.constant(X)
        outputs, _ = tf.nn.dynamic_rnn(
            tf.nn.rnn_cell.BasicLSTMCell(UNITS, forget_bias=0.0), x, dtype=tf.float32, time_major=True
        )
        scores = tf.layers.dense(outputs, CLASSES)
        loss = tf.losses.sparse_softmax_cross_entropy(LABELS, scores)
        variables = tf.trainable_variables()
        grads = tf.gradients(loss, [*variables, x])
        kernel = np.concatenate([WEIGHTS["input"], WEIGHTS["hidden"]], 1).T
        values = [
            reordered(kernel, 1, "ifgo", "igfo"), reordered(WEIGHTS["bias"], 0, "ifgo", "igfo"), WEIGHTS["fc"].T,
            WEIGHTS["fc_bias"],
        ]  # fmt: skip
        with tf.Session() as session:
            for variable, value in zip(variables, values, strict=True):
                variable.load(value, session)
            made, total, (kernel, bias, fc, fc_bias, of_x) = session.run([scores, loss, grads])
    kernel = reordered(kernel, 1, "igfo", "ifgo").T
    grads = {"input": kernel[:, :FEATURES], "hidden": kernel[:, FEATURES:], "fc": fc.T, "fc_bias": fc_bias, "x": of_x}
    return made, total, {**grads, "bias": reordered(bias, 0, "igfo", "ifgo")}


def in_caffe(folder):
    (folder / "net.prototxt").write_text(f"force_backward: true\n{NET}")
    net = caffe.Net(str(folder / "net.prototxt"), caffe.TRAIN)
    lstm = [reordered(WEIGHTS[name], 0, "ifgo", "ifog") for name in ("input", "bias", "hidden")]
    for blob, value in zip([*net.params["lstm"], *net.params["fc"]], [*lstm, WEIGHTS["fc"], WEIGHTS["fc_bias"]]):
        blob.data[...] = value

    loss = net.forward(x=X, cont=np.ones((STEPS, BATCH)), label=LABELS)["loss"]
    net.backward()

    grads = {n: reordered(b.diff, 0, "ifog", "ifgo") for n, b in zip(("input", "bias", "hidden"), net.params["lstm"])}
    grads |= {"fc": net.params["fc"][0].diff, "fc_bias": net.params["fc"][1].diff, "x": net.blobs["x"].diff}
    return net.blobs["scores"].data, float(loss), grads


@pytest.mark.parametrize("style", ["static", "prototxt"])
def test_outputs_loss_and_gradients_are_those_of_the_dynamic_style(style, tmp_path):
    expected, loss, grads = in_torch()

    made, total, found = in_tensorflow() if style == "static" else in_caffe(tmp_path)

    np.testing.assert_allclose(made, expected, rtol=1e-5, atol=1e-6)
    assert total == pytest.approx(loss, rel=1e-6)
    assert found.keys() == grads.keys()
    for name, g in grads.items():
        np.testing.assert_allclose(found[name], g, rtol=1e-4, atol=1e-7, err_msg=name)
