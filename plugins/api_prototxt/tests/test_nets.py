"""Nets: wiring, phases, in-place tops, sharing, losses, forward and backward by hand."""

import numpy as np
import pytest

import trivium_api_prototxt as caffe
from trivium import ops
from trivium.errors import FeedError, ShapeError, TriviumError, UnknownNameError
from trivium.graph import Graph
from trivium.program import Program
from trivium.registry import temporary
from trivium.tensor import Parameter, Tensor
from trivium_api_prototxt.errors import PrototxtError
from trivium_api_prototxt.vocabulary.function import Function

INPUT = 'layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 4 dim: 3 } } }\n'
IP = """layer { name: "%s" type: "InnerProduct" bottom: "%s" top: "%s" %s
  inner_product_param { num_output: %d weight_filler { type: "xavier" } bias_filler { type: "uniform" } } }
"""
pytestmark = pytest.mark.usefixtures("own_folder")

LENET = "examples/fashion_mnist/lenet_train_test.prototxt"


def ip(name, bottom, top=None, size=3, param=""):
    return IP % (name, bottom, top or name, param, size)


def one(type, settings=""):
    return f'layer {{ name: "n" type: "{type}" bottom: "x" top: "n" {settings} }}'


def fill(net, seed=0):
    net.blobs["x"].data[...] = np.random.default_rng(seed).normal(size=net.blobs["x"].shape)


def test_lenet_has_431080_parameters(pytestconfig):
    net = caffe.Net(pytestconfig.rootpath / LENET, caffe.TRAIN)

    assert sum(blob.count for blobs in net.params.values() for blob in blobs) == 431_080
    assert [blob.shape for blob in net.params["conv2"]] == [(50, 20, 5, 5), (50,)]
    assert {name: blob.shape for name, blob in net.blobs.items() if "pool" in name} == {
        "pool1": (64, 20, 12, 12),
        "pool2": (64, 50, 4, 4),
    }


def test_phases_decide_what_a_net_has(pytestconfig):
    train = caffe.Net(pytestconfig.rootpath / LENET, caffe.TRAIN)
    test = caffe.Net(pytestconfig.rootpath / LENET, caffe.TEST)

    assert train.outputs == ["loss"] and test.outputs == ["accuracy", "loss"]
    assert test.blobs["data"].shape[0] == 100


def test_an_unknown_phase_says_which_there_are(pytestconfig):
    with pytest.raises(PrototxtError, match=r"phase 'train': it is caffe\.TRAIN or caffe\.TEST"):
        caffe.Net(pytestconfig.rootpath / LENET, "train")


def test_forward_takes_arrays_by_name_and_gives_outputs(make_net):
    net = make_net(INPUT + ip("ip", "x"), caffe.TEST)
    x = np.arange(12.0).reshape(4, 3)

    out = net.forward(x=x)

    weight, bias = (blob.data for blob in net.params["ip"])
    np.testing.assert_allclose(out["ip"], x @ weight.T + bias, rtol=1e-5)


def test_what_is_written_to_a_blob_is_what_the_net_computes_with(make_net):
    net = make_net(INPUT + ip("ip", "x"), caffe.TEST)
    x, weight, bias = net.blobs["x"].data, *(blob.data for blob in net.params["ip"])

    for value in (1.0, 2.0):
        x[...], weight[...], bias[...] = value, 0.5, 0.25
        net.forward()
        assert (net.blobs["ip"].data == 1.5 * value + 0.25).all()


def test_feeding_another_shape_reshapes_the_net(make_net):
    net = make_net(INPUT + ip("ip", "x") + 'layer { name: "r" type: "Reshape" bottom: "ip" top: "r" '
                   'reshape_param { shape { dim: 0 dim: 1 dim: -1 } } }', caffe.TEST)  # fmt: skip

    assert net.forward(x=np.ones((7, 3)))["r"].shape == (7, 1, 3)
    net.blobs["x"].reshape(2, 3)
    net.reshape()
    assert net.blobs["r"].shape == (2, 1, 3)


def test_a_shape_that_does_not_fit_the_weights_names_the_layer(make_net):
    net = make_net(INPUT + ip("ip", "x"), caffe.TEST)

    with pytest.raises(ShapeError, match=r"net.prototxt:2: layer 'ip' \(InnerProduct\): "):
        net.forward(x=np.ones((4, 5)))


def test_a_feed_that_is_no_input_is_refused(make_net):
    net = make_net(INPUT + ip("ip", "x"), caffe.TEST)

    with pytest.raises(FeedError, match=r"'data' is no input of net.prototxt; its inputs are x"):
        net.forward(data=np.ones((4, 3)))


