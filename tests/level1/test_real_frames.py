"""Real frames of both cameras through the whole calibration, one of them compared with its official level 1."""

import warnings

import numpy as np
import pytest
from scipy import ndimage

import sunpy.map

import sunpy_lasco
from sunpy_lasco.errors import BadFrameError, LascoUserWarning
from sunpy_lasco.pixel_flags import PixelFlag

#: The available official level-1 image was taken 24 minutes after this level-0.5 frame.
BEFORE, OFFICIAL = "32082037", "35082038"
#: Motion of the stars between the two, pixel along (x, y): the Sun moved by 61 arcsec.
STAR_DRIFT = (1.09, -0.13)
#: Implausible frames, and the expected warnings.
BAD = {"32310957": "5 whole rows of blocks", "32108414": "times as bright"}
#: Median brightness of good frames between 4 and 8 (C2: 3 and 6) solar radii, MSB.
BRIGHTNESS = {"C2": (2e-10, 3e-9), "C3": (2e-11, 3e-10)}


def level1(path, calib_data, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LascoUserWarning)
        return sunpy_lasco.calibrate(sunpy.map.Map(path), assets=calib_data, **({"inpaint": None} | options))


@pytest.fixture(scope="module")
def pair(real_frame, calib_data):
    """Ours, the official one, and where both are valid."""
    ours = level1(real_frame(BEFORE), calib_data)
    official = sunpy.map.Map(real_frame(OFFICIAL))
    good = np.isfinite(ours.data) & np.isfinite(official.data) & (official.data > 0)
    return ours, official.data.astype(float), good


def radius(smap):
    y, x = np.indices(smap.data.shape)
    return np.hypot(x + 1 - smap.wcs.wcs.crpix[0], y + 1 - smap.wcs.wcs.crpix[1])


def test_same_pixels_are_valid(pair, calib_data):
    """The mask was made from the official product; only lost blocks may differ."""
    ours, official, _ = pair
    flags = sunpy_lasco.flags(ours)
    lost = (flags & (PixelFlag.MISSING | PixelFlag.UNTRANSMITTED | PixelFlag.OUTSIDE)) != 0
    assert ((np.isfinite(ours.data) != (official > 0)) & ~lost & np.isfinite(official)).sum() < 50


def test_brightness_by_radius(pair):
    """
    This is a consistency check: vignetting and stray light were estimated from this pair.

    The exposure factor of either frame is not known here; that of the other 5 s frames
    scatters by 1 %.
    """
    ours, official, good = pair
    r = radius(ours)
    for low in range(80, 540, 20):
        ring = good & (r >= low) & (r < low + 20)
        assert 0.985 < np.median(ours.data[ring] / official[ring]) < 1.003, low


def test_brightness_of_another_epoch(pair, real_frame, calib_data):
    """The frame of 2000-01-20, two years earlier and with another exposure time, to which nothing was fitted."""
    _, official, _ = pair
    other = level1(real_frame("32046494"), calib_data)
    assert other.date.strftime("%Y-%m-%d") == "2000-01-20"
    r = radius(other)
    good = np.isfinite(other.data) & (official > 0)
    ratios = []
    for low in range(80, 500, 30):
        ring = good & (r >= low) & (r < low + 30)
        ratios.append(np.median(other.data[ring]) / np.median(official[ring]))
    assert np.abs(np.median(ratios) - 1) < 0.02
    assert np.abs(np.array(ratios) - 1).max() < 0.04


def peaks(excess, sigma, inside):
    """Integer positions of stars."""
    signal = np.where(inside, ndimage.gaussian_filter(excess, 0.7) / sigma, 0)
    return [tuple(place) for place in np.argwhere((signal == ndimage.maximum_filter(signal, 9)) & (signal > 6))]


def centroid(excess, row, column):
    """Centre by an adaptive Gaussian weight; None where there is no star."""
    rows, columns = np.mgrid[row - 3 : row + 4, column - 3 : column + 4]
    cut, y, x = excess[rows, columns], float(row), float(column)
    for _ in range(30):
        weight = np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / 2) * cut
        step_y, step_x = (2 * ((weight * axis).sum() / weight.sum() - old) for axis, old in ((rows, y), (columns, x)))
        y, x = y + step_y, x + step_x
        if np.hypot(y - row, x - column) > 2:
            return None
        if abs(step_y) + abs(step_x) < 1e-4:
            break
    return x, y


