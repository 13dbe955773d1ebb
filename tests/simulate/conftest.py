"""Exposures for several tests."""

import pytest

from sunpy_lasco import simulate

#: No noise, no rounding, no omitted blocks.
BARE = {
    "noise": False,
    "quantise": False,
    "saturation": False,
    "exposure_factor": 1.0,
    "diffracted": False,
    "ramp": False,
    "untransmitted": False,
}


@pytest.fixture(scope="session")
def bare():
    """A function that makes an exposure that depends only on scene and optics."""

    def take(detector, scene, **options):
        return simulate.observe(detector, scene=scene, **(BARE | options))

    return take


@pytest.fixture(scope="session")
def empty():
    """An empty scene."""
    return simulate.Scene()


@pytest.fixture(scope="session")
def smooth():
    """A corona without stars and planets."""
    return simulate.corona(stars=False, planets=False)
