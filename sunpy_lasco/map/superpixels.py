"""
Blocks of pixels, and their uncertainty.

Neighbouring pixels of an interpolated image share the noise of their source pixels, so a block is noisier
than the quadratic sum of its pixels.
"""

import numpy as np

from sunpy.image.resample import reshape_image_to_4d_superpixel

from sunpy_lasco.geometry.vintages import header_distortion, lenient_frame
from sunpy_lasco.instrument.changes import GRID, changes_of
from sunpy_lasco.instrument.pixel_grid import binned_position

__all__ = ["combined_pixels", "combined_sigma", "sources_of"]

#: Functions that support masked pixels, by functions that do not.
HEEDING_MASKS = {
    np.median: np.ma.median,
    np.nanmedian: np.ma.median,
    np.nansum: np.ma.sum,
    np.nanmean: np.ma.mean,
    np.nanmax: np.ma.max,
    np.nanmin: np.ma.min,
    np.nanstd: np.ma.std,
}
SUMS = (np.sum, np.nansum, np.ma.sum)
MEANS = (np.mean, np.nanmean, np.ma.mean)
#: Neighbours (y, x) that form pairs with a pixel, each pair once.
PAIRS = ((0, 1), (1, 0), (1, 1), (1, -1))


def combined_pixels(image, hidden, *, size, start, function, conservative):
    """
    Combine the pixels of an image in blocks.

    Parameters
    ----------
    image : `numpy.ndarray`
        Shape (ny, nx); NaN is missing.
    hidden : `numpy.ndarray` of `bool`
        Further pixels to omit.
    size, start : `tuple` of `int`
        Size (y, x) of a block, and the first pixel (y, x) of the first one.
    function : callable
        Function with the keyword ``axis``, such as `numpy.sum`; applied along x, then along y.
    conservative : `bool`
        Whether a single missing pixel makes a block NaN; otherwise only if all are missing.

    Returns
    -------
    `numpy.ndarray`
    """
    mask = hidden | ~np.isfinite(image)
    blocks = reshape_image_to_4d_superpixel(np.ma.array(image, mask=mask), size, start)
    function = HEEDING_MASKS.get(function, function)
    combined = function(function(blocks, axis=3), axis=1)
    lost = np.ma.getmaskarray(combined)
    if conservative:
        lost = reshape_image_to_4d_superpixel(mask, size, start).any(axis=(1, 3))
    combined = np.array(np.ma.getdata(combined), dtype=image.dtype)
    combined[lost] = np.nan
    return combined


def combined_sigma(sigma, masked, filled, *, size, start, function, sources=None):
    """
    1 sigma of blocks of pixels.

    Parameters
    ----------
    sigma : `numpy.ndarray` or None
        Of the pixels, shape (ny, nx).
    masked, filled : `numpy.ndarray` of `bool`
        Pixels that are omitted, and those that were filled, whose errors are added linearly.
    size, start : `tuple` of `int`
        As for `combined_pixels`.
    function : callable
        As for `combined_pixels`.
    sources : `tuple` of `numpy.ndarray`, optional
        Positions (column, row) in the raw image from which the pixels were interpolated bilinearly. Without
        them the pixels are independent.

    Returns
    -------
    `numpy.ndarray` or None
        None if it is unknown: without ``sigma``, and for functions other than sum and mean.
    """
    mean = function in MEANS
    if sigma is None or not (mean or function in SUMS):
        return None
    free = np.where(masked | filled, 0.0, sigma)
    variance = free**2
    if sources is not None:
        variance += 2.0 * _shared_with_neighbours(free, sources, size, start)
    shared = reshape_image_to_4d_superpixel(np.where(filled & ~masked, sigma, 0.0), size, start).sum(axis=(1, 3))
    found = np.sqrt(reshape_image_to_4d_superpixel(variance, size, start).sum(axis=(1, 3)) + shared**2)
    number = reshape_image_to_4d_superpixel(~masked, size, start).sum(axis=(1, 3))
    with np.errstate(invalid="ignore", divide="ignore"):
        found = found / number if mean else found
    return np.where(number == 0, np.nan, found)


def _shared_with_neighbours(sigma, sources, size, start):
    """Covariance of each pixel with the neighbours in `PAIRS` that lie in the same block."""
    ny, nx = sigma.shape
    rows, columns = ((np.arange(n) - first) // length for n, first, length in zip((ny, nx), start, size, strict=True))
    # Without common noise, a raw pixel has the variance 1.
    own = sigma / np.sqrt(_overlap(sources[0], sources[0]) * _overlap(sources[1], sources[1]))
    total = np.zeros(sigma.shape)
    for dy, dx in PAIRS:
        here = np.s_[: ny - dy, max(-dx, 0) : nx - max(dx, 0)]
        there = np.s_[dy:, max(dx, 0) : nx - max(-dx, 0)]
        same = (rows[here[0]] == rows[there[0]])[:, None] & (columns[here[1]] == columns[there[1]])
        common = np.prod([_overlap(position[here], position[there]) for position in sources], axis=0)
        total[here] += np.where(same, own[here] * own[there] * common, 0.0)
    return total


def _overlap(p, q):
    """Sum over all pixels of the product of their weights in linear interpolation at p and q."""
    left, right = np.floor(p), np.floor(q)
    f, g = p - left, q - right
    step = right - left
    same, next_, before = (1 - f) * (1 - g) + f * g, f * (1 - g), (1 - f) * g
    return np.select([step == 0, step == 1, step == -1], [same, next_, before], 0.0)


def sources_of(smap):
    """
    Positions in the raw image from which the pixels of a map were interpolated.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`

    Returns
    -------
    `tuple` of `numpy.ndarray` or None
        Columns and rows, pixel, each of the shape of the map; None if it was not interpolated.

    Raises
    ------
    ValueError
        If an operation mixed the pixels afterwards, so that their covariance is unknown.
    """
    meta, shape = smap.meta, smap.data.shape
    interpolated = str(meta.get("distort", "")).strip().lower() == "resample"
    mixed = set(changes_of(meta)) & GRID
    if mixed - {"superpixel"} or (mixed and interpolated):
        msg = f"The pixels were mixed ({', '.join(sorted(mixed))})."
        raise ValueError(msg)
    if not interpolated:
        return None
    rows, columns = np.indices(shape, dtype=float)
    x, y = header_distortion(meta).to_raw(*smap._geometry.to_detector(columns, rows))
    return binned_position((x, y), lenient_frame(meta, shape))
