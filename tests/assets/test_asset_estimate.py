"""The built-in estimates, compared with the images from which they were made."""

import numpy as np
import pytest

from sunpy_lasco.assets import (
    C2_VIGNETTING,
    C3_BACKGROUND,
    C3_MASK,
    C3_RAMP,
    C3_VIGNETTING_POST,
    C3_VIGNETTING_PRE,
    exposure_factor_name,
    resolve,
)
from sunpy_lasco.errors import MissingAssetError
from sunpy_lasco.instrument.constants import value_of

Y, X = np.indices((1024, 1024))
C2_CENTRE, C3_CENTRE = value_of("C2.occulter_centre"), value_of("estimate.C3_vignetting.centre")
PYLON_ROOT, PYLON_DIRECTION = value_of("estimate.pylon.root"), value_of("estimate.pylon.direction")
C2_RADIUS = np.hypot(X - C2_CENTRE[0], Y - C2_CENTRE[1])
C3_RADIUS = np.hypot(X - C3_CENTRE[0], Y - C3_CENTRE[1])
_DX, _DY = X - PYLON_ROOT[0], Y - PYLON_ROOT[1]
PYLON = (np.abs(_DY * PYLON_DIRECTION[0] - _DX * PYLON_DIRECTION[1]) < value_of("estimate.pylon.half_width")) & (
    _DX * PYLON_DIRECTION[0] + _DY * PYLON_DIRECTION[1] > 0
)


@pytest.fixture(scope="module")
def estimate():
    return resolve("estimate")


def rms(ratio):
    return np.sqrt(np.mean(np.log(ratio) ** 2))


@pytest.mark.parametrize("name", [C2_VIGNETTING, C3_VIGNETTING_PRE, C3_VIGNETTING_POST, C3_RAMP, C3_MASK])
def test_form(estimate, name):
    asset = estimate.image(name)
    assert asset.estimated
    assert asset.name == name
    assert asset.data.shape == (1024, 1024)
    assert asset.data.dtype == (np.uint8 if name == C3_MASK else np.float32)
    assert np.isfinite(asset.data).all()
    assert not asset.data.flags.writeable
    assert len(asset.sha256) == 64
    assert estimate.image(name) is asset


def test_no_background_and_no_tables(estimate):
    with pytest.raises(MissingAssetError, match="is not in the built-in estimates"):
        estimate.image(C3_BACKGROUND)
    with pytest.raises(MissingAssetError):
        estimate.text(exposure_factor_name("C2", 54890))
    with pytest.raises(MissingAssetError):
        estimate.path(C3_MASK)


def test_c2_limits(estimate):
    """
    It is 50 behind the occulter, as in the official image, at least 1, and follows the exact law in the corners within
    its error.
    """
    asset = estimate.image(C2_VIGNETTING)
    vignetting = asset.data
    assert (vignetting[C2_RADIUS < 150] == 50).all()
    assert vignetting.min() >= 1
    assert vignetting.max() == 50
    # Official values of untransmitted corner blocks: 1.922 + 0.01066 (r - 690) + 2.3e-5 (r - 690)^2.
    # The pylon shades the corner at the lower left.
    for block in (np.s_[992:, 992:], np.s_[992:, :32], np.s_[:32, 992:]):
        exact = 1.922 + 0.01066 * (C2_RADIUS[block] - 690) + 2.3e-5 * (C2_RADIUS[block] - 690) ** 2
        deviation = rms(vignetting[block] / exact)
        assert 0.02 < deviation < 1.2 * np.median(asset.sigma[block])


def test_c3_limits(estimate):
    vignetting = estimate.image(C3_VIGNETTING_POST).data
    sky = estimate.image(C3_MASK).data == 1
    assert vignetting.min() >= 1
    assert 15 < vignetting[sky].max() < 25
    open_field = ~PYLON & (C3_RADIUS > 182) & (C3_RADIUS < 430)
    np.testing.assert_allclose(vignetting[open_field], 1, atol=2e-3)


