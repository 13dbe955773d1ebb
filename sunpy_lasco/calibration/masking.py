"""
What the occulter, the pylon and the edge of the field hide.
"""

import numpy as np

from sunpy_lasco.assets.names import C3_MASK
from sunpy_lasco.assets.resolve import resolve
from sunpy_lasco.calibration.geometry import distortion_of
from sunpy_lasco.calibration.options import INTERPOLATED
from sunpy_lasco.calibration.placement import is_turned, turned_frame
from sunpy_lasco.calibration.records import frame_of, record, require, require_not
from sunpy_lasco.instrument.cameras import FULL_FRAME
from sunpy_lasco.instrument.field import field_mask
from sunpy_lasco.instrument.vignetting import block_mean, frame_cutout
from sunpy_lasco.pixel_flags import PixelFlag

__all__ = ["apply_mask", "corrected_positions"]

#: A summed pixel is good if this share of its pixels is.
GOOD_SHARE = 0.999


def corrected_positions(meta, frame):
    """
    Where the pixels of an image lie on the undistorted detector.

    Parameters
    ----------
    meta : mapping
        Header of a map to which `~sunpy_lasco.calibration.geometry.correct_distortion`
        was applied.
    frame : `~sunpy_lasco.instrument.frame.Frame`
        Its frame.

    Returns
    -------
    x, y : `numpy.ndarray`
        Full-frame pixel of the detector's orientation, of the shape of the frame.
    """
    frame = turned_frame(frame) if is_turned(meta) else frame
    (ny, nx), (sx, sy), (cx, cy) = frame.shape, frame.binning, frame.corner
    x = np.broadcast_to(cx + (np.arange(nx) + 0.5) * sx - 0.5, (ny, nx))
    y = np.broadcast_to((cy + (np.arange(ny) + 0.5) * sy - 0.5)[:, None], (ny, nx))
    if meta.get("distort") in ("wcs", "none"):
        x, y = distortion_of(meta).to_corrected(x, y)
    elif "imgrot" in meta:
        dx, dy = x - meta["imgtar1"], y - meta["imgtar2"]
        cos, sin = np.cos(np.radians(meta["imgrot"])), np.sin(np.radians(meta["imgrot"]))
        x, y = meta["imgpiv1"] + cos * dx + sin * dy, meta["imgpiv2"] - sin * dx + cos * dy
    return (x[::-1, ::-1], y[::-1, ::-1]) if is_turned(meta) else (x, y)


def apply_mask(smap, *, assets=None):
    """
    Make NaN, and flag, what is no sky.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        After `~sunpy_lasco.calibration.geometry.correct_distortion`.
    assets : optional
        Source of calibration images, see `sunpy_lasco.calibrate`.

    Returns
    -------
    map of the same class
        With the card MASKFILE.

    Notes
    -----
    For C3, SolarSoft's ``c3_calibrate`` multiplies the undistorted image by the
    mask image.  For C2 it masks nothing; here the shadow of the occulter and the
    pylon is masked by geometry, `~sunpy_lasco.instrument.field.field_mask`.
    """
    require(smap, "distort", "correct_distortion")
    require_not(smap, "maskfile", "apply_mask")
    frame = frame_of(smap)
    if frame.camera.name == "C3":
        asset = resolve(assets).image(C3_MASK)
        masked, name, sha = _image_mask(asset.data, smap.meta, frame), asset.name, asset.sha256
    else:
        masked, name, sha = field_mask(*corrected_positions(smap.meta, frame), "C2"), "geometry", None
    data = smap.data.copy()
    data[masked] = np.nan
    attached = smap._flags
    flags = np.zeros(data.shape, np.uint8) if attached is None else attached.copy()
    flags[masked] |= np.uint8(PixelFlag.MASKED)
    return record(
        smap,
        data=data,
        flags=flags,
        cards={"maskfile": name, "masksha": sha or None},
        history=[f"Mask: {name}"],
    )


def _image_mask(good, meta, frame):
    """Where an image of the undistorted detector, 1 good and 0 masked, masks a frame."""
    if meta.get("distort") in INTERPOLATED and "imgrot" not in meta:
        detector = turned_frame(frame) if is_turned(meta) else frame
        share = block_mean(frame_cutout(good, detector).astype(np.float32), frame.binning)
        masked = share < GOOD_SHARE
        return masked[::-1, ::-1] if is_turned(meta) else masked
    x, y = corrected_positions(meta, frame)
    column, row = np.rint(x).astype(int), np.rint(y).astype(int)
    inside = (column >= 0) & (column < FULL_FRAME) & (row >= 0) & (row < FULL_FRAME)
    masked = np.ones(x.shape, bool)
    masked[inside] = good[row[inside], column[inside]] == 0
    return masked
