"""An optimizer's step, repeated by a compiled function: the rule is in the program, the numbers are asked for anew."""

from typing import Any

from attrs import define, fields

from ..compiler.effects import Effect
from ..compiler.live import Live


@define
class Part:
    """Parameters that made their step together.

    kept:   the tensors that are remembered for them
    form:   what of the rule is in the program
    number: hyperparameters of the present step
    """

    group: Any
    params: list[Any]
    kept: list[Any]
    form: Any
    number: dict[str, float]


class StepAgain(Effect):
    """What a step changes besides tensors: the number of the step, and what follows from it."""

    def __init__(self, optimizer: Any) -> None:
        self.optimizer = optimizer
        self.parts: list[Part] = []
        self.sizes = sizes_of(optimizer)

    def live(self, group: Any, params: list[Any], hyper: dict[str, float]) -> dict[str, Any]:
        """The hyperparameters of a step, to be asked for at each run; one that is 0 is left out of the program."""
        numbers = dict(hyper)
        step = self.optimizer.state[params[0]]["step"]
        self.parts.append(Part(group, params, self.remembered(params), self.form(group, step, hyper), numbers))
        return {
            name: value if value == 0.0 else Live((id(numbers), name), lambda name=name: numbers[name])
            for name, value in hyper.items()
        }

    def remembered(self, params: list[Any]) -> list[Any]:
        """The tensors in the state of each parameter."""
        return [[value for value in self.optimizer.state[p].values() if hasattr(value, "spec")] for p in params]

    def form(self, group: Any, step: int, hyper: dict[str, float]) -> Any:
        """What of a step cannot change without another program."""
        rule = self.optimizer.rule(group, step == 1)
        fixed = [getattr(rule, each.name) for each in fields(type(rule)) if each.name not in rule.hyper]
        zeros = [name for name, value in hyper.items() if value == 0.0]
        return type(rule), fixed, list(rule.slots()), zeros, group.get("maximize")

    def fits(self) -> bool:
        """Whether the optimizer would take the same step, but for the numbers in it."""
        if sizes_of(self.optimizer) != self.sizes:
            return False
        for part in self.parts:
            state = self.optimizer.state
            if len({state[p].get("step") for p in part.params}) != 1:
                return False
            kept = self.remembered(part.params)
            if [list(map(id, each)) for each in kept] != [list(map(id, each)) for each in part.kept]:
                return False
            step = int(state[part.params[0]]["step"]) + 1
            if self.form(part.group, step, self.optimizer.hyper(part.group, step)) != part.form:
                return False
        return True

    def before(self) -> None:
        """Count the step."""
        for part in self.parts:
            step = self.count(part, 1)
            part.number.update(self.optimizer.hyper(part.group, step))
        self.optimizer._steps_made += 1

    def undo(self) -> None:
        """Count it no more."""
        for part in self.parts:
            self.count(part, -1)
        self.optimizer._steps_made -= 1

    def count(self, part: Part, by: int) -> int:
        """Move the number of the step on."""
        state = self.optimizer.state
        step = int(state[part.params[0]]["step"]) + by
        for p in part.params:
            state[p]["step"] = step
        return step


def sizes_of(optimizer: Any) -> list[int]:
    """How many parameters each group has."""
    return [len(group["params"]) for group in optimizer.param_groups]
