"""
Scaling to integers: brightness in the official C3 product, sigma in compact files.
"""

from functools import lru_cache

import numpy as np

__all__ = [
    "BLANK",
    "BSCALE",
    "BZERO",
    "LOG_STEP",
    "SCALE_MAXIMUM",
    "decode_int16",
    "decode_logarithm",
    "encode_int16",
    "encode_logarithm",
]

#: Upper end of the scale, MSB.  SolarSoft ``std_int_scale``.
SCALE_MAXIMUM = 6.5e-9
#: Brightness of a step, MSB.
BSCALE = SCALE_MAXIMUM / 65536
#: Brightness of the integer 0, MSB.
BZERO = 32769 * BSCALE
#: The integer that means "no value".
BLANK = -32768
#: Step of the natural logarithm of sigma in compact files; half a step is an error of 0.4963 %.
LOG_STEP = 0.0099
#: The integers for zero and for infinity, which have no finite logarithm.
LOG_ZERO, LOG_INFINITE = -32767, 32767
#: Steps of the smallest (subnormal) and the largest float32.
LOG_RANGE = (-10436, 8962)


def is_scaled(frame):
    """Whether the official file of a `~sunpy_lasco.instrument.frame.Frame` holds integers, as for C3 Clear."""
    return frame.camera.name == "C3" and frame.filter == "CLEAR"


def encode_int16(image, *, official=False):
    """
    Scale brightness to 16-bit integers.

    Parameters
    ----------
    image : `numpy.ndarray`
        MSB; NaN is missing.
    official : `bool`
        Reproduce the official files to the last bit: pixels that are exactly zero become the integer 0, which
        is read back as 3.25e-9 MSB, negative pixels overflow to the brightest value, and the faintest may
        become BLANK.

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
    Convert scaled integers to brightness.

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


def encode_logarithm(sigma):
    """
    Scale the natural logarithm of sigma to 16-bit integers.

    Parameters
    ----------
    sigma : `numpy.ndarray`
        Not negative; NaN is missing.

    Returns
    -------
    `numpy.ndarray`
        int16: the logarithm in steps of `LOG_STEP`, which covers the range of float32; or `BLANK`,
        `LOG_ZERO`, `LOG_INFINITE`.

    Raises
    ------
    ValueError
        If a number is negative.
    """
    sigma = np.asarray(sigma, np.float32)
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = np.rint(np.log(sigma) * np.float32(1 / LOG_STEP))
    unusual = ~np.isfinite(steps)
    if unusual.any():
        if (sigma[unusual] < 0).any():
            msg = "A sigma is negative."
            raise ValueError(msg)
        steps[unusual] = np.select(
            [sigma[unusual] == 0, np.isposinf(sigma[unusual])], [LOG_ZERO, LOG_INFINITE], default=BLANK
        )
    return steps.astype(np.int16)


@lru_cache(maxsize=1)
def _sigma_of_integers():
    """Sigma for each 16-bit integer, in the order of the unsigned integers."""
    steps = np.arange(2**16, dtype=np.uint16).view(np.int16).clip(*LOG_RANGE)
    table = np.exp(steps * LOG_STEP).clip(max=np.finfo(np.float32).max).astype(np.float32)
    for integer, meaning in ((BLANK, np.nan), (LOG_ZERO, 0.0), (LOG_INFINITE, np.inf)):
        table[integer % 2**16] = meaning
    return table


def decode_logarithm(stored):
    """
    Convert scaled logarithms to sigma.

    Parameters
    ----------
    stored : `numpy.ndarray`
        int16.

    Returns
    -------
    `numpy.ndarray`
        float32.
    """
    return _sigma_of_integers()[np.asarray(stored, np.int16).view(np.uint16)]
