"""
Other exposures beside a frame: which there are, how well they fit, and what the frame differs from them by.
"""

import numpy as np
from scipy import ndimage

from sunpy_lasco.repair.holed_frame import STRUCTURE_SHARE, mean_around, point_like
from sunpy_lasco.robust import robust_sigma

__all__ = [
    "COMPARED",
    "EXPOSURES",
    "carried",
    "compared_pixels",
    "comparison",
    "between_exposures",
    "misfit",
    "nearby_misfit",
    "nearest_neighbours",
    "nearest_pixels",
    "spread",
    "without_points",
]

#: Exposures before and after that are looked at together: two of each.
EXPOSURES = 4
#: Weight of no difference at all where a difference is carried into the hole.
CARRY_PRIOR = 0.05
#: Surroundings in which the neighbours are compared with the frame, stored pixels.
COMPARED = 24
#: Side of the cells over which noise is averaged there, stored pixels.
CELL = 8
#: A cell counts if at least this share of it is known.
CELL_SHARE = 0.5
#: Cells without which one cannot tell whether neighbours fit.
FEWEST_CELLS = 6
#: 1 sigma of the kernel by which squares of differences are carried into a hole, stored pixels, and the
#: least weight of what is known.
NEARBY, NEARBY_LEAST = 8.0, 1e-4
#: Pixels around the core of a star that belong to it, and sides of the squares whose mean stands in its place.
STAR_WINGS, AROUND_STARS = 2, (5, 13)


