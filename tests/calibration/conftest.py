"""Simulated exposures, as the calibration's own tests need them."""

import pytest

import astropy.units as u

from sunpy_lasco import simulate


@pytest.fixture(scope="session")
def smooth_scene():
    """A corona without stars and planets: smooth at the scale of pixels."""
    return simulate.Scene(diffuse=(simulate.KCorona(), simulate.FCorona()))


@pytest.fixture(scope="session")
def simulated_assets():
    return simulate.assets()


@pytest.fixture(scope="session")
def observe():
    """`simulate.observe` with the results kept."""
    kept = {}

    def observe(detector, **options):
        key = (detector, *sorted((name, repr(value)) for name, value in options.items()))
        if key not in kept:
            kept[key] = simulate.observe(detector, **options)
        return kept[key]

    return observe


@pytest.fixture(scope="session")
def no_clock():
    return {"time_offset": 0 * u.s}
