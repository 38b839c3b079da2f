"""Ops: what a computation means, without saying where or when it runs."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from attrs import frozen

from .errors import DTypeError, GradientError, ShapeError, TriviumError, unknown_name
from .spec import Spec

Settings: TypeAlias = "dict[str, Any]"
Rule: TypeAlias = Callable[..., Any]
Layout: TypeAlias = "tuple[tuple[int, ...], tuple[int, ...], int]"


class Op:
    """A named computation on values.

    Calling an op with tensors computes now; with symbols it adds a call to their graph.
    Positional parameters are values, keyword-only ones are settings; the signature is the schema.
    """

    __slots__ = (
        "auxiliary", "decompose", "defaults", "derived", "doc", "elementwise", "free", "gradient_rules",
        "has_one_output", "inputs", "is_variadic", "name", "optional", "origin", "outputs", "random", "reasons",
        "reference", "runner", "sample_maker", "save_plans", "shape_rule", "unrolled", "version", "view_rule",
    )  # fmt: skip

    def __init__(
        self,
        reference: Callable[..., Any],
        *,
        name: str | None = None,
        elementwise: bool = False,
        random: bool = False,
        outputs: tuple[str, ...] | str = ("out",),
        auxiliary: tuple[str, ...] = (),
        free: tuple[str, ...] = (),
        derived: tuple[str, ...] = (),
        unrolled: bool = False,
        version: int = 1,
    ) -> None:
        parameters = inspect.signature(reference).parameters.values()
        self.name = name or reference.__name__
        self.doc = inspect.getdoc(reference) or ""
        self.reference = reference
        self.inputs = tuple([p.name for p in parameters if p.kind is not p.KEYWORD_ONLY])
        self.is_variadic = any(p.kind is p.VAR_POSITIONAL for p in parameters)
        self.optional = frozenset(p.name for p in parameters if p.kind is not p.KEYWORD_ONLY and p.default is None)
        self.defaults = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
        self.elementwise, self.random, self.version = elementwise, random, version
        self.unrolled = unrolled  # its decomposition makes calls for each step, and must know how many there are
        self.outputs: tuple[str, ...] | str = outputs
        self.has_one_output = outputs != "*" and len(outputs) == 1  # a call returns a value, not a tuple of values
        self.auxiliary = frozenset(auxiliary)
        self.free = frozenset(free)
        self.derived = frozenset(derived)  # operands that follow from others: a kernel may read or compute them
        self.shape_rule: Rule | None = None
        self.gradient_rules: dict[str, GradientRule] = {}
        self.reasons = dict.fromkeys(derived, "it follows from other operands, whose gradients have its share")
        self.sample_maker: Callable[[Any], Iterator[Any]] | None = None
        self.decompose: Rule | None = None
        self.view_rule: Rule | None = None
        self.runner: Rule | None = None  # (device, specs, settings) -> kernel, for ops that run other programs
        self.save_plans: dict[int, SavePlan | None] = {}
        self.origin = reference.__module__

    def __call__(self, *inputs: Any, **settings: Any) -> Any:
        try:
            kind = inputs[0].kind
            for x in inputs:
                if x.kind is not kind:
                    break
            else:
                return kind.run(self, inputs, settings)
        except (AttributeError, IndexError):
            if inputs and all([hasattr(x, "kind") for x in inputs]):
                raise  # not an operand's fault
        return self._call_mixed(inputs, settings)

    def _call_mixed(self, inputs: tuple[Any, ...], settings: Settings) -> Any:
        """Operands of several kinds: symbols win over tensors, and both over numbers."""
        self._check_arity(inputs)
        kind, strength = None, -1
        for x in inputs:
            found = getattr(x, "kind", None)
            if found is not None and found.strength > strength:
                kind, strength = found, found.strength
        if kind is not None:
            settings.pop("place", None)
            return kind.run_mixed(self, inputs, settings)
        if inputs or "place" not in settings:
            names = ", ".join([type(x).__name__ for x in inputs])
            what = f"no tensor or symbol among its operands ({names})" if inputs else "it has no operands"
            raise TypeError(f"{self.name}: {what}; say where to run with place=, or convert an operand first")
        place = settings.pop("place")
        return _place_runner(place)(self, settings, place)

    def _check_arity(self, inputs: Sequence[Any]) -> None:
        for name, x in zip(self.names_of(len(inputs)), inputs, strict=False):
            if x is None and name not in self.optional:
                raise TypeError(f"{self.name}: operand {name!r} is None; only an optional one may be left out")
        if self.is_variadic:
            return
        required = len(self.inputs) - len(self.optional)
        if not required <= len(inputs) <= len(self.inputs):
            takes = str(required) if required == len(self.inputs) else f"{required} to {len(self.inputs)}"
            raise TypeError(f"{self.name}: takes {takes} values ({', '.join(self.inputs)}), got {len(inputs)}")

    def __repr__(self) -> str:
        return f"<op {self.name}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return find_op, (self.name,)

    # -- what completes the definition -----------------------------------------------------------

    def shape(self, rule: Rule) -> Rule:
        """Register `rule(*specs, **settings) -> Spec`, or a tuple of Specs for several outputs."""
        self.shape_rule = rule
        return rule

    def gradient(self, *wrt: str) -> Callable[[Rule], Rule]:
        """Register `rule(g, ...)` for the inputs named; it asks by name for what it needs."""

        def register(rule: Rule) -> Rule:
            made = GradientRule.of(self, rule, wrt)
            self.gradient_rules.update(dict.fromkeys(wrt, made))
            return rule

        return register

    def no_gradient(self, *inputs_and_reason: str) -> None:
        """State why inputs have no gradient: their names, then the reason."""
        *names, reason = inputs_and_reason
        self.reasons.update(dict.fromkeys(names or self.inputs, reason))

    def samples(self, maker: Callable[[Any], Iterator[Any]]) -> Callable[[Any], Iterator[Any]]:
        """Register a generator of example operands (a last dict holds settings)."""
        self.sample_maker = maker
        return maker

    def decomposition(self, function: Rule) -> Rule:
        """Register the same computation as a composition of ops."""
        self.decompose = function
        return function

    def view(self, rule: Rule) -> Rule:
        """Register `rule(layout, **settings) -> layout`, or None where memory must be copied."""
        self.view_rule = rule
        return rule

    # -- what the definition answers -------------------------------------------------------------

    def complete(self, settings: Mapping[str, Any]) -> Settings:
        """All settings, defaults included; a setting that does not exist is an error."""
        if not settings.keys() <= self.defaults.keys():
            unknown = next(name for name in settings if name not in self.defaults)
            raise unknown_name(f"setting of {self.name}", unknown, self.defaults)
        complete = {**self.defaults, **settings}
        for name, value in complete.items():
            if value is inspect.Parameter.empty:
                raise TypeError(f"{self.name}: setting {name!r} is missing; {self.name}{self.signature}")
        return complete

    def infer(self, specs: Sequence[Spec | None], settings: Mapping[str, Any]) -> tuple[Spec, ...]:
        """The Specs of the outputs.  A mistake is reported in the op's name."""
        settings = self.complete(settings)
        self._check_arity(specs)
        self._check_dtypes(specs)
        if self.shape_rule is None:
            raise ShapeError(f"{self.name}: has no shape rule; give it one with @{self.name}.shape")
        try:
            result = self.shape_rule(*specs, **settings)
        except (TriviumError, TypeError, IndexError, ValueError, AttributeError) as error:
            if any(spec is not None and not spec.has_rank for spec in specs):
                return self._of_unknown_rank(specs)
            if isinstance(error, TriviumError):
                raise type(error)(f"{self.name}: {error}") from None
            operands = ", ".join(map(str, specs))
            raise ShapeError(f"{self.name}: cannot be applied to ({operands}) with {settings}: {error}") from error
        return result if type(result) is tuple else (result,)

    def _check_dtypes(self, specs: Sequence[Spec | None]) -> None:
        """Operands share one dtype, but for those that the op leaves free."""
        bound = [s for name, s in zip(self.names_of(len(specs)), specs, strict=True)
                 if s is not None and name not in self.free]  # fmt: skip
        if any(s.dtype != bound[0].dtype for s in bound[1:]):
            raise DTypeError(
                f"{self.name}: operands of different dtypes: {', '.join(map(str, bound))}; cast one of them"
            )

    def dtype_among(self, inputs: Sequence[Any]) -> Any:
        """The dtype that numbers take beside these operands: that of the first value which is not free."""
        names = self.names_of(len(inputs)) if self.free else inputs
        for name, x in zip(names, inputs, strict=True):
            if hasattr(x, "spec") and (not self.free or name not in self.free):
                return x.spec.dtype
        return None

    def _of_unknown_rank(self, specs: Sequence[Spec | None]) -> tuple[Spec, ...]:
        if self.outputs == "*":
            raise ShapeError(f"{self.name}: how many outputs it has depends on an unknown number of axes")
        like = next(spec for name, spec in zip(self.names_of(len(specs)), specs, strict=True)
                    if spec is not None and (name not in self.free or len(specs) == 1))  # fmt: skip
        return tuple([Spec(None, like.dtype) for _ in self.outputs])

    def names_of(self, count: int) -> tuple[str, ...]:
        """A name for each of `count` operands; a variadic op repeats its one name."""
        return self.inputs * count if self.is_variadic else self.inputs[:count]

    def is_differentiable(self, name: str) -> bool:
        """Whether a gradient flows to the input of this name."""
        return name in self.gradient_rules or (self.decompose is not None and name not in self.reasons)

    def needs_decomposition(self, names: Sequence[str]) -> bool:
        """Whether gradients of these inputs come from the decomposition: all do where one of them has no rule."""
        return self.decompose is not None and any(
            [name not in self.gradient_rules and name not in self.reasons for name in names]
        )

    @property
    def signature(self) -> str:
        """The signature as it would be written."""
        return str(inspect.signature(self.reference))


