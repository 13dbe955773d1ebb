"""
Exposures before and after, interpolated to the time of a frame.

Stars do not move with the corona: they are taken out, moved to where they should be, and
told apart from the hits of particles, which only one exposure shows.
"""

import numpy as np
from scipy import ndimage

from sunpy_lasco.inpainting.exposures import without_points

__all__ = ["interpolate", "nearest_pixels", "spread"]

#: Side of the cells over which changes are seen, stored pixels.
CELL = 8
#: Smallest 1 sigma of the structure, in units of the noise of a pixel.
SMALLEST_SIGMA = 0.03
#: 1 sigma by the change between the neighbours, relative to it, in the middle
#: between them: how far a moving front may be from the interpolated one.
FRONT_SHARE = 0.3
#: How far a star that both neighbours show may be from its predicted place, pixel.
STAR_TOLERANCE = 1
#: 1 sigma of a star, relative to its brightness above the corona.
STAR_SHARE = 0.3


def nearest_pixels(neighbours, side, drift):
    """
    What the neighbours of one side of time show, each pixel from the nearest that has it.

    Parameters
    ----------
    neighbours : sequence of `~sunpy_lasco.inpainting.interface.Neighbour`
        Nearest first.
    side : `int`
        -1 for exposures before, 1 for those after.
    drift : `tuple` of `float`
        Motion of the stars along (x, y), pixel / s.

    Returns
    -------
    corona, stars, seconds, noise : `~numpy.ndarray`
        Stars stand where they are at the time of the frame; time and noise are those of each
        pixel.  None instead of all if there is no such neighbour.
    """
    mine = [one for one in neighbours if np.sign(one.seconds) == side]
    if not mine:
        return None
    corona, stars, seconds, noise = (np.full(mine[0].z.shape, np.nan) for _ in range(4))
    for one in mine:
        known = np.isfinite(one.z)
        smooth, excess = without_points(one.z, known)
        moved = ndimage.shift(excess, (-drift[1] * one.seconds, -drift[0] * one.seconds), order=1, mode="constant")
        new = known & np.isnan(corona)
        corona[new], stars[new], seconds[new], noise[new] = smooth[new], moved[new], one.seconds, one.noise
    return corona, stars, seconds, noise


def interpolate(before, after, shape):
    """
    Interpolate in time, pixel by pixel.

    Parameters
    ----------
    before, after : `tuple` or None
        As of `nearest_pixels`.
    shape : `tuple` of `int`

    Returns
    -------
    value, noise, change, stars : `~numpy.ndarray`
        At the time of the frame; where only one of the two was measured, its value.  The change
        is what both differ by beyond their noise.
    """
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


def spread(structure, change, stars):
    """
    1 sigma of what is interpolated.

    Parameters
    ----------
    structure : `float`
        In which the frame and the other exposures differ around the hole.
    change, stars : `~numpy.ndarray`
        As of `interpolate`.

    Returns
    -------
    `~numpy.ndarray`
        Before it is brought to the coverage of held-back dates.
    """
    return np.sqrt(SMALLEST_SIGMA**2 + structure**2 + (FRONT_SHARE * change) ** 2 + (STAR_SHARE * stars) ** 2)
