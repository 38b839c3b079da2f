"""Solvers as files: which nets one trains and tests, whether its numbers make sense, where it stood."""

from __future__ import annotations

import os
from typing import Any

from attrs import define

from trivium.errors import did_you_mean
from trivium_api_prototxt.draft import Draft
from trivium_api_prototxt.errors import ModelFileError, PrototxtError, in_words
from trivium_api_prototxt.files import find_file, read_message
from trivium_api_prototxt.finite import check_finite
from trivium_api_prototxt.messages import TEST, TRAIN, NetState, SolverParameter, SolverState
from trivium_api_prototxt.net_message import read_net
from trivium_api_prototxt.places import Place
from trivium_api_prototxt.schedule import check_policy
from trivium_api_prototxt.state import filter_net, solver_state_of
from trivium_api_prototxt.text import parse_text, read_text
from trivium_api_prototxt.upgrade import upgrade_net, upgrade_solver

TYPES = ("SGD", "Nesterov", "AdaGrad", "RMSProp", "AdaDelta", "Adam")
_TRAIN_NETS = ("net", "net_param", "train_net", "train_net_param")
_AT_LEAST = {
    "iter_size": 1,
    "average_loss": 1,
    "max_iter": 0,
    "snapshot": 0,
    "display": 0,
    "test_interval": 0,
}


@define(eq=False)
class SolverFile:
    """
    message: a SolverParameter, upgraded and checked
    place:   where it stands
    folder:  where files that it names are looked for second, after the current one
    notices: what was changed, and what looks like a slip
    """

    message: Any
    place: Place
    folder: str
    notices: list[str]


def read_solver(path: str | os.PathLike[str]) -> SolverFile:
    """The solver in a prototxt file. Its nets are read later, by read_train_net and read_test_nets."""
    path = os.fspath(path)
    document = read_text(path, SolverParameter)
    return check_solver(document.message, document.place, os.path.dirname(path))


def parse_solver(text: str, path: str = "<text>", folder: str = "") -> SolverFile:
    """The solver in a string; `path` is what errors call it."""
    document = parse_text(text, SolverParameter, path)
    return check_solver(document.message, document.place, folder)


def check_solver(solver: Any, place: Place | None = None, folder: str = "") -> SolverFile:
    """The solver, upgraded; PrototxtError where its fields contradict each other."""
    place = place or Place("solver")
    notices = upgrade_solver(solver, place)
    if solver.type not in TYPES:
        raise PrototxtError(
            f"{place.at('type')}: unknown solver type '{solver.type}': choose {in_words(TYPES)}."
            f"{did_you_mean(solver.type, TYPES)}"
        )
    check_policy(solver, place)
    _check_numbers(solver, place)
    check_finite(solver, place)
    _train_field(solver, place)
    _check_test_nets(solver, place)
    return SolverFile(solver, place, folder, notices + _slips(solver))


def read_train_net(solver: SolverFile) -> Draft:
    """The net that is trained."""
    draft = _read(solver, _train_field(solver.message, solver.place))
    return filter_net(draft, solver_state_of(draft.net, TRAIN, solver.message.train_state))


def read_test_nets(solver: SolverFile) -> list[tuple[Draft, int]]:
    """Each test net, and how many batches make one test of it.

    Inline nets come first, then those of files, then the common net for what test_iter is left.
    """
    message = solver.message
    sources = [("test_net_param", index) for index in range(len(message.test_net_param))]
    sources += [("test_net", index) for index in range(len(message.test_net))]
    common = "net_param" if message.HasField("net_param") else "net"
    sources += [(common, 0)] * (len(message.test_iter) - len(sources))
    nets = []
    for index, source in enumerate(sources):
        draft = _read(solver, *source)
        wanted = message.test_state[index] if message.test_state else NetState()
        state = solver_state_of(draft.net, TEST, wanted)
        nets.append((filter_net(draft, state), message.test_iter[index]))
    return nets


