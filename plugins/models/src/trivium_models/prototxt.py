"""Tables as prototxt: the text of a net that Caffe reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import define, field

from trivium.initializer import Constant, Normal, Uniform, VarianceScaling, find_initializer, ones, zeros
from trivium_api_prototxt.messages import TEST, NetParameter
from trivium_api_prototxt.text import to_text

from .table import IMAGE, LABEL, Placed, Table, TableError

IN_PLACE = {"ReLU", "BatchNorm", "Dropout", "Sigmoid"}


def write(table: Table, batch: int = 1, *, deploy: bool = False) -> str:
    """The text of the net: to train and to test, or to be deployed, with probabilities as its output.

    Images and labels come from `Input` layers; where Caffe itself shall read them, put data layers in their place.
    Batch norm becomes Caffe's pair: `BatchNorm`, whose statistics nobody counts as parameters, and `Scale`, whose
    factors and offsets everybody counts.
    """
    net = NetParameter(name=table.name)
    writer = Writer(table.deployed() if deploy else table, net)
    writer.source(IMAGE, batch, *table.image)
    if not deploy:
        writer.source(LABEL, batch)
    for at in writer.table.placed():
        writer.add(at)
    if deploy:
        writer.layer("prob", "Softmax", table.scores)
    else:
        writer.layer("accuracy", "Accuracy", table.scores, LABEL).include.add().phase = TEST
    return to_text(net)


@define
class Writer:
    """A net that is being written.

    blobs: where the values of each row are: a layer that works in place leaves them where they were
    """

    table: Table
    net: Any
    blobs: dict[str, str] = field(factory=dict)

    def source(self, name: str, *shape: int) -> None:
        """A layer that values come from."""
        self.blobs[name] = name
        message = self.net.layer.add(name=name, type="Input", top=[name])
        message.input_param.shape.add().dim.extend(shape)

    def layer(self, name: str, type: str, *inputs: str) -> Any:
        """A layer that reads rows; where nobody else reads the first, it may work in place."""
        message: Any = self.net.layer.add(name=name, type=type)
        message.bottom.extend([self.blobs[read] for read in inputs])
        is_in_place = type in IN_PLACE and inputs[0] != IMAGE and self._readers(inputs[0]) == 1
        message.top.append(message.bottom[0] if is_in_place else name)
        self.blobs[name] = message.top[0]
        return message

    def _readers(self, name: str) -> int:
        return sum(name in one.inputs for one in self.table.rows)

    def add(self, at: Placed) -> None:
        """The layer, or layers, of a row."""
        if at.row.type not in FORMS:
            raise TableError(f"{at.row.name}: Caffe has no layer for {at.row.type}; there are {', '.join(FORMS)}")
        FORMS[at.row.type](self, at)


# -- layers in Caffe's words ---------------------------------------------------------------------------


def plain(
    type: str, fill: Callable[[Any, Placed], None] = lambda message, at: None
) -> Callable[[Writer, Placed], None]:
    """A row that is one layer of this type."""

    def form(writer: Writer, at: Placed) -> None:
        fill(writer.layer(at.row.name, type, *at.row.inputs), at)

    return form


def convolution(message: Any, at: Placed) -> None:
    """Filters, windows, groups and fillers."""
    layer, param = at.layer, message.convolution_param
    param.num_output = layer.filters
    _window(param, layer, at, default_stride=1)
    if layer.dilation != 1:
        param.dilation.append(_one(layer.dilation, at, "dilation"))
    if layer.groups != 1:
        param.group = layer.groups
    _fill(param, at)


def inner_product(message: Any, at: Placed) -> None:
    """Units and fillers."""
    param = message.inner_product_param
    param.num_output = at.layer.units
    axis = at.inputs[0].ndim - 1 if at.layer.flatten is None else at.layer.flatten
    if axis != 1:
        param.axis = axis
    _fill(param, at)


def pooling(kind: str) -> Callable[[Any, Placed], None]:
    """Windows, and how their number is rounded."""

    def fill(message: Any, at: Placed) -> None:
        layer, param = at.layer, message.pooling_param
        param.pool = getattr(param, kind)
        _window(param, layer, at)
        own = "ceil" if layer.padding else "ceil_any"
        if layer.rounding == "floor":
            param.round_mode = param.FLOOR
        elif layer.rounding != own:
            raise TableError(f"{at.row.name}: Caffe rounds with {own!r} or 'floor' here, not {layer.rounding!r}")

    return fill


def response_norm(message: Any, at: Placed) -> None:
    """Size and numbers of the local response normalization."""
    layer, param = at.layer, message.lrn_param
    param.local_size, param.alpha, param.beta, param.k = layer.size, layer.alpha, layer.beta, layer.k
    if not layer.mean:
        param.alpha *= layer.size
    if not layer.across:
        param.norm_region = param.WITHIN_CHANNEL


def batch_norm(writer: Writer, at: Placed) -> None:
    """Two layers: statistics that no gradient reaches, then what is learnt."""
    name, param = at.row.name, writer.layer(at.row.name, "BatchNorm", *at.row.inputs).batch_norm_param
    param.eps, param.moving_average_fraction = at.layer.epsilon, at.layer.momentum
    if at.layer.has_scale:
        scale = name.replace("bn", "scale", 1) if "bn" in name else f"{name}_scale"
        blob = writer.blobs[name]
        message = writer.net.layer.add(name=scale, type="Scale", bottom=[blob], top=[blob])
        message.scale_param.bias_term = True


def scaling(writer: Writer, at: Placed) -> None:
    """A product with one number for each channel, which Caffe wants as (batch, channels)."""
    values, gate = at.inputs
    if gate.shape[:2] != values.shape[:2] or any(size != 1 for size in gate.shape[2:]):
        raise TableError(f"{at.row.name}: {values} * {gate}: Caffe multiplies by one number for each channel alone")
    flat = f"{at.row.inputs[1]}_flat"
    writer.layer(flat, "Flatten", at.row.inputs[1])
    writer.layer(at.row.name, "Scale", at.row.inputs[0], flat).scale_param.axis = 0


def loss(message: Any, at: Placed) -> None:
    """How much it counts."""
    if at.row.weight != 1.0:
        message.loss_weight.append(at.row.weight)


def dropout(message: Any, at: Placed) -> None:
    """The part that is dropped."""
    message.dropout_param.dropout_ratio = at.layer.rate


FORMS: dict[str, Callable[[Writer, Placed], None]] = {
    "Convolution": plain("Convolution", convolution),
    "Dense": plain("InnerProduct", inner_product),
    "MaxPool": plain("Pooling", pooling("MAX")),
    "AveragePool": plain("Pooling", pooling("AVE")),
    "LocalResponseNorm": plain("LRN", response_norm),
    "BatchNorm": batch_norm,
    "Relu": plain("ReLU"),
    "Sigmoid": plain("Sigmoid"),
    "Dropout": plain("Dropout", dropout),
    "SoftmaxCrossEntropy": plain("SoftmaxWithLoss", loss),
    "add": plain("Eltwise"),
    "concatenate": plain("Concat"),
    "multiply": scaling,
}


# -- sizes and fillers ---------------------------------------------------------------------------------


def _window(param: Any, layer: Any, at: Placed, default_stride: int | None = None) -> None:
    kernel = _one(layer.kernel, at, "kernel")
    stride = _one(kernel if layer.stride is None else layer.stride, at, "stride")
    for name, value, default in (("kernel_size", kernel, 0), ("stride", stride, 1), ("pad", layer.padding, 0)):
        value = _one(value, at, name)
        if value == default:
            continue
        if param.DESCRIPTOR.fields_by_name[name].is_repeated:
            getattr(param, name).append(value)
        else:
            setattr(param, name, value)


def _one(size: Any, at: Placed, what: str) -> int:
    """A size that is the same along every axis."""
    sizes = set(size) if isinstance(size, (tuple, list)) else {size}
    if len(sizes) != 1 or not isinstance(one := sizes.pop(), int):
        raise TableError(f"{at.row.name}: {what} {size}: only one number for all axes is written as prototxt")
    return one


def _fill(param: Any, at: Placed) -> None:
    """How weight and bias begin, and that there is no bias where there is none."""
    wanted = at.parameters
    _filler(param.weight_filler, wanted["weight"], at)
    if "bias" not in wanted:
        param.bias_term = False
    elif find_initializer(wanted["bias"].initializer) is not zeros:
        _filler(param.bias_filler, wanted["bias"], at)


def _filler(filler: Any, wanted: Any, at: Placed) -> None:
    initializer = find_initializer(wanted.initializer)
    if initializer in (zeros, ones):
        initializer = Constant(float(initializer is ones))
    if isinstance(initializer, VarianceScaling):
        name = CAFFES.get((initializer.distribution, initializer.scale))
        if name:
            filler.type = name
            if initializer.fan != "in":
                filler.variance_norm = {"out": filler.FAN_OUT, "average": filler.AVERAGE}[initializer.fan]
            return
        initializer = initializer.drawn_from(wanted.shape)
    if type(initializer) not in FILLERS:
        raise TableError(f"{at.row.name}: Caffe has no filler for {initializer}; use a constant, uniform or normal one")
    filler.type, names = FILLERS[type(initializer)]
    for theirs, ours in names.items():
        setattr(filler, theirs, getattr(initializer, ours))


CAFFES = {("uniform", 1.0): "xavier", ("normal", 2.0): "msra"}
FILLERS: dict[type, tuple[str, dict[str, str]]] = {
    Constant: ("constant", {"value": "value"}),
    Uniform: ("uniform", {"min": "low", "max": "high"}),
    Normal: ("gaussian", {"mean": "mean", "std": "std"}),
}
