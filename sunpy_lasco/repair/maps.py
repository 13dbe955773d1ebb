"""
Repair of maps.
"""

from __future__ import annotations

import copy
import warnings
from dataclasses import replace as exchange
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from astropy.nddata import StdDevUncertainty

from sunpy_lasco.assets.response import builtin_response, frame_response, response_epoch
from sunpy_lasco.errors import LascoUserWarning, NotCalibratableError, OptionError
from sunpy_lasco.geometry.rolls import normalize_roll
from sunpy_lasco.instrument.blocks import block_indices, classify_missing
from sunpy_lasco.instrument.headers import header_level, is_raw
from sunpy_lasco.instrument.noise import noise_variance
from sunpy_lasco.map.checksum import require_brightness, require_counts, with_checksum
from sunpy_lasco.map.edit import add_history, replace
from sunpy_lasco.map.lazy import in_memory
from sunpy_lasco.map.masks import flags as flags_of
from sunpy_lasco.map.reading import open_map
from sunpy_lasco.pixel_flags import PixelFlag
from sunpy_lasco.repair.crop import get_method
from sunpy_lasco.repair.fill import repair_frame
from sunpy_lasco.repair.frames import (
    calibrated_holed_frame,
    calibrated_neighbour,
    card_offset,
    frame_of,
    holed_frame_of,
    holes_of,
    neighbour_of,
    pointing_of,
    seconds_between,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    import astropy.units as u

    from sunpy_lasco.map.sources import AnyCoronagraphMap, CoronagraphMap

__all__ = ["LONGEST", "history_lines", "inpaint", "neighbours_among", "unfilled_message"]

#: Longest distance in time of a neighbour, s. In this time, structure at 300 km / s moves by 60 pixels in C2 and by 40
#: in C3.
LONGEST = {"C2": 1800.0, "C3": 5400.0}
#: Largest difference of the Sun centre, full-resolution pixels, and of the roll, degree (one pixel at the edge of the
#: field).
LARGEST_SHIFT = 1.0
LARGEST_TURN = 0.1
#: Largest ratio of the levels per second. Exposures with a larger ratio are unusable.
LARGEST_RATIO = 1.5
#: Number of neighbours on each side, nearest first. The second fills pixels that are missing from the first.
PER_SIDE = 2
#: Step between the pixels from which the level is measured.
LEVEL_STEP = 16
#: Largest difference between the WCS of level-1 neighbours, stored pixels.
WCS_TOLERANCE = 0.1


def neighbours_among(smap, context, holed, make, *, longest=None):
    """
    Select the exposures that can help to repair a map.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        The map to repair.
    context : sequence of maps
        Candidates of the same level. The map itself may be among them.
    holed : `~sunpy_lasco.repair.holed_frame.HoledFrame`
        The prepared map.
    make : callable
        Function that takes the frame of the map and another map, and returns an
        `~sunpy_lasco.repair.holed_frame.OtherExposure`.
    longest : `float`, optional
        Longest distance in time, s; by default `LONGEST`.

    Returns
    -------
    neighbours : `list` of `~sunpy_lasco.repair.holed_frame.OtherExposure`
        Nearest in time first.
    names : `list` of `str`
        Their file names.
    refused : `list` of `str`
        A clause for each rejected candidate, with its name and the reason.

    Raises
    ------
    TypeError
        If a candidate is not a C2 or C3 map.
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
                refused.append(f"{name} is not a sky image, by its counts")
                continue
            ratio = _level_ratio(holed.signal, frame, neighbour.signal, theirs, raw=is_raw(smap.meta))
            if 1 / LARGEST_RATIO < ratio < LARGEST_RATIO:
                found.append((neighbour, name))
                sides.append(side)
                continue
            reason = f"is {ratio:.2g} times as bright as the frame"
        refused.append(f"{name} {reason}")
    return [neighbour for neighbour, _ in found], [name for _, name in found], refused


def _distance(frame, other):
    """Distance in time between a frame and a map, s."""
    if not hasattr(other, "_flags"):
        msg = f"The context of a repair must contain maps of LASCO C2 and C3, not a {type(other).__name__}."
        raise TypeError(msg)
    return abs(seconds_between(frame, frame_of(other)))


def _misfit(smap, frame, other, theirs, longest):
    """The reason in the header why another exposure cannot be used; None if it can."""
    raw = is_raw(smap.meta)
    if theirs.camera != frame.camera:
        return f"is from {theirs.camera.name}"
    if is_raw(other.meta) != raw:
        return "is of another level"
    if (theirs.filter, theirs.polar) != (frame.filter, frame.polar):
        return f"was taken through {theirs.filter}/{theirs.polar}"
    if theirs.binning != frame.binning:
        return f"is summed over {theirs.binning[0]} x {theirs.binning[1]} pixels"
    if any((a - b) % size for a, b, size in zip(theirs.corner, frame.corner, frame.binning, strict=True)):
        return "has pixels that lie between those of the frame"
    seconds = abs(seconds_between(frame, theirs))
    if not 0 < seconds <= longest:
        return f"is {seconds / 60:.0f} minutes away"
    if not raw:
        return None if _same_wcs(smap, other) else "has another WCS"
    here, there = pointing_of(smap, frame), pointing_of(other, theirs)
    if abs(float(normalize_roll(here.roll - there.roll))) > LARGEST_TURN:
        return "is rotated relative to the frame"
    shift = float(np.hypot(*np.subtract(here.centre, there.centre)))
    return f"points {shift:.1f} pixels away from the frame" if shift > LARGEST_SHIFT else None


def _same_wcs(smap, other):
    """Whether the pixels of two level-1 maps have the same sky positions."""
    if smap.data.shape != other.data.shape:
        return False
    ny, nx = smap.data.shape
    corners = np.array([[0, nx - 1, 0], [0, 0, ny - 1]], dtype=float)
    mine, theirs = smap._geometry.to_plane(*corners), other._geometry.to_plane(*corners)
    return np.abs(np.subtract(mine, theirs)).max() <= WCS_TOLERANCE * abs(smap._geometry.cdelt[0])


def _level_ratio(signal, frame, other, theirs, *, raw):
    """Ratio of the level of another exposure to that of the frame; for counts, of the levels per second."""
    here, there = signal[::LEVEL_STEP, ::LEVEL_STEP], other[::LEVEL_STEP, ::LEVEL_STEP]
    both = np.isfinite(here) & np.isfinite(there) & (here > 0)
    if not both.any():
        return np.nan
    ratio = float(np.median(there[both] / here[both]))
    return ratio * frame.exptime / theirs.exptime if raw else ratio


#: Longest line of HISTORY; FITS breaks lines at 72 characters.
LINE = 70
#: Largest number of blocks and of exposures that a warning names.
MOST_BLOCKS = 8
MOST_REFUSED = 4


def _blocks(blocks, first):
    """Names "column,row" in the grid of the full frame, for blocks (row, column) of the array."""
    return [f"{column + first[1]},{row + first[0]}" for row, column in sorted(blocks)]


def history_lines(methods, first, neighbours=(), *, moved=(), one_sided=None):
    """
    Lines of HISTORY that state how each block was filled.

    Parameters
    ----------
    methods : `dict`
        Names of the methods used, by block (row, column) of the array.
    first : `tuple` of `int`
        Row and column, in the grid of the full frame, of the array's first block.
    neighbours : sequence of `str`, optional
        File names of the exposures that were used.
    moved : collection of `tuple`, optional
        Blocks for which the exposures were moved with the corona.
    one_sided : `dict`, optional
        ``"earlier"`` or ``"later"``, by block; blocks that were filled only from exposures on this side.

    Returns
    -------
    `list` of `str`
    """
    lines = []
    for used in dict.fromkeys(methods.values()):
        mine = [block for block, names in methods.items() if names == used]
        lines += _with_blocks(f"Filled by {' and '.join(used)}", mine, first)
    for side in dict.fromkeys((one_sided or {}).values()):
        mine = [block for block, which in one_sided.items() if which == side]
        lines += _with_blocks(f"From {side} exposures alone", mine, first)
    if moved:
        lines += _with_blocks("Neighbours moved with the corona", moved, first)
    if neighbours:
        lines.append(f"Neighbours in time: {' '.join(neighbours)}")
    return lines


def _with_blocks(text, blocks, first):
    """Lines of HISTORY with a text and a list of blocks."""
    lines, line = [], f"{text}, blocks column,row:"
    for name in _blocks(blocks, first):
        if len(line) + 1 + len(name) > LINE:
            lines.append(line)
            line = "   "
        line += f" {name}"
    return [*lines, line]


def unfilled_message(name, unfilled, first, refused=()):
    """
    Warning about blocks that stay empty.

    Parameters
    ----------
    name : `str` or None
        File name.
    unfilled : `dict`
        The reasons, by block (row, column) of the array.
    first : `tuple` of `int`
        As for `history_lines`.
    refused : sequence of `str`, optional
        The exposures of the context that were not used, with the reason.

    Returns
    -------
    `str`
    """
    parts = []
    for reason in dict.fromkeys(unfilled.values()):
        texts = _blocks([block for block, why in unfilled.items() if why == reason], first)
        some = " ".join(texts[:MOST_BLOCKS]) + (" ..." if len(texts) > MOST_BLOCKS else "")
        parts.append(f"{len(texts)} blocks (column,row {some}), since {reason}")
    remedy = "Exposures before and after, given as context, may fill them."
    if refused:
        remedy = f"Of the context, {'; '.join(refused[:MOST_REFUSED])}{' ...' * (len(refused) > MOST_REFUSED)}."
    return f"{name or 'The map'}: pixels stay empty in {'; '.join(parts)}. {remedy}"


#: Filters of the frames on which the networks are trained.
USUAL_FILTER = {"C2": "ORANGE", "C3": "CLEAR"}


def inpaint(
    smap: AnyCoronagraphMap,
    method: str = "auto",
    *,
    context: Iterable[CoronagraphMap] | str | None = None,
    background: np.ndarray | None = None,
    response: np.ndarray | str | None = "auto",
    longest: u.Quantity | None = None,
    bias: u.Quantity | None = None,
    **options: Any,
) -> AnyCoronagraphMap:
    """
    Fill blocks that were lost in telemetry.

    Measured pixels do not change.  Filled pixels are flagged FILLED in addition to MISSING and have an
    uncertainty; HISTORY records the method of each block.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Preferably level 0.5, before any other step; `sunpy_lasco.calibrate` repairs level 0.5 by default.  In
        level 1, NaN pixels that are flagged MISSING are filled; see the notes.
    method : `str`, optional
        ``"auto"`` selects the method with the smallest expected error for each hole.  It uses the exposures of
        the ``context``, moved to the time of the map, or the map alone.  If torch is installed, it uses the
        network for the kinds of holes that the network fills better than the other methods.
        ``"network"`` also accepts ``weights=`` from your own training (`sunpy_lasco.network.method`).
        ``"sequence"`` uses two exposures before and two after, and ``"temporal"`` uses one before and one after.
        ``"mixture"``, ``"kriging"``, ``"radial"``, ``"biharmonic"`` and ``"fuzzy"`` use the map alone.
    context : sequence of maps or ``"archive"``, optional
        Exposures before and after, of the same level, in any order and number.  Exposures with another filter,
        polariser, summing, roll or pointing are ignored, and so are those too far away in time.  ``"archive"``
        works for level 0.5: if blocks were lost, it downloads the two exposures before and the two after with
        the same camera, filter and polariser.  Exposures are moved with the corona; if all are earlier, the
        motion is extrapolated.
    background : `~numpy.ndarray`, optional
        Background model of the full frame, DN / s, shape (1024, 1024), see
        `~sunpy_lasco.assets.background`; by default the model in the package.  For level 1 it is not used: the
        background is derived from the map itself.
    response : `~numpy.ndarray`, ``"auto"`` or None
        Fixed response of the pixels relative to their surroundings, shape (1024, 1024), see
        `~sunpy_lasco.assets.response`.  ``"auto"`` uses the map in the package if there is one for the date;
        None uses no response map.
    longest : `~astropy.units.Quantity`, optional
        Longest distance in time of a neighbour; by default 30 minutes for C2 and 90
        minutes for C3.
    bias : `~astropy.units.Quantity`, optional
        Bias of a single read-out, DN, in place of the bias that the calibration would choose.
    **options
        Options of the method, for example ``variant="intended"`` for ``"fuzzy"``.

    Returns
    -------
    map of the same class
        If pixels were filled, a float32 map with flags, uncertainty, HISTORY and the cards
        NFILLED and FILLMETH; otherwise a copy.  Pixels that could not be filled are NaN.

    Raises
    ------
    TypeError
        If the input is not a C2 or C3 map.
    ValueError
        If there is no such method.
    sunpy_lasco.errors.NotCalibratableError
        If the map is neither raw counts nor a level-1 image, or if it is not an exposure, for example a
        difference or a multiple of one.

    Warns
    -----
    sunpy_lasco.errors.LascoUserWarning
        If blocks stay empty, with the reason: the whole frame is lost, a zone has more than 100 blocks and no
        neighbours in time, or nothing was measured around the blocks.

    Notes
    -----
    Repair at level 0.5 is best.  There the fixed response of the pixels is known, the background model includes
    the vignetting, and holes have their true size.  The uncertainty of filled pixels propagates through all
    later steps.

    ``"fuzzy"`` is SolarSoft ``fuzzy_image``, which fills C3 Clear only.

    Examples
    --------
    >>> from sunpy_lasco import PixelFlag, flags, inpaint, simulate
    >>> raw = simulate.observe("C3", lost_blocks=[(5, 10)], seed=1).level05
    >>> filled = inpaint(raw, "fuzzy")
    >>> int(((flags(filled) & PixelFlag.FILLED) != 0).sum())
    1024
    """
    if not hasattr(smap, "_flags"):
        msg = f"Only maps of LASCO C2 and C3 can be repaired; this is a {type(smap).__name__}."
        raise TypeError(msg)
    if method != "auto":
        get_method(method)
    smap = in_memory(smap)
    (require_counts if is_raw(smap.meta) else require_brightness)(smap, "repaired")
    raw = is_raw(smap.meta)
    if not raw and header_level(smap.meta) != 1.0:
        msg = (
            f"{smap.meta.get('filename') or 'The map'} is neither raw counts nor a level-1 image: "
            "repair the level-0.5 map before anything else is done to it."
        )
        raise NotCalibratableError(msg)
    flags = flags_of(smap)
    if not holes_of(flags).any():
        return replace(smap)
    single = None
    if raw and bias is not None:
        single = float(bias.to_value("DN"))
        if not 0 <= single < np.inf:
            msg = f"bias={bias} cannot be the bias of a read-out; it is a positive quantity in DN."
            raise OptionError(msg)
    found = _repair(
        smap, flags, method, context=context, background=background, response=response, longest=longest, bias=single,
        **options,
    )  # fmt: skip
    return _filled_map(smap, flags, *found)


def fill_counts(draft, method, *, context, background, bias):
    """
    Fill a level-0.5 map during the calibration, when its flags and the bias of a single read-out (DN) are known.

    Like `inpaint`, but only filled pixels get an uncertainty.
    """
    if method != "auto":
        get_method(method)
    flags = draft._flags.copy()
    found = _repair(
        draft, flags, method, context=context, background=background, response="auto", longest=None, bias=bias
    )
    return _filled_map(draft, flags, *found, measured=False)


def _repair(smap, flags, method, *, context, background, response, longest, bias, **options):
    """The prepared frame, its repair, the level to add to filled values, and the lines of HISTORY."""
    raw = is_raw(smap.meta)
    if raw:
        holed, level = raw_holed_frame(smap, flags, background, response, bias)
        make = partial(_raw_neighbour, bias=bias)
    else:
        holed, level, make = calibrated_holed_frame(smap, flags), 0.0, calibrated_neighbour
    names, refused = [], []
    if isinstance(context, str):
        context = _from_archive(smap, context, longest)
    if context is not None:
        seconds = None if longest is None else float(longest.to_value("s"))
        found, names, refused = neighbours_among(smap, context, holed, make, longest=seconds)
        holed = exchange(holed, neighbours=tuple(found))
    repair = repair_frame(holed, method, networks=raw and _is_usual(frame_of(smap)), **options)
    if repair.unfilled:
        message = unfilled_message(smap.meta.get("filename"), repair.unfilled, _first_block(smap, raw), refused)
        warnings.warn(message, LascoUserWarning, stacklevel=3)
    lines = history_lines(
        repair.methods,
        _first_block(smap, raw),
        names if repair.shown else (),
        moved=repair.moved,
        one_sided=repair.one_sided,
    )
    return holed, repair, level, lines


def _from_archive(smap, context, longest):
    """Download the exposures before and after a level-0.5 map."""
    if context != "archive" or not is_raw(smap.meta):
        msg = f"context={context!r} is not a sequence of maps; the only word is 'archive', for a map of level 0.5."
        raise OptionError(msg)
    from sunpy_lasco.net.context import fetch_around

    frame = frame_of(smap)
    seconds = LONGEST[frame.camera.name] if longest is None else float(longest.to_value("s"))
    paths = fetch_around(frame.start, frame.camera.name, filter=frame.filter, polarizer=frame.polar, longest=seconds)
    return [open_map(path) for path in paths]


def _is_usual(frame):
    """Whether a frame is of the kind on which the networks are trained."""
    return not frame.is_derived and (frame.filter, frame.polar) == (USUAL_FILTER[frame.camera.name], "CLEAR")


def _first_block(smap, raw):
    """Row and column, in the grid of the full frame, of the first block of the array."""
    return tuple(int(indices[0]) for indices in block_indices(frame_of(smap))) if raw else (0, 0)


def raw_holed_frame(smap, flags, background, response, bias):
    """Prepare a level-0.5 map with known flags; returns the same as `holed_frame_of`."""
    frame = frame_of(smap)
    if isinstance(response, str):
        epoch = response_epoch(frame)
        response = None if epoch is None else builtin_response(epoch)
    if response is not None:
        response = frame_response(response, frame)
    holed, level = holed_frame_of(
        smap.data,
        frame,
        background=background,
        response=response,
        flags=flags,
        pointing=pointing_of(smap, frame),
        offset=card_offset(smap.meta),
        bias=None if bias is None else bias * frame.leb_sum[0] * frame.leb_sum[1],
    )
    return holed, level


def _raw_neighbour(frame, other, *, bias):
    """The counts of another map without its filled pixels, which are not measurements."""
    theirs = frame_of(other)
    bias = None if bias is None else bias * theirs.leb_sum[0] * theirs.leb_sum[1]
    return neighbour_of(
        frame, other.data, theirs, flags=_counts_flags(other, theirs), offset=card_offset(other.meta), bias=bias
    )


def _counts_flags(smap, frame):
    """Flags of a level-0.5 map that concern its counts: lost, not sent or filled."""
    if smap._flags is not None:
        return smap._flags
    missing, untransmitted = classify_missing(smap.data, frame)
    return missing * np.uint8(PixelFlag.MISSING) | untransmitted * np.uint8(PixelFlag.UNTRANSMITTED)


def _filled_map(smap, flags, holed, repair, level, lines, *, measured=True):
    """The repaired map; ``measured`` tells whether measured pixels get an uncertainty."""
    raw, empty = is_raw(smap.meta), holes_of(flags)
    data = smap.data.astype(np.float32)
    frame = frame_of(smap)
    if raw and smap.data.dtype.kind == "i" and frame.is_binned and not frame.is_derived and (data < 0).any():
        # Sums above 32767 are negative in the file, which filled values are not.
        data[data < 0] += np.float32(65536)
        lines = ["Negative counts of the summed image unwrapped (+65536)", *lines]
    sigma = np.zeros(data.shape, np.float32)
    if measured or smap.uncertainty is not None:
        sigma = _uncertainty(smap, holed, frame, raw=raw)
    for array in (data, sigma):
        array[empty] = np.nan
    for piece in repair.pieces:
        data[piece.window][piece.pixels] = (piece.values + level).astype(np.float32)
        sigma[piece.window][piece.pixels] = piece.sigma
        flags[piece.window][piece.pixels] |= np.uint8(PixelFlag.FILLED)
    meta = copy.deepcopy(smap.meta)
    used = list(dict.fromkeys(name for methods in repair.methods.values() for name in methods))
    add_history(meta, *lines)
    meta["nfilled"] = len(repair.methods)
    meta["fillmeth"] = ", ".join(used) or "none"
    if not raw:
        meta = with_checksum(meta, data)
    return replace(smap, data=data, meta=meta, flags=flags, uncertainty=StdDevUncertainty(sigma, copy=False))


def _uncertainty(smap, holed, frame, *, raw):
    """1 sigma of the measured pixels; NaN if it is unknown."""
    if smap.uncertainty is not None:
        return np.array(smap.uncertainty.array, dtype=np.float32)
    if raw:
        return np.sqrt(noise_variance(np.asarray(holed.signal, np.float32), frame, pattern=False))
    return np.full(smap.data.shape, np.nan, dtype=np.float32)