def snapshot_prefix(solver: SolverFile) -> str:
    """What the names of snapshots begin with; by default the solver's own name."""
    path = solver.place.path
    stem = os.path.splitext(path)[0]
    prefix = solver.message.snapshot_prefix or stem
    return os.path.join(prefix, os.path.basename(stem)) if os.path.isdir(prefix) else prefix


def read_state(path: str | os.PathLike[str]) -> Any:
    """The SolverState in a `.solverstate`."""
    state = read_message(path, SolverState)
    if not state.HasField("iter"):
        raise ModelFileError(f"{os.fspath(path)}: no iteration in it: not a .solverstate")
    return state


def _read(solver: SolverFile, name: str, index: int = 0) -> Draft:
    """The net that a field of the solver holds or names."""
    place = solver.place.at(name, index)
    field = SolverParameter.DESCRIPTOR.fields_by_name[name]
    value = getattr(solver.message, name)
    value = value[index] if field.is_repeated else value
    if field.message_type is None:
        return read_net(find_file(value, solver.folder, place))
    net = type(value)()
    net.CopyFrom(value)
    return upgrade_net(net, place)


def _train_field(solver: Any, place: Place) -> str:
    given = [name for name in _TRAIN_NETS if solver.HasField(name)]
    if not given:
        raise PrototxtError(f"{place}: no net to train: give {in_words(_TRAIN_NETS)}")
    if len(given) > 1:
        raise PrototxtError(f"{place.at(given[1])}: {in_words(given, 'and')} each name a net to train: keep one")
    return given[0]


def _check_test_nets(solver: Any, place: Place) -> None:
    named = len(solver.test_net_param) + len(solver.test_net)
    counts = len(solver.test_iter)
    has_common = solver.HasField("net") or solver.HasField("net_param")
    if counts < named or (counts > named and not has_common):
        raise PrototxtError(f"{place.at('test_iter')}: {named} test nets but {counts} test_iter: give one for each")
    if solver.test_state and len(solver.test_state) != counts:
        raise PrototxtError(
            f"{place.at('test_state')}: {len(solver.test_state)} test_state but {counts} test nets: "
            "give none, or one for each"
        )
    if counts and solver.test_interval <= 0:
        raise PrototxtError(f"{place.at('test_iter')}: test_iter without test_interval: say how often to test")


def _check_numbers(solver: Any, place: Place) -> None:
    for name, least in _AT_LEAST.items():
        if getattr(solver, name) < least:
            raise PrototxtError(f"{place.at(name)}: {name} is {getattr(solver, name)}: it must be at least {least}")
    for index, count in enumerate(solver.test_iter):
        if count < 1:
            raise PrototxtError(f"{place.at('test_iter', index)}: test_iter is {count}: it must be at least 1")
    if solver.regularization_type not in ("L1", "L2"):
        raise PrototxtError(
            f"{place.at('regularization_type')}: unknown regularization_type '{solver.regularization_type}': "
            "choose L1 or L2"
        )
    if solver.type in ("AdaGrad", "RMSProp") and solver.momentum != 0:
        raise PrototxtError(f"{place.at('momentum')}: {solver.type} has no momentum: remove it")
    if solver.type == "RMSProp" and not 0 <= solver.rms_decay < 1:
        raise PrototxtError(f"{place.at('rms_decay')}: rms_decay is {solver.rms_decay:g}: it lies in 0..1, below 1")


def _slips(solver: Any) -> list[str]:
    """What Caffe accepts and nobody means."""
    slips = []
    if solver.base_lr == 0:
        slips.append("base_lr is 0: nothing will be learned")
    if solver.clip_gradients == 0:
        slips.append("clip_gradients is 0: nothing will be learned; leave it out for no clipping")
    if solver.type == "Adam" and not solver.HasField("momentum"):
        slips.append("Adam without momentum has beta1 = 0; the paper has 0.9")
    return slips
