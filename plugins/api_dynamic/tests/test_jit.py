"""trace: modules as graphs that need no source, and that every style runs."""

import io
import subprocess
import sys
import warnings

import numpy as np
import pytest
import safetensors.numpy

import trivium_api_dynamic as torch
from trivium import ops
from trivium.graph import Graph
from trivium.program import Program
from trivium.registry import find_layer

nn = torch.nn
functional = nn.functional


class Net(nn.Module):
    """Written as users write: methods of tensors, sizes read from them, a part that is detached."""

    def __init__(self):
        super().__init__()
        self.conv, self.bn = nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4)
        self.drop, self.head = nn.Dropout(0.4), nn.Linear(36, 3)
        self.register_buffer("scale", torch.tensor([1.0, 2.0, 3.0]))

    def forward(self, x):
        x = functional.max_pool2d(self.bn(self.conv(x)).relu(), 2)
        x = x.view(x.size(0), -1)
        scores = self.head(self.drop(x)) * self.scale
        return {"scores": scores, "rest": (x.mean(1) + x.detach().sum(1), scores.argmax(1))}


def images(count=4, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=(count, 1, 8, 8)).astype(np.float32))


def made(training=False):
    torch.manual_seed(1)
    net = Net().train(training)
    with torch.no_grad():
        net.bn.running_mean.fill_(0.1)
    return net


def run(module, net, x):
    """Results and gradients, from random numbers that begin anew."""
    net.drop.random.zero_()
    net.zero_grad()
    x = x.clone().requires_grad_()
    out = module(x)
    (out["scores"].square().sum() + out["rest"][0].sum()).backward()
    numbers = [out["scores"].detach(), out["rest"][0].detach(), out["rest"][1], x.grad]
    return [value.numpy().copy() for value in (*numbers, *[p.grad for p in net.parameters()])]


def same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize("training", [True, False])
def test_a_trace_has_the_bits_of_its_module_and_shares_its_parameters(training):
    net = made(training)
    state = {name: value.clone() for name, value in net.state_dict().items()}

    traced = torch.jit.trace(net, images())

    assert same(net.state_dict().values(), state.values()), "tracing has changed the module"
    assert list(traced.state_dict()) == list(net.state_dict())
    assert traced.head.weight is net.head.weight
    for count in (4,) if training else (1, 4, 9):
        assert same(run(traced, net, images(count)), run(net, net, images(count)))
    with torch.no_grad():
        net.head.weight.mul_(2)
    assert same(run(traced, net, images()), run(net, net, images()))


def test_the_state_of_a_trace_in_training_moves_on():
    net, twin = made(True), made(True)
    traced = torch.jit.trace(net, images())

    for i in range(3):
        found, expected = traced(images(seed=i)), twin(images(seed=i))
        assert found["scores"].tolist() == expected["scores"].tolist()

    assert same(net.state_dict().values(), twin.state_dict().values())
    with pytest.raises(torch.errors.TracingError, match=r"for float32\[4, 1, 8, 8\] was called with float32\[2, 1"):
        traced(images(2))


def test_a_trace_is_moved_and_loaded_like_any_module():
    net = made()
    traced = torch.jit.trace(net, images())
    other = Net().eval()

    traced.load_state_dict(other.state_dict())

    assert same(run(traced, net, images()), run(other, other, images()))
    with pytest.raises(torch.errors.TracingError, match=r"is float64.*, but was float32.* when it was traced"):
        traced.double()(images())


def loaded(traced):
    file = io.BytesIO()
    traced.save(file)
    file.seek(0)
    return torch.jit.load(file)


@pytest.mark.parametrize("training", [True, False])
def test_a_file_has_all_that_a_trace_needs(training):
    net = made(training)
    traced = torch.jit.trace(net, images())
    again = loaded(traced)

    assert list(again.state_dict()) == list(net.state_dict()) and again.training == training
    assert again.head.weight is not net.head.weight
    again.drop.random.zero_()
    assert same(run(again, again, images()), run(net, net, images()))
    assert again.code == traced.code


