"""trace: what a function does with example inputs, as a module that is a graph."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from trivium.graph import READ, Graph, Symbol
from trivium.op import Leaf
from trivium.storage import Storage
from trivium.tensor import Tensor as CoreTensor
from trivium.tensor import recording

from ..compiler.structure import emptied, refilled, tensors_in
from ..errors import TracingError
from ..generator import default_generator
from ..nn.module import Module
from .trace import TABLES, Held, Trace
from .traced_module import TracedModule
from .tracer import Differs, Joining, Recording, TracerWarning, batch_of, resized

Inputs = tuple[Any, ...]


class Names:
    """What the state of a module is called, and of which kind it is; what is not the module's gets a name here."""

    def __init__(self, module: Module | None) -> None:
        self.of: dict[Storage, tuple[str, str]] = {}
        self.numbers = itertools.count()
        self.members: list[CoreTensor] = []
        for path, part in module.named_modules() if module is not None else ():
            for table in TABLES:
                for name, tensor in getattr(part, table).items():
                    if tensor is not None:
                        self.members.append(tensor)
                        self.of.setdefault(tensor.storage, (f"{path}.{name}" if path else name, table))

    def hold(self, tensor: CoreTensor) -> Held:
        """A tensor under its name."""
        if tensor.storage not in self.of:
            self.of[tensor.storage] = f"captured_{next(self.numbers)}", TABLES[-1]
        return Held(*self.of[tensor.storage], tensor)


class Unchanged:
    """Puts back what runs change: state, and where the random numbers are."""

    def __init__(self, tensors: list[CoreTensor]) -> None:
        self.kept = [(x, CoreTensor.numpy(x).copy()) for x in tensors]
        self.generator = default_generator.get_state()

    def restore(self) -> None:
        """Put it back."""
        with recording(False):
            for x, array in self.kept:
                CoreTensor.assign(x, type(x).kind.around(x.device.upload(array.copy()), x.spec, x.device))
            default_generator.set_state(self.generator)


def module_of(function: Any) -> Module | None:
    """The module that a function is, or whose method it is."""
    owner = function if isinstance(function, Module) else getattr(function, "__self__", None)
    return owner if isinstance(owner, Module) else None


def to_graph(function: Callable[..., Any], *inputs: Any) -> Trace:
    """What a function or a module does with example inputs, as a graph for any size of the batch.

    The batch is the first axis of the first input, and of every other one that has as many rows.  It is free where the
    function does the same with batches of other sizes, which is tried; else it is that of the example.
    """
    module = module_of(function)
    names = Names(module)
    before = Unchanged(names.members)
    example = Recording.of(function, inputs)
    before.kept += Unchanged([x for x, _ in example.written() if x.storage not in names.of]).kept
    before.restore()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the example has warned
            return for_any_batch(function, inputs, names, before)
    except Exception:  # whatever a function raises for a batch that it was not made for
        return Joining(example, example, (0, 1), names.hold, names.members).trace()
    finally:
        before.restore()


def for_any_batch(function: Callable[..., Any], inputs: Inputs, names: Names, before: Unchanged) -> Trace:
    """A graph whose batch is free, held against the function itself."""
    tensors, structure = tensors_in(inputs), emptied(inputs)
    size = batch_of(tensors)
    if size == 0:
        raise Differs("there is no batch")

    def batch(rows: int) -> Inputs:
        before.restore()
        made: Inputs = refilled(structure, iter(resized(rows, tensors)))
        return made

    small = max(size, 2)  # a size of 1 broadcasts
    first, second = [Recording.of(function, batch(rows)) for rows in (small, small + 1)]
    trace = Joining(first, second, (small, small + 1), names.hold, names.members).trace()
    for rows in (size, small + 2):
        if difference(function, TracedModule(trace), batch, rows) is not None:
            raise Differs(f"results for {rows} rows")
    return trace


