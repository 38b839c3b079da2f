"""Snapshots: a run that is resumed ends with the bits of one that never stopped; nothing saved is ever lost."""

import errno
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from trivium_api_prototxt import saving, snapshot
from trivium_api_prototxt.blobs import array_to_blob
from trivium_api_prototxt.errors import ModelFileError, SnapshotError
from trivium_api_prototxt.files import read_message
from trivium_api_prototxt.messages import NetParameter, SolverState
from trivium_api_prototxt.saving import write_message

pytestmark = pytest.mark.usefixtures("own_folder")

NORMALIZED = """
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
  convolution_param { num_output: 4 kernel_size: 3 weight_filler { type: "msra" } } }
layer { name: "norm" type: "BatchNorm" bottom: "conv" top: "conv" }
layer { name: "scale" type: "Scale" bottom: "conv" top: "conv" scale_param { bias_term: true } }
layer { name: "drop" type: "Dropout" bottom: "conv" top: "conv" }
layer { name: "ip" type: "InnerProduct" bottom: "conv" top: "ip"
  inner_product_param { num_output: 3 weight_filler { type: "xavier" } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }
"""


def state_of(solver, bits):
    history = [None if slot is None else slot.numpy().tobytes() for slot in solver.rule.history(solver.net.learned)]
    return bits(solver.net), history, list(solver.recent_losses), solver.iter


@pytest.mark.parametrize(
    "words",
    [
        {},
        {"type": '"Nesterov"', "lr_policy": '"inv"', "gamma": 0.1, "power": 0.75},
        {"type": '"Adam"', "base_lr": 0.01, "average_loss": 4},
        {"type": '"AdaGrad"', "momentum": None},
        {"type": '"RMSProp"', "momentum": None, "base_lr": 0.01},
        {"type": '"AdaDelta"', "base_lr": 1.0, "delta": 1e-6},
        {"iter_size": 2, "lr_policy": '"multistep"', "gamma": 0.5, "stepvalue": 3},
        {"layers": NORMALIZED},
        {"momentum": None, "layers": NORMALIZED},
    ],
    ids=["SGD", "Nesterov", "Adam", "AdaGrad", "RMSProp", "AdaDelta", "iter_size", "BatchNorm", "plain"],
)
def test_resuming_gives_the_bits_of_a_run_that_never_stopped(make_solver, bits, words):
    steady = make_solver(**words)
    steady.step(10)
    stopped = make_solver(**words)
    stopped.step(5)
    path = stopped.snapshot()

    resumed = make_solver(**words, random_seed=77)  # other first weights and masks
    resumed.restore(path)
    resumed.step(5)

    assert state_of(resumed, bits) == state_of(steady, bits)


def test_tests_of_a_resumed_run_read_on_where_it_stopped(make_solver):
    settings = "test_iter: 1 test_interval: 2"
    steady, stopped = make_solver(settings), make_solver(settings)
    steady.step(6)
    stopped.step(3)
    resumed = make_solver(settings)
    resumed.restore(stopped.snapshot())

    resumed.step(3)

    assert resumed.test_results == steady.test_results


def test_snapshots_are_written_at_intervals_and_at_the_end(make_solver):
    make_solver(settings='snapshot: 2 max_iter: 5 snapshot_prefix: "run"').solve()

    assert sorted(path.name for path in Path().glob("run*")) == [
        f"run_iter_{n}.{kind}" for n in (2, 4, 5) for kind in ("caffemodel", "solverstate")
    ]
    state = read_message("run_iter_4.solverstate", SolverState)
    assert (state.iter, state.learned_net, len(state.history)) == (4, "run_iter_4.caffemodel", 4)


def test_a_caffemodel_names_layers_and_their_blobs(make_solver):
    solver = make_solver()
    solver.net.save("w.caffemodel")

    message = read_message("w.caffemodel", NetParameter)

    shapes = {layer.name: [tuple(blob.shape.dim) for blob in layer.blobs] for layer in message.layer}
    assert shapes["ip1"] == [(8, 30), (8,)] and shapes["relu1"] == [] and message.name == "small"


