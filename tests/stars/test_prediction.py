"""Predicted positions and fluxes, and the plot."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

import astropy.units as u
from astropy.coordinates import SkyCoord

import sunpy_lasco
from sunpy_lasco import simulate, stars
from sunpy_lasco.errors import OptionError


@pytest.fixture(scope="module")
def raw():
    return simulate.observe("C3", date="2010-01-05T00:18", seed=1).level05


def test_level_1_is_as_its_wcs_says(raw):
    level1 = sunpy_lasco.calibrate(raw, assets="simulated", inpaint=None, on_bad="ignore", geometry="stars")
    table = stars.predict(level1, limit=7)
    assert len(table) > 50
    sky = SkyCoord(table["Tx"], table["Ty"], frame=level1.coordinate_frame)
    x, y = level1.world_to_pixel(sky)
    np.testing.assert_allclose(table["x"].value, x.value, atol=1e-3)
    np.testing.assert_allclose(table["y"].value, y.value, atol=1e-3)
    # Level 0.5 has the same stars elsewhere, by the distortion; hidden ones are marked in both.
    before = stars.predict(raw, limit=7)
    assert set(before["name"]) >= set(table["name"][:10])
    assert (before["flags"] & stars.StarFlag.HIDDEN != 0).any()


def test_a_turned_map_is_followed(raw):
    level1 = sunpy_lasco.calibrate(raw, assets="simulated", inpaint=None, on_bad="ignore")
    turned = level1.rotate(20 * u.deg)
    names = dict(zip(stars.predict(level1, limit=5)["name"], stars.predict(level1, limit=5)["Tx"], strict=True))
    table = stars.predict(turned, limit=5)
    shared = [name for name in table["name"] if name in names]
    assert len(shared) > 3
    sky = SkyCoord(table["Tx"], table["Ty"], frame=turned.coordinate_frame)
    np.testing.assert_allclose(table["x"].value, turned.world_to_pixel(sky).x.value, atol=1e-3)


def test_planets_are_there():
    """Venus and Mercury on 2010-01-05, and Jupiter."""
    smap = simulate.observe("C3", date="2010-01-05T00:18", noise=False).level05
    table = stars.predict(smap)
    venus = table[table["name"] == "Venus"]
    assert len(venus) == 1
    assert venus["flags"][0] & stars.StarFlag.PLANET
    assert -4.1 < venus["magnitude"].value[0] < -3.8


def test_flux(raw):
    """A star of V = 5 and solar colour is 5.72e-7 MSB arcsec2: over 56 arcsec squared 1.824e-10 MSB pixel."""
    grey = stars.read_catalogue()
    grey["bv"] = 0.653 * u.mag
    grey["magnitude"] = 5 * u.mag
    for options in ({}, {"distortion": "wcs"}, {"distortion": None}):
        level1 = sunpy_lasco.calibrate(raw, assets="simulated", inpaint=None, on_bad="ignore", **options)
        flux = stars.predict(level1, catalogue=grey)
        star = flux[flux["hip"] > 0]
        assert star["flux"].unit == sunpy_lasco.MSB * u.pix
        np.testing.assert_allclose(star["flux"].value, 1.824e-10, rtol=2e-3)
    counts = stars.predict(raw, catalogue=grey)
    rate = counts["flux"][counts["hip"] > 0][0].to_value(u.DN * u.pix) / raw.exposure_time.to_value(u.s)
    frame = sunpy_lasco.instrument.frame.Frame.from_header(raw.meta, raw.data.shape)
    assert rate * sunpy_lasco.instrument.photometry.frame_factor(frame) == pytest.approx(1.824e-10, rel=2e-3)
    red = grey.copy()
    red["bv"] = 1.653 * u.mag
    ratio = stars.predict(raw, catalogue=red)["flux"][5] / counts["flux"][5]
    assert ratio.value == pytest.approx(np.exp(0.4), rel=1e-5)


def test_difference_maps_have_no_flux(raw):
    level1 = sunpy_lasco.calibrate(raw, assets="simulated", inpaint=None, on_bad="ignore")
    assert np.isnan(stars.predict(level1 - level1)["flux"].value).all()


def test_plot(raw):
    table = stars.predict(raw, limit=6)
    axes = stars.plot(raw, table)
    shown = axes.collections[-1].get_offsets()
    assert len(shown) == np.sum(table["flags"] & stars.StarFlag.HIDDEN == 0)
    assert axes.get_xlim() == (-0.5, 1023.5)
    plt.close("all")
    with pytest.raises(OptionError, match="not a magnitude"):
        stars.predict(raw, limit=np.inf)
