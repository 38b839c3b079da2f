"""What someone with experience would say about a network.  Each rule looks for one thing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import prod

from attrs import evolve, frozen

from trivium.graph import ASSIGN, Node, Symbol
from trivium.ops.padding import numbers

from .survey import Survey, elements, is_trainable, slot_of

HUGE_SHARE, HUGE_COUNT = 1 / 3, 1_000_000  # of all parameters, and in numbers: what makes a dense layer huge
FAR_LARGER = 8  # times the input: where more of what a value sees is padding than image


@frozen
class Advice:
    """where: names of parts;  what: was found;  why: it matters;  remedy: what to do"""

    where: tuple[str, ...]
    what: str
    why: str
    remedy: str

    @property
    def places(self) -> str:
        """Where, in short."""
        few = ", ".join(self.where[:3])
        return few if len(self.where) <= 3 else f"{few} and {len(self.where) - 3} more"

    def __str__(self) -> str:
        return f"{self.places}: {self.what}: {self.why}; {self.remedy}"


def advise(survey: Survey) -> list[Advice]:
    """All that the rules find; the same about several parts is said once."""
    found: dict[tuple[str, str, str], Advice] = {}
    for rule in RULES:
        for one in rule(survey):
            key = (one.what, one.why, one.remedy)
            before = found[key].where if key in found else ()
            found[key] = evolve(one, where=tuple(dict.fromkeys([*before, *one.where])))
    return list(found.values())


# -- windows -------------------------------------------------------------------------------------------


def even_kernels(survey: Survey) -> Iterator[Advice]:
    """Windows without a middle, one beside the other."""
    for node, kernel, stride in windows(survey):
        counts = survey.shape(node.outputs[0])[2:]
        if any(size % 2 == 0 and step < size and n > 1 for size, step, n in zip(kernel, stride, counts)):
            yield Advice(
                (survey.where(node),),
                f"an even kernel, {by(kernel)} every {by(stride)}",
                "its windows have no middle, so planes change their size by one and values move by half an element",
                "take an odd size with padding (size - 1) / 2, or windows that do not overlap",
            )


def strides_beyond_kernels(survey: Survey) -> Iterator[Advice]:
    """Windows with gaps between them."""
    for node, kernel, stride in windows(survey):
        if any(step > size for size, step in zip(kernel, stride)):
            seen = prod(min(1.0, size / step) for size, step in zip(kernel, stride))
            yield Advice(
                (survey.where(node),),
                f"a stride beyond the kernel, {by(kernel)} every {by(stride)}",
                f"only {seen:.0%} of the values that come in are looked at",
                "pool first, or take a kernel as large as the stride (He et al., 2018, arXiv:1812.01187, on ResNet)",
            )


def windows(survey: Survey) -> Iterator[tuple[Node, Sequence[int], Sequence[int]]]:
    """Every convolution and pool with its kernel and stride."""
    for node in survey.calls:
        if node.op.name == "convolution":
            kernel = survey.shape(node.inputs[1])[2:]
        elif node.op.name in ("max_pool", "average_pool"):
            kernel = numbers(node.setting("kernel"), len(node.specs[0].shape) - 2, "kernel")
        else:
            continue
        stride = node.setting("stride")
        if not is_within(node):
            yield node, kernel, kernel if stride is None else numbers(stride, len(kernel), "stride")


def is_within(node: Node) -> bool:
    """Whether windows slide over channels, as for a local response normalization."""
    origin = node.inputs[0].node
    is_rearranged = node.op.name == "average_pool" and origin.op.name == "reshape"
    return is_rearranged and len(origin.specs[0].shape) == 4 and origin.specs[0].shape[1] == 1


def by(sizes: Sequence[int]) -> str:
    """5x5"""
    return "x".join(map(str, sizes))


# -- losses and norms ----------------------------------------------------------------------------------


def relu_before_softmax(survey: Survey) -> Iterator[Advice]:
    """Scores that cannot be negative."""
    for node in survey.calls:
        if node.op.name in ("softmax_cross_entropy", "softmax", "log_softmax"):
            maker = survey.origin(node.inputs[0])
            if maker.op.name == "relu" and maker in survey.network.parts:
                yield Advice(
                    (survey.where(maker),),
                    f"a ReLU right before {survey.where(node)}",
                    "scores cannot fall below 0, so no class can be ruled out, and a class at 0 learns nothing more",
                    "leave the ReLU out: softmax takes scores of any size",
                )


def bias_before_batch_norm(survey: Survey) -> Iterator[Advice]:
    """Biases that the mean, which is subtracted next, takes away again."""
    for node in survey.calls:
        bias = bias_of(survey, node)
        readers = survey.final_readers(node.outputs[0]) if bias is not None else []
        if readers and all(is_batch_norm(survey, reader) for reader in readers):
            yield Advice(
                (survey.where(node),),
                "a bias before batch norm",
                "the batch's mean is subtracted right after, so the bias has no effect and no gradient",
                "leave the bias out (bias=False, use_bias=False, bias_term: false): the norm has an offset of its own",
            )


def bias_of(survey: Survey, node: Node) -> object | None:
    """The parameter that a convolution or a sum adds to each channel, if it does."""
    if node.op.name == "convolution":
        bias = node.inputs[2] if len(node.inputs) > 2 else None
        return None if bias is None else slot_of(survey.origin(bias).outputs[0])
    if node.op.name == "add":
        makers = [survey.origin(x) for x in node.inputs if x is not None]
        slots = [slot_of(maker.outputs[0]) for maker in makers]
        if any(maker.op.name in ("matmul", "convolution") for maker in makers):
            return next((slot for slot in slots if slot is not None), None)
    return None


def is_batch_norm(survey: Survey, node: Node) -> bool:
    """Whether a call is batch norm, or a part of it."""
    part = survey.network.parts.get(node)
    return node.op.name == "batch_norm" or (part is not None and "batchnorm" in part.kind.lower())


# -- what is not used, and what is too large -------------------------------------------------------------


def dead_branches(survey: Survey) -> Iterator[Advice]:
    """Values that could learn, and that nobody reads."""
    network = survey.network
    learns: set[Symbol] = set()
    last = max([network.graph.nodes.index(x.node) for x in network.outputs], default=0)
    for node in network.graph.nodes[:last]:
        slots = [slot_of(x) for x in node.inputs if x is not None]
        flows = [
            x in learns for name, x in zip(node.op.names_of(len(node.inputs)), node.inputs)
            if x is not None and node.op.is_differentiable(name)
        ]  # fmt: skip
        if node.op is ASSIGN or not (any(flows) or any(map(is_trainable, slots))):
            continue
        kept = [
            x
            for i, x in enumerate(node.outputs)
            if node.op.outputs == "*" or node.op.outputs[i] not in node.op.auxiliary
        ]
        learns.update(kept)
        if node not in survey.needed and node in network.parts and not any(survey.readers.get(x) for x in kept):
            yield Advice(
                (survey.where(node),),
                "a dead branch: nobody reads what it makes",
                "it costs time and memory, and its parameters never learn",
                "use its result in the output or a loss, or remove it",
            )


def unused_parameters(survey: Survey) -> Iterator[Advice]:
    """Parameters that nothing is computed from."""
    if idle := survey.network.idle:
        yield Advice(
            tuple(idle),
            f"{sum(idle.values()):,} parameters that nothing is computed from",
            "they get no gradient, and weight decay alone moves them",
            "call the module in forward and use its result, or remove it",
        )


def huge_dense_layers(survey: Survey) -> Iterator[Advice]:
    """Dense layers that hold most of the parameters and do little of the work."""
    total, work = elements(slot for slots in survey.owned.values() for slot in slots), sum(survey.flops.values())
    for part, slots in survey.owned.items():
        if not any(node.op.name == "matmul" for node in survey.parts[part]):
            continue
        count = elements(slots)
        if count >= HUGE_COUNT and count > HUGE_SHARE * total:
            yield Advice(
                (part.name or part.kind,),
                f"a dense layer with {count:,} parameters",
                f"it holds {count / total:.0%} of all parameters for {survey.flops[part] / work:.1%} of the work, "
                "and overfits first",
                "average each channel over its plane and classify that (Lin et al., 2013, arXiv:1312.4400), as "
                "GoogLeNet and ResNet do; or let less come in",
            )


# -- what is seen of the input -----------------------------------------------------------------------------


def receptive_fields(survey: Survey) -> Iterator[Advice]:
    """The last windows see far less, or far more, than there is."""
    for node, x in judged(survey):
        for (source, axis), reach in survey.views.of(x).items():
            size = survey.shape(source)[axis]
            if reach.size < size and node is not None:
                yield Advice(
                    (survey.where(node),),
                    f"it averages values that see {reach.size} of the {size} elements along axis {axis} of "
                    f"{source.name}",
                    "no value sees how things lie that are further apart",
                    "use more layers, larger kernels, dilation, or an earlier stride",
                )
            elif reach.size > FAR_LARGER * size:
                yield Advice(
                    (survey.where(x.node),),
                    f"its values would see {reach.size} elements along axis {axis} of {source.name}, which has {size}",
                    "most of what they see is padding: the network is made for larger images",
                    "enlarge the images, or leave out early strides and pools",
                )
            else:
                continue
            break  # the other axis would say the same


def judged(survey: Survey) -> list[tuple[Node | None, Symbol]]:
    """Values that become one number each plane, with the call that does so; else the last that windows made."""
    averaged: list[tuple[Node | None, Symbol]] = []
    last: Symbol | None = None
    for node, kernel, _ in windows(survey):
        plane = survey.shape(node.inputs[0])[2:]
        if tuple(kernel) == plane and node.op.name == "average_pool":
            averaged.append((node, node.inputs[0]))
        elif prod(kernel) > 1:
            last = node.outputs[0]
    for node in survey.calls:
        if node.op.name == "mean" and node.inputs[0].ndim >= 3 and survey.views.of(node.inputs[0]):
            averaged.append((node, node.inputs[0]))
    return averaged[-1:] or ([(None, last)] if last is not None else [])


RULES: tuple[Callable[[Survey], Iterator[Advice]], ...] = (
    even_kernels,
    strides_beyond_kernels,
    relu_before_softmax,
    bias_before_batch_norm,
    dead_branches,
    unused_parameters,
    huge_dense_layers,
    receptive_fields,
)
