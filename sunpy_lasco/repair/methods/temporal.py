"""
Averaged neighbours: a hole filled from the exposures before and after.

Both are brought to the level that the frame has around the hole (their exposure,
and what changed slowly), and interpolated in time.  They show the same corona
through the same pixels, so that not even the fixed pattern is lost.  Pagot, Lamy,
Llebaria & Boclet (2014, Solar Physics 289, 1433) found this the best repair of
LASCO's missing blocks wherever neighbours exist, and so do real frames here.
"""

import numpy as np

from sunpy_lasco.repair.crop import Fill
from sunpy_lasco.repair.neighbours import between_exposures, carried, comparison, nearest_pixels, spread

__all__ = ["WORST_MISFIT", "fill"]

#: Scale over which the difference to the frame is carried from the surroundings
#: into the hole, stored pixels.
CARRY = 10.0
#: The same where the exposures were moved: what is left of a front is shorter.
CARRY_MOVED = 5.0
#: Neighbours whose structure differs from the frame's by more than this around the
#: hole, in units of the noise of a pixel, are not admitted.
WORST_MISFIT = 3.0


def fill(crop, *, worst_misfit=WORST_MISFIT):
    """
    Fill a hole from exposures before and after.

    Parameters
    ----------
    crop : `~sunpy_lasco.repair.crop.Crop`
        With neighbours.
    worst_misfit : `float`, optional
        Admit neighbours whose structure around the hole differs from the frame's by
        up to this, in units of the noise of a pixel.

    Returns
    -------
    `~sunpy_lasco.repair.crop.Fill`
        NaN where no neighbour was measured, and all over where they do not fit.

    Notes
    -----
    Where only one side of time was measured, the value is that of one neighbour.

    Stars do not move with the corona: they are taken out of both neighbours, moved to
    where they should be, and put back where both show them; what only one shows
    is the hit of a particle, and is omitted.  Where a front passed between the
    exposures, which is where they differ, the uncertainty says so.
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
