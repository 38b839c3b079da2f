"""Threads and saving: what is per thread, what is shared, and what can be written down."""

import errno
import json
import os
import pickle
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from multiprocessing.reduction import DupFd
from threading import Barrier

import numpy as np
import pytest

from trivium import config, ops
from trivium.control import cond, scan
from trivium.errors import GraphError, SharedMemoryError
from trivium.graph import Graph, Slot
from trivium.graph_file import from_plain, to_plain
from trivium.op import OPS
from trivium.program import Program
from trivium.registry import find_device
from trivium.spec import Spec
from trivium.storage import Storage
from trivium.store import SessionStore
from trivium.tensor import Parameter, Tensor, recording, tape


def in_threads(function, count=2):
    """Run function(i, barrier) in threads at once.  What is looked at between two waits is looked at by all."""
    barrier = Barrier(count, timeout=30)
    with ThreadPoolExecutor(count) as pool:
        return [future.result(30) for future in [pool.submit(function, i, barrier) for i in range(count)]]


def test_recording_is_per_thread():
    def look(i, barrier):
        with recording(i == 0):
            barrier.wait()
            seen = tape.recording
            barrier.wait()
            return seen

    assert in_threads(look) == [True, False]


def test_the_chosen_device_is_per_thread(fakes):
    def look(i, barrier):
        with config.device(fakes.device(i)):
            barrier.wait()
            seen = Tensor.of(1.0).device.name
            barrier.wait()
            return seen

    assert in_threads(look) == ["fake:0", "fake:1"]


def test_bodies_are_traced_per_thread():
    def build(i, barrier):
        graph = Graph()
        x = graph.placeholder((2,))

        def then():
            barrier.wait()
            inside = x * float(i)
            barrier.wait()
            return inside

        y = cond(ops.sum(x) > 0.0, then, lambda: x)
        outside = [node.op.name for node in graph.nodes if node.op is ops.multiply]
        return Program([y]).run({x: np.ones(2, np.float32)})[0].numpy().tolist(), outside

    assert in_threads(build) == [([0, 0], []), ([1, 1], [])]


def test_concurrent_runs_of_one_program_have_memory_of_their_own(device):
    graph = Graph()
    x = graph.placeholder(("n",))
    y = x
    for _ in range(20):
        y = ops.tanh(y * 1.01)
    program = Program([y], device=device)
    expected = [program.run({x: np.full(1000, i, np.float32)})[0].numpy() for i in range(4)]

    def run(i, barrier):
        barrier.wait()
        return [program.run({x: np.full(1000, i, np.float32)})[0].numpy() for _ in range(20)]

    for i, results in enumerate(in_threads(run, 4)):
        assert all(np.array_equal(result, expected[i]) for result in results)


def a_graph():
    graph = Graph()
    x = graph.placeholder(("batch", 3), name="x")
    y = ops.sum(ops.tanh(x) * graph.constant(np.array([1, 2, np.inf], np.float32)), axis=(1,))
    z = cond(ops.sum(x) > 0.0, lambda: y, lambda: y * -1.0)
    (last,), _ = scan(lambda c, rows: ((c[0] + rows[0],), ()), (graph.constant(0.0, "float32"),), (z,))
    return graph, x, last


def test_a_saved_graph_is_plain_data_and_computes_the_same():
    graph, x, out = a_graph()

    text = json.dumps(to_plain(graph, [x, out]))
    _, (y, again), _ = from_plain(json.loads(text))

    feed = np.array([[0.1, 0.2, 0.3], [1, 2, 3]], np.float32)
    assert Program([again]).run({y: feed})[0].item() == Program([out]).run({x: feed})[0].item()


def test_a_saved_graph_carries_the_versions_of_its_ops_and_a_newer_one_is_refused():
    graph, _, out = a_graph()
    plain = to_plain(graph, [out])
    (tanh,) = [call for call in plain["calls"] if call["op"] == "tanh"]
    assert tanh["version"] == OPS["tanh"].version

    tanh["version"] += 1

    with pytest.raises(GraphError, match="tanh has version 2, this one knows 1; install a newer release"):
        from_plain(plain)


