"""
Checks of frames before and after the calibration.
"""

import os
import warnings

import numpy as np

from sunpy_lasco.errors import BadFrameError, LascoUserWarning, NotCalibratableError
from sunpy_lasco.geometry.distortion import occulter_centre
from sunpy_lasco.instrument.blocks import block_indices
from sunpy_lasco.instrument.cards import card_text, frame_name, shown
from sunpy_lasco.instrument.changes import require_exposure, without_statistics
from sunpy_lasco.instrument.frame import NON_SKY_PROGRAMMES, SHORTEST_AXIS, Frame, squeezed
from sunpy_lasco.instrument.headers import is_helioviewer, is_raw
from sunpy_lasco.instrument.photometry import doubtful_factor
from sunpy_lasco.level1.arrays import bits_of
from sunpy_lasco.level1.rules import judge_header, judge_pixels
from sunpy_lasco.map.checksum import require_counts
from sunpy_lasco.map.edit import record
from sunpy_lasco.map.sources import LASCOC2Map, LASCOC3Map
from sunpy_lasco.pixel_flags import PixelFlag, flagged

__all__ = ["admit", "bad_content", "check_level05", "refuse_path", "report_bad"]

#: Ring, in full-resolution pixels from the occulter, whose median shows whether the exposure is plausible.
RING = {"C2": (300.0, 420.0), "C3": (200.0, 400.0)}
#: Median brightness of the ring in whole frames of 2000 to 2012, MSB.
NORMAL_BRIGHTNESS = {"C2": 8.0e-10, "C3": 4.7e-11}
#: An exposure is doubtful outside this range of the normal brightness; solar cycle, season and filter change it by a
#: factor of two at most.
DARKEST, BRIGHTEST = 0.35, 4.0
#: A frame with more than this share of saturated pixels is doubtful.  Exposures of C2 of 100 s have 5 %, beside the
#: occulter and along the trails of planets.
SATURATED_SHARE = 0.08


def refuse_path(smap):
    """Raise `TypeError` if the path of a file is given instead of a map."""
    if isinstance(smap, str | os.PathLike):
        msg = f"calibrate() takes maps, not paths: open it with sunpy.map.Map({str(smap)!r})."
        raise TypeError(msg)


def check_level05(smap):
    """
    Raise an error unless a map is a level-0.5 image of the sky.

    Parameters
    ----------
    smap : `~sunpy.map.GenericMap`

    Raises
    ------
    TypeError
        If it is not a map of C2 or C3.
    sunpy_lasco.errors.NotCalibratableError
        If it is a level-1 or Helioviewer image, a dark, lamp or continuous image, too small, taken with the
        door closed, or not an exposure but a difference, a multiple and so on (according to the card EDITED,
        or because the pixels do not match the header).

    Notes
    -----
    SolarSoft ``reduce_level_1`` and, for the door, ``c2_calibrate``.
    """
    refuse_path(smap)
    if not isinstance(smap, LASCOC2Map | LASCOC3Map):
        detector = getattr(smap, "meta", {}).get("detector", "")
        what = f"a map of LASCO {detector}" if str(detector).upper() == "C1" else f"a {type(smap).__name__}"
        msg = f"Only maps of LASCO C2 and C3 can be calibrated; this is {what}."
        raise TypeError(msg)
    require_exposure(smap, "calibrated")
    meta = smap.meta
    name = frame_name(meta, "The map")
    if is_helioviewer(meta):
        msg = f"{name} is a Helioviewer image: its brightness was scaled to bytes. Calibrate the level-0.5 file."
        raise NotCalibratableError(msg)
    level = card_text(meta, "level") or card_text(meta, "lvl_num")
    if level.startswith("1") or card_text(meta, "bunit").upper() == "MSB":
        msg = f"{name} is already level 1."
        raise NotCalibratableError(msg)
    programme = squeezed(card_text(meta, "lp_num"))
    for key, kind in NON_SKY_PROGRAMMES.items():
        if programme == key or (key.isalpha() and programme.startswith(key)):
            msg = f"{name} is {kind} image (LP_NUM {shown(meta['lp_num'])}), not one of the sky."
            raise NotCalibratableError(msg)
    if "DOOR" in programme or "DOOR" in squeezed(card_text(meta, "comment")):
        msg = f"{name} was taken with the door closed."
        raise NotCalibratableError(msg)
    if smap.data.ndim != 2 or min(smap.data.shape) < SHORTEST_AXIS:
        size = " x ".join(map(str, reversed(smap.data.shape)))
        msg = f"{name} has {size} pixels; an image needs two axes of at least {SHORTEST_AXIS}."
        raise NotCalibratableError(msg)
    require_counts(smap, "calibrated")
    if smap.data.dtype.kind in "if" and smap.data[0, 0] == -1:
        msg = f"The first pixel of {name} is -1, which the ground system uses to mark unusable images."
        raise NotCalibratableError(msg)


