"""
Successive real frames scatter by their random uncertainty, and count rates do not depend on the counts.

``benchmarks/uncertainty`` measures the same with more frames.
"""

import itertools
import warnings

import numpy as np
import pytest
from scipy import ndimage

import sunpy_lasco
from sunpy_lasco.errors import LascoUserWarning
from sunpy_lasco.geometry.resampling import interpolate, resampling_of

#: A filter of unit variance for differences of a pixel from its neighbours, which removes corona and background.
FINE = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]]) / 6


def spread(values):
    """Robust standard deviation, which ignores stars and particle hits."""
    return 1.4826 * np.median(np.abs(values - np.median(values)))


def white_noise(smap):
    """White noise of unit sigma after the interpolation of a map."""
    noise = np.random.default_rng(1).standard_normal(smap.data.shape).astype(np.float32)
    resampling = resampling_of(smap.meta, smap.data.shape)
    result = interpolate(noise, resampling, variance=np.ones_like(noise))
    return np.nan_to_num(result.image / np.sqrt(result.variance))


def scatter(names, real_map, rings, **options):
    """Scatter over sigma of the difference of two frames, by ring (solar radii) and half of the image."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LascoUserWarning)
        one, two = (sunpy_lasco.calibrate(real_map(name), inpaint=None, on_bad="ignore", **options) for name in names)
    bad = ~np.isfinite(one.data) | ~np.isfinite(two.data)
    bad |= (sunpy_lasco.flags(one) != 0) | (sunpy_lasco.flags(two) != 0)
    scale = ndimage.median_filter(np.where(bad, 1, one.data / np.where(bad, 1, two.data)), 9)
    difference = np.where(bad, 0, one.data - scale * two.data).astype(float)
    pulls = ndimage.convolve(difference, FINE) / np.hypot(one.uncertainty.array, scale * two.uncertainty.array)
    white = ndimage.convolve(white_noise(one), FINE)
    y, x = np.indices(bad.shape)
    dx, dy = x + 1 - one.wcs.wcs.crpix[0], y + 1 - one.wcs.wcs.crpix[1]
    radii = np.hypot(dx, dy) * one.scale[0].value / one.rsun_obs.value
    good = ~ndimage.binary_dilation(bad, iterations=4)
    found = {}
    for low, high in itertools.pairwise(rings):
        for side, half in (("east", dx < 0), ("west", dx >= 0)):
            here = good & half & (radii >= low) & (radii < high)
            found[side, low] = spread(pulls[here]) / spread(white[here])
    return found


def test_quiet_frames_of_c3_scatter_by_their_sigma(real_map, calib_data):
    found = scatter(("32310941", "32310942"), real_map, (5, 8, 12, 18, 28), assets=calib_data)
    assert found == pytest.approx(dict.fromkeys(found, 1.0), abs=0.05)


def test_estimated_images_do_not_matter(real_map):
    found = scatter(("32310947", "32310948"), real_map, (5, 8, 12, 18, 28), assets="estimate")
    assert found == pytest.approx(dict.fromkeys(found, 1.0), abs=0.05)


def test_where_an_ejection_passes(real_map):
    """In the east, moving structure adds to the scatter."""
    found = scatter(("32310958", "32310959"), real_map, (5, 8, 12, 18, 28), assets="estimate")
    assert all(0.9 < value < 1.15 for value in found.values()), found


def test_frames_of_c2_scatter_by_their_sigma(real_map):
    """With the measured gain; with that of C3 the ratio would be 1.13."""
    found = scatter(("22322625", "22322749"), real_map, (3, 4.5, 6), assets="estimate")
    assert found == pytest.approx(dict.fromkeys(found, 1.0), abs=0.06)


def test_lossy_frames(real_map):
    """
    The frames are a quarter of a day apart and the corona has changed, so only the scatter of the pixels is compared.
    """
    found = scatter(("32082111", "32082126"), real_map, (6, 12, 18), assets="estimate")
    assert found == pytest.approx(dict.fromkeys(found, 1.0), abs=0.1)


STEPS = {"vignetting": False, "stray_light": False, "mask": False, "distortion": None, "bias": "dark"}


def counts(name, real_map, **options):
    """Counts above the dark level, DN, and the exposure time, s."""
    level1 = sunpy_lasco.calibrate(
        real_map(name), assets="estimate", inpaint=None, on_bad="ignore", **(STEPS | options)
    )
    return level1.data.astype(float) * level1.meta["exptime"] / level1.meta["calfac"], level1.meta["exptime"]


@pytest.mark.parametrize(("name", "largest"), [(32310945, 0.0055), (32310950, 0.0013)])
def test_rates_do_not_depend_on_the_counts(name, largest, real_map):
    """
    Ratios of frames of 20.6 and 19.3 s to their neighbours of 19.1 s: before and after the correction, east and west.
    """
    changes = {}
    for linearity in (False, True):
        (a, ta), (p, tp), (q, tq) = (counts(str(name + k), real_map, linearity=linearity) for k in (0, -1, 1))
        ratio = a / ta / ((p / tp + q / tq) / 2)
        y, x = np.indices(a.shape)
        r = np.hypot(x - 516.3, y - 529.5)
        sky = np.isfinite(ratio) & (r > 72) & (r < 450)
        if not linearity:
            level = ndimage.median_filter(np.nan_to_num(a + (p + q) * ta / (tp + tq) * 2) / 3, 5)
        rate = np.median(ratio[sky & (level > 2500) & (level < 5500)])
        for side, half in (("east", x < 516), ("west", x >= 516)):
            for low, high in ((4000, 6000), (6000, 8000), (8000, 8500), (8500, 9000), (9000, 9500)):
                here = sky & half & (level >= low) & (level < high)
                if here.sum() > 300:
                    changes[side, low, linearity] = np.median(ratio[here]) / rate - 1
    before = {place[:2]: change for place, change in changes.items() if not place[2]}
    after = {place[:2]: change for place, change in changes.items() if place[2]}
    assert len(after) >= 8
    # The east loses more, and the loss grows with the counts.
    assert before["east", 8500] < before["west", 8500] < 0
    assert before["east", 8500] < -0.6 * largest
    assert max(abs(change) for change in after.values()) < 4e-4
