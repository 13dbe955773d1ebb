"""
SolarSoft's repair: interpolation along lines, then fuzzy sets of DCT coefficients.

This is the algorithm of ``fuzzy_image``, ``hcie_zone`` and ``fuzzy_block``, after Lee, Zhang &
Leon-Garcia (1995, IEEE Transactions on Image Processing 4, 259).  The official level 1 of C3 Clear was
made with it, so it is the reference for other methods.
"""

from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy import fft, ndimage
from scipy.interpolate import RectBivariateSpline
from scipy.linalg import solve_banded

from sunpy_lasco.instrument.cameras import BLOCK
from sunpy_lasco.instrument.pixel_grid import nearest_known
from sunpy_lasco.repair.crop import Fill
from sunpy_lasco.repair.uncertainty import calibrated, deviation

__all__ = [
    "CLASSES",
    "VARIANTS",
    "coefficient_classes",
    "fill",
    "fill_along_lines",
    "fuzzy_midpoint",
    "gradient_direction",
    "line_numbers",
]

#: Side of the median filter that is applied before the gradient, pixel.
MEDIAN_BOX = 7
#: Medians are computed at every second pixel only; the means over cells hardly change.
MEDIAN_STEP = 2
#: Side of a cell, in pixels, for the gradient and for the interpolation.
GRADIENT_CELL = 8
LINE_CELL = 4
#: Pixel within a cell at which SolarSoft places the value of the cell. The true centre is 1.5.
OFFICIAL_CELL_CENTRE = 2.0
#: A line is smoothed if it has more samples than this.
SHORTEST_SMOOTHED = 3


