"""
Uncertainty of fills, from the structure of the surroundings and from factors fitted to held-out dates.
"""

import json
from functools import lru_cache
from importlib import resources

import numpy as np
from scipy import ndimage

from sunpy_lasco.repair.cells import harmonic
from sunpy_lasco.repair.crop import depth_in, kept_with_crop
from sunpy_lasco.robust import robust_sigma

__all__ = ["SETTINGS", "calibrated", "deviation", "raw_scales", "hole_setting", "structure"]

#: Width of the surroundings from which the structure is measured, and side of the cells in them, stored pixels.
SURROUNDINGS = 32
CELL = 8
#: Kinds of holes, each with its own factor.
SETTINGS = ("single", "few", "many", "border", "edge")
#: Smallest 1 sigma, in units of the noise of a pixel.
SMALLEST_SIGMA = 0.03
#: Distance from the edge of the hole over which 1 sigma grows, stored pixels.
GROWTH = 8.0
#: A hole is at a border if more than this fraction of its surroundings is unknown.
BORDER_SHARE = 0.1
#: Width of these surroundings, stored pixels.
AROUND = 12
#: Side of the square over which fills are compared, stored pixels.
COMPARED = 9
#: Largest number of blocks in a hole of the kinds "single" and "few".
SIZES = (1, 4)


def structure(crop):
    """
    1 sigma of the structure around a hole, increasing towards the middle of the hole.

    Parameters
    ----------
    crop : `~sunpy_lasco.repair.crop.Crop`

    Returns
    -------
    `~numpy.ndarray`
        In the working space, shape (ny, nx).
    """
    near = crop.known & (crop.distance <= SURROUNDINGS)
    ny, nx = (length // CELL * CELL for length in near.shape)
    shape = (ny // CELL, CELL, nx // CELL, CELL)
    count = near[:ny, :nx].reshape(shape).sum(axis=(1, 3))
    total = np.where(near, crop.z, 0.0)[:ny, :nx].reshape(shape).sum(axis=(1, 3))
    good = count >= CELL**2 / 2
    means = total[good] / count[good]
    scatter = robust_sigma(means - np.median(means)) if means.size else np.nan
    inside = depth_in(crop.hole)
    return np.hypot(SMALLEST_SIGMA, scatter) * np.sqrt(1.0 - np.exp(-inside / GROWTH))


def deviation(value, crop, *, share):
    """
    1 sigma of a fill, from its difference to the smoothest fill and from the structure of the surroundings.

    Parameters
    ----------
    value : `~numpy.ndarray`
        The fill in the working space, shape (ny, nx); NaN where nothing is filled.
    crop : `~sunpy_lasco.repair.crop.Crop`
    share : `float`
        Factor of the structure of the surroundings.

    Returns
    -------
    `~numpy.ndarray`
        NaN where the fill is NaN.

    Notes
    -----
    If a fill differs much from the harmonic fill, one of them is wrong. For a method without a model of its
    errors, this difference is the best available estimate of the error.
    """
    filled, found = np.isfinite(value), np.full(value.shape, np.nan)
    if not filled.any():
        return found
    # Beyond this box, all differences are zero.
    box = tuple(slice(max(at.min() - COMPARED, 0), at.max() + COMPARED + 1) for at in np.nonzero(filled))
    square = np.where(filled, np.nan_to_num(value - harmonic(crop)) ** 2, 0.0)
    area = np.maximum(ndimage.uniform_filter(filled[box].astype(float), COMPARED), 1.0 / COMPARED**2)
    # Rounding in the running sums can give negative values.
    apart = np.maximum(ndimage.uniform_filter(square[box], COMPARED), 0.0) / area
    if share:
        apart = apart + (share * structure(crop)[box]) ** 2
    found[box] = np.where(filled[box], np.sqrt(apart), np.nan)
    return found


@kept_with_crop
def hole_setting(crop):
    """
    Kind of a hole, which selects the factor of its uncertainty.

    Parameters
    ----------
    crop : `~sunpy_lasco.repair.crop.Crop`

    Returns
    -------
    `str`
        ``"edge"`` at the edge of the frame, ``"border"`` next to unknown pixels, otherwise ``"single"``,
        ``"few"`` or ``"many"`` by the number of blocks.
    """
    if crop.hole[[0, -1]].any() or crop.hole[:, [0, -1]].any():
        return "edge"
    around = ~crop.hole & (crop.distance <= AROUND)
    # Stars are excluded from the fit, but they are not a border.
    unknown = crop.hidden | np.isnan(crop.signal)
    if unknown[around].mean() > BORDER_SHARE:
        return "border"
    rows, columns = np.nonzero(crop.hole)
    number = len(np.unique(crop.block_rows[rows] * 10000 + crop.block_columns[columns]))
    return ("single", "few", "many")[int(np.searchsorted(SIZES, number))]


@lru_cache(maxsize=1)
def raw_scales():
    """
    Read the factors of sigma by method, camera and kind of hole.

    Returns
    -------
    `dict`
    """
    path = resources.files("sunpy_lasco.repair").joinpath("data", "sigma.json")
    return json.loads(path.read_text(encoding="utf-8"))["scales"]


def calibrated(sigma, crop, method):
    """
    Scale an uncertainty so that its coverage on held-out dates is correct.

    Parameters
    ----------
    sigma : `~numpy.ndarray`
        1 sigma from a method, in the working space.
    crop : `~sunpy_lasco.repair.crop.Crop`
    method : `str`
        One of `~sunpy_lasco.repair.crop.METHODS`.

    Returns
    -------
    `~numpy.ndarray`
        1 sigma times the factor in ``data/sigma.json`` for this method, camera and kind of hole. The
        factors are fitted in ``benchmarks/inpainting``.
    """
    return np.maximum(sigma * raw_scales()[method][crop.camera][hole_setting(crop)], SMALLEST_SIGMA)
