"""
Other exposures of the same sky through the same pixels: which of them can help.
"""

from functools import partial

import numpy as np

from sunpy_lasco.errors import NotCalibratableError
from sunpy_lasco.inpainting.reading import frame_of, pointing_of, seconds_between
from sunpy_lasco.instrument.pointing import normalize_roll
from sunpy_lasco.map.headers import is_raw
from sunpy_lasco.map.lazy import in_memory

__all__ = ["LONGEST", "neighbours_among"]

#: Neighbours farther away in time than this are of no use, s: a structure of
#: 300 km / s has moved by 60 pixels of C2 and 40 of C3 by then.
LONGEST = {"C2": 1800.0, "C3": 5400.0}
#: The Sun may lie at most this far from where it is in the frame, full-resolution pixels,
#: and the roll may differ by at most this, degree: a pixel at the edge of the field.
LARGEST_SHIFT = 1.0
LARGEST_TURN = 0.1
#: The level per second may differ by this factor; beyond it an exposure went wrong.
LARGEST_RATIO = 1.5
#: Neighbours of each side of time that are used, nearest first: the second fills what
#: the first lost itself.
PER_SIDE = 2
#: Step of the pixels of which the level is taken.
LEVEL_STEP = 16
#: The WCS of level-1 neighbours may differ by this much, stored pixels.
WCS_TOLERANCE = 0.1


def neighbours_among(smap, context, scene, make, *, longest=None):
    """
    Find the exposures that can help to repair a map.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        The map to repair.
    context : sequence of maps
        Candidates, of the same level; the map itself may be among them.
    scene : `~sunpy_lasco.inpainting.workspace.Scene`
        The map as the methods see it.
    make : callable
        From the frame of the map and another map to a
        `~sunpy_lasco.inpainting.workspace.SceneNeighbour`.
    longest : `float`, optional
        Longest distance in time, s; by default `LONGEST`.

    Returns
    -------
    neighbours : `list` of `~sunpy_lasco.inpainting.workspace.SceneNeighbour`
        Nearest in time first.
    names : `list` of `str`
        Their file names.
    refused : `list` of `str`
        A clause for each of the others: which it is and why it does not fit.

    Raises
    ------
    TypeError
        If a candidate is no map of C2 or C3.
    """
    frame = frame_of(smap)
    longest = LONGEST[frame.camera.name] if longest is None else longest
    found, refused, sides = [], [], []
    for other in sorted(context, key=partial(_distance, frame)):
        theirs = frame_of(other)
        if theirs.start == frame.start and theirs.camera == frame.camera:
            continue
        name = theirs.filename or theirs.start.isot
        side = np.sign(seconds_between(frame, theirs))
        if sides.count(side) >= PER_SIDE:
            continue
        reason = _misfit(smap, frame, other, theirs, longest)
        if reason is None:
            try:
                neighbour = make(frame, in_memory(other))
            except NotCalibratableError:
                refused.append(f"{name} is no sky image, by its counts")
                continue
            ratio = _level_ratio(scene.signal, frame, neighbour.signal, theirs, raw=is_raw(smap.meta))
            if 1 / LARGEST_RATIO < ratio < LARGEST_RATIO:
                found.append((neighbour, name))
                sides.append(side)
                continue
            reason = f"is {ratio:.2g} times as bright as the frame"
        refused.append(f"{name} {reason}")
    return [neighbour for neighbour, _ in found], [name for _, name in found], refused


def _distance(frame, other):
    """Distance in time, s."""
    if not hasattr(other, "_flags"):
        msg = f"The context of a repair is maps of LASCO C2 and C3; there is a {type(other).__name__} in it."
        raise TypeError(msg)
    return abs(seconds_between(frame, frame_of(other)))


def _misfit(smap, frame, other, theirs, longest):
    """Why another exposure cannot help, by its header; None if it can."""
    raw = is_raw(smap.meta)
    if theirs.camera != frame.camera:
        return f"is of {theirs.camera.name}"
    if is_raw(other.meta) != raw:
        return "is of another level"
    if (theirs.filter, theirs.polar) != (frame.filter, frame.polar):
        return f"was taken through {theirs.filter}/{theirs.polar}"
    if theirs.binning != frame.binning:
        return f"has sums of {theirs.binning[0]} x {theirs.binning[1]} pixels"
    if any((a - b) % size for a, b, size in zip(theirs.corner, frame.corner, frame.binning, strict=True)):
        return "has pixels that lie between those of the frame"
    seconds = abs(seconds_between(frame, theirs))
    if not 0 < seconds <= longest:
        return f"is {seconds / 60:.0f} minutes away"
    if not raw:
        return None if _same_wcs(smap, other) else "has another WCS"
    here, there = pointing_of(smap, frame), pointing_of(other, theirs)
    if abs(float(normalize_roll(here.roll - there.roll))) > LARGEST_TURN:
        return "is turned against the frame"
    shift = float(np.hypot(*np.subtract(here.centre, there.centre)))
    return f"points {shift:.1f} pixels beside the frame" if shift > LARGEST_SHIFT else None


def _same_wcs(smap, other):
    """Whether the pixels of two level-1 maps look at the same places."""
    if smap.data.shape != other.data.shape:
        return False
    ny, nx = smap.data.shape
    corners = np.array([[0, nx - 1, 0], [0, 0, ny - 1]], dtype=float)
    mine, theirs = smap._geometry.to_plane(*corners), other._geometry.to_plane(*corners)
    return np.abs(np.subtract(mine, theirs)).max() <= WCS_TOLERANCE * abs(smap._geometry.cdelt[0])


def _level_ratio(signal, frame, other, theirs, *, raw):
    """Level of another exposure over that of the frame; counts are taken per second."""
    here, there = signal[::LEVEL_STEP, ::LEVEL_STEP], other[::LEVEL_STEP, ::LEVEL_STEP]
    both = np.isfinite(here) & np.isfinite(there) & (here > 0)
    if not both.any():
        return np.nan
    ratio = float(np.median(there[both] / here[both]))
    return ratio * frame.exptime / theirs.exptime if raw else ratio
