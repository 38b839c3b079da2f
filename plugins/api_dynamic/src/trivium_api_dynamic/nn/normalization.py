"""Normalizations."""

from typing import ClassVar

from trivium import ops

from ..creation import ones, zeros
from . import functional
from .functional.normalization import check_count, check_last
from .module import Module
from .of_function import module_of
from .parameter import Parameter
from .wrapped import Wrapped

__all__ = [
    "BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d",
    "LayerNorm", "RMSNorm", "GroupNorm", "LocalResponseNorm",
]  # fmt: skip

RENAMED = {"scale": "weight", "shift": "bias", "mean": "running_mean", "variance": "running_var"}


class _Norm(Wrapped):
    """The base of normalizations that may keep running statistics.

    running = (1 - momentum) * running + momentum * new, with the unbiased variance; what is normalized is so with the
    biased one.  momentum None: the plain average of all batches.
    """

    renamed: ClassVar = RENAMED
    ndims: ClassVar[tuple[int, ...]]
    _version = 2

    def keep(self, num_features, eps, momentum, affine, track_running_stats, bias, device, dtype, **settings):
        """The settings as attributes, and the parameters."""
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        settings |= {
            "momentum": 1.0 - (momentum or 0.0), "epsilon": eps, "has_scale": affine, "has_shift": affine and bias,
        }  # fmt: skip
        self.wrap(settings, None, num_features, None, device=device, dtype=dtype)
        for name, is_owned in (("weight", affine), ("bias", affine and bias)):
            if not is_owned:
                self.register_parameter(name, None)
        if track_running_stats:
            self.register_buffer("num_batches_tracked", zeros((), dtype="int64"))
        else:
            for name in ("running_mean", "running_var", "num_batches_tracked"):
                self.register_buffer(name, None)

    def count(self, input):
        """One batch more."""
        kind = input.kind
        kind.assign(self.num_batches_tracked, kind.adopt_parameter(self.num_batches_tracked, (input,)) + 1)
        if self.momentum is None:
            self.layer.momentum = 1.0 - 1.0 / int(self.num_batches_tracked)

    def reset_running_stats(self):
        """Forget the statistics."""
        if self.track_running_stats:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def _load_from_state_dict(self, state_dict, prefix, local_metadata, *rest):
        version = local_metadata.get("version")
        if (version is None or version < 2) and self.num_batches_tracked is not None:
            state_dict.setdefault(f"{prefix}num_batches_tracked", zeros((), dtype="int64"))
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)

    def refuse_axes(self, input):
        if input.spec.ndim not in self.ndims:
            words = " or ".join([f"{n}D" for n in self.ndims])
            raise ValueError(f"expected {words} input (got {input.spec.ndim}D input)")

    def extra_repr(self):
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


class _BatchNorm(_Norm):
    """Zero mean and unit variance over the batch, then scaled and shifted by what is learnt."""

    core = "BatchNorm"

    def __init__(
        self, num_features, eps=1e-5, momentum=0.1, affine=True, track_running_stats=True, device=None, dtype=None, *,
        bias=True,
    ):  # fmt: skip
        super().__init__()
        self.keep(num_features, eps, momentum, affine, track_running_stats, bias, device, dtype)

    def forward(self, input):
        self.refuse_axes(input)
        is_batch = self.training or self.running_mean is None
        if is_batch:
            check_count([n for i, n in enumerate(input.spec.shape) if i != 1], input, "value per channel")
        if self.running_mean is None:
            return functional.batch_norm(input, None, None, self.weight, self.bias, True, 0.0, self.eps)
        if self.training and self.num_batches_tracked is not None:
            self.count(input)
        return self.run_layer((input,), is_batch)


