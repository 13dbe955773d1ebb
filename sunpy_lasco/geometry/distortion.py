"""
Optical distortion of the cameras.

The polynomial converts a position in the corrected image to the position in the raw image. Positions are
full-frame pixels in detector orientation.
"""

from dataclasses import dataclass, replace

import numpy as np

from sunpy_lasco.instrument.cameras import CAMERAS
from sunpy_lasco.instrument.constants import value_of

__all__ = ["Distortion", "SOLARSOFT_CELLS", "camera_distortion", "occulter_centre"]

#: Distance of the control points of SolarSoft's warp, full-frame pixel.
SOLARSOFT_CELLS = 32.0

#: Newton steps after which the inverse has double precision everywhere in the frame.
NEWTON_STEPS = 6


def occulter_centre(detector, mjd):
    """
    Centre (x, y) of the occulter of a camera on a day (MJD), full-frame pixel. It is also the centre of the
    distortion.

    SolarSoft ``occltr_cntr``: for C3, the row of the table that is nearest in time.
    """
    if detector == "C2":
        return CAMERAS["C2"].occulter_centre
    rows = value_of("C3.occulter_centres")
    days = np.array([row[0] for row in rows], dtype="datetime64[D]")
    mjds = (days - np.datetime64("1858-11-17")).astype(int)
    return rows[int(np.argmin(np.abs(mjds - mjd)))][1:]


def camera_distortion(detector, mjd, *, scale="official"):
    """
    The `Distortion` of a camera, ``"C2"`` or ``"C3"``, on a day (MJD). The occulter centre of C3 depends on
    the day.

    The scale is ``"official"``, or ``"stars"`` for the geometry fitted to stars, which adds a
    fifth-order term for C3 (C2 needs none).
    """
    camera = CAMERAS[detector]
    k0, k1, k2 = camera.distortion_px
    if scale == "stars" and camera.stars is not None:
        k2 = camera.stars.k2
    return Distortion(k0, k1, k2, occulter_centre(detector, mjd))


@dataclass(frozen=True)
class Distortion:
    """
    A radial distortion about a centre.

    raw = centre + F (corrected - centre) with F = 1 + k0 + k1 r**2 + k2 r**4,
    r the distance of the corrected position from the centre.

    Notes
    -----
    SolarSoft ``c2_warp``, ``c3_warp``, ``cN_distortion``. They interpolate linearly between control points 32
    pixels apart, on two triangles per cell, which differs from the polynomial by up to 0.03 (C2) and 0.08
    pixel (C3); `cells` reproduces this. The diagonal of the cells runs from the lower right to the upper
    left. It was determined from the official C3 image of 2002-01-08, whose fixed pattern excludes the other
    diagonal, and the polynomial, by more than 5 sigma.
    """

    #: Coefficients: dimensionless, pixel**-2, pixel**-4.
    k0: float
    k1: float
    k2: float
    #: (x, y), full-frame pixel.
    centre: tuple[float, float]
    #: Side of the cells on whose triangles `to_raw` is linear, full-frame pixel; 0 for the polynomial everywhere.
    cells: float = 0.0

    def factor(self, r_squared):
        """F at a squared distance, in pixel**2, from the centre."""
        return 1.0 + self.k0 + r_squared * (self.k1 + self.k2 * r_squared)

    def to_raw(self, x, y):
        """Raw position (x, y) of a corrected one, full-frame pixel; numbers or arrays."""
        if self.cells:
            return self._on_triangles(np.asarray(x, dtype=float), np.asarray(y, dtype=float))
        dx, dy = np.asarray(x) - self.centre[0], np.asarray(y) - self.centre[1]
        f = self.factor(dx**2 + dy**2)
        return self.centre[0] + f * dx, self.centre[1] + f * dy

    def _on_triangles(self, x, y):
        """`to_raw` by interpolation between the corners of cells, each of which is two triangles."""
        exact = replace(self, cells=0.0)
        left, low = np.floor(x / self.cells), np.floor(y / self.cells)
        # Beyond the diagonal, start from the opposite corner and reverse the signs.
        u, v = x / self.cells - left, y / self.cells - low
        upper = u + v > 1
        corner, step = (left + upper, low + upper), np.where(upper, -1.0, 1.0)
        u, v = np.where(upper, 1 - u, u), np.where(upper, 1 - v, v)
        here = exact.to_raw(corner[0] * self.cells, corner[1] * self.cells)
        beside = exact.to_raw((corner[0] + step) * self.cells, corner[1] * self.cells)
        above = exact.to_raw(corner[0] * self.cells, (corner[1] + step) * self.cells)
        return tuple(h + u * (b - h) + v * (a - h) for h, b, a in zip(here, beside, above, strict=True))

    def to_corrected(self, x, y):
        """
        Corrected position (x, y) of a raw one, full-frame pixel: the exact inverse of the polynomial for any
        value of `cells`.
        """
        dx, dy = np.asarray(x, dtype=float) - self.centre[0], np.asarray(y, dtype=float) - self.centre[1]
        r_raw = np.hypot(dx, dy)
        r = r_raw / (1.0 + self.k0)
        for _ in range(NEWTON_STEPS):
            r2 = r**2
            slope = 1.0 + self.k0 + r2 * (3 * self.k1 + 5 * self.k2 * r2)
            r = r - (r * self.factor(r2) - r_raw) / slope
        ratio = np.divide(r, r_raw, out=np.full_like(r, 1.0 / (1.0 + self.k0)), where=r_raw > 0)
        return self.centre[0] + ratio * dx, self.centre[1] + ratio * dy

    def solid_angle(self, x, y):
        """
        Area in raw pixels of a corrected pixel at a corrected position: the Jacobian of `to_raw`, 0.97 at
        the centre of C3, 1.04 at r = 500.
        """
        r2 = (np.asarray(x) - self.centre[0]) ** 2 + (np.asarray(y) - self.centre[1]) ** 2
        return self.factor(r2) * (1.0 + self.k0 + r2 * (3 * self.k1 + 5 * self.k2 * r2))


#: Values of the option distortion for which the image is interpolated.
INTERPOLATED = ("resample", "grid")
