"""A recorded run as a program: what it is fed, what it changes, and when it still holds."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from typing import Any

from attrs import define, field, frozen

from trivium.graph import Symbol
from trivium.op import Leaf
from trivium.program import Program
from trivium.storage import Storage
from trivium.tensor import Recorded
from trivium.tensor import Tensor as CoreTensor

from ..tensors import as_ours
from .differentiable import Differentiable
from .live import Live
from .recorder import Recorder
from .structure import emptied, refilled, tensors_in
from .surroundings import held_by, state_of


@frozen
class Guard:
    """What must be as it was when the run was recorded.

    used:    tensors from outside, with their memory, and where their gradients end
    modules: what each was like
    held:    tensors that objects hold as attributes
    leaves:  what each gradient was: None, this very tensor where it is added to, or any
    """

    used: tuple[tuple[CoreTensor, Storage, Leaf | None], ...]
    modules: tuple[tuple[Any, Any], ...]
    held: tuple[tuple[dict[str, Any], str, CoreTensor], ...]
    leaves: tuple[tuple[Leaf, Any, bool], ...]
    effects: tuple[Any, ...]

    def holds(self) -> bool:
        """Whether all of it is so now."""
        for x, storage, leaf in self.used:
            if x.storage is not storage or (x.edge is not leaf if leaf is not None else type(x.edge) is Leaf):
                return False
        for module, state in self.modules:
            if state_of(module) != state:
                return False
        for attributes, name, x in self.held:
            if attributes.get(name) is not x:
                return False
        for leaf, before, is_added_to in self.leaves:
            if leaf.value is not before if is_added_to else (leaf.value is None) != (before is None):
                return False
        return all([effect.fits() for effect in self.effects])


@define
class Result:
    """What a run returned: a structure, and for each tensor in it where it comes from.

    sources: ("same", tensor), ("argument", number) or ("made", number of the symbol)
    """

    structure: Any
    sources: list[tuple[str, Any]]

    def refilled(self, arguments: Sequence[Any], made: Sequence[Any]) -> Any:
        """The structure with the tensors of another run."""
        found = {"same": lambda x: x, "argument": lambda i: arguments[i], "made": lambda i: made[i]}
        return refilled(self.structure, iter([found[kind](which) for kind, which in self.sources]))


@define
class Variant:
    """A compiled run.

    given:     a symbol for each argument
    lives:     numbers that are asked for anew
    gradients: what each leaf holds afterwards: a tensor, or the number of the symbol made; an argument's leaf by number
    overwritten: arguments that the run has overwritten: number, number of the symbol made
    escaped:   where a tensor was made that the run has left somewhere else than in its result; it would be stale
    """

    guard: Guard
    given: list[Symbol]
    lives: list[tuple[Symbol, Live]]
    effects: list[Any]
    gradients: list[tuple[Any, Any]]
    overwritten: list[tuple[int, int]]
    result: Result
    run_program: Any
    escaped: list[str] = field(factory=list)

    def run(self, arguments: Sequence[CoreTensor]) -> Any:
        """Do what the recorded run did, with these arguments."""
        done = []
        try:
            for effect in self.effects:
                effect.before()
                done.append(effect)
            feeds: dict[Symbol, Any] = dict(zip(self.given, arguments))
            feeds.update([(symbol, live.compute()) for symbol, live in self.lives])
            made = self.run_program(feeds, arguments)
        except BaseException:
            for effect in reversed(done):
                effect.undo()
            raise
        for effect in self.effects:
            effect.after()
        for leaf, gradient in self.gradients:
            if isinstance(leaf, int):
                arguments[leaf].edge.value = made[gradient]
            else:
                leaf.value = gradient
        for argument, which in self.overwritten:
            CoreTensor.assign(arguments[argument], made[which])
        return self.result.refilled(arguments, made)


def variant_of(
    recorder: Recorder, returned: Any, arguments: Sequence[CoreTensor], given: list[Symbol], objects: list[Any]
) -> Variant:
    """The program that does what was recorded."""
    outs = tensors_in(returned)
    made: list[Symbol] = []
    sources = [source_of(recorder, x, arguments, made) for x in outs]
    gradients, kept = gradients_after(recorder, arguments, made)
    overwritten = []
    for storage in recorder.written:
        if storage in recorder.given:
            overwritten.append((recorder.given[storage], len(made)))
            made.append(recorder.whole[storage])
        elif storage in recorder.slots:
            recorder.graph.updates.append(recorder.graph.assign(recorder.slots[storage], recorder.whole[storage]))
    wants = {which for (kind, which), x in zip(sources, outs) if kind == "made" and has_gradient(x)}
    device = next((x.device for x in (*arguments, *recorder.slots.values())), None)
    if wants:
        run_program = differentiable(recorder, made, wants, given, arguments, device)
    else:
        program = Program(made, updates=recorder.graph.updates, device=device)

        def run_program(feeds: Any, arguments: Any) -> list[Any]:
            return [as_ours(x) for x in program.run(feeds)]

    variant = Variant(
        Guard(
            tuple(recorder.used.values()), tuple(recorder.modules.items()), tuple(held_by(objects)),
            leaves_before(recorder, {x.edge for x in arguments}), tuple(recorder.effects),
        ),
        given, [(symbol, live) for symbol, live, _ in recorder.lives.values()], recorder.effects, gradients,
        overwritten, Result(emptied(returned), sources), run_program,
    )  # fmt: skip
    if not wants:
        variant.escaped = escaped(recorder, {x.storage for x in outs} | {x.storage for x in kept})
    return variant


def source_of(
    recorder: Recorder, x: CoreTensor, arguments: Sequence[CoreTensor], made: list[Symbol]
) -> tuple[str, Any]:
    """Where a tensor of the result will come from."""
    if any([x is argument for argument in arguments]):
        return "argument", next(i for i, argument in enumerate(arguments) if x is argument)
    if x.storage in recorder.slots:
        return "same", x
    made.append(recorder.symbol(x))
    return "made", len(made) - 1


def has_gradient(x: CoreTensor) -> bool:
    """Whether a gradient can flow back from here: not if a backward has passed already."""
    edge = x.current_edge
    call = getattr(edge, "call", edge)
    if call is None or type(call) is Leaf:
        return False
    return call.kept is not None if isinstance(call, Recorded) else True


def gradients_after(
    recorder: Recorder, arguments: Sequence[CoreTensor], made: list[Symbol]
) -> tuple[list[tuple[Any, Any]], list[CoreTensor]]:
    """What the run has left in each leaf; new gradients become memory that each run overwrites."""
    number = {x.edge: i for i, x in enumerate(arguments) if type(x.edge) is Leaf}
    gradients, kept = [], []
    for leaf, before in recorder.leaves.items():
        after = leaf.value
        if after is before:
            continue
        if leaf in number:
            gradients.append((number[leaf], len(made)))
            made.append(recorder.symbol(after))
            continue
        gradients.append((leaf, after))
        if after is not None and after.storage not in recorder.slots:
            recorder.graph.updates.append(recorder.graph.assign(whole_of(after), recorder.symbol(after)))
            kept.append(after)
    return gradients, kept


def whole_of(x: CoreTensor) -> CoreTensor:
    return CoreTensor.on(x.storage, x.spec)


def leaves_before(recorder: Recorder, of_arguments: set[Any]) -> tuple[tuple[Leaf, Any, bool], ...]:
    """What the gradients that took part were; one that was added to must be that very tensor again."""
    found = []
    for leaf, before in recorder.leaves.items():
        is_added_to = before is not None and before.storage in recorder.slots
        if leaf not in of_arguments and (is_added_to or leaf in recorder.asked or leaf.value is not before):
            found.append((leaf, before, is_added_to))
    return tuple(found)


def differentiable(
    recorder: Recorder, made: list[Symbol], wants: set[int], given: list[Symbol], arguments: Sequence[CoreTensor],
    device: Any,
) -> Any:  # fmt: skip
    """Forward as one program and backward as another, joined on the tape."""
    ends: list[tuple[Any, Symbol]] = [(i, given[i]) for i, x in enumerate(arguments) if x.edge is not None]
    ends += [(lambda x=x: x, symbol) for x, symbol in recorder.ends.values() if x.storage not in recorder.given]
    return Differentiable(recorder.graph, made, sorted(wants), ends, given, device).run


def escaped(recorder: Recorder, known: set[Storage]) -> list[str]:
    """Where tensors were made that are still held, though the run has not returned them."""
    known |= {*recorder.slots, *recorder.given, *recorder.fixed}
    known |= {tensor.storage for _, _, tensor in recorder.lives.values()}
    origins = {id(storage): origin for storage, origin in recorder.made.items()}
    recorder.forget()
    if any([storage not in known for storage in recorder.born]):
        gc.collect()  # what only cycles hold is not held
    return [origins.get(id(storage), "") for storage in recorder.born if storage not in known]