# The kinds of place where an op without operands can run; tensors and graphs add theirs.
PLACES: dict[type, Callable[[Op, Settings, Any], Any]] = {}


def _place_runner(place: Any) -> Callable[[Op, Settings, Any], Any]:
    for cls in type(place).__mro__:
        if cls in PLACES:
            return PLACES[cls]
    raise TypeError(f"place={place!r}: an op without operands runs on a device or in a graph")


@frozen
class GradientRule:
    """A rule, the inputs that it serves, and what it asks for, read from its parameter names."""

    function: Rule
    wrt: tuple[str, ...]
    needs: tuple[str, ...]

    @classmethod
    def of(cls, op: Op, function: Rule, wrt: tuple[str, ...]) -> GradientRule:
        """Check the names that `function` asks for."""
        needs = tuple(inspect.signature(function).parameters)[1:]
        outputs = ("outs",) if op.outputs == "*" else tuple(op.outputs)
        values = op.inputs + outputs
        allowed = {*values, *[f"{name}_spec" for name in values], *op.defaults}
        for asked, valid in ((needs, allowed), (wrt, set(op.inputs))):
            if unknown := [name for name in asked if name not in valid]:
                raise TypeError(f"gradient of {op.name}: asks for {unknown}; it may ask for {sorted(valid)}")
        return cls(function, wrt, needs)


