"""Random tensors: the same from the same seed, and distributed as they say."""

import math

import pytest

import trivium_api_dynamic as torch

COUNT = 20_000


def drawn(name, *args, start=None):
    x = torch.zeros(COUNT) if start is None else start
    return getattr(x, name)(*args)


# name and arguments: mean and variance
MOMENTS = {
    ("uniform_", -1.0, 3.0): (1, 16 / 12),
    ("normal_", 2.0, 0.5): (2, 0.25),
    ("bernoulli_", 0.3): (0.3, 0.21),
    ("exponential_", 2.0): (0.5, 0.25),
    ("geometric_", 0.25): (4, 12),
    ("log_normal_", 0.0, 0.5): (math.exp(0.125), (math.exp(0.25) - 1) * math.exp(0.25)),
    ("random_", 2, 12): (6.5, 99 / 12),
}


@pytest.mark.parametrize("call", MOMENTS, ids=lambda call: call[0])
def test_moments(call):
    torch.manual_seed(0)
    mean, variance = MOMENTS[call]

    x = drawn(*call)

    assert x.mean().item() == pytest.approx(mean, abs=5 * math.sqrt(variance / COUNT))
    assert x.var().item() == pytest.approx(variance, rel=0.15)


def test_cauchy_has_a_median_and_quartiles():
    torch.manual_seed(1)

    x = drawn("cauchy_", 3.0, 2.0)

    low, middle, high = x.quantile(torch.tensor([0.25, 0.5, 0.75])).tolist()
    assert (low, middle, high) == pytest.approx((1, 3, 5), abs=0.2)


@pytest.mark.parametrize("name", ["uniform_", "normal_", "random_", "exponential_"])
def test_the_same_seed_draws_the_same(name):
    draws = []
    for _ in range(2):
        torch.manual_seed(7)
        draws.append([drawn(name)[:5].tolist(), torch.randperm(9).tolist(), torch.randint(0, 9, (3,)).tolist()])

    assert draws[0] == draws[1]
    assert drawn(name)[:5].tolist() != draws[0][0]


def test_a_generator_is_a_sequence_of_its_own():
    ours = torch.Generator().manual_seed(5)
    torch.manual_seed(5)
    before = torch.get_rng_state()

    first = torch.rand(3, generator=ours)
    state = ours.get_state()
    second = torch.rand(3, generator=ours)
    ours.set_state(state)

    assert torch.equal(torch.rand(3, generator=ours), second)
    assert not torch.equal(first, second)
    assert torch.equal(torch.get_rng_state(), before)
    assert ours.initial_seed() == 5


def test_seeds_of_64_bits_are_taken():
    draws = []
    for seed in (1, 1 + (1 << 40), -1):
        torch.manual_seed(seed)
        assert torch.initial_seed() == seed
        draws.append(torch.rand(1).item())

    assert len(set(draws)) == 3
    with pytest.raises(ValueError, match="64 bits"):
        torch.manual_seed(1 << 64)


def test_multinomial_draws_in_proportion():
    torch.manual_seed(2)
    chances = torch.tensor([[1.0, 0.0, 3.0], [2.0, 2.0, 0.0]])

    again = torch.multinomial(chances, COUNT, replacement=True)
    once = torch.multinomial(torch.ones(50, 4), 4)

    assert again.shape == (2, COUNT)
    share = (again == 2).float().mean(1)
    assert share[0].item() == pytest.approx(0.75, abs=0.02) and share[1].item() == 0
    assert not (again[0] == 1).any()
    assert all(sorted(row) == [0, 1, 2, 3] for row in once.tolist())


def test_bernoulli_takes_each_chance_from_its_element():
    torch.manual_seed(3)

    x = torch.bernoulli(torch.tensor([0.0, 1.0, 0.25]).expand(COUNT, 3))

    assert x.mean(0).tolist() == pytest.approx([0, 1, 0.25], abs=0.02)
    assert x.dtype == torch.float32


def test_integers_fill_the_range_of_their_dtype():
    torch.manual_seed(4)

    x = torch.zeros(COUNT, dtype=torch.uint8).random_()

    assert (x.min().item(), x.max().item()) == (0, 255)
    assert torch.zeros(1000, dtype=torch.bool).random_().float().mean().item() == pytest.approx(0.5, abs=0.1)
