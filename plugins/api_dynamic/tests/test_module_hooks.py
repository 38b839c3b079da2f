"""Hooks of modules: forward, backward, and around states."""

import numpy as np
import pytest

import trivium_api_dynamic as ours


@pytest.fixture(params=["ours", "peer"])
def torch(request):
    return ours if request.param == "ours" else request.getfixturevalue("peer")


def linear(torch):
    layer = torch.nn.Linear(2, 2, bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    return layer


def test_a_backward_hook_sees_gradients_of_inputs_and_outputs_and_may_replace_the_former(torch):
    layer, seen = linear(torch), []
    x = torch.tensor([[1.0, 1.0]], requires_grad=True)

    def hook(module, grad_input, grad_output):
        seen.append((grad_input[0].tolist(), grad_output[0].tolist()))
        return (grad_input[0] * 10.0,)

    handle = layer.register_full_backward_hook(hook)
    layer(x).sum().backward()
    handle.remove()
    replaced = x.grad.tolist()
    x.grad = None
    layer(x).sum().backward()

    assert seen == [([[4.0, 6.0]], [[1.0, 1.0]])]
    assert replaced == [[40.0, 60.0]]
    assert x.grad.tolist() == [[4.0, 6.0]]


@pytest.mark.filterwarnings("ignore:Full backward hook is firing")
def test_a_backward_hook_is_called_where_no_input_wants_a_gradient(torch):
    layer, seen = linear(torch), []
    layer.register_full_backward_hook(lambda module, given, got: seen.append((given, got[0].tolist())))

    layer(torch.tensor([[1.0, 1.0]])).sum().backward()

    assert seen == [((None,), [[1.0, 1.0]])]


def test_a_hook_before_backward_replaces_the_gradient_of_the_output(torch):
    layer = linear(torch)
    x = torch.tensor([[1.0, 1.0]], requires_grad=True)
    layer.register_full_backward_pre_hook(lambda module, got: (got[0] * 0.5,))

    layer(x).sum().backward()

    assert x.grad.tolist() == [[2.0, 3.0]]
    assert layer.weight.grad.tolist() == [[0.5, 0.5], [0.5, 0.5]]


def test_a_backward_hook_of_a_module_with_several_inputs_and_outputs(torch):
    class Both(torch.nn.Module):
        def forward(self, x, factor, y):
            return x * factor, x + y

    module, seen = Both(), []
    module.register_full_backward_hook(lambda m, *both: seen.append([[g and g.item() for g in gs] for gs in both]))
    x, y = torch.tensor([1.0], requires_grad=True), torch.tensor([2.0], requires_grad=True)

    a, b = module(x, 3.0, y)
    (a * 2.0 + b).sum().backward()

    assert seen == [[[7.0, None, 1.0], [2.0, 1.0]]]


def test_hooks_stand_in_order_and_may_take_keyword_arguments(torch):
    class Scaled(torch.nn.Module):
        def forward(self, x, by=1.0):
            return x * by

    module, order = Scaled(), []
    module.register_forward_pre_hook(lambda m, args: order.append("second"))
    module.register_forward_pre_hook(lambda m, args: order.append("first"), prepend=True)
    module.register_forward_pre_hook(lambda m, args, named: (args, {"by": 3.0}), with_kwargs=True)
    module.register_forward_hook(lambda m, args, named, out: out + named["by"], with_kwargs=True)

    assert module(torch.tensor([2.0]), by=5.0).tolist() == [9.0]
    assert order == ["first", "second"]


def test_a_hook_that_is_always_called_hears_of_a_failure(torch):
    class Broken(torch.nn.Module):
        def forward(self, x):
            raise ValueError("no")

    module, heard = Broken(), []
    module.register_forward_hook(lambda m, args, out: heard.append(out), always_call=True)

    with pytest.raises(ValueError, match="no"):
        module(torch.tensor([1.0]))
    assert heard == [None]


class Versioned(ours.nn.Module):
    """A module whose parameter had another name in version 1."""

    _version = 2

    def __init__(self):
        super().__init__()
        self.scale = ours.nn.Parameter(ours.ones(1))

    def _load_from_state_dict(self, state_dict, prefix, local_metadata, *rest):
        if local_metadata.get("version", 1) < 2:
            state_dict[f"{prefix}scale"] = state_dict.pop(f"{prefix}factor")
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)


