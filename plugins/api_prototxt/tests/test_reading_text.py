"""Prototxt is read as protobuf reads it, and a mistake is told with its line."""

from __future__ import annotations

import os
import threading

import pytest

from trivium_api_prototxt.errors import PrototxtError
from trivium_api_prototxt.messages import NetParameter, SolverParameter
from trivium_api_prototxt.text import parse_text, read_text, to_text, write_text

LENET = """\
name: "LeNet"  # it's a comment
layer {
  name: 'conv1'
  type: "Convolution"
  bottom: "data" top: "conv1"
  convolution_param { num_output: 20, kernel_size: 5; stride: 1
    weight_filler: < type: "xavier" > }
  include { phase: TRAIN }
}
layer { name: "re" "lu1" type: "ReLU" bottom: ["conv1"]
  top: "conv1" loss_weight: [.5, 1e-3f, -inf] }
"""


def test_every_way_of_writing_a_field_is_read():
    net = parse_text(LENET, NetParameter).message

    conv, relu = net.layer
    assert (net.name, conv.name, relu.name) == ("LeNet", "conv1", "relu1")
    assert conv.convolution_param.kernel_size == [5]
    assert conv.convolution_param.weight_filler.type == "xavier"
    assert list(relu.loss_weight) == pytest.approx([0.5, 1e-3, float("-inf")])


def test_text_binary_text_is_the_same_text():
    net = parse_text(LENET, NetParameter).message

    again = NetParameter.FromString(parse_text(to_text(net), NetParameter).message.SerializeToString())

    assert to_text(again) == to_text(net)


def test_a_place_knows_the_line_of_a_layer_and_of_the_fields_inside():
    place = parse_text(LENET, NetParameter, "net.prototxt").place

    assert str(place.at("layer", 1)) == "net.prototxt:10"
    assert str(place.at("layer", 1).at("loss_weight", 2)) == "net.prototxt:11"
    assert str(place.at("layer").at("convolution_param").at("weight_filler").at("type")) == "net.prototxt:7"


def test_a_place_that_the_text_does_not_have_is_that_of_what_holds_it():
    place = parse_text(LENET, NetParameter, "net.prototxt").place

    assert str(place.at("layer", 1).at("relu_param").at("negative_slope")) == "net.prototxt:10"
    assert str(place.at("layers", 7)) == "net.prototxt"


