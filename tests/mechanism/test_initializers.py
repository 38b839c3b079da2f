"""What parameters start as, and the warning of weights that will hardly train."""

import warnings

import numpy as np
import pytest
from attrs import define

from trivium import ops, registry
from trivium.errors import ConfigError, ShapeError, UnknownNameError
from trivium.initializer import (
    Identity,
    InitializerWarning,
    Normal,
    Orthogonal,
    TruncatedNormal,
    VarianceScaling,
    bilinear,
    find_initializer,
)
from trivium.layer import Layer, ParamSpec
from trivium.randomness import Stream
from trivium.tensor import Tensor


def stream():
    return Stream(seed=3, number=0)


@define(slots=False)
class Scaling(Layer):
    initializer: object = "zeros"

    def parameters(self, x):
        return {"weight": ParamSpec((50, x.shape[1]), self.initializer, is_weight=True)}

    def forward(self, x, *, weight):
        return ops.matmul(x, ops.transpose(weight))


def test_a_truncated_normal_stays_within_its_limits():
    values = TruncatedNormal(1.0, 0.5)((400, 50), stream())

    assert values.min() >= 0.0 and values.max() <= 2.0
    assert values.mean() == pytest.approx(1.0, abs=0.01) and values.std() == pytest.approx(0.44, abs=0.01)
    assert TruncatedNormal(0.0, 1.0, -0.1, 3.0)((1000,), stream()).min() >= -0.1


def test_limits_that_hold_nothing_are_refused():
    with pytest.raises(ConfigError, match=r"TruncatedNormal: \[7, 8\] holds next to nothing"):
        TruncatedNormal(0.0, 1.0, 7.0, 8.0)((3,), stream())


@pytest.mark.parametrize("distribution", ["uniform", "normal", "truncated_normal"])
def test_every_distribution_has_the_variance_that_was_asked_for(distribution):
    values = VarianceScaling(2.0, "in", distribution)((300, 20, 3, 3), stream())

    assert values.std() == pytest.approx(np.sqrt(2 / 180), rel=0.02)


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (3, 2, 2, 2)])
def test_orthogonal_weights_keep_lengths(shape):
    w = Orthogonal(2.0)(shape, stream()).reshape(shape[0], -1)

    product = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
    np.testing.assert_allclose(product, 4 * np.eye(len(product)), atol=1e-5)


def test_identity_weights_let_channels_pass():
    x = np.random.default_rng(0).normal(size=(2, 4, 5, 5)).astype(np.float32)
    weight = Identity(groups=2)((4, 2, 3, 3), stream())

    y = ops.convolution(Tensor.of(x), Tensor.of(weight), padding=1, groups=2)

    np.testing.assert_array_equal(y.numpy(), x)
    np.testing.assert_array_equal(Identity(3.0)((2, 3), stream()), [[3, 0, 0], [0, 3, 0]])


def test_bilinear_weights_are_tents():
    np.testing.assert_allclose(bilinear((1, 1, 4, 4), stream())[0, 0, 1], [0.1875, 0.5625, 0.5625, 0.1875])
    with pytest.raises(ShapeError, match="no square kernels"):
        bilinear((1, 1, 3, 4), stream())


@pytest.mark.parametrize(
    ("initializer", "words"),
    [
        ("zeros", r"fc \(Scaling\): weight starts at zero everywhere"),
        (Normal(0.0, 1.0), r"fc \(Scaling\): weight starts far too large: \d.* on average for 400 inputs, about 0.05"),
    ],
)
def test_a_weight_that_will_hardly_train_is_warned_of(initializer, words):
    with pytest.warns(InitializerWarning, match=words):
        Scaling(initializer, name="fc")(Tensor.of(np.ones((2, 400), np.float32)))


@pytest.mark.parametrize("initializer", ["xavier", "msra", "glorot", "kaiming", "orthogonal", Normal(0.0, 0.01)])
def test_usual_weights_are_not_warned_of(initializer):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Scaling(initializer)(Tensor.of(np.ones((2, 400), np.float32)))


def test_a_plugin_may_bring_an_initializer():
    with registry.temporary():
        registry.register_initializer(lambda shape, stream: np.full(shape, 7, np.float32), name="sevens")

        assert find_initializer("sevens")((2,), stream()).tolist() == [7, 7]

    with pytest.raises(UnknownNameError, match=r"no initializer named 'xaviar'.*Did you mean 'xavier'"):
        find_initializer("xaviar")
