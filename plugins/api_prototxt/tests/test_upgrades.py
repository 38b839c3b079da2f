"""Nets and solvers of 2013 and 2014 read as those of today."""

from __future__ import annotations

import pytest

from trivium_api_prototxt.errors import PrototxtError
from trivium_api_prototxt.messages import SolverParameter, V1LayerParameter
from trivium_api_prototxt.net_message import parse_net
from trivium_api_prototxt.text import parse_text
from trivium_api_prototxt.upgrade import SOLVER_TYPE_NAMES, TYPE_NAMES, upgrade_solver
from trivium_api_prototxt.upgrade_v0 import TYPES as TYPES_OF_2013


def expected(text):
    return parse_text(text, type(parse_net("").net)).message


def test_a_net_of_today_is_left_alone():
    text = 'name: "a" layer { name: "x" type: "ReLU" bottom: "a" top: "a" }'

    draft = parse_net(text)

    assert draft.net == expected(text)
    assert draft.notices == []


def test_layers_of_2014_become_layers_of_today():
    draft = parse_net(
        """
        layers {
          name: "conv1" type: CONVOLUTION bottom: "data" top: "conv1"
          blobs_lr: 1 blobs_lr: 2 weight_decay: 1 weight_decay: 0
          param: "w" param: "b" blob_share_mode: STRICT blob_share_mode: PERMISSIVE
          convolution_param { num_output: 20 kernel_size: 5 }
          include { phase: TRAIN } loss_weight: 0.5
        }
        layers { name: "loss" type: SOFTMAX_LOSS bottom: "conv1" bottom: "label" }
        """,
        "old.prototxt",
    )

    assert draft.net == expected(
        """
        layer {
          name: "conv1" type: "Convolution" bottom: "data" top: "conv1"
          param { name: "w" share_mode: STRICT lr_mult: 1 decay_mult: 1 }
          param { name: "b" share_mode: PERMISSIVE lr_mult: 2 decay_mult: 0 }
          convolution_param { num_output: 20 kernel_size: 5 }
          include { phase: TRAIN } loss_weight: 0.5
        }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "conv1" bottom: "label" }
        """
    )
    assert draft.notices == ["2 `layers` of the form of 2014 read as `layer`"]
    assert [str(place) for place in draft.places] == ["old.prototxt:2", "old.prototxt:9"]


def test_every_type_of_2014_has_a_name():
    enum = V1LayerParameter.DESCRIPTOR.enum_types_by_name["LayerType"]

    assert set(TYPE_NAMES) == set(enum.values_by_name)
    assert set(TYPES_OF_2013.values()) < set(TYPE_NAMES)
    assert set(SOLVER_TYPE_NAMES) == set(SolverParameter.DESCRIPTOR.enum_types_by_name["SolverType"].values_by_name)


@pytest.mark.parametrize(
    ("kind", "param"),
    [("DATA", "data_param"), ("IMAGE_DATA", "image_data_param"), ("WINDOW_DATA", "window_data_param")],
)
def test_scale_and_mean_of_a_data_layer_move_to_transform_param(kind, param):
    draft = parse_net(
        f"layers {{ type: {kind} {param} {{ source: 'x' scale: 0.5 mean_file: 'm' crop_size: 2 mirror: true }} }}"
    )

    layer = draft.net.layer[0]
    transform = layer.transform_param
    assert (transform.scale, transform.mean_file, transform.crop_size, transform.mirror) == (
        0.5,
        "m",
        2,
        True,
    )
    assert [field.name for field, _ in getattr(layer, param).ListFields()] == ["source"]
    assert len(draft.notices) == 5


def test_layer_and_layers_together_are_refused():
    with pytest.raises(PrototxtError, match=r"^a.prototxt:2: 'layer' here and 'layers' on line 1"):
        parse_net('layers { name: "a" }\nlayer { name: "b" }', "a.prototxt")


