"""Cosmic rays: added ones are found, stars and fronts are kept."""

import warnings

import numpy as np
import pytest
from scipy import ndimage

import sunpy.map

import sunpy_lasco
from sunpy_lasco import PixelFlag, products, simulate
from sunpy_lasco.errors import LascoError, OptionError


@pytest.fixture
def still(make, corona):
    """Five frames of one corona with noise of 1e-13 MSB."""
    rng = np.random.default_rng(2)
    return products.Sequence(
        [
            make(corona() + 1e-13 * rng.standard_normal((128, 128)), 12 * n, calfac=6.4e-13, dtype=np.float64)
            for n in range(5)
        ],
        normalise=False,
    )


def test_hits_are_replaced_and_told(still):
    hits = np.zeros(still.shape, bool)
    hits[2, 40, 41] = True
    struck = still._like(still.data + np.where(hits, 1e-9, 0), still.sigma, still.flags, still.headers)
    found = products.remove_cosmic_rays(struck, hits)
    others = np.median(still.data[[0, 1, 3, 4], 40, 41])
    assert found.data[2, 40, 41] == pytest.approx(others, rel=1e-6)
    assert found.flags[2, 40, 41] == PixelFlag.FILLED
    assert found.sigma[2, 40, 41] == pytest.approx(1e-13 * np.sqrt(1.1928 / 4), rel=1e-4)
    assert found.headers[2]["ncosmic"] == 1
    assert "1 pixels hit by cosmic rays" in found.headers[2]["history"]
    rest = ~hits
    np.testing.assert_array_equal(found.data[rest], still.data[rest])
    assert struck.data[2, 40, 41] > 9e-10


def test_snow(still):
    """A frame in a proton storm is replaced completely."""
    hits = np.zeros(still.shape, bool)
    hits[2] = np.random.default_rng(1).random((128, 128)) < 0.15
    found = products.remove_cosmic_rays(still, hits)
    assert found.headers[2]["snow"] == pytest.approx(0.15, abs=0.01)
    np.testing.assert_allclose(found.data[2], np.median(still.data[1:4], axis=0))
    assert "proton storm" in found.headers[2]["history"]
    hits[2] &= np.random.default_rng(3).random((128, 128)) < 0.2
    found = products.remove_cosmic_rays(still, hits)
    assert "in a proton storm" in found.headers[2]["history"]
    assert (found.data[2] != still.data[2]).mean() < 0.05
    with pytest.raises(OptionError, match="shape"):
        products.remove_cosmic_rays(still, hits[:2])


def test_what_they_cannot_be_found_in(still, make):
    pytest.importorskip("astroscrappy", reason="cosmic rays are found by astroscrappy (extra products)")
    with pytest.raises(OptionError, match="three frames"):
        products.find_cosmic_rays(still[:2])
    without = products.Sequence([make(1e-10, 12 * n) for n in range(3)], normalise=False)
    with pytest.raises(LascoError, match="lacks CALFAC"):
        products.find_cosmic_rays(without)


@pytest.fixture(scope="module")
def evening(test_data, calib_data):
    """Frames of the ejection of 2012-08-31, 21:18 to 22:06."""
    pytest.importorskip("astroscrappy", reason="cosmic rays are found by astroscrappy (extra products)")
    maps = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number in range(32310955, 32310960):
            raw = sunpy.map.Map(test_data / "level05" / "c3" / f"{number}.fts")
            maps.append(sunpy_lasco.calibrate(raw, assets=calib_data))
    return products.Sequence(maps)


