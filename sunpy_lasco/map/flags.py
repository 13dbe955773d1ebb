"""
What each pixel of a map is worth.
"""

import numpy as np

from sunpy_lasco.instrument.blocks import classify_missing
from sunpy_lasco.instrument.saturation import saturated_pixels
from sunpy_lasco.map.checksum import holds_counts
from sunpy_lasco.map.geometry import image_geometry, lenient_frame
from sunpy_lasco.map.headers import is_raw
from sunpy_lasco.map.lazy import in_memory
from sunpy_lasco.map.masks import empty_pixels, hidden_and_outside
from sunpy_lasco.pixel_flags import PixelFlag

__all__ = ["flags"]


def flags(smap):
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
        If it is no map of C2 or C3.
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
