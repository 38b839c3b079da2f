"""Sessions: where a graph runs, and where the values of its variables live."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
from attrs import frozen

from trivium.config import as_device, current_device, override
from trivium.errors import KernelError, StateError, TriviumError
from trivium.graph import ASSIGN, CONSTANT, PLACEHOLDER, READ, Node, Symbol
from trivium.program import Program
from trivium.storage import Storage
from trivium.store import SessionStore

from . import errors
from .collection import GraphKeys
from .default import pushed, stacks
from .device import DeviceAttributes, is_present, present_devices
from .feeding import feeds_of
from .fetching import element_of, leaves, rebuilt, with_values
from .graph import Graph, get_default_graph
from .observing import Observer, is_checking
from .operation import Operation, Tensor
from .options import ConfigProto, RunOptions
from .random import RandomSlot
from .staging import Drawing, sinks_of, sources_of
from .variable import Variable
from .wording import placed

__all__ = ["Session", "InteractiveSession"]


class State(SessionStore):
    """The values of one session's variables; random operations start over in each."""

    def __init__(self, device: Any) -> None:
        super().__init__()
        self._device = device

    def find(self, slot: Any) -> Storage | None:
        found = super().find(slot)
        if found is None and isinstance(slot, RandomSlot):
            found = Storage(self._device.upload(slot.start.copy()), self._device)
            self.adopt(slot, found)
        return found


@frozen(eq=False)
class Plan:
    """A Program for some fetches and feeds, and where the result of each fetch stands among its own.

    sources: operations whose values Python gives before it runs
    sinks:   operations that take values after it, and where these stand
    """

    program: Program
    places: tuple[int | None, ...]
    sources: tuple[Operation, ...]
    sinks: tuple[tuple[Operation, tuple[int | None, ...]], ...]


