"""
Fill from a sequence: two exposures before and two after.

This method extends `~sunpy_lasco.repair.methods.temporal`: the nearest two exposures are averaged with the next two.
The outer exposures are farther away in time, but they reduce the noise, and they show structure that moves by less
than a cell unchanged. Their weight is fitted around the hole, where the frame itself was measured.
"""

import numpy as np
from scipy import ndimage

from sunpy_lasco.repair.crop import Fill
from sunpy_lasco.repair.methods.temporal import WORST_MISFIT
from sunpy_lasco.repair.neighbours import (
    COMPARED,
    between_exposures,
    carried,
    compared_pixels,
    comparison,
    nearest_neighbours,
    nearest_pixels,
    spread,
)

__all__ = ["fill", "outer_weight"]

#: Scale over which the difference from the frame is extended from the surroundings into the hole, stored pixels.
CARRY = 16.0
#: The same where the exposures were moved.
CARRY_MOVED = 5.0
#: Side of the cells in which exposures are compared, stored pixels.
CELL = 8
#: Prior weight of the outer exposures, and its 1 sigma. The weight is 0 for fast changes and 0.5 for noise only.
WEIGHT, WEIGHT_SIGMA = 0.3, 0.22
#: With fewer pixels around the hole than this, the prior weight is used.
FEWEST_PIXELS = 500


def fill(crop, *, worst_misfit=WORST_MISFIT):
    """
    Fill a hole from two exposures before and two after.

    Parameters
    ----------
    crop : `~sunpy_lasco.repair.crop.Crop`
        With neighbours.
    worst_misfit : `float`, optional
        Largest difference between the structure of exposures and frame around the hole, in units of the noise
        of a pixel.

    Returns
    -------
    `~sunpy_lasco.repair.crop.Fill`
        NaN where one of the four exposures was not measured, or everywhere if one is missing or they do not fit.

    Notes
    -----
    SolarSoft has no such method.
    """
    nothing = np.full(crop.z.shape, np.nan)
    near = nearest_neighbours(crop)
    if any(one is None for one in near):
        return Fill(nothing, nothing)
    pairs = [
        between_exposures(
            *(nearest_pixels(near[first : first + 2], side, crop.drift) for side in (-1, 1)), crop.z.shape
        )
        for first in (0, 2)
    ]
    (inner, inner_noise, change, stars), (outer, outer_noise, _, _) = pairs
    shown = np.all([np.isfinite(one.z) for one in near], axis=0)
    inner, outer = (np.where(shown, value, np.nan) for value in (inner, outer))
    weight = outer_weight(crop, inner, outer)
    value = inner + weight * (outer - inner)
    difference, compared, structure = comparison(crop, value)
    if structure is None or structure > worst_misfit:
        return Fill(nothing, nothing)
    value = value + carried(difference, compared, CARRY_MOVED if crop.is_moved else CARRY) + stars
    there = crop.hole & shown
    return Fill(
        np.where(there, value, np.nan),
        np.where(there, spread(crop, difference, compared, change, stars, both=True), np.nan),
        np.where(there, np.hypot((1.0 - weight) * inner_noise, weight * outer_noise), np.nan),
    )


def outer_weight(crop, inner, outer):
    """
    Fit the weight of the outer exposures relative to the nearest.

    Parameters
    ----------
    crop : `~sunpy_lasco.repair.crop.Crop`
    inner, outer : `~numpy.ndarray`
        The nearest two and the outer two exposures, interpolated to the time of the frame, (ny, nx); NaN
        where they were not measured.

    Returns
    -------
    `float`
        Least-squares fit to means over cells around the hole, with the prior `WEIGHT`.
    """
    apart = outer - inner
    difference = crop.z - (inner + WEIGHT * apart)
    known = compared_pixels(difference) & ~crop.hole
    share = ndimage.uniform_filter(known.astype(float), CELL)
    near = known & (share > 0.5) & (crop.distance <= COMPARED)
    if near.sum() < FEWEST_PIXELS:
        return WEIGHT
    y, x = (
        ndimage.uniform_filter(np.where(known, part, 0.0), CELL)[near] / share[near] for part in (difference, apart)
    )
    x = x - x.mean()
    # Each cell counts once, although its mean is evaluated at each of its pixels.
    noise = 2.0 / CELL**2
    return WEIGHT + float((x @ y) / CELL**2 / ((x @ x) / CELL**2 + noise / WEIGHT_SIGMA**2))
