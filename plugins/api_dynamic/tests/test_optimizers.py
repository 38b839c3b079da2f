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


def trajectory(torch, make, steps=200, schedule=None, dtype="float32", start=None):
    dtype = getattr(torch, dtype)
    w, b = torch.tensor(WEIGHTS, dtype=dtype, requires_grad=True), torch.zeros(3, dtype=dtype, requires_grad=True)
    optimizer = make(torch, w, b)
    if start is not None:
        with torch.no_grad():
            w.copy_(start["w"])
            b.copy_(start["b"])
        optimizer.load_state_dict(start["optimizer"])
    scheduler = schedule(torch, optimizer) if schedule else None
    x, path, rates = torch.tensor(DATA, dtype=dtype), [], []
    for _ in range(steps):

        def closure(optimizer=optimizer, w=w, b=b, x=x):
            optimizer.zero_grad()
            loss = torch.tanh(x @ w + b).square().mean() + 0.1 * w.square().sum()
            loss.backward()
            return loss

        optimizer.step(closure)
        if scheduler:
            scheduler.step()
            rates.append(scheduler.get_last_lr())
        path.append(np.concatenate([w.detach().numpy().ravel().copy(), b.detach().numpy().copy()]))
    trajectory.end = {"w": w.detach(), "b": b.detach(), "optimizer": optimizer.state_dict()}
    return np.array(path), np.array(rates)


