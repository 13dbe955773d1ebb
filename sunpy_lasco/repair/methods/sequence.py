"""
A sequence: a hole filled from two exposures before and two after.

As for `~sunpy_lasco.repair.methods.temporal`, but the nearest two are averaged with the next
two.  These show an older and a younger corona, but halve the noise, and what moved by less than a
cell does not tell them from the nearest: how much they count is learnt around the hole, where
the frame itself was measured.
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

#: Scale over which the difference to the frame is carried from the surroundings
#: into the hole, stored pixels.
CARRY = 16.0
#: The same where the exposures were moved.
CARRY_MOVED = 5.0
#: Side of the cells in which exposures are compared, stored pixels: errors are asked to be small there.
CELL = 8
#: Weight of the second exposures before and after where nothing is learnt, and how far from it, 1 sigma,
#: it is expected: between 0, where the corona changes fast, and 0.5, where only noise counts.
WEIGHT, WEIGHT_SIGMA = 0.3, 0.22
#: Pixels around the hole without which nothing is learnt.
FEWEST_PIXELS = 500


def fill(crop, *, worst_misfit=WORST_MISFIT):
    """
    Fill a hole from two exposures before and two after.

    Parameters
    ----------
    crop : `~sunpy_lasco.repair.crop.Crop`
        With neighbours.
    worst_misfit : `float`, optional
        Admit exposures whose structure around the hole differs from the frame's by
        up to this, in units of the noise of a pixel.

    Returns
    -------
    `~sunpy_lasco.repair.crop.Fill`
        NaN where one of the four was not measured, and all over where there are fewer or they do not fit.

    Notes
    -----
    SolarSoft has nothing of this kind.
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
    How much the second exposures before and after count, beside the nearest.

    Parameters
    ----------
    crop : `~sunpy_lasco.repair.crop.Crop`
    inner, outer : `~numpy.ndarray`
        The nearest two and the next two, interpolated to the time of the frame; (ny, nx), NaN where
        they were not measured.

    Returns
    -------
    `float`
        The least squares of means over cells around the hole, with `WEIGHT` as what is expected.
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
    # Each cell counts once, although it is seen from each of its pixels.
    noise = 2.0 / CELL**2
    return WEIGHT + float((x @ y) / CELL**2 / ((x @ x) / CELL**2 + noise / WEIGHT_SIGMA**2))
