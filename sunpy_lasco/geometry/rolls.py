"""
Rolls of the camera, and positions in an image that is turned by 180 degrees.
"""

import numpy as np

from sunpy_lasco.instrument.cameras import FULL_FRAME

__all__ = ["is_flipped", "normalize_roll", "rectified_centre"]

#: The spacecraft is upside down if the roll exceeds this, degree.
FLIPPED_BEYOND = 170.0


def normalize_roll(degrees):
    """Bring an angle, or angles, in degree into (-180, 180]."""
    return 180.0 - np.mod(180.0 - np.asarray(degrees, dtype=float), 360.0)[()]


def is_flipped(roll):
    """
    Whether an image with a roll in degree must be turned by 180 degrees to be upright; full turns are
    ignored, so -359.7 is a small roll.
    """
    return bool(abs(normalize_roll(roll)) > FLIPPED_BEYOND)


def rectified_centre(centre):
    """A full-frame position (x, y), pixel counted from 0, after the frame was turned by 180 degrees."""
    return FULL_FRAME - 1 - centre[0], FULL_FRAME - 1 - centre[1]
