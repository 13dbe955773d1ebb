"""
What a network corrects: the best fill there is without it.
"""

from dataclasses import dataclass

import numpy as np

from sunpy_lasco.inpainting.interface import Fill, get_method
from sunpy_lasco.inpainting.methods.mixture import candidates, mixed_fill

__all__ = ["EXPOSURES", "Base", "bases_of", "nearest_neighbours"]


#: Exposures before and after that a network sees: two of each.
EXPOSURES = 4


@dataclass(frozen=True, eq=False)
class Base:
    """A fill, and what it was made of."""

    #: Averaged neighbours where there are any, else the mixture.
    fill: Fill
    #: Kriging, radial, harmonic and biharmonic fills; 0 outside of the hole; (4, ny, nx).
    candidates: np.ndarray
    #: As of `nearest_neighbours`.
    neighbours: tuple
    #: Pixels that averaged neighbours fill, (ny, nx).
    shown: np.ndarray


def nearest_neighbours(crop):
    """
    The nearest exposures before and after, and the next ones.

    Parameters
    ----------
    crop : `~sunpy_lasco.inpainting.interface.Crop`

    Returns
    -------
    `tuple`
        `EXPOSURES` `~sunpy_lasco.inpainting.interface.Neighbour` or None: before, after, second before,
        second after.
    """
    sides = [
        [one for one in crop.neighbours if np.sign(one.seconds) == side and np.isfinite(one.z).any()]
        for side in (-1, 1)
    ]
    return tuple(side[place] if place < len(side) else None for place in range(EXPOSURES // 2) for side in sides)


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
    temporal = get_method("temporal")(crop)
    there = np.isfinite(temporal.z) & np.isfinite(temporal.sigma)
    noise = np.zeros(crop.hole.shape) if temporal.noise is None else temporal.noise
    fill = Fill(
        np.where(there, temporal.z, fill.z),
        np.where(there, temporal.sigma, fill.sigma),
        np.where(there, noise, np.where(crop.hole, 0.0, np.nan)),
    )
    return Base(fill, images, nearest_neighbours(crop), there)
