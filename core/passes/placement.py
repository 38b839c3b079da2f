"""Run parts of a program on other devices; what crosses is copied by calls that can be seen."""

from __future__ import annotations

from collections.abc import Callable

from ..backend import Device
from ..graph import ASSIGN, READ, Node, Symbol
from ..transfer import TRANSFER
from .block import Block, Pass


def placement(device_of: Callable[[Node], Device | None], default: Device) -> Pass:
    """A pass that puts each call where `device_of` says (None: on `default`) and inserts the transfers."""

    def place(block: Block) -> Block:
        where = dict.fromkeys(block.fed, default)
        copies: dict[tuple[Symbol, Device], Symbol] = {}
        nodes: list[Node] = []
        for node in block.nodes:
            device = _home(node) or device_of(node) or default
            inputs = []
            for x in node.inputs:
                if x is not None and where[x] is not device:
                    x = _copied(x, where, device, copies, nodes)
                inputs.append(x)
            placed = node.with_inputs(tuple(inputs))
            placed.device = device
            where.update(dict.fromkeys(placed.outputs, device))
            nodes.append(placed)
        return block.with_nodes(nodes)

    return place


def _home(node: Node) -> Device | None:
    """State is read and assigned where it lives."""
    storage = getattr(node.settings["slot"], "storage", None) if node.op in (READ, ASSIGN) else None
    return None if storage is None else storage.device


def _copied(
    x: Symbol,
    where: dict[Symbol, Device],
    device: Device,
    copies: dict[tuple[Symbol, Device], Symbol],
    nodes: list[Node],
) -> Symbol:
    if (x, device) not in copies:
        settings = {"source": where[x].name, "target": device.name}
        node = Node.inserted(TRANSFER, (x,), settings, f"{x.name} to {device}")
        node.device = device
        nodes.append(node)
        copies[x, device] = node.outputs[0]
        where[node.outputs[0]] = device
    return copies[x, device]
