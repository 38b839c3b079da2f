"""Saving and loading, and every file that must be refused."""

import io
import os
from collections import OrderedDict

import numpy as np
import pytest
import safetensors.numpy

import trivium_api_dynamic as torch

DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64"]


def test_nested_data_comes_back_as_it_was(tmp_path):
    x = torch.arange(6).reshape(2, 3)
    saved = {
        "x": x, 3: [1, 2.5, None, True, "text"], "t": (x.t(), OrderedDict(b=torch.zeros(0, 3), a=torch.tensor(1.5))),
        "again": x, "size": x.shape, "inf": float("inf"), "deep": {"list": [{}, [], ()]},
    }  # fmt: skip

    torch.save(saved, tmp_path / "a.st")
    loaded = torch.load(tmp_path / "a.st")

    assert list(loaded) == list(saved)
    assert loaded[3] == saved[3] and loaded["inf"] == float("inf") and loaded["deep"] == saved["deep"]
    assert loaded["x"].tolist() == x.tolist() and loaded["again"] is loaded["x"]
    assert type(loaded["t"]) is tuple and type(loaded["t"][1]) is OrderedDict and list(loaded["t"][1]) == ["b", "a"]
    assert loaded["t"][0].tolist() == x.t().tolist()
    assert loaded["t"][1]["b"].shape == (0, 3)
    assert loaded["size"] == torch.Size([2, 3])


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_keeps_its_bits(dtype):
    x = torch.tensor([0.0, 1.0, 1.0]).to(getattr(torch, dtype))
    file = io.BytesIO()

    torch.save(x, file)
    file.seek(0)

    loaded = torch.load(file)
    assert loaded.dtype == x.dtype
    assert loaded.numpy().tobytes() == x.numpy().tobytes()


def test_training_goes_on_with_equal_bits(tmp_path):
    def make():
        torch.manual_seed(0)
        net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 1))
        return net, torch.optim.Adam(net.parameters(), lr=0.05)

    def train(net, optimizer, steps):
        x = torch.tensor(np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32))
        for _ in range(steps):
            optimizer.zero_grad()
            net(x).square().mean().backward()
            optimizer.step()

    net, optimizer = make()
    train(net, optimizer, 3)
    torch.save({"net": net.state_dict(), "optimizer": optimizer.state_dict()}, tmp_path / "half.st")
    train(net, optimizer, 3)
    other, other_optimizer = make()
    saved = torch.load(tmp_path / "half.st")
    other.load_state_dict(saved["net"])
    other_optimizer.load_state_dict(saved["optimizer"])
    train(other, other_optimizer, 3)

    for a, b in zip(net.state_dict().values(), other.state_dict().values(), strict=True):
        assert a.numpy().tobytes() == b.numpy().tobytes()


def test_a_state_is_a_file_that_others_can_read(tmp_path):
    layer = torch.nn.Linear(2, 1)

    torch.save(layer.state_dict(), tmp_path / "a.safetensors")
    read = safetensors.numpy.load_file(tmp_path / "a.safetensors")
    safetensors.numpy.save_file(read, tmp_path / "b.safetensors")

    np.testing.assert_array_equal(read["weight"], layer.weight.detach().numpy())
    layer.load_state_dict(torch.load(tmp_path / "b.safetensors"))


def good_file():
    file = io.BytesIO()
    torch.save({"a": torch.ones(4), "b": [1, torch.zeros(2)]}, file)
    return file.getvalue()


def test_files_cut_short_or_of_another_kind_are_refused():
    good = good_file()
    bad = [
        b"",
        b"\0",
        b"garbage that is long enough",
        b"{}",
        good + b"x",
        b"\xff" * 100,
        *[good[:n] for n in range(0, len(good), 7)],
    ]

    for content in bad:
        with pytest.raises(torch.errors.FileFormatError, match="no complete safetensors file"):
            torch.load(io.BytesIO(content))


def test_a_structure_that_makes_no_sense_is_refused():
    for structure in ("[", '{"tensor": "other"}', '{"dict": [1]}', '{"code": "x"}', '{"a": 1, "b": 2}', "[" * 100_000):
        content = safetensors.numpy.save({"a": np.ones(1)}, {"trivium.structure": structure})

        with pytest.raises(torch.errors.FileFormatError):
            torch.load(io.BytesIO(content))


def test_what_cannot_be_saved_is_named():
    with pytest.raises(TypeError, match=r"save: a\.1 is a Linear; .* save module.state_dict\(\)"):
        torch.save({"a": [1, torch.nn.Linear(1, 1)]}, io.BytesIO())


def test_a_failure_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = tmp_path / "a.st"
    torch.save(torch.tensor(1), path)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"a\.st: cannot be written: the disk is full"):
        torch.save(torch.tensor(2), path)

    assert torch.load(path).item() == 1
    assert [p.name for p in tmp_path.iterdir()] == ["a.st"]


def test_a_folder_that_is_gone_is_told(tmp_path):
    with pytest.raises(OSError, match=r"cannot be written: the folder .*/gone does not exist"):
        torch.save(torch.tensor(2), tmp_path / "gone" / "a.st")
