"""Nets: the layers of a prototxt file, wired, with blobs that can be read and written."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from trivium import config
from trivium.errors import FeedError, OutOfRangeError, ShapeError, TriviumError, UnknownNameError, did_you_mean
from trivium.graph import Graph
from trivium.program import Program
from trivium.tensor import Parameter
from trivium_api_prototxt import modes, weights
from trivium_api_prototxt.blob import Blob
from trivium_api_prototxt.draft import Draft
from trivium_api_prototxt.errors import PrototxtError, in_words
from trivium_api_prototxt.messages import TEST, TRAIN
from trivium_api_prototxt.net_message import read_net
from trivium_api_prototxt.observed import Observed
from trivium_api_prototxt.state import PHASE_NAMES, filter_net, state_of
from trivium_api_prototxt.vocabulary import Declared
from trivium_api_prototxt.wiring import Learned, Part, Wiring, flow


class Named(OrderedDict[str, Any]):
    """Things of a net by name; a name that nothing answers to gets the nearest one as a hint."""

    def __init__(self, kind: str, where: str, things: Iterable[tuple[str, Any]] = ()) -> None:
        super().__init__(things)
        self._kind, self._where = kind, where

    def __missing__(self, name: str) -> Any:
        raise UnknownNameError(
            f"{self._where}: no {self._kind} named {name!r}; there are {in_words(list(self), 'and') or 'none'}."
            f"{did_you_mean(str(name), self)}"
        )

    def __reduce__(self) -> Any:
        return OrderedDict, (list(self.items()),)


class Net:
    """A net in one phase.

    model:   a prototxt file, or a Draft that was filtered already
    phase:   caffe.TRAIN or caffe.TEST
    weights: a .caffemodel to start from
    share:   a net whose blobs layers of the same names use instead of their own
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | Draft,
        phase: Any = TEST,
        legacy_phase: Any = None,
        *,
        level: int = 0,
        stages: Sequence[str] | None = None,
        weights: str | os.PathLike[str] | None = None,
        share: Net | None = None,
    ) -> None:
        if legacy_phase is not None:  # Net(file, weights, phase)
            weights, phase = phase, legacy_phase
        draft = model if isinstance(model, Draft) else self._read(model, phase, level, stages or ())
        self.draft, self.path, self.name = draft, draft.place.path, draft.net.name
        self.phase = draft.net.state.phase
        self.is_forced = bool(draft.net.force_backward)
        self.device = modes.current_device()
        self._lender = share
        with config.device(self.device):
            wiring = Wiring(draft, self.device, self._borrow)
        self.parts = wiring.parts
        self.outputs = wiring.outputs
        self.inputs = [top for part in self.parts if part.row.name == "Input" for top in part.tops]
        self.blobs = Named("blob", self.path)
        for part in self.parts:
            for top, weight in zip(part.tops, part.loss_weights):
                shape = wiring.shapes()[top]
                if top not in self.blobs:
                    self.blobs[top] = Blob(shape, self.device, top)
                if weight:
                    self.blobs[top].diff[...] = weight
        self.params = Named("layer with parameters", self.path, self._params())
        self.layer_dict = Named("layer", self.path, [(part.name, part) for part in self.parts])
        self._observed: Observed | None = None
        self._shapes = self._source_shapes()
        if weights is not None:
            self.copy_from(weights)

    @staticmethod
    def _read(path: str | os.PathLike[str], phase: Any, level: int, stages: Sequence[str]) -> Draft:
        if phase not in PHASE_NAMES:
            raise PrototxtError(f"{os.fspath(path)}: phase {phase!r}: it is caffe.TRAIN or caffe.TEST")
        draft = read_net(path)
        return filter_net(draft, state_of(draft.net, phase, level, stages))

    def _params(self) -> list[tuple[str, list[Blob]]]:
        return [(part.name, [one.blob for one in part.learned]) for part in self.parts if part.learned]

    # -- what it is made of ---------------------------------------------------------------------------

    @property
    def layers(self) -> list[Part]:
        """Its layers in order."""
        return list(self.parts)

    @property
    def top_names(self) -> dict[str, list[str]]:
        """The tops of each layer."""
        return OrderedDict((part.name, list(part.tops)) for part in self.parts)

    @property
    def bottom_names(self) -> dict[str, list[str]]:
        """The bottoms of each layer."""
        return OrderedDict((part.name, list(part.bottoms)) for part in self.parts)

    @property
    def learned(self) -> list[Learned]:
        """Every blob that layers own, shared ones once."""
        return list({id(one.parameter): one for part in self.parts for one in part.learned}.values())

    @property
    def learning(self) -> list[Learned]:
        """Those that training changes."""
        return [one for one in self.learned if one.is_learning]

    def parameters(self) -> list[Parameter]:
        """The parameters that learn, for an optimizer of any style."""
        return [one.parameter for one in self.learning]

    @property
    def losses(self) -> list[tuple[Part, int, float]]:
        """(part, number of its top, weight) for each loss."""
        return [(part, i, w) for part in self.parts for i, w in enumerate(part.loss_weights) if w]

    @property
    def results(self) -> list[str]:
        """The blobs that tell how it does, in the order in which they are made: losses and outputs."""
        wanted = {*self.outputs, *[part.tops[i] for part, i, _ in self.losses]}
        return list(dict.fromkeys(top for part in self.parts for top in part.tops if top in wanted))

    @property
    def has_backward(self) -> bool:
        """Whether there is anything to differentiate, and something that wants it."""
        return self.is_forced or any(part.needs_gradient for part, _, _ in self.losses)

    @property
    def sources(self) -> list[Part]:
        """The layers that values come from."""
        return [part for part in self.parts if part.source]

    # -- running it -----------------------------------------------------------------------------------

    def forward(
        self, blobs: Sequence[str] | None = None, start: str | None = None, end: str | None = None, **inputs: Any
    ) -> dict[str, np.ndarray[Any, Any]]:
        """Compute layers `start` to `end`, all by default.

        blobs:  names of blobs wanted besides the outputs
        inputs: an array for each input of the net; another shape reshapes the net
        return: arrays of the outputs, or of the tops of `end`
        """
        first = 0 if start is None else self._position(start)
        last = len(self.parts) - 1 if end is None else self._position(end)
        self._check_range("forward", first, last)
        if inputs:
            self._feed(inputs)
        for part in self.parts[first : last + 1]:
            self.draw(part)
        self.reshape()
        self._run(self.observed.forward(first, last))
        wanted = self.outputs if end is None else self.parts[last].tops
        return {name: self.blobs[name].data for name in [*wanted, *(blobs or ())]}

    def backward(
        self, diffs: Sequence[str] | None = None, start: str | None = None, end: str | None = None, **tops: Any
    ) -> dict[str, np.ndarray[Any, Any]]:
        """Compute gradients from layer `start` down to layer `end`, all by default.  Those of parameters add up.

        diffs:  names of blobs whose gradient is wanted besides
        tops:   a gradient to start from, by name of the output or of a top of `start`
        return: gradients of the inputs, or of the bottoms of `end`
        """
        last = len(self.parts) - 1 if start is None else self._position(start)
        first = 0 if end is None else self._position(end)
        self._check_range("backward", first, last)
        allowed = self.outputs if start is None else self.parts[last].tops
        for name, diff in tops.items():
            if name not in allowed:
                raise FeedError(
                    f"backward: '{name}' is no place to start from; there are {in_words(allowed, 'and')}."
                    f"{did_you_mean(name, allowed)}"
                )
            self._fit(name, self.blobs[name].shape, diff)
            self.blobs[name].diff[...] = diff
        self.reshape()
        self._run(self.observed.backward(first, last, sorted(tops)))
        wanted = self.inputs if end is None else self.parts[first].bottoms
        return {name: self.blobs[name].diff for name in [*wanted, *(diffs or ())]}

    def reshape(self) -> None:
        """Let every blob follow the shapes of the net's sources."""
        shapes = self._source_shapes()
        if shapes == self._shapes:
            return
        graph = Graph()
        given = {top: graph.placeholder(shape, name=top) for top, shape in shapes.items()}
        with config.device(self.device):
            flows = flow(self.parts, given)
        for step in flows:
            for top, y in zip(step.part.tops, step.outputs):
                self.blobs[top].reshape(*y.shape)
        for part, i, weight in self.losses:
            self.blobs[part.tops[i]].diff[...] = weight
        self._shapes, self._observed = shapes, None

    def clear_param_diffs(self) -> None:
        """Set the gradients of all parameters to 0."""
        for one in self.learned:
            one.blob.diff_memory.write(0)

    def __call__(self, *inputs: Any, **named: Any) -> Any:
        """The net as a pure function of tensors or symbols, of any style.

        inputs: a value for each blob that a source makes, in order or by name
        return: the output, or a tuple of the outputs in the order of `outputs`
        """
        names = [top for part in self.sources for top in part.tops]
        if len(inputs) > len(names):
            raise FeedError(f"{self.path}: takes {len(names)} inputs, {in_words(names, 'and')}; got {len(inputs)}")
        given = {**dict(zip(names, inputs)), **named}
        for name in given:
            if name not in names:
                raise FeedError(
                    f"{self.path}: has no input '{name}'; it takes {in_words(names, 'and')}.{did_you_mean(name, names)}"
                )
        parts = self._reached_from(given)
        values: dict[str, Any] = {}
        for step in flow(parts, given):
            values.update(zip(step.part.tops, step.outputs))
        results = [values[name] for name in self.outputs if name in values]
        return results[0] if len(results) == 1 else tuple(results)

    def _reached_from(self, given: Mapping[str, Any]) -> list[Part]:
        """The parts that can be computed from these inputs; all others must not be needed for an output."""
        known = set(given)
        parts = []
        for part in self.parts:
            if part.source:
                if known.issuperset(part.tops):
                    parts.append(part)
            elif known.issuperset(part.bottoms):
                parts.append(part)
                known |= set(part.tops)
        if not any(name in known for name in self.outputs):
            needed = [top for part in self.sources for top in part.tops]
            raise FeedError(
                f"{self.path}: needs {in_words(needed, 'and')}; got {in_words(list(given), 'and') or 'nothing'}"
            )
        return parts

    @property
    def observed(self) -> Observed:
        """Its observed program for the present shapes."""
        if self._observed is None:
            with config.device(self.device):
                self._observed = Observed(self)
        return self._observed

    def draw(self, part: Part) -> None:
        """Put a source's next batch into its blobs."""
        if part.source is None:
            return
        batch = part.source.next()
        for top, values in zip(part.tops, batch or ()):
            self.blobs[top].data_memory.write(values)

    def push(self) -> None:
        """Bring the device's side of all parameters up to date."""
        if not self.device.backend.is_host:
            for one in self.learned:
                one.blob.data_memory.at_device()

    def changed(self, learned: Iterable[Learned]) -> None:
        """A program has overwritten parameters."""
        for one in learned:
            one.blob.data_memory.written()

    def run(self, program: Program, feeds: Mapping[Any, Any]) -> list[Any]:
        """Run a program over this net's parameters; what goes wrong there names the net."""
        self.push()
        try:
            results = program.run(feeds)
        except (OutOfRangeError, MemoryError) as error:
            raise PrototxtError(f"{self.path}: {_in_words(error)}") from error
        except TriviumError:
            raise
        except ValueError as error:
            raise PrototxtError(f"{self.path}: {error}") from error
        self.changed(self.stateful)
        return results

    @property
    def stateful(self) -> list[Learned]:
        """Blobs that a forward run changes: statistics."""
        return [one for one in self.learned if not one.parameter.trainable]

    def _run(self, work: Any) -> None:
        self.push()
        try:
            work.run()
        except (OutOfRangeError, MemoryError) as error:
            raise PrototxtError(f"{self.path}: {_in_words(error)}") from error
        except TriviumError:
            raise
        except ValueError as error:
            raise PrototxtError(f"{self.path}: {error}") from error
        self.changed(self.stateful)

    # -- inputs and ranges ----------------------------------------------------------------------------

    def _source_shapes(self) -> dict[str, tuple[int, ...]]:
        return {top: self.blobs[top].shape for part in self.sources for top in part.tops}

    def _feed(self, inputs: Mapping[str, Any]) -> None:
        for name in inputs:
            if name not in self.inputs:
                raise FeedError(
                    f"forward: '{name}' is no input of {self.path}; its inputs are "
                    f"{in_words(self.inputs, 'and') or 'none'}.{did_you_mean(name, self.inputs)}"
                )
        if missing := [name for name in self.inputs if name not in inputs]:
            raise FeedError(f"forward: nothing was given for {in_words(missing, 'and')}; give every input or none")
        for name, value in inputs.items():
            array = np.asarray(value)
            if array.dtype.kind not in "fiub":
                raise FeedError(f"forward: '{name}': {array.dtype} is no number; convert it to float32")
            if array.ndim != len(self.blobs[name].shape):
                raise FeedError(
                    f"forward: '{name}' has shape {array.shape}; its blob has {len(self.blobs[name].shape)} axes: "
                    f"{self.blobs[name].shape}"
                )
            self.blobs[name].reshape(*array.shape)
            self.blobs[name].data_memory.write(array)

    def _fit(self, name: str, shape: tuple[int, ...], value: Any) -> None:
        if np.shape(value) != shape:
            raise ShapeError(f"backward: the diff of '{name}' has shape {np.shape(value)}, its blob {shape}")

    def _position(self, name: str) -> int:
        """Where the last layer of this name stands."""
        self.layer_dict[name]
        return max(i for i, part in enumerate(self.parts) if part.name == name)

    def _check_range(self, what: str, first: int, last: int) -> None:
        if first > last:
            above, below = self.parts[first].name, self.parts[last].name
            raise PrototxtError(f"{self.path}: {what}: layer '{above}' comes after '{below}': swap start and end")

    # -- weights --------------------------------------------------------------------------------------

    def copy_from(self, path: str | os.PathLike[str]) -> None:
        """Take the weights of layers of the same names from a .caffemodel."""
        weights.copy(weights.read(path), self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write all weights to a .caffemodel, replacing the file only when all is written."""
        weights.save(path, self)

    def share_with(self, other: Net) -> None:
        """Use the blobs of layers of the same names in another net from now on."""
        self._lender = other
        for part in self.parts:
            if part.layer and part.learned:
                part.learned = [Learned(one.blob, one.parameter, one.lr_mult, one.decay_mult) for one in part.learned]
                self._lend(part)
        self.params = Named("layer with parameters", self.path, self._params())
        self._observed = None

    def _borrow(self, part: Part, declared: Declared) -> bool:
        """Let a part that is being made have the blobs of the lender; whether there are any."""
        if self._lender is None:
            return False
        lender = next((other for other in self._lender.parts if other.name == part.name and other.learned), None)
        if lender is None or part.row.blobs == ():
            return False
        assert part.layer is not None and lender.layer is not None
        specs = declared.specs[:1] if part.row.for_each else declared.specs
        wanted = part.layer.parameters(*specs)
        names = part.row.blobs_of(wanted)
        weights.check_fit(
            f"{part.place}: {part.title}", [wanted[name].shape for name in names],
            f"{lender.title} of {self._lender.path}", [one.blob.shape for one in lender.learned],
        )  # fmt: skip
        state = {name: spec.make(name) for name, spec in wanted.items() if name not in names}
        part.layer.owned = {**state, **{name: one.parameter for name, one in zip(names, lender.learned)}}
        part.layer.is_built = True
        part.learned = [Learned(one.blob, one.parameter) for one in lender.learned]
        return True

    def _lend(self, part: Part) -> None:
        assert self._lender is not None and part.layer is not None
        lender = next((other for other in self._lender.parts if other.name == part.name and other.learned), None)
        if lender is None:
            return
        weights.check_fit(
            f"{part.place}: {part.title}", [one.blob.shape for one in part.learned],
            f"{lender.title} of {self._lender.path}", [one.blob.shape for one in lender.learned],
        )  # fmt: skip
        names = part.row.blobs_of(part.layer.owned)
        for name, own, theirs in zip(names, part.learned, lender.learned):
            part.layer.owned[name] = own.parameter = theirs.parameter
            own.blob = theirs.blob

    def __repr__(self) -> str:
        return f"<net {self.name or self.path}, phase {PHASE_NAMES[self.phase]}, {len(self.parts)} layers>"


__all__ = ["TEST", "TRAIN", "Named", "Net"]


def _in_words(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return f"not enough memory: {str(error) or 'none is left'}; make its blobs smaller"
    return str(error)
