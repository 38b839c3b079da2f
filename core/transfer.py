"""Copies between devices: the only way from one to another, always a visible call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from . import config
from .backend import Device
from .graph import Symbol
from .op import Op, Settings
from .spec import Spec
from .tensor import record, tape


def _reference(x: Any, *, source: str, target: str) -> Any:
    return x.copy()


TRANSFER = Op(_reference, name="transfer")
TRANSFER.shape(lambda x, *, source, target: x)


@TRANSFER.gradient("x")
def transfer_gradient(g: Any, source: str, target: str) -> Any:
    """The gradient goes back to where the value came from."""
    return transfer(g, source, source=target)


def _runner(device: Device, specs: Sequence[Spec | None], settings: Settings) -> Callable[..., Any]:
    source, target = config.as_device(settings["source"]), config.as_device(settings["target"])
    return lambda buffer, out=None: target.upload(source.download(buffer).copy())


TRANSFER.runner = _runner


def transfer(x: Any, device: Device | str, *, source: str | None = None) -> Any:
    """The elements of `x` on another device; `x` itself where it is there already.

    source: of a symbol: the device where its value is made
    """
    target = config.as_device(device)
    if isinstance(x, Symbol):
        origin = source or config.current_device().name
        return x.graph.call(TRANSFER, (x,), {"source": origin, "target": target.name})
    if x.device is target:
        return x
    buffer = target.upload(x.device.download(x.buffer(packed=True)).copy())
    made = type(x).kind.around(buffer, x.spec, target)
    if tape.recording and x.edge is not None:
        record(TRANSFER, (x,), {"source": x.device.name, "target": target.name}, (made,))
    return made
