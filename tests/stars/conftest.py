"""Frames of the simulator with the stars of the catalogue and a known pointing."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from sunpy_lasco import simulate, stars


@dataclass(frozen=True)
class CatalogueStars:
    """The stars of the package's catalogue at a time, of solar colour, as points of light of a scene."""

    years: float
    faintest: float = 9.0

    def positions(self, sky):
        table = stars.read_catalogue()
        table = table[table["magnitude"].value < self.faintest]
        ra, dec = table["ra"].to_value("rad"), table["dec"].to_value("rad")
        move = self.years * np.radians(1 / 3.6e6)
        dec = dec + table["pm_dec"].value * move
        ra = ra + table["pm_ra"].value * move / np.cos(dec)
        vectors = np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=1)
        near = vectors @ sky.axes[0] > np.cos(np.radians(15))
        tx, ty, _ = sky.helioprojective(vectors[near])
        return tx, ty, table["magnitude"].value[near]


@pytest.fixture
def starry():
    """A function that takes an exposure of the corona before the real stars."""

    def observe(camera, date, **options):
        scene = simulate.corona()
        scene = replace(scene, points=(CatalogueStars(float(date[:4]) + 0.5 - 1991.25),))
        return simulate.observe(camera, date=date, scene=scene, **options)

    return observe
