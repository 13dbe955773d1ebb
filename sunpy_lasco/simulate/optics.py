"""
Light that reaches the detector: occulter, pylon, field stop, stray light.

A point of the sky illuminates a small disk, the lens's pupil, on whatever
stands in the way.  How much of that disk remains free gives the transmission, so
that occulter, pylon and lens barrel all follow from the overlap of simple
figures.  The lengths are in pixels of the detector and were chosen such that the
result resembles the real cameras; pixel positions are raw ones.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

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
]


@dataclass(frozen=True)
class Optics:
    """Figures that obstruct or scatter light, lengths in pixel."""

    #: Radius of the pupil's image on the occulter, and radius of the occulter there.
    pupil: float
    occulter: float
    #: Direction of the pylon, counter-clockwise from +x, degree; half width of the
    #: pylon and radius of the pupil's image on it.
    pylon_angle: float
    pylon: float
    pylon_pupil: float
    #: Barrel: radius, radius of the pupil's image on it.
    barrel: float
    barrel_pupil: float
    #: Field stop: offset of its centre from the occulter's, radius, radius of the pupil's image on
    #: it, and what comes through beyond it.
    stop: tuple[tuple[float, float], float, float, float]
    #: Least transmission that the official inverse vignetting knows.
    floor: float
    #: Diffraction at the occulter: rate at the ring, DN / s; radius; 1 sigma inside and outside.
    ring: tuple[float, float, float, float]
    #: Light scattered into the shadow of the occulter: rate everywhere and at the edge, DN / s;
    #: radius of the edge; scale of the fall inwards.
    glow: tuple[float, float, float, float]


#: The optics of the two cameras.
OPTICS = {
    "C2": Optics(
        pupil=222.4,
        occulter=356.8,
        pylon_angle=222.2,
        pylon=81.8,
        pylon_pupil=219.2,
        barrel=683.1,
        barrel_pupil=182.2,
        stop=((-22.0, 10.5), 682.5, 37.0, 0.05),
        floor=1 / 50,
        ring=(360.0, 167.0, 7.0, 4.5),
        glow=(4.0, 110.0, 167.0, 18.0),
    ),
    "C3": Optics(
        pupil=64.0,
        occulter=119.0,
        pylon_angle=225.0,
        pylon=57.0,
        pylon_pupil=50.0,
        barrel=590.0,
        barrel_pupil=90.0,
        stop=((1.8, 0.5), 558.6, 4.5, 0.03),
        floor=1e-4,
        ring=(220.0, 66.5, 3.0, 3.5),
        glow=(4.5, 40.0, 66.5, 8.0),
    ),
}


def transmission_at(detector, time, x, y):
    """
    Fraction of the light that reaches raw positions.

    Parameters
    ----------
    detector : `str`
        ``"C2"`` or ``"C3"``.
    time : `~astropy.time.Time`
        When: the occulter's centre moved a little.
    x, y : `numpy.ndarray`
        Raw positions, pixel.

    Returns
    -------
    `numpy.ndarray`
        0 in the full shadow of the occulter.
    """
    return _transmission(detector, occulter_centre(detector, time), x, y)


def _transmission(detector, centre, x, y):
    optics = OPTICS[detector]
    dx, dy = np.asarray(x, float) - centre[0], np.asarray(y, float) - centre[1]
    r = np.hypot(dx, dy)
    free = 1 - disk_covered(r / optics.pupil, optics.occulter / optics.pupil)
    # The pylon reaches from the centre outward in one direction only.
    angle = np.radians(optics.pylon_angle)
    along = dx * np.cos(angle) + dy * np.sin(angle)
    across = np.where(along > 0, np.abs(dy * np.cos(angle) - dx * np.sin(angle)), r)
    free *= sum(disk_beyond((optics.pylon + sign * across) / optics.pylon_pupil) for sign in (-1, 1))
    free *= disk_beyond((r - optics.barrel) / optics.barrel_pupil)
    offset, radius, pupil, leak = optics.stop
    return free * (leak + (1 - leak) * disk_beyond((np.hypot(dx - offset[0], dy - offset[1]) - radius) / pupil))


def diffracted_at(detector, time, x, y):
    """
    Sunlight diffracted and scattered at the occulter.

    Parameters
    ----------
    detector : `str`
        ``"C2"`` or ``"C3"``.
    time : `~astropy.time.Time`
        When.
    x, y : `numpy.ndarray`
        Raw positions, pixel.

    Returns
    -------
    `numpy.ndarray`
        Rate with the usual filter, DN / s in a full-resolution pixel.
    """
    return _diffracted(detector, occulter_centre(detector, time), x, y)


def _diffracted(detector, centre, x, y):
    rate, radius, inner, outer = OPTICS[detector].ring
    base, glow, edge, scale = OPTICS[detector].glow
    r = np.hypot(np.asarray(x, float) - centre[0], np.asarray(y, float) - centre[1])
    ring = rate * np.exp(-0.5 * ((r - radius) / np.where(r < radius, inner, outer)) ** 2)
    fall = np.exp(-(edge - np.minimum(r, edge)) / scale)
    return ring + (base + glow * fall) * np.exp(-0.5 * (np.maximum(r - edge, 0) / outer) ** 2)


@lru_cache(maxsize=8)
def _on_grid(function, detector, centre, shift):
    y, x = np.mgrid[:FULL_FRAME, :FULL_FRAME]
    image = function(detector, centre, x + shift[0], y + shift[1])
    image.flags.writeable = False
    return image


def transmission(detector, time, shift=(0.0, 0.0)):
    """
    `transmission_at` all pixels, kept for the next exposure.

    Parameters
    ----------
    detector, time
        As for `transmission_at`.
    shift : `tuple` of `float`
        Added to the positions (x, y), pixel.

    Returns
    -------
    `numpy.ndarray`
        Shape (1024, 1024), read-only.
    """
    return _on_grid(_transmission, detector, occulter_centre(detector, time), shift)


def diffracted(detector, time, shift=(0.0, 0.0)):
    """
    `diffracted_at` all pixels, kept for the next exposure.

    Parameters
    ----------
    detector, time, shift
        As for `transmission`.

    Returns
    -------
    `numpy.ndarray`
        DN / s, shape (1024, 1024), read-only.
    """
    return _on_grid(_diffracted, detector, occulter_centre(detector, time), shift)


def inverse_vignetting(free, detector):
    """
    The inverse of the transmission, with the upper limit of the official images.

    Parameters
    ----------
    free : `numpy.ndarray`
        Transmission.
    detector : `str`
        ``"C2"`` or ``"C3"``.

    Returns
    -------
    `numpy.ndarray`
        50 at most for C2 and 10000 for C3.
    """
    return 1 / np.maximum(free, OPTICS[detector].floor)


@lru_cache(maxsize=2)
def stray_light(detector):
    """
    The stray light that the calibration subtracts from C3 Clear images.

    Parameters
    ----------
    detector : `str`
        ``"C2"`` or ``"C3"``.

    Returns
    -------
    `numpy.ndarray`
        MSB, shape (1024, 1024), read-only; zero for C2 and in the corners of C3.
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
