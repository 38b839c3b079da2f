"""Old ways of writing a net, turned into today's: one function for each, in the order they apply."""

from __future__ import annotations

from typing import Any

from trivium_api_prototxt.draft import Draft
from trivium_api_prototxt.errors import PrototxtError
from trivium_api_prototxt.messages import LayerParameter, SolverParameter
from trivium_api_prototxt.places import Place
from trivium_api_prototxt.upgrade_v0 import fold_padding_layers, split_single_messages

TYPE_NAMES = {
    "NONE": "",
    "ABSVAL": "AbsVal",
    "ACCURACY": "Accuracy",
    "ARGMAX": "ArgMax",
    "BNLL": "BNLL",
    "CONCAT": "Concat",
    "CONTRASTIVE_LOSS": "ContrastiveLoss",
    "CONVOLUTION": "Convolution",
    "DATA": "Data",
    "DECONVOLUTION": "Deconvolution",
    "DROPOUT": "Dropout",
    "DUMMY_DATA": "DummyData",
    "ELTWISE": "Eltwise",
    "EUCLIDEAN_LOSS": "EuclideanLoss",
    "EXP": "Exp",
    "FLATTEN": "Flatten",
    "HDF5_DATA": "HDF5Data",
    "HDF5_OUTPUT": "HDF5Output",
    "HINGE_LOSS": "HingeLoss",
    "IM2COL": "Im2col",
    "IMAGE_DATA": "ImageData",
    "INFOGAIN_LOSS": "InfogainLoss",
    "INNER_PRODUCT": "InnerProduct",
    "LRN": "LRN",
    "MEMORY_DATA": "MemoryData",
    "MULTINOMIAL_LOGISTIC_LOSS": "MultinomialLogisticLoss",
    "MVN": "MVN",
    "POOLING": "Pooling",
    "POWER": "Power",
    "RELU": "ReLU",
    "SIGMOID": "Sigmoid",
    "SIGMOID_CROSS_ENTROPY_LOSS": "SigmoidCrossEntropyLoss",
    "SILENCE": "Silence",
    "SLICE": "Slice",
    "SOFTMAX": "Softmax",
    "SOFTMAX_LOSS": "SoftmaxWithLoss",
    "SPLIT": "Split",
    "TANH": "TanH",
    "THRESHOLD": "Threshold",
    "WINDOW_DATA": "WindowData",
}
SOLVER_TYPE_NAMES = {
    "SGD": "SGD",
    "NESTEROV": "Nesterov",
    "ADAGRAD": "AdaGrad",
    "RMSPROP": "RMSProp",
    "ADADELTA": "AdaDelta",
    "ADAM": "Adam",
}
_READS_IMAGES = {"DATA": "data_param", "IMAGE_DATA": "image_data_param", "WINDOW_DATA": "window_data_param"}
_SAME_IN_BOTH = ("bottom", "top", "name", "include", "exclude", "blobs", "loss_weight")


def upgrade_net(net: Any, place: Place | None = None) -> Draft:
    """The net as it would be written today. The message itself is changed."""
    draft = Draft.of(net, place)
    for upgrade in UPGRADES:
        upgrade(draft)
    return draft


def refuse_a_mixture(draft: Draft) -> None:
    """`layers` and `layer` in one net: their order would be lost."""
    if draft.net.layers and draft.net.layer:
        line = draft.place.at("layers").line
        here = f"'layer' here and 'layers' on line {line}" if line else "both 'layer' and 'layers' in it"
        raise PrototxtError(f"{draft.place.at('layer')}: {here}: write all layers in one way")


def move_data_fields(draft: Draft) -> None:
    """Scale, mean, crop and mirror of a data layer, now in transform_param."""
    for layer in draft.net.layers:
        param = _READS_IMAGES.get(_type_in_capitals(layer))
        if param is None:
            continue
        old = getattr(layer, param)
        for name in ("scale", "mean_file", "crop_size", "mirror"):
            if old.HasField(name):
                setattr(layer.transform_param, name, getattr(old, name))
                old.ClearField(name)
                draft.notices.append(f"layer '{layer.name}': {param}.{name} moved to transform_param")


