import dataclasses

import numpy as np
import pytest

from sunpy_lasco.repair.cells import coarse_grid, harmonic, refine
from sunpy_lasco.repair.fill import repair_frame
from sunpy_lasco.repair.methods.biharmonic import fill, plate


def plane(level=2.0, along=0.05, across=-0.03):
    rows, columns = np.indices((160, 160))
    return level + along * (columns - 80) + across * (rows - 80)


@pytest.mark.parametrize("interpolate", [plate, harmonic])
def test_planes_are_recovered(make_crop, lost, interpolate):
    hole = lost(blocks=[(2, 2), (2, 1)])
    assert np.allclose(interpolate(make_crop(plane(), hole))[hole], plane()[hole], atol=1e-6)


def test_a_saddle_is_recovered_by_both(make_crop, lost):
    # The function x y is harmonic, also on a grid, and its fourth derivatives are zero.
    rows, columns = np.indices((160, 160)) - 79.5
    saddle = rows * columns / 500
    hole = lost()
    crop = make_crop(saddle, hole)
    # Between the middles of cells, values are interpolated linearly in both directions.
    for value in (plate(crop), harmonic(crop)):
        assert np.allclose(value[hole], saddle[hole], atol=1e-6)


def test_a_bowl_is_bent_by_the_plate_and_cut_by_the_membrane(make_crop, lost):
    # The plate is limited to the values around it, so the bowl is on a slope: its bottom is
    # then within that range.
    rows, columns = np.indices((160, 160)) - 79.5
    bowl = (rows**2 + columns**2) / 1000 + columns / 20
    crop = make_crop(bowl, lost())
    assert abs(plate(crop)[80, 80] - bowl[80, 80]) < 0.02
    assert harmonic(crop)[80, 80] - bowl[80, 80] > 0.2


@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize("interpolate", [plate, harmonic])
def test_commutes_with_quarter_turns(make_crop, lost, turn, times, interpolate):
    crop = make_crop(np.random.default_rng(4).normal(size=(160, 160)), lost(blocks=[(2, 2), (1, 2)]))
    expected = np.rot90(interpolate(crop), times)
    assert np.allclose(interpolate(turn(crop, times)), expected, atol=1e-8, equal_nan=True)


def test_what_stood_in_the_hole_does_not_matter(make_scene, lost):
    scene = make_scene(1000 + np.random.default_rng(3).normal(size=(160, 160)), lost())
    garbage = dataclasses.replace(scene, signal=np.where(scene.holes, 5e4, scene.signal))
    assert np.array_equal(
        repair_frame(scene, "biharmonic").values, repair_frame(garbage, "biharmonic").values, equal_nan=True
    )


def test_noise_is_averaged_before_it_is_interpolated(make_crop, lost):
    hole = lost()
    rng = np.random.default_rng(5)
    values = [plate(make_crop(rng.normal(size=hole.shape), hole))[hole] for _ in range(20)]
    assert np.sqrt(np.mean(np.square(values))) < 0.5


def test_only_the_hole_is_filled_with_value_and_sigma(make_crop, lost):
    hole = lost()
    filled = fill(make_crop(np.random.default_rng(0).normal(size=hole.shape), hole))
    assert np.array_equal(np.isfinite(filled.z), hole)
    assert np.array_equal(np.isfinite(filled.sigma), hole)


def test_nothing_known_nothing_filled(make_crop, lost):
    hole = lost()
    crop = make_crop(np.zeros(hole.shape), hole, hidden=~hole)
    assert np.isnan(fill(crop).z).all()
    assert np.isnan(harmonic(crop)).all()


def test_islands_in_the_dark_stay_empty(make_crop, lost):
    # One of two lost blocks is surrounded by hidden pixels.
    hole = lost((160, 224), [(2, 2), (2, 5)])
    hidden = np.zeros(hole.shape, dtype=bool)
    hidden[:, 128:] = True
    hidden &= ~hole
    value = harmonic(make_crop(np.ones(hole.shape), hole, hidden=hidden))
    assert np.allclose(value[64:96, 64:96], 1.0)
    assert np.isnan(value[64:96, 160:192]).all()


def test_coarse_grid_by_hand(make_crop):
    z = np.arange(64.0).reshape(8, 8)
    hole = np.zeros((8, 8), dtype=bool)
    hole[:4, :4] = True
    hole[4:, :3] = True
    means, empty = coarse_grid(make_crop(z, hole))
    assert np.isnan(means[0, 0])
    assert means[0, 1] == z[:4, 4:].mean()
    # A quarter of the cell is known, so the cell counts and is not filled.
    assert means[1, 0] == z[4:, 3].mean()
    assert np.array_equal(empty, [[True, False], [False, False]])


def test_refine_is_linear_between_cells(make_crop):
    hole = np.ones((8, 8), dtype=bool)
    crop = make_crop(np.zeros((8, 8)), hole)
    values = refine(np.array([[0.0, 4.0], [0.0, 4.0]]), crop)
    assert np.allclose(values[3], [0.0, 0.0, 0.5, 1.5, 2.5, 3.5, 4.0, 4.0])
