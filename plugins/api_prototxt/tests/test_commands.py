"""`trivium train` and `trivium test`: what they print and write, and with what status they end."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from trivium.cli import run
from trivium_api_prototxt import saving

pytestmark = pytest.mark.usefixtures("own_folder")
SETTINGS = 'test_iter: 2 test_interval: 4 max_iter: 6 display: 2 solver_mode: CPU snapshot_prefix: "run"'


@pytest.fixture
def train(make_solver, capsys):
    """(status, output, errors) of `trivium train solver.prototxt ...`."""
    make_solver(SETTINGS)

    def call(*arguments):
        status = run(["train", "solver.prototxt", *arguments])
        out, err = capsys.readouterr()
        return status, out, err

    return call


def test_training_prints_tests_writes_and_ends_with_the_accuracy(train):
    status, out, err = train()

    assert (status, err) == (0, "")
    assert "Iteration 2, loss = " in out and "Iteration 4, lr = 0.1" in out
    assert "Iteration 4, Testing net (#0)" in out and "Test net output #0: accuracy = " in out
    assert re.fullmatch(r"accuracy = 0\.\d+", out.splitlines()[-1])
    assert sorted(path.name for path in Path().glob("run*")) == [
        "run_iter_6.caffemodel", "run_iter_6.solverstate", "run_loss.png",
    ]  # fmt: skip
    assert Path("run_loss.png").read_bytes().startswith(b"\x89PNG")


def test_a_resumed_run_writes_the_same_weights(train):
    train()
    steady = Path("run_iter_6.caffemodel").read_bytes()

    train("--iterations", "3", "--output", "half")
    status, _, _ = train("--snapshot", "half/run_iter_3.solverstate", "--output", "rest")

    assert status == 0 and Path("rest/run_iter_6.caffemodel").read_bytes() == steady


def test_fine_tuning_starts_from_given_weights(train):
    train()
    _, first, _ = train("--weights", "run_iter_6.caffemodel", "--output", "tuned")

    assert float(re.search(r"loss = ([\d.]+)", first)[1]) < 1.2
    status, _, err = train("--weights", "a", "--snapshot", "b")
    assert status == 2 and "keep one" in err


def test_testing_prints_the_mean_of_each_output(train, capsys):
    _, out, _ = train()
    accuracy = float(out.split()[-1])

    status = run(["test", "--model", "net.prototxt", "--weights", "run_iter_6.caffemodel", "--iterations", "2"])

    assert status == 0 and float(capsys.readouterr().out.split()[-1]) == pytest.approx(accuracy, abs=1e-4)


@pytest.mark.parametrize(
    "break_it, words",
    [
        (lambda: Path("solver.prototxt").unlink(), "solver.prototxt: cannot be read: no such file"),
        (lambda: Path("solver.prototxt").write_text("base_lr: 0.1 lr_polcy: 'fixed'"), "Did you mean 'lr_policy'"),
        (lambda: Path("net.prototxt").write_text("layer {"), "net.prototxt:1"),
        (lambda: Path("net.prototxt").unlink(), "file 'net.prototxt' is missing"),
        (lambda: Path("images.idx").write_bytes(b"\0\0\x08"), "images.idx: truncated"),
        (lambda: Path("labels.idx").unlink(), "labels.idx: no such data file"),
    ],
)
def test_a_bad_file_ends_with_one_message_and_status_1(train, break_it, words):
    break_it()

    status, _, err = train()

    assert status == 1 and words in err and err.startswith("error: ") and "Traceback" not in err


def test_a_snapshot_that_cannot_be_read_ends_with_status_1(train):
    Path("bad.solverstate").write_bytes(b"nonsense")

    status, _, err = train("--snapshot", "bad.solverstate")

    assert status == 1 and "bad.solverstate: not a binary SolverState" in err


def test_a_full_disk_ends_with_status_1(train, monkeypatch):
    def full(*_):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(saving.os, "write", full)
    status, _, err = train()

    assert status == 1 and "the disk is full" in err and list(Path().glob("*.part")) == []


def test_an_unknown_device_is_named(train):
    status, _, err = train("--device", "cqu")

    assert status == 1 and "no device type named 'cqu'" in err


def test_an_implied_gpu_that_is_missing_gives_a_notice(make_solver, capsys):
    make_solver(SETTINGS.replace("solver_mode: CPU", ""))

    status = run(["train", "solver.prototxt"])

    assert status == 0 and "solver_mode is left out, which means GPU, and no GPU answers" in capsys.readouterr().out


class TestSignals:
    """In a process of its own, which is told when to send itself a signal by its own lines."""

    SCRIPT = """
import os, signal, sys
from trivium.cli import main
from trivium_api_prototxt import reporting
say = reporting.LogLines.step
def step(self, solver, number, rate, results):
    say(self, solver, number, rate, results)
    if number == 4:
        for _ in range(int(sys.argv[2])):
            os.kill(os.getpid(), getattr(signal, sys.argv[1]))
reporting.LogLines.step = step
main(["train", "solver.prototxt"])
"""

    def train(self, name, count=1):
        return subprocess.run(
            [sys.executable, "-c", self.SCRIPT, name, str(count)], capture_output=True, text=True, timeout=120
        )

    @pytest.fixture(autouse=True)
    def solver(self, make_solver):
        make_solver('max_iter: 8 display: 1 solver_mode: CPU snapshot_prefix: "run"')

    def test_an_interrupted_run_snapshots_stops_and_goes_on_to_the_same_bits(self, capsys):
        run(["train", "solver.prototxt", "--output", "steady"])

        done = self.train("SIGINT")

        assert done.returncode == 0, done.stderr
        assert (
            "Stopped at iteration 5; go on with: trivium train solver.prototxt --snapshot run_iter_5.solverstate"
            in done.stdout
        )
        assert run(["train", "solver.prototxt", "--snapshot", "run_iter_5.solverstate"]) == 0
        assert Path("run_iter_8.caffemodel").read_bytes() == Path("steady/run_iter_8.caffemodel").read_bytes()

    def test_a_second_interrupt_stops_at_once(self):
        done = self.train("SIGINT", 2)

        assert done.returncode == 130 and not list(Path().glob("run_iter*")) and "Traceback" not in done.stderr

    @pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="this system has no SIGHUP")
    def test_a_hangup_snapshots_and_goes_on(self):
        done = self.train("SIGHUP")

        assert (
            done.returncode == 0 and Path("run_iter_5.solverstate").exists() and Path("run_iter_8.solverstate").exists()
        )


def test_help_is_there_without_reading_anything(capsys):
    assert run(["train", "--help"]) == 0
    assert "Ctrl-C takes a snapshot and stops" in " ".join(capsys.readouterr().out.split())
