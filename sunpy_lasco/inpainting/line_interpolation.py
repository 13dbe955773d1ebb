"""
Interpolation along lines of equal brightness: the first stage of the fuzzy method.

The hierarchical scheme of Lee, Zhang & Leon-Garcia (1995, IEEE Transactions on
Image Processing 4, 259), as SolarSoft's ``hcie_zone`` has it: the direction of
the gradient around a hole, splines across the hole along the lines perpendicular
to it on a coarse grid, and an expansion to pixels.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy import ndimage
from scipy.interpolate import RectBivariateSpline
from scipy.linalg import solve_banded

__all__ = ["fill_along_lines", "gradient_direction", "line_numbers"]

#: Side of the median that comes before the gradient, pixel.
MEDIAN_BOX = 7
#: Medians are taken at every second pixel, which the means over cells do not notice.
MEDIAN_STEP = 2
#: Side of a cell, in pixels, for the gradient and for the interpolation.
GRADIENT_CELL = 8
LINE_CELL = 4
#: Pixel within a cell at which SolarSoft puts the cell's value; its centre is 1.5.
OFFICIAL_CELL_CENTRE = 2.0
#: A line is smoothed if it holds more samples than this.
SHORTEST_SMOOTHED = 3


def _cells(image, size, known=None):
    """Means over square cells, of the known pixels alone where they are given."""
    ny, nx = image.shape[0] // size, image.shape[1] // size
    blocks = image[: ny * size, : nx * size].reshape(ny, size, nx, size)
    if known is None:
        return blocks.mean(axis=(1, 3))
    count = known[: ny * size, : nx * size].reshape(ny, size, nx, size).sum(axis=(1, 3))
    return np.where(count > 0, blocks.sum(axis=(1, 3)) / np.maximum(count, 1), 0.0)


def _coarse_median(image):
    """Median over squares, at every second pixel along both axes."""
    padded = np.pad(image.astype(np.float32), MEDIAN_BOX // 2, mode="edge")
    windows = sliding_window_view(padded, (MEDIAN_BOX, MEDIAN_BOX))[::MEDIAN_STEP, ::MEDIAN_STEP]
    values, middle = windows.reshape(-1, MEDIAN_BOX**2), MEDIAN_BOX**2 // 2
    return np.partition(values, middle, axis=1)[:, middle].reshape(windows.shape[:2])


def gradient_direction(image):
    """
    Direction in which the brightness around a hole rises most.

    Parameters
    ----------
    image : `~numpy.ndarray`
        0 where nothing is known, shape (ny, nx).

    Returns
    -------
    `float`
        Radian in [0, 2 pi), from +x to +y.

    Notes
    -----
    Of the Sobel gradients on cells of 8 x 8 pixels, those in the second ring of cells
    around the hole are summed: the first is spoilt by the hole itself.
    """
    known = image != 0
    cells = _cells(_coarse_median(image) * known[::MEDIAN_STEP, ::MEDIAN_STEP], GRADIENT_CELL // MEDIAN_STEP)
    gx, gy = (ndimage.sobel(cells, axis=axis, mode="nearest") / 8 for axis in (1, 0))
    inner = np.zeros(cells.shape, dtype=bool)
    inner[1:-1, 1:-1] = True
    square = np.ones((3, 3), dtype=bool)
    once = ndimage.binary_erosion(cells != 0, square, border_value=1)
    ring = once & ~ndimage.binary_erosion(once, square, border_value=1) & inner
    total_x, total_y = float(gx[ring].sum()), float(gy[ring].sum())
    return float(np.arctan2(total_y, total_x) % (2 * np.pi)) if total_y else 0.0


def line_numbers(shape, direction):
    """
    Number of the line to which each cell belongs, lines running across a direction.

    Parameters
    ----------
    shape : `tuple` of `int`
        (ny, nx).
    direction : `float`
        Radian; lines are counted along it, from the corner that it comes from.

    Returns
    -------
    lines : `~numpy.ndarray` of `int`
        Shape (ny, nx).
    order : `~numpy.ndarray` of `int`
        Flat indices of the cells, line by line and in order along each line.
    """
    ny, nx = shape
    y, x = np.indices(shape)
    quadrant = int(direction // (np.pi / 2)) % 4
    x0, y0 = ((0, 0), (nx - 1, 0), (nx - 1, ny - 1), (0, ny - 1))[quadrant]
    step = 1 / np.cos(np.pi / 4 - abs(direction % (np.pi / 2) - np.pi / 4))
    lines = np.round(((x - x0) * np.cos(direction) + (y - y0) * np.sin(direction)) * step).astype(int)
    along = -x if direction % np.pi < np.pi / 2 else x
    return lines, np.lexsort((along.ravel(), y.ravel(), lines.ravel()))


def _splines(cells, direction):
    """Fill the zero cells of each line by a natural cubic spline through the others."""
    lines, order = line_numbers(cells.shape, direction)
    _, line, length = np.unique(lines.ravel()[order], return_inverse=True, return_counts=True)
    values = cells.ravel()[order]
    place = np.arange(values.size) - np.repeat(np.cumsum(length) - length, length)
    known = values != 0
    count = np.bincount(line, known, minlength=length.size).astype(int)
    usable = ((count >= 2) & (count < length))[line]
    knots, empty = np.flatnonzero(known & usable), np.flatnonzero(~known & usable)
    if empty.size:
        values[empty] = _natural_splines(line[knots], place[knots], values[knots], line[empty], place[empty])
    filled = np.empty_like(values)
    filled[order] = values
    return filled.reshape(cells.shape)


def _natural_splines(group, x, y, wanted_group, wanted_x):
    """
    Values of natural cubic splines, each through the points of one group, also beyond its ends.

    The second derivatives of all splines are one tridiagonal system, in which
    those at the ends of each spline are zero.
    """
    same = group[1:] == group[:-1]
    step = np.where(same, np.diff(x), 1)
    slope = np.diff(y) / step
    inner = np.zeros(x.size, dtype=bool)
    inner[1:-1] = same[:-1] & same[1:]
    at = np.flatnonzero(inner)
    bands, right = np.zeros((3, x.size)), np.zeros(x.size)
    bands[1] = 1.0
    bands[0, at + 1], bands[1, at], bands[2, at - 1] = step[at], 2 * (step[at - 1] + step[at]), step[at - 1]
    right[at] = 6 * (slope[at] - slope[at - 1])
    bend = solve_banded((1, 1), bands, right, check_finite=False)
    width = max(int(x.max()), int(wanted_x.max())) + 1
    left = np.searchsorted(group * width + x, wanted_group * width + wanted_x) - 1
    first, last = np.searchsorted(group, wanted_group), np.searchsorted(group, wanted_group, side="right")
    left = np.clip(left, first, last - 2)
    h, t = step[left], wanted_x - x[left]
    third = (bend[left + 1] - bend[left]) / h
    linear = slope[left] - h * (2 * bend[left] + bend[left + 1]) / 6
    return y[left] + t * (linear + t * (bend[left] / 2 + t * third / 6))


def _smooth_along(image, direction):
    """Mean of three neighbours along lines; ends and short lines stay as they are."""
    lines, order = line_numbers(image.shape, direction)
    line, values = lines.ravel()[order], image.ravel()[order]
    _, number, length = np.unique(line, return_inverse=True, return_counts=True)
    smooth = values.copy()
    inside = (line[:-2] == line[2:]) & (length[number[1:-1]] > SHORTEST_SMOOTHED)
    smooth[1:-1][inside] = ((values[:-2] + values[1:-1] + values[2:]) / 3)[inside]
    result = np.empty_like(values)
    result[order] = smooth
    return result.reshape(image.shape)


def fill_along_lines(image, *, centre=OFFICIAL_CELL_CENTRE):
    """
    Fill the zeros of an image from the lines of equal brightness through them.

    Parameters
    ----------
    image : `~numpy.ndarray`
        0 where nothing is known; (ny, nx), multiples of 8.
    centre : `float`, optional
        Pixel within a cell of 4 x 4 pixels at which its value stands.

    Returns
    -------
    `~numpy.ndarray`
        With values in the former zeros; NaN in those that no line reaches.

    Notes
    -----
    SolarSoft ``hcie_zone``.  For its triangulated quintic surface stands a bicubic
    spline, and cells count their known pixels only.
    """
    empty = image == 0
    direction = gradient_direction(image)
    cells = _splines(_cells(image, LINE_CELL, ~empty), direction)
    reached = cells != 0
    nearest = ndimage.distance_transform_edt(~reached, return_distances=False, return_indices=True)
    ny, nx = cells.shape
    surface = RectBivariateSpline(
        centre + LINE_CELL * np.arange(ny), centre + LINE_CELL * np.arange(nx), cells[tuple(nearest)]
    )
    expanded = np.where(empty, surface(np.arange(image.shape[0]), np.arange(image.shape[1])), image)
    smooth = np.where(empty, _smooth_along(expanded, (direction + np.pi / 2) % (2 * np.pi)), image)
    unreached = np.kron(~reached, np.ones((LINE_CELL, LINE_CELL), dtype=bool)) & empty
    return np.where(unreached, np.nan, smooth)
