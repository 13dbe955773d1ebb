"""
Typical scripts for LASCO images.

Each test follows a public gallery or report: differences, a reprojection, a composite with an image of the disk, a
field of stars, and renamed files.  Filters of sunkit-image, Dask and CCDData are tested beside the functions concerned.
"""

import gzip
import shutil

import numpy as np
import pytest
from matplotlib import pyplot as plt

import astropy.units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.time import Time
from astropy.visualization import ImageNormalize, SqrtStretch

import sunpy.map
from sunpy.coordinates import Helioprojective, SphericalScreen, get_body_heliographic_stonyhurst
from sunpy.map.header_helper import make_fitswcs_header
from sunpy.map.maputils import all_coordinates_from_map

import sunpy_lasco
from sunpy_lasco import MSB, LASCOC2Map, LASCOC3Map


@pytest.fixture(scope="module")
def sequence(real_map):
    """Three exposures of an evening, 12 minutes apart, as a sequence."""
    return sunpy.map.Map([real_map(f"323109{number}") for number in (50, 51, 52)], sequence=True)


# The gallery of sunpy: "Plotting the difference images".
def test_gallery_of_differences(sequence, tmp_path):
    """Base and running differences of quantities, as in sunpy's gallery, and of maps."""
    base = sunpy.map.Map([m - sequence[0].quantity for m in sequence[1:]], sequence=True)
    running = sunpy.map.Map(
        [m - prev.quantity for m, prev in zip(sequence[1:], sequence[:-1], strict=True)], sequence=True
    )
    ours = sunpy.map.Map([m - prev for m, prev in zip(sequence[1:], sequence[:-1], strict=True)], sequence=True)
    for one, other in zip(running, ours, strict=True):
        np.testing.assert_array_equal(one.data, other.data)
        assert (one.data < 0).mean() > 0.2
    figure = plt.figure()
    for number, smap in enumerate([*base, *running, *ours]):
        axes = figure.add_subplot(2, 3, number + 1, projection=smap)
        image = smap.plot(axes=axes, norm=ImageNormalize(vmin=-50, vmax=50), cmap="Greys_r")
        shown = image.get_array().compressed()
        # The field contains both signs, and only hidden pixels are missing.
        assert shown.size == (~smap.mask).sum() > 0.8 * smap.data.size
        assert (shown < 0).any()
        assert (shown > 0).any()
    figure.savefig(tmp_path / "gallery.png")


def test_differences_from_files_and_arrays(real_frame):
    """By astropy.io.fits and numpy, with the header of the later file."""
    (now, header), (then, _) = (
        (fits.getdata(real_frame(name)).astype(float), fits.getheader(real_frame(name)))
        for name in ("32310951", "32310950")
    )
    for array in (now - then, now / then, (now - then) / np.median(then)):
        smap = sunpy.map.Map(array, header)
        np.testing.assert_array_equal(smap.data, array)
        assert (type(smap), smap.date.isot) == (LASCOC3Map, "2012-08-31T20:06:05.517")


def test_detrending_by_the_distance_from_the_sun(real_map):
    """The ratio to the mean at each distance, as a map that is cut, rotated and plotted."""
    smap = sunpy_lasco.calibrate(real_map("32310951"), assets="estimate", inpaint=None)
    position = all_coordinates_from_map(smap)
    ring = np.digitize((np.hypot(position.Tx, position.Ty) / smap.rsun_obs).to_value(u.one), np.arange(4, 28, 0.2))
    valid = np.isfinite(smap.data)
    mean = np.bincount(ring[valid], smap.data[valid]) / np.maximum(np.bincount(ring[valid]), 1)
    detrended = sunpy.map.Map(smap.data / mean[ring] - 1, smap.meta)
    assert (detrended.data < 0).mean() > 0.3
    upright = detrended.rotate(order=1).submap([200, 200] * u.pix, top_right=[800, 800] * u.pix)
    assert np.nanmedian(np.abs(upright.data)) < 1
    assert (upright.data < 0).mean() > 0.3
    upright.plot(axes=plt.figure().add_subplot(projection=upright), cmap="gray")


# The gallery of sunpy: "Overlaying maps of AIA and LASCO", with an image of the disk of our own.
@pytest.fixture
def disk(real_map):
    """An image of the solar disk seen from the Earth ten minutes later."""
    lasco = real_map("22321894")
    time = lasco.date + 10 * u.min
    earth = get_body_heliographic_stonyhurst("earth", time)
    centre = SkyCoord(0 * u.arcsec, 0 * u.arcsec, obstime=time, observer=earth, frame="helioprojective")
    y, x = np.mgrid[:128, :128] - 63.5
    image = np.where(np.hypot(x, y) * 20 < 975, 1000.0, 0.0)
    header = make_fitswcs_header(image, centre, scale=[20, 20] * u.arcsec / u.pix, unit=u.DN, instrument="imager")
    return sunpy.map.Map(image, header)


