"""Operands decide where an op runs: now, in a graph, or where `place=` says."""

import numpy as np
import pytest

from trivium import ops
from trivium.errors import DeviceError, DTypeError
from trivium.graph import Graph, Symbol
from trivium.op import Op
from trivium.registry import find_device
from trivium.tensor import Tensor


def test_tensors_compute_now_symbols_join_their_graph_and_symbols_win():
    graph = Graph()
    x, t = graph.placeholder((2,)), Tensor.of(np.ones(2, np.float32))

    assert isinstance(ops.add(t, t), Tensor)
    assert isinstance(ops.add(t, x), Symbol) and isinstance(ops.add(x, t), Symbol)


def test_an_op_without_operands_is_told_where_to_run(device):
    graph = Graph()

    assert ops.ones(shape=(2,), place=device).device is device
    assert ops.ones(shape=(2,), place=graph).graph is graph


def test_without_a_tensor_among_its_operands_an_op_asks_for_a_place():
    with pytest.raises(TypeError, match=r"add: no tensor or symbol among its operands \(int, int\)"):
        ops.add(8, 9)


def test_variadic_ops_take_any_number_of_operands(device):
    parts = [Tensor.of(np.full(n, n, np.float32), device=device) for n in (1, 2, 3)]

    assert ops.concatenate(*parts).numpy().tolist() == [1, 2, 2, 3, 3, 3]


def test_an_optional_operand_stays_none_in_its_place(device):
    graph = Graph()
    x, w = graph.placeholder((1, 1, 3)), graph.placeholder((1, 1, 2))

    out = ops.convolution(x, w, None)

    assert out.node.inputs[2] is None
    assert ops.convolution(*[Tensor.of(np.ones(s.shape, np.float32), device=device) for s in (x, w)], None).shape == (
        1,
        1,
        2,
    )


def test_operands_on_two_devices_are_an_error_that_names_both(fakes):
    x, y = [Tensor.of(np.ones(2, np.float32), device=fakes.device(i)) for i in (0, 1)]

    with pytest.raises(DeviceError, match=r"add: operands on different devices: .* on fake:0, .* on fake:1; copy"):
        ops.add(x, y)


def test_operands_of_two_backends_are_an_error_too(fakes):
    x, y = (
        Tensor.of(np.ones(2, np.float32), device=fakes.device(0)),
        Tensor.of(np.ones(2, np.float32), device=find_device("cpu")),
    )

    with pytest.raises(DeviceError, match=r"on fake:0.* on cpu"):
        ops.add(x, y)


def test_numbers_take_the_dtype_of_the_tensors_beside_them(device):
    x = Tensor.of(np.array([1, 2]), device=device)

    assert (x * 2).dtype == np.int64
    with pytest.raises(DTypeError, match=r"multiply: 2\.5 does not fit int64"):
        x * 2.5


def test_a_negative_zero_is_not_taken_for_zero(device):
    one = Tensor.of(np.array(1.0), device=device)
    graph = Graph()
    zeros = [graph.capture(0.0, np.dtype("float64")), graph.capture(-0.0, np.dtype("float64"))]

    signs = [np.signbit((one * zero).numpy()) for zero in (0.0, -0.0)]

    assert signs == [False, True]
    assert [bool(np.signbit(z.node.settings["value"])) for z in zeros] == [False, True]


def test_a_rule_of_a_variadic_op_may_ask_for_values_and_specs_at_once():
    weighted = Op(lambda *xs: sum(xs), name="weighted")
    weighted.shape(lambda *xs: xs[0])
    weighted.gradient("xs")(lambda g, xs, xs_spec: tuple([g * x * float(spec.size) for x, spec in zip(xs, xs_spec)]))
    x, y = (Tensor.of(np.array([a, b], np.float32)).require_gradient() for a, b in ((1, 2), (3, 4)))

    weighted(x, y).sum().backward()

    assert x.gradient.numpy().tolist() == [2.0, 4.0]
    assert y.gradient.numpy().tolist() == [6.0, 8.0]


def test_an_operand_that_is_none_is_refused_unless_it_is_optional():
    x = Tensor.of(np.ones((2, 2), np.float32))

    for operands, name in (((None, x), "x"), ((x, None), "y")):
        with pytest.raises(TypeError, match=f"matmul: operand '{name}' is None"):
            ops.matmul(*operands)


@pytest.mark.parametrize("dtype", [None, "object", "S3", "datetime64[s]", "no such"])
def test_a_dtype_that_holds_no_numbers_is_refused(dtype):
    with pytest.raises(DTypeError, match=r"no dtype named|holds no numbers"):
        ops.cast(Tensor.of(np.ones(2, np.float32)), dtype=dtype)


@pytest.mark.parametrize("value", ["text", [object()], [b"bytes"]])
def test_a_tensor_of_something_else_than_numbers_is_refused(value):
    with pytest.raises(DTypeError, match="holds no numbers"):
        Tensor.of(value)
