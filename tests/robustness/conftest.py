"""A small net that was trained for ten iterations, whose files the tests damage."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from trivium.cli import run

NET = """name: "tiny"
layer { name: "d" type: "IdxData" top: "data" top: "label"
  idx_data_param { images: "images" labels: "labels" batch_size: 8 } transform_param { scale: 0.01 } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
  convolution_param { num_output: 2 kernel_size: 3 weight_filler { type: "xavier" } } }
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
layer { name: "ip" type: "InnerProduct" bottom: "conv" top: "ip"
  inner_product_param { num_output: 3 weight_filler { type: "xavier" } } }
layer { name: "acc" type: "Accuracy" bottom: "ip" bottom: "label" top: "acc" include { phase: TEST } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }
"""
SOLVER = """net: "net.prototxt"
test_iter: 2
test_interval: 5
base_lr: 0.01
lr_policy: "fixed"
momentum: 0.9
max_iter: 10
snapshot: 5
snapshot_prefix: "tiny"
random_seed: 1
solver_mode: CPU
"""


def idx(array: np.ndarray) -> bytes:
    """The bytes of an idx file of uint8."""
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.astype("u1").tobytes()


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A folder with data, net, solver and the snapshots of iterations 5 and 10."""
    folder = tmp_path_factory.mktemp("trained")
    random = np.random.default_rng(0)
    (folder / "images").write_bytes(idx(random.integers(0, 256, (40, 6, 6))))
    (folder / "labels").write_bytes(idx(random.integers(0, 3, (40,))))
    (folder / "net.prototxt").write_text(NET)
    (folder / "solver.prototxt").write_text(SOLVER)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("TRIVIUM_DATA", raising=False)
        assert run(["train", "solver.prototxt"]) == 0
    return folder


@pytest.fixture
def folder(trained, tmp_path, monkeypatch) -> Path:
    """A copy of it to damage, and to stand in."""
    copy = tmp_path / "run"
    shutil.copytree(trained, copy)
    monkeypatch.chdir(copy)
    monkeypatch.delenv("TRIVIUM_DATA", raising=False)
    return copy