class Session:
    """A place to run a graph.

    target: of a remote runtime; only "" is known
    graph:  the default one when left out
    config: a ConfigProto
    """

    def __init__(self, target: str = "", graph: Graph | None = None, config: Any = None) -> None:
        if target:
            raise errors.UnimplementedError(None, None, f"Session target {target!r}: only '' (this process) is known")
        if config is not None and not isinstance(config, ConfigProto):
            raise TypeError(f"config must be a tf.ConfigProto, but got {type(config)}")
        self.graph = get_default_graph() if graph is None else graph
        self._config = config or ConfigProto()
        counts = self._config.device_count
        self._device = current_device() if counts.get("GPU", 1) else as_device("cpu")
        self._devices = present_devices(self._device, counts, self._config.gpu_options.visible_device_list)
        kind = "CPU" if self._device.backend.is_host else "GPU"
        self._here = next(device for device in self._devices if device.device_type == kind)
        self._settings = ExitStack()
        if threads := self._config.intra_op_parallelism_threads:
            self._settings.enter_context(override(num_threads=threads))
        self._state = State(self._device)
        self._plans: dict[Any, Plan] = {}
        self._entered: list[ExitStack] = []
        self._closed = False

    # -- running ---------------------------------------------------------------------------------------

    def run(self, fetches: Any, feed_dict: Any = None, options: Any = None, run_metadata: Any = None) -> Any:
        """The values of tensors; None for operations, which have run then.

        fetches:      a tensor, operation, variable or name, or lists, tuples and dicts of them
        feed_dict:    values for tensors, of placeholders and any others
        run_metadata: told how long each step took, if options ask for a trace
        """
        self._check_open()
        elements = [element_of(self.graph, fetch) for fetch in leaves(fetches)]
        feeds, texts = feeds_of(self.graph, feed_dict)
        observer = self._observer(options)
        values = self._run(tuple(elements), feeds, texts, observer)
        if observer is not None:
            observer.report(run_metadata)
        return rebuilt(fetches, iter(values))

    def make_callable(self, fetches: Any, feed_list: Sequence[Any] | None = None, accept_options: bool = False) -> Any:
        """A function of the values of `feed_list` that runs the fetches."""
        keys = list(feed_list or ())
        with_values(fetches, lambda fetch: element_of(self.graph, fetch))

        def run(*values: Any, options: Any = None, run_metadata: Any = None) -> Any:
            if len(values) != len(keys):
                raise ValueError(f"expected {len(keys)} feed values, got {len(values)}")
            return self.run(fetches, dict(zip(keys, values)), options, run_metadata)

        return run

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeError("Attempted to use a closed Session.")
        if not self.graph.version:
            raise RuntimeError("The Session graph is empty.  Add operations to the graph before calling run().")

    def _observer(self, options: Any) -> Observer | None:
        traced = options is not None and options.trace_level != RunOptions.NO_TRACE
        if not traced and not is_checking():
            return None
        return Observer(self.graph, self._device, self._here.name, traced, is_checking())

    def _run(
        self, elements: tuple[Any, ...], feeds: dict[Symbol, np.ndarray], texts: dict[Tensor, Any],
        observer: Observer | None,
    ) -> list[Any]:  # fmt: skip
        key = elements, frozenset(feeds)
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = self._planned(elements, tuple(feeds))
        drawing = Drawing(self, texts)
        results = self._results(plan.program, {**drawing.symbols(plan.sources), **feeds}, observer)
        for op, places in plan.sinks:
            op.sink(self, *[self._value(x, place, results, drawing) for x, place in zip(op.inputs, places)])
        return [self._value(element, place, results, drawing) for element, place in zip(elements, plan.places)]

    def _results(self, program: Program, feeds: dict[Symbol, np.ndarray], observer: Observer | None) -> list[Any]:
        try:
            with np.errstate(all="ignore"):  # infinities and NaN are values; see tf.debugging
                return program.run(feeds, observer)
        except StateError as error:
            raise self._uninitialized(program, error) from None
        except MemoryError as error:
            raise self._translated(errors.ResourceExhaustedError, error) from error
        except KernelError as error:
            raise self._translated(errors.UnimplementedError, error) from error
        except (TriviumError, ValueError, ArithmeticError, IndexError) as error:
            raise self._translated(errors.InvalidArgumentError, error) from error

    def _value(self, element: Any, place: int | None, results: list[Any], drawing: Drawing) -> Any:
        if isinstance(element, Operation):
            if element.evaluate is not None and not element.outputs:
                element.evaluate(self)
            return None
        if place is None:
            return drawing.text(element)
        return results[place].numpy()[()]

    def _planned(self, elements: tuple[Any, ...], fed: tuple[Symbol, ...]) -> Plan:
        fetched: dict[Symbol, int] = {}
        updates: dict[Symbol, None] = {}
        places: list[int | None] = []
        for element in elements:
            if isinstance(element, Tensor):
                places.append(None if element.symbol is None else fetched.setdefault(element.symbol, len(fetched)))
            else:
                places.append(None)
                for symbol in element.symbols():
                    if symbol.node.op is ASSIGN:
                        updates[symbol] = None
                    elif symbol.node.op not in (READ, CONSTANT):
                        fetched.setdefault(symbol, len(fetched))  # computed, and not looked at
        taken = [
            (op, tuple([None if x.symbol is None else fetched.setdefault(x.symbol, len(fetched)) for x in op.inputs]))
            for op in sinks_of(elements)
        ]
        needed = Needed.of(self.graph, [*fetched, *updates], fed)
        looked_at = [*elements, *[x for op, _ in taken for x in op.inputs]]
        texts = [x for element in looked_at for x in getattr(element, "outputs", [element])]
        sources = sources_of(self.graph, needed.nodes, fed, texts)
        given = [x.symbol for op in sources for x in op.outputs if x.symbol is not None and x.symbol not in fed]
        self._check(needed, {*fed, *given})
        if self._config.log_device_placement:
            self._tell_placement(needed)
        program = Program(
            list(fetched), updates=[*updates, *needed.reactions], fed=[*fed, *given], device=self._device,
            store=self._state,
        )  # fmt: skip
        return Plan(program, tuple(places), tuple(sources), tuple(taken))

    # -- what can be wrong -----------------------------------------------------------------------------

    def _check(self, needed: Needed, fed: set[Symbol]) -> None:
        is_training = False
        for node in needed.nodes:
            op = self.graph.owner(node)
            if node.op is PLACEHOLDER and node.outputs[0] not in fed:
                spec = node.specs[0]
                raise errors.InvalidArgumentError(
                    op and op.node_def, op,
                    f"You must feed a value for placeholder tensor '{node.name}' with dtype "
                    f"{op.outputs[0].dtype.word if op else spec.dtype} and shape "
                    f"{placed(spec)}{needed.path(self.graph, node)}",
                )  # fmt: skip
            if op is not None:
                is_training |= op.type.startswith("Apply")
                self._check_device(op)
        if is_training:
            self._check_updates(needed)

    def _check_device(self, op: Operation) -> None:
        if not op.device or self._config.allow_soft_placement:
            return
        if not is_present(op.device, self._devices):
            raise errors.InvalidArgumentError(
                op.node_def, op,
                f"Cannot assign a device for operation {op.name}: Operation was explicitly assigned to {op.device} but "
                f"available devices are [ {', '.join([device.name for device in self._devices])} ]; a session with "
                "ConfigProto(allow_soft_placement=True) runs it on one of these",
            )  # fmt: skip

    def _tell_placement(self, needed: Needed) -> None:
        for op in dict.fromkeys([op for node in reversed(needed.nodes) if (op := self.graph.owner(node))]):
            print(f"{op.name}: ({op.type}): {self._here.name}", file=sys.stderr)

    def _check_updates(self, needed: Needed) -> None:
        waiting = self.graph.get_collection(GraphKeys.UPDATE_OPS)
        symbols = [
            symbol for value in waiting for symbol in (value if isinstance(value, Operation) else value.op).symbols()
        ]
        if symbols and not any(symbol.node in needed.nodes for symbol in symbols):
            warnings.warn(
                f"training runs without the {len(waiting)} operations in tf.GraphKeys.UPDATE_OPS, so "
                f"moving averages stay "
                "as they are; make the training operation inside tf.control_dependencies(tf.get_collection("
                "tf.GraphKeys.UPDATE_OPS))",
                UserWarning, stacklevel=6,
            )  # fmt: skip

    def _uninitialized(self, program: Program, error: StateError) -> Exception:
        for node in program.block.nodes:
            if node.op is READ and self._state.find(node.settings["slot"]) is None:
                name = node.settings["slot"].name
                op = self.graph.owner(node)
                text = (
                    f"Attempting to use uninitialized value {name}; run "
                    f"tf.global_variables_initializer(), or restore a "
                    "checkpoint, first"
                )
                return errors.FailedPreconditionError(op and op.node_def, op, text)
        return errors.FailedPreconditionError(None, None, str(error))

    def _translated(self, kind: type[errors.OpError], error: Exception) -> errors.OpError:
        op = None
        for note in getattr(error, "__notes__", ()):
            name = note.removeprefix("in ").partition(" made at ")[0]
            op = op or next((o for o in self.graph.get_operations() if o.name == name), None)
        if isinstance(error, errors.OpError):  # raised by Python inside the graph, or by who looked at the run
            return type(error)(
                error.node_def or (op and op.node_def), error.op or op, error.message, error.error_code
            )  # fmt: skip
        return kind(op and op.node_def, op, str(error))

    # -- state -----------------------------------------------------------------------------------------

    def is_initialized(self, variable: Variable) -> bool:
        """Whether a variable has a value here."""
        return self._state.find(variable.slot) is not None

    def load(self, variable: Variable, value: np.ndarray) -> None:
        """Give a variable a value here."""
        if variable.graph is not self.graph:
            raise ValueError(f"Variable {variable.name} is not an element of this graph.")
        if not variable.spec.accepts(value.shape):
            raise ValueError(f"Cannot load value of shape {value.shape} into {variable!r}")
        self._state.write(variable.slot, self._device.upload(np.array(value, order="C")), self._device)

    def state_of(self, variable: Variable) -> np.ndarray:
        """A copy of what a variable holds here."""
        if not self.is_initialized(variable):
            text = f"Attempting to use uninitialized value {variable.op.name}"
            raise errors.FailedPreconditionError(variable.op.node_def, variable.op, text)
        return np.array(self._state.tensor(variable.slot).numpy())

    # -- its life --------------------------------------------------------------------------------------

    @property
    def is_closed(self) -> bool:
        """Whether it was closed."""
        return self._closed

    @property
    def graph_def(self) -> Any:
        """What a saved graph says about each operation."""
        return self.graph.as_graph_def()

    @property
    def sess_str(self) -> str:
        """The target."""
        return ""

    def list_devices(self) -> list[DeviceAttributes]:
        """The devices that operations can run on."""
        return list(self._devices)

    def close(self) -> None:
        """Let everything go that was computed here."""
        self._closed = True
        self._settings.close()
        self._plans.clear()
        self._state = State(self._device)

    @contextmanager
    def as_default(self) -> Iterator[Session]:
        """Let `eval` and `run` of tensors and operations use this session; it stays open."""
        with pushed(stacks.sessions, self):
            yield self

    def __enter__(self) -> Session:
        entered = ExitStack()
        entered.enter_context(self.graph.as_default())
        entered.enter_context(self.as_default())
        self._entered.append(entered)
        return self

    def __exit__(self, *error: Any) -> None:
        self._entered.pop().close()
        if not self._entered:
            self.close()

    def __del__(self) -> None:
        if not getattr(self, "_closed", True):
            warnings.warn(f"unclosed {self!r}; close it, or use `with`", ResourceWarning, stacklevel=2, source=self)

    def __repr__(self) -> str:
        return f"<tf.{type(self).__name__} on {self._device}>"


