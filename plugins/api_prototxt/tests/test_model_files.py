"""Binary files: weights, states and means, whole, cut short or not at all what they should be."""

from __future__ import annotations

import os

import numpy as np
import pytest

from trivium_api_prototxt.blobs import array_to_blob, blob_shape, blob_to_array
from trivium_api_prototxt.errors import ModelFileError
from trivium_api_prototxt.files import find_file, read_message
from trivium_api_prototxt.messages import BlobProto, LayerParameter, NetParameter, SolverState
from trivium_api_prototxt.net_message import read_weights
from trivium_api_prototxt.saving import write_message
from trivium_api_prototxt.solver_message import read_state


@pytest.fixture
def model(tmp_path):
    weight = np.arange(500, dtype=np.float32).reshape(20, 1, 5, 5)
    conv = LayerParameter(name="conv1", type="Convolution", blobs=[array_to_blob(weight)])
    net = NetParameter(name="LeNet", layer=[conv, LayerParameter(name="relu1", type="ReLU")])
    path = tmp_path / "lenet.caffemodel"
    write_message(path, net)
    return path


def test_weights_written_are_the_weights_read(model):
    net = read_weights(model)

    weight = blob_to_array(net.layer[0].blobs[0])

    assert weight.shape == (20, 1, 5, 5)
    np.testing.assert_array_equal(weight.ravel(), np.arange(500))


def test_a_file_cut_anywhere_is_an_error_or_ends_between_two_layers(model):
    whole = model.read_bytes()
    between = []
    for length in range(len(whole)):
        model.write_bytes(whole[:length])
        try:
            net = read_weights(model)
        except ModelFileError as error:
            assert str(model) in str(error)
        else:
            between.append([layer.name for layer in net.layer])

    assert between == [["conv1"]]


def test_a_file_cut_short_says_where(model):
    model.write_bytes(model.read_bytes()[:1000])

    with pytest.raises(
        ModelFileError,
        match=r"not a binary NetParameter: cut short inside 'layer', which begins at byte 7 of 1,000",
    ):
        read_weights(model)


# what the file holds, what the error says
BAD_MODELS = [
    (b"", "empty: a binary NetParameter was expected"),
    (b'name: "LeNet"\nlayer {\n', "not a binary NetParameter: it looks like text"),
    (b"\x89HDF\r\n\x1a\n" + bytes(50), "it is an HDF5 file"),
    (b"\x1f\x8b\x08\x00" + bytes(50), "it is a gzip file: unpack it first"),
    (b"PK\x03\x04" + bytes(50), "it is a zip archive"),
    (bytes(100), "byte 0 of 100 begins a field that it does not have, 0"),
    (b"\xff" * 100, "byte 0 of 100 begins no field"),
    (b"\x0a\x05LeN", "cut short inside 'name', which begins at byte 0 of 5 and needs 7 bytes"),
    (b"\x0a\x05LeNet\xa2", "cut short inside the field that begins at byte 7 of 8"),
    (b"\xa2\x06\x02\x0a\x05", "the inside of a field is damaged"),
    (b"\x0a\x05LeNet", "no layers in it: not a .caffemodel"),
]


@pytest.mark.parametrize(("content", "words"), BAD_MODELS)
def test_a_file_that_is_no_model_says_what_it_is(tmp_path, content, words):
    path = tmp_path / "bad.caffemodel"
    path.write_bytes(content)

    with pytest.raises(ModelFileError) as error:
        read_weights(path)

    assert str(error.value).startswith(str(path))
    assert words in str(error.value)


def test_a_mean_file_is_no_model(tmp_path):
    path = tmp_path / "mean.binaryproto"
    write_message(path, array_to_blob(np.zeros((1, 3, 2, 2), np.float32)))

    with pytest.raises(ModelFileError, match="not a binary NetParameter"):
        read_weights(path)


def test_a_model_is_no_solver_state(model):
    with pytest.raises(ModelFileError, match="not a"):
        read_state(model)


