"""detect_anomaly: from which call NaN, or an error on the way back, comes, and where that call was made."""

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np

from trivium import autodiff
from trivium.op import Call, Leaf, Output, add_hook
from trivium.tensor import recording

from ..errors import GradientError
from ..listening import listen, stop
from ..tensors import on_host
from .grad_fn import name_of


class Mode:
    """Whether anomalies are looked for, and whether NaN is one."""

    is_on = False
    check_nan = True


def call_of(edge: Any) -> Any:
    return edge.call if type(edge) is Output else edge


def note_origin(op: Any, compute: Callable[[], Any]) -> Any:
    """Compute, and write down the stack at the call that was recorded."""
    result = compute()
    for value in result if type(result) is tuple else (result,):
        call = call_of(getattr(value, "edge", None))
        if isinstance(call, Call) and not hasattr(call, "origin"):
            call.origin = stack_here()
    return result


def stack_here() -> str:
    """The stack of the user's own code, as a traceback shows it."""
    frames = [f for f in traceback.extract_stack() if "trivium_api_dynamic" not in f.filename and not is_core(f)]
    return "".join(traceback.format_list(frames))


def is_core(frame: traceback.FrameSummary) -> bool:
    return frame.filename.startswith(CORE)


CORE = autodiff.__file__.rpartition("autodiff")[0]


def switch(mode: bool, check_nan: bool) -> tuple[bool, bool]:
    """Turn the search on or off; what it was."""
    before = Mode.is_on, Mode.check_nan
    if mode and not Mode.is_on:
        listen(note_origin)
    elif Mode.is_on and not mode:
        stop(note_origin)
    Mode.is_on, Mode.check_nan = mode, check_nan
    return before


class set_detect_anomaly:
    """Look for anomalies from now on, or stop to; as a context, only inside."""

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self.before = switch(bool(mode), check_nan)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: Any) -> None:
        switch(*self.before)


class detect_anomaly:
    """Look for anomalies inside: a backward that fails, or that makes NaN, says which call it comes from."""

    def __init__(self, check_nan: bool = True) -> None:
        self.check_nan = check_nan

    def __enter__(self) -> None:
        self.before = switch(True, self.check_nan)

    def __exit__(self, *error: Any) -> None:
        switch(*self.before)


def is_anomaly_enabled() -> bool:
    """Whether anomalies are looked for."""
    return Mode.is_on


class NaNArrived(Exception):
    """A gradient that is no number reached a node."""


class Watch:
    """What arrives at each node on the way back from some outputs."""

    def __init__(self, outputs: list[Any]) -> None:
        self.calls: list[Any] = []
        self.consumers: dict[Any, list[Any]] = {}
        self.arrived: dict[Any, Any] = {}
        self.last: Any = None
        seen: set[Any] = set()
        waiting = [autodiff.slot(out.current_edge)[0] for out in outputs]
        while waiting:
            node = waiting.pop()
            if node in seen:
                continue
            seen.add(node)
            if type(node) is Leaf:
                continue
            self.calls.append(node)
            for edge in node.edges:
                if edge is not None:
                    self.consumers.setdefault(autodiff.slot(edge), []).append(node)
                    waiting.append(call_of(edge))

    @contextmanager
    def hooks(self) -> Iterator[None]:
        """Look at each gradient, after the user's own hooks."""
        slots = {*self.consumers, *[(call, i) for call in self.calls for i in range(len(call.specs))]}
        removers = [add_hook(edge_at(*place), self.looker(place)) for place in slots]
        try:
            yield
        finally:
            for remove in removers:
                remove()

    def looker(self, place: Any) -> Callable[[Any], None]:
        def look(gradient: Any) -> None:
            self.arrived[place] = gradient
            self.last = place
            if Mode.check_nan and place in self.consumers and has_nan(gradient):
                raise NaNArrived

        return look

    def maker_of_nan(self) -> tuple[Any, int]:
        """The call that made the NaN that arrived last, and which operand's gradient it is."""
        for call in self.consumers[self.last]:
            pairs = [(i, self.arrived[call, i]) for i in range(len(call.specs)) if (call, i) in self.arrived]
            if not pairs or any([has_nan(g) for _, g in pairs]):
                continue
            starts = [SimpleNamespace(current_edge=edge_at(call, i)) for i, _ in pairs]
            given = autodiff.backprop(starts, [g for _, g in pairs], call.edges, through=False)
            if self.last in given and has_nan(given[self.last]):
                return call, [e is not None and autodiff.slot(e) == self.last for e in call.edges].index(True)
        return self.consumers[self.last][0], 0


def edge_at(node: Any, index: int) -> Any:
    return node if type(node) is Leaf or len(node.specs) == 1 else Output(node, index)


def has_nan(gradient: Any) -> bool:
    array = on_host(autodiff.dense(gradient))
    return array.dtype.kind in "fcV" and bool(
        np.isnan(array.astype(np.float64) if array.dtype.kind == "V" else array).any()
    )


def watched(outputs: list[Any], walk: Callable[[], Any], *, release: bool) -> Any:
    """What a walk back returns; an anomaly on the way is an error that says where the call was made."""
    watch = Watch(outputs)
    try:
        with watch.hooks():
            found = walk()
    except NaNArrived:
        with recording(False):
            call, operand = watch.maker_of_nan()
        raise GradientError(
            f"Function '{name_of(call)}' returned nan values in its {operand}th output.\n{told(call)}"
        ) from None
    except Exception as error:
        call = watch.last[0] if watch.last else None
        if isinstance(call, Call):
            error.add_note(told(call))
        raise
    for call in watch.calls if release else ():
        call.release()
    return found


def told(call: Any) -> str:
    origin = getattr(call, "origin", None)
    if origin is None:
        return f"{name_of(call)} was called while anomalies were not looked for; do the forward inside, too."
    return f"Error detected in {name_of(call)}. Traceback of forward call that caused the error:\n{origin}"
