"""
Kriging: the best linear unbiased prediction from the surroundings.

A Gaussian process in the working space, whose covariance is longer outwards than
around the Sun and is scaled to what each crop shows.  It tells its uncertainty.
"""

import numpy as np

from sunpy_lasco.inpainting.cells import between_nodes, gather, nodes, polar
from sunpy_lasco.inpainting.covariance import COVARIANCES, fit_factor, predict
from sunpy_lasco.inpainting.interface import Fill
from sunpy_lasco.inpainting.spread import calibrated, deviation

__all__ = ["fill", "krige"]

#: Without this many cells around it, a hole is not filled.
FEWEST_CELLS = 12


def fill(crop, *, covariance=None):
    """
    Fill a hole by kriging.

    Parameters
    ----------
    crop : `~sunpy_lasco.inpainting.interface.Crop`
    covariance : `~sunpy_lasco.inpainting.covariance.Covariance`, optional
        By default that of the camera, scaled to the surroundings.  One that is given
        is taken as it is, and so is the uncertainty that follows from it.

    Returns
    -------
    `~sunpy_lasco.inpainting.interface.Fill`

    Notes
    -----
    The trend is a plane of unknown coefficients, so that planes are recovered.  All
    lost blocks of a zone are predicted at once.
    """
    value, sigma = krige(crop, covariance=covariance)
    if covariance is None:
        # What the model of the errors does not foresee, the smoothest fill often shows.
        sigma = calibrated(np.hypot(sigma, deviation(value, crop, share=0.0)), crop, "kriging")
    return Fill(value, sigma)


def krige(crop, *, covariance=None):
    """
    Predict the pixels of a hole.

    Parameters
    ----------
    crop : `~sunpy_lasco.inpainting.interface.Crop`
    covariance : `~sunpy_lasco.inpainting.covariance.Covariance`, optional
        As of `fill`.

    Returns
    -------
    value, sigma : `~numpy.ndarray`
        In the working space, and as the covariance has it; NaN outside of the hole, and
        all over where too little is known around it.  Shape (ny, nx).
    """
    u, v = polar(crop)
    cells = gather(crop, u, v)
    if len(cells.values) < FEWEST_CELLS:
        return np.full(crop.z.shape, np.nan), np.full(crop.z.shape, np.nan)
    factor = 1.0
    if covariance is None:
        covariance = COVARIANCES[crop.camera]
        factor = fit_factor(cells, covariance)
    grid = nodes(crop, u, v)
    mean, variance = predict(cells, covariance, factor, grid.points, grid.places)
    return between_nodes(mean, grid, crop), between_nodes(np.sqrt(variance), grid, crop)
