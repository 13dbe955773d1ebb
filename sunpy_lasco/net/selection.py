"""
What a query asks of single images: wheels, exposure, size, time.
"""

import numpy as np

import astropy.units as u
from astropy.time import Time

from sunpy.net import attrs as a

from sunpy_lasco.net.attrs import ExposureTime, Filter, Polarizer, Programme, Size
from sunpy_lasco.net.table import ROW

__all__ = ["in_period", "selection"]

#: Attrs that compare a text, and the column of a row with which they compare.
_TEXTS = {Filter: "filter", Polarizer: "polarizer", Programme: "programme", Size: "size"}

#: Half a unit of the last digit of EXPTIME in listings, s.
_EXPOSURE_ROUNDING = 0.05


def selection(found):
    """
    The part of a query that looks at single images.

    Parameters
    ----------
    found : `dict`
        The attrs of a query by their types.

    Returns
    -------
    callable
        Takes rows of dtype `~sunpy_lasco.net.table.ROW` and gives those that are wanted.
    """
    texts = {column: found[kind].value for kind, column in _TEXTS.items() if kind in found}
    exposure = found.get(ExposureTime)

    def wanted_of(rows):
        wanted = np.ones(len(rows), dtype=bool)
        for column, text in texts.items():
            wanted &= np.char.lower(rows[column]) == text[: ROW[column].itemsize].lower().encode()
        if exposure is not None:
            shortest, longest = exposure.min.to_value(u.s), exposure.max.to_value(u.s)
            # A hair more than the rounding, because 0.05 has no exact binary form.
            margin = _EXPOSURE_ROUNDING + 1e-6
            wanted &= (rows["exptime"] >= shortest - margin) & (rows["exptime"] <= longest + margin)
        return rows[wanted]

    return wanted_of


def in_period(rows, found):
    """
    The part of a query that looks at times.

    Parameters
    ----------
    rows : `~numpy.ndarray`
        In order of time, of dtype `~sunpy_lasco.net.table.ROW`.
    found : `dict`
        The attrs of a query by their types.

    Returns
    -------
    rows : `~numpy.ndarray`
        Those whose exposure starts within the period; of these, as the query asks, one
        in every ``a.Sample``, or the one nearest to the third argument of ``a.Time``.
    times : `~astropy.time.Time`
        Start of the exposures.
    """
    period, times = found[a.Time], start_times(rows)
    inside = (times >= period.start) & (times <= period.end)
    rows, times = rows[inside], times[inside]
    if len(rows) and a.Sample in found:
        chosen = _sampled(rows, times, found[a.Sample].value * u.s)
        rows, times = rows[chosen], times[chosen]
    if len(rows) and period.near is not None:
        nearest = np.argmin(np.abs((times - period.near).to_value(u.s)))
        rows, times = rows[nearest : nearest + 1], times[nearest : nearest + 1]
    return rows, times


def start_times(rows):
    """Start of the exposures of rows, as a `~astropy.time.Time` of their shape."""
    return Time(rows["start"].astype("U23"), format="isot", scale="utc")


def _sampled(rows, times, step):
    """Numbers of the rows that remain when the images of a camera are at least ``step`` apart."""
    chosen = []
    seconds = (times - times[0]).to_value(u.s)
    for camera in np.unique(rows["camera"]):
        last = -np.inf
        for number in np.flatnonzero(rows["camera"] == camera):
            if seconds[number] - last >= step.to_value(u.s):
                chosen.append(number)
                last = seconds[number]
    return np.sort(np.array(chosen, dtype=int))
