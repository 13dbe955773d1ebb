"""
Rows of the report: a number, its limits, and the verdict.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from typing import Any

__all__ = ["Row", "Verdict", "unmeasured"]


class Verdict(StrEnum):
    """The verdict of a row."""

    #: The number lies within its limits.
    HOLDS = "holds"
    #: It does not, or could not be had where it should have been.
    FAILS = "fails"
    #: What it needs is not there.
    OPEN = "not measured"


@dataclass(frozen=True)
class Row:
    """A number and its limits."""

    #: By which the row is known, such as ``"c2.factor"``.
    name: str
    #: What is measured.
    text: str
    #: The number; NaN where there is none.
    value: float
    #: Limits within which it must lie.
    low: float
    high: float
    #: Unit of the number and its limits.
    unit: str = ""
    #: What it is held against, and where the limits come from.
    against: str = ""
    #: Requirements to measure it; empty if it was measured.
    needs: str = ""
    #: More of the measurement.
    note: str = ""

    @property
    def verdict(self) -> Verdict:
        """The `Verdict`."""
        if self.needs:
            return Verdict.OPEN
        return Verdict.HOLDS if self.low <= self.value <= self.high else Verdict.FAILS

    def as_dict(self) -> dict[str, Any]:
        """The row as a dictionary for JSON, with None for NaN."""
        values = asdict(self) | {"verdict": str(self.verdict)}
        return {
            name: None if isinstance(value, float) and not np.isfinite(value) else value
            for name, value in values.items()
        }


def unmeasured(name, text, needs, *, unit=""):
    """
    A row that could not be measured.

    Parameters
    ----------
    name, text, unit : `str`
        As for `Row`.
    needs : `str`
        The requirements.

    Returns
    -------
    `Row`
    """
    return Row(name, text, float("nan"), float("nan"), float("nan"), unit, needs=needs)
