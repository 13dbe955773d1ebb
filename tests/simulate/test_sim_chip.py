"""The CCD: statistics from formulas."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astropy.time import Time

from sunpy_lasco.simulate import chip

SHAPE = (400, 400)


def rng(seed=1):
    return np.random.default_rng(seed)


@pytest.mark.parametrize(("signal", "gain"), [(3.0, 14.5), (400.0, 14.5), (9000.0, 13.0)])
def test_photons_arrive_as_poisson_says(signal, gain):
    charge = chip.shot_noise(np.full(SHAPE, signal), gain, rng())
    n = charge.size
    assert charge.mean() == pytest.approx(signal, abs=5 * np.sqrt(signal / gain / n))
    # The variance of n variances of a Poisson distribution of mean m is (2 m2 + m) / n.
    m = signal * gain
    assert charge.var() * gain**2 == pytest.approx(m, abs=5 * np.sqrt((2 * m * m + m) / n))
    np.testing.assert_allclose(charge * gain, np.rint(charge * gain), atol=1e-6)


def test_no_light_no_photons():
    assert not chip.shot_noise(np.zeros((5, 5)), 14.5, rng()).any()


def test_pattern():
    one = chip.pixel_pattern("C3", Time("2005-01-01"))
    inner = one[1:-1, 1:]
    assert inner.std() == pytest.approx(0.0085, rel=5 / np.sqrt(2 * inner.size))
    assert inner.mean() == pytest.approx(1, abs=5 * 0.0085 / 1024)
    assert np.array_equal(one, chip.pixel_pattern("C3", Time("2020-01-01")))
    for other in (chip.pixel_pattern("C3", Time("2002-06-18")), chip.pixel_pattern("C2", Time("2005-01-01"))):
        assert abs(np.corrcoef(inner.ravel(), other[1:-1, 1:].ravel())[0, 1]) < 0.005


def test_rims_and_dirt():
    """The first column is dark, the outer rows are bright, and C2 has a dark spot of 55 pixels."""
    for detector in ("C2", "C3"):
        pattern = chip.pixel_pattern(detector, Time("2010-01-05"))
        assert np.median(pattern[:, 0]) == pytest.approx(0.0125, rel=0.01)
        assert np.median(pattern[[0, -1], 1:]) == pytest.approx(2.35, rel=0.01)
        row, column = np.nonzero(pattern[:, 1:] < 0.5)
        if detector == "C3":
            assert row.size == 0
        else:
            assert row.size == pytest.approx(np.pi * 5.5 * 3.2, abs=3)
            assert (row.mean(), column.mean() + 1) == pytest.approx((483.0, 675.5), abs=0.2)


@pytest.mark.parametrize(
    ("detector", "days"),
    [("C2", ("1998-10-13", "2000-12-02", "2002-02-06")), ("C3", ("1998-11-24", "2002-06-19"))],
)
def test_pattern_changes_on_the_known_days(detector, days):
    for day in days:
        before = chip.pixel_pattern(detector, Time(Time(day).mjd - 1e-3, format="mjd"))
        assert not np.array_equal(before, chip.pixel_pattern(detector, Time(day)))


def test_cosmic_rays():
    quiet, storm = (chip.cosmic_rays(20.0, rate, rng(2)) for rate in (8.0, 160.0))
    assert quiet.min() == 0
    # Number of tracks 8 / s for 20 s and 22 s of read-out; their pixels are between one and a few each.
    hits = (quiet > 0).sum()
    assert 8 * 42 < hits < 8 * 42 * 6
    assert (storm > 0).sum() == pytest.approx(20 * hits, rel=0.15)
    # Mean charge of a lognormal track, laid down along max(length, 0.5) pixels in quarters.
    length = 0.5 + 2.5 * np.exp(-0.2)
    expected = 20 * 8 * 42 * 105 * np.exp(1.1**2 / 2) * (length + 0.125)
    assert storm.sum() == pytest.approx(expected, rel=0.1)
    assert np.array_equal(quiet, chip.cosmic_rays(20.0, 8.0, rng(2)))
    assert chip.cosmic_rays(20.0, 160.0, rng(2), charge=210.0).sum() == pytest.approx(2 * storm.sum())


def test_the_active_sun_keeps_cosmic_rays_away():
    maximum, rising, minimum = (chip.cosmic_rate(Time(day)) for day in ("2000-07-01", "2012-08-31", "2010-01-05"))
    assert maximum < rising < minimum
    assert (rising, minimum / rising) == (pytest.approx(8.0, rel=0.1), pytest.approx(2.2, rel=0.1))


def test_overflow_by_hand():
    row = np.array([[0.0, 90.0, 140.0, 70.0, 0.0]])
    # 40 too much: 20 to either side; 10 fit on the left and 10 go on, 20 fit on the right.
    np.testing.assert_allclose(chip.bloom(row, 100.0), [[10, 100, 100, 90, 0]])
    np.testing.assert_allclose(chip.bloom(row.T, 100.0), [[0], [90], [100], [70], [0]])


def test_overflow_that_is_lost_by_hand():
    """A quarter of the 40 flows on: 5 to either side."""
    row = np.array([[0.0, 90.0, 140.0, 70.0, 0.0]])
    np.testing.assert_allclose(chip.bloom(row, 100.0, 0.25), [[0, 95, 100, 75, 0]])


@given(st.lists(st.floats(0, 3000), min_size=60, max_size=60))
def test_overflow_keeps_charge(values):
    row = np.zeros((1, 400))
    row[0, 170:230] = values
    spread = chip.bloom(row, 1000.0)
    assert spread.max() <= 1000 * (1 + 1e-12)
    assert spread.sum() == pytest.approx(row.sum())
    assert (spread >= row)[row <= 1000].all()


def test_overflow_beyond_the_edge_is_lost():
    row = np.zeros((1, 4))
    row[0, 1] = 1000.0
    np.testing.assert_allclose(chip.bloom(row, 100.0), [[100, 100, 100, 100]])


def test_sums():
    image = np.arange(24.0).reshape(4, 6)
    assert chip.sum_pixels(image, (1, 1)) is image
    np.testing.assert_array_equal(chip.sum_pixels(image, (3, 2)), [[24, 42], [96, 114]])
