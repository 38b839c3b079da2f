"""Recurrent layers over whole sequences: any number of them, in one direction or both."""

from attrs import define, field

from trivium import ops
from trivium.layer import ParamSpec
from trivium.ops.choice import check_choice

from .gates import Gated, GruWalk, LstmWalk, PlainWalk

ENDS = {"forward": ("",), "reverse": ("_reverse",), "both": ("", "_reverse")}  # of names, for each walk of a layer
OWNED = ("input_weight", "hidden_weight", "input_bias", "hidden_bias")


@define(slots=False)
class Sequence(Gated):
    """Recurrent layers, each over what the one below returns.

    x:             (steps, N, features), or (N, steps, features) with `batch_first`
    states:        (layers * directions, N, units) each; 0 when left out
    lengths:       (N,) whole numbers: how many steps each sequence has; what it returns after these is 0
    keep:          (steps, N), or (N, steps): each step starts from its state times this; 0 where a sequence begins
    return:        (steps, N, directions * units) the states of the last layer, or (N, steps, ...); then the last
                   states of all layers, as they are taken
    direction:     "forward", "reverse" (from the last step to the first), or "both", side by side
    dropout:       the part of what a layer returns that is dropped before the next layer, while training

    It owns, for layer k, input_weight_k (gates * units, features), hidden_weight_k (gates * units, units), input_bias_k
    and hidden_bias_k; those of the walk from the end have names that end in _reverse.
    """

    layers: int = field(default=1, kw_only=True)
    direction: str = field(default="forward", kw_only=True)
    batch_first: bool = field(default=False, kw_only=True)
    dropout: float = field(default=0.0, kw_only=True)

    def __attrs_post_init__(self):
        self.asks_for = ("training", "random", *[name + suffix for suffix, _ in self.walks() for name in OWNED])

    def walks(self):
        """The ending of names and whether it goes back, for each walk."""
        check_choice("direction", self.direction, ENDS)
        return [(f"_{k}{end}", bool(end)) for k in range(self.layers) for end in ENDS[self.direction]]

    def parameters(self, x, *others):
        owned, features, directions = {}, x.shape[-1], len(ENDS[self.direction])
        for i, (suffix, _) in enumerate(self.walks()):
            owned |= self.walk_parameters(features if i < directions else directions * self.units, suffix)
        if self.drops:
            owned["random"] = ParamSpec((2,), "random_state", trainable=False, dtype="uint64")
        return owned

    @property
    def drops(self):
        """Whether something is dropped in training."""
        return self.dropout > 0 and self.layers > 1

    def run(self, x, states, lengths, keep, owned, random, training):
        """What the layers return, and the next random state."""
        if self.batch_first:
            x, keep = time_first(x), None if keep is None else time_first(keep)
        walks, directions = self.walks(), len(ENDS[self.direction])
        first = [per_walk(state, len(walks)) for state in states]
        ends, updates = [], {}
        for start in range(0, len(walks), directions):
            if start and self.drops and training:
                x, random = ops.dropout(x, self.dropout, random)[0], ops.advance(random, count=ops.blocks(x.shape))
                updates["random"] = random
            made = []
            for i, (suffix, reverse) in list(enumerate(walks))[start : start + directions]:
                own = {name: owned.get(name + suffix) for name in OWNED}
                before = [self.zeros(x) if state is None else state[i] for state in first]
                sequences = self.walk(x, before, own, lengths, keep, reverse)
                made.append(sequences[0])
                ends.append([end_of(sequence, reverse) for sequence in sequences])
            x = made[0] if directions == 1 else ops.concatenate(*made, axis=2)
            x = x if lengths is None else ops.where(is_live(x, lengths), x, 0.0)
        lasts = [ops.concatenate(*column, axis=0) for column in zip(*ends)]
        return (time_first(x) if self.batch_first else x, *lasts, updates)

    def zeros(self, x):
        """The state to start from where none is given."""
        return ops.zeros(shape=(x.shape[1], self.units), dtype=x.spec.dtype.name, place=x.place)


def time_first(x):
    """The first two axes exchanged."""
    return ops.transpose(x, axes=(1, 0, *range(2, x.ndim)))


