"""
Saturated pixels of a raw image.
"""

import numpy as np

from sunpy_lasco.instrument.bias import bias_polynomial
from sunpy_lasco.instrument.constants import value_of
from sunpy_lasco.instrument.linearity import full_well

__all__ = ["full_counts", "saturated_pixels"]


def full_counts(frame):
    """
    Counts above the bias from which pixels are saturated, DN of a stored pixel, by image column, (nx,).

    The limit is 95 % of the full well, and at most 11000 DN including the bias for C3 and 16000 for C2, whose
    converter ends at 16383. SolarSoft uses 16383 only and finds no saturation in C3. For sums in the
    electronics box the limit is multiplied by the number of addends; a single saturated addend remains
    undetected.
    """
    camera = frame.camera
    limit = camera.saturation - bias_polynomial(camera.name, frame.mid_mjd, frame.port)
    full = value_of("full_well.saturated_share") * full_well(frame)
    return np.minimum(limit, full) * (frame.leb_sum[0] * frame.leb_sum[1])


def saturated_pixels(raw, frame):
    """
    Pixels that are saturated or into which saturated neighbours bleed, from counts including the bias, DN.

    The CCD bleeds along its columns, which are the rows of the image after the ground software has rotated
    images from port C.
    """
    if frame.is_derived or frame.is_model:
        return np.zeros(raw.shape, bool)
    camera = frame.camera
    bias = bias_polynomial(camera.name, frame.mid_mjd, frame.port) * frame.leb_sum[0] * frame.leb_sum[1]
    limit = full_counts(frame) + bias
    # Integers reach the limit when they reach the next integer.
    limit = np.ceil(limit).astype(np.int32) if raw.dtype.kind in "iu" else limit.astype(raw.dtype)
    saturated = np.zeros(raw.shape, bool)
    with np.errstate(invalid="ignore"):
        rows = np.flatnonzero(np.fmax.reduce(raw, axis=1) >= limit.min())
        core = raw[rows] >= limit
    saturated[rows] = core
    if camera.bleed and len(rows):
        bled = core.copy()
        reach = -(-camera.bleed // frame.binning[0])
        for step in range(1, reach + 1):
            bled[:, step:] |= core[:, :-step]
            bled[:, :-step] |= core[:, step:]
        saturated[rows] = bled
    return saturated
