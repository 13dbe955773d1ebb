"""
Holes on a coarse grid.

The corona of the working space is smooth and its noise is not: means over cells have
little of it, and what interpolates them hands little of it on.
"""

import numpy as np
from scipy import ndimage, sparse
from scipy.sparse import linalg

__all__ = ["coarse_grid", "harmonic", "refine"]

#: Side of the cells, stored pixels.
SIDE = 4
#: A cell counts if at least this share of it is known.
CELL_SHARE = 0.25


def coarse_grid(crop, side=SIDE):
    """
    Means of the known pixels over square cells.

    Parameters
    ----------
    crop : `~sunpy_lasco.inpainting.interface.Crop`
    side : `int`
        Side of the cells, stored pixels.

    Returns
    -------
    means : `~numpy.ndarray`
        NaN where too little is known, shape (ceil(ny / side), ceil(nx / side)).
    hole : `~numpy.ndarray` of `bool`
        Cells that have pixels to fill and too few that are known.
    """
    padding = tuple((0, -length % side) for length in crop.z.shape)

    def total(image):
        padded = np.pad(image.astype(float), padding)
        ny, nx = (length // side for length in padded.shape)
        return padded.reshape(ny, side, nx, side).sum(axis=(1, 3))

    count = total(crop.known)
    means = np.full(count.shape, np.nan)
    good = count >= CELL_SHARE * side**2
    means[good] = total(np.nan_to_num(crop.z))[good] / count[good]
    return means, (total(crop.hole) > 0) & ~good


def refine(cells, crop, side=SIDE):
    """
    Values of cells at the pixels of the hole.

    Parameters
    ----------
    cells : `~numpy.ndarray`
        NaN where there is nothing.
    crop : `~sunpy_lasco.inpainting.interface.Crop`
    side : `int`
        Side of the cells, stored pixels.

    Returns
    -------
    `~numpy.ndarray`
        Interpolated between the middles of the cells, NaN outside of the hole and
        where the cell has nothing; shape (ny, nx).
    """
    empty = np.isnan(cells)
    filled = np.full(crop.hole.shape, np.nan)
    if empty.all():
        return filled
    # Cells without a value take that of the nearest one, lest they spoil those beside them.
    nearest = ndimage.distance_transform_edt(empty, return_distances=False, return_indices=True)
    at = np.array(np.nonzero(crop.hole))
    values = ndimage.map_coordinates(cells[tuple(nearest)], (at + 0.5) / side - 0.5, order=1, mode="nearest")
    filled[tuple(at)] = np.where(empty[tuple(at // side)], np.nan, values)
    return filled


def harmonic(crop, side=SIDE):
    """
    Fill a hole with the smoothest values: each cell is the mean of those around it.

    Parameters
    ----------
    crop : `~sunpy_lasco.inpainting.interface.Crop`
    side : `int`
        Side of the cells, stored pixels.

    Returns
    -------
    `~numpy.ndarray`
        In the working space, NaN outside of the hole and where nothing known is
        next to it; shape (ny, nx).

    Notes
    -----
    Cells of which nothing is known, behind the occulter, are no neighbours: nothing
    flows through such a border.
    """
    means, hole = coarse_grid(crop, side)
    if not hole.any():
        return refine(means, crop, side)
    number = np.full(hole.shape, -1)
    number[hole] = np.arange(hole.sum())
    rows, columns = np.nonzero(hole)
    diagonal, right = np.zeros(len(rows)), np.zeros(len(rows))
    first, second = [], []
    for step in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        i, j = rows + step[0], columns + step[1]
        inside = (i >= 0) & (i < hole.shape[0]) & (j >= 0) & (j < hole.shape[1])
        i, j = np.where(inside, i, 0), np.where(inside, j, 0)
        value, other = np.where(inside, means[i, j], np.nan), np.where(inside, number[i, j], -1)
        measured, unknown = np.isfinite(value), other >= 0
        diagonal += measured | unknown
        right += np.where(measured, value, 0.0)
        first.append(np.nonzero(unknown)[0])
        second.append(other[unknown])
    first, second = np.concatenate(first), np.concatenate(second)
    matrix = sparse.coo_matrix((-np.ones(len(first)), (first, second)), shape=(len(rows),) * 2)
    # Islands in the dark have no level of their own.
    label, islands = _islands(hole, means)
    determined = islands[label]
    matrix = matrix.tocsr() + sparse.diags(np.where(determined, diagonal, diagonal + 1.0))
    values = linalg.spsolve(matrix.tocsc(), right)
    means = means.copy()
    means[hole] = np.where(determined, values, np.nan)
    return refine(means, crop, side)


def _islands(hole, means):
    """Which part of the hole each of its cells belongs to, and which parts touch something known."""
    label, number = ndimage.label(hole)
    beside = ndimage.binary_dilation(np.isfinite(means)) & hole
    touched = np.zeros(number + 1, dtype=bool)
    touched[np.unique(label[beside])] = True
    touched[0] = False
    return label[hole], touched
