"""
SolarSoft's repair: interpolation along lines, then fuzzy sets of DCT coefficients.

The algorithm of ``fuzzy_image``, ``hcie_zone`` and ``fuzzy_block``, after Lee, Zhang &
Leon-Garcia (1995, IEEE Transactions on Image Processing 4, 259).  It is what the
official level 1 of C3 Clear was made with, and the method to beat.
"""

from functools import lru_cache

import numpy as np
from scipy import fft

from sunpy_lasco.inpainting.interface import Fill
from sunpy_lasco.inpainting.line_interpolation import OFFICIAL_CELL_CENTRE, fill_along_lines
from sunpy_lasco.inpainting.spread import calibrated, deviation
from sunpy_lasco.instrument.cameras import BLOCK

__all__ = ["CLASSES", "VARIANTS", "coefficient_classes", "fill", "fuzzy_midpoint"]

#: ``"idl"`` does what SolarSoft does, ``"intended"`` what its authors meant.
VARIANTS = ("idl", "intended")
#: The share of the background that is taken off before.
BACKGROUND_SHARE = 0.8
#: Classes of DCT coefficients, numbered in this order.
CLASSES = ("mean", "low", "horizontal", "vertical", "diagonal", "high")
#: Coefficients nearer to the origin than the first are low, farther than the
#: second high frequencies.
LOW_FREQUENCY = 4.0
HIGH_FREQUENCY = 28.8
#: Width of the sectors of horizontal and vertical structure, degree.
SECTOR = 15.0
#: Background models whose level is farther than this factor from the frame's are
#: not of its kind: SolarSoft repairs C3 Clear only.
FARTHEST_SCALE = 3.0
#: Share of the structure around a hole that counts for the uncertainty.
STRUCTURE = 1.0


@lru_cache(maxsize=1)
def coefficient_classes():
    """
    Class of each coefficient of a block's cosine transform.

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
    Middle of what all members allow of an interval.

    Each member a narrows [low, high] to [low + (a - low) / 2, high - (high - a) / 2].

    Parameters
    ----------
    low, high : `float`
        The interval.
    members : `~numpy.ndarray`
        Values of the members along the first axis.

    Returns
    -------
    `~numpy.ndarray`
        (low + high + largest member + smallest member) / 4; the middle of the
        interval if there are no members.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_lasco.inpainting.methods.fuzzy import fuzzy_midpoint
    >>> float(fuzzy_midpoint(-4.0, 6.0, np.array([1.0, 3.0, -2.0])))
    0.75
    """
    members = np.clip(members, low, high)
    if len(members) == 0:
        return np.full(members.shape[1:], (low + high) / 2)
    return (low + high + members.max(axis=0) + members.min(axis=0)) / 4


def fill(crop, *, variant="idl"):
    """
    Fill a hole by SolarSoft's fuzzy logic.

    Parameters
    ----------
    crop : `~sunpy_lasco.inpainting.interface.Crop`
    variant : `str`, optional
        ``"idl"`` as SolarSoft: a slip of subscripts makes its fuzzy step set the
        coefficients of the leading direction to zero.  ``"intended"``: the
        intersection of fuzzy sets that the papers describe, cell values at the
        centres of their cells, and a background scaled to the surroundings.

    Returns
    -------
    `~sunpy_lasco.inpainting.interface.Fill`

    Raises
    ------
    ValueError
        If there is no such variant.

    Notes
    -----
    SolarSoft ``fuzzy_image`` 1.7.  Deviations: blocks that are not sent have no dummy
    value that could leak; only the hole is written; blocks at the edge of the frame, of
    which SolarSoft transforms the wrong one, are left as the lines give them.
    The fixed response of the pixels is not used.  The uncertainty, of which
    SolarSoft has none, is that of the structure around the hole and of the distance from
    the smoothest fill.
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
    # What was not sent is unknown, but does not speak against the zone.
    if (part != 0).sum() + np.isnan(crop.signal[rows, columns] + crop.hole[rows, columns]).sum() <= part.size / 2:
        return Fill(nothing, nothing)
    lines = fill_along_lines(part, centre=OFFICIAL_CELL_CENTRE if official else 1.5)
    image[rows, columns] = np.where(crop.hole[rows, columns], lines, part)
    _adjust_blocks(image, crop, official)
    value = np.where(crop.hole, crop.from_signal(background + image), np.nan)
    return Fill(value, calibrated(deviation(value, crop, share=STRUCTURE), crop, "fuzzy"))


def _region(crop):
    """The blocks of the hole and one more on each side, in pixels."""
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
    """First pixel of each block that is whole, by its number."""
    found, starts, counts = np.unique(numbers, return_index=True, return_counts=True)
    whole = counts == BLOCK
    return dict(zip(found[whole].tolist(), starts[whole].tolist(), strict=True))


def _adjusted(stack, classes, official):
    """Coefficients of the middle one of nine blocks, adjusted to the others."""
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
