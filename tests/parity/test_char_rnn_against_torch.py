"""The char-RNN example learns what the same program learns on PyTorch; benchmarks/char_rnn_twins.py goes on longer."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch is not installed: install trivium[peers] to compare with it")
ROOT = Path(__file__).parents[2]
BENCHMARKS, EXAMPLE = ROOT / "benchmarks", ROOT / "examples" / "char_rnn"


def test_losses_of_both_programs_stay_within_a_percent_of_pytorchs(monkeypatch):
    for folder in (BENCHMARKS, EXAMPLE):
        monkeypatch.syspath_prepend(str(folder))
    import char_rnn_twins as twins  # noqa: PLC0415 - a benchmark, found only now

    monkeypatch.setattr(twins, "SETTINGS", {**twins.SETTINGS, "batch_size": 10, "hidden": 48})
    weights, args = twins.first_weights(), twins.settings(steps=40, log_interval=40)

    expected = twins.train_torch_program("torch", weights, args)
    dynamic = twins.train_torch_program("trivium_api_dynamic", weights, args)
    with_one_bias = twins.train_torch_program("torch", weights, args, has_one_bias=True)
    static = twins.train_tensorflow_program(weights, args)

    assert expected[-1] < 0.8 * expected[0]
    np.testing.assert_allclose(dynamic, expected, rtol=1e-2)
    np.testing.assert_allclose(static, with_one_bias, rtol=1e-2)
