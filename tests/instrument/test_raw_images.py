"""Vignetting of sums and cut-outs, noise, saturation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sunpy_lasco.errors import HeaderError
from sunpy_lasco.instrument.frame import Frame
from sunpy_lasco.instrument.noise import noise_parts, noise_variance, rounded_variance
from sunpy_lasco.instrument.photometry import calibration_factor
from sunpy_lasco.instrument.pixel_grid import block_mean, frame_cutout
from sunpy_lasco.instrument.saturation import saturated_pixels
from sunpy_lasco.instrument.vignetting import inverse_vignetting


def frame(shape=(1024, 1024), detector="C3", **cards):
    header = {
        "detector": detector,
        "filter": "Clear",
        "polar": "Clear",
        "exptime": 19.0,
        "date-obs": "2003/10/28",
        "time-obs": "12:00:00",
    }
    return Frame.from_header(header | cards, shape)


def test_summed_pixels_average_the_light_not_its_inverse():
    image = np.ones((1024, 1024))
    image[0, 0], image[0, 1], image[1, 0], image[1, 1] = 1, 2, 4, 5
    summed = frame((512, 512), lebxsum=2, lebysum=2)
    exact = 4 / (1 + 1 / 2 + 1 / 4 + 1 / 5)
    assert inverse_vignetting(image, summed)[0, 0] == pytest.approx(exact)
    assert inverse_vignetting(image, summed, official=True)[0, 0] == pytest.approx(3.0)
    assert inverse_vignetting(image, frame())[1, 1] == 5


def test_vignetting_of_c2_is_limited():
    image = np.full((1024, 1024), 1e4)
    assert inverse_vignetting(image, frame(detector="C2", filter="Orange")).max() == 100
    assert inverse_vignetting(image, frame()).max() == 1e4


def test_cutout_of_a_sub_frame():
    image = np.arange(1024.0)[None, :] + 10_000 * np.arange(1024.0)[:, None]
    sub = frame((64, 128), r1col=30, r2col=157, r1row=101, r2row=164)
    part = frame_cutout(image, sub)
    assert part.shape == (64, 128)
    assert part[0, 0] == 100 * 10_000 + 10
    with pytest.raises(HeaderError, match="beyond"):
        frame_cutout(image, frame((64, 128), r1col=1000, r2col=1127, r1row=1, r2row=64))


@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 2**31))
def test_block_mean_keeps_the_mean(sx, sy, seed):
    image = np.random.default_rng(seed).normal(size=(3 * sy, 5 * sx))
    mean = block_mean(image, (sx, sy))
    assert mean.shape == (3, 5)
    assert mean.mean() == pytest.approx(image.mean())
    assert mean[1, 2] == pytest.approx(image[sy : 2 * sy, 2 * sx : 3 * sx].mean())


def test_noise_by_hand():
    # 2000 DN at 14.5 e/DN, pattern 0.85 %, read variance 0.8, rounding 1/12.
    expected = 2000 / 14.5 + (0.0085 * 2000) ** 2 + 0.8 + 1 / 12
    assert noise_variance(np.array([2000.0]), frame())[0] == pytest.approx(expected)
    without = noise_variance(np.array([2000.0]), frame(), pattern=False)[0]
    assert without == pytest.approx(expected - (0.0085 * 2000) ** 2)
    assert noise_variance(np.array([-50.0]), frame())[0] == pytest.approx(0.8 + 1 / 12)


def test_noise_of_sums():
    box = frame((512, 512), lebxsum=2, lebysum=2)
    assert noise_variance(np.array([8000.0]), box)[0] == pytest.approx(
        8000 / 14.5 + (0.0085 * 8000) ** 2 / 4 + 4 * (0.8 + 1 / 12)
    )
    chip = frame((512, 512), sumcol=2, sumrow=2)
    assert noise_variance(np.array([8000.0]), chip)[0] == pytest.approx(
        8000 / 14.5 + (0.0085 * 8000) ** 2 / 4 + 0.8 + 1 / 12
    )


def test_parts_of_noise():
    photon, read, quantisation = noise_parts(np.array([2000.0, -50.0]), frame((512, 512), lebxsum=2, lebysum=2))
    assert photon == pytest.approx([2000 / 14.5, 0])
    assert read == pytest.approx(4 * 0.8)
    assert quantisation == pytest.approx(4 / 12)


@pytest.mark.parametrize(
    ("cards", "step"),
    [({"comprssn": "X#"}, 16), ({"comprssn": "X%", "hcomp_sf": 64}, 32), ({"comprssn": "X#", "hcomp_sf": 32}, 16)],
)
def test_lossy_compression_rounds(cards, step):
    """Large noise grows by 1/12 of the square of the step; small noise is rounded away."""
    photon, read, quantisation = noise_parts(np.array([step**2 * 14.5 * 4, 120.0]), frame(**cards))
    assert quantisation[0] == pytest.approx((1 + step**2) / 12)
    assert photon[0] + read[0] == pytest.approx(4 * step**2 + 0.8)
    assert quantisation[1] == pytest.approx(1 / 12)
    assert photon[1] + read[1] < 0.8 * (120 / 14.5 + 0.8)
    assert photon[1] / read[1] == pytest.approx(120 / 14.5 / 0.8)


@given(st.floats(0.05, 3.0))
def test_rounding_of_wavelet_coefficients(sigma):
    """
    Compared with random numbers, in units of the step; a sixteenth of the coefficients lies anywhere between the steps.
    """
    rng = np.random.default_rng(7)
    noise = sigma * rng.standard_normal(200_000)
    place = rng.uniform(-0.5, 0.5, noise.size) * (np.arange(noise.size) % 16 == 0)
    variance = np.mean((np.rint(noise + place) - place) ** 2)
    assert rounded_variance(np.array([sigma**2]), 1.0)[0] == pytest.approx(variance, rel=0.05, abs=1e-3)


def test_saturation_bleeds_along_the_row_of_the_image_in_c3():
    raw = np.full((1024, 1024), 500.0)
    raw[100, 200] = 11_000
    raw[300, 300] = 10_999
    saturated = saturated_pixels(raw, frame())
    assert np.flatnonzero(saturated[100]).tolist() == list(range(197, 204))
    assert saturated.sum() == 7
    assert saturated_pixels(raw, frame(detector="C2", filter="Orange")).sum() == 0
    summed = np.full((512, 512), 2000.0)
    summed[10, 10] = 44_000
    assert saturated_pixels(summed, frame((512, 512), lebxsum=2, lebysum=2)).sum() == 5


def test_equal_scenes_are_equally_bright_however_they_are_summed():
    factor, exptime = calibration_factor("C3", "CLEAR", "CLEAR", 52940), 19.0002523356
    full = (2000 - 385.2) / exptime * factor
    box = (8000 - 4 * 385.2) / exptime * calibration_factor("C3", "CLEAR", "CLEAR", 52940, 4)
    chip = (6844.4 - 385.2) / exptime * calibration_factor("C3", "CLEAR", "CLEAR", 52940, 4)
    assert [full, box, chip] == pytest.approx([5.250955600682523e-11] * 3, rel=1e-9)


def test_photometry_by_hand():
    c2 = (1000 - 618.5) / 25.1262079357 * calibration_factor("C2", "ORANGE", "CLEAR", 54890) * 1.5
    assert c2 == pytest.approx(1.427609605683548e-10, rel=1e-9)
    c3 = (2000 - 385.2) / 19.0002523356 * 1.2 * calibration_factor("C3", "CLEAR", "CLEAR", 52940) - 2e-12
    assert c3 == pytest.approx(6.101146720819026e-11, rel=1e-9)


def test_real_planets_bleed_along_the_row_of_the_image(real_map):
    """
    Around saturated pixels of a planet's trail, more than half of the pixels in the row are bright, and few in the
    column.
    """
    raw = real_map("32082111").data
    full = raw >= 11_000
    beside = [np.concatenate([raw[np.roll(full, k, axis) & ~full] for k in (-1, 1)]) for axis in (0, 1)]
    above, along = (np.median(values) for values in beside)
    assert along > 1.5 * above
