"""Recurrent layers and cells: the core's, under PyTorch's names."""

import warnings
from typing import Any, ClassVar

from trivium import ops
from trivium.initializer import Uniform

from ..creation import tensor
from ..errors import SizeMismatchError
from . import init
from .module import Module
from .utils.rnn import PackedSequence, packed, padded, swapped
from .wrapped import Wrapped

__all__ = ["GRU", "GRUCell", "LSTM", "LSTMCell", "RNN", "RNNCell"]

WORDS = {"input_weight": "weight_ih", "hidden_weight": "weight_hh", "input_bias": "bias_ih", "hidden_bias": "bias_hh"}


class Recurrent(Wrapped):
    """What layers and cells share: weights and biases, all within 1 / sqrt(hidden_size) of 0 to start with."""

    hidden_size: int

    def start(self) -> dict[str, Any]:
        """Settings that say what parameters start as."""
        bound = self.hidden_size**-0.5 if self.hidden_size > 0 else 0.0
        return {"weight_initializer": Uniform(-bound, bound), "bias_initializer": Uniform(-bound, bound)}

    def own_settings(self) -> dict[str, Any]:
        """Settings that only one kind of unit has."""
        return {}

    def reset_parameters(self) -> None:
        """Draw all parameters again."""
        bound = self.hidden_size**-0.5 if self.hidden_size > 0 else 0.0
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def __call__(self, input: Any, hx: Any = None) -> Any:
        return Module.__call__(self, input, hx)


def check_features(input: Any, size: int) -> None:
    if input.spec.shape[-1] != size:
        raise SizeMismatchError(
            f"input.size(-1) must be equal to input_size. Expected {size}, got {input.spec.shape[-1]}"
        )


