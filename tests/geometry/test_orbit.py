"""SOHO's position between the rows of a table, tested on circular orbits with a known position."""

import numpy as np
import pytest

import astropy.units as u
from astropy.coordinates import HeliocentricEclipticIAU76, SkyCoord
from astropy.time import Time

from sunpy.coordinates import HeliographicStonyhurst

from sunpy_lasco.geometry.orbit import Orbit, error_text, stonyhurst_place

START = Time("2003-01-01", scale="tdb").jd
#: Angular velocity of a circle of 0.99 au in a year, and of the halo, rad / day.
YEAR, HALO = 2 * np.pi / 365.25, 2 * np.pi / 178
#: Amplitude of the halo, au.
WIDTH = 667_000 / 149_597_870.7


def truth(days):
    """Position and velocity, au and au / day."""
    a, b = YEAR * (days - START), HALO * (days - START)
    position = np.stack([0.99 * np.cos(a), 0.99 * np.sin(a), WIDTH * np.sin(b)], axis=-1)
    velocity = np.stack([-0.99 * YEAR * np.sin(a), 0.99 * YEAR * np.cos(a), WIDTH * HALO * np.cos(b)], axis=-1)
    return position, velocity


def errors(orbit, days):
    """Distances from the truth, km."""
    found = []
    for day in days:
        time = Time(day, format="jd", scale="tdb")
        found.append(orbit.position(time).transform_to(HeliocentricEclipticIAU76(obstime=time)).cartesian.xyz)
    return np.linalg.norm(u.Quantity(found).to_value(u.km) - truth(days)[0] * u.au.to(u.km), axis=1)


@pytest.mark.parametrize(("with_velocity", "most"), [(True, 0.1), (False, 1.0)])
def test_error_of_daily_rows(with_velocity, most):
    days = START + np.arange(60)
    position, velocity = truth(days)
    orbit = Orbit(days, position, velocity if with_velocity else None, "circle", 0.0)
    found = errors(orbit, START + np.linspace(1, 58, 12) + 0.27)
    assert found.max() < most
    # The interpolation is what is tested, not the table.
    assert found.max() > 1e-4


@pytest.mark.parametrize("with_velocity", [True, False])
def test_rows_are_returned_as_they_are(with_velocity):
    """This includes the last instant, which lies between the last two rows."""
    days = START + np.arange(60)
    position, velocity = truth(days)
    orbit = Orbit(days, position, velocity if with_velocity else None, "circle", 0.0)
    assert errors(orbit, days[[1, 3, -2, -1]]).max() < 1e-4


def test_gaps_are_not_covered():
    days = START + np.array([0.0, 1, 2, 10, 11])
    orbit = Orbit(days, truth(days)[0], None, "circle", 0.0)
    covered = [orbit.covers(Time(START + day, format="jd", scale="tdb")) for day in (-1, 0, 1.5, 5, 10.5, 11, 12)]
    assert covered == [False, True, True, False, True, True, False]


def test_arcs_are_not_bridged():
    """Two separate arcs, two adjacent arcs, and an arc of a single row."""
    days = START + np.array([0.0, 1, 2, 3, 4, 5, 5, 6, 7, 8, 9])
    arcs = np.array([0, 0, 0, 0, 1, 1, 2, 2, 2, 2, 3])
    position, velocity = truth(days)
    for velocities, expected in (
        (velocity, [True, True, False, True, True, True, True, True, False, False]),
        # Four rows at least are needed without velocities.
        (None, [True, True, False, False, False, True, True, True, False, False]),
    ):
        orbit = Orbit(days, position, velocities, "circle", 1.0, arcs=arcs)
        times = [Time(START + day, format="jd", scale="tdb") for day in (0, 3, 3.5, 4, 4.5, 5, 6.5, 8, 8.5, 9)]
        assert [orbit.covers(time) for time in times] == expected
        with pytest.raises(ValueError, match="circle covers no time near 2003-01-04"):
            orbit.position(times[2])
    # Where one arc ends and the next begins the next counts.
    moved = position + np.array([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0])[:, None] * [0, 0, 1e-3]
    orbit = Orbit(days, moved, velocity, "circle", 1.0, arcs=arcs)
    found = orbit.position(times[5]).transform_to(HeliocentricEclipticIAU76(obstime=times[5])).cartesian.xyz
    np.testing.assert_allclose(found.to_value(u.au), moved[6], atol=1e-12)
    # Nothing of the other arc enters the interpolation.
    apart = position + (arcs == 2)[:, None] * [0, 0, 1e-3]
    cubic = Orbit(days, apart, None, "circle", 1.0, arcs=arcs)
    time = Time(START + 5.5, format="jd", scale="tdb")
    found = cubic.position(time).transform_to(HeliocentricEclipticIAU76(obstime=time)).cartesian.xyz.to_value(u.au)
    assert np.linalg.norm(found - truth(START + 5.5)[0] - [0, 0, 1e-3]) * u.au.to(u.km) < 2


def test_rows_five_days_apart_need_velocities():
    days = START + 5.0 * np.arange(8)
    position, velocity = truth(days)
    middle = START + np.array([7.5, 12.5, 17.5])
    found = errors(Orbit(days, position, velocity, "circle", 1.0), middle)
    assert 5 < found.max() < 25
    assert not Orbit(days, position, None, "circle", 1.0).covers(Time(START + 7.5, format="jd", scale="tdb"))


