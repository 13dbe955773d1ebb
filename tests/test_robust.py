"""Robust scatter of values with outliers."""

import numpy as np
import pytest

from astropy.stats import mad_std

from sunpy_lasco.robust import robust_sigma


def test_by_hand():
    # The middle one of 0, 1, 2, 3, 100.
    assert robust_sigma(np.array([-1.0, 0.0, 100.0, 2.0, -3.0])) == pytest.approx(2 * 1.4826, rel=1e-12)
    rows = np.array([[1.0, -1.0, 1.0], [2.0, 2.0, -50.0]])
    assert robust_sigma(rows, axis=1) == pytest.approx([1.4826, 2.9652], rel=1e-12)


def test_standard_deviation_of_normal_noise():
    values = np.random.default_rng(0).normal(0, 3, 200_000)
    assert robust_sigma(values) == pytest.approx(3, rel=0.01)
    assert robust_sigma(values - np.median(values)) == pytest.approx(mad_std(values), rel=2e-6)
