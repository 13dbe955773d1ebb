"""
Kinds of holes for which a network has a record of its own.
"""

import numpy as np

from sunpy_lasco.inpainting.spread import setting
from sunpy_lasco.instrument.cameras import CAMERAS

__all__ = ["STRATA", "stratum"]

#: As of `sunpy_lasco.inpainting.spread.SETTINGS`, with borders at the occulter apart.
STRATA = ("single", "few", "many", "occulter", "border", "edge")
#: A hole whose nearest pixel lies within this many occulter radii of its centre is at the occulter.
OCCULTER_REACH = 1.3


def stratum(crop):
    """
    What kind of hole it is.

    Parameters
    ----------
    crop : `~sunpy_lasco.inpainting.interface.Crop`

    Returns
    -------
    `str`
        One of `STRATA`.
    """
    found = setting(crop)
    if found == "border":
        away = np.hypot(crop.x - crop.occulter[0], crop.y - crop.occulter[1])[crop.hole].min()
        if away < OCCULTER_REACH * CAMERAS[crop.camera].occulter_radius:
            return "occulter"
    return found
