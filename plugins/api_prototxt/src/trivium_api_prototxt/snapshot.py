"""Snapshots: a net's weights and where its training stands, written as a pair and read as one."""

from __future__ import annotations

import hashlib
import os
from importlib import metadata
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import define

from trivium.errors import did_you_mean
from trivium.saving import check_folder
from trivium.tensor import Parameter
from trivium_api_prototxt import weights
from trivium_api_prototxt.blobs import array_to_blob, blob_to_array
from trivium_api_prototxt.errors import ModelFileError, SnapshotError
from trivium_api_prototxt.files import LONGEST, read_bytes
from trivium_api_prototxt.messages import SolverState
from trivium_api_prototxt.saving import write_message
from trivium_api_prototxt.schedule import current_step
from trivium_api_prototxt.solver_message import read_state
from trivium_api_prototxt.synced_memory import SyncedMemory

if TYPE_CHECKING:
    from trivium_api_prototxt.net import Net
    from trivium_api_prototxt.solver import Solver

MOST_RECORDS = 2**62  # a whole epoch more still is an int64


def write(solver: Solver, prefix: str) -> str:
    """Write `<prefix>_iter_<n>.caffemodel` and `.solverstate`; the name of the latter.

    Both are whole on the disk before either takes its name, so an older pair of these names is kept until then.
    """
    stem = f"{prefix}_iter_{solver.iter}"
    model, state = f"{stem}.caffemodel", f"{stem}.solverstate"
    check_folder(state, SnapshotError)
    aside = {path: _aside(path) for path in (model, state)}
    try:
        write_message(aside[model], weights.to_message(solver.net))
        write_message(aside[state], to_message(solver, model, _digest(aside[model])))
        for path in (model, state):
            if os.path.isdir(path):  # told before either takes its name
                raise SnapshotError(f"{path}: cannot be written: it is a folder: remove it, or choose another prefix")
        for path in (model, state):
            os.replace(aside[path], path)
    except OSError as error:
        if isinstance(error, SnapshotError):
            raise _renamed(error, aside) from error
        raise SnapshotError(f"{state}: cannot be written: {error.strerror or error}; write somewhere else") from error
    finally:
        for path in aside.values():
            _remove(path)
    return state


def to_message(solver: Solver, model: str, digest: bytes) -> Any:
    """Where training stands as a message.

    model:  the file with the weights;  digest: of its bytes
    """
    state = SolverState(
        iter=solver.iter,
        learned_net=model,
        current_step=current_step(solver.param, solver.iter) if _has_steps(solver) else 0,
        seed=solver.seed,
        recent_loss=list(solver.recent_losses),
        learned_net_sha256=digest,
        version=metadata.version("trivium"),
    )
    learned = solver.net.learned
    for i, slot in enumerate(solver.rule.history(learned)):
        shape = learned[i % len(learned)].blob.shape
        values = np.zeros(shape, np.float32) if slot is None else _values(slot)
        state.history.append(array_to_blob(values))
    for name, words in _random_states(solver):
        state.random_state.add(layer=name, words=[int(word) for word in words])
    for net, part in _readers(solver):
        state.data_position.add(layer=part.name, phase=net.phase, record=part.source.position)
    return state


@define(eq=False)
class Restored:
    """All that a snapshot would change, read and checked; `apply` changes it."""

    solver: Solver
    state: Any
    weights: list[Any]
    history: list[tuple[Parameter, Any]]

    def apply(self) -> None:
        """Let training stand where it stood."""
        solver, state = self.solver, self.state
        for blob, array in self.weights:
            blob.data_memory.write(array)
        for slot, array in self.history:
            _set(slot, array)
        if state.HasField("seed"):
            solver.seed = state.seed
        _set_random_states(solver, state.random_state)
        for (_, part), position in zip(_readers(solver), state.data_position):
            part.source.seed, part.source.position = solver.seed, position.record
        solver.iter = state.iter
        solver.recent_losses.clear()
        solver.recent_losses.extend(state.recent_loss)


def read(solver: Solver, path: str | os.PathLike[str]) -> Restored:
    """A snapshot that fits a solver; ModelFileError where it does not, and nothing is changed."""
    path = os.fspath(path)
    state = read_state(path)
    if state.iter < 0:
        raise ModelFileError(f"{path}: iteration {state.iter}: it cannot be negative")
    plan = _read_weights(solver, state, path) if state.learned_net else []
    history = _read_history(solver, state, path)
    _check_layers(path, "random_state", state.random_state, [name for name, _ in _random_states(solver)])
    _check_layers(path, "data_position", state.data_position, [part.name for _, part in _readers(solver)])
    for position in state.data_position:
        if position.record > MOST_RECORDS:
            raise ModelFileError(f"{path}: layer '{position.layer}' is at record {position.record:,}: it is damaged")
    for random in state.random_state:
        if len(random.words) != 2:
            raise ModelFileError(f"{path}: random_state of layer '{random.layer}' has {len(random.words)} words, not 2")
    return Restored(solver, state, plan, history)


