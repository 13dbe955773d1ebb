"""
Images of points of light on the detector.

The image of a star is a Gaussian core with faint wings, integrated over the
area of the pixels.
"""

import numpy as np
from scipy.special import erf

from sunpy_lasco.instrument.cameras import FULL_FRAME
from sunpy_lasco.instrument.constants import value_of
from sunpy_lasco.simulate.pixels import distort, plane_from_helioprojective

__all__ = ["light_of_points_at", "point_light", "point_positions", "spread_at"]

#: 1 sigma of the core, pixel (0.42 to 0.50 on real frames).
CORE = 0.45
#: Part of the light in the wings, their scale and where they are cut off, pixel.
WINGS, WING_SCALE, WING_END = 0.05, 3.0, 16
#: Fainter stars are omitted, since their total light in usual exposures is less than the noise.
FAINTEST = {"C2": 11.0, "C3": 9.7}
#: Integral over the plane of the wings' profile 1 / (1 + (r / scale)**2)**2 up to the cut, pixel2.
_WING_NORM = np.pi * WING_SCALE**2 * (1 - 1 / (1 + (WING_END / WING_SCALE) ** 2))


def spread_at(dx, dy):
    """
    Point-spread function: the fraction of a star's light that falls into a pixel whose centre is (dx,
    dy) pixels from its image.
    """
    root = CORE * np.sqrt(2)
    core = (erf((dx + 0.5) / root) - erf((dx - 0.5) / root)) * (erf((dy + 0.5) / root) - erf((dy - 0.5) / root)) / 4
    square = dx * dx + dy * dy
    wing = np.where(square < WING_END**2, 1 / (1 + square / WING_SCALE**2) ** 2, 0) / _WING_NORM
    return (1 - WINGS) * core + WINGS * wing


def point_positions(scene, time, detector, attitude, centre):
    """
    Positions on the detector of the scene's points of light, raw (x, y) in pixels, and their flux, MSB times
    the area of a pixel; (n,) each.
    """
    tx, ty, magnitude = scene.sources(time, faintest=FAINTEST[detector])
    x, y = distort(*attitude.pixel(*plane_from_helioprojective(tx, ty)), detector, centre)
    seen = (np.abs(x - FULL_FRAME / 2) < FULL_FRAME / 2 + WING_END) & (
        np.abs(y - FULL_FRAME / 2) < FULL_FRAME / 2 + WING_END
    )
    return x[seen], y[seen], value_of("star.flux") * 10 ** (-0.4 * magnitude[seen]) / attitude.scale**2


def point_light(x, y, flux):
    """
    Image of points of light at raw positions, pixel, with a flux of MSB times the area of a pixel, (n,)
    each; MSB, (1024, 1024).
    """
    image = np.zeros((FULL_FRAME, FULL_FRAME))
    offset = np.arange(-WING_END, WING_END + 1)
    for x0, y0, light in zip(x, y, flux, strict=True):
        column, row = int(np.floor(x0 + 0.5)) + offset, int(np.floor(y0 + 0.5)) + offset
        inside_x, inside_y = (column >= 0) & (column < FULL_FRAME), (row >= 0) & (row < FULL_FRAME)
        column, row = column[inside_x], row[inside_y]
        if column.size and row.size:
            image[row[0] : row[-1] + 1, column[0] : column[-1] + 1] += light * spread_at(
                column[None, :] - x0, row[:, None] - y0
            )
    return image


def light_of_points_at(x, y, points):
    """Light, MSB, of all points, as `point_positions` gives them, at arbitrary raw positions, pixel."""
    shape, x, y = np.shape(x), np.ravel(x), np.ravel(y)
    # Sorted by row of cells as wide as the image of a point: each point looks at three rows only.
    cell = np.floor(y / WING_END)
    order = np.argsort(cell, kind="stable")
    x, y, cell = x[order], y[order], cell[order]
    light = np.zeros(x.size)
    for x0, y0, flux in zip(*points, strict=True):
        row = np.floor(y0 / WING_END)
        first, last = np.searchsorted(cell, [row - 1, row + 2])
        near = first + np.flatnonzero(np.abs(x[first:last] - x0) <= WING_END)
        light[near] += flux * spread_at(x[near] - x0, y[near] - y0)
    unsorted = np.empty_like(light)
    unsorted[order] = light
    return unsorted.reshape(shape)
