"""Vectors for statistics and integer scaling of the official product."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sunpy_lasco.level1.scaling import BSCALE, BZERO, SCALE_MAXIMUM, decode_int16, encode_int16
from sunpy_lasco.level1.statistics import PERCENTILES, image_statistics, official_statistics

IMAGE = ((np.arange(10_000) % 1000) * 1e-12).reshape(100, 100)


def test_official_statistics():
    cards, image = official_statistics(IMAGE)
    assert cards["DATAMIN"] == pytest.approx(1e-12)
    assert cards["DATAMAX"] == pytest.approx(9.98e-10)
    assert (cards["DATAZER"], cards["DATASAT"], cards["NSATMIN"]) == (10, 10, 0)
    assert cards["DSATVAL"] == pytest.approx(9.99e-10)
    assert cards["DATAAVG"] == pytest.approx(5e-10)
    assert cards["DATASIG"] == pytest.approx(2.8840074981e-10)
    percentiles = [cards[f"DATAP{q:02d}"] for q in PERCENTILES]
    expected = [1e-11, 1e-10, 2.5e-10, 5e-10, 7.5e-10, 9e-10, 9.5e-10, 9.8e-10, 9.9e-10]
    np.testing.assert_allclose(percentiles, expected, atol=2e-13)
    assert np.array_equal(image, IMAGE)


def test_statistics_of_four_pixels():
    """Mean 2.5, and sum of squares 5 over three degrees of freedom; percentiles lie between the ranks."""
    cards = image_statistics(np.array([[4.0, 1.0, -1.0], [2.0, np.nan, 3.0]]))
    assert cards["DATAZER"] == 2
    assert (cards["DATAMIN"], cards["DATAMAX"], cards["DATAAVG"]) == (1.0, 4.0, 2.5)
    assert cards["DATASIG"] == pytest.approx(np.sqrt(5 / 3), rel=1e-12)
    assert [cards[f"DATAP{q:02d}"] for q in PERCENTILES] == pytest.approx([1 + 3 * q / 100 for q in PERCENTILES])
    assert image_statistics(np.array([[7.0]]))["DATASIG"] == 0.0
    assert image_statistics(np.array([[7.0]]))["DATAP50"] == 7.0
    assert image_statistics(np.array([[-7.0]])) == {"DATAZER": 1}


def test_official_statistics_with_an_end_of_the_scale():
    cards, _ = official_statistics(IMAGE, saturation_maximum=6.5e-10)
    assert cards["DATAMAX"] == pytest.approx(9.99e-10)
    assert (cards["DATASAT"], cards["DSATVAL"]) == (3500, 6.5e-10)


def test_official_statistics_cut_what_is_too_bright():
    image = IMAGE.copy()
    image[0, 0], image[0, 1] = -1e-12, 1.0
    cards, cut = official_statistics(image)
    assert cut.max() == 5e-5
    assert (cards["DSATVAL"], cards["DATASAT"], cards["NSATMIN"]) == (5e-5, 1, 1)
    assert cards["DATAMAX"] == pytest.approx(9.99e-10)
    assert image[0, 1] == 1.0


def test_percentiles_in_one_bin_come_out_one_bin_apart():
    image = np.full((100, 100), 2e-9)
    cards, _ = official_statistics(image)
    first = cards["DATAP01"]
    assert first == pytest.approx(2e-9)
    steps = np.diff([cards[f"DATAP{q:02d}"] for q in PERCENTILES])
    np.testing.assert_allclose(steps, 1e-12, rtol=1e-6)


def test_statistics_of_nothing():
    assert official_statistics(np.zeros((4, 4)))[0] == {}
    assert image_statistics(np.full((4, 4), np.nan)) == {"DATAZER": 16}


def test_own_statistics_know_nan():
    image = np.where(np.arange(100) < 50, np.nan, 1e-9)
    cards = image_statistics(image)
    assert cards["DATAZER"] == 50
    assert cards["DATAP50"] == pytest.approx(1e-9)
    assert cards["DATASIG"] == pytest.approx(0, abs=1e-20)


def test_scale():
    assert pytest.approx(9.918212890625e-14, rel=1e-12) == BSCALE
    assert pytest.approx(3.2500991821289063e-9, rel=1e-12) == BZERO


@pytest.mark.parametrize(
    ("value", "stored"),
    [(1e-12, -32759), (1e-10, -31761), (1e-9, -22687), (3.25e-9, -1), (6.5e-9, 32767), (1e-8, 32767)],
)
def test_encoding(value, stored):
    assert encode_int16([value])[0] == stored
    assert encode_int16([value], official=True)[0] == stored


def test_faintest_value_avoids_blank_except_to_the_bit():
    assert encode_int16([1e-13])[0] == -32767
    assert encode_int16([1e-13], official=True)[0] == -32768


def test_zeros_negatives_and_missing():
    stored = encode_int16([0.0, -1e-12, np.nan])
    assert stored.tolist() == [-32767, -32767, -32768]
    assert np.isnan(decode_int16(stored)).tolist() == [False, False, True]
    official = encode_int16([0.0, -1e-12], official=True)
    assert official.tolist() == [0, 32767]
    assert decode_int16(official)[0] == pytest.approx(3.2501e-9, rel=1e-5)


@given(st.floats(2e-13, SCALE_MAXIMUM))
def test_round_trip(value):
    assert decode_int16(encode_int16([value]))[0] == pytest.approx(value, abs=0.51 * BSCALE)


@pytest.mark.parametrize("size", [1, 2, 3, 1000, 10_007])
def test_percentiles_are_those_of_numpy(size):
    image = np.random.default_rng(size).normal(2e-10, 1e-10, size).astype(np.float32)
    image[0] = 1e-10
    positive = image[image > 0]
    cards = image_statistics(image)
    for q in PERCENTILES:
        assert cards[f"DATAP{q:02d}"] == pytest.approx(np.percentile(positive.astype(float), q), rel=1e-6)
    assert cards["DATAMIN"] == positive.min()
    assert cards["DATAMAX"] == positive.max()


def test_the_lowest_bin_counts():
    """Five of a hundred values are below the width of a bin, 1, so that one per cent lies in bin 0."""
    cards, _ = official_statistics(np.r_[np.full(5, 0.5), np.full(95, 2000.0)] * 1e-3 * 1e-3)
    unscaled = {name: cards[f"DATAP{name}"] * 1e6 for name in ("01", "10", "25")}
    assert unscaled == pytest.approx({"01": 0.0, "10": 2000.0, "25": 2001.0})