def test_state_is_saved_as_slots_without_values():
    weight = Tensor.of(np.ones(2, np.float32))
    graph = Graph()
    out = graph.capture(Parameter(weight, name="weight")) * 2.0

    _, (again,), slots = from_plain(to_plain(graph, [out]))

    assert list(slots) == ["weight"] and slots["weight"].spec is Spec((2,))
    store = SessionStore()
    store.adopt(slots["weight"], weight.storage)
    assert Program([again], store=store).run()[0].numpy().tolist() == [2, 2]


@pytest.mark.parametrize("thing", [Spec((2, 3)), OPS["tanh"]])
def test_specs_and_ops_are_pickled_by_name_and_stay_one_object(thing):
    assert pickle.loads(pickle.dumps(thing)) is thing


def test_a_storage_lends_its_memory_by_dlpack():
    x = Tensor.of(np.arange(3, dtype=np.float32))

    lent = np.from_dlpack(x)

    assert np.shares_memory(lent, x.numpy()) and lent.tolist() == [0, 1, 2]


def fill(sent, value):
    storage = Storage.attach(sent.detach(), Spec((3,)), find_device("cpu"))
    storage.buffer[...] = value


def test_a_storage_may_live_in_memory_that_processes_share():
    storage = Storage.shared(Spec((3,)), find_device("cpu"))
    worker = get_context("spawn").Process(target=fill, args=(DupFd(storage.descriptor), 7.0))

    worker.start()
    worker.join(60)

    assert worker.exitcode == 0
    assert storage.buffer.tolist() == [7, 7, 7]


def test_tensors_follow_their_storage_to_shared_memory():
    x = Tensor.of(np.arange(6, dtype=np.float32))
    column, storage = ops.reshape(x, shape=(2, 3)), x.storage

    x.share()
    column.write(ops.zeros(shape=(2, 3), place=x.device))

    assert storage.descriptor is not None
    assert x.numpy().tolist() == [0] * 6
    assert Storage.attach(os.dup(storage.descriptor), x.spec, x.device).buffer.tolist() == [0] * 6


def test_shared_memory_that_cannot_be_had_is_told_with_its_remedy(monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "ftruncate", full)
    monkeypatch.setattr(os, "posix_fallocate", full)

    with pytest.raises(SharedMemoryError, match=r"shared memory: 12 bytes cannot be had: No space .* --shm-size"):
        Storage.shared(Spec((3,)), find_device("cpu"))


def test_memory_of_a_device_is_not_shared_with_processes(fakes):
    with pytest.raises(RuntimeError, match="fake:0 has memory of its own"):
        Storage.shared(Spec((3,)), fakes.device(0))


def test_nameless_sizes_of_a_loaded_graph_are_no_others():
    graph = Graph()
    x = graph.placeholder((None, 3))

    _, (loaded,), _ = from_plain(json.loads(json.dumps(to_plain(graph, (x,)))))

    assert loaded.shape[0] != x.shape[0]


def test_two_slots_of_one_name_cannot_be_saved():
    graph = Graph()
    difference = graph.read(Slot(Spec(()), name="w")) - graph.read(Slot(Spec(()), name="w"))

    with pytest.raises(GraphError, match="two slots are named 'w'; give their layers names"):
        to_plain(graph, (difference,))


def test_settings_may_be_lists_and_numbers_of_numpy():
    graph = Graph()
    part = ops.slice(graph.placeholder((4,)), start=[1], stop=(np.int64(3),))

    loaded, (found,), _ = from_plain(json.loads(json.dumps(to_plain(graph, (part,)))))
    (value,) = Program([found]).run({loaded.nodes[0].outputs[0]: np.arange(4, dtype=np.float32)})

    assert value.numpy().tolist() == [1, 2]
