"""
Medians of frames, and their uncertainty.
"""

import numpy as np

__all__ = ["median_of_finite", "median_of_frames", "median_variance", "percentile_of_frames"]

#: Ratio of the variance of the median of n Gaussian values to that of their mean, starting at n = 1; from numerical
#: integration of order statistics.
VARIANCE_OF_MEDIAN = (
    *(1.0, 1.0, 1.3460, 1.1928, 1.4342, 1.2885, 1.4731, 1.3455, 1.4949, 1.3833, 1.5088, 1.4103, 1.5184),
    *(1.4304, 1.5254, 1.4461, 1.5308, 1.4587, 1.5350, 1.4689, 1.5385, 1.4775, 1.5413, 1.4847, 1.5437),
)
#: Beyond the table: pi / 2 (1 - c / n), with c for odd and even n.
ASYMPTOTIC = 0.43, 1.35


def median_variance(number):
    """
    Variance of the median of a number of Gaussian values.

    Parameters
    ----------
    number : `int` or `numpy.ndarray`
        Number of values.

    Returns
    -------
    `float` or `numpy.ndarray`
        Relative to the variance of one value. A mean has 1 / n, and a median up to pi / 2 times as much. NaN for
        no values.

    Examples
    --------
    >>> from sunpy_lasco.products.medians import median_variance
    >>> print(f"{3 * median_variance(3):.3f}")
    1.346
    """
    number = np.asarray(number)
    even = number % 2 == 0
    many = np.pi / 2 * (1 - np.where(even, ASYMPTOTIC[1], ASYMPTOTIC[0]) / np.maximum(number, 1))
    table = np.array([np.nan, *VARIANCE_OF_MEDIAN])
    factor = np.where(number < len(table), table[np.minimum(number, len(table) - 1)], many)
    variance = factor / np.maximum(number, 1)
    return float(variance) if variance.ndim == 0 else variance


def median_of_finite(values):
    """
    Median of a few finite values, several times faster than `numpy.median`, which checks for NaN.

    Parameters
    ----------
    values : `numpy.ndarray`
        Finite values, shape (n,), n > 0. The array is reordered.

    Returns
    -------
    `numpy.floating`
        The median, of the type of ``values``.
    """
    middle = values.size // 2
    values.partition(middle)
    upper = values[middle]
    return upper if values.size % 2 else (values[:middle].max() + upper) / 2


def percentile_of_frames(data, share):
    """
    Percentile of frames, pixel by pixel, about a hundred times faster than `numpy.nanpercentile`.

    Parameters
    ----------
    data : `numpy.ndarray`
        Shape (frames, ny, nx); NaN is omitted.
    share : `float`
        Percentile, 0 to 100; values are interpolated linearly.

    Returns
    -------
    `numpy.ndarray`
        Shape (ny, nx), of the type of ``data``; NaN where no frame has a value.
    """
    # NaN is sorted last.
    ordered = np.sort(data, axis=0)
    place = share / 100.0 * np.maximum(np.sum(~np.isnan(ordered), axis=0) - 1, 0)
    lower = np.floor(place).astype(int)
    first = np.take_along_axis(ordered, lower[None], axis=0)[0]
    second = np.take_along_axis(ordered, np.ceil(place).astype(int)[None], axis=0)[0]
    return (first + (second - first) * (place - lower)).astype(data.dtype)


def median_of_frames(data, sigma=None):
    """
    Median of frames, pixel by pixel.

    Parameters
    ----------
    data : `numpy.ndarray`
        Shape (frames, ny, nx); NaN is omitted.
    sigma : `numpy.ndarray`, optional
        1 sigma of the noise, same shape.

    Returns
    -------
    median : `numpy.ndarray`
        Shape (ny, nx); NaN where no frame has a value.
    sigma : `numpy.ndarray` or None
        1 sigma of the median, exact for the number of frames.
    number : `numpy.ndarray` of `int`
        Number of frames with a value.
    """
    data = np.asarray(data)
    valid = np.isfinite(data)
    number = valid.sum(axis=0)
    median = percentile_of_frames(data, 50.0)
    if sigma is None:
        return median, None, number
    square = np.where(valid, np.square(sigma, dtype=float), 0.0).sum(axis=0) / np.maximum(number, 1)
    return median, np.sqrt(square * median_variance(number)).astype(data.dtype), number
