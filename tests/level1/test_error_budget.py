"""Single parts of the error budget."""

import numpy as np

from sunpy_lasco.geometry.resampling import curvature_error, curvature_weights
from sunpy_lasco.level1.error_budget import _curvature


def test_curvature_at_some_pixels_is_that_of_the_whole_image():
    rng = np.random.default_rng(3)
    image = rng.uniform(1, 2, (12, 15))
    image[4, 6] = np.nan
    column, row = np.meshgrid(np.arange(15) + rng.uniform(0, 1), np.arange(12) + rng.uniform(0, 1))
    weights = curvature_weights(column, row)
    rows, columns = (index.ravel() for index in np.indices(image.shape))
    some = _curvature(image, [weight[rows, columns] for weight in weights], (rows, columns))
    np.testing.assert_allclose(some.reshape(image.shape), curvature_error(image, weights), rtol=1e-12, atol=1e-15)
    assert some.any()
