"""How far each value of a network sees: how many elements of the input, along each axis, it depends on.

Every axis of a value is made of strands: sizes that a reshape may take apart and put together again.  A strand along
which windows stand side by side knows the axis of the input that they cover, how many elements one of them sees
(`size`) and how far the next one is (`jump`).  Where an axis is added up its strands end, and what they saw together
is what everything after them sees.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from math import prod
from typing import Any, TypeAlias

from attrs import evolve, field, frozen

from trivium.graph import PLACEHOLDER, Graph, Node, Symbol
from trivium.ops.padding import numbers
from trivium.spec import Spec

InputAxis: TypeAlias = "tuple[Symbol, int]"


@frozen
class Reach:
    """What one element sees of an axis of the input, and how far its neighbour's view is from its own."""

    axis: InputAxis
    size: int = 1
    jump: Fraction = Fraction(1)

    def through(self, kernel: int, stride: int, dilation: int = 1) -> Reach:
        """After a window of this size slid over it."""
        return Reach(self.axis, self.size + int((kernel - 1) * dilation * self.jump), self.jump * stride)


@frozen
class Strand:
    """A part of an axis; `reach` is None where no axis of the input stands behind it."""

    count: int
    reach: Reach | None = None

    @property
    def extent(self) -> int:
        """What all its elements see together."""
        assert self.reach is not None
        return self.reach.size + int((self.count - 1) * self.reach.jump)


Axis: TypeAlias = "tuple[Strand, ...]"


@frozen
class View:
    """What a value sees.

    axes: the strands of each of its axes
    ends: of axes of the input whose strands have ended, how much every element sees
    """

    axes: tuple[Axis, ...]
    ends: Mapping[InputAxis, int] = field(factory=dict)

    def reaches(self) -> dict[InputAxis, Reach]:
        """What an element sees; a jump of 0 where all see the same.

        A value that windows have made and a value that has seen everything, such as a gate on channels, make one that
        counts as made by windows.
        """
        found = {axis: Reach(axis, size, Fraction(0)) for axis, size in self.ends.items()}
        strands = [strand for axis in self.axes for strand in axis if strand.reach is not None]
        return found | {strand.reach.axis: strand.reach for strand in strands if strand.reach is not None}

    def without(self, *indices: int) -> View:
        """The strands of these axes have ended."""
        ends = dict(self.ends)
        for i in indices:
            _end(self.axes[i], ends)
        kept = [plain(_count(axis)) if i in indices else axis for i, axis in enumerate(self.axes)]
        return View(tuple(kept), ends)


def plain(count: int) -> Axis:
    """An axis behind which no axis of the input stands."""
    return (Strand(count),)


def _count(axis: Axis) -> int:
    return prod(strand.count for strand in axis)


def _end(axis: Iterable[Strand], ends: dict[InputAxis, int]) -> None:
    for strand in axis:
        if strand.reach is not None:
            at = strand.reach.axis
            ends[at] = max(ends.get(at, 0), strand.extent)


def _joined(views: Sequence[View]) -> dict[InputAxis, int]:
    ends: dict[InputAxis, int] = {}
    for view in views:
        for axis, size in view.ends.items():
            ends[axis] = max(ends.get(axis, 0), size)
    return ends


class Views:
    """The views of all symbols of a graph.

    windowed: axes of the input over which some window slides: its spatial axes
    """

    def __init__(self, graph: Graph, inputs: Sequence[Symbol], sizes: Mapping[Any, int]) -> None:
        self.sizes = sizes
        self.windowed: dict[InputAxis, None] = {}
        self._views: dict[Symbol, View] = {}
        for x in inputs:
            counts = self.spec(x).shape
            reaches = [None, *[Reach((x, axis)) for axis in range(1, len(counts))]]
            self._views[x] = View(tuple([(Strand(count, reach),) for count, reach in zip(counts, reaches)]))
        for node in graph.nodes:
            if node.op is not PLACEHOLDER and any(x in self._views for x in node.inputs):
                self._pass(node)

    def of(self, symbol: Symbol) -> dict[InputAxis, Reach]:
        """What an element of a value sees of the spatial axes of the input."""
        view = self._views.get(symbol)
        found = {} if view is None else view.reaches()
        return {axis: found[axis] for axis in self.windowed if axis in found}

    def spec(self, x: Symbol) -> Spec:
        """Shape and dtype of a value, in numbers."""
        return x.spec.resolve(self.sizes)

    def _view(self, x: Symbol) -> View:
        return self._views.get(x) or View(tuple([plain(count) for count in self.spec(x).shape]))

    def _pass(self, node: Node) -> None:
        rule = RULES.get(node.op.name, same_places)
        for out in node.outputs:
            made = rule(self, node, self.spec(out))
            shape = self.spec(out).shape
            if tuple(map(_count, made.axes)) != tuple(shape):  # an output of another shape, such as a batch's mean
                made = ended(self, node, self.spec(out))
            self._views[out] = made

    def slid(self, axis: Axis, count: int, kernel: int, stride: int, dilation: int) -> Axis:
        """An axis over which windows slid."""
        if (kernel, stride) == (1, 1):
            return axis
        reach = axis[0].reach
        if reach is None:
            return plain(count)
        self.windowed[reach.axis] = None
        return (Strand(count, reach.through(kernel, stride, dilation)),)

    def first(self, node: Node) -> View:
        """The view of a call's first operand."""
        assert node.inputs[0] is not None
        return self._view(node.inputs[0])

    def operands(self, node: Node) -> list[View]:
        """Those of all its operands."""
        return [self._view(x) for x in node.inputs if x is not None]


