"""
Exposures calibrated before their windows are cut out, as in the paper.
"""

from dataclasses import replace

import numpy as np

import sunpy.map

from sunpy_lasco.calibration.pipeline import calibrate
from sunpy_lasco.inpainting.calibrated import calibrated_neighbour, calibrated_scene
from sunpy_lasco.inpainting.reading import frame_of
from sunpy_lasco.map.flags import flags

__all__ = ["level1_scene"]


def _level1(exposure, assets):
    raw = sunpy.map.Map(np.asarray(exposure.raw), exposure.header.copy())
    source = "simulated" if exposure.origin == "simulated" else assets
    return calibrate(raw, assets=source, inpaint=False, on_bad="ignore")


def level1_scene(exposure, *, assets=None):
    """
    Calibrate an exposure and its neighbours.

    Parameters
    ----------
    exposure : `~sunpy_lasco.training.frames.Exposure`
        With its header.
    assets : optional
        As of `sunpy_lasco.calibrate`.

    Returns
    -------
    `~sunpy_lasco.inpainting.workspace.Scene`
        In mean solar brightness.

    Notes
    -----
    Level 1 is the second-best place of a repair, see `sunpy_lasco.inpaint`: the paper trains
    there, the recommended recipe at level 0.5.
    """
    level1 = _level1(exposure, assets)
    scene = calibrated_scene(level1, flags(level1))
    around = [calibrated_neighbour(frame_of(level1), _level1(one, assets)) for one in exposure.neighbours]
    return replace(scene, neighbours=tuple(sorted(around, key=lambda one: abs(one.seconds))))