def test_an_in_place_layer_rebinds_its_blob(make_net):
    relu = 'layer { name: "relu" type: "ReLU" bottom: "ip" top: "ip" }\n'
    loss = 'layer { name: "loss" type: "EuclideanLoss" bottom: "ip" bottom: "x" top: "loss" }'
    net = make_net(INPUT + ip("ip", "x") + relu + loss)
    fill(net)

    net.forward()
    net.backward()

    x = net.blobs["x"].data
    weight, bias = (blob.data for blob in net.params["ip"])
    before = x @ weight.T + bias
    np.testing.assert_allclose(net.blobs["ip"].data, np.maximum(before, 0), rtol=1e-5)
    expected = (np.maximum(before, 0) - x) / 4 * (before > 0)  # as it was before the ReLU
    np.testing.assert_allclose(net.blobs["ip"].diff, expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(net.params["ip"][0].diff, expected.T @ x, rtol=1e-4, atol=1e-6)


def test_shared_parameters_are_one_and_their_gradients_add_up(make_net):
    named = 'param { name: "w" lr_mult: 1 } param { name: "b" lr_mult: 2 }'
    twins = INPUT.replace('top: "x"', 'top: "x" top: "y"') + ip("one", "x", param=named) + ip("two", "y", param=named)
    loss = 'layer { name: "loss" type: "EuclideanLoss" bottom: "one" bottom: "two" top: "loss" }'
    net = make_net(twins + loss)
    fill(net)
    net.blobs["y"].data[...] = 1

    net.forward()
    net.backward()

    assert net.params["one"][0] is net.params["two"][0] and len(net.learning) == 2
    x, y, w = net.blobs["x"].data, net.blobs["y"].data, net.params["one"][0].data
    g = (x - y) @ w.T / 4
    np.testing.assert_allclose(net.params["one"][0].diff, g.T @ (x - y), rtol=1e-4, atol=1e-6)


def test_sharing_with_another_shape_is_refused(make_net):
    text = INPUT + ip("one", "x", param='param { name: "w" }') + ip("two", "x", size=5, param='param { name: "w" }')

    with pytest.raises(
        PrototxtError, match=r"net.prototxt:4: layer 'two' .* shares 'w' with layer 'one' .* \(5, 3\), theirs \(3, 3\)"
    ):
        make_net(text)


def test_sharers_that_learn_at_different_rates_are_refused(make_net):
    text = INPUT + ip("one", "x", param='param { name: "w" lr_mult: 1 }')
    text += ip("two", "x", param='param { name: "w" lr_mult: 3 }')

    with pytest.raises(PrototxtError, match=r"shares 'w', whose lr_mult is 1, not 3"):
        make_net(text)


def test_a_loss_weight_scales_its_gradient_and_nothing_else(make_net):
    base = INPUT + ip("ip", "x")
    losses = """
layer { name: "a" type: "EuclideanLoss" bottom: "ip" bottom: "x" top: "a" %s }
layer { name: "b" type: "EuclideanLoss" bottom: "ip" bottom: "x" top: "b" %s }"""
    caffe.set_random_seed(0)
    one = make_net(base + losses % ("", "loss_weight: 0"))
    caffe.set_random_seed(0)
    two = make_net(base + losses % ("loss_weight: 0.5", "loss_weight: 1.5"))
    for net in (one, two):
        fill(net)
        net.forward()
        net.backward()

    assert float(one.blobs["a"].data) == float(two.blobs["a"].data)
    np.testing.assert_allclose(two.params["ip"][0].diff, 2 * one.params["ip"][0].diff, rtol=1e-5)
    assert float(two.blobs["a"].diff) == 0.5


def test_parameter_gradients_add_up_until_they_are_cleared(make_net):
    net = make_net(
        INPUT + ip("ip", "x") + 'layer { name: "l" type: "EuclideanLoss" bottom: "ip" bottom: "x" top: "l" }'
    )
    fill(net)
    net.forward()
    net.backward()
    once = net.params["ip"][0].diff.copy()

    net.backward()

    np.testing.assert_allclose(net.params["ip"][0].diff, 2 * once, rtol=1e-6)
    net.clear_param_diffs()
    assert not net.params["ip"][0].diff.any()


def test_backward_uses_the_mask_of_its_forward(make_net):
    drop = 'layer { name: "drop" type: "Dropout" bottom: "ip" top: "drop" }\n'
    loss = 'layer { name: "l" type: "EuclideanLoss" bottom: "drop" bottom: "x" top: "l" }'
    net = make_net(INPUT + ip("ip", "x") + drop + loss)
    fill(net)

    for _ in range(3):
        net.forward()
        net.backward()
        is_kept = net.blobs["drop"].data != 0
        assert ((net.blobs["ip"].diff != 0) == is_kept).all() and 0 < is_kept.sum() < is_kept.size


def test_layers_can_be_run_from_one_to_another(make_net):
    net = make_net(INPUT + ip("a", "x") + ip("b", "a") + ip("c", "b"), caffe.TEST)
    fill(net)
    whole = net.forward()["c"].copy()

    middle = net.forward(end="b")
    net.blobs["b"].data[...] *= 2
    changed = net.forward(start="c")["c"]

    assert list(middle) == ["b"]
    bias = net.params["c"][1].data
    np.testing.assert_allclose(changed - bias, 2 * (whole - bias), rtol=1e-4, atol=1e-5)
    with pytest.raises(PrototxtError, match=r"layer 'c' comes after 'a': swap start and end"):
        net.forward(start="c", end="a")


def test_a_gradient_can_start_anywhere_where_it_is_forced(make_net):
    net = make_net("force_backward: true\n" + INPUT + ip("a", "x") + ip("b", "a"), caffe.TEST)
    fill(net)
    net.forward()

    diffs = net.backward(b=np.ones((4, 3)))

    a, b = net.params["a"][0].data, net.params["b"][0].data
    np.testing.assert_allclose(diffs["x"], np.ones((4, 3)) @ b @ a, rtol=1e-5)
    net.blobs["a"].diff[...] = 1
    np.testing.assert_allclose(net.backward(start="a")["x"], np.ones((4, 3)) @ a, rtol=1e-5)


def test_backward_without_a_loss_says_what_to_do(make_net):
    net = make_net(INPUT + ip("a", "x"), caffe.TEST)
    net.forward()

    with pytest.raises(PrototxtError, match=r"nothing there leads to a loss: .*force_backward: true"):
        net.backward()


def test_propagate_down_stops_a_gradient(make_net):
    loss = 'layer { name: "l" type: "EuclideanLoss" bottom: "b" bottom: "x" top: "l" }'
    second = ip("b", "a").replace('type: "Inner', 'propagate_down: false type: "Inner')
    net = make_net(INPUT + ip("a", "x") + second + loss)
    fill(net)
    net.forward()
    net.backward()

    assert net.params["b"][0].diff.any() and not net.params["a"][0].diff.any()


class TestErrors:
    @pytest.mark.parametrize(
        "text, words",
        [
            (ip("ip", "y"), r"net.prototxt:2: layer 'ip' \(InnerProduct\): reads 'y', which no earlier layer makes"),
            (ip("a", "b") + ip("b", "x"), r"net.prototxt:2: .*reads 'b' before it is made: layer 'b' makes it later"),
            (ip("conv1", "x") + ip("b", "conv_1"), r"reads 'conv_1'.*Did you mean 'conv1'"),
            (ip("a", "x") + ip("b", "x", "a"), r"net.prototxt:4: .*makes 'a', which layer 'a' .* at net.prototxt:2"),
            (ip("a", "x", "x"), r"cannot work in place: give its top another name than 'x'"),
            (
                one("Relu").replace("type", "\n type"),
                r"net.prototxt:3: layer 'n': unknown type 'Relu'.*Did you mean 'ReLU'",
            ),
            (one("Deconvolution"), r"is Caffe's, but not here yet"),
            (one("ReLU").replace('type: "ReLU"', ""), r"has no type"),
            (one("EuclideanLoss"), r"has 1 bottom: it takes 2"),
            (ip("a", "x", param="param {} param {} param {}"), r"has 2 blobs, but 3 param"),
            (ip("a", "x").replace("xavier", "xavir"), r"net.prototxt:3: unknown filler 'xavir'.*Did you mean 'xavier'"),
            (ip("a", "x", size=0), r"num_output is missing"),
            (one("Slice", 'top: "m"'), r"3 along axis 1 do not split into 2"),
            (
                one("Convolution", "convolution_param { num_output: 1 kernel_size: 3 }"),
                r"needs \(batch, channels, \.\.\.\)",
            ),
            (one("ReLU", "loss_weight: 1 loss_weight: 2"), r"2 loss_weight for 1 tops"),
            (one("Softmax", "softmax_param { axis: 5 }"), r"axis 5: its bottom has 2 axes"),
            (one("Reshape", "reshape_param { shape { dim: 5 dim: 7 } }"), r"layer 'n' \(Reshape\)"),
        ],
    )
    def test_a_mistake_in_the_file_is_named_with_its_line(self, make_net, text, words):
        with pytest.raises(TriviumError, match=words) as raised:
            make_net(INPUT + text)
        assert str(raised.value).startswith("net.prototxt:")

    @pytest.mark.parametrize("text", [ip("a", "x", size=4_000_000_000), INPUT.replace("dim: 4", "dim: 400000000000")])
    def test_a_net_that_cannot_fit_is_refused_before_anything_is_made(self, make_net, text):
        with pytest.raises(PrototxtError, match=r"too large: .* GB in all, this machine has .* GB: make it smaller"):
            make_net(INPUT + text.replace('"in"', '"in2"').replace('top: "x"', 'top: "z"'))

    def test_a_blob_that_another_phase_makes_is_explained(self, make_net):
        text = INPUT.replace("input_param", "include { phase: TRAIN } input_param") + ip("a", "x")

        with pytest.raises(PrototxtError, match=r"reads 'x'.*Left out of this net: 'in' .include wants phase TRAIN"):
            make_net(text, caffe.TEST)

    def test_unknown_blobs_and_layers_get_the_nearest_name(self, make_net):
        net = make_net(INPUT + ip("ip1", "x"), caffe.TEST)

        with pytest.raises(UnknownNameError, match=r"no blob named 'ip_1'; there are x and ip1.  Did you mean 'ip1'"):
            net.blobs["ip_1"]
        with pytest.raises(UnknownNameError, match=r"no layer with parameters named 'relu'; there are ip1"):
            net.params["relu"]
        with pytest.raises(UnknownNameError, match=r"no layer named 'nope'"):
            net.forward(end="nope")


class TestAsAFunction:
    TEXT = (
        INPUT.replace("dim: 4 dim: 3", "dim: 1 dim: 1 dim: 6 dim: 6")
        + """layer { name: "conv" type: "Convolution" bottom: "x" top: "conv"
  convolution_param { num_output: 2 kernel_size: 3 weight_filler { type: "xavier" } } }
layer { name: "pool" type: "Pooling" bottom: "conv" top: "pool" pooling_param { global_pooling: true pool: AVE } }
layer { name: "flat" type: "Reshape" bottom: "pool" top: "flat" reshape_param { shape { dim: 0 dim: -1 } } }
"""
    )

    def test_gradients_of_tensors_go_through_to_the_input_and_the_parameters(self, make_net):
        net = make_net(self.TEXT)
        x = Parameter(np.random.default_rng(0).normal(size=(5, 1, 6, 6)).astype("f4"))

        ops.sum(net(x)).backward()

        assert x.gradient.shape == (5, 1, 6, 6) and x.gradient.numpy().any()
        assert all(parameter.gradient is not None for parameter in net.parameters())

    def test_symbols_of_unknown_size_give_what_tensors_give(self, make_net):
        net = make_net(self.TEXT)
        graph = Graph()
        x = graph.placeholder(("batch", 1, 6, 6))
        array = np.random.default_rng(0).normal(size=(3, 1, 6, 6)).astype("f4")

        (in_graph,) = Program([net(x)]).run({x: array})

        assert np.array_equal(in_graph.numpy(), net(Tensor.of(array)).numpy())
        assert np.array_equal(in_graph.numpy(), net.forward(x=array)["flat"])

    def test_a_missing_input_is_named(self, make_net):
        with pytest.raises(FeedError, match=r"needs x; got nothing"):
            make_net(self.TEXT)()


def test_a_solver_trains_what_a_function_of_another_style_uses(make_net, tmp_path):
    weight = Parameter(np.zeros((3, 1), np.float32), name="weight")
    inputs = INPUT + INPUT.replace('"in"', '"in2"').replace('"x"', '"y"').replace("dim: 3", "dim: 1")
    module = 'layer { name: "m" type: "Mine" bottom: "x" top: "z" }\n'
    loss = 'layer { name: "l" type: "EuclideanLoss" bottom: "z" bottom: "y" top: "l" }'
    (tmp_path / "net.prototxt").write_text(inputs + module + loss)
    settings = 'net: "net.prototxt" base_lr: 0.2 lr_policy: "fixed" test_iter: 1 test_interval: 100'
    (tmp_path / "solver.prototxt").write_text(settings)

    with temporary():
        mine = Function(lambda x: ops.matmul(x, weight), uses={"weight": weight})
        caffe.register_layer_type("Mine", lambda declared: mine)
        solver = caffe.get_solver("solver.prototxt")
        for i in range(200):
            fill(solver.net, i)
            solver.net.blobs["y"].data[:, 0] = solver.net.blobs["x"].data @ [1, -2, 3]
            solver.step(1)

    np.testing.assert_allclose(weight.numpy()[:, 0], [1, -2, 3], atol=1e-3)


def test_a_layer_type_of_ones_own_is_one_function(make_net):

    with temporary():
        caffe.register_layer_type("Twice", lambda declared: Function(lambda x: x + x))
        net = make_net(INPUT + 'layer { name: "t" type: "Twice" bottom: "x" top: "t" }', caffe.TEST)
        fill(net)

        assert np.array_equal(net.forward()["t"], 2 * net.blobs["x"].data)
