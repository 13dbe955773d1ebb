"""
Where the Sun, the stars and the planets stand as seen from SOHO.

SOHO is taken to be at the inner Lagrange point: in the direction of the Earth
from the Sun and at 0.99 of its distance.  No aberration is applied: it moves the
Sun and what stands around it alike.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

import astropy.units as u
from astropy.coordinates import get_body_barycentric
from astropy.time import Time

__all__ = ["ECLIPTIC_ATTITUDE", "SolarSky", "attitude", "solar_sky", "wrapped"]

#: Distance from the Sun of the inner Lagrange point, in distances of the Earth.
L1_FRACTION = 0.99
#: Radius of the Sun, km (IAU 2015 nominal value).
SOLAR_RADIUS_KM = 695700.0
#: Direction of the solar north pole, degree of right ascension and declination (IAU).
SOLAR_POLE = (286.13, 63.87)
#: Obliquity of the ecliptic of J2000, degree.
OBLIQUITY = 23.4392911
#: Since this day (MJD) the spacecraft keeps ecliptic north up, before it solar north.
ECLIPTIC_ATTITUDE = 55499


def direction(longitude, latitude):
    """Unit vectors of spherical coordinates in degree, shape (..., 3)."""
    lon, lat = np.radians(longitude), np.radians(latitude)
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)


@dataclass(frozen=True)
class SolarSky:
    """
    The sky around the Sun at one instant.

    Made by `solar_sky`.
    """

    #: When.
    time: Time
    #: Position of SOHO (ICRS, barycentric), km.
    observer: np.ndarray
    #: Unit vectors (ICRS) towards the Sun's centre, projected solar north and west.
    axes: np.ndarray
    #: Distance of the Sun, km.
    distance: float

    @property
    def solar_radius(self):
        """Apparent radius of the Sun, radian."""
        return np.arcsin(SOLAR_RADIUS_KM / self.distance)

    @property
    def ecliptic_north(self):
        """Position angle of ecliptic north from solar north through east, radian."""
        pole = np.array([0.0, -np.sin(np.radians(OBLIQUITY)), np.cos(np.radians(OBLIQUITY))])
        _, north, west = self.axes @ pole
        return np.arctan2(-west, north)

    def helioprojective(self, vectors):
        """
        Helioprojective longitude and latitude of directions.

        Parameters
        ----------
        vectors : `numpy.ndarray`
            Directions (ICRS), shape (..., 3), of any length.

        Returns
        -------
        `tuple` of `numpy.ndarray`
            Tx (positive to the west) and Ty, arcsec, and the cosine of the angle to the Sun.
        """
        unit = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
        toward, north, west = np.moveaxis(unit @ self.axes.T, -1, 0)
        return np.degrees(np.arctan2(west, toward)) * 3600, np.degrees(np.arcsin(north)) * 3600, toward

    def body(self, name):
        """
        Direction and distances of a planet.

        Parameters
        ----------
        name : `str`
            As `astropy.coordinates.get_body_barycentric` knows it.

        Returns
        -------
        `tuple`
            Vector from SOHO, km (3,); distance from the Sun, au; distance from
            SOHO, au; phase angle, radian.
        """
        position = _barycentric(name, self.time)
        seen = position - self.observer
        solar = position - _barycentric("sun", self.time)
        far, near = np.linalg.norm(solar), np.linalg.norm(seen)
        phase = np.arccos(np.clip(seen @ solar / (far * near), -1, 1))
        au = u.au.to(u.km)
        return seen, far / au, near / au, phase


def _barycentric(body, time):
    return get_body_barycentric(body, time, ephemeris="builtin").xyz.to_value(u.km)


@lru_cache(maxsize=64)
def _solar_sky(mjd):
    time = Time(mjd, format="mjd", scale="utc")
    sun, earth = _barycentric("sun", time), _barycentric("earth", time)
    observer = sun + L1_FRACTION * (earth - sun)
    view = sun - observer
    distance = np.linalg.norm(view)
    toward = view / distance
    pole = direction(*SOLAR_POLE)
    north = pole - (pole @ toward) * toward
    north /= np.linalg.norm(north)
    return SolarSky(time, observer, np.stack([toward, north, np.cross(toward, north)]), distance)


def solar_sky(time):
    """
    The sky around the Sun.

    Parameters
    ----------
    time : `~astropy.time.Time`
        When.

    Returns
    -------
    `SolarSky`
    """
    return _solar_sky(float(time.utc.mjd))


def attitude(time):
    """
    Roll of the spacecraft when it is not turned by 180 degrees.

    Parameters
    ----------
    time : `~astropy.time.Time`
        When.

    Returns
    -------
    `float`
        Degree in (-180, 180], with the sign of CROTA: turning the image by it
        counter-clockwise brings solar north up.
    """
    # Ecliptic north up means that solar north lies ``ecliptic_north`` clockwise of up.
    roll = np.degrees(solar_sky(time).ecliptic_north) if time.utc.mjd >= ECLIPTIC_ATTITUDE else 0.0
    return wrapped(roll)


def wrapped(angle):
    """
    Bring an angle into (-180, 180].

    Parameters
    ----------
    angle : `float`
        Degree.

    Returns
    -------
    `float`
        Degree.
    """
    return float(180.0 - (180.0 - angle) % 360.0)
