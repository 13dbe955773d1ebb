"""
Masks and flags of maps.

The mask is derived from the data (NaN, and zeros of raw counts) and from the geometry of the camera. It is
therefore available after any operation on a map and after saving and reading it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from sunpy_lasco.geometry.field import mask_of_grid
from sunpy_lasco.geometry.vintages import header_distortion, image_geometry, lenient_frame
from sunpy_lasco.instrument.blocks import blocks_to_pixels, classify_missing, full_blocks, no_data
from sunpy_lasco.instrument.cards import number
from sunpy_lasco.instrument.changes import changes_of
from sunpy_lasco.instrument.frame import squeezed
from sunpy_lasco.instrument.headers import header_level, is_helioviewer, is_raw, is_standard
from sunpy_lasco.instrument.saturation import saturated_pixels
from sunpy_lasco.map.checksum import holds_counts, is_whole_file
from sunpy_lasco.map.lazy import in_memory, on_whole
from sunpy_lasco.map.quantities import measurement
from sunpy_lasco.pixel_flags import PixelFlag

if TYPE_CHECKING:
    from sunpy_lasco.map.sources import CoronagraphMap

__all__ = ["empty_pixels", "flags", "has_official_holes", "hidden_and_outside", "holes_to_nan"]

#: This many connected pixels of the same special value are not a coincidence.
PLATEAU = 16
#: BZERO of SolarSoft's scaled level 1, MSB, if the header lacks it.
OFFICIAL_ZERO = 3.2501e-9
#: Relative tolerance for pixels that hold it, from the digits in the header and float32.
ZERO_AGREEMENT = 1e-6


def hidden_and_outside(geometry, shape, meta):
    """
    Pixels hidden by occulter, pylon and field edge in a map with a geometry and a shape (ny, nx), and pixels
    outside the detector.

    bool, (ny, nx), read-only. Pixels outside the detector are hidden as well. In a reprojected image, whose
    pixels may lie anywhere on the detector, no pixel is marked; hidden ones are NaN.
    """
    if "reproject" in changes_of(meta):
        nothing = np.broadcast_to(np.False_, tuple(shape))
        return nothing, nothing
    x0, y0 = geometry.to_detector(0.0, 0.0)
    x1, y1 = geometry.to_detector(1.0, 0.0)
    x2, y2 = geometry.to_detector(0.0, 1.0)
    # Frames of one sequence have the same position on the detector except for rounding errors.
    affine = tuple(round(float(value), 6) for value in (x0, y0))
    affine += tuple(round(float(value), 9) for value in (x1 - x0, y1 - y0, x2 - x0, y2 - y0))
    distortion = header_distortion(meta) if geometry.distorted else None
    return mask_of_grid(squeezed(meta.get("detector")), affine, tuple(shape), distortion)


def empty_pixels(data, meta):
    """
    Pixels without data in an array, (ny, nx), possibly lazy, with its header.

    These are non-finite pixels, for raw counts also zeros, and for Helioviewer's bytes the black areas. An
    array with a level-0.5 header need not be counts. If its values contradict the header
    (`~sunpy_lasco.map.checksum.holds_counts`), as in a running difference, zeros and negative values are
    valid, and only whole blocks of zeros are holes.
    """
    if is_raw(meta):
        return on_whole(partial(_empty_counts, meta=dict(meta)), data, dtype=bool)
    if is_helioviewer(meta) and data.dtype.kind in "iu":
        return on_whole(lambda image: _plateau(image == 0), data, dtype=bool)
    return ~np.isfinite(data)


def _empty_counts(data, meta):
    frame = lenient_frame(meta, data.shape)
    if holds_counts(data, meta):
        return no_data(data, frame)
    zeros = data == 0
    return ~np.isfinite(data) | (zeros & blocks_to_pixels(full_blocks(zeros, frame), frame))


def holes_to_nan(data, meta):
    """
    Set the masked pixels of SolarSoft's level 1, (ny, nx) as read, possibly lazy, to NaN; the array itself is
    returned if there are none.

    SolarSoft multiplies by its masks. In C3 images scaled to 16-bit integers the zeros became BZERO, the
    value of a bright pixel: 189,510 pixels of 3.2501e-9 MSB. Plateaus of 16 and more such pixels are set to
    NaN; single ones are measurements. In C2, blocks that are not sent contain the negative bias, so a
    negative unpolarised brightness is not a measurement if the image is that of the file. In other arrays
    with the same header the sign has no meaning; `without_negatives` is for images that were only resampled.
    """
    if not has_official_holes(data, meta):
        return data
    return on_whole(partial(_official_holes_to_nan, meta=dict(meta)), data)


def has_official_holes(data, meta):
    """Whether an array may contain SolarSoft's masked pixels, according to its header."""
    official = header_level(meta) == 1.0 and not is_standard(meta) and not changes_of(meta)
    return official and data.dtype.kind == "f"