class BatchNorm1d(_BatchNorm):
    """Batch normalization of (batch, channels) or (batch, channels, length)."""

    ndims = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Batch normalization of (batch, channels, height, width)."""

    ndims = (4,)


class BatchNorm3d(_BatchNorm):
    """Batch normalization of (batch, channels, depth, height, width)."""

    ndims = (5,)


class _InstanceNorm(_Norm):
    """Zero mean and unit variance of each channel of each example, then scaled and shifted by what is learnt."""

    core = "InstanceNorm"

    def __init__(
        self, num_features, eps=1e-5, momentum=0.1, affine=False, track_running_stats=False, device=None, dtype=None,
        *, bias=True,
    ):  # fmt: skip
        super().__init__()
        settings = {"is_tracking": track_running_stats}
        self.keep(num_features, eps, momentum, affine, track_running_stats, bias, device, dtype, **settings)

    def forward(self, input):
        self.refuse_axes(input)
        if input.spec.ndim == self.ndims[0]:
            return ops.squeeze(self.normalized(ops.expand(input, axis=0)), axis=0)
        return self.normalized(input)

    def normalized(self, input):
        """The normalization of a batch."""
        if input.spec.shape[1] != self.num_features:
            raise ValueError(
                f"expected input's size at dim=1 to match num_features ({self.num_features}), but got: "
                f"{input.spec.shape[1]}."
            )
        if self.training or not self.track_running_stats:
            check_count(input.spec.shape[2:], input, "spatial element")
        return self.run_layer((input,), self.training)


class InstanceNorm1d(_InstanceNorm):
    """Instance normalization of (batch, channels, length) or (channels, length)."""

    ndims = (2, 3)


class InstanceNorm2d(_InstanceNorm):
    """Instance normalization of (batch, channels, height, width) or (channels, height, width)."""

    ndims = (3, 4)


class InstanceNorm3d(_InstanceNorm):
    """Instance normalization of (batch, channels, depth, height, width) or (channels, depth, height, width)."""

    ndims = (4, 5)


class LayerNorm(Wrapped):
    """Zero mean and unit variance over the last axes, then scaled and shifted by what is learnt."""

    core = "LayerNorm"
    renamed: ClassVar = RENAMED

    def __init__(self, normalized_shape, eps=1e-5, elementwise_affine=True, bias=True, device=None, dtype=None):
        super().__init__()
        sizes = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.normalized_shape, self.eps, self.elementwise_affine = sizes, eps, elementwise_affine
        settings = {"axes": len(sizes), "epsilon": eps, "has_scale": elementwise_affine}
        self.wrap(settings | {"has_shift": elementwise_affine and bias}, *sizes, device=device, dtype=dtype)
        for name, is_owned in (("weight", elementwise_affine), ("bias", elementwise_affine and bias)):
            if not is_owned:
                self.register_parameter(name, None)

    def forward(self, input):
        check_last(input, self.normalized_shape)
        return super().forward(input)

    def extra_repr(self):
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, "
            f"bias={self.bias is not None}"
        )


class RMSNorm(Module):
    """input divided by the root of its mean square over the last axes, then scaled by what is learnt."""

    def __init__(self, normalized_shape, eps=None, elementwise_affine=True, device=None, dtype=None):
        super().__init__()
        sizes = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.normalized_shape, self.eps, self.elementwise_affine = sizes, eps, elementwise_affine
        weight = Parameter(ones(*sizes, device=device, dtype=dtype)) if elementwise_affine else None
        self.register_parameter("weight", weight)

    def forward(self, input):
        return functional.rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self):
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class GroupNorm(Wrapped):
    """Zero mean and unit variance of groups of channels of each example, then scaled and shifted by what is learnt."""

    core = "GroupNorm"
    renamed: ClassVar = RENAMED

    def __init__(self, num_groups, num_channels, eps=1e-5, affine=True, device=None, dtype=None, *, bias=True):
        super().__init__()
        if num_channels % num_groups:
            raise ValueError("num_channels must be divisible by num_groups")
        self.num_groups, self.num_channels, self.eps, self.affine = num_groups, num_channels, eps, affine
        settings = {"groups": num_groups, "epsilon": eps, "has_scale": affine, "has_shift": affine and bias}
        self.wrap(settings, None, num_channels, device=device, dtype=dtype)
        for name, is_owned in (("weight", affine), ("bias", affine and bias)):
            if not is_owned:
                self.register_parameter(name, None)

    def extra_repr(self):
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )


LRN_SHOWN = "{size}, alpha={alpha}, beta={beta}, k={k}"
LocalResponseNorm = module_of("LocalResponseNorm", functional.local_response_norm, LRN_SHOWN)
