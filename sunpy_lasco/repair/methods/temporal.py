"""
Fill from the exposures before and after.

Both exposures are scaled to the level of the frame around the hole, which corrects for exposure time and slow
changes, and interpolated in time. They show the same corona on the same pixels, so even the fixed pattern is
preserved. Pagot, Lamy, Llebaria & Boclet (2014, Solar Physics 289, 1433) found this to be the best repair of
LASCO's missing blocks if neighbours exist, and tests with real frames confirm it.
"""

import numpy as np

from sunpy_lasco.repair.crop import Fill
from sunpy_lasco.repair.neighbours import between_exposures, carried, comparison, nearest_pixels, spread

__all__ = ["WORST_MISFIT", "fill"]

#: Scale over which the difference from the frame is extended from the surroundings into the hole, stored pixels.
CARRY = 10.0
#: The same for moved exposures, which leave residuals of fronts on smaller scales.
CARRY_MOVED = 5.0
#: Neighbours are rejected if their structure around the hole differs from that of the frame by more than this, in units
#: of the noise of a pixel.
WORST_MISFIT = 3.0


def fill(crop, *, worst_misfit=WORST_MISFIT):
    """
    Fill a hole from exposures before and after.

    Parameters
    ----------
    crop : `~sunpy_lasco.repair.crop.Crop`
        With neighbours.
    worst_misfit : `float`, optional
        Largest difference between the structure of neighbours and frame around the hole, in units of the
        noise of a pixel.

    Returns
    -------
    `~sunpy_lasco.repair.crop.Fill`
        NaN where no neighbour was measured, or everywhere if they do not fit.

    Notes
    -----
    If only one side was measured, the value is that of one neighbour. Stars do not move with the corona. They
    are removed from both neighbours, moved to their expected positions, and restored if both neighbours show
    them. Points in only one neighbour are particle hits and are omitted. If a front passed between the
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
