"""
Which pixels of a map show no sky.

The mask follows from the data (NaN, and the zeros of raw counts) and from the
geometry of the camera, so that it is there again after any operation on a map
and after saving and reading it.
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

#: As many pixels of the same odd value, side by side, are no coincidence.
PLATEAU = 16
#: BZERO of SolarSoft's scaled level 1, MSB, where the header does not say.
OFFICIAL_ZERO = 3.2501e-9
#: How well pixels that hold it agree with it, relative: by the digits of the header and as
#: floats of 32 bits.
ZERO_AGREEMENT = 1e-6


def hidden_and_outside(geometry, shape, meta):
    """
    What occulter, pylon and field edge hide of a map of a geometry and a shape (ny, nx), and what lies
    beside the detector.

    bool, (ny, nx), read-only. What is outside is hidden too. Of a reprojected image, in which pixels
    lie anywhere on the detector, nothing: it is NaN there.
    """
    if "reproject" in changes_of(meta):
        nothing = np.broadcast_to(np.False_, tuple(shape))
        return nothing, nothing
    x0, y0 = geometry.to_detector(0.0, 0.0)
    x1, y1 = geometry.to_detector(1.0, 0.0)
    x2, y2 = geometry.to_detector(0.0, 1.0)
    # Frames of one sequence lie alike on the detector, but for rounding errors.
    affine = tuple(round(float(value), 6) for value in (x0, y0))
    affine += tuple(round(float(value), 9) for value in (x1 - x0, y1 - y0, x2 - x0, y2 - y0))
    distortion = header_distortion(meta) if geometry.distorted else None
    return mask_of_grid(squeezed(meta.get("detector")), affine, tuple(shape), distortion)


def empty_pixels(data, meta):
    """
    Pixels of an array, (ny, nx), perhaps of dask, that hold nothing, by its header.

    They are what is not finite; of raw counts the zeros as well, and of Helioviewer's bytes the black
    areas. An array with a level-0.5 header need not be counts: where its values contradict the header
    (`~sunpy_lasco.map.checksum.holds_counts`), as those of a running difference do, zeros and negative
    values are results like any others, and only whole blocks of zeros are holes.
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
    Make the masked pixels of SolarSoft's level 1, (ny, nx) as read, perhaps of dask, NaN; the array
    itself where there are none.

    SolarSoft multiplies by its masks. In C3 images scaled to integers of 16 bits the zeros became
    BZERO, a value of a bright pixel: 189,510 pixels of 3.2501e-9 MSB. Plateaus of 16 and more such
    pixels are made NaN; single ones are measurements. In C2, blocks that are not sent hold the bias
    with a negative sign: an unpolarised brightness below 0 is not a measurement either, if the image is
    that of the file. In an array that somebody made with its header, the sign says nothing;
    `without_negatives` is for images that were only resampled.
    """
    if not has_official_holes(data, meta):
        return data
    return on_whole(partial(_official_holes_to_nan, meta=dict(meta)), data)


def has_official_holes(data, meta):
    """Whether an array may have SolarSoft's masked pixels in it, by its header."""
    official = header_level(meta) == 1.0 and not is_standard(meta) and not changes_of(meta)
    return official and data.dtype.kind == "f"


def _official_holes_to_nan(data, meta):
    # Readers that scale the integers may take BZERO out of the header.
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
        Shape (ny, nx); bits of `sunpy_lasco.pixel_flags.PixelFlag`.  Those attached to the
        map by a calibration or a repair, if there are any.  Else those that follow from
        data and header: for raw counts the blocks that were lost and those that were
        not sent, the saturated pixels, and what occulter, pylon and field edge hide (for
        arrays with a header of counts that hold something else, only whole blocks of zeros
        count as lost or not sent, and nothing as saturated);
        for other maps the NaN inside the field (MISSING), what is hidden (MASKED) and
        what the detector did not see (OUTSIDE).

    Raises
    ------
    TypeError
        If it is not a map of C2 or C3.
    """
    if not hasattr(smap, "_flags"):
        msg = f"Flags are known of maps of LASCO C2 and C3; this is a {type(smap).__name__}."
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