NO_SOURCE = """
import sys
import numpy as np
import trivium_api_dynamic as torch
module = torch.jit.load(sys.argv[1])
print(module(torch.ones(2, 1, 8, 8))["scores"].tolist())
"""


def test_a_file_is_run_where_the_source_is_not(tmp_path):
    net = made()
    torch.jit.save(torch.jit.trace(net, images()), tmp_path / "net.pt")

    result = subprocess.run(
        [sys.executable, "-c", NO_SOURCE, str(tmp_path / "net.pt")], capture_output=True, text=True, cwd=tmp_path,
        check=True,
    )  # fmt: skip

    np.testing.assert_allclose(eval(result.stdout), net(torch.ones(2, 1, 8, 8))["scores"].tolist(), rtol=1e-6)


def positive(x):
    if x.sum() > 0:
        return x * 2
    return x * 3


def scaled(x):
    return x * x.max().item()


def drawn(x):
    return x[torch.randperm(3)] * 0


@pytest.mark.parametrize(
    ("function", "words"),
    [(positive, "Python boolean"), (scaled, "Python number"), (drawn, "draws random numbers on the host")],
)
def test_what_depends_on_values_is_fixed_with_a_warning_that_names_the_line(function, words):
    with pytest.warns(torch.jit.TracerWarning, match=r"might cause the trace to be incorrect: .*test_jit.py:\d+") as w:
        traced = torch.jit.trace(function, torch.tensor([1.0, 2.0, 3.0]))

    assert words in str(w[0].message)
    if function is positive:
        assert traced(torch.tensor([-1.0, -1.0, -1.0])).tolist() == [-2, -2, -2]  # as for the example


def test_a_trace_that_differs_from_its_function_is_told():
    calls = []

    def counting(x):
        calls.append(1)
        return x * len(calls)

    with pytest.warns(torch.jit.TracerWarning, match=r"does not match .*: result 0 differs by up to"):
        torch.jit.trace(counting, torch.ones(2))


def test_a_function_is_checked_on_other_inputs():
    with pytest.warns(torch.jit.TracerWarning) as caught:
        torch.jit.trace(positive, torch.ones(3), check_inputs=[torch.ones(3), -torch.ones(3)])

    assert "result 0 differs by up to 1" in str(caught[-1].message)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        torch.jit.trace(lambda x: x * 2, torch.ones(3), check_trace=False)


class Double(torch.autograd.Function):
    """A gradient written by hand."""

    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, g):
        return g * 10


def step(x):
    w = torch.ones(1, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=1)
    (x * w).sum().backward()
    optimizer.step()
    return w * 1


MISTAKES = {
    "a step": (step, torch.ones(2), "for torch.compile"),
    "an overwritten argument": (lambda x: x.add_(1), torch.ones(2), "overwrites an argument"),
    "a gradient by hand": (Double.apply, torch.ones(2, requires_grad=True), "a gradient is to flow through a Function"),
    "no tensor": (lambda x: None, torch.ones(2), "returns no tensor, but a NoneType"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_what_cannot_be_traced_is_refused(name):
    function, x, words = MISTAKES[name]

    with pytest.raises(torch.errors.TracingError, match=words):
        torch.jit.trace(function, x)


def test_tensors_from_around_are_part_of_the_file():
    weight = torch.tensor([1.0, 2.0], requires_grad=True)
    traced = torch.jit.trace(lambda x, y: (x * weight + y, y), (torch.ones(3, 2), torch.zeros(2)))

    again = loaded(traced)

    with torch.no_grad():
        weight.mul_(10)
    assert traced(torch.ones(1, 2), torch.ones(2))[0].tolist() == [[11, 21]]
    assert again(torch.ones(1, 2), torch.ones(2))[0].tolist() == [[2, 3]]
    traced(torch.ones(1, 2), torch.ones(2))[0].sum().backward()
    assert weight.grad.tolist() == [1, 1]


def test_a_session_trains_a_traced_module():
    tf = pytest.importorskip("trivium_api_static")
    net = made()
    traced = torch.jit.trace(net, images())
    before = net.head.weight.detach().clone()

    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, 1, 8, 8])
        scores = tf.apply(traced, x)["scores"]
        loss = tf.reduce_mean(tf.square(scores))
        train = tf.train.GradientDescentOptimizer(0.001).minimize(loss)
        session.run(tf.global_variables_initializer())
        fed = {x: images(5).numpy()}
        found = session.run(scores, fed)
        first = session.run([loss, train], fed)[0]
        last = session.run(loss, fed)

    np.testing.assert_allclose(found, _with(net, before, images(5)), rtol=1e-5, atol=1e-6)
    assert last < first
    assert not np.array_equal(net.head.weight.detach().numpy(), before.numpy())


