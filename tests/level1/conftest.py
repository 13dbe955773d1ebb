"""Simulated exposures and their truth, for the tests of the calibration."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import ndimage

from sunpy_lasco import simulate
from sunpy_lasco.verify.simulated import true_calibration, truth

#: No noise, no rounding.  The light diffracted at the occulter, a few
#: pixels wide, is left out: the scene is smooth up to the shadow's edge.
EXACT = {
    "noise": False,
    "quantise": False,
    "saturation": False,
    "nonlinearity": True,
    "exposure_factor": 1.013,
    "diffracted": False,
    "seed": 3,
}


def interior(result, margin=6):
    """Valid pixels away from any edge."""
    return ndimage.binary_erosion(np.isfinite(result.data), iterations=margin)


def relative_errors(simulation, result, step=1):
    """Errors of every ``step``-th interior pixel, relative to the scene."""
    good = interior(result)[::step, ::step]
    assert good.sum() > 0.04 * good.size
    return np.abs(result.data[::step, ::step][good] / truth(simulation, result, step)[good] - 1)


@pytest.fixture(scope="session")
def closure():
    """The functions above, which share no code with the calibration."""
    return SimpleNamespace(calibrated=true_calibration, truth=truth, interior=interior, relative_errors=relative_errors)


@pytest.fixture(scope="session")
def smooth_scene():
    """A corona without stars and planets: smooth at the scale of pixels."""
    return simulate.Scene(diffuse=(simulate.KCorona(), simulate.FCorona()))


@pytest.fixture(scope="session")
def simulated_assets():
    return simulate.assets()


@pytest.fixture(scope="session")
def observe():
    """`simulate.observe` with a cache of the last results."""
    kept = {}

    def observe(detector, **options):
        key = (detector, *sorted((name, repr(value)) for name, value in options.items()))
        if key not in kept:
            while len(kept) >= 6:
                kept.pop(next(iter(kept)))
            kept[key] = simulate.observe(detector, **options)
        return kept[key]

    return observe


@pytest.fixture(scope="session")
def exact(observe, smooth_scene):
    """An exposure of the smooth corona without noise, rounding and diffracted light."""
    return lambda detector, **options: observe(detector, scene=smooth_scene, **(EXACT | options))
