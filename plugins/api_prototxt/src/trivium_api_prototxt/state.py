"""Which layers of a file belong to a net: phases, levels and stages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from trivium_api_prototxt.draft import Draft
from trivium_api_prototxt.errors import PrototxtError
from trivium_api_prototxt.messages import TEST, TRAIN, NetParameter, NetState

PHASE_NAMES = {TRAIN: "TRAIN", TEST: "TEST"}


def state_of(net: Any, phase: int, level: int = 0, stages: Iterable[str] = ()) -> Any:
    """The state of a net that is asked for by phase: the file's own state gives way."""
    state = NetState()
    state.CopyFrom(net.state)
    state.phase, state.level = phase, level
    state.stage.extend(stages)
    return state


def solver_state_of(net: Any, phase: int, wanted: Any) -> Any:
    """The state of a solver's net: the phase, then the file's own state, then what the solver asks for."""
    state = NetState(phase=phase)
    state.MergeFrom(net.state)
    state.MergeFrom(wanted)
    return state


def filter_net(draft: Draft, state: Any) -> Draft:
    """The draft of the layers that belong to this state; a layer without a phase is given the net's."""
    net = NetParameter()
    net.CopyFrom(draft.net)
    net.ClearField("layer")
    kept = Draft(net, draft.place, [], list(draft.notices), list(draft.left_out))
    net.state.CopyFrom(state)
    for layer, place in zip(draft.net.layer, draft.places):
        if layer.include and layer.exclude:
            raise PrototxtError(
                f"{place.at('exclude')}: layer '{layer.name}' has include and exclude rules: keep one kind"
            )
        reason = why_left_out(layer, state)
        if reason:
            kept.left_out.append((layer.name, reason))
            continue
        copy = net.layer.add()
        copy.CopyFrom(layer)
        if not copy.HasField("phase"):
            copy.phase = state.phase
        kept.places.append(place)
    return kept


def why_left_out(layer: Any, state: Any) -> str | None:
    """Why the layer does not belong to a net of this state, or None: it does."""
    mismatches = [mismatch(rule, state) for rule in layer.include]
    if mismatches and None not in mismatches:
        return "include wants " + ", or ".join(words for words in mismatches if words)
    for rule in layer.exclude:
        if mismatch(rule, state) is None:
            return f"exclude keeps it out of {in_short(state)}"
    return None


def mismatch(rule: Any, state: Any) -> str | None:
    """What the rule wants and the state is not, or None: it matches."""
    if rule.HasField("phase") and rule.phase != state.phase:
        return f"phase {PHASE_NAMES[rule.phase]}, the net is {PHASE_NAMES[state.phase]}"
    if rule.HasField("min_level") and state.level < rule.min_level:
        return f"level {rule.min_level} or higher, the net has {state.level}"
    if rule.HasField("max_level") and state.level > rule.max_level:
        return f"level {rule.max_level} or lower, the net has {state.level}"
    for stage in rule.stage:
        if stage not in state.stage:
            return f"stage '{stage}', the net has {_stages(state)}"
    for stage in rule.not_stage:
        if stage in state.stage:
            return f"no stage '{stage}', the net has it"
    return None


def in_short(state: Any) -> str:
    """'phase TRAIN, level 0, no stages'."""
    return f"phase {PHASE_NAMES[state.phase]}, level {state.level}, {_stages(state)}"


def _stages(state: Any) -> str:
    stages = [f"'{stage}'" for stage in state.stage]
    return f"stage {', '.join(stages)}" if stages else "no stages"
