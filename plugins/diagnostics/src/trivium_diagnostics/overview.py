"""What a network is like, part by part and as a whole."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from .advice import Advice, advise
from .network import Network, Part
from .printing import as_text
from .readers import read
from .survey import Survey, bytes_of, elements, is_trainable


@frozen
class Line:
    """One part.

    shapes:     of what others read of it
    parameters: that training changes; each is counted where it is used first
    state:      numbers that it keeps, which training does not change
    flops:      of one forward run
    field:      for each spatial axis how much of the input an element sees, and how far its neighbour's view is
    activation_bytes, parameter_bytes: of what it makes, and of parameters and state
    """

    name: str
    kind: str
    shapes: tuple[tuple[int, ...], ...]
    parameters: int
    state: int
    flops: int
    field: tuple[tuple[int, float], ...]
    activation_bytes: int
    parameter_bytes: int


@frozen
class Summary:
    """A network: its parts, their sums, and advice.

    FLOPs count a multiplication and an addition as two.  Activations are what a forward run of this batch makes, each
    part's results counted once; training keeps most of them until the backward run, and a gradient for each.
    """

    name: str
    inputs: tuple[tuple[str, tuple[int, ...]], ...]
    lines: tuple[Line, ...]
    advice: tuple[Advice, ...]

    def total(self, what: str) -> int:
        """The sum over all lines: "parameters", "state", "flops", "activation_bytes", "parameter_bytes"."""
        return sum(getattr(line, what) for line in self.lines)

    @property
    def parameters(self) -> int:
        """How many numbers training changes."""
        return self.total("parameters")

    @property
    def flops(self) -> int:
        """Floating-point operations of one forward run."""
        return self.total("flops")

    def __str__(self) -> str:
        return as_text(self)


def summary(thing: Any, *examples: Any, batch: int | None = None, **options: Any) -> Summary:
    """What a network is like; nothing is computed.

    thing:    a module of the dynamic style, in the mode that it is in; a tensor, list of tensors or graph of the static
              style; a prototxt file or net
    examples: for a module: tensors, or shapes, that it is called with
    batch:    the size of axis 0 of the inputs, where it is not known or shall be another
    phase:    for a prototxt file, caffe.TRAIN or caffe.TEST
    """
    return summarize(read(thing, *examples, batch=batch, **options))


def summarize(network: Network) -> Summary:
    """The summary of a network in core words."""
    survey = Survey(network)
    return Summary(
        network.name,
        tuple([(x.name, tuple(network.spec(x).shape)) for x in network.inputs]),
        tuple([_line(survey, part) for part in survey.parts]),
        tuple(advise(survey)),
    )


def _line(survey: Survey, part: Part) -> Line:
    results, owned = survey.results(part), survey.owned.get(part, [])
    reaches = survey.views.of(results[0]).values()
    return Line(
        name=part.name,
        kind=part.kind,
        shapes=tuple([survey.shape(x) for x in results]),
        parameters=elements([slot for slot in owned if is_trainable(slot)]),
        state=elements([slot for slot in owned if not is_trainable(slot)]),
        flops=survey.flops[part],
        field=tuple([(reach.size, float(reach.jump)) for reach in reaches]),
        activation_bytes=bytes_of([survey.network.spec(x) for x in results]),
        parameter_bytes=bytes_of([slot.spec for slot in owned]),
    )
