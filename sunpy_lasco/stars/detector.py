"""
Conversion between the plane at the Sun and the pixels of a map.

The plane is that of `sunpy_lasco.stars.sky`; the ideal detector is the full frame in the orientation of
the read-out without its distortion, on which the Sun's centre of a level-0.5 header lies.
"""

from dataclasses import dataclass, replace

import numpy as np

from sunpy_lasco.geometry.distortion import Distortion, camera_distortion
from sunpy_lasco.geometry.image import ImageGeometry, camera_of
from sunpy_lasco.geometry.vintages import header_distortion, image_geometry
from sunpy_lasco.instrument.cameras import Camera

__all__ = ["Attitude", "DetectorGrid", "detector_grid"]


@dataclass(frozen=True)
class Attitude:
    """Sun centre on the ideal detector, and roll."""

    #: Sun's centre (x, y), full-frame pixel counted from 0.
    centre: tuple[float, float]
    #: Counter-clockwise rotation that brings solar north up, degree.
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
    """Positions of the pixels of a map on the ideal detector."""

    camera: Camera
    geometry: ImageGeometry
    #: Distortion that was corrected in the image; None if it was not.
    removed: Distortion | None
    #: Distortion and plate scale (arcsec / pixel) of the camera.
    distortion: Distortion
    scale: float
    #: ``"official"`` or ``"stars"``.
    geometry_name: str = "stars"

    @property
    def attitude(self):
        """Sun centre and roll from the header, with the scale of the camera."""
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
        """Linear part and offset of the transformation from pixels of the map to the full frame."""
        x, y = self.geometry.to_detector(np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, 1.0]))
        return np.array([[x[1] - x[0], x[2] - x[0]], [y[1] - y[0], y[2] - y[0]]]), np.array([x[0], y[0]])

    def to_ideal(self, x, y):
        """Positions on the ideal detector of pixels of the map counted from 0."""
        x, y = self.geometry.to_detector(x, y)
        if self.removed == self.distortion:
            return x, y
        if self.removed is not None:
            x, y = self.removed.to_raw(x, y)
        return self.distortion.to_corrected(x, y)

    def to_pixel(self, x, y):
        """Pixels of the map counted from 0 of positions on the ideal detector."""
        if self.removed != self.distortion:
            x, y = self.distortion.to_raw(x, y)
            if self.removed is not None:
                x, y = self.removed.to_corrected(x, y)
        matrix, offset = self._affine()
        return tuple(np.linalg.solve(matrix, np.stack([x, y]) - offset[:, None]))


def detector_grid(smap, geometry="stars"):
    """
    Positions of the pixels of a map on the ideal detector.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 0.5 or 1.
    geometry : `str`
        ``"official"`` or ``"stars"``: plate scale and distortion of the camera.

    Returns
    -------
    `DetectorGrid`
    """
    camera = camera_of(smap.meta)
    image = image_geometry(smap.meta, smap.data.shape)
    removed = None if image.distorted else header_distortion(smap.meta)
    distortion = camera_distortion(camera.name, smap.date.mjd, scale=geometry)
    if removed is not None:
        # Use the same centre for both.
        distortion = replace(distortion, centre=removed.centre)
    stars = geometry == "stars" and camera.stars is not None
    scale = camera.stars.plate_scale if stars else camera.plate_scale
    return DetectorGrid(camera, image, removed, distortion, scale, geometry)
