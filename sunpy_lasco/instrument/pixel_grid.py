"""
The grid of stored pixels: their positions on the detector, and sums over them.

A frame may be cut and summed in any way.  Its stored pixel i along an axis covers the pixels
``corner + i * binning`` to ``corner + (i + 1) * binning - 1`` of the full frame; positions count
from 0 at the centre of a pixel.
"""

import numpy as np
from scipy import ndimage

from sunpy_lasco.errors import HeaderError
from sunpy_lasco.instrument.cameras import FULL_FRAME

__all__ = [
    "binned_position",
    "block_mean",
    "block_sum",
    "frame_cutout",
    "full_axes",
    "full_position",
    "nearest_known",
]


def full_axes(grid):
    """
    Full-frame positions, pixel, of the columns, (nx,), and rows, (ny,), of stored pixels; only ``shape``,
    ``corner`` and ``binning`` of the frame are used.
    """
    return full_position(tuple(np.arange(length) for length in grid.shape[::-1]), grid)


def binned_position(position, frame):
    """
    Convert a position (x, y) from full-frame to stored pixels, both counted from 0; numbers or arrays.

    SolarSoft omits the half pixel, an error of a quarter of a stored pixel in frames summed 2 x 2.
    """
    return tuple(
        (value - corner + 0.5) / binning - 0.5
        for value, corner, binning in zip(position, frame.corner, frame.binning, strict=True)
    )


def full_position(position, frame):
    """
    Convert a position (x, y) from stored to full-frame pixels, both counted from 0; the inverse of
    `binned_position`.
    """
    return tuple(
        corner + (value + 0.5) * binning - 0.5
        for value, corner, binning in zip(position, frame.corner, frame.binning, strict=True)
    )


def frame_cutout(image, frame):
    """
    The part of a full-frame image, (1024, 1024), that a frame covers, at full
    resolution; a view of shape (ny * sy, nx * sx).

    `~sunpy_lasco.errors.HeaderError` is raised if the frame reaches beyond the detector.
    """
    (x0, y0), (sx, sy), (ny, nx) = frame.corner, frame.binning, frame.shape
    x1, y1 = x0 + nx * sx, y0 + ny * sy
    if x0 < 0 or y0 < 0 or x1 > FULL_FRAME or y1 > FULL_FRAME:
        msg = (
            f"{frame.filename or 'The frame'} reaches from pixel ({x0}, {y0}) to ({x1 - 1}, {y1 - 1}), beyond the "
            f"{FULL_FRAME} x {FULL_FRAME} pixels of the detector; check R1COL, R1ROW, R2COL, R2ROW."
        )
        raise HeaderError(msg)
    return image[y0:y1, x0:x1]


def block_mean(image, binning):
    """Mean over blocks of (sx, sy) pixels; turns an image of shape (ny * sy, nx * sx) into one of (ny, nx)."""
    return image if tuple(binning) == (1, 1) else _blocks(image, binning).mean(axis=(1, 3))


def block_sum(image, binning):
    """Sum over blocks of (sx, sy) pixels, as `block_mean`."""
    return image if tuple(binning) == (1, 1) else _blocks(image, binning).sum(axis=(1, 3))


def _blocks(image, binning):
    """Reshape an image to (ny, sy, nx, sx); pixels of incomplete blocks are omitted."""
    sx, sy = binning
    ny, nx = image.shape[0] // sy, image.shape[1] // sx
    return image[: ny * sy, : nx * sx].reshape(ny, sy, nx, sx)


def nearest_known(values, known):
    """
    Replace unknown values by the nearest known one.

    ``known`` has the shape of the values, or of their first axes, and is True somewhere.
    """
    nearest = ndimage.distance_transform_edt(~known, return_distances=False, return_indices=True)
    return values[tuple(nearest)]
