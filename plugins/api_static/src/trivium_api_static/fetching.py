"""What `Session.run` is asked for: any structure of tensors, operations, variables and names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .graph import Graph


def leaves(fetches: Any) -> list[Any]:
    """The elements of a structure, in order."""
    if isinstance(fetches, Mapping):
        return [leaf for value in fetches.values() for leaf in leaves(value)]
    if isinstance(fetches, (list, tuple)):
        return [leaf for value in fetches for leaf in leaves(value)]
    return [fetches]


def rebuilt(fetches: Any, values: Iterator[Any]) -> Any:
    """The same structure with values for its elements."""
    if isinstance(fetches, Mapping):
        pairs = [(key, rebuilt(value, values)) for key, value in fetches.items()]
        return type(fetches)(pairs)
    if isinstance(fetches, tuple) and hasattr(fetches, "_fields"):
        return type(fetches)(*[rebuilt(value, values) for value in fetches])
    if isinstance(fetches, (list, tuple)):
        return type(fetches)([rebuilt(value, values) for value in fetches])
    return next(values)


def element_of(graph: Graph, fetch: Any) -> Any:
    """The tensor or operation that one fetch stands for."""
    try:
        element = graph.as_graph_element(fetch)
    except TypeError:
        raise TypeError(
            f"Fetch argument {fetch!r} has invalid type {type(fetch)}, must be a string or Tensor. "
            f"(Can not convert a {type(fetch).__name__} into a Tensor or Operation.)"
        ) from None
    except (ValueError, KeyError) as error:
        raise ValueError(f"Fetch argument {fetch!r} cannot be interpreted as a Tensor. ({error.args[0]})") from None
    if not graph.is_fetchable(element):
        raise ValueError(f"Operation {getattr(element, 'op', element).name!r} has been marked as not fetchable.")
    return element


def with_values(fetches: Any, value: Callable[[Any], Any]) -> Any:
    """The structure with `value(element)` in place of each element."""
    return rebuilt(fetches, iter([value(leaf) for leaf in leaves(fetches)]))