def _cells(image, size, known=None):
    """Means over square cells; of the known pixels only if a mask is given."""
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
    Direction of the steepest increase of brightness around a hole.

    Parameters
    ----------
    image : `~numpy.ndarray`
        Image with zeros in unknown pixels, shape (ny, nx).

    Returns
    -------
    `float`
        Radian in [0, 2 pi), from +x to +y.

    Notes
    -----
    Sobel gradients are computed on cells of 8 x 8 pixels and summed over the second ring of
    cells around the hole. The first ring is affected by the hole itself.
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
    Number of the line to which each cell belongs, for lines perpendicular to a direction.

    Parameters
    ----------
    shape : `tuple` of `int`
        (ny, nx).
    direction : `float`
        Direction in radian. Lines are counted along it, starting at the corner where it enters.

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
    """Fill the zero cells of each line with a natural cubic spline through the others."""
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
    Evaluate natural cubic splines, each through the points of one group, also beyond its ends.

    The second derivatives of all splines form one tridiagonal system. They are zero at the
    ends of each spline.
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
    """Mean of three neighbours along lines; the ends of lines and short lines do not change."""
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
    Fill the zeros of an image along lines of equal brightness.

    Parameters
    ----------
    image : `~numpy.ndarray`
        Image with zeros in unknown pixels, (ny, nx), both multiples of 8.
    centre : `float`, optional
        Position of the value of a cell within its 4 x 4 pixels.

    Returns
    -------
    `~numpy.ndarray`
        The image with its zeros filled; NaN in zeros that no line reaches.

    Notes
    -----
    This corresponds to SolarSoft ``hcie_zone``, with two differences: a bicubic spline replaces the triangulated
    quintic surface, and cells use only their known pixels.
    """
    empty = image == 0
    direction = gradient_direction(image)
    cells = _splines(_cells(image, LINE_CELL, ~empty), direction)
    reached = cells != 0
    whole = nearest_known(cells, reached)
    ny, nx = cells.shape
    surface = RectBivariateSpline(centre + LINE_CELL * np.arange(ny), centre + LINE_CELL * np.arange(nx), whole)
    expanded = np.where(empty, surface(np.arange(image.shape[0]), np.arange(image.shape[1])), image)
    smooth = np.where(empty, _smooth_along(expanded, (direction + np.pi / 2) % (2 * np.pi)), image)
    unreached = np.kron(~reached, np.ones((LINE_CELL, LINE_CELL), dtype=bool)) & empty
    return np.where(unreached, np.nan, smooth)


#: ``"idl"`` reproduces SolarSoft; ``"intended"`` does what its authors intended.
VARIANTS = ("idl", "intended")
#: Fraction of the background that is subtracted first.
BACKGROUND_SHARE = 0.8
#: Classes of DCT coefficients, numbered in this order.
CLASSES = ("mean", "low", "horizontal", "vertical", "diagonal", "high")
#: Coefficients closer to the origin than the first distance are low frequencies; those beyond the second are high.
LOW_FREQUENCY = 4.0
HIGH_FREQUENCY = 28.8
#: Width of the sectors of horizontal and vertical structure, degree.
SECTOR = 15.0
#: Largest ratio between the levels of background model and frame. With a larger ratio, the model is for another kind of
#: frame; SolarSoft repairs C3 Clear only.
FARTHEST_SCALE = 3.0
#: Fraction of the structure around a hole that contributes to the uncertainty.
STRUCTURE = 1.0


@lru_cache(maxsize=1)
def coefficient_classes():
    """
    Class of each coefficient in the cosine transform of a block.

    Returns
    -------
    `~numpy.ndarray` of `int`
        Index into `CLASSES`, shape (32, 32), first axis along y.
    """
    ky, kx = np.indices((BLOCK, BLOCK))
    slope = np.tan(np.deg2rad(SECTOR))
    classes = np.full((BLOCK, BLOCK), CLASSES.index("diagonal"))
    classes[kx < ky * slope] = CLASSES.index("vertical")
    classes[ky < kx * slope] = CLASSES.index("horizontal")
    distance = np.hypot(kx, ky)
    classes[distance < LOW_FREQUENCY] = CLASSES.index("low")
    classes[distance > HIGH_FREQUENCY] = CLASSES.index("high")
    classes[0, 0] = CLASSES.index("mean")
    return classes


def fuzzy_midpoint(low, high, members):
    """
    Middle of the intersection of the intervals that all members allow.

    Each member a reduces [low, high] to [low + (a - low) / 2, high - (high - a) / 2].

    Parameters
    ----------
    low, high : `float`
        The interval.
    members : `~numpy.ndarray`
        Values of the members along the first axis.

    Returns
    -------
    `~numpy.ndarray`
        (low + high + largest member + smallest member) / 4, or the middle of the
        interval if there are no members.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_lasco.repair.methods.fuzzy import fuzzy_midpoint
    >>> float(fuzzy_midpoint(-4.0, 6.0, np.array([1.0, 3.0, -2.0])))
    0.75
    """
    members = np.clip(members, low, high)
    if len(members) == 0:
        return np.full(members.shape[1:], (low + high) / 2)
    return (low + high + members.max(axis=0) + members.min(axis=0)) / 4


def fill(crop, *, variant="idl"):
    """
    Fill a hole with SolarSoft's fuzzy logic.

    Parameters
    ----------
    crop : `~sunpy_lasco.repair.crop.Crop`
    variant : `str`, optional
        ``"idl"`` reproduces SolarSoft. There, an error in the subscripts makes the fuzzy step set the
        coefficients of the leading direction to zero. ``"intended"`` uses the intersection of fuzzy sets
        described in the papers, places values at the centres of their cells, and scales the background to the
        surroundings.

    Returns
    -------
    `~sunpy_lasco.repair.crop.Fill`

    Raises
    ------
    ValueError
        If there is no such variant.

    Notes
    -----
    This corresponds to SolarSoft ``fuzzy_image`` 1.7, with these differences. Untransmitted blocks have no dummy
    value that could affect the fill. Only the hole changes. Blocks at the edge of the frame keep the values from
    the lines; SolarSoft transforms the wrong block there. The fixed response of the pixels is not used.
    SolarSoft gives no uncertainty; here it is derived from the structure around the hole and from the
    difference to the smoothest fill.
    """
    if variant not in VARIANTS:
        msg = f"There is no variant {variant!r} of the fuzzy method; there are {' and '.join(VARIANTS)}."
        raise ValueError(msg)
    nothing = np.full(crop.z.shape, np.nan)
    official = variant == "idl"
    if official and not 1 / FARTHEST_SCALE < crop.scale < FARTHEST_SCALE:
        return Fill(nothing, nothing)
    background = BACKGROUND_SHARE * crop.expected / (crop.scale if official else 1.0)
    rows, columns = _region(crop)
    image = np.where(crop.hole, 0.0, np.nan_to_num(np.maximum(crop.signal - background, 0.0)))
    part = image[rows, columns]
    # Untransmitted blocks are unknown, but do not exclude the zone.
    if (part != 0).sum() + np.isnan(crop.signal[rows, columns] + crop.hole[rows, columns]).sum() <= part.size / 2:
        return Fill(nothing, nothing)
    lines = fill_along_lines(part, centre=OFFICIAL_CELL_CENTRE if official else 1.5)
    image[rows, columns] = np.where(crop.hole[rows, columns], lines, part)
    _adjust_blocks(image, crop, official)
    value = np.where(crop.hole, crop.from_signal(background + image), np.nan)
    return Fill(value, calibrated(deviation(value, crop, share=STRUCTURE), crop, "fuzzy"))


def _region(crop):
    """Rows and columns of the blocks of the hole, with one more block on each side."""
    region = []
    for numbers, axis in ((crop.block_rows, 1), (crop.block_columns, 0)):
        mine = numbers[crop.hole.any(axis=axis)]
        region.append(slice(*np.searchsorted(numbers, (mine[0] - 1, mine[-1] + 2))))
    return tuple(region)


def _adjust_blocks(image, crop, official):
    """Replace the coefficients of the leading direction in each lost block, in place."""
    row_starts, column_starts = (_whole_blocks(numbers) for numbers in (crop.block_rows, crop.block_columns))
    classes = coefficient_classes()
    transforms = {}
    for row in sorted(row_starts):
        for column in sorted(column_starts):
            around = [(row + i, column + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
            if not all(i in row_starts and j in column_starts for i, j in around):
                continue
            where = _window(row_starts[row], column_starts[column])
            if not crop.hole[where].all() or np.isnan(image[where]).any():
                continue
            for i, j in around:
                if (i, j) not in transforms:
                    block = np.nan_to_num(image[_window(row_starts[i], column_starts[j])])
                    transforms[i, j] = fft.dctn(block, norm="ortho")
            stack = np.array([transforms[place] for place in around])
            changed = _adjusted(stack, classes, official)
            transforms[row, column] = changed
            image[where] = fft.idctn(changed, norm="ortho")


def _window(row, column):
    return slice(row, row + BLOCK), slice(column, column + BLOCK)


def _whole_blocks(numbers):
    """First pixel of each complete block, by its number."""
    found, starts, counts = np.unique(numbers, return_index=True, return_counts=True)
    whole = counts == BLOCK
    return dict(zip(found[whole].tolist(), starts[whole].tolist(), strict=True))


def _adjusted(stack, classes, official):
    """Coefficients of the middle block of nine, adjusted to the others."""
    directions = [CLASSES.index(name) for name in ("horizontal", "vertical", "diagonal")]
    energy = np.array([(stack[:, classes == one] ** 2).mean(axis=1) for one in directions])
    orientation = np.argmax(energy, axis=0)
    leading = int(np.argmax(np.bincount(orientation, minlength=len(directions))))
    mine = classes == directions[leading]
    centre = len(stack) // 2
    changed = stack[centre].copy()
    if official:
        changed[mine] = 0.0
        return changed
    values = stack[:, mine]
    members = values[(orientation == leading) & (np.arange(len(stack)) != centre)]
    nonzero = values[values != 0]
    if nonzero.size:
        changed[mine] = fuzzy_midpoint(nonzero.min(), nonzero.max(), members)
    return changed