class Layers(Recurrent):
    """Recurrent layers over whole sequences.

    input:  (steps, batch, input_size), (batch, steps, input_size) with batch_first, (steps, input_size), or packed
    hx:     (num_layers * directions, batch, hidden_size), for an LSTM two of them; 0 when left out
    return: the states of the last layer, (steps, batch, directions * hidden_size), and the last states of all layers

    Each layer and direction owns weight_ih_l0 (gates * hidden_size, input_size), weight_hh_l0 (gates * hidden_size,
    hidden_size), bias_ih_l0 and bias_hh_l0.
    """

    states: ClassVar[int] = 1

    def __init__(
        self, input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0, bidirectional=False,
        device=None, dtype=None,
    ):  # fmt: skip
        super().__init__()
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.bidirectional = bias, batch_first, bidirectional
        self.dropout = self.checked(dropout)
        settings = {
            "units": hidden_size, "layers": num_layers, "direction": "both" if bidirectional else "forward",
            "dropout": self.dropout, "biases": "two" if bias else "none", **self.start(), **self.own_settings(),
        }  # fmt: skip
        object.__setattr__(self, "renamed", dict(self.names()))
        self.wrap(settings, None, None, input_size, device=device, dtype=dtype)

    def checked(self, dropout: float) -> float:
        """The rate of dropout, once it and the sizes make sense."""
        if isinstance(dropout, bool) or not 0 <= dropout <= 1:
            raise ValueError(
                "dropout should be a number in range [0, 1] representing the probability of an element being zeroed"
            )
        for name in ("hidden_size", "num_layers"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be greater than zero")
        if dropout > 0 and self.num_layers == 1:
            warnings.warn(
                "dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects "
                f"num_layers greater than 1, but got dropout={dropout} and num_layers={self.num_layers}",
                stacklevel=4,
            )
        return float(dropout)

    hidden = frozenset({"random"})

    def names(self):
        """The core's names and PyTorch's, in order."""
        for k in range(self.num_layers):
            for end in ("", "_reverse") if self.bidirectional else ("",):
                for core, word in WORDS.items():
                    yield f"{core}_{k}{end}", f"{word}_l{k}{end}"

    @property
    def all_weights(self) -> list[list[Any]]:
        """The parameters of each layer and direction."""
        names, size = [n for _, n in self.names() if n in self._parameters], 4 if self.bias else 2
        return [[getattr(self, n) for n in names[i : i + size]] for i in range(0, len(names), size)]

    def flatten_parameters(self) -> None:
        """Nothing: where parameters stand in memory is the device's affair."""

    def forward(self, input, hx=None):
        if isinstance(input, PackedSequence):
            return self.over_packed(input, hx)
        check_tensor(self, input)
        if input.spec.ndim not in (2, 3):
            raise ValueError(
                f"{type(self).__name__}: Expected input to be 2D or 3D, got {input.spec.ndim}D tensor instead"
            )
        check_features(input, self.input_size)
        if input.spec.ndim == 2:
            if hx is not None and any(h.spec.ndim != 2 for h in self.apart(hx)):
                raise self.wrong_axes("unbatched 2-D", 2, hx)
            hx = None if hx is None else self.together([ops.expand(h, axis=1) for h in self.apart(hx)])
            outputs, last = self.over_steps(ops.expand(input, axis=1), hx)
            return ops.squeeze(outputs, axis=1), self.together([ops.squeeze(h, axis=1) for h in self.apart(last)])
        if hx is not None and any(h.spec.ndim != 3 for h in self.apart(hx)):
            raise self.wrong_axes("batched 3-D", 3, hx)
        outputs, last = self.over_steps(swapped(input) if self.batch_first else input, hx)
        return swapped(outputs) if self.batch_first else outputs, last

    def wrong_axes(self, form: str, ndim: int, hx: Any) -> SizeMismatchError:
        """What is wrong with states beside an input of this form."""
        found, several = [f"{h.spec.ndim}-D" for h in self.apart(hx)], self.states > 1
        names, got = ("hx and cx", f"({', '.join(found)}) tensors") if several else ("hx", f"{found[0]} tensor")
        return SizeMismatchError(f"For {form} input, {names} should also be {ndim}-D but got {got}")

    def over_packed(self, input: PackedSequence, hx: Any) -> Any:
        """The same for a packed sequence; what it returns is packed, too."""
        check_features(input.data, self.input_size)
        if hx is not None and input.sorted_indices is not None:
            hx = self.together([ops.gather(h, input.sorted_indices, axis=1) for h in self.apart(hx)])
        outputs, last = self.over_steps(padded(input), hx, tensor(input.lengths))
        if input.unsorted_indices is not None:
            last = self.together([ops.gather(h, input.unsorted_indices, axis=1) for h in self.apart(last)])
        return input._with(packed(outputs, input.lengths)), last

    def over_steps(self, x: Any, hx: Any, lengths: Any = None) -> Any:
        """What (steps, batch, input_size) gives, and the last states."""
        states = [None] * self.states if hx is None else self.apart(hx)
        expected = (self.num_layers * (2 if self.bidirectional else 1), x.spec.shape[1], self.hidden_size)
        for i, state in enumerate(states):
            if state is not None and state.spec.shape != expected:
                which = f"hidden[{i}]" if self.states > 1 else "hidden"
                raise SizeMismatchError(f"Expected {which} size {expected}, got {list(state.spec.shape)}")
        outputs, *last = self.run_layer((x, *states, lengths), self.training)
        return outputs, self.together(last)

    def apart(self, states: Any) -> list[Any]:
        """The states as a list."""
        return [states]

    def together(self, states: Any) -> Any:
        """The states as PyTorch passes them."""
        return states[0]

    def extra_repr(self):
        text = f"{self.input_size}, {self.hidden_size}"
        for name, default in (
            ("num_layers", 1), ("bias", True), ("batch_first", False), ("dropout", 0.0), ("bidirectional", False)
        ):  # fmt: skip
            if getattr(self, name) != default:
                text += f", {name}={getattr(self, name)}"
        return text


def check_tensor(module: Module, input: Any) -> None:
    if not hasattr(input, "spec"):
        raise TypeError(f"{type(module).__name__}(): argument 'input' must be Tensor, not {type(input).__name__}")


class RNN(Layers):
    """Plain recurrent layers: h = tanh(W_ih x + b_ih + W_hh h + b_hh), or relu; see Layers."""

    core = "RNN"

    def __init__(self, input_size, hidden_size, num_layers=1, nonlinearity="tanh", bias=True, batch_first=False,
                 dropout=0.0, bidirectional=False, device=None, dtype=None):  # fmt: skip
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'.")
        self.nonlinearity = nonlinearity
        super().__init__(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, device, dtype)

    def own_settings(self):
        return {"activation": self.nonlinearity}


class LSTM(Layers):
    """Layers of long short-term memory, gates in the order i, f, g, o; states are pairs (h, c); see Layers."""

    core, states = "LSTM", 2

    def __init__(self, input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0,
                 bidirectional=False, proj_size=0, device=None, dtype=None):  # fmt: skip
        if proj_size:
            raise NotImplementedError(f"LSTM: proj_size {proj_size}; the core layer has no projections")
        super().__init__(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, device, dtype)
        self.proj_size = proj_size

    def apart(self, states):
        return list(states)

    def together(self, states):
        return tuple(states)


class GRU(Layers):
    """Layers of gated recurrent units, gates in the order r, z, n; see Layers."""

    core = "GRU"


# -- cells ---------------------------------------------------------------------------------------


class Cell(Recurrent):
    """One step of a recurrent layer.

    input: (batch, input_size) or (input_size,);  hx: (batch, hidden_size), for an LSTM two of them; 0 when left out
    """

    renamed = WORDS

    def __init__(self, input_size, hidden_size, bias=True, device=None, dtype=None):
        super().__init__()
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        settings = {"units": hidden_size, "biases": "two" if bias else "none", **self.start(), **self.own_settings()}
        self.wrap(settings, None, input_size, device=device, dtype=dtype)
        if not bias:
            self.register_parameter("bias_ih", None)
            self.register_parameter("bias_hh", None)

    def forward(self, input, hx=None):
        check_tensor(self, input)
        who = type(self).__name__
        if input.spec.ndim not in (1, 2):
            raise ValueError(f"{who}: Expected input to be 1D or 2D, got {input.spec.ndim}D instead")
        if input.spec.shape[-1] != self.input_size:
            raise SizeMismatchError(
                f"input has inconsistent input_size: got {input.spec.shape[-1]} expected {self.input_size}"
            )
        states = [] if hx is None else list(hx) if isinstance(hx, (tuple, list)) else [hx]
        is_single = input.spec.ndim == 1
        if is_single:
            input, states = ops.expand(input, axis=0), [ops.expand(h, axis=0) for h in states]
        for i, state in enumerate(states):
            if state.spec.shape != (input.spec.shape[0], self.hidden_size):
                raise SizeMismatchError(
                    f"Input batch size {input.spec.shape[0]} doesn't match hidden{i} batch size "
                    f"{state.spec.shape[0]}, or its size is not {self.hidden_size}: {state.spec}"
                )
        after = self.run_layer((input, *states), self.training)
        if not is_single:
            return after
        return (
            tuple([ops.squeeze(h, axis=0) for h in after]) if isinstance(after, tuple) else ops.squeeze(after, axis=0)
        )

    def extra_repr(self):
        return f"{self.input_size}, {self.hidden_size}" + ("" if self.bias else ", bias=False")


class RNNCell(Cell):
    """One step of plain units."""

    core = "RNNCell"

    def __init__(self, input_size, hidden_size, bias=True, nonlinearity="tanh", device=None, dtype=None):
        if nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {nonlinearity}")
        self.nonlinearity = nonlinearity
        super().__init__(input_size, hidden_size, bias, device, dtype)

    def own_settings(self):
        return {"activation": self.nonlinearity}


class LSTMCell(Cell):
    """One step of long short-term memory: (h, c)."""

    core = "LSTMCell"


class GRUCell(Cell):
    """One step of gated recurrent units."""

    core = "GRUCell"
