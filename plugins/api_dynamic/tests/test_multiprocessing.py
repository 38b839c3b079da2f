"""Tensors that several processes share."""

import gc
import os
import signal
from pathlib import Path

import numpy as np
import pytest

import trivium_api_dynamic as torch

mp = torch.multiprocessing


def add_one(x):
    x.add_(1)


def answer(asked, answers):
    x, view, weight = asked.get(timeout=60)
    answers.put((x is not view, x.data_ptr() == view.data_ptr(), type(weight).__name__, weight.requires_grad))
    view[0] = 7
    with torch.no_grad():
        weight.mul_(2)
    answers.put(torch.arange(3))
    asked.get(timeout=60)


def train(index, net, steps):
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    for _ in range(steps):
        optimizer.zero_grad()
        net(torch.ones(4, 2)).square().mean().backward()
        optimizer.step()


def fail(index):
    if index == 1:
        raise ValueError("the second one")
    signal.pause()


def die(index, how):
    os._exit(3) if how == "exit" else os.kill(os.getpid(), signal.SIGKILL)


def square(x):
    return x * x


def mapped_memory():
    """How much of this process's memory can be shared by us."""
    gc.collect()
    return Path("/proc/self/maps").read_text().count("memfd:trivium")


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_process_writes_to_the_tensor_that_it_was_given(method):
    x = torch.zeros(3).share_memory_()

    process = mp.get_context(method).Process(target=add_one, args=(x,))
    process.start()
    process.join(60)

    assert x.is_shared() and not torch.zeros(1).is_shared()
    assert x.tolist() == [1, 1, 1]


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_tensors_in_a_queue_are_shared_and_views_stay_views(method):
    context = mp.get_context(method)
    asked, answers = context.Queue(), context.Queue()
    x, weight = torch.zeros(2, 3), torch.nn.Parameter(torch.ones(2))
    process = context.Process(target=answer, args=(asked, answers))
    process.start()

    asked.put((x, x.t(), weight))
    told, counted = answers.get(timeout=60), answers.get(timeout=60).clone()
    asked.put(None)
    process.join(60)

    assert told == (True, True, "Parameter", True)
    assert x.tolist() == [[7, 0, 0], [7, 0, 0]]
    assert weight.tolist() == [2, 2]
    assert counted.tolist() == [0, 1, 2]


def test_a_module_in_shared_memory_is_trained_by_several_processes():
    net = torch.nn.Linear(2, 3).share_memory()
    before = net(torch.ones(4, 2)).square().mean().item()

    mp.spawn(train, (net, 20), nprocs=2)

    assert net(torch.ones(4, 2)).square().mean().item() < before / 2


def test_a_pool_maps_tensors():
    with mp.get_context("fork").Pool(2) as pool:
        squares = [x.tolist() for x in pool.map(square, [torch.tensor([1.0, n]) for n in range(4)])]

    assert squares == [[1, n * n] for n in range(4)]


def test_the_first_process_that_fails_ends_all_with_its_traceback():
    with pytest.raises(mp.ProcessRaisedException, match=r"Process 1 (.|\n)*in fail\n(.|\n)*the second one") as caught:
        mp.start_processes(fail, nprocs=2, start_method="fork")

    assert caught.value.error_index == 1


@pytest.mark.parametrize(("how", "words"), [("exit", "with exit code 3"), ("kill", "with signal SIGKILL")])
def test_a_process_that_dies_is_told(how, words):
    with pytest.raises(mp.ProcessExitedException, match=f"process 0 terminated {words}"):
        mp.start_processes(die, (how,), nprocs=1, start_method="fork")


def test_shared_memory_ends_with_its_last_tensor():
    before, files = mapped_memory(), len(os.listdir("/proc/self/fd"))

    x = torch.zeros(1000).share_memory_()
    view = x[10:]
    assert mapped_memory() > before
    del x
    assert view.sum().item() == 0
    del view

    assert (mapped_memory(), len(os.listdir("/proc/self/fd"))) == (before, files)


def test_a_tensor_that_is_no_leaf_is_not_sent():
    queue = mp.SimpleQueue()

    with pytest.raises(torch.errors.GradientError, match=r"non-leaf tensor which requires_grad.* call detach\(\)"):
        queue.put(torch.ones(2, requires_grad=True) * 2)


def put_and_end(queue):
    queue.put(torch.ones(2))


def test_a_tensor_whose_sender_has_ended_is_told():
    queue = mp.get_context("fork").SimpleQueue()
    process = mp.get_context("fork").Process(target=put_and_end, args=(queue,))
    process.start()
    process.join(60)

    with pytest.raises(RuntimeError, match=r"float32\[2\] was sent by a process that has ended"):
        queue.get()


def test_numbers_survive_the_move_to_shared_memory():
    x = torch.tensor(np.arange(6.0).reshape(2, 3), requires_grad=True)
    y = x.detach()[:, 1:]

    x.share_memory_()
    (x * x).sum().backward()

    assert y.tolist() == [[1, 2], [4, 5]]
    assert y.data_ptr() == x.data_ptr() + 8
    assert x.grad.tolist() == [[0, 2, 4], [6, 8, 10]]


def test_sharing_strategies_have_pytorchs_names():
    mp.set_sharing_strategy("file_system")
    assert mp.get_sharing_strategy() == "file_system"
    mp.set_sharing_strategy("file_descriptor")

    with pytest.raises(ValueError, match="'files'; there are file_descriptor, file_system"):
        mp.set_sharing_strategy("files")
