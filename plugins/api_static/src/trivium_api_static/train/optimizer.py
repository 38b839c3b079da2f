"""Optimizers: TensorFlow's names, conventions and slot variables around the core's rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from trivium import ops
from trivium.graph import Symbol
from trivium.optimizer import Memory, apply_gradients
from trivium.registry import find_optimizer

from .. import dtypes
from ..bridge import captured_parameters
from ..build import assumed, call, converted, graph_of
from ..collection import GraphKeys
from ..conversion import as_tensor
from ..gradient import gradients
from ..graph import Graph, get_default_graph
from ..operation import Operation, Tensor
from ..variable import Variable, trainable_variables

__all__ = [
    "Optimizer", "GradientDescentOptimizer", "MomentumOptimizer", "AdamOptimizer", "AdagradOptimizer",
    "AdadeltaOptimizer", "RMSPropOptimizer", "FtrlOptimizer",
]  # fmt: skip


class Optimizer:
    """Something that makes variables better with the gradients of a loss.

    rule:  the name of the core's optimizer, and its settings
    words: TensorFlow's word for each thing that the rule remembers, and the rule's
    """

    GATE_NONE, GATE_OP, GATE_GRAPH = 0, 1, 2

    rule = "SGD"
    words: dict[str, str] = {}  # noqa: RUF012 - never changed

    def __init__(self, use_locking: bool = False, name: str = "Optimizer") -> None:
        if not name:
            raise ValueError("Must specify the optimizer name")
        self._name = name
        self._slots: dict[tuple[Any, str], Variable] = {}

    def get_name(self) -> str:
        """Its name."""
        return self._name

    # -- what a kind of optimizer says -------------------------------------------------------------------

    def settings(self) -> dict[str, Any]:
        """The core rule's settings."""
        return {}

    def hyper(self, graph: Graph) -> dict[str, Any]:
        """The hyperparameters as numbers and symbols."""
        return {}

    def prepare(self, variables: Sequence[Any]) -> None:
        """Make the variables that all parameters share."""

    def finish(self, graph: Graph) -> list[Tensor]:
        """What happens once in each step, besides the parameters' own updates."""
        return []

    # -- what a user calls -------------------------------------------------------------------------------

    def minimize(
        self, loss: Any, global_step: Any = None, var_list: Any = None, gate_gradients: int = GATE_OP,
        aggregation_method: Any = None, colocate_gradients_with_ops: bool = False, name: str | None = None,
        grad_loss: Any = None,
    ) -> Operation:  # fmt: skip
        """An operation that makes one step; a loss with several elements counts as their sum."""
        pairs = self.compute_gradients(loss, var_list, grad_loss=grad_loss)
        if not any(gradient is not None for gradient, _ in pairs):
            raise ValueError(
                "No gradients provided for any variable, check your graph for ops that do not support "
                "gradients, between "
                f"variables {[str(v) for _, v in pairs]} and loss {loss}."
            )
        return self.apply_gradients(pairs, global_step, name)

    def compute_gradients(
        self, loss: Any, var_list: Any = None, gate_gradients: int = GATE_OP, aggregation_method: Any = None,
        colocate_gradients_with_ops: bool = False, grad_loss: Any = None,
    ) -> list[tuple[Tensor | None, Any]]:  # fmt: skip
        """(gradient, variable) for each trainable variable, or each of `var_list`; None where none flows.

        Parameters of layers and modules of other styles that the graph uses count as trainable variables.
        """
        graph = graph_of([loss])
        with graph.as_default():
            if var_list is None:
                variables = [*trainable_variables(), *captured_parameters(graph)]
            else:
                variables = list(var_list) if isinstance(var_list, (list, tuple)) else [var_list]
            if not variables:
                raise ValueError("No variables to optimize.")
            return list(zip(gradients(loss, variables, grad_loss), variables))

    def apply_gradients(
        self, grads_and_vars: Iterable[tuple[Any, Any]], global_step: Any = None, name: str | None = None
    ) -> Operation:
        """An operation that makes one step with gradients that are given."""
        grads_and_vars = list(grads_and_vars)  # `zip(gradients, variables)` can be read only once
        pairs = [(gradient, variable) for gradient, variable in grads_and_vars if gradient is not None]
        if not grads_and_vars:
            raise ValueError("No variables provided.")
        if not pairs:
            raise ValueError(f"No gradients provided for any variable: {[str(v) for _, v in grads_and_vars]}.")
        graph = graph_of([gradient for gradient, _ in pairs])
        with graph.as_default():
            with graph.control_dependencies(None), graph.name_scope(None):
                self.prepare([variable for _, variable in pairs])
                memory = Memory(make=self._slot_maker(graph))
                rule = find_optimizer(self.rule)(**self.settings())
                for _, variable in pairs:
                    for word, start in rule.slots().items():
                        memory.slot(_state_of(variable), word, start)
            with graph.name_scope(name or self._name) as scope:
                hyper = self.hyper(graph)
                done = [self._update(rule, memory, hyper, gradient, variable, graph) for gradient, variable in pairs]
                done += self.finish(graph)
            if global_step is None:
                made = graph.effect("NoOp", scope[:-1], done)
            else:
                with graph.control_dependencies(done):
                    step = global_step.op.outputs[0]
                    made = graph.operation(
                        "AssignAdd", scope[:-1], [step],
                        lambda _: graph.here.assign(global_step.slot, graph.here.read(global_step.slot) + 1),
                    )  # fmt: skip
            graph.add_to_collection(GraphKeys.TRAIN_OP, made)
        return made

    def _update(
        self, rule: Any, memory: Memory, hyper: dict[str, Any], gradient: Any, variable: Any, graph: Graph
    ) -> Tensor:
        state = _state_of(variable)
        name = variable.op.name if isinstance(variable, Variable) else getattr(variable, "name", None) or "parameter"
        given = as_tensor(gradient, graph)
        assigned: list[Symbol] = []

        def apply(g: Symbol) -> Symbol:
            assigned.extend(apply_gradients(rule, [(state, g)], memory, hyper))
            return assigned[0]

        with graph.name_scope(f"update_{name}"):
            kind = f"Apply{type(self).__name__.removesuffix('Optimizer')}"
            made = graph.operation(kind, graph.unique_name(kind), [given], apply)
        graph.react(assigned[0].node, assigned[1:])
        constraint = getattr(variable, "constraint", None)
        if constraint is None:
            return made.outputs[0]
        with graph.control_dependencies([made]):
            return variable.assign(constraint(variable.read_value()))

    # -- what it remembers -------------------------------------------------------------------------------

    def _slot_maker(self, graph: Graph) -> Callable[[Any, str, float], Any]:
        def make(state: Any, word: str, start: float) -> Any:
            found = self._slots.get((state, word))
            if found is None:
                name = f"{state.name or 'parameter'}/{self.slot_name(word)}"
                found = self._slots[state, word] = _filled(name, state.spec, start)
            return found.slot

        return make

    def slot_name(self, word: str) -> str:
        """The end of the name of a variable that holds what the rule remembers under a word."""
        return self._name

    def get_slot(self, var: Any, name: str) -> Variable | None:
        """What is remembered for a variable under a name: "momentum", "m", "v"."""
        return self._slots.get((_state_of(var), self.words.get(name, name)))

    def get_slot_names(self) -> list[str]:
        """The names for `get_slot`."""
        kept = find_optimizer(self.rule)(**self.settings()).slots()
        return sorted([name for name, word in self.words.items() if word in kept])

    def variables(self) -> list[Variable]:
        """Everything that it remembers."""
        return list(self._slots.values())


