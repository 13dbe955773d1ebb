"""
The repair of a map.
"""

import copy
import warnings
from dataclasses import replace as exchange
from functools import partial

import numpy as np

from astropy.nddata import StdDevUncertainty

from sunpy_lasco.errors import LascoUserWarning, NotCalibratableError, OptionError
from sunpy_lasco.inpainting.calibrated import calibrated_neighbour, calibrated_scene
from sunpy_lasco.inpainting.context import neighbours_among
from sunpy_lasco.inpainting.interface import get_method
from sunpy_lasco.inpainting.reading import card_offset, flagged, frame_of, holes_of, pointing_of
from sunpy_lasco.inpainting.repair import repair_scene
from sunpy_lasco.inpainting.report import history_lines, unfilled_message
from sunpy_lasco.inpainting.response import builtin_response, frame_response, response_epoch
from sunpy_lasco.inpainting.scene import frame_scene, neighbour_of
from sunpy_lasco.instrument.blocks import block_indices
from sunpy_lasco.instrument.noise import noise_variance
from sunpy_lasco.map.changes import require_exposure
from sunpy_lasco.map.checksum import with_checksum
from sunpy_lasco.map.flags import flags as flags_of
from sunpy_lasco.map.headers import header_level, is_raw
from sunpy_lasco.map.lazy import in_memory
from sunpy_lasco.map.records import add_history
from sunpy_lasco.map.replace import replace
from sunpy_lasco.pixel_flags import PixelFlag

__all__ = ["inpaint"]

#: Filters of the frames from which networks learn.
USUAL_FILTER = {"C2": "ORANGE", "C3": "CLEAR"}


