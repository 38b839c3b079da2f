"""Solvers: train a net, test it at intervals, write snapshots, go on from one."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from typing import Any, ClassVar

import numpy as np

from trivium import randomness, registry
from trivium.saving import check_folder
from trivium_api_prototxt import snapshot
from trivium_api_prototxt.closed import Results, Testing, Training
from trivium_api_prototxt.errors import PrototxtError, SnapshotError
from trivium_api_prototxt.files import find_file
from trivium_api_prototxt.messages import SolverParameter
from trivium_api_prototxt.net import Net
from trivium_api_prototxt.reporting import Reporter
from trivium_api_prototxt.schedule import rate
from trivium_api_prototxt.solver_message import (
    SolverFile,
    read_solver,
    read_test_nets,
    read_train_net,
    snapshot_prefix,
)
from trivium_api_prototxt.update_rule import UpdateRule

MONITORED = ("started", "step", "tested", "snapshot", "finished")


class Solver:
    """Trains the net of a solver file.

    model:     a prototxt file, or a SolverFile
    reporters: what is told of what happens
    """

    type: ClassVar[str | None] = None

    def __init__(self, model: str | os.PathLike[str] | SolverFile, reporters: Sequence[Reporter] = ()) -> None:
        self.file = model if isinstance(model, SolverFile) else read_solver(model)
        self.param = self.file.message
        self.reporters = list(reporters)
        if self.param.snapshot_format != SolverParameter.BINARYPROTO:
            raise PrototxtError(
                f"{self.file.place.at('snapshot_format')}: HDF5 snapshots are not here yet: use BINARYPROTO"
            )
        self.type = type(self).type or self.param.type  # type: ignore[misc]
        self.rule = UpdateRule(self.param, self.type, self.file.place)
        if self.param.random_seed >= 0:
            randomness.seed(self.param.random_seed % (1 << 32))
        self.seed = randomness.current_seed()
        self.net = Net(read_train_net(self.file))
        tests = read_test_nets(self.file)
        self.test_nets = [Net(draft, share=self.net) for draft, _ in tests]
        self.test_iters = [count for _, count in tests]
        for names in self.param.weights:
            for name in names.split(","):
                self.net.copy_from(find_file(name.strip(), self.file.folder, self.file.place.at("weights")))
        self.prefix = snapshot_prefix(self.file)
        self.iter = 0
        self.recent_losses: deque[float] = deque(maxlen=self.param.average_loss)
        self.results: Results = {}
        self.test_results: list[Results] = []
        self.tested_at: int | None = None
        self.is_stopped = False
        self._is_finite = True
        self.keeps_blobs = True
        self._training = Training(self.net, self.rule)
        self._testing = [Testing(net) for net in self.test_nets]
        self._callbacks: list[tuple[Callable[[], Any], Callable[[], Any]]] = []
        self._request: str | None = None
        for reporter in self.reporters:
            for text in self.file.notices:
                reporter.notice(text)

    # -- training -------------------------------------------------------------------------------------

    @property
    def loss(self) -> float:
        """The mean of the last `average_loss` losses; not a number before the first iteration."""
        return sum(self.recent_losses) / len(self.recent_losses) if self.recent_losses else float("nan")

    @property
    def lr(self) -> float:
        """The learning rate of the next iteration."""
        return rate(self.param, self.iter)

    learning_rate = lr

    def step(self, count: int) -> None:
        """Make this many iterations, with the tests and snapshots that fall between them."""
        if not self.net.losses:
            raise PrototxtError(f"{self.net.path}: has no loss, so there is nothing to train: add a loss layer")
        tell = self._teller("step")
        end = self.iter + count
        self.is_stopped = False
        while self.iter < end:
            if self._is_test_due() and self.tested_at != self.iter:
                self.test()
                self._obey()
            if self.is_stopped:
                break
            for on_start, _ in self._callbacks:
                on_start()
            number, now = self.iter, self.lr
            # blobs can be looked at when `step` returns, or by a callback, not before
            is_observed = bool(self._callbacks) or (self.keeps_blobs and number + 1 == end)
            made = self._observed_step(now) if is_observed else self._training.step(now, number + 1)
            self.results = made[-1]
            self.recent_losses.append(float(np.float32(sum(self._loss_of(results) for results in made) / len(made))))
            self.iter += 1
            self._check_loss()
            tell(number, now, self.results)
            self._obey(self._is_snapshot_due())
            if self.is_stopped:
                break

    def solve(self, resume_file: str | os.PathLike[str] | None = None) -> None:
        """Train until max_iter, from a snapshot if one is named."""
        if resume_file is not None:
            self.restore(resume_file)
        if self.param.snapshot or self.param.snapshot_after_train:
            check_folder(f"{self.prefix}_iter_0.solverstate", SnapshotError)
        self._tell("started")
        self.step(max(0, self.param.max_iter - self.iter))
        if not self.is_stopped:
            if self.param.snapshot_after_train and not self._is_snapshot_due():
                self.snapshot()
            if self.param.test_interval and self.iter % self.param.test_interval == 0:
                self.test()
        self._tell("finished")

    def apply_update(self) -> None:
        """Update the parameters from the gradients that their blobs hold, and count an iteration."""
        self._training.apply(self.lr, self.iter + 1)
        self.iter += 1

    def add_callback(self, on_start: Callable[[], Any], on_gradients_ready: Callable[[], Any]) -> None:
        """Call the one before each iteration, the other when its gradients are there and before they are used."""
        self._callbacks.append((on_start, on_gradients_ready))

    def share_weights(self, net: Net) -> None:
        """Let a net use the weights that are trained here."""
        net.share_with(self.net)

    def _observed_step(self, now: float) -> list[Results]:
        """One iteration in which every blob and gradient is kept."""
        net, made = self.net, []
        net.clear_param_diffs()
        for _ in range(self.param.iter_size):
            net.forward()
            net.backward()
            made.append({name: net.blobs[name].data.copy() for name in net.results})
        for _, on_gradients_ready in self._callbacks:
            on_gradients_ready()
        self._training.apply(now, self.iter + 1)
        return made

    def _loss_of(self, results: Mapping[str, Any]) -> float:
        return sum(weight * float(np.sum(results[part.tops[i]])) for part, i, weight in self.net.losses)

    # -- testing --------------------------------------------------------------------------------------

    def test(self) -> list[Results]:
        """Run every test net; the means of its outputs."""
        self.test_results = []
        for i in range(len(self.test_nets)):
            self._tell("testing", i)
            results = self._run_test(i)
            if results is None:
                return self.test_results
            self.test_results.append(results)
            self._tell("tested", i, results)
        self.tested_at = self.iter
        return self.test_results

    def _run_test(self, index: int) -> Results | None:
        """The means of a test net's outputs; None where the test was stopped."""
        sums: Results = {}
        for _ in range(self.test_iters[index]):
            if self._request == "stop":
                return None
            for name, value in self._testing[index].run().items():
                sums[name] = sums.get(name, 0.0) + value.astype(np.float64)
        wanted = self.test_nets[index].outputs
        return {name: sums[name] / self.test_iters[index] for name in wanted}

    def _check_loss(self) -> None:
        """Say once that training went astray."""
        was_finite, self._is_finite = self._is_finite, isfinite(self.recent_losses[-1])
        if was_finite and not self._is_finite:
            text = f"the loss is {self.recent_losses[-1]:g} at iteration {self.iter - 1}: try a smaller base_lr"
            for reporter in self.reporters:
                reporter.notice(text)

    def _is_test_due(self) -> bool:
        interval = self.param.test_interval
        return bool(interval) and self.iter % interval == 0 and (self.iter > 0 or self.param.test_initialization)

    # -- snapshots ------------------------------------------------------------------------------------

    def snapshot(self) -> str:
        """Write a snapshot; the name of its .solverstate."""
        path = snapshot.write(self, self.prefix)
        self._tell("snapshot", path)
        return path

    def restore(self, path: str | os.PathLike[str]) -> None:
        """Go on from a snapshot; one that does not fit changes nothing."""
        snapshot.read(self, path).apply()
        self.tested_at = None

    def request(self, action: str | None) -> None:
        """Ask from outside, such as a signal: "snapshot", or "stop" after one; obeyed between iterations."""
        self._request = action

    def _is_snapshot_due(self) -> bool:
        return bool(self.param.snapshot) and self.iter > 0 and self.iter % self.param.snapshot == 0

    def _obey(self, is_snapshot_due: bool = False) -> None:
        """Do what was asked for from outside, and what is due."""
        request, self._request = self._request, None
        if request or is_snapshot_due:
            self.snapshot()
        if request == "stop":
            self.is_stopped = True

    # -- being watched --------------------------------------------------------------------------------

    def _tell(self, event: str, *facts: Any) -> None:
        self._teller(event)(*facts)

    def _teller(self, event: str) -> Callable[..., None]:
        """`tell(*facts)` of one event to the reporters, and to the monitors that plugins bring."""
        methods = [getattr(reporter, event) for reporter in self.reporters]
        announce = registry.announcer(f"trivium_run_{event}") if event in MONITORED else None

        def tell(*facts: Any) -> None:
            for method in methods:
                method(self, *facts)
            if announce:
                announce(self)

        return tell

    def __repr__(self) -> str:
        return f"<{self.type} solver of {self.net.path}, iteration {self.iter}>"


class SGDSolver(Solver):
    """Gradient descent with momentum, the learning rate inside it."""

    type = "SGD"


class NesterovSolver(Solver):
    """Gradient descent with Nesterov's momentum."""

    type = "Nesterov"


class AdamSolver(Solver):
    """Adam."""

    type = "Adam"


def get_solver(model: str | os.PathLike[str] | SolverFile, reporters: Sequence[Reporter] = ()) -> Solver:
    """The solver of a file, of the class that its `type` names."""
    file = model if isinstance(model, SolverFile) else read_solver(model)
    classes = {each.type: each for each in (SGDSolver, NesterovSolver, AdamSolver)}
    return classes.get(file.message.type, Solver)(file, reporters)
