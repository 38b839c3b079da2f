"""L-BFGS."""

from trivium import ops
from trivium.registry import find_minimizer
from trivium.tensor import recording

from ..creation import zeros_like
from ..nn.utils.vector import parameters_to_vector, vector_to_parameters
from .optimizer import Optimizer


class LBFGS(Optimizer):
    """Steps along a direction that recent gradients make out of the curvature (Liu & Nocedal, 1989).

    `step` needs a closure, which it calls several times.  All parameters are one group.
    """

    def __init__(
        self, params, lr=1.0, max_iter=20, max_eval=None, tolerance_grad=1e-7, tolerance_change=1e-9,
        history_size=100, line_search_fn=None,
    ):  # fmt: skip
        if max_eval is None:
            max_eval = max_iter * 5 // 4
        super().__init__(
            params,
            {
                "lr": lr, "max_iter": max_iter, "max_eval": max_eval, "tolerance_grad": tolerance_grad,
                "tolerance_change": tolerance_change, "history_size": history_size, "line_search_fn": line_search_fn,
            },
        )  # fmt: skip

    def add_param_group(self, param_group):
        if self.param_groups:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")
        super().add_param_group(param_group)

    def step(self, closure=None):
        if closure is None:
            raise TypeError("LBFGS.step() needs a closure that computes the loss anew, with its gradients")
        (group,), state = self.param_groups, self.state[self._params()[0]]
        params, losses = group["params"], []
        minimizer = find_minimizer("LBFGS")(
            group["lr"], iterations=group["max_iter"], evaluations=group["max_eval"],
            tolerance_gradient=group["tolerance_grad"], tolerance_change=group["tolerance_change"],
            history=group["history_size"], line_search=group["line_search_fn"],
        )  # fmt: skip

        def evaluate(x):
            if losses:
                vector_to_parameters(x, params)
            with recording(True):
                losses.append(closure())
            return float(losses[-1]), parameters_to_vector(
                [zeros_like(p) if p.grad is None else p.grad for p in params]
            )

        with recording(False):
            memory = remembered(minimizer, state)
            x, _ = minimizer.minimize(evaluate, ops.copy(parameters_to_vector(params)), memory)
            vector_to_parameters(x, params)
            state.update(told(memory))
        self._steps_made += 1
        return losses[0]


def remembered(minimizer, state):
    """What the minimizer remembers, from PyTorch's words for it."""
    memory = minimizer.memory()
    if state:
        memory.pairs = list(zip(state["old_dirs"], state["old_stps"], map(float, state["ro"])))
        memory.direction, memory.length, memory.scale = state["d"], float(state["t"]), float(state["H_diag"])
        memory.gradient, memory.iterations = state["prev_flat_grad"], state["n_iter"]
        memory.evaluations = state["func_evals"]
    return memory


def told(memory):
    """What the minimizer remembers, in PyTorch's words."""
    changes, moves, weights = map(list, zip(*memory.pairs)) if memory.pairs else ([], [], [])
    return {
        "func_evals": memory.evaluations, "n_iter": memory.iterations, "d": memory.direction, "t": memory.length,
        "old_dirs": changes, "old_stps": moves, "ro": weights, "H_diag": memory.scale,
        "prev_flat_grad": memory.gradient,
    }  # fmt: skip
