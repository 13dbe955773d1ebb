"""
Thomson scattering by electrons of the corona.
"""

from dataclasses import dataclass

import numpy as np
from scipy import constants

import astropy.units as u

from sunpy_lasco.errors import OptionError

__all__ = ["GRAMS_PER_ELECTRON", "ElectronBrightness", "electron_brightness"]

#: Mass of the corona per electron, with 10 % helium. One port uses the electron mass by mistake.
GRAMS_PER_ELECTRON = 1.974e-24 * u.g
#: Coefficient of the limb darkening in white light.
LIMB_DARKENING = 0.63
#: 3/16 of the Thomson cross section, cm2; and SolarSoft's value, 0.116 % larger (pi / 2 times 7.95e-26 cm2 sr-1).
SCATTERING = {
    "exact": 3.0 / 16.0 * constants.physical_constants["Thomson cross section"][0] * 1e4,
    "solarsoft": 1.24878e-25,
}


@dataclass(frozen=True)
class ElectronBrightness:
    """Brightness of one electron per cm2 along the line of sight."""

    #: Total brightness, MSB cm2.
    total: np.ndarray
    #: Polarised brightness, MSB cm2.
    polarised: np.ndarray


def electron_brightness(distance, angle=0.0, *, constant="exact"):
    """
    Brightness of an electron in the light of the Sun.

    Parameters
    ----------
    distance : `float` or `numpy.ndarray`
        Distance from the Sun centre, solar radii, above 1.
    angle : `float` or `numpy.ndarray`
        Angle from the plane of the sky, degree: 90 minus the scattering angle.
    constant : `str`
        ``"exact"``, or ``"solarsoft"`` for SolarSoft's value, which makes masses 0.116 % smaller.

    Returns
    -------
    `ElectronBrightness`
        In units of the mean brightness of the disk times cm2; NaN at distances below 1.

    Notes
    -----
    Van de Hulst's coefficients are used with a limb darkening of u = 0.63. They are divided by 1 - u/3, since
    brightness is relative to the mean of the disk, not to its centre. The SolarSoft routine is ``eltheory``.

    References
    ----------
    * van de Hulst 1950, Bulletin of the Astronomical Institutes of the Netherlands 11, 135
    * Billings 1966, A Guide to the Solar Corona
    """
    if constant not in SCATTERING:
        msg = f"constant={constant!r} is unknown; it is one of {', '.join(map(repr, SCATTERING))}."
        raise OptionError(msg)
    distance = np.asarray(distance, float)
    with np.errstate(invalid="ignore", divide="ignore"):
        s = np.where(distance > 1.0, 1.0 / distance, np.nan)
        square = s * s
        c = np.sqrt(1.0 - square)
        # log1p keeps precision far from the Sun.
        g = c * c * (np.log1p(s) - np.log(c)) / s
        a = c * square
        b = -(1.0 - 3.0 * square - g * (1.0 + 3.0 * square)) / 8.0
        d_c = (4.0 - c * (3.0 + c * c)) / 3.0
        d_d = (5.0 + square - g * (5.0 - square)) / 8.0
    scale = SCATTERING[constant] / (1.0 - LIMB_DARKENING / 3.0)
    tangential = scale * (d_c + LIMB_DARKENING * (d_d - d_c))
    polarised = scale * np.cos(np.deg2rad(angle)) ** 2 * (a + LIMB_DARKENING * (b - a))
    return ElectronBrightness(2.0 * tangential - polarised, polarised)
