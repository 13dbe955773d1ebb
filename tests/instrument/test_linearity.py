"""Light lost near the full well, and saturated pixels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sunpy_lasco.instrument.cameras import CAMERAS
from sunpy_lasco.instrument.frame import Frame
from sunpy_lasco.instrument.linearity import full_well, loss_sigma, lost_light, stored_well, true_counts
from sunpy_lasco.instrument.saturation import full_counts, saturated_pixels


def frame(shape=(1024, 1024), detector="C3", date="2012/08/31", **cards):
    header = {
        "detector": detector,
        "filter": "Clear",
        "polar": "Clear",
        "exptime": 19.0,
        "date-obs": date,
        "time-obs": "12:00:00",
    }
    return Frame.from_header(header | cards, shape)


def test_curve_by_hand():
    """C3, 8750 DN: 0.93 % at column 370 (east), 0.39 % at column 650 (west)."""
    well = full_well(frame())
    assert well[[0, 512, 1023]] == pytest.approx([11870 * 0.863, 11870, 11870 * 1.1367], rel=1e-4)
    for column, share in ((370, 0.0091), (650, 0.0040)):
        expected = 0.171 * (8750 / (11870 * (1 + 0.137 * (column - 512) / 512))) ** 11
        found = lost_light(np.array([8750.0]), well[column], CAMERAS["C3"])[0]
        assert found == pytest.approx(expected, rel=1e-12)
        assert found == pytest.approx(share, rel=0.03)
    # The loss is negligible below 6500 DN.
    assert lost_light(np.array([6500.0]), well, CAMERAS["C3"]).max() < 2e-3
    assert lost_light(np.array([4000.0]), well, CAMERAS["C3"]).max() < 1e-5


def test_single_precision_is_kept():
    counts = np.full((1024, 1024), 9000, np.float32)
    found = true_counts(counts, frame())
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, true_counts(counts.astype(float), frame()), rtol=3e-7)
    assert np.isnan(true_counts(np.full((1024, 1024), np.nan, np.float32), frame())).all()


@given(st.floats(-100, 20000), st.floats(0.01, 100), st.sampled_from(["C2", "C3"]))
def test_more_counts_are_more_light(counts, more, detector):
    one = frame((8, 1024), detector, r1row=1, r2row=8)
    low, high = (true_counts(np.full(one.shape, value), one) for value in (counts, counts + more))
    assert (high > low).all()
    assert (low >= counts).all()


@pytest.mark.parametrize("sums", [{"lebxsum": 2, "lebysum": 2}, {"sumcol": 2, "sumrow": 2}])
def test_sums_of_equal_pixels_lose_as_much(sums):
    summed = true_counts(np.full((512, 512), 4 * 9000.0), frame((512, 512), **sums))
    single = true_counts(np.full((1024, 1024), 9000.0), frame())
    np.testing.assert_allclose(summed, 2 * (single[::2, ::2] + single[::2, 1::2]), rtol=1e-4)


def test_sums_hold_as_much_as_their_pixels_together():
    summed = frame((256, 512), lebxsum=2, lebysum=4)
    well = full_well(frame())
    assert stored_well(summed) == pytest.approx(8 * (well[::2] + well[1::2]) / 2, rel=1e-6)
    assert stored_well(summed).dtype == np.float32


def test_cut_frames_know_their_columns():
    part = frame((256, 512), r1col=20 + 300, r2col=20 + 811, r1row=101, r2row=356)
    np.testing.assert_array_equal(full_well(part), full_well(frame())[300:812])


def test_derived_images_are_left_alone():
    image = np.full((1024, 1024), 9000.0)
    np.testing.assert_array_equal(true_counts(image, frame(polar="PB")), image)


def test_error_is_small_where_it_was_measured():
    assert loss_sigma(frame()) < 0.05
    assert loss_sigma(frame(date="2003/01/01")) == pytest.approx(0.5, abs=0.01)
    assert loss_sigma(frame(detector="C2")) > 0.5
    assert loss_sigma(frame((512, 512), sumcol=2, sumrow=2)) > 0.4


def test_full_pixels_follow_the_full_well():
    """
    The limit is at most 11000 (C3) and 16000 DN (C2) including the bias, and lower where the full well is smaller.
    """
    for detector, limit, lower in (("C3", 11000, 10400), ("C2", 16000, 14500)):
        one = frame(detector=detector, date="2010/01/12")
        raw = np.full((1024, 1024), 500.0)
        raw[10, 900], raw[20, 900], raw[30, 60] = limit - 2, limit, lower
        found = saturated_pixels(raw, one)
        assert not found[10].any()
        assert np.flatnonzero(found[20]).tolist() == list(range(897, 904))
        assert np.flatnonzero(found[30]).tolist() == list(range(57, 64))
    assert full_counts(frame((512, 512), lebxsum=2, lebysum=2))[400] == pytest.approx(
        4 * full_counts(frame())[801], rel=1e-3
    )


def test_trails_of_real_planets_are_flagged(real_map):
    """Venus of January 2010: C2 blooms along the row at 15200 DN in the left of the image, C3 at 11230 DN."""
    for name, rows, columns in (
        ("22322544", (762,), (0, 1024)),
        ("22322784", (765,), (0, 1024)),
        ("32219521", (581,), (190, 585)),
    ):
        smap = real_map(name)
        found = saturated_pixels(smap.data.astype(float), Frame.from_header(smap.meta, smap.data.shape))
        assert found[rows[0], slice(*columns)].all(), name
