"""What helps to get gradients right: anomalies, checks, Jacobians, checkpoints, profiles."""

import json

import numpy as np
import pytest

import trivium_api_dynamic as ours


@pytest.fixture(params=["ours", "peer"])
def torch(request):
    """Both, so that each story is told of PyTorch, too."""
    return ours if request.param == "ours" else request.getfixturevalue("peer")


# -- anomalies -----------------------------------------------------------------------------------


def root_of_what_is_below_zero(x):
    return x.sqrt()


@pytest.mark.filterwarnings("ignore")
def test_an_anomaly_says_which_call_made_it_and_where_that_was():
    x = ours.tensor([-1.0, 4.0], requires_grad=True)

    with ours.autograd.detect_anomaly():
        loss = (root_of_what_is_below_zero(x * 1) * 3).sum()
        with pytest.raises(
            RuntimeError, match="Function 'SqrtBackward0' returned nan values in its 0th output"
        ) as error:
            loss.backward()

    assert "in root_of_what_is_below_zero" in str(error.value)
    assert "trivium/tensor.py" not in str(error.value)


@pytest.mark.filterwarnings("ignore")
def test_anomalies_are_found_where_pytorch_finds_them(torch):
    x = torch.tensor([-1.0, 0.0], requires_grad=True)

    with torch.autograd.detect_anomaly():
        with pytest.raises(RuntimeError, match="'SqrtBackward0' returned nan values"):
            (x.sqrt() * 0).sum().backward()
    torch.autograd.set_detect_anomaly(True)
    with pytest.raises(RuntimeError, match="'DivBackward0' returned nan values in its 1th output"):
        (torch.zeros(2) / (x - x)).sum().backward()
    torch.autograd.set_detect_anomaly(False)
    x.grad = None
    (x.sqrt() * 0).sum().backward()
    assert np.isnan(x.grad.tolist()[0])


