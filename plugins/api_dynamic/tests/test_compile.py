"""compile: programs that do what eager code does, bit for bit; and what happens where they cannot."""

import re
import warnings
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest

import trivium_api_dynamic as torch
from trivium.registry import find_layer

nn = torch.nn
functional = nn.functional
RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.normal(size=(6, 1, 8, 8)).astype(np.float32)
LABELS = RANDOM.integers(3, size=6)

OPTIMIZERS = {
    "SGD": lambda p: torch.optim.SGD(p, lr=0.1),
    "momentum": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, dampening=0.1, weight_decay=1e-3),
    "Adam": lambda p: torch.optim.Adam(p, lr=0.01),
    "AdamW": lambda p: torch.optim.AdamW(p, lr=0.01, amsgrad=True),
    "Adamax": lambda p: torch.optim.Adamax(p, maximize=True),
    "RMSprop": lambda p: torch.optim.RMSprop(p, momentum=0.9, centered=True),
    "Adagrad": lambda p: torch.optim.Adagrad(p, lr_decay=0.1),
    "Adadelta": lambda p: torch.optim.Adadelta(p),
    "ASGD": lambda p: torch.optim.ASGD(p, t0=2),
    "Rprop": lambda p: torch.optim.Rprop(p),
}  # fmt: skip


class Training:
    """A net with dropout and batch norm, and one step of its training, schedule included."""

    def __init__(self, optimizer="momentum"):
        torch.manual_seed(1)
        self.net = nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.3),
            nn.Linear(36, 3),
        )  # fmt: skip
        self.optimizer = OPTIMIZERS[optimizer](self.net.parameters())
        self.schedule = torch.optim.lr_scheduler.ExponentialLR(self.optimizer, 0.9)

    def step(self, images, labels):
        self.optimizer.zero_grad()
        scores = self.net(images)
        loss = functional.cross_entropy(functional.dropout(scores, 0.1), labels)
        loss = loss + 1e-3 * sum([(p * p).sum() for p in self.net.parameters()])
        loss.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.optimizer.step()
        self.schedule.step()
        return loss, {"scores": scores}

    def state(self):
        """Everything that a step may change."""
        numbers = [p.detach().numpy().copy() for p in self.net.state_dict().values()]
        numbers += [p.grad.numpy().copy() for p in self.net.parameters()]
        for kept in self.optimizer.state.values():
            numbers += [np.asarray(value.numpy() if hasattr(value, "numpy") else value) for value in kept.values()]
        return [*numbers, torch.get_rng_state().numpy(), np.array(self.schedule.get_last_lr())]


def batch(count=6):
    return torch.from_numpy(IMAGES[:count]), torch.from_numpy(LABELS[:count])


def variants(compiled):
    return sum([len(known.variants) for known in compiled.known.values()])


def same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


@pytest.fixture
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_training_step_is_one_program_with_the_bits_of_eager_steps(optimizer):
    eager, compiled = Training(optimizer), None
    losses = [eager.step(*batch())[0].item() for _ in range(8)]
    compiled = Training(optimizer)
    step = torch.compile(compiled.step, fullgraph=True)

    assert [step(*batch())[0].item() for _ in range(8)] == losses
    assert same(compiled.state(), eager.state())
    assert 1 <= variants(step) <= 2


def test_every_shape_is_compiled_once():
    eager, compiled = Training(), Training()
    step = torch.compile(compiled.step)
    sizes = [6, 6, 4, 6, 4, 6, 4]
    torch.manual_seed(3)
    results = [eager.step(*batch(n))[1]["scores"].detach().numpy() for n in sizes]
    torch.manual_seed(3)

    assert same([step(*batch(n))[1]["scores"].detach().numpy() for n in sizes], results)
    assert same(compiled.state(), eager.state())
    assert variants(step) == 2


def test_what_python_has_changed_between_steps_is_noticed():
    def trained(wrap):
        training = Training("Adam")
        step, losses = wrap(training.step), []
        for i in range(12):
            if i == 4:
                training.net.eval()
            if i == 6:
                training.net.train()
                training.optimizer.param_groups[0]["lr"] = 0.5
            if i == 8:
                training.net[0].weight.requires_grad_(False)
            if i == 9:
                training.optimizer.load_state_dict(training.optimizer.state_dict())
            if i == 10:
                training.net[6].weight.data = torch.ones(3, 36) * 0.1
            losses.append(step(*batch())[0].item())
        return losses

    assert trained(torch.compile) == trained(lambda step: step)


