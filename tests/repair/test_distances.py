import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from sunpy_lasco.repair import cells
from sunpy_lasco.repair.crop import depth_in, distance_from
from sunpy_lasco.repair.holed_frame import mean_around
from sunpy_lasco.repair.methods.kriging import COVARIANCES, FACTORS, Directed, _Likelihood


@given(st.lists(st.integers(0, 11), min_size=4, max_size=4), st.booleans())
@settings(max_examples=40, deadline=None)
def test_distances_of_rectangles_are_those_of_any_hole(corners, torn):
    (top, bottom), (left, right) = sorted(corners[:2]), sorted(corners[2:])
    hole = np.zeros((12, 12), dtype=bool)
    hole[top : bottom + 1, left : right + 1] = True
    if torn:
        hole[top, left] = False
    if not hole.any() or hole.all():
        return
    np.testing.assert_allclose(distance_from(hole), ndimage.distance_transform_edt(~hole))
    sampled = distance_from(hole, sampling=(2.0, 3.0))
    np.testing.assert_allclose(sampled, ndimage.distance_transform_edt(~hole, sampling=(2.0, 3.0)))
    np.testing.assert_allclose(depth_in(hole), ndimage.distance_transform_edt(hole))


def test_means_around_by_hand():
    z = np.zeros((9, 9))
    z[4, 3], z[4, 5], z[0, 0] = 2.0, 4.0, 9.0
    known = np.zeros((9, 9), dtype=bool)
    known[4, [3, 5]] = known[0, 0] = True
    near = mean_around(z, known, (3, 5))
    assert near[4, 4] == pytest.approx(3.0)
    assert near[4, 6] == pytest.approx(4.0)
    # At a distance of two pixels, only the larger square reaches them; beyond it, the median of all is used.
    assert near[4, 1] == pytest.approx(2.0)
    assert near[8, 0] == pytest.approx(4.0)


@pytest.mark.parametrize("seed", range(6))
def test_the_likeliest_factor_is_that_of_all(make_crop, lost, seed):
    rng = np.random.default_rng(seed)
    smooth = ndimage.gaussian_filter(rng.normal(size=(160, 160)), 3 + seed)
    crop = make_crop(rng.choice((2.0, 30.0)) * smooth / smooth.std() + rng.normal(size=smooth.shape), lost())
    found = _Likelihood(cells.gather(crop, *cells.polar(crop)), 80)
    factors = 2.0 ** np.array(FACTORS)
    for covariance in (COVARIANCES["C3"], Directed(1.0, 80.0, 16.0, 0.5)):
        best, likelihood = found.best(covariance, factors)
        matrix = covariance.between(found.points, found.points) * found.products
        tried = []
        for factor in factors:
            sign, logarithm = np.linalg.slogdet(factor * matrix + np.eye(len(matrix)))
            assert sign > 0
            solved = np.linalg.solve(factor * matrix + np.eye(len(matrix)), found.values)
            tried.append(-0.5 * logarithm - 0.5 * found.values @ solved)
        assert best == factors[np.argmax(tried)]
        assert likelihood == pytest.approx(max(tried))


def test_small_holes_are_as_smooth_as_large_ones(make_crop, lost, monkeypatch):
    rows, columns = np.indices((160, 160))
    crop = make_crop(0.1 * columns + np.sin(rows / 9), lost(blocks=[(2, 2), (2, 3)]))
    dense = cells.harmonic(crop)
    monkeypatch.setattr(cells, "MOST_DENSE", 0)
    # The crop caches its result, so a copy is used.
    np.testing.assert_allclose(cells.harmonic(dataclasses.replace(crop)), dense, atol=1e-9)
