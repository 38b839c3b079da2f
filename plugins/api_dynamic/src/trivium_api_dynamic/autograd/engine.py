"""backward and grad, in PyTorch's words."""

import warnings
from typing import Any

from trivium import autodiff, ops
from trivium.op import Leaf, add_hook
from trivium.tensor import Tensor as CoreTensor
from trivium.tensor import recording

from ..errors import ArgumentValueError, GradientError, SizeMismatchError, UnsupportedError
from ..tensors import RetainGradient, Tensor, as_ours, refreshed
from ..words import method
from . import anomaly

NO_PATH = "element {} of tensors does not require grad and does not have a grad_fn"
NO_SCALAR = "grad can be implicitly created only for scalar outputs"
SECOND = (
    "Trying to backward through the graph a second time, but the buffers have already been freed. Specify "
    "retain_graph=True if you need to backward through the graph a second time."
)
MODIFIED = "one of the variables needed for gradient computation has been modified by an inplace operation"


def several(values: Any) -> list[Any]:
    if values is None:
        return []
    return [values] if isinstance(values, CoreTensor) else list(values)


def seeds_of(outputs: list[Any], given: list[Any]) -> list[Any]:
    """What the gradient of each output starts as."""
    seeds = []
    for i, out in enumerate(outputs):
        if refreshed(out).edge is None:
            raise GradientError(NO_PATH.format(i))
        seed = given[i] if i < len(given) else None
        if seed is None:
            if out.spec.size != 1:
                raise GradientError(f"{NO_SCALAR}; this one is {out.spec}")
            seed = as_ours(autodiff.ones_like(out))
        elif seed.spec.shape != out.spec.shape:
            raise SizeMismatchError(
                f"Mismatch in shape: grad_output[{i}] has a shape of {list(seed.spec.shape)} and output[{i}] "
                "has a shape of "
                f"{list(out.spec.shape)}."
            )
        seeds.append(seed)
    return seeds


def walk(outputs: list[Any], seeds: list[Any], wanted: Any, keep: bool, create_graph: bool) -> dict[Any, Any]:
    """The gradients at the edges wanted, or at every leaf."""
    try:
        with recording(create_graph):
            if not anomaly.Mode.is_on:
                return autodiff.backprop(outputs, seeds, wanted, release=not keep)
            return anomaly.watched(outputs, lambda: autodiff.backprop(outputs, seeds, wanted), release=not keep)
    except GradientError as error:
        for part, words in (("a second time", SECOND), ("overwritten", MODIFIED)):
            if part in str(error):
                raise GradientError(f"{words}: {error}") from error
        raise


def backward(
    tensors: Any,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Any = None,
) -> None:
    """Add the gradient of these tensors to every leaf they depend on, or to `inputs` alone."""
    outputs = several(tensors)
    seeds = seeds_of(outputs, several(grad_tensors))
    keep = create_graph if retain_graph is None else retain_graph
    wanted = None if inputs is None else [refreshed(x).edge for x in several(inputs)]
    found = walk(outputs, seeds, wanted, keep, create_graph)
    taken = {id(seed.storage) for seed in seeds}
    for (node, index), g in found.items():
        if type(node) is Leaf:
            accumulate(node, g, taken, create_graph)
        else:
            keep_at(node, index, g)


def accumulate(leaf: Leaf, g: Any, taken: set[int], create_graph: bool) -> None:
    """Add to what a leaf holds; memory of its own, so that `grad.zero_()` is felt nowhere else."""
    old, g = leaf.value, as_ours(autodiff.dense(g))
    if old is None:
        if not create_graph and (g.layout is not None or id(g.storage) in taken):
            with recording(False):
                g = ops.copy(g)
        taken.add(id(g.storage))
        leaf.value = g
    elif create_graph or old.edge is not None:
        with recording(create_graph):
            leaf.value = old + g
    else:
        with recording(False):
            CoreTensor.run_into(ops.add, [old, g], {}, [old])


def keep_at(node: Any, index: int, g: Any) -> None:
    """A gradient asked for by `inputs` at a tensor that is no leaf."""
    hook = RetainGradient()
    hook(g)
    node.hooks = node.hooks or {}
    node.hooks.setdefault(index, []).append(hook)


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """The gradients of the sum of outputs with respect to each input; nothing is accumulated."""
    if is_grads_batched:
        raise UnsupportedError("autograd.grad: is_grads_batched: call it once for each grad_outputs")
    if not only_inputs:
        warnings.warn(
            "only_inputs argument is deprecated and is ignored now (defaults to True). To accumulate gradient for "
            "other parts of the graph, please use torch.autograd.backward.",
            FutureWarning,
            stacklevel=2,
        )
    if materialize_grads and allow_unused is False:
        raise ArgumentValueError("Expected allow_unused to be True or not passed when materialize_grads=True")
    outs, wanted = several(outputs), several(inputs)
    for x in wanted:
        if refreshed(x).edge is None:
            raise GradientError("One of the differentiated Tensors does not require grad")
    keep = create_graph if retain_graph is None else retain_graph
    found = walk(outs, seeds_of(outs, several(grad_outputs)), [x.edge for x in wanted], keep, create_graph)
    result = [found.get(autodiff.slot(x.edge)) for x in wanted]
    result = [None if g is None else as_ours(g) for g in result]
    for i, (x, g) in enumerate(zip(wanted, result)):
        if g is None and materialize_grads:
            result[i] = as_ours(autodiff.zeros(x.spec, x))
        elif g is None and not allow_unused:
            raise GradientError(
                "One of the differentiated Tensors appears to not have been used in the graph. Set "
                "allow_unused=True if this "
                "is the desired behavior."
            )
    return tuple(result)


# -- the same as methods -------------------------------------------------------------------------


@method(name="backward")
def tensor_backward(self, gradient=None, retain_graph=None, create_graph=False, inputs=None):
    """Add the gradient of this tensor to every leaf it depends on."""
    backward(self, gradient, retain_graph, create_graph, inputs)


class Handle:
    """What takes a hook away again."""

    def __init__(self, remove: Any) -> None:
        self.remove = remove

    def __enter__(self) -> "Handle":
        return self

    def __exit__(self, *error: Any) -> None:
        self.remove()


@method
def register_hook(self, hook):
    """Call `hook(gradient)` when the gradient of this tensor is complete; what it returns takes its place."""
    if refreshed(self).edge is None:
        raise GradientError("cannot register a hook on a tensor that doesn't require gradient")
    return Handle(add_hook(self.edge, lambda g: hook(as_ours(g))))


@method
def retain_grad(self):
    """Keep the gradient of this tensor in `.grad`, though it is no leaf."""
    if refreshed(self).edge is None:
        raise GradientError("can't retain_grad on Tensor that has requires_grad=False")
    if type(self.edge) is not Leaf and not self.retains_grad:
        add_hook(self.edge, RetainGradient())


def retains_grad(self):
    """Whether a tensor that is no leaf keeps its gradient."""
    edge = self.edge
    if edge is None or type(edge) is Leaf:
        return False
    node, index = getattr(edge, "call", edge), getattr(edge, "index", 0)
    return any([type(hook) is RetainGradient for hook in (node.hooks or {}).get(index, ())])


Tensor.retains_grad = property(retains_grad)