FACTOR = 2.0


class Holder:
    """Not a module, but with a tensor."""

    def __init__(self):
        self.w = torch.ones(2)

    @torch.compile
    def times(self, x):
        return x * self.w


def test_what_a_function_names_is_looked_at(monkeypatch):
    net, bias = nn.Sequential(nn.Linear(2, 2), nn.ModuleList([nn.ReLU()])[0]), 1.0

    def function(x):
        return net(x) * FACTOR + bias

    compiled = torch.compile(function)
    x = torch.ones(1, 2)

    def check():
        for _ in range(2):
            assert compiled(x).tolist() == function(x).tolist()

    check()
    monkeypatch.setitem(globals(), "FACTOR", 3.0)
    check()
    net[0] = nn.Linear(2, 2)
    check()
    net[1].threshold = 5
    check()
    bias = 2.0
    check()
    net = nn.Sequential(nn.Linear(2, 2))
    check()


def test_a_tensor_that_an_object_holds_is_looked_at():
    holder = Holder()

    results = [holder.times(torch.ones(2)).tolist() for _ in range(2)]
    holder.w = torch.tensor([5.0, 6.0])

    assert [*results, holder.times(torch.ones(2)).tolist()] == [[1, 1], [1, 1], [5, 6]]


def test_arguments_that_are_one_tensor_are_told_from_two():
    compiled, weight = torch.compile(lambda x, y: x * 10 + y), nn.Parameter(torch.ones(1))
    one, two = torch.tensor([1.0]), torch.tensor([2.0])

    assert [compiled(one, one).item(), compiled(one, two).item(), compiled(two, one).item()] == [11, 12, 21]

    weighed = torch.compile(lambda x: x * 10 + weight)
    with torch.no_grad(), pytest.warns(torch.compiler.CompileWarning, match="that it also knows by another name"):
        assert [weighed(x).item() for x in (weight, one, two, weight, nn.Parameter(two))] == [11, 11, 21, 11, 21]


def test_a_failing_run_leaves_the_count_of_steps_as_it_was():
    training = Training("Adam")
    step = torch.compile(training.step)
    for _ in range(3):
        step(*batch())
    weight = training.net[0].weight
    before = weight.detach().clone()

    with pytest.raises(ValueError, match="label"):
        step(batch()[0], torch.from_numpy(LABELS + 100))

    assert training.optimizer.state[weight]["step"] == 3
    assert weight.tolist() == before.tolist()


def test_gradients_may_be_added_up_over_several_calls():
    def trained(wrap):
        training = Training()
        net, optimizer = training.net, training.optimizer

        def add(images, labels):
            loss = functional.cross_entropy(net(images), labels)
            loss.backward()
            return loss

        add, losses = wrap(add), []
        for i in range(12):
            losses.append(add(*batch()).item())
            if i % 3 == 2:
                optimizer.step()
                optimizer.zero_grad()
        return losses, training.net[0].weight.tolist(), add

    losses, weight, add = trained(lambda f: torch.compile(f, fullgraph=True))

    assert (losses, weight) == trained(lambda f: f)[:2]
    assert variants(add) <= 3


@pytest.mark.parametrize("is_training", [True, False])
def test_a_compiled_module_is_trained_by_eager_code(is_training):
    def trained(wrap):
        net = Training().net.train(is_training)
        model = wrap(net)
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        for _ in range(4):
            images = batch()[0].requires_grad_()
            loss = functional.cross_entropy(model(images), batch()[1])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return [images.grad.numpy(), *[value.numpy() for value in net.state_dict().values()]], model

    values, model = trained(torch.compile)

    assert same(values, trained(lambda net: net)[0])
    assert variants(model._compiled) == 1
    assert [name.removeprefix("_orig_mod.") for name in model.state_dict()] == list(Training().net.state_dict())
    assert model.eval().training is False and model._orig_mod[1].training is False
    assert getattr(model, "0") is model._orig_mod[0]


