"""Filters on images with holes: no pixels are lost or invented, and rings are normalised."""

import numpy as np
import pytest

import astropy.units as u

from sunpy_lasco import products
from sunpy_lasco.errors import OptionError
from sunpy_lasco.instrument.changes import changes_of
from sunpy_lasco.products.filters import ring_medians
from sunpy_lasco.products.places import height_and_angle

pytest.importorskip("sunkit_image", reason="sunkit-image is not installed")


@pytest.fixture
def holed(make, corona):
    """A corona with noise and streamers, partly hidden by a pylon."""
    smap = make()
    height, angle = height_and_angle(smap)
    data = corona() * (1 + 0.02 * np.random.default_rng(5).standard_normal(height.shape))
    data[(np.abs(angle - 135) < 8) | (height < 3.5)] = np.nan
    return make(data)


@pytest.mark.parametrize("method", ["nrgf", "fnrgf", "rhef", "mgn"])
def test_what_is_seen_stays_and_what_is_not_stays_away(holed, method):
    before = holed.data.copy()
    # Parts of rings with more than one pixel each.
    options = {"number_angular_segments": 24} if method == "fnrgf" else {}
    found = products.radial_filter(holed, method, bins=20, **options)
    height, _ = height_and_angle(holed)
    inside = (height >= 3.8) & (height < 30)
    assert np.array_equal(np.isfinite(found.data), np.isfinite(before) & inside)
    assert np.array_equal(holed.data, before, equal_nan=True)
    assert found.unit == u.dimensionless_unscaled
    assert found.uncertainty is None
    assert changes_of(found.meta) == ("filtered",)
    assert type(found) is type(holed)
    # The image decreases by two orders of magnitude, and the filtered image does not.
    inner, outer = (np.nanstd(found.data[(height > low) & (height < low + 4)]) for low in (5, 22))
    assert 0.3 < inner / outer < 3


def test_rings_have_mean_0_and_deviation_1(make):
    from sunkit_image.utils import find_pixel_radii

    smap = make()
    height, angle = height_and_angle(smap)
    rng = np.random.default_rng(6)
    with np.errstate(divide="ignore"):
        data = (
            1e-10
            * (10 / height) ** 2.5
            * (1 + 0.3 * np.cos(np.deg2rad(angle)) + 0.05 * rng.standard_normal(height.shape))
        )
    data[np.abs(angle - 135) < 10] = np.nan
    found = products.radial_filter(make(data), "nrgf", heights=(5, 25) * u.R_sun, bins=20)
    radius = find_pixel_radii(smap).to_value(u.R_sun)
    for low in range(5, 24):
        ring = found.data[(radius >= low) & (radius < low + 1)]
        assert abs(np.nanmean(ring)) < 0.02
        assert np.nanstd(ring) == pytest.approx(1, abs=0.02)


def test_differences_have_no_profile_and_are_filtered_all_the_same(make):
    data = 1e-12 * np.random.default_rng(7).standard_normal((128, 128))
    found = products.radial_filter(make(data), "mgn", heights=(4, 20) * u.R_sun, bins=10, clip=False)
    assert np.isfinite(found.data).sum() > 3000


def test_ring_medians_by_hand():
    height = np.array([1.0, 1.5, 2.5, 2.6, 2.7, 9.0])
    middles, medians = ring_medians(np.array([4.0, np.nan, 1.0, 2.0, 9.0, 7.0]), height, np.array([1.0, 2.0, 3.0, 4.0]))
    assert middles.tolist() == [1.5, 2.5]
    assert medians.tolist() == [4.0, 2.0]


def test_what_cannot_be_filtered(holed):
    with pytest.raises(OptionError, match="nrgf, fnrgf"):
        products.radial_filter(holed, "log")
    with pytest.raises(OptionError, match="No pixel is valid"):
        products.radial_filter(holed, heights=(50, 60) * u.R_sun)
