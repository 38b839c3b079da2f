"""torch.backends: switches that scripts set; kernels here are chosen per signature, and are deterministic."""

from . import cudnn

__all__ = ["cudnn"]
