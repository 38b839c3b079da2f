"""Modules: what they register, save, show and compute."""

import copy
from collections import OrderedDict

import numpy as np
import pytest

import trivium_api_dynamic as ours
from trivium.registry import find_layer


@pytest.fixture(params=["ours", "peer"])
def torch(request):
    return ours if request.param == "ours" else request.getfixturevalue("peer")


def small_net(torch):
    nn = torch.nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.features = nn.Sequential(
                nn.Conv2d(1, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2)
            )
            self.drop = nn.Dropout(0.5)
            self.heads = nn.ModuleList([nn.Linear(64, 3), nn.Linear(64, 2, bias=False)])
            self.named = nn.ModuleDict({"act": nn.Tanh(), "flat": nn.Flatten()})
            self.scale = nn.Parameter(torch.ones(3))
            self.register_buffer("steps", torch.zeros(1))
            self.register_buffer("scratch", torch.zeros(1), persistent=False)

        def forward(self, x):
            x = self.named["flat"](self.features(x))
            return self.named["act"](self.heads[0](x)) * self.scale, self.heads[1](x)

    return Net()


def test_state_dict_has_pytorchs_keys_shapes_and_tree(peer):
    mine, theirs = small_net(ours), small_net(peer)

    assert list(mine.state_dict()) == list(theirs.state_dict())
    assert [tuple(v.shape) for v in mine.state_dict().values()] == [
        tuple(v.shape) for v in theirs.state_dict().values()
    ]
    assert [n for n, _ in mine.named_parameters()] == [n for n, _ in theirs.named_parameters()]
    assert [n for n, _ in mine.named_modules()] == [n for n, _ in theirs.named_modules()]
    assert repr(mine) == repr(theirs)


def copied(mine, theirs):
    mine.load_state_dict({name: ours.tensor(value.numpy()) for name, value in theirs.state_dict().items()})


