"""
Rolls of the camera, and what turning an image by 180 degrees makes of positions.
"""

import numpy as np

from sunpy_lasco.instrument.cameras import FULL_FRAME

__all__ = ["is_flipped", "normalize_roll", "rectified_centre"]

#: A roll beyond this, in degree, is a turned spacecraft.
FLIPPED_BEYOND = 170.0


def normalize_roll(degrees):
    """Bring an angle, or angles, in degree into (-180, 180]."""
    return 180.0 - np.mod(180.0 - np.asarray(degrees, dtype=float), 360.0)[()]


def is_flipped(roll):
    """
    Whether an image of a roll in degree, of any winding (-359.7 is small), is to be turned by 180
    degrees to be upright.
    """
    return bool(abs(normalize_roll(roll)) > FLIPPED_BEYOND)


def rectified_centre(centre):
    """A full-frame position (x, y), pixel counted from 0, after the frame was turned by 180 degrees."""
    return FULL_FRAME - 1 - centre[0], FULL_FRAME - 1 - centre[1]
