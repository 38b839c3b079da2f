"""The messages agree with Caffe's on the wire, byte by byte."""

from __future__ import annotations

import copy
import struct

import pytest
from google.protobuf import text_format

from trivium_api_prototxt import messages
from trivium_api_prototxt.errors import PrototxtError
from trivium_api_prototxt.messages import CLASSES, message_class, read_schema


def varint(number: int) -> bytes:
    number &= 2**64 - 1
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes(out + bytes([number]))


def wire(number: int, value: int | bytes | float) -> bytes:
    """One field as the protobuf encoding document describes it."""
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    return varint(number << 3) + varint(value)


# message, field, number on the wire, value, the same value encoded
KNOWN = [
    ("BlobShape", "dim", 1, [20, 1, 5, 5], bytes([20, 1, 5, 5])),
    ("BlobProto", "num", 1, 64, 64),
    ("BlobProto", "data", 5, [1.5, -2.0], struct.pack("<2f", 1.5, -2.0)),
    ("BlobProto", "diff", 6, [0.5], struct.pack("<f", 0.5)),
    ("BlobProto", "double_data", 8, [0.5], struct.pack("<d", 0.5)),
    ("Datum", "label", 5, -1, -1),
    ("Datum", "encoded", 7, True, 1),
    ("NetParameter", "name", 1, "LeNet", b"LeNet"),
    ("NetParameter", "force_backward", 5, True, 1),
    ("LayerParameter", "type", 2, "ReLU", b"ReLU"),
    ("LayerParameter", "phase", 10, messages.TEST, 1),
    ("ParamSpec", "lr_mult", 3, 2.0, 2.0),
    ("ConvolutionParameter", "num_output", 1, 20, 20),
    ("ConvolutionParameter", "stride_w", 14, 2, 2),
    ("PoolingParameter", "round_mode", 13, 1, 1),
    ("PythonParameter", "share_in_parallel", 4, True, 1),
    ("RecurrentParameter", "num_output", 1, 256, 256),
    ("RecurrentParameter", "expose_hidden", 5, True, 1),
    ("SolverParameter", "base_lr", 5, 0.5, 0.5),
    ("SolverParameter", "net", 24, "net.prototxt", b"net.prototxt"),
    ("SolverParameter", "random_seed", 20, -1, -1),
    ("SolverParameter", "type", 40, "Adam", b"Adam"),
    ("SolverState", "iter", 1, 10000, 10000),
    ("SolverState", "learned_net", 2, "a.caffemodel", b"a.caffemodel"),
    ("SolverState", "current_step", 4, 3, 3),
    ("V1LayerParameter", "type", 5, 39, 39),
    ("V1LayerParameter", "blob_share_mode", 1002, [1], 1),
    ("V0LayerParameter", "det_crop_mode", 59, "square", b"square"),
]


@pytest.mark.parametrize(("message", "field", "number", "value", "encoded"), KNOWN)
def test_a_field_has_the_number_that_old_files_give_it(message, field, number, value, encoded):
    ours = message_class(message)(**{field: value})

    assert ours.SerializeToString() == wire(number, encoded)


def test_the_layer_list_and_every_layer_setting_have_their_numbers():
    layer = messages.LayerParameter(name="conv1")
    layer.convolution_param.num_output = 20
    net = messages.NetParameter(layer=[layer])

    encoded = wire(100, wire(1, b"conv1") + wire(106, wire(1, 20)))

    assert net.SerializeToString() == encoded


def test_numbers_packed_or_one_by_one_read_the_same():
    one_by_one = messages.BlobProto.FromString(wire(5, 1.0) + wire(5, 2.0))

    packed = messages.BlobProto.FromString(wire(5, struct.pack("<2f", 1.0, 2.0)))

    assert one_by_one == packed


def test_our_own_fields_stand_at_one_thousand_where_caffe_skips_them():
    ours = [
        (message.DESCRIPTOR.name, field.name, field.number)
        for message in (messages.SolverState, messages.LayerParameter)
        for field in message.DESCRIPTOR.fields
        if field.number >= 1000
    ]

    assert ours == [
        ("SolverState", "seed", 1000),
        ("SolverState", "random_state", 1001),
        ("SolverState", "data_position", 1002),
        ("SolverState", "recent_loss", 1003),
        ("SolverState", "learned_net_sha256", 1004),
        ("SolverState", "version", 1005),
        ("LayerParameter", "idx_data_param", 1000),
    ]


def test_defaults_are_caffes():
    assert messages.SolverParameter().solver_mode == messages.SolverParameter.GPU
    assert messages.SolverParameter().momentum2 == pytest.approx(0.999)
    assert messages.SolverParameter().test_initialization is True
    assert messages.NetState().phase == messages.TEST
    assert messages.FillerParameter().type == "constant"
    assert message_class("DataParameter")().backend == 0  # LEVELDB
    assert message_class("PoolingParameter")().stride == 1
    assert message_class("BatchNormParameter")().eps == pytest.approx(1e-5)
    assert message_class("WindowDataParameter")().crop_mode == "warp"
    assert message_class("PythonParameter")().param_str == ""
    assert message_class("HingeLossParameter")().norm == 1  # L1


def test_every_message_survives_text_and_binary():
    for name, made in CLASSES.items():
        message = fill(made())

        text = text_format.Parse(text_format.MessageToString(message), made())
        binary = made.FromString(text.SerializeToString())

        assert binary == message, name


def test_messages_copy():
    net = fill(messages.NetParameter())

    assert copy.deepcopy(net) == net


def test_an_unknown_message_names_the_nearest():
    with pytest.raises(PrototxtError, match=r"no message is called 'NetParam'.*Did you mean 'NetParameter'"):
        message_class("NetParam")


def test_a_schema_line_that_is_no_declaration_is_an_error_of_ours():
    with pytest.raises(AssertionError, match=r"messages.proto:2: not a declaration"):
        read_schema("message A {\n  optional int32 a 1;\n}\n")


def fill(message):
    """Give every field a value, two levels deep."""
    for field in message.DESCRIPTOR.fields:
        if field.message_type is not None:
            inner = getattr(message, field.name).add() if field.is_repeated else getattr(message, field.name)
            inner.SetInParent()
            for required in ("min", "max") if field.message_type.name == "ClipParameter" else ():
                setattr(inner, required, 0.5)
            continue
        value = value_for(field)
        if field.is_repeated:
            getattr(message, field.name).extend([value, value])
        else:
            setattr(message, field.name, value)
    return message


def value_for(field):
    if field.enum_type is not None:
        return field.enum_type.values[-1].number
    return {
        field.TYPE_STRING: 'a "name"\n',
        field.TYPE_BYTES: b"\x00\xff",
        field.TYPE_BOOL: True,
        field.TYPE_FLOAT: 0.1,
        field.TYPE_DOUBLE: 0.1,
    }.get(field.type, 7)
