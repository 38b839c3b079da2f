"""Nets of 2013, where one message held the settings of every layer type: `layers { layer { ... } }`."""

from __future__ import annotations

from typing import Any

from trivium.errors import did_you_mean
from trivium_api_prototxt.draft import Draft
from trivium_api_prototxt.errors import PrototxtError, in_words

TYPES = {
    "accuracy": "ACCURACY",
    "bnll": "BNLL",
    "concat": "CONCAT",
    "conv": "CONVOLUTION",
    "data": "DATA",
    "dropout": "DROPOUT",
    "euclidean_loss": "EUCLIDEAN_LOSS",
    "flatten": "FLATTEN",
    "hdf5_data": "HDF5_DATA",
    "hdf5_output": "HDF5_OUTPUT",
    "im2col": "IM2COL",
    "images": "IMAGE_DATA",
    "infogain_loss": "INFOGAIN_LOSS",
    "innerproduct": "INNER_PRODUCT",
    "lrn": "LRN",
    "multinomial_logistic_loss": "MULTINOMIAL_LOGISTIC_LOSS",
    "pool": "POOLING",
    "relu": "RELU",
    "sigmoid": "SIGMOID",
    "softmax": "SOFTMAX",
    "softmax_loss": "SOFTMAX_LOSS",
    "split": "SPLIT",
    "tanh": "TANH",
    "window_data": "WINDOW_DATA",
}
PARAMS = {
    "concat": "concat_param",
    "conv": "convolution_param",
    "data": "data_param",
    "dropout": "dropout_param",
    "hdf5_data": "hdf5_data_param",
    "images": "image_data_param",
    "infogain_loss": "infogain_loss_param",
    "innerproduct": "inner_product_param",
    "lrn": "lrn_param",
    "pool": "pooling_param",
    "window_data": "window_data_param",
}
# the old field: its new name, and the types that have it
RENAMED = {
    "num_output": ("num_output", "conv innerproduct"),
    "biasterm": ("bias_term", "conv innerproduct"),
    "weight_filler": ("weight_filler", "conv innerproduct"),
    "bias_filler": ("bias_filler", "conv innerproduct"),
    "pad": ("pad", "conv pool"),
    "kernelsize": ("kernel_size", "conv pool"),
    "group": ("group", "conv"),
    "stride": ("stride", "conv pool"),
    "pool": ("pool", "pool"),
    "dropout_ratio": ("dropout_ratio", "dropout"),
    "local_size": ("local_size", "lrn"),
    "alpha": ("alpha", "lrn"),
    "beta": ("beta", "lrn"),
    "k": ("k", "lrn"),
    "source": ("source", "data hdf5_data images window_data infogain_loss"),
    "batchsize": ("batch_size", "data hdf5_data images window_data"),
    "rand_skip": ("rand_skip", "data images"),
    "shuffle_images": ("shuffle", "images"),
    "new_height": ("new_height", "images"),
    "new_width": ("new_width", "images"),
    "concat_dim": ("concat_dim", "concat"),
    "det_fg_threshold": ("fg_threshold", "window_data"),
    "det_bg_threshold": ("bg_threshold", "window_data"),
    "det_fg_fraction": ("fg_fraction", "window_data"),
    "det_context_pad": ("context_pad", "window_data"),
    "det_crop_mode": ("crop_mode", "window_data"),
}
TRANSFORMS = {"scale": "scale", "meanfile": "mean_file", "cropsize": "crop_size", "mirror": "mirror"}
_ELSEWHERE = ("name", "type", "blobs", "blobs_lr", "weight_decay")


def fold_padding_layers(draft: Draft) -> None:
    """A layer of type `padding` before a convolution or pooling, to that layer's own pad."""
    layers = draft.net.layers
    maker: dict[str, int] = {}
    folded: set[int] = set()
    for index, layer in enumerate(layers):
        for position, bottom in enumerate(layer.bottom):
            source = maker.get(bottom)
            if source is None or layers[source].layer.type != "padding":
                continue
            if layer.layer.type not in ("conv", "pool") or len(layer.bottom) != 1:
                raise PrototxtError(
                    f"{draft.places[index]}: layer '{layer.layer.name}' reads the padding layer "
                    f"'{layers[source].layer.name}': only a conv or pool with one bottom can"
                )
            if len(layers[source].bottom) != 1 or len(layers[source].top) != 1:
                raise PrototxtError(
                    f"{draft.places[source]}: padding layer '{layers[source].layer.name}' needs one bottom and one top"
                )
            layer.layer.pad = layers[source].layer.pad
            layer.bottom[position] = layers[source].bottom[0]
        folded |= {index} if layer.layer.type == "padding" else set()
        maker.update(dict.fromkeys(layer.top, index))
    for index in sorted(folded, reverse=True):
        draft.notices.append(f"padding layer '{layers[index].layer.name}' became the pad of the next layer")
        del layers[index], draft.places[index]


def split_single_messages(draft: Draft) -> None:
    """The settings inside `layers { layer { } }` to the message of the layer's own type."""
    count = 0
    for layer, place in zip(draft.net.layers, draft.places):
        if not layer.HasField("layer"):
            continue
        old = type(layer.layer)()
        old.CopyFrom(layer.layer)
        layer.ClearField("layer")
        if old.type not in TYPES:
            raise PrototxtError(
                f"{place}: unknown layer type '{old.type}': {in_words(list(TYPES))} were the types of 2013."
                f"{did_you_mean(old.type, TYPES)}"
            )
        lost = _spread(old, layer)
        draft.notices += [f"layer '{old.name}' ({old.type}) has no use for {name}: dropped" for name in lost]
        count += 1
    if count:
        draft.notices.append(f"{count} `layers` of the form of 2013 read as those of 2014")


def _spread(old: Any, layer: Any) -> list[str]:
    """Fill `layer` from the one old message; the names of fields that its type does not have."""
    layer.name = old.name
    layer.type = layer.DESCRIPTOR.enum_types_by_name["LayerType"].values_by_name[TYPES[old.type]].number
    layer.blobs.MergeFrom(old.blobs)
    layer.blobs_lr.extend(old.blobs_lr)
    layer.weight_decay.extend(old.weight_decay)
    lost = []
    for field, value in old.ListFields():
        new_name, types = RENAMED.get(field.name, ("", ""))
        if old.type in types.split():
            _put(getattr(layer, PARAMS[old.type]), new_name, value)
        elif field.name in TRANSFORMS:
            setattr(layer.transform_param, TRANSFORMS[field.name], value)
        elif field.name == "hdf5_output_param" and old.type == "hdf5_output":
            layer.hdf5_output_param.CopyFrom(value)
        elif field.name not in _ELSEWHERE:
            lost.append(field.name)
    return lost


def _put(message: Any, name: str, value: Any) -> None:
    field = message.DESCRIPTOR.fields_by_name[name]
    if field.is_repeated:
        getattr(message, name).append(value)
    elif field.message_type:
        getattr(message, name).CopyFrom(value)
    else:
        setattr(message, name, value)
