"""
Other exposures beside a frame: which there are, how well they fit, and what the frame differs from them by.
"""

import numpy as np
from scipy import ndimage

from sunpy_lasco.inpainting.workspace import point_like

__all__ = [
    "COMPARED", "EXPOSURES", "carried", "compared_pixels", "comparison", "misfit", "nearest_neighbours",
    "without_points",
]  # fmt: skip

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
#: Pixels around the core of a star that belong to it.
STAR_WINGS = 2


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
    points = point_like(np.nan_to_num(z), known)
    if not points.any():
        return z, np.zeros_like(z)
    points = known & ndimage.binary_dilation(points, iterations=STAR_WINGS)
    nearest = ndimage.distance_transform_edt(points | ~known, return_distances=False, return_indices=True)
    smooth = np.where(points, ndimage.uniform_filter(np.nan_to_num(z)[tuple(nearest)], 2 * STAR_WINGS + 1), z)
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
    crop : `~sunpy_lasco.inpainting.interface.Crop`
    value : `~numpy.ndarray`
        What they say, in the working space; NaN where they were not measured, (ny, nx).

    Returns
    -------
    difference : `~numpy.ndarray`
    compared : `~numpy.ndarray` of `bool`
        As of `compared_pixels`.
    typical, rms : `float` or None
        As of `misfit`, in the surroundings of the hole.
    """
    difference = crop.z - value
    compared = compared_pixels(difference)
    near = compared & (ndimage.distance_transform_edt(~crop.hole) <= COMPARED)
    return difference, compared, *misfit(difference, near)


def carried(difference, compared, scale):
    """
    What a frame differs from other exposures by, smoothed and carried from the surroundings into the hole.

    Parameters
    ----------
    difference : `~numpy.ndarray`
        (ny, nx)
    compared : `~numpy.ndarray` of `bool`
        As of `compared_pixels`.
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
    typical, rms : `float` or None
        1 sigma and root mean square; None if too little is known.
    """
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
