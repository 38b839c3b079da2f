"""`tf.make_template`: a function that makes its variables once, and shares them whenever it is called again."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from .collection import GraphKeys
from .variable import Variable
from .variable_scope import VariableScope, variable_scope

__all__ = ["make_template"]


def make_template(
    name_: str, func_: Callable[..., Any], create_scope_now_: bool = False, unique_name_: str | None = None,
    custom_getter_: Any = None, **kwargs: Any,
) -> Template:  # fmt: skip
    """A function like `func_` that shares its variables between calls.

    name_:   the scope of its variables, made unique; `unique_name_` as it is
    kwargs:  given to the function at each call
    """
    function = functools.partial(func_, **kwargs) if kwargs else func_
    return Template(name_, function, create_scope_now_, unique_name_, custom_getter_)


class Template:
    """A function with a variable scope of its own: the first call makes the variables, others share them."""

    def __init__(
        self, name: str, function: Callable[..., Any], create_scope_now: bool, unique_name: str | None, getter: Any
    ) -> None:
        if name is None:
            raise ValueError("name cannot be None.")
        self._name, self._function, self._unique_name, self._getter = name, function, unique_name, getter
        self._scope: VariableScope | None = None
        self._was_called = False
        if create_scope_now:
            with self._opened() as scope:
                self._scope = scope

    def _opened(self) -> Any:
        return variable_scope(self._unique_name, self._name, custom_getter=self._getter)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._scope is None:
            with self._opened() as scope:
                result = self._function(*args, **kwargs)
            self._scope, self._was_called = scope, True
            return result
        with variable_scope(self._scope, reuse=True if self._was_called else None):
            result = self._function(*args, **kwargs)
        self._was_called = True
        return result

    @property
    def name(self) -> str:
        """The name that was asked for."""
        return self._name

    @property
    def func(self) -> Callable[..., Any]:
        """The function behind it."""
        return self._function

    @property
    def variable_scope(self) -> VariableScope | None:
        """The scope of its variables, once there is one."""
        return self._scope

    var_scope = variable_scope

    @property
    def variables(self) -> list[Variable]:
        """The variables that it made."""
        return [] if self._scope is None else self._scope.get_collection(GraphKeys.GLOBAL_VARIABLES)

    global_variables = variables

    @property
    def trainable_variables(self) -> list[Variable]:
        """Those of them that optimizers change."""
        return [] if self._scope is None else self._scope.get_collection(GraphKeys.TRAINABLE_VARIABLES)
