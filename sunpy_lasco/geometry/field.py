"""
The field of view: which pixels are hidden by the occulter or the pylon, or lie outside the field.

Positions are full-frame pixels of the corrected (undistorted) image in detector orientation, counted from 0.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from sunpy_lasco.geometry.distortion import Distortion, camera_distortion
from sunpy_lasco.instrument.cameras import CAMERAS, FULL_FRAME
from sunpy_lasco.instrument.constants import all_constants, value_of
from sunpy_lasco.instrument.pixel_grid import full_position

__all__ = ["field_mask", "hidden_pixels", "mask_of_grid", "outside_detector"]

# The mask that SolarSoft applies to C3, c3_cl_mask_lvl1.fts, is drawn in the corrected image.  The
# constants ``C3.mask`` reproduce it to a pixel: two circles about one centre, a pylon that widens
# outwards, fillets where it meets the occulter, a square at its foot, and the edges of the raw
# frame.  Those of C2, measured on real frames and on the vignetting, are a disk that bulges where
# the pylon meets the occulter.


@dataclass(frozen=True)
class _Edge:
    """
    A straight edge of the pylon, which passes ``offset`` to the left of the centre and runs outwards at
    ``direction`` degrees.
    """

    direction: float
    offset: float

    def along(self, dx, dy):
        """Distance along the edge, towards the Sun, pixel."""
        angle = np.deg2rad(self.direction)
        return dx * np.cos(angle) + dy * np.sin(angle)

    def beside(self, dx, dy):
        """Distance from the edge, positive to its upper left, pixel."""
        angle = np.deg2rad(self.direction)
        return dy * np.cos(angle) - dx * np.sin(angle) - self.offset


def outside_detector(x, y, detector):
    """
    Whether the source of a corrected position (full-frame pixel, detector orientation) lies outside the
    detector of a camera.
    """
    return _beyond(x, y, detector, (-0.5, FULL_FRAME - 0.5))


def _squared(dx, dy):
    """Square of a distance; the square root would double the computing time."""
    return dx * dx + dy * dy


def _beyond(x, y, detector, limits):
    """Whether the raw position lies beyond ``limits`` along an axis."""
    camera = CAMERAS[detector]
    raw_x, raw_y = Distortion(*camera.distortion_px, camera.occulter_centre).to_raw(x, y)
    # Far outside the field, the polynomial of C2 returns towards the centre.
    far = _squared(np.subtract(x, camera.occulter_centre[0]), np.subtract(y, camera.occulter_centre[1])) > FULL_FRAME**2
    first, last = limits
    return far | ~((raw_x >= first) & (raw_x <= last) & (raw_y >= first) & (raw_y <= last))


def field_mask(x, y, detector, *, margin=0.0):
    """
    Whether a corrected position is hidden by the occulter or the pylon of a camera, or beyond the
    field.

    Positions are full-frame pixels of the detector orientation, counted from 0, and broadcast against
    each other; ``margin`` pixels make the hidden area larger.

    For C3 this is the mask of SolarSoft's level 1 (``c3_cl_mask_lvl1.fts``) in analytic form. C2 has no
    official mask; here it is the occulter, 166 pixels in radius, with the bulge at the pylon, and everything
    outside the detector. The diffraction ring of C2, between 166 and 178 pixels, is not masked.
    """
    x, y = np.broadcast_arrays(np.asarray(x, dtype=float), np.asarray(y, dtype=float))
    hide = _c3_mask if detector == "C3" else _c2_mask
    return hide(np.atleast_1d(x), np.atleast_1d(y), margin).reshape(x.shape)


@lru_cache(maxsize=24)
def mask_of_grid(detector, affine, shape, distortion=None, margin=0.0):
    """
    Pixels of an image of shape (ny, nx) that are hidden, and those that lie outside the detector; cached.

    ``affine`` holds the full-frame position (x, y) of the first pixel and its increments per column and per
    row. ``distortion`` is that of an image in which it was not corrected. ``margin`` enlarges the hidden area
    by so many pixels. Return two read-only arrays of bool; pixels outside the detector are hidden as well.
    """
    x0, y0, xx, yx, xy, yy = affine
    columns, rows = np.arange(shape[1]), np.arange(shape[0])[:, None]
    x, y = x0 + xx * columns + xy * rows, y0 + yx * columns + yy * rows
    if distortion is not None:
        x, y = distortion.to_corrected(x, y)
    outside = outside_detector(x, y, detector)
    hidden = field_mask(x, y, detector, margin=margin) | outside
    for array in (hidden, outside):
        array.flags.writeable = False
    return hidden, outside


def hidden_pixels(frame, *, margin=0.0):
    """
    Pixels of a frame in detector orientation that show no sky: behind the occulter or the pylon, or outside
    the field.

    ``margin`` full-resolution pixels make the hidden area larger. bool, of the shape of the frame,
    read-only.
    """
    distortion = camera_distortion(frame.camera.name, frame.mjd)
    (x0, y0), (sx, sy) = full_position((0, 0), frame), frame.binning
    return mask_of_grid(frame.camera.name, (x0, y0, sx, 0, 0, sy), frame.shape, distortion, margin)[0]


def _c2_mask(x, y, margin):
    camera = CAMERAS["C2"]
    dx, dy = x - camera.occulter_centre[0], y - camera.occulter_centre[1]
    angle = np.deg2rad(value_of("C2.mask.pylon_direction"))
    distance = value_of("C2.mask.pylon_distance")
    px, py = distance * np.cos(angle), distance * np.sin(angle)
    hidden = _squared(dx, dy) < (camera.occulter_radius + margin) ** 2
    hidden |= _squared(dx - px, dy - py) < (value_of("C2.mask.pylon_radius") + margin) ** 2
    return hidden | _beyond(x, y, "C2", (margin - 0.5, FULL_FRAME - 0.5 - margin))


def _c3_mask(x, y, margin):
    mask = _c3_numbers()
    dx, dy = x - mask["centre"][0], y - mask["centre"][1]
    r = np.hypot(dx, dy)
    hidden = (r < mask["inner_radius"] + margin) | (r > mask["outer_radius"] - margin)
    first, last = mask["raw_range"]
    hidden |= _beyond(x, y, "C3", (first + margin, last - margin))
    hidden |= (x < mask["foot"] + margin) & (y < mask["foot"] + margin)
    corner = ~hidden & (dx < mask["pylon_quarter"]) & (dy < mask["pylon_quarter"])
    hidden[corner] = _pylon(dx[corner], dy[corner], margin, mask)
    return hidden


def _c3_numbers():
    """The constants of the mask of C3, by the last part of their names."""
    return {name.rsplit(".", 1)[1]: one.value for name, one in all_constants().items() if name.startswith("C3.mask.")}


def _pylon(dx, dy, margin, mask):
    """Whether positions relative to the centre of the mask lie behind the pylon of C3."""
    upper, lower = (_Edge(*edge) for edge in mask["edges"])
    hidden = (upper.along(dx, dy) < 0) & (upper.beside(dx, dy) < margin) & (lower.beside(dx, dy) > -margin)
    for edge, side, radius in zip((upper, lower), (1, -1), mask["fillets"], strict=True):
        hidden |= _fillet(dx, dy, edge, side, radius, margin, mask["inner_radius"])
    return hidden


def _fillet(dx, dy, edge, side, radius, margin, inner):
    """
    The corner between occulter and pylon, rounded by a circle that touches both.

    In the frame of the edge (s along it, d beside it) the circle has its centre at
    d = radius, and at the distance inner radius + radius from the Sun.  The corner is
    the part of the triangle centre - occulter - point of contact outside the circle.
    """
    s, d = edge.along(dx, dy), side * edge.beside(dx, dy)
    sun_d = -side * edge.offset
    centre_s = -np.sqrt((inner + radius) ** 2 - (radius - sun_d) ** 2)
    between = (s > centre_s) & (d > -1.0) & (d - sun_d < s * (radius - sun_d) / centre_s)
    return between & (np.hypot(s - centre_s, d - radius) > radius - margin)
