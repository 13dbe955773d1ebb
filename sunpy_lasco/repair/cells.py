"""
Cells around a hole, and nodes at which its fill is evaluated.

Coronal structure is long in radius and narrow in position angle. The coordinates are ``u = R ln(r / R)`` and
``v = R (phi - Phi)``, where R and Phi are the distance and angle of the middle of the hole. In them, structure
looks similar everywhere in a crop. Near the middle of the hole, their unit is a pixel.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage, sparse
from scipy.sparse import linalg

from sunpy_lasco.instrument.pixel_grid import nearest_known
from sunpy_lasco.repair.crop import kept_with_crop

__all__ = ["Cells", "Nodes", "between_nodes", "coarse_grid", "gather", "harmonic", "nodes", "polar", "refine"]

#: Smallest distance from the Sun centre in these coordinates, full-resolution pixels.
SMALLEST_RADIUS = 8.0
#: Side of the cells next to the hole and farther out, stored pixels.
CELLS = (4, 8)
#: Extent of the small and of the large cells, in units of their sides.
REACH = (4, 6)
#: The size of the cells is doubled while there are more than this.
MOST_CELLS = 900
#: A cell counts if at least this share of it is known.
CELL_SHARE = 0.25
#: Up to this many cells in a hole, a dense matrix is used because it is faster.
MOST_DENSE = 256
#: Distance between nodes, stored pixels; smaller than any structure that is visible above the noise.
NODE_STEP = 4


@dataclass(frozen=True, eq=False)
class Cells:
    """Means over the cells around a hole."""

    #: Coordinates (u, v), full-resolution pixels; (n, 2).
    points: np.ndarray
    #: Position (column, row) in the crop; (n, 2).
    places: np.ndarray
    #: Means in the working space; (n,).
    values: np.ndarray
    #: Variances of their noise; (n,).
    noise: np.ndarray
    #: Distance from the hole, stored pixels; (n,).
    distance: np.ndarray


@kept_with_crop
def polar(crop):
    """
    Coordinates u (outwards) and v (around the Sun).

    Parameters
    ----------
    crop : `~sunpy_lasco.repair.crop.Crop`

    Returns
    -------
    u, v : `~numpy.ndarray`
        Full-resolution pixels, shape (ny, nx), zero near the middle of the hole.
    """
    x, y = crop.x[crop.hole].mean(), crop.y[crop.hole].mean()
    radius = max(np.hypot(x, y), SMALLEST_RADIUS)
    u = radius * np.log(np.maximum(crop.radius, SMALLEST_RADIUS) / radius)
    turned = (crop.x * x + crop.y * y, crop.y * x - crop.x * y)
    return u, radius * np.arctan2(turned[1], turned[0])


def _totals(images, side):
    """Sums of images, (n, ny, nx), over cells; the last cells may be smaller."""
    number, height, width = images.shape
    if height % side or width % side:
        images = np.pad(images, ((0, 0), (0, -height % side), (0, -width % side)))
    ny, nx = images.shape[1] // side, images.shape[2] // side
    return images.reshape(number, ny * side, nx, side).sum(axis=3).reshape(number, ny, side, nx).sum(axis=2)


@kept_with_crop
def gather(crop, u, v):
    """
    Average the surroundings of a hole over cells, which are smaller next to the hole.

    Parameters
    ----------
    crop : `~sunpy_lasco.repair.crop.Crop`
    u, v : `~numpy.ndarray`
        As for `polar`.

    Returns
    -------
    `Cells`
    """
    distance, known = crop.distance, crop.known
    rows, columns = np.indices(crop.z.shape)
    # Unknown pixels must not contribute, and NaN would spread.
    images = np.stack([u, v, columns, rows, np.where(known, crop.z, 0.0), distance, known])
    factor = 1
    while True:
        small, large = (factor * side for side in CELLS)
        near = distance <= REACH[0] * small
        # A large cell is near if most of it is.
        shares = _totals(np.stack([near, np.ones_like(near)]).astype(np.float32), large)
        near = np.repeat(np.repeat(shares[0] > 0.5 * shares[1], large, 0), large, 1)
        near = near[: known.shape[0], : known.shape[1]]
        far = ~near & (distance <= REACH[1] * large)
        found = []
        for side, where in ((small, near), (large, far)):
            box = _box(where, side)
            totals = _totals(images[:, *box] * (known & where)[box], side)
            good = totals[-1] >= CELL_SHARE * side**2
            count = totals[-1][good]
            found.append([total[good] / count for total in totals[:-1]] + [1.0 / count])
        parts = [np.concatenate(pair) for pair in zip(*found, strict=True)]
        if len(parts[0]) <= MOST_CELLS:
            break
        factor *= 2
    return Cells(
        points=np.stack(parts[:2], axis=1),
        places=np.stack(parts[2:4], axis=1),
        values=parts[4],
        noise=parts[6],
        distance=parts[5],
    )


def _box(pixels, side):
    """The part of an image that holds these pixels, in whole cells."""
    found = []
    for axis in (1, 0):
        at = np.flatnonzero(pixels.any(axis=axis))
        found.append(slice(at[0] // side * side, at[-1] // side * side + side) if at.size else slice(0, side))
    return tuple(found)


@dataclass(frozen=True, eq=False)
class Nodes:
    """Points at which a fill is evaluated. Between them it is interpolated."""

    #: Coordinates (u, v), full-resolution pixels, and position (column, row) in the crop; (n, 2).
    points: np.ndarray
    places: np.ndarray
    #: Which points of the lattice are evaluated, and its rows and columns.
    wanted: np.ndarray
    rows: np.ndarray
    columns: np.ndarray


@kept_with_crop
def nodes(crop, u, v):
    """
    Lay a lattice over a hole.

    Parameters
    ----------
    crop : `~sunpy_lasco.repair.crop.Crop`
    u, v : `~numpy.ndarray`
        As for `polar`.

    Returns
    -------
    `Nodes`
    """
    rows, columns = (
        np.arange(length // NODE_STEP + 2) * NODE_STEP - 0.5 * (NODE_STEP + 1) for length in map(_even, crop.z.shape)
    )
    at = np.stack(np.meshgrid(rows, columns, indexing="ij"))
    # Only nodes near pixels of the hole are evaluated.
    last = np.array(crop.z.shape)[:, None, None] - 1
    nearest = np.clip(np.rint(at).astype(int), 0, last)
    wanted = ndimage.maximum_filter(crop.hole, 2 * NODE_STEP + 1)[tuple(nearest)]
    at = at[:, wanted]
    points = np.stack([ndimage.map_coordinates(part, at, order=1, mode="nearest") for part in (u, v)], axis=1)
    return Nodes(points, at[::-1].T, wanted, rows, columns)


def _even(length):
    """The next multiple of the step."""
    return -(-length // NODE_STEP) * NODE_STEP


def between_nodes(values, grid, crop):
    """
    Interpolate from nodes to the pixels of a hole.

    Parameters
    ----------
    values : `~numpy.ndarray`
        Values at the nodes, (n,).
    grid : `Nodes`
    crop : `~sunpy_lasco.repair.crop.Crop`

    Returns
    -------
    `~numpy.ndarray`
        NaN outside the hole, shape (ny, nx).
    """
    lattice = np.zeros(grid.wanted.shape)
    lattice[grid.wanted] = values
    at = np.nonzero(crop.hole)
    where = [(index - first[0]) / NODE_STEP for index, first in zip(at, (grid.rows, grid.columns), strict=True)]
    filled = np.full(crop.hole.shape, np.nan)
    filled[at] = ndimage.map_coordinates(lattice, where, order=1)
    return filled


#: Side of the cells, stored pixels.
SIDE = 4


@kept_with_crop
def coarse_grid(crop, side=SIDE):
    """
    Average the known pixels over square cells.

    Parameters
    ----------
    crop : `~sunpy_lasco.repair.crop.Crop`
    side : `int`
        Side of the cells, stored pixels.

    Returns
    -------
    means : `~numpy.ndarray`
        NaN where too few pixels are known, shape (ceil(ny / side), ceil(nx / side)).
    hole : `~numpy.ndarray` of `bool`
        Cells with pixels to fill and too few known pixels.
    """
    count, total, lost = _totals(np.stack([crop.known, np.where(crop.known, crop.z, 0.0), crop.hole]), side)
    means = np.full(count.shape, np.nan)
    good = count >= CELL_SHARE * side**2
    means[good] = total[good] / count[good]
    return means, (lost > 0) & ~good


def refine(cells, crop, side=SIDE):
    """
    Interpolate values of cells to the pixels of the hole.

    Parameters
    ----------
    cells : `~numpy.ndarray`
        NaN in cells without a value.
    crop : `~sunpy_lasco.repair.crop.Crop`
    side : `int`
        Side of the cells, stored pixels.

    Returns
    -------
    `~numpy.ndarray`
        Interpolated between the middles of the cells; NaN outside the hole and in cells
        without a value. Shape (ny, nx).
    """
    empty = np.isnan(cells)
    filled = np.full(crop.hole.shape, np.nan)
    if empty.all():
        return filled
    # Cells without a value take that of the nearest cell, so that NaN does not spread to their neighbours.
    whole = nearest_known(cells, ~empty)
    at = np.array(np.nonzero(crop.hole))
    values = ndimage.map_coordinates(whole, (at + 0.5) / side - 0.5, order=1, mode="nearest")
    filled[tuple(at)] = np.where(empty[tuple(at // side)], np.nan, values)
    return filled


@kept_with_crop
def harmonic(crop, side=SIDE):
    """
    Fill a hole with the smoothest values (harmonic fill): each cell is the mean of the cells around it.

    Parameters
    ----------
    crop : `~sunpy_lasco.repair.crop.Crop`
    side : `int`
        Side of the cells, stored pixels.

    Returns
    -------
    `~numpy.ndarray`
        In the working space; NaN outside the hole and in parts without known neighbours. Shape (ny, nx).

    Notes
    -----
    Unknown cells, such as those behind the occulter, do not count as neighbours. The flux through such a
    border is zero.
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
    # Parts that touch no known cell have no defined level.
    label, islands = _islands(hole, means)
    determined = islands[label]
    diagonal = np.where(determined, diagonal, diagonal + 1.0)
    if len(rows) <= MOST_DENSE:
        matrix = np.diag(diagonal)
        matrix[first, second] = -1.0
        values = np.linalg.solve(matrix, right)
    else:
        matrix = sparse.coo_matrix((-np.ones(len(first)), (first, second)), shape=(len(rows),) * 2)
        values = linalg.spsolve((matrix.tocsr() + sparse.diags(diagonal)).tocsc(), right)
    means = means.copy()
    means[hole] = np.where(determined, values, np.nan)
    return refine(means, crop, side)


def _islands(hole, means):
    """The connected part to which each cell of the hole belongs, and whether each part touches known cells."""
    label, number = ndimage.label(hole)
    beside = ndimage.binary_dilation(np.isfinite(means)) & hole
    touched = np.zeros(number + 1, dtype=bool)
    touched[np.unique(label[beside])] = True
    touched[0] = False
    return label[hole], touched