def test_composite_with_an_image_of_the_disk(real_map, disk):
    lasco = real_map("22321894")
    projected = make_fitswcs_header(
        (600, 600),
        SkyCoord(0 * u.arcsec, 0 * u.arcsec, frame=lasco.coordinate_frame),
        scale=[20, 20] * u.arcsec / u.pix,
    )
    with SphericalScreen(disk.observer_coordinate, only_off_disk=True):
        inner = disk.reproject_to(projected)
    outer = lasco.reproject_to(projected)
    assert (type(outer), outer.unit, outer.data.shape) == (LASCOC2Map, u.DN, (600, 600))
    figure = plt.figure()
    axes = figure.add_subplot(projection=outer)
    outer.plot(axes=axes)
    inner.plot(axes=axes, autoalign=False, alpha=0.5)
    outer.draw_limb(axes=axes)
    figure.canvas.draw()
    # The disk is round, about the middle, and lies under the occulter.
    radius = np.sqrt((inner.data > 500).sum() / np.pi) * 20 * u.arcsec
    assert radius.to_value(u.arcsec) == pytest.approx(lasco.rsun_obs.value, rel=0.02)
    assert not np.isfinite(outer.data[inner.data > 500]).any()
    both = sunpy.map.Map(outer, inner, composite=True)
    both.plot(axes=plt.figure().add_subplot(projection=outer))


def test_autoaligned_composite(real_map, disk):
    """Without a reprojection: sunpy draws one map on the axes of the other."""
    lasco = real_map("22321894")
    figure = plt.figure()
    axes = figure.add_subplot(projection=lasco)
    with SphericalScreen(disk.observer_coordinate, only_off_disk=True):
        lasco.plot(axes=axes)
        disk.plot(axes=axes, autoalign=True, cmap="Reds")
        figure.canvas.draw()


# The gallery of sunpy: "Querying Gaia and overplotting stars on LASCO".
def test_stars_on_the_image(real_map):
    """Bright stars of a real frame are marked at their positions, within about a pixel."""
    smap = sunpy_lasco.calibrate(real_map("32082037"), assets="estimate", inpaint=None)
    # Hipparcos positions of sigma, zeta, tau, pi and upsilon Sagittarii.
    stars = SkyCoord(
        [283.816, 285.653, 286.735, 287.441, 290.432] * u.deg,
        [-26.297, -29.880, -27.670, -21.024, -15.955] * u.deg,
        distance=[70, 27, 37, 156, 550] * u.pc,
        frame="icrs",
    )
    axes = plt.figure().add_subplot(projection=smap)
    smap.plot(axes=axes, norm=ImageNormalize(stretch=SqrtStretch(), vmin=0, vmax=1e-10))
    seen = stars.transform_to(smap.coordinate_frame)
    axes.plot_coord(seen, "o", fillstyle="none")
    x, y = smap.wcs.world_to_pixel(seen)
    for column, row in zip(x, y, strict=True):
        box = smap.data[round(row) - 4 : round(row) + 5, round(column) - 4 : round(column) + 5]
        peak = np.array(np.unravel_index(np.nanargmax(box - np.nanmedian(box)), box.shape)) - 4
        offset = peak - [row - round(row), column - round(column)]
        assert np.hypot(*offset) < 1.3
        assert np.nanmax(box) > 1.5 * np.nanmedian(box)


def test_coordinates_of_another_time(real_map):
    """Positions measured in one image are looked up in another."""
    first, second = real_map("32310950"), real_map("32310951")
    feature = SkyCoord(6000 * u.arcsec, 4000 * u.arcsec, frame=first.coordinate_frame)
    with SphericalScreen(first.observer_coordinate):
        there = feature.transform_to(Helioprojective(observer=second.observer_coordinate, obstime=second.date))
    assert np.hypot(there.Tx.arcsec - 6000, there.Ty.arcsec - 4000) < 120


# Files with unusual names and headers.
@pytest.mark.parametrize("name", ["lasco c3 20120831.fits", "image", "32310951.FTS", "c3_last.fts.gz"])
def test_files_of_any_name(name, real_frame, tmp_path):
    """The header identifies a renamed file, and its level-1 file has the standard name."""
    path = tmp_path / name
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(real_frame("32310951").read_bytes()))
    else:
        shutil.copy(real_frame("32310951"), path)
    smap = sunpy.map.Map(path)
    assert (type(smap), smap.date.isot) == (LASCOC3Map, "2012-08-31T20:06:05.517")
    assert np.array_equal(smap.data, sunpy.map.Map(real_frame("32310951")).data)


def test_names_of_files_that_the_header_lacks(real_map, tmp_path):
    """If a tool removed FILENAME, the product is named by camera and time."""
    raw = real_map("32310951")
    meta = {card: value for card, value in raw.meta.items() if card != "filename"}
    level1 = sunpy_lasco.calibrate(sunpy.map.Map(raw.data, meta), assets="estimate", inpaint=None)
    path = sunpy_lasco.write_level1(level1, tmp_path)
    assert path.is_file()
    again = sunpy_lasco.read_level1(path)
    assert (again.unit, again.date) == (MSB, level1.date)
    assert Time(again.date).isot.startswith("2012-08-31T20:0")
