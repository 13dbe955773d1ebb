"""
Rolls, and positions on the detector and in images that were cut, summed or turned.
"""

import numpy as np

from sunpy_lasco.instrument.cameras import FULL_FRAME

__all__ = ["binned_position", "full_position", "is_flipped", "normalize_roll", "rectified_centre"]

#: A roll beyond this, in degree, is a turned spacecraft.
FLIPPED_BEYOND = 170.0


def normalize_roll(degrees):
    """
    Bring an angle into (-180, 180].

    Parameters
    ----------
    degrees : `float` or array-like
        Angle in degree.

    Returns
    -------
    `float` or `numpy.ndarray`
    """
    return 180.0 - np.mod(180.0 - np.asarray(degrees, dtype=float), 360.0)[()]


def is_flipped(roll):
    """
    Whether an image is to be turned by 180 degrees to be upright.

    Parameters
    ----------
    roll : `float`
        Roll in degree, of any winding: -359.7 is small.

    Returns
    -------
    `bool`
    """
    return bool(abs(normalize_roll(roll)) > FLIPPED_BEYOND)


def rectified_centre(centre):
    """
    A full-frame position after the frame was turned by 180 degrees.

    Parameters
    ----------
    centre : `tuple` of `float`
        (x, y), full-frame pixel counted from 0.

    Returns
    -------
    `tuple` of `float`
    """
    return FULL_FRAME - 1 - centre[0], FULL_FRAME - 1 - centre[1]


def binned_position(position, frame):
    """
    Position in the stored array of a position in the full frame.

    Parameters
    ----------
    position : `tuple`
        (x, y), full-frame pixel counted from 0; numbers or arrays.
    frame : `~sunpy_lasco.instrument.frame.Frame`
        With the attributes ``corner`` and ``binning``.

    Returns
    -------
    `tuple`
        (x, y) in stored pixels, counted from 0.

    Notes
    -----
    SolarSoft leaves out the half pixel, an error of a quarter of a stored pixel
    in frames summed 2 x 2.
    """
    return tuple(
        (value - corner + 0.5) / binning - 0.5
        for value, corner, binning in zip(position, frame.corner, frame.binning, strict=True)
    )


def full_position(position, frame):
    """
    Position in the full frame of a position in the stored array.

    The inverse of `binned_position`.

    Parameters
    ----------
    position : `tuple`
        (x, y) in stored pixels, counted from 0; numbers or arrays.
    frame : `~sunpy_lasco.instrument.frame.Frame`
        With the attributes ``corner`` and ``binning``.

    Returns
    -------
    `tuple`
        (x, y), full-frame pixel counted from 0.
    """
    return tuple(
        corner + (value + 0.5) * binning - 0.5
        for value, corner, binning in zip(position, frame.corner, frame.binning, strict=True)
    )
