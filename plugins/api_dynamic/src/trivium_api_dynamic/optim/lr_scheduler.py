"""Learning rates that change: call `step()` after each epoch, after the optimizer's."""

import warnings
from bisect import bisect_right
from collections import Counter
from typing import Any

from trivium.registry import find_schedule

from ..compiler.listening import effect
from .optimizer import Optimizer

__all__ = [
    "ChainedScheduler", "ConstantLR", "CosineAnnealingLR", "CosineAnnealingWarmRestarts", "CyclicLR", "ExponentialLR",
    "LRScheduler", "LambdaLR", "LinearLR", "MultiStepLR", "MultiplicativeLR", "OneCycleLR", "PolynomialLR",
    "ReduceLROnPlateau", "ReduceLROnThreshold", "SequentialLR", "StepLR",
]  # fmt: skip


class LRScheduler:
    """A subclass says the next learning rate of each group: `get_lr()`."""

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")
        self.optimizer = optimizer
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise KeyError(f"param 'initial_lr' is not specified in param_groups[{i}] when resuming an optimizer")
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._calls = 0
        self._advance()

    def get_lr(self) -> list[float]:
        """The learning rate of each group at `last_epoch`."""
        raise NotImplementedError

    @effect
    def step(self) -> None:
        """Begin the next epoch."""
        self._calls += 1
        if self._calls == 1 and self.optimizer._steps_made == 0:
            warnings.warn(
                "Detected call of `lr_scheduler.step()` before `optimizer.step()`. You should call them in the "
                "opposite order: "
                "the first value of the schedule is skipped otherwise",
                UserWarning,
                stacklevel=2,
            )
        self._advance()

    def _advance(self) -> None:
        self.last_epoch += 1
        for group, lr in zip(self.optimizer.param_groups, self.get_lr()):
            group["lr"] = lr
        self._last_lr = [group["lr"] for group in self.optimizer.param_groups]

    def get_last_lr(self) -> list[float]:
        """The learning rate of each group now."""
        return self._last_lr

    def current(self) -> list[float]:
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer, and functions."""
        return {k: v for k, v in self.__dict__.items() if k != "optimizer" and not callable(v)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a saved state."""
        self.__dict__.update(state_dict)


class StepLR(LRScheduler):
    """Times gamma every step_size epochs."""

    def __init__(self, optimizer, step_size, gamma=0.1, last_epoch=-1):
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        is_due = self.last_epoch > 0 and self.last_epoch % self.step_size == 0
        return [lr * self.gamma if is_due else lr for lr in self.current()]


class MultiStepLR(LRScheduler):
    """Times gamma at each milestone."""

    def __init__(self, optimizer, milestones, gamma=0.1, last_epoch=-1):
        self.milestones, self.gamma = Counter(milestones), gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        return [lr * self.gamma ** self.milestones[self.last_epoch] for lr in self.current()]

    def load_state_dict(self, state_dict):
        milestones = state_dict.get("milestones", self.milestones)
        super().load_state_dict({**state_dict, "milestones": Counter(milestones)})


class ExponentialLR(LRScheduler):
    """Times gamma every epoch."""

    def __init__(self, optimizer, gamma, last_epoch=-1):
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        return [lr * self.gamma if self.last_epoch > 0 else lr for lr in self.current()]


class LambdaLR(LRScheduler):
    """The initial learning rate times a function of the epoch: one for all groups, or one for each."""

    def __init__(self, optimizer, lr_lambda, last_epoch=-1):
        count = len(optimizer.param_groups)
        self.lr_lambdas = list(lr_lambda) if isinstance(lr_lambda, (list, tuple)) else [lr_lambda] * count
        if len(self.lr_lambdas) != count:
            raise ValueError(f"Expected {count} lr_lambdas, but got {len(self.lr_lambdas)}")
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        return [base * function(self.last_epoch) for base, function in zip(self.base_lrs, self.lr_lambdas)]

    def state_dict(self):
        return {k: v for k, v in super().state_dict().items() if k != "lr_lambdas"}


