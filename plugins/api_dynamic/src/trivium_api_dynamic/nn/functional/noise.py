"""Functions that draw random numbers from the default generator; in a graph, the modules with their own state do."""

from trivium import ops
from trivium.graph import Symbol
from trivium.registry import find_layer

from ...generator import default_generator
from .writing import applied


def through(core, input, training, **settings):
    """What a core layer that draws makes of the input, with the default generator's numbers."""
    layer = find_layer(core)(**settings)
    if not training:
        return layer.apply((input,), {})[0]
    if isinstance(input, Symbol):
        raise TypeError(
            f"{core}: a graph would repeat one draw for ever; use the module of torch.nn, whose state the graph keeps"
        )

    def run(state, shape):
        return layer.apply((input,), {"random": state}, True)[0]

    return default_generator.draw(run, layer.drawn_shape(input), input.device)


def check_rate(p):
    """Refuse what is no part of a whole."""
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def dropped(core, input, p, training, inplace, shared=()):
    check_rate(p)
    if not training or p == 0.0:
        return input
    return applied(lambda x: through(core, x, True, rate=p, shared=tuple(shared)), input, inplace, reads_input=False)


def dropout(input, p=0.5, training=True, inplace=False):
    """Zero a random part while training and scale the rest up."""
    return dropped("Dropout", input, p, training, inplace)


def dropout1d(input, p=0.5, training=True, inplace=False):
    """Zero random channels of (N, C, length) or (C, length) while training and scale the rest up."""
    return dropped("Dropout", input, p, training, inplace, (-1,))


def dropout2d(input, p=0.5, training=True, inplace=False):
    """Zero random channels of (N, C, ...) while training and scale the rest up."""
    return dropped("Dropout", input, p, training, inplace, range(2, input.spec.ndim))


def dropout3d(input, p=0.5, training=True, inplace=False):
    """Zero random channels of (N, C, *spatial) or (C, *spatial), with three spatial axes, and scale the rest up."""
    return dropped("Dropout", input, p, training, inplace, (-1, -2, -3))


def alpha_dropout(input, p=0.5, training=False, inplace=False):
    """Set a random part to selu's lowest value, then scale and shift so that mean and variance stay."""
    return dropped("AlphaDropout", input, p, training, inplace)


def feature_alpha_dropout(input, p=0.5, training=False, inplace=False):
    """alpha_dropout of whole channels of (N, C, ...)."""
    return dropped("AlphaDropout", input, p, training, inplace, range(2, input.spec.ndim))


def rrelu(input, lower=1.0 / 8.0, upper=1.0 / 3.0, training=False, inplace=False):
    """input where it is positive, else a random slope from lower to upper times input; their middle if not training."""
    return applied(lambda x: through("RandomRelu", x, training, low=lower, high=upper), input, inplace)


def gumbel_softmax(logits, tau=1.0, hard=False, eps=1e-10, dim=-1):
    """softmax of (logits + Gumbel noise) / tau along `dim`: a fair draw of a class that lets gradients pass.

    hard: 1 for the class and 0 for others, with the gradient of the soft result
    """
    if isinstance(logits, Symbol):
        raise TypeError("gumbel_softmax: a graph would repeat one draw for ever; call it on tensors")
    noise = default_generator.draw(ops.gumbel, logits.spec.shape, logits.device, dtype=logits.spec.dtype.name)
    soft = ops.softmax((logits + noise) / tau, axis=dim)
    if not hard:
        return soft
    best = ops.argmax(ops.stop_gradient(soft), axis=dim, keepdims=True)
    one = ops.cast(ops.ones_like(best), dtype=soft.spec.dtype.name)
    chosen = ops.put_along_add(ops.zeros_like(soft), best, one, axis=dim)
    return chosen - ops.stop_gradient(soft) + soft