def _with(net, weight, x):
    """The scores that a net had with another head, whose other parameters are taken from a twin."""
    twin = made()
    return twin(x)["scores"].detach().numpy()


def test_to_graph_and_back():
    net = made()
    trace = torch.to_graph(net, images())

    graph = Graph()
    x = graph.placeholder((3, 1, 8, 8))
    result = Program([torch.from_graph(trace)(x)["scores"]]).run({x: images(3).numpy()})

    assert np.array_equal(result[0].numpy(), net(images(3))["scores"].detach().numpy())
    assert same(run(torch.from_graph(trace), net, images()), run(net, net, images()))


def test_a_graph_of_core_layers_becomes_a_module():
    layer, graph = find_layer("Dense")(3), Graph()
    x = graph.placeholder(("batch", 2))
    y = ops.relu(layer(x))

    module = torch.from_graph(graph, [x], y)
    out = module(torch.ones(5, 2))
    out.sum().backward()

    assert out.shape == (5, 3) and [name for name, _ in module.named_parameters()] == ["weight", "bias"]
    assert layer.weight.gradient is not None or module.weight.grad is not None
    with torch.no_grad():
        module.weight.zero_()
    assert np.all(layer.weight.numpy() == 0)


def good_file():
    file = io.BytesIO()
    torch.jit.trace(nn.Linear(2, 1), torch.ones(3, 2)).save(file)
    return file.getvalue()


def test_damaged_files_are_refused():
    good = good_file()
    others = io.BytesIO()
    torch.save({"weight": torch.ones(1)}, others)

    for bad in (b"", b"PK\x03\x04", others.getvalue(), *[good[:n] for n in range(0, len(good), 37)]):
        with pytest.raises(torch.errors.FileFormatError, match=r"is no file of jit\.save"):
            torch.jit.load(io.BytesIO(bad))


def test_a_file_that_names_what_is_not_there_is_refused():
    good = safetensors.numpy.load(good_file())
    header = good_file()
    for old, new in ((b'"op\\": \\"matmul', b'"op\\": \\"system'), (b"_parameters", b"__class__xx")):
        assert old in header
        with pytest.raises(torch.errors.FileFormatError):
            torch.jit.load(io.BytesIO(header.replace(old, new)))
    assert set(good) == {"weight", "bias"}


def test_only_traces_can_be_saved():
    with pytest.raises(TypeError, match=r"a Linear is no traced module; trace it first: torch.jit.trace"):
        torch.jit.save(nn.Linear(1, 1), io.BytesIO())


def test_code_reads_as_a_function():
    layer = nn.Linear(2, 1)

    text = torch.jit.trace(lambda x: functional.relu(layer(x)) + 1, torch.ones(3, 2)).code

    assert text.splitlines()[0] == "def forward(self, x0):"
    assert "matmul(x0, " in text and "relu(" in text and text.splitlines()[-1].startswith("    return v")
