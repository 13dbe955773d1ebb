"""
How far fills may be off: structure of the surroundings, and scales learnt from held-back dates.
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

#: Width of the surroundings of which the structure is taken, and side of its cells, stored pixels.
SURROUNDINGS = 32
CELL = 8
#: Kinds of holes that have scales of their own.
SETTINGS = ("single", "few", "many", "border", "edge")
#: Smallest 1 sigma, in units of the noise of a pixel.
SMALLEST_SIGMA = 0.03
#: 1 sigma grows from the edge of the hole over this distance, stored pixels.
GROWTH = 8.0
#: A hole is at a border where more than this share of what is around it is not known.
BORDER_SHARE = 0.1
#: Width of what counts as around it, stored pixels.
AROUND = 12
#: Side of the square over which fills are compared, stored pixels.
COMPARED = 9
#: Zones of more blocks than the first are wide, of more than the second very wide.
SIZES = (1, 4)


def structure(crop):
    """
    1 sigma of the structure around a hole, growing towards its middle.

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
    1 sigma of a fill by what the smoothest one says, and by the structure of the surroundings.

    Parameters
    ----------
    value : `~numpy.ndarray`
        In the working space, NaN where nothing is filled; shape (ny, nx).
    crop : `~sunpy_lasco.repair.crop.Crop`
    share : `float`
        Of the structure that counts.

    Returns
    -------
    `~numpy.ndarray`
        NaN where the value is.

    Notes
    -----
    Where a fill is far from the harmonic one, one of them is wrong: of all that is known
    of a hole, this tells best how far off a fill is that has no model of its errors.
    """
    filled, found = np.isfinite(value), np.full(value.shape, np.nan)
    if not filled.any():
        return found
    # Nothing but zeros stands farther out.
    box = tuple(slice(max(at.min() - COMPARED, 0), at.max() + COMPARED + 1) for at in np.nonzero(filled))
    square = np.where(filled, np.nan_to_num(value - harmonic(crop)) ** 2, 0.0)
    area = np.maximum(ndimage.uniform_filter(filled[box].astype(float), COMPARED), 1.0 / COMPARED**2)
    # Running sums may end below zero by rounding.
    apart = np.maximum(ndimage.uniform_filter(square[box], COMPARED), 0.0) / area
    if share:
        apart = apart + (share * structure(crop)[box]) ** 2
    found[box] = np.where(filled[box], np.sqrt(apart), np.nan)
    return found


@kept_with_crop
def hole_setting(crop):
    """
    What kind of hole it is, as far as its uncertainty goes.

    Parameters
    ----------
    crop : `~sunpy_lasco.repair.crop.Crop`

    Returns
    -------
    `str`
        ``"edge"`` at the edge of the frame, ``"border"`` beside something that is not known,
        ``"single"``, ``"few"`` or ``"many"`` blocks.
    """
    if crop.hole[[0, -1]].any() or crop.hole[:, [0, -1]].any():
        return "edge"
    around = ~crop.hole & (crop.distance <= AROUND)
    # Stars that are left out are no border.
    unknown = crop.hidden | np.isnan(crop.signal)
    if unknown[around].mean() > BORDER_SHARE:
        return "border"
    rows, columns = np.nonzero(crop.hole)
    number = len(np.unique(crop.block_rows[rows] * 10000 + crop.block_columns[columns]))
    return ("single", "few", "many")[int(np.searchsorted(SIZES, number))]


@lru_cache(maxsize=1)
def raw_scales():
    """
    Factors of sigma by method, camera and setting.

    Returns
    -------
    `dict`
    """
    path = resources.files("sunpy_lasco.repair").joinpath("data", "sigma.json")
    return json.loads(path.read_text(encoding="utf-8"))["scales"]


def calibrated(sigma, crop, method):
    """
    Bring an uncertainty to the coverage that it has on held-back dates.

    Parameters
    ----------
    sigma : `~numpy.ndarray`
        1 sigma as a method finds it, in the working space.
    crop : `~sunpy_lasco.repair.crop.Crop`
    method : `str`
        One of `~sunpy_lasco.repair.crop.METHODS`.

    Returns
    -------
    `~numpy.ndarray`
        Times the factor of ``data/sigma.json`` for this method, camera and kind of
        hole; see ``benchmarks/inpainting`` for how it is learnt.
    """
    return np.maximum(sigma * raw_scales()[method][crop.camera][hole_setting(crop)], SMALLEST_SIGMA)