def inpaint(smap, method="auto", *, context=None, background=None, response="auto", longest=None, bias=None, **options):
    """
    Fill what was lost in telemetry.

    Pixels that were measured do not change.  A filled pixel carries the flag FILLED
    beside MISSING, and its 1 sigma; HISTORY says by which method each block was filled.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Best of level 0.5, before anything else is done to it; `sunpy_lasco.calibrate` does
        it there by itself.  Of level 1, what is flagged MISSING and NaN is filled, whatever
        its shape; see the notes.
    method : `str`, optional
        ``"auto"``: per block, the network for those kinds of holes that it fills better
        than all other methods, if torch is installed; neighbours in time where
        ``context`` has any that fit; and for the rest the best method that needs
        none.  Or ``"network"``, if you like with ``weights=`` of your own training
        (`sunpy_lasco.inpainting.methods.network`); ``"sequence"`` of two exposures before and
        two after, ``"temporal"`` of one each; ``"mixture"``, ``"kriging"``, ``"radial"``,
        ``"biharmonic"``, ``"fuzzy"``.
    context : sequence of maps, optional
        Exposures before and after, of the same level, in any order and number.  Those with
        another filter, polariser, sum, roll or pointing, or too far away in time, are
        left aside.
    background : `~numpy.ndarray`, optional
        Background model of the full frame, DN / s, shape (1024, 1024), see
        `~sunpy_lasco.inpainting.background`; by default the one that comes with
        the package.  Of level 1 the background is made of the map itself.
    response : `~numpy.ndarray`, ``"auto"`` or None
        Fixed response of the pixels relative to their surroundings, shape (1024, 1024), see
        `~sunpy_lasco.inpainting.response`.  ``"auto"`` takes the map that comes with the
        package where there is one for the date; None does without.
    longest : `~astropy.units.Quantity`, optional
        Longest distance in time of a neighbour; by default 30 minutes for C2 and 90
        minutes for C3.
    bias : `~astropy.units.Quantity`, optional
        Bias of a single read-out, DN, where it is not to be chosen as in the calibration.
    **options
        Of the method, for example ``variant="intended"`` of ``"fuzzy"``.

    Returns
    -------
    map of the same class
        float32 if something was filled, with flags, uncertainty, HISTORY and the cards
        NFILLED and FILLMETH; else a copy.  What could not be filled is NaN.

    Warns
    -----
    sunpy_lasco.errors.LascoUserWarning
        If blocks stay empty, with the reason: a whole frame, zones of more than
        100 blocks without neighbours in time, blocks without surroundings.

    Raises
    ------
    TypeError
        If it is no map of C2 or C3.
    ValueError
        If there is no such method.
    sunpy_lasco.errors.NotCalibratableError
        If it is neither raw counts nor a level-1 image, or is no exposure but a difference, a multiple and so on.

    Notes
    -----
    Level 0.5 is the right place: the fixed response of the pixels is known there, the
    background model holds the vignetting, holes have their true size, and the
    uncertainty of a filled pixel takes part in all that follows.

    SolarSoft ``fuzzy_image``, which is ``"fuzzy"``, fills C3 Clear only.

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
    require_exposure(smap, "repaired")
    smap = in_memory(smap)
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
    if raw:
        single = None if bias is None else float(bias.to_value("DN"))
        if single is not None and not 0 <= single < np.inf:
            msg = f"bias={bias} cannot be the bias of a read-out; it is a positive quantity in DN."
            raise OptionError(msg)
        scene, level = _raw_scene(smap, flags, background, response, single)
        make = partial(_raw_neighbour, bias=single)
    else:
        scene, level, make = calibrated_scene(smap, flags), 0.0, calibrated_neighbour
    names, refused = [], []
    if context is not None:
        seconds = None if longest is None else float(longest.to_value("s"))
        found, names, refused = neighbours_among(smap, context, scene, make, longest=seconds)
        scene = exchange(scene, neighbours=tuple(found))
    repair = repair_scene(scene, method, networks=raw and _is_usual(frame_of(smap)), **options)
    if repair.unfilled:
        message = unfilled_message(smap.meta.get("filename"), repair.unfilled, _first_block(smap, raw), refused)
        warnings.warn(message, LascoUserWarning, stacklevel=2)
    return _filled_map(smap, flags, scene, repair, level, history_lines(repair.methods, _first_block(smap, raw), names))


def _is_usual(frame):
    """Whether a frame was taken as those from which networks learn."""
    return not frame.is_derived and (frame.filter, frame.polar) == (USUAL_FILTER[frame.camera.name], "CLEAR")


def _first_block(smap, raw):
    """Row and column, in the grid of the full frame, of the first block of the array."""
    return tuple(int(indices[0]) for indices in block_indices(frame_of(smap))) if raw else (0, 0)


def _raw_scene(smap, flags, background, response, bias):
    frame = frame_of(smap)
    if isinstance(response, str):
        epoch = response_epoch(frame)
        response = None if epoch is None else builtin_response(epoch)
    if response is not None:
        response = frame_response(response, frame)
    scene, level = frame_scene(
        smap.data,
        frame,
        background=background,
        response=response,
        holes=holes_of(flags),
        pointing=pointing_of(smap, frame),
        offset=card_offset(smap.meta),
        bias=None if bias is None else bias * frame.leb_sum[0] * frame.leb_sum[1],
    )
    return exchange(scene, unusable=scene.unusable | flagged(flags, "FILLED")), level


def _raw_neighbour(frame, other, *, bias):
    """The counts of another map; what was filled in it is no measurement."""
    counts = np.array(other.data, dtype=float)
    counts[flagged(flags_of(other), "FILLED")] = np.nan
    theirs = frame_of(other)
    bias = None if bias is None else bias * theirs.leb_sum[0] * theirs.leb_sum[1]
    return neighbour_of(frame, counts, theirs, offset=card_offset(other.meta), bias=bias)


def _filled_map(smap, flags, scene, repair, level, lines):
    """The map with the repair in it."""
    raw, empty = is_raw(smap.meta), holes_of(flags)
    new = scene.holes & np.isfinite(repair.values)
    data = smap.data.astype(np.float32)
    frame = frame_of(smap)
    if raw and smap.data.dtype.kind == "i" and frame.is_binned and not frame.is_derived and (data < 0).any():
        # Sums beyond 32767 are negative in the file; beside filled pixels they cannot stay so.
        data[data < 0] += np.float32(65536)
        lines = ["Negative counts of the summed image unwrapped (+65536)", *lines]
    data[new] = (repair.values[new] + level).astype(np.float32)
    data[empty & ~new] = np.nan
    flags[new] |= np.uint8(PixelFlag.FILLED)
    sigma = _uncertainty(smap, scene, frame, raw=raw)
    sigma[empty] = np.nan
    sigma[new] = repair.sigma[new]
    meta = copy.deepcopy(smap.meta)
    used = list(dict.fromkeys(name for methods in repair.methods.values() for name in methods))
    add_history(meta, *lines)
    meta["nfilled"] = len(repair.methods)
    meta["fillmeth"] = ", ".join(used) or "none"
    if not raw:
        meta = with_checksum(meta, data)
    return replace(smap, data=data, meta=meta, flags=flags, uncertainty=StdDevUncertainty(sigma, copy=False))


def _uncertainty(smap, scene, frame, *, raw):
    """1 sigma of the measured pixels, as far as it is known."""
    if smap.uncertainty is not None:
        return np.array(smap.uncertainty.array, dtype=np.float32)
    if raw:
        return np.sqrt(noise_variance(scene.signal.astype(np.float32), frame))
    return np.full(smap.data.shape, np.nan, dtype=np.float32)