class TestWriting:
    def test_a_full_disk_loses_nothing_and_training_goes_on(self, make_solver, bits, monkeypatch):
        solver = make_solver()
        solver.step(2)
        first = Path(solver.snapshot())
        old = {path.name: path.read_bytes() for path in Path().glob("solver_iter_2*")}
        steady = make_solver()
        steady.step(4)

        def full(*_):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        solver.step(1)
        with monkeypatch.context() as patch:
            patch.setattr(saving.os, "write", full)
            with pytest.raises(SnapshotError, match=r"solver_iter_3\.caffemodel: cannot be written: the disk is full"):
                solver.snapshot()
        solver.step(1)

        assert first.exists() and {p.name: p.read_bytes() for p in Path().glob("solver_iter_2*")} == old
        assert bits(solver.net) == bits(steady.net)
        assert not [path.name for path in Path().iterdir() if path.name.endswith(".part")]
        assert Path(solver.snapshot()).exists()

    def test_a_disk_that_fills_between_the_two_files_keeps_the_older_pair(self, make_solver, monkeypatch):
        solver = make_solver()
        solver.step(2)
        path = solver.snapshot()
        solver.net.params["ip1"][0].data[...] += 1
        write, calls = snapshot.write_message, []

        def fill_up(path, message):
            calls.append(path)
            if len(calls) == 2:
                raise SnapshotError(f"{path}: cannot be written: the disk is full")
            write(path, message)

        monkeypatch.setattr(snapshot, "write_message", fill_up)
        with pytest.raises(SnapshotError, match=r"solver_iter_2\.solverstate: cannot be written: the disk is full"):
            solver.snapshot()

        make_solver().restore(path)

    def test_a_folder_that_vanished_is_named(self, make_solver):
        Path("runs").mkdir()
        solver = make_solver(snapshot_prefix='"runs/a"')
        solver.step(1)
        shutil.rmtree("runs")

        with pytest.raises(SnapshotError, match=r"runs/a_iter_1\.solverstate: .*folder .*runs does not exist"):
            solver.snapshot()

    def test_a_folder_that_is_missing_is_told_before_the_training(self, make_solver):
        solver = make_solver(snapshot_prefix='"nowhere/a"', max_iter=5)

        with pytest.raises(SnapshotError, match=r"nowhere does not exist"):
            solver.solve()
        assert solver.iter == 0


class TestReading:
    @pytest.fixture
    def path(self, make_solver):
        solver = make_solver()
        solver.step(3)
        return Path(solver.snapshot())

    def refuse(self, make_solver, bits, path, match):
        solver = make_solver()
        solver.step(1)
        before = state_of(solver, bits)
        with pytest.raises(ModelFileError, match=match):
            solver.restore(path)
        assert state_of(solver, bits) == before

    @pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.99])
    def test_a_truncated_state_changes_nothing(self, make_solver, bits, path, part):
        data = path.read_bytes()
        path.write_bytes(data[: int(len(data) * part)])

        self.refuse(make_solver, bits, path, "solver_iter_3.solverstate: ")

    def test_a_file_of_another_kind_is_refused(self, make_solver, bits, path):
        path.write_bytes(np.random.default_rng(0).bytes(1000))
        self.refuse(make_solver, bits, path, "not a binary SolverState")

        self.refuse(make_solver, bits, path.with_suffix(".caffemodel"), "solver_iter_3.caffemodel: ")

    def test_weights_that_were_truncated_or_changed_are_refused(self, make_solver, bits, path):
        model = path.with_suffix(".caffemodel")
        model.write_bytes(model.read_bytes()[:-100])

        self.refuse(make_solver, bits, path, "the two files of a snapshot were parted")

    def test_weights_that_are_missing_are_named(self, make_solver, bits, path):
        path.with_suffix(".caffemodel").unlink()

        self.refuse(make_solver, bits, path, r"its weights, solver_iter_3\.caffemodel, are missing")

    def test_a_pair_may_be_moved_together(self, make_solver, bits, path, tmp_path):
        (tmp_path / "moved").mkdir()
        for each in (path, path.with_suffix(".caffemodel")):
            each.rename(tmp_path / "moved" / each.name)
        solver = make_solver()

        solver.restore(tmp_path / "moved" / path.name)

        assert solver.iter == 3

    def test_a_state_of_another_solver_type_is_refused(self, make_solver, path):
        with pytest.raises(ModelFileError, match=r"history of 4 blobs, Adam of this net needs 8"):
            make_solver(type='"Adam"').restore(path)

    def test_a_history_of_other_shapes_is_refused(self, make_solver, bits, path):
        state = read_message(path, SolverState)
        state.history[0].CopyFrom(array_to_blob(np.zeros((2, 2), np.float32)))
        write_message(path, state)

        self.refuse(make_solver, bits, path, r"history 0: blob 0 is \(2, 2\)")

    def test_a_state_that_caffe_wrote_is_accepted(self, make_solver, path):
        state = read_message(path, SolverState)
        for field in ("seed", "random_state", "data_position", "recent_loss", "learned_net_sha256", "version"):
            state.ClearField(field)
        write_message(path, state)
        solver = make_solver()

        solver.restore(path)

        assert solver.iter == 3

    def test_weights_of_another_shape_say_what_to_do(self, make_solver, path):
        solver = make_solver(layers=NORMALIZED.replace('"ip"', '"ip1"'))

        with pytest.raises(
            ModelFileError,
            match=r"layer 'ip1': blob 0 is \(8, 30\), that of layer 'ip1' .* is \(3, 48\): give the layer another name",
        ):
            solver.net.copy_from(path.with_suffix(".caffemodel"))