# -- what an op does to a view -------------------------------------------------------------------------


def ended(views: Views, node: Node, out: Spec) -> View:
    """Every element of the result depends on all of the operands."""
    whole = [view.without(*range(len(view.axes))) for view in views.operands(node)]
    return View(tuple([plain(count) for count in out.shape]), _joined(whole))


def same_places(views: Views, node: Node, out: Spec) -> View:
    """Each element depends on those at its own place, operands broadcast; an op of another kind mixes all."""
    given = views.operands(node)
    fitting = [view for view in given if len(view.axes) <= out.ndim]
    axes: list[Axis] = []
    for i, count in enumerate(out.shape):
        behind = [view.axes[i - out.ndim] for view in fitting if i - out.ndim >= -len(view.axes)]
        axes.append(_widest([axis for axis in behind if _count(axis) == count], count))
    lost = [view for view in given if view not in fitting]
    return View(tuple(axes), _joined([*fitting, *[view.without(*range(len(view.axes))) for view in lost]]))


def _widest(axes: Sequence[Axis], count: int) -> Axis:
    """The axis whose strands see most."""

    def seen(axis: Axis) -> int:
        return max([strand.reach.size for strand in axis if strand.reach is not None], default=0)

    return max(axes, key=seen, default=plain(count))


def windows(kernel_of: Callable[[Views, Node], Sequence[int]]) -> Callable[[Views, Node, Spec], View]:
    """Windows that slide over all axes from the third on; a convolution also adds up the channels."""

    def rule(views: Views, node: Node, out: Spec) -> View:
        kernel = kernel_of(views, node)
        ndim = len(kernel)
        stride = node.setting("stride")
        strides = kernel if stride is None else numbers(stride, ndim, "stride")
        dilations = numbers(node.settings.get("dilation", 1), ndim, "dilation")
        mixes = [1] if node.op.name.startswith("convolution") else []
        view = views.first(node)
        busy = [i + 2 for i in range(ndim) if (kernel[i], strides[i]) != (1, 1)]
        view = view.without(*mixes, *[i for i in busy if len(view.axes[i]) > 1])
        axes = [*view.axes[:1], view.axes[1] if not mixes else plain(out.shape[1])]
        for i in range(ndim):
            axes.append(views.slid(view.axes[i + 2], out.shape[i + 2], kernel[i], strides[i], dilations[i]))
        return View(tuple(axes), view.ends)

    return rule


