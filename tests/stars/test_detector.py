"""From the sky to the pixels of a map and back."""

import numpy as np
import pytest

import astropy.units as u
from astropy.coordinates import SkyCoord

import sunpy_lasco
from sunpy_lasco import simulate
from sunpy_lasco.stars.detector import detector_grid

OPTIONS = {
    "whole": {},
    "upside down": {"flipped": True},
    "rolled": {"roll": 37.0},
    "summed": {"leb_sum": (2, 2)},
    "oblong": {"chip_sum": (2, 1)},
    "part": {"subframe": (128, 256, 640, 512)},
}


@pytest.mark.parametrize("name", OPTIONS)
def test_to_the_ideal_detector_and_back(name):
    smap = simulate.observe("C3", date="2010-01-05T00:18", noise=False, **OPTIONS[name]).level05
    for geometry in ("official", "stars"):
        grid = detector_grid(smap, geometry)
        x, y = np.array([100.3, 300.0, 7.7]), np.array([200.8, 30.0, 250.2])
        back = grid.to_pixel(*grid.to_ideal(x, y))
        np.testing.assert_allclose(back, [x, y], atol=1e-8)


@pytest.mark.parametrize("name", ["whole", "upside down", "summed", "part"])
def test_official_geometry_is_that_of_level_1(name):
    """The WCS of level 1 and the grid of level 0.5 agree on directions, apart from the distortion."""
    raw = simulate.observe("C3", date="2010-01-05T00:18", noise=False, **OPTIONS[name]).level05
    level1 = sunpy_lasco.calibrate(raw, assets="simulated", inpaint=None, on_bad="ignore", pad=False, mask=False)
    grid, after = detector_grid(raw, "official"), detector_grid(level1, "official")
    assert after.removed == grid.distortion
    np.testing.assert_allclose(after.attitude.centre, grid.attitude.centre, atol=1e-6)
    assert after.attitude.roll == pytest.approx(grid.attitude.roll)
    tx, ty = np.array([5000.0, -9000.0]), np.array([12000.0, 3000.0])
    plane = np.tan(tx / 206264.806) * 206264.806, np.tan(ty / 206264.806) / np.cos(tx / 206264.806) * 206264.806
    seen = after.to_pixel(*after.attitude.ideal(*plane))
    sky = SkyCoord(tx * u.arcsec, ty * u.arcsec, frame=level1.coordinate_frame)
    np.testing.assert_allclose(seen, [axis.value for axis in level1.world_to_pixel(sky)], atol=1e-4)
    # In level 0.5 the distortion moves it by several pixels.
    raw_x, raw_y = grid.to_ideal(*grid.to_pixel(*grid.attitude.ideal(*plane)))
    np.testing.assert_allclose([raw_x, raw_y], grid.attitude.ideal(*plane), atol=1e-6)