def rename_layers(draft: Draft) -> None:
    """`layers { type: RELU }` to `layer { type: "ReLU" }`."""
    for old in draft.net.layers:
        _write_in_new_form(old, draft.net.layer.add())
    if draft.net.layers:
        draft.notices.append(f"{len(draft.net.layers)} `layers` of the form of 2014 read as `layer`")
    draft.net.ClearField("layers")


def _write_in_new_form(old: Any, layer: Any) -> None:
    layer.type = TYPE_NAMES[_type_in_capitals(old)]
    for field, value in old.ListFields():
        if field.name not in _SAME_IN_BOTH and not field.name.endswith("_param"):
            continue
        if field.is_repeated:
            getattr(layer, field.name).MergeFrom(value)
        elif field.message_type:
            getattr(layer, field.name).CopyFrom(value)
        else:
            setattr(layer, field.name, value)
    # lists side by side, the n-th entry of each for the n-th parameter
    for old_name, new_name in (
        ("param", "name"),
        ("blob_share_mode", "share_mode"),
        ("blobs_lr", "lr_mult"),
        ("weight_decay", "decay_mult"),
    ):
        for index, value in enumerate(getattr(old, old_name)):
            if index == len(layer.param):
                layer.param.add()
            setattr(layer.param[index], new_name, value)


def _type_in_capitals(layer: Any) -> str:
    return str(layer.DESCRIPTOR.enum_types_by_name["LayerType"].values_by_number[layer.type].name)


def make_input_layer(draft: Draft) -> None:
    """`input` and its sizes to a first layer of type Input."""
    net, place = draft.net, draft.place.at("input")
    names, shapes, sizes = list(net.input), list(net.input_shape), list(net.input_dim)
    if not names:
        return
    if shapes and sizes:
        raise PrototxtError(f"{place}: input_shape and input_dim both given: keep input_shape")
    if shapes and len(shapes) != len(names):
        raise PrototxtError(f"{place}: {len(names)} input but {len(shapes)} input_shape: give one for each")
    if sizes and len(sizes) != 4 * len(names):
        raise PrototxtError(f"{place}: {len(names)} input but {len(sizes)} input_dim: give four for each")
    if shapes or sizes:
        layer = LayerParameter(name="input", type="Input", top=names)
        for index in range(len(names)):
            dim = shapes[index].dim if shapes else sizes[4 * index : 4 * index + 4]
            layer.input_param.shape.add().dim.extend(dim)
        layers = [layer, *net.layer]
        net.ClearField("layer")
        net.layer.extend(layers)
        draft.places.insert(0, place)
        draft.notices.append(f"`input` {', '.join(names)} became an Input layer")
    else:
        draft.notices.append(f"`input` {', '.join(names)} has no sizes and was dropped")
    for old in ("input", "input_shape", "input_dim"):
        net.ClearField(old)


def keep_statistics_from_learning(draft: Draft) -> None:
    """The three blobs of a BatchNorm that lists three `param` are statistics: no rate, no decay."""
    for layer in draft.net.layer:
        if layer.type == "BatchNorm" and len(layer.param) == 3:
            if any(param.lr_mult != 0 or param.decay_mult != 0 for param in layer.param):
                draft.notices.append(f"layer '{layer.name}': lr_mult and decay_mult of its statistics set to 0")
            for param in layer.param:
                param.lr_mult = param.decay_mult = 0


UPGRADES = [
    refuse_a_mixture,
    fold_padding_layers,
    split_single_messages,
    move_data_fields,
    rename_layers,
    make_input_layer,
    keep_statistics_from_learning,
]


def upgrade_solver(solver: Any, place: Place | None = None) -> list[str]:
    """`solver_type: ADAM` to `type: "Adam"`. The message itself is changed; returns what was done."""
    place = place or Place("solver")
    if not solver.HasField("solver_type"):
        return []
    if solver.HasField("type"):
        raise PrototxtError(f"{place.at('solver_type')}: 'type' and 'solver_type' both given: keep 'type'")
    enum = SolverParameter.DESCRIPTOR.enum_types_by_name["SolverType"]
    old = enum.values_by_number[solver.solver_type].name
    solver.type = SOLVER_TYPE_NAMES[old]
    solver.ClearField("solver_type")
    return [f'solver_type: {old} read as type: "{solver.type}"']
