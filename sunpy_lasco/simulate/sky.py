"""
Positions of Sun, stars and planets as seen from SOHO.

SOHO follows the orbit of the package, which this module reads with its own code; after its end, the closed
form of the halo orbit; before 1996, L1 itself. Aberration is not applied, since it moves the Sun and its
surroundings equally. For planets the light travel time is included.
"""

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from itertools import pairwise

import numpy as np

import astropy.units as u
from astropy.constants import c as speed_of_light
from astropy.coordinates import get_body_barycentric
from astropy.io import fits
from astropy.time import Time, TimeDelta

from sunpy_lasco.instrument.constants import date_of, value_of

__all__ = ["ECLIPTIC_ATTITUDE", "SolarSky", "attitude", "solar_sky", "wrapped"]

#: Radius of the Sun, km (IAU 2015 nominal value).
SOLAR_RADIUS_KM = 695700.0
#: Direction of the solar north pole, degree of right ascension and declination (IAU).
SOLAR_POLE = (286.13, 63.87)
#: Axes of the ecliptic of J2000 in the equatorial frame: towards the equinox, and north of it.
_TILT = np.radians(value_of("orbit.obliquity"))
ECLIPTIC = np.array([[1, 0, 0], [0, np.cos(_TILT), np.sin(_TILT)], [0, -np.sin(_TILT), np.cos(_TILT)]])
#: Iterations of the light travel time; each gains four digits.
LIGHT_ROUNDS = 3
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
        pole = ECLIPTIC[2]
        _, north, west = self.axes @ pole
        return np.arctan2(-west, north)

    def helioprojective(self, vectors):
        """
        Tx (positive to the west) and Ty of directions (ICRS, (..., 3), of any length), arcsec, and the
        cosine of the angle to the Sun.
        """
        unit = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
        toward, north, west = np.moveaxis(unit @ self.axes.T, -1, 0)
        return np.degrees(np.arctan2(west, toward)) * 3600, np.degrees(np.arcsin(north)) * 3600, toward

    def body(self, name):
        """
        Position of a planet, named as in `astropy.coordinates.get_body_barycentric`, when its light left it.

        Vector from SOHO, km, (3,); distances from the Sun and from SOHO, au; phase angle, radian.
        """
        left = self.time
        for _ in range(LIGHT_ROUNDS):
            seen = _barycentric(name, left) - self.observer
            left = self.time - TimeDelta(np.linalg.norm(seen) / speed_of_light.to_value(u.km / u.s), format="sec")
        solar = seen + self.observer - _barycentric("sun", left)
        far, near = np.linalg.norm(solar), np.linalg.norm(seen)
        phase = np.arccos(np.clip(seen @ solar / (far * near), -1, 1))
        au = u.au.to(u.km)
        return seen, far / au, near / au, phase


def _barycentric(body, time):
    return get_body_barycentric(body, time, ephemeris="builtin").xyz.to_value(u.km)


@lru_cache(maxsize=1)
def _orbit_table():
    """Days, positions and velocities (au, au / d, ecliptic) and arcs of the orbit that comes with the package."""
    path = resources.files("sunpy_lasco") / "assets" / "data" / "soho_orbit.fits"
    with path.open("rb") as stream:
        rows = fits.getdata(stream, 1)
        vectors = [np.stack([np.array(rows[f"{kind}{axis}"], float) for axis in "XYZ"], axis=-1) for kind in ("", "V")]
        return np.array(rows["JDTDB"], float), *vectors, np.array(rows["ARC"], int)


def _on_orbit(day):
    """Heliocentric SOHO by the table, au, ecliptic, (3,); None in its gap and after its end."""
    days, positions, velocities, arcs = _orbit_table()
    before = np.searchsorted(days, day, side="right") - 1
    if not 0 <= before < len(days) - 1 or arcs[before] != arcs[before + 1]:
        return None
    step = days[before + 1] - days[before]
    start, end = positions[before : before + 2]
    # The cubic of Bezier through the ends, whose handles are a third of the velocities.
    points = [start, start + velocities[before] * step / 3, end - velocities[before + 1] * step / 3, end]
    part = (day - days[before]) / step
    while len(points) > 1:
        points = [(1 - part) * one + part * other for one, other in pairwise(points)]
    return points[0]


def _on_halo(day):
    """Heliocentric SOHO by the halo in closed form, km, equatorial, (3,)."""

    def barycentre(day):
        time = Time(day, format="jd", scale="tdb")
        sun, earth, moon = (_barycentric(name, time) for name in ("sun", "earth", "moon"))
        moons = value_of("orbit.moon_fraction")
        return (1 - moons) * earth + moons * moon - sun

    here = barycentre(day)
    scale = np.linalg.norm(here)
    north = np.cross(here, barycentre(day + 0.01) - barycentre(day - 0.01))
    axes = [here / scale, np.cross(north, here), north]
    cycles = value_of("orbit.halo.phase"), value_of("orbit.halo.anomaly")
    phase, anomaly = (2 * np.pi * (day - origin) / period for origin, period in cycles)
    offset = np.zeros(3)
    for row, coefficients in enumerate(value_of("orbit.halo.harmonics")):
        harmonic, annual = (row // 3 + 1) // 2, (1.0, np.cos(anomaly), np.sin(anomaly))[row % 3]
        wave = np.cos if row // 3 % 2 or not harmonic else np.sin
        offset += np.array(coefficients) * wave(harmonic * phase) * annual
    away = sum(o * axis / np.linalg.norm(axis) for o, axis in zip(offset, axes, strict=True))
    return value_of("orbit.l1_fraction") * here + away * scale / u.au.to(u.km)


def _from_sun(time):
    """Heliocentric SOHO, km, equatorial, (3,)."""
    day = float(time.tdb.jd)
    found = _on_orbit(day)
    if found is not None:
        return ECLIPTIC.T @ found * u.au.to(u.km)
    if day > date_of("orbit.halo.begin").jd:
        return _on_halo(day)
    return value_of("orbit.l1_fraction") * (_barycentric("earth", time) - _barycentric("sun", time))


@lru_cache(maxsize=64)
def _solar_sky(mjd):
    time = Time(mjd, format="mjd", scale="utc")
    sun = _barycentric("sun", time)
    observer = sun + _from_sun(time)
    view = sun - observer
    distance = np.linalg.norm(view)
    toward = view / distance
    pole = direction(*SOLAR_POLE)
    north = pole - (pole @ toward) * toward
    north /= np.linalg.norm(north)
    return SolarSky(time, observer, np.stack([toward, north, np.cross(toward, north)]), distance)


def solar_sky(time):
    """The `SolarSky` of a time."""
    return _solar_sky(float(time.utc.mjd))


def attitude(time):
    """
    Roll of the spacecraft at a time, if it is not turned by 180 degrees, degree in (-180, 180].

    It has the sign of CROTA: the counter-clockwise rotation that brings solar north up.
    """
    # Ecliptic north up means that solar north lies ``ecliptic_north`` clockwise of up.
    roll = np.degrees(solar_sky(time).ecliptic_north) if time.utc.mjd >= ECLIPTIC_ATTITUDE else 0.0
    return wrapped(roll)


def wrapped(angle):
    """Bring an angle in degree into (-180, 180]."""
    return float(180.0 - (180.0 - angle) % 360.0)
