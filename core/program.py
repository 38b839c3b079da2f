"""Programs: part of a graph, bound to a device and a Store, ready to run again and again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from . import config, registry
from .backend import Device
from .errors import FeedError, GraphError
from .execution import Instance, Observer
from .graph import PLACEHOLDER, Symbol
from .lowering import Step, match_sizes
from .passes import PASSES, Block, Pass, prune
from .spec import Atom, Spec
from .store import Store
from .tensor import Tensor


class Program:
    """What is needed of a graph for some fetches, compiled for one device.

    fetches: symbols whose values `run` returns
    updates: assignments that happen at each run, such as those of a training step
    fed:     symbols whose values `run` is given; the placeholders that are needed when left out
    store:   where state lives; the parameters' own Storages when left out
    sizes:   Dims that are known already
    passes:  further passes, run before the others: mixed precision, placement; those that plugins registered run last
    without: names of passes that are switched off
    """

    def __init__(
        self,
        fetches: Sequence[Symbol],
        *,
        updates: Sequence[Symbol] = (),
        fed: Sequence[Symbol] | None = None,
        device: Device | None = None,
        store: Store | None = None,
        sizes: Mapping[Atom, int] | None = None,
        passes: Sequence[Pass] = (),
        without: Sequence[str] = (),
    ) -> None:
        graphs = {symbol.graph for symbol in (*fetches, *updates, *(fed or ()))}
        if len(graphs) > 1:
            raise GraphError("program: its fetches, updates and feeds are of several graphs")
        nodes = tuple(graphs.pop().nodes) if graphs else ()
        self.device = device or config.current_device()
        self.store = store or Store()
        self.sizes = dict(sizes or {})
        block = Block(nodes, tuple(fed or ()), tuple(fetches), tuple(updates))
        known = {**PASSES, **{thing.name: thing.value for thing in registry.table("passes")}}
        kept = [rewrite for name, rewrite in known.items() if name not in without and is_allowed(rewrite)]
        for rewrite in (prune, *passes, *kept, prune):
            block = rewrite(block)
        placeholders = [node.outputs[0] for node in block.nodes if node.op is PLACEHOLDER]
        if fed is None:
            block = Block(block.nodes, tuple(placeholders), block.fetches, block.updates)
        elif missing := [symbol for symbol in placeholders if symbol not in fed]:
            raise _unfed(missing[0], fetches)
        self.block = block
        self._given = {symbol: i for i, symbol in enumerate(self.block.fed)}
        self._idle: dict[Any, list[Instance]] = {}

    def run(self, feeds: Mapping[Symbol, Any] | None = None, observe: Observer | None = None) -> list[Tensor]:
        """Compute the fetches; the updates happen at the end.  What is returned is a copy.

        feeds:   an array or tensor for each fed symbol
        observe: runs the steps, to time them or look at what they make
        """
        values = self._values(feeds or {})
        key = tuple([value.shape for value in values])
        idle = self._idle.setdefault(key, [])
        try:
            instance = idle.pop()
            if not instance.is_current():
                instance = self._bound(values)
        except IndexError:
            instance = self._bound(values)
        results = instance.run(values, observe)
        idle.append(instance)
        return [
            Tensor.around(buffer, Spec(buffer.shape, symbol.spec.dtype), device)
            for (buffer, device), symbol in zip(results, self.block.fetches, strict=True)
        ]

    def plan(self, feeds: Mapping[Symbol, Any]) -> list[Step]:
        """The bound steps for feeds of these shapes: what `trivium explain` prints."""
        return self._bound(self._values(feeds)).steps

    # -- feeds -----------------------------------------------------------------------------------

    def _values(self, feeds: Mapping[Symbol, Any]) -> list[Any]:
        """What is fed, as arrays or buffers in the order of `block.fed`, checked."""
        values: list[Any] = [None] * len(self._given)
        for symbol, value in feeds.items():
            if symbol in self._given:
                values[self._given[symbol]] = self._checked(symbol, value)
            elif not isinstance(symbol, Symbol):
                raise FeedError(f"feed: {symbol!r} is no symbol of this program; it takes {self._feeds_text()}")
        for symbol, i in self._given.items():
            if values[i] is None:
                raise _unfed(symbol, self.block.fetches)
        return values

    def _checked(self, symbol: Symbol, value: Any) -> Any:
        spec = symbol.spec
        if isinstance(value, Tensor):
            if value.device is self.device:
                buffer, dtype = value.buffer(packed=True), value.spec.dtype
            else:
                buffer, dtype = value.numpy(), value.spec.dtype
        else:
            buffer = value if isinstance(value, np.ndarray) else np.asarray(value, spec.dtype)
            dtype = buffer.dtype
        if dtype != spec.dtype:
            raise FeedError(f"feed for {symbol}: is {dtype}; convert it to {spec.dtype}")
        if not spec.accepts(buffer.shape):
            raise FeedError(f"feed for {symbol}: has shape {tuple(buffer.shape)}, which does not fit {spec}")
        return buffer

    def _feeds_text(self) -> str:
        return ", ".join(map(str, self.block.fed)) or "none"

    def _bound(self, values: Sequence[Any]) -> Instance:
        sizes = dict(self.sizes)
        shapes = {symbol: value.shape for symbol, value in zip(self.block.fed, values, strict=True)}
        match_sizes(shapes, sizes)
        specs = {symbol: Spec(shape, symbol.spec.dtype) for symbol, shape in shapes.items()}
        return Instance(self.block.nodes, self.block, specs, sizes, self.device, self.store)


def is_allowed(rewrite: Pass) -> bool:
    """Whether the settings allow a pass: where exact ones alone are asked for, not one that says `is_exact = False`."""
    return getattr(rewrite, "is_exact", True) or not config.policy().exact


def _unfed(symbol: Symbol, fetches: Sequence[Symbol]) -> FeedError:
    where = f" (made at {symbol.node.origin})" if symbol.node.origin else ""
    wanted = ", ".join([fetch.name for fetch in fetches]) or "an update"
    return FeedError(f"{symbol.name}: nothing was fed for {symbol.spec}{where}, and {wanted} needs it")
