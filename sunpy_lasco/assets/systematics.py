"""
Systematic errors of estimated calibration images.

They apply to images that were estimated from public data, in the package or in files with ORIGIN 'ESTIMATE'.
The numbers come from a second pair of level-0.5 and level-1 images of C3, from the scatter between estimates
of C2 from rolled and unrolled frames, and from stars.
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
from sunpy_lasco.instrument.constants import value_of

__all__ = ["systematic_error"]


@lru_cache(maxsize=8)
def systematic_error(name):
    """
    Systematic error of an estimated calibration image by its name, 1 sigma.

    Return the error relative to the image, a number or (1024, 1024) float32, read-only, and an error to add
    in quadrature, in the unit of the image.
    """
    if name == C2_VIGNETTING:
        return _frozen(
            np.interp(
                _distance(value_of("C2.occulter_centre")),
                value_of("estimate.C2_vignetting.radii"),
                value_of("estimate.C2_vignetting.errors"),
            )
        ), 0.0
    if name in (C3_VIGNETTING_PRE, C3_VIGNETTING_POST):
        scale = value_of("estimate.C3_vignetting.scale")
        return _frozen(np.hypot(_c3_error(before=name == C3_VIGNETTING_PRE), scale)), 0.0
    if name == C3_RAMP:
        return 0.0, value_of("estimate.C3_ramp")
    if name == C3_BACKGROUND:
        return value_of("estimate.C3_background"), 0.0
    return 0.0, 0.0


def _c3_error(*, before):
    distance = _distance(value_of("estimate.C3_vignetting.centre"))
    y, x = np.indices(distance.shape)
    root, direction = value_of("estimate.pylon.root"), value_of("estimate.pylon.direction")
    dx, dy = x - root[0], y - root[1]
    along = dx * direction[0] + dy * direction[1]
    across = dy * direction[0] - dx * direction[1]
    pylon = (np.abs(across) < value_of("estimate.pylon.half_width")) & (along > 0)
    near, near_radius = value_of("estimate.C3_vignetting.near")
    at_root, root_radius = value_of("estimate.C3_vignetting.root")
    error = np.where((distance < near_radius) | pylon, near, value_of("estimate.C3_vignetting.open"))
    error = np.where(pylon & (distance < root_radius), at_root, error)
    early = value_of("estimate.C3_vignetting.before")
    return np.where((distance < root_radius) | pylon, early, error) if before else error


def _distance(centre):
    y, x = np.indices((1024, 1024))
    return np.hypot(x - centre[0], y - centre[1])


def _frozen(error):
    error = error.astype(np.float32)
    error.flags.writeable = False
    return error
