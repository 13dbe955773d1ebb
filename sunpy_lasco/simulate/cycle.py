"""
Solar activity over the cycle.
"""

import numpy as np

__all__ = ["solar_activity"]

#: First year of `SUNSPOTS`.
FIRST_YEAR = 1995
#: Yearly means of the international sunspot number, version 2.0 (WDC-SILSO, Royal Observatory of Belgium).
SUNSPOTS = (
    25.1, 11.6, 28.9, 88.3, 136.3, 173.9, 170.4, 163.6, 99.3, 65.3, 45.8, 24.7, 12.6, 4.2, 4.8,
    24.9, 80.8, 84.5, 94.0, 113.3, 69.8, 39.8, 21.7, 7.0, 3.6, 8.8, 29.6, 83.2, 125.5, 154.7,
)  # fmt: skip
#: Sunspot number of an activity of 1.
FULL_ACTIVITY = 160.0
#: Years after which the numbers are taken to come again.
CYCLE = 11.0


def solar_activity(time):
    """
    Solar activity, from 0 at the deepest minimum to 1 at maximum: the sunspot number divided by
    `FULL_ACTIVITY`.

    It is interpolated between yearly means. Times outside the table use the same phase of the cycle within
    it.
    """
    middles = FIRST_YEAR + 0.5 + np.arange(len(SUNSPOTS))
    year = float(time.utc.jyear)
    year -= CYCLE * np.ceil(max(year - middles[-1], 0.0) / CYCLE)
    year += CYCLE * np.ceil(max(middles[0] - year, 0.0) / CYCLE)
    return float(min(np.interp(year, middles, SUNSPOTS) / FULL_ACTIVITY, 1.0))
