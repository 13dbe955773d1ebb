"""Positions on detector and image, and the effect of interpolation on curved brightness."""

import numpy as np
import pytest

from sunpy_lasco.geometry.distortion import SOLARSOFT_CELLS, Distortion, camera_distortion
from sunpy_lasco.geometry.resampling import (
    PIVOT,
    Resampling,
    _reached,
    bilinear,
    corrected_positions,
    curvature_error,
    curvature_weights,
    distortion_of,
    interpolate,
    interpolation_matrix,
    is_turned,
    kept_variance,
    rectified_by,
    to_detector,
    to_image,
    turned_corner,
)
from sunpy_lasco.instrument.frame import Frame

#: Turned by 90 degrees about a pixel, which goes to another one.
TURNED = {"imgrot": 90.0, "imgpiv1": 500.0, "imgpiv2": 510.0, "imgtar1": 511.5, "imgtar2": 512.5}


def test_where_a_turned_image_has_a_pixel_of_the_detector():
    assert to_image(TURNED, (500.0, 510.0)) == pytest.approx((511.5, 512.5))
    # Ten pixels to the right of the pivot: ten above its target.
    assert to_image(TURNED, (510.0, 510.0)) == pytest.approx((511.5, 522.5))
    assert to_detector(TURNED, (511.5, 522.5)) == pytest.approx((510.0, 510.0))
    assert to_detector({}, (3.0, 4.0)) == (3.0, 4.0)


def test_curvature_of_a_parabola():
    """Along the columns the brightness is x**2: half of the second derivative, 1, times f (1 - f)."""
    y, x = np.mgrid[:7, :9].astype(float)
    error = curvature_error(x**2 + 3 * y, curvature_weights(x + 0.25, y))
    exact = np.zeros_like(error)
    exact[:, 1:-1] = 0.25 * 0.75
    np.testing.assert_allclose(np.abs(error), exact, atol=1e-12)


def test_weights_of_variance_and_curvature_by_hand():
    """At a quarter and at 0.4 of a pixel, (9 + 1) / 16 and (0.36 + 0.16) of the variance remain."""
    assert kept_variance(7.25, 3.4) == pytest.approx(10 / 16 * 0.52)
    assert curvature_weights(7.25, 3.4) == pytest.approx((0.25 * 0.75 / 2, 0.4 * 0.6 / 2))


@pytest.mark.parametrize(("card", "turned"), [
    (True, True), ("T", True), ("True ", True), (False, False), ("F", False), (None, False),
])  # fmt: skip
def test_cards_of_turned_images(card, turned):
    meta = {} if card is None else {"turned": card}
    assert is_turned(meta) is turned
    assert rectified_by(meta) == (180.0 if turned else 0.0)
    assert rectified_by(meta | {"imgrot": -30.0}) == (150.0 if turned else -30.0)


#: 300 columns from 100 and 200 rows from 40 of the CCD, summed by 2 and 4.
PART = Frame.from_header(
    {"detector": "C3", "filter": "Clear", "polar": "Clear", "exptime": 19.0, "date-obs": "2002/01/08",
     "time-obs": "12:00:00", "r1col": 120, "r2col": 419, "r1row": 41, "r2row": 240, "lebxsum": 2, "lebysum": 4},
    (50, 150),
)  # fmt: skip


def test_corner_of_a_turned_part():
    assert PART.corner == (100, 40)
    assert turned_corner(PART) == (1024 - 100 - 300, 1024 - 40 - 200)


def test_positions_of_a_part():
    x, y = corrected_positions({}, PART)
    assert x.shape == y.shape == (50, 150)
    assert (x[0, 0], x[7, 1], y[0, 0], y[1, 9]) == (100.5, 102.5, 41.5, 45.5)
    # Turned, it shows the same places the other way round.
    turned = corrected_positions({"turned": True}, PART)
    # Full-frame pixels of a turned image count from its own lower left corner.
    assert (turned[0][0, 0], turned[1][0, 0]) == (624 + 299 - 0.5, 784 + 199 - 1.5)
    assert (turned[0][-1, -1], turned[1][-1, -1]) == (624.5, 785.5)


