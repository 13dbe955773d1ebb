"""
Averaged neighbours: a hole filled from the exposures before and after.

Both are brought to the level that the frame has around the hole (their exposure,
and what changed slowly), and interpolated in time.  They show the same corona
through the same pixels, so that not even the fixed pattern is lost.  Pagot, Lamy,
Llebaria & Boclet (2014, Solar Physics 289, 1433) found this the best repair of
LASCO's missing blocks wherever neighbours exist, and so do real frames here.
"""

import numpy as np
from scipy import ndimage

from sunpy_lasco.inpainting.interface import Fill
from sunpy_lasco.inpainting.spread import calibrated
from sunpy_lasco.inpainting.workspace import point_like

__all__ = ["fill"]

#: Scale over which the difference to the frame is carried from the surroundings
#: into the hole, stored pixels, and the weight of no difference at all.
CARRY = 10.0
CARRY_PRIOR = 0.05
#: Surroundings in which the neighbours are compared with the frame, stored pixels.
COMPARED = 24
#: Side of the cells over which noise is averaged there, stored pixels.
CELL = 8
#: A cell counts if at least this share of it is known.
CELL_SHARE = 0.5
#: Cells without which one cannot tell whether neighbours fit.
FEWEST_CELLS = 6
#: Neighbours whose structure differs from the frame's by more than this around the
#: hole, in units of the noise of a pixel, are not admitted.
WORST_MISFIT = 3.0
#: Smallest 1 sigma of the structure, in units of the noise of a pixel.
SMALLEST_SIGMA = 0.03
#: 1 sigma by the change between the neighbours, relative to it, in the middle
#: between them: how far a moving front may be from the interpolated one.
FRONT_SHARE = 0.3
#: How far a star that both neighbours show may be from its predicted place, pixel.
STAR_TOLERANCE = 1
#: 1 sigma of a star, relative to its brightness above the corona.
STAR_SHARE = 0.3
#: Pixels around the core of a star that belong to it.
STAR_WINGS = 2


def fill(crop, *, worst_misfit=WORST_MISFIT):
    """
    Fill a hole from exposures before and after.

    Parameters
    ----------
    crop : `~sunpy_lasco.inpainting.interface.Crop`
        With neighbours.
    worst_misfit : `float`, optional
        Admit neighbours whose structure around the hole differs from the frame's by
        up to this, in units of the noise of a pixel.

    Returns
    -------
    `~sunpy_lasco.inpainting.interface.Fill`
        NaN where no neighbour was measured, and all over where they do not fit.

    Notes
    -----
    Where only one side of time was measured, the value is that of one neighbour.

    Stars do not move with the corona: they are taken out of both neighbours, moved to
    where they should be, and put back where both show them; what only one shows
    is the hit of a particle, and is left out.  Where a front passed between the
    exposures, which is where they differ, the uncertainty says so.
    """
    nothing = np.full(crop.z.shape, np.nan)
    before, after = (_nearest(crop.neighbours, side, crop.drift) for side in (-1, 1))
    if before is None and after is None:
        return Fill(nothing, nothing)
    value, noise, change, stars = _interpolate(before, after, crop.z.shape)
    difference = crop.z - value
    compared = np.isfinite(difference)
    compared &= ~point_like(np.nan_to_num(difference), compared) & ~point_like(-np.nan_to_num(difference), compared)
    distance = ndimage.distance_transform_edt(~crop.hole)
    typical, rms = _misfit(difference, compared & (distance <= COMPARED))
    if typical is None or typical > worst_misfit:
        return Fill(nothing, nothing)
    # With one neighbour nothing else tells of fronts, so that outliers count.
    misfit = typical if before is not None and after is not None else rms
    weight = ndimage.gaussian_filter(compared.astype(float), CARRY, mode="constant")
    carried = ndimage.gaussian_filter(np.where(compared, difference, 0.0), CARRY, mode="constant")
    value = value + carried / (weight + CARRY_PRIOR) + stars
    sigma = np.sqrt(SMALLEST_SIGMA**2 + misfit**2 + (FRONT_SHARE * change) ** 2 + (STAR_SHARE * stars) ** 2)
    return Fill(
        np.where(crop.hole, value, np.nan),
        calibrated(np.where(crop.hole, sigma, np.nan), crop, "temporal"),
        np.where(crop.hole, noise, np.nan),
    )


