"""What each operation keeps, and the sky positions after it."""

import numpy as np
import pytest
from scipy.ndimage import binary_dilation, binary_erosion

import astropy.units as u
from astropy.coordinates import SkyCoord
from astropy.nddata import StdDevUncertainty

import sunpy.map

import sunpy_lasco
from sunpy_lasco import MSB, LASCOC3Map
from sunpy_lasco.map import replace
from sunpy_lasco.pixel_flags import PixelFlag

CORNERS = {"bottom_left": [100, 60] * u.pix, "top_right": [400, 330] * u.pix}


def saved(smap, tmp_path):
    smap.save(tmp_path / "map.fits")
    return sunpy.map.Map(tmp_path / "map.fits")


def written(smap, tmp_path):
    return sunpy_lasco.read_level1(sunpy_lasco.write_level1(smap, tmp_path / "map.fts"))


def turned_grid(smap):
    """A WCS without distortion, turned by 10 degrees."""
    target = smap.rotate(10 * u.deg, order=0).wcs
    target.sip = None
    target.wcs.ctype = ["HPLN-TAN", "HPLT-TAN"]
    return target


OPERATIONS = {
    "submap": lambda smap, _: smap.submap(**CORNERS),
    "rotate": lambda smap, _: smap.rotate(30 * u.deg, order=1),
    "rotate by 180 degrees": lambda smap, _: smap.rotate(180 * u.deg, order=1),
    "resample": lambda smap, _: smap.resample([256, 200] * u.pix),
    "superpixel": lambda smap, _: smap.superpixel([2, 4] * u.pix, func=np.mean),
    "arithmetic": lambda smap, _: (2 * smap - smap.quantity + 0 * smap.unit) / 1.0,
    "minus": lambda smap, _: -(0 - smap),
    "scaled": lambda smap, _: 2 * smap / 2,
    "save and Map": saved,
    "write_level1 and read_level1": written,
    "reproject_to": lambda smap, _: smap.reproject_to(turned_grid(smap)),
}


#: Effect on the parts of a map, if they are not "kept".
FATES = {
    "submap": {},
    "rotate": {"attached mask": "NaN"},
    "rotate by 180 degrees": {"attached mask": "NaN"},
    "resample": {"attached mask": "NaN"},
    "superpixel": {"attached mask": "NaN"},
    "arithmetic": {"uncertainty": "lost"},
    "minus": {"uncertainty": "lost"},
    "scaled": {},
    "save and Map": {"attached mask": "lost", "flags": "derived", "uncertainty": "lost"},
    "write_level1 and read_level1": {"attached mask": "lost"},
    "reproject_to": {"attached mask": "NaN"},
}


@pytest.fixture(params=["resample", "wcs"])
def level1(request, calibrated):
    """A level-1 map of C3 with a hole, a filled pixel and an attached mask."""
    smap = calibrated("C3", leb_sum=(2, 2), lost_blocks=((10, 9),), distortion=request.param).level1
    attached = np.zeros(smap.data.shape, bool)
    attached[100:110, 300:310] = True
    flags = sunpy_lasco.flags(smap)
    flags[90:100, 200:210] |= np.uint8(PixelFlag.FILLED)
    smap = replace(smap, flags=flags)
    smap.mask = attached
    assert isinstance(smap.uncertainty, StdDevUncertainty)
    return smap


def sky(smap):
    """Positions in the sky at some hundred pixels well inside the image, off the Sun."""
    y, x = np.mgrid[70:320:20, 110:390:20]
    return x, y, smap.wcs.pixel_to_world(x, y)


def pixels_in(new, world):
    return np.array(new.wcs.world_to_pixel(world))


def values(data, xy):
    """Nearest pixels; NaN beyond the image."""
    x, y = np.round(xy).astype(int)
    inside = (x >= 0) & (y >= 0) & (x < data.shape[1]) & (y < data.shape[0])
    found = np.full(x.shape, np.nan)
    found[inside] = data[y[inside], x[inside]]
    return found


