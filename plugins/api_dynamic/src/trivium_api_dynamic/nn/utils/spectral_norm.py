"""Weights divided by their largest singular value (Miyato et al., 2018, arXiv:1802.05957)."""

from trivium import ops
from trivium.spec import product
from trivium.tensor import recording

from ...drawing import randn
from ..functional.normalization import normalize
from ..functional.parameters import beside
from ..parameter import Parameter
from .weight_norm import found, marks


class SpectralNorm:
    """A hook that divides a weight by an estimate of its largest singular value before the module runs.

    The estimate gets better with each run in training: one step of the power method, or more.
    """

    def __init__(self, name, steps, dim, eps):
        self.name, self.steps, self.dim, self.eps = name, steps, dim, eps

    def matrix(self, weight):
        """The weight with one axis, and all others as the second."""
        order = (self.dim, *[axis for axis in range(weight.spec.ndim) if axis != self.dim])
        turned = ops.transpose(weight, axes=order)
        return ops.reshape(turned, shape=(turned.spec.shape[0], product(turned.spec.shape[1:])))

    def improve(self, module, steps):
        """Let the two singular vectors come nearer to the true ones."""
        with recording(False):
            matrix = self.matrix(getattr(module, f"{self.name}_orig").detach())
            u, v = getattr(module, f"{self.name}_u"), getattr(module, f"{self.name}_v")
            for _ in range(steps):
                v.copy_(normalize(ops.transpose(matrix) @ u.reshape(-1, 1), dim=0, eps=self.eps).reshape(-1))
                u.copy_(normalize(matrix @ v.reshape(-1, 1), dim=0, eps=self.eps).reshape(-1))

    def computed(self, weight, u, v):
        """The weight divided by u @ weight @ v."""
        return weight / ops.einsum(ops.copy(u), self.matrix(weight), ops.copy(v), equation="i,ij,j->")

    def parts(self, module):
        """The weight as it is learnt, and the singular vectors."""
        return [getattr(module, f"{self.name}_{part}") for part in ("orig", "u", "v")]

    def __call__(self, module, inputs):
        if module.training:
            self.improve(module, self.steps)
        object.__setattr__(module, self.name, self.computed(*beside(inputs[0], *self.parts(module))))


def spectral_norm(module, name="weight", n_power_iterations=1, eps=1e-12, dim=None):
    """Let a module's parameter be `<name>_orig` divided by its largest singular value.

    dim: the axis of outputs; by default 1 for convolutions the other way round, else 0
    """
    if n_power_iterations <= 0:
        raise ValueError(f"Expected n_power_iterations to be positive, but got n_power_iterations={n_power_iterations}")
    if any([isinstance(hook, SpectralNorm) and hook.name == name for hook in marks(module)]):
        raise RuntimeError(f"Cannot register two spectral_norm hooks on the same parameter {name}")
    if dim is None:
        dim = 1 if "ConvTranspose" in type(module).__name__ else 0
    hook, weight = SpectralNorm(name, n_power_iterations, dim, eps), getattr(module, name)
    delattr(module, name)
    module.register_parameter(f"{name}_orig", Parameter(weight.detach()))
    with recording(False):
        sizes = hook.matrix(weight.detach()).spec.shape
        for part, size in zip("uv", sizes):
            start = normalize(randn(size, dtype=weight.dtype, device=weight.device), dim=0, eps=eps)
            module.register_buffer(f"{name}_{part}", start)
    object.__setattr__(module, name, weight.detach())
    marks(module)[hook] = module.register_forward_pre_hook(hook)
    return module


def remove_spectral_norm(module, name="weight"):
    """Let the parameter be itself again, as it is divided now."""
    hook = found(module, SpectralNorm, name, "spectral_norm")
    weight, u, v = hook.parts(module)
    made = hook.computed(weight.detach(), u, v)
    for part in (name, f"{name}_orig", f"{name}_u", f"{name}_v"):
        delattr(module, part)
    module.register_parameter(name, Parameter(made))
    marks(module).pop(hook).remove()
    return module
