"""
Positions of the Sun, the ecliptic and SOHO, as accurate as the images require.

The series are those of SolarSoft, or short ones by Meeus that are accurate to 0.01 degree. They take
microseconds, while a full ephemeris takes milliseconds for every image.
"""

from functools import lru_cache

import numpy as np

import astropy.units as u
from astropy.time import Time

from sunpy.coordinates import get_earth

from sunpy_lasco.geometry.orbit import Place
from sunpy_lasco.instrument.constants import date_of, value_of

__all__ = ["ecliptic_north_angle", "idl_solar_radius", "l1_error", "l1_place"]

#: What the 1-sigma error of `l1_place` is, for headers.  SOHO moves about L1 on a
#: halo orbit with amplitudes of 206,000 km (along the line to the Sun), 667,000 km
#: and 120,000 km; 1 sigma is the amplitude over the square root of 2.
L1_POSITION_ERROR = "0.18 deg in longitude, 0.03 deg in latitude, 0.1 % in distance"
#: The same before SOHO, launched on 1995-12-02, was at L1.
L1_CRUISE_ERROR = "SOHO was on its way to L1: up to 0.3 deg, 1 % in distance"

#: Modified Julian day of 2000-01-01 0 h, from which the series of the radius counts.
EPOCH_MJD = 51544


def idl_solar_radius(mjd):
    """
    Apparent radius of the Sun, arcsec, as in the card RSUN of official level 1, seen from 0.99 of the Earth's
    distance.

    ``mjd`` is the day of the *original*, uncorrected DATE-OBS. SolarSoft (``solar_ephem`` with the keyword
    ``SOHO``) computes the radius for 0 h of that day. The value is 0.055 % larger than the angular size of a
    radius of 695,700 km.
    """
    days = np.floor(mjd) - EPOCH_MJD
    anomaly = np.deg2rad(357.528 + 0.9856003 * days)
    distance = (1.00014 - 0.01672 * np.cos(anomaly) - 0.00014 * np.cos(2 * anomaly)) * value_of("orbit.l1_fraction")
    return value_of("sun.radius_at_1_au") * 3600 / distance


def _solar_longitude(centuries):
    """Apparent longitude of the Sun, degree, from Julian centuries since J2000 (Meeus, chapter 25)."""
    mean_longitude = 280.46646 + 36000.76983 * centuries + 0.0003032 * centuries**2
    anomaly = np.deg2rad(357.52911 + 35999.05029 * centuries - 0.0001537 * centuries**2)
    centre = (
        (1.914602 - 0.004817 * centuries - 0.000014 * centuries**2) * np.sin(anomaly)
        + (0.019993 - 0.000101 * centuries) * np.sin(2 * anomaly)
        + 0.000289 * np.sin(3 * anomaly)
    )
    aberration = 0.00569
    return mean_longitude + centre - aberration


def ecliptic_north_angle(time, ahead=0.0):
    """
    Angle from ecliptic north to solar north, degree, as seen from the Earth or from SOHO; accurate to 0.005.

    It is within 7.25 either way, positive where solar north lies to the east (counter-clockwise) of ecliptic
    north. ``ahead`` is the ecliptic longitude of the observer minus that of the Earth, degree; for SOHO, see
    `~sunpy_lasco.geometry.halo.halo_longitude`. It changes the angle by up to 0.03 degree.

    In Meeus, *Astronomical Algorithms*, chapter 29, the position angle of the Sun's axis is the sum of two
    angles, of which this is the second. Since 2010-10-30 SOHO keeps ecliptic north up. The roll of an image
    is then minus this angle, plus the offset of the camera, plus 180 degrees in every other season. Level-0.5
    headers of 2011 to 2025 agree with this to 0.003 degree, and official level-1 headers of C2 to 0.02.
    """
    centuries = (np.asarray(time.tt.jd) - 2451545.0) / 36525
    # Longitude of the ascending node of the solar equator, counted from the equinox of date.
    value, rate, origin = value_of("sun.node")
    node = value + rate * (np.asarray(time.tt.jd) - origin) / 36525
    from_node = np.deg2rad(_solar_longitude(centuries) + ahead - node)
    return np.rad2deg(np.arctan(-np.cos(from_node) * np.tan(np.deg2rad(value_of("sun.inclination")))))[()]


@lru_cache(maxsize=256)
def _l1_numbers(isot):
    """
    Longitude (degree), latitude (degree) and distance (m) of L1; cached, since it is needed repeatedly for
    the same header.
    """
    earth = get_earth(Time(isot, format="isot", scale="utc"))
    return 0.0, float(earth.lat.to_value(u.deg)), float(value_of("orbit.l1_fraction") * earth.radius.to_value(u.m))


def l1_place(time):
    """
    Approximate `~sunpy_lasco.geometry.orbit.Place` of SOHO: on the line from the Sun to the Earth, at L1,
    0.99 of its distance.

    `l1_error` gives the error. Distant objects (comets, planets, stars against the corona) shift by up to 15
    arcmin between this and the true position.
    """
    time = Time(time)
    return Place(*_l1_numbers(time.utc.isot), time)


def l1_error(time):
    """What the card OBSERR says of `l1_place`: once SOHO was there 1 sigma, before the largest error."""
    return L1_CRUISE_ERROR if Time(time) < date_of("orbit.halo.begin") else L1_POSITION_ERROR
