"""What all optimizers share: groups of parameters with their own options, and state."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from typing import Any, ClassVar

from trivium.op import Leaf
from trivium.optimizer import Memory, apply_gradients
from trivium.optimizer import Optimizer as Rule
from trivium.tensor import Tensor as CoreTensor
from trivium.tensor import recording

from ..compiler.listening import listening
from ..creation import full_like
from ..errors import StateDictError
from ..indexing import as_value
from ..nn.module import clear_gradient
from ..tensors import fields_of
from .step_again import StepAgain


class Required:
    """An option without a default."""

    def __repr__(self) -> str:
        return "<required parameter>"


required = Required()


def as_core(x: CoreTensor) -> CoreTensor:
    """The same memory as a core tensor: the rules are in the core's words, where a number takes any tensor's dtype."""
    return fields_of(x, CoreTensor.__new__(CoreTensor))  # type: ignore[no-any-return]


# how PyTorch is to compute a step, not what: there is one way here
FLAGS = ("foreach", "fused", "capturable", "differentiable")


def known_flags(given: Mapping[str, Any]) -> dict[str, Any]:
    """PyTorch's flags, which change no number."""
    for name, value in given.items():
        if name not in FLAGS:
            raise TypeError(f"optimizer got an unexpected keyword argument {name!r}")
        if name == "differentiable" and value:
            raise NotImplementedError("differentiable=True: a step is not recorded; compute p - lr * g by hand")
    return dict(given)


