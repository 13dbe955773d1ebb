"""
The surroundings of a hole, averaged over cells, and where values of it are wanted.

Coronal structure is long outwards and narrow around the Sun.  In the coordinates
``u = R ln(r / R)`` and ``v = R (phi - Phi)``, with the middle of the hole at distance R
and angle Phi, it is alike over a crop; near the middle they are pixels.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

__all__ = ["Cells", "Nodes", "between_nodes", "gather", "nodes", "polar"]

#: Nearer to the Sun's centre there are no coordinates, full-resolution pixels.
SMALLEST_RADIUS = 8.0
#: Side of the cells next to the hole and farther out, stored pixels.
CELLS = (4, 8)
#: The small cells reach this far, in their own sides, and the large ones in theirs.
REACH = (4, 6)
#: Cells are doubled in size while there are more than this.
MOST_CELLS = 900
#: A cell counts if at least this share of it is known.
CELL_SHARE = 0.25
#: Values are found on nodes this far apart and interpolated between them, stored
#: pixels: less than the structure that noise leaves visible.
NODE_STEP = 4


@dataclass(frozen=True, eq=False)
class Cells:
    """Means over cells around a hole."""

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


def polar(crop):
    """
    Coordinates outwards and around.

    Parameters
    ----------
    crop : `~sunpy_lasco.inpainting.interface.Crop`

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


def _means(arrays, known, side):
    """Means of arrays over the known pixels of cells, and their number; (ny / side, nx / side)."""
    height, width = known.shape
    padding = ((0, -height % side), (0, -width % side))

    def total(image):
        padded = np.pad(image, padding)
        ny, nx = padded.shape[0] // side, padded.shape[1] // side
        return padded.reshape(ny, side, nx, side).sum(axis=(1, 3))

    count = total(known.astype(float))
    return [total(np.where(known, array, 0.0)) / np.maximum(count, 1.0) for array in arrays], count


def gather(crop, u, v):
    """
    Average the surroundings of a hole over cells, smaller ones next to it.

    Parameters
    ----------
    crop : `~sunpy_lasco.inpainting.interface.Crop`
    u, v : `~numpy.ndarray`
        As of `polar`.

    Returns
    -------
    `Cells`
    """
    distance = ndimage.distance_transform_edt(~crop.hole)
    rows, columns = (axis.astype(float) for axis in np.indices(crop.z.shape))
    arrays = (u, v, columns, rows, np.nan_to_num(crop.z), distance)
    known = crop.known
    factor = 1
    while True:
        small, large = (factor * side for side in CELLS)
        near = distance <= REACH[0] * small
        # A large cell is near if it is for the most part.
        near = np.repeat(np.repeat(_means([near], np.ones_like(known), large)[0][0] > 0.5, large, 0), large, 1)
        near = near[: known.shape[0], : known.shape[1]]
        far = ~near & (distance <= REACH[1] * large)
        found = []
        for side, where in ((small, near), (large, far)):
            means, count = _means(arrays, known & where, side)
            good = count >= CELL_SHARE * side**2
            found.append([mean[good] for mean in means] + [1.0 / count[good]])
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


@dataclass(frozen=True, eq=False)
class Nodes:
    """Points at which a fill is evaluated; it is interpolated between them."""

    #: Coordinates (u, v), full-resolution pixels, and position (column, row) in the crop; (n, 2).
    points: np.ndarray
    places: np.ndarray
    #: Which points of the lattice are evaluated, and its rows and columns.
    wanted: np.ndarray
    rows: np.ndarray
    columns: np.ndarray


def nodes(crop, u, v):
    """
    Lay a lattice over a hole.

    Parameters
    ----------
    crop : `~sunpy_lasco.inpainting.interface.Crop`
    u, v : `~numpy.ndarray`
        As of `polar`.

    Returns
    -------
    `Nodes`
    """
    rows, columns = (
        np.arange(length // NODE_STEP + 2) * NODE_STEP - 0.5 * (NODE_STEP + 1) for length in map(_even, crop.z.shape)
    )
    at = np.stack(np.meshgrid(rows, columns, indexing="ij"))
    # Those whose meshes have pixels of the hole.
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
        At the points of the nodes, (n,).
    grid : `Nodes`
    crop : `~sunpy_lasco.inpainting.interface.Crop`

    Returns
    -------
    `~numpy.ndarray`
        NaN outside of the hole, shape (ny, nx).
    """
    lattice = np.zeros(grid.wanted.shape)
    lattice[grid.wanted] = values
    at = np.nonzero(crop.hole)
    where = [(index - first[0]) / NODE_STEP for index, first in zip(at, (grid.rows, grid.columns), strict=True)]
    filled = np.full(crop.hole.shape, np.nan)
    filled[at] = ndimage.map_coordinates(lattice, where, order=1)
    return filled
