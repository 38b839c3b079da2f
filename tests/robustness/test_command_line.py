"""Broken files and wrong calls at the command line: one message, an exit status, and nothing saved is lost."""

from __future__ import annotations

import errno
import gzip
import math
import os
import re
import signal
import struct
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from trivium.cli import run
from trivium_api_prototxt.messages import NetParameter, SolverState

TRAIN = ["train", "solver.prototxt"]
RESUME = [*TRAIN, "--snapshot", "tiny_iter_5.solverstate"]
TEST = ["test", "--model", "net.prototxt", "--weights", "tiny_iter_10.caffemodel", "--iterations", "2"]
MODEL, MODEL_5, STATE = "tiny_iter_10.caffemodel", "tiny_iter_5.caffemodel", "tiny_iter_5.solverstate"


def swap(name, old, new):
    """Damage: one text of a file becomes another."""

    def damage():
        text = Path(name).read_text()
        assert old in text
        Path(name).write_text(text.replace(old, new))

    return damage


def whole(name, data):
    """Damage: the file holds these bytes."""
    return lambda: Path(name).write_bytes(data)


def message(kind, name, change):
    """Damage: a message is changed and written again."""

    def damage():
        made = kind.FromString(Path(name).read_bytes())
        change(made)
        Path(name).write_bytes(made.SerializeToString())

    return damage


def layer(text):
    """Damage: one more layer, called x."""
    return swap("net.prototxt", 'layer { name: "acc"', f'layer {{ name: "x" {text} }}\nlayer {{ name: "acc"')


def cells(prefix, arguments, damage, rows):
    return [(f"{prefix}: {row[0]}", arguments, damage(*row[1:-1]), row[-1]) for row in rows]


S, N = "solver.prototxt", "net.prototxt"
READS_CONV = 'bottom: "conv" top: "x" '
IDX = b"\0\0\x08\x01\0\0\0\x28"


def solver(old, new):
    return swap(S, old, new)


def net(old, new):
    return swap(N, old, new)


def state(change):
    return message(SolverState, STATE, change)


def model(change):
    return message(NetParameter, MODEL, change)


def weight(made):
    return made.layer[1].blobs[0]


