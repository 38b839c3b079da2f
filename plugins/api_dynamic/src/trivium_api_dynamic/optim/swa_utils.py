"""Averages of a model's weights."""

from copy import deepcopy

from trivium.averaging import moving_average
from trivium.registry import find_schedule
from trivium.tensor import Tensor as CoreTensor
from trivium.tensor import recording

from ..nn.module import Module
from .lr_scheduler import LRScheduler, listed

__all__ = ["SWALR", "AveragedModel", "get_ema_avg_fn", "get_swa_avg_fn", "update_bn"]


def get_swa_avg_fn():
    """An average in which every model counts as much (Izmailov et al., 2018, arXiv:1803.05407)."""

    def average(averaged, current, count):
        return moving_average(averaged, current, 1.0 - 1.0 / (int(count) + 1))

    return average


def get_ema_avg_fn(decay=0.999):
    """An average in which older models count less and less."""

    def average(averaged, current, count):
        return moving_average(averaged, current, decay)

    return average


class AveragedModel(Module):
    """A copy of a model whose parameters are averages: call `update_parameters` after each step or epoch.

    avg_fn:      (average, parameter, how many are averaged) -> the next average; equal shares if None
    use_buffers: average buffers too, or take them from the model as they are
    """

    def __init__(self, model, avg_fn=None, use_buffers=False):
        super().__init__()
        self.module = deepcopy(model)
        self.avg_fn, self.use_buffers = avg_fn or get_swa_avg_fn(), use_buffers
        self.n_averaged = 0

    def forward(self, *args, **kwargs):
        """The copy's forward."""
        return self.module(*args, **kwargs)

    def update_parameters(self, model):
        """Let a model count."""
        with recording(False):
            for averaged, current in zip(self.module.parameters(), model.parameters()):
                self._take(averaged, current)
            for averaged, current in zip(self.module.buffers(), model.buffers()):
                self._take(averaged, current, is_averaged=self.use_buffers)
        self.n_averaged += 1

    def _take(self, averaged, current, is_averaged=True):
        if self.n_averaged and is_averaged:
            current = self.avg_fn(averaged.detach(), current.detach(), self.n_averaged)
        averaged.copy_(current)


class SWALR(LRScheduler):
    """From the rate in force to that of averaging in anneal_epochs epochs, and there for ever."""

    def __init__(self, optimizer, swa_lr, anneal_epochs=10, anneal_strategy="cos", last_epoch=-1):
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}")
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        self.anneal_epochs, self.curve = anneal_epochs, "cosine_decay" if anneal_strategy == "cos" else "polynomial"
        for group, rate in zip(optimizer.param_groups, listed(swa_lr, len(optimizer.param_groups))):
            group["swa_lr"] = rate
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        ends = [group["swa_lr"] for group in self.optimizer.param_groups]
        if self.anneal_epochs == 0:
            return ends
        schedule = find_schedule(self.curve)
        return [
            schedule(start, self.last_epoch, steps=self.anneal_epochs, end=end)
            for start, end in zip(self.base_lrs, ends)
        ]


def update_bn(loader, model, device=None):
    """Take the statistics of all batch norms anew, as plain averages over the batches of a loader."""
    norms = [module for module in model.modules() if getattr(module, "running_mean", None) is not None]
    if not norms:
        return
    momenta, was_training = [module.momentum for module in norms], model.training
    model.train()
    for module in norms:
        module.reset_running_stats()
        module.momentum = None
    with recording(False):
        for batch in loader:
            inputs = batch if isinstance(batch, CoreTensor) else batch[0]
            model(inputs if device is None else inputs.to(device))
    for module, momentum in zip(norms, momenta):
        module.momentum = momentum
        module.layer.momentum = 1.0 - (momentum or 0.0)
    model.train(was_training)
