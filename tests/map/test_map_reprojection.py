"""Reprojection to the pixels of other times, cameras and instruments."""

import warnings

import numpy as np
import pytest
from scipy.ndimage import binary_erosion

import astropy.units as u
import astropy.wcs
from astropy.coordinates import SkyCoord
from astropy.nddata import StdDevUncertainty

import sunpy.map
from sunpy.coordinates import PlanarScreen, SphericalScreen
from sunpy.map.header_helper import make_fitswcs_header

import sunpy_lasco
from sunpy_lasco import MSB, LASCOC2Map, LASCOC3Map
from sunpy_lasco.errors import IncompatibleMapsError, LascoUserWarning
from sunpy_lasco.map import replace
from sunpy_lasco.map.reprojection import target_of
from sunpy_lasco.pixel_flags import PixelFlag


@pytest.fixture(scope="module")
def level1(calibrated):
    """Level 1 of C3 with a filled block, 512 pixels on a side."""
    smap = calibrated("C3", leb_sum=(2, 2), lost_blocks=((10, 9),)).level1
    flags = sunpy_lasco.flags(smap)
    assert (flags & PixelFlag.FILLED).any()
    return smap


@pytest.fixture(scope="module")
def later(calibrated):
    """An exposure of the same day, an hour later."""
    return calibrated("C3", leb_sum=(2, 2), date="2002-01-08T13:00").level1


@pytest.fixture(scope="module")
def disk():
    """The header of an image of the solar disk, as of SDO or SOHO/EIT."""

    def header(smap, shape=(200, 200), scale=100.0, date=None):
        observer = smap.observer_coordinate
        date = smap.reference_date if date is None else date
        frame = SkyCoord(0 * u.arcsec, 0 * u.arcsec, obstime=date, observer=observer, frame="helioprojective")
        return make_fitswcs_header(shape, frame, scale=[scale, scale] * u.arcsec / u.pix, instrument="imager")

    return header


def test_class_unit_and_meaning_stay(level1, disk):
    new = level1.reproject_to(disk(level1))
    assert (type(new), new.unit, new.data.dtype) == (LASCOC3Map, MSB, np.float32)
    assert (new.processing_level, new.measurement, new.exposure_time) == (1.0, "B", level1.exposure_time)
    assert new.data.shape == (200, 200)
    assert new.meta["edited"] == "reproject"
    assert "Reprojected (interpolation) to HPLN-TAN/HPLT-TAN of 2002-01-08T12:00" in new.meta["history"]
    assert "flags of the nearest pixel; uncertainty interpolated, an upper limit" in new.meta["history"]


def test_values_are_those_at_the_same_place(level1, disk):
    new = level1.reproject_to(disk(level1))
    y, x = np.nonzero(np.isfinite(new.data))
    column, row = level1.wcs.world_to_pixel(new.wcs.pixel_to_world(x, y))
    expected = level1.data[np.rint(row).astype(int), np.rint(column).astype(int)]
    both = np.isfinite(expected)
    assert both.mean() > 0.99
    assert np.median(np.abs(new.data[y, x][both] / expected[both] - 1)) < 0.02


def test_sigma_and_flags_follow(level1, disk):
    new = level1.reproject_to(disk(level1))
    assert isinstance(new.uncertainty, StdDevUncertainty)
    np.testing.assert_array_equal(np.isnan(new.uncertainty.array), np.isnan(new.data))
    y, x = np.nonzero(np.isfinite(new.data))
    column, row = (np.rint(value).astype(int) for value in level1.wcs.world_to_pixel(new.wcs.pixel_to_world(x, y)))
    np.testing.assert_array_equal(sunpy_lasco.flags(new)[y, x], sunpy_lasco.flags(level1)[row, column])
    assert (sunpy_lasco.flags(new) & PixelFlag.FILLED).any()
    ratio = new.uncertainty.array[y, x] / level1.uncertainty.array[row, column]
    assert np.median(ratio[np.isfinite(ratio)]) == pytest.approx(1, abs=0.02)
    # Hidden pixels are NaN and flagged; nothing else is masked.
    np.testing.assert_array_equal(new.mask, np.isnan(new.data))
    assert (sunpy_lasco.flags(new)[np.isnan(new.data)] != 0).all()


