"""
From the plane at the Sun to the pixels of a map and back.

The plane is that of `sunpy_lasco.stars.sky`; the ideal detector is the full frame in the orientation of
the read-out without its distortion, on which the Sun's centre of a level-0.5 header lies.
"""

from dataclasses import dataclass

import numpy as np

from sunpy_lasco.instrument.cameras import Camera
from sunpy_lasco.instrument.distortion import Distortion, camera_distortion
from sunpy_lasco.map.geometry import distortion_of
from sunpy_lasco.map.linear import ImageGeometry, camera_of

__all__ = ["Attitude", "DetectorGrid", "detector_grid"]


@dataclass(frozen=True)
class Attitude:
    """Where the Sun is on the ideal detector and how it is turned."""

    #: Sun's centre (x, y), full-frame pixel counted from 0.
    centre: tuple[float, float]
    #: Turning the image by this counter-clockwise brings solar north up, degree.
    roll: float
    #: Plate scale, arcsec / pixel.
    scale: float

    def ideal(self, x, y):
        """Positions on the ideal detector of positions in the plane, arcsec."""
        cos, sin = np.cos(np.radians(self.roll)), np.sin(np.radians(self.roll))
        x, y = np.asarray(x) / self.scale, np.asarray(y) / self.scale
        return self.centre[0] + cos * x + sin * y, self.centre[1] - sin * x + cos * y


@dataclass(frozen=True)
class DetectorGrid:
    """Where the pixels of a map lie on the ideal detector of the geometry of the stars."""

    camera: Camera
    geometry: ImageGeometry
    #: Distortion that is in the image, or was removed from it; and that of the stars.
    used: Distortion
    stars: Distortion

    @property
    def scale(self):
        """Plate scale of the geometry of the stars, arcsec / pixel."""
        return self.camera.plate_scale if self.camera.stars is None else self.camera.stars.plate_scale

    @property
    def attitude(self):
        """What the header says, with the scale of the stars."""
        g = self.geometry
        cos, sin = np.cos(np.radians(g.detector_roll)), np.sin(np.radians(g.detector_roll))
        ax, ay = (value / g.detector_scale for value in g.anchor_offset)
        centre = g.anchor[0] - cos * ax - sin * ay, g.anchor[1] + sin * ax - cos * ay
        return Attitude((float(centre[0]), float(centre[1])), float(g.detector_roll), self.scale)

    @property
    def pixel_size(self):
        """Full-resolution pixels of a pixel of the map, along (x, y)."""
        return tuple(abs(step) / self.geometry.detector_scale for step in self.geometry.cdelt)

    def _affine(self):
        """Linear part and offset of the way from pixels of the map to the full frame."""
        x, y = self.geometry.to_detector(np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, 1.0]))
        return np.array([[x[1] - x[0], x[2] - x[0]], [y[1] - y[0], y[2] - y[0]]]), np.array([x[0], y[0]])

    def to_ideal(self, x, y):
        """Positions on the ideal detector of pixels of the map counted from 0."""
        x, y = self.geometry.to_detector(x, y)
        if not self.geometry.distorted:
            if self.used == self.stars:
                return x, y
            x, y = self.used.to_raw(x, y)
        return self.stars.to_corrected(x, y)

    def to_pixel(self, x, y):
        """Pixels of the map counted from 0 of positions on the ideal detector."""
        if self.geometry.distorted or self.used != self.stars:
            x, y = self.stars.to_raw(x, y)
            if not self.geometry.distorted:
                x, y = self.used.to_corrected(x, y)
        matrix, offset = self._affine()
        return tuple(np.linalg.solve(matrix, np.stack([x, y]) - offset[:, None]))

    def jacobian(self, x, y):
        """Ideal pixels per pixel of the map at pixels of it, (n, 2, 2): how errors of centroids become those there."""
        step = 0.5
        columns = []
        for dx, dy in ((step, 0.0), (0.0, step)):
            high, low = self.to_ideal(x + dx, y + dy), self.to_ideal(x - dx, y - dy)
            columns.append(np.stack([high[0] - low[0], high[1] - low[1]], axis=-1) / (2 * step))
        return np.stack(columns, axis=-1)


def detector_grid(smap):
    """
    Where the pixels of a map lie on the ideal detector.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 0.5 or 1.

    Returns
    -------
    `DetectorGrid`
    """
    camera = camera_of(smap.meta)
    used = distortion_of(smap.meta)
    stars = camera_distortion(camera.name, smap.date.mjd, scale="stars")
    if smap._geometry.distorted:
        used = stars
    # The centre is a property of the image, where it states one.
    return DetectorGrid(camera, smap._geometry, used, Distortion(stars.k0, stars.k1, stars.k2, stars.centre))
