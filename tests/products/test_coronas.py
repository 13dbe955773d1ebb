"""F corona, K corona, and their separation by a roll."""

import numpy as np
import pytest

from astropy.time import Time

import sunpy_lasco
from sunpy_lasco import products, simulate
from sunpy_lasco.errors import IncompatibleMapsError, LascoError
from sunpy_lasco.map.edit import replace
from sunpy_lasco.products.coronas import ecliptic_north
from sunpy_lasco.products.places import height_and_angle

TURNED = {"pc1_1": -1.0, "pc2_2": -1.0}


def test_f_corona_by_hand(make):
    smap = make()
    height, angle = height_and_angle(smap)
    found = products.f_corona(smap)
    east = (np.abs(angle - 90) < 1) & (height > 4)
    np.testing.assert_allclose(found.data[east], 1.75e-10 * (height[east] / 10) ** -2.25, rtol=2e-3)
    north = ((angle < 1) | (angle > 359)) & (height > 4)
    np.testing.assert_allclose(found.data[north], 1.05e-10 * (height[north] / 10) ** -2.45, rtol=2e-3)
    share = found.uncertainty.array / found.data
    assert np.nanmin(share) == pytest.approx(0.2, abs=1e-3)
    # The difference in flattening adds 8 %.
    assert np.nanmax(share) == pytest.approx(np.hypot(0.2, 0.08), abs=1e-3)


def test_k_corona_without_a_month(make, corona):
    frames = [make(corona(), day * 1440 + 12 * n) for day in range(10) for n in range(3)]
    month = products.background(frames)
    excess = np.full((128, 128), 3e-12)
    found = products.k_corona(make(corona() + excess, 10 * 1440), month)
    far = np.isfinite(found.data) & (corona() < 1e-9)
    np.testing.assert_allclose(found.data[far], 3e-12, rtol=1e-3)
    assert "steady K removed too" in found.meta["bkgkind"]
    assert found.meta["prstep2"] == month.meta["filename"]
    assert found.meta["filename"].endswith("_k.fits")
    expected = np.hypot(1e-13, month.uncertainty.array[far])
    np.testing.assert_allclose(found.uncertainty.array[far], expected, rtol=1e-4)


def test_k_corona_without_the_model(make):
    model = products.f_corona(make())
    smap = make(model.data + 5e-12)
    found = products.k_corona(smap)
    far = np.isfinite(found.data) & (model.data < 1e-9)
    np.testing.assert_allclose(found.data[far], 5e-12, rtol=1e-3)
    assert (found.uncertainty.array[far] >= 0.2 * model.data[far]).all()
    assert "stray light stays" in found.meta["bkgkind"]


def test_what_has_no_k_corona(make):
    with pytest.raises(LascoError, match="in MSB"):
        products.k_corona(make(bunit="DN"))
    with pytest.raises(LascoError, match="is not a background"):
        products.k_corona(make(), make())


def test_two_rolls_tell_sky_from_detector(make, corona):
    """F corona, and stray light that is stronger on one side of the detector."""
    height, angle = height_and_angle(make())
    stray = 2e-12 * np.sin(np.deg2rad(angle)) / np.maximum(height, 1)
    even = 1e-12 / np.maximum(height, 1)
    unrolled = make(corona() + stray + even, detroll=0.0, dtype=np.float64)
    rolled = make(corona() - stray + even, 12, detroll=180.0, dtype=np.float64)
    sky, detector = products.separate_by_roll(unrolled, rolled)
    np.testing.assert_allclose(detector.data, stray, atol=1e-20)
    np.testing.assert_allclose(sky.data, corona() + even, rtol=1e-12)
    np.testing.assert_allclose(sky.uncertainty.array, 1e-13 / np.sqrt(2), rtol=1e-5)
    with pytest.raises(IncompatibleMapsError, match="not have opposite rolls"):
        products.separate_by_roll(unrolled, replace(unrolled, data=unrolled.data))


def test_frames_of_a_rolled_spacecraft_are_known_as_such():
    maps = [
        sunpy_lasco.calibrate(
            simulate.observe("C3", date="2012-08-31T18:06:06", flipped=flipped, seed=1).level05,
            assets="simulated",
            inpaint=None,
        )
        for flipped in (False, True)
    ]
    sky, _ = products.separate_by_roll(*maps)
    assert np.isfinite(sky.data).sum() > 500_000


@pytest.mark.parametrize("date", ["2012-01-06", "2012-03-06", "2012-06-07", "2012-08-31", "2012-12-08"])
def test_pole_of_the_ecliptic(make, date):
    """Meeus, Astronomical Algorithms, chapter 29: the Sun's axis against the ecliptic."""
    smap = make()
    meta = {card: value for card, value in smap.meta.items() if card not in ("hgln_obs", "hglt_obs", "dsun_obs")}
    start = Time(f"{date}T12:00:00")
    smap = type(smap)(smap.data, {**meta, "date-obs": start.isot, "date-avg": start.isot})
    days = start.jd - 2451545.0
    anomaly = np.radians(357.528 + 0.9856003 * days)
    longitude = 280.460 + 0.9856474 * days + 1.915 * np.sin(anomaly) + 0.020 * np.sin(2 * anomaly)
    node = 75.76 + 1.397 * days / 36525
    axis = np.degrees(np.arctan(-np.cos(np.radians(longitude - node)) * np.tan(np.radians(7.25))))
    assert ecliptic_north(smap) == pytest.approx(-axis, abs=0.06)
