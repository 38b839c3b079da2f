"""Worker processes of a DataLoader: what they make, what they say when they fail, and that nothing of them is left."""

import gc
import multiprocessing
import os
import random
import resource
import signal
import subprocess
import sys
import time
import warnings
from multiprocessing import resource_tracker
from pathlib import Path

import numpy as np
import pytest

import trivium_api_dynamic as ours
from trivium_api_dynamic.utils.data import worker_pool

METHODS = ["fork", "spawn"]


@pytest.fixture(params=["ours", "peer"])
def torch(request):
    return ours if request.param == "ours" else request.getfixturevalue("peer")


@pytest.fixture(autouse=True)
def nothing_is_left(request):
    """No process and no open file outlives its loader."""
    resource_tracker.ensure_running()  # Python's own, which spawn starts once
    files = len(os.listdir("/proc/self/fd"))
    yield
    gc.collect()
    has_peer = "peer" in request.fixturenames or "torch" in request.fixturenames
    if not has_peer or request.node.callspec.params.get("torch") == "ours":
        assert multiprocessing.active_children() == []
        assert len(os.listdir("/proc/self/fd")) <= files


class Squares:
    """Sample i: i * i, the process that made it, and random numbers of three generators."""

    def __init__(self, torch, count=12, size=1, draws=True):
        self.torch_name, self.count, self.size, self.draws = torch.__name__, count, size, draws

    def __len__(self):
        return self.count

    def __getitem__(self, i):
        torch = sys.modules[self.torch_name]
        drawn = (torch.rand(1).item(), np.random.rand(), random.random()) if self.draws else ()
        return {"x": torch.full((self.size,), i * i), "pid": os.getpid(), "drawn": drawn}


def batches(loader):
    return [batch["x"][:, 0].tolist() for batch in loader]


def drawn(loader):
    return [tuple(np.stack([np.asarray(d) for d in batch["drawn"]]).ravel().tolist()) for batch in loader]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("size", [1, 30_000], ids=["small", "large"])
def test_the_order_is_the_same_with_any_number_of_workers(method, size):
    def orders(workers, **settings):
        ours.manual_seed(3)
        dataset = Squares(ours, 11, size, draws=False)
        loader = ours.utils.data.DataLoader(dataset, 2, True, num_workers=workers, **settings)
        return [batches(loader), batches(loader)]

    alone = orders(0)

    assert alone[0] != alone[1]
    assert orders(1, multiprocessing_context=method) == alone
    assert orders(3, multiprocessing_context=multiprocessing.get_context(method), prefetch_factor=1) == alone