def test_the_nearest_pixel_is_taken_exactly(level1):
    """On its own grid nothing changes, except that rounding enlarges holes."""
    new = level1.reproject_to(level1.wcs)
    shown = binary_erosion(~level1.mask, np.ones((3, 3)))
    np.testing.assert_allclose(new.data[shown], level1.data[shown], rtol=1e-5)
    np.testing.assert_allclose(new.uncertainty.array[shown], level1.uncertainty.array[shown], rtol=1e-5)
    np.testing.assert_array_equal(sunpy_lasco.flags(new)[shown], sunpy_lasco.flags(level1)[shown])
    difference = new - level1
    assert np.nanmax(np.abs(difference.data)) < 1e-5 * np.nanmax(level1.data)


def test_without_uncertainty_there_is_none(make_map, level05_cards, disk):
    new = (raw := make_map(level05_cards())).reproject_to(disk(raw))
    assert (type(new), new.unit, new.uncertainty) == (LASCOC3Map, u.DN, None)
    assert not new.meta["history"].endswith("upper limit")


@pytest.mark.parametrize("algorithm", ["interpolation", "adaptive", "exact"])
def test_algorithms(algorithm, level1, disk):
    new, footprint = level1.reproject_to(disk(level1, (40, 50), 400.0), algorithm=algorithm, return_footprint=True)
    assert footprint.shape == new.data.shape == (40, 50)
    assert np.isfinite(new.data).sum() > 500
    assert (type(new), new.unit) == (LASCOC3Map, MSB)
    assert (sunpy_lasco.flags(new)[footprint == 0] != 0).all()
    with pytest.raises(ValueError, match="'by hand' is unknown; it is one of 'interpolation'"):
        level1.reproject_to(level1.wcs, algorithm="by hand")


# Other times and observers.
@pytest.mark.parametrize("kind", ["wcs", "map", "meta", "fits_header"])
def test_another_time_needs_a_screen_that_is_named(kind, level1, later):
    target = {"wcs": later.wcs, "map": later, "meta": later.meta, "fits_header": later.fits_header}[kind]
    with pytest.raises(IncompatibleMapsError, match=r"time or observer differ.*SphericalScreen.*PlanarScreen"):
        level1.reproject_to(target)
    with SphericalScreen(level1.observer_coordinate):
        new = level1.reproject_to(target)
    assert np.isfinite(new.data).mean() > 0.5
    assert (type(new), new.unit) == (LASCOC3Map, MSB)
    # The time of the observation, seen at the time of the target.
    assert new.date.isot == level1.date.isot
    assert new.reference_date.isot == later.reference_date.isot
    x, y = np.array([100, 400.5]), np.array([300, 40.25])
    old, same = later.wcs.pixel_to_world(x, y), new.wcs.pixel_to_world(x, y)
    np.testing.assert_allclose(same.Tx.arcsec, old.Tx.arcsec, atol=1e-6)
    np.testing.assert_allclose(same.Ty.arcsec, old.Ty.arcsec, atol=1e-6)
    assert same.observer.separation_3d(old.observer).to_value(u.km) < 1


def test_the_time_of_the_target_can_be_taken_over_as_in_sunpy(level1, later):
    with PlanarScreen(level1.observer_coordinate):
        new = level1.reproject_to(later.wcs, preserve_date_obs=False)
    assert new.date.isot == later.date.isot


def test_one_camera_onto_the_other(real_map):
    """C2 onto C3, as composites need it."""
    c2, c3 = real_map("22321894"), real_map("32219521")
    with pytest.raises(IncompatibleMapsError, match=r"22321894\.fts cannot be reprojected.*SphericalScreen"):
        c2.reproject_to(c3.wcs)
    with SphericalScreen(c2.observer_coordinate):
        new = c2.reproject_to(c3.wcs)
    assert (type(new), new.unit) == (LASCOC2Map, u.DN)
    shown = np.isfinite(new.data)
    # 2.2 to 6 solar radii are 37 to 102 pixels of C3.
    y, x = np.nonzero(shown)
    r = np.hypot(x - c3.reference_pixel.x.value, y - c3.reference_pixel.y.value)
    assert 30 < r.min() < 50
    assert 95 < r.max() < 160
    assert 600 < np.nanmin(new.data)