class Optimizer:
    """Steps of a core optimizer for groups of parameters.

    A subclass says how a group's options become the core rule (`rule`) and its hyperparameters (`hyper`), and our
    names for what the rule remembers (`slots`).
    """

    slots: ClassVar[Mapping[str, str]] = {}

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self.state: defaultdict[Any, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        self._steps_made = 0
        if isinstance(params, CoreTensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, but got one Tensor"
            )
        params = list(params)
        if not params:
            raise ValueError("optimizer got an empty parameter list")
        for group in params if isinstance(params[0], dict) else [{"params": params}]:
            self.add_param_group(group)

    def add_param_group(self, param_group: Mapping[str, Any]) -> None:
        """Add parameters with options of their own."""
        if not isinstance(param_group, Mapping):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        given = param_group["params"]
        if isinstance(given, set):
            raise TypeError(
                "optimizer parameters need to be organized in ordered collections, but the ordering of tensors in sets "
                "will change between runs. Please use a list instead."
            )
        params = [given] if isinstance(given, CoreTensor) else list(given)
        for p in params:
            if not isinstance(p, CoreTensor):
                raise TypeError(f"optimizer can only optimize Tensors, but one of the params is {type(p).__name__}")
            if p.edge is not None and type(p.edge) is not Leaf:
                raise ValueError("can't optimize a non-leaf Tensor")
        if len({id(p) for p in params}) != len(params):
            raise ValueError("some parameters appear more than once in this group")
        if {id(p) for p in params} & {id(p) for group in self.param_groups for p in group["params"]}:
            raise ValueError("some parameters appear in more than one parameter group")
        group = {**param_group, "params": params}
        for name, default in self.defaults.items():
            if default is required and name not in group:
                raise ValueError(f"parameter group didn't specify a value of required optimization parameter {name}")
            group.setdefault(name, default)
        self.check(group)
        self.param_groups.append(group)

    # -- what a subclass says --------------------------------------------------------------------

    def check(self, group: Mapping[str, Any]) -> None:
        """Refuse options that make no sense."""
        for name in ("lr", "weight_decay", "momentum", "eps", "alpha", "rho", "lr_decay", "initial_accumulator_value"):
            if name not in group:
                continue
            words = {"lr": "learning rate", "eps": "epsilon value"}.get(name, f"{name} value")
            if isinstance(group[name], str):
                raise TypeError(f"Invalid {words}: {group[name]!r}; give a number")
            if not group[name] >= 0.0:  # NaN too
                raise ValueError(f"Invalid {words}: {group[name]}")

    def rule(self, group: Mapping[str, Any], is_first: bool) -> Rule:
        """The core optimizer that these options mean."""
        raise NotImplementedError

    def hyper(self, group: Mapping[str, Any], step: int) -> dict[str, Any]:
        """The core optimizer's hyperparameters for this step."""
        raise NotImplementedError

    # -- steps -----------------------------------------------------------------------------------

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients, or fill them with 0."""
        for group in self.param_groups:
            for p in group["params"]:
                if isinstance(p.edge, Leaf) and p.edge.value is not None:
                    clear_gradient(p, set_to_none)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change every parameter that has a gradient.

        closure: computes the loss anew, with its gradients
        return:  what the closure returned
        """
        loss = None
        if closure is not None:
            with recording(True):
                loss = closure()
        again = listening.recorder and listening.recorder.add(StepAgain(self))
        for group in self.param_groups:
            for step, params in self.by_step(group).items():
                self.step_group(group, step, params, again)
        self._steps_made += 1
        return loss

    def by_step(self, group: Mapping[str, Any]) -> dict[int, list[Any]]:
        """The parameters that have a gradient, by the number of this step for them."""
        found: dict[int, list[Any]] = {}
        for p in group["params"]:
            if isinstance(p.edge, Leaf) and p.edge.value is not None:
                made = self.state[p].get("step", 0) if p in self.state else 0
                found.setdefault(int(made) + 1, []).append(p)
        return found

    def step_group(self, group: Mapping[str, Any], step: int, params: list[Any], again: Any = None) -> None:
        """One step of the core rule for parameters that have made equally many.

        again: what will repeat it, where the step is being compiled
        """
        rule = self.rule(group, step == 1)
        names = rule.slots()
        memory, plain = Memory(), [as_core(p) for p in params]
        for p, core in zip(params, plain):
            state = self.state[p]
            state["step"] = step
            for slot, start in names.items():
                ours = self.slots[slot]
                if ours not in state:
                    with recording(False):
                        state[ours] = full_like(p, float(start))
                memory.slots[id(core), slot] = as_core(state[ours])
        hyper = self.hyper(group, step)
        if again is not None:
            hyper = again.live(group, params, hyper)
        gradients = [as_core(p.edge.value) for p in params]
        if group.get("maximize"):
            with recording(False):
                gradients = [-g for g in gradients]
        apply_gradients(rule, list(zip(plain, gradients)), memory, hyper=hyper)

    # -- state -----------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Options and state, with parameters as numbers in the order of the groups."""
        number = {id(p): i for i, p in enumerate(self._params())}
        groups = [
            {**{k: v for k, v in group.items() if k != "params"}, "params": [number[id(p)] for p in group["params"]]}
            for group in self.param_groups
        ]
        return {
            "state": {number[id(p)]: dict(s) for p, s in self.state.items() if id(p) in number},
            "param_groups": groups,
        }

    def _params(self) -> list[Any]:
        return [p for group in self.param_groups for p in group["params"]]

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from a saved state."""
        for key in ("state", "param_groups"):
            if key not in state_dict:
                raise StateDictError(f"loaded state dict has no {key!r}; load what optimizer.state_dict() returned")
        saved = state_dict["param_groups"]
        if len(saved) != len(self.param_groups):
            raise StateDictError("loaded state dict has a different number of parameter groups")
        if any([len(s["params"]) != len(g["params"]) for s, g in zip(saved, self.param_groups)]):
            raise StateDictError(
                "loaded state dict contains a parameter group that doesn't match the size of optimizer's group"
            )
        by_number = dict(zip([i for group in saved for i in group["params"]], self._params()))
        state: defaultdict[Any, dict[str, Any]] = defaultdict(dict)
        with recording(False):
            for i, values in state_dict["state"].items():
                p = by_number[int(i)]
                state[p] = self.adopted(p, values)
        self.state = state
        for group, options in zip(self.param_groups, saved):
            group.update({k: deepcopy(v) for k, v in options.items() if k != "params"})

    def adopted(self, p: Any, values: Mapping[str, Any]) -> dict[str, Any]:
        """Saved state of a parameter, ours or PyTorch's: there the step may be a tensor, or missing, or a slot None."""
        kept = {k: v for k, v in values.items() if v is not None}
        state = {
            k: as_value(v.clone(), p) if k in self.slots.values() and isinstance(v, CoreTensor) else deepcopy(v)
            for k, v in kept.items()
        }
        if "step" in kept:
            state["step"] = int(kept["step"])
        elif kept and self.slots:
            state["step"] = 1
        return state

    def __repr__(self) -> str:
        lines = []
        for i, group in enumerate(self.param_groups):
            lines += [f"Parameter Group {i}"] + [f"    {k}: {group[k]}" for k in sorted(group) if k != "params"]
        return f"{type(self).__name__} (\n" + "\n".join(lines) + "\n)"
