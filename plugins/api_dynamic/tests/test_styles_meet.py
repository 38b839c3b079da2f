"""One definition behind all: modules in graphs, and the bits of core layers."""

import numpy as np
import pytest

import trivium_api_dynamic as torch
from trivium import ops
from trivium.autodiff import gradients
from trivium.graph import Graph
from trivium.initializer import Uniform
from trivium.optimizer import Memory, apply_gradients
from trivium.program import Program
from trivium.randomness import seed
from trivium.registry import find_layer, find_optimizer
from trivium.tensor import Tensor as CoreTensor

nn = torch.nn
IMAGES = np.random.default_rng(0).normal(size=(16, 1, 28, 28)).astype(np.float32)
LABELS = np.random.default_rng(1).integers(10, size=16)


def lenet(drop=0.5):
    """Parameters are made where each module is: the order of the lines is the order of the seeds."""
    return nn.Sequential(
        nn.Conv2d(1, 20, 5), nn.MaxPool2d(2), nn.Conv2d(20, 50, 5), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(800, 500),
        nn.ReLU(), nn.Dropout(drop), nn.Linear(500, 10),
    )  # fmt: skip


def core_lenet():
    """The same from core layers, which are built one after another; biases start as PyTorch's do."""
    layer = find_layer

    def bias(fan_in):
        return {"bias_initializer": Uniform(-(fan_in**-0.5), fan_in**-0.5)}

    return [
        layer("Convolution")(20, kernel=5, **bias(25)), layer("MaxPool")(2),
        layer("Convolution")(50, kernel=5, **bias(500)), layer("MaxPool")(2),
        layer("Dense")(500, flatten=1, **bias(800)), layer("Relu")(), layer("Dropout")(0.5),
        layer("Dense")(10, **bias(500)),
    ]  # fmt: skip


def trained_with_core_layers(steps):
    seed(1)
    layers = core_lenet()
    loss_layer, optimizer, memory = find_layer("SoftmaxCrossEntropy")(), find_optimizer("SGD"), Memory()
    rule = optimizer(0.01, momentum=0.9, weight_decay=5e-4)
    losses = []
    for _ in range(steps):
        y = CoreTensor.of(IMAGES)
        for layer in layers:
            y = layer(y, training=True)
        loss = loss_layer(y, CoreTensor.of(LABELS))
        loss.backward()
        parameters = [p for layer in layers for p in layer if p.trainable]
        apply_gradients(rule, [(p, p.gradient) for p in parameters], memory)
        for p in parameters:
            p.gradient = None
        losses.append(loss.item())
    return losses, [p.numpy() for p in parameters]


def trained_as_a_module(steps):
    torch.manual_seed(1)
    net, loss_function = lenet(), nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = loss_function(net(torch.from_numpy(IMAGES)), torch.from_numpy(LABELS))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, [p.detach().numpy() for p in net.parameters()]


def test_lenet_has_the_bits_of_core_layers_step_by_step():
    losses, parameters = trained_as_a_module(4)
    core_losses, core_parameters = trained_with_core_layers(4)

    assert losses == core_losses
    for mine, core in zip(parameters, core_parameters, strict=True):
        assert mine.tobytes() == core.tobytes()


def test_lenet_has_431080_parameters():
    assert sum(p.numel() for p in lenet().parameters()) == 431_080


@pytest.mark.parametrize("is_training", [True, False])
def test_a_module_in_a_graph_computes_what_it_does_on_tensors(is_training):
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(1, 3, 5, bias=False), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.Dropout(), nn.Linear(1728, 4)
    ).train(is_training)  # fmt: skip
    state = {name: value.clone() for name, value in net.state_dict().items()}
    eager = net(torch.from_numpy(IMAGES)).detach().numpy()
    after = {name: value.clone() for name, value in net.state_dict().items()}
    net.load_state_dict(state)
    net[4].random.copy_(torch.tensor([0, 0], dtype=torch.uint64))

    graph = Graph()
    x = graph.placeholder(("batch", 1, 28, 28))
    program = Program([net(x)], updates=graph.updates)
    result = program.run({x: IMAGES})[0].numpy()

    np.testing.assert_array_equal(result, eager)
    for name, value in net.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), after[name].numpy())


def test_a_module_written_with_functions_runs_in_a_graph():
    functional = nn.functional

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.head = nn.Conv2d(1, 2, 5), nn.Linear(288, 3)
            self.mix = nn.Parameter(torch.ones(3, 3) * 0.5)

        def forward(self, x):
            x = torch.flatten(functional.max_pool2d(functional.relu(self.conv(x)), 2), 1)
            x = functional.linear(torch.tanh(self.head(x)), self.mix)
            return torch.mean(torch.cat([torch.softmax(x, 1), torch.exp(-x) / 2], 1), 1)

    net = Net()
    graph = Graph()
    x = graph.placeholder(("batch", 1, 28, 28))

    result = Program([net(x)]).run({x: IMAGES})[0].numpy()

    np.testing.assert_array_equal(result, net(torch.from_numpy(IMAGES)).detach().numpy())


def test_a_module_trained_by_a_program_is_trained_for_all():
    torch.manual_seed(0)
    net, twin = nn.Linear(4, 1), nn.Linear(4, 1)
    twin.load_state_dict(net.state_dict())
    rows = np.ones((3, 4), np.float32)

    graph = Graph()
    x = graph.placeholder(("batch", 4))
    loss = ops.mean(ops.square(net(x)))
    slopes = gradients([loss], [graph.capture(p) for p in net.parameters()])
    updates = apply_gradients(find_optimizer("SGD")(0.1), list(zip(net.parameters(), slopes)), Memory())
    Program([loss], updates=updates).run({x: rows})
    twin(torch.from_numpy(rows)).square().mean().backward()
    torch.optim.SGD(twin.parameters(), lr=0.1).step()

    np.testing.assert_allclose(net.weight.detach().numpy(), twin.weight.detach().numpy(), rtol=1e-6)


def test_an_eager_lenet_learns():
    torch.manual_seed(0)
    net = lenet(drop=0.1)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    data = torch.utils.data.TensorDataset(torch.from_numpy(IMAGES), torch.from_numpy(LABELS))
    loader = torch.utils.data.DataLoader(data, batch_size=8, shuffle=True)

    for _ in range(8):
        for images, labels in loader:
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(images), labels).backward()
            optimizer.step()

    with torch.no_grad():
        predicted = net.eval()(torch.from_numpy(IMAGES)).argmax(1)
    assert (predicted == torch.from_numpy(LABELS)).float().mean().item() >= 0.9
