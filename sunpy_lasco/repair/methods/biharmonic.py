"""
Biharmonic interpolation: the bent plate through the surroundings.

The algorithm of scikit-image, in the working space and over cells, so that the plate
is not bent by noise.
"""

import numpy as np

from sunpy_lasco.repair.cells import coarse_grid, refine
from sunpy_lasco.repair.crop import Fill
from sunpy_lasco.repair.uncertainty import calibrated, deviation

__all__ = ["fill", "plate"]

#: Cells around the hole that the plate is fixed to: it asks for two.
AROUND = 3
#: Side of the cells, stored pixels.
SIDE = 4

#: Share of the structure around a hole that counts for the uncertainty.
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
    Planes are recovered.  scikit-image keeps the plate within the range of the values
    around it, so that it does not run away where something hidden is next to the hole.
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
        In the working space; NaN outside of the hole, and all over where nothing is
        known around it.  Shape (ny, nx).
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
