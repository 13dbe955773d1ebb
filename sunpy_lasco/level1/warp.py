"""
Distortion, rotation and rectification of an image.

Everything that moves light between pixels is done in one interpolation. Turning the image by 180 degrees only
reorders pixels and loses nothing.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np

from sunpy_lasco.assets.choice import resolve
from sunpy_lasco.assets.names import C3_MASK
from sunpy_lasco.errors import OptionError
from sunpy_lasco.geometry.distortion import INTERPOLATED, SOLARSOFT_CELLS, camera_distortion
from sunpy_lasco.geometry.field import field_mask
from sunpy_lasco.geometry.resampling import (
    PIVOT,
    corrected_positions,
    is_turned,
    movement_of,
    resampling_with,
    turned_frame,
)
from sunpy_lasco.geometry.rolls import is_flipped, normalize_roll, rectified_centre
from sunpy_lasco.instrument.cameras import FIRST_COLUMN, FIRST_ROW, FULL_FRAME
from sunpy_lasco.instrument.pixel_grid import block_mean, frame_cutout, full_axes
from sunpy_lasco.level1 import arrays
from sunpy_lasco.level1.counts import sigma_array, with_sigma
from sunpy_lasco.level1.interpolation import fused_loops
from sunpy_lasco.level1.options import checked_option
from sunpy_lasco.map.edit import frame_of, record, require, require_not

if TYPE_CHECKING:
    import astropy.units as u

    from sunpy_lasco.assets.sources import AssetsLike
    from sunpy_lasco.map.sources import AnyCoronagraphMap

__all__ = ["apply_mask", "correct_distortion", "rectify", "turn"]


def correct_distortion(
    smap: AnyCoronagraphMap,
    *,
    method: str | None = "resample",
    scale: str = "official",
    north_up: bool = False,
    sun_pixel: u.Quantity | None = None,
) -> AnyCoronagraphMap:
    """
    Correct the distortion, with an optional rotation and shift.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        In detector orientation, with Sun centre and roll set (`~sunpy_lasco.update_pointing`).
    method : `str` or None
        ``"resample"`` interpolates the image once. ``"grid"`` does so at the positions of SolarSoft, which
        are exact every 32 pixels and linear between them. ``"wcs"`` keeps the pixels where they were measured
        and describes the distortion in the WCS as SIP. None does nothing, not even rotate.
    scale : `str`
        Geometry: ``"official"`` or ``"stars"``.
    north_up : `bool`
        Rotate the image so that solar north is up.
    sun_pixel : `~astropy.units.Quantity`, optional
        Move the Sun centre to this position (x, y) in the rectified full frame, full-resolution pixels
        counted from 0.

    Returns
    -------
    map of the same class
        With the card DISTORT.

    Raises
    ------
    ValueError
        If a rotation or a shift is requested without an interpolation.

    Notes
    -----
    SolarSoft ``c2_warp``, ``c3_warp``, and the ``rot`` of ``reduce_level_1``, which interpolates a second
    time. If the spacecraft was upside down, SolarSoft rotates the image after rectifying it; this function
    has the same result in one interpolation.
    """
    require(smap, "detroll", "update_pointing")
    require_not(smap, "distort", "correct_distortion")
    frame = frame_of(smap)
    scale = checked_option("geometry", scale)
    distortion, told = distortion_told(smap.meta, frame, method, scale, north_up, sun_pixel)
    if method not in INTERPOLATED:
        return record(smap, **told)
    return _moved(smap, resampling_with(told["cards"], frame, distortion), told)


def distortion_told(meta, frame, method, scale, north_up, sun_pixel):
    """The `~sunpy_lasco.geometry.distortion.Distortion`, and the cards and HISTORY of distortion and movement."""
    if method not in (*INTERPOLATED, "wcs", None):
        msg = (
            f"The distortion is corrected by method 'resample', 'grid' or 'wcs', or not at all (None), not {method!r}."
        )
        raise OptionError(msg)
    if method not in INTERPOLATED and (north_up or sun_pixel is not None):
        msg = "Rotating or shifting the image requires an interpolation: use distortion='resample'."
        raise OptionError(msg)
    distortion = camera_distortion(frame.camera.name, frame.mjd, scale=scale)
    if method == "grid":
        distortion = replace(distortion, cells=SOLARSOFT_CELLS)
    cards = {
        "distort": method or "none",
        "geoscale": scale,
        "occcen1": distortion.centre[0],
        "occcen2": distortion.centre[1],
        "dist_k0": distortion.k0,
        "dist_k1": distortion.k1,
        "dist_k2": distortion.k2,
    }
    if method not in INTERPOLATED:
        left = "Distortion left in the image and put into the WCS (SIP)" if method == "wcs" else "Distortion left in"
        return distortion, {"cards": cards, "history": [left]}
    moved, history = _movement(meta, north_up, sun_pixel)
    return distortion, {"cards": cards | moved, "history": ["Distortion corrected (bilinear)", *history]}


def turn(smap, *, north_up=False, sun_pixel=None):
    """
    Rotate and shift an image in a second interpolation, after the distortion was corrected.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        In detector orientation, after `correct_distortion`.
    north_up, sun_pixel : optional
        As for `correct_distortion`, which does everything in one interpolation.

    Returns
    -------
    map of the same class

    Notes
    -----
    SolarSoft ``reduce_level_1`` rotates in this way, but after the rectification, which makes no difference.
    It reads the image up to 1 pixel beyond the centres of its last row and column; the number of empty pixels
    agrees with official files within 20 pixels.
    """
    require(smap, "distort", "correct_distortion")
    require_not(smap, "turned", "rectify")
    require_not(smap, "imgrot", "turn")
    cards, history = _movement(smap.meta, north_up, sun_pixel)
    if not cards:
        return record(smap)
    if smap.uncertainty is not None:
        # Zeros in place of missing pixels have no sigma.
        smap = record(smap, uncertainty=with_sigma(np.nan_to_num(smap.uncertainty.array)))
    resampling = replace(resampling_with(cards, frame_of(smap), None), open_end=True)
    return _moved(smap, resampling, {"cards": cards, "history": history})


def _movement(meta, north_up, sun_pixel):
    """Cards and lines of HISTORY for a rotation and a shift; empty if there is neither."""
    roll, sun = meta["detroll"], (meta["sunpix1"], meta["sunpix2"])
    turned = is_flipped(roll)
    rotation = normalize_roll(roll - 180.0 * turned) if north_up else 0.0
    target, history = None, []
    if sun_pixel is not None:
        target = tuple(checked_option("sun_pixel", sun_pixel).value.tolist())
        target = rectified_centre(target) if turned else target
        history.append("Sun's centre moved to a given pixel")
    if not rotation and target is None:
        return {}, []
    goal = target or sun
    cards = {
        "imgrot": float(rotation),
        "imgpiv1": sun[0],
        "imgpiv2": sun[1],
        "imgtar1": goal[0],
        "imgtar2": goal[1],
    }
    if rotation:
        line = f"Rotated by {rotation:.5f} degrees counter-clockwise about the Sun's centre"
        history.insert(0, line)
    return cards, history


def _moved(smap, resampling, told):
    """Interpolate image, uncertainty and flags of a map."""
    image, sigma, flags = arrays.move(smap.data, sigma_array(smap), smap._flags, resampling)
    return record(smap, data=image, uncertainty=with_sigma(sigma), flags=flags, **told)


def rectify(smap: AnyCoronagraphMap) -> AnyCoronagraphMap:
    """
    Rotate the image by 180 degrees if the spacecraft was upside down.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        In detector orientation, with the roll set.

    Returns
    -------
    map of the same class
        Upright, without interpolation, and with the card TURNED.

    Notes
    -----
    SolarSoft ``reduce_level_1``: if the roll exceeds 170 degrees either way. SolarSoft tests the roll before
    reducing it to +-180 degrees, this function afterwards.
    """
    require(smap, "detroll", "update_pointing")
    require_not(smap, "turned", "rectify")
    told = rectified_told(smap.meta, frame_of(smap))
    if not told["cards"]["turned"]:
        return record(smap, **told)
    image, sigma, flags = map(arrays.upright, (smap.data, sigma_array(smap), smap._flags))
    return record(smap, data=image, uncertainty=with_sigma(sigma), flags=flags, **told)


def rectified_told(meta, frame):
    """Cards and HISTORY of the rectification."""
    if not is_flipped(meta["detroll"]):
        return {"cards": {"turned": False}, "history": ["No roll correction applied."]}
    turned = turned_frame(frame)
    (cx, cy), (sx, sy), (ny, nx) = turned.corner, frame.binning, frame.shape
    cards = {
        "turned": True,
        "r1col": FIRST_COLUMN + cx,
        "r2col": FIRST_COLUMN + cx + nx * sx - 1,
        "r1row": FIRST_ROW + cy,
        "r2row": FIRST_ROW + cy + ny * sy - 1,
    }
    return {"cards": cards, "history": ["Image rotated 180 degrees."]}


#: A summed pixel is good if at least this share of its pixels is good.
GOOD_SHARE = 0.999
#: Cards that describe the positions of the pixels of an image on the detector.
PLACING_CARDS = "distort dist_k0 dist_k1 dist_k2 occcen1 occcen2 turned imgrot imgpiv1 imgpiv2 imgtar1 imgtar2".split()
#: Number of cached masks; each takes 1 MB for a full frame.
KEPT_MASKS = 8


def apply_mask(smap: AnyCoronagraphMap, *, assets: AssetsLike = None) -> AnyCoronagraphMap:
    """
    Set masked pixels to NaN and flag them.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        After `~sunpy_lasco.level1.warp.correct_distortion`.
    assets : optional
        Source of calibration images, see `sunpy_lasco.calibrate`.

    Returns
    -------
    map of the same class
        With the card MASKFILE.

    Notes
    -----
    For C3, SolarSoft's ``c3_calibrate`` multiplies the undistorted image by the mask image. SolarSoft has no
    mask for C2; here the shadow of occulter and pylon is masked by geometry,
    `~sunpy_lasco.geometry.field.field_mask`.
    """
    require(smap, "distort", "correct_distortion")
    require_not(smap, "maskfile", "apply_mask")
    frame = frame_of(smap)
    asset = resolve(assets).image(C3_MASK) if frame.camera.name == "C3" else None
    masked = mask_of(asset, smap.meta, frame)
    image, sigma, flags = arrays.hide(smap.data, sigma_array(smap), smap._flags, masked)
    return record(smap, data=image, flags=flags, uncertainty=with_sigma(sigma), **mask_told(asset))


def mask_of(asset, meta, frame):
    """Masked pixels of an image, from a mask image of C3 or, without one, from the geometry of C2."""
    return _geometric_mask(meta, frame) if asset is None else _image_mask(asset.data, meta, frame)


def mask_told(asset):
    """Cards and HISTORY of the mask."""
    name, sha = ("geometry", None) if asset is None else (asset.name, asset.sha256)
    return {"cards": {"maskfile": name, "masksha": sha or None}, "history": [f"Mask: {name}"]}


def _geometric_mask(meta, frame):
    """Pixels that occulter, pylon and field edge hide in a frame of C2."""
    cards = {card: meta[card] for card in PLACING_CARDS if card in meta}
    return _hidden(frame.camera.name, frame.shape, frame.binning, frame.corner, tuple(cards.items()))


@lru_cache(maxsize=KEPT_MASKS)
def _hidden(camera, shape, binning, corner, cards):
    frame = SimpleNamespace(shape=shape, binning=binning, corner=corner)
    hidden = field_mask(*corrected_positions(dict(cards), frame), camera)
    hidden.flags.writeable = False
    return hidden


def _image_mask(good, meta, frame):
    """Pixels of a frame that are masked by an image of the undistorted detector (1 good, 0 masked)."""
    if meta.get("distort") in INTERPOLATED and "imgrot" not in meta:
        detector = turned_frame(frame) if is_turned(meta) else frame
        share = block_mean(frame_cutout(good, detector).astype(np.float32), frame.binning)
        masked = share < GOOD_SHARE
        return masked[::-1, ::-1] if is_turned(meta) else masked
    fused = fused_loops()
    if fused is not None and "imgrot" in meta and meta.get("distort") in INTERPOLATED and not is_turned(meta):
        (rotation, target), masked = movement_of(meta), np.empty(frame.shape, bool)
        angle = np.radians(rotation)
        movement = np.array([np.cos(angle), np.sin(angle), *PIVOT, *target])
        fused.hidden_by(np.ascontiguousarray(good), *full_axes(frame), movement, masked)
        return masked
    x, y = corrected_positions(meta, frame)
    column, row = np.rint(x).astype(np.int32), np.rint(y).astype(np.int32)
    inside = (column >= 0) & (column < FULL_FRAME) & (row >= 0) & (row < FULL_FRAME)
    column *= inside
    row *= inside
    row *= np.int32(FULL_FRAME)
    row += column
    return (good.ravel()[row] == 0) | ~inside
