"""Backgrounds: expectation, groups that are not mixed, names, and use in the calibration."""

import itertools
import tracemalloc
import warnings

import numpy as np
import pytest

import astropy.units as u
from astropy.time import Time

import sunpy.map

import sunpy_lasco
from sunpy_lasco import products
from sunpy_lasco.assets.background import official_background
from sunpy_lasco.assets.choice import resolve
from sunpy_lasco.errors import IncompatibleMapsError, LascoError, LascoUserWarning, OptionError
from sunpy_lasco.products.backgrounds import expected_bias
from sunpy_lasco.products.medians import percentile_of_frames

DAY = 24 * 60


@pytest.fixture
def month(make):
    """A function that makes frames of some days: a constant with noise, and transients in a fifth of them."""

    def build(days=27, frames=5, sigma=1e-12, transients=0.0, seed=0):
        rng = np.random.default_rng(seed)
        for day, number in itertools.product(range(days), range(frames)):
            light = 1e-10 + sigma * rng.standard_normal((128, 128))
            if transients:
                light += transients * (rng.random((128, 128)) < 0.2)
            yield make(light, day * DAY + 30 * number, sigma=sigma)

    return build


def test_minimum_of_daily_medians_lies_where_noise_puts_it(month):
    """For 27 days of 9 frames the minimum is 2.00 times sigma of a daily median too low, about -2.5 sigma / sqrt(n)."""
    found = products.background(month(frames=9))
    expected = -1.998 * np.sqrt(1.4949 / 9)
    assert np.mean(found.data - 1e-10) / 1e-12 == pytest.approx(expected, abs=0.01)
    assert expected == pytest.approx(-2.5 / 3, rel=0.03)
    assert found.meta["bkgbias"] == pytest.approx(-1.998, abs=1e-3)
    np.testing.assert_allclose(found.uncertainty.array, 1e-12 * np.sqrt(1.4949 / 9), rtol=1e-3)


@pytest.mark.parametrize("kind", [3, 25.0, "median"])
def test_percentiles_lie_where_noise_puts_them(month, kind):
    found = products.background(month(frames=3), kind=kind)
    sigma = 1e-12 * np.sqrt(1.346 / 3)
    assert np.mean(found.data - 1e-10) / sigma == pytest.approx(expected_bias(kind, 27), abs=0.02)
    if kind == "median":
        assert np.std(found.data / found.uncertainty.array) == pytest.approx(1.0, abs=0.05)


def test_transients_are_left_out(month):
    """Positive transients in a fifth of the frames do not change minimum and low percentiles."""
    quiet, busy = (products.background(month(frames=5, transients=t), kind=3) for t in (0.0, 5e-11))
    assert abs(np.median(busy.data - quiet.data)) < 2e-13


@pytest.mark.parametrize(("kind", "days"), [("minimum", 27), ("minimum", 10), (3, 27), (50, 9), ("median", 12)])
def test_expected_bias(kind, days):
    drawn = np.random.default_rng(days).standard_normal((100_000, days))
    share = {"minimum": 0, "median": 50}.get(kind, kind)
    assert expected_bias(kind, days) == pytest.approx(np.percentile(drawn, share, axis=1).mean(), abs=0.01)


def test_zero_is_nothing(make):
    frames = []
    for day in range(10):
        light = np.full((128, 128), 1e-10 + day * 1e-12)
        light[5, 5] = 0.0 if day == 3 else light[5, 5]
        light[6, 6] = np.nan if day < 9 else light[6, 6]
        light[7, 7] = np.nan
        frames += [make(light, day * DAY + 12 * n) for n in range(3)]
    found = products.background(frames)
    assert found.data[5, 5] == pytest.approx(1e-10)
    assert found.data[6, 6] == pytest.approx(1.09e-10)
    assert np.isnan(found.data[7, 7])
    assert sunpy_lasco.flags(found)[7, 7] == sunpy_lasco.PixelFlag.MISSING


def test_header_and_name(month, make):
    found = products.background(month(days=11, frames=3))
    meta = found.meta
    assert meta["filename"] == "3m_clcl_120905.fts"
    assert (meta["dayfirst"], meta["daylast"], meta["ndays"], meta["nframes"]) == ("2012-08-31", "2012-09-10", 11, 33)
    assert meta["bkgkind"] == "minimum of daily medians"
    assert Time(meta["date-avg"]) == Time("2012-09-05T12:00:00")
    turned = {"pc1_1": -1.0, "pc2_2": -1.0}
    rolled = products.background([make(1e-10, d * DAY + n * 12, **turned) for d in range(10) for n in range(3)])
    assert rolled.meta["filename"].startswith("3mr_clcl_")