@frozen
class SavePlan:
    """What a call keeps when the inputs in one bit set need gradients.

    inputs:  positions whose value is kept
    outputs: positions whose value is kept
    specs:   positions whose Spec is kept, inputs first, outputs after
    """

    inputs: tuple[tuple[str, int], ...]
    outputs: tuple[tuple[str, int], ...]
    input_specs: tuple[tuple[str, int], ...]
    output_specs: tuple[tuple[str, int], ...]


def save_plan(op: Op, tracked: Sequence[bool]) -> SavePlan | None:
    """The plan for a call of which some operands need gradients; None where none can flow."""
    count = len(tracked)
    names = op.names_of(count)
    wanted = [
        name for name, is_tracked in zip(names, tracked, strict=True) if is_tracked and op.is_differentiable(name)
    ]
    if not wanted:
        return None
    if op.needs_decomposition(wanted):
        return SavePlan(tuple([(name, i) for i, name in enumerate(names)]), (), (), ())
    if op.is_variadic:
        needs = set(op.gradient_rules[wanted[0]].needs)
        every = tuple([(op.inputs[0], i) for i in range(count)])
        return SavePlan(
            every if op.inputs[0] in needs else (), (), every if f"{op.inputs[0]}_spec" in needs else (), ()
        )
    needs = {need for name in wanted for need in op.gradient_rules[name].needs}
    outputs = () if op.outputs == "*" else tuple(op.outputs)
    return SavePlan(
        tuple([(n, i) for i, n in enumerate(names) if n in needs]),
        tuple([(n, i) for i, n in enumerate(outputs) if n in needs]),
        tuple([(n, i) for i, n in enumerate(names) if f"{n}_spec" in needs]),
        tuple([(n, i) for i, n in enumerate(outputs) if f"{n}_spec" in needs]),
    )


