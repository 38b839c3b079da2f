"""Phases, levels and stages decide which layers a net has."""

from __future__ import annotations

import pytest

from trivium_api_prototxt.errors import PrototxtError
from trivium_api_prototxt.messages import TEST, TRAIN, LayerParameter, NetParameter, NetState
from trivium_api_prototxt.net_message import parse_net
from trivium_api_prototxt.state import filter_net, solver_state_of, state_of, why_left_out
from trivium_api_prototxt.text import parse_text

# rules of a layer, state of the net, why it is left out
CASES = [
    ("", "phase: TRAIN", None),
    ("include { phase: TRAIN }", "phase: TRAIN", None),
    ("include { phase: TEST }", "phase: TRAIN", "include wants phase TEST, the net is TRAIN"),
    ("include { phase: TEST } include { phase: TRAIN }", "phase: TRAIN", None),
    ("exclude { phase: TRAIN }", "phase: TRAIN", "exclude keeps it out of phase TRAIN, level 0, no stages"),
    ("exclude { phase: TEST }", "phase: TRAIN", None),
    ("include { min_level: 2 }", "level: 1", "include wants level 2 or higher, the net has 1"),
    ("include { min_level: 2 }", "level: 2", None),
    ("include { max_level: 2 }", "level: 3", "include wants level 2 or lower, the net has 3"),
    ("include { max_level: 2 }", "level: -1", None),
    ("include { stage: 'a' }", "", "include wants stage 'a', the net has no stages"),
    ("include { stage: 'a' stage: 'b' }", "stage: 'a'", "include wants stage 'b', the net has stage 'a'"),
    ("include { stage: 'a' stage: 'b' }", "stage: 'b' stage: 'a' stage: 'c'", None),
    ("include { not_stage: 'a' }", "stage: 'a'", "include wants no stage 'a', the net has it"),
    ("include { not_stage: 'a' }", "stage: 'b'", None),
    (
        "include { stage: 'a' } include { phase: TRAIN }",
        "phase: TEST",
        "include wants stage 'a', the net has no stages, or phase TRAIN, the net is TEST",
    ),
    ("exclude { stage: 'a' }", "stage: 'b'", None),
    ("include { }", "", None),
]


@pytest.mark.parametrize(("rules", "state", "reason"), CASES)
def test_a_layer_is_left_out_for_a_reason(rules, state, reason):
    layer = parse_text(rules, LayerParameter).message
    state = parse_text(state, NetState).message

    assert why_left_out(layer, state) == reason


NET = """\
name: "n"
layer { name: "data" type: "Data" include { phase: TRAIN } }
layer { name: "data" type: "Data"
  include { phase: TEST } }
layer { name: "drop" type: "Dropout" }
layer { name: "fixed" type: "Dropout" phase: TRAIN }
"""


def test_a_filtered_net_keeps_the_places_and_the_reasons():
    draft = filter_net(parse_net(NET, "n.prototxt"), NetState(phase=TEST))

    assert [layer.name for layer in draft.net.layer] == ["data", "drop", "fixed"]
    assert [str(place) for place in draft.places] == ["n.prototxt:3", "n.prototxt:5", "n.prototxt:6"]
    assert draft.left_out == [("data", "include wants phase TRAIN, the net is TEST")]
    assert (draft.net.name, draft.net.state.phase) == ("n", TEST)


def test_layers_are_given_the_phase_of_their_net_unless_they_have_one():
    draft = filter_net(parse_net(NET), NetState(phase=TEST))

    assert [layer.phase for layer in draft.net.layer] == [TEST, TEST, TRAIN]


def test_filtering_leaves_the_draft_as_it_was():
    draft = parse_net(NET)

    filter_net(draft, NetState(phase=TRAIN))

    assert (len(draft.net.layer), len(draft.places), draft.left_out) == (4, 4, [])


def test_include_and_exclude_on_one_layer_are_refused():
    draft = parse_net('layer {\n name: "a"\n include { }\n exclude { }\n}', "n.prototxt")

    with pytest.raises(PrototxtError, match=r"^n.prototxt:4: layer 'a' has include and exclude rules: keep one"):
        filter_net(draft, NetState())


def test_the_phase_asked_for_overrides_that_of_the_file():
    net = parse_text("state { phase: TRAIN level: 3 stage: 'a' }", NetParameter).message

    assert state_of(net, TEST, 1, ["b"]) == NetState(phase=TEST, level=1, stage=["a", "b"])


def test_a_solver_overrides_the_state_of_the_file():
    net = parse_text("state { level: 3 stage: 'a' }", NetParameter).message

    state = solver_state_of(net, TRAIN, NetState(level=5, stage=["b"]))

    assert state == NetState(phase=TRAIN, level=5, stage=["a", "b"])
