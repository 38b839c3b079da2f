"""Moving averages of variables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trivium import ops
from trivium.averaging import moving_average, young_decay

from ..build import call, converted
from ..collection import GraphKeys
from ..control import group
from ..creation import zeros
from ..graph import get_default_graph
from ..operation import Operation, Tensor
from ..variable import Variable, global_variables, trainable_variables

__all__ = ["ExponentialMovingAverage"]


class ExponentialMovingAverage:
    """Averages in which older values count less and less.

    num_updates: how many updates were made; while they are few, the decay is smaller
    zero_debias: averages of tensors start at 0, and are corrected for that
    """

    def __init__(
        self, decay: Any, num_updates: Any = None, zero_debias: bool = False, name: str = "ExponentialMovingAverage"
    ) -> None:
        self._decay, self._num_updates, self._zero_debias, self._name = decay, num_updates, zero_debias, name
        self._averages: dict[Any, Variable] = {}
        self._shown: dict[Any, Tensor] = {}

    @property
    def name(self) -> str:
        """The end of the names of its variables."""
        return self._name

    def apply(self, var_list: Sequence[Any] | None = None) -> Operation:
        """An operation that updates the averages of variables or tensors; of trainable variables if none are given."""
        graph = get_default_graph()
        watched = trainable_variables() if var_list is None else list(var_list)
        for var in watched:
            if var in self._averages:
                raise ValueError(f"Moving average already computed for: {var.name}")
            with graph.control_dependencies(None), graph.name_scope(None):
                self._averages[var] = self._start(var)
            if isinstance(var, Variable):
                graph.add_to_collection(GraphKeys.MOVING_AVERAGE_VARIABLES, var)
        with graph.name_scope(self._name) as scope:
            decay = self._decay_now()
            updates = [self._update(var, decay) for var in watched]
            return group(*updates, name=scope)

    def _start(self, var: Any) -> Variable:
        name = f"{var.op.name}/{self._name}"
        if isinstance(var, Variable):
            return Variable(lambda: var.initialized_value(), trainable=False, name=name)
        if not isinstance(var, Tensor):
            raise TypeError(f"The variables must be variables or tensors: {var}")
        return Variable(lambda: zeros(var.get_shape(), var.dtype), trainable=False, name=name)

    def _decay_now(self) -> Tensor:
        decay = converted(self._decay, None, get_default_graph(), "decay")
        if self._num_updates is None:
            return decay
        return call(
            "Minimum", lambda decay, made: young_decay(decay, ops.cast(made, dtype=decay.spec.dtype.name)), None,
            free=("num_updates",), decay=decay, num_updates=self._num_updates,
        )  # fmt: skip

    def _update(self, var: Any, decay: Tensor) -> Tensor:
        average = self._averages[var]
        now = var.read_value() if isinstance(var, Variable) else var
        following = call(
            "MovingAverage", moving_average, "moving_average", average=average.read_value(), value=now, decay=decay
        )
        updated = average.assign(following)
        if self._zero_debias and not isinstance(var, Variable):
            updated = self._debiased(var, average, updated, decay)
        return updated

    def _debiased(self, var: Any, average: Variable, updated: Tensor, decay: Tensor) -> Tensor:
        graph = get_default_graph()
        with graph.control_dependencies(None), graph.name_scope(None):
            share = Variable(1.0, trainable=False, name=f"{average.op.name}/share")
        with graph.control_dependencies([updated]):
            left = share.assign(call("Mul", lambda x, y: x * y, None, x=share.read_value(), y=decay))
        self._shown[var] = call(
            "Debias", lambda x, left: x / ops.where(left < 1.0, 1.0 - left, 1.0), "debiased",
            x=average.as_tensor(), left=share.as_tensor(),
        )  # fmt: skip
        return left

    def average(self, var: Any) -> Any:
        """The average of a variable or tensor; None where there is none."""
        return self._shown.get(var, self._averages.get(var))

    def average_name(self, var: Any) -> str:
        """The name of the variable that holds an average, whether it exists or not."""
        return self._averages[var].op.name if var in self._averages else f"{var.op.name}/{self._name}"

    def variables_to_restore(self, moving_avg_variables: Sequence[Any] | None = None) -> dict[str, Any]:
        """For a Saver: variables by the names of their averages where they have one, else by their own."""
        if moving_avg_variables is None:
            watched = dict.fromkeys([
                *trainable_variables(), *get_default_graph().get_collection(GraphKeys.MOVING_AVERAGE_VARIABLES)
            ])  # fmt: skip
        else:
            watched = dict.fromkeys(moving_avg_variables)
        named = {self.average_name(var): var for var in watched}
        averaged = {variable.op.name for variable in watched}
        for variable in global_variables():
            if variable.op.name not in averaged and variable.op.name not in named:
                named[variable.op.name] = variable
        return named