OPTIMIZERS = {
    "SGD": lambda t, w, b: t.optim.SGD([w, b], lr=0.1),
    "momentum": lambda t, w, b: t.optim.SGD([w, b], lr=0.1, momentum=0.9),
    "nesterov": lambda t, w, b: t.optim.SGD([w, b], lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.01),
    "dampening": lambda t, w, b: t.optim.SGD([w, b], lr=0.1, momentum=0.8, dampening=0.5, weight_decay=0.02),
    "Adam": lambda t, w, b: t.optim.Adam([w, b], lr=0.01),
    "Adam decayed": lambda t, w, b: t.optim.Adam([w, b], lr=0.01, betas=(0.8, 0.99), eps=1e-4, weight_decay=0.1),
    "AdamW": lambda t, w, b: t.optim.AdamW([w, b], lr=0.01, weight_decay=0.1),
    "amsgrad": lambda t, w, b: t.optim.Adam([w, b], lr=0.01, weight_decay=0.1, amsgrad=True),
    "AdamW amsgrad": lambda t, w, b: t.optim.AdamW([w, b], lr=0.01, weight_decay=0.1, amsgrad=True),
    "maximize": lambda t, w, b: t.optim.Adam([w, b], lr=0.001, maximize=True),
    "Adamax": lambda t, w, b: t.optim.Adamax([w, b], lr=0.01),
    "Adamax decayed": lambda t, w, b: t.optim.Adamax([w, b], betas=(0.8, 0.99), eps=1e-3, weight_decay=0.1),
    "Adagrad": lambda t, w, b: t.optim.Adagrad([w, b]),
    "Adagrad decayed": lambda t, w, b: t.optim.Adagrad(
        [w, b], lr=0.1, lr_decay=0.01, weight_decay=0.1, initial_accumulator_value=0.1, eps=1e-3
    ),
    "Adadelta": lambda t, w, b: t.optim.Adadelta([w, b]),
    "Adadelta decayed": lambda t, w, b: t.optim.Adadelta([w, b], lr=0.5, rho=0.95, eps=1e-4, weight_decay=0.1),
    "RMSprop": lambda t, w, b: t.optim.RMSprop([w, b], lr=0.001),
    "RMSprop momentum": lambda t, w, b: t.optim.RMSprop([w, b], lr=0.001, alpha=0.9, momentum=0.9, eps=1e-3),
    "RMSprop centered": lambda t, w, b: t.optim.RMSprop([w, b], lr=0.001, momentum=0.5, centered=True, eps=1e-3),
    "Rprop": lambda t, w, b: t.optim.Rprop([w, b], etas=(0.4, 1.3), step_sizes=(1e-5, 0.1)),
    "ASGD": lambda t, w, b: t.optim.ASGD([w, b], lr=0.1, lambd=0.01, t0=50, weight_decay=0.1),
    "LBFGS": lambda t, w, b: t.optim.LBFGS([w, b], lr=0.5, max_iter=4),
    "LBFGS searching": lambda t, w, b: t.optim.LBFGS([w, b], max_iter=4, line_search_fn="strong_wolfe"),
    "groups": lambda t, w, b: t.optim.SGD([{"params": w, "lr": 0.2}, {"params": [b], "momentum": 0.5}], lr=0.01),
    "groups of Adam": lambda t, w, b: t.optim.Adam([{"params": w, "lr": 0.02}, {"params": [b], "weight_decay": 0.5}]),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_two_hundred_steps_agree(peer, name):
    dtype = "float64" if "LBFGS" in name else "float32"  # what it does next hangs on small differences of gradients
    mine, theirs = [trajectory(torch, OPTIMIZERS[name], dtype=dtype)[0] for torch in (ours, peer)]

    assert np.abs(mine - theirs).max() <= 1e-6 * max(1.0, np.abs(theirs).max())


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_training_begun_by_pytorch_goes_on_here(peer, name, tmp_path):
    trajectory(peer, OPTIMIZERS[name], 20, dtype="float64")
    peer.save(trajectory.end, tmp_path / "half.pth")
    theirs, _ = trajectory(peer, OPTIMIZERS[name], 20, dtype="float64", start=peer.load(tmp_path / "half.pth"))

    mine, _ = trajectory(ours, OPTIMIZERS[name], 20, dtype="float64", start=ours.load(tmp_path / "half.pth"))

    np.testing.assert_allclose(mine, theirs, rtol=1e-7, atol=1e-8)  # PyTorch keeps some numbers as float32


def test_a_group_may_join_later_with_options_of_its_own(torch):
    first, second = torch.ones(1, requires_grad=True), torch.ones(1, requires_grad=True)
    optimizer = torch.optim.SGD([first], lr=0.5, momentum=0.5)
    for _ in range(2):
        optimizer.zero_grad()
        (first + second).backward()
        optimizer.step()
        if len(optimizer.param_groups) == 1:
            optimizer.add_param_group({"params": second, "lr": 0.1})

    assert (first.item(), second.item()) == (pytest.approx(1 - 0.5 - 0.5 * 1.5), pytest.approx(0.9))
    with pytest.raises(ValueError, match="some parameters appear in more than one parameter group"):
        optimizer.add_param_group({"params": [first]})


FLAGS = {"foreach": None, "fused": False, "capturable": False, "differentiable": False}


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "Adamax", "Adagrad", "Adadelta", "RMSprop", "Rprop", "ASGD"])
def test_flags_of_speed_are_accepted(name):
    w = ours.ones(1, requires_grad=True)

    optimizer = getattr(ours.optim, name)([w], lr=0.1, maximize=True, **FLAGS)
    w.sum().backward()
    optimizer.step()

    assert w.item() > 1
    with pytest.raises(TypeError, match="unexpected keyword argument 'momentumm'"):
        getattr(ours.optim, name)([w], momentumm=0.9)