def nearest_neighbours(crop):
    """
    The nearest exposures before and after, and the next ones.

    Parameters
    ----------
    crop : `~sunpy_lasco.repair.crop.Crop`

    Returns
    -------
    `tuple`
        `EXPOSURES` `~sunpy_lasco.repair.crop.Neighbour` or None: before, after, second before,
        second after.
    """
    sides = [
        [one for one in crop.neighbours if np.sign(one.seconds) == side and np.isfinite(one.z).any()]
        for side in (-1, 1)
    ]
    return tuple(side[place] if place < len(side) else None for place in range(EXPOSURES // 2) for side in sides)


def without_points(z, known):
    """
    Take stars and hits of particles out.

    Parameters
    ----------
    z : `~numpy.ndarray`
        An exposure in the working space, (ny, nx).
    known : `~numpy.ndarray` of `bool`

    Returns
    -------
    corona, points : `~numpy.ndarray`
        What is left, and what was taken out of it.
    """
    points = point_like(np.nan_to_num(z), known, structure=STRUCTURE_SHARE)
    if not points.any():
        return z, np.zeros_like(z)
    points = known & ndimage.binary_dilation(points, iterations=STAR_WINGS)
    rest = known & ~points
    if not rest.any():
        return z, np.zeros_like(z)
    smooth = np.where(points, mean_around(z, rest, AROUND_STARS), z)
    return smooth, np.where(points, z - smooth, 0.0)


def compared_pixels(difference):
    """
    Pixels in which a frame can be compared with other exposures.

    Parameters
    ----------
    difference : `~numpy.ndarray`
        Between them, NaN where one of them was not measured; (ny, nx).

    Returns
    -------
    `~numpy.ndarray` of `bool`
        What is finite, but for stars and hits.
    """
    compared = np.isfinite(difference)
    compared &= ~point_like(np.nan_to_num(difference), compared) & ~point_like(-np.nan_to_num(difference), compared)
    return compared


def comparison(crop, value):
    """
    Compare a frame with what other exposures say of it.

    Parameters
    ----------
    crop : `~sunpy_lasco.repair.crop.Crop`
    value : `~numpy.ndarray`
        What they say, in the working space; NaN where they were not measured, (ny, nx).

    Returns
    -------
    difference : `~numpy.ndarray`
    compared : `~numpy.ndarray` of `bool`
        As for `compared_pixels`.
    typical : `float` or None
        As for `misfit`, in the surroundings of the hole.
    """
    difference = crop.z - value
    compared = compared_pixels(difference)
    near = compared & (crop.distance <= COMPARED)
    return difference, compared, misfit(difference, near)


def carried(difference, compared, scale):
    """
    What a frame differs from other exposures by, smoothed and carried from the surroundings into the hole.

    Parameters
    ----------
    difference : `~numpy.ndarray`
        (ny, nx)
    compared : `~numpy.ndarray` of `bool`
        As for `compared_pixels`.
    scale : `float`
        1 sigma of the kernel, stored pixels.

    Returns
    -------
    `~numpy.ndarray`
    """
    weight = ndimage.gaussian_filter(compared.astype(float), scale, mode="constant")
    total = ndimage.gaussian_filter(np.where(compared, difference, 0.0), scale, mode="constant")
    return total / (weight + CARRY_PRIOR)


def misfit(difference, compared):
    """
    Structure in which a frame and other exposures differ, beyond their noise.

    Parameters
    ----------
    difference : `~numpy.ndarray`
        (ny, nx)
    compared : `~numpy.ndarray` of `bool`

    Returns
    -------
    `float` or None
        1 sigma; None if too little is known.
    """
    ny, nx = (length // CELL * CELL for length in difference.shape)
    cells = (ny // CELL, CELL, nx // CELL, CELL)
    known = compared[:ny, :nx].reshape(cells)
    count = known.sum(axis=(1, 3))
    enough = count >= CELL_SHARE * CELL**2
    if enough.sum() < FEWEST_CELLS:
        return None
    values = np.where(known, np.where(compared, difference, 0.0)[:ny, :nx].reshape(cells), 0.0)
    mean = values.sum(axis=(1, 3)) / np.maximum(count, 1)
    within = np.where(known, values - mean[:, None, :, None], 0.0)
    noise = (within**2).sum(axis=(1, 3))[enough].sum() / (count[enough] - 1).sum()
    deviation = mean[enough] - np.median(mean[enough])
    scatter = robust_sigma(deviation)
    return float(np.sqrt(max(scatter**2 - noise * np.mean(1 / count[enough]), 0.0)))


def nearby_misfit(difference, compared):
    """
    In which a frame and other exposures differ near each pixel, beyond the noise.

    Parameters
    ----------
    difference : `~numpy.ndarray`
        (ny, nx)
    compared : `~numpy.ndarray` of `bool`

    Returns
    -------
    `~numpy.ndarray`
        Root mean square of means over cells, carried from the surroundings into the hole: a front that
        enters it on one side counts there.
    """
    share = ndimage.uniform_filter(compared.astype(float), CELL)
    known = compared & (share > CELL_SHARE)
    mean = ndimage.uniform_filter(np.where(compared, difference, 0.0), CELL) / np.maximum(share, CELL_SHARE)
    square = np.where(known, np.maximum(mean**2 - 1.0 / CELL**2, 0.0), 0.0)
    weight = ndimage.gaussian_filter(known.astype(float), NEARBY)
    return np.sqrt(np.maximum(ndimage.gaussian_filter(square, NEARBY), 0.0) / np.maximum(weight, NEARBY_LEAST))


#: Smallest 1 sigma of the structure, in units of the noise of a pixel.
SMALLEST_SIGMA = 0.03
#: 1 sigma by what the frame differs by near a pixel, relative to it, for exposures at rest and moved: of both
#: sides of time, and of one.  A front that was moved is where the surroundings cannot show all that is wrong.  By
#: the coverage of every second hole of ``benchmarks/inpainting/fronts.py``; the others judge it.
NEARBY_SHARE = {"both": (0.6, 0.9), "one": (0.7, 1.1)}
#: Time between these exposures, s.  What moves drifts off its course: with neighbours farther away 1 sigma grows as
#: the root of their distance in time, which the fronts with neighbours 24 and 36 minutes away ask for.
CADENCE = 720.0
#: 1 sigma by the change between the neighbours, relative to it, in the middle between them: how far a
#: moving front may be from the interpolated one.
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
    neighbours : sequence of `~sunpy_lasco.repair.crop.Neighbour`
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
        if one.points is not None:
            smooth, moved = one.z, one.points
        else:
            smooth, moved = without_points(one.z, known)
            if moved.any():
                at = -drift[1] * one.seconds, -drift[0] * one.seconds
                moved = ndimage.shift(moved, at, order=1, mode="constant")
        new = known & np.isnan(corona)
        corona[new], stars[new], seconds[new], noise[new] = smooth[new], moved[new], one.seconds, one.noise
    return corona, stars, seconds, noise


def between_exposures(before, after, shape):
    """
    Interpolate in time, pixel by pixel.

    Parameters
    ----------
    before, after : `tuple` or None
        As for `nearest_pixels`.
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


def spread(crop, difference, compared, change, stars, *, both):
    """
    1 sigma of what is interpolated.

    Parameters
    ----------
    crop : `~sunpy_lasco.repair.crop.Crop`
    difference, compared : `~numpy.ndarray`
        As for `comparison`.
    change, stars : `~numpy.ndarray`
        As for `between_exposures`.
    both : `bool`
        Whether exposures of both sides of time are interpolated.

    Returns
    -------
    `~numpy.ndarray`
    """
    share = NEARBY_SHARE["both" if both else "one"][crop.is_moved] * _longer(crop)
    around = share * nearby_misfit(difference, compared)
    return np.sqrt(SMALLEST_SIGMA**2 + around**2 + (FRONT_SHARE * change) ** 2 + (STAR_SHARE * stars) ** 2)


def _longer(crop):
    """How much less sure moved exposures are that are farther away in time than `CADENCE`."""
    if not crop.is_moved:
        return 1.0
    sides = [[abs(one.seconds) for one in crop.neighbours if np.sign(one.seconds) == side] for side in (-1, 1)]
    nearest = [min(side) for side in sides if side]
    return max(float(np.sqrt(len(nearest) / sum(1.0 / seconds for seconds in nearest) / CADENCE)), 1.0)
