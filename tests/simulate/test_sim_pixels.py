"""From pixels to the sky: hand-computed positions, round trips, and an independent projection."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq

from astropy.time import Time
from astropy.wcs import WCS

from sunpy_lasco.simulate import pixels

CENTRES = {"C2": (512.634, 505.293), "C3": (516.284, 529.489)}

#: Corrected position, raw position: the published polynomials worked out by hand.
KNOWN = {
    "C2": [
        ((0, 0), (8.759359, 8.633924)),
        ((1023, 1023), (1014.111974, 1013.984131)),
        ((612.634, 505.293), (613.093703, 505.293)),
        ((912.634, 505.293), (911.453517, 505.293)),
        ((100, 900), (104.203507, 895.979115)),
        ((900, 200), (897.394517, 202.053447)),
        ((512.634, 1005.293), (512.634, 1001.783517)),
    ],
    "C3": [
        ((0, 0), (-12.772754, -13.099443)),
        ((616.284, 529.489), (614.840396, 529.489)),
        ((916.284, 529.489), (914.887522, 529.489)),
        ((516.284, 1029.489), (516.284, 1031.026857)),
        ((100, 900), (96.879827, 902.777091)),
        ((900, 200), (901.342617, 198.847123)),
        ((511.5, 511.5), (511.572432, 511.772361)),
    ],
}
VECTORS = [(detector, *pair) for detector, pairs in KNOWN.items() for pair in pairs]
#: Corrected less raw radius as a polynomial of raw radius / 512: odd powers from the first, and its error.
PUBLISHED_INVERSE = {
    "C2": ((-2.6162924926, 7.0997751495, -0.4394841241, -0.0628265556), 8e-4),
    "C3": ((7.8823189861, -10.3968502937, 0.6009444174, -0.0333121412), 1.2e-3),
}
position = st.floats(-20, 1043)
detectors = st.sampled_from(["C2", "C3"])


@pytest.mark.parametrize(("detector", "corrected", "raw"), VECTORS)
def test_distortion_vectors(detector, corrected, raw):
    assert pixels.distort(*corrected, detector, CENTRES[detector]) == pytest.approx(raw, abs=1e-6)
    back = pixels.undistort(*map(np.array, raw), detector, CENTRES[detector])
    assert back == pytest.approx(corrected, abs=2e-6)


@given(detectors, position, position)
def test_undistort_is_the_inverse(detector, x, y):
    centre = CENTRES[detector]
    corrected = pixels.undistort(np.array([x]), np.array([y]), detector, centre)
    assert np.ravel(pixels.distort(*corrected, detector, centre)) == pytest.approx([x, y], abs=1e-9)


@pytest.mark.parametrize(
    ("detector", "mm"), [("C2", (0.0051344125, -1.2233862e-4, 1.0978595e-7)), ("C3", (-0.0151657, 1.65455e-4, 0.0))]
)
def test_undistort_against_bisection_in_millimetres(detector, mm):
    x0, y0 = CENTRES[detector]
    for raw in (3.0, 120.0, 333.0, 512.0, 700.0):
        rho = brentq(lambda r, raw=raw: r * (1 + mm[0] + mm[1] * r**2 + mm[2] * r**4) - 0.021 * raw, 0, 20, xtol=1e-13)
        x, y = pixels.undistort(np.array([x0 + 0.6 * raw]), np.array([y0 - 0.8 * raw]), detector, (x0, y0))
        assert (x[0], y[0]) == pytest.approx((x0 + 0.6 * rho / 0.021, y0 - 0.8 * rho / 0.021), abs=1e-6)


@pytest.mark.parametrize("detector", ["C2", "C3"])
def test_undistort_against_the_published_inverse(detector):
    coefficients, error = PUBLISHED_INVERSE[detector]
    raw = np.linspace(0, 745, 150)
    published = raw + sum(a * (raw / 512) ** (2 * k + 1) for k, a in enumerate(coefficients))
    x, _ = pixels.undistort(
        CENTRES[detector][0] + raw, np.full_like(raw, CENTRES[detector][1]), detector, CENTRES[detector]
    )
    np.testing.assert_allclose(x - CENTRES[detector][0], published, rtol=0, atol=1.2 * error)


def test_centre_of_the_distortion_stays():
    x, y = pixels.undistort(np.array([516.284]), np.array([529.489]), "C3", CENTRES["C3"])
    assert (x[0], y[0]) == CENTRES["C3"]


@pytest.mark.parametrize(
    ("day", "centre"),
    [
        ("1996-01-01", (516.514, 529.717)),
        ("1998-04-15", (516.385, 529.671)),
        ("1998-10-13", (516.407, 531.172)),
        ("2026-01-01", (516.456, 531.132)),
    ],
)
def test_occulter_of_c3_moves(day, centre):
    assert pixels.occulter_centre("C3", Time(day)) == centre
    assert pixels.occulter_centre("C2", Time(day)) == CENTRES["C2"]


def test_full_grid_is_the_inverse_at_every_pixel():
    centre = CENTRES["C3"]
    x, y = pixels.distort(*pixels.full_grid("C3", centre, (0.25, -0.5)), "C3", centre)
    row, column = np.mgrid[:1024, :1024]
    np.testing.assert_allclose(x, column + 0.25, rtol=0, atol=1e-8)
    np.testing.assert_allclose(y, row - 0.5, rtol=0, atol=1e-8)


def test_attitude_by_hand():
    # 1000 pixels of 56 arcsec are 56000 arcsec on the plane; west is right and north is up.
    reach = 56000 * np.pi / 648000
    upright = pixels.Attitude((500.0, 600.0), 0.0, 56.0)
    assert upright.plane(1500, 600) == pytest.approx((reach, 0))
    assert upright.plane(500, 1600) == pytest.approx((0, reach))
    # CROTA = 90: the image must be turned counter-clockwise by 90 degrees, so north is to the right.
    lying = pixels.Attitude((500.0, 600.0), 90.0, 56.0)
    assert lying.plane(1500, 600) == pytest.approx((0, reach), abs=1e-12)
    turned = pixels.Attitude((500.0, 600.0), 180.0, 56.0)
    assert turned.plane(1500, 600) == pytest.approx((-reach, 0), abs=1e-12)


@given(st.floats(-180, 180), position, position)
def test_attitude_round_trip(roll, x, y):
    attitude = pixels.Attitude((518.2, 532.5), roll, 56.0)
    assert attitude.pixel(*attitude.plane(x, y)) == pytest.approx((x, y), abs=1e-9)


@given(st.floats(-179, 179), position, position)
def test_sky_agrees_with_the_fits_standard(roll, x, y):
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = "HPLN-TAN", "HPLT-TAN"
    wcs.wcs.crpix = 519.2, 533.5
    wcs.wcs.cdelt = 56 / 3600, 56 / 3600
    cos, sin = np.cos(np.radians(roll)), np.sin(np.radians(roll))
    wcs.wcs.pc = [[cos, -sin], [sin, cos]]
    lon, lat = wcs.wcs_pix2world([[x, y]], 0)[0]
    plane = pixels.Attitude((518.2, 532.5), roll, 56.0).plane(x, y)
    tx, ty = pixels.helioprojective_from_plane(*plane)
    assert ((lon + 180) % 360 - 180) * 3600 == pytest.approx(tx, abs=1e-6)
    assert lat * 3600 == pytest.approx(ty, abs=1e-6)
    assert pixels.plane_from_helioprojective(tx, ty) == pytest.approx(plane, abs=1e-12)