@pytest.mark.parametrize("count", [1, 2])
def test_workers_make_the_batches_in_turn(torch, count):
    loader = torch.utils.data.DataLoader(Squares(torch), 2, num_workers=count)

    pids = [set(batch["pid"].tolist()) for batch in loader]

    assert all(len(each) == 1 and os.getpid() not in each for each in pids)
    assert pids[:count] * (6 // count) == pids
    assert len(set.union(*pids)) == count


def test_every_worker_and_every_epoch_has_random_numbers_of_its_own(torch):
    def epochs(**settings):
        torch.manual_seed(7)
        loader = torch.utils.data.DataLoader(Squares(torch, 4), num_workers=2, **settings)
        return drawn(loader) + drawn(loader)

    first = epochs()

    assert len({number for batch in first for number in batch}) == 3 * len(first)
    assert epochs() == first
    assert epochs(persistent_workers=True)[:4] == first[:4]


class Failing:
    """Fails at the fourth sample."""

    def __len__(self):
        return 6

    def __getitem__(self, i):
        if i == 3:
            raise KeyError("a name that is missing")
        return i


def test_an_exception_comes_back_with_its_own_traceback():
    loader = ours.utils.data.DataLoader(Failing(), 2, num_workers=2)
    iterator = iter(loader)
    assert next(iterator).tolist() == [0, 1]

    with pytest.raises(KeyError) as caught:
        next(iterator)

    text = str(caught.value)
    assert "Caught KeyError in DataLoader worker process 1." in text
    assert "Original Traceback (most recent call last)" in text
    assert "in __getitem__\n" in text and "KeyError: 'a name that is missing'" in text
    assert next(iterator).tolist() == [4, 5]  # the others are not lost


class Strange(Exception):
    """Cannot be made of a message alone."""

    def __init__(self, one, two):
        super().__init__(one + two)


def raise_strange(worker):
    raise Strange("of", "two")


def test_an_exception_of_worker_init_fn_comes_back(torch):
    loader = torch.utils.data.DataLoader([1, 2], num_workers=1, worker_init_fn=raise_strange)

    with pytest.raises(RuntimeError, match=r"Caught Strange in DataLoader worker process 0(.|\n)*Strange: oftwo"):
        list(loader)


def raise_local(worker):
    class Local(Exception):
        """Is known in the worker alone."""

    raise Local("told all the same")


def test_an_exception_that_only_the_worker_knows_comes_back_as_text():
    loader = ours.utils.data.DataLoader([1, 2], num_workers=1, worker_init_fn=raise_local)

    with pytest.raises(RuntimeError, match=r"in DataLoader worker process 0(.|\n)*Local: told all the same"):
        list(loader)


class Deadly:
    """Ends the process that asks for its second sample."""

    def __init__(self, how):
        self.how = how

    def __len__(self):
        return 4

    def __getitem__(self, i):
        if i == 1:
            os._exit(3) if self.how == "exit" else os.kill(os.getpid(), self.how)
        return i


@pytest.mark.parametrize(
    ("how", "words"),
    [(signal.SIGKILL, r"worker \(pid \d+\) is killed by signal: Killed"), ("exit", r"exited unexpectedly .*code 3")],
)
def test_a_worker_that_dies_is_told_at_once(how, words):
    with pytest.raises(RuntimeError, match=words):
        list(ours.utils.data.DataLoader(Deadly(how), num_workers=2))


def test_workers_that_are_kept_are_started_anew_after_one_has_died():
    loader = ours.utils.data.DataLoader(Squares(ours, 4), num_workers=2, persistent_workers=True)
    first = {batch["pid"].item() for batch in loader}
    os.kill(min(first), signal.SIGKILL)

    with pytest.raises(RuntimeError, match="is killed by signal"):
        list(loader)

    assert batches(loader) == [[0], [1], [4], [9]]


class Slow:
    """Takes its time."""

    def __len__(self):
        return 4

    def __getitem__(self, i):
        time.sleep(60 * i)
        return i


def test_a_batch_that_takes_too_long_is_an_error():
    iterator = iter(ours.utils.data.DataLoader(Slow(), num_workers=1, timeout=0.2))
    next(iterator)

    with pytest.raises(RuntimeError, match=r"DataLoader timed out after 0\.2 seconds"):
        next(iterator)


def test_leaving_the_loop_ends_workers_that_are_still_busy():
    started = time.monotonic()

    for _ in ours.utils.data.DataLoader(Slow(), num_workers=2):
        break

    assert multiprocessing.active_children() == []
    assert time.monotonic() - started < 20


def test_workers_are_kept_from_epoch_to_epoch(torch):
    def pids(loader):
        return {batch["pid"].item() for batch in loader}

    loader = torch.utils.data.DataLoader(Squares(torch), num_workers=2, persistent_workers=True)
    first = pids(loader)

    for batch in loader:
        assert batch["x"].item() == 0
        break

    assert pids(loader) == first and batches(loader) == [[i * i] for i in range(12)]
    assert pids(torch.utils.data.DataLoader(Squares(torch), num_workers=2)).isdisjoint(first)


class Numbers:
    """0 to 9, or the part of them that a worker is to read."""

    def __init__(self, torch, count=10, shares=True):
        self.torch_name, self.count, self.shares = torch.__name__, count, shares

    def __iter__(self):
        torch = sys.modules[self.torch_name]
        info = torch.utils.data.get_worker_info()
        if info is None or not self.shares:
            return iter(range(self.count))
        assert info.dataset is self
        return iter(range(info.id, self.count, info.num_workers))


def readable(torch, *args, **settings):
    """`Numbers` as an IterableDataset of this torch."""
    kind = type("Numbers", (Numbers, torch.utils.data.IterableDataset), {})
    return kind(torch, *args, **settings)


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("batch_size", [None, 1, 3])
@pytest.mark.parametrize("workers", [0, 1, 2])
def test_what_is_read_is_read_in_shares(peer, workers, batch_size, drop_last):
    def read(torch):
        drops = drop_last and batch_size is not None
        loader = torch.utils.data.DataLoader(readable(torch), batch_size, num_workers=workers, drop_last=drops)
        return [np.asarray(batch).tolist() for batch in loader]

    assert read(ours) == read(peer)


def test_what_is_read_has_no_order_to_change(torch):
    for settings in ({"shuffle": True}, {"sampler": [0]}, {"batch_sampler": [[0]]}):
        with pytest.raises(ValueError, match=f"IterableDataset: expected unspecified {next(iter(settings))} option"):
            torch.utils.data.DataLoader(readable(torch), **settings)


def test_a_dataset_that_is_read_twice_is_warned_of(torch):
    dataset = readable(torch, shares=False)
    type(dataset).__len__ = lambda self: self.count
    loader = torch.utils.data.DataLoader(dataset, num_workers=2)
    assert len(loader) == 10

    with pytest.warns(UserWarning, match="was reported to be 10"):
        assert len(list(loader)) == 20


def test_datasets_that_are_read_one_after_another(torch):
    chained = readable(torch, 2) + readable(torch, 3)

    assert list(chained) == [0, 1, 0, 1, 2]
    assert isinstance(chained, torch.utils.data.ChainDataset)
    with pytest.raises((AssertionError, TypeError), match="ConcatDataset does not support IterableDataset"):
        torch.utils.data.ConcatDataset([readable(torch)])


def test_tensors_arrays_and_parameters_arrive_with_their_dtypes_and_can_be_written_to():
    samples = [
        {
            "half": ours.ones(20_000).to(ours.bfloat16) * i, "leaf": ours.nn.Parameter(ours.ones(3)),
            "array": np.full(20_000, i), "empty": ours.zeros(0, 2), "scalar": ours.tensor(i), "text": "x" * 100_000,
        }
        for i in range(2)
    ]  # fmt: skip

    first, second = ours.utils.data.DataLoader(samples, batch_size=None, num_workers=1)

    second["half"].add_(1)
    second["array"] += 1
    assert repr(second["half"].dtype) == "torch.bfloat16" and second["half"].float().mean().item() == 2
    assert second["array"].tolist() == [2] * 20_000
    assert type(first["leaf"]) is ours.nn.Parameter and first["leaf"].requires_grad
    assert first["empty"].shape == (0, 2) and first["scalar"].item() == 0
    assert first["text"] == "x" * 100_000


def limit_files(worker):
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


def test_shared_memory_that_cannot_be_had_is_told():
    dataset = Squares(ours, 2, 100_000)
    loader = ours.utils.data.DataLoader(dataset, num_workers=1, worker_init_fn=limit_files)

    with pytest.raises(OSError, match=r"shared memory: 800,\d+ bytes cannot be had: File too large; .*ulimit -f"):
        list(loader)


def unpicklable(samples):
    return lambda: samples


def test_a_batch_that_cannot_be_sent_is_told():
    loader = ours.utils.data.DataLoader([1, 2], num_workers=1, collate_fn=unpicklable)

    with pytest.raises(AttributeError, match=r"in DataLoader worker process 0(.|\n)*[Cc]an't pickle"):
        list(loader)


def matrix(i):
    return (ours.ones(300, 300) @ ours.ones(300, 300)).sum().item()


class Products:
    """Uses the threads of BLAS."""

    def __len__(self):
        return 4

    def __getitem__(self, i):
        return matrix(i)


@pytest.mark.parametrize("method", METHODS)
def test_threads_of_blas_in_this_process_do_not_block_those_of_workers(method):
    assert matrix(0) == 300**3

    loader = ours.utils.data.DataLoader(Products(), num_workers=2, multiprocessing_context=method, timeout=60)

    assert [batch.item() for batch in loader] == [300.0**3] * 4


OPTIONS = {
    "prefetch without workers": {"prefetch_factor": 3},
    "keeping no workers": {"persistent_workers": True},
    "a context without workers": {"multiprocessing_context": "spawn"},
    "no workers": {"num_workers": -1},
    "negative time": {"timeout": -1},
    "nothing ahead": {"num_workers": 1, "prefetch_factor": -1},
    "an unknown way to start": {"num_workers": 1, "multiprocessing_context": "clone"},
}


@pytest.mark.parametrize("name", OPTIONS)
def test_options_without_sense_are_refused(torch, name):
    with pytest.raises((ValueError, AssertionError)):
        iter(torch.utils.data.DataLoader([1], **OPTIONS[name]))


INTERRUPTED = """
import os, sys, time
import trivium_api_dynamic as torch

class Data:
    def __len__(self):
        return 1000
    def __getitem__(self, i):
        if i > 8:
            time.sleep(60)
        return torch.full((50_000,), i)

loader = torch.utils.data.DataLoader(Data(), num_workers=2)
for number, batch in enumerate(loader):
    if number == 0:
        print("ready", flush=True)
"""


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda s: s.name)
def test_whatever_ends_the_program_ends_its_workers(sent):
    program = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    assert program.stdout.readline() == "ready\n"
    workers = children_of(program.pid)
    assert len(workers) == 2

    program.send_signal(sent)
    _, errors = program.communicate(timeout=60)

    assert program.returncode != 0
    assert errors.count("Traceback") == (sent == signal.SIGINT)
    until = time.monotonic() + 30
    while any(Path(f"/proc/{pid}").exists() for pid in workers) and time.monotonic() < until:
        time.sleep(0.01)
    assert not [pid for pid in workers if Path(f"/proc/{pid}").exists()]


@pytest.mark.parametrize("direction", ["send", "receive"])
def test_a_message_that_is_cut_in_two_ends_the_workers_and_the_next_epoch_has_new_ones(monkeypatch, direction):
    loader = ours.utils.data.DataLoader(Squares(ours), num_workers=2, persistent_workers=True)
    iterator, whole = iter(loader), getattr(worker_pool, direction)
    next(iterator)

    def cut(end, *message):
        end.send((True, [1])) if direction == "send" else end.recv()
        raise KeyboardInterrupt

    monkeypatch.setattr(worker_pool, direction, cut)
    with pytest.raises(KeyboardInterrupt):
        list(iterator)  # what the next batch needs may be there already
    monkeypatch.setattr(worker_pool, direction, whole)

    assert multiprocessing.active_children() == []
    assert batches(loader) == [[i * i] for i in range(12)]


def children_of(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_a_loader_that_is_only_made_starts_nothing():
    with warnings.catch_warnings():
        ours.utils.data.DataLoader([1], num_workers=4)

    assert multiprocessing.active_children() == []
