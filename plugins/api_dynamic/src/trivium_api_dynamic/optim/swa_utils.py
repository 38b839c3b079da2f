"""Averages of a model's weights."""

from copy import deepcopy

from trivium.averaging import moving_average
from trivium.tensor import recording

from ..nn.module import Module

__all__ = ["AveragedModel", "get_ema_avg_fn", "get_swa_avg_fn"]


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