class MultiplicativeLR(LambdaLR):
    """Times a function of the epoch, every epoch."""

    def get_lr(self):
        if self.last_epoch == 0:
            return self.current()
        return [lr * function(self.last_epoch) for lr, function in zip(self.current(), self.lr_lambdas)]


class ConstantLR(LRScheduler):
    """A fraction of the initial learning rate for the first total_iters epochs."""

    def __init__(self, optimizer, factor=1.0 / 3, total_iters=5, last_epoch=-1):
        if not 0.0 <= factor <= 1.0:
            raise ValueError("Constant multiplicative factor expected to be between 0 and 1.")
        self.factor, self.total_iters = factor, total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        if self.last_epoch == 0:
            return [lr * self.factor for lr in self.current()]
        return [lr / self.factor if self.last_epoch == self.total_iters else lr for lr in self.current()]


class ScheduledLR(LRScheduler):
    """A schedule of the registry, from the initial learning rate on."""

    def scheduled(self, name, **settings):
        """The learning rate of each group at `last_epoch`."""
        return [find_schedule(name)(base, self.last_epoch, **settings) for base in self.base_lrs]


class LinearLR(ScheduledLR):
    """From a fraction of the initial learning rate to another in total_iters epochs."""

    def __init__(self, optimizer, start_factor=1.0 / 3, end_factor=1.0, total_iters=5, last_epoch=-1):
        self.start_factor, self.end_factor, self.total_iters = start_factor, end_factor, total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        return self.scheduled("linear", steps=self.total_iters, start=self.start_factor, end=self.end_factor)


class PolynomialLR(ScheduledLR):
    """Down to 0 in total_iters epochs."""

    def __init__(self, optimizer, total_iters=5, power=1.0, last_epoch=-1):
        self.total_iters, self.power = total_iters, power
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        return self.scheduled("polynomial", steps=self.total_iters, power=self.power)


class CosineAnnealingLR(ScheduledLR):
    """Down a cosine to eta_min in T_max epochs (Loshchilov & Hutter, 2017, arXiv:1608.03983), and up again."""

    def __init__(self, optimizer, T_max, eta_min=0.0, last_epoch=-1):
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        return self.scheduled("cosine_wave", steps=self.T_max, end=self.eta_min)


class CosineAnnealingWarmRestarts(ScheduledLR):
    """Down a cosine to eta_min again and again, first in T_0 epochs, then in T_mult times as many.

    `step` may be given the epoch, with fractions.
    """

    def __init__(self, optimizer, T_0, T_mult=1, eta_min=0.0, last_epoch=-1):
        if T_0 <= 0 or not isinstance(T_0, int):
            raise ValueError(f"Expected positive integer T_0, but got {T_0}")
        if T_mult < 1 or not isinstance(T_mult, int):
            raise ValueError(f"Expected integer T_mult >= 1, but got {T_mult}")
        self.T_0, self.T_mult, self.eta_min = T_0, T_mult, eta_min
        super().__init__(optimizer, last_epoch)

    @effect
    def step(self, epoch=None):
        if epoch is not None:
            self.last_epoch = epoch - 1
        super().step()

    def get_lr(self):
        return self.scheduled("cosine_restarts", steps=self.T_0, stretch=self.T_mult, end=self.eta_min)


class CyclingLR(LRScheduler):
    """Learning rates that rise and fall while the momentum falls and rises."""

    cycle_momentum = False

    def set_up_momentum(self, low, high, last_epoch):
        """Take the limits of the momentum; let it start at the upper one."""
        groups = self.optimizer.param_groups
        if not any([name in groups[0] for name in ("momentum", "betas")]):
            raise ValueError("optimizer must support momentum or beta1 with `cycle_momentum` option enabled")
        count = len(groups)
        self.base_momentums, self.max_momentums = listed(low, count), listed(high, count)
        if last_epoch == -1:
            for group, momentum in zip(groups, self.max_momentums):
                set_momentum(group, momentum)

    def _advance(self):
        super()._advance()
        if self.cycle_momentum:
            for group, momentum in zip(self.optimizer.param_groups, self.get_momentum()):
                set_momentum(group, momentum)

    def get_momentum(self):
        """The momentum of each group at `last_epoch`."""
        raise NotImplementedError


