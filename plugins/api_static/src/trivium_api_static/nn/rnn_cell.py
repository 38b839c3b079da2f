"""Recurrent cells: `tf.nn.rnn_cell`.

A cell takes one step, `cell(inputs, state)`, or all of them, `cell.over(...)`: those that a core layer stands behind
walk a whole sequence as one operation, others are traced once and repeated.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from trivium import control, ops
from trivium.graph import Symbol
from trivium.registry import find_layer

from .. import initializers
from ..arithmetic import clip_by_value, sigmoid, tanh
from ..arranging import concat, split
from ..build import call, convert_to_tensor, converted
from ..creation import zeros
from ..dropout import dropout
from ..fetching import leaves, rebuilt, with_values
from ..graph import get_default_graph
from ..linear_algebra import matmul
from ..operation import Tensor
from ..sizing import as_sizes
from ..variable_scope import VariableScope, get_variable, get_variable_scope, variable_scope

__all__ = [
    "BasicLSTMCell", "BasicRNNCell", "DropoutWrapper", "GRUCell", "LSTMCell", "LSTMStateTuple", "MultiRNNCell",
    "RNNCell", "ResidualWrapper",
]  # fmt: skip

LSTMStateTuple = namedtuple("LSTMStateTuple", ["c", "h"])


class RNNCell:
    """One step of a recurrent network; a subclass says `call(inputs, state) -> (output, state)` and both sizes.

    Its variables are made in a scope of its own at the first call, and shared by later ones.
    """

    def __init__(self, trainable: bool = True, name: str | None = None, dtype: Any = None, _reuse: Any = None) -> None:
        self.trainable, self.name, self.dtype, self.reuse = trainable, name, dtype, _reuse
        self.scope: VariableScope | None = None

    @property
    def state_size(self) -> Any:
        """The size of the state: a number, or a structure of numbers."""
        raise NotImplementedError("Abstract method")

    @property
    def output_size(self) -> Any:
        """The size of the output."""
        raise NotImplementedError("Abstract method")

    def build(self, shape: Sequence[Any]) -> None:
        """Make variables for inputs of this shape."""

    def call(self, inputs: Tensor, state: Any) -> tuple[Any, Any]:
        """The output and the next state."""
        raise NotImplementedError("Abstract method")

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> tuple[Any, Any]:
        x = convert_to_tensor(inputs)
        with self.owning(x, scope):
            return self.call(x, state)

    @contextmanager
    def owning(self, inputs: Tensor, scope: Any = None) -> Iterator[None]:
        """The cell's scope; its variables are made when it is entered first."""
        if self.scope is not None:
            with variable_scope(self.scope, reuse=True, auxiliary_name_scope=False):
                yield
            return
        with variable_scope(scope or self.name, words_of(type(self).__name__), [inputs], reuse=self.reuse) as made:
            self.scope = made
            self.build(inputs.spec.shape)
            yield

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        """The state to start from: 0."""
        rows = as_sizes([batch_size])
        with get_default_graph().name_scope(f"{type(self).__name__}ZeroState"):
            return with_values(self.state_size, lambda size: zeros([*rows, *as_sizes(size)], dtype))

    def over(self, inputs: Tensor, state: Any, lengths: Any = None, reverse: bool = False) -> tuple[Any, Any]:
        """All steps of inputs (steps, batch, ...): the outputs, 0 beyond a sequence's length, and the last state."""
        with get_default_graph().name_scope("variables"):
            self(inputs[0], state)  # makes the variables, which cannot be made inside the loop; nothing reads it

        def step(x: Tensor, before: Any) -> tuple[Any, Any]:
            with variable_scope(get_variable_scope(), reuse=True, auxiliary_name_scope=False):
                return self(x, before)

        return repeated(step, inputs, state, lengths, reverse)

    @property
    def variables(self) -> list[Any]:
        """What it owns."""
        return [] if self.scope is None else self.scope.global_variables()

    @property
    def trainable_variables(self) -> list[Any]:
        """What it owns and optimizers change."""
        return [] if self.scope is None else self.scope.trainable_variables()

    weights, trainable_weights = variables, trainable_variables


def words_of(name: str) -> str:
    """The default name of a class: `basic_lstm_cell` for BasicLSTMCell.

    >>> words_of("BasicLSTMCell"), words_of("GRUCell"), words_of("MultiRNNCell"), words_of("MyCell")
    ('basic_lstm_cell', 'gru_cell', 'multi_rnn_cell', 'my_cell')
    """
    made = ""
    for i, letter in enumerate(name):
        after_small = i > 0 and not name[i - 1].isupper()
        before_small = 0 < i < len(name) - 1 and name[i + 1].islower()
        made += "_" * (letter.isupper() and i > 0 and (after_small or before_small)) + letter.lower()
    return made


