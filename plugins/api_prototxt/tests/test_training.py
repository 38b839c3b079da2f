"""Solvers: the update of each type, learning rates, what is multiplied, summed, shared and tested."""

import numpy as np
import pytest

import trivium_api_prototxt as caffe
from trivium import registry
from trivium.initializer import InitializerWarning
from trivium_api_prototxt.errors import PrototxtError
from trivium_api_prototxt.reporting import Reporter

pytestmark = pytest.mark.usefixtures("own_folder")

PLAIN = """
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" param { lr_mult: 1 } param { lr_mult: 2 decay_mult: 0 }
  inner_product_param { num_output: 3 weight_filler { type: "xavier" } } }
layer { name: "accuracy" type: "Accuracy" bottom: "ip" bottom: "label" top: "accuracy" include { phase: TEST } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }
"""


class Recorder(Reporter):
    """Keeps what happened."""

    def __init__(self):
        self.rates, self.tests, self.losses = [], [], []

    def step(self, solver, number, rate, results):
        self.rates.append(rate)
        self.losses.append(float(results["loss"]))

    def tested(self, solver, index, results):
        self.tests.append((solver.iter, results))


def gradient(solver):
    """The gradients at the present weights for the batch in the blobs."""
    return [blob.diff.copy() for blob in solver.net.params["ip"]]


def sgd(g, rate, step, v, _):
    v = 0.9 * v + rate * g
    return v, v, _


def nesterov(g, rate, step, v, _):
    before, v = v, 0.9 * v + rate * g
    return 1.9 * v - 0.9 * before, v, _


def adagrad(g, rate, step, h, _):
    h = h + g**2
    return rate * g / (np.sqrt(h) + 1e-3), h, _


def rmsprop(g, rate, step, h, _):
    h = 0.9 * h + 0.1 * g**2
    return rate * g / (np.sqrt(h) + 1e-3), h, _


def adadelta(g, rate, step, h, k):
    h = 0.9 * h + 0.1 * g**2
    u = g * np.sqrt((k + 1e-3) / (h + 1e-3))
    return rate * u, h, 0.9 * k + 0.1 * u**2


def adam(g, rate, step, m, v):
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
    return rate * np.sqrt(1 - 0.999**step) / (1 - 0.9**step) * m / (np.sqrt(v) + 1e-3), m, v


FORMULAS = {
    "SGD": (sgd, {}), "Nesterov": (nesterov, {}), "Adam": (adam, {"delta": 1e-3}),
    "AdaGrad": (adagrad, {"delta": 1e-3, "momentum": None}),
    "RMSProp": (rmsprop, {"delta": 1e-3, "momentum": None, "rms_decay": 0.9}),
    "AdaDelta": (adadelta, {"delta": 1e-3}),
}  # fmt: skip


