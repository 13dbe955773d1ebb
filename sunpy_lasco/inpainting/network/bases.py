"""
What a network corrects: the best fill there is without it.
"""

from dataclasses import dataclass

import numpy as np

from sunpy_lasco.inpainting.interface import Fill, get_method
from sunpy_lasco.inpainting.methods.mixture import candidates, mixed_fill

__all__ = ["Base", "bases_of", "nearest_neighbours"]


@dataclass(frozen=True, eq=False)
class Base:
    """A fill, and what it was made of."""

    #: Averaged neighbours where there are any, else the mixture.
    fill: Fill
    #: Kriging, radial, harmonic and biharmonic fills; 0 outside of the hole; (4, ny, nx).
    candidates: np.ndarray
    #: The nearest exposures before and after; None where there is none.
    neighbours: tuple


def nearest_neighbours(crop):
    """
    The nearest exposures before and after.

    Parameters
    ----------
    crop : `~sunpy_lasco.inpainting.interface.Crop`

    Returns
    -------
    `tuple`
        Two `~sunpy_lasco.inpainting.interface.Neighbour` or None.
    """
    return tuple(
        next((one for one in crop.neighbours if np.sign(one.seconds) == side and np.isfinite(one.z).any()), None)
        for side in (-1, 1)
    )


def bases_of(crop, *, coefficients=None, neighbours=True):
    """
    Fill a hole without a network.

    Parameters
    ----------
    crop : `~sunpy_lasco.inpainting.interface.Crop`
    coefficients : `~numpy.ndarray`, optional
        Of the mixture.
    neighbours : `bool`, optional
        Use exposures before and after, where the crop has them and they fit.

    Returns
    -------
    `Base` or None
        None where too little is known around the hole.
    """
    values, spread = candidates(crop)
    if np.isnan(values).any():
        return None
    fill = mixed_fill(crop, values, spread, coefficients=coefficients)
    images = np.zeros((len(values), *crop.hole.shape))
    images[:, crop.hole] = values
    around = (None, None)
    if neighbours and crop.neighbours:
        around = nearest_neighbours(crop)
        temporal = get_method("temporal")(crop)
        there = np.isfinite(temporal.z) & np.isfinite(temporal.sigma)
        fill = Fill(np.where(there, temporal.z, fill.z), np.where(there, _whole(temporal), fill.sigma))
    return Base(fill, images, around)


def _whole(fill):
    """1 sigma of all that a fill may be off."""
    return fill.sigma if fill.noise is None else np.hypot(fill.sigma, fill.noise)