class Call:
    """One use of an op: a step back on the eager tape, and a node of a graph.

    `edges[i]` is where operand i came from (a Call, an Output of one, or a Leaf), None if no
    gradient flows there.  What gradient rules ask for is recalled by name.
    `name` and `origin`, where it was made, are known of a graph's calls; of a tape's, only where somebody gave them.
    """

    __slots__ = ("edges", "hooks", "name", "op", "origin", "settings", "specs")

    op: Op
    settings: Settings
    edges: Sequence[Edge | None]
    specs: tuple[Spec, ...]
    hooks: dict[int, list[Callable[[Any], Any]]] | None
    name: str | None
    origin: str

    def recall(self, name: str) -> Any:
        """The value a gradient rule asked for: an input, an output, a Spec of either."""
        raise NotImplementedError

    def recall_inputs(self) -> tuple[Any, ...]:
        """Every operand, for a fused op that differentiates its decomposition."""
        raise NotImplementedError

    def setting(self, name: str) -> Any:
        """A setting, or its default."""
        return self.settings[name] if name in self.settings else self.op.defaults[name]

    def __repr__(self) -> str:
        return f"<call of {self.op.name} -> {', '.join(map(str, self.specs))}>"


class Output:
    """One of the outputs of a Call that has several."""

    __slots__ = ("call", "index")

    def __init__(self, call: Call, index: int) -> None:
        self.call, self.index = call, index


class Leaf:
    """Where gradients end: a parameter, or an input that wants a gradient."""

    __slots__ = ("hooks", "spec", "value")

    def __init__(self, spec: Spec, value: Any = None) -> None:
        self.spec, self.value = spec, value
        self.hooks: dict[int, list[Callable[[Any], Any]]] | None = None


Edge: TypeAlias = "Call | Output | Leaf"


def edge_spec(edge: Edge) -> Spec:
    """Shape and dtype of the value that an edge stands for."""
    if type(edge) is Leaf:
        return edge.spec
    if type(edge) is Output:
        return edge.call.specs[edge.index]
    assert isinstance(edge, Call)
    return edge.specs[0]


def add_hook(edge: Edge | None, hook: Callable[[Any], Any]) -> Callable[[], None]:
    """Call `hook(gradient)` when the gradient at `edge` is complete; what it returns replaces it.

    return: a function that removes the hook
    """
    if edge is None:
        raise GradientError("hook: this value takes no part in a gradient; attach it to one that requires a gradient")
    node, index = (edge.call, edge.index) if type(edge) is Output else (edge, 0)
    if node.hooks is None:  # type: ignore[union-attr]
        node.hooks = {}  # type: ignore[union-attr]
    hooks = node.hooks.setdefault(index, [])  # type: ignore[union-attr]
    hooks.append(hook)
    return lambda: hooks.remove(hook)


# -- the words that exist ----------------------------------------------------------------------------

OPS: dict[str, Op] = {}


def op(reference: Callable[..., Any] | None = None, **traits: Any) -> Any:
    """Make an op of its NumPy reference, and let it be found by name."""
    if reference is None:
        return lambda function: op(function, **traits)
    made = Op(reference, **traits)
    if made.name in OPS:
        raise TriviumError(f"op {made.name!r} of {made.origin} is defined already, by {OPS[made.name].origin}")
    OPS[made.name] = made
    return made


def find_op(name: str) -> Op:
    """The op of this name; an error lists the nearest names."""
    if name not in OPS:
        raise unknown_name("op", name, OPS)
    return OPS[name]