def test_a_net_of_2013_becomes_one_of_today():
    draft = parse_net(
        """
        input: "data" input_dim: 10 input_dim: 3 input_dim: 227 input_dim: 227
        layers { layer { name: "pad1" type: "padding" pad: 2 } bottom: "data" top: "pad1" }
        layers {
          layer { name: "conv1" type: "conv" num_output: 96 kernelsize: 11 stride: 4 biasterm: false
                  weight_filler { type: "gaussian" std: 0.01 } blobs_lr: 1 weight_decay: 0 }
          bottom: "pad1" top: "conv1"
        }
        layers { layer { name: "pool1" type: "pool" pool: AVE kernelsize: 3 stride: 2 pad: 1 }
                 bottom: "conv1" top: "pool1" }
        layers { layer { name: "fc" type: "innerproduct" num_output: 10 local_size: 5 }
                 bottom: "pool1" top: "fc" }
        """,
        "old.prototxt",
    )

    assert draft.net == expected(
        """
        layer { name: "input" type: "Input" top: "data"
                input_param { shape { dim: 10 dim: 3 dim: 227 dim: 227 } } }
        layer { name: "conv1" type: "Convolution" bottom: "data" top: "conv1"
                param { lr_mult: 1 decay_mult: 0 }
                convolution_param { num_output: 96 pad: 2 kernel_size: 11 stride: 4 bias_term: false
                                    weight_filler { type: "gaussian" std: 0.01 } } }
        layer { name: "pool1" type: "Pooling" bottom: "conv1" top: "pool1"
                pooling_param { pool: AVE kernel_size: 3 stride: 2 pad: 1 } }
        layer { name: "fc" type: "InnerProduct" bottom: "pool1" top: "fc"
                inner_product_param { num_output: 10 } }
        """
    )
    assert draft.notices == [
        "padding layer 'pad1' became the pad of the next layer",
        "layer 'fc' (innerproduct) has no use for local_size: dropped",
        "3 `layers` of the form of 2013 read as those of 2014",
        "3 `layers` of the form of 2014 read as `layer`",
        "`input` data became an Input layer",
    ]
    assert [str(place) for place in draft.places] == [f"old.prototxt:{line}" for line in (2, 4, 9, 11)]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            'type: "data" source: "s" batchsize: 9 rand_skip: 3',
            'data_param { source: "s" batch_size: 9 rand_skip: 3 }',
        ),
        (
            'type: "data" scale: 0.5 meanfile: "m" cropsize: 7 mirror: true',
            'transform_param { scale: 0.5 mean_file: "m" crop_size: 7 mirror: true }',
        ),
        (
            'type: "images" shuffle_images: true new_height: 4 new_width: 5',
            "image_data_param { shuffle: true new_height: 4 new_width: 5 }",
        ),
        (
            'type: "window_data" det_fg_threshold: 0.25 det_crop_mode: "square" det_context_pad: 1',
            'window_data_param { fg_threshold: 0.25 crop_mode: "square" context_pad: 1 }',
        ),
        (
            'type: "lrn" local_size: 3 alpha: 0.5 beta: 0.25 k: 2',
            "lrn_param { local_size: 3 alpha: 0.5 beta: 0.25 k: 2 }",
        ),
        ('type: "dropout" dropout_ratio: 0.25', "dropout_param { dropout_ratio: 0.25 }"),
        ('type: "concat" concat_dim: 0', "concat_param { concat_dim: 0 }"),
        ('type: "infogain_loss" source: "h"', 'infogain_loss_param { source: "h" }'),
        ('type: "hdf5_data" source: "h" batchsize: 2', 'hdf5_data_param { source: "h" batch_size: 2 }'),
        ('type: "hdf5_output" hdf5_output_param { file_name: "o" }', 'hdf5_output_param { file_name: "o" }'),
    ],
)
def test_each_setting_of_2013_finds_its_place(old, new):
    layer = parse_net(f"layers {{ layer {{ {old} }} }}").net.layer[0]

    layer.ClearField("type")
    assert layer == expected(f"layer {{ name: '' {new} }}").layer[0]


def test_an_unknown_type_of_2013_is_told():
    with pytest.raises(PrototxtError, match=r"^<text>:1: unknown layer type 'convv': .*Did you mean 'conv'\?"):
        parse_net('layers { layer { name: "a" type: "convv" } }')


def test_padding_before_anything_but_conv_and_pool_is_refused():
    with pytest.raises(PrototxtError, match="layer 'r' reads the padding layer 'p': only a conv or pool"):
        parse_net(
            'layers { layer { name: "p" type: "padding" } bottom: "x" top: "p" }'
            'layers { layer { name: "r" type: "relu" } bottom: "p" top: "r" }'
        )


def test_inputs_with_shapes_become_one_layer():
    draft = parse_net('input: "a" input: "b"\ninput_shape { dim: 1 dim: 2 } input_shape { dim: 3 }')

    assert draft.net == expected(
        """
        layer { name: "input" type: "Input" top: "a" top: "b"
                input_param { shape { dim: 1 dim: 2 } shape { dim: 3 } } }
        """
    )


def test_an_input_without_sizes_is_dropped_with_a_notice():
    draft = parse_net('input: "a" layer { name: "x" }')

    assert [layer.name for layer in draft.net.layer] == ["x"]
    assert draft.notices == ["`input` a has no sizes and was dropped"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('input: "a" input_dim: 1', "1 input but 1 input_dim: give four for each"),
        ('input: "a" input: "b" input_shape { dim: 1 }', "2 input but 1 input_shape: give one for each"),
        ('input: "a" input_shape { } input_dim: 1', "input_shape and input_dim both given: keep input_shape"),
    ],
)
def test_inputs_that_do_not_fit_their_sizes_are_told(text, words):
    with pytest.raises(PrototxtError, match=f"^n.prototxt:1: {words}"):
        parse_net(text, "n.prototxt")


def test_three_params_of_a_batch_norm_learn_nothing():
    draft = parse_net('layer { name: "bn" type: "BatchNorm" param { } param { } param { lr_mult: 0 } }')

    assert [(p.lr_mult, p.decay_mult) for p in draft.net.layer[0].param] == [(0, 0)] * 3
    assert draft.notices == ["layer 'bn': lr_mult and decay_mult of its statistics set to 0"]


@pytest.mark.parametrize(("old", "new"), SOLVER_TYPE_NAMES.items())
def test_the_solver_type_of_2014_becomes_a_name(old, new):
    solver = parse_text(f"solver_type: {old}", SolverParameter).message

    notices = upgrade_solver(solver)

    assert solver == SolverParameter(type=new)
    assert notices == [f'solver_type: {old} read as type: "{new}"']


def test_two_solver_types_are_refused():
    document = parse_text('type: "SGD"\nsolver_type: ADAM', SolverParameter, "s.prototxt")

    with pytest.raises(PrototxtError, match=r"^s.prototxt:2: 'type' and 'solver_type' both given: keep 'type'"):
        upgrade_solver(document.message, document.place)