def test_random_bytes_never_do_more_than_raise_our_error(tmp_path):
    rng = np.random.default_rng(1)
    path = tmp_path / "noise"
    for _ in range(300):
        path.write_bytes(rng.bytes(int(rng.integers(1, 200))))
        for message in (NetParameter, SolverState, BlobProto):
            try:
                read_message(path, message)
            except ModelFileError as error:
                assert str(path) in str(error)


def test_a_required_field_that_is_missing_is_named(tmp_path):
    path = tmp_path / "clip.caffemodel"
    path.write_bytes(_net_with_half_a_clip())

    with pytest.raises(ModelFileError, match=r"'layer\[0\].clip_param.max' is missing from it"):
        read_weights(path)


def _net_with_half_a_clip() -> bytes:
    net = NetParameter(layer=[LayerParameter(name="clip")])
    net.layer[0].clip_param.min = 0
    return net.SerializePartialToString()


def test_a_model_of_2014_reads_as_one_of_today(tmp_path):
    old = NetParameter()
    old.layers.add(name="ip1", type=14, blobs=[array_to_blob(np.ones((2, 3), np.float32))])
    path = tmp_path / "old.caffemodel"
    write_message(path, old)

    net = read_weights(path)

    assert [(layer.name, layer.type, len(layer.blobs)) for layer in net.layer] == [("ip1", "InnerProduct", 1)]


def test_unreadable_files_are_told(tmp_path):
    with pytest.raises(ModelFileError, match="no such file"):
        read_weights(tmp_path / "none.caffemodel")
    with pytest.raises(ModelFileError, match="it is a folder"):
        read_weights(tmp_path)


def test_a_file_is_found_from_the_current_folder_then_beside_the_message(tmp_path, monkeypatch):
    here, beside = tmp_path / "here", tmp_path / "beside"
    for folder in (here, beside):
        folder.mkdir()
        (folder / "both.prototxt").touch()
    (beside / "one.prototxt").touch()
    monkeypatch.chdir(here)

    assert os.fspath(find_file("both.prototxt", beside, "solver")) == "both.prototxt"
    assert find_file("one.prototxt", beside, "solver") == beside / "one.prototxt"


class TestBlobs:
    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    @pytest.mark.parametrize("shape", [(), (1,), (0,), (2, 3), (4, 1, 5, 5), (2, 0, 3)])
    def test_an_array_survives(self, dtype, shape):
        array = np.random.default_rng(0).normal(size=shape).astype(dtype)

        back = blob_to_array(array_to_blob(array, diff=array * 2))
        diff = blob_to_array(array_to_blob(array, diff=array * 2), "diff")

        assert (back.dtype, back.shape) == (np.dtype(dtype), shape) or array.size == 0
        np.testing.assert_array_equal(back, array)
        np.testing.assert_array_equal(diff, array * 2)

    def test_every_bit_of_a_float_survives(self):
        array = np.array([0x7FC00001, 0x80000000, 0x7F800000, 1], np.uint32).view(np.float32)

        back = blob_to_array(array_to_blob(array))

        assert back.tobytes() == array.tobytes()

    def test_a_strided_array_is_stored_in_its_own_order(self):
        array = np.arange(6, dtype=np.float32).reshape(2, 3).T

        np.testing.assert_array_equal(blob_to_array(array_to_blob(array)), array)

    def test_the_numbers_are_those_that_protobuf_sees(self):
        blob = array_to_blob(np.array([[1.5, 2.5]], np.float32))

        assert (list(blob.data), list(blob.shape.dim)) == ([1.5, 2.5], [1, 2])

    def test_the_four_sizes_of_older_files_are_read(self):
        blob = BlobProto(num=1, channels=2, height=1, width=3, data=range(6))

        assert blob_shape(blob) == (1, 2, 1, 3)
        assert blob_to_array(blob).shape == (1, 2, 1, 3)

    @pytest.mark.parametrize("dim", [[2, 3], [-1, -5], [2**62, 2**62], []])
    def test_sizes_that_do_not_fit_the_numbers_are_told(self, dim):
        blob = BlobProto(data=range(5))
        blob.shape.dim.extend(dim)

        with pytest.raises(ModelFileError, match=r"conv1 weight: shape \(.*\) needs .* numbers, data has 5"):
            blob_to_array(blob, where="conv1 weight")
