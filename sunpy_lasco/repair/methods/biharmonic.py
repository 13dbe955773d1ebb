"""
Biharmonic interpolation: a thin plate bent through the surroundings.

This is the algorithm of scikit-image, applied in the working space. It uses means over cells,
so that noise does not bend the plate.
"""

import numpy as np

from sunpy_lasco.repair.cells import coarse_grid, refine
from sunpy_lasco.repair.crop import Fill
from sunpy_lasco.repair.uncertainty import calibrated, deviation

__all__ = ["fill", "plate"]

#: Number of cells around the hole to which the plate is fixed; the algorithm needs two.
AROUND = 3
#: Side of the cells, stored pixels.
SIDE = 4

#: Fraction of the structure around a hole that contributes to the uncertainty.
STRUCTURE = 0.25


def fill(crop):
    """
    Fill a hole by biharmonic interpolation.

    Parameters
    ----------
    crop : `~sunpy_lasco.repair.crop.Crop`

    Returns
    -------
    `~sunpy_lasco.repair.crop.Fill`

    Notes
    -----
    Planes are reproduced.  scikit-image limits the plate to the range of the values around
    it, so that it does not diverge next to hidden pixels.
    """
    value = plate(crop)
    return Fill(value, calibrated(deviation(value, crop, share=STRUCTURE), crop, "biharmonic"))


def plate(crop):
    """
    Bend a plate over a hole.

    Parameters
    ----------
    crop : `~sunpy_lasco.repair.crop.Crop`

    Returns
    -------
    `~numpy.ndarray`
        In the working space; NaN outside the hole, or everywhere if nothing is known
        around it.  Shape (ny, nx).
    """
    from skimage.restoration import inpaint_biharmonic

    means, hole = coarse_grid(crop, SIDE)
    if hole.any():
        window = tuple(
            slice(max(int(index.min()) - AROUND, 0), int(index.max()) + AROUND + 1) for index in np.nonzero(hole)
        )
        part = means[window]
        unknown = np.isnan(part)
        if unknown.all():
            return np.full(crop.z.shape, np.nan)
        level = np.nanmedian(part)
        bent = inpaint_biharmonic(np.where(unknown, 0.0, part - level), unknown) + level
        means = means.copy()
        means[window] = np.where(hole[window], bent, part)
    return refine(means, crop, SIDE)