# text, what the error says after the file's name
MISTAKES = [
    ('name: "a"\nname: "b"', ":2:1: 'name' is given twice in the message, first on line 1: keep one"),
    ('layer {\n name: "a"\n name: "b" }', ":3:2: 'name' is given twice in layer, first on line 2: keep one"),
    ("state { }\nstate { }", ":2:1: 'state' is given twice in the message, first on line 1: keep one"),
    (
        'layer {\n  tpye: "ReLU"\n}',
        ":2:3: 'tpye' is no field of 'layer' (LayerParameter).  Did you mean 'type'?",
    ),
    (
        "layer { convolution_param { num_outputs: 3 } }",
        ":1:29: 'num_outputs' is no field of 'convolution_param' (ConvolutionParameter).  Did you mean 'num_output'?",
    ),
    (
        "layer { fc_param { } }",  # no nearer to `crop_param` than to any other
        ":1:9: 'fc_param' is no field of 'layer' (LayerParameter): its fields are name, type, ",
    ),
    (
        "layer { kernel_size: 3 }",
        ":1:9: 'kernel_size' is no field of 'layer' (LayerParameter): "
        "it belongs inside convolution_param or pooling_param",
    ),
    (
        'layer {\n name: "a"\nlayer { name: "b" }',
        ":3:1: 'layer' is no field of 'layer' (LayerParameter): close 'layer' of line 1 first with '}'",
    ),
    (
        "zork: 1",
        ":1:1: 'zork' is no field of NetParameter: its fields are name, layers, input, input_dim, "
        "force_backward, state, debug_info, input_shape and layer.",
    ),
    (
        "layer { pooling_param { pool: MAXX } }",
        ":1:31: 'pool' wants MAX, AVE or STOCHASTIC, without quotes, found 'MAXX'.  Did you mean 'MAX'?",
    ),
    (
        'layer { pooling_param { pool: "AVE" } }',
        ":1:31: 'pool' wants MAX, AVE or STOCHASTIC, without quotes, found '\"AVE\"'.  Did you mean 'AVE'?",
    ),
    (
        "layer { pooling_param { pool: 9 } }",
        ":1:31: 'pool' wants MAX, AVE or STOCHASTIC, without quotes, found '9'",
    ),
    ("layer { type: ReLU }", ":1:15: 'type' wants a string in quotes, found 'ReLU': write \"ReLU\""),
    (
        "layer { pooling_param { stride: -1 } }",
        ":1:33: 'stride' wants a whole number from 0 to 4294967295, found '-1'",
    ),
    ("input_dim: 2.5", ":1:12: 'input_dim' wants a whole number from -2147483648 to 2147483647, found '2.5'"),
    ("layer { loss_weight: 010 }", ":1:22: 'loss_weight' wants a number, found '010'"),
    ("layer { loss_weight: heavy }", ":1:22: 'loss_weight' wants a number, found 'heavy'"),
    ("force_backward: maybe", ":1:17: 'force_backward' wants true or false, found 'maybe'"),
    ("layer: 3", ":1:8: 'layer' holds fields: write layer { ... }, found '3'"),
    ('name "a"', ":1:6: expected ':' after 'name', found '\"a\"'"),
    ('name: "a\n', ':1:7: the string that begins here does not end on its line: close it with "'),
    ('layer {\n name: "a"\n', ":3:1: the text ends inside 'layer' of line 1: add '}'"),
    ('layer { name: "a" >', ":1:19: 'layer' of line 1 ends with '}', found '>'"),
    ("layer { } }", ":1:11: '}' closes nothing: remove it, or look for one too many above"),
    ('input: ["a" "b", "c"', ":1:21: expected ',' or ']' in the list 'input', found the end of the text"),
    ("input_dim: [1, ]", ":1:16: 'input_dim' wants a whole number"),
    ('name: "a" = 3', ":1:11: expected the name of a field, found '='"),
    ("layer { clip_param { max: 1 } }", ":1: 'layer[0].clip_param.min' must be given"),
    ("layer { }\nlayer {\n clip_param { max: 1 } }", ":3: 'layer[1].clip_param.min' must be given"),
    ('name: "\\xff"', ":1:13: Couldn't parse string"),
    (
        'name: "C:\\\\tmp\\data"',
        ":1:7: 'name' has '\\d' in its string, which stands for nothing: write '\\\\d' for a backslash",
    ),
    ('name: "a" "\\400"', ":1:11: 'name' has '\\4' in its string"),
]


@pytest.mark.parametrize(("text", "words"), MISTAKES)
def test_a_mistake_is_told_with_its_place_and_what_to_do(text, words):
    with pytest.raises(PrototxtError) as error:
        parse_text(text, NetParameter, "net.prototxt")

    assert str(error.value).startswith("net.prototxt" + words)


@pytest.mark.parametrize(
    "text",
    [
        "layer {" * 100_000,
        "layers { layer { weight_filler { " * 50_000,
        "[" * 100_000,
        "a" * 10_000_000,
        "{" * 100_000,
        "input_dim: " + "9" * 1_000_000,
        'name: "' + "a" * 1_000_000,
        "-" * 1_000_000,
        "\x00",
        "layer { bottom: [" + '"a",' * 100_000,
    ],
)
def test_an_absurd_text_is_a_short_error(text):
    with pytest.raises(PrototxtError) as error:
        parse_text(text, NetParameter, "net.prototxt")

    assert len(str(error.value)) < 400


