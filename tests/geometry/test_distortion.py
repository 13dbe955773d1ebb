"""Distortion: vectors, exact inverse, SIP."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astropy.wcs import WCS

from sunpy_lasco.geometry.distortion import Distortion, camera_distortion, occulter_centre
from sunpy_lasco.geometry.sip import sip_cards

C2 = camera_distortion("C2", 52000)
C3 = camera_distortion("C3", 52000)
C3_OLD = Distortion(C3.k0, C3.k1, C3.k2, (516.284, 529.489))


@pytest.mark.parametrize(
    ("distortion", "corrected", "raw"),
    [
        (C2, (0, 0), (8.759359, 8.633924)),
        (C2, (1023, 1023), (1014.111974, 1013.984131)),
        (C2, (612.634, 505.293), (613.093703, 505.293)),
        (C2, (912.634, 505.293), (911.453517, 505.293)),
        (C2, (100, 900), (104.203507, 895.979115)),
        (C2, (900, 200), (897.394517, 202.053447)),
        (C2, (512.634, 1005.293), (512.634, 1001.783517)),
        (C3_OLD, (0, 0), (-12.772754, -13.099443)),
        (C3_OLD, (616.284, 529.489), (614.840396, 529.489)),
        (C3_OLD, (916.284, 529.489), (914.887522, 529.489)),
        (C3_OLD, (516.284, 1029.489), (516.284, 1031.026857)),
        (C3_OLD, (100, 900), (96.879827, 902.777091)),
        (C3_OLD, (900, 200), (901.342617, 198.847123)),
        (C3_OLD, (511.5, 511.5), (511.572432, 511.772361)),
        (C3, (100, 900), (96.911099, 902.735935)),
        (C3, (900, 200), (901.368697, 198.818338)),
    ],
)
def test_vectors(distortion, corrected, raw):
    assert distortion.to_raw(*corrected) == pytest.approx(raw, abs=1e-6)
    assert distortion.to_corrected(*raw) == pytest.approx(corrected, abs=2e-6)


@pytest.mark.parametrize(
    ("detector", "coefficients"),
    [
        ("C2", (-2.6162924926, 7.0997751495, -0.4394841241, -0.0628265556)),
        ("C3", (7.8823189861, -10.3968502937, 0.6009444174, -0.0333121412)),
    ],
)
def test_the_inverse_agrees_with_the_published_polynomial(detector, coefficients):
    distortion = camera_distortion(detector, 52000)
    r = np.linspace(0, 745, 300)
    q = r / 512
    expected = r + sum(c * q ** (2 * m + 1) for m, c in enumerate(coefficients))
    x, y = distortion.to_corrected(distortion.centre[0] + r, np.full_like(r, distortion.centre[1]))
    np.testing.assert_allclose(x - distortion.centre[0], expected, atol=1.3e-3)
    np.testing.assert_allclose(y, distortion.centre[1], atol=1e-9)


@given(
    st.floats(-50, 1074), st.floats(-50, 1074), st.sampled_from(["C2", "C3"]), st.sampled_from(["official", "stars"])
)
def test_inverse_is_exact(x, y, detector, scale):
    distortion = camera_distortion(detector, 52000, scale=scale)
    assert distortion.to_corrected(*distortion.to_raw(x, y)) == pytest.approx((x, y), abs=1e-7)


@pytest.mark.parametrize("distance", [1e-3, 0.3, 0.9])
def test_inverse_beside_the_centre(distance):
    """Near the centre the ratio of the distances is 1 / (1 + k0), to a part in 100,000."""
    x, _ = C3.to_corrected(C3.centre[0] + distance, C3.centre[1])
    assert x - C3.centre[0] == pytest.approx(distance / (1 + C3.k0), rel=1e-5)
    assert C3.to_raw(x, C3.centre[1])[0] == pytest.approx(C3.centre[0] + distance, abs=1e-9)


def test_on_triangles_by_hand():
    """It is exact at the corners of cells and linear between them, on either side of the falling diagonal."""
    cells = Distortion(C3.k0, C3.k1, C3.k2, C3.centre, 32.0)
    at = {(i, j): np.array(C3.to_raw(32.0 * i, 32.0 * j)) for i in (3, 4) for j in (5, 6)}
    for (i, j), exact in at.items():
        assert cells.to_raw(32.0 * i, 32.0 * j) == pytest.approx(exact, abs=1e-9)
    lower = 0.5 * at[3, 5] + 0.25 * at[4, 5] + 0.25 * at[3, 6]
    assert cells.to_raw(96 + 8.0, 160 + 8.0) == pytest.approx(lower, abs=1e-9)
    upper = 0.625 * at[4, 6] + 0.25 * at[3, 6] + 0.125 * at[4, 5]
    assert cells.to_raw(96 + 24.0, 160 + 28.0) == pytest.approx(upper, abs=1e-9)


def test_the_centre_is_fixed():
    assert C2.to_raw(*C2.centre) == pytest.approx(C2.centre)
    assert C2.to_corrected(*C2.centre) == pytest.approx(C2.centre)


def test_solid_angle_is_the_jacobian():
    for distortion, x in ((C3, 516.456 + 500), (C3, 517), (C2, 1000)):
        y, h = 700.0, 1e-4
        east, west = distortion.to_raw(x + h, y), distortion.to_raw(x - h, y)
        north, south = distortion.to_raw(x, y + h), distortion.to_raw(x, y - h)
        dxx, dyx = (east[0] - west[0]) / (2 * h), (east[1] - west[1]) / (2 * h)
        dxy, dyy = (north[0] - south[0]) / (2 * h), (north[1] - south[1]) / (2 * h)
        assert distortion.solid_angle(x, y) == pytest.approx(dxx * dyy - dxy * dyx, rel=1e-6)
    assert C3.solid_angle(*C3.centre) == pytest.approx(0.970, abs=5e-4)


def test_occulter_of_c3_is_the_nearest_in_time():
    assert occulter_centre("C3", 50305) == (516.514, 529.717)
    assert occulter_centre("C3", 51500) == (516.408, 531.160)
    assert occulter_centre("C3", 60000) == (516.456, 531.132)
    assert occulter_centre("C2", 60000) == (512.634, 505.293)


@pytest.mark.parametrize("distortion", [C2, C3, camera_distortion("C3", 52000, scale="stars")])
@pytest.mark.parametrize("binning", [(1, 1), (2, 2), (2, 4)])
def test_sip_does_what_the_distortion_does(distortion, binning):
    cards, scale = sip_cards(distortion, binning)
    occulter = [(distortion.centre[k] + 0.5) / binning[k] - 0.5 for k in (0, 1)]
    wcs = WCS(
        {"CTYPE1": "HPLN-TAN-SIP", "CTYPE2": "HPLT-TAN-SIP", "CRPIX1": occulter[0] + 1, "CRPIX2": occulter[1] + 1}
        | {card.upper(): value for card, value in cards.items()}
    )
    rng = np.random.default_rng(3)
    x, y = rng.uniform(0, 1023, (2, 400))
    raw = distortion.to_raw(x, y)
    stored = np.transpose([(raw[k] + 0.5) / binning[k] - 0.5 for k in (0, 1)])
    focal = wcs.sip.pix2foc(stored + 1, 1)
    expected = np.transpose([(v - c) / scale / b for v, c, b in zip((x, y), distortion.centre, binning, strict=True)])
    inside = np.hypot(x - distortion.centre[0], y - distortion.centre[1]) < 740
    np.testing.assert_allclose(focal[inside], expected[inside], atol=5e-4 / min(binning))
    back = wcs.sip.foc2pix(expected, 1)
    np.testing.assert_allclose(back, stored + 1, atol=1e-8)