def test_an_error_on_the_way_back_says_where_its_forward_was():
    class Broken(ours.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            raise ValueError("no way back")

    def call_it(x):
        return Broken.apply(x)

    with ours.autograd.set_detect_anomaly(True):
        loss = call_it(ours.ones(2, requires_grad=True)).exp().sum()
        with pytest.raises(ValueError, match="no way back") as error:
            loss.backward()

    (note,) = error.value.__notes__
    assert "Error detected in BrokenBackward" in note
    assert "in call_it" in note


def test_looking_for_anomalies_changes_nothing_else(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x * 3
    y.register_hook(lambda g: g * 2)

    with torch.autograd.set_detect_anomaly(True):
        z = (y * y).sum()
        z.backward(retain_graph=True)
        z.backward()
        with pytest.raises(RuntimeError, match="second time"):
            z.backward()

    assert x.grad.tolist() == [72, 144]
    assert not torch.is_anomaly_enabled()


# -- checks of gradients -------------------------------------------------------------------------


def test_gradcheck_agrees_with_right_gradients_and_not_with_wrong_ones(torch):
    class Wrong(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**2

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * x

    x = torch.tensor([0.5, -1.5], dtype=torch.float64, requires_grad=True)
    w = torch.tensor([[0.3, 1.0], [2.0, 0.1]], dtype=torch.float64, requires_grad=True)

    assert torch.autograd.gradcheck(lambda x, w: (w @ x).tanh(), (x, w))
    assert torch.autograd.gradgradcheck(lambda x, w: (w @ x).tanh(), (x, w))
    assert not torch.autograd.gradcheck(Wrong.apply, (x,), raise_exception=False)
    with pytest.raises(RuntimeError, match="Jacobian mismatch for output 0 with respect to input 0"):
        torch.autograd.gradcheck(Wrong.apply, (x,))
    with pytest.raises(ValueError, match="at least one input tensor to require gradient"):
        torch.autograd.gradcheck(lambda x: x, (x.detach(),))


TWICE = {
    "norm": lambda t, x: x.norm(3, 1),
    "std": lambda t, x: x.std(0),
    "max along an axis": lambda t, x: x.max(1).values,
    "median": lambda t, x: x.median(1)[0],
    "prod": lambda t, x: x.prod(1),
    "cumprod": lambda t, x: x.cumprod(0),
    "logsumexp": lambda t, x: x.logsumexp((0, 1)),
    "softmax": lambda t, x: x.softmax(1),
    "index": lambda t, x: (x * x)[t.tensor([0, 0]), 1:],
    "scatter": lambda t, x: (x * x).scatter_add(0, t.tensor([[0, 0, 0]]), x[:1]),
    "in place": lambda t, x: (x * x).mul_(x).clamp_(min=-1.0),
    "assignment": lambda t, x: assigned(x * x, x),
    "unfold": lambda t, x: (x * x).unfold(1, 2, 1),
    "strided": lambda t, x: (x * x).as_strided((2, 2, 2), (3, 1, 1)),
    "inverse": lambda t, x: (x[:, :2] + 2 * t.eye(2, dtype=t.float64)).inverse(),
    "svd": lambda t, x: x.svd().S,
    "qr": lambda t, x: x.t().qr().R,
    "det": lambda t, x: (x[:, 1:] + 2 * t.eye(2, dtype=t.float64)).det(),
    "cholesky": lambda t, x: (x @ x.t() + t.eye(2, dtype=t.float64)).cholesky(),
    "einsum": lambda t, x: t.einsum("ij,kj->ik", x, x),
    "masked_scatter": lambda t, x: (x * x).masked_scatter(x > 0, x),
    "lgamma": lambda t, x: (x.abs() + 0.5).lgamma(),
}


def assigned(y, x):
    y[0] = x[1] * 2
    y[:, 1] *= 3
    return y


@pytest.mark.parametrize("name", TWICE)
def test_gradients_can_be_differentiated_again(name):
    array = np.array([[0.5, -1.2, 2.1], [1.7, 0.4, -0.6]])
    x = ours.tensor(array, requires_grad=True)

    assert ours.autograd.gradcheck(lambda x: TWICE[name](ours, x), (x,))
    assert ours.autograd.gradgradcheck(lambda x: TWICE[name](ours, x), (x,), atol=1e-4)


def test_jacobian_and_hessian_and_their_products(torch):
    functional = torch.autograd.functional
    x, v = torch.tensor([1.0, 2.0]), torch.tensor([0.5, -1.0])

    def f(x):
        return torch.stack([x[0] * x[1], x[0] ** 2, x[1]])

    def loss(x):
        return (x**3).sum() + x[0] * x[1]

    assert functional.jacobian(f, x).tolist() == [[2, 1], [2, 0], [0, 1]]
    assert functional.hessian(loss, x).tolist() == [[6, 1], [1, 12]]
    out, product = functional.vjp(f, x, torch.tensor([1.0, 1.0, 2.0]))
    assert (out.tolist(), product.tolist()) == ([2, 1, 2], [4, 3])
    assert functional.jvp(f, x, v)[1].tolist() == [0, 1, -1]
    assert functional.hvp(loss, x, v)[1].tolist() == functional.vhp(loss, x, v)[1].tolist() == [2, -11.5]
    two = functional.jacobian(lambda a, b: a * b, (x, v))
    assert [part.tolist() for part in two] == [[[0.5, 0], [0, -1]], [[1, 0], [0, 2]]]
    assert not functional.jacobian(f, x).requires_grad


# -- Function ------------------------------------------------------------------------------------


def test_once_differentiable_refuses_a_second_gradient(torch):
    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        @torch.autograd.function.once_differentiable
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * 2 * x

    x = torch.tensor([3.0], requires_grad=True)
    (Square.apply(x) * x).backward()
    assert x.grad.tolist() == [27]

    (first,) = torch.autograd.grad((Square.apply(x) * x).sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="trying to differentiate twice a function that was marked with @once_diff"):
        first.backward()


def test_a_function_may_set_up_its_context_apart(torch):
    class Scale(torch.autograd.Function):
        @staticmethod
        def forward(x, factor):
            return x * factor, "a note"

        @staticmethod
        def setup_context(ctx, inputs, output):
            _, ctx.factor = inputs

        @staticmethod
        def backward(ctx, g, note):
            assert note is None
            return g * ctx.factor, None

    x = torch.ones(2, requires_grad=True)

    y, note = Scale.apply(x, 3.0)
    y.sum().backward()

    assert note == "a note"
    assert x.grad.tolist() == [3, 3]


def test_gradients_of_a_function_must_fit(torch):
    class Wrong(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, g):
            return torch.ones(3)

    with pytest.raises(
        RuntimeError, match=r"invalid gradient at index 0 - got \[3\] but expected shape compatible with \[2\]"
    ):
        Wrong.apply(torch.ones(2, requires_grad=True)).sum().backward()


def test_variable_is_another_name_for_a_tensor(torch):
    data = torch.ones(2)

    x = torch.autograd.Variable(data, requires_grad=True)
    (x * 2).sum().backward()

    assert isinstance(data, torch.autograd.Variable)
    assert x.grad.tolist() == [2, 2] and not data.requires_grad
    assert x.data_ptr() == data.data_ptr()


# -- checkpoints ---------------------------------------------------------------------------------


def test_a_checkpoint_gives_the_same_gradients_also_to_what_its_function_knows_by_itself(torch):
    checkpoint = torch.utils.checkpoint.checkpoint
    w = torch.tensor([[1.0, 2.0], [0.5, -1.0]], requires_grad=True)
    calls = []

    def part(x):
        calls.append(1)
        return (x @ w).tanh()

    results = []
    for through in (part, lambda x: checkpoint(part, x, use_reentrant=False)):
        x = torch.tensor([[0.3, 0.7]], requires_grad=True)
        gradients = torch.autograd.grad(through(through(x)).sum(), [x, w])
        results.append([g.tolist() for g in gradients])

    assert results[0] == results[1]
    assert len(calls) == 2 + 4


def test_a_checkpoint_draws_the_same_random_numbers_again(torch):
    checkpoint = torch.utils.checkpoint.checkpoint
    x = torch.ones(50, requires_grad=True)
    torch.manual_seed(3)

    y = checkpoint(lambda x: x * torch.rand(50), x, use_reentrant=False)
    y.sum().backward()

    np.testing.assert_array_equal(x.grad.numpy(), y.detach().numpy())


def test_a_checkpoint_can_be_differentiated_again():
    x = ours.tensor([0.5, 1.5], dtype=ours.float64, requires_grad=True)

    assert ours.autograd.gradgradcheck(lambda x: ours.utils.checkpoint.checkpoint(lambda v: v**3, x), (x,))


# -- profiles ------------------------------------------------------------------------------------


def test_a_profile_counts_calls_and_writes_a_trace(tmp_path):
    x = ours.ones(3, requires_grad=True)

    with ours.autograd.profiler.profile() as profile:
        with ours.autograd.profiler.record_function("my part"):
            loss = ((x * 2).exp() + (x * 3).exp()).sum()
        loss.backward()
    x * 2

    rows = {row.key: row for row in profile.key_averages()}
    assert rows["exp"].count == 2
    assert rows["multiply"].count == 2 + 4  # and two for each exp on the way back
    assert rows["my part"].cpu_time_total >= rows["exp"].cpu_time_total > 0
    assert rows["my part"].self_cpu_time_total < rows["my part"].cpu_time_total
    table = profile.key_averages().table(sort_by="self_cpu_time_total", row_limit=2)
    assert "Self CPU" in table and "# of Calls" in table
    profile.export_chrome_trace(tmp_path / "trace.json")
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    assert {"exp", "sum", "my part"} <= {event["name"] for event in events}


def test_nothing_is_paid_while_nobody_listens():
    from trivium.tensor import Tensor as CoreTensor  # noqa: PLC0415 - only this story looks inside

    with ours.autograd.profiler.profile():
        assert "run" in vars(ours.Tensor)

    assert "run" not in vars(ours.Tensor)
    assert ours.Tensor.run.__func__ is CoreTensor.run.__func__
