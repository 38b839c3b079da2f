"""A solver file names its nets, and its numbers make sense or are told not to."""

from __future__ import annotations

import pytest

from trivium_api_prototxt.errors import ModelFileError, PrototxtError
from trivium_api_prototxt.messages import TEST, TRAIN, SolverState
from trivium_api_prototxt.saving import write_message
from trivium_api_prototxt.solver_message import (
    parse_solver,
    read_solver,
    read_state,
    read_test_nets,
    read_train_net,
    snapshot_prefix,
)

NET = """
name: "n"
layer { name: "train" include { phase: TRAIN } }
layer { name: "test" include { phase: TEST } }
layer { name: "deploy" include { stage: "deploy" } }
"""
SOLVER = 'net: "net.prototxt" base_lr: 0.01 lr_policy: "fixed" '


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "net.prototxt").write_text(NET)
    return tmp_path


def solver_in(folder, text):
    path = folder / "solver.prototxt"
    path.write_text(text)
    return read_solver(path)


def test_one_net_file_gives_the_train_net_and_the_test_nets(folder):
    solver = solver_in(
        folder,
        SOLVER + "test_iter: 10 test_iter: 20 test_interval: 5 test_state { } test_state { stage: 'deploy' }",
    )

    train, tests = read_train_net(solver), read_test_nets(solver)

    assert [layer.name for layer in train.net.layer] == ["train"]
    assert [[layer.name for layer in test.net.layer] for test, _ in tests] == [
        ["test"],
        ["test", "deploy"],
    ]
    assert [batches for _, batches in tests] == [10, 20]
    assert (train.net.state.phase, tests[0][0].net.state.phase) == (TRAIN, TEST)
    assert str(train.places[0]) == f"{folder}/net.prototxt:3"


def test_test_nets_come_inline_first_then_from_files_then_the_common_one(folder):
    (folder / "second.prototxt").write_text('name: "second" layer { name: "x" }')
    solver = solver_in(
        folder,
        SOLVER + "test_net: 'second.prototxt' test_net_param { name: 'first' } "
        "test_iter: 1 test_iter: 2 test_iter: 3 test_interval: 5",
    )

    tests = read_test_nets(solver)

    assert [test.net.name for test, _ in tests] == ["first", "second", "n"]


def test_an_inline_net_of_2014_is_upgraded_and_keeps_its_lines():
    solver = parse_solver(
        'lr_policy: "fixed"\nnet_param {\n  name: "inline"\n  layers { name: "r" type: RELU }\n}',
        "s.prototxt",
    )

    draft = read_train_net(solver)

    assert [(layer.name, layer.type) for layer in draft.net.layer] == [("r", "ReLU")]
    assert str(draft.places[0]) == "s.prototxt:4"
    assert draft.notices == ["1 `layers` of the form of 2014 read as `layer`"]


def test_the_train_state_of_the_solver_counts(folder):
    solver = solver_in(folder, SOLVER + "train_state { stage: 'deploy' }")

    assert [layer.name for layer in read_train_net(solver).net.layer] == ["train", "deploy"]


def test_a_missing_net_says_where_it_was_looked_for(folder, monkeypatch):
    here = folder / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    solver = solver_in(folder, 'lr_policy: "fixed"\nnet: "nett.prototxt"')

    with pytest.raises(PrototxtError) as error:
        read_train_net(solver)

    assert str(error.value) == (
        f"{folder}/solver.prototxt:2: file 'nett.prototxt' is missing: "
        f"tried {here}/nett.prototxt and {folder}/nett.prototxt.  Did you mean 'net.prototxt'?"
    )


# the solver's text, what the error says
BAD = [
    ('lr_policy: "fixed"', ": no net to train: give net, net_param, train_net or train_net_param"),
    (
        'lr_policy: "fixed" net: "a"\ntrain_net: "b"',
        ":2: net and train_net each name a net to train: keep one",
    ),
    (
        'type: "adam"',
        ":1: unknown solver type 'adam': choose SGD, Nesterov, AdaGrad, RMSProp, AdaDelta or Adam."
        "  Did you mean 'Adam'?",
    ),
    (SOLVER + "\niter_size: 0", ":2: iter_size is 0: it must be at least 1"),
    (SOLVER + "\naverage_loss: 0", ":2: average_loss is 0: it must be at least 1"),
    (SOLVER + "\nmax_iter: -1", ":2: max_iter is -1: it must be at least 0"),
    (SOLVER + "\nsnapshot: -1", ":2: snapshot is -1: it must be at least 0"),
    (SOLVER + "test_interval: 1\ntest_iter: [5,\n0]", ":3: test_iter is 0: it must be at least 1"),
    (SOLVER + "\ntest_iter: 1", ":2: test_iter without test_interval: say how often to test"),
    (SOLVER + '\ntest_net: "a"', ": 1 test nets but 0 test_iter: give one for each"),
    (
        'lr_policy: "fixed" train_net: "a"\ntest_iter: 1',
        ":2: 0 test nets but 1 test_iter: give one for each",
    ),
    (
        SOLVER + "test_interval: 1 test_iter: 1\ntest_state { } test_state { }",
        ":2: 2 test_state but 1 test nets: give none, or one for each",
    ),
    (
        SOLVER + '\nregularization_type: "L3"',
        ":2: unknown regularization_type 'L3': choose L1 or L2",
    ),
    (SOLVER + 'type: "AdaGrad"\nmomentum: 0.5', ":2: AdaGrad has no momentum: remove it"),
    (SOLVER + 'type: "RMSProp"\nrms_decay: 1', ":2: rms_decay is 1: it lies in 0..1, below 1"),
    ('net: "a"\nlr_policy: "steps"', ":2: unknown lr_policy 'steps'"),
]


@pytest.mark.parametrize(("text", "words"), BAD)
def test_a_solver_that_contradicts_itself_is_told(text, words):
    with pytest.raises(PrototxtError) as error:
        parse_solver(text, "s.prototxt")

    assert str(error.value).startswith("s.prototxt" + words)


def test_what_nobody_means_is_a_notice():
    solver = parse_solver('net: "a" lr_policy: "fixed" clip_gradients: 0 solver_type: ADAM')

    assert solver.notices == [
        'solver_type: ADAM read as type: "Adam"',
        "base_lr is 0: nothing will be learned",
        "clip_gradients is 0: nothing will be learned; leave it out for no clipping",
        "Adam without momentum has beta1 = 0; the paper has 0.9",
    ]


def test_snapshots_are_named_after_the_solver_unless_a_prefix_is_given(folder):
    assert snapshot_prefix(solver_in(folder, SOLVER)) == f"{folder}/solver"
    assert snapshot_prefix(solver_in(folder, SOLVER + "snapshot_prefix: 'a/b'")) == "a/b"
    assert snapshot_prefix(solver_in(folder, SOLVER + f"snapshot_prefix: '{folder}'")) == f"{folder}/solver"


def test_a_solver_state_survives(tmp_path):
    state = SolverState(iter=100, learned_net="a.caffemodel", seed=-5, recent_loss=[0.1, 0.2])
    state.random_state.add(layer="drop", words=[2**64 - 1, 7])
    state.data_position.add(layer="data", record=6400)
    path = tmp_path / "a.solverstate"

    write_message(path, state)

    assert read_state(path) == state


def test_a_state_without_an_iteration_is_none(tmp_path):
    path = tmp_path / "a.solverstate"
    write_message(path, SolverState(learned_net="x"))

    with pytest.raises(ModelFileError, match=r"no iteration in it: not a .solverstate"):
        read_state(path)
