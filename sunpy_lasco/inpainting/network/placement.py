"""
Where the windows of a network stand.

A window stands around one lost block.  Its pixels are means over about 2 x 2 stored
ones; an aligned one is turned so that the radius through its middle runs along its
rows, with the Sun on the left: a network need not learn each direction anew.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

__all__ = ["SHARE", "Placement", "Sampler", "place_windows"]

#: A pixel of a window counts as known, or as lost, if this share of it is.
SHARE = 0.5


@dataclass(frozen=True, eq=False)
class Placement:
    """Where a window stands in a crop."""

    #: Row and column of its middle, stored pixels.
    middle: tuple[float, float]
    #: Angle from the rows of the crop to those of the window, radian.
    angle: float
    #: Pixels along an axis, and stored pixels along an axis of each of them.
    size: int
    step: int

    def to_crop(self):
        """Rows and columns in the crop of the window's pixels, (2, size, size)."""
        along = (np.arange(self.size) - (self.size - 1) / 2) * self.step
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        return np.array(
            [
                self.middle[0] + along[None, :] * sin + along[:, None] * cos,
                self.middle[1] + along[None, :] * cos - along[:, None] * sin,
            ]
        )

    def to_window(self, rows, columns):
        """Rows and columns in the window of pixels of the crop."""
        down, right = np.asarray(rows) - self.middle[0], np.asarray(columns) - self.middle[1]
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        half = (self.size - 1) / 2
        return (down * cos - right * sin) / self.step + half, (down * sin + right * cos) / self.step + half


def place_windows(crop, *, size, step, aligned):
    """
    One window around each lost block.

    Parameters
    ----------
    crop : `~sunpy_lasco.inpainting.interface.Crop`
    size, step : `int`
        Pixels of a window along an axis, and stored pixels of each.
    aligned : `bool`
        Turn windows towards the Sun.

    Returns
    -------
    `list` of (`Placement`, `~numpy.ndarray`)
        Windows, and the pixels of the hole (2, n) that each of them fills.
    """
    rows, columns = np.nonzero(crop.hole)
    blocks = np.stack([crop.block_rows[rows], crop.block_columns[columns]])
    found = []
    for block in np.unique(blocks, axis=1).T:
        mine = (blocks == block[:, None]).all(axis=0)
        at = np.array([rows[mine], columns[mine]])
        middle = tuple(float(index.min() + index.max()) / 2 for index in at)
        x, y = (float(part[tuple(at)].mean()) for part in (crop.x, crop.y))
        found.append((Placement(middle, float(np.arctan2(y, x)) if aligned else 0.0, size, step), at))
    return found


class Sampler:
    """
    Means of images over the pixels of a window, as far as they are known.

    Parameters
    ----------
    placement : `Placement`
    shape : `tuple` of `int`
        Of the crop.

    Notes
    -----
    A pixel of a window is the mean over a square of stored pixels, between whose places
    is interpolated.  Both are one sparse matrix, which is made once for all images.
    """

    def __init__(self, placement, shape):
        self.at, self.size = placement.to_crop(), placement.size
        rows, row_weights, columns, column_weights = (
            part
            for at, length in zip(self.at, shape, strict=True)
            for part in _along(at.ravel(), placement.step, length)
        )
        where = rows[:, :, None] * shape[1] + columns[:, None, :]
        weights = row_weights[:, :, None] * column_weights[:, None, :]
        number, each = len(where), where[0].size
        pointers = np.arange(number + 1) * each
        self.matrix = sparse.csr_array(
            (weights.reshape(-1), where.reshape(-1), pointers), shape=(number, shape[0] * shape[1])
        )

    def shares(self, images):
        """Means over the pixels of the window, outside of the crop with 0: (..., size, size)."""
        flat = np.asarray(images, dtype=np.float32)
        found = self.matrix @ flat.reshape(-1, flat.shape[-2] * flat.shape[-1]).T
        return np.ascontiguousarray(found.T).reshape(*flat.shape[:-2], self.size, self.size)

    def means(self, images, known):
        """Means over the known part of each pixel, 0 where it is too small; and where it is not."""
        known = np.asarray(known, dtype=bool)
        totals, share = self.shares(np.stack([np.where(known, images, 0.0), known]))
        good = share >= SHARE
        return np.where(good, totals / np.maximum(share, 1e-3), 0.0), good


def _along(at, step, length):
    """Along one axis: pixels that take part in each mean, and their weights; those outside have none."""
    # The mean over a square is a step function of its middle; between steps is interpolated.
    first = at - step / 2 + 0.5
    lowest = np.floor(first).astype(np.int64)
    share = (first - lowest)[:, None]
    index = lowest[:, None] + np.arange(step + 1)
    weight = np.full(index.shape, 1.0 / step)
    weight[:, :1], weight[:, -1:] = (1 - share) / step, share / step
    inside = (index >= 0) & (index < length)
    return np.where(inside, index, 0), np.where(inside, weight, 0.0).astype(np.float32)
