"""
What a network corrects: the best fill there is without it.
"""

from dataclasses import dataclass

import numpy as np

from sunpy_lasco.inpainting.exposures import EXPOSURES, nearest_neighbours
from sunpy_lasco.inpainting.interface import NEIGHBOUR_METHODS, Fill, get_method
from sunpy_lasco.inpainting.methods.mixture import candidates, mixed_fill

__all__ = ["Base", "bases_of"]


@dataclass(frozen=True, eq=False)
class Base:
    """A fill, and what it was made of."""

    #: A sequence or averaged neighbours where there are any, else the mixture.
    fill: Fill
    #: Kriging, radial, harmonic and biharmonic fills; 0 outside of the hole; (4, ny, nx).
    candidates: np.ndarray
    #: As of `~sunpy_lasco.inpainting.exposures.nearest_neighbours`.
    neighbours: tuple
    #: Pixels that neighbours fill, (ny, nx).
    shown: np.ndarray


def bases_of(crop, *, coefficients=None, neighbours=True, made=None):
    """
    Fill a hole without a network.

    Parameters
    ----------
    crop : `~sunpy_lasco.inpainting.interface.Crop`
    coefficients : `~numpy.ndarray`, optional
        Of the mixture.
    neighbours : `bool`, optional
        Use exposures before and after, where the crop has them and they fit.
    made : `tuple`, optional
        What `~sunpy_lasco.inpainting.methods.mixture.candidates` gave for this hole.

    Returns
    -------
    `Base` or None
        None where too little is known around the hole.
    """
    values, spread = candidates(crop) if made is None else made
    if np.isnan(values).any():
        return None
    fill = mixed_fill(crop, values, spread, coefficients=coefficients)
    images = np.zeros((len(values), *crop.hole.shape))
    images[:, crop.hole] = values
    if not (neighbours and crop.neighbours):
        return Base(fill, images, (None,) * EXPOSURES, np.zeros(crop.hole.shape, dtype=bool))
    shown = np.zeros(crop.hole.shape, dtype=bool)
    value, sigma, noise = fill.z, fill.sigma, np.where(crop.hole, 0.0, np.nan)
    for name in NEIGHBOUR_METHODS:
        if shown[crop.hole].all():
            break
        found = get_method(name)(crop)
        # The best comes first; others fill what it leaves.
        there = np.isfinite(found.z) & np.isfinite(found.sigma) & ~shown
        value, sigma = np.where(there, found.z, value), np.where(there, found.sigma, sigma)
        noise = np.where(there, 0.0 if found.noise is None else found.noise, noise)
        shown |= there
    return Base(Fill(value, sigma, noise), images, nearest_neighbours(crop), shown)
