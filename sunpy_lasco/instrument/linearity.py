"""
Loss of light near the full well of the CCD.

From 7000 DN on the counts of C3 fall behind the exposure, in the east of the image more than in the west. The
full well grows along the columns of the CCD (the rows of the image), as the trail of a bright planet shows.
In units of the full well all measurements follow one curve, the 11th power.
"""

import numpy as np

from sunpy_lasco.instrument.cameras import FULL_FRAME
from sunpy_lasco.instrument.constants import value_of
from sunpy_lasco.instrument.pixel_grid import full_axes

__all__ = ["full_well", "loss_sigma", "lost_light", "true_counts"]


def full_well(frame):
    """
    Counts above the bias at which charge flows into the neighbours, DN of a CCD pixel, by image column,
    (nx,); for summed pixels the mean.
    """
    return well_at(full_axes(frame)[0], frame.camera)


def stored_well(frame):
    """
    Full well of stored pixels (the sum over their CCD pixels), DN above the bias, by image column, float32,
    shape (nx,).
    """
    return (full_well(frame) * (frame.binning[0] * frame.binning[1])).astype(np.float32)


def well_at(x, camera):
    """Full well, DN above the bias, at full-frame columns ``x`` of the detector, any shape."""
    half = FULL_FRAME / 2
    return camera.full_well * (1.0 + camera.full_well_slope * (x - half) / half)


def lost_light(counts, well, camera):
    """
    Relative loss of light: the true counts are counts * (1 + loss).

    ``counts`` are uncorrected counts above the bias, DN of a CCD pixel, and ``well`` is their full well, DN.
    Beyond the full well, where the true light is unknown, the loss is that at the full well.
    """
    filled = counts / well
    np.clip(filled, 0.0, 1.0, out=filled)
    lost = _power(filled, value_of("full_well.loss_power"))
    lost *= counts.dtype.type(camera.full_well_loss)
    return lost


def _power(base, exponent):
    """An integer power from products, in a tenth of the time of NumPy's power."""
    if exponent == 1:
        return base
    product = _power(base * base, exponent // 2)
    if exponent % 2:
        product *= base
    return product


def true_counts(counts, frame):
    """
    Counts above the bias, DN of a stored pixel, corrected for the loss near the full well; NaN is missing.

    SolarSoft has no such step. Pixels that were summed are assumed to be equally full.
    """
    if frame.is_derived or frame.is_model:
        return counts.copy()
    well = (full_well(frame) * (frame.binning[0] * frame.binning[1])).astype(counts.dtype)
    factor = lost_light(counts, well, frame.camera)
    factor += 1
    factor *= counts
    return factor


def loss_sigma(frame):
    """Relative 1 sigma of the light that `true_counts` restores."""
    camera = frame.camera
    known = camera.full_well_loss_sigma / camera.full_well_loss
    away = abs(frame.mjd - value_of("C3.full_well_loss.measured"))
    if camera.name == "C3" and away < value_of("C3.full_well_loss.within") and frame.chip_sum == (1, 1):
        return known
    return float(np.hypot(known, value_of("full_well.other_dates_sigma")))
