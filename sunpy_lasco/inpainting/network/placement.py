"""
Where the windows of a network stand.

A window stands around one lost block.  Its pixels are means over about 2 x 2 stored
ones; an aligned one is turned so that the radius through its middle runs along its
rows, with the Sun on the left: a network need not learn each direction anew.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

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
    """

    def __init__(self, placement):
        self.step = placement.step
        # The mean over an even number of pixels belongs between two of them.
        self.at = placement.to_crop() + (0.5 if self.step % 2 == 0 else 0.0)

    def share(self, mask):
        """Share of each pixel that a mask of the crop holds, (size, size)."""
        smooth = ndimage.uniform_filter(mask.astype(np.float32), self.step, mode="constant")
        return ndimage.map_coordinates(smooth, self.at, order=1, mode="constant")

    def mean(self, image, known):
        """Mean over the known part of each pixel, 0 where it is too small; and where it is not."""
        total = self.share(np.where(known, image, 0.0))
        share = self.share(known)
        good = share >= SHARE
        return np.where(good, total / np.maximum(share, 1e-3), 0.0), good
