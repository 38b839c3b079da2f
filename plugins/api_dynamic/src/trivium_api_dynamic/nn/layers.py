"""Layers: each wraps one core layer, and says how PyTorch's arguments become its settings."""

import math
from typing import Any, ClassVar

from trivium import ops

from ..creation import zeros
from ..errors import SizeMismatchError
from ..shaping import flatten
from .module import Module
from .wrapped import Wrapped, bias_start


class Identity(Module):
    """What it is given."""

    def __init__(self, *ignored: Any, **named: Any) -> None:
        super().__init__()

    def forward(self, input):
        return input


# -- weights -------------------------------------------------------------------------------------


class Linear(Wrapped):
    """input @ weight.T + bias.

    weight: (out_features, in_features), bias: (out_features,); both within 1 / sqrt(in_features) of 0
    """

    core = "Dense"

    def __init__(self, in_features, out_features, bias=True, device=None, dtype=None):
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        settings = {"units": out_features, "has_bias": bias, "bias_initializer": bias_start(in_features)}
        self.wrap(settings, None, in_features, device=device, dtype=dtype)
        if not bias:
            self.register_parameter("bias", None)

    def forward(self, input):
        size = input.spec.shape[-1] if input.spec.ndim else 1
        if size != self.in_features:
            rows = math.prod(input.spec.shape[:-1]) if all([type(n) is int for n in input.spec.shape]) else "batch"
            raise SizeMismatchError(
                f"mat1 and mat2 shapes cannot be multiplied ({rows}x{size} and {self.in_features}x{self.out_features})"
            )
        if input.spec.ndim == 1:
            return ops.reshape(super().forward(ops.expand(input, axis=0)), shape=(self.out_features,))
        return super().forward(input)

    def extra_repr(self):
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


def per_axis(value: Any, ndim: int) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,) * ndim


