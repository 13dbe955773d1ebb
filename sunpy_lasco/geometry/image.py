"""
Linear WCS of an image, and the cards that headers of all ages share.
"""

from dataclasses import dataclass

import numpy as np

from sunpy_lasco.instrument.cameras import CAMERAS, FULL_FRAME
from sunpy_lasco.instrument.cards import card_text
from sunpy_lasco.instrument.frame import squeezed
from sunpy_lasco.instrument.headers import map_number, processed_before

__all__ = [
    "ImageGeometry",
    "camera_of",
    "card_pair",
    "plate_scales",
    "reference_pixel",
    "reference_position",
    "rotation",
]

#: Level 1 made before this may count CRPIX from 0.
CRPIX_FROM_ONE = "2010-09-15"
#: How well XCEN and CRPIX of a header must agree, in pixels, to decide whether CRPIX counts from 0 or 1.
CRPIX_AGREEMENT = 0.1


@dataclass(frozen=True)
class ImageGeometry:
    """
    Linear WCS of an image, and the positions of its pixels on the detector.

    A pixel p (x, y), counted from 0, has the position v = crval + cdelt * PC (p - crpix), arcsec, in the
    tangential plane. In the full frame of the detector its position is anchor + R(-detector_roll) (v -
    anchor_offset) / detector_scale.
    """

    #: Reference pixel (x, y), counted from 0.
    crpix: tuple[float, float]
    #: Its coordinates, arcsec.
    crval: tuple[float, float]
    #: Arcsec / pixel.
    cdelt: tuple[float, float]
    #: The matrix PC, by rows.
    pc: tuple[tuple[float, float], tuple[float, float]]
    #: CTYPE1 and CTYPE2.
    ctype: tuple[str, str]
    #: Roll of the detector's axes: CROTA of an image as it was read out, degree.
    detector_roll: float
    #: Full-frame pixel of the detector to which ``anchor_offset`` belongs.
    anchor: tuple[float, float]
    #: Position of the anchor in the tangential plane, arcsec.
    anchor_offset: tuple[float, float]
    #: Arcsec of a full-resolution pixel.
    detector_scale: float
    #: Whether the pixels are where they were measured, before the distortion was removed.
    distorted: bool
    #: Warnings for the user.
    notes: tuple[str, ...] = ()

    def to_plane(self, x, y):
        """Position in the tangential plane, arcsec, of pixels counted from 0."""
        dx, dy = np.asarray(x) - self.crpix[0], np.asarray(y) - self.crpix[1]
        (pc11, pc12), (pc21, pc22) = self.pc
        return (
            self.crval[0] + self.cdelt[0] * (pc11 * dx + pc12 * dy),
            self.crval[1] + self.cdelt[1] * (pc21 * dx + pc22 * dy),
        )

    def to_detector(self, x, y):
        """Full-frame positions on the detector, distorted if the image is, of pixels counted from 0."""
        vx, vy = self.to_plane(x, y)
        vx, vy = (vx - self.anchor_offset[0]) / self.detector_scale, (vy - self.anchor_offset[1]) / self.detector_scale
        cos, sin = np.cos(np.deg2rad(self.detector_roll)), np.sin(np.deg2rad(self.detector_roll))
        return self.anchor[0] + cos * vx + sin * vy, self.anchor[1] - sin * vx + cos * vy


def camera_of(meta):
    """The `~sunpy_lasco.instrument.cameras.Camera` of a header."""
    return CAMERAS[squeezed(card_text(meta, "detector"))]


def rotation(degrees):
    """The matrix PC of a roll in degree, by rows."""
    cos, sin = float(np.cos(np.deg2rad(degrees))), float(np.sin(np.deg2rad(degrees)))
    return (cos, -sin), (sin, cos)


def reference_position(meta):
    """CRVAL in the units of the header; 0 where a card is missing or empty."""
    return tuple(map_number(meta, card, 0.0) for card in ("crval1", "crval2"))


def reference_pixel(meta, length_x, length_y):
    """
    CRPIX (x, y) counted from 0; None if a card is missing. If it is unclear whether the header counts from 0
    or 1, the size of the image decides.
    """
    crpix = card_pair(meta, "crpix")
    if crpix is None:
        return None
    first = 1.0
    if processed_before(meta, CRPIX_FROM_ONE):
        # The offset of the middle of the image, in XCEN, shows whether CRPIX counts from 0 or 1.
        offset, scale = map_number(meta, "xcen"), map_number(meta, "cdelt1")
        if offset is not None and scale and abs((length_x - 1) / 2 - offset / scale - crpix[0]) < CRPIX_AGREEMENT:
            first = 0.0
    return crpix[0] - first, crpix[1] - first


def plate_scales(meta, shape):
    """
    CDELT of level 1, else the plate scale times the sums: arcsec / pixel along (x, y) of an image of
    shape (ny, nx).
    """
    scales = []
    for axis, length in (("1", shape[1]), ("2", shape[0])):
        scale = abs(map_number(meta, f"cdelt{axis}", 0.0))
        scales.append(scale if scale > 0 else camera_of(meta).plate_scale * FULL_FRAME / length)
    return tuple(scales)


def card_pair(meta, stem):
    """The numbers of two cards, such as OCCCEN1 and OCCCEN2 by the stem ``"occcen"``; None where one is missing."""
    pair = map_number(meta, f"{stem}1"), map_number(meta, f"{stem}2")
    return None if None in pair else pair