def per_walk(state, count):
    """The states of each walk, of (walks, N, units)."""
    if state is None:
        return None
    return [ops.squeeze(ops.slice(state, start=(i,), stop=(i + 1,)), axis=0) for i in range(count)]


def end_of(sequence, reverse):
    """The state after the last step of a walk: (1, N, units)."""
    return ops.slice(sequence, stop=(1,)) if reverse else ops.slice(sequence, start=(-1,))


def is_live(x, lengths):
    """Which steps a sequence has: (steps, N, 1)."""
    steps = ops.arange(stop=x.shape[0], dtype=lengths.spec.dtype.name, place=x.place)
    return ops.expand(ops.less(ops.expand(steps, axis=1), lengths), axis=2)


@define(slots=False)
class RNN(PlainWalk, Sequence):
    """Plain recurrent layers: see Sequence  (Elman, 1990).

    activation: "tanh" or "relu"
    """

    activation: str = field(default="tanh", kw_only=True)

    @classmethod
    def samples(cls, make):
        yield cls(2), make(3, 2, 4)
        yield cls(2, activation="relu", biases="one", bias_initializer="ones"), make(3, 1, 4)
        yield cls(2, layers=2, direction="both", biases="none"), make(4, 3, 2), make(4, 3, 2)
        yield cls(2, batch_first=True, direction="reverse"), make(4, 3, 2), None, make.integers(4, low=1, high=4)
        yield cls(2, layers=2, dropout=0.5, weight_initializer="glorot"), make(3, 2, 2)

    def forward(self, x, hidden=None, lengths=None, keep=None, *, random, training, **owned):
        return self.run(x, [hidden], lengths, keep, owned, random, training)


@define(slots=False)
class LSTM(LstmWalk, Sequence):
    """Layers of long short-term memory: see Sequence  (Hochreiter & Schmidhuber, 1997; Gers et al., 2000).

    order:       in which input gate, forget gate, candidate g and output gate stand: "ifgo" (PyTorch), "igfo"
                 (TensorFlow, which calls g j), "ifog" (Caffe)
    forget_bias: is added to the forget gate
    """

    order: str = field(default="ifgo", kw_only=True)
    forget_bias: float = field(default=0.0, kw_only=True)

    @classmethod
    def samples(cls, make):
        yield cls(2), make(3, 2, 4)
        yield cls(2, order="igfo", forget_bias=1.0, biases="one", bias_initializer="ones"), make(3, 1, 4)
        yield cls(2, direction="both", biases="none"), make(2, 3, 4), make(2, 3, 2), make(2, 3, 2)
        lengths, keep = make.integers(2, low=1, high=4), make.integers(2, 3, high=2).astype(float)
        two = cls(2, layers=2, dropout=0.5, weight_initializer="glorot", batch_first=True)
        yield two, make(2, 3, 2), None, None, lengths, keep

    def forward(self, x, hidden=None, cell=None, lengths=None, keep=None, *, random, training, **owned):
        return self.run(x, [hidden, cell], lengths, keep, owned, random, training)


@define(slots=False)
class GRU(GruWalk, Sequence):
    """Layers of gated recurrent units: see Sequence  (Cho et al., 2014, arXiv:1406.1078).

    order: in which reset gate, update gate and candidate n stand
    reset: where the reset gate meets the state: "after" its product with the weight (PyTorch, cuDNN), or "before"
           (the paper, TensorFlow 1)
    """

    order: str = field(default="rzn", kw_only=True)
    reset: str = field(default="after", kw_only=True)

    @classmethod
    def samples(cls, make):
        yield cls(2), make(3, 2, 4)
        yield cls(2, order="zrn", reset="before", biases="one", bias_initializer="ones"), make(3, 1, 4)
        yield cls(2, layers=2, direction="both", biases="none"), make(4, 3, 2), make(4, 3, 2)
        two = cls(2, layers=2, dropout=0.5, weight_initializer="glorot", batch_first=True)
        yield two, make(4, 3, 2), None, make.integers(4, low=1, high=4)

    def forward(self, x, hidden=None, lengths=None, keep=None, *, random, training, **owned):
        return self.run(x, [hidden], lengths, keep, owned, random, training)