def listed(value, count):
    """One value for each group."""
    values = list(value) if isinstance(value, (list, tuple)) else [value] * count
    if len(values) != count:
        raise ValueError(f"expected {count} values, one for each parameter group, but got {len(values)}")
    return values


def set_momentum(group, momentum):
    if "betas" in group:
        group["betas"] = (momentum, *group["betas"][1:])
    else:
        group["momentum"] = momentum


class CyclicLR(CyclingLR):
    """From base_lr to max_lr and back, again and again (Smith, 2017, arXiv:1506.01186); a step is a batch.

    mode:     "triangular"; "triangular2": half as high with each cycle; "exp_range": times gamma with each batch
    scale_fn: a function of the cycle, or of the batch (`scale_mode="iterations"`), in place of a mode
    """

    def __init__(
        self, optimizer, base_lr, max_lr, step_size_up=2000, step_size_down=None, mode="triangular", gamma=1.0,
        scale_fn=None, scale_mode="cycle", cycle_momentum=True, base_momentum=0.8, max_momentum=0.9, last_epoch=-1,
    ):  # fmt: skip
        if mode not in ("triangular", "triangular2", "exp_range") and scale_fn is None:
            raise ValueError("mode is invalid and scale_fn is None")
        count = len(optimizer.param_groups)
        self.max_lrs, self.mode, self.gamma = listed(max_lr, count), mode, gamma
        self.up, self.down = float(step_size_up), float(step_size_up if step_size_down is None else step_size_down)
        self.scale_fn, self.scale_mode, self.cycle_momentum = scale_fn, scale_mode, cycle_momentum
        self.optimizer = optimizer
        if last_epoch == -1:
            for group, lr in zip(optimizer.param_groups, listed(base_lr, count)):
                group["lr"] = lr
        if cycle_momentum:
            self.set_up_momentum(base_momentum, max_momentum, last_epoch)
        super().__init__(optimizer, last_epoch)

    def _cycling(self, low, high):
        if self.scale_fn is not None:
            x = self.last_epoch if self.scale_mode == "iterations" else 1 + self.last_epoch // (self.up + self.down)
            high = low + (high - low) * self.scale_fn(x)
        given = {"triangular2": {"shrink": 0.5}, "exp_range": {"factor": self.gamma}}
        settings = {} if self.scale_fn is not None else given.get(self.mode, {})
        return find_schedule("cyclic")(low, self.last_epoch, high=high, up=self.up, down=self.down, **settings)

    def get_lr(self):
        return [self._cycling(low, high) for low, high in zip(self.base_lrs, self.max_lrs)]

    def get_momentum(self):
        return [self._cycling(high, low) for low, high in zip(self.base_momentums, self.max_momentums)]