def core_padding(padding, kernel, dilation, stride):
    """Padding as the core takes it; the words "valid" and "same" as numbers."""
    if padding == "valid":
        return 0
    if padding == "same":
        if any([s != 1 for s in stride]):
            raise ValueError("padding='same' is not supported for strided convolutions")
        total = [d * (k - 1) for d, k in zip(dilation, kernel)]
        return tuple([(t // 2, t - t // 2) for t in total])
    if isinstance(padding, str):
        raise ValueError(f"Invalid padding string {padding!r}, should be one of 'same', 'valid'")
    return padding


class _Conv(Wrapped):
    """Filters slid over the spatial axes.

    weight: (out_channels, in_channels / groups, *kernel), bias: (out_channels,)
    """

    core = "Convolution"
    ndim: ClassVar[int]

    def __init__(
        self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True,
        padding_mode="zeros", device=None, dtype=None,
    ):  # fmt: skip
        super().__init__()
        if padding_mode != "zeros":
            raise NotImplementedError(f"{type(self).__name__}: padding_mode {padding_mode!r}; only 'zeros'")
        if in_channels % groups or out_channels % groups:
            which = "in_channels" if in_channels % groups else "out_channels"
            raise ValueError(f"{which} must be divisible by groups")
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size, self.stride, self.dilation = [per_axis(v, self.ndim) for v in (kernel_size, stride, dilation)]
        self.padding = padding if isinstance(padding, str) else per_axis(padding, self.ndim)
        settings = {
            "filters": out_channels, "kernel": self.kernel_size, "stride": self.stride, "dilation": self.dilation,
            "padding": core_padding(self.padding, self.kernel_size, self.dilation, self.stride), "groups": groups,
            "has_bias": bias, "bias_initializer": bias_start(in_channels // groups * math.prod(self.kernel_size)),
        }  # fmt: skip
        self.wrap(settings, None, in_channels, *[None] * self.ndim, device=device, dtype=dtype)
        if not bias:
            self.register_parameter("bias", None)

    def forward(self, input):
        if input.spec.ndim == self.ndim + 1:
            return ops.squeeze(super().forward(ops.expand(input, axis=0)), axis=0)
        if input.spec.ndim != self.ndim + 2:
            raise SizeMismatchError(
                f"Expected {self.ndim + 1}D (unbatched) or {self.ndim + 2}D (batched) input to "
                f"conv{self.ndim}d, but got "
                f"input of size: {list(input.spec.shape)}"
            )
        return super().forward(input)

    def extra_repr(self):
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        if self.padding not in ((0,) * self.ndim,):
            text += f", padding={self.padding}"
        if self.dilation != (1,) * self.ndim:
            text += f", dilation={self.dilation}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        return text if self.bias is not None else text + ", bias=False"


class Conv1d(_Conv):
    """Convolution of (batch, channels, length)."""

    ndim = 1


class Conv2d(_Conv):
    """Convolution of (batch, channels, height, width)."""

    ndim = 2


class Conv3d(_Conv):
    """Convolution of (batch, channels, depth, height, width)."""

    ndim = 3


# -- pooling -------------------------------------------------------------------------------------


class _Pool(Wrapped):
    ndim: ClassVar[int]

    def batched(self, input):
        if input.spec.ndim == self.ndim + 1:
            return ops.squeeze(Wrapped.forward(self, ops.expand(input, axis=0)), axis=0)
        return Wrapped.forward(self, input)

    def forward(self, input):
        return self.batched(input)


class _MaxPool(_Pool):
    """The largest element of each window."""

    core = "MaxPool"
    shown = ("kernel_size", "stride", "padding", "dilation", "ceil_mode")

    def __init__(self, kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False):
        super().__init__()
        if per_axis(dilation, 1)[0] != 1 or return_indices:
            raise NotImplementedError(f"{type(self).__name__}: dilation and return_indices: use functional.max_pool")
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.dilation, self.ceil_mode = padding, dilation, ceil_mode
        self.wrap({"kernel": kernel_size, "stride": stride, "padding": padding, "rounding": rounding(ceil_mode)})


def rounding(ceil_mode: bool) -> str:
    """How many windows there are: PyTorch's "ceil" drops one that would start in the padding."""
    return "ceil" if ceil_mode else "floor"


class MaxPool1d(_MaxPool):
    """The largest element of each window of (batch, channels, length)."""

    ndim = 1


class MaxPool2d(_MaxPool):
    """The largest element of each window of (batch, channels, height, width)."""

    ndim = 2


class MaxPool3d(_MaxPool):
    """The largest element of each window of (batch, channels, depth, height, width)."""

    ndim = 3


class _AvgPool(_Pool):
    """The mean of each window, padding included."""

    core = "AveragePool"
    shown = ("kernel_size", "stride", "padding")

    def __init__(
        self, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None
    ):
        super().__init__()
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.ceil_mode = padding, ceil_mode
        if self.ndim == 1:
            self.kernel_size, self.stride, self.padding = [per_axis(v, 1) for v in (kernel_size, self.stride, padding)]
        self.wrap({
            "kernel": kernel_size, "stride": stride, "padding": padding, "rounding": rounding(ceil_mode),
            "divisor": divisor(count_include_pad, divisor_override),
        })  # fmt: skip


def divisor(count_include_pad: bool, divisor_override: int | None) -> Any:
    """What the sum over a window is divided by."""
    return divisor_override or ("padded" if count_include_pad else "valid")


class AvgPool1d(_AvgPool):
    """The mean of each window of (batch, channels, length)."""

    ndim = 1


class AvgPool2d(_AvgPool):
    """The mean of each window of (batch, channels, height, width)."""

    ndim = 2


class AvgPool3d(_AvgPool):
    """The mean of each window of (batch, channels, depth, height, width)."""

    ndim = 3


# -- normalization -------------------------------------------------------------------------------


class _BatchNorm(Wrapped):
    """Zero mean and unit variance over the batch, then scaled and shifted by what is learnt.

    running = (1 - momentum) * running + momentum * new, with the unbiased variance; the batch is normalized with
    the biased one.  momentum None: the plain average of all batches.
    """

    core = "BatchNorm"
    renamed: ClassVar = {"scale": "weight", "shift": "bias", "mean": "running_mean", "variance": "running_var"}
    ndims: ClassVar[tuple[int, ...]]

    def __init__(
        self,
        num_features,
        eps=1e-5,
        momentum=0.1,
        affine=True,
        track_running_stats=True,
        bias=True,
        device=None,
        dtype=None,
    ):
        super().__init__()
        if affine and not bias:
            raise NotImplementedError(
                f"{type(self).__name__}: bias=False; the core layer learns scale and shift, or neither"
            )
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        settings = {"momentum": 1.0 - (momentum or 0.0), "epsilon": eps, "affine": affine}
        self.wrap(settings, None, num_features, device=device, dtype=dtype)
        if not affine:
            self.register_parameter("weight", None)
            self.register_parameter("bias", None)
        if track_running_stats:
            self.register_buffer("num_batches_tracked", zeros((), dtype="int64"))
        else:
            self.register_buffer("running_mean", None)
            self.register_buffer("running_var", None)
            self.register_buffer("num_batches_tracked", None)

    def forward(self, input):
        if input.spec.ndim not in self.ndims:
            raise ValueError(
                f"expected {' or '.join([f'{n}D' for n in self.ndims])} input (got {input.spec.ndim}D input)"
            )
        is_batch = self.training or not self.track_running_stats
        sizes = [n for i, n in enumerate(input.spec.shape) if i != 1]
        if is_batch and sizes and all([type(n) is int for n in sizes]) and math.prod(sizes) == 1:
            raise ValueError(
                "Expected more than 1 value per channel when training, got input size "
                f"torch.Size({list(input.spec.shape)})"
            )
        if not self.track_running_stats:
            return self.without_state(input)
        if self.training:
            kind = input.kind
            count = kind.adopt_parameter(self.num_batches_tracked, (input,)) + 1
            kind.assign(self.num_batches_tracked, count)
            if self.momentum is None:
                self.layer.momentum = 1.0 - 1.0 / int(self.num_batches_tracked)
        return self.run_layer((input,), is_batch)

    def without_state(self, input):
        channels = (self.num_features,)
        owned = {n: ours for n, ours in self.owned.items() if getattr(self, ours) is not None}
        values = {n: input.kind.adopt_parameter(getattr(self, ours), (input,)) for n, ours in owned.items()}
        for name in ("mean", "variance"):
            values[name] = ops.zeros(shape=channels, dtype=input.spec.dtype.name, place=input.place)
        return self.layer.apply((input,), values, True)[0]

    def reset_running_stats(self):
        """Forget the statistics."""
        if self.track_running_stats:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def extra_repr(self):
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


class BatchNorm1d(_BatchNorm):
    """Batch normalization of (batch, channels) or (batch, channels, length)."""

    ndims = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Batch normalization of (batch, channels, height, width)."""

    ndims = (4,)


class BatchNorm3d(_BatchNorm):
    """Batch normalization of (batch, channels, depth, height, width)."""

    ndims = (5,)


class LocalResponseNorm(Wrapped):
    """input / (k + alpha * mean of squares over `size` neighbouring channels) ** beta."""

    core = "LocalResponseNorm"

    def __init__(self, size, alpha=1e-4, beta=0.75, k=1.0):
        super().__init__()
        if size % 2 == 0:
            raise NotImplementedError(f"LocalResponseNorm: size {size}; the core layer takes odd sizes")
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k
        self.wrap({"size": size, "alpha": alpha, "beta": beta, "k": k})

    def extra_repr(self):
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


# -- the rest ------------------------------------------------------------------------------------


class Dropout(Wrapped):
    """Zero a random part while training and scale the rest up.  The masks follow from the seed and the "
    "module's number."""

    core = "Dropout"
    hidden = frozenset({"random"})

    def __init__(self, p=0.5, inplace=False):
        super().__init__()
        if not 0.0 <= p <= 1.0:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p, self.inplace = p, inplace
        self.wrap({"rate": p}, 1)

    def extra_repr(self):
        return f"p={self.p}, inplace={self.inplace}"


class Flatten(Wrapped):
    """The axes from start_dim to end_dim as one."""

    core = "Flatten"
    shown = ("start_dim", "end_dim")

    def __init__(self, start_dim=1, end_dim=-1):
        super().__init__()
        self.start_dim, self.end_dim = start_dim, end_dim
        self.wrap({"start": start_dim})

    def forward(self, input):
        is_whole = self.end_dim in (-1, input.spec.ndim - 1) and 0 <= self.start_dim < input.spec.ndim
        return super().forward(input) if is_whole else flatten(input, self.start_dim, self.end_dim)


class _InPlace(Wrapped):
    """An activation that PyTorch lets overwrite its input; here it never does."""

    def __init__(self, inplace=False):
        super().__init__()
        self.inplace = inplace
        self.wrap({})

    def extra_repr(self):
        return "inplace=True" if self.inplace else ""


class ReLU(_InPlace):
    """max(input, 0)."""

    core = "Relu"


class LeakyReLU(Wrapped):
    """input where it is positive, else negative_slope * input."""

    core = "Relu"
    shown = ("negative_slope",)

    def __init__(self, negative_slope=0.01, inplace=False):
        super().__init__()
        self.negative_slope, self.inplace = negative_slope, inplace
        self.wrap({"slope": negative_slope})


class Sigmoid(Wrapped):
    """1 / (1 + exp(-input))."""

    core = "Sigmoid"

    def __init__(self):
        super().__init__()
        self.wrap({})


class Tanh(Wrapped):
    """The hyperbolic tangent."""

    core = "Tanh"

    def __init__(self):
        super().__init__()
        self.wrap({})


class Softmax(Wrapped):
    """exp(input), scaled to add up to 1 along `dim`."""

    core = "Softmax"
    shown = ("dim",)

    def __init__(self, dim=None):
        super().__init__()
        if dim is None:
            raise ValueError("Softmax: say along which dim; 1 for (batch, classes)")
        self.dim = dim
        self.wrap({"axis": dim})


class LogSoftmax(Module):
    """The logarithm of softmax along `dim`, without overflow."""

    def __init__(self, dim=None):
        super().__init__()
        if dim is None:
            raise ValueError("LogSoftmax: say along which dim; 1 for (batch, classes)")
        self.dim = dim

    def forward(self, input):
        return ops.log_softmax(input, axis=self.dim)

    def extra_repr(self):
        return f"dim={self.dim}"
