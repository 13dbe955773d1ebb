"""The uncertainty of operations that mix pixels, compared with simulated noise."""

import numpy as np
import pytest

import astropy.units as u

import sunpy_lasco
from sunpy_lasco.geometry.distortion import camera_distortion
from sunpy_lasco.geometry.resampling import Resampling, interpolate, source_positions
from sunpy_lasco.map import replace
from sunpy_lasco.map.superpixels import combined_pixels, combined_sigma
from sunpy_lasco.pixel_flags import PixelFlag

NONE = np.zeros((8, 12), bool)


def test_independent_pixels_add_in_quadrature():
    sigma = np.arange(1.0, 97.0).reshape(8, 12)
    found = combined_sigma(sigma, NONE, NONE, size=(2, 3), start=(0, 0), function=np.sum)
    assert found.shape == (4, 4)
    assert found[0, 0] == pytest.approx(np.sqrt(1 + 4 + 9 + 169 + 196 + 225))
    mean = combined_sigma(sigma, NONE, NONE, size=(2, 3), start=(0, 0), function=np.mean)
    np.testing.assert_allclose(mean, found / 6)


@pytest.mark.parametrize(("phase", "expected"), [(0.0, 2.0), (0.5, 3.0), (0.25, None)])
def test_interpolated_neighbours_share_noise(phase, expected):
    """Halfway between pixels each has half the variance, and shares half of that with the next."""
    one = np.ones((8, 12))
    rows, columns = np.indices(one.shape) + phase
    found = combined_sigma(one, NONE, NONE, size=(2, 2), start=(0, 0), function=np.sum, sources=(columns, rows))
    if expected is None:
        # By hand: variance 10/16 of the pixels, covariance 3/16; (1 + 0.3)^2 2^2 under the root.
        expected = 2 * 1.3
    np.testing.assert_allclose(found, expected)


def test_filled_pixels_err_together_and_masked_ones_are_left_out():
    filled, masked = NONE.copy(), NONE.copy()
    filled[0, :2], masked[1, 0] = True, True
    one = np.ones((8, 12))
    found = combined_sigma(one, masked, filled, size=(2, 2), start=(0, 0), function=np.sum)
    assert found[0, 0] == pytest.approx(np.sqrt(2**2 + 1))
    mean = combined_sigma(one, masked, filled, size=(2, 2), start=(0, 0), function=np.mean)
    assert mean[0, 0] == pytest.approx(np.sqrt(5) / 3)
    nothing = combined_sigma(one, ~NONE, NONE, size=(2, 2), start=(0, 0), function=np.sum)
    assert np.isnan(nothing).all()


def test_of_other_functions_nothing_is_known():
    one = np.ones((8, 12))
    for function in (np.max, np.median, np.std):
        assert combined_sigma(one, NONE, NONE, size=(2, 2), start=(0, 0), function=function) is None
    assert combined_sigma(None, NONE, NONE, size=(2, 2), start=(0, 0), function=np.sum) is None


def test_pixels_are_combined_as_in_sunpy():
    image = np.arange(96.0).reshape(8, 12)
    image[0, 0] = np.nan
    hidden = NONE.copy()
    hidden[2:4, 0:3] = True
    options = {"hidden": hidden, "size": (2, 3), "start": (0, 0)}
    found = combined_pixels(image, **options, function=np.sum, conservative=False)
    assert found[0, 0] == 1 + 2 + 12 + 13 + 14
    assert np.isnan(found[1, 0])
    assert np.isnan(combined_pixels(image, **options, function=np.sum, conservative=True)[0, 0])


@pytest.mark.parametrize(("rotation", "target"), [(0.0, None), (7.25, (509.3, 511.7)), (44.0, None)])
def test_the_covariance_is_that_of_interpolated_noise(rotation, target):
    """Scatter of block sums of interpolated white noise over the stated uncertainty."""
    distortion = camera_distortion("C3", 52282)
    options = {"rotation": rotation, "pivot": (518.2, 532.5), "target": target}
    resampling = Resampling((512, 512), (0, 0), (2, 2), distortion, **options)
    rng = np.random.default_rng(8)
    noise = interpolate(rng.normal(size=(512, 512)).astype(np.float32), resampling, variance=np.ones((512, 512)))
    inside = np.s_[120:392, 120:392]
    sigma, sources = np.sqrt(noise.variance)[inside], [part[inside] for part in source_positions(resampling)]
    masked = np.zeros(sigma.shape, bool)
    for size in ((2, 2), (4, 4), (8, 3)):
        options = {"size": size, "start": (0, 0), "function": np.sum}
        blocks = combined_pixels(noise.image[inside], masked, conservative=False, **options)
        told = combined_sigma(sigma, masked, masked, sources=sources, **options)
        assert np.std(blocks / told) == pytest.approx(1.0, abs=0.04)


