"""Modules that are one function of torch.nn.functional, with its settings kept as attributes."""

import inspect
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from .module import Module

# Parameters of functions that a module is called with; the others are its settings.
INPUTS = {
    "input", "target", "input1", "input2", "anchor", "positive", "negative", "x1", "x2", "var", "indices", "log_probs",
    "targets", "input_lengths", "target_lengths",
}  # fmt: skip


class OfFunction(Module):
    """The base of modules that are one function.

    function:  of the inputs and the settings
    signature: of __init__: the settings
    shown:     what stands between the brackets, with settings in {}
    kept:      settings that are buffers
    """

    function: ClassVar[Callable[..., Any]]
    signature: ClassVar[inspect.Signature]
    shown: ClassVar[str] = ""
    kept: ClassVar[frozenset[str]] = frozenset()
    knows_training: ClassVar[bool] = False

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__()
        try:
            given = self.signature.bind(*args, **settings)
        except TypeError as error:
            raise TypeError(f"{type(self).__name__}.__init__(): {error}; it takes {self.signature}") from None
        given.apply_defaults()
        for name, value in self.settled(given.arguments).items():
            if name in self.kept:
                self.register_buffer(name, value)
            else:
                setattr(self, name, value)

    def settled(self, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        """The settings as they are kept."""
        return settings

    def forward(self, *inputs: Any, **named: Any) -> Any:
        """The function."""
        settings = {name: getattr(self, name) for name in self.signature.parameters}
        if self.knows_training:
            settings["training"] = self.training
        return type(self).function(*inputs, **named, **settings)

    def __call__(self, *inputs: Any, **named: Any) -> Any:
        check_tensors(self, inputs)
        return super().__call__(*inputs, **named)

    def extra_repr(self) -> str:
        return self.shown.format(**{name: getattr(self, name) for name in self.signature.parameters})


def check_tensors(module: Module, inputs: Iterable[Any]) -> None:
    """Refuse what is no tensor before a function stumbles over it."""
    for x in inputs:
        if not hasattr(x, "spec"):
            raise TypeError(
                f"{type(module).__name__}(): argument 'input' must be Tensor, not {type(x).__name__}; "
                "make one with torch.tensor"
            )


def module_of(
    name: str,
    function: Callable[..., Any],
    shown: str = "",
    *,
    base: type[OfFunction] = OfFunction,
    kept: Iterable[str] = (),
    order: Iterable[str] = (),
    defaults: Mapping[str, Any] | None = None,
    **body: Any,
) -> Any:
    """A module of a function; its settings are the parameters that are no inputs.

    kept:     settings that are buffers
    order:    that of the settings, where it differs
    defaults: where they differ from the function's
    body:     what else the class has
    """
    parameters = inspect.signature(function).parameters
    settings = {key: p for key, p in parameters.items() if key not in {*INPUTS, "training", "_stacklevel", "dtype"}}
    for key, value in (defaults or {}).items():
        settings[key] = settings[key].replace(default=value)
    settings = {key: settings[key] for key in order} or settings

    def __init__(self: Any, *args: Any, **given: Any) -> None:
        OfFunction.__init__(self, *args, **given)

    me = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    __init__.__signature__ = inspect.Signature([me, *settings.values()])  # type: ignore[attr-defined]
    body |= {
        "__init__": __init__, "function": staticmethod(function), "shown": shown,
        "signature": inspect.Signature(list(settings.values())),
        "kept": frozenset(kept), "knows_training": "training" in parameters, "__doc__": inspect.getdoc(function),
        "__module__": sys._getframe(1).f_globals["__name__"],
    }  # fmt: skip
    return type(name, (base,), body)