def test_a_state_of_an_earlier_version_is_brought_up_to_date():
    net = ours.nn.Sequential(Versioned())

    net.load_state_dict({"0.factor": ours.tensor([3.0])})
    assert net[0].scale.item() == 3.0

    assert net.state_dict()._metadata["0"] == {"version": 2}
    net.load_state_dict(net.state_dict())


def test_a_batch_norm_state_from_before_batches_were_counted_is_loaded(torch):
    norm = torch.nn.BatchNorm1d(2)
    state = {name: value for name, value in norm.state_dict().items() if name != "num_batches_tracked"}

    assert repr(norm.load_state_dict(state)) == "<All keys matched successfully>"
    assert norm.num_batches_tracked.item() == 0


def test_nothing_is_loaded_where_a_part_does_not_fit():
    net = ours.nn.Sequential(ours.nn.Linear(1, 1), ours.nn.Linear(1, 2))
    before = net[0].weight.item()

    with pytest.raises(RuntimeError, match=r"size mismatch for 1\.weight"):
        net.load_state_dict({**net.state_dict(), "0.weight": ours.zeros(1, 1), "1.weight": ours.zeros(3, 1)})
    assert net[0].weight.item() == before


def test_states_may_hold_more_than_tensors(torch):
    class Counting(torch.nn.Module):
        steps = 0

        def get_extra_state(self):
            return {"steps": self.steps}

        def set_extra_state(self, state):
            self.steps = state["steps"]

    one, other = torch.nn.Sequential(Counting()), torch.nn.Sequential(Counting())
    one[0].steps = 7

    other.load_state_dict(one.state_dict())

    assert other[0].steps == 7


def test_state_hooks_may_rename_keys(torch):
    layer = torch.nn.Linear(1, 1, bias=False)
    layer.register_load_state_dict_pre_hook(
        lambda module, state, prefix, *rest: state.update({f"{prefix}weight": state.pop(f"{prefix}w")})
    )
    heard = []
    layer.register_load_state_dict_post_hook(lambda module, keys: heard.append(list(keys.missing_keys)))

    layer.load_state_dict({"w": torch.tensor([[5.0]])})

    assert layer.weight.item() == 5.0
    assert heard == [[]]


def test_assign_takes_the_tensors_themselves(torch):
    layer, weight = torch.nn.Linear(1, 1, bias=False), torch.tensor([[5.0]], dtype=torch.float64)

    layer.load_state_dict({"weight": weight}, assign=True)

    assert layer.weight.dtype == torch.float64
    assert isinstance(layer.weight, torch.nn.Parameter)


def test_a_part_that_is_replaced_keeps_its_place(torch):
    net = torch.nn.Sequential()
    net.first, net.last = torch.nn.Linear(1, 1), torch.nn.Linear(1, 1)
    net.first = torch.nn.Linear(1, 2)
    net.last.weight = torch.nn.Parameter(torch.ones(1, 1))

    assert [name for name, _ in net.named_parameters()] == ["first.weight", "first.bias", "last.weight", "last.bias"]


def test_shared_parts_are_named_wherever_they_stand_if_asked(torch):
    layer = torch.nn.Linear(1, 1, bias=False)
    net = torch.nn.Sequential(layer, layer)

    assert [name for name, _ in net.named_parameters()] == ["0.weight"]
    assert [name for name, _ in net.named_parameters(remove_duplicate=False)] == ["0.weight", "1.weight"]
    assert net.get_parameter("1.weight") is layer.weight


def test_lists_of_parameters_are_shown_and_saved(torch):
    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.many = torch.nn.ParameterList([torch.ones(2), torch.nn.Parameter(torch.zeros(1, 3))])
            self.named = torch.nn.ParameterDict({"a": torch.ones(1)})

    net = Net()
    net.many.append(torch.ones(1))
    net.named["b"] = torch.zeros(2)

    assert list(net.state_dict()) == ["many.0", "many.1", "many.2", "named.a", "named.b"]
    assert [p.requires_grad for p in net.parameters()] == [True] * 5
    assert "(1): Parameter containing: [torch.float32 of size 1x3]" in repr(net.many)
    assert [tuple(p.shape) for p in net.many[1:]] == [(1, 3), (1,)]
    assert sorted(net.named.keys()) == ["a", "b"]
    assert net.named.pop("a").item() == 1.0


