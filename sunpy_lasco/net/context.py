"""
Exposures before and after another one, from the archives.
"""

import numpy as np

import astropy.units as u
from astropy.time import Time

from sunpy.net import Fido
from sunpy.net import attrs as a

from sunpy_lasco.net import attrs as lasco_attrs

__all__ = ["PER_SIDE", "exposures_around", "fetch_around"]

#: Exposures of each side of time.
PER_SIDE = 2
#: Start times that differ by less than this belong to one exposure, s.
SAME = 2.0


def exposures_around(start, camera, *, filter, polarizer, longest):  # noqa: A002
    """
    Search for the exposures before and after another one.

    Parameters
    ----------
    start : `~astropy.time.Time`
        Start of the exposure, by the on-board clock.
    camera : `str`
        ``"C2"`` or ``"C3"``.
    filter, polarizer : `str`
        As for `sunpy_lasco.net.attrs.Filter` and `sunpy_lasco.net.attrs.Polarizer`.
    longest : `float`
        Longest distance in time, s.

    Returns
    -------
    `~sunpy_lasco.net.LASCOQueryResponse`
        At most two on each side, nearest first, without the exposure itself.
    """
    start = Time(start)
    found = Fido.search(
        a.Time(start - longest * u.s, start + longest * u.s),
        a.Instrument.lasco,
        a.Detector(camera),
        a.Level("0.5"),
        lasco_attrs.Filter(filter),
        lasco_attrs.Polarizer(polarizer),
    )["lasco"]
    seconds = (found["Start Time"] - start).to_value("s") if len(found) else np.zeros(0)
    chosen = []
    for side in (-1, 1):
        mine = np.nonzero((seconds * side > SAME) & (np.abs(seconds) <= longest))[0]
        chosen += list(mine[np.argsort(np.abs(seconds[mine]), kind="stable")][:PER_SIDE])
    return found[sorted(chosen, key=lambda number: abs(seconds[number]))]


def fetch_around(start, camera, **options):
    """
    Download the exposures before and after another one.

    Parameters
    ----------
    start, camera, **options
        As for `exposures_around`.

    Returns
    -------
    `list` of `str`
        Paths of their files, in sunpy's directory of downloads.
    """
    found = exposures_around(start, camera, **options)
    return [str(path) for path in Fido.fetch(found, progress=False)] if len(found) else []
