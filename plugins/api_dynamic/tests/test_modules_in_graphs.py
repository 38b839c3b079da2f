"""Modules take the symbols of a graph whose batch is unknown: the program computes what a call on tensors does."""

import numpy as np
import pytest

import trivium_api_dynamic as torch
from trivium.graph import Graph
from trivium.program import Program

nn = torch.nn
IMAGE, ROW = (2, 4, 6, 5), (3, 4)

MODULES = {
    text: shape
    for shape, texts in {
        IMAGE: """
            Conv2d(4,6,3,groups=2) Conv2d(4,3,3,padding=1,padding_mode='reflect') ConvTranspose2d(4,3,3,stride=2)
            MaxPool2d(2,ceil_mode=True) AvgPool2d(3,2,1) LPPool2d(2,2) AdaptiveAvgPool2d(2) AdaptiveMaxPool2d((None,2))
            BatchNorm2d(4) InstanceNorm2d(4,affine=True) GroupNorm(2,4) LayerNorm(5) LocalResponseNorm(3) RMSNorm(5)
            ZeroPad2d(1) ReflectionPad2d(2) ReplicationPad2d(1) Upsample(scale_factor=2) PixelShuffle(2)
            Upsample(scale_factor=1.5,mode='bilinear') Unfold(2) ChannelShuffle(2) Softmax2d() PReLU(4) GLU(1) Flatten()
        """.split(),
        ROW: """
            ReLU(inplace=True) ELU() GELU() SELU() Softplus() Hardtanh() Threshold(0.1,2.0) Softmax(1) LogSoftmax(1)
            Linear(4,2) BatchNorm1d(4) Unflatten(1,(2,2))
        """.split(),
    }.items()
    for text in texts
}

LOSSES = {
    "L1Loss()": ROW,
    "MSELoss()": ROW,
    "SmoothL1Loss(beta=0.5)": ROW,
    "BCEWithLogitsLoss()": ROW,
    "KLDivLoss(reduction='batchmean')": ROW,
    "SoftMarginLoss()": ROW,
    "CosineSimilarity()": ROW,
    "PairwiseDistance()": ROW,
    "CrossEntropyLoss()": (3,),
    "NLLLoss(reduction='sum')": (3,),
    "MultiMarginLoss()": (3,),
}


def in_a_graph(module, *arrays):
    graph = Graph()
    fed = [graph.placeholder(("batch", *x.shape[1:]), x.dtype) for x in arrays]
    program = Program([module(*fed)], updates=graph.updates, fed=fed)
    return program.run(dict(zip(fed, arrays, strict=True)))[0].numpy()


def compared(text, *arrays):
    module = eval(f"nn.{text}", {"nn": nn}).eval()
    expected = module(*[torch.tensor(x) for x in arrays]).detach().numpy()

    np.testing.assert_allclose(in_a_graph(module, *arrays), expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("text", MODULES)
def test_a_module_of_symbols(text):
    compared(text, np.random.default_rng(0).normal(size=MODULES[text]).astype(np.float32))


@pytest.mark.parametrize("text", LOSSES)
def test_a_loss_of_symbols(text):
    random, shape = np.random.default_rng(0), LOSSES[text]
    x = random.normal(size=ROW).astype(np.float32)
    y = np.array([0, 3, 1]) if len(shape) == 1 else random.uniform(0.1, 0.9, shape).astype(np.float32)

    compared(text, x, y)


def test_dropout_of_a_graph_draws_another_mask_at_each_run():
    torch.manual_seed(0)
    graph, module = Graph(), nn.Dropout2d(0.5)
    x = graph.placeholder(("batch", 8, 2, 2))
    program = Program([module(x)], updates=graph.updates, fed=[x])
    ones = np.ones((4, 8, 2, 2), np.float32)

    first, second = [program.run({x: ones})[0].numpy() for _ in range(2)]

    assert set(np.unique(first)) == {0.0, 2.0}
    assert not np.array_equal(first, second)


def test_functions_that_draw_refuse_symbols():
    x = Graph().placeholder((2, 3))

    with pytest.raises(TypeError, match="a graph would repeat one draw for ever"):
        nn.functional.dropout(x)
    with pytest.raises(TypeError, match="a graph would repeat one draw for ever"):
        nn.functional.gumbel_softmax(x)
