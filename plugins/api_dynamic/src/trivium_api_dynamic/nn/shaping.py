"""Elements in another order or shape, and images in another size."""

import operator

from ..shaping import flatten, reshape
from . import functional
from .module import Module
from .of_function import OfFunction, module_of

__all__ = [
    "Flatten", "Unfold", "Fold", "PixelShuffle", "PixelUnshuffle", "ChannelShuffle", "Unflatten", "Upsample",
    "UpsamplingNearest2d", "UpsamplingBilinear2d",
]  # fmt: skip


def flattened(input, start_dim=1, end_dim=-1):
    """The axes from start_dim to end_dim as one."""
    return flatten(input, start_dim, end_dim)


Flatten = module_of("Flatten", flattened, "start_dim={start_dim}, end_dim={end_dim}")
Unfold = module_of(
    "Unfold", functional.unfold,
    "kernel_size={kernel_size}, dilation={dilation}, padding={padding}, stride={stride}",
)  # fmt: skip
Fold = module_of(
    "Fold", functional.fold,
    "output_size={output_size}, kernel_size={kernel_size}, dilation={dilation}, padding={padding}, stride={stride}",
)  # fmt: skip
PixelShuffle = module_of("PixelShuffle", functional.pixel_shuffle, "upscale_factor={upscale_factor}")
PixelUnshuffle = module_of("PixelUnshuffle", functional.pixel_unshuffle, "downscale_factor={downscale_factor}")
ChannelShuffle = module_of("ChannelShuffle", functional.channel_shuffle, "groups={groups}")


class Unflatten(Module):
    """One axis as several: `dim`, of whose sizes one may be -1."""

    def __init__(self, dim, unflattened_size):
        super().__init__()
        if isinstance(dim, str):
            raise NotImplementedError("Unflatten: named axes; give the number of the axis")
        self.dim, self.unflattened_size = operator.index(dim), tuple(unflattened_size)

    def forward(self, input):
        i = self.dim % input.spec.ndim
        return reshape(input, *input.spec.shape[:i], *self.unflattened_size, *input.spec.shape[i + 1 :])

    def extra_repr(self):
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"


class Resampling(OfFunction):
    """The base of modules that give images another size."""

    def settled(self, settings):
        factor = settings.get("scale_factor")
        if isinstance(factor, tuple):
            return {**settings, "scale_factor": tuple(map(float, factor))}
        return {**settings, "scale_factor": float(factor) if factor else None}

    def extra_repr(self):
        name = "size" if self.scale_factor is None else "scale_factor"
        return f"{name}={getattr(self, name)!r}, mode={self.mode!r}"


UPSAMPLE = ("size", "scale_factor", "mode", "align_corners", "recompute_scale_factor")

Upsample = module_of("Upsample", functional.interpolate, base=Resampling, order=UPSAMPLE)


class UpsamplingNearest2d(Upsample):
    """Images in another size, each pixel that of the nearest."""

    def __init__(self, size=None, scale_factor=None):
        super().__init__(size, scale_factor, mode="nearest")


class UpsamplingBilinear2d(Upsample):
    """Images in another size, each pixel between its neighbours; the corners' centres agree."""

    def __init__(self, size=None, scale_factor=None):
        super().__init__(size, scale_factor, mode="bilinear", align_corners=True)