SCHEDULES = {
    "StepLR": lambda t, o: t.optim.lr_scheduler.StepLR(o, 3, gamma=0.5),
    "MultiStepLR": lambda t, o: t.optim.lr_scheduler.MultiStepLR(o, [2, 5, 5], gamma=0.1),
    "ExponentialLR": lambda t, o: t.optim.lr_scheduler.ExponentialLR(o, 0.9),
    "MultiplicativeLR": lambda t, o: t.optim.lr_scheduler.MultiplicativeLR(o, lambda epoch: 1 / (epoch + 1)),
    "ConstantLR": lambda t, o: t.optim.lr_scheduler.ConstantLR(o, 0.25, 4),
    "LinearLR": lambda t, o: t.optim.lr_scheduler.LinearLR(o, 0.25, 0.75, 4),
    "PolynomialLR": lambda t, o: t.optim.lr_scheduler.PolynomialLR(o, 9, 2.0),
    "warm restarts": lambda t, o: t.optim.lr_scheduler.CosineAnnealingWarmRestarts(o, 3, 2, 0.001),
    "equal restarts": lambda t, o: t.optim.lr_scheduler.CosineAnnealingWarmRestarts(o, 4),
    "triangular": lambda t, o: t.optim.lr_scheduler.CyclicLR(o, 0.01, [0.1, 0.2], 3, 5),
    "triangular2": lambda t, o: t.optim.lr_scheduler.CyclicLR(o, 0.01, 0.1, 3, mode="triangular2"),
    "exp_range": lambda t, o: t.optim.lr_scheduler.CyclicLR(o, 0.01, 0.1, 3, mode="exp_range", gamma=0.9),
    "own scale": lambda t, o: t.optim.lr_scheduler.CyclicLR(o, 0.01, 0.1, 3, scale_fn=lambda x: 1 / x),
    "one cycle": lambda t, o: t.optim.lr_scheduler.OneCycleLR(o, 0.1, 20),
    "three phases": lambda t, o: t.optim.lr_scheduler.OneCycleLR(
        o, 0.1, 30, three_phase=True, anneal_strategy="linear"
    ),
    "one after another": lambda t, o: t.optim.lr_scheduler.SequentialLR(
        o, [t.optim.lr_scheduler.ConstantLR(o, 0.1, 3), t.optim.lr_scheduler.ExponentialLR(o, 0.9)], [4]
    ),
    "chained": lambda t, o: t.optim.lr_scheduler.ChainedScheduler(
        [t.optim.lr_scheduler.ConstantLR(o, 0.1, 3), t.optim.lr_scheduler.ExponentialLR(o, 0.9)]
    ),
    "LambdaLR": lambda t, o: t.optim.lr_scheduler.LambdaLR(o, lambda epoch: 1 / (epoch + 1)),
    "CosineAnnealingLR": lambda t, o: t.optim.lr_scheduler.CosineAnnealingLR(o, 8, eta_min=0.001),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_agree(peer, name):
    results = [trajectory(t, OPTIMIZERS["groups"], 20, SCHEDULES[name]) for t in (ours, peer)]

    np.testing.assert_allclose(results[0][1], results[1][1], rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(results[0][0], results[1][0], atol=1e-6)


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_goes_on_from_its_state(name, tmp_path):
    def begun():
        optimizer = OPTIMIZERS["groups"](ours, *[ours.ones(1, requires_grad=True) for _ in range(2)])
        optimizer.step()
        return optimizer, SCHEDULES[name](ours, optimizer)

    def rates(optimizer, schedule):
        found = []
        for _ in range(8):
            schedule.step()
            found.append([group["lr"] for group in optimizer.param_groups])
        return found

    optimizer, schedule = begun()
    rates(optimizer, schedule)
    ours.save([optimizer.state_dict(), schedule.state_dict()], tmp_path / "half")
    other, its_schedule = begun()
    state, schedule_state = ours.load(tmp_path / "half")
    other.load_state_dict(state)
    its_schedule.load_state_dict(schedule_state)

    assert rates(other, its_schedule) == rates(optimizer, schedule)
    assert its_schedule.get_last_lr() == schedule.get_last_lr()


def test_a_rate_anneals_to_that_of_averaging(torch):
    optimizer = torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=0.5)
    schedule = torch.optim.swa_utils.SWALR(optimizer, swa_lr=0.1, anneal_epochs=4)
    straight = torch.optim.swa_utils.SWALR(
        torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=0.5), 0.1, 4, anneal_strategy="linear"
    )

    rates = []
    for each in (schedule, straight):
        each.optimizer.step()
        rates.append([])
        for _ in range(6):
            each.step()
            rates[-1] += each.get_last_lr()

    assert rates[0] == pytest.approx([0.4414213, 0.3, 0.1585786, 0.1, 0.1, 0.1], abs=1e-6)
    assert rates[1] == pytest.approx([0.4, 0.3, 0.2, 0.1, 0.1, 0.1])
    with pytest.raises(ValueError, match="anneal_strategy must be one of"):
        torch.optim.swa_utils.SWALR(optimizer, 0.1, anneal_strategy="square")