@pytest.mark.parametrize("is_training", [True, False])
def test_a_network_computes_what_pytorchs_does(peer, is_training):
    mine, theirs = small_net(ours).train(is_training), small_net(peer).train(is_training)
    copied(mine, theirs)
    images = np.random.default_rng(0).normal(size=(5, 1, 8, 8)).astype(np.float32)
    outputs = []

    for torch, net in ((ours, mine), (peer, theirs)):
        for _ in range(2):
            out, other = net(torch.tensor(images))
        (out.sum() + (other * other).mean()).backward()
        outputs.append([out.detach().numpy(), other.detach().numpy()])
        outputs[-1] += [p.grad.numpy() for p in net.parameters()] + [b.numpy() for b in net.buffers()]

    for a, b in zip(*outputs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


LAYERS = {
    "Conv1d": (lambda nn: nn.Conv1d(2, 4, 3, stride=2, padding=1, groups=2), (2, 2, 9)),
    "Conv2d": (lambda nn: nn.Conv2d(2, 3, (3, 2), dilation=(1, 2)), (2, 2, 6, 7)),
    "Conv2d same": (lambda nn: nn.Conv2d(2, 3, (3, 5), dilation=(2, 1), padding="same"), (2, 2, 6, 7)),
    "Conv2d without a batch": (lambda nn: nn.Conv2d(2, 3, 3), (2, 6, 7)),
    "Conv3d": (lambda nn: nn.Conv3d(1, 2, 2), (1, 1, 3, 4, 3)),
    "MaxPool1d": (lambda nn: nn.MaxPool1d(2), (2, 2, 7)),
    "MaxPool2d": (lambda nn: nn.MaxPool2d(3, stride=2, padding=1, ceil_mode=True), (2, 2, 6, 8)),
    "MaxPool3d": (lambda nn: nn.MaxPool3d(2), (1, 1, 4, 4, 5)),
    "AvgPool2d": (lambda nn: nn.AvgPool2d(3, stride=2, padding=1), (2, 2, 6, 8)),
    "AvgPool2d valid": (lambda nn: nn.AvgPool2d(3, 2, 1, ceil_mode=True, count_include_pad=False), (2, 2, 6, 8)),
    "AvgPool2d divisor": (lambda nn: nn.AvgPool2d(2, divisor_override=3), (2, 2, 6, 8)),
    "AvgPool1d": (lambda nn: nn.AvgPool1d(3), (2, 2, 9)),
    "BatchNorm1d": (lambda nn: nn.BatchNorm1d(3), (4, 3)),
    "BatchNorm1d of sequences": (lambda nn: nn.BatchNorm1d(3, momentum=0.3), (4, 3, 5)),
    "BatchNorm2d plain": (lambda nn: nn.BatchNorm2d(3, affine=False), (4, 3, 2, 2)),
    "BatchNorm2d average": (lambda nn: nn.BatchNorm2d(3, momentum=None), (4, 3, 2, 2)),
    "BatchNorm2d without state": (lambda nn: nn.BatchNorm2d(3, track_running_stats=False), (4, 3, 2, 2)),
    "BatchNorm3d": (lambda nn: nn.BatchNorm3d(2, eps=0.1), (2, 2, 2, 2, 2)),
    "LocalResponseNorm": (lambda nn: nn.LocalResponseNorm(3, alpha=0.5, k=2.0), (2, 5, 3, 3)),
    "Linear": (lambda nn: nn.Linear(4, 3), (5, 4)),
    "Linear of sequences": (lambda nn: nn.Linear(4, 3), (2, 5, 4)),
    "Linear of a vector": (lambda nn: nn.Linear(4, 3), (4,)),
    "Flatten": (lambda nn: nn.Flatten(), (2, 3, 4)),
    "Flatten some": (lambda nn: nn.Flatten(0, 1), (2, 3, 4)),
    "LeakyReLU": (lambda nn: nn.LeakyReLU(0.1), (2, 3)),
    "Softmax": (lambda nn: nn.Softmax(dim=1), (2, 3)),
    "LogSoftmax": (lambda nn: nn.LogSoftmax(dim=-1), (2, 3)),
    "Sigmoid": (lambda nn: nn.Sigmoid(), (2, 3)),
    "Identity": (lambda nn: nn.Identity(), (2, 3)),
}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("is_training", [True, False])
def test_a_layer_computes_what_pytorchs_does(peer, name, is_training):
    make, shape = LAYERS[name]
    mine, theirs = make(ours.nn).train(is_training), make(peer.nn).train(is_training)
    copied(mine, theirs)
    x = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    outputs = []

    for torch, layer in ((ours, mine), (peer, theirs)):
        given = torch.tensor(x, requires_grad=True)
        layer(given * 0.5)
        out = layer(given)
        (out * out).sum().backward()
        outputs.append([out.detach().numpy(), given.grad.numpy(), *[p.grad.numpy() for p in layer.parameters()]])
        outputs[-1] += [b.numpy() for b in layer.buffers()]

    assert list(mine.state_dict()) == list(theirs.state_dict())
    assert repr(mine) == repr(theirs)
    for a, b in zip(*outputs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("make", [lambda nn: nn.Linear(30, 50), lambda nn: nn.Conv2d(4, 50, 3, groups=2)])
def test_first_weights_have_pytorchs_range(peer, make):
    ours.manual_seed(0)
    peer.manual_seed(0)
    mine, theirs = make(ours.nn), make(peer.nn)

    for a, b in zip(mine.parameters(), theirs.parameters(), strict=True):
        assert a.abs().max().item() == pytest.approx(b.abs().max().item(), rel=0.1)
        assert a.detach().std().item() == pytest.approx(b.detach().std().item(), rel=0.3)


def test_all_problems_of_a_state_are_told_at_once(torch):
    net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 1))
    state = OrderedDict(net.state_dict())
    del state["0.bias"]
    state["extra"] = torch.ones(1)
    state["1.weight"] = torch.ones(2, 2)

    with pytest.raises(RuntimeError) as error:
        net.load_state_dict(state)

    message = str(error.value)
    assert "Error(s) in loading state_dict for Sequential" in message
    assert 'Missing key(s) in state_dict: "0.bias"' in message
    assert 'Unexpected key(s) in state_dict: "extra"' in message
    assert "size mismatch for 1.weight: copying a param with shape torch.Size([2, 2])" in message