def repeated(
    step: Callable[[Tensor, Any], tuple[Any, Any]], inputs: Tensor, state: Any, lengths: Tensor | None, reverse: bool
) -> tuple[Any, Any]:
    """Trace a step once and repeat it along the first axis of the inputs."""
    graph = get_default_graph()
    form: list[Any] = []

    def body(carry: tuple[Symbol, ...], rows: tuple[Symbol, ...]) -> Any:
        x, number = rows
        output, after = step(graph.adopt(x), rebuilt(state, iter([graph.adopt(s) for s in carry])))
        form[:] = [output]
        made = [converted(y, None, graph, "made").symbol for y in (*leaves(output), *leaves(after))]
        count = len(made) - len(carry)
        if lengths is not None:
            is_live = ops.greater(lengths.symbol, number)
            held = [*[ops.zeros_like(y) for y in made[:count]], *carry]
            made = [ops.where(beside(is_live, y), y, old) for y, old in zip(made, held, strict=True)]
        return tuple(made[count:]), tuple(made[:count])

    start = tuple([converted(x, None, graph, "state").symbol for x in leaves(state)])
    with graph.recorded():
        x = inputs.symbol
        dtype = "int32" if lengths is None else lengths.symbol.spec.dtype.name
        last, ys = control.scan(
            body, start, (x, ops.arange(stop=x.shape[0], dtype=dtype, place=x.place)), reverse=reverse
        )
        outputs, lasts = [[graph.adopt(y) for y in values] for values in (ys, last)]
    return rebuilt(form[0], iter(outputs)), rebuilt(state, iter(lasts))


def beside(is_live: Symbol, y: Symbol) -> Symbol:
    """(batch,) as it stands beside (batch, ...)."""
    return ops.reshape(is_live, shape=(*is_live.shape, *[1] * (y.ndim - 1)))


# -- cells with variables ------------------------------------------------------------------------------


class CoreCell(RNNCell):
    """A cell with a core layer behind it.

    core:     the layer's name
    settings: those that make it TensorFlow's
    owned:    name -> variable
    """

    core = ""

    def __init__(
        self, num_units: int, activation: Any = None, reuse: Any = None, name: str | None = None, dtype: Any = None
    ) -> None:
        super().__init__(name=name, dtype=dtype, _reuse=reuse)
        self.units, self.activation = int(num_units), tanh if activation is None else activation
        self.settings: dict[str, Any] = {}
        self.owned: dict[str, Any] = {}

    @property
    def state_size(self) -> Any:
        return self.units

    @property
    def output_size(self) -> int:
        return self.units

    @property
    def is_cores(self) -> bool:
        """Whether the core's layer does all that was asked for."""
        return self.activation is tanh

    def build(self, shape: Sequence[Any]) -> None:
        if type(shape[-1]) is not int:
            raise ValueError(f"Expected inputs.shape[-1] to be known, saw shape: {shape}")
        self.owned = self.make_variables(shape[-1])

    def make_variables(self, features: int) -> dict[str, Any]:
        """The variables for inputs with so many features."""
        raise NotImplementedError

    def own(self, name: str, shape: Sequence[int], initializer: Any = None) -> Any:
        """A variable of the cell's scope."""
        return get_variable(
            name, shape, self.dtype, initializer=initializers.get(initializer), trainable=self.trainable
        )  # fmt: skip

    def as_core(self, features: int, **variables: Symbol) -> dict[str, Symbol | None]:
        """The core layer's weights, made of those of the variables."""
        raise NotImplementedError

    def step(self, inputs: Tensor, state: Any) -> tuple[Any, Any]:
        """One step in TensorFlow's operations, for what the core's layer does not do."""
        raise NotImplementedError

    def call(self, inputs: Tensor, state: Any) -> tuple[Any, Any]:
        return self.walked(inputs, state, is_step=True) if self.is_cores else self.step(inputs, state)

    def over(self, inputs: Tensor, state: Any, lengths: Any = None, reverse: bool = False) -> tuple[Any, Any]:
        if not self.is_cores:
            return super().over(inputs, state, lengths, reverse)
        with self.owning(inputs):
            return self.walked(inputs, state, lengths, reverse)

    def walked(
        self, inputs: Tensor, state: Any, lengths: Any = None, reverse: bool = False, is_step: bool = False
    ) -> tuple[Any, Any]:
        """What the core's layer makes of all steps, or of the one that the inputs are."""
        end = "_reverse" if reverse else ""
        layer = find_layer(self.core)(self.units, direction="reverse" if reverse else "forward", **self.settings)
        states = self.apart(state)
        names = [*[f"state_{i}" for i in range(len(states))], *self.owned, *(() if lengths is None else ("lengths",))]

        def walk(x: Any, *symbols: Any) -> list[Any]:
            given = dict(zip(names, symbols, strict=True))
            first = [ops.expand(given.pop(f"state_{i}"), axis=0) for i in range(len(states))]
            length = given.pop("lengths", None)
            owned = {f"{name}_0{end}": value for name, value in self.as_core(x.shape[-1], **given).items()}
            steps = ops.expand(x, axis=0) if is_step else x
            outputs, *last = layer.apply([steps, *first, length], owned)[0]
            return [ops.squeeze(outputs, axis=0) if is_step else outputs, *[ops.squeeze(s, axis=0) for s in last]]

        values = dict(zip(names, [*states, *self.owned.values(), lengths], strict=False))
        outputs, *last = call(type(self).__name__, walk, free=("lengths",), inputs=inputs, **values)
        return outputs, self.together(last)

    def apart(self, state: Any) -> list[Any]:
        """The state, as the core's layer takes it."""
        return [state]

    def together(self, states: Sequence[Any]) -> Any:
        """The state, as TensorFlow has it."""
        return states[0]


