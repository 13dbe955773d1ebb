"""
Light that reaches the detector: occulter, pylon, field stop, stray light.

A point of the sky illuminates a small disk, the image of the pupil, on each obstruction. The unobstructed
fraction of the disk is the transmission, so the effects of occulter, pylon and lens barrel follow from the
overlap of simple figures. Lengths are in pixels of the detector and were chosen to resemble the real cameras;
pixel positions are raw.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.interpolate import PchipInterpolator

from astropy.time import Time

from sunpy_lasco.instrument.cameras import FULL_FRAME
from sunpy_lasco.simulate.overlap import disk_beyond, disk_covered
from sunpy_lasco.simulate.pixels import occulter_centre

__all__ = [
    "OPTICS",
    "diffracted",
    "diffracted_at",
    "inverse_vignetting",
    "stray_light",
    "transmission",
    "transmission_at",
    "veil",
    "veil_at",
]


@dataclass(frozen=True)
class Optics:
    """Figures that obstruct or scatter light, lengths in pixel."""

    #: Radius of the pupil's image on the occulter, and radius of the occulter there; part of the pupil's radius that
    #: is obstructed in its middle.
    pupil: float
    occulter: float
    obstruction: float
    #: Edge of the shadow of the occulter's support, inside which the scene is invisible: radius, and
    #: radius of the pupil's image on it.
    shadow: tuple[float, float]
    #: Direction of the pylon, counter-clockwise from +x, degree; half width of the pylon, radius of the pupil's image
    #: on it, and part of that that is obstructed in the middle.
    pylon_angle: float
    pylon: float
    pylon_pupil: float
    pylon_obstruction: float
    #: Where the pylon differs most from that, distance from the centre along it, pixel; how sharply; and the factors
    #: on its half width and on the radius of the pupil's image there.  It begins gradually, within that distance.
    pylon_root: tuple[float, float, float, float]
    #: Light scattered into the shadow of the pylon.
    pylon_leak: float
    #: Barrel: radius, radius of the pupil's image on it.
    barrel: float
    barrel_pupil: float
    #: Field stop: offset of its centre from the occulter's, radius, radius of the pupil's image on
    #: it, and what comes through beyond it.
    stop: tuple[tuple[float, float], float, float, float]
    #: Smallest transmission in the official inverse vignetting.
    floor: float
    #: Light diffracted and scattered at the occulter, beside that of the scene: offset of its centre from that of
    #: the occulter; pairs of distance from it, pixel, and rate there, DN / s; rate of that part of it that the pylon
    #: does not hide, and half width of the pylon and radius of the pupil's image on it, as far as they hide the rest.
    ring_offset: tuple[float, float]
    ring: tuple[tuple[float, float], ...]
    glow: float
    ring_pylon: tuple[float, float]
    #: Stray light that passes the optics as that of the scene does and that no calibration subtracts, before and since
    #: `STRAY_CHANGE`: everywhere, MSB; at the occulter's centre on top of it, MSB, with the distance, pixel, over which
    #: that fades by a factor e.
    veil: tuple[float, float]
    inner_veil: tuple[float, float]
    inner_scale: float
    #: Bright arc beside the occulter since `STRAY_CHANGE`: rate, DN / s; distance from the centre, and 1 sigma inwards
    #: and outwards, pixel; direction, counter-clockwise from +x, and its 1 sigma, degree.
    arc: tuple[float, float, float, float, float, float]


#: What frames hold around the occulter's centre and the scene does not explain, away from pylon and arc: pairs of
#: distance, pixel, and rate, DN / s (C2 of 2010-01-05; C3 of 2000, 2002, 2010 and 2012, which agree).
C2_RING = (
    (0.0, 4.1), (40.0, 4.2), (67.5, 4.5), (112.5, 6.9), (117.5, 8.1), (122.5, 10.7), (127.5, 14.5), (132.0, 18.3),
    (136.0, 26.1), (140.0, 36.0), (144.0, 52.1), (148.0, 79.8), (151.5, 116.3), (154.5, 168.3), (157.5, 244.3),
    (160.5, 339.7), (163.0, 417.0), (165.0, 441.5), (167.0, 418.3), (169.0, 348.7), (171.0, 241.9), (173.0, 148.8),
    (175.0, 112.1), (177.0, 122.3), (179.0, 122.0), (181.5, 80.3), (184.5, 60.2), (188.0, 50.4), (192.0, 36.3),
    (196.0, 24.9), (200.0, 19.3), (208.0, 12.4), (217.5, 7.2), (235.0, 3.2), (260.0, 0.0),
)  # fmt: skip
C3_RING = (
    (0.0, 4.1), (15.0, 4.5), (25.0, 4.7), (33.0, 5.3), (39.0, 5.7), (44.0, 6.9), (48.0, 8.3), (52.0, 11.1),
    (55.0, 16.1), (57.0, 23.8), (59.0, 40.0), (61.0, 69.4), (63.0, 137.3), (65.0, 261.2), (66.5, 334.0), (67.5, 338.3),
    (68.5, 274.0), (69.5, 190.3), (71.0, 118.0), (73.0, 94.0), (75.0, 70.0), (77.0, 60.0), (81.5, 58.0), (88.0, 60.0),
    (92.0, 56.0), (96.0, 46.0), (100.5, 32.0), (106.5, 15.0), (115.0, 0.0),
)  # fmt: skip
#: Day on which the stray light of C3 changed: diffuse light, but no star, is brighter in later frames.
STRAY_CHANGE = Time("2002-06-19")
#: The optics of the two cameras.
OPTICS = {
    "C2": Optics(
        pupil=209.0,
        occulter=358.0,
        obstruction=0.2,
        shadow=(130.0, 6.0),
        pylon_angle=223.3,
        pylon=70.0,
        pylon_pupil=206.4,
        pylon_obstruction=0.16,
        pylon_root=(173.0, 2.2, 0.79, 0.42),
        pylon_leak=0.06,
        barrel=685.0,
        barrel_pupil=188.0,
        stop=((-22.0, 10.5), 682.5, 37.0, 0.05),
        floor=1 / 50,
        ring_offset=(-0.5, 2.5),
        ring=C2_RING,
        glow=4.0,
        ring_pylon=(43.0, 43.0),
        veil=(0.0, 0.0),
        inner_veil=(0.0, 0.0),
        inner_scale=1.0,
        arc=(0.0, 0.0, 1.0, 1.0, 0.0, 1.0),
    ),
    "C3": Optics(
        pupil=61.4,
        occulter=119.5,
        obstruction=0.1,
        shadow=(66.0, 6.5),
        pylon_angle=225.67,
        pylon=58.2,
        pylon_pupil=48.8,
        pylon_obstruction=0.35,
        pylon_root=(89.0, 2.5, 0.72, 0.75),
        pylon_leak=0.02,
        barrel=597.1,
        barrel_pupil=97.7,
        stop=((1.8, 0.5), 558.4, 4.9, 0.037),
        floor=1e-4,
        ring_offset=(1.0, 1.3),
        ring=C3_RING,
        glow=4.0,
        ring_pylon=(35.0, 30.0),
        veil=(6.4e-12, 9.2e-12),
        inner_veil=(2.2e-10, 2.2e-10),
        inner_scale=74.0,
        arc=(125.0, 80.0, 5.0, 9.0, 110.0, 23.0),
    ),
}


def transmission_at(detector, time, x, y):
    """
    Fraction of the light that reaches raw positions, pixel, at a time, since the occulter's centre
    moved a little; 0 in its full shadow.
    """
    return _transmission(detector, occulter_centre(detector, time), x, y)


def _transmission(detector, centre, x, y):
    optics = OPTICS[detector]
    dx, dy = np.asarray(x, float) - centre[0], np.asarray(y, float) - centre[1]
    r = np.hypot(dx, dy)
    free = 1 - _over_the_pupil(lambda p: disk_covered(r / p, optics.occulter / p), optics.pupil, optics.obstruction)
    radius, pupil = optics.shadow
    free *= 1 - disk_covered(r / pupil, radius / pupil)
    free *= optics.pylon_leak + (1 - optics.pylon_leak) * _past_the_pylon(optics, dx, dy)
    free *= disk_beyond((r - optics.barrel) / optics.barrel_pupil)
    offset, radius, pupil, leak = optics.stop
    return free * (leak + (1 - leak) * disk_beyond((np.hypot(dx - offset[0], dy - offset[1]) - radius) / pupil))


def _beside_the_pylon(optics, dx, dy):
    """Distances along the pylon, which reaches outward in one direction only, and from its middle line."""
    angle = np.radians(optics.pylon_angle)
    return dx * np.cos(angle) + dy * np.sin(angle), np.abs(dy * np.cos(angle) - dx * np.sin(angle))


def _over_the_pupil(part, pupil, obstruction):
    """Part of a pupil with an obstructed middle, from that of a full one of any radius."""
    if not obstruction:
        return part(pupil)
    return (part(pupil) - obstruction**2 * part(obstruction * pupil)) / (1 - obstruction**2)


def _past_a_strip(across, half_width, pupil, obstruction=0.0):
    """Part of a pupil that a strip leaves free, at distances from its middle line."""
    return sum(
        _over_the_pupil(lambda p, sign=sign: disk_beyond((half_width + sign * across) / p), pupil, obstruction)
        for sign in (-1, 1)
    )


def _past_the_pylon(optics, dx, dy):
    """Part of the pupil that the pylon leaves free."""
    along, across = _beside_the_pylon(optics, dx, dy)
    place, sharpness, wider, blurrier = optics.pylon_root
    root = (np.maximum(along, 0) / place) ** sharpness
    root *= np.exp(1 - root)
    half_width, pupil = optics.pylon * (1 + (wider - 1) * root), optics.pylon_pupil * (1 + (blurrier - 1) * root)
    free = _past_a_strip(across, half_width, pupil, optics.pylon_obstruction)
    return 1 - _begun(along, place) * (1 - free)


def _begun(along, place):
    """Strength of the pylon, 0 to 1, along its length."""
    x = np.clip(along / place, 0, 1)
    return x * x * (3 - 2 * x)


def _at(function, detector, time, x, y):
    """
    Values of ``function`` at raw positions, pixel, at a time, because the occulter moved and the stray light changed.
    """
    return function(detector, occulter_centre(detector, time), x, y, bool(time >= STRAY_CHANGE))


def diffracted_at(detector, time, x, y):
    """
    Sunlight diffracted and scattered at the occulter at raw positions, pixel: rate with the usual
    filter, DN / s in a full-resolution pixel.
    """
    return _at(_diffracted, detector, time, x, y)


def _diffracted(detector, centre, x, y, late):
    optics = OPTICS[detector]
    dx, dy = np.asarray(x, float) - centre[0], np.asarray(y, float) - centre[1]
    r = np.hypot(dx - optics.ring_offset[0], dy - optics.ring_offset[1])
    radii, rates = zip(*optics.ring, strict=True)
    light = PchipInterpolator(radii, rates)(np.minimum(r, radii[-1]))
    along, across = _beside_the_pylon(optics, dx, dy)
    shade = 1 - _begun(along, optics.ring_pylon[0]) * (1 - _past_a_strip(across, *optics.ring_pylon))
    light = np.minimum(light, optics.glow) + np.maximum(light - optics.glow, 0) * shade
    if late:
        rate, radius, inner, outer, direction, width = optics.arc
        away = (np.degrees(np.arctan2(dy, dx)) - direction + 180) % 360 - 180
        light = light + rate * np.exp(
            -0.5 * ((r - radius) / np.where(r < radius, inner, outer)) ** 2 - 0.5 * (away / width) ** 2
        )
    return light


def veil_at(detector, time, x, y):
    """Stray light that passes the optics like that of the scene, at raw positions as for `diffracted_at`; MSB."""
    return _at(_veil, detector, time, x, y)


def _veil(detector, centre, x, y, late):
    optics = OPTICS[detector]
    r = np.hypot(np.asarray(x, float) - centre[0], np.asarray(y, float) - centre[1])
    return optics.veil[late] + optics.inner_veil[late] * np.exp(-r / optics.inner_scale)


@lru_cache(maxsize=12)
def _kept(function, detector, centre, shift, *options):
    y, x = np.mgrid[:FULL_FRAME, :FULL_FRAME]
    image = function(detector, centre, x + shift[0], y + shift[1], *options)
    image.flags.writeable = False
    return image


def transmission(detector, time, shift=(0.0, 0.0)):
    """`transmission_at` all pixels moved by ``shift`` (x, y), kept for the next exposure; (1024, 1024), read-only."""
    return _kept(_transmission, detector, occulter_centre(detector, time), shift)


def _on_grid(function, detector, time, shift):
    """`_at` all pixels moved by ``shift`` (x, y), kept for the next exposure; (1024, 1024), read-only."""
    return _kept(function, detector, occulter_centre(detector, time), shift, bool(time >= STRAY_CHANGE))


def diffracted(detector, time, shift=(0.0, 0.0)):
    """`diffracted_at` all pixels moved by ``shift`` (x, y); DN / s, (1024, 1024), read-only."""
    return _on_grid(_diffracted, detector, time, shift)


def veil(detector, time, shift=(0.0, 0.0)):
    """`veil_at` all pixels moved by ``shift`` (x, y); MSB, (1024, 1024), read-only."""
    return _on_grid(_veil, detector, time, shift)


def inverse_vignetting(free, detector):
    """The inverse of a transmission, with the upper limit of the official images: 50 for C2 and 10000 for C3."""
    return 1 / np.maximum(free, OPTICS[detector].floor)


@lru_cache(maxsize=2)
def stray_light(detector):
    """
    The stray light that the calibration subtracts from C3 Clear images, MSB, (1024, 1024), read-only;
    zero for C2 and in the corners of C3.
    """
    y, x = np.mgrid[:FULL_FRAME, :FULL_FRAME].astype(float)
    light = np.zeros((FULL_FRAME, FULL_FRAME))
    if detector == "C3":
        u, v = x / 512 - 1, y / 512 - 1
        (offset_x, offset_y), radius = OPTICS["C3"].stop[:2]
        x0, y0 = occulter_centre("C3", Time("1999-03-18"))
        inside = np.hypot(x - x0 - offset_x, y - y0 - offset_y) < radius + 6
        # A ramp towards the upper right, as the image of 1999-03-18 shows it.
        light[inside] = (1e-12 * (2.6 + 1.5 * u + 1.2 * v + 0.7 * u * v + 0.5 * u**2 + 0.4 * v**2))[inside]
    light.flags.writeable = False
    return light