def test_positions_of_stars(pair):
    """Distortion, its centre and the half pixels are those of the official product."""
    ours, official, good = pair
    inside = ndimage.binary_erosion(good, iterations=10)
    sigma = sunpy_lasco.uncertainty(ours, ["random", "pattern"]).value
    found = []
    for image in (ours.data.astype(float), official):
        image = np.where(good, image, 0)
        excess = np.where(good, image - ndimage.median_filter(image, 9), 0)
        places = [centroid(excess, *place) for place in peaks(excess, sigma, inside)]
        found.append(np.array([place for place in places if place]))
    expected = found[0] + STAR_DRIFT
    offsets = []
    for place in expected:
        difference = found[1] - place
        nearest = np.argmin(np.hypot(*difference.T))
        if np.hypot(*difference[nearest]) < 0.7:
            offsets.append(difference[nearest])
    offsets = np.array(offsets)
    assert len(offsets) >= 30
    assert np.abs(np.median(offsets, axis=0)).max() < 0.03
    assert np.abs(offsets.mean(axis=0)).max() < 0.03
    assert offsets.std(axis=0).max() < 0.1


@pytest.mark.slow
def test_all_frames(real_frames, calib_data):
    """Every frame gives a valid level-1 map; implausible ones give a warning."""
    for path in real_frames:
        raw = sunpy.map.Map(path)
        before = raw.data.copy()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            result = sunpy_lasco.calibrate(raw, assets=calib_data)
        said = [str(one.message) for one in caught if issubclass(one.category, LascoUserWarning)]
        name = path.stem
        assert any(BAD[name] in text for text in said) if name in BAD else not any("cannot be" in t for t in said), said
        assert type(result) is type(raw)
        assert result.unit == sunpy_lasco.MSB
        assert result.data.dtype == np.float32
        assert result.processing_level == 1.0
        assert np.array_equal(raw.data, before)
        flags = sunpy_lasco.flags(result)
        empty = np.isnan(result.data)
        assert 0.05 < empty.mean() < 0.6, name
        assert np.array_equal(empty, np.isnan(result.uncertainty.array)) or name in BAD
        # Every NaN has a flag.
        reasons = PixelFlag.MISSING | PixelFlag.UNTRANSMITTED | PixelFlag.MASKED | PixelFlag.OUTSIDE
        assert ((flags & reasons) != 0)[empty].all(), name
        if name not in BAD:
            low, high = BRIGHTNESS[result.detector]
            assert low < np.nanmedian(result.data) < high, name


def test_broken_download_is_never_silently_good(real_map, calib_data):
    """Rows 224 to 383 of this file are zero."""
    raw = real_map("32310957")
    assert not raw.data[224:384].any()
    with pytest.warns(LascoUserWarning, match="5 whole rows of blocks"):
        result = sunpy_lasco.calibrate(raw, assets=calib_data, inpaint=None)
    stripe = np.zeros(result.data.shape, bool)
    stripe[250:360, 200:800] = True
    assert np.isnan(result.data[stripe]).all()
    assert ((sunpy_lasco.flags(result)[stripe] & PixelFlag.MISSING) != 0).all()
    assert result.meta["nmissing"] >= 100
    with pytest.raises(BadFrameError, match="5 whole rows of blocks"):
        sunpy_lasco.calibrate(raw, assets=calib_data, inpaint=None, on_bad="raise")


def test_broken_download_with_repair(real_map, calib_data):
    """A zone this large is not filled from its surroundings, and the warning says so."""
    with pytest.warns(LascoUserWarning) as caught:
        result = sunpy_lasco.calibrate(real_map("32310957"), assets=calib_data)
    assert any("5 whole rows of blocks" in str(one.message) for one in caught)
    flags = sunpy_lasco.flags(result)[250:360, 200:800]
    assert ((flags & PixelFlag.MISSING) != 0).all()
    assert np.isnan(result.data[250:360, 200:800]).all()


@pytest.mark.parametrize("name", ["32082037", "22321894"])
def test_distortion_in_the_wcs_and_resampled_show_the_same_sky(name, real_frame, calib_data):
    """Compare the brightness at the same position in the sky."""
    resampled, measured = (level1(real_frame(name), calib_data, distortion=method) for method in ("resample", "wcs"))
    rows, columns = np.mgrid[40:1000:37, 40:1000:37]
    world = measured.wcs.pixel_to_world_values(columns, rows)
    x, y = resampled.wcs.world_to_pixel_values(*world)
    smooth = [ndimage.uniform_filter(np.nan_to_num(one.data), 5) for one in (resampled, measured)]
    valid = [ndimage.binary_erosion(np.isfinite(one.data), iterations=8) for one in (resampled, measured)]
    good = valid[1][rows, columns] & (ndimage.map_coordinates(valid[0].astype(float), [y, x], order=1) == 1)
    assert good.sum() > 200
    ratio = ndimage.map_coordinates(smooth[0], [y[good], x[good]], order=1) / smooth[1][rows[good], columns[good]]
    assert np.median(ratio) == pytest.approx(1, abs=1e-3)
    # The distortion that only one of them corrects is much larger than the tolerance.
    assert np.hypot(x - columns, y - rows)[good].max() > 2