def halves(kernel: Any, features: int) -> tuple[Any, Any]:
    """What a kernel (features + units, gates * units) does with the input and with the state, in the core's order."""
    return (
        ops.transpose(ops.slice(kernel, stop=(features,))), ops.transpose(ops.slice(kernel, start=(features,))),
    )  # fmt: skip


class BasicRNNCell(CoreCell):
    """output = state = activation([inputs, state] @ kernel + bias)."""

    core = "RNN"

    def __init__(self, num_units: int, activation: Any = None, reuse: Any = None, name: str | None = None,
                 dtype: Any = None) -> None:  # fmt: skip
        super().__init__(num_units, activation, reuse, name, dtype)
        self.settings = {"biases": "one"}

    def make_variables(self, features: int) -> dict[str, Any]:
        kernel = self.own("kernel", [features + self.units, self.units])
        return {"kernel": kernel, "bias": self.own("bias", [self.units], "zeros")}

    def as_core(self, features: int, *, kernel: Symbol, bias: Symbol) -> dict[str, Symbol | None]:
        of_input, of_state = halves(kernel, features)
        return {"input_weight": of_input, "hidden_weight": of_state, "input_bias": bias}

    def step(self, inputs: Tensor, state: Any) -> tuple[Any, Any]:
        total = matmul(concat([inputs, state], 1), self.owned["kernel"])
        output = self.activation(total + self.owned["bias"])
        return output, output


class GRUCell(CoreCell):
    """Gates r and u, a candidate c of [inputs, r * state]; output = state = u * state + (1 - u) * c."""

    core = "GRU"

    def __init__(self, num_units: int, activation: Any = None, reuse: Any = None, kernel_initializer: Any = None,
                 bias_initializer: Any = None, name: str | None = None, dtype: Any = None) -> None:  # fmt: skip
        super().__init__(num_units, activation, reuse, name, dtype)
        self.settings = {"biases": "one", "order": "rzn", "reset": "before"}
        self.kernel_initializer, self.bias_initializer = kernel_initializer, bias_initializer

    def make_variables(self, features: int) -> dict[str, Any]:
        units, first = self.units, self.kernel_initializer
        of_gates = initializers.constant(1.0) if self.bias_initializer is None else self.bias_initializer
        return {
            "gates": self.own("gates/kernel", [features + units, 2 * units], first),
            "gates_bias": self.own("gates/bias", [2 * units], of_gates),
            "candidate": self.own("candidate/kernel", [features + units, units], first),
            "candidate_bias": self.own("candidate/bias", [units], self.bias_initializer or "zeros"),
        }

    def as_core(
        self, features: int, *, gates: Symbol, gates_bias: Symbol, candidate: Symbol, candidate_bias: Symbol
    ) -> dict[str, Symbol | None]:
        of_input, of_state = halves(ops.concatenate(gates, candidate, axis=1), features)
        bias = ops.concatenate(gates_bias, candidate_bias, axis=0)
        return {"input_weight": of_input, "hidden_weight": of_state, "input_bias": bias}

    def step(self, inputs: Tensor, state: Any) -> tuple[Any, Any]:
        own = self.owned
        gates = sigmoid(matmul(concat([inputs, state], 1), own["gates"]) + own["gates_bias"])
        r, u = split(gates, 2, 1)
        total = matmul(concat([inputs, r * state], 1), own["candidate"])
        output = u * state + (1 - u) * self.activation(total + own["candidate_bias"])
        return output, output


