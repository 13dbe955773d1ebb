"""Differences: values, uncertainty, gaps, flags and header."""

import numpy as np
import pytest

import astropy.units as u

import sunpy.map

import sunpy_lasco
from sunpy_lasco import PixelFlag, flags, products
from sunpy_lasco.errors import IncompatibleMapsError, LascoError, OptionError
from sunpy_lasco.instrument.changes import changes_of
from sunpy_lasco.products.differences import difference_within
from sunpy_lasco.products.medians import median_of_finite, median_of_frames, median_variance


def test_running_difference(make, corona):
    maps = [make(corona() * (1 + 0.01 * n), 12 * n, sigma=3e-14 + n * 1e-14) for n in range(3)]
    found = products.running_difference(maps)
    assert len(found) == 2
    for number, one in enumerate(found, 1):
        assert type(one) is type(maps[0])
        expected = maps[number].data.astype(float) - maps[number - 1].data
        np.testing.assert_allclose(one.data, expected, rtol=1e-4)
        assert one.unit == sunpy_lasco.MSB
        np.testing.assert_allclose(
            one.uncertainty.array, np.hypot(3e-14 + number * 1e-14, 3e-14 + (number - 1) * 1e-14), rtol=1e-6
        )
        assert one.date == maps[number].date
        assert one.meta["date-avg"] == maps[number].meta["date-avg"]
    assert found[1].meta["datebase"] == "2012-08-31T18:12:10.000"
    assert found[1].meta["prlabel"] == "[RD 12 min]"
    assert found[1].meta["prstep1"] == "c3_182400.fts"
    assert found[1].meta["prstep2"] == "c3_181200.fts"
    assert found[1].meta["filename"] == "c3_20120831T182410_rd.fits"
    assert "minus c3_181200.fts" in found[1].meta["history"]


def test_equal_frames_differ_by_exactly_nothing(make, corona):
    light = corona() + 1e-11
    for found in (
        products.running_difference([make(light, 0), make(light, 12)])[0],
        products.base_difference(make(light, 12), make(light, 0)),
        products.percent_difference(make(light, 12), make(light, 0)),
    ):
        assert (found.data == 0).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_percent(make, corona, dtype):
    base = make(corona(), 0, dtype=dtype)
    later = make(base.data.astype(float) * 1.01, 12, dtype=dtype)
    found = products.percent_difference(later, base)
    assert found.unit == u.percent
    assert np.nanmedian(found.data) == pytest.approx(1.0, abs=1e-6)
    if dtype == np.float64:
        np.testing.assert_allclose(found.data, 1.0, atol=1e-6)
    # The same for maps of the same time, such as a multiple of a map.
    assert np.nanmedian(products.percent_difference([base, base * 1.01])[1].data) == pytest.approx(1.0, abs=2e-6)


def test_percent_needs_a_base_that_is_known(make):
    base = np.full((128, 128), 1e-10)
    base[:10], base[10:20], base[20:30] = 4.9e-13, -1e-10, 5.1e-13
    found = products.percent_difference(make(2e-10, 12), make(base, 0, sigma=1e-13)).data
    assert np.isnan(found[:20]).all()
    assert np.isfinite(found[20:]).all()


def test_percent_sigma(make):
    found = products.percent_difference(make(1.5e-10, 12, sigma=3e-13), make(1e-10, 0, sigma=2e-13))
    expected = 100 * np.hypot(3e-13 / 1e-10, 1.5e-10 * 2e-13 / 1e-10**2)
    np.testing.assert_allclose(found.uncertainty.array, expected, rtol=1e-5)


def test_gaps_are_blank(make):
    maps = [make(1e-10 + minute * 1e-12, minute) for minute in (0, 12, 24, 60, 72)]
    found = products.running_difference(maps)
    assert [np.isnan(one.data).all() for one in found] == [False, False, True, False]
    assert [one.meta["prlabel"] for one in found] == ["[RD 12 min]", "[RD 12 min]", "[RD gap]", "[RD 12 min]"]
    assert np.isnan(found[2].uncertainty.array).all()
    everything = products.running_difference(maps, max_gap=None)
    np.testing.assert_allclose(everything[2].data, 3.6e-11, rtol=1e-4)
    assert np.isnan(products.running_difference(maps, max_gap=10 * u.min)[0].data).all()


