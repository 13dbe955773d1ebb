"""Occulter, pylon and the edges of the field."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astropy.io import fits

from sunpy_lasco.geometry.distortion import camera_distortion
from sunpy_lasco.geometry.field import _c3_mask, field_mask, hidden_pixels, outside_detector
from sunpy_lasco.instrument.cameras import CAMERAS
from sunpy_lasco.instrument.constants import value_of
from sunpy_lasco.instrument.frame import Frame


def whole(detector, **options):
    y, x = np.mgrid[:1024, :1024]
    return field_mask(x, y, detector, **options)


def test_mask_of_solarsoft(test_data):
    """The analytic form, compared with the valid pixels of the official C3 level 1."""
    with fits.open(test_data / "calib" / "derived_c3_level1_valid_mask.fits") as hdus:
        official = next(hdu.data for hdu in hdus if hdu.data is not None) == 0
    ours = whole("C3")
    wrong = ours != official
    assert official.mean() == pytest.approx(0.18, abs=0.01)
    # The edge is 8,000 pixels long.
    assert wrong.sum() < 500
    # Nowhere more than a pixel off: none is wrong with all its neighbours.
    inner = wrong[1:-1, 1:-1] & wrong[:-2, 1:-1] & wrong[2:, 1:-1] & wrong[1:-1, :-2] & wrong[1:-1, 2:]
    assert not inner.any()


@pytest.mark.parametrize(
    ("detector", "hidden", "seen"),
    [
        # Behind the occulter and just beside it; the pylon to the lower left and not to the upper right.
        ("C2", [(512.6, 505.3), (512.6, 505.3 + 165), (438, 439)], [(512.6, 505.3 + 167), (680, 640), (100, 900)]),
        ("C3", [(518.5, 531.1), (518.5, 531.1 + 70), (300, 313)], [(518.5, 531.1 + 72), (700, 713), (300, 600)]),
    ],
)
def test_places(detector, hidden, seen):
    assert field_mask(*np.transpose(hidden), detector).all()
    assert not field_mask(*np.transpose(seen), detector).any()


@pytest.mark.parametrize(("detector", "share"), [("C2", np.pi * 166**2 / 1024**2), ("C3", 0.18)])
def test_how_much_is_hidden(detector, share):
    assert whole(detector).mean() == pytest.approx(share, abs=0.004)


@settings(deadline=None, max_examples=20)
@given(st.sampled_from(["C2", "C3"]), st.floats(0.1, 20))
def test_a_margin_only_adds(detector, margin):
    y, x = np.mgrid[:1024:5, :1024:5]
    narrow, wide = field_mask(x, y, detector), field_mask(x, y, detector, margin=margin)
    assert (narrow <= wide).all()
    assert wide.sum() > narrow.sum()


def test_shapes():
    assert field_mask(512.0, 505.0, "C2").shape == ()
    assert field_mask(np.zeros((3, 1)), np.zeros(4), "C3").shape == (3, 4)


def test_outside():
    """The corners of C3 come from outside the detector; the image of C2 lies within it."""
    y, x = np.mgrid[:1024, :1024]
    # 22,150 pixels of the corrected C3 image come from beyond the centres of the outermost pixels, a
    # rim of half a pixel less from beyond their edges.
    outside = outside_detector(x, y, "C3").sum()
    assert 22150 - 2048 < outside < 22150
    assert not outside_detector(x, y, "C2").any()
    # Where the polynomial of C2 turns back.
    centre = CAMERAS["C2"].occulter_centre
    assert outside_detector(centre[0] + np.array([700.0, 1500.0, 3000.0]), centre[1] + np.zeros(3), "C2").all()


@pytest.mark.parametrize("sums", [(1, 1), (2, 4)])
def test_hidden_pixels_of_a_frame_as_it_was_read_out(sums):
    """A part of C3 from the CCD's pixel (300, 400), 256 by 128 of its pixels."""
    header = {"detector": "C3", "filter": "Clear", "polar": "Clear", "exptime": 19.0, "date-obs": "2002/01/08",
              "time-obs": "12:00:00", "r1col": 20 + 300, "r2col": 20 + 555, "r1row": 1 + 400, "r2row": 1 + 527,
              "lebxsum": sums[0], "lebysum": sums[1]}  # fmt: skip
    frame = Frame.from_header(header, (128 // sums[1], 256 // sums[0]))
    x = 300 + (np.arange(frame.shape[1]) + 0.5) * sums[0] - 0.5
    y = 400 + (np.arange(frame.shape[0])[:, None] + 0.5) * sums[1] - 0.5
    x, y = camera_distortion("C3", frame.mjd).to_corrected(*np.broadcast_arrays(x, y))
    expected = field_mask(x, y, "C3")
    assert 0.1 < expected.mean() < 0.9
    np.testing.assert_array_equal(hidden_pixels(frame), expected)
    assert hidden_pixels(frame, margin=5).sum() > expected.sum()


def test_margin_at_the_edges_of_c2():
    """Positions 20 pixels inside each edge of the detector; the correction moves them by up to 9 pixels."""
    places = [(1015.0, 500.0), (10.0, 500.0), (500.0, 1015.0), (500.0, 10.0)]
    assert not field_mask(*np.transpose(places), "C2").any()
    assert field_mask(*np.transpose(places), "C2", margin=25).all()
    assert not field_mask(*np.transpose([(950.0, 500.0), (70.0, 500.0)]), "C2", margin=25).any()


@pytest.mark.parametrize("margin", [0.0, 3.0])
def test_foot_of_the_pylon(margin):
    """The corner of the detector behind the foot grows with the margin."""
    foot = value_of("C3.mask.foot") + margin
    beside = np.array([foot - 0.1, foot + 0.1])
    there = np.full(2, 124.0 if margin else 126.0)
    assert _c3_mask(beside, there, margin).tolist() == [True, False]
    if margin:
        assert _c3_mask(there - 1, beside, margin).tolist() == [True, False]