def positions_hold(old, new):
    """Both maps have the same values at the same position in the sky."""
    x, y, world = sky(old)
    before, after = old.data[y, x], values(new.data, pixels_in(new, world))
    both = np.isfinite(before) & np.isfinite(after)
    # The brightness falls by 1 to 3 % a pixel there, and pixels are found to half a pixel.
    return both.mean() > 0.6 and np.median(np.abs(after[both] / before[both] - 1)) < 0.03


def mask_holds(old, new):
    """The masks agree except for a rim of one pixel of the coarser map."""
    if not isinstance(new, LASCOC3Map):
        mask = np.isnan(new.data)
    else:
        mask = new.mask
        assert (np.isnan(new.data) <= mask).all()
    y, x = np.nonzero(np.ones(new.data.shape, bool))
    xy = np.array(old.wcs.world_to_pixel(new.wcs.pixel_to_world(x, y)))
    wide, narrow = binary_dilation(old.mask, iterations=5), binary_erosion(old.mask, iterations=5)
    expected_wide, expected_narrow = values(wide, xy), values(narrow, xy)
    found = mask[y, x]
    inside = np.isfinite(expected_wide)
    assert inside.sum() > 1000
    return (found[inside] <= expected_wide[inside].astype(bool)).all() and (
        found[inside] >= expected_narrow[inside].astype(bool)
    ).all()


def attached_fate(new, world):
    """State of the pixels of the attached mask, whose centre is at ``world``."""
    value = values(new.data, pixels_in(new, world).reshape(2, 1))[0]
    masked = isinstance(new, LASCOC3Map) and new.mask is not None
    masked = masked and bool(values(new.mask, pixels_in(new, world).reshape(2, 1))[0])
    if masked and np.isfinite(value):
        return "kept"
    return "NaN" if np.isnan(value) else "lost"


def flag_fate(old, new):
    if not isinstance(new, LASCOC3Map):
        return "lost"
    if new._flags is None:
        found = sunpy_lasco.flags(new)
        assert not (found & np.uint8(PixelFlag.FILLED)).any()
        assert (found & np.uint8(PixelFlag.MASKED)).any()
        return "derived"
    if new._flags.shape == old._flags.shape:
        assert np.array_equal(new._flags, old._flags)
    assert (new._flags & np.uint8(PixelFlag.FILLED)).any()
    return "kept"


@pytest.mark.parametrize("name", OPERATIONS)
def test_what_survives(name, level1, tmp_path):
    old, middle = level1, level1.wcs.pixel_to_world(304.5, 104.5)
    before = old.data.copy(), dict(old.meta)
    new = OPERATIONS[name](old, tmp_path)
    found = {
        "class": "kept" if type(new) is type(old) else type(new).__name__,
        "unit": "kept" if new.unit == old.unit == MSB else "lost",
        "positions": "kept" if positions_hold(old, new) else "lost",
        "mask": ("kept" if isinstance(new, LASCOC3Map) else "NaN") if mask_holds(old, new) else "lost",
        "attached mask": attached_fate(new, middle),
        "flags": flag_fate(old, new),
        "uncertainty": "lost" if new.uncertainty is None else "kept",
    }
    assert found == dict.fromkeys(found, "kept") | FATES[name]
    # The original map is unchanged.
    np.testing.assert_array_equal(old.data, before[0])
    assert dict(old.meta) == before[1]


@pytest.mark.parametrize("distortion", ["resample", "wcs"])
@pytest.mark.parametrize("name", [name for name in OPERATIONS if name != "reproject_to"])
def test_the_detector_stays_where_it_is(name, distortion, calibrated, tmp_path):
    """A position in the sky falls on the same pixel of the detector after every operation."""
    old = calibrated("C3", leb_sum=(2, 2), lost_blocks=((10, 9),), distortion=distortion).level1
    new = OPERATIONS[name](old, tmp_path)
    x, y, world = sky(old)
    before = old._geometry.to_detector(x, y)
    after = new._geometry.to_detector(*pixels_in(new, world))
    np.testing.assert_allclose(after, before, atol=1e-4)


def test_negative_differences_survive_saving(make_map, level1_cards, tmp_path):
    """In SolarSoft's images values below 0 are not measurements; in a difference they are."""
    smap = make_map(level1_cards(), data=np.full((1024, 1024), 1e-10, np.float32))
    difference = smap - 3e-10 * MSB
    again = saved(difference, tmp_path)
    np.testing.assert_array_equal(again.data, difference.data)
    assert np.isfinite(again.data).all()


