"""Passes: one idea each, switched off by name, and exact unless they say otherwise."""

import numpy as np

from trivium import config, ops, registry
from trivium.graph import Graph, Node
from trivium.program import Program

VALUES = np.array([1.0, -2.0, 3.0], np.float32)


def doubled_relu(block):
    """Nonsense on purpose, so that one sees whether it ran."""
    nodes = []
    for node in block.nodes:
        if node.op is ops.relu:
            inner = Node.inserted(ops.add, (node.inputs[0], node.inputs[0]), {}, "doubled")
            nodes.append(inner)
            node = node.with_inputs(inner.outputs)
        nodes.append(node)
    return block.with_nodes(nodes)


def run(**options):
    graph = Graph()
    x = graph.placeholder((3,))
    (out,) = Program([ops.relu(x)], **options).run({x: VALUES})
    return out.numpy().tolist()


def test_a_registered_pass_runs_in_every_program_until_it_is_switched_off():
    with registry.temporary():
        registry.register_pass(doubled_relu)

        assert run() == [2.0, 0.0, 6.0]
        assert run(without=["doubled_relu"]) == [1.0, 0.0, 3.0]

    assert run() == [1.0, 0.0, 3.0]


def test_a_pass_that_changes_bits_stays_out_where_exact_ones_are_asked_for(monkeypatch):
    monkeypatch.setattr(doubled_relu, "is_exact", False, raising=False)
    with registry.temporary():
        registry.register_pass(doubled_relu)

        assert run() == [2.0, 0.0, 6.0]
        with config.override(exact=True):
            assert run() == [1.0, 0.0, 3.0]
