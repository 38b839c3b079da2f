"""Layers that are one function of ops, without anything that they own."""

import inspect
import sys
from collections.abc import Callable, Mapping
from typing import Any

from attrs import field, make_class

from trivium.layer import Layer


def layer_of(
    name: str,
    function: Callable[..., Any],
    examples: Callable[..., tuple[Any, ...]],
    *,
    tried: Mapping[str, Any] | None = None,
    defaults: Mapping[str, Any] | None = None,
) -> type[Layer]:
    """A layer whose inputs are the function's positional parameters, and whose settings its keyword-only ones.

    examples: make -> inputs to try it on
    tried:    for each setting, a value off its default that another sample sets
    defaults: where they are to differ from the function's
    """
    signature = inspect.signature(getattr(function, "reference", function))
    settings = [p for p in signature.parameters.values() if p.kind is p.KEYWORD_ONLY]
    given = {p.name: p.default for p in settings if p.default is not p.empty} | dict(defaults or {})

    def forward(self, *inputs):
        return function(*inputs, **{p.name: getattr(self, p.name) for p in settings})

    def samples(cls, make):
        required = {key: value for key, value in (tried or {}).items() if key not in given}
        yield cls(**required), *examples(make)
        for key, value in (tried or {}).items():
            yield cls(**required | {key: value}), *examples(make)

    body = {"forward": forward, "samples": classmethod(samples), "__doc__": inspect.getdoc(
        getattr(function, "reference", function))}  # fmt: skip
    attributes = {p.name: field(default=given[p.name]) if p.name in given else field() for p in settings}
    made = make_class(name, attributes, bases=(Layer,), class_body=body, slots=False)
    made.__module__ = sys._getframe(1).f_globals["__name__"]  # where pickle finds it
    return made