class OneCycleLR(CyclingLR):
    """Up to max_lr and down to almost nothing (Smith & Topin, 2018, arXiv:1708.07120); a step is a batch.

    total_steps:      or epochs and steps_per_epoch
    div_factor:       max_lr / the first rate;  final_div_factor: the first rate / the last one
    """

    def __init__(
        self, optimizer, max_lr, total_steps=None, epochs=None, steps_per_epoch=None, pct_start=0.3,
        anneal_strategy="cos", cycle_momentum=True, base_momentum=0.85, max_momentum=0.95, div_factor=25.0,
        final_div_factor=1e4, three_phase=False, last_epoch=-1,
    ):  # fmt: skip
        if total_steps is None and (epochs is None or steps_per_epoch is None):
            raise ValueError(
                "You must define either total_steps OR (epochs AND steps_per_epoch)"
            )  # fmt: skip
        self.total_steps = epochs * steps_per_epoch if total_steps is None else total_steps
        if self.total_steps <= 0:
            raise ValueError(f"Expected positive integer total_steps, but got {self.total_steps}")
        if not 0 <= pct_start <= 1:
            raise ValueError(f"Expected float between 0 and 1 pct_start, but got {pct_start}")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}")
        self.pct_start, self.phases, self.cycle_momentum = pct_start, 3 if three_phase else 2, cycle_momentum
        self.curve = "cosine" if anneal_strategy == "cos" else "linear"
        self.optimizer = optimizer
        if last_epoch == -1:
            for group, high in zip(optimizer.param_groups, listed(max_lr, len(optimizer.param_groups))):
                group.update(initial_lr=high / div_factor, max_lr=high, min_lr=high / div_factor / final_div_factor)
                group["lr"] = group["initial_lr"]
        if cycle_momentum:
            self.set_up_momentum(base_momentum, max_momentum, last_epoch)
        super().__init__(optimizer, last_epoch)

    def _cycling(self, start, peak, end):
        if self.last_epoch > self.total_steps:
            raise ValueError(
                f"Tried to step {self.last_epoch} times. The specified number of total steps is {self.total_steps}"
            )
        return find_schedule("one_cycle")(
            start, self.last_epoch, peak=peak, end=end, steps=self.total_steps, rise=self.pct_start,
            curve=self.curve, phases=self.phases,
        )  # fmt: skip

    def get_lr(self):
        return [self._cycling(g["initial_lr"], g["max_lr"], g["min_lr"]) for g in self.optimizer.param_groups]

    def get_momentum(self):
        return [self._cycling(high, low, high) for low, high in zip(self.base_momentums, self.max_momentums)]


class RespondingLR:
    """Learning rates that respond to a metric: `step(metric)`."""

    def __init__(self, optimizer, response):
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")
        self.optimizer, self.response, self.last_epoch = optimizer, response, 0
        self._last_lr = [group["lr"] for group in optimizer.param_groups]

    def get_last_lr(self):
        """The learning rate of each group now."""
        return self._last_lr

    def state_dict(self):
        """What has been seen so far."""
        state = {name: getattr(self.response, ours) for name, ours in self.remembered.items()}
        return {**state, "last_epoch": self.last_epoch, "_last_lr": self._last_lr}

    def load_state_dict(self, state_dict):
        """Go on from a saved state."""
        for name, ours in self.remembered.items():
            setattr(self.response, ours, state_dict[name])
        self.last_epoch, self._last_lr = state_dict["last_epoch"], state_dict["_last_lr"]


class ReduceLROnPlateau(RespondingLR):
    """Lower the learning rate when a metric has stopped to improve."""

    remembered = {"best": "best", "num_bad_epochs": "bad", "cooldown_counter": "cooling"}  # noqa: RUF012

    def __init__(
        self, optimizer, mode="min", factor=0.1, patience=10, threshold=1e-4, threshold_mode="rel", cooldown=0,
        min_lr=0.0, eps=1e-8,
    ):  # fmt: skip
        if factor >= 1.0:
            raise ValueError("Factor should be < 1.0.")
        if mode not in ("min", "max"):
            raise ValueError(f"mode {mode} is unknown!")
        if threshold_mode not in ("rel", "abs"):
            raise ValueError(f"threshold mode {threshold_mode} is unknown!")
        response = find_schedule("Plateau")(
            factor, patience, mode, threshold, {"rel": "relative", "abs": "absolute"}[threshold_mode], cooldown,
            smallest_fall=eps,
        )  # fmt: skip
        super().__init__(optimizer, response)
        self.min_lrs = listed(min_lr, len(optimizer.param_groups))

    @property
    def best(self):
        """The best metric so far."""
        return self.response.best

    @property
    def num_bad_epochs(self):
        """How many times in a row the metric has not improved."""
        return self.response.bad

    @effect
    def step(self, metrics, epoch=None):
        """End an epoch whose metric is this."""
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        if self.response.observe(float(metrics)):
            for group, least in zip(self.optimizer.param_groups, self.min_lrs):
                self.response.least = least
                group["lr"] = self.response.lowered(group["lr"])
        self._last_lr = [group["lr"] for group in self.optimizer.param_groups]


