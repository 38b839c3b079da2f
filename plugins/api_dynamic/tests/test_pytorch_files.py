"""Files of PyTorch's own torch.save: tensors and plain data are read, and nothing in them ever runs."""

import io
import os
import pickle
import random
import struct
import zipfile
from collections import Counter, OrderedDict
from pathlib import Path

import numpy as np
import pytest

import trivium_api_dynamic as torch
from trivium_api_dynamic import pytorch_file

FILES = Path(__file__).parent / "pytorch_files"
BOTH = pytest.mark.parametrize("name", ["archive.pth", "stream.pth"])
Refused = torch.errors.FileFormatError


@BOTH
def test_a_checkpoint_is_read_with_its_dtypes_views_and_parameters(name):
    saved = torch.load(FILES / name)

    assert list(saved["model"])[:2] == ["0.weight", "0.bias"] and type(saved["model"]) is OrderedDict
    assert saved["model"]["0.weight"].tolist() == [[1, 2], [3, 4]]
    assert saved["whole"].dtype == torch.int16 and saved["whole"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert saved["view"].tolist() == [[1, 4], [2, 5]]
    assert saved["view"].data_ptr() == saved["whole"].data_ptr() + 2
    assert saved["half"].dtype == torch.bfloat16 and saved["half"].float().tolist() == [1.5, -2]
    assert type(saved["parameter"]) is torch.nn.Parameter and saved["parameter"].requires_grad
    assert saved["empty"].shape == (0, 3)
    assert saved["epoch"] == 3 and saved["rest"] == [1.5, None, True, ("a", torch.Size([1, 2]))]


@BOTH
def test_training_goes_on_from_a_checkpoint(name):
    net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2))
    optimizer = torch.optim.SGD(net.parameters(), lr=1.0)
    saved = torch.load(FILES / name)

    net.load_state_dict(saved["model"])
    optimizer.load_state_dict(saved["optimizer"])
    for p in net.parameters():
        p.grad = torch.zeros_like(p)
    optimizer.step()

    assert optimizer.param_groups[0]["lr"] == 0.5
    assert net[0].bias.tolist() == pytest.approx([5 - 0.5 * 0.9, 6 - 0.5 * 0.9])


@BOTH
def test_devices_are_mapped_as_asked(name):
    asked = []

    def here(storage, location):
        asked.append((storage.numel() > 0, location))
        return storage

    for wanted in ("cpu", torch.device("cpu"), {"cpu": "cpu"}, here):
        assert torch.load(FILES / name, map_location=wanted)["whole"].device.type == "cpu"
    assert (True, "cpu") in asked
    with pytest.raises(Refused, match=r"deserialize object on device 'elsewhere'.*map_location='cpu'"):
        torch.load(FILES / name, map_location={"cpu": "elsewhere"})


class Trap:
    """Calls something when it is unpickled."""

    def __init__(self, function, *args):
        self.made = function, args

    def __reduce__(self):
        return self.made


def sprung(path):
    Path(path).touch()


TRAPS = {
    "a function of ours": lambda path: Trap(sprung, path),
    "a command": lambda path: Trap(os.system, f"touch {path}"),
    "text": lambda path: Trap(eval, f"open({path!r}, 'w')"),
    "an open file": lambda path: Trap(open, path, "w"),
    "a way to other names": lambda path: Trap(getattr, "text", "__class__"),
    "an import": lambda path: Trap(__import__, "os"),
}


