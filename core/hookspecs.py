"""What a plugin may say: every hook that core knows.

A plugin is a module or an object with functions of these names; the mark `@hookimpl` is needed only
for its options.  A function whose name starts with `trivium_` and is not here is refused.
Each `register` may decorate, takes `name=` where a thing does not name itself, and stamps the origin.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import pluggy

__all__ = ["hookimpl"]

PROJECT = "trivium"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

Register: TypeAlias = Callable[..., Any]


@hookspec
def trivium_register_devices(register: Register) -> None:
    """`register(backend)` for each type of device."""


@hookspec
def trivium_register_kernels(register: Register) -> None:
    """`register(kernel_table)`: faster kernels for a type of device that exists."""


@hookspec
def trivium_register_ops(register: Register) -> None:
    """`register(op)` for each op."""


@hookspec
def trivium_register_layers(register: Register) -> None:
    """`register(layer_class)`."""


@hookspec
def trivium_register_losses(register: Register) -> None:
    """`register(loss)`: a function of ops, or a layer that ends in one number."""


@hookspec
def trivium_register_initializers(register: Register) -> None:
    """`register(initializer)`: what gives a parameter its first value."""


@hookspec
def trivium_register_optimizers(register: Register) -> None:
    """`register(optimizer_class)`."""


@hookspec
def trivium_register_minimizers(register: Register) -> None:
    """`register(minimizer_class)`: an optimizer that asks for the loss several times in one step."""


@hookspec
def trivium_register_schedules(register: Register) -> None:
    """`register(schedule)`: the learning rate as a function of the step, or of how training goes."""


@hookspec
def trivium_register_passes(register: Register) -> None:
    """`register(graph_pass)`: one Graph in, one Graph out."""


@hookspec
def trivium_register_sources(register: Register) -> None:
    """`register(data_source)`: where examples come from."""


@hookspec
def trivium_register_transforms(register: Register) -> None:
    """`register(transform)`: what is done to an example on its way in."""


@hookspec
def trivium_register_exporters(register: Register) -> None:
    """`register(exporter)`: writes a network in another format."""


@hookspec
def trivium_register_apis(register: Register) -> None:
    """`register(module, name="static")`: a style."""


@hookspec
def trivium_register_commands(register: Register) -> None:
    """`register(click_command)`: `trivium <its name>`."""


@hookspec
def trivium_register_extensions(register: Register) -> None:
    """`register(thing, kind="prototxt.layers")`: things of a kind that another plugin collects."""


@hookspec
def trivium_doctor(report: Any) -> None:
    """Say what `trivium doctor` should show: `report.good(text)`, `report.problem(text, remedy)`."""


@hookspec(firstresult=True)
def trivium_conformance_profile(device: Any) -> Any:
    """What conformance may expect of a device: its dtypes, tolerances and gaps; None for another's device."""


@hookspec
def trivium_run_started(run: Any) -> None:
    """A training run begins.  `run` tells its iteration, loss, learning rate and where it writes."""


@hookspec
def trivium_run_step(run: Any) -> None:
    """One step of training is done."""


@hookspec
def trivium_run_tested(run: Any) -> None:
    """The network was tested on data that it does not learn from."""


@hookspec
def trivium_run_snapshot(run: Any) -> None:
    """A snapshot was written."""


@hookspec
def trivium_run_finished(run: Any) -> None:
    """A training run ended, or was stopped."""
