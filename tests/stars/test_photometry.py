"""Zero points from stars, on simulated frames with a known factor and on real ones."""

import numpy as np
import pytest

import astropy.units as u
from astropy.table import Table

import sunpy_lasco
from sunpy_lasco import stars
from sunpy_lasco.commands.main import main
from sunpy_lasco.errors import NotCalibratableError, OptionError
from sunpy_lasco.stars.photometry import _trend, zero_points


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

    An error of 10 % in the calibration factor is detected.
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
    """Pulls of a trend of 0.2 % a year over 20 years are 1 for noise of the stated size."""
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
    with pytest.raises(NotCalibratableError, match="without interpolation"):
        stars.fit_photometry([warped])
    with pytest.raises(OptionError, match="these frames have none"):
        stars.fit_photometry([])
    kinds = [measurable(real_map(name)) for name in ("32310951", "22322544")]
    with pytest.raises(OptionError, match="a single camera, filter and polariser"):
        stars.fit_photometry(kinds)


def test_real_c3(real_map):
    """
    Zero points compared with those of an earlier measurement with other stars and apertures (+-0.02 each).

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


def archive(seed, years, stars=30, own=0.05, phase=0.04, trend=0.002):
    """Tables of stars that return each year, each with a constant error, and a trend."""
    rng = np.random.default_rng(seed)
    bv, errors = rng.uniform(0.0, 1.5, 8 * stars), rng.normal(0, own, 8 * stars)
    tables = []
    for year in years:
        # An eighth of the sky at a time.
        shown = (int(8 * (year % 1)) * stars + np.arange(stars)) % (8 * stars)
        sigma = np.full(stars, 0.02)
        ratio = trend * (year - 2010) + 0.4 * (bv[shown] - 0.653) + errors[shown] + rng.normal(0, phase, stars)
        tables.append(Table({"hip": shown + 1, "magnitude": np.full(stars, 5.0), "bv": bv[shown],
                             "ratio": ratio + rng.normal(0, 0.0024), "sigma": sigma}))  # fmt: skip
    return tables


@pytest.mark.slow
def test_trend_of_an_archive():
    """30 years with a frame a month: the error is below 0.02 % a year and correctly stated."""
    years = np.arange(1996.3, 2026.3, 30 / 365.25)
    pulls, sigmas = [], []
    for seed in range(12):
        found = zero_points(archive(seed, years), [""] * len(years), years, ("C3", "CLEAR", "CLEAR"), seed=seed)
        pulls.append((found.trend - 0.002) / found.trend_sigma)
        sigmas.append(found.trend_sigma)
    print(np.std(pulls), 100 * np.median(sigmas))
    assert np.max(sigmas) < 2e-4
    # 1 +- 0.2 for so few.
    assert 0.6 < np.sqrt(np.mean(np.square(pulls))) < 1.5


def test_zero_points_do_not_depend_on_how_they_are_solved():
    """Compared with the same least squares with all unknowns in one matrix."""
    years = np.arange(2000, 2006, 0.3)
    tables = archive(3, years)
    found = zero_points(tables, [""] * len(years), years, ("C3", "CLEAR", "CLEAR"))
    stars = found.stars
    redder = np.asarray(stars["bv"]) - 0.653
    design = np.concatenate([np.eye(len(years))[stars["frame"]], redder[:, None] ** [1, 2, 3]], axis=1)
    weight, best = np.ones(len(stars)), None
    for _ in range(7):
        root = np.sqrt(weight / (np.asarray(stars["sigma"]) ** 2 + 0.05**2))
        prior = np.eye(len(years) + 3)[len(years) :] / np.array([0.08, 0.3, 0.3])[:, None]
        best = np.linalg.lstsq(np.concatenate([design * root[:, None], prior]),
                               np.concatenate([stars["ratio"] * root, [0.4 / 0.08, 0, 0]]), rcond=None)[0]  # fmt: skip
        left = stars["ratio"] - design @ best
        size = 1.4826 * np.median(np.abs(left))
        weight = np.minimum(1, 2 * size / np.abs(left))
    np.testing.assert_allclose(found.frames["zero"], best[: len(years)], atol=1e-9)
    assert found.colour_slope == pytest.approx(best[len(years)], abs=1e-9)


@pytest.mark.slow
def test_command(tmp_path, test_data, capsys):
    """An implausible frame is omitted with a message; the others give a table and a figure."""
    frames = [str(test_data / "level05" / "c3" / f"{name}.fts") for name in ("32046494", "32219521", "32108414")]
    out, figure = tmp_path / "zero.ecsv", tmp_path / "zero.png"
    given = ["photometry", *frames, "--assets", "estimate", "--out", str(out), "--figure", str(figure)]
    assert main(given) == 1
    said = capsys.readouterr()
    assert "32108414" in said.err
    assert "times as bright" in said.err
    assert "C3 CLEAR CLEAR: factor 1.0" in said.out
    table = Table.read(out, format="ascii.ecsv")
    assert list(table["name"]) == ["32046494.fts", "32219521.fts"]
    solution = table.meta["solutions"]["C3 CLEAR CLEAR"]
    assert solution["scale"] == pytest.approx(1.03, abs=0.03)
    assert solution["trend_sigma"] > 0.0005
    assert figure.stat().st_size > 5000
    before = out.read_bytes()
    assert main(given) == 1
    assert str(out) in capsys.readouterr().err
    assert out.read_bytes() == before