def spread(views: Views, node: Node, out: Spec) -> View:
    """A transposed convolution: several results between each two elements."""
    kernel = weight_kernel(views, node)
    strides = numbers(node.setting("stride"), len(kernel), "stride")
    view = views.first(node).without(1, *[i for i in range(2, out.ndim) if len(views.first(node).axes[i]) > 1])
    axes = [view.axes[0], plain(out.shape[1])]
    for axis, count, size, stride in zip(view.axes[2:], out.shape[2:], kernel, strides):
        reach = axis[0].reach
        if reach is not None:
            views.windowed[reach.axis] = None
            reach = evolve(reach.through((size - 1) // stride + 1, 1), jump=reach.jump / stride)
        axes.append((Strand(count, reach),))
    return View(tuple(axes), view.ends)


def transposed(views: Views, node: Node, out: Spec) -> View:
    """The axes in another order."""
    view, axes = views.first(node), node.setting("axes")
    order = range(out.ndim)[::-1] if axes is None else [axis % out.ndim for axis in axes]
    return View(tuple([view.axes[i] for i in order]), view.ends)


def reshaped(views: Views, node: Node, out: Spec) -> View:
    """The strands, dealt out anew; those that are torn end."""
    if 0 in out.shape:
        return ended(views, node, out)
    view = views.first(node)
    strands = [strand for axis in view.axes for strand in axis if strand.count != 1 or strand.reach is not None]
    ends = dict(view.ends)
    axes: list[Axis] = []
    for count in out.shape:
        axes.append(_taken(strands, count, ends))
    _end(strands, ends)
    return View(tuple(axes), ends)


def _taken(strands: list[Strand], count: int, ends: dict[InputAxis, int]) -> Axis:
    """As many strands from the front as make an axis of this size; what is left over of the last one is put back."""
    taken: list[Strand] = []
    left = count
    while left > 1 or (strands and strands[0].count == 1 and not taken):
        strand = strands.pop(0)
        if left % strand.count == 0:
            taken.append(strand)
            left //= strand.count
            continue
        _end([strand], ends)
        if strand.count % left:  # it reaches over both ends: nothing of the rest can be told apart
            _end(strands, ends)
            rest = prod([one.count for one in strands]) * strand.count // left
            strands[:] = [Strand(rest)]
        else:
            strands.insert(0, Strand(strand.count // left))
        taken.append(Strand(left))
        left = 1
    return tuple(taken) or plain(count)


def resized(view: View, out: Spec, steps: Sequence[Fraction | int]) -> View:
    """The same axes with other counts; from one element to the next it is `steps` elements of before."""
    torn = [i for i, axis in enumerate(view.axes) if _count(axis) != out.shape[i] and len(axis) > 1]
    view = view.without(*torn)
    axes = []
    for axis, count, step in zip(view.axes, out.shape, steps):
        reach = axis[0].reach
        is_same = _count(axis) == count and step == 1
        moved = None if reach is None else evolve(reach, jump=reach.jump * step)
        axes.append(axis if is_same else (Strand(count, moved),))
    return View(tuple(axes), view.ends)


def cut(views: Views, node: Node, out: Spec) -> View:
    """A part of the elements, or some more around them."""
    steps = node.settings.get("step") or (1,) * out.ndim
    return resized(views.first(node), out, [*[abs(n or 1) for n in steps], *[1] * (out.ndim - len(steps))])


def scaled(views: Views, node: Node, out: Spec) -> View:
    """Larger or smaller planes; an element depends on its neighbours too."""
    view = views.first(node)
    steps = [Fraction(_count(axis), count) if count else 1 for axis, count in zip(view.axes, out.shape)]
    return resized(view, out, steps)


def side_by_side(views: Views, node: Node, out: Spec) -> View:
    """Values one after another along an axis."""
    along = node.setting("axis") % out.ndim
    given = views.operands(node)
    axes = [_widest([view.axes[i] for view in given], out.shape[i]) for i in range(out.ndim)]
    rows = Spec([_count(axis) for axis in axes], out.dtype)
    joined = View(tuple(axes), _joined(given))
    return joined if rows.shape[along] == out.shape[along] else resized(joined, out, [1] * out.ndim)


def added_up(views: Views, node: Node, out: Spec) -> View:
    """Some axes become one value."""
    view, axis = views.first(node), node.setting("axis")
    ndim = len(view.axes)
    over = range(ndim) if axis is None else [i % ndim for i in ([axis] if isinstance(axis, int) else axis)]
    view = view.without(*over)
    if node.setting("keepdims"):
        return View(tuple([plain(1) if i in over else axis for i, axis in enumerate(view.axes)]), view.ends)
    return View(tuple([axis for i, axis in enumerate(view.axes) if i not in over]), view.ends)


def product(views: Views, node: Node, out: Spec) -> View:
    """Rows times columns."""
    x, y = views.operands(node)
    x, y = x.without(len(x.axes) - 1), y.without(len(y.axes) - 2)
    leading = x if len(x.axes) >= len(y.axes) else y
    return View((*leading.axes[:-2], x.axes[-2], y.axes[-1]), _joined([x, y]))


def weight_kernel(views: Views, node: Node) -> Sequence[int]:
    """The window of a convolution."""
    assert node.inputs[1] is not None
    return tuple(views.spec(node.inputs[1]).shape[2:])


def pool_kernel(views: Views, node: Node) -> Sequence[int]:
    """The window of a pool."""
    return numbers(node.setting("kernel"), len(views.first(node).axes) - 2, "kernel")


RULES: dict[str, Callable[[Views, Node, Spec], View]] = {
    "convolution": windows(weight_kernel),
    "max_pool": windows(pool_kernel),
    "average_pool": windows(pool_kernel),
    "convolution_input_gradient": spread,
    "transpose": transposed,
    "reshape": reshaped,
    "concatenate": side_by_side,
    "slice": cut,
    "pad": cut,
    "split": cut,
    "resize": scaled,
    "matmul": product,
    **dict.fromkeys(("sum", "mean", "max", "min", "all", "any", "logsumexp", "prod", "argmax", "argmin"), added_up),
    **dict.fromkeys(("softmax_cross_entropy", "gather", "einsum", "argsort", "nonzero"), ended),
}