def test_weights_changed_between_forward_and_backward_are_an_error():
    net = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1))
    model = torch.compile(net)
    model(torch.ones(1, 2))
    out = model(torch.ones(1, 2)).sum()

    with torch.no_grad():
        net[2].weight.mul_(2)

    with pytest.raises(torch.errors.GradientError, match="modified by an inplace operation"):
        out.backward()


def test_second_gradients_of_a_compiled_function_are_refused():
    square = torch.compile(lambda x: (x**3).sum())
    x = torch.ones(2, requires_grad=True)
    square(x)

    with pytest.raises(torch.errors.GradientError, match="first gradients only"):
        torch.autograd.grad(square(x), x, create_graph=True)


Pair = namedtuple("Pair", "left right")


def test_arguments_and_results_may_be_nested(no_warnings):
    @torch.compile(fullgraph=True)
    def mixed(things, scale, *, offset=0):
        (a, b), named = things
        return Pair(a * scale + offset, [named["c"] - b, {"n": scale, "same": a, "view": b[0]}]), None

    for scale in (2.0, 2.0, 3.0):
        for value in (1.0, 5.0):
            a, b, c = [torch.full((2, 2), value * i) for i in (1, 2, 3)]
            (left, (right, rest)), nothing = mixed([(a, b), {"c": c}], scale, offset=1)

            assert left.tolist() == (a * scale + 1).tolist()
            assert right.tolist() == (c - b).tolist()
            assert rest["n"] == scale and rest["same"] is a and rest["view"].tolist() == b[0].tolist()
            assert nothing is None
    assert variants(mixed) == 2


def test_random_numbers_go_on_where_they_were():
    def drawn(x):
        return x + torch.randn(3), torch.rand_like(x), torch.nn.functional.dropout(x), torch.bernoulli(x * 0 + 0.5)

    compiled = torch.compile(drawn, fullgraph=True)
    x = torch.ones(3)

    def rows(function):
        torch.manual_seed(5)
        return [[part.tolist() for part in function(x)] + [torch.rand(1).item()] for _ in range(4)]

    assert rows(compiled) == rows(drawn)


def test_what_is_overwritten_stays_overwritten(no_warnings):
    total, ones = torch.zeros(2, 3), torch.ones(3)

    def added(x):
        total[0].add_(x)
        x.mul_(2)
        return (total[:, 1:] + ones[1:]).sum()

    def rows(function):
        total.zero_()
        found = []
        for i in range(4):
            x = torch.full((3,), float(i))
            found.append((function(x).item(), x.tolist(), total.tolist()))
        return found

    assert rows(torch.compile(added, fullgraph=True)) == rows(added)


def test_a_gradient_inside_a_function_is_part_of_it(no_warnings):
    def slope(x, w):
        x = x.detach().requires_grad_()
        y = (w * x**3).sum()
        (g,) = torch.autograd.grad(y, x, create_graph=True)
        (h,) = torch.autograd.grad(g.sum(), x)
        return g.detach(), h

    compiled = torch.compile(slope, fullgraph=True)

    for value in (1.0, 2.0, 3.0):
        x, w = torch.full((2,), value), torch.tensor([1.0, -1.0])
        g, h = compiled(x, w)
        assert g.tolist() == (3 * w * x**2).tolist() and h.tolist() == (6 * w * x).tolist()


class Double(torch.autograd.Function):
    """A gradient written by hand."""

    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, g):
        return g * 10


def test_a_function_of_ones_own_works_where_backward_is_inside():
    layer = nn.Linear(2, 1)

    def step(x):
        layer.zero_grad()
        Double.apply(layer(x)).sum().backward()
        return layer.weight.grad * 1

    compiled = torch.compile(step, fullgraph=True)

    assert [compiled(torch.ones(1, 2) * i).tolist() for i in (1, 2, 3)] == [[[10, 10]], [[20, 20]], [[30, 30]]]


def branches(x):
    if x.sum() > 0:
        return x
    return -x


def prints(x):
    print(x)
    return x


def reads(x):
    return x * x.max().item()


def counts(x):
    return x[x > 0]


