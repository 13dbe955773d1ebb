"""
How far fills may be off: structure of the surroundings, and scales learnt from held-back dates.
"""

import json
from functools import lru_cache
from importlib import resources

import numpy as np
from scipy import ndimage

__all__ = ["calibrated", "raw_scales", "setting", "structure"]

#: Width of the surroundings of which the structure is taken, and side of its cells, stored pixels.
SURROUNDINGS = 32
CELL = 8
#: Smallest 1 sigma, in units of the noise of a pixel.
SMALLEST_SIGMA = 0.03
#: 1 sigma grows from the edge of the hole over this distance, stored pixels.
GROWTH = 8.0
#: A hole is at a border where more than this share of what is around it is hidden.
BORDER_SHARE = 0.1
#: Width of what counts as around it, stored pixels.
AROUND = 12
#: Zones of more blocks than the first are wide, of more than the second very wide.
SIZES = (1, 4)


def structure(crop):
    """
    1 sigma of the structure around a hole, growing towards its middle.

    Parameters
    ----------
    crop : `~sunpy_lasco.inpainting.interface.Crop`

    Returns
    -------
    `~numpy.ndarray`
        In the working space, shape (ny, nx).
    """
    distance = ndimage.distance_transform_edt(~crop.hole)
    near = crop.known & (distance <= SURROUNDINGS)
    ny, nx = (length // CELL * CELL for length in near.shape)
    shape = (ny // CELL, CELL, nx // CELL, CELL)
    count = near[:ny, :nx].reshape(shape).sum(axis=(1, 3))
    total = np.where(near, crop.z, 0.0)[:ny, :nx].reshape(shape).sum(axis=(1, 3))
    good = count >= CELL**2 / 2
    means = total[good] / count[good]
    scatter = 1.4826 * np.median(np.abs(means - np.median(means))) if means.size else np.nan
    inside = ndimage.distance_transform_edt(crop.hole)
    return np.hypot(SMALLEST_SIGMA, scatter) * np.sqrt(1.0 - np.exp(-inside / GROWTH))


def setting(crop):
    """
    What kind of hole it is, as far as its uncertainty goes.

    Parameters
    ----------
    crop : `~sunpy_lasco.inpainting.interface.Crop`

    Returns
    -------
    `str`
        ``"border"`` beside something hidden, ``"single"``, ``"few"`` or ``"many"`` blocks.
    """
    around = ndimage.distance_transform_edt(~crop.hole) <= AROUND
    if crop.hidden[around].mean() > BORDER_SHARE:
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
    path = resources.files("sunpy_lasco.inpainting").joinpath("data", "sigma.json")
    return json.loads(path.read_text(encoding="utf-8"))["scales"]


def calibrated(sigma, crop, method):
    """
    Bring an uncertainty to the coverage that it has on held-back dates.

    Parameters
    ----------
    sigma : `~numpy.ndarray`
        1 sigma as a method finds it, in the working space.
    crop : `~sunpy_lasco.inpainting.interface.Crop`
    method : `str`
        One of `~sunpy_lasco.inpainting.interface.METHODS`.

    Returns
    -------
    `~numpy.ndarray`
        Times the factor of ``data/sigma.json`` for this method, camera and kind of
        hole; see ``benchmarks/inpainting`` for how it is learnt.
    """
    return np.maximum(sigma * raw_scales()[method][crop.camera][setting(crop)], SMALLEST_SIGMA)
