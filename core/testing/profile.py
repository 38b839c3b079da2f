"""What a backend promises: its dtypes, its tolerances, and the gaps that it knows of."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from .tolerances import Tolerance


@frozen
class Gap:
    """Something that does not work yet.  A strict expected failure: once it works, the gap must go.

    reason: why, and what would close it
    op, check, dtype, case: where; what is left out means all.  `op` may name a layer or an optimizer
    """

    reason: str
    op: str | None = None
    check: str | None = None
    dtype: str | None = None
    case: int | None = None

    def covers(self, op: str, check: str, dtype: str | None, case: int | None) -> bool:
        """Whether a test lies in this gap."""
        pairs = ((self.op, op), (self.check, check), (self.dtype, dtype), (self.case, case))
        return all([wanted is None or wanted == given for wanted, given in pairs])


@frozen
class Profile:
    """What conformance expects of a device.

    dtypes:     floating dtypes that it computes in
    tolerances: where they differ from the table in `tolerances`
    """

    dtypes: tuple[str, ...] = ("float64", "float32", "float16", "bfloat16")
    tolerances: Mapping[str, Tolerance] = field(factory=dict)
    gaps: tuple[Gap, ...] = ()

    @property
    def widest(self) -> str:
        """The dtype in which gradients are compared with numeric ones."""
        return "float64" if "float64" in self.dtypes else "float32"

    def gap(self, op: str, check: str, dtype: str | None = None, case: int | None = None) -> Gap | None:
        """The gap that a test lies in, if any."""
        return next((gap for gap in self.gaps if gap.covers(op, check, dtype, case)), None)