def test_mask_is_the_official_one(estimate, test_data):
    """Pixels with data in two official level-1 images."""
    from astropy.io import fits

    official = fits.getdata(test_data / "calib" / "derived_c3_level1_valid_mask.fits")
    mask = estimate.image(C3_MASK).data
    assert np.count_nonzero(mask == 0) == 189510
    np.testing.assert_array_equal(mask != 0, official != 0)


@pytest.mark.parametrize(
    ("low", "high", "open_field", "pylon"),
    [
        (69, 72, 0.05, 0.15),
        (72, 85, 0.015, 0.09),
        (85, 165, 0.003, 0.03),
        (165, 430, 0.002, 0.02),
        (430, 505, 0.002, 0.02),
    ],
)
def test_c3_vignetting_beside_the_pixel_estimate(estimate, calib_data, low, high, open_field, pylon):
    sky = (estimate.image(C3_MASK).data == 1) & (C3_RADIUS >= low) & (C3_RADIUS < high)
    asset = estimate.image(C3_VIGNETTING_POST)
    ratio = asset.data / resolve(calib_data).image(C3_VIGNETTING_POST).data
    for part, most in ((sky & ~PYLON, open_field), (sky & PYLON, pylon)):
        assert np.count_nonzero(part) > 100
        deviation = rms(ratio[part])
        print(f"C3 {low}-{high} px: {100 * deviation:.2f} %")
        assert deviation < most
        # Features that the parametric form omits are smaller than the stated systematic error.
        assert deviation < 1.5 * np.median(asset.sigma[part])


@pytest.mark.parametrize(
    ("low", "high", "most"),
    [(160, 175, 0.03), (175, 190, 0.02), (190, 230, 0.01), (230, 450, 0.005), (450, 560, 0.01), (560, 650, 0.025)],
)
def test_c2_vignetting_beside_the_pixel_estimate(estimate, calib_data, low, high, most):
    part = (C2_RADIUS >= low) & (C2_RADIUS < high)
    asset = estimate.image(C2_VIGNETTING)
    deviation = rms(asset.data[part] / resolve(calib_data).image(C2_VIGNETTING).data[part])
    print(f"C2 {low}-{high} px: {100 * deviation:.2f} %")
    assert deviation < most
    assert deviation < np.median(asset.sigma[part])


def test_ramp_beside_the_pixel_estimate(estimate, calib_data):
    part = (estimate.image(C3_MASK).data == 1) & (C3_RADIUS > 182) & (C3_RADIUS < 520)
    difference = estimate.image(C3_RAMP).data - resolve(calib_data).image(C3_RAMP).data
    assert np.abs(difference[part]).max() < 1e-15
    assert 1e-12 < estimate.image(C3_RAMP).data[part].min() < 7e-12


def test_systematic_errors(estimate):
    sigma = estimate.image(C3_VIGNETTING_POST).sigma
    assert sigma[531, 800] == pytest.approx(np.hypot(0.02, 0.015))
    assert sigma[531, 516 + 74] == pytest.approx(np.hypot(0.05, 0.015))
    assert sigma[531 - 200, 516 - 200] == pytest.approx(np.hypot(0.05, 0.015))
    assert estimate.image(C3_VIGNETTING_PRE).sigma[531, 516 + 74] == pytest.approx(np.hypot(0.10, 0.015))
    sigma = estimate.image(C2_VIGNETTING).sigma
    row, column = (round(value) for value in C2_CENTRE[::-1])
    assert sigma[row, column + 170] == pytest.approx(0.40)
    assert sigma[row, column + 260] == pytest.approx(0.10, rel=0.01)
    assert sigma[row, column + 450] == pytest.approx(0.04)
    assert estimate.image(C3_RAMP).offset_sigma == 0.4e-12
    assert estimate.image(C3_RAMP).sigma == 0.0


def test_files_of_estimates(calib_data):
    """The images from which the built-in ones were made are marked as estimates too."""
    source = resolve(calib_data)
    for name in (C2_VIGNETTING, C3_VIGNETTING_POST, C3_RAMP, C3_MASK, C3_BACKGROUND):
        asset = source.image(name)
        assert asset.estimated
        assert asset.header["ORIGIN"] == "ESTIMATE"
    assert source.image(C3_BACKGROUND).header["EXPTIME"] == 19.0
    assert source.image(C3_BACKGROUND).sigma == 0.10