def test_a_state_that_fits_in_part_is_loaded_where_that_is_allowed(torch):
    net = torch.nn.Linear(2, 1)

    result = net.load_state_dict({"bias": torch.tensor([7.0]), "other": torch.ones(1)}, strict=False)

    assert net.bias.item() == 7
    assert (result.missing_keys, result.unexpected_keys) == (["weight"], ["other"])


def test_attributes_register_replace_and_delete(torch):
    module = torch.nn.Module()
    module.w = torch.nn.Parameter(torch.ones(1))
    module.sub = torch.nn.Linear(1, 1)

    module.plain = torch.ones(1)
    with pytest.raises(TypeError, match=r"cannot assign .* as parameter 'w'"):
        module.w = torch.ones(1)
    del module.sub

    assert [n for n, _ in module.named_parameters()] == ["w"]
    with pytest.raises(AttributeError, match="has no attribute 'sub'"):
        module.sub  # noqa: B018


def test_forgetting_to_call_init_is_told(torch):
    class Net(torch.nn.Module):
        def __init__(self):
            self.layer = torch.nn.Linear(1, 1)

    with pytest.raises(AttributeError, match=r"before Module.__init__\(\) call"):
        Net()


def test_shared_parameters_appear_once_and_learn_once(torch):
    a, b = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)
    b.weight = a.weight
    net = torch.nn.Sequential(a, b)

    net(torch.ones(1, 2)).sum().backward()

    assert len(list(net.parameters())) == 3
    assert b.weight.grad is a.weight.grad


def test_hooks_change_inputs_and_outputs_until_removed(torch):
    layer = torch.nn.ReLU()
    order = []
    first = layer.register_forward_pre_hook(lambda m, x: (order.append("pre"), (x[0] * -1,))[1])
    second = layer.register_forward_hook(lambda m, x, y: (order.append("post"), y + 1)[1])

    assert layer(torch.tensor([-2.0])).tolist() == [3]
    first.remove()
    second.remove()

    assert layer(torch.tensor([-2.0])).tolist() == [0]
    assert order == ["pre", "post"]


def test_containers_behave_like_lists_and_dicts(torch):
    nn = torch.nn
    net = nn.Sequential(OrderedDict(a=nn.Linear(1, 2), b=nn.ReLU(), c=nn.Linear(2, 1)))
    items = nn.ModuleList([nn.ReLU()])

    items.append(nn.Tanh())
    items.insert(0, nn.Sigmoid())

    assert list(net[1:].state_dict()) == ["c.weight", "c.bias"]
    assert net[-1] is net.c
    assert [type(m).__name__ for m in items] == ["Sigmoid", "ReLU", "Tanh"]
    with pytest.raises(IndexError):
        net[3]


def test_batch_norm_refuses_one_value_per_channel(torch):
    with pytest.raises(ValueError, match="Expected more than 1 value per channel when training"):
        torch.nn.BatchNorm1d(2)(torch.ones(1, 2))


def test_training_and_apply_reach_every_module(torch):
    net = torch.nn.Sequential(torch.nn.Linear(1, 1), torch.nn.Sequential(torch.nn.Dropout()))
    seen = []

    net.eval().apply(lambda m: seen.append(type(m).__name__))

    assert not any(m.training for m in net.modules())
    assert seen == ["Linear", "Dropout", "Sequential", "Sequential"]


def test_conversion_keeps_the_parameters_themselves(torch):
    net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2))
    weight = net[0].weight

    net.double()

    assert net[0].weight is weight and weight.is_leaf and weight.requires_grad
    assert repr(net(torch.ones(3, 2, dtype=torch.float64)).dtype) == "torch.float64"
    assert repr(net[1].num_batches_tracked.dtype) == "torch.int64"


def test_dropout_follows_from_the_seed():
    def masks():
        ours.manual_seed(3)
        drop = ours.nn.Dropout(0.5)
        return [drop(ours.ones(8)).tolist() for _ in range(2)]

    first, second = masks()

    assert [first, second] == masks()
    assert first != second
    assert set(first) <= {0.0, 2.0}


