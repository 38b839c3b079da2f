"""Wrong calls of the core and of each style: an error of ours, or the style's own, in words; the process lives on."""

from __future__ import annotations

import json
import os
import pickle
import struct

import numpy as np
import pytest

import trivium_api_dynamic as torch
import trivium_api_static as tf
from trivium import config, ops, registry
from trivium.errors import TriviumError
from trivium.tensor import Tensor


def tensor(shape=(2, 3), dtype="float32"):
    return Tensor.of(np.ones(shape, dtype))


def safetensors(header, body=b"aaaa"):
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def described(**changes):
    return safetensors({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4], **changes}})


CORE = {
    "inner sizes": (lambda: ops.matmul(tensor(), tensor()), r"matmul: inner sizes differ: float32\[2, 3\]"),
    "dtypes": (lambda: ops.add(tensor(), tensor(dtype="float64")), r"add: operands of different dtypes: .*; cast one"),
    "arity": (lambda: ops.matmul(tensor(), tensor(), tensor()), r"matmul: takes 2 values \(x, y\), got 3"),
    "setting": (lambda: ops.matmul(tensor(), tensor(), foo=1), r"no setting of matmul named 'foo'"),
    "reshape": (lambda: ops.reshape(tensor(), shape=(7,)), r"reshape: float32\[2, 3\] has 6 elements"),
    "axis": (lambda: ops.sum(tensor(), axis=7), r"sum: .*axis 7"),
    "index": (
        lambda: ops.gather(tensor(), Tensor.of(np.array([0, 9])), axis=0),
        r"gather: index 9 is outside an axis of size 2: -2\.\.1",
    ),
    "label": (
        lambda: ops.softmax_cross_entropy(tensor(), Tensor.of(np.array([0, 5]))),
        r"label 5 at \(1,\) is outside 0\.\.2; correct it",
    ),
    "layer": (lambda: registry.find_layer("Convv2d"), r"no layer named 'Convv2d'; known: .*Dense"),
    "optimizer": (lambda: registry.find_optimizer("SGDD"), r"no optimizer named 'SGDD'.*Did you mean 'SGD'\?"),
    "device": (lambda: config.as_device("cpuu"), r"cpuu.*Did you mean 'cpu'\?"),
    "device index": (lambda: config.as_device("cpu:9"), r"device cpu:9: does not exist; cpu has 1"),
}


@pytest.mark.parametrize(("call", "pattern"), CORE.values(), ids=CORE)
def test_the_core_names_what_is_wrong(call, pattern):
    with pytest.raises((TypeError, TriviumError), match=pattern):
        call()


def grown():
    x = torch.ones(2, requires_grad=True)
    y = x.exp()
    y.mul_(2)
    y.sum().backward()


FILES = {
    "pickle": (pickle.dumps({"a": 1}), r"is a damaged or unknown file of PyTorch"),
    "code": (pickle.dumps(os.system), r"is not read: it names posix.system: that is code"),
    "zip": (b"PK\x03\x04" + b"\0" * 99, r"is a damaged or unknown file of PyTorch"),
    "empty": (b"", r"no complete safetensors file \(0 bytes\)"),
    "text": (b"hello world", r"no complete safetensors file"),
    "a claim": (struct.pack("<Q", 2**60) + b"{}", r"no complete safetensors file"),
    "nested": (struct.pack("<Q", 200000) + b"[" * 200000, r"no complete safetensors file"),
    "no record": (safetensors({"a": 3}), r"no complete safetensors file"),
    "dtype": (described(dtype="F33"), r"no complete safetensors file"),
    "past the end": (described(data_offsets=[0, 400]), r"no complete safetensors file"),
    "shape": (described(shape=[7]), r"no complete safetensors file"),
    "huge shape": (described(shape=[2**62, 4]), r"no complete safetensors file"),
    "axes": (described(shape=[1] * 100), r"no complete safetensors file"),
}


@pytest.mark.parametrize(("data", "pattern"), FILES.values(), ids=FILES)
def test_a_file_that_is_no_state_is_refused(tmp_path, data, pattern):
    path = tmp_path / "state"
    path.write_bytes(data)

    with pytest.raises(TriviumError, match=pattern):
        torch.load(path)


def test_a_state_cut_anywhere_is_refused(tmp_path):
    path = tmp_path / "state"
    torch.save(torch.nn.Linear(3, 2).state_dict(), path)
    data = path.read_bytes()

    for k in range(len(data)):
        path.write_bytes(data[:k])
        with pytest.raises(TriviumError):
            torch.load(path)


def test_an_endless_device_is_refused():
    with pytest.raises(TriviumError, match="/dev/zero is a device without an end"):
        torch.load("/dev/zero")


