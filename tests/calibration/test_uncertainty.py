"""Systematic uncertainties, and those of sums, by hand."""

import numpy as np
import pytest

import astropy.units as u

import sunpy_lasco
from sunpy_lasco.errors import LascoError


@pytest.fixture(scope="module")
def clear(observe, smooth_scene):
    return sunpy_lasco.calibrate(observe("C3", scene=smooth_scene, seed=21).level05, assets="simulated")


def test_noise_of_a_pixel_by_hand(observe, smooth_scene):
    """Photons, read-out, pattern and rounding through exposure, factor and vignetting."""
    simulation = observe("C3", scene=smooth_scene, seed=21)
    result = sunpy_lasco.calibrate(simulation.level05, assets="simulated", distortion=None, stray_light=False)
    meta = result.meta
    signal = simulation.data[300, 700] - meta["biasval"]
    counts = np.sqrt(signal / 14.5 + 0.8 + (0.0085 * signal) ** 2 + 1 / 12)
    assert result.uncertainty.array[300, 700] == pytest.approx(result.data[300, 700] * counts / signal, rel=1e-4)


@pytest.mark.parametrize(("year", "expected"), [(2006, 0.02), (2016, 0.035), (1998, 0.032)])
def test_calibration_factor_of_c3_grows_away_from_2006(year, expected, observe, smooth_scene):
    raw = observe("C3", scene=smooth_scene, date=f"{year}-01-01T06:00", leb_sum=(4, 4)).level05
    parts = sunpy_lasco.systematic_uncertainty(sunpy_lasco.calibrate(raw, assets="simulated"))
    assert parts["calibration factor"] == pytest.approx(expected, abs=2e-3)


def test_star_scale_of_c2_is_surer_than_the_official_one(observe, smooth_scene):
    raw = observe("C2", scene=smooth_scene, date="2005-01-01T06:00", leb_sum=(4, 4)).level05
    parts = [
        sunpy_lasco.systematic_uncertainty(sunpy_lasco.calibrate(raw, assets="simulated", photometry=scale))
        for scale in ("official", "stars")
    ]
    assert [one["calibration factor"] for one in parts] == pytest.approx([0.18, 0.03])


def test_bias_in_brightness(clear):
    """The official bias of C3 is low by some DN of every pixel."""
    parts = sunpy_lasco.systematic_uncertainty(clear)
    expected = clear.meta["biassig"] / clear.meta["exptime"] * clear.meta["calfac"]
    assert parts["bias"].to_value(sunpy_lasco.MSB) == pytest.approx(expected)
    assert 2 < clear.meta["biassig"] < 8


def test_parts_of_a_sum(clear):
    region = np.zeros(clear.data.shape, bool)
    region[700:710, 300:320] = True
    found = sunpy_lasco.region_sum(clear, region)
    parts = sunpy_lasco.systematic_uncertainty(clear)
    total = clear.data[region].sum(dtype=float)
    relative = np.sqrt(sum(parts[name] ** 2 for name in ("calibration factor", "exposure", "vignetting")))
    fixed = np.hypot(*(parts[name].to_value(sunpy_lasco.MSB) for name in ("bias", "stray light"))) * 200
    assert found.value.to_value(sunpy_lasco.MSB) == pytest.approx(total)
    assert found.systematic.to_value(sunpy_lasco.MSB) == pytest.approx(np.hypot(relative * total, fixed))
    assert found.pixels == 200
    assert found.sigma.unit == sunpy_lasco.MSB


def test_sum_of_one_pixel_and_of_uncorrelated_pixels(clear):
    one = np.zeros(clear.data.shape, bool)
    one[700, 300] = True
    sigma = float(clear.uncertainty.array[700, 300])
    assert sunpy_lasco.region_sum(clear, one).sigma.value == pytest.approx(sigma, rel=1e-5)
    apart = one.copy()
    apart[800, 300] = True
    both = np.hypot(sigma, float(clear.uncertainty.array[800, 300]))
    assert sunpy_lasco.region_sum(clear, apart).sigma.value == pytest.approx(both, rel=1e-5)


def test_neighbours_share_noise(clear):
    """A block has about 1.5 times the noise that independent pixels would have."""
    region = np.zeros(clear.data.shape, bool)
    region[690:754, 290:354] = True
    naive = np.sqrt((clear.uncertainty.array[region].astype(float) ** 2).sum())
    assert 1.3 < sunpy_lasco.region_sum(clear, region).sigma.value / naive < 1.7


def test_missing_pixels_are_left_out(clear):
    region = np.ones(clear.data.shape, bool)
    assert sunpy_lasco.region_sum(clear, region).pixels == np.isfinite(clear.data).sum()


def test_a_map_without_uncertainty_is_refused(clear):
    bare = clear.resample([512, 512] * u.pix)
    with pytest.raises(LascoError, match="EDITED = 'resample'"):
        sunpy_lasco.region_sum(bare, np.ones(bare.data.shape, bool))


def test_estimated_images_widen(observe, smooth_scene, real_map):
    raw = real_map("32082037")
    level1 = sunpy_lasco.calibrate(raw, assets="estimate")
    region = np.zeros(level1.data.shape, bool)
    region[700:732, 300:332] = True
    found = sunpy_lasco.region_sum(level1, region)
    # By noise the sum is known to a fraction of a per mille; the estimate leaves 2 %.
    assert found.sigma / found.value < 2e-3
    assert 0.02 < found.systematic / found.value < 0.08
