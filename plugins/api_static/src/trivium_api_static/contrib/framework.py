"""Defaults for the arguments of several functions, and variables found by their scope."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from threading import local
from typing import Any

from trivium.errors import unknown_name

from ..collection import GraphKeys
from ..graph import get_default_graph
from ..train.step import create_global_step, get_global_step, get_or_create_global_step
from ..variable import Variable

__all__ = [
    "add_arg_scope", "arg_scope", "create_global_step", "get_global_step", "get_model_variables",
    "get_or_create_global_step", "get_trainable_variables", "get_variables", "get_variables_to_restore",
]  # fmt: skip


class _Defaults(local):
    def __init__(self) -> None:
        self.stack: list[dict[str, dict[str, Any]]] = [{}]


_defaults = _Defaults()
_takers: dict[str, Callable[..., Any]] = {}


def add_arg_scope(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose keyword arguments `arg_scope` may give."""
    key = f"{function.__module__}.{function.__name__}"

    @wraps(function)
    def with_defaults(*args: Any, **options: Any) -> Any:
        return function(*args, **{**_defaults.stack[-1].get(key, {}), **options})

    with_defaults.scope_key = key  # type: ignore[attr-defined]
    _takers[key] = with_defaults
    return with_defaults


@contextmanager
def arg_scope(functions: Any, **options: Any) -> Iterator[dict[str, dict[str, Any]]]:
    """Give keyword arguments to every call of some functions made inside.

    functions: a list of them, or what `with arg_scope(...) as scope` gave
    """
    current = {key: dict(given) for key, given in _defaults.stack[-1].items()}
    if isinstance(functions, Mapping):
        if options:
            raise ValueError("arg_scope: a kept scope takes no further arguments; open another one inside it")
        current = {key: dict(given) for key, given in functions.items()}
    else:
        for function in functions if isinstance(functions, Sequence) else [functions]:
            key = getattr(function, "scope_key", None)
            if key is None:
                name = getattr(function, "__name__", repr(function))
                raise unknown_name("function that arg_scope knows", name, [k.rsplit(".", 1)[-1] for k in _takers])
            current.setdefault(key, {}).update(options)
    _defaults.stack.append(current)
    try:
        yield current
    finally:
        _defaults.stack.pop()


def get_variables(
    scope: Any = None, suffix: str | None = None, collection: str = GraphKeys.GLOBAL_VARIABLES
) -> list[Variable]:
    """The variables of a collection whose names start with a scope and end with a suffix."""
    prefix = getattr(scope, "name", scope)
    found = get_default_graph().get_collection(collection, prefix)
    return [v for v in found if suffix is None or v.op.name.endswith(suffix)]


def get_model_variables(scope: Any = None, suffix: str | None = None) -> list[Variable]:
    """The variables that layers made."""
    return get_variables(scope, suffix, GraphKeys.MODEL_VARIABLES)


def get_trainable_variables(scope: Any = None, suffix: str | None = None) -> list[Variable]:
    """The variables that optimizers change."""
    return get_variables(scope, suffix, GraphKeys.TRAINABLE_VARIABLES)


def get_variables_to_restore(
    include: Sequence[str] | None = None, exclude: Sequence[str] | None = None
) -> list[Variable]:
    """The variables under some scopes and not under others."""
    found = [v for scope in include for v in get_variables(scope)] if include else get_variables()
    return [v for v in dict.fromkeys(found) if not v.op.name.startswith(tuple(exclude or ()))]
