"""
Fill from the exposures before and after.

Both are scaled to the level of the frame around the hole, which corrects exposure and slow changes, and
interpolated in time. They show the same corona through the same pixels, so even the fixed pattern is
preserved. Pagot, Lamy, Llebaria & Boclet (2014, Solar Physics 289, 1433) found this to be the best repair of
LASCO's missing blocks if neighbours exist, and tests with real frames confirm it.
"""

import numpy as np

from sunpy_lasco.repair.crop import Fill
from sunpy_lasco.repair.neighbours import between_exposures, carried, comparison, nearest_pixels, spread

__all__ = ["WORST_MISFIT", "fill"]

#: Scale over which the difference from the frame is extended from the surroundings into the hole, stored pixels.
CARRY = 10.0
#: The same for moved exposures, in which the remainder of a front is shorter.
CARRY_MOVED = 5.0
#: Neighbours are rejected if their structure around the hole differs from the frame's by more than this, in units of
#: the noise of a pixel.
WORST_MISFIT = 3.0


def fill(crop, *, worst_misfit=WORST_MISFIT):
    """
    Fill a hole from exposures before and after.

    Parameters
    ----------
    crop : `~sunpy_lasco.repair.crop.Crop`
        With neighbours.
    worst_misfit : `float`, optional
        Largest difference of the structure around the hole between neighbours and frame, in units of the
        noise of a pixel.

    Returns
    -------
    `~sunpy_lasco.repair.crop.Fill`
        NaN where no neighbour was measured, or everywhere if they are unsuitable.

    Notes
    -----
    If only one side was measured, the value is that of one neighbour. Stars do not move with the corona: they
    are removed from both neighbours, moved to their expected positions, and restored if both neighbours show
    them. Points in only one neighbour are hits of particles and are omitted. If a front passed between the
    exposures, their difference increases the uncertainty.
    """
    nothing = np.full(crop.z.shape, np.nan)
    before, after = (nearest_pixels(crop.neighbours, side, crop.drift) for side in (-1, 1))
    if before is None and after is None:
        return Fill(nothing, nothing)
    value, noise, change, stars = between_exposures(before, after, crop.z.shape)
    difference, compared, typical = comparison(crop, value)
    if typical is None or typical > worst_misfit:
        return Fill(nothing, nothing)
    value = value + carried(difference, compared, CARRY_MOVED if crop.is_moved else CARRY) + stars
    sigma = spread(crop, difference, compared, change, stars, both=before is not None and after is not None)
    return Fill(
        np.where(crop.hole, value, np.nan),
        np.where(crop.hole, sigma, np.nan),
        np.where(crop.hole, noise, np.nan),
    )
