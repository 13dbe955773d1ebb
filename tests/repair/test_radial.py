import dataclasses

import numpy as np
import pytest

from sunpy_lasco.repair.cells import harmonic, polar
from sunpy_lasco.repair.fill import repair_frame
from sunpy_lasco.repair.methods.radial import along_radii, fill


@pytest.mark.parametrize("level", [-3.0, 0.0, 12.5])
def test_constants_are_recovered(make_crop, lost, level):
    hole = lost()
    assert np.allclose(fill(make_crop(np.full(hole.shape, level), hole)).z[hole], level, atol=1e-9)


def test_rays_are_carried_through(make_crop, lost):
    # Narrow rays cross a hole. A level from pixels beside them would miss them.
    hole = lost()
    crop = make_crop(np.zeros(hole.shape), hole)
    _, v = polar(crop)
    rays = 10 * np.exp(-(((v + 6) / 10) ** 2))
    crop_with_rays = make_crop(rays, hole)
    value = along_radii(crop_with_rays)
    assert np.sqrt(np.mean((value - rays)[hole] ** 2)) < 0.4 * rays[hole].std()
    assert np.corrcoef(value[hole], rays[hole])[0, 1] > 0.95
    # The smoothest fill does not reproduce rays.
    assert np.corrcoef(harmonic(crop_with_rays)[hole], rays[hole])[0, 1] < 0.9


def test_slopes_along_radii_are_followed(make_crop, lost):
    hole = lost()
    u, _ = polar(make_crop(np.zeros(hole.shape), hole))
    value = along_radii(make_crop(0.2 * u, hole), slope=1e3)
    assert np.abs(value - 0.2 * u)[hole].max() < 0.15 * np.ptp(0.2 * u[hole])


def test_extrapolation_is_bounded(make_crop, lost):
    # Only pixels farther out are known, so the slope is not extrapolated.
    hole = lost()
    crop = make_crop(np.zeros(hole.shape), hole, centre=(200.0, 0.0))
    u, _ = polar(crop)
    hidden = crop.x < 184.5
    slope = 0.5 * u
    value = along_radii(make_crop(slope, hole, hidden=hidden, centre=(200.0, 0.0)))
    known = slope[~hidden & ~hole]
    assert value[hole].min() > known.min() - np.ptp(known)
    assert value[hole].max() < known.max() + np.ptp(known)


@pytest.mark.parametrize("times", [1, 2, 3])
def test_commutes_with_quarter_turns(make_crop, lost, turn, times):
    crop = make_crop(np.random.default_rng(4).normal(size=(160, 160)), lost(blocks=[(2, 2), (1, 2)]))
    expected = np.rot90(along_radii(crop), times)
    assert np.allclose(along_radii(turn(crop, times)), expected, atol=1e-8, equal_nan=True)


def test_what_stood_in_the_hole_does_not_matter(make_scene, lost):
    scene = make_scene(1000 + np.random.default_rng(3).normal(size=(160, 160)), lost())
    garbage = dataclasses.replace(scene, signal=np.where(scene.holes, 5e4, scene.signal))
    assert np.array_equal(repair_frame(scene, "radial").values, repair_frame(garbage, "radial").values, equal_nan=True)


def test_only_the_hole_is_filled_with_value_and_sigma(make_crop, lost):
    hole = lost(blocks=[(2, 2), (3, 3)])
    filled = fill(make_crop(np.random.default_rng(0).normal(size=hole.shape), hole))
    assert np.array_equal(np.isfinite(filled.z), hole)
    assert np.array_equal(np.isfinite(filled.sigma), hole)
    assert (filled.sigma[hole] > 0).all()


def test_nothing_known_nothing_filled(make_crop, lost):
    hole = lost()
    filled = fill(make_crop(np.zeros(hole.shape), hole, hidden=~hole))
    assert np.isnan(filled.z).all()


def test_real_blocks_of_c3(single_blocks, real_frame, error_of_cells):
    blocks = single_blocks(real_frame("32122317"), [(24, 14), (20, 8), (24, 20), (8, 12), (16, 26), (22, 14)])
    errors = [error_of_cells(crop, fill(crop), truth) for crop, truth in blocks]
    assert np.mean(errors) < 0.0035
