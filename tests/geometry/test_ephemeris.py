"""The Sun, the ecliptic and L1."""

import numpy as np
import pytest

import astropy.units as u
from astropy.coordinates import SkyCoord
from astropy.time import Time

from sunpy.coordinates import Helioprojective, get_earth

from sunpy_lasco.geometry.ephemeris import (
    _solar_longitude,
    ecliptic_north_angle,
    idl_solar_radius,
    l1_error,
    l1_place,
)
from sunpy_lasco.geometry.pointing import ecliptic_attitude


# T21.
@pytest.mark.parametrize(
    ("mjd", "radius"),
    [(54890, 978.572590), (50083, 985.923821), (52415, 957.807910), (52940, 975.710348), (60310, 985.920222)],
)
def test_solar_radius_of_the_official_level_1(mjd, radius):
    assert idl_solar_radius(mjd) == pytest.approx(radius, abs=1e-6)


def test_solar_radius_is_that_of_the_day():
    assert idl_solar_radius(54890.99) == idl_solar_radius(54890)
    np.testing.assert_array_equal(idl_solar_radius([54890, 52415]), [idl_solar_radius(54890), idl_solar_radius(52415)])


def test_solar_radius_of_official_headers(test_data):
    """Each agrees to the digits of the headers, 6e-5 arcsec."""
    table = np.genfromtxt(
        test_data / "headers" / "level1_c2_official.csv", delimiter=",", names=True, dtype=None, encoding="utf-8"
    )
    days = Time([text.split()[0].replace("/", "-") for text in table["date_obs_original"]]).mjd
    np.testing.assert_allclose(idl_solar_radius(days), table["rsun_arcsec"], atol=1e-4)


def test_longitude_of_the_example_of_meeus():
    """Chapter 25, 1992-10-13: mean longitude 201.80720 and centre -1.89732, without nutation."""
    longitude = _solar_longitude((2448908.5 - 2451545.0) / 36525)
    assert longitude % 360 == pytest.approx(201.80720 - 1.89732 - 0.00569, abs=1.5e-5)


def test_ecliptic_north_by_another_way():
    """Directions in the sky: north of the ecliptic and of the Sun, as the Earth sees them."""
    for day in ("1998-03-01", "2010-12-12", "2012-08-31", "2025-08-26"):
        time = Time(day)
        frame = Helioprojective(observer=get_earth(time), obstime=time)
        sun = SkyCoord(0 * u.arcsec, 0 * u.arcsec, frame=frame)
        # A little north of the Sun in ecliptic coordinates of the Earth.
        centre = sun.transform_to("geocentrictrueecliptic")
        north = SkyCoord(
            centre.lon, centre.lat + 10 * u.arcmin, distance=centre.distance, frame=centre.frame
        ).transform_to(frame)
        angle = np.rad2deg(np.arctan2(north.Tx.to_value("arcsec"), north.Ty.to_value("arcsec")))
        assert ecliptic_north_angle(time) == pytest.approx(angle, abs=0.01), day


def test_ecliptic_north_of_many_times():
    times = Time(["2012-01-01", "2012-07-01"])
    angles = ecliptic_north_angle(times)
    assert angles.shape == (2,)
    assert np.abs(angles).max() < 7.26
    year = ecliptic_north_angle(Time("2012-01-01") + np.arange(366) * u.day)
    assert year.max() == pytest.approx(7.25, abs=0.01)
    assert year.min() == pytest.approx(-7.25, abs=0.01)


def test_official_rolls_follow_the_ecliptic(test_data):
    """RECTIFY is 180 plus the removed roll, which since 2010-10-30 is that of the ecliptic plus 0.5 degree of C2."""
    table = np.genfromtxt(
        test_data / "headers" / "level1_c2_official.csv", delimiter=",", names=True, dtype=None, encoding="utf-8"
    )
    times = Time([text.replace("/", "-") for text in table["date_obs_original"]])
    late = times > Time("2010-10-30")
    removed = table["rectify"][late] + table["crota"][late]
    expected = 0.5 + ecliptic_attitude(times[late])
    difference = (removed - expected + 90) % 180 - 90
    assert late.sum() > 5
    assert np.abs(difference).max() < 0.025


def test_rolls_in_headers_are_seen_from_soho(test_data):
    """
    Level-0.5 headers of 2011 to 2025 hold the attitude.

    With the position of the Earth they would be up to 0.030 degree off.
    """
    table = np.genfromtxt(
        test_data / "headers" / "level05_2011_2025.csv", delimiter=",", names=True, dtype=None, encoding="utf-8",
        usecols=("DATE_OBS", "TIME_OBS", "DETECTOR", "CROTA1"),
    )  # fmt: skip
    times = Time([f"{row['DATE_OBS'].replace('/', '-')}T{row['TIME_OBS']}" for row in table])
    late = times > Time("2010-11-08")
    offset = np.where(table["DETECTOR"] == "C2", 0.5, -0.23)
    seen, from_earth = (
        (table["CROTA1"] - offset - roll + 90) % 180 - 90
        for roll in (ecliptic_attitude(times), -ecliptic_north_angle(times))
    )
    assert late.sum() > 30
    assert np.abs(seen[late]).max() < 0.006
    assert np.abs(from_earth[late]).max() > 0.025


def test_l1():
    time = Time("2012-08-31T18:00:00")
    earth, soho = get_earth(time), l1_place(time).coordinate
    assert soho.obstime == time
    assert soho.lon == 0 * u.deg
    assert soho.lat == earth.lat
    assert (soho.radius / earth.radius).to_value("") == pytest.approx(0.99)
    assert l1_error(time).startswith("0.18 deg")
    assert "on its way" in l1_error(Time("1995-12-31"))