CASES = [
    *cells(
        "solver",
        TRAIN,
        solver,
        [
            (
                "unknown field",
                "base_lr",
                "base_lrr",
                r"solver.prototxt:4:1: 'base_lrr' is no field .*Did you mean 'base_lr'\?",
            ),
            ("a string for a number", "0.01", '"x"', r"solver.prototxt:4:10: 'base_lr' wants a number"),
            ("nan", "base_lr: 0.01", "base_lr: nan", r"solver.prototxt:4: base_lr is nan: give a finite number"),
            ("infinity", "momentum: 0.9", "momentum: inf", r"solver.prototxt:6: momentum is inf: give a finite"),
            ("overflow", "momentum: 0.9", "weight_decay: 1e999", r"weight_decay is inf: give a finite"),
            ("policy", '"fixed"', '"fixd"', r"solver.prototxt:5: unknown lr_policy 'fixd': choose .*'fixed'\?"),
            ("negative max_iter", "max_iter: 10", "max_iter: -3", r"solver.prototxt:7: max_iter is -3: it must be"),
            ("huge max_iter", "max_iter: 10", "max_iter: 99999999999", r"'max_iter' wants a whole number from"),
            ("type", "max_iter", 'type: "SDG" max_iter', r"unknown solver type 'SDG': choose .*Did you mean 'SGD'\?"),
            ("mode", "solver_mode: CPU", "solver_mode: TPU", r"'solver_mode' wants CPU or GPU"),
            ("iter_size", "max_iter", "iter_size: 0 max_iter", r"iter_size is 0: it must be at least 1"),
            ("step without size", '"fixed"', '"step"', r"lr_policy 'step' needs a stepsize above 0"),
            (
                "missing net",
                '"net.prototxt"',
                '"ne.prototxt"',
                r"solver.prototxt:1: file 'ne.prototxt' is missing: .*Did",
            ),
            ("folder as net", '"net.prototxt"', '"."', r"\.: cannot be read: it is a folder"),
            ("endless net", '"net.prototxt"', '"/dev/zero"', r"/dev/zero: more than 67,108,864 bytes"),
            ("a solver as net", '"net.prototxt"', '"solver.prototxt"', r"'net' is no field of NetParameter"),
            ("prefix in no folder", '"tiny"', '"gone/tiny"', r"the folder .*gone does not exist: make it"),
            ("prefix with a zero byte", '"tiny"', '"a\\000b"', r"cannot be written: embedded null byte"),
            ("prefix too long", '"tiny"', '"' + "a" * 300 + '"', r"File name too long; write somewhere else"),
            ("no such weights", "max_iter", 'weights: "no" max_iter', r"solver.prototxt:7: file 'no' is missing"),
        ],
    ),
    *cells(
        "solver file",
        TRAIN,
        whole,
        [
            ("empty", S, b"", r"solver.prototxt: no fields: a SolverParameter was expected"),
            ("zeros", S, b"\0" * 99, r"solver.prototxt: not text"),
            ("UTF-16", S, "net".encode("utf-16"), r"UTF-16 text: save it as UTF-8"),
            ("Latin-1", S, b'net: "\xe9"', r"solver.prototxt:1:7: byte 0xe9 is not UTF-8"),
            ("nested", S, b"net_param { " * 20000, r"solver.prototxt:1:13: 'net_param' is no field"),
            ("open string", S, b'net: "', r"solver.prototxt:1:6: the string that begins here"),
            ("picture", S, b"\x89PNG\r\n\x1a\n\0", r"not text: it is a picture"),
            ("long word", S, b"a" * 200000, r"'a{57}\.\.\.' is no field"),
        ],
    ),
    *cells(
        "net",
        TRAIN,
        net,
        [
            (
                "type",
                '"ReLU"',
                '"ReLUU"',
                r"net.prototxt:6: layer 'relu': unknown type 'ReLUU': .*Did you mean 'ReLU'\?",
            ),
            ("no type", 'type: "ReLU"', "", r"net.prototxt:6: layer 'relu': has no type: choose"),
            (
                "bottom",
                'bottom: "ip" bottom',
                'bottom: "pi" bottom',
                r"net.prototxt:10: .*reads 'pi', which no earlier layer",
            ),
            (
                "arity",
                'top: "conv" }\nlayer { name: "ip"',
                'top: "conv" top: "b" }\nlayer { name: "ip"',
                r"net.prototxt:6: .*has 2 tops: it takes 1",
            ),
            ("num_output", "num_output: 2", "num_output: 0", r"net.prototxt:5: .*num_output is missing"),
            (
                "huge",
                "num_output: 2",
                "num_output: 4000000000",
                r"error: net.prototxt:4: layer 'conv' \(Convolution\): too large",
            ),
            ("kernel", "kernel_size: 3", "kernel_size: 30", r"net.prototxt:4: .*kernel 30 does not fit size 6"),
            ("huge pad", "kernel_size: 3", "kernel_size: 3 pad: 4000000000", r"too large: .* GB in all"),
            ("stride", "kernel_size: 3", "kernel_size: 3 stride: 0", r"stride is 0: it must be at least 1"),
            ("group", "kernel_size: 3", "kernel_size: 3 group: 0", r"group 0 divides .* unevenly"),
            ("filler", '"xavier"', '"xavierr"', r"net.prototxt:5: unknown filler 'xavierr'.*Did you mean 'xavier'\?"),
            (
                "negative std",
                'type: "xavier"',
                'type: "gaussian" std: -1',
                r"net.prototxt:5: filler 'gaussian': std is -1",
            ),
            ("swapped ends", 'type: "xavier"', 'type: "uniform" min: 2 max: 1', r"min 2 is above max 1: swap them"),
            (
                "nan in a filler",
                'type: "xavier"',
                'type: "constant" value: nan',
                r"net.prototxt:5: .*value is nan: give",
            ),
            ("nan scale", "scale: 0.01", "scale: nan", r"net.prototxt:3: layer 'd' \(IdxData\): scale is nan"),
            ("batch", "batch_size: 8", "batch_size: 0", r"batch_size is 0: it must be at least 1"),
            ("huge batch", "batch_size: 8", "batch_size: 4000000000", r"layer 'd' \(IdxData\): too large"),
            (
                "missing images",
                '"images"',
                '"imags"',
                r"net.prototxt:3: layer 'd' \(IdxData\): imags: no such data file",
            ),
            (
                "folder as images",
                '"images"',
                '"."',
                r"net.prototxt:3: .*cannot be read: it is a folder: name an idx file",
            ),
            ("device as images", '"images"', '"/dev/zero"', r"/dev/zero: cannot be read: it is a device"),
            ("text as images", '"images"', '"solver.prototxt"', r"net.prototxt:3: .*solver.prototxt: not an idx file"),
            ("images as labels", '"labels"', '"images"', r"net.prototxt:3: .*images: labels have one axis"),
            ("crop", "scale: 0.01", "crop_size: 9", r"net.prototxt:3: .*crop_size 9 is larger than its images"),
            ("phase", "phase: TEST", "phase: TESTT", r"'phase' wants TRAIN or TEST.*Did you mean 'TEST'\?"),
            ("top_k", 'top: "acc"', 'top: "acc" accuracy_param { top_k: 0 }', r"top_k is 0: there are 3 classes"),
        ],
    ),
    *cells(
        "layer",
        TRAIN,
        layer,
        [
            (
                "pool",
                f'{READS_CONV} type: "Pooling" pooling_param {{ kernel_size: 99 }}',
                r"net.prototxt:9: layer 'x' .*kernel 99",
            ),
            (
                "dropout",
                f'{READS_CONV} type: "Dropout" dropout_param {{ dropout_ratio: 2 }}',
                r"dropout_ratio is 2: it lies",
            ),
            (
                "reshape",
                f'{READS_CONV} type: "Reshape" reshape_param {{ shape {{ dim: 7 }} }}',
                r"256 elements, shape \(7,\)",
            ),
            (
                "concat",
                'bottom: "conv" bottom: "data" top: "x" type: "Concat"',
                r"sizes other than that of axis 1 differ",
            ),
            (
                "slice",
                'bottom: "conv" top: "x" top: "y" type: "Slice" slice_param { slice_point: 7 }',
                r"slice_point must",
            ),
            ("power", f'{READS_CONV} type: "Power" power_param {{ power: inf }}', r"net.prototxt:9: .*power is inf"),
            (
                "axes",
                'top: "x" type: "DummyData" dummy_data_param { shape { %s } }' % ("dim: 1 " * 40),
                r"40 axes: a blob has at",
            ),
            (
                "size",
                'top: "x" type: "DummyData" dummy_data_param { shape { dim: -1 } }',
                r"every size must be at least 1",
            ),
            (
                "overflow",
                'top: "x" type: "Input" input_param { shape { dim: 4294967296 dim: 4294967296 } }',
                r"too large: 4294967296 x",
            ),
            ("absent", f'{READS_CONV} type: "Python"', r"layer 'x': unknown type 'Python'"),
        ],
    ),
    *cells(
        "data",
        TRAIN,
        whole,
        [
            (
                "label",
                "labels",
                IDX + b"\7" * 40,
                r"net.prototxt: softmax_cross_entropy: label 7 at|index 7 is outside an axis of size 3",
            ),
            (
                "fraction",
                "labels",
                b"\0\0\x0d\x01\0\0\0\x28" + struct.pack(">f", 1.5) * 40,
                r"1.5 cannot be represented as int64",
            ),
            ("no images", "images", b"\0\0\x08\x03" + struct.pack(">3I", 0, 6, 6), r"images, but labels has 40 labels"),
            ("lying header", "images", b"\0\0\x08\x03" + struct.pack(">3I", *[2**32 - 1] * 3), r"the header claims"),
            ("one axis", "images", IDX + b"a" * 40, r"images are \(items, height, width\)"),
            ("not gzip", "images", gzip.compress(b"x"), r"images: not an idx file"),
        ],
    ),
    *cells(
        "weights",
        TEST,
        whole,
        [
            ("empty", MODEL, b"", r"tiny_iter_10.caffemodel: empty: a binary NetParameter was expected"),
            ("text", MODEL, b"hello", r"not a binary NetParameter: it looks like text"),
            ("HDF5", MODEL, b"\x89HDF\r\n\x1a\n", r"it is an HDF5 file"),
            ("zeros", MODEL, b"\0" * 99, r"byte 0 of 99 begins a field that it does not have"),
            (
                "two gigabytes claimed",
                MODEL,
                b"\xa2\x06\xff\xff\xff\xff\x07",
                r"cut short inside 'layer', which begins at byte 0",
            ),
            ("groups", MODEL, b"\x0b" * 100000, r"byte 0 of 100,000 begins no field"),
            ("nested", MODEL, b"\xa2\x06" * 5000, r"not a binary NetParameter"),
        ],
    ),
    *cells(
        "weights",
        TEST,
        model,
        [
            (
                "nan",
                lambda m: weight(m).data.__setitem__(0, math.nan),
                r"layer 'conv', blob 0: 1 of 18 numbers are nan",
            ),
            ("shape", lambda m: weight(m).shape.dim.__setitem__(0, 3), r"needs 27 numbers, data has 18"),
            ("negative", lambda m: weight(m).shape.dim.__setitem__(0, -2), r"needs -18 numbers, data has 18"),
            ("huge", lambda m: weight(m).shape.dim.__setitem__(0, 2**62), r"numbers, data has 18"),
            ("axes", lambda m: weight(m).shape.dim.extend([1] * 100), r"104 axes: a blob has at most 32"),
            ("no blobs", lambda m: m.layer[1].ClearField("blobs"), r"layer 'conv': has 0 blobs, layer 'conv' .* has 2"),
            (
                "swapped",
                lambda m: weight(m).CopyFrom(m.layer[3].blobs[0]),
                r"blob 0 is \(3, 32\), that of layer 'conv'",
            ),
            (
                "other names",
                lambda m: [setattr(x, "name", "z" + x.name) for x in m.layer],
                r"none of its layers is in net.prototxt",
            ),
            ("both ways", lambda m: m.layers.add(name="c", type=4), r"caffemodel: both 'layer' and 'layers' in it"),
        ],
    ),
    *cells(
        "state",
        RESUME,
        state,
        [
            ("iteration", lambda m: setattr(m, "iter", -1), r"iteration -1: it cannot be negative"),
            ("no iteration", lambda m: m.ClearField("iter"), r"no iteration in it: not a .solverstate"),
            ("weights gone", lambda m: setattr(m, "learned_net", "gone"), r"its weights, gone, are missing"),
            ("other weights", lambda m: setattr(m, "learned_net_sha256", b"x"), r"belongs to other weights"),
            ("no history", lambda m: m.ClearField("history"), r"a history of 0 blobs, SGD of this net needs 4"),
            ("history shape", lambda m: m.history[0].shape.dim.append(-5), r"history 0: shape .* data has 18"),
            ("history axes", lambda m: m.history[0].shape.dim.extend([1] * 99), r"history 0: 103 axes"),
            (
                "history nan",
                lambda m: m.history[0].data.__setitem__(0, math.nan),
                r"history 0: 1 of 18 numbers are nan",
            ),
            ("record", lambda m: setattr(m.data_position[0], "record", 2**63 - 1), r"layer 'd' is at record 9,223,"),
            ("reader", lambda m: setattr(m.data_position[0], "layer", "z"), r"data_position is of layers \['z', 'd'\]"),
        ],
    ),
    *cells(
        "resume with another",
        RESUME,
        swap,
        [
            ("net", N, "num_output: 2", "num_output: 4", r"blob 0 is \(2, 1, 3, 3\), that of .* is \(4, 1, 3, 3\)"),
            ("layer", N, 'name: "ip"', 'name: "ip9"', r"its weights, tiny_iter_5.caffemodel, have no layer 'ip9'"),
            ("solver", S, "max_iter", 'type: "Adam" max_iter', r"a history of 4 blobs, Adam of this net needs 8"),
        ],
    ),
    *cells(
        "state",
        RESUME,
        whole,
        [
            ("empty", STATE, b"", r"empty: a binary SolverState was expected"),
            ("text", STATE, b"hello", r"not a binary SolverState: it looks like text"),
            (
                "bytes for a name",
                STATE,
                SolverState(iter=5, learned_net="xx").SerializeToString().replace(b"xx", b"\xff\xfe"),
                r"'learned_net' holds bytes that are no text",
            ),
        ],
    ),
]
CALLS = [
    ("no such solver", ["train", "no.prototxt"], 1, r"error: no.prototxt: cannot be read: no such file"),
    ("a folder", ["train", "."], 2, r"File '\.' is a directory"),
    ("an endless file", ["train", "/dev/zero"], 1, r"more than 67,108,864 bytes"),
    ("device", [*TRAIN, "--device", "cpuu"], 1, r"cpuu.*Did you mean 'cpu'\?"),
    ("device index", [*TRAIN, "--device", "cpu:9"], 1, r"device cpu:9: does not exist; cpu has 1"),
    ("device nonsense", [*TRAIN, "--device", "::,;"], 1, r"'::,;' is not valid; it is a device such as cpu"),
    ("iterations", [*TRAIN, "--iterations", "-1"], 2, r"-1 is not in the range x>=0"),
    ("both", [*RESUME, "--weights", "x"], 2, r"--snapshot and --weights both given"),
    ("output is a file", [*TRAIN, "--output", "images"], 2, r"Directory 'images' is a file"),
    ("output in a file", [*TRAIN, "--output", "images/x"], 1, r"images/x: cannot be made: Not a directory"),
    ("no snapshot", [*TRAIN, "--snapshot", "q.solverstate"], 1, r"q.solverstate: cannot be read: no such file"),
    ("weights as state", [*TRAIN, "--snapshot", MODEL], 1, r"not a binary SolverState"),
    ("state as weights", [*TRAIN, "--weights", STATE], 1, r"not a binary NetParameter"),
    ("no weights", [*TEST[:4], "no.caffemodel"], 1, r"no.caffemodel: cannot be read: no such file"),
    ("empty weights", [*TEST[:4], "a,,b"], 2, r"--weights 'a,,b': an empty name"),
    ("folder as weights", [*TEST[:4], "."], 1, r"\.: cannot be read: it is a folder"),
    ("solver as model", ["test", "--model", S, "--weights", MODEL], 1, r"'net' is no field of NetParameter"),
    ("command", ["trian"], 2, r"no command 'trian'.*Did you mean 'train'\?"),
]