def _nearest(neighbours, side, drift):
    """
    What the neighbours of one side of time show, each pixel from the nearest that has it.

    Returns the corona, the stars where they are at the time of the frame, the time
    of each pixel and its noise; None if there is no such neighbour.
    """
    mine = [one for one in neighbours if np.sign(one.seconds) == side]
    if not mine:
        return None
    corona, stars, seconds, noise = (np.full(mine[0].z.shape, np.nan) for _ in range(4))
    for one in mine:
        known = np.isfinite(one.z)
        smooth, excess = _without_points(one.z, known)
        moved = ndimage.shift(excess, (-drift[1] * one.seconds, -drift[0] * one.seconds), order=1, mode="constant")
        new = known & np.isnan(corona)
        corona[new], stars[new], seconds[new], noise[new] = smooth[new], moved[new], one.seconds, one.noise
    return corona, stars, seconds, noise


def _without_points(z, known):
    """The corona without stars and hits, and these alone."""
    points = point_like(np.nan_to_num(z), known)
    if not points.any():
        return z, np.zeros_like(z)
    points = known & ndimage.binary_dilation(points, iterations=STAR_WINGS)
    nearest = ndimage.distance_transform_edt(points | ~known, return_distances=False, return_indices=True)
    smooth = np.where(points, ndimage.uniform_filter(np.nan_to_num(z)[tuple(nearest)], 2 * STAR_WINGS + 1), z)
    return smooth, np.where(points, z - smooth, 0.0)


def _interpolate(before, after, shape):
    """Value, noise, unexpected change and stars at the time of the frame."""
    nothing = tuple(np.full(shape, np.nan) for _ in range(4))
    (b, b_stars, b_seconds, b_noise), (a, a_stars, a_seconds, a_noise) = before or nothing, after or nothing
    both, one = np.isfinite(b) & np.isfinite(a), np.isfinite(b) ^ np.isfinite(a)
    share = np.where(both, a_seconds / (a_seconds - b_seconds), np.where(np.isfinite(b), 1.0, 0.0))
    b, b_noise, b_stars, a, a_noise, a_stars = (
        np.nan_to_num(part) for part in (b, b_noise, b_stars, a, a_noise, a_stars)
    )
    value = np.where(both | one, share * b + (1 - share) * a, np.nan)
    noise = np.hypot(share * b_noise, (1 - share) * a_noise)
    # What differs between the two beyond their noise, seen over a cell.
    area = ndimage.uniform_filter(both.astype(float), CELL)
    change = np.abs(ndimage.uniform_filter(np.where(both, b - a, 0.0), CELL)) / np.maximum(area, 1 / CELL**2)
    change = np.maximum(change - np.hypot(b_noise, a_noise) / CELL, 0.0)
    reach = 2 * STAR_TOLERANCE + 1
    seen_twice = (ndimage.maximum_filter(b_stars, reach) > 0) & (ndimage.maximum_filter(a_stars, reach) > 0)
    stars = np.where(both & seen_twice, share * b_stars + (1 - share) * a_stars, 0.0)
    return value, noise, np.where(both, change, 0.0), stars


def _misfit(difference, compared):
    """Structure in which frame and neighbours differ, 1 sigma and rms; None if too little is known."""
    ny, nx = (length // CELL * CELL for length in difference.shape)
    cells = (ny // CELL, CELL, nx // CELL, CELL)
    known = compared[:ny, :nx].reshape(cells)
    count = known.sum(axis=(1, 3))
    enough = count >= CELL_SHARE * CELL**2
    if enough.sum() < FEWEST_CELLS:
        return None, None
    values = np.where(known, np.where(compared, difference, 0.0)[:ny, :nx].reshape(cells), 0.0)
    mean = values.sum(axis=(1, 3)) / np.maximum(count, 1)
    within = np.where(known, values - mean[:, None, :, None], 0.0)
    noise = (within**2).sum(axis=(1, 3))[enough].sum() / (count[enough] - 1).sum()
    deviation = mean[enough] - np.median(mean[enough])
    return tuple(
        float(np.sqrt(max(scatter**2 - noise * np.mean(1 / count[enough]), 0.0)))
        for scatter in (1.4826 * np.median(np.abs(deviation)), np.sqrt(np.mean(deviation**2)))
    )
