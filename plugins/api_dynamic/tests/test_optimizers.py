"""Trajectories, groups, state and schedules, beside PyTorch's."""

import warnings

import numpy as np
import pytest

import trivium_api_dynamic as ours

WEIGHTS = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
DATA = np.random.default_rng(1).normal(size=(8, 4)).astype(np.float32)


@pytest.fixture(params=["ours", "peer"])
def torch(request):
    return ours if request.param == "ours" else request.getfixturevalue("peer")


def trajectory(torch, make, steps=50, schedule=None):
    w, b = torch.tensor(WEIGHTS, requires_grad=True), torch.zeros(3, requires_grad=True)
    optimizer = make(torch, w, b)
    scheduler = schedule(torch, optimizer) if schedule else None
    x, path, rates = torch.tensor(DATA), [], []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = torch.tanh(x @ w + b).square().mean() + 0.1 * w.abs().sum()
        loss.backward()
        optimizer.step()
        if scheduler:
            scheduler.step()
            rates.append(scheduler.get_last_lr())
        path.append(np.concatenate([w.detach().numpy().ravel().copy(), b.detach().numpy().copy()]))
    return np.array(path), np.array(rates)


OPTIMIZERS = {
    "SGD": lambda t, w, b: t.optim.SGD([w, b], lr=0.1),
    "momentum": lambda t, w, b: t.optim.SGD([w, b], lr=0.1, momentum=0.9),
    "nesterov": lambda t, w, b: t.optim.SGD([w, b], lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.01),
    "dampening": lambda t, w, b: t.optim.SGD([w, b], lr=0.1, momentum=0.8, dampening=0.5, weight_decay=0.02),
    "Adam": lambda t, w, b: t.optim.Adam([w, b], lr=0.01),
    "Adam decayed": lambda t, w, b: t.optim.Adam([w, b], lr=0.01, betas=(0.8, 0.99), eps=1e-4, weight_decay=0.1),
    "AdamW": lambda t, w, b: t.optim.AdamW([w, b], lr=0.01, weight_decay=0.1),
    "groups": lambda t, w, b: t.optim.SGD([{"params": w, "lr": 0.2}, {"params": [b], "momentum": 0.5}], lr=0.01),
    "groups of Adam": lambda t, w, b: t.optim.Adam([{"params": w, "lr": 0.02}, {"params": [b], "weight_decay": 0.5}]),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_fifty_steps_agree(peer, name):
    mine, theirs = trajectory(ours, OPTIMIZERS[name])[0], trajectory(peer, OPTIMIZERS[name])[0]

    assert np.abs(mine - theirs).max() <= 1e-6 * max(1.0, np.abs(theirs).max())


SCHEDULES = {
    "StepLR": lambda t, o: t.optim.lr_scheduler.StepLR(o, 3, gamma=0.5),
    "MultiStepLR": lambda t, o: t.optim.lr_scheduler.MultiStepLR(o, [2, 5, 5], gamma=0.1),
    "ExponentialLR": lambda t, o: t.optim.lr_scheduler.ExponentialLR(o, 0.9),
    "LambdaLR": lambda t, o: t.optim.lr_scheduler.LambdaLR(o, lambda epoch: 1 / (epoch + 1)),
    "CosineAnnealingLR": lambda t, o: t.optim.lr_scheduler.CosineAnnealingLR(o, 8, eta_min=0.001),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_agree(peer, name):
    results = [trajectory(t, OPTIMIZERS["groups"], 20, SCHEDULES[name]) for t in (ours, peer)]

    np.testing.assert_allclose(results[0][1], results[1][1], rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(results[0][0], results[1][0], atol=1e-6)


def test_a_schedule_before_the_first_step_is_warned_of(torch):
    optimizer = torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=1)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1)

    with pytest.warns(UserWarning, match=r"Detected call of `lr_scheduler.step\(\)` before `optimizer.step\(\)`"):
        scheduler.step()


def test_state_can_be_saved_and_gone_on_from(torch):
    def run(steps, state=None, weight=None):
        w = torch.tensor(WEIGHTS if weight is None else weight, requires_grad=True)
        optimizer = torch.optim.Adam([w], lr=0.1)
        if state:
            optimizer.load_state_dict(state)
        for _ in range(steps):
            optimizer.zero_grad()
            (w * w).sum().backward()
            optimizer.step()
        return w.detach().numpy().copy(), optimizer.state_dict()

    whole, _ = run(6)
    half, state = run(3)

    assert list(state["state"]) == [0]
    assert set(state["state"][0]) == {"step", "exp_avg", "exp_avg_sq"}
    assert state["param_groups"][0]["params"] == [0]
    np.testing.assert_array_equal(run(3, state, half)[0], whole)


def test_the_state_of_sgd_has_pytorchs_names(torch):
    w = torch.ones(1, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=1, momentum=0.5)

    (w * 2).backward()
    optimizer.step()

    assert optimizer.state[w]["momentum_buffer"].tolist() == [2]


def test_parameters_without_a_gradient_stay(torch):
    used, unused = torch.ones(1, requires_grad=True), torch.ones(1, requires_grad=True)
    optimizer = torch.optim.SGD([used, unused], lr=1, weight_decay=1)

    used.sum().backward()
    optimizer.step()
    optimizer.zero_grad()

    assert (used.item(), unused.item()) == (-1, 1)
    assert used.grad is None


def test_a_closure_is_called_and_its_loss_returned(torch):
    w = torch.tensor([3.0], requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.1)

    def closure():
        optimizer.zero_grad()
        loss = (w * w).sum()
        loss.backward()
        return loss

    with torch.no_grad():
        loss = optimizer.step(closure)

    assert loss.item() == 9
    assert w.item() == pytest.approx(2.4)


MISTAKES = {
    "nothing": (lambda t, w: t.optim.SGD([], lr=1), ValueError, "optimizer got an empty parameter list"),
    "no leaf": (lambda t, w: t.optim.SGD([w * 2], lr=1), ValueError, "can't optimize a non-leaf Tensor"),
    "one tensor": (lambda t, w: t.optim.SGD(w, lr=1), TypeError, "should be an iterable of Tensors or dicts"),
    "a number": (lambda t, w: t.optim.SGD([1], lr=1), TypeError, "optimizer can only optimize Tensors"),
    "negative rate": (lambda t, w: t.optim.SGD([w], lr=-1), ValueError, "Invalid learning rate: -1"),
    "nesterov": (
        lambda t, w: t.optim.SGD([w], lr=1, nesterov=True), ValueError, "Nesterov momentum requires a momentum",
    ),
    "beta": (lambda t, w: t.optim.Adam([w], betas=(1.0, 0.9)), ValueError, "Invalid beta parameter at index 0: 1.0"),
    "twice": (
        lambda t, w: t.optim.SGD([{"params": [w]}, {"params": [w]}], lr=1), ValueError,
        "some parameters appear in more than one parameter group",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_refused_in_pytorchs_words(torch, name):
    act, kind, words = MISTAKES[name]

    with warnings.catch_warnings(), pytest.raises(kind, match=words):
        act(torch, torch.ones(1, requires_grad=True))
