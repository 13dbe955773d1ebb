"""Positions of detector and image, and what interpolation does to curved light."""

import numpy as np
import pytest

from sunpy_lasco.geometry.resampling import curvature_error, curvature_weights, to_detector, to_image

#: Turned by 90 degrees about a pixel, which goes to another one.
TURNED = {"imgrot": 90.0, "imgpiv1": 500.0, "imgpiv2": 510.0, "imgtar1": 511.5, "imgtar2": 512.5}


def test_where_a_turned_image_has_a_pixel_of_the_detector():
    assert to_image(TURNED, (500.0, 510.0)) == pytest.approx((511.5, 512.5))
    # Ten pixels to the right of the pivot: ten above its target.
    assert to_image(TURNED, (510.0, 510.0)) == pytest.approx((511.5, 522.5))
    assert to_detector(TURNED, (511.5, 522.5)) == pytest.approx((510.0, 510.0))
    assert to_detector({}, (3.0, 4.0)) == (3.0, 4.0)


def test_curvature_of_a_parabola():
    """Along the columns the light is x**2: half of the second derivative, 1, times f (1 - f)."""
    y, x = np.mgrid[:7, :9].astype(float)
    error = curvature_error(x**2 + 3 * y, curvature_weights(x + 0.25, y))
    exact = np.zeros_like(error)
    exact[:, 1:-1] = 0.25 * 0.75
    np.testing.assert_allclose(np.abs(error), exact, atol=1e-12)