def _state_of(variable: Any) -> Any:
    """What the core assigns: a variable's slot, or a parameter of another style."""
    return variable.slot if isinstance(variable, Variable) else variable


def _filled(name: str, spec: Any, start: float) -> Variable:
    def first() -> Symbol:
        return ops.full(shape=spec.shape, value=start, dtype=spec.dtype.name, place=get_default_graph().core)

    return Variable(lambda: call("Fill", first, "zeros" if start == 0 else "ones"), trainable=False, name=name)


def _number(value: Any, graph: Graph, name: str) -> Any:
    """A hyperparameter: a number as it is, a tensor's symbol; functions are asked."""
    value = value() if callable(value) else value
    if not (isinstance(value, Tensor) or hasattr(value, "as_tensor")):
        try:
            return float(value)
        except (TypeError, ValueError):
            raise TypeError(f"{name}: {value!r} is no number; give a number or a scalar tensor") from None
    return assumed(converted(value, None, graph, name).symbol, ())


class GradientDescentOptimizer(Optimizer):
    """value -= learning_rate * gradient."""

    def __init__(self, learning_rate: Any, use_locking: bool = False, name: str = "GradientDescent") -> None:
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate

    def hyper(self, graph: Graph) -> dict[str, Any]:
        return {"learning_rate": _number(self._learning_rate, graph, "learning_rate")}


