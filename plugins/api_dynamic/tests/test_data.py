"""Datasets, samplers and loaders."""

from collections import namedtuple

import numpy as np
import pytest

import trivium_api_dynamic as ours


@pytest.fixture(params=["ours", "peer"])
def torch(request):
    if request.param == "peer":
        return request.getfixturevalue("peer")
    return ours


def batches(loader):
    return [b[0].tolist() for b in loader]


def numbers(torch, count=7):
    return torch.utils.data.TensorDataset(torch.arange(count), torch.arange(count) * 2)


def test_batches_in_order_the_last_one_smaller_or_dropped(torch):
    loader = torch.utils.data.DataLoader(numbers(torch), batch_size=3)
    dropping = torch.utils.data.DataLoader(numbers(torch), batch_size=3, drop_last=True)

    assert batches(loader) == [[0, 1, 2], [3, 4, 5], [6]]
    assert batches(dropping) == [[0, 1, 2], [3, 4, 5]]
    assert (len(loader), len(dropping)) == (3, 2)


def test_a_shuffle_follows_from_the_seed_and_changes_from_epoch_to_epoch(torch):
    loader = torch.utils.data.DataLoader(numbers(torch, 50), batch_size=50, shuffle=True)

    torch.manual_seed(1)
    first, second = batches(loader), batches(loader)
    torch.manual_seed(1)

    assert [batches(loader), batches(loader)] == [first, second]
    assert first != second
    assert sorted(first[0]) == list(range(50))


def test_a_loader_may_have_a_generator_of_its_own(torch):
    def order():
        generator = torch.Generator().manual_seed(5)
        return batches(
            torch.utils.data.DataLoader(numbers(torch, 20), batch_size=20, shuffle=True, generator=generator)
        )

    first = order()
    torch.manual_seed(9)

    assert order() == first


def test_samples_are_collated_by_what_they_are(torch):
    Pair = namedtuple("Pair", "image label")
    samples = [
        {"x": np.array([i, 2.0], np.float32), "n": i, "f": 0.5, "t": "ab", "l": [i, (torch.tensor(i), Pair(i, 1))]}
        for i in range(2)
    ]  # fmt: skip

    (batch,) = torch.utils.data.DataLoader(samples, batch_size=2)

    assert batch["x"].tolist() == [[0, 2], [1, 2]]
    assert repr(batch["x"].dtype) == "torch.float32"
    assert (repr(batch["n"].dtype), repr(batch["f"].dtype)) == ("torch.int64", "torch.float64")
    assert batch["t"] == ["ab", "ab"]
    assert batch["l"][0].tolist() == [0, 1]
    assert batch["l"][1][1].label.tolist() == [1, 1]


def test_samplers(torch):
    data = torch.utils.data
    weighted = data.WeightedRandomSampler([0.0, 1.0, 0.0, 3.0], 20)

    assert list(data.BatchSampler(data.SequentialSampler(range(5)), 2, False)) == [[0, 1], [2, 3], [4]]
    assert sorted(data.SubsetRandomSampler([3, 5, 7])) == [3, 5, 7]
    assert set(weighted) <= {1, 3}
    assert len(list(data.RandomSampler(range(3), replacement=True, num_samples=10))) == 10
    assert batches(data.DataLoader(numbers(torch), batch_sampler=[[0, 2], [1]])) == [[0, 2], [1]]


def test_splits_subsets_and_sums(torch):
    data = torch.utils.data
    parts = data.random_split(range(10), [0.3, 0.7])
    joined = data.ConcatDataset([numbers(torch, 2), data.Subset(numbers(torch), [5])])

    assert [len(p) for p in parts] == [3, 7]
    assert sorted([*parts[0], *parts[1]]) == list(range(10))
    assert [joined[i][0].item() for i in range(3)] == [0, 1, 5]
    with pytest.raises(ValueError, match="Sum of input lengths does not equal"):
        data.random_split(range(10), [3, 3])


def test_samples_one_by_one_and_a_collate_function_of_ones_own(torch):
    data = torch.utils.data

    assert list(data.DataLoader([1, 2], batch_size=None, collate_fn=lambda s: s * 10)) == [10, 20]
    assert list(data.DataLoader([1, 2, 3], batch_size=2, collate_fn=sum)) == [3, 3]


EXCLUSIVE = {
    "sampler and shuffle": {"sampler": [0], "shuffle": True},
    "batch_sampler and batch_size": {"batch_sampler": [[0]], "batch_size": 2},
    "no batches and drop_last": {"batch_size": None, "drop_last": True},
}


@pytest.mark.parametrize("name", EXCLUSIVE)
def test_options_that_exclude_one_another_are_refused(torch, name):
    with pytest.raises(ValueError, match="mutually exclusive"):
        torch.utils.data.DataLoader([1, 2], **EXCLUSIVE[name])


def test_tensors_of_different_lengths_make_no_dataset(torch):
    with pytest.raises((ValueError, AssertionError), match="Size mismatch between tensors"):
        torch.utils.data.TensorDataset(torch.ones(2), torch.ones(3))


def test_tensors_that_do_not_stack_and_things_that_are_no_samples_are_refused(torch):
    collate = torch.utils.data.default_collate

    with pytest.raises(RuntimeError, match=r"stack expects each tensor to be equal size, but got \[2\] at entry 0"):
        collate([torch.ones(2), torch.ones(3)])
    with pytest.raises(RuntimeError, match="each element in list of batch should be of equal size"):
        collate([[1, 2], [3]])
    with pytest.raises(TypeError, match=r"default_collate: batch must contain tensors, numpy arrays.*NoneType"):
        collate([None])
    with pytest.raises(TypeError, match=r"found <class 'numpy\.ndarray'>|found <U2"):
        collate([np.array(["ab"])])


def test_samples_without_a_batch_become_tensors_where_they_are_arrays(torch):
    samples = [{"x": np.array([1, 2]), "t": "ab", "n": 3}]

    (sample,) = torch.utils.data.DataLoader(samples, batch_size=None)

    assert sample["x"].tolist() == [1, 2] and isinstance(sample["x"], torch.Tensor)
    assert (sample["t"], sample["n"]) == ("ab", 3)


def test_each_process_of_several_has_its_share(torch):
    def shares(count, **settings):
        sampler = torch.utils.data.distributed.DistributedSampler
        return [list(sampler(range(count), num_replicas=3, rank=rank, **settings)) for rank in range(3)]

    shuffled = shares(10, seed=3)

    assert shares(7, shuffle=False) == [[0, 3, 6], [1, 4, 0], [2, 5, 1]]
    assert shares(7, shuffle=False, drop_last=True) == [[0, 3], [1, 4], [2, 5]]
    assert {number for share in shuffled for number in share} == set(range(10))
    assert shares(10, seed=3) == shuffled != shares(10, seed=4)


def test_an_epoch_of_a_share_has_its_own_order(torch):
    sampler = torch.utils.data.DistributedSampler(range(50), num_replicas=2, rank=0)

    first = list(sampler)
    sampler.set_epoch(1)

    assert list(sampler) != first


def test_datasets_side_by_side(torch):
    data = torch.utils.data

    assert data.StackDataset(range(3), "abc")[1] == (1, "b")
    assert data.StackDataset(x=range(3), y="abc")[2] == {"x": 2, "y": "c"}
    with pytest.raises(ValueError, match="Size mismatch between datasets"):
        data.StackDataset(range(3), "ab")
