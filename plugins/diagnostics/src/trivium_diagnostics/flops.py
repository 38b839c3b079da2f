"""How many floating-point operations a call of an op takes: one table, by the op's name.

A multiplication and the addition after it count as two; so does every framework's figure "in multiply-adds" times two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any, TypeAlias

from attrs import frozen

from trivium.graph import CONSTANT, PLACEHOLDER, READ, Graph, Node
from trivium.op import Op
from trivium.spec import Spec, resolve


@frozen
class Work:
    """A call, as the table sees it: sizes are numbers.

    inputs: a Spec each, None for an optional one that is left out
    """

    inputs: Sequence[Spec | None]
    outputs: Sequence[Spec]
    settings: Mapping[str, Any]

    def size(self, index: int = 0) -> int:
        """Elements of an input."""
        spec = self.inputs[index]
        return 0 if spec is None else prod(spec.shape)

    @property
    def made(self) -> int:
        """Elements of the first output."""
        return prod(self.outputs[0].shape)


Rule: TypeAlias = Callable[[Work], int]


def each_input(times: int = 1) -> Rule:
    """So many for each element of the first input."""
    return lambda work: times * work.size() if times else 0


def in_window(work: Work) -> int:
    """Elements of one window."""
    kernel, ndim = work.settings["kernel"], work.inputs[0].ndim - 2
    return kernel**ndim if isinstance(kernel, int) else prod(kernel)


def convolution(work: Work) -> int:
    """Each result is as many products as one filter has elements, and their sum."""
    has_bias = len(work.inputs) > 2 and work.inputs[2] is not None
    return work.made * (2 * prod(work.inputs[1].shape[1:]) + has_bias)


def convolution_input_gradient(work: Work) -> int:
    """As many products as the convolution."""
    return 2 * work.size() * prod(work.inputs[1].shape[1:])


def convolution_weight_gradient(work: Work) -> int:
    """As many products as the convolution."""
    return 2 * work.size(1) * prod(work.outputs[0].shape[1:])


def matmul(work: Work) -> int:
    """Each result is a row times a column."""
    return 2 * work.made * work.inputs[0].shape[-1]


def einsum(work: Work) -> int:
    """A product and a sum for each combination of indices."""
    terms = work.settings["equation"].replace(" ", "").split("->")[0].split(",")
    sizes: dict[str, int] = {}
    for term, spec in zip(terms, work.inputs):
        sizes.update(zip(term.replace("...", ""), spec.shape[-len(term.replace("...", "")) :]))
    return 2 * max(prod(sizes.values()), work.made)


def neighbours(work: Work) -> int:
    """A square, the sum of the neighbours, and what is made of it."""
    return work.size() * (work.settings["size"] + 5)


NOTHING, REDUCTION, SOFTMAX, NORMALIZATION = [each_input(times) for times in (0, 1, 5, 7)]

TABLE: dict[str, Rule] = {
    "matmul": matmul,
    "einsum": einsum,
    "convolution": convolution,
    "convolution_input_gradient": convolution_input_gradient,
    "convolution_weight_gradient": convolution_weight_gradient,
    "max_pool": lambda work: work.made * in_window(work),
    "average_pool": lambda work: work.made * in_window(work),
    "max_pool_gradient": REDUCTION,
    "average_pool_gradient": lambda work: work.size() * in_window(work),
    "local_response_norm": neighbours,
    "batch_norm": NORMALIZATION,
    "layer_norm": NORMALIZATION,
    "group_norm": NORMALIZATION,
    "batch_norm_gradient": each_input(11),
    "softmax": SOFTMAX,
    "log_softmax": SOFTMAX,
    "softmax_cross_entropy": SOFTMAX,
    "softmax_cross_entropy_gradient": each_input(2),
    "dropout": each_input(2),
    **dict.fromkeys(
        ("sum", "mean", "max", "min", "argmax", "argmin", "sum_to", "prod", "logsumexp", "cumsum", "cumprod",
         "scatter_add", "put_along_add"),
        REDUCTION,
    ),
    **dict.fromkeys(
        ("placeholder", "constant", "read", "assign", "reshape", "transpose", "broadcast_to", "concatenate", "split",
         "slice", "slice_gradient", "pad", "copy", "gather", "take_along", "scatter", "put_along", "one_hot", "zeros",
         "ones", "full", "arange", "zeros_like", "ones_like", "stop_gradient", "cast", "as_strided", "overwrite",
         "advance", "random_bits", "diagonal", "embed_diagonal", "element_count"),
        NOTHING,
    ),
}  # fmt: skip


def flops(op: Op, inputs: Sequence[Spec | None], outputs: Sequence[Spec], settings: Mapping[str, Any]) -> int:
    """The floating-point operations of one call whose sizes are all known.

    An op that has no row is as much work as what it is composed of; an elementwise one, as it has results.
    """
    if op.name in TABLE:
        return TABLE[op.name](Work(inputs, outputs, {**op.defaults, **settings}))
    if op.name in BODIES:
        return BODIES[op.name](settings, inputs)
    if op.decompose is not None and not op.elementwise:
        return _of_composition(op, inputs, settings)
    return sum(prod(spec.shape) for spec in outputs[: 1 if op.elementwise else None])


def flops_of(node: Node, sizes: Mapping[Any, int]) -> int:
    """Those of a call of a graph, where its unknown sizes are these."""
    inputs = [None if x is None else x.spec.resolve(sizes) for x in node.inputs]
    settings = {name: resolve(value, sizes) for name, value in node.settings.items()}
    return flops(node.op, inputs, [spec.resolve(sizes) for spec in node.specs], settings)


def _of_composition(op: Op, inputs: Sequence[Spec | None], settings: Mapping[str, Any]) -> int:
    graph = Graph()
    operands = [None if spec is None else graph.placeholder(spec.shape, spec.dtype) for spec in inputs]
    op.decompose(*operands, **op.complete(settings))
    return _of_graph(graph, {})


def _of_graph(graph: Graph, sizes: Mapping[Any, int]) -> int:
    return sum(flops_of(node, sizes) for node in graph.nodes if node.op not in (PLACEHOLDER, CONSTANT, READ))


def _of_body(body: Any) -> int:
    return _of_graph(body.graph, body.sizes)


# Calls that run other graphs: the more costly branch; a loop of unknown length once.
BODIES: dict[str, Callable[[Mapping[str, Any], Sequence[Spec | None]], int]] = {
    "cond": lambda settings, inputs: max(_of_body(settings["then"]), _of_body(settings["orelse"])),
    "while_loop": lambda settings, inputs: _of_body(settings["condition"]) + _of_body(settings["body"]),
    "scan": lambda settings, inputs: settings["length"] * _of_body(settings["body"]),
}