class MomentumOptimizer(Optimizer):
    """accumulation = momentum * accumulation + gradient; value -= learning_rate * accumulation."""

    words = {"momentum": "velocity"}  # noqa: RUF012

    def __init__(
        self, learning_rate: Any, momentum: Any, use_locking: bool = False, name: str = "Momentum",
        use_nesterov: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(use_locking, name)
        self._learning_rate, self._momentum, self._nesterov = learning_rate, momentum, use_nesterov

    def settings(self) -> dict[str, Any]:
        return {"momentum": 0.9, "nesterov": self._nesterov, "rate": "outside"}  # the number itself is a hyperparameter

    def hyper(self, graph: Graph) -> dict[str, Any]:
        return {
            "learning_rate": _number(self._learning_rate, graph, "learning_rate"),
            "momentum": _number(self._momentum, graph, "momentum"),
        }


class AdamOptimizer(Optimizer):
    """Adam in the form with "epsilon hat" (Kingma & Ba, 2015, end of section 2).

    The powers of beta1 and beta2 are variables, as checkpoints of the time have them.
    """

    rule = "Adam"
    words = {"m": "m", "v": "v"}  # noqa: RUF012

    def __init__(
        self, learning_rate: Any = 0.001, beta1: Any = 0.9, beta2: Any = 0.999, epsilon: Any = 1e-08,
        use_locking: bool = False, name: str = "Adam",
    ) -> None:  # fmt: skip
        super().__init__(use_locking, name)
        self._learning_rate, self._epsilon = learning_rate, epsilon
        self._betas = beta1, beta2
        self._powers: dict[Graph, list[Variable]] = {}

    def settings(self) -> dict[str, Any]:
        return {"epsilon_form": "hat"}

    def prepare(self, variables: Sequence[Any]) -> None:
        graph = get_default_graph()
        if graph not in self._powers:
            self._powers[graph] = [
                Variable(beta, trainable=False, name=name, dtype=dtypes.float32)
                for beta, name in zip(self._betas, ("beta1_power", "beta2_power"))
            ]

    def hyper(self, graph: Graph) -> dict[str, Any]:
        first, second = [graph.here.read(power.slot) for power in self._powers[graph]]
        rate = _number(self._learning_rate, graph, "learning_rate")
        return {
            "learning_rate": rate * ops.sqrt(1.0 - second) / (1.0 - first),
            "beta1": _number(self._betas[0], graph, "beta1"),
            "beta2": _number(self._betas[1], graph, "beta2"),
            "epsilon": _number(self._epsilon, graph, "epsilon"),
            "step": float("inf"),  # where the rule corrects nothing: the rate above is corrected already
        }

    def finish(self, graph: Graph) -> list[Tensor]:
        return [
            graph.operation(
                "Assign", graph.unique_name("Assign"), power.op.outputs,
                lambda _, power=power, beta=beta: graph.here.assign(
                    power.slot, graph.here.read(power.slot) * _number(beta, graph, "beta")
                ),
            ).outputs[0]
            for power, beta in zip(self._powers[graph], self._betas)
        ]  # fmt: skip

    def variables(self) -> list[Variable]:
        return [*super().variables(), *[power for powers in self._powers.values() for power in powers]]


class AdagradOptimizer(Optimizer):
    """accumulation += gradient**2; value -= learning_rate * gradient / sqrt(accumulation)."""

    rule = "Adagrad"
    words = {"accumulator": "sum"}  # noqa: RUF012

    def __init__(
        self, learning_rate: Any, initial_accumulator_value: float = 0.1, use_locking: bool = False,
        name: str = "Adagrad",
    ) -> None:  # fmt: skip
        if initial_accumulator_value <= 0.0:
            raise ValueError(f"initial_accumulator_value must be positive: {initial_accumulator_value}")
        super().__init__(use_locking, name)
        self._learning_rate, self._start = learning_rate, initial_accumulator_value

    def settings(self) -> dict[str, Any]:
        return {"start": self._start, "epsilon": 0.0}

    def hyper(self, graph: Graph) -> dict[str, Any]:
        return {"learning_rate": _number(self._learning_rate, graph, "learning_rate")}


class AdadeltaOptimizer(Optimizer):
    """Steps as long as recent steps were, relative to recent gradients (Zeiler, 2012, arXiv:1212.5701)."""

    rule = "Adadelta"
    words = {"accum": "square", "accum_update": "step"}  # noqa: RUF012

    def __init__(
        self, learning_rate: Any = 0.001, rho: Any = 0.95, epsilon: Any = 1e-8, use_locking: bool = False,
        name: str = "Adadelta",
    ) -> None:  # fmt: skip
        super().__init__(use_locking, name)
        self._numbers = {"learning_rate": learning_rate, "decay": rho, "epsilon": epsilon}

    def hyper(self, graph: Graph) -> dict[str, Any]:
        return {name: _number(value, graph, name) for name, value in self._numbers.items()}


class RMSPropOptimizer(Optimizer):
    """Steps divided by the root of a running mean, which starts at 1, of the squared gradient.

    epsilon stands inside the root; the learning rate inside the momentum.
    """

    rule = "RMSprop"
    words = {"rms": "square", "mg": "mean", "momentum": "velocity"}  # noqa: RUF012

    def __init__(
        self, learning_rate: Any, decay: Any = 0.9, momentum: Any = 0.0, epsilon: Any = 1e-10,
        use_locking: bool = False, centered: bool = False, name: str = "RMSProp",
    ) -> None:  # fmt: skip
        super().__init__(use_locking, name)
        self._numbers = {"learning_rate": learning_rate, "decay": decay, "momentum": momentum, "epsilon": epsilon}
        self._centered = centered

    def settings(self) -> dict[str, Any]:
        return {
            "momentum": 0.9,  # the number itself is a hyperparameter; its variable is there in any case
            "centered": self._centered, "epsilon_place": "inside", "rate": "inside", "start": 1.0,
        }  # fmt: skip

    def hyper(self, graph: Graph) -> dict[str, Any]:
        return {name: _number(value, graph, name) for name, value in self._numbers.items()}


class FtrlOptimizer(Optimizer):
    """Follows the regularized leader, which makes weights exactly 0 (McMahan et al., 2013)."""

    rule = "Ftrl"
    words = {"accum": "accumulator", "linear": "linear"}  # noqa: RUF012

    def __init__(
        self, learning_rate: Any, learning_rate_power: float = -0.5, initial_accumulator_value: float = 0.1,
        l1_regularization_strength: Any = 0.0, l2_regularization_strength: Any = 0.0, use_locking: bool = False,
        name: str = "Ftrl", accum_name: str | None = None, linear_name: str | None = None,
        l2_shrinkage_regularization_strength: float = 0.0,
    ) -> None:  # fmt: skip
        if learning_rate_power > 0.0:
            raise ValueError(f"learning_rate_power {learning_rate_power} needs to be negative or zero")
        super().__init__(use_locking, name)
        self._numbers = {
            "learning_rate": learning_rate, "l1": l1_regularization_strength, "l2": l2_regularization_strength
        }  # fmt: skip
        self._power, self._start = -learning_rate_power, initial_accumulator_value
        self._shrinkage = l2_shrinkage_regularization_strength
        self._slot_names = {"accumulator": accum_name, "linear": linear_name}

    def settings(self) -> dict[str, Any]:
        return {"power": self._power, "start": self._start, "shrinkage": self._shrinkage}

    def hyper(self, graph: Graph) -> dict[str, Any]:
        return {name: _number(value, graph, name) for name, value in self._numbers.items()}

    def slot_name(self, word: str) -> str:
        return self._slot_names[word] or self._name