def difference(
    function: Callable[..., Any], traced: TracedModule, batch: Callable[[Any], Inputs], which: Any,
    tolerance: float = 1e-5,
) -> str | None:  # fmt: skip
    """How the results of a function and of its trace differ, or None."""
    with recording(False):
        expected = tensors_in(function(*batch(which)))
        found = tensors_in(traced(*batch(which)))
    if len(expected) != len(found):
        return f"there are {len(found)} results instead of {len(expected)}"
    for i, (a, b) in enumerate(zip(expected, found)):
        wanted, got = CoreTensor.numpy(a), CoreTensor.numpy(b)
        if wanted.shape != got.shape:
            return f"result {i} has shape {got.shape} instead of {wanted.shape}"
        if not np.allclose(got.astype(complex), wanted.astype(complex), tolerance, tolerance, equal_nan=True):
            worst = np.abs(got.astype(complex) - wanted.astype(complex)).max()
            return f"result {i} differs by up to {worst:.3g}"
    return None


def from_graph(
    graph: Trace | Graph, inputs: Sequence[Symbol] | None = None, outputs: Any = None, training: bool = True
) -> TracedModule:
    """A module that does what a graph does, and shares its parameters.

    graph: what `to_graph` returned; or any graph, with its inputs and outputs
    """
    if isinstance(graph, Trace):
        return TracedModule(graph, training)
    if inputs is None or outputs is None:
        raise TypeError("from_graph: a graph needs its inputs and outputs: from_graph(graph, [x], y)")
    results = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
    names, state, ends = Names(None), {}, []
    for node in graph.nodes:
        slot = node.settings.get("slot")
        if slot is None or slot in state:
            continue
        if not isinstance(slot, CoreTensor):
            raise TracingError(f"from_graph: {slot} has its value in a session; only parameters can be shared")
        name, is_leaf = getattr(slot, "name", "state"), type(slot.edge) is Leaf
        taken = {held.name for held in state.values()}
        name = next(n for n in itertools.chain([name], map(f"{name}_{{}}".format, names.numbers)) if n not in taken)
        state[slot] = Held(name, TABLES[0] if is_leaf else TABLES[1], slot)
        if node.op is READ and is_leaf:
            ends.append((slot, node.outputs[0]))
    structure = refilled(outputs, iter([])) if not results else emptied_like(outputs)
    return TracedModule(Trace(graph, list(inputs), results, structure, state, ends), training)


def emptied_like(outputs: Any) -> Any:
    """The structure of symbols as one of tensors."""
    if isinstance(outputs, (list, tuple)):
        return type(outputs)([emptied_like(x) for x in outputs])
    return emptied(CoreTensor.__new__(CoreTensor))


def trace(
    func: Callable[..., Any], example_inputs: Any, *, check_trace: bool = True, check_inputs: Any = None,
    check_tolerance: float = 1e-5, optimize: Any = None, strict: bool = True,
) -> TracedModule:  # fmt: skip
    """A module that does what `func` does with example inputs; it needs no source, and its graph is for every style.

    What depends on values (`if`, `item()`) is fixed as it is for the example, with a TracerWarning.  Parameters are
    shared with `func`.
    check_trace: compare it with the function, on the example or on each of check_inputs
    """
    inputs = as_inputs(example_inputs)
    module = module_of(func)
    traced = TracedModule(to_graph(func, *inputs), module is None or module.training)
    if check_trace:
        before = Unchanged(Names(module).members)

        def again(chosen: Any) -> Inputs:
            before.restore()
            return as_inputs(chosen)

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            differences = [difference(func, traced, again, x, check_tolerance) for x in check_inputs or [inputs]]
        before.restore()
        for text in filter(None, differences):
            warnings.warn(
                f"Output of the traced function does not match the corresponding output of the Python function: {text}",
                TracerWarning,
                stacklevel=2,
            )
    return traced


def as_inputs(example: Any) -> Inputs:
    """Arguments as a tuple; a lone one stands for itself."""
    if isinstance(example, list):
        return tuple(example)
    return example if isinstance(example, tuple) else (example,)
