"""Frames of the simulator with the stars of the catalogue and a known pointing."""

import pytest

from sunpy_lasco import simulate
from sunpy_lasco.verify.simulated import starry_scene


@pytest.fixture
def starry():
    """A function that makes an exposure of the corona with the real stars."""

    def observe(camera, date, **options):
        return simulate.observe(camera, date=date, scene=starry_scene(date), **options)

    return observe
