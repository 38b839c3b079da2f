"""Words: functions that users call as torch.name and as methods of Tensor; and what is said of wrong arguments."""

import functools
import inspect
import warnings
from collections.abc import Callable
from typing import Any

from trivium.errors import DTypeError, OutOfRangeError, ShapeError, TriviumError
from trivium.tensor import recording, tape
from trivium.value import Value

from .autograd.grad_fn import STEPS, name_result
from .errors import ArgumentError, AxisError, DTypeMismatchError, GradientError, SizeMismatchError
from .promotion import can_cast, cast
from .tensors import Tensor

# name -> what torch.name is
WORDS: dict[str, Callable[..., Any]] = {}

IN_PYTORCH = {ShapeError: SizeMismatchError, DTypeError: DTypeMismatchError, OutOfRangeError: AxisError}

# what a parameter of these names is given must be a tensor
TENSORS = frozenset(
    """
    input self tensor mat mat1 mat2 A B L a b elements vec vec1 vec2 batch1 batch2 index mask condition src source
    tensor1 tensor2
    """.split()
)


def word(function: Callable[..., Any] | None = None, *, name: str | None = None, is_method: bool = True) -> Any:
    """Let a function be torch.name, and a method of Tensor, too, unless it takes no tensor first.

    torch.name also takes out=, a tensor to write the result to.
    """
    if function is None:
        return lambda decorated: word(decorated, name=name, is_method=is_method)
    made = spoken(function, name or function.__name__)
    WORDS[made.__name__] = made
    if is_method:
        setattr(Tensor, made.__name__, made)
    return made


def method(function: Any = None, *, name: str | None = None) -> Any:
    """Let a function of a tensor be a method of Tensor alone."""
    if function is None:
        return lambda decorated: method(decorated, name=name)
    made = spoken(function, name or function.__name__)
    setattr(Tensor, made.__name__, made)
    return made


def spoken(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """The function with out=, and with an error in words where its arguments are of the wrong kind."""

    step = STEPS.get(name)

    @functools.wraps(function)
    def call(*args: Any, **named: Any) -> Any:
        if "out" in named and (out := named.pop("out")) is not None:
            return written(name, out, call(*args, **named), (*args, *named.values()))
        try:
            result = function(*args, **named)
            if step is not None and tape.recording:
                name_result(step, result)
            return result
        except TriviumError as error:
            if type(error) in IN_PYTORCH:  # of the core: also what PyTorch would raise
                raise IN_PYTORCH[type(error)](str(error)) from error
            raise
        except (AttributeError, TypeError) as error:
            raise explained(name, function, args, named, error) from error

    call.__name__ = name
    return call


def explained(
    name: str, function: Callable[..., Any], args: tuple[Any, ...], named: dict[str, Any], error: Exception
) -> ArgumentError:
    """What is wrong with the arguments of a call that failed."""
    try:
        bound = inspect.signature(function).bind(*args, **named)
    except TypeError as wrong:
        return ArgumentError(f"{name}(): {wrong}")
    for position, (parameter, value) in enumerate(bound.arguments.items(), 1):
        if parameter in TENSORS and not isinstance(value, Value):
            return ArgumentError(
                f"{name}(): argument '{parameter}' (position {position}) must be Tensor, not {type(value).__name__}"
            )
    got = ", ".join([*[type(a).__name__ for a in args], *[f"{k}={type(v).__name__}" for k, v in named.items()]])
    return ArgumentError(f"{name}() received an invalid combination of arguments - got ({got}): {error}")


def written(name: str, outs: Any, results: Any, args: tuple[Any, ...]) -> Any:
    """`outs` with the results in it."""
    if tape.recording and any([isinstance(a, Tensor) and a.requires_grad for a in args]):
        raise GradientError(
            f"{name}(): functions with out=... arguments don't support automatic differentiation, but one of the "
            "arguments requires grad."
        )
    for out, result in zip(outs, results, strict=True) if isinstance(outs, tuple) else [(outs, results)]:
        write_out(name, out, result)
    return outs


def write_out(name: str, out: Tensor, result: Tensor) -> None:
    if not can_cast(result.dtype, out.dtype):
        raise DTypeMismatchError(
            f"{name}(): result type {result.dtype} can't be cast to the desired output type {out.dtype}"
        )
    result = cast(result, out.spec.dtype)
    with recording(False):
        if out.spec.shape == result.spec.shape:
            Tensor.write(out, result)
            return
        if out.spec.size:
            warnings.warn(
                f"An output with one or more elements was resized since it had shape {list(out.spec.shape)}, which "
                f"does not match the required output shape {list(result.spec.shape)}.",
                stacklevel=5,
            )
        out.data = result
