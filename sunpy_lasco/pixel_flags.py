"""
Pixel flags.

The same bits are stored in level-1 files; a pixel can have several flags.
"""

from enum import IntFlag

import numpy as np

__all__ = ["FLAG_MEANINGS", "PixelFlag", "flagged"]


class PixelFlag(IntFlag):
    """
    Bits of the pixel flags; `FLAG_MEANINGS` describes them.

    Members are integers. Iteration returns them in order, each with ``name`` and ``value``, and
    ``PixelFlag(17)`` shows which bits a number contains. astropy's functions for bit masks accept the class
    as ``flag_name_map``.

    Examples
    --------
    >>> from sunpy_lasco import PixelFlag
    >>> [flag.name for flag in PixelFlag(17)]
    ['MISSING', 'FILLED']
    """

    MISSING = 1
    UNTRANSMITTED = 2
    MASKED = 4
    SATURATED = 8
    FILLED = 16
    OUTSIDE = 32


#: Meaning of each flag, for headers and documentation.
FLAG_MEANINGS = {
    "MISSING": "lost in telemetry or in transfer",
    "UNTRANSMITTED": "in a block that is deliberately not sent",
    "MASKED": "behind occulter or pylon, or outside the field",
    "SATURATED": "saturated, or next to a saturated pixel",
    "FILLED": "value estimated from other pixels",
    "OUTSIDE": "source outside the detector",
}


def flagged(flags: np.ndarray, *names: str) -> np.ndarray:
    """
    Pixels that carry one of some flags.

    Parameters
    ----------
    flags : `~numpy.ndarray` of `numpy.uint8`
        As for `sunpy_lasco.flags`.
    *names : `str`
        Names of `PixelFlag`.

    Returns
    -------
    `~numpy.ndarray` of `bool`
    """
    # A member of an IntFlag would make numpy compute in integers of 64 bits, at ten times the cost.
    return (flags & np.uint8(sum(int(PixelFlag[name]) for name in names))) != 0