@pytest.fixture(scope="module")
def level1(calibrated):
    return calibrated("C3", leb_sum=(2, 2), lost_blocks=((10, 9),)).level1


def test_superpixels_agree_with_sums_over_regions(level1):
    sums = level1.superpixel([4, 4] * u.pix)
    ratios = []
    for j, i in ((40, 30), (40, 80), (90, 60), (100, 100), (30, 100), (90, 20)):
        region = np.zeros(level1.data.shape, bool)
        region[4 * j : 4 * j + 4, 4 * i : 4 * i + 4] = True
        expected = sunpy_lasco.region_sum(level1, region)
        assert sums.data[j, i] == pytest.approx(expected.value.value, rel=1e-5)
        ratios.append(sums.uncertainty.array[j, i] / expected.sigma.value)
    np.testing.assert_allclose(ratios, 1.0, atol=0.02)


def test_flags_of_a_superpixel_are_those_of_all_its_pixels(level1):
    flags = np.zeros(level1.data.shape, np.uint8)
    flags[100, 101], flags[101, 100] = PixelFlag.FILLED, PixelFlag.SATURATED
    sums = replace(level1, flags=flags).superpixel([2, 2] * u.pix)
    assert sunpy_lasco.flags(sums)[50, 50] == PixelFlag.FILLED | PixelFlag.SATURATED
    assert (sunpy_lasco.flags(sums) != 0).sum() == 1


@pytest.mark.parametrize(
    ("operation", "told"),
    [
        (lambda smap: smap.rotate(order=3), "Rotated (order 3); uncertainty interpolated, an upper limit"),
        (lambda smap: smap.resample([300, 300] * u.pix), "Resampled (linear); uncertainty interpolated"),
        (lambda smap: smap.superpixel([2, 4] * u.pix, func=np.mean), "Superpixels of 2 x 4 pixels (mean)"),
        (lambda smap: smap.superpixel([2, 2] * u.pix, func=np.median), "(median); uncertainty unknown"),
        (lambda smap: smap * 2, "Multiplied by 2"),
        (lambda smap: smap - 1e-11 * smap.unit, "minus 1e-11 MSB; uncertainty unknown"),
    ],
)
def test_history_says_what_became_of_the_uncertainty(operation, told, level1):
    new = operation(level1)
    assert told in new.meta["history"].splitlines()[-1]
    assert (new.uncertainty is None) == ("unknown" in told)


def test_pixels_that_are_only_moved_keep_their_sigma(level1):
    turned = level1.rotate(180 * u.deg, order=0)
    back = np.s_[-2:0:-1, -2:0:-1]
    shown = np.isfinite(turned.data[back])
    # In sunpy holes grow by a pixel.
    assert shown.sum() > 0.97 * np.isfinite(level1.data).sum()
    np.testing.assert_array_equal(turned.data[back][shown], level1.data[shown])
    np.testing.assert_array_equal(turned.uncertainty.array[back][shown], level1.uncertainty.array[shown])
    np.testing.assert_array_equal(sunpy_lasco.flags(turned)[back][shown], sunpy_lasco.flags(level1)[shown])
    assert (sunpy_lasco.flags(turned)[0] == PixelFlag.OUTSIDE).all()


def test_sums_over_parts_are_those_of_the_whole(level1):
    """The cards of a part give its position on the detector, and thus the noise that neighbours share."""
    part = level1.submap([100, 150] * u.pix, width=255 * u.pix, height=255 * u.pix)
    region = np.zeros(level1.data.shape, bool)
    region[200:230, 150:190] = True
    whole = sunpy_lasco.region_sum(level1, region)
    cut = sunpy_lasco.region_sum(part, region[150:406, 100:356])
    assert cut.value.value == pytest.approx(whole.value.value, rel=1e-6)
    assert cut.sigma.value == pytest.approx(whole.sigma.value, rel=1e-4)


def test_superpixels_of_mixed_pixels_have_no_sigma(level1):
    for mixed in (level1.rotate(order=1), level1.superpixel([2, 2] * u.pix)):
        assert mixed.uncertainty is not None
        assert mixed.superpixel([2, 2] * u.pix).uncertainty is None


def test_superpixels_of_independent_pixels_are_independent(calibrated):
    """Pixels are independent if the distortion is in the WCS."""
    level1 = calibrated("C3", leb_sum=(2, 2), lost_blocks=((10, 9),), distortion="wcs").level1
    twice = level1.superpixel([2, 2] * u.pix).superpixel([2, 2] * u.pix)
    once = level1.superpixel([4, 4] * u.pix)
    inside = np.s_[80:110, 20:100]
    assert (sunpy_lasco.flags(once)[inside] == 0).mean() > 0.9
    free = (sunpy_lasco.flags(once) & PixelFlag.FILLED)[inside] == 0
    np.testing.assert_allclose(twice.uncertainty.array[inside][free], once.uncertainty.array[inside][free], rtol=1e-6)
