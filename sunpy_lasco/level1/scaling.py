"""
Integer scaling of the official C3 product.
"""

import numpy as np

__all__ = ["BLANK", "BSCALE", "BZERO", "SCALE_MAXIMUM", "decode_int16", "encode_int16"]

#: Upper end of the scale, MSB.  SolarSoft ``std_int_scale``.
SCALE_MAXIMUM = 6.5e-9
#: Brightness of a step, MSB.
BSCALE = SCALE_MAXIMUM / 65536
#: Brightness of the integer 0, MSB.
BZERO = 32769 * BSCALE
#: The integer that means "no value".
BLANK = -32768


def is_scaled(frame):
    """Whether official files of a `~sunpy_lasco.instrument.frame.Frame` hold integers: those of C3 Clear."""
    return frame.camera.name == "C3" and frame.filter == "CLEAR"


def encode_int16(image, *, official=False):
    """
    Scale brightness to 16 bit integers.

    Parameters
    ----------
    image : `numpy.ndarray`
        MSB; NaN is missing.
    official : `bool`
        Reproduce the official files to the bit: pixels that are exactly zero get
        the integer 0, which reads back as 3.25e-9 MSB, negative ones overflow to
        the brightest value, and the faintest may fall on BLANK.

    Returns
    -------
    `numpy.ndarray`
        int16.
    """
    image = np.asarray(image, dtype=float)
    scaled = np.rint((np.clip(np.nan_to_num(image), 0.0, SCALE_MAXIMUM) - BZERO) / BSCALE)
    if official:
        wrapped = scaled.astype(np.int64).astype(np.int16)
        return np.where(np.nan_to_num(image) == 0, np.int16(0), wrapped)
    scaled = np.clip(scaled, BLANK + 1, 32767).astype(np.int16)
    return np.where(np.isnan(image), np.int16(BLANK), scaled)


def decode_int16(stored):
    """
    Brightness of scaled integers.

    Parameters
    ----------
    stored : `numpy.ndarray`
        int16.

    Returns
    -------
    `numpy.ndarray`
        MSB, float64; NaN where the integer is BLANK.
    """
    stored = np.asarray(stored)
    return np.where(stored == BLANK, np.nan, stored * BSCALE + BZERO)
