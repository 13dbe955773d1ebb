"""Properties that hold for all methods."""

import importlib.util

import numpy as np
import pytest

from sunpy_lasco.repair.crop import METHODS, NEIGHBOUR_METHODS, get_method
from sunpy_lasco.repair.fill import find_zones, repair_frame
from sunpy_lasco.repair.holed_frame import cut

SINGLE_FRAME = sorted(set(METHODS) - set(NEIGHBOUR_METHODS))
#: Methods without a preferred direction: neither rows nor columns, nor the direction to the Sun.
ISOTROPIC = ["biharmonic"]


@pytest.fixture(scope="module")
def values():
    y, x = np.indices((160, 160)) - 79.5
    rng = np.random.default_rng(6)
    smooth = 1600 + 3 * x - 2 * y + 60 * np.cos(x / 23.0 + y / 31.0)
    return smooth + rng.normal(scale=4, size=x.shape)


@pytest.fixture(scope="module")
def holes():
    where = np.zeros((160, 160), dtype=bool)
    where[64:96, 64:96] = True
    return where


def test_methods_are_all_there():
    for name in METHODS:
        assert importlib.util.find_spec(METHODS[name])
        assert callable(get_method(name))
    with pytest.raises(ValueError, match="available are sequence, temporal"):
        get_method("magic")


@pytest.mark.parametrize("name", SINGLE_FRAME)
def test_values_lie_near_the_truth_with_a_sigma(make_scene, values, holes, name):
    repair = repair_frame(make_scene(values, holes), name)
    assert np.isfinite(repair.values[holes]).all()
    assert np.isnan(repair.values[~holes]).all()
    assert (repair.sigma[holes] > 0).all()
    assert repair.methods == {(2, 2): (name,)}
    assert not repair.unfilled
    assert np.abs(repair.values[holes] / values[holes] - 1).mean() < 0.03


@pytest.mark.parametrize("name", SINGLE_FRAME)
def test_level_of_the_light_only_scales(make_scene, values, holes, name):
    # SolarSoft subtracts a fixed background.
    options = {"variant": "intended"} if name == "fuzzy" else {}
    one = repair_frame(make_scene(values, holes), name, **options)
    two = repair_frame(make_scene(2.5 * values, holes, noise=10.0), name, **options)
    np.testing.assert_allclose(two.values[holes], 2.5 * one.values[holes], rtol=1e-6)
    np.testing.assert_allclose(two.sigma[holes], 2.5 * one.sigma[holes], rtol=1e-6)


@pytest.mark.parametrize("name", ISOTROPIC)
@pytest.mark.parametrize("turns", [1, 2, 3])
def test_isotropic_methods_commute_with_quarter_turns(make_scene, values, holes, name, turns):
    straight = repair_frame(make_scene(values, holes), name)
    turned = repair_frame(make_scene(np.rot90(values, turns), np.rot90(holes, turns)), name)
    expected = np.rot90(straight.values, turns)
    np.testing.assert_allclose(turned.values[holes], expected[holes], rtol=1e-6)


@pytest.mark.parametrize("name", sorted(set(SINGLE_FRAME) - {"fuzzy"}))
def test_pattern_is_divided_out_and_multiplied_back(make_scene, values, holes, name):
    pattern = 1 + 0.02 * np.random.default_rng(7).normal(size=values.shape)
    plain = repair_frame(make_scene(values, holes), name)
    with_pattern = repair_frame(make_scene(values * pattern, holes, response=pattern), name)
    np.testing.assert_allclose(with_pattern.values[holes], plain.values[holes] * pattern[holes], rtol=1e-9)


def test_working_space_goes_back_and_forth(make_scene, values, holes):
    scene = make_scene(values, holes)
    crop, window = cut(scene, find_zones(scene.lost_blocks())[0])
    known = crop.known
    np.testing.assert_allclose(crop.to_signal(crop.z)[known], values[window][known])
    np.testing.assert_allclose(crop.from_signal(crop.to_signal(crop.z))[known], crop.z[known])
    assert not known[crop.hole].any()


def test_bright_points_are_no_corona(make_scene, values, holes):
    starry = values.copy()
    starry[60, 70] += 500
    scene = make_scene(starry, holes)
    crop, window = cut(scene, find_zones(scene.lost_blocks())[0])
    row, column = 60 - window[0].start, 70 - window[1].start
    assert np.isnan(crop.z[row, column])
    assert np.isnan(crop.z).sum() < crop.hole.sum() + 12