@pytest.mark.parametrize(("distort", "cells"), [("grid", SOLARSOFT_CELLS), ("resample", 0.0), ("wcs", 0.0)])
def test_distortion_of_a_header(distort, cells):
    meta = {"occcen1": 516.0, "occcen2": 530.0, "dist_k0": -0.02, "dist_k1": 1e-7, "dist_k2": 2e-13, "distort": distort}
    assert distortion_of(meta) == Distortion(-0.02, 1e-7, 2e-13, (516.0, 530.0), cells)
    assert SOLARSOFT_CELLS == 32.0


@pytest.mark.parametrize("distort", ["wcs", "none"])
def test_positions_where_the_distortion_was_left(distort):
    c3 = camera_distortion("C3", PART.mjd)
    meta = {"distort": distort, "occcen1": c3.centre[0], "occcen2": c3.centre[1]}
    meta |= {"dist_k0": c3.k0, "dist_k1": c3.k1, "dist_k2": c3.k2}
    x, y = corrected_positions(meta, PART)
    assert (x[3, 5], y[3, 5]) == pytest.approx(c3.to_corrected(110.5, 53.5), abs=1e-9)


def test_positions_in_an_image_that_was_moved():
    """The pivot moved to IMGTAR; pixels above it were to the right of it on the detector."""
    meta = {"imgrot": 90.0, "imgpiv1": PIVOT[0], "imgpiv2": PIVOT[1], "imgtar1": 110.5, "imgtar2": 53.5}
    x, y = corrected_positions(meta, PART)
    assert (x[3, 5], y[3, 5]) == pytest.approx(PIVOT)
    assert (x[5, 5], y[5, 5]) == pytest.approx((PIVOT[0] + 8, PIVOT[1]))
    assert (x[3, 6], y[3, 6]) == pytest.approx((PIVOT[0], PIVOT[1] - 2))


def test_what_a_flag_reaches():
    """After a shift by half a pixel up and a quarter to the right, one pixel contributes to four."""
    resampling = Resampling((40, 40), (0, 0), (1, 1), None, rotation=0.0, pivot=(10.0, 10.0), target=(10.25, 10.5))
    flags = np.zeros((40, 40), np.uint8)
    flags[20, 30] = 4
    result = interpolate(np.ones((40, 40), np.float32), resampling, flags=flags)
    assert [tuple(place) for place in np.argwhere(result.flags == 4)] == [(20, 30), (20, 31), (21, 30), (21, 31)]
    values = interpolation_matrix(resampling)[0]
    assert values.toarray().reshape(40, 40, 40, 40)[21, 31, 20:22, 30:32] == pytest.approx(
        np.array([[0.125, 0.375], [0.125, 0.375]])
    )


def test_an_open_end_repeats_the_last_pixels():
    """Half a pixel beyond the last row and column there is no more than these; a pixel beyond them nothing."""
    column, row = np.array([3.5, 1.5, 4.0, 1.0]), np.array([1.0, 2.75, 1.0, 3.0])
    gather = bilinear(column, row, (3, 4), open_end=True)
    assert gather.inside.tolist() == [True, True, False, False]
    assert gather.corner[:2].tolist() == [1 * 4 + 2, 1 * 4 + 1]
    np.testing.assert_array_equal(gather.fx[:2], [1.0, 0.5])
    np.testing.assert_array_equal(gather.fy[:2], [0.0, 1.0])
    closed = bilinear(column, row, (3, 4))
    assert closed.inside.tolist() == [False, False, False, False]


def test_what_is_kept_cannot_be_changed():
    """The pixels that a pattern of lost blocks reaches are kept for the next frame."""
    resampling = Resampling((64, 64), (0, 0), (1, 1), None, rotation=0.0, pivot=(10.0, 10.0), target=(10.5, 10.5))
    lost = np.zeros((64, 64), bool)
    lost[20, 30] = True
    found = _reached(resampling, np.packbits(lost).tobytes())
    assert np.argwhere(found).tolist() == [[20, 30], [20, 31], [21, 30], [21, 31]]
    with pytest.raises(ValueError, match="read-only"):
        found[0, 0] = True