def outcome(arguments, capfd):
    """Exit status, and what was said on stderr; a traceback would fail the test as the exception it is."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        status = run(arguments)
    return status, capfd.readouterr().err


def saved():
    return {path.name: path.read_bytes() for path in Path().glob("tiny_iter_*") if path.is_file()}


@pytest.mark.parametrize(("arguments", "damage", "pattern"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_a_broken_file_is_told_and_nothing_saved_is_lost(folder, capfd, arguments, damage, pattern):
    damage()
    before = saved()

    status, said = outcome(arguments, capfd)

    assert status == 1, said
    assert re.search(pattern, said), said
    assert said.startswith("error: ") and len(said) < 2000
    assert saved() == before


@pytest.mark.parametrize(("arguments", "status", "pattern"), [c[1:] for c in CALLS], ids=[c[0] for c in CALLS])
def test_a_wrong_call_is_told(folder, capfd, arguments, status, pattern):
    found, said = outcome(arguments, capfd)

    assert found == status
    assert re.search(pattern, said, re.DOTALL), said


def cut_or_flipped(data, count=24):
    for k in range(0, len(data), max(1, len(data) // count)):
        yield data[:k]
        yield data[:k] + bytes([data[k] ^ 1 << k % 8]) + data[k + 1 :]


@pytest.mark.parametrize(
    ("name", "arguments"), [(MODEL, TEST), (STATE, RESUME), ("images", TEST), ("labels", TEST), (N, TEST), (S, TRAIN)]
)
def test_a_file_cut_or_flipped_anywhere_is_read_or_told(folder, capfd, monkeypatch, name, arguments):
    monkeypatch.setattr("trivium_api_prototxt.curve.Curve.write", lambda *_: None)  # slow, and not what is tested
    if "--iterations" not in arguments:
        arguments = [*arguments, "--iterations", "5"]

    for data in cut_or_flipped(Path(name).read_bytes()):
        for path in folder.parent.joinpath("run").glob("tiny_loss.png"):
            path.unlink()
        Path(name).write_bytes(data)
        status = run(arguments)
        said = capfd.readouterr().err
        assert status in (0, 1)
        assert status == 0 or re.search(r"^error: .+: .+", said, re.MULTILINE), (data, said)


@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_disk_that_fails_at_a_snapshot_loses_nothing(folder, capfd, monkeypatch, call, number):
    before = saved()

    def fail(*_):
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(os, call, fail)
        status = run(TRAIN)
    said = capfd.readouterr().err

    assert status == 1
    assert re.search(r"error: tiny_iter_5\.(caffemodel|solverstate): cannot be written: ", said), said
    assert saved() == before
    assert not list(Path().glob(".*.part"))
    assert run([*RESUME, "--iterations", "6"]) == 0


def test_a_folder_in_the_way_of_a_snapshot_leaves_the_older_pair(folder, capfd):
    Path(STATE).unlink()
    Path(STATE).mkdir()
    before = saved()

    status, said = outcome(TRAIN, capfd)

    assert status == 1
    assert "tiny_iter_5.solverstate: cannot be written: it is a folder: remove it" in said
    assert saved() == before


def test_a_folder_that_vanishes_while_training_is_told(folder, capfd, monkeypatch):
    swap(S, '"tiny"', '"out/tiny"')()
    Path("out").mkdir()
    monkeypatch.setattr("trivium_api_prototxt.reporting.LogLines.started", lambda *_: Path("out").rmdir())

    status, said = outcome(TRAIN, capfd)

    assert status == 1
    assert re.search(r"error: out/tiny_iter_5.solverstate: cannot be written: the folder .*out does not exist", said)


def test_a_loss_that_is_not_a_number_is_noticed_once(folder, capfd):
    swap(S, "base_lr: 0.01", "base_lr: 1e30")()
    swap(S, "snapshot: 5", "snapshot: 0 snapshot_after_train: false")()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        run(TRAIN)

    assert capfd.readouterr().out.count("try a smaller base_lr") == 1


def test_a_layer_without_weights_is_noted(folder, capfd):
    swap(N, 'name: "ip"', 'name: "ip9"')()

    assert run(TEST) == 0

    assert "note: layer 'ip9' (InnerProduct) is not trained: no file of --weights has" in capfd.readouterr().err


# -- signals --------------------------------------------------------------------------------------


def started(*arguments):
    """A training that will not end by itself, once it has taken its first snapshot."""
    program = "import sys; from trivium.cli import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", program, *TRAIN, "--iterations", "1000000", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    for line in process.stdout:
        if line.startswith("Snapshotting"):
            return process
    raise AssertionError("it ended before its first snapshot")


def newest():
    return max(Path().glob("tiny_iter_*.solverstate"), key=lambda path: int(path.stem.rpartition("_")[2]))


@pytest.fixture
def silent(folder):
    """A solver that snapshots often and tests never."""
    for path in folder.glob("tiny_iter_*"):
        path.unlink()
    swap(S, "test_iter: 2\ntest_interval: 5\n", "")()


def test_a_training_that_is_killed_goes_on_from_its_last_snapshot(silent):
    process = started()
    process.kill()
    process.communicate(timeout=10)
    state = newest()

    status = run([*TRAIN, "--snapshot", str(state), "--iterations", str(int(state.stem.rpartition("_")[2]) + 2)])

    assert status == 0


def test_ctrl_c_snapshots_and_stops(silent):
    process = started()
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=10)

    assert process.returncode == 0
    assert f"go on with: trivium train solver.prototxt --snapshot {newest()}" in said
    assert "Traceback" not in said
