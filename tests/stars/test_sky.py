"""Positions of stars and planets relative to the Sun, compared with sunpy, and brightness of planets."""

import numpy as np
import pytest

import astropy.units as u
from astropy.coordinates import SkyCoord
from astropy.time import Time

from sunpy.coordinates import Helioprojective, get_body_heliographic_stonyhurst

from sunpy_lasco import stars
from sunpy_lasco.assets.observers import packaged_observer
from sunpy_lasco.stars.catalogue import catalogue_numbers
from sunpy_lasco.stars.sky import planet_magnitude, planets, star_plane, view_from


def sunpys_plane(coordinate, observer, time):
    """Position in the tangential plane, arcsec, by sunpy's frames."""
    seen = coordinate.transform_to(Helioprojective(observer=observer, obstime=time))
    tx, ty = seen.Tx.to_value(u.rad), seen.Ty.to_value(u.rad)
    return np.degrees(np.tan(tx)) * 3600, np.degrees(np.tan(ty) / np.cos(tx)) * 3600


@pytest.mark.parametrize("date", ["1997-05-06T03:00", "2010-01-05T00:18", "2024-11-30T12:00"])
def test_stars_are_where_sunpy_has_them(date):
    time = Time(date)
    observer = packaged_observer(time).coordinate
    table = stars.read_catalogue()[:3000]
    x, y, seen = star_plane(catalogue_numbers(table), view_from(observer, time))
    assert seen.sum() > 100
    table = table[seen]
    moved = SkyCoord(
        table["ra"], table["dec"], distance=np.full(len(table), 100) * u.pc, frame="icrs",
        pm_ra_cosdec=table["pm_ra"], pm_dec=table["pm_dec"], obstime=Time("J1991.25"),
    ).apply_space_motion(time)  # fmt: skip
    theirs = sunpys_plane(SkyCoord(moved.ra, moved.dec, distance=1e6 * u.pc), observer, time)
    parallax = table["parallax"].to_value(u.arcsec)
    assert (np.hypot(x[seen] - theirs[0], y[seen] - theirs[1]) < 0.005 + 1.1 * np.abs(parallax)).all()


def test_parallax_moves_a_near_star_away_from_the_sun():
    """A star seen beyond the Sun is 1 au nearer than from there: its angle shrinks or grows by plx sin(angle)."""
    time = Time("2010-01-05")
    observer = packaged_observer(time).coordinate
    view = view_from(observer, time)
    numbers = {"ra": np.array([284.0]), "dec": np.array([-20.0]), "pm_ra": np.zeros(1), "pm_dec": np.zeros(1)}
    far = star_plane(numbers | {"parallax": np.zeros(1)}, view)
    near = star_plane(numbers | {"parallax": np.full(1, 700.0)}, view)
    angle = np.hypot(far[0], far[1])[0] / 206265
    moved = np.hypot(*near[:2])[0] - np.hypot(*far[:2])[0]
    # Seen from the Sun's far side of the observer's place, it stands farther from the Sun by 0.7 arcsec sin(angle).
    assert abs(moved) == pytest.approx(0.7 * np.sin(angle) * np.linalg.norm(view.observer), rel=0.05)
    assert moved < 0


@pytest.mark.parametrize(("name", "date"), [("venus", "2010-01-05T00:06"), ("mercury", "2002-01-27T18:00")])
def test_planets_are_where_their_light_left_them(name, date):
    time = Time(date)
    observer = packaged_observer(time).coordinate
    names, x, y, _ = planets(view_from(observer, time))
    theirs = sunpys_plane(SkyCoord(get_body_heliographic_stonyhurst(name, time, observer=observer)), observer, time)
    index = names.index(name)
    assert np.hypot(x[index] - theirs[0], y[index] - theirs[1]) < 0.1


@pytest.mark.parametrize(
    ("name", "where", "expected"),
    [
        # At 1 au from Sun and observer and phase 0 the constant of the planet is left.
        ("venus", (1, 1, 0), -4.384),
        ("mercury", (1, 1, 0), -0.613),
        # Jupiter at a mean opposition: 5 log(5.2 x 4.2) = 6.696.
        ("jupiter", (5.2, 4.2, 0), -2.699),
        # Saturn with the rings edge on, and open by 26 degrees: 1.825 x 0.4384 + 0.378 x 0.4384 brighter.
        ("saturn", (1, 1, 0), -8.914),
        ("saturn", (1, 1, 0, 0.4384), -9.880),
        # Venus near inferior conjunction brightens again by its atmosphere.
        ("venus", (1, 1, 170), 236.05828 - 2.81914 * 170 + 8.39034e-3 * 170**2),
        ("mars", (1.5, 2.5, 10), -1.601 + 0.2267 - 0.01302 + 2.870),
    ],
)
def test_magnitudes_of_planets(name, where, expected):
    assert planet_magnitude(name, *where) == pytest.approx(expected, abs=0.002)


def test_the_sun_moves_a_degree_a_day_along_the_ecliptic():
    """The motion agrees with the change of the positions of stars in an hour."""
    time = Time("2005-03-01")
    view, later = (view_from(packaged_observer(when).coordinate, when) for when in (time, time + 1 * u.hour))
    numbers = catalogue_numbers(stars.read_catalogue()[:3000])
    before, after = star_plane(numbers, view), star_plane(numbers, later)
    near = np.hypot(before[0], before[1]) < 8000
    moved = np.nanmean(np.array(after[:2])[:, near] - np.array(before[:2])[:, near], axis=1) / 3600
    # The field moves the other way.
    np.testing.assert_allclose(-moved, view.motion(), rtol=0.06, atol=2e-3)