def test_rate(make):
    maps = [make(1e-10 + minute * 1e-12, minute) for minute in (0, 12, 24, 60)]
    found = products.running_difference(maps, rate=True, max_gap=None)
    assert found[0].unit == sunpy_lasco.MSB / u.s
    for one in found:
        np.testing.assert_allclose(one.data, 1e-12 / 60, rtol=2e-4)
        np.testing.assert_allclose(one.uncertainty.array, np.sqrt(2) * 1e-13 / one.meta["deltat"], rtol=1e-5)


def test_step(make):
    """The latest frame that is a step earlier, with a tolerance for frames that are some seconds early or late."""
    maps = [make(1e-10 + n * 1e-12, 12 * n + 0.1 * (-1) ** n) for n in range(5)]
    found = products.running_difference(maps, step=24 * u.min)
    assert len(found) == 3
    for one in found:
        np.testing.assert_allclose(one.data, 2e-12, rtol=1e-3)
    far = products.running_difference(maps, step=30 * u.min)
    assert [one.meta["prlabel"] for one in far] == ["[RD 36 min]", "[RD 36 min]"]
    with pytest.raises(OptionError, match="No two frames are 2"):
        products.running_difference(maps, step=2 * u.hour)
    with pytest.raises(OptionError, match="step=12"):
        products.running_difference(maps, step=12)
    with pytest.raises(OptionError, match="two frames"):
        products.running_difference(maps[:1])


def test_base_of_several_is_their_median(make):
    bases = [make(value, 12 * n, sigma=1e-13) for n, value in enumerate((1e-10, 1.2e-10, 1.1e-10))]
    found = products.base_difference(make(2e-10, 48, sigma=1e-13), bases)
    np.testing.assert_allclose(found.data, 0.9e-10, rtol=1e-5)
    np.testing.assert_allclose(found.uncertainty.array, 1e-13 * np.sqrt(1 + 1.346 / 3), rtol=1e-4)
    assert found.meta["prlabel"] == "[BD 18:12]"
    assert [found.meta[f"prstep{n}"] for n in (1, 2, 3, 4)] == [
        "c3_184800.fts",
        "c3_180000.fts",
        "c3_181200.fts",
        "c3_182400.fts",
    ]


def test_frames_of_one_sequence(make, corona):
    """A difference within a sequence equals that of its frames, for any order of the base."""
    rng = np.random.default_rng(4)
    maps = [make(corona() * (1 + 0.01 * rng.standard_normal((128, 128))), 12 * n) for n in range(4)]
    sequence = products.Sequence(maps, normalise=False)
    found = difference_within(sequence, 3, [2, 0, 1])
    expected = products.base_difference(maps[3], maps[:3])
    np.testing.assert_array_equal(found.data, expected.data)
    np.testing.assert_array_equal(found.uncertainty.array, expected.uncertainty.array)
    np.testing.assert_array_equal(flags(found), flags(expected))
    assert dict(found.meta) == dict(expected.meta)


def test_base_by_number_of_frames(make):
    maps = [make(1e-10 + n * 1e-12, 12 * n) for n in range(5)]
    assert np.allclose(products.base_difference(maps)[4].data, 4e-12, rtol=1e-3)
    assert np.allclose(products.base_difference(maps, 3)[4].data, 3e-12, rtol=1e-3)
    assert np.allclose(products.base_difference(maps, slice(1, 2))[4].data, 3e-12, rtol=1e-3)
    with pytest.raises(OptionError, match="none of the 5 frames"):
        products.base_difference(maps, 0)


def test_output_is_as_the_input(make, corona):
    maps = [make(corona(), 12 * n) for n in range(3)]
    together = sunpy.map.Map(maps, sequence=True)
    assert isinstance(products.running_difference(together), sunpy.map.MapSequence)
    assert isinstance(products.base_difference(together, maps[0]), sunpy.map.MapSequence)
    sequence = products.Sequence(maps, normalise=False)
    found = products.base_difference(sequence, maps[0])
    assert isinstance(found, products.Sequence)
    np.testing.assert_array_equal(found.data, products.base_difference(sequence, 1).data)
    lazy = products.Sequence(maps, lazy=True, normalise=False)
    difference = products.running_difference(lazy)
    assert difference.is_lazy
    np.testing.assert_array_equal(difference.computed().data, products.running_difference(sequence).data)
    np.testing.assert_array_equal(products.base_difference(lazy, 2).computed().data, 0)