def _read_weights(solver: Solver, state: Any, path: str) -> list[Any]:
    beside = os.path.join(os.path.dirname(path), os.path.basename(state.learned_net))
    model = next((name for name in (beside, state.learned_net) if os.path.exists(name)), None)
    if model is None:
        raise ModelFileError(
            f"{path}: its weights, {state.learned_net}, are missing: put {os.path.basename(beside)} beside it"
        )
    if state.HasField("learned_net_sha256") and _digest(model) != state.learned_net_sha256:
        raise ModelFileError(
            f"{path}: belongs to other weights than {model} holds now: the two files of a snapshot were parted; "
            "take another snapshot, or start from the weights alone with --weights"
        )
    plan, unknown = weights.plan_copy(weights.read(model), solver.net)
    given = {id(blob) for blob, _ in plan}
    lacking = [part.name for part in solver.net.parts if any(id(one.blob) not in given for one in part.learned)]
    if lacking:
        raise ModelFileError(
            f"{path}: its weights, {model}, have no layer '{lacking[0]}'{did_you_mean(lacking[0], unknown)}: was it "
            "written for another net?  To start from what fits, give them with --weights"
        )
    return plan


def _read_history(solver: Solver, state: Any, path: str) -> list[tuple[Parameter, Any]]:
    learned = solver.net.learned
    slots = solver.rule.history(learned)
    if len(state.history) != len(slots):
        raise ModelFileError(
            f"{path}: has a history of {len(state.history)} blobs, {solver.type} of this net needs {len(slots)}: "
            "was it written for another net or solver type?"
        )
    found = []
    for i, (blob, slot) in enumerate(zip(state.history, slots)):
        array = blob_to_array(blob, where=f"{path}: history {i}")
        weights.check_finite(f"{path}: history {i}", array)
        shape = learned[i % len(learned)].blob.shape
        weights.check_fit(f"{path}: history {i}", [array.shape], "what it belongs to", [shape])
        if slot is not None:
            found.append((slot, array.reshape(shape)))
    return found


def _check_layers(path: str, what: str, entries: Any, wanted: list[str]) -> None:
    given = [entry.layer for entry in entries]
    if given and given != wanted:  # a state that Caffe wrote has none
        raise ModelFileError(
            f"{path}: {what} is of layers {given}, the nets have {wanted}: was it written for another net?"
        )


def _random_states(solver: Solver) -> list[tuple[str, Any]]:
    """(layer, state of its random numbers) of the net that is trained."""
    found = []
    for part in solver.net.parts:
        if part.source is not None and part.source.state is not None:
            found.append((part.name, part.source.state))
        elif part.layer is not None and "random" in part.layer.owned:
            found.append((part.name, _values(part.layer.owned["random"])))
    return found


def _set_random_states(solver: Solver, states: Any) -> None:
    words = iter([np.array(list(state.words), np.uint64) for state in states])
    for part in solver.net.parts if len(states) else ():
        if part.source is not None and part.source.state is not None:
            part.source.state = next(words)
        elif part.layer is not None and "random" in part.layer.owned:
            _set(part.layer.owned["random"], next(words))


def _readers(solver: Solver) -> list[tuple[Net, Any]]:
    """Every data layer that counts what it has read."""
    nets = [solver.net, *solver.test_nets]
    return [(net, part) for net in nets for part in net.sources if part.source.position is not None]


def _has_steps(solver: Solver) -> bool:
    return solver.param.lr_policy in ("step", "multistep")


def _values(slot: Parameter) -> np.ndarray[Any, Any]:
    return slot.device.download(slot.storage.buffer)


def _set(slot: Parameter, array: Any) -> None:
    SyncedMemory(slot.spec, slot.device, slot.name, slot).slot.storage.write(slot.device.upload(np.array(array)))


def _digest(path: str) -> bytes:
    return hashlib.sha256(read_bytes(path, LONGEST, ModelFileError)).digest()


def _aside(path: str) -> str:
    return os.path.join(os.path.dirname(path), f".{os.path.basename(path)}.part")


def _renamed(error: SnapshotError, aside: dict[str, str]) -> SnapshotError:
    text = str(error)
    for path, other in aside.items():
        text = text.replace(other, path)
    return SnapshotError(text)


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass  # it has its name by now, or was never made