@pytest.mark.parametrize("type", FORMULAS)
def test_an_update_follows_caffes_formula(make_solver, type):
    formula, words = FORMULAS[type]
    solver = make_solver(layers=PLAIN, type=f'"{type}"', lr_policy='"step"', gamma=0.5, stepsize=2, **words)
    blobs = solver.net.params["ip"]
    weights = [blob.data.astype(np.float64) for blob in blobs]
    first, second = [[np.zeros_like(w) for w in weights] for _ in range(2)]

    for number in range(5):
        solver.step(1)
        for i, (rate_factor, decay_factor) in enumerate([(1, 1), (2, 0)]):
            rate = 0.1 * 0.5 ** (number // 2) * rate_factor
            g = gradient(solver)[i] + 0.01 * decay_factor * weights[i]
            move, first[i], second[i] = formula(g, rate, number + 1, first[i], second[i])
            weights[i] = weights[i] - move

    for blob, expected in zip(blobs, weights):
        np.testing.assert_allclose(blob.data, expected, rtol=2e-5, atol=2e-6)
    history = solver.rule.history(solver.net.learned)
    for slot, expected in zip(history, [*first, *second]):
        np.testing.assert_allclose(slot.numpy(), expected, rtol=1e-4, atol=1e-6)


def test_the_closed_and_the_observed_program_give_equal_bits(make_solver, bits):
    seen, unseen = make_solver(), make_solver()
    unseen.keeps_blobs = False

    for _ in range(7):
        seen.step(1)
    unseen.step(7)

    assert bits(seen.net) == bits(unseen.net)
    assert list(seen.recent_losses) == list(unseen.recent_losses)


def test_blobs_and_gradients_can_be_looked_at_after_step(make_solver):
    solver = make_solver()

    solver.step(3)

    net = solver.net
    assert float(net.blobs["loss"].data) == pytest.approx(solver.loss)
    assert net.blobs["ip1"].data.any() and net.blobs["ip2"].diff.any() and net.params["ip1"][0].diff.any()


def test_every_iteration_has_the_rate_of_its_policy(make_solver):
    recorder = Recorder()
    solver = make_solver(lr_policy='"multistep"', gamma=0.1, settings="stepvalue: 2 stepvalue: 4")
    solver.reporters.append(recorder)

    solver.step(6)

    np.testing.assert_allclose(recorder.rates, [0.1, 0.1, 0.01, 0.01, 0.001, 0.001], rtol=1e-6)
    assert solver.lr == pytest.approx(0.001)


def test_a_batch_in_parts_trains_like_a_whole_one(make_solver, images):
    whole = make_solver(layers=PLAIN)
    parts = make_solver(layers=PLAIN, iter_size=4)
    for part in parts.net.sources:
        part.source.batch = 2
    # the same first eight records either way, two at a time
    parts.net.blobs["data"].reshape(2, 1, 6, 5)
    parts.net.blobs["label"].reshape(2)

    for _ in range(3):
        whole.step(1)
        parts.step(1)

    for one, other in zip(whole.net.params["ip"], parts.net.params["ip"]):
        np.testing.assert_allclose(one.data, other.data, rtol=1e-4, atol=1e-6)
    assert whole.loss == pytest.approx(parts.loss, rel=1e-5)


def test_parts_of_a_batch_use_masks_of_their_own_and_equal_bits_in_both_programs(make_solver, bits):
    seen, unseen = make_solver(iter_size=2), make_solver(iter_size=2)
    unseen.keeps_blobs = False

    seen.step(1), seen.step(1)
    unseen.step(2)

    assert bits(seen.net) == bits(unseen.net)


def test_long_gradients_are_clipped_together(make_solver):
    free = make_solver(layers=PLAIN, weight_decay=0.0, momentum=0.0)
    short = make_solver(layers=PLAIN, weight_decay=0.0, momentum=0.0, clip_gradients=0.01)
    before = [blob.data.copy() for blob in free.net.params["ip"]]

    free.step(1), short.step(1)

    moved = [blob.data - old for blob, old in zip(short.net.params["ip"], before)]
    length = np.sqrt(sum(float(np.sum((move / (0.1 * f)) ** 2)) for move, f in zip(moved, (1, 2))))
    assert length == pytest.approx(0.01, rel=1e-3)
    wanted = [blob.data - old for blob, old in zip(free.net.params["ip"], before)]
    np.testing.assert_allclose(moved[0] / moved[0].max(), wanted[0] / wanted[0].max(), rtol=2e-2, atol=1e-3)


def test_l1_pulls_by_the_sign_of_a_weight(make_solver):
    solver = make_solver(layers=PLAIN, momentum=0.0, settings='regularization_type: "L1"', weight_decay=0.25)
    weight = solver.net.params["ip"][0]
    before = weight.data.copy()

    solver.step(1)

    np.testing.assert_allclose(weight.data, before - 0.1 * (weight.diff + 0.25 * np.sign(before)), atol=1e-6)


def test_a_rate_of_zero_freezes_a_layer_and_what_is_below(make_solver):
    solver = make_solver(layers=PLAIN.replace("lr_mult: 1", "lr_mult: 0"))
    weight, bias = (blob.data.copy() for blob in solver.net.params["ip"])

    solver.step(2)

    assert np.array_equal(solver.net.params["ip"][0].data, weight)
    assert not np.array_equal(solver.net.params["ip"][1].data, bias)


def test_tests_fall_at_intervals_and_average_their_batches(make_solver):
    recorder = Recorder()
    solver = make_solver(settings="test_iter: 2 test_interval: 3 max_iter: 6 snapshot_after_train: false")
    solver.reporters.append(recorder)

    solver.solve()

    assert [at for at, _ in recorder.tests] == [0, 3, 6]
    net = solver.test_nets[0]
    means = [np.mean([float(net.forward()[name]) for _ in range(2)]) for name in ("accuracy", "loss")]
    assert [recorder.tests[-1][1][name] for name in ("accuracy", "loss")] == pytest.approx(means, rel=1e-6)


def test_the_first_test_can_be_left_out(make_solver):
    recorder = Recorder()
    solver = make_solver(settings="test_iter: 1 test_interval: 2 test_initialization: false")
    solver.reporters.append(recorder)

    solver.step(3)

    assert [at for at, _ in recorder.tests] == [2]


def test_test_nets_use_the_very_blobs_that_are_trained(make_solver):
    solver = make_solver(settings="test_iter: 1 test_interval: 100")

    assert solver.test_nets[0].params["ip1"][0] is solver.net.params["ip1"][0]
    solver.net.params["ip2"][1].data[...] = [0, 50, 0]
    assert solver.test_nets[0].forward()["loss"] > 10


def test_the_loss_is_smoothed_over_average_loss(make_solver):
    recorder = Recorder()
    solver = make_solver(average_loss=3)
    solver.reporters.append(recorder)

    solver.step(5)

    assert solver.loss == pytest.approx(np.mean(recorder.losses[-3:]), rel=1e-6)


def test_callbacks_see_each_iteration_and_may_change_its_gradients(make_solver):
    solver = make_solver(layers=PLAIN, momentum=0.0, weight_decay=0.0)
    before = solver.net.params["ip"][0].data.copy()
    calls = []

    def stop_learning():
        calls.append("ready")
        solver.net.params["ip"][0].diff[...] = 0

    solver.add_callback(lambda: calls.append("start"), stop_learning)
    solver.step(2)

    assert calls == ["start", "ready"] * 2
    assert np.array_equal(solver.net.params["ip"][0].data, before)


def test_values_written_to_inputs_are_what_step_trains_on(make_net, tmp_path):
    (tmp_path / "net.prototxt").write_text("""
layer { name: "in" type: "Input" top: "x" top: "y" input_param { shape { dim: 4 dim: 1 } } }
layer { name: "ip" type: "InnerProduct" bottom: "x" top: "out" inner_product_param { num_output: 1 } }
layer { name: "loss" type: "EuclideanLoss" bottom: "out" bottom: "y" top: "loss" }""")
    (tmp_path / "solver.prototxt").write_text('net: "net.prototxt" base_lr: 0.2 lr_policy: "fixed"')
    solver = caffe.SGDSolver("solver.prototxt")

    for keeps in (True, False):
        solver.keeps_blobs = keeps
        for _ in range(300):
            x = np.random.default_rng(solver.iter).normal(size=(4, 1))
            solver.net.blobs["x"].data[...] = x
            solver.net.blobs["y"].data[...] = 3 * x - 1
            solver.step(1)

    assert solver.net.params["ip"][0].data.item() == pytest.approx(3, abs=1e-3)
    assert solver.net.params["ip"][1].data.item() == pytest.approx(-1, abs=1e-3)


def test_a_net_without_a_loss_cannot_be_trained(make_solver):
    layers = PLAIN[: PLAIN.index('layer { name: "loss"')]

    with pytest.raises(PrototxtError, match=r"has no loss, so there is nothing to train"):
        make_solver(layers=layers).step(1)


def test_a_label_outside_the_classes_is_an_error_that_names_it(make_solver):
    solver = make_solver(layers=PLAIN.replace("num_output: 3", "num_output: 2"))

    with pytest.raises(PrototxtError, match=r"net.prototxt: .*label 2 at .* is outside 0..1"):
        solver.step(3)


def test_monitors_hear_of_a_run(make_solver):
    heard = []

    class Monitor:
        def trivium_run_step(self, run):
            heard.append((run.iter, run.loss))

    with registry.temporary():
        registry.register_plugin(Monitor())
        make_solver().step(2)

    assert [at for at, _ in heard] == [1, 2]


def test_weights_that_start_at_zero_are_told_before_training(make_solver):
    layers = PLAIN.replace('weight_filler { type: "xavier" }', "")
    solver, loaded = make_solver(layers=layers), make_solver(layers=layers)
    loaded.net.params["ip"][0].data[...] = 0.1

    with pytest.warns(InitializerWarning, match=r"net.prototxt: ip \(Dense\): weight starts at zero everywhere"):
        solver.step(1)
    loaded.step(1)