class LSTMCell(CoreCell):
    """Long short-term memory: gates i, j, f, o of [inputs, h] @ kernel + bias, and forget_bias added to f.

    use_peepholes:       the gates see the cell, each unit its own
    cell_clip:           the cell stays within this of 0
    num_proj, proj_clip: h is multiplied with one more kernel, to this size, and stays within this of 0
    """

    core = "LSTM"

    def __init__(
        self, num_units: int, use_peepholes: bool = False, cell_clip: float | None = None, initializer: Any = None,
        num_proj: int | None = None, proj_clip: float | None = None, num_unit_shards: Any = None,
        num_proj_shards: Any = None, forget_bias: float = 1.0, state_is_tuple: bool = True, activation: Any = None,
        reuse: Any = None, name: str | None = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(num_units, activation, reuse, name, dtype)
        if not state_is_tuple:
            raise NotImplementedError(f"{type(self).__name__}: state_is_tuple=False: take the state as LSTMStateTuple")
        self.settings = {"biases": "one", "order": "igfo", "forget_bias": float(forget_bias)}
        self.use_peepholes, self.cell_clip, self.initializer = use_peepholes, cell_clip, initializer
        self.num_proj, self.proj_clip, self.forget_bias = num_proj, proj_clip, float(forget_bias)

    @property
    def state_size(self) -> Any:
        return LSTMStateTuple(self.units, self.output_size)

    @property
    def output_size(self) -> int:
        return self.num_proj or self.units

    @property
    def is_cores(self) -> bool:
        return super().is_cores and not (self.use_peepholes or self.cell_clip is not None or self.num_proj)

    def make_variables(self, features: int) -> dict[str, Any]:
        units, first = self.units, self.initializer
        made = {
            "kernel": self.own("kernel", [features + self.output_size, 4 * units], first),
            "bias": self.own("bias", [4 * units], "zeros"),
        }
        if self.use_peepholes:
            made |= {name: self.own(name, [units], first) for name in ("w_f_diag", "w_i_diag", "w_o_diag")}
        if self.num_proj:
            made["projection"] = self.own("projection/kernel", [units, self.num_proj], first)
        return made

    def as_core(self, features: int, *, kernel: Symbol, bias: Symbol) -> dict[str, Symbol | None]:
        of_input, of_state = halves(kernel, features)
        return {"input_weight": of_input, "hidden_weight": of_state, "input_bias": bias}

    def apart(self, state: Any) -> list[Any]:
        c, h = state
        return [h, c]

    def together(self, states: Sequence[Any]) -> Any:
        h, c = states
        return LSTMStateTuple(c, h)

    def step(self, inputs: Tensor, state: Any) -> tuple[Any, Any]:
        (c, h), own = state, self.owned
        i, j, f, o = split(matmul(concat([inputs, h], 1), own["kernel"]) + own["bias"], 4, 1)
        f = f + self.forget_bias
        if self.use_peepholes:
            i, f = i + own["w_i_diag"] * c, f + own["w_f_diag"] * c
        c = sigmoid(f) * c + sigmoid(i) * self.activation(j)
        c = c if self.cell_clip is None else clip_by_value(c, -self.cell_clip, self.cell_clip)
        h = sigmoid(o + own["w_o_diag"] * c if self.use_peepholes else o) * self.activation(c)
        if self.num_proj:
            h = matmul(h, own["projection"])
            h = h if self.proj_clip is None else clip_by_value(h, -self.proj_clip, self.proj_clip)
        return h, LSTMStateTuple(c, h)


class BasicLSTMCell(LSTMCell):
    """Long short-term memory without the extras of LSTMCell."""

    def __init__(self, num_units: int, forget_bias: float = 1.0, state_is_tuple: bool = True, activation: Any = None,
                 reuse: Any = None, name: str | None = None, dtype: Any = None) -> None:  # fmt: skip
        super().__init__(num_units, forget_bias=forget_bias, state_is_tuple=state_is_tuple, activation=activation,
                         reuse=reuse, name=name, dtype=dtype)  # fmt: skip


# -- cells of cells ------------------------------------------------------------------------------------


class MultiRNNCell(RNNCell):
    """Cells on top of one another; the state is a tuple with one state for each."""

    def __init__(self, cells: Sequence[RNNCell], state_is_tuple: bool = True) -> None:
        super().__init__()
        if not cells:
            raise ValueError("Must specify at least one cell for MultiRNNCell.")
        if not isinstance(cells, (list, tuple)):
            raise TypeError(f"cells must be a list or tuple, but saw: {cells}.")
        if not state_is_tuple:
            raise NotImplementedError("MultiRNNCell: state_is_tuple=False: take the state as a tuple")
        self.cells = list(cells)

    @property
    def state_size(self) -> Any:
        return tuple([cell.state_size for cell in self.cells])

    @property
    def output_size(self) -> Any:
        return self.cells[-1].output_size

    def call(self, inputs: Tensor, state: Any) -> tuple[Any, Any]:
        return self.stacked(inputs, state, lambda cell, x, s: cell(x, s))

    def over(self, inputs: Tensor, state: Any, lengths: Any = None, reverse: bool = False) -> tuple[Any, Any]:
        with self.owning(inputs):
            return self.stacked(inputs, state, lambda cell, x, s: cell.over(x, s, lengths, reverse))

    def stacked(self, x: Any, states: Any, run: Callable[[RNNCell, Any, Any], tuple[Any, Any]]) -> tuple[Any, Any]:
        """Each cell on what the one below gives."""
        if len(states) != len(self.cells):
            raise ValueError(f"MultiRNNCell: {len(self.cells)} cells need as many states, got {len(states)}")
        after = []
        for i, (cell, state) in enumerate(zip(self.cells, states, strict=True)):
            with variable_scope(f"cell_{i}"):
                x, new = run(cell, x, state)
            after.append(new)
        return x, tuple(after)


class Wrapper(RNNCell):
    """A cell that does something around another one, and has no scope of its own."""

    def __init__(self, cell: RNNCell) -> None:
        super().__init__()
        self.cell = cell

    @property
    def state_size(self) -> Any:
        return self.cell.state_size

    @property
    def output_size(self) -> Any:
        return self.cell.output_size

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        return self.cell.zero_state(batch_size, dtype)

    def before(self, inputs: Any) -> Any:
        """What the cell gets as inputs."""
        return inputs

    def after(self, inputs: Any, output: Any) -> Any:
        """What becomes of the cell's output."""
        return output

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> tuple[Any, Any]:
        x = convert_to_tensor(inputs)
        output, new = self.cell(self.before(x), state, scope=scope)
        return self.after(x, output), new

    def over(self, inputs: Tensor, state: Any, lengths: Any = None, reverse: bool = False) -> tuple[Any, Any]:
        outputs, last = self.cell.over(self.before(inputs), state, lengths, reverse)
        return self.after(inputs, outputs), last


class DropoutWrapper(Wrapper):
    """Dropout of what goes into a cell and of what comes out; each keep_prob may be a tensor."""

    def __init__(
        self, cell: RNNCell, input_keep_prob: Any = 1.0, output_keep_prob: Any = 1.0, state_keep_prob: Any = 1.0,
        variational_recurrent: bool = False, input_size: Any = None, dtype: Any = None, seed: int | None = None,
    ) -> None:  # fmt: skip
        super().__init__(cell)
        if variational_recurrent or not (isinstance(state_keep_prob, (int, float)) and state_keep_prob == 1):
            raise NotImplementedError("DropoutWrapper: state_keep_prob and variational_recurrent: leave them out")
        for name, part in (("input", input_keep_prob), ("output", output_keep_prob)):
            if isinstance(part, (int, float)) and not 0 <= part <= 1:
                raise ValueError(f"Parameter {name}_keep_prob must be between 0 and 1: {part}")
        self.keep_input, self.keep_output, self.seed = input_keep_prob, output_keep_prob, seed

    def before(self, inputs: Any) -> Any:
        return dropout(inputs, self.keep_input, seed=self.seed)

    def after(self, inputs: Any, output: Any) -> Any:
        return dropout(output, self.keep_output, seed=None if self.seed is None else self.seed + 1)


class ResidualWrapper(Wrapper):
    """The sum of what goes into a cell and what comes out."""

    def after(self, inputs: Any, output: Any) -> Any:
        return inputs + output