class ReduceLROnThreshold(RespondingLR):
    """Lower the learning rate, to a half if nothing is said, when a metric passes a threshold; not in PyTorch.

    thresholds: one, or several, each of which works once
    mode:       "max": passed when the metric is at least as large; "min": at most
    """

    remembered = {"passed": "passed"}  # noqa: RUF012

    def __init__(self, optimizer, thresholds, factor=0.5, mode="max"):
        limits = tuple(thresholds) if isinstance(thresholds, (list, tuple)) else (thresholds,)
        super().__init__(optimizer, find_schedule("Threshold")(limits, factor, mode))

    @effect
    def step(self, metrics):
        """End an epoch whose metric is this."""
        self.last_epoch += 1
        factor = self.response.after(1.0, float(metrics))
        for group in self.optimizer.param_groups:
            group["lr"] *= factor
        self._last_lr = [group["lr"] for group in self.optimizer.param_groups]


class SequentialLR:
    """One scheduler after another: the next one begins at each milestone."""

    def __init__(self, optimizer, schedulers, milestones, last_epoch=-1):
        if len(milestones) != len(schedulers) - 1:
            raise ValueError(
                f"Sequential Schedulers expects number of schedulers provided to be one more than the number of "
                f"milestone points, but got number of schedulers {len(schedulers)} and the number of milestones to "
                f"be equal to {len(milestones)}"
            )
        self.optimizer, self._schedulers, self._milestones = optimizer, schedulers, list(milestones)
        self.last_epoch = last_epoch + 1
        for group in optimizer.param_groups:
            group["lr"] = group["initial_lr"]
        for scheduler in schedulers:
            scheduler.last_epoch -= 1
        schedulers[0]._advance()
        self._last_lr = schedulers[0].get_last_lr()

    @effect
    def step(self):
        """Begin the next epoch."""
        self.last_epoch += 1
        i = bisect_right(self._milestones, self.last_epoch)
        scheduler = self._schedulers[i]
        if i > 0 and self._milestones[i - 1] == self.last_epoch:
            scheduler.last_epoch = -1
            for group in self.optimizer.param_groups:
                group["lr"] = group["initial_lr"]
            scheduler._advance()
        else:
            scheduler.step()
        self._last_lr = scheduler.get_last_lr()

    def get_last_lr(self):
        """The learning rate of each group now."""
        return self._last_lr

    def state_dict(self):
        """Those of all schedulers."""
        states = [scheduler.state_dict() for scheduler in self._schedulers]
        return {"last_epoch": self.last_epoch, "_last_lr": self._last_lr, "_schedulers": states}

    def load_state_dict(self, state_dict):
        """Go on from a saved state."""
        self.last_epoch, self._last_lr = state_dict["last_epoch"], state_dict["_last_lr"]
        for scheduler, state in zip(self._schedulers, state_dict["_schedulers"]):
            scheduler.load_state_dict(state)


class ChainedScheduler:
    """Several schedulers, each of which changes what the one before has left."""

    def __init__(self, schedulers, optimizer=None):
        if not schedulers:
            raise ValueError("ChainedScheduler expects at least one scheduler to be chained, but got no scheduler.")
        self._schedulers, self.optimizer = schedulers, schedulers[0].optimizer if optimizer is None else optimizer
        self._last_lr = [group["lr"] for group in self.optimizer.param_groups]

    @effect
    def step(self):
        """Begin the next epoch."""
        for scheduler in self._schedulers:
            scheduler.step()
        self._last_lr = [group["lr"] for group in self.optimizer.param_groups]

    def get_last_lr(self):
        """The learning rate of each group now."""
        return self._last_lr

    def state_dict(self):
        """Those of all schedulers."""
        return {"_last_lr": self._last_lr, "_schedulers": [scheduler.state_dict() for scheduler in self._schedulers]}

    def load_state_dict(self, state_dict):
        """Go on from a saved state."""
        self._last_lr = state_dict["_last_lr"]
        for scheduler, state in zip(self._schedulers, state_dict["_schedulers"]):
            scheduler.load_state_dict(state)