class InteractiveSession(Session):
    """A session that is the default one from its start until it is closed, for use at a prompt."""

    def __init__(self, target: str = "", graph: Graph | None = None, config: Any = None) -> None:
        super().__init__(target, graph, config)
        self._standing = ExitStack()
        if graph is not None:
            self._standing.enter_context(graph.as_default())
        self._standing.enter_context(self.as_default())

    def close(self) -> None:
        """Stop being the default session."""
        super().close()
        self._standing.close()


@frozen(eq=False)
class Needed:
    """The core calls that some symbols depend on, and the assignments that happen with them.

    reached: for each call, the one that needs it; None for what was asked for
    """

    nodes: dict[Node, Node | None]
    reactions: list[Symbol]

    @classmethod
    def of(cls, graph: Graph, wanted: Sequence[Symbol], fed: Sequence[Symbol]) -> Needed:
        """Walk from what is wanted to where values come from; stop at what is fed."""
        stops, nodes = set(fed), {}
        reactions: list[Symbol] = []
        queue: list[tuple[Node, Node | None]] = [(symbol.node, None) for symbol in wanted if symbol not in stops]
        for node, reader in queue:
            if node in nodes:
                continue
            nodes[node] = reader
            operands = [x.node for x in node.inputs if x is not None and x not in stops]
            reacting = graph.reactive.get(node, [])
            reactions += reacting
            queue += [(x, node) for x in (*operands, *node.controls, *[symbol.node for symbol in reacting])]
        return cls(nodes, reactions)

    def path(self, graph: Graph, node: Node) -> str:
        """Which fetch needs a call, through which operations."""
        names: list[str] = []
        reader = self.nodes[node]
        while reader is not None:
            op = graph.owner(reader)
            name = op.name if op else reader.op.name
            if not names or names[-1] != name:
                names.append(name)
            reader = self.nodes[reader]
        if not names:
            return ""
        way = f", through {' <- '.join(reversed(names[:-1]))}" if len(names) > 1 else ""
        return f"; fetch '{names[-1]}' needs it{way}"
