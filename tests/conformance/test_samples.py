"""What the samples of core's own ops leave out is known, with the reason."""

from itertools import pairwise

import trivium.ops  # noqa: F401 - defines them
from trivium.op import OPS
from trivium.testing import op_checks
from trivium.testing.samples import Make, cases

OWN = [op for op in OPS.values() if op.origin.startswith("trivium.")]

# No sample works with an unknown batch: sizes are settings there, or nothing has an axis 0 that could be a batch.
KNOWN_SIZES_ONLY = {
    "zeros", "ones", "full", "arange", "advance",  # made from settings and state
    "random_bits", "random_integers", "uniform", "normal", "count_up",
    "broadcast_to", "mean_gradient", "slice_gradient",  # the samples say the whole shape
}  # fmt: skip

NEVER_EMPTY = {
    "arange", "count_up", "advance", "as_strided",  # nothing to read, nothing to count
    "batch_norm", "batch_norm_gradient",  # no mean of nothing
}  # fmt: skip


def test_every_op_works_with_an_unknown_batch_but_for_those_whose_sizes_are_settings():
    refusing = {op.name for op in OWN if not any(map(op_checks.accepts_batch, cases(op)))}

    assert refusing == KNOWN_SIZES_ONLY


def test_every_op_is_tried_on_nothing_at_all():
    def is_empty(case):
        return any(x is not None and x.size == 0 for x in case.inputs) or 0 in case.settings.get("shape", ())

    never = {op.name for op in OWN if not any(map(is_empty, cases(op)))}

    assert never == NEVER_EMPTY


def test_only_these_ops_have_results_whose_size_running_alone_tells():
    born = {op.name for op in OWN if any(map(op_checks.has_born_sizes, cases(op)))}

    assert born == {"unique", "nonzero", "bincount", "count_up"}


def test_samples_do_not_depend_on_what_was_drawn_before():
    one, other = [[case.inputs for case in cases(OPS["matmul"])] for _ in range(2)]

    assert all((a == b).all() for x, y in zip(one, other, strict=True) for a, b in zip(x, y, strict=True))


def test_values_keep_their_distance():
    make = Make(1)

    assert abs(make(1000, away_from=0.25) - 0.25).min() >= 0.1
    values = sorted(make.distinct(5, 6).ravel())
    assert min(b - a for a, b in pairwise(values)) > 0.1