DYNAMIC = {
    "sizes": (lambda: torch.ones(2, 3) + torch.ones(4), TriviumError, "size"),
    "in place": (grown, TriviumError, "modified by an inplace|overwritten|version"),
    "an array for a tensor": (
        lambda: torch.nn.Linear(3, 2)(np.ones((1, 3))),
        TypeError,
        r"Linear\(\): argument 'input' must be Tensor, not ndarray",
    ),
    "nothing for a tensor": (lambda: torch.nn.Conv2d(3, 2, 1)(None), TypeError, "must be Tensor, not NoneType"),
    "too large a number": (
        lambda: torch.tensor([300], dtype=torch.uint8),
        OverflowError,
        "cannot be converted to type uint8",
    ),
    "state": (lambda: torch.nn.Linear(3, 2).load_state_dict({"weight": 3, "bias": None}), TriviumError, "not a tensor"),
    "optimizer state": (
        lambda: torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=0.1).load_state_dict({}),
        TriviumError,
        "has no 'state'",
    ),
    "rate": (
        lambda: torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=float("nan")),
        ValueError,
        "Invalid learning rate: nan",
    ),
    "rate in words": (
        lambda: torch.optim.SGD([torch.ones(1, requires_grad=True)], lr="x"),
        TypeError,
        "Invalid learning rate: 'x'; give a number",
    ),
    "label": (
        lambda: torch.nn.CrossEntropyLoss()(torch.ones(2, 3), torch.tensor([0, 7])),
        TriviumError,
        "label 7 at",
    ),
}


@pytest.mark.parametrize(("call", "error", "pattern"), DYNAMIC.values(), ids=DYNAMIC)
def test_the_dynamic_style_names_what_is_wrong(call, error, pattern):
    with pytest.raises(error, match=pattern):
        call()


@pytest.fixture
def session():
    tf.reset_default_graph()
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    tf.matmul(x, tf.get_variable("v", [2, 3]), name="y")
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        yield session


ROW = [[1.0, 1.0]]
STATIC = {
    "no feed": (lambda run: run("y:0"), "feed a value for placeholder"),
    "shape": (lambda run: run("y:0", {"x:0": [[1.0]]}), r"Cannot feed value of shape \(1, 1\) for Tensor 'x:0'"),
    "dtype": (lambda run: run("y:0", {"x:0": [["a", "b"]]}), r"Cannot feed list .* for Tensor 'x:0' of float32"),
    "ragged": (lambda run: run("y:0", {"x:0": [[1, 2], [3]]}), "Cannot feed list for Tensor 'x:0': its rows differ"),
    "unknown feed": (lambda run: run("y:0", {"q:0": ROW}), "The name 'q:0' refers to a Tensor which does not exist"),
    "an operation": (lambda run: run("y:0", {"x": ROW}), "The name 'x' refers to an Operation, not a Tensor"),
    "no dict": (lambda run: run("y:0", [ROW]), "feed_dict maps tensors to values, got list"),
    "unknown fetch": (lambda run: run("yy", {"x:0": ROW}), "'yy' refers to an Operation not in the graph"),
    "fetch of nothing": (lambda run: run(None), "Fetch argument None has invalid type"),
    "output": (lambda run: run("y:9", {"x:0": ROW}), "exists but only has 1 outputs"),
    "shape in words": (
        lambda run: tf.placeholder(tf.float32, "ab"),
        "Dimension must be a whole number or None, not 'a'",
    ),
    "rate": (
        lambda run: tf.train.GradientDescentOptimizer("x").minimize(tf.reduce_sum(tf.get_variable("w", [1]))),
        "'x' is no number",
    ),
    "loop": (
        lambda run: tf.while_loop(lambda i: i < 5, lambda i: [i, i], [tf.constant(0)]),
        "body returned 2 values for 1 loop variables",
    ),
}


@pytest.mark.parametrize(("call", "pattern"), STATIC.values(), ids=STATIC)
def test_the_static_style_names_what_is_wrong_and_the_session_lives_on(session, call, pattern):
    with pytest.raises((TypeError, ValueError, TriviumError), match=pattern):
        call(session.run)

    assert session.run("y:0", {"x:0": ROW}).shape == (1, 3)


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("device = ", "trivium.toml: is not valid TOML: .*; correct it or remove it"),
        ("devise = 'cpu'", "trivium.toml: .*devise.*Did you mean 'device'"),
        ("device = 3", "device"),
        ("device = '@@'", "trivium.toml: device = '@@' is not valid; device is a device such as cpu"),
        ("[plugins]\nblok = []", "trivium.toml: .*plugins.blok"),
        ("\x00", "trivium.toml: is not valid TOML"),
    ],
)
def test_broken_settings_are_told(tmp_path, monkeypatch, text, pattern):
    (tmp_path / "trivium.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TRIVIUM_DEVICE", raising=False)
    config.reload()
    try:
        with pytest.raises(TriviumError, match=pattern):
            config.current_device()
    finally:
        monkeypatch.undo()
        config.reload()


@pytest.mark.parametrize("value", ["cpuu", "cpu:9", "::,;", "cpu:-1", "a" * 5000])
def test_a_device_of_the_environment_that_makes_no_sense_is_told(monkeypatch, value):
    monkeypatch.setenv("TRIVIUM_DEVICE", value)
    config.reload()
    try:
        with pytest.raises(TriviumError):
            config.current_device()
    finally:
        monkeypatch.undo()
        config.reload()
