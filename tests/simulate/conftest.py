"""Exposures that several tests look at."""

import pytest

from sunpy_lasco import simulate

#: Nothing left to chance, nothing rounded, nothing left out.
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
    """A function that takes an exposure of which only scene and optics decide."""

    def take(detector, scene, **options):
        return simulate.observe(detector, scene=scene, **(BARE | options))

    return take


@pytest.fixture(scope="session")
def empty():
    """A scene in which there is nothing."""
    return simulate.Scene()


@pytest.fixture(scope="session")
def smooth():
    """A corona without stars and planets."""
    return simulate.corona(stars=False, planets=False)
