"""
What a repair has to know of a map.
"""

import numpy as np

from sunpy_lasco.instrument.cards import number
from sunpy_lasco.instrument.pointing import Pointing, header_pointing
from sunpy_lasco.map.records import frame_of
from sunpy_lasco.pixel_flags import PixelFlag

__all__ = ["card_offset", "flagged", "frame_of", "holes_of", "measured_counts", "pointing_of", "seconds_between"]


def flagged(flags, *names):
    """
    Pixels that carry one of some flags.

    Parameters
    ----------
    flags : `~numpy.ndarray` of `numpy.uint8`
        As of `sunpy_lasco.flags`.
    *names : `str`
        Names of `~sunpy_lasco.PixelFlag`.

    Returns
    -------
    `~numpy.ndarray` of `bool`
    """
    bits = np.uint8(np.bitwise_or.reduce([int(PixelFlag[name]) for name in names]))
    return (flags & bits) != 0


def holes_of(flags):
    """
    Pixels that were lost and that nothing was put into yet.

    Parameters
    ----------
    flags : `~numpy.ndarray` of `numpy.uint8`

    Returns
    -------
    `~numpy.ndarray` of `bool`
    """
    return flagged(flags, "MISSING") & ~flagged(flags, "FILLED", "UNTRANSMITTED")


def measured_counts(data, flags=None):
    """
    Counts of which a bias can be judged.

    Parameters
    ----------
    data : `~numpy.ndarray`
        Counts, DN, unwrapped; 0 or NaN where nothing was measured.
    flags : `~numpy.ndarray` of `numpy.uint8`, optional
        Of a map in which something was filled.

    Returns
    -------
    `~numpy.ndarray`
        float32, NaN where nothing was measured.
    """
    counts = np.array(data, dtype=np.float32)
    counts[~(counts > 0)] = np.nan
    if flags is not None:
        counts[flagged(flags, "MISSING", "UNTRANSMITTED", "FILLED")] = np.nan
    return counts


def card_offset(meta):
    """
    The bias that the header card OFFSET predicts, DN, or None.

    Parameters
    ----------
    meta : mapping

    Returns
    -------
    `float` or None
    """
    return number(meta, "offset") or None


def pointing_of(smap, frame):
    """
    Pointing of a map: as it was set, else by the header.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
    frame : `~sunpy_lasco.instrument.frame.Frame`

    Returns
    -------
    `~sunpy_lasco.instrument.pointing.Pointing`
    """
    meta = smap.meta
    if "detroll" in meta and "sunpix1" in meta:
        centre = number(meta, "sunpix1"), number(meta, "sunpix2")
        return Pointing(centre, number(meta, "detroll"), "set before", "set before", 0.0, 0.0)
    return header_pointing(meta, frame)


def seconds_between(frame, other):
    """
    Middle of another exposure after that of a frame, s.

    Parameters
    ----------
    frame, other : `~sunpy_lasco.instrument.frame.Frame`

    Returns
    -------
    `float`
    """
    return (other.mid_mjd - frame.mid_mjd) * 86400.0 + other.mid_time - frame.mid_time
