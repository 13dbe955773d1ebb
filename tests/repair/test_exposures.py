import dataclasses

import numpy as np
import pytest

from sunpy_lasco.repair.crop import Neighbour
from sunpy_lasco.repair.neighbours import (
    between_exposures,
    carried,
    compared_pixels,
    misfit,
    nearest_neighbours,
    nearest_pixels,
    without_points,
)

SHAPE = (96, 96)


def exposure(seconds, value=1.0):
    return Neighbour(np.full(SHAPE, float(value)), float(seconds), 1.0, 1.0)


def test_the_nearest_of_each_side_come_first(make_crop):
    crop = make_crop(np.zeros((160, 160)), np.zeros((160, 160), dtype=bool))
    near = [exposure(s) for s in (720, -700, 1400, 2100, -1500)]
    empty = dataclasses.replace(exposure(-10), z=np.full(SHAPE, np.nan))
    found = nearest_neighbours(dataclasses.replace(crop, neighbours=(empty, *near)))
    assert [one.seconds for one in found] == [-700, 720, -1500, 1400]
    found = nearest_neighbours(dataclasses.replace(crop, neighbours=(near[0],)))
    assert [one if one is None else one.seconds for one in found] == [None, 720, None, None]


def test_a_level_is_carried_into_the_hole():
    """A constant difference is carried up to the weight of the prior, 0.05; where all is lost, nothing is carried."""
    difference = np.full(SHAPE, 2.0)
    known = np.ones(SHAPE, dtype=bool)
    assert carried(difference, known, 4.0)[48, 48] == pytest.approx(2.0 / 1.05, rel=1e-6)
    known[:] = False
    assert not carried(difference, known, 4.0).any()


def test_points_are_taken_out_and_kept_apart():
    z = np.random.default_rng(2).normal(size=SHAPE)
    z[40, 50] += 60
    corona, points = without_points(z, np.ones(SHAPE, dtype=bool))
    assert abs(corona[40, 50]) < 3
    assert points[40, 50] > 50
    assert np.allclose(corona + points, z)
    difference = np.where(np.arange(96) < 90, z, np.nan)
    compared = compared_pixels(difference)
    assert not compared[40, 50]
    assert not compared[:, 90:].any()
    assert compared.mean() > 0.9


def test_misfit_is_what_noise_does_not_explain():
    rng = np.random.default_rng(3)
    noise, known = rng.normal(size=SHAPE), np.ones(SHAPE, dtype=bool)
    cells = rng.normal(size=(12, 12)).repeat(8, 0).repeat(8, 1)
    assert misfit(noise, known) < 0.06
    assert misfit(noise + 0.5 * cells, known) == pytest.approx(0.5 * cells[::8, ::8].std(), rel=0.15)
    # The level has no influence, and too few pixels give no result.
    assert misfit(noise + 7.0, known) == pytest.approx(misfit(noise, known), abs=1e-6)
    known[:, 8:] = False
    known[40:] = False
    assert misfit(noise, known) is None


def test_each_pixel_is_interpolated_between_the_nearest_that_have_it():
    near = [exposure(-600, 1.0), exposure(300, 4.0), exposure(-1200, 2.0)]
    near[0].z[10, 10] = np.nan
    near[1].z[20, 20] = np.nan
    sides = [nearest_pixels(near, side, (0.0, 0.0)) for side in (-1, 1)]
    value, noise, change, stars = between_exposures(*sides, SHAPE)
    # A third of the way from the later to the earlier exposure.
    assert value[50, 50] == pytest.approx(1 / 3 * 1.0 + 2 / 3 * 4.0)
    assert noise[50, 50] == pytest.approx(np.hypot(1 / 3, 2 / 3))
    assert value[10, 10] == pytest.approx(300 / 1500 * 2.0 + 1200 / 1500 * 4.0)
    assert value[20, 20] == pytest.approx(1.0)
    assert noise[20, 20] == pytest.approx(1.0)
    assert change[50, 50] == pytest.approx(3.0 - np.sqrt(2) / 8)
    assert not stars.any()
    assert nearest_pixels(near[:1], 1, (0.0, 0.0)) is None