def test_official_level_1_onto_level_05(real_map):
    official, raw = real_map("35082038"), real_map("32082037")
    with SphericalScreen(official.observer_coordinate):
        new = official.reproject_to(raw)
    assert (type(new), new.unit) == (LASCOC3Map, MSB)
    assert np.isfinite(new.data).sum() > 800000


# Other coordinates.
def test_a_map_in_heliographic_coordinates_or_degrees_is_read_as_it_stands(level1, tmp_path):
    header = {"naxis1": 90, "naxis2": 60, "ctype1": "HPLN-ARC", "ctype2": "HPLT-ARC", "cunit1": "deg", "cunit2": "deg"}
    header |= {"cdelt1": 0.2, "cdelt2": 0.2, "crpix1": 45.5, "crpix2": 30.5, "crval1": 0.0, "crval2": 0.0}
    header |= {"date-obs": level1.reference_date.isot}
    observer = level1.observer_coordinate
    header |= {"hgln_obs": observer.lon.deg, "hglt_obs": observer.lat.deg, "dsun_obs": observer.radius.to_value(u.m)}
    header |= {"rsun_ref": level1.rsun_meters.to_value(u.m)}
    new = level1.reproject_to(header)
    assert (type(new), new.coordinate_system) == (LASCOC3Map, ("HPLN-ARC", "HPLT-ARC"))
    assert new.scale[0].to_value(u.deg / u.pix) == pytest.approx(0.2)
    corner = new.wcs.pixel_to_world(0, 0)
    expected = astropy.wcs.WCS(target_of(header).to_header()).pixel_to_world(0, 0)
    assert corner.Tx.deg == pytest.approx(expected.Tx.deg)
    new.save(tmp_path / "arc.fits")
    again = sunpy.map.Map(tmp_path / "arc.fits")
    assert (again.coordinate_system, again.unit) == (new.coordinate_system, MSB)
    np.testing.assert_array_equal(again.data, new.data)
    np.testing.assert_array_equal(again.mask, np.isnan(new.data))


def test_a_distortion_of_the_target_is_kept(calibrated):
    """With sunpy 7 too."""
    plain = calibrated("C3", leb_sum=(2, 2), lost_blocks=((10, 9),)).level1
    distorted = calibrated("C3", leb_sum=(2, 2), lost_blocks=((10, 9),), distortion="wcs").level1
    new = plain.reproject_to(distorted.wcs)
    assert new.wcs.sip is not None
    both = np.isfinite(new.data) & np.isfinite(distorted.data)
    assert both.sum() > 150000
    assert np.median(np.abs(new.data[both] / distorted.data[both] - 1)) < 0.01
    x, y = np.array([60, 400.5]), np.array([300, 40.25])
    np.testing.assert_allclose(new.wcs.pixel_to_world(x, y).Tx.arcsec, distorted.wcs.pixel_to_world(x, y).Tx.arcsec)


def test_the_extent_can_be_found(level1):
    with warnings.catch_warnings():
        # sunpy asks for the sky at the edges.
        warnings.simplefilter("ignore")
        new = level1.reproject_to(level1.wcs, auto_extent="corners")
    assert np.subtract(new.data.shape, level1.data.shape).max() <= 2
    # The given target is unchanged.
    assert level1.wcs.array_shape == (512, 512)


def test_targets_without_a_size_are_refused_or_given_one(level1):
    target = level1.wcs
    target.array_shape = None
    with pytest.raises(IncompatibleMapsError, match=r"no size.*shape_out"):
        level1.reproject_to(target)
    assert level1.reproject_to(target, shape_out=(100, 120)).data.shape == (100, 120)
    header = {card: value for card, value in level1.meta.items() if not card.startswith("naxis")}
    assert level1.reproject_to(header).data.shape == (512, 512)
    del header["r2col"]
    with pytest.raises(IncompatibleMapsError, match="no size"):
        level1.reproject_to(header)


def test_a_target_beside_the_image_is_told(level1, disk):
    header = disk(level1)
    header["crval1"] = 90000.0
    with pytest.warns(LascoUserWarning, match=r"does not overlap the target"):
        new = level1.reproject_to(header)
    assert np.isnan(new.data).all()


def test_nothing_of_the_map_changes(level1, disk):
    before, meta = level1.data.copy(), dict(level1.meta)
    replace(level1).reproject_to(disk(level1))
    np.testing.assert_array_equal(level1.data, before)
    assert dict(level1.meta) == meta
