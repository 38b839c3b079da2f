"""Weights as a length times a direction (Salimans & Kingma, 2016, arXiv:1602.07868)."""

from trivium import ops

from ..functional.parameters import beside
from ..parameter import Parameter


def lengths(direction, dim):
    """The length of each slice along `dim`, or of all where it is None; it broadcasts."""
    axes = [axis for axis in range(direction.spec.ndim) if dim is None or axis != dim % direction.spec.ndim]
    return ops.norm(direction, axis=tuple(axes), keepdims=dim is not None)


class WeightNorm:
    """A hook that computes a weight from its length and its direction before the module runs."""

    def __init__(self, name, dim):
        self.name, self.dim = name, dim

    def computed(self, length, direction):
        """The weight."""
        return direction * (length / lengths(direction, self.dim))

    def parts(self, module):
        """Length and direction."""
        return getattr(module, f"{self.name}_g"), getattr(module, f"{self.name}_v")

    def __call__(self, module, inputs):
        object.__setattr__(module, self.name, self.computed(*beside(inputs[0], *self.parts(module))))


def weight_norm(module, name="weight", dim=0):
    """Let a module's parameter be computed from `<name>_g`, its length along `dim`, and `<name>_v`, its direction."""
    if any([isinstance(hook, WeightNorm) and hook.name == name for hook in marks(module)]):
        raise RuntimeError(f"Cannot register two weight_norm hooks on the same parameter {name}")
    hook, weight = WeightNorm(name, dim), getattr(module, name)
    delattr(module, name)
    module.register_parameter(f"{name}_g", Parameter(lengths(weight.detach(), dim)))
    module.register_parameter(f"{name}_v", Parameter(weight.detach()))
    object.__setattr__(module, name, hook.computed(*hook.parts(module)))
    marks(module)[hook] = module.register_forward_pre_hook(hook)
    return module


def remove_weight_norm(module, name="weight"):
    """Let the parameter be itself again."""
    hook = found(module, WeightNorm, name, "weight_norm")
    length, direction = hook.parts(module)
    weight = hook.computed(length.detach(), direction.detach())
    for part in (name, f"{name}_g", f"{name}_v"):
        delattr(module, part)
    module.register_parameter(name, Parameter(weight))
    marks(module).pop(hook).remove()
    return module


def marks(module):
    """The reparametrizations of a module, with the handles of their hooks."""
    if "_reparametrized" not in module.__dict__:
        object.__setattr__(module, "_reparametrized", {})
    return module._reparametrized


def found(module, kind, name, words):
    """The reparametrization of a parameter."""
    for hook in marks(module):
        if isinstance(hook, kind) and hook.name == name:
            return hook
    raise ValueError(f"{words} of '{name}' not found in {module}")
