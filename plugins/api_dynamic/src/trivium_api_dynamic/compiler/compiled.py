"""compile: a function of eager code that runs as programs."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from types import MethodType
from typing import Any

from attrs import define, field

from trivium.tensor import Parameter, tape
from trivium.tensor import Tensor as CoreTensor

from ..nn.module import Module
from .listening import listening
from .recorder import Recorder
from .structure import flattened, has_arrays, tensors_in
from .surroundings import names_of, seen
from .variant import Variant, has_gradient, variant_of

MOST_VARIANTS = 8  # of one function; more are a sign that something changes with each call
MOST_ATTEMPTS = 3  # to record a run after which nothing new is left behind


class CompileWarning(UserWarning):
    """A function that runs eagerly, though it was to be compiled."""


@define
class Known:
    """What is known of one kind of call: its programs, and whether it has none.

    objects: those that the key tells apart by what they are, which must live as long as it
    """

    objects: list[Any]
    variants: list[Variant] = field(factory=list)
    attempts: int = 0
    is_eager: bool = False


class Compiled:
    """A function that is recorded when it is called with new shapes, dtypes or other arguments, and then is a program.

    The run that is recorded is an eager one.  What it read besides its arguments - parameters, buffers, gradients, an
    optimizer's options and state, a schedule, random numbers - is found anew at each run.  The numbers and objects that
    the function names, and the attributes of the modules that it calls, are looked at: where one has changed, it is
    recorded anew.  Other Python values are fixed, and other Python statements happen no more.  `.grad` is memory that
    the next run overwrites.

    A function whose course depends on values (`if`, `item()`, `print`), or that leaves tensors elsewhere than in what
    it returns, is called as it is, with one warning that names the line; with fullgraph=True it is an error.
    """

    def __init__(self, function: Callable[..., Any], *, fullgraph: bool = False) -> None:
        self.function, self.fullgraph = function, fullgraph
        self.known: dict[Any, Known] = {}
        self.places = names_of(function.forward if isinstance(function, Module) else function)
        self.has_warned = False
        functools.update_wrapper(self, function)

    def __get__(self, owner: Any, kind: Any = None) -> Any:
        return self if owner is None else MethodType(self, owner)

    def __call__(self, *args: Any, **named: Any) -> Any:
        if listening.recorder is not None:
            return self.function(*args, **named)
        tensors: list[CoreTensor] = []
        objects: list[Any] = [getattr(self.function, "__self__", None)]
        key = (
            flattened((args, named), tensors, objects), tape.recording, *[described(x, tensors) for x in tensors],
            *seen(self.places, objects),
        )  # fmt: skip
        known = self.known.get(key)
        if known is None:
            known = self.known[key] = Known(objects)
        for variant in known.variants:
            if variant.guard.holds():
                return variant.run(tensors)
        if known.is_eager:
            return self.function(*args, **named)
        return self.recorded(args, named, tensors, objects, known)

    def recorded(self, args: Any, named: Any, tensors: list[CoreTensor], objects: list[Any], known: Known) -> Any:
        """Run eagerly, and try to keep the run as a program."""
        if sum([len(each.variants) for each in self.known.values()]) >= MOST_VARIANTS:
            self.give_up(known, f"it has changed {MOST_VARIANTS} times what it does, or with what")
            return self.function(*args, **named)
        where = "its parameters"
        recorder = Recorder(is_strict=self.fullgraph)
        with recorder.listen():
            if has_arrays(objects):
                recorder.stop("it takes a NumPy array, whose elements a program cannot follow; pass a tensor")
            if any([x.gradient is not None for x in tensors]):
                recorder.stop("it takes a tensor that has a gradient already")
            given = recorder.give(tensors)
            if any([isinstance(thing, CoreTensor) and thing.storage in recorder.given for thing in objects]):
                recorder.stop("it takes a tensor that it also knows by another name")
            result = self.function(*args, **named)
        for x in tensors_in(result):
            if has_gradient(x):
                recorder.check_gradient_of(x)
        if recorder.problem is not None:
            self.give_up(known, recorder.problem)
            return result
        if recorder.is_settled:
            variant = variant_of(recorder, result, tensors, given, objects)
            if not variant.escaped:
                known.variants.append(variant)
                return result
            where = next(filter(None, variant.escaped), "somewhere")
        known.attempts += 1
        if known.attempts >= MOST_ATTEMPTS:
            self.give_up(known, f"{where}: a tensor made here is kept elsewhere than in what is returned")
        return result

    def give_up(self, known: Known, why: str) -> None:
        """Run eagerly from now on."""
        known.is_eager = True
        name = getattr(self.function, "__qualname__", type(self.function).__name__)
        if not self.has_warned:
            self.has_warned = True
            warnings.warn(f"compile: {name} runs eagerly: {why}", CompileWarning, stacklevel=4)


def described(x: CoreTensor, beside: list[CoreTensor]) -> Any:
    """What a program must know of an argument; a parameter is itself: the function may know it by another name."""
    same = next(i for i, other in enumerate(beside) if other.storage is x.storage)
    itself = id(x) if isinstance(x, Parameter) else None
    return type(x), x.spec, x.device, x.layout, x.edge is not None, same, itself


class CompiledModule(Module):
    """A module whose forward runs as programs; parameters and state are those of the module itself."""

    def __init__(self, module: Module, **options: Any) -> None:
        super().__init__()
        self._modules["_orig_mod"] = module
        object.__setattr__(self, "training", module.training)
        object.__setattr__(self, "_compiled", Compiled(module, **options))

    def forward(self, *inputs: Any, **named: Any) -> Any:
        """The module's function."""
        return self._compiled(*inputs, **named)

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(self._modules["_orig_mod"], name)


def compile(
    model: Any = None, *, fullgraph: bool = False, dynamic: bool | None = None, backend: Any = "trivium",
    mode: str | None = None, options: Any = None, disable: bool = False,
) -> Any:  # fmt: skip
    """A function or a module that runs as programs: `compile(model)`, `@compile` or `@compile(fullgraph=True)`.

    A whole training step can be one: zero_grad, forward, backward, optimizer.step() and a schedule.
    fullgraph: an error, where else it would run eagerly
    disable:   leave it as it is
    dynamic, backend, mode, options: accepted; there is one way to compile
    """
    if model is None:
        return functools.partial(compile, fullgraph=fullgraph, disable=disable)
    if disable:
        return model
    if isinstance(model, Module):
        return CompiledModule(model, fullgraph=fullgraph)
    return Compiled(model, fullgraph=fullgraph)


def is_compiling() -> bool:
    """Whether a run is being recorded."""
    return listening.recorder is not None
