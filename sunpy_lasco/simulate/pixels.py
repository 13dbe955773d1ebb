"""
Conversion between pixels and the sky.

There are three kinds of positions: on the detector (*raw*), on an ideal detector without distortion
(*corrected*, the grid of level 1), and in the sky, on the plane tangent at the Sun centre. Raw and corrected
positions count from 0 at the lower left of the full 1024 x 1024 frame in the orientation of the detector.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from astropy.time import Time

from sunpy_lasco.instrument.cameras import CAMERAS, FULL_FRAME
from sunpy_lasco.instrument.constants import value_of

__all__ = ["Attitude", "distort", "full_grid", "occulter_centre", "undistort"]

#: Steps of Newton's method; three leave less than 1e-9 pixel.
NEWTON_STEPS = 4


def occulter_centre(detector, time):
    """
    Centre (x, y) of the occulter and of the distortion, in raw as in corrected pixels; for C3 the
    nearest in time of the measured ones.
    """
    if detector == "C2":
        return CAMERAS["C2"].occulter_centre
    rows = value_of("C3.occulter_centres")
    days = np.array([Time(row[0]).mjd for row in rows])
    return rows[int(np.argmin(np.abs(days - time.mjd)))][1:]


def distort(x, y, detector, centre):
    """
    Raw positions on which the light of corrected ones falls, pixel, by the distortion of a camera about
    a centre.
    """
    k0, k1, k2 = CAMERAS[detector].distortion_px
    dx, dy = np.asarray(x, float) - centre[0], np.asarray(y, float) - centre[1]
    square = dx * dx + dy * dy
    stretch = 1 + k0 + (k1 + k2 * square) * square
    return centre[0] + stretch * dx, centre[1] + stretch * dy


def undistort(x, y, detector, centre):
    """
    Corrected positions whose light falls on raw ones, pixel: the inverse of `distort`, by Newton's
    method along the radius.
    """
    k0, k1, k2 = CAMERAS[detector].distortion_px
    dx, dy = np.asarray(x, float) - centre[0], np.asarray(y, float) - centre[1]
    raw = np.hypot(dx, dy)
    r = raw / (1 + k0)
    for _ in range(NEWTON_STEPS):
        square = r * r
        excess = r * (1 + k0 + (k1 + k2 * square) * square) - raw
        r = r - excess / (1 + k0 + (3 * k1 + 5 * k2 * square) * square)
    shrink = np.divide(r, raw, out=np.full_like(r, 1 / (1 + k0)), where=raw > 0)
    return centre[0] + shrink * dx, centre[1] + shrink * dy


@lru_cache(maxsize=8)
def full_grid(detector, centre, shift=(0.0, 0.0)):
    """
    Corrected positions (x, y) of all raw pixels moved by ``shift``, for samples off their centres; kept
    for the next exposure, (1024, 1024) each, not to be written to.
    """
    y, x = np.mgrid[:FULL_FRAME, :FULL_FRAME]
    grid = undistort(x + shift[0], y + shift[1], detector, centre)
    for axis in grid:
        axis.flags.writeable = False
    return grid


@dataclass(frozen=True)
class Attitude:
    """Attitude of the ideal detector."""

    #: Sun centre, corrected pixel (x, y).
    centre: tuple[float, float]
    #: CROTA of the image as stored, degree.
    roll: float
    #: Plate scale, arcsec / pixel.
    scale: float

    def plane(self, x, y):
        """
        Position to the west and to the north of corrected pixels on the plane that touches the sky at the
        Sun's centre, in tangents (radian near the Sun).
        """
        pixel = np.radians(self.scale / 3600)
        cos, sin = pixel * np.cos(np.radians(self.roll)), pixel * np.sin(np.radians(self.roll))
        dx, dy = np.asarray(x, float) - self.centre[0], np.asarray(y, float) - self.centre[1]
        return cos * dx - sin * dy, sin * dx + cos * dy

    def pixel(self, west, north):
        """Corrected pixels of positions on the plane: the inverse of `plane`."""
        pixel = np.radians(self.scale / 3600)
        cos, sin = np.cos(np.radians(self.roll)) / pixel, np.sin(np.radians(self.roll)) / pixel
        return self.centre[0] + cos * west + sin * north, self.centre[1] - sin * west + cos * north


def plane_from_helioprojective(tx, ty):
    """Position on the tangent plane, in tangents, of Tx and Ty in arcsec."""
    lon, lat = np.radians(np.asarray(tx, float) / 3600), np.radians(np.asarray(ty, float) / 3600)
    return np.tan(lon), np.tan(lat) / np.cos(lon)


def helioprojective_from_plane(west, north):
    """Tx and Ty in arcsec of a position on the tangent plane in tangents."""
    lon = np.arctan(west)
    return np.degrees(lon) * 3600, np.degrees(np.arctan(np.asarray(north) * np.cos(lon))) * 3600
