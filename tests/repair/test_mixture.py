import dataclasses
import json
from importlib import resources

import numpy as np
import pytest

from sunpy_lasco.repair.crop import METHODS, NEIGHBOUR_METHODS, get_method
from sunpy_lasco.repair.fill import repair_frame
from sunpy_lasco.repair.methods.mixture import FEATURES, OTHERS, candidates, disagreement, features, fill, mix
from sunpy_lasco.repair.uncertainty import SETTINGS, calibrated, deviation, hole_setting, raw_scales, structure


def test_mixing_by_hand():
    values = np.array([[1.0, 1.0], [3.0, 2.0], [0.0, 5.0], [1.0, 9.0]])
    weights = np.array([[0.5, 0.0], [0.25, 0.0], [1.0, 0.5]])
    assert np.allclose(mix(values, weights), [1 + 1 - 0.25, 1 + 4])


def test_disagreement_by_hand():
    assert np.allclose(disagreement(np.array([1.0, 2.0]), np.array([[1.0, 2.5], [0.0, 2.0], [3.0, 2.0]])), [2.0, 0.5])


def test_coefficients_fit_fills_and_features():
    stored = json.loads(resources.files("sunpy_lasco.repair").joinpath("data", "mixture.json").read_text())
    assert stored["others"] == list(OTHERS)
    assert stored["features"] == list(FEATURES)
    for camera in ("C2", "C3"):
        assert np.shape(stored["cameras"][camera]["coefficients"]) == (3, 9)


def test_features_are_those_that_are_named(make_crop, lost):
    hole = lost()
    crop = make_crop(np.random.default_rng(0).normal(size=hole.shape), hole)
    found = features(crop, *candidates(crop))
    assert found.shape == (len(FEATURES), hole.sum())
    assert np.isfinite(found).all()
    # A hole as large as a block has the size 0; only the depth differs between its pixels.
    assert np.allclose(found[2], 0.0)
    assert [np.ptp(one) > 0 for one in found] == [name == "depth in the hole" for name in FEATURES]


def test_no_coefficients_leave_kriging(make_crop, lost):
    crop = make_crop(np.random.default_rng(1).normal(size=(160, 160)), lost())
    mixed = fill(crop, coefficients=np.zeros((3, 9)))
    assert np.array_equal(mixed.z, get_method("kriging")(crop).z, equal_nan=True)


@pytest.mark.parametrize("level", [-4.0, 0.0, 8.0])
def test_constants_are_recovered(make_crop, lost, level):
    hole = lost()
    assert np.allclose(fill(make_crop(np.full(hole.shape, level), hole)).z[hole], level, atol=1e-6)


@pytest.mark.parametrize("times", [1, 2, 3])
def test_commutes_with_quarter_turns(make_crop, lost, turn, times):
    crop = make_crop(np.random.default_rng(4).normal(size=(160, 160)), lost())
    expected = np.rot90(fill(crop).z, times)
    assert np.allclose(fill(turn(crop, times)).z, expected, atol=1e-6, equal_nan=True)


def test_what_stood_in_the_hole_does_not_matter(make_scene, lost):
    scene = make_scene(1000 + np.random.default_rng(3).normal(size=(160, 160)), lost())
    garbage = dataclasses.replace(scene, signal=np.where(scene.holes, 5e4, scene.signal))
    assert np.array_equal(
        repair_frame(scene, "mixture").values, repair_frame(garbage, "mixture").values, equal_nan=True
    )


def test_nothing_known_nothing_filled(make_crop, lost):
    hole = lost()
    assert np.isnan(fill(make_crop(np.zeros(hole.shape), hole, hidden=~hole)).z).all()


def test_settings(make_crop, lost):
    flat = np.zeros((160, 160))
    assert hole_setting(make_crop(flat, lost())) == "single"
    assert hole_setting(make_crop(flat, lost(blocks=[(1, 1), (1, 2)]))) == "few"
    assert hole_setting(make_crop(flat, lost(blocks=[(1, 1), (1, 2), (1, 3), (3, 1), (3, 3)]))) == "many"
    hidden = np.zeros(flat.shape, dtype=bool)
    hidden[:64] = True
    assert hole_setting(make_crop(flat, lost(), hidden=hidden)) == "border"
    assert hole_setting(make_crop(flat, lost(blocks=[(0, 2)]))) == "edge"
    # Untransmitted pixels are a border too.
    crop = make_crop(flat, lost())
    assert hole_setting(dataclasses.replace(crop, signal=np.where(hidden, np.nan, crop.signal))) == "border"


def test_deviation_by_hand(make_crop, lost):
    # The smoothest fill of zeros is zero, and the surroundings have no structure.
    hole = lost()
    crop = make_crop(np.zeros(hole.shape), hole)
    apart = deviation(np.where(hole, 3.0, np.nan), crop, share=1.0)
    assert np.allclose(apart[hole], 3.0, atol=0.01)
    assert np.isnan(apart[~hole]).all()


def test_scales_of_sigma_are_there_for_all(make_crop, lost):
    crop = make_crop(np.zeros((160, 160)), lost())
    for method in set(METHODS) - set(NEIGHBOUR_METHODS):
        for camera in ("C2", "C3"):
            assert set(raw_scales()[method][camera]) == set(SETTINGS)
            mine = dataclasses.replace(crop, camera=camera)
            factor = raw_scales()[method][camera]["single"]
            assert calibrated(np.array([2.0]), mine, method)[0] == pytest.approx(2.0 * factor)
    # No sigma is below the smallest allowed value.
    assert calibrated(np.array([0.0]), crop, "kriging")[0] > 0


def test_structure_follows_what_is_around(make_crop, lost):
    hole = lost()
    rng = np.random.default_rng(2)
    rough = np.kron(rng.normal(size=(20, 20)), np.ones((8, 8)))
    weak, strong = (structure(make_crop(factor * rough, hole))[hole].mean() for factor in (1.0, 10.0))
    assert strong / weak == pytest.approx(10.0, rel=0.05)


def test_real_blocks_of_c3(single_blocks, real_frame, error_of_cells):
    blocks = single_blocks(real_frame("32122317"), [(24, 14), (20, 8), (24, 20), (8, 12), (16, 26), (22, 14)])
    errors = {
        method: np.array([error_of_cells(crop, get_method(method)(crop), truth) for crop, truth in blocks])
        for method in ("mixture", "kriging", "fuzzy")
    }
    assert errors["mixture"].mean() < 0.0033
    assert errors["mixture"].mean() < 1.08 * errors["kriging"].mean()
    assert np.exp(np.mean(np.log(errors["mixture"] / errors["fuzzy"]))) < 0.5


@pytest.mark.parametrize("method", ["mixture", "kriging", "radial"])
def test_real_blocks_of_c2(single_blocks, real_frame, error_of_cells, method):
    blocks = single_blocks(real_frame("22322749"), [(8, 12), (24, 20), (20, 26), (26, 10)])
    errors = [error_of_cells(crop, get_method(method)(crop), truth) for crop, truth in blocks]
    # The prototypes reached 0.2 %.
    assert np.mean(errors) < 0.002