def test_sequences_are_edited_like_lists(torch):
    nn = torch.nn
    net = nn.Sequential(nn.ReLU(), nn.Tanh())

    net.insert(1, nn.Sigmoid())
    net.extend([nn.ELU(), nn.SELU()])
    del net[0]

    assert [type(module).__name__ for module in net] == ["Sigmoid", "Tanh", "ELU", "SELU"]
    assert type(net.pop(0)).__name__ == "Sigmoid"
    assert len(net + nn.Sequential(nn.GELU())) == 4
    assert repr(nn.ModuleList([nn.ReLU()]) + [nn.Tanh()]) == repr(nn.ModuleList([nn.ReLU(), nn.Tanh()]))


def test_in_place_activations_overwrite_their_input(torch):
    x = torch.tensor([-1.0, 2.0])

    out = torch.nn.ReLU(inplace=True)(x)
    torch.nn.functional.leaky_relu_(out, 0.5)

    assert x.tolist() == [0.0, 2.0]
    leaf = torch.tensor([1.0], requires_grad=True)
    with pytest.raises(RuntimeError, match="leaf Variable that requires grad"):
        torch.nn.functional.elu_(leaf)


@pytest.mark.filterwarnings("ignore:`torch.nn.utils.weight_norm` is deprecated")
@pytest.mark.parametrize("word", ["weight_norm", "spectral_norm"])
def test_a_weight_that_is_computed_learns_through_its_parts(torch, word):
    nn = torch.nn
    layer = getattr(nn.utils, word)(nn.Linear(3, 2, bias=False))
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    x = torch.tensor([[1.0, -2.0, 0.5]])
    before = layer(x).detach().numpy().copy()

    for _ in range(3):
        optimizer.zero_grad()
        (layer(x) ** 2).sum().backward()
        optimizer.step()

    after = layer.eval()(x).detach().numpy()
    assert np.abs(after).sum() < np.abs(before).sum() or word == "spectral_norm"
    getattr(nn.utils, f"remove_{word}")(layer)
    assert list(layer.state_dict()) == ["weight"]
    np.testing.assert_allclose(layer(x).detach().numpy(), after, rtol=1e-5)


def test_old_arguments_of_losses_become_a_reduction(torch):
    x, y = torch.tensor([1.0, 4.0]), torch.tensor([0.0, 0.0])

    with pytest.warns(UserWarning, match="please use reduction='sum' instead"):
        loss = torch.nn.L1Loss(size_average=False)

    assert loss.reduction == "sum"
    assert loss(x, y).item() == 5.0
    with pytest.raises(ValueError, match="avg is not a valid value for reduction"):
        torch.nn.functional.l1_loss(x, y, reduction="avg")


def test_dropped_channels_are_dropped_whole():
    ours.manual_seed(0)
    x = ours.ones(8, 16, 3, 3)

    out = ours.nn.Dropout2d(0.5)(x).numpy().reshape(128, 9)
    flat = ours.nn.functional.dropout1d(ours.ones(16, 5), 0.5).numpy()

    assert set(np.unique(out)) == {0.0, 2.0}
    assert (out == out[:, :1]).all()
    assert (flat == flat[:, :1]).all()
    assert 32 < (out[:, 0] == 0).sum() < 96


def test_alpha_dropout_keeps_mean_and_variance():
    ours.manual_seed(0)
    x = ours.randn(200, 200)

    out = ours.nn.AlphaDropout(0.3)(x)

    assert out.mean().item() == pytest.approx(0.0, abs=0.02)
    assert out.std().item() == pytest.approx(1.0, abs=0.02)


def test_gumbel_softmax_draws_classes_by_their_chances():
    ours.manual_seed(0)
    logits = ours.log(ours.tensor([[0.7, 0.2, 0.1]])).expand(4000, 3).contiguous().requires_grad_()

    drawn = ours.nn.functional.gumbel_softmax(logits, hard=True)
    drawn[:, 0].sum().backward()

    np.testing.assert_allclose(drawn.detach().mean(0).numpy(), [0.7, 0.2, 0.1], atol=0.03)
    assert logits.grad.abs().sum().item() > 0