def test_a_thousand_hits_in_an_ejection(evening):
    """At least 95 % are found, with less than 0.05 % of false pixels, and the front keeps 99 % of its light."""
    before = products.find_cosmic_rays(evening)[3]
    rng = np.random.default_rng(1)
    data = evening.data.copy()
    seen = np.isfinite(data[3])
    per_dn = evening.headers[3]["calfac"] / evening.headers[3]["exptime"]
    hit, groups = np.zeros(seen.shape, bool), []
    for place in rng.choice(np.flatnonzero(seen), 1000, replace=False):
        row, column = np.unravel_index(place, seen.shape)
        step, pixels = rng.integers(-1, 2, 2), []
        for number in range(rng.integers(1, 7)):
            y, x = np.clip((row + number * step[0], column + number * step[1]), 0, 1023)
            if seen[y, x]:
                data[3, y, x] += rng.uniform(200, 5000) * per_dn
                hit[y, x] = True
                pixels.append((y, x))
        groups.append(pixels)
    found = products.find_cosmic_rays(evening._like(data, evening.sigma, evening.flags, evening.headers))[3]
    assert np.mean([any(found[pixel] for pixel in pixels) for pixels in groups]) >= 0.95
    assert (found & ~hit & ~before).sum() / seen.sum() < 5e-4
    # The light of the front without points, since the original frame has hits too, some by protons of the flare.
    smooth = ndimage.median_filter(np.nan_to_num(evening.data[3] - evening.data[:2].mean(axis=0)), 7)
    front = smooth > 5 * evening.sigma[3]
    assert front.sum() > 5000
    assert smooth[front & before].sum() < 0.01 * smooth[front].sum()
    assert np.mean(before[front]) < 5 * np.mean(before[seen & ~front])


def test_stars_are_replaced_and_the_front_stays():
    """In a simulated ejection, 97 % of the light of the stars is removed, and 99 % of that of the front is kept."""
    cme = simulate.CME("2001-05-21T08:40", position_angle=90, speed=900, width=60, strength=9e-10, seed=3)
    options = {"date": "2001-05-21T10:48", "noise": False, "cosmic_rays": False, "exposure_factor": 1.0, "seed": 2}

    def seen(**scene):
        shown = simulate.observe("C3", scene=simulate.corona(activity=0.7, seed=5, **scene), **options)
        return sunpy_lasco.calibrate(shown.level05, assets="simulated", inpaint=None)

    with_stars = seen(cme=cme, planets=False)
    truth, quiet = seen(cme=cme, stars=False, planets=False), seen(stars=False, planets=False)
    found = products.remove_stars(with_stars)
    filled = (sunpy_lasco.flags(found) & sunpy_lasco.PixelFlag.FILLED) > 0
    assert found.meta["nstars"] > 100
    light = np.where(filled, with_stars.data - truth.data, 0).sum()
    left = np.where(filled, found.data - truth.data, 0).sum()
    assert light > 0
    assert abs(left) < 0.03 * light
    front = truth.data - quiet.data > 1e-11
    assert front.sum() > 3000
    assert np.nansum((found.data - quiet.data)[front]) == pytest.approx(
        np.nansum((truth.data - quiet.data)[front]), rel=0.01
    )
    # Pixels away from stars are unchanged.
    elsewhere = ~filled & np.isfinite(found.data)
    assert np.array_equal(found.data[elsewhere], with_stars.data[elsewhere])
    assert 0 < np.mean(filled) < 0.1
    sequence = products.Sequence([with_stars], normalise=False)
    assert np.array_equal(products.remove_stars(sequence).data[0], found.data, equal_nan=True)


def test_planets_are_masked_with_what_they_bled_into(test_data, calib_data):
    """Venus on 2010-01-05."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        raw = sunpy.map.Map(test_data / "level05" / "c3" / "32219521.fts")
        smap = sunpy_lasco.calibrate(raw, assets=calib_data)
    found = products.remove_stars(smap)
    gone = np.isfinite(smap.data) & ~np.isfinite(found.data)
    assert gone.sum() > 200
    saturated = (sunpy_lasco.flags(smap) & sunpy_lasco.PixelFlag.SATURATED) > 0
    # The bleed reaches far along a row.
    rows, _ = np.nonzero(gone)
    assert np.bincount(rows).max() > 150
    assert gone.sum() < saturated.sum() + 2000
