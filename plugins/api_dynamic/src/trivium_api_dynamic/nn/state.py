"""What a module saves, and how it is loaded."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from trivium.tensor import Tensor as CoreTensor
from trivium.tensor import recording

from ..autograd.engine import Handle
from ..errors import StateDictError
from ..indexing import as_value
from .hooks import Hooks
from .parameter import Parameter

EXTRA = "_extra_state"


class LoadResult(tuple):
    """The keys that were missing and those that were not expected."""

    def __new__(cls, missing: list[str], unexpected: list[str]) -> "LoadResult":
        made = super().__new__(cls, (missing, unexpected))
        made.missing_keys, made.unexpected_keys = missing, unexpected
        return made

    def __repr__(self) -> str:
        if not any(self):
            return "<All keys matched successfully>"
        return f"_IncompatibleKeys(missing_keys={self[0]}, unexpected_keys={self[1]})"


class Loading(list):
    """The problems found, and what is to be done once there are none."""

    def __init__(self, assign: bool) -> None:
        super().__init__()
        self.assign = assign
        self.steps: list[Callable[[], Any]] = []


class Stateful:
    """The part of a module that saves and loads.

    _version: of what it saves; a subclass that changes that raises it, and overrides _load_from_state_dict
    """

    _version: int = 1

    def state_dict(
        self, *args: Any, destination: Any = None, prefix: str = "", keep_vars: bool = False
    ) -> "OrderedDict[str, Any]":
        """Parameters and buffers by dotted path; detached, but the same memory."""
        given = dict(zip(("destination", "prefix", "keep_vars"), args))
        destination, prefix = given.get("destination", destination), given.get("prefix", prefix)
        keep_vars = given.get("keep_vars", keep_vars)
        if destination is None:
            destination = OrderedDict()
            destination._metadata = OrderedDict()
        if hasattr(destination, "_metadata"):
            destination._metadata[prefix[:-1]] = {"version": self._version}
        for hook in tuple(self._save_pre_hooks.values()):
            hook(self, prefix, keep_vars)
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, module in self._modules.items():
            if module is not None:
                module.state_dict(destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
        for hook in tuple(self._save_hooks.values()):
            hook(self, destination, prefix, destination._metadata[prefix[:-1]])
        return destination

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        """Add what this module has itself."""
        for name, value in self._own_state():
            destination[prefix + name] = value if keep_vars else value.detach()
        if type(self).get_extra_state is not Stateful.get_extra_state:
            destination[prefix + EXTRA] = self.get_extra_state()

    def _own_state(self) -> Iterator[tuple[str, Any]]:
        for name, value in (*self._parameters.items(), *self._buffers.items()):
            if value is not None and name not in self._temporary:
                yield name, value

    def get_extra_state(self) -> Any:
        """What else is to be saved; a subclass says it."""
        raise NotImplementedError(f"{type(self).__name__}: has no extra state")

    def set_extra_state(self, state: Any) -> None:
        """Take back what get_extra_state returned."""
        raise NotImplementedError(f"{type(self).__name__}: takes no extra state")

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> LoadResult:
        """Overwrite parameters and buffers.  All problems are told at once, and then nothing is overwritten.

        assign: take the tensors themselves instead
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        metadata = getattr(state_dict, "_metadata", None) or {}
        state, problems = OrderedDict(state_dict), Loading(assign)
        missing: list[str] = []
        unexpected: list[str] = []

        def load(module: Any, prefix: str) -> None:
            told = metadata.get(prefix[:-1], {})
            for hook in tuple(module._load_pre_hooks.values()):
                hook(module, state, prefix, told, True, missing, unexpected, problems)
            module._load_from_state_dict(state, prefix, told, True, missing, unexpected, problems)
            for name, child in module._modules.items():
                if child is not None:
                    load(child, f"{prefix}{name}.")

        load(self, "")
        told = list(problems)
        if strict and missing:
            told.insert(0, f"Missing key(s) in state_dict: {quoted(missing)}. ")
        if strict and unexpected:
            told.insert(0, f"Unexpected key(s) in state_dict: {quoted(unexpected)}. ")
        if told:
            listed = "\n\t".join(told)
            raise StateDictError(f"Error(s) in loading state_dict for {type(self).__name__}:\n\t{listed}")
        with recording(False):
            for step in problems.steps:
                step()
        result = LoadResult(missing, unexpected)
        for module in self.modules():
            for hook in tuple(module._load_hooks.values()):
                hook(module, result)
        return result

    def _load_from_state_dict(
        self,
        state_dict: Any,
        prefix: str,
        local_metadata: Mapping[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: Any,
    ) -> None:
        """Take what belongs to this module itself; a subclass may change `state_dict` before."""
        own = dict(self._own_state())
        for name, value in own.items():
            key = prefix + name
            if key not in state_dict:
                missing_keys.append(key)
            elif problem := misfit(key, value, state_dict[key]):
                error_msgs.append(problem)
            else:
                error_msgs.steps.append(self._loader(name, value, state_dict[key], error_msgs.assign))
        takes_extra = type(self).set_extra_state is not Stateful.set_extra_state
        if takes_extra and prefix + EXTRA in state_dict:
            error_msgs.steps.append(lambda: self.set_extra_state(state_dict[prefix + EXTRA]))
        elif takes_extra:
            missing_keys.append(prefix + EXTRA)
        known = {*own, *([EXTRA] if takes_extra else [])}
        for key in state_dict:
            if key.startswith(prefix):
                name, dot, _ = key[len(prefix) :].partition(".")
                if name not in (self._modules if dot else known):
                    unexpected_keys.append(key)

    def _loader(self, name: str, own: Any, value: Any, assign: bool) -> Callable[[], Any]:
        if not assign:
            return lambda: CoreTensor.write(own, fitted(own, as_value(value, own)))
        if isinstance(own, Parameter):
            return lambda: setattr(self, name, Parameter(value, requires_grad=own.requires_grad))
        return lambda: setattr(self, name, value)

    def register_state_dict_pre_hook(self, hook: Callable[..., Any]) -> Handle:
        """Call `hook(module, prefix, keep_vars)` before the state is saved."""
        return self._save_pre_hooks.register(hook)

    def register_state_dict_post_hook(self, hook: Callable[..., Any]) -> Handle:
        """Call `hook(module, state_dict, prefix, local_metadata)` once the state is saved."""
        return self._save_hooks.register(hook)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any]) -> Handle:
        """Call `hook(module, state_dict, prefix, metadata, strict, missing, unexpected, errors)` before loading."""
        return self._load_pre_hooks.register(hook)

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any]) -> Handle:
        """Call `hook(module, incompatible_keys)` once the state is loaded."""
        return self._load_hooks.register(hook)


# The tables of hooks that a module has, by the name of the attribute.
HOOKS = dict.fromkeys(("_save_pre_hooks", "_save_hooks", "_load_pre_hooks", "_load_hooks"), Hooks)


def misfit(key: str, own: Any, value: Any) -> str | None:
    """Why a value cannot be loaded."""
    if not hasattr(value, "shape"):
        return (
            f'While copying the parameter named "{key}", expected torch.Tensor or Tensor-like object from checkpoint '
            f"but received {type(value).__name__}, which is not a tensor. "
        )
    if tuple(value.shape) != tuple(own.shape) and (tuple(own.shape), tuple(value.shape)) != ((), (1,)):
        return (
            f"size mismatch for {key}: copying a param with shape torch.Size({list(value.shape)}) from checkpoint, "
            f"the shape in current model is torch.Size({list(own.shape)})."
        )
    return None


def fitted(own: Any, value: Any) -> Any:
    """A number that was saved as a vector of one (PyTorch 0.3)."""
    return value if tuple(value.shape) == tuple(own.shape) else value.reshape(())


def quoted(names: list[str]) -> str:
    return ", ".join([f'"{name}"' for name in names])
