"""Simulated exposures and the truth behind them, as the tests of the calibration need them."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import ndimage

import astropy.units as u

import sunpy_lasco
from sunpy_lasco import simulate
from sunpy_lasco.simulate.pixels import plane_from_helioprojective

#: Nothing left to chance, nothing rounded.  The light diffracted at the occulter, a few
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


def calibrated(simulation, assets, **options):
    """Level 1 by what is true of the exposure, where headers and tables only know it roughly."""
    p = simulation.parameters
    centre = [(c - x0 + 0.5) / s - 0.5 for c, x0, s in zip(p.sun_centre, p.corner, p.binning, strict=True)]
    given = {
        "factor": p.exposure_factor,
        "bias": p.bias * u.DN,
        "time_offset": 0 * u.s,
        "centre": centre * u.pix,
        "roll": p.roll * u.deg,
        "inpaint": None,
        "on_bad": "ignore",
    }
    return sunpy_lasco.calibrate(simulation.level05, assets=assets, **(given | options))


def truth(simulation, result, step=1):
    """The scene in the directions that the WCS of a level-1 map gives its pixels, each ``step``-th."""
    rows, columns = np.mgrid[: result.data.shape[0] : step, : result.data.shape[1] : step]
    world = result.wcs.pixel_to_world_values(columns, rows)
    tx, ty = (
        np.asarray(axis) * u.Unit(unit).to(u.arcsec)
        for axis, unit in zip(world, result.wcs.world_axis_units, strict=True)
    )
    tx = (tx + 648000.0) % 1296000.0 - 648000.0
    x, y = simulation.parameters.attitude.pixel(*plane_from_helioprojective(tx, ty))
    return simulation.level1_at(x, y)


def interior(result, margin=6):
    """Valid pixels away from any edge."""
    return ndimage.binary_erosion(np.isfinite(result.data), iterations=margin)


def relative_errors(simulation, result, step=1):
    """Errors of the interior pixels, each ``step``-th, relative to the scene."""
    good = interior(result)[::step, ::step]
    assert good.sum() > 0.04 * good.size
    return np.abs(result.data[::step, ::step][good] / truth(simulation, result, step)[good] - 1)


@pytest.fixture(scope="session")
def closure():
    """The functions above: what they know of a level-1 map comes from no code of the calibration."""
    return SimpleNamespace(calibrated=calibrated, truth=truth, interior=interior, relative_errors=relative_errors)


@pytest.fixture(scope="session")
def smooth_scene():
    """A corona without stars and planets: smooth at the scale of pixels."""
    return simulate.Scene(diffuse=(simulate.KCorona(), simulate.FCorona()))


@pytest.fixture(scope="session")
def simulated_assets():
    return simulate.assets()


@pytest.fixture(scope="session")
def observe():
    """`simulate.observe` with the last results kept."""
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
    """An exposure of the smooth corona without chance, rounding and diffracted light."""
    return lambda detector, **options: observe(detector, scene=smooth_scene, **(EXACT | options))