def _official_holes_to_nan(data, meta):
    # Readers that scale the integers may remove BZERO from the header.
    zeros = data == 0
    for zero in {OFFICIAL_ZERO, number(meta, "bzero") or OFFICIAL_ZERO}:
        zeros |= np.abs(data / zero - 1) < ZERO_AGREEMENT
    holes = _plateau(zeros)
    if measurement(meta).startswith("B") and is_whole_file(data, meta):
        holes |= data < 0
    if not holes.any():
        return data
    data = data.copy()
    data[holes] = np.nan
    return data


def _plateau(pixels):
    """Connected groups of at least `PLATEAU` pixels."""
    labels, number = ndimage.label(pixels, structure=np.ones((3, 3)))
    if number == 0:
        return pixels
    large = np.bincount(labels.ravel()) >= PLATEAU
    large[0] = False
    return large[labels]


def flags(smap: CoronagraphMap) -> np.ndarray:
    """
    Flags of the pixels of a map.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        A map of any level.

    Returns
    -------
    `numpy.ndarray` of `numpy.uint8`
        Shape (ny, nx); bits of `sunpy_lasco.pixel_flags.PixelFlag`. Flags that a calibration or a repair
        attached to the map are returned if available. Otherwise they are derived from data and header: for
        raw counts lost, untransmitted and saturated pixels, and those hidden by occulter, pylon and field
        edge (for other arrays with a header of counts only whole blocks of zeros are lost or untransmitted,
        and no pixel is saturated); for other maps NaN inside the field (MISSING), hidden pixels (MASKED) and
        pixels outside the detector (OUTSIDE).

    Raises
    ------
    TypeError
        If it is not a map of C2 or C3.
    """
    if not hasattr(smap, "_flags"):
        msg = f"Flags exist only for maps of LASCO C2 and C3; this is a {type(smap).__name__}."
        raise TypeError(msg)
    if smap._flags is not None:
        return smap._flags.copy()
    smap = in_memory(smap)
    data, meta = smap.data, smap.meta
    hidden, outside = hidden_and_outside(image_geometry(meta, data.shape), data.shape, meta)
    found = hidden * np.uint8(PixelFlag.MASKED)
    found |= outside * np.uint8(PixelFlag.OUTSIDE)
    if not is_raw(meta):
        found[empty_pixels(data, meta) & ~hidden] |= np.uint8(PixelFlag.MISSING)
        return found
    frame = lenient_frame(meta, data.shape)
    missing, untransmitted = classify_missing(data, frame, holes=empty_pixels(data, meta))
    found |= missing * np.uint8(PixelFlag.MISSING)
    found |= untransmitted * np.uint8(PixelFlag.UNTRANSMITTED)
    if not holds_counts(data, meta):
        return found
    counts = np.where(data < 0, data.astype(np.float32) + 65536, data) if data.dtype.kind == "i" else data
    found[saturated_pixels(counts, frame) & ~missing & ~untransmitted] |= np.uint8(PixelFlag.SATURATED)
    return found
