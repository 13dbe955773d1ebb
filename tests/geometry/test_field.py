"""Occulter, pylon and the edges of the field."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astropy.io import fits

from sunpy_lasco.geometry.field import field_mask, outside_detector
from sunpy_lasco.instrument.cameras import CAMERAS


def whole(detector, **options):
    y, x = np.mgrid[:1024, :1024]
    return field_mask(x, y, detector, **options)


def test_mask_of_solarsoft(test_data):
    """The analytic form against the valid pixels of the official C3 level 1."""
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
    """C3's corners come from beside the detector, C2's image lies within it."""
    y, x = np.mgrid[:1024, :1024]
    # 22,150 pixels of the corrected C3 image come from beyond the centres of the outermost pixels, a
    # rim of half a pixel less from beyond their edges.
    outside = outside_detector(x, y, "C3").sum()
    assert 22150 - 2048 < outside < 22150
    assert not outside_detector(x, y, "C2").any()
    # Where the polynomial of C2 turns back.
    centre = CAMERAS["C2"].occulter_centre
    assert outside_detector(centre[0] + np.array([700.0, 1500.0, 3000.0]), centre[1] + np.zeros(3), "C2").all()