def admit(smap):
    """
    Check a level-0.5 frame before the calibration, and correct wrong cards.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 0.5.

    Returns
    -------
    smap : map of the same class
        With wrong cards corrected, and impossible counts replaced by zeros.
    problems : `list` of `str`
        A clause for each implausibility.

    Raises
    ------
    sunpy_lasco.errors.NotCalibratableError
        As for `check_level05`, or if the camera has no such filter, polariser or port.
    sunpy_lasco.errors.HeaderError
        If required cards are missing or unusable.

    See Also
    --------
    sunpy_lasco.instrument.cards.CARDS, sunpy_lasco.level1.rules.RULES
    """
    check_level05(smap)
    meta = smap.meta
    problems, cards = judge_header(meta, smap.data.shape)
    frame = Frame.from_header({**meta, **cards}, smap.data.shape)
    wrong, impossible = judge_pixels(smap.data, meta, frame, as_read=smap._as_read and is_raw(meta))
    problems += wrong
    if wrong:
        # If the statistics of the original pixels remained, later steps would doubt that these are counts.
        kept = without_statistics(meta)
        cards |= dict.fromkeys(card for card in meta if card not in kept)
    if impossible is None and not cards:
        return smap, problems
    new = {"cards": cards, "history": [f"Set right or removed: {', '.join(map(str.upper, cards))}"] if cards else []}
    if impossible is not None:
        new["data"] = np.where(impossible, smap.data.dtype.type(0), smap.data)
        new["history"].append(f"{np.count_nonzero(impossible)} impossible counts set to 0")
        if smap._flags is not None:
            new["flags"] = smap._flags | impossible * np.uint8(PixelFlag.MISSING)
    return record(smap, **new), problems


def bad_content(brightness, flags, frame, centre):
    """
    Find implausible content in a frame.

    Parameters
    ----------
    brightness : `numpy.ndarray`
        Calibrated, not yet interpolated image, MSB; NaN is missing.
    flags : `numpy.ndarray`
        Its flags.
    frame : `~sunpy_lasco.instrument.frame.Frame`
    centre : `tuple` of `float`
        Centre of the occulter, full-frame pixel.

    Returns
    -------
    `list` of `str`
        A clause for each problem; empty for a good frame.
    """
    ring = brightness.ravel()[ring_pixels(frame, centre)]
    return content_problems(ring[np.isfinite(ring)], flags, frame)


def ring_pixels(frame, centre=None):
    """Pixels whose brightness is checked, as indices of the flattened image; by default around the occulter."""
    detector = frame.camera.name
    centre = occulter_centre(detector, frame.mjd) if centre is None else centre
    (sx, sy), (cx, cy) = frame.binning, frame.corner
    step = max(1, 4 // max(sx, sy))
    columns, rows = np.arange(0, frame.shape[1], step), np.arange(0, frame.shape[0], step)
    x, y = cx + (columns + 0.5) * sx - 0.5, cy + (rows + 0.5) * sy - 0.5
    r = np.hypot(x[None, :] - centre[0], y[:, None] - centre[1])
    inside = (r > RING[detector][0]) & (r < RING[detector][1])
    return (rows[:, None] * frame.shape[1] + columns)[inside]


def content_problems(ring, flags, frame):
    """As `bad_content`, from the brightness of those pixels of `ring_pixels` that are not missing."""
    bits = bits_of(flags)
    problems = _stripes(flags, frame) if bits & PixelFlag.MISSING else []
    detector = frame.camera.name
    if ring.size and not frame.is_derived and not frame.is_model and doubtful_factor(frame) < 1:
        share = float(np.median(ring)) / NORMAL_BRIGHTNESS[detector]
        if not DARKEST < share < BRIGHTEST:
            problems.append(f"the corona is {share:.2g} times as bright as normal (check shutter, door and EXPTIME)")
    saturated = np.count_nonzero(flagged(flags, "SATURATED")) / flags.size if bits & PixelFlag.SATURATED else 0.0
    if saturated > SATURATED_SHARE:
        problems.append(f"{100 * saturated:.1f} % of the pixels are saturated")
    return problems


def _stripes(flags, frame):
    """Rows of blocks that are missing completely."""
    missing = flagged(flags, "MISSING")
    rows, _ = block_indices(frame)
    sent = ~flagged(flags, "UNTRANSMITTED")
    # Whether each row of pixels was sent, and whether it holds a measurement, grouped by rows of
    # blocks.
    asked, measured = sent.any(axis=1), (sent & ~missing).any(axis=1)
    empty = [int(row) for row in np.unique(rows) if asked[rows == row].any() and not measured[rows == row].any()]
    if not empty:
        return []
    if missing.all():
        return ["it holds no data at all"]
    first, last = np.flatnonzero(np.isin(rows, empty))[[0, -1]]
    return [
        f"{len(empty)} whole rows of blocks are missing (pixel rows {first} to {last}); was the download interrupted?"
    ]


def report_bad(name, problems, on_bad):
    """
    Give a warning for an implausible frame, or raise an error.

    Parameters
    ----------
    name : `str`
        Name of the file.
    problems : `list` of `str`
        What is wrong.
    on_bad : `str`
        ``"warn"``, ``"raise"`` or ``"ignore"``.

    Raises
    ------
    sunpy_lasco.errors.BadFrameError
        If there is a problem and ``on_bad`` is ``"raise"``.
    """
    if not problems or on_bad == "ignore":
        return
    msg = f"{name or 'The frame'} is implausible: {'; '.join(problems)}"
    if on_bad == "raise":
        raise BadFrameError(msg)
    warnings.warn(msg, LascoUserWarning, stacklevel=5)
