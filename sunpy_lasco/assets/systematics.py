"""
Systematic errors of estimated calibration images.

They hold for images that are not the published ones but were estimated from
public data, built in or in files with ORIGIN 'ESTIMATE'.  The numbers come from
a second pair of level-0.5 and level-1 images of C3, from the scatter between
estimates of C2 from rolled and unrolled frames, and from stars.
"""

from functools import lru_cache

import numpy as np

from sunpy_lasco.assets.names import (
    C2_VIGNETTING,
    C3_BACKGROUND,
    C3_RAMP,
    C3_VIGNETTING_POST,
    C3_VIGNETTING_PRE,
)

__all__ = ["systematic_error"]

#: Relative error of the C2 vignetting against the distance from the occulter, pixel:
#: 40 % near the occulter, 10 % at 3.2 solar radii, 4 % beyond 4.4 (stars), and 10 % in the
#: corners, where the parametric form is 8 to 10 % below the official image.
C2_RADII = (175.0, 190.0, 260.0, 360.0, 650.0, 690.0)
C2_ERRORS = (0.40, 0.20, 0.10, 0.04, 0.04, 0.10)
C2_CENTRE = (512.634, 505.293)

#: Relative error of the C3 vignetting in the open field.
C3_OPEN = 0.02
#: Inside 4.5 solar radii (78 pixels), and along the pylon.
C3_NEAR, C3_NEAR_RADIUS = 0.05, 78.0
#: At the root of the pylon.
C3_ROOT, C3_ROOT_RADIUS = 0.08, 85.0
#: Before the interruption: the occulter stood 1.4 pixels away.
C3_BEFORE = 0.10
#: Common scale: the vignetting of the open field is 1 by assumption.
C3_SCALE = 0.015
C3_CENTRE = (516.456, 531.132)
#: Half width of the strip along the pylon, pixel, its root and its direction (x, y).
PYLON_HALF_WIDTH = 116.0
PYLON_ROOT = (519.7894, 527.7835)
PYLON_DIRECTION = (-0.70870279, -0.70550716)

#: Error of the C3 ramp, MSB.
RAMP_ERROR = 0.4e-12
#: Relative error of the minimum model.
BACKGROUND_ERROR = 0.10


@lru_cache(maxsize=8)
def systematic_error(name):
    """
    Systematic error of an estimated calibration image, 1 sigma.

    Parameters
    ----------
    name : `str`
        Name of the asset.

    Returns
    -------
    relative : `float` or `numpy.ndarray`
        Relative to the image; an array is (1024, 1024) float32, read-only.
    offset : `float`
        To be added in quadrature, in the unit of the image.
    """
    if name == C2_VIGNETTING:
        return _frozen(np.interp(_distance(C2_CENTRE), C2_RADII, C2_ERRORS)), 0.0
    if name in (C3_VIGNETTING_PRE, C3_VIGNETTING_POST):
        return _frozen(np.hypot(_c3_error(before=name == C3_VIGNETTING_PRE), C3_SCALE)), 0.0
    if name == C3_RAMP:
        return 0.0, RAMP_ERROR
    if name == C3_BACKGROUND:
        return BACKGROUND_ERROR, 0.0
    return 0.0, 0.0


def _c3_error(*, before):
    distance = _distance(C3_CENTRE)
    y, x = np.indices(distance.shape)
    dx, dy = x - PYLON_ROOT[0], y - PYLON_ROOT[1]
    along = dx * PYLON_DIRECTION[0] + dy * PYLON_DIRECTION[1]
    across = dy * PYLON_DIRECTION[0] - dx * PYLON_DIRECTION[1]
    pylon = (np.abs(across) < PYLON_HALF_WIDTH) & (along > 0)
    error = np.where((distance < C3_NEAR_RADIUS) | pylon, C3_NEAR, C3_OPEN)
    error = np.where(pylon & (distance < C3_ROOT_RADIUS), C3_ROOT, error)
    return np.where((distance < C3_ROOT_RADIUS) | pylon, C3_BEFORE, error) if before else error


def _distance(centre):
    y, x = np.indices((1024, 1024))
    return np.hypot(x - centre[0], y - centre[1])


def _frozen(error):
    error = error.astype(np.float32)
    error.flags.writeable = False
    return error
