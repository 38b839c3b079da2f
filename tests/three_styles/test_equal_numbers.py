"""One network in three styles: equal bits on `cpu`, and the same training on a device with memory of its own."""

import sys
from pathlib import Path

import numpy as np
import pytest

from trivium import config, registry
from trivium.testing.fake import FakeBackend

EXAMPLES = Path(__file__).parents[2] / "examples"
VARIANTS = ("plain", "dropout", "batch norm")


@pytest.fixture
def styles(monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLES))
    monkeypatch.delitem(sys.modules, "three_styles", raising=False)
    import three_styles  # noqa: PLC0415 - an example, found only now

    monkeypatch.setattr(three_styles, "STEPS", 3)
    monkeypatch.setattr(three_styles, "BATCH", 8)
    return three_styles


def trained(styles, variant):
    weights = styles.first_weights(variant)
    runs = (styles.train_static, styles.train_dynamic, styles.train_prototxt)
    return [run(variant, weights) for run in runs]


@pytest.mark.parametrize("variant", VARIANTS)
def test_losses_and_parameters_are_equal_bit_for_bit(styles, variant):
    (losses, weights), *others = trained(styles, variant)

    for other_losses, other_weights in others:
        assert other_losses == losses
        assert all(np.array_equal(other_weights[name], weights[name]) for name in weights)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_device_with_memory_of_its_own_trains_alike(styles, variant):
    (on_host, weights), *_ = trained(styles, variant)

    with registry.temporary():
        registry.register_backend(FakeBackend("fake"))
        with config.device("fake"):
            runs = trained(styles, variant)

    for losses, found in runs:
        np.testing.assert_allclose(losses, on_host, rtol=1e-5)
        for name in weights:
            np.testing.assert_allclose(found[name], weights[name], rtol=1e-4, atol=1e-6)


def test_own_layouts_and_conventions_stay_close(styles):
    weights = styles.first_weights("plain")

    static, _ = styles.train_static("plain", weights, channels_last=True)
    prototxt, _ = styles.train_prototxt("plain", weights, form="")
    dynamic, _ = styles.train_dynamic("plain", weights)

    np.testing.assert_allclose(static, dynamic, rtol=1e-5)
    np.testing.assert_allclose(prototxt, dynamic, rtol=1e-5)
