"""Prototxt files, and nets that were made of them: shapes alone, so that no parameter is made."""

from __future__ import annotations

import os
from typing import Any

from trivium import config
from trivium.graph import Graph, Slot
from trivium.spec import Spec
from trivium_api_prototxt import TRAIN, Net
from trivium_api_prototxt.modes import current_device
from trivium_api_prototxt.net_message import read_net
from trivium_api_prototxt.state import filter_net, state_of
from trivium_api_prototxt.vocabulary.function import Function
from trivium_api_prototxt.wiring import Learned, Wiring
from trivium_api_prototxt.wiring import Part as Wired

from ..network import SOURCES, Network, Part, sizes_of

MEASURES = {"Accuracy", "Silence"}


def read(source: Any, *, name: str | None = None, batch: int | None = None, phase: int = TRAIN) -> Network:
    """The net of a file, or a net; of a file as it is in a phase.

    batch: images at a time, instead of what the file says
    """
    if isinstance(source, Net):
        parts, outputs, title = source.parts, source.outputs, source.name
        shapes = {top: source.blobs[top].shape for part in source.sources for top in part.tops}
    else:
        draft = read_net(os.fspath(source))
        draft = filter_net(draft, state_of(draft.net, phase))
        with config.device(current_device()):
            wiring = Wiring(draft, current_device(), slots)
        parts, outputs, title = wiring.parts, wiring.outputs, draft.net.name or os.fspath(source)
        shapes = {top: shape for top, shape in wiring.shapes().items() if top in sources_of(parts)}
    return traced(parts, shapes, outputs, name or title, batch)


def slots(part: Wired, declared: Any) -> bool:
    """Let a layer own places for values instead of values."""
    layer = part.layer
    if layer is None or isinstance(layer, Function):
        return False
    specs = declared.specs[:1] if part.row.for_each else declared.specs
    layer.owned = {
        name: Slot(Spec(wanted.shape, wanted.dtype), name=f"{part.name}.{name}", trainable=wanted.trainable)
        for name, wanted in layer.parameters(*specs).items()
    }
    layer.is_built = True
    part.learned = [Learned(None, layer.owned[name]) for name in part.row.blobs_of(layer.owned)]
    return True


def sources_of(parts: list[Wired]) -> set[str]:
    """The tops that values come from."""
    return {top for part in parts if part.source for top in part.tops}


def traced(parts: list[Wired], shapes: dict[str, Any], outputs: list[str], name: str, batch: int | None) -> Network:
    """Every part in turn, on symbols."""
    graph = Graph()
    values: dict[str, Any] = {}
    for top, shape in shapes.items():
        sizes = shape if batch is None or not shape else (batch, *shape[1:])
        values[top] = graph.placeholder(sizes, name=top)
    network = Network(name, graph, list(values.values()), [])
    measures: list[str] = []
    for part in parts:
        if part.source:
            continue
        here = Part(part.name, part.type)
        start = len(graph.nodes)
        values.update(zip(part.tops, part([values[bottom] for bottom in part.bottoms])))
        network.parts.update({node: here for node in graph.nodes[start:] if node.op not in SOURCES})
        if part.row.is_loss or any(part.loss_weights) or part.type in MEASURES:
            measures += part.tops or part.bottoms
    network.outputs = [values[top] for top in dict.fromkeys(measures or outputs)]
    network.updates, network.sizes = graph.updates, sizes_of(graph, network.inputs)
    return network
