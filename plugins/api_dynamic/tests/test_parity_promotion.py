"""The lattice of dtypes, entry by entry."""

import itertools

import pytest

import trivium_api_dynamic as ours

DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64"]
NUMBERS = [True, 2, 1.5]


def tensors(torch, dtype):
    kind = getattr(torch, dtype)
    return torch.ones(2, dtype=kind), torch.ones((), dtype=kind)


@pytest.mark.parametrize(("a", "b"), list(itertools.product(DTYPES, DTYPES)))
def test_two_tensors(peer, a, b):
    assert repr(ours.promote_types(getattr(ours, a), getattr(ours, b))) == repr(
        peer.promote_types(getattr(peer, a), getattr(peer, b))
    )
    for mine, theirs in zip(
        itertools.product(tensors(ours, a), tensors(ours, b)), itertools.product(tensors(peer, a), tensors(peer, b))
    ):
        assert repr(ours.result_type(*mine)) == repr(peer.result_type(*theirs))
        assert repr((mine[0] * mine[1]).dtype) == repr((theirs[0] * theirs[1]).dtype)
        assert repr((mine[0] / mine[1]).dtype) == repr((theirs[0] / theirs[1]).dtype)


@pytest.mark.parametrize(("dtype", "number"), list(itertools.product(DTYPES, NUMBERS)))
def test_a_tensor_and_a_number(peer, dtype, number):
    for mine, theirs in zip(tensors(ours, dtype), tensors(peer, dtype)):
        assert repr((mine * number).dtype) == repr((theirs * number).dtype)
        assert repr((number * mine).dtype) == repr((number * theirs).dtype)
        assert (mine * number).float().tolist() == pytest.approx((theirs * number).float().tolist())


def test_where_and_cat_promote(peer):
    for torch_function in (
        lambda t: t.where(t.tensor([True, False]), t.tensor([1, 2]), t.tensor([1.5, 2.5])),
        lambda t: t.where(t.tensor([True, False]), t.tensor([1, 2]), 1.5),
        lambda t: t.cat([t.tensor([1]), t.tensor([1.5])]),
    ):
        assert repr(torch_function(ours)) == repr(torch_function(peer))


def test_an_in_place_result_never_falls_to_a_lower_category(peer):
    for torch in (ours, peer):
        with pytest.raises(RuntimeError, match="result type Float can't be cast to the desired output type Long"):
            torch.tensor([1, 2]).add_(1.5)

        x = torch.tensor([1.0], dtype=torch.float16)
        x += torch.tensor([1.0], dtype=torch.float64)
        assert repr(x.dtype) == "torch.float16"
