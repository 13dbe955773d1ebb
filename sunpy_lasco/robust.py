"""Scatter of values with outliers."""

import numpy as np

__all__ = ["SIGMA_OF_MEDIAN", "robust_sigma"]

#: Standard deviation of a normal distribution in units of its median absolute deviation, 1 / 0.6745.
SIGMA_OF_MEDIAN = 1.4826


def robust_sigma(deviations, axis=None):
    """
    Standard deviation from the median of absolute deviations from an expected value; NaN if any value is NaN.

    As `astropy.stats.mad_std`, but about a known value instead of the median.
    """
    return SIGMA_OF_MEDIAN * np.median(np.abs(deviations), axis=axis)
