"""SOHO's position between the rows of a table: circles, for which the truth is known."""

import numpy as np
import pytest

import astropy.units as u
from astropy.coordinates import HeliocentricEclipticIAU76
from astropy.time import Time

from sunpy_lasco.instrument.orbit import Orbit

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
    orbit = Orbit(days, position, velocity if with_velocity else None, "circle", "none")
    found = errors(orbit, START + np.linspace(1, 58, 12) + 0.27)
    assert found.max() < most
    # The interpolation is what is tested, not the table.
    assert found.max() > 1e-4


def test_gaps_are_not_covered():
    days = START + np.array([0.0, 1, 2, 10, 11])
    orbit = Orbit(days, truth(days)[0], None, "circle", "none")
    covered = [orbit.covers(Time(START + day, format="jd", scale="tdb")) for day in (-1, 0, 1.5, 5, 10.5, 11, 12)]
    assert covered == [False, True, True, False, True, True, False]


def test_roll():
    days = START + np.arange(5)
    rolls = np.array([179.9, -179.9, -179.8, 0.1, np.nan])
    orbit = Orbit(days, truth(days)[0], None, "circle", "none", rolls)

    def at(day):
        return orbit.roll(Time(START + day, format="jd", scale="tdb"))

    assert abs(at(0.5)) == pytest.approx(180)
    assert at(1.5) == pytest.approx(-179.85)
    assert at(2.5) is None
    assert at(3.5) is None
    assert at(9) is None
    assert Orbit(days, truth(days)[0], None, "circle", "none").roll(Time(START + 1, format="jd", scale="tdb")) is None


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
        Orbit(days, truth(days)[0] * stretch, None, "circle", "none")
