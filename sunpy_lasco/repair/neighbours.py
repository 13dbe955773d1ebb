"""
Compare a frame with other exposures, and interpolate between them.
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

#: Number of exposures used together: two before and two after.
EXPOSURES = 4
#: Weight of the prior that the difference is zero, when a difference is extended into the hole.
CARRY_PRIOR = 0.05
#: Width of the surroundings in which neighbours are compared with the frame, stored pixels.
COMPARED = 24
#: Side of the cells over which noise is averaged for the comparison, stored pixels.
CELL = 8
#: A cell counts if at least this fraction of it is known.
CELL_SHARE = 0.5
#: With fewer cells than this, it is unknown whether neighbours fit.
FEWEST_CELLS = 6
#: 1 sigma of the kernel that extends squared differences into a hole, stored pixels, and smallest weight of the known
#: pixels.
NEARBY, NEARBY_LEAST = 8.0, 1e-4
#: Width of the wings around the core of a star, and sides of the squares whose mean replaces the star, pixels.
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
        `EXPOSURES` objects, each a `~sunpy_lasco.repair.crop.Neighbour` or None: before, after, second
        before, second after.
    """
    sides = [
        [one for one in crop.neighbours if np.sign(one.seconds) == side and np.isfinite(one.z).any()]
        for side in (-1, 1)
    ]
    return tuple(side[place] if place < len(side) else None for place in range(EXPOSURES // 2) for side in sides)


def without_points(z, known):
    """
    Remove stars and particle hits.

    Parameters
    ----------
    z : `~numpy.ndarray`
        An exposure in the working space, (ny, nx).
    known : `~numpy.ndarray` of `bool`

    Returns
    -------
    corona, points : `~numpy.ndarray`
        The image without points, and the removed points.
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
        Difference of frame and exposures, (ny, nx); NaN where one of them was not measured.

    Returns
    -------
    `~numpy.ndarray` of `bool`
        Finite pixels, except stars and particle hits.
    """
    compared = np.isfinite(difference)
    return compared & ~point_like(np.nan_to_num(difference), compared, dark=True)


def comparison(crop, value):
    """
    Compare a frame with its prediction from other exposures.

    Parameters
    ----------
    crop : `~sunpy_lasco.repair.crop.Crop`
    value : `~numpy.ndarray`
        The prediction in the working space, (ny, nx); NaN where the exposures were not measured.

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
    Smooth the difference of a frame from other exposures, and extend it from the surroundings into the hole.

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
    Structural difference between a frame and other exposures, beyond their noise.

    Parameters
    ----------
    difference : `~numpy.ndarray`
        (ny, nx)
    compared : `~numpy.ndarray` of `bool`

    Returns
    -------
    `float` or None
        1 sigma; None if too few pixels are known.
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
    Local structural difference between a frame and other exposures near each pixel, beyond the noise.

    Parameters
    ----------
    difference : `~numpy.ndarray`
        (ny, nx)
    compared : `~numpy.ndarray` of `bool`

    Returns
    -------
    `~numpy.ndarray`
        Root mean square of the means over cells, extended from the surroundings into the hole. A front that
        enters on one side therefore increases it on that side.
    """
    share = ndimage.uniform_filter(compared.astype(float), CELL)
    known = compared & (share > CELL_SHARE)
    mean = ndimage.uniform_filter(np.where(compared, difference, 0.0), CELL) / np.maximum(share, CELL_SHARE)
    square = np.where(known, np.maximum(mean**2 - 1.0 / CELL**2, 0.0), 0.0)
    weight = ndimage.gaussian_filter(known.astype(float), NEARBY)
    return np.sqrt(np.maximum(ndimage.gaussian_filter(square, NEARBY), 0.0) / np.maximum(weight, NEARBY_LEAST))


#: Smallest 1 sigma of the structure, in units of the noise of a pixel.
SMALLEST_SIGMA = 0.03
#: 1 sigma relative to the local difference between frame and exposures: for exposures at rest and for moved exposures,
#: on both sides and on one side. If a front was moved, the surroundings do not show all errors. The values are fitted
#: to the coverage in every second hole of ``benchmarks/inpainting/fronts.py`` and tested on the others.
NEARBY_SHARE = {"both": (0.6, 0.8), "one": (0.7, 1.1)}
#: Time between the exposures of this fit, s. Moving structure deviates from its course, so 1 sigma grows with the
#: square root of the distance in time. Fronts with neighbours 24 and 36 minutes away require this.
CADENCE = 720.0
#: 1 sigma relative to the change between the neighbours. It accounts for the difference between a moving front and the
#: interpolated one.
FRONT_SHARE = 0.3
#: Largest distance of a star from its predicted position in both neighbours, pixel.
STAR_TOLERANCE = 1
#: 1 sigma of a star, relative to its brightness above the corona.
STAR_SHARE = 0.3


def nearest_pixels(neighbours, side, drift):
    """
    Combine the neighbours on one side; each pixel comes from the nearest exposure that measured it.

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
        Stars are at their positions at the time of the frame. Time and noise are given for each pixel. The
        result is None if there is no neighbour on this side.
    """
    mine = [one for one in neighbours if np.sign(one.seconds) == side]
    if not mine:
        return None
    corona, stars, seconds, noise = (np.full(mine[0].z.shape, np.nan) for _ in range(4))
    for one in mine:
        known = np.isfinite(one.z)
        new = known & np.isnan(corona)
        if not new.any():
            continue
        if one.points is not None:
            smooth, moved = one.z, one.points
        else:
            smooth, moved = without_points(one.z, known)
            if moved.any():
                at = -drift[1] * one.seconds, -drift[0] * one.seconds
                moved = ndimage.shift(moved, at, order=1, mode="constant")
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
        At the time of the frame. If only one of the two was measured, its value is used. The change is the
        difference of the two beyond their noise.
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
    # The difference of the two beyond their noise, averaged over a cell.
    area = ndimage.uniform_filter(both.astype(float), CELL)
    change = np.abs(ndimage.uniform_filter(np.where(both, b - a, 0.0), CELL)) / np.maximum(area, 1 / CELL**2)
    change = np.maximum(change - np.hypot(b_noise, a_noise) / CELL, 0.0)
    reach = 2 * STAR_TOLERANCE + 1
    seen_twice = (ndimage.maximum_filter(b_stars, reach) > 0) & (ndimage.maximum_filter(a_stars, reach) > 0)
    stars = np.where(both & seen_twice, share * b_stars + (1 - share) * a_stars, 0.0)
    return value, noise, np.where(both, change, 0.0), stars


def spread(crop, difference, compared, change, stars, *, both):
    """
    1 sigma of interpolated values.

    Parameters
    ----------
    crop : `~sunpy_lasco.repair.crop.Crop`
    difference, compared : `~numpy.ndarray`
        As for `comparison`.
    change, stars : `~numpy.ndarray`
        As for `between_exposures`.
    both : `bool`
        Whether the values are interpolated between exposures on both sides.

    Returns
    -------
    `~numpy.ndarray`
    """
    share = NEARBY_SHARE["both" if both else "one"][crop.is_moved] * _longer(crop)
    around = share * nearby_misfit(difference, compared)
    return np.sqrt(SMALLEST_SIGMA**2 + around**2 + (FRONT_SHARE * change) ** 2 + (STAR_SHARE * stars) ** 2)


def _longer(crop):
    """Factor by which the uncertainty increases if moved exposures are farther away in time than `CADENCE`."""
    if not crop.is_moved:
        return 1.0
    sides = [[abs(one.seconds) for one in crop.neighbours if np.sign(one.seconds) == side] for side in (-1, 1)]
    nearest = [min(side) for side in sides if side]
    return max(float(np.sqrt(len(nearest) / sum(1.0 / seconds for seconds in nearest) / CADENCE)), 1.0)
