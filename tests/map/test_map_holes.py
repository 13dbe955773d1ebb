"""Functions that make or fill holes."""

import warnings

import numpy as np
import pytest

import astropy.units as u

import sunpy_lasco
from sunpy_lasco import fill_for_display
from sunpy_lasco.errors import NotCalibratableError
from sunpy_lasco.map import replace, without_negatives
from sunpy_lasco.pixel_flags import PixelFlag


@pytest.fixture(scope="module")
def level1(calibrated):
    return calibrated("C3", leb_sum=(2, 2), lost_blocks=((10, 9),)).level1


def circles(smap):
    """Distance from the Sun in pixels."""
    rows, columns = np.indices(smap.data.shape)
    return np.hypot(columns - smap.reference_pixel.x.value, rows - smap.reference_pixel.y.value)


def test_what_is_seen_stays_and_the_rest_is_filled(level1):
    filled = fill_for_display(level1)
    hidden = level1.mask
    assert np.isfinite(filled.data).all()
    np.testing.assert_array_equal(filled.data[~hidden], level1.data[~hidden])
    assert (filled.unit, type(filled), filled.data.dtype) == (level1.unit, type(level1), level1.data.dtype)
    np.testing.assert_array_equal((sunpy_lasco.flags(filled) & PixelFlag.FILLED)[hidden] != 0, True)
    np.testing.assert_array_equal(np.isnan(filled.uncertainty.array), hidden)
    # Pixels hidden by the camera are still hidden in pictures.
    assert filled.mask.mean() > 0.9 * hidden.mean()
    assert np.isnan(level1.data).any()


def test_gaps_are_bridged_along_circles(level1):
    """An image that depends only on the distance from the Sun is unchanged."""
    r = circles(level1)
    image = (1e-9 * (r + 30.0) ** -2).astype(np.float32)
    image[level1.mask] = np.nan
    filled = fill_for_display(replace(level1, data=image))
    inside = (r > 60) & (r < 230)
    np.testing.assert_allclose(filled.data[inside], (1e-9 * (r + 30.0) ** -2)[inside], rtol=0.02)
    # Behind the occulter it is the value of the innermost visible circle.
    assert np.ptp(filled.data[r < 20]) < 0.3 * filled.data[r < 20].max()


def test_it_is_for_display_only(level1, calibrated, tmp_path):
    raw = calibrated("C3", leb_sum=(2, 2), lost_blocks=((10, 9),)).level05
    filled = fill_for_display(level1)
    assert filled.meta["edited"] == "display"
    assert "filled along circles about the Sun, for display" in filled.meta["history"]
    with pytest.raises(NotCalibratableError, match="EDITED = 'display'"):
        sunpy_lasco.write_level1(filled, tmp_path / "level1.fts")
    with pytest.raises(NotCalibratableError, match="EDITED = 'display'"):
        sunpy_lasco.calibrate(fill_for_display(raw), assets="simulated")


def test_differences_and_counts_can_be_filled(level1, calibrated):
    raw = calibrated("C3", leb_sum=(2, 2), lost_blocks=((10, 9),)).level05
    for smap in (raw, level1 - level1, level1.rotate(order=1)):
        filled = fill_for_display(smap)
        assert np.isfinite(filled.data).all()
        assert filled.unit == smap.unit
    assert fill_for_display(raw).data.min() > 300


def test_nothing_cannot_be_filled(level1):
    with pytest.raises(ValueError, match=r"35\d*\.fts has no valid pixels"):
        fill_for_display(replace(level1, data=np.full_like(level1.data, np.nan)))


def test_negatives_can_be_taken_out(real_map):
    """From a resampled official C2 image, whose header no longer matches."""
    smap = real_map("lasco_c2_25299383_s")
    negative = smap.data < 0
    assert negative.sum() == 916
    new = without_negatives(smap)
    np.testing.assert_array_equal(np.isnan(new.data), negative)
    assert new.meta["history"].endswith("916 negative values set to NaN")
    assert (smap.data < 0).sum() == 916


def test_filters_of_sunkit_image(real_map):
    """They return only NaN if the pylon is NaN."""
    radial = pytest.importorskip("sunkit_image.radial", reason="sunkit-image is not installed")
    enhance = pytest.importorskip("sunkit_image.enhance", reason="sunkit-image is not installed")
    level1 = sunpy_lasco.calibrate(real_map("32310944"), assets="estimate")
    level1 = level1.superpixel([4, 4] * u.pix, func=np.mean)
    edges = np.array([np.arange(4, 28, 0.5), np.arange(4.5, 28.5, 0.5)]) * u.R_sun
    filters = {
        "nrgf": lambda smap: radial.nrgf(smap, radial_bin_edges=edges, application_radius=4 * u.R_sun),
        "fnrgf": lambda smap: radial.fnrgf(smap, radial_bin_edges=edges, order=3, application_radius=4 * u.R_sun),
        "mgn": enhance.mgn,
    }
    filled = fill_for_display(level1)
    shown = ~level1.mask & (circles(level1) > 20) & (circles(level1) < 120)
    for name, function in filters.items():
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            assert not np.isfinite(function(level1).data[shown]).any(), name
            new = function(filled)
        assert np.isfinite(new.data[shown]).all(), name
        assert type(new) is type(level1)
        # The result is marked as not an exposure.
        assert new.meta["edited"] == "superpixel, display"
