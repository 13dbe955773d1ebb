"""Zero points by stars, on simulated frames with a known factor and on real ones."""

import numpy as np
import pytest

import astropy.units as u

import sunpy_lasco
from sunpy_lasco import stars
from sunpy_lasco.errors import NotCalibratableError, OptionError
from sunpy_lasco.stars.photometry import _trend


def measurable(smap, **options):
    given = {"inpaint": None, "on_bad": "ignore", "distortion": "wcs", "assets": "estimate", "geometry": "stars"}
    return sunpy_lasco.calibrate(smap, **(given | options))


def simulated(starry, camera, date, **options):
    exposure = starry(camera, date, **options)
    p = exposure.parameters
    given = {"factor": p.exposure_factor, "bias": p.bias * u.DN, "assets": "simulated", "geometry": "official"}
    return exposure, given


def test_simulated_stars_have_the_light_they_were_given(starry):
    """
    The simulator spreads 5 % of the light into wings, 0.6 of it beyond 3 pixels: less than the 4.5 % that are added.

    A calibration factor that is wrong by 10 % is seen.
    """
    maps = []
    for seed, date in enumerate(("2004-04-18T14:54", "2010-01-11T03:18")):
        exposure, given = simulated(starry, "C3", date, seed=seed)
        maps.append(measurable(exposure.level05, **given))
    grey = stars.read_catalogue()
    grey["bv"] = 0.653 * u.mag
    options = {"geometry": "official", "catalogue": grey}
    found = stars.fit_photometry(maps, **options)
    print(found.frames)
    assert (found.frames["number"] > 15).all()
    np.testing.assert_allclose(found.frames["zero"], 0.02, atol=0.02)
    assert found.scale == pytest.approx(0.98, abs=0.03)
    wrong = stars.fit_photometry([measurable_with(smap, 1.1) for smap in maps], **options)
    np.testing.assert_allclose(wrong.frames["zero"] - found.frames["zero"], np.log(1.1), atol=2e-3)


def measurable_with(smap, factor):
    """The same image by a calibration factor that is ``factor`` times as large."""
    return sunpy_lasco.map.replace(smap, data=smap.data * factor)


@pytest.mark.parametrize("sigma", [0.003, 0.03])
def test_errors_of_the_trend(sigma):
    """Pulls of a trend of 0.2 % a year over 20 years are 1, where the draws are what the noise is."""
    rng = np.random.default_rng(4)
    years = np.arange(1998, 2018, 0.5)
    pulls = []
    for _ in range(300):
        zero = rng.normal(0.002 * (years - 2007), sigma)
        draws = zero + rng.normal(0, sigma, (200, len(years)))
        slope, error = _trend(years, zero, draws)
        pulls.append((slope - 0.002) / error)
    assert 0.85 < np.std(pulls) < 1.1
    assert abs(np.mean(pulls)) < 0.2


def test_a_trend_needs_time():
    assert np.isnan(_trend(np.array([2002.0, 2002.1]), np.zeros(2), np.ones((50, 2)))).all()


def test_what_is_refused(starry, real_map):
    exposure = starry("C3", "2004-04-18T14:54")
    with pytest.raises(NotCalibratableError, match=r"use calibrate\(\.\.\., distortion='wcs'\)"):
        stars.star_fluxes(exposure.level05)
    warped = sunpy_lasco.calibrate(exposure.level05, assets="simulated", inpaint=None, on_bad="ignore")
    with pytest.raises(NotCalibratableError, match="every pixel where it was measured"):
        stars.fit_photometry([warped])
    with pytest.raises(OptionError, match="these frames are of none"):
        stars.fit_photometry([])
    kinds = [measurable(real_map(name)) for name in ("32310951", "22322544")]
    with pytest.raises(OptionError, match="of one camera, filter and polariser"):
        stars.fit_photometry(kinds)


def test_real_c3(real_map):
    """
    Zero points beside those of an earlier measurement with other stars and apertures (+-0.02 each).

    They are lower by 0.03, within what the light beyond the aperture and the background leave open; the frame of
    2002-01-08 by 0.05, since its published exposure factor of 0.987 is not at hand.
    """
    known = {
        "32046494": 0.983,
        "32082037": 0.969,
        "32082111": 0.969,
        "32122317": 0.973,
        "32219521": 0.996,
        "32310951": 0.998,
    }
    found = stars.fit_photometry([measurable(real_map(name)) for name in known])
    for row, expected in zip(found.frames, known.values(), strict=True):
        zero = np.exp(row["zero"])
        print(f"{row['time']:.2f} {zero:.3f} +- {row['sigma']:.3f}, before {expected}, {row['number']} stars")
        assert np.exp(row["zero"]) == pytest.approx(expected - 0.03, abs=0.04)
    print(f"trend {100 * found.trend:+.2f} +- {100 * found.trend_sigma:.2f} % a year, slope {found.colour_slope:.2f}")
    assert found.colour_slope == pytest.approx(0.4, abs=0.1)
    # Earlier +0.20 +- 0.14 % a year.
    assert abs(found.trend - 0.002) < 2 * np.hypot(found.trend_sigma, 0.0014)
    assert 0.0003 < found.trend_sigma < 0.003


def test_real_c2(real_map):
    """The star scale of C2, 1.18 +- 0.03."""
    found = stars.fit_photometry([measurable(real_map(name)) for name in ("22321894", "22322625", "22322749")], limit=8)
    print(found.scale, found.frames["zero"], found.frames["number"])
    assert found.scale == pytest.approx(1.18, abs=0.06)