def test_error_by_time():
    days = START + np.arange(5)
    position, velocity = truth(days)
    orbit = Orbit(days, position, velocity, "circle", np.array([10.0, 20, 30, 40, 50]))
    at = [orbit.error(Time(START + day, format="jd", scale="tdb")) for day in (0.5, 1, 2.9, 4)]
    assert at == [10, 20, 30, 40]
    with pytest.raises(ValueError, match="covers no time"):
        orbit.error(Time(START + 4.1, format="jd", scale="tdb"))
    assert Orbit(days, position, velocity, "circle", 7.0).error(Time(START, format="jd", scale="tdb")) == 7
    for errors_km in (-1.0, np.array([1, 2, np.nan, 4, 5])):
        with pytest.raises(ValueError, match="negative or missing"):
            Orbit(days, position, velocity, "circle", errors_km)


def test_what_the_header_says_of_an_error():
    # 2585 km at 148,101,892 km are a thousandth of a degree.
    assert error_text(2585) == "at most 2585 km along each axis (0.001 deg)"
    assert len(error_text(50_000)) < 68


def test_roll():
    days = START + np.arange(5)
    rolls = np.array([179.9, -179.9, -179.8, 0.1, np.nan])
    orbit = Orbit(days, truth(days)[0], None, "circle", 0.0, rolls)

    def at(day):
        return orbit.roll(Time(START + day, format="jd", scale="tdb"))

    assert abs(at(0.5)) == pytest.approx(180)
    assert at(1.5) == pytest.approx(-179.85)
    assert at(2.5) is None
    assert at(3.5) is None
    assert at(9) is None
    assert Orbit(days, truth(days)[0], None, "circle", 0.0).roll(Time(START + 1, format="jd", scale="tdb")) is None


@pytest.mark.parametrize(
    ("days", "stretch", "message"),
    [
        ([0, 1], 1.5, "au from the Sun"),
        ([1, 0], 1, "not in order"),
        ([0, 0], 1, "not in order"),
        ([0], 1, "fewer than"),
    ],
)
def test_tables_that_cannot_be_right(days, stretch, message):
    days = START + np.array(days, dtype=float)
    with pytest.raises(ValueError, match=message):
        Orbit(days, truth(days)[0] * stretch, None, "circle", 0.0)


@pytest.mark.parametrize("date", ["1996-05-01", "2003-06-15T12:34:56", "2012-08-31T00:06:07", "2026-01-01"])
def test_stonyhurst_coordinates_are_those_of_sunpy(date):
    """The whole chain of transformations, from ecliptic to Stonyhurst coordinates."""
    time, rng = Time(date), np.random.default_rng(3)
    for position in rng.normal(size=(5, 3)):
        position /= np.linalg.norm(position) / rng.uniform(0.97, 1.01)
        frame = HeliocentricEclipticIAU76(obstime=time)
        there = SkyCoord(*(position * u.au), representation_type="cartesian", frame=frame)
        known = there.transform_to(HeliographicStonyhurst(obstime=time))
        found = stonyhurst_place(position, time).coordinate
        assert found.separation(known).to_value(u.deg) < 1e-9
        assert abs((found.radius - known.radius).to_value(u.au)) < 1e-12


@pytest.mark.parametrize(("rows", "covered"), [(3, False), (4, True), (5, True)])
def test_without_velocities_four_rows_are_needed(rows, covered):
    """The cubic has four coefficients; between all of the rows it is used, also the first two."""
    days = START + np.arange(rows)
    orbit = Orbit(days, truth(days)[0], None, "circle", 0.0)
    times = START + np.arange(rows - 1) + 0.5
    assert [orbit.covers(Time(day, format="jd", scale="tdb")) for day in times] == [covered] * (rows - 1)
    if covered:
        # The terms of fourth order that a cubic omits, in days: 0.99 au (2 pi / 365.25)**4 / 24 * 0.94 is 0.5 km.
        assert errors(orbit, times).max() < 2.0


def test_times_may_be_texts():
    days = START + np.arange(5)
    orbit = Orbit(days, *truth(days), "circle", np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
    there, same = orbit.place("2003-01-03T06:00"), orbit.place(Time("2003-01-03T06:00"))
    assert (there.longitude, there.latitude, there.distance) == (same.longitude, same.latitude, same.distance)
    # The third interval.
    assert orbit.error("2003-01-03T06:00") == 3.0
    with pytest.raises(ValueError, match="covers no time near 2003-02-03"):
        orbit.error("2003-02-03")


def test_a_roll_that_changes_by_more_than_five_degrees_is_a_turn():
    days = START + np.arange(5)
    orbit = Orbit(days, *truth(days), "circle", 0.0, np.array([0.0, 4.9, 10.0, 5.2, 0.1]))
    found = [orbit.roll(Time(day + 0.5, format="jd", scale="tdb")) for day in days[:-1]]
    assert found == [pytest.approx(2.45, abs=1e-6), None, pytest.approx(7.6, abs=1e-6), None]