def test_flags_of_both(make):
    first, second = np.zeros((2, 128, 128), np.uint8)
    first[5, 5], second[6, 6] = PixelFlag.FILLED, PixelFlag.SATURATED
    found = products.base_difference(make(1e-10, 12, flags=second), make(1e-10, 0, flags=first))
    assert flags(found)[5, 5] == PixelFlag.FILLED
    assert flags(found)[6, 6] == PixelFlag.SATURATED


def test_missing_stays_missing(make):
    light = np.full((128, 128), 1e-10)
    light[40, 40] = np.nan
    assert np.isnan(products.base_difference(make(1e-10, 12), make(light, 0)).data[40, 40])


def test_no_difference_passes_for_an_exposure(make, corona, tmp_path):
    for found in (
        products.running_difference([make(corona(), 0), make(corona() * 1.1, 12)])[0],
        products.percent_difference(make(corona(), 12), make(corona(), 0)),
    ):
        assert "difference" in changes_of(found.meta)
        with pytest.raises(LascoError, match="difference"):
            sunpy_lasco.write_level1(found, tmp_path / "no.fts")
        found.save(tmp_path / found.meta["filename"])
        back = sunpy.map.Map(tmp_path / found.meta["filename"])
        assert "difference" in changes_of(back.meta)
        assert back.meta["prlabel"] == found.meta["prlabel"]
        norm = found.plot_settings["norm"]
        norm.autoscale_None(found.data)
        assert norm.vmin == -norm.vmax


def test_different_cameras_are_refused(make):
    with pytest.raises(IncompatibleMapsError, match="C2"):
        products.base_difference(make(1e-10, 12), make(1e-10, 0, detector="C2"))


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 8, 9, 30, 31])
def test_variance_of_a_median(number):
    drawn = np.median(np.random.default_rng(number).standard_normal((200_000, number)), axis=1)
    assert median_variance(number) == pytest.approx(drawn.var(), rel=0.015)


@pytest.mark.parametrize("size", [5, 6, 101, 102])
def test_median_of_finite_values(size):
    values = np.random.default_rng(size).standard_normal(size).astype(np.float32)
    expected = np.median(values)
    assert median_of_finite(values) == expected
    assert isinstance(median_of_finite(values), np.float32)


def test_medians_leave_missing_values_out():
    data = np.array([[1.0, np.nan], [2.0, np.nan], [6.0, 5.0]])[:, None, :]
    median, sigma, number = median_of_frames(data, np.ones_like(data))
    np.testing.assert_array_equal(median, [[2.0, 5.0]])
    np.testing.assert_array_equal(number, [[3, 1]])
    np.testing.assert_allclose(sigma, [[np.sqrt(1.346 / 3), 1.0]], rtol=1e-3)
    assert np.isnan(median_of_frames(np.full((2, 1, 1), np.nan))[0]).all()


def test_pulls_of_differences_are_one(make):
    """The uncertainty agrees with the scatter of repeated noise."""
    rng = np.random.default_rng(1)
    maps = [make(1e-10 + 1e-13 * rng.standard_normal((128, 128)), 12 * n, dtype=np.float64) for n in range(6)]
    running = products.running_difference(maps)
    pulls = np.std([one.data / one.uncertainty.array for one in running])
    assert pulls == pytest.approx(1.0, abs=0.02)
    found = products.base_difference(maps[5], maps[:5])
    assert np.std(found.data / found.uncertainty.array) == pytest.approx(1.0, abs=0.02)


def test_gaps_by_what_is_said(make):
    maps = [make(1e-10, minute) for minute in (0, 12, 60)]
    with pytest.raises(OptionError, match="max_gap='never' is unknown"):
        products.running_difference(maps, max_gap="never")
    with pytest.raises(OptionError, match="max_gap=20 is not an interval of time"):
        products.running_difference(maps, max_gap=20)
    assert [np.isfinite(one.data).all() for one in products.running_difference(maps, max_gap=None)] == [True, True]
    assert [np.isfinite(one.data).all() for one in products.running_difference(maps, max_gap=20 * u.min)] == [
        True,
        False,
    ]
