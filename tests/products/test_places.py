"""Heights and position angles of pixels, by hand and compared with sunpy, for WCS of several kinds."""

import numpy as np
import pytest

import astropy.units as u
from astropy.coordinates import SkyCoord

import sunpy_lasco
from sunpy_lasco import simulate
from sunpy_lasco.errors import OptionError
from sunpy_lasco.products.places import height_and_angle, in_sector, pair_of
from sunpy_lasco.products.polar import pixels_at


@pytest.mark.parametrize(
    ("crval", "height", "angle"),
    [((1000.0, 0.0), 1000 / 960.08, 270.0), ((-500.0, 0.0), 500 / 960.08, 90.0), ((0.0, 2000.0), 2000 / 960.08, 0.0)],
)
def test_reference_pixel_away_from_the_sun(make, crval, height, angle):
    """West, east and north of the Sun."""
    smap = make(crval1=crval[0], crval2=crval[1], crpix1=70.0, crpix2=60.0)
    heights, angles = height_and_angle(smap)
    assert heights[59, 69] == pytest.approx(height, rel=1e-9)
    assert (angles[59, 69] - angle + 180) % 360 - 180 == pytest.approx(0, abs=1e-6)


def by_sunpy(smap, rows, columns):
    there = smap.pixel_to_world(columns * u.pix, rows * u.pix)
    centre = SkyCoord(0 * u.arcsec, 0 * u.arcsec, frame=there.frame.replicate_without_data())
    # astropy's position angles run in the direction of increasing longitude, which is clockwise on the solar disk.
    return (centre.separation(there) / smap.rsun_obs).to_value(u.one), -centre.position_angle(there).deg % 360


def distorted():
    raw = simulate.observe("C3", date="2002-05-21T00:18", leb_sum=(4, 4), seed=1).level05
    return sunpy_lasco.calibrate(raw, assets="simulated", distortion="wcs")


@pytest.mark.parametrize("kind", ["of the Sun's centre", "of another place", "rolled", "distorted"])
def test_the_same_as_of_sunpy(make, kind):
    if kind == "distorted":
        smap = distorted()
        assert smap.wcs.sip is not None
    else:
        turn = {"pc1_1": 0.6, "pc1_2": -0.8, "pc2_1": 0.8, "pc2_2": 0.6} if kind != "of the Sun's centre" else {}
        away = {"crval1": 3000.0, "crval2": -1500.0} if kind == "of another place" else {}
        smap = make(**turn, **away)
    rows, columns = np.array([3, 20, 64, 100, 127]), np.array([120, 5, 70, 64, 127])
    height, angle = (values[rows, columns] for values in height_and_angle(smap))
    expected = by_sunpy(smap, rows, columns)
    np.testing.assert_allclose(height, expected[0], rtol=1e-7)
    np.testing.assert_allclose((angle - expected[1] + 180) % 360, 180, atol=1e-5)
    # And back.
    x, y = pixels_at(smap, height, angle)
    np.testing.assert_allclose(x, columns, atol=1e-3)
    np.testing.assert_allclose(y, rows, atol=1e-3)


def test_pairs_and_sectors():
    assert pair_of((1 * u.R_sun, 2 * u.R_sun), u.R_sun, "heights") == (1.0, 2.0)
    for value, told in (((1, 2), "such as"), ((np.nan, 2) * u.deg, "not finite"), ((1, 2, 3) * u.deg, "such as")):
        with pytest.raises(OptionError, match=f"sector=.*{told}"):
            pair_of(value, u.deg, "sector")
    angles = np.array([340.0, 355.0, 5.0, 20.0])
    assert in_sector(angles, (350, 10)).tolist() == [False, True, True, False]
    assert in_sector(angles, None).all()
    assert in_sector(angles, (0, 360)).all()
