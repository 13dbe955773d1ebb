"""
Pixels combined in blocks, and the uncertainty of the result.
"""

import numpy as np

from sunpy.image.resample import reshape_image_to_4d_superpixel

__all__ = ["combined_pixels", "combined_sigma"]

#: Correlation of the noise of neighbouring pixels that were interpolated bilinearly between
#: independent ones: of all positions between four pixels the mean variance is 2/3 along each
#: axis, and the mean covariance of neighbours 1/6.
NEIGHBOUR_CORRELATION = 0.25


def combined_pixels(image, hidden, *, size, start, function, conservative):
    """
    Combine the pixels of an image in blocks.

    Parameters
    ----------
    image : `numpy.ndarray`
        Shape (ny, nx); NaN is missing.
    hidden : `numpy.ndarray` of `bool`
        Other pixels to leave out.
    size, start : `tuple` of `int`
        Size (y, x) of a block, and the first pixel (y, x) of the first one.
    function : callable
        With the keyword ``axis``, as `numpy.sum`; applied along x, then along y.
    conservative : `bool`
        Whether a single missing pixel makes a block NaN; else only all of them do.

    Returns
    -------
    `numpy.ndarray`
    """
    mask = hidden | ~np.isfinite(image)
    blocks = reshape_image_to_4d_superpixel(np.ma.array(image, mask=mask), size, start)
    combined = function(function(blocks, axis=3), axis=1)
    lost = np.ma.getmaskarray(combined)
    if conservative:
        lost = reshape_image_to_4d_superpixel(mask, size, start).any(axis=(1, 3))
    combined = np.array(np.ma.getdata(combined), dtype=image.dtype)
    combined[lost] = np.nan
    return combined


def combined_sigma(sigma, masked, filled, *, size, start, function, interpolated):
    """
    1 sigma of blocks of pixels.

    Parameters
    ----------
    sigma : `numpy.ndarray` or None
        Of the pixels, shape (ny, nx).
    masked, filled : `numpy.ndarray` of `bool`
        Pixels that are left out, and those that were filled, whose errors are added linearly.
    size, start : `tuple` of `int`
        As for `combined_pixels`.
    function : callable
        As for `combined_pixels`.
    interpolated : `bool`
        Whether neighbours share noise.

    Returns
    -------
    `numpy.ndarray` or None
        None where it is not known: without ``sigma``, and for other functions than sum and mean.
    """
    mean = function in (np.mean, np.nanmean, np.ma.mean)
    if sigma is None or not (mean or function in (np.sum, np.nansum, np.ma.sum)):
        return None
    blocks = reshape_image_to_4d_superpixel(np.where(masked, 0.0, sigma), size, start)
    inside = reshape_image_to_4d_superpixel(filled, size, start)
    free, shared = np.where(inside, 0.0, blocks), np.where(inside, blocks, 0.0)
    correlated = free
    if interpolated:
        for axis in (1, 3):
            correlated = _with_neighbours(correlated, axis)
    variance = (free * correlated).sum(axis=(1, 3)) + shared.sum(axis=(1, 3)) ** 2
    found = np.sqrt(variance)
    number = reshape_image_to_4d_superpixel(~masked, size, start).sum(axis=(1, 3))
    with np.errstate(invalid="ignore", divide="ignore"):
        found = found / number if mean else found
    return np.where(number == 0, np.nan, found)


def _with_neighbours(blocks, axis):
    """Blocks plus their neighbours along an axis, inside the same block, times the correlation."""
    moved = np.moveaxis(blocks, axis, -1)
    result = moved.copy()
    result[..., 1:] += NEIGHBOUR_CORRELATION * moved[..., :-1]
    result[..., :-1] += NEIGHBOUR_CORRELATION * moved[..., 1:]
    return np.moveaxis(result, -1, axis)