def test_a_core_layer_is_a_submodule_and_learns():
    class Net(ours.nn.Module):
        def __init__(self):
            super().__init__()
            self.dense = find_layer("Dense")(2)
            self.norm = find_layer("BatchNorm")()

        def forward(self, x):
            return self.norm(self.dense(x))

    net = Net()
    net(ours.rand(4, 3)).square().sum().backward()

    assert list(net.state_dict()) == [
        "dense.weight", "dense.bias", "norm.scale", "norm.shift", "norm.mean", "norm.variance"
    ]  # fmt: skip
    assert net.dense.weight.grad.shape == (2, 3)


def test_a_net_of_another_style_is_a_submodule_and_learns():
    class Net:
        """Called with values, and lists its parameters, as the nets of prototxt files do."""

        def __init__(self):
            self.dense = find_layer("Dense")(2, name="ip")
            self.dense.build(ours.zeros(1, 3).spec)

        def parameters(self):
            return list(self.dense)

        def __call__(self, x):
            return self.dense(x)

    foreign = Net()
    net = ours.nn.Sequential(foreign, ours.nn.ReLU())
    before = foreign.dense.weight.numpy().copy()

    net(ours.ones(4, 3)).sum().backward()
    ours.optim.SGD(net.parameters(), lr=1.0).step()

    assert list(net.state_dict()) == ["0.ip.weight", "0.ip.bias"]
    assert not np.array_equal(foreign.dense.weight.numpy(), before)


def test_initializers_have_pytorchs_ranges(peer):
    for name, settings in (
        ("xavier_uniform_", {"gain": 2.0}), ("xavier_normal_", {}), ("kaiming_uniform_", {"nonlinearity": "relu"}),
        ("kaiming_normal_", {"mode": "fan_out"}), ("uniform_", {"a": -2.0, "b": 1.0}), ("normal_", {"mean": 1.0}),
    ):  # fmt: skip
        mine, theirs = [getattr(t.nn.init, name)(t.zeros(40, 30, 3), **settings) for t in (ours, peer)]
        assert mine.mean().item() == pytest.approx(theirs.mean().item(), abs=0.1)
        assert mine.std().item() == pytest.approx(theirs.std().item(), rel=0.05)
    q = ours.nn.init.orthogonal_(ours.zeros(3, 5))
    np.testing.assert_allclose((q @ q.t()).numpy(), np.eye(3), atol=1e-5)
    assert ours.nn.init.calculate_gain("relu") == peer.nn.init.calculate_gain("relu")


def test_clipping_agrees(peer):
    results = []
    for torch in (ours, peer):
        p, q = torch.ones(3, requires_grad=True), torch.ones(2, requires_grad=True)
        ((p * 3).sum() + (q * 4).sum()).backward()
        total = torch.nn.utils.clip_grad_norm_([p, q], 1.0)
        results.append([total.item(), *p.grad.tolist(), *q.grad.tolist()])
    assert results[0] == pytest.approx(results[1])


def test_deepcopy_makes_an_independent_network():
    net = ours.nn.Sequential(ours.nn.Linear(1, 1), ours.nn.BatchNorm1d(1))

    twin = copy.deepcopy(net)
    with ours.no_grad():
        twin[0].weight.fill_(9)

    assert net[0].weight.item() != 9
    assert twin[0].weight.requires_grad


def test_initial_weights_have_pytorchs_moments(torch):
    torch.manual_seed(0)
    w, kernel = torch.empty(60, 80), torch.empty(4, 2, 3, 3)

    torch.nn.init.trunc_normal_(w, 0.0, 0.5, -1.0, 1.0)
    assert w.abs().max().item() <= 1.0 and abs(w.std().item() - 0.44) < 0.01
    torch.nn.init.sparse_(w, 0.25, std=0.1)
    assert ((w == 0).sum(0) == 15).all().item()
    torch.nn.init.orthogonal_(w, gain=2)
    np.testing.assert_allclose((w @ w.t()).numpy(), 4 * np.eye(60), atol=1e-4)
    torch.nn.init.dirac_(kernel, groups=2)
    assert kernel.sum().item() == 4 and kernel[3, 1, 1, 1].item() == 1
    torch.nn.init.kaiming_normal_(w, mode="fan_out", nonlinearity="relu")
    assert abs(w.std().item() - (2 / 60) ** 0.5) < 0.01