def shuffles(x):
    return x[torch.randperm(3)]


def converts(x):
    return torch.from_numpy(x.numpy() * 2)


kept = []


def keeps(x):
    kept[:] = [x * 2]
    return x


def hides(x):
    return Double.apply(x)


PROBLEMS = {
    branches: "if x.sum() > 0", prints: "print(x)", reads: ".item()", counts: "x[x > 0]", shuffles: "randperm(3)",
    converts: "x.numpy()", keeps: "kept[:] = ",
}  # fmt: skip


def line_of(warning):
    path, number = re.search(r"runs eagerly: (.*?):(\d+): ", str(warning.message)).groups()
    return Path(path).read_text().splitlines()[int(number) - 1]


@pytest.mark.parametrize("function", PROBLEMS, ids=lambda f: f.__name__)
def test_what_cannot_be_a_program_runs_eagerly_and_names_the_line(function):
    compiled = torch.compile(function)
    values = [torch.tensor([1.0, -2.0, 3.0]), torch.tensor([-1.0, -2.0, 0.5])] * 2

    with pytest.warns(torch.compiler.CompileWarning) as caught:
        results = [compiled(x) for x in values]

    assert len(caught) == 1
    assert PROBLEMS[function] in line_of(caught[0])
    if function is not shuffles:
        assert [r.tolist() for r in results] == [function(x).tolist() for x in values]


@pytest.mark.parametrize("function", [f for f in PROBLEMS if f is not keeps], ids=lambda f: f.__name__)
def test_with_fullgraph_it_is_an_error(function):
    with pytest.raises(torch.errors.CompileError, match=r"test_compile.py:\d+: it .*without fullgraph=True"):
        torch.compile(function, fullgraph=True)(torch.ones(3))


def test_a_gradient_through_a_function_of_ones_own_needs_eager_code():
    compiled = torch.compile(hides)
    x = torch.ones(2, requires_grad=True)

    with pytest.warns(torch.compiler.CompileWarning, match="a gradient is to flow through a Function"):
        compiled(x)
    compiled(x).sum().backward()

    assert x.grad.tolist() == [10, 10]


def test_a_numpy_argument_is_not_frozen():
    compiled = torch.compile(lambda x, y: x + torch.from_numpy(y))

    with pytest.warns(torch.compiler.CompileWarning, match="takes a NumPy array"):
        results = [compiled(torch.ones(1), np.array([n], np.float32)).item() for n in (1, 2, 3)]

    assert results == [2, 3, 4]


def test_a_function_that_is_always_another_one_is_given_up():
    compiled = torch.compile(lambda x, n: x * n)

    with pytest.warns(torch.compiler.CompileWarning, match="has changed 8 times"):
        assert [compiled(torch.ones(1), n).item() for n in range(20)] == list(range(20))


def test_a_layer_that_builds_itself_is_compiled_once_it_is_there():
    lazy = nn.Sequential(nn.Flatten())
    lazy.dense = find_layer("Dense")(3)
    compiled = torch.compile(lazy, fullgraph=True)
    x = torch.ones(2, 4)

    first = compiled(x)
    with torch.no_grad():
        next(lazy.parameters()).mul_(2)

    assert compiled(x).tolist() != first.tolist()
    assert compiled(x).tolist() == lazy(x).tolist()


def test_methods_can_be_compiled_and_errors_inside_are_those_of_eager_code():
    class Model:
        factor = 3.0

        @torch.compile
        def forward(self, x):
            return x * self.factor @ torch.ones(2, 2)

    model = Model()

    assert [model.forward(torch.ones(1, 2) * i).tolist() for i in (1, 2)] == [[[6, 6]], [[12, 12]]]
    with pytest.raises(RuntimeError, match=r"cannot be multiplied|inner sizes differ"):
        model.forward(torch.ones(1, 3))
    assert not torch.compiler.is_compiling()


def test_options_of_pytorch_are_accepted():
    def double(x):
        return x * 2

    assert torch.compile(double, disable=True) is double
    for options in ({"mode": "max-autotune"}, {"dynamic": True}, {"backend": "inductor"}, {"options": {}}):
        assert torch.compile(double, **options)(torch.ones(1)).item() == 2
