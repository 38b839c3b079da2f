"""Random numbers come from a counter: the same on every device, never twice the same by accident."""

import numpy as np

from trivium import config, ops
from trivium.graph import Graph
from trivium.initializer import find_initializer
from trivium.program import Program
from trivium.randomness import Stream, next_stream, seed, stream_state
from trivium.registry import find_layer
from trivium.tensor import Tensor


def test_bits_are_those_of_philox(device):
    state = Tensor.of(np.zeros(2, np.uint64), device=device)

    bits = ops.random_bits(state, shape=(4,)).numpy()

    assert [f"{word:08x}" for word in bits] == ["6627e8d5", "e169c58d", "bc57ac4c", "9b00dbd8"]


def test_the_key_is_seed_and_stream_and_the_counter_starts_at_zero():
    assert stream_state(5, seed=7).tolist() == [7 + (5 << 32), 0]


def test_a_draw_advances_the_counter_by_the_blocks_that_it_used(device):
    state = Tensor.of(np.array([9, 0], np.uint64), device=device)

    whole = ops.random_bits(state, shape=(12,)).numpy()
    later = ops.advance(state, count=ops.blocks((5,)))

    assert later.numpy().tolist() == [9, 2]
    assert ops.random_bits(later, shape=(4,)).numpy().tolist() == whole[8:].tolist()


def test_dropout_never_reuses_a_mask_neither_eagerly_nor_in_a_program(device):
    seed(3)
    with config.device(device):
        layer = find_layer("Dropout")(0.5)
        x = Tensor.of(np.ones(64, np.float32), device=device)
        eager = [layer(x, training=True).numpy().tobytes() for _ in range(3)]

        seed(3)
        layer = find_layer("Dropout")(0.5)
        graph = Graph()
        y = graph.placeholder((64,))
        twice = [layer(y, training=True) for _ in range(2)]  # as with iter_size: two draws in one run
    program = Program(twice, updates=graph.updates, device=device)
    planned = [out.numpy().tobytes() for _ in range(2) for out in program.run({y: np.ones(64, np.float32)})]

    assert len(set(planned)) == 4
    assert planned[:3] == eager


def test_every_random_layer_has_a_stream_of_its_own():
    seed(1)
    first = [next_stream(), next_stream()]
    seed(1)

    assert first == [next_stream(), next_stream()] and first[0] != first[1]


def test_a_random_layer_does_not_change_the_weights_of_others():
    def weights(with_dropout):
        seed(1)
        x = Tensor.of(np.ones((2, 3), np.float32))
        if with_dropout:
            x = find_layer("Dropout")(0.5)(x, training=True)
        layer = find_layer("Dense")(4)
        layer(x)
        return layer.weight.numpy()

    assert np.array_equal(weights(True), weights(False))


def test_initial_weights_are_the_same_on_every_device(device):
    def weights():
        seed(1)
        layer = find_layer("Dense")(4, weight_initializer="xavier")
        layer(Tensor.of(np.ones((2, 3), np.float32)))
        return layer.weight

    on_host = weights()
    with config.device(device):
        here = weights()

    assert here.device is device
    assert here.numpy().tobytes() == on_host.numpy().tobytes()


def test_streams_of_weights_follow_the_seed():
    draws = []
    for number in (1, 1, 2):
        seed(number)
        draws.append(find_initializer("xavier")((3, 3), Stream()).tobytes())

    assert draws[0] == draws[1] != draws[2]