def archived(data):
    """A zip archive as torch.save writes it, around any pickle."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a/data.pkl", data)
        archive.writestr("a/data/0", struct.pack("<4f", 1, 2, 3, 4))
    return file.getvalue()


# code is named; a pickle of the first protocol is stopped by its opcodes, or is not taken for one
REFUSAL = r"that is code.*model\.state_dict\(\)|an opcode that tensors|no complete safetensors"


@pytest.mark.parametrize("trap", TRAPS)
@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("wrap", [archived, bytes], ids=["archive", "pickle"])
def test_code_is_refused_and_none_of_it_runs(tmp_path, trap, protocol, wrap):
    path = tmp_path / "touched"
    data = wrap(pickle.dumps({"weights": [1.0], "trap": TRAPS[trap](str(path))}, protocol))

    with pytest.raises(Refused, match=REFUSAL):
        torch.load(io.BytesIO(data), weights_only=False)

    assert not path.exists()


def test_a_file_cannot_change_what_reads_it():
    name = b"ctorch._utils\n_rebuild_tensor_v2\n"
    attempt = b"\x80\x02" + name + b"}(X\x01\x00\x00\x00aK\x01ub."
    slots = b"\x80\x02ccollections\nCounter\nN}X\x06\x00\x00\x00updateK\x01s\x86b."

    for data in (attempt, slots):
        try:
            torch.load(io.BytesIO(archived(data)))
        except Refused:
            pass

    assert not hasattr(pytorch_file.tensor_of, "a")
    assert Counter("aab").most_common(1) == [("a", 2)]


def storage(count=4, key="0"):
    """The pickle of a persistent storage."""
    text = b"".join([b"X" + struct.pack("<I", len(t)) + t for t in (b"storage",)])
    rest = b"X" + struct.pack("<I", len(key)) + key.encode() + b"X\x03\x00\x00\x00cpu" + b"J" + struct.pack("<i", count)
    return b"(" + text + b"ctorch\nFloatStorage\n" + rest + b"tQ"


def tensor(offset, size, stride, count=4):
    def numbers(values):
        return b"(" + b"".join([b"J" + struct.pack("<i", n) for n in values]) + b"t"

    head = b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n("
    return head + storage(count) + b"J" + struct.pack("<i", offset) + numbers(size) + numbers(stride) + b"\x89}tR."


def test_a_tensor_stays_within_its_storage():
    assert torch.load(io.BytesIO(archived(tensor(1, (3,), (1,))))).tolist() == [2, 3, 4]
    assert torch.load(io.BytesIO(archived(tensor(0, (2, 2), (0, 1))))).tolist() == [[1, 2], [1, 2]]

    for bad in (tensor(0, (5,), (1,)), tensor(2, (3,), (1,)), tensor(-1, (1,), (1,)), tensor(0, (-1,), (1,)),
                tensor(0, (2,), (-1,)), tensor(0, (2, 2), (1,)), tensor(0, (2**30,), (2**30,)),
                tensor(0, (9,), (1,), 9)):  # fmt: skip
        with pytest.raises(Refused):
            torch.load(io.BytesIO(archived(bad)))


@BOTH
def test_damaged_files_are_refused_and_never_crash(name):
    good, draw = (FILES / name).read_bytes(), random.Random(0)
    changed = [good[: draw.randrange(len(good))] for _ in range(60)]
    for _ in range(300):
        bad = bytearray(good)
        for _ in range(draw.randrange(1, 4)):
            bad[draw.randrange(len(bad))] = draw.randrange(256)
        changed.append(bytes(bad))

    refused = 0
    for data in changed:
        try:
            torch.load(io.BytesIO(data))
        except Refused:
            refused += 1

    assert refused > 60


def test_a_compressed_archive_is_refused_before_it_grows():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/data.pkl", b"0" * 1_000_000)

    with pytest.raises(Refused, match="compressed archive"):
        torch.load(io.BytesIO(file.getvalue()))


def test_a_pickle_that_is_no_checkpoint_is_told():
    with pytest.raises(Refused, match=r"none that torch\.save wrote|damaged or unknown"):
        torch.load(io.BytesIO(pickle.dumps([1, 2, 3])))


@pytest.mark.parametrize("is_archive", [True, False], ids=["archive", "stream"])
@pytest.mark.parametrize(
    "dtype",
    "bool uint8 int8 int16 int32 int64 float16 bfloat16 float32 float64 uint16 uint32 complex64 complex128".split(),
)
def test_every_dtype_that_pytorch_writes_is_read(peer, dtype, is_archive):
    x = peer.tensor([0, 1, 1]).to(getattr(peer, dtype)).reshape(3, 1)
    file = io.BytesIO()
    peer.save([x, x.expand(3, 2)], file, _use_new_zipfile_serialization=is_archive)
    file.seek(0)

    first, second = torch.load(file)

    assert repr(first.dtype) == f"torch.{dtype}"
    assert np.array_equal(first.to(torch.float64).numpy() if dtype[0] != "c" else first.numpy(), [[0], [1], [1]])
    assert second.shape == (3, 2)
