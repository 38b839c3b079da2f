"""Mixed precision: the heavy ops compute in a narrow dtype, everything else stays float32."""

from __future__ import annotations

import numpy as np

from .. import ops
from ..graph import Node, Symbol
from ..spec import as_dtype
from .block import Block, Pass

HEAVY = (
    "matmul", "convolution", "convolution_input_gradient", "convolution_weight_gradient",
)  # fmt: skip


def mixed_precision(dtype: str = "bfloat16", heavy: tuple[str, ...] = HEAVY) -> Pass:
    """A pass that casts the float32 operands of heavy ops to `dtype` and their results back.

    Parameters stay float32: each program casts its own copy (Micikevicius et al., 2018, arXiv:1710.03740).
    """
    narrow = as_dtype(dtype)

    def cast_around(block: Block) -> Block:
        narrowed: dict[Symbol, Symbol] = {}
        nodes: list[Node] = []

        def narrow_operand(x: Symbol, reader: Node) -> Symbol:
            node = Node.inserted(ops.cast, (x,), {"dtype": narrow.name}, f"{x.name} as {dtype}")
            node.device = reader.device
            nodes.append(node)
            return node.outputs[0]

        for node in block.nodes:
            if node.op.name not in heavy or any(x is not None and x.spec.dtype != np.float32 for x in node.inputs):
                nodes.append(node)
                continue
            operands = []
            for x in node.inputs:
                if x is not None and x not in narrowed:
                    narrowed[x] = narrow_operand(x, node)
                operands.append(None if x is None else narrowed[x])
            heavy_node = Node.inserted(node.op, tuple(operands), node.settings, node.name or node.op.name)  # type: ignore[arg-type]
            heavy_node.device, heavy_node.controls = node.device, node.controls
            nodes.append(heavy_node)
            back = Node(ops.cast, heavy_node.outputs, {"dtype": "float32"}, node.specs)
            back.outputs, back.name, back.device = node.outputs, f"{node.op.name} as float32", node.device
            nodes.append(back)
        return block.with_nodes(nodes)

    cast_around.is_exact = False  # type: ignore[attr-defined]
    return cast_around