def test_a_field_of_a_million_values_is_read_and_only_the_first_places_are_kept():
    document = parse_text("input_dim: [" + ",".join("7" * 100_000) + "]", NetParameter)

    assert len(document.message.input_dim) == 100_000
    assert len(document.place.inside["input_dim"]) == 1000


def test_a_long_token_is_cut_in_the_error():
    with pytest.raises(PrototxtError, match=r"^<text>:1:1: 'aaa+\.\.\.' is no field of NetParameter"):
        parse_text("a" * 100_000, NetParameter)


# what the file holds, what the error says
BAD_FILES = [
    (b"", "no fields: a NetParameter was expected"),
    (b"# nothing but a comment\n", "no fields: a NetParameter was expected"),
    (b"\x00\x01\x02", "not text: it holds 3 bytes of something binary; a prototxt was expected"),
    (b"\x89HDF\r\n\x1a\n\x00\x00", "not text: it is an HDF5 file; a prototxt was expected"),
    ('name: "a"'.encode("utf-16"), "UTF-16 text: save it as UTF-8"),
    (b'name: "a"\nlayer { name: "caf\xe9" }', ":2:19: byte 0xe9 is not UTF-8: save the file as UTF-8"),
]


@pytest.mark.parametrize(("content", "words"), BAD_FILES)
def test_a_file_that_is_no_prototxt_says_what_it_is(tmp_path, content, words):
    path = tmp_path / "net.prototxt"
    path.write_bytes(content)

    with pytest.raises(PrototxtError) as error:
        read_text(path, NetParameter)

    assert str(path) in str(error.value)
    assert words in str(error.value)


def test_a_byte_order_mark_and_old_letters_in_a_comment_do_no_harm(tmp_path):
    path = tmp_path / "net.prototxt"
    path.write_bytes(b'\xef\xbb\xbfname: "a"  # caf\xe9 "\r\nlayer { name: "b#c" }\r\n')

    net = read_text(path, NetParameter).message

    assert (net.name, net.layer[0].name) == ("a", "b#c")


def test_a_missing_file_names_the_nearest_in_its_folder(tmp_path):
    (tmp_path / "lenet.prototxt").write_text('name: "a"')

    with pytest.raises(
        PrototxtError, match=r"lnet.prototxt: cannot be read: no such file.*Did you mean 'lenet.prototxt'"
    ):
        read_text(tmp_path / "lnet.prototxt", NetParameter)


def test_a_folder_in_place_of_a_file_is_told(tmp_path):
    with pytest.raises(PrototxtError, match="it is a folder: name a file in it"):
        read_text(tmp_path, NetParameter)


def test_a_name_with_a_zero_byte_is_told():
    with pytest.raises(PrototxtError, match="cannot be read: embedded null byte"):
        read_text("a\0b", NetParameter)


def test_a_file_without_end_is_not_read_to_its_end(monkeypatch):
    monkeypatch.setattr("trivium_api_prototxt.text.LONGEST", 1000)

    with pytest.raises(PrototxtError, match="more than 1,000 bytes"):
        read_text("/dev/zero", NetParameter)


def test_a_long_file_is_not_read_at_all(tmp_path, monkeypatch):
    monkeypatch.setattr("trivium_api_prototxt.text.LONGEST", 1000)
    path = tmp_path / "net.prototxt"
    with open(path, "wb") as file:
        file.truncate(10**12)  # a hole: it takes no room

    with pytest.raises(PrototxtError, match="more than 1,000 bytes"):
        read_text(path, NetParameter)


def test_a_pipe_is_read_like_a_file(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_text, args=("base_lr: 0.5",))
    writer.start()

    solver = read_text(path, SolverParameter).message
    writer.join()

    assert solver.base_lr == 0.5


def test_written_text_reads_back(tmp_path):
    net = parse_text(LENET, NetParameter).message
    path = tmp_path / "net.prototxt"

    write_text(path, net)

    assert read_text(path, NetParameter).message == net
