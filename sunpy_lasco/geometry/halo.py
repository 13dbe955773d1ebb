"""
SOHO's orbit about L1 in closed form, for times that no table covers.
"""

import numpy as np

from astropy.coordinates import get_body_barycentric
from astropy.time import Time

from sunpy_lasco.geometry.orbit import stonyhurst_place
from sunpy_lasco.instrument.constants import date_of, error_of, value_of

__all__ = ["halo_error", "halo_longitude", "halo_place"]

_BODIES = ("sun", "earth", "moon")
_AU_KM = 149_597_870.7
#: Half a step of a numerical derivative, d.
_STEP = 0.01


def _earth_moon(days):
    """Heliocentric barycentre of Earth and Moon, au, equatorial (ICRS); days in Julian days TDB, (n,), to (n, 3)."""
    time = Time(days, format="jd", scale="tdb")
    sun, earth, moon = (get_body_barycentric(name, time, "builtin").xyz.to_value("au").T for name in _BODIES)
    return earth + value_of("orbit.moon_fraction") * (moon - earth) - sun


def _ecliptic(vectors):
    """Equatorial vectors of J2000, (..., 3), in ecliptic axes of J2000."""
    tilt = np.radians(value_of("orbit.obliquity"))
    cosine, sine = np.cos(tilt), np.sin(tilt)
    x, y, z = np.moveaxis(vectors, -1, 0)
    return np.stack([x, cosine * y + sine * z, cosine * z - sine * y], axis=-1)


def _turning(day):
    """SOHO outwards, along the Earth's motion and north, in distances of the Earth, (..., 3); day TDB, (...)."""
    phase, anomaly = (
        2 * np.pi * (day - origin) / period
        for origin, period in (value_of("orbit.halo.phase"), value_of("orbit.halo.anomaly"))
    )
    one = np.ones_like(phase)
    waves = np.stack([one, *(wave(k * phase) for k in (1, 2, 3) for wave in (np.cos, np.sin))], axis=-1)
    annual = np.stack([one, np.cos(anomaly), np.sin(anomaly)], axis=-1)
    terms = (waves[..., :, None] * annual[..., None, :]).reshape(*np.shape(phase), -1)
    return terms @ np.array(value_of("orbit.halo.harmonics")) / _AU_KM + [value_of("orbit.l1_fraction"), 0.0, 0.0]


def halo_longitude(time):
    """
    Heliocentric ecliptic longitude of SOHO minus that of the Earth, degree, without an ephemeris: within 0.26
    either way, accurate to 0.005.
    """
    offset = _turning(np.asarray(time.tdb.jd))
    return np.rad2deg(np.arctan2(offset[..., 1], offset[..., 0]))[()]


def halo_heliocentric(day):
    """Heliocentric position of SOHO, au, ecliptic of J2000, (3,); day in Julian days TDB."""
    before, earth, after = _earth_moon(day + _STEP * np.arange(-1, 2))
    distance = np.linalg.norm(earth)
    outward = earth / distance
    north = np.cross(earth, after - before)
    north /= np.linalg.norm(north)
    return _ecliptic(distance * (_turning(day) @ np.stack([outward, np.cross(north, outward), north])))


def halo_place(time):
    """
    `~sunpy_lasco.geometry.orbit.Place` of SOHO by a form with 63 coefficients, at a time after
    1996-04-05.

    The halo about L1 is the sum of three harmonics of 177.85 days, each with a constant and an annual part,
    in the frame that rotates with the barycentre of Earth and Moon and scales with its distance. Fitted to
    the orbit that comes with the package.
    """
    time = Time(time)
    return stonyhurst_place(halo_heliocentric(float(time.tdb.jd)), time)


def halo_error(time):
    """Largest error of `halo_place` along each axis, km; it grows after 2026."""
    years = (float(time.tdb.jd) - date_of("orbit.halo.last").jd) / 365.25
    then = value_of("orbit.halo.error_then") + value_of("orbit.halo.error_growth") * years
    return max(error_of("orbit.halo.harmonics"), then)