def test_too_few(month, make):
    with pytest.warns(LascoUserWarning, match="9 days contains streamers"):
        products.background(month(days=9, frames=3))
    frames = list(month(days=10, frames=3))
    with pytest.warns(LascoUserWarning, match=r"omitted: 2012-09-20 \(1\)"):
        products.background([*frames, make(1e-10, 20 * DAY)])
    with pytest.raises(OptionError, match="no day"), pytest.warns(LascoUserWarning, match="omitted"):
        products.background(frames[:2])
    with pytest.raises(OptionError, match="27 days at most"):
        products.background(month(days=28, frames=3))
    with pytest.raises(OptionError, match="kind='mean'"):
        products.background(frames, kind="mean")


@pytest.mark.parametrize(
    "cards", [{"pc1_1": -1.0, "pc2_2": -1.0}, {"filter": "Orange"}, {"date-obs": "2002-06-18T00:00:00"}]
)
def test_what_is_not_mixed(month, make, cards):
    odd = make(1e-10, 600, filename="odd.fts", **cards)
    with pytest.raises(IncompatibleMapsError, match=r"odd\.fts and c3_180000\.fts do not belong"):
        products.background([*month(days=10, frames=3), odd])
    groups = products.group_by_state([*month(days=2, frames=2), odd])
    assert sorted(map(len, groups.values())) == [1, 4]


def test_between_two_months(month):
    early = products.background(month(days=10, frames=3))
    later = sunpy_lasco.map.edit.replace(early, data=early.data * 2)
    later.meta["date-avg"] = later.meta["date-obs"] = "2012-10-05T12:00:00"
    found = products.between_backgrounds(early, later, Time(early.meta["date-avg"]) + 15.25 * u.day)
    span = Time(later.meta["date-avg"]) - Time(early.meta["date-avg"])
    np.testing.assert_allclose(found.data, early.data * (1 + 15.25 / span.to_value(u.day)), rtol=1e-5)
    with pytest.raises(OptionError, match="not between"):
        products.between_backgrounds(early, later, "2013-01-01")


def test_no_background_passes_for_an_exposure(month, tmp_path):
    found = products.background(month(days=10, frames=3))
    with pytest.raises(LascoError, match="background"):
        sunpy_lasco.write_level1(found, tmp_path / "no.fts")
    path = products.write_background(found, tmp_path)
    assert path.name == found.meta["filename"]
    back = sunpy.map.Map(path)
    np.testing.assert_array_equal(back.data, found.data)
    assert back.meta["ndays"] == 10
    with pytest.raises(FileExistsError):
        products.write_background(found, tmp_path)


def test_counts_become_the_model_that_fuzzy_logic_reads(real_frame, tmp_path):
    """Level-0.5 frames give 3m_clcl_all.fts: DN at 19 s, as used by the calibration."""
    files = [real_frame(name) for name in range(32310942, 32310945)]
    with pytest.warns(LascoUserWarning, match="1 days contains streamers"):
        found = products.background(files)
    assert found.meta["exptime"] == 19.0
    assert found.unit == u.DN
    path = products.write_background(found, tmp_path / "3m_clcl_all.fts")
    asset = resolve(tmp_path).image(path.name)
    model = official_background(asset)
    raw = sunpy.map.Map(files[1])
    rate = (raw.data[700:760, 300:360].astype(float) - 407.05) / raw.exposure_time.to_value(u.s)
    assert np.median(model[700:760, 300:360] / rate) == pytest.approx(1.0, abs=0.01)


@pytest.mark.minutes
def test_a_month_of_a_thousand_frames_fits_into_a_gigabyte(make, tmp_path):
    names = []
    for day, number in itertools.product(range(27), range(37)):
        smap = make(1e-10, day * DAY + 5 * number)
        names.append(tmp_path / f"{day}_{number}.fits")
        smap.save(names[-1])
    tracemalloc.start()
    products.background(names)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # The frames of the test are 64 times smaller than those of the camera.
    assert peak * 64 < 1e9


@pytest.mark.parametrize("number", [1, 2, 5, 8])
@pytest.mark.parametrize("share", [0.0, 3.0, 50.0, 90.0, 100.0])
def test_percentiles_are_those_of_numpy(number, share):
    data = np.random.default_rng(number).standard_normal((number, 30, 20))
    data[np.random.default_rng(9).random(data.shape) < 0.3] = np.nan
    data[:, 3, 4] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        truth = np.nanpercentile(data, share, axis=0)
    assert np.allclose(percentile_of_frames(data, share), truth, rtol=1e-12, equal_nan=True)