@pytest.mark.parametrize("name", ["22321894", "22075760", "32310957"])
def test_raw_frames_are_saved_as_they_are(real_map, name, tmp_path):
    smap = real_map(name)
    again = saved(smap, tmp_path)
    assert (type(again), again.unit, again.data.dtype) == (type(smap), smap.unit, smap.data.dtype)
    np.testing.assert_array_equal(again.data, smap.data)
    np.testing.assert_array_equal(again.mask, smap.mask)
    assert again.meta["history"] == smap.meta["history"].replace("\t", " ")


def test_holes_of_raw_frames_become_nan(real_map):
    """Zeros of lost blocks are never averaged into the sky."""
    smap = real_map("32310957")
    hole = (smap.data == 0) & ~sunpy_lasco.flags(smap).astype(bool)
    assert not hole.any()
    half = smap.resample([512, 512] * u.pix)
    assert half.unit == u.DN
    assert not (half.data[~half.mask] < 300).any()
    sums = smap.superpixel([4, 4] * u.pix, func=np.mean)
    assert sums.data[~sums.mask].min() > 300
    assert np.nanmin(smap.quantity.value) > 300


def test_a_part_of_a_raw_frame_can_be_calibrated(calibrated):
    """The part is a sub-frame, and its calibration gives the same as a part of the calibrated frame."""
    from sunpy_lasco import simulate

    whole = calibrated("C3", leb_sum=(2, 2), lost_blocks=((10, 9),))
    part = whole.level05.submap([128, 64] * u.pix, top_right=[383, 319] * u.pix)
    assert part.data.dtype == whole.level05.data.dtype
    assert [part.meta[card] for card in ("r1col", "r2col", "r1row", "r2row")] == [276, 787, 129, 640]
    level1 = sunpy_lasco.calibrate(part, assets=simulate.assets())
    # Level 1 has the size of the whole frame; the lost block above, at 288, may be repaired otherwise.
    assert level1.data.shape == whole.level1.data.shape
    inside = np.zeros(level1.data.shape, bool)
    inside[74:270, 138:374] = True
    inside &= np.isfinite(whole.level1.data)
    np.testing.assert_allclose(level1.data[inside], whole.level1.data[inside], rtol=2e-5)
    world = SkyCoord(9000 * u.arcsec, -3000 * u.arcsec, frame=level1.coordinate_frame)
    np.testing.assert_allclose(level1.wcs.world_to_pixel(world), whole.level1.wcs.world_to_pixel(world), atol=1e-6)


def test_uncertainty_is_cut_with_the_image(level1):
    part = level1.submap(**CORNERS)
    np.testing.assert_array_equal(part.uncertainty.array, level1.uncertainty.array[60:331, 100:401])
    np.testing.assert_array_equal(part._flags, level1._flags[60:331, 100:401])
    np.testing.assert_array_equal(part.mask, level1.mask[60:331, 100:401])


def test_rotation_by_180_degrees_moves_pixels(calibrated):
    smap = calibrated("C3", leb_sum=(2, 2), lost_blocks=((10, 9),)).level1
    turned = smap.rotate(180 * u.deg, order=1)
    # sunpy makes room for rounding errors: one pixel on each side.
    back = turned.data[1:-1, 1:-1][::-1, ::-1]
    both = np.isfinite(back) & np.isfinite(smap.data)
    assert both.sum() > 0.97 * np.isfinite(smap.data).sum()
    np.testing.assert_allclose(back[both], smap.data[both], rtol=1e-4)


def test_distortion_refuses_what_it_cannot_follow(calibrated):
    smap = calibrated("C3", leb_sum=(2, 2), lost_blocks=((10, 9),), distortion="wcs").level1
    oblong = smap.superpixel([2, 1] * u.pix)
    with pytest.raises(ValueError, match=r"distortion in the WCS of .* cannot follow"):
        oblong.rotate(30 * u.deg)
    with pytest.raises(ValueError, match="cannot follow"):
        smap.rotate(rmatrix=np.array([[1, 0.3], [0, 1]]))
