"""Reading idx files: what is right comes back whole, what is wrong is named."""

import gzip
import struct
import tracemalloc

import numpy as np
import pytest

from trivium.errors import TriviumError
from trivium_api_prototxt.idx import DataError, MissingDataError, find_data, read_idx, read_images_and_labels

CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def idx_bytes(array, shape=None):
    """The idx file of `array`; another `shape` makes the header lie."""
    shape = array.shape if shape is None else shape
    header = struct.pack(f">HBB{len(shape)}I", 0, CODES[array.dtype.str[1:]], len(shape), *shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


@pytest.fixture
def write(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return path

    return write


@pytest.mark.parametrize("name", ["a.idx", "a.idx.gz"])
@pytest.mark.parametrize("dtype", CODES)
def test_every_element_type_comes_back_equal(write, name, dtype):
    array = np.arange(24).reshape(2, 3, 4).astype(dtype)

    found = read_idx(write(name, idx_bytes(array)))

    assert found.dtype == np.dtype(dtype) and found.dtype.isnative
    np.testing.assert_array_equal(found, array)


def test_an_empty_set_is_a_set(write):
    assert read_idx(write("a.gz", idx_bytes(np.zeros((0, 28, 28), "u1")))).shape == (0, 28, 28)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "truncated: an idx file starts with 4 bytes, this one has 0"),
        (b"\0\0\x08", "truncated: an idx file starts with 4 bytes, this one has 3"),
        (b"PNG\r\n", "not an idx file: it starts with 50 4e 47 0d"),
        (b"\0\0\x0a\x01\0\0\0\1a", "not an idx file: it starts with 00 00 0a 01"),
        (b"\0\0\x08\x00a", "the header claims 0 axes"),
        (b"\0\0\x08\xff" + b"\0" * 2000, "the header claims 255 axes"),
        (b"\0\0\x08\x03\0\0\0\1", "truncated: the header ends before the sizes of its 3 axes"),
        (idx_bytes(np.zeros(4, "u1")) + b"x", "more data than the 4 bytes"),
    ],
)
@pytest.mark.parametrize("name", ["a.idx", "a.idx.gz"])
def test_a_wrong_header_is_named(write, name, content, message):
    with pytest.raises(DataError, match=message) as caught:
        read_idx(write(name, content))
    assert name in str(caught.value)


def test_fewer_elements_than_claimed_is_truncated(write):
    lying = idx_bytes(np.zeros(50, "u1"), shape=(90,))

    with pytest.raises(DataError, match=r"claims 90 bytes \(90,\), the file holds 50"):
        read_idx(write("a.gz", lying))
    with pytest.raises(DataError, match=r"claims 90 bytes \(90,\), the file holds at most 58"):
        read_idx(write("a.idx", lying))


@pytest.mark.parametrize("name", ["a.idx", "a.idx.gz"])
def test_an_absurd_size_is_refused_without_taking_the_memory(write, name):
    path = write(name, idx_bytes(np.zeros(1000, "f8"), shape=(2**32 - 1, 2**32 - 1, 2**32 - 1)))

    tracemalloc.start()
    with pytest.raises(DataError, match="the header claims"):
        read_idx(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 2**20


def test_a_file_cut_in_the_middle_is_truncated(write):
    path = write("a.gz", idx_bytes(np.random.default_rng(0).integers(0, 255, (100, 28, 28), "u1")))
    whole = path.read_bytes()

    for size in (3, 15, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(DataError, match="ends too early"):
            read_idx(path)


def test_a_flipped_bit_is_damage(write):
    path = write("a.gz", idx_bytes(np.random.default_rng(0).integers(0, 255, (100, 28, 28), "u1")))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x10
    path.write_bytes(content)

    with pytest.raises(DataError, match=r"damaged gzip data|not an idx|ends too early|claims"):
        read_idx(path)


def test_a_gz_that_is_not_gzip_is_named(tmp_path):
    path = tmp_path / "a.gz"
    path.write_bytes(idx_bytes(np.zeros(4, "u1")))

    with pytest.raises(DataError, match="not a gzip file; compress it or rename it"):
        read_idx(path)


def test_a_folder_is_not_a_file(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read_idx(tmp_path)


def test_images_and_labels_must_be_equally_many(write):
    images = write("images", idx_bytes(np.zeros((3, 2, 2), "u1")))
    labels = write("labels", idx_bytes(np.zeros(4, "u1")))

    with pytest.raises(DataError, match=r"images: 3 images, but .*labels has 4 labels"):
        read_images_and_labels(images, labels)
    with pytest.raises(DataError, match=r"labels have one axis, this file has 3: \(3, 2, 2\)"):
        read_images_and_labels(images, images)


def test_a_missing_file_says_where_it_looked_and_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.delenv("TRIVIUM_DATA", raising=False)

    with pytest.raises(MissingDataError) as caught:
        find_data("train.gz", tmp_path / "net.prototxt")

    assert isinstance(caught.value, TriviumError)
    assert isinstance(caught.value, FileNotFoundError)
    for part in ("train.gz", str(tmp_path / "train.gz"), "TRIVIUM_DATA", "dataset-fashion-mnist"):
        assert part in str(caught.value)
    with pytest.raises(MissingDataError, match="no such data file"):
        read_idx(tmp_path / "train.gz")


def test_the_data_folder_wins_over_the_given_path_and_that_over_the_prototxt(tmp_path, monkeypatch):
    monkeypatch.delenv("TRIVIUM_DATA", raising=False)
    here, beside, full = tmp_path / "here", tmp_path / "beside", tmp_path / "full"
    for folder in (here, beside, full):
        folder.mkdir()
        (folder / "train.gz").touch()
    monkeypatch.chdir(here)
    prototxt = beside / "net.prototxt"

    assert find_data("train.gz", prototxt).samefile(here / "train.gz")
    (here / "train.gz").unlink()
    assert find_data("train.gz", prototxt) == beside / "train.gz"
    monkeypatch.setenv("TRIVIUM_DATA", str(full))
    assert find_data("some/folder/train.gz", prototxt) == full / "train.gz"
    (full / "train.gz").unlink()
    assert find_data("train.gz", prototxt) == beside / "train.gz"


def test_a_data_folder_that_does_not_exist_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv("TRIVIUM_DATA", str(tmp_path / "nowhere"))

    with pytest.raises(MissingDataError, match="TRIVIUM_DATA: not a folder"):
        find_data("train.gz")