def test_statistics_of_an_averaged_model_are_taken_anew(torch):
    net = torch.nn.Sequential(torch.nn.BatchNorm1d(2), torch.nn.Dropout())
    net(torch.tensor(DATA[:, :2] * 100))
    batches = [(torch.tensor(DATA[:4, :2]), 0), (torch.tensor(DATA[4:, :2]), 1)]

    torch.optim.swa_utils.update_bn(batches, net.eval())

    np.testing.assert_allclose(net[0].running_mean.numpy(), DATA[:, :2].mean(0), rtol=1e-5, atol=1e-6)
    assert not net.training and not net[0].training and net[0].momentum == 0.1
    net.train()(torch.tensor(DATA[:, :2] + 10))
    np.testing.assert_allclose(net[0].running_mean.numpy(), DATA[:, :2].mean(0) + 1, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("kind", ["rel", "abs"])
def test_plateaus_are_seen_as_by_pytorch(peer, mode, kind):
    metrics = np.cumsum(np.random.default_rng(4).normal(size=60)) + 5

    def rates(torch):
        optimizer = torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=1.0)
        scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(
            optimizer, mode, 0.5, patience=2, threshold=0.05, threshold_mode=kind, cooldown=3, min_lr=0.01
        )
        found = []
        for metric in metrics:
            scheduler.step(metric)
            found.append(optimizer.param_groups[0]["lr"])
        return found

    assert rates(ours) == rates(peer)
    assert min(rates(ours)) < 0.5


def test_the_rate_is_halved_when_accuracy_passes_a_threshold():
    optimizer = ours.optim.SGD([ours.ones(1, requires_grad=True)], lr=1.0)
    scheduler = ours.optim.lr_scheduler.ReduceLROnThreshold(optimizer, [0.8, 0.9])

    rates = []
    for accuracy in (0.5, 0.81, 0.7, 0.85, 0.95, 0.99):
        scheduler.step(accuracy)
        rates += scheduler.get_last_lr()

    assert rates == [1.0, 0.5, 0.5, 0.5, 0.25, 0.25]


@pytest.mark.parametrize("line_search", [None, "strong_wolfe"])
def test_lbfgs_goes_on_from_its_state(torch, line_search):
    def run(steps, state=None, weight=WEIGHTS):
        w = torch.tensor(weight, requires_grad=True)
        optimizer = torch.optim.LBFGS([w], lr=0.2, max_iter=3, line_search_fn=line_search)
        if state:
            optimizer.load_state_dict(state)

        def closure():
            optimizer.zero_grad()
            loss = (w * w).sum() + (w**4).sum()
            loss.backward()
            return loss

        for _ in range(steps):
            optimizer.step(closure)
        return w.detach().numpy().copy(), optimizer.state_dict()

    whole, _ = run(4)
    half, state = run(2)

    np.testing.assert_array_equal(run(2, state, half)[0], whole)
    assert state["state"][0]["func_evals"] >= state["state"][0]["n_iter"] > 0


@pytest.mark.parametrize("order", [1.0, 2.0, 3.0, float("inf")])
@pytest.mark.parametrize("limit", [0.5, 100.0])
def test_gradients_are_clipped_as_by_pytorch(peer, order, limit):
    def clipped(torch):
        parameters = [torch.tensor(x, requires_grad=True) for x in (WEIGHTS, DATA)]
        sum([(p * p * p).sum() for p in parameters]).backward()
        total = torch.nn.utils.clip_grad_norm_(parameters, limit, order)
        return [total.item(), *[p.grad.numpy() for p in parameters]]

    for mine, theirs in zip(clipped(ours), clipped(peer)):
        np.testing.assert_allclose(mine, theirs, rtol=1e-6)


def test_an_average_of_models_is_pytorchs(peer):
    def averaged(torch):
        layer = torch.nn.Linear(3, 4)
        averages = [
            torch.optim.swa_utils.AveragedModel(layer),
            torch.optim.swa_utils.AveragedModel(layer, avg_fn=torch.optim.swa_utils.get_ema_avg_fn(0.9)),
        ]
        for i in range(4):
            with torch.no_grad():
                layer.weight.copy_(torch.tensor(WEIGHTS * i * i))
            for average in averages:
                average.update_parameters(layer)
        return [average.module.weight.detach().numpy() for average in averages]

    np.testing.assert_allclose(averaged(ours), averaged(peer), rtol=1e-6)


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
