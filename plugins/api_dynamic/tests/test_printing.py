"""Tensors look as PyTorch shows them."""

import math

import pytest

import trivium_api_dynamic as ours

SHOWN = {
    "whole floats": lambda t: t.tensor([1.0, 2.0]),
    "floats": lambda t: t.tensor([1.5, -2.25, 100.0]),
    "very different floats": lambda t: t.tensor([1e-5, 1.0, 20000.0]),
    "large whole floats": lambda t: t.tensor([1.0, 2e9]),
    "small": lambda t: t.tensor([1e-7]),
    "not finite": lambda t: t.tensor([1.0, math.inf, math.nan, -math.inf]),
    "not finite with fractions": lambda t: t.tensor([1.5, math.inf, math.nan]),
    "zeros": lambda t: t.zeros(2, 3),
    "ints": lambda t: t.tensor([[1, -20], [300, 4]]),
    "bools": lambda t: t.tensor([True, False]),
    "scalar": lambda t: t.tensor(3.5),
    "whole scalar": lambda t: t.tensor(3.0),
    "int scalar": lambda t: t.tensor(3),
    "float64": lambda t: t.tensor([1.5], dtype=t.float64),
    "int32": lambda t: t.tensor([1], dtype=t.int32),
    "float16": lambda t: t.tensor([1.5], dtype=t.float16),
    "bfloat16": lambda t: t.tensor([1.5], dtype=t.bfloat16),
    "empty": lambda t: t.zeros(0),
    "empty ints": lambda t: t.zeros(0, dtype=t.int64),
    "empty matrix": lambda t: t.zeros(0, 3),
    "cube": lambda t: t.arange(24).reshape(2, 3, 4),
    "long vector": lambda t: t.arange(50),
    "long floats": lambda t: t.arange(40) / 7,
    "too long": lambda t: t.arange(2000),
    "too large": lambda t: t.arange(10000).reshape(100, 100) / 3,
    "too large cube": lambda t: t.zeros(20, 20, 20),
    "leaf": lambda t: t.ones(2, requires_grad=True),
    "result": lambda t: t.ones(2, requires_grad=True) * 2,
    "sum": lambda t: t.ones(2, requires_grad=True).sum(),
    "a long result": lambda t: t.ones(17, requires_grad=True) * 2,
    "parameter": lambda t: t.nn.Parameter(t.ones(2)),
}


@pytest.mark.parametrize("name", SHOWN)
def test_shown_as_pytorch_shows_it(peer, name):
    assert repr(SHOWN[name](ours)) == repr(SHOWN[name](peer))


def test_sizes_dtypes_and_formats():
    x = ours.zeros(2, 3)

    assert repr(x.shape) == repr(x.size()) == "torch.Size([2, 3])"
    assert x.shape.numel() == 6
    assert repr(x.dtype) == "torch.float32"
    assert f"{ours.tensor(2.5):.2f}" == "2.50"
    assert str(x.dtype) == "torch.float32" and x.dtype == "float32" and x.dtype is ours.float32


STEPS_BACK = {
    "x * 2": "MulBackward0",
    "x / 2": "DivBackward0",
    "x @ x.t()": "MmBackward0",
    "x.t()": "TBackward0",
    "x.transpose(0, 1)": "TransposeBackward0",
    "x.view(-1)": "ViewBackward0",
    "x.unsqueeze(0)": "UnsqueezeBackward0",
    "x.sum()": "SumBackward0",
    "x.sum(0)": "SumBackward1",
    "x.mean(1)": "MeanBackward1",
    "x.max()": "MaxBackward1",
    "x.max(0).values": "MaxBackward0",
    "x.std()": "StdBackward0",
    "x.norm()": "LinalgVectorNormBackward0",
    "x[0]": "SelectBackward0",
    "x[0:1]": "SliceBackward0",
    "x[x > 0]": "IndexBackward0",
    "t.cat([x, x])": "CatBackward0",
    "t.stack([x, x])": "StackBackward0",
    "x.split(1)[0]": "SplitBackward0",
    "x.clamp(0, 1)": "ClampBackward1",
    "x.floor()": "FloorBackward0",
    "x.softmax(0)": "SoftmaxBackward0",
    "x.masked_fill(x > 0, 0.0)": "MaskedFillBackward0",
    "x.double()": "ToCopyBackward0",
    "x.remainder(2.0)": "RemainderBackward0",
    "(x * 1).mul_(2)": "MulBackward0",
}


@pytest.mark.parametrize("call", STEPS_BACK)
def test_a_step_back_has_the_name_that_pytorch_prints(call):
    x = ours.tensor([[0.1, 0.2, 0.3], [0.4, 0.5, 0.7]], requires_grad=True)

    result = eval(call, {"x": x, "t": ours})

    assert result.grad_fn.name() == STEPS_BACK[call]
    assert f"grad_fn=<{STEPS_BACK[call]}>" in repr(result)


def test_a_step_back_is_named_by_pytorch_so(peer):
    x = peer.tensor([[0.1, 0.2, 0.3], [0.4, 0.5, 0.7]], requires_grad=True)

    for call, name in STEPS_BACK.items():
        assert eval(call, {"x": x, "t": peer}).grad_fn.name() == name
