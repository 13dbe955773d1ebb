"""
What a pointing is, and that of a spacecraft in its nominal attitude.
"""

import warnings
from dataclasses import dataclass

import erfa

from astropy.time import Time

from sunpy_lasco.instrument.cameras import CAMERAS
from sunpy_lasco.instrument.ephemeris import ecliptic_north_angle
from sunpy_lasco.instrument.halo import halo_longitude
from sunpy_lasco.instrument.positions import normalize_roll

__all__ = ["ECLIPTIC_NORTH_UP", "NOMINAL_ROLL_SIGMA", "Pointing", "ecliptic_attitude", "nominal_pointing"]

#: Since then SOHO keeps ecliptic instead of solar north up.
ECLIPTIC_NORTH_UP = Time("2010-10-30")
#: What the default Sun centre of a camera is called.
DEFAULT_CENTRE = "default of the camera"
#: 1 sigma of the nominal roll, degree.
NOMINAL_ROLL_SIGMA = 0.03
#: 1 sigma of the default Sun centre of a turned C2, pixel.
FLIPPED_C2_CENTRE_SIGMA = 1.0


@dataclass(frozen=True)
class Pointing:
    """Position of the Sun on the detector, and roll of the camera."""

    #: Sun centre (x, y), full-frame pixel of the detector orientation, counted from 0.
    centre: tuple[float, float]
    #: Rotating the image by this counter-clockwise brings solar north up; degree, in (-180, 180].
    roll: float
    #: Where the two numbers come from.
    centre_source: str
    roll_source: str
    #: 1 sigma, pixel along an axis and degree.
    centre_sigma: float
    roll_sigma: float
    #: What the user should be warned of; empty if nothing.
    note: str = ""
    #: ``"final"`` if fitted to stars, ``"interim"`` if from the attitude of the spacecraft.
    status: str = "interim"


def ecliptic_attitude(time):
    """
    Roll of a spacecraft that keeps ecliptic north up, as SOHO does since 2010-10-30.

    Parameters
    ----------
    time : `~astropy.time.Time`
        Time or times.

    Returns
    -------
    `float` or `numpy.ndarray`
        Degree: turning an image by it counter-clockwise brings solar north up.
    """
    return -ecliptic_north_angle(time, halo_longitude(time))


def nominal_pointing(frame, *, flipped=False):
    """
    Pointing of a spacecraft in its nominal attitude.

    Parameters
    ----------
    frame : `~sunpy_lasco.instrument.frame.Frame`
        With the attributes ``camera`` and ``start``.
    flipped : `bool`
        Whether the spacecraft is turned by 180 degrees.

    Returns
    -------
    `Pointing`
        Default Sun centre, and the roll offset of the camera added to the nominal roll of
        the spacecraft: 0 with solar north up until 2010-10-30, with ecliptic north
        up since.

    Notes
    -----
    SolarSoft ``get_sun_center`` and ``get_crota`` in the absence of tables.
    """
    camera = frame.camera
    roll, source = camera.roll_offset, "nominal, solar north up"
    if frame.start >= ECLIPTIC_NORTH_UP:
        with warnings.catch_warnings():
            # Of dates that are yet to come; whether a date can be is asked before a frame is calibrated.
            warnings.simplefilter("ignore", erfa.ErfaWarning)
            roll, source = roll + ecliptic_attitude(frame.start), "nominal, ecliptic north up"
    if flipped:
        roll, source = roll + 180.0, f"{source}, turned by 180 degrees"
    return Pointing(
        centre=camera.sun_centre,
        roll=float(normalize_roll(roll)),
        centre_source=DEFAULT_CENTRE,
        roll_source=source,
        centre_sigma=FLIPPED_C2_CENTRE_SIGMA if flipped and camera is CAMERAS["C2"] else camera.sun_centre_sigma,
        roll_sigma=NOMINAL_ROLL_SIGMA,
    )
