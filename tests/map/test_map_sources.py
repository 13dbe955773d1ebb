"""Maps of headers of every vintage, and of all real frames."""

import copy

import glymur
import numpy as np
import pytest
from matplotlib import pyplot as plt

import astropy.units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.nddata import StdDevUncertainty
from astropy.time import Time

import sunpy.data.test
import sunpy.map
from sunpy.coordinates import HeliographicStonyhurst, get_earth
from sunpy.map.mapbase import MapMetaValidationError
from sunpy.map.sources import LASCOMap
from sunpy.util.exceptions import SunpyUserWarning

from sunpy_lasco import MSB, LASCOC2Map, LASCOC3Map
from sunpy_lasco.errors import HeaderError, LascoUserWarning


def load(vintage, make_map):
    if vintage.warning:
        with pytest.warns(LascoUserWarning, match=vintage.warning):
            return make_map(vintage.header, vintage.shape)
    return make_map(vintage.header, vintage.shape)


def roll_of(smap):
    # PC may hold the ratio of the scales of oblong pixels; here they are square.
    matrix = smap.rotation_matrix
    assert matrix @ matrix.T == pytest.approx(np.eye(2))
    return np.rad2deg(np.arctan2(matrix[1, 0], matrix[0, 0]))


def unchanged(meta):
    return not (meta.added_items or meta.modified_items or meta.removed_items)


def test_every_vintage(vintage, make_map):
    smap = load(vintage, make_map)
    assert type(smap) is {"C2": LASCOC2Map, "C3": LASCOC3Map}[vintage.header["detector"]]
    assert smap.date.isot == vintage.date
    assert smap.reference_date == smap.date
    assert smap.unit == {"DN": u.DN, "MSB": MSB}[vintage.unit]
    assert smap.processing_level == vintage.level
    assert smap.measurement == "B"
    assert smap.exposure_time == 19.0996 * u.s
    assert (smap.observatory, smap.instrument, smap.detector) == ("SOHO", "LASCO", vintage.header["detector"])
    assert smap.scale == (vintage.scale * u.arcsec / u.pix,) * 2
    assert roll_of(smap) == pytest.approx(
        vintage.roll, abs=0.35 if vintage.header["date-obs"] == "2025/08/26" else 1e-6
    )
    assert smap.coordinate_system == ("HPLN-TAN", "HPLT-TAN")
    assert smap.spatial_units == (u.arcsec, u.arcsec)
    centre = smap.wcs.world_to_pixel(SkyCoord(0 * u.arcsec, 0 * u.arcsec, frame=smap.coordinate_frame))
    np.testing.assert_allclose(centre, vintage.centre, atol=1e-6)
    assert unchanged(smap.meta)


def test_north_is_where_the_roll_says(vintages, make_map):
    """A counter-clockwise rotation by the roll brings north up, so north is to the right of up by the roll."""
    smap = make_map(vintages["pointing of the exposure, 2011"].header)
    x0, y0 = vintages["pointing of the exposure, 2011"].centre
    sun, north = (
        smap.wcs.world_to_pixel(SkyCoord(0 * u.arcsec, y * u.arcsec, frame=smap.coordinate_frame)) for y in (0, 1190)
    )
    angle = np.deg2rad(173.252)
    np.testing.assert_allclose(sun, (x0, y0), atol=1e-9)
    np.testing.assert_allclose(north, (x0 + 100 * np.sin(angle), y0 + 100 * np.cos(angle)), atol=2e-3)


def test_observer_is_soho_on_its_orbit(make_map, level05_cards):
    """2004-05-06, for which sunpy's documentation gives the position by Horizons, 398 km from ours."""
    smap = make_map(level05_cards(**{"date-obs": "2004/05/06", "time-obs": "11:22:33"}))
    observer = smap.observer_coordinate
    assert isinstance(observer.frame, HeliographicStonyhurst)
    assert observer.lon.deg == pytest.approx(0.25234902, abs=3e-4)
    assert observer.lat.deg == pytest.approx(-3.55863633, abs=3e-4)
    assert observer.radius.to_value(u.au) == pytest.approx(0.99923086, abs=3e-6)
    assert smap.dsun == observer.radius
    assert smap.coordinate_frame.observer.lon == observer.lon


def test_observer_before_1996_is_l1(make_map, level05_cards):
    smap = make_map(level05_cards(**{"date-obs": "1995/12/30"}))
    earth = get_earth(smap.date)
    assert smap.observer_coordinate.lon == 0 * u.deg
    assert smap.observer_coordinate.lat == earth.lat
    assert smap.observer_coordinate.radius.to_value(u.m) == pytest.approx(0.99 * earth.radius.to_value(u.m))


def test_observer_of_the_header_comes_first(make_map, level05_cards):
    smap = make_map(level05_cards(hgln_obs=0.1, hglt_obs=-2.0, dsun_obs=1.49e11))
    assert smap.observer_coordinate.lon.to_value(u.deg) == pytest.approx(0.1)
    assert smap.dsun.to_value(u.m) == pytest.approx(1.49e11)


@pytest.mark.parametrize(
    ("cards", "expected"),
    [
        ({"rsun_obs": 980.0, "rsun": 970.0}, 980.0),
        ({"rsun": 970.0}, 970.0),
        # As Helioviewer writes.
        (
            {"rsun": 0.0, "dsun_obs": 1.49e11, "hgln_obs": 0.0, "hglt_obs": 0.0},
            np.rad2deg(np.arcsin(6.957e8 / 1.49e11)) * 3600,
        ),
    ],
)
def test_angular_radius_of_the_sun(make_map, level05_cards, cards, expected):
    smap = make_map(level05_cards(**cards))
    assert smap.rsun_obs.to_value(u.arcsec) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("polar", "measurement"),
    [
        ("Clear", "B"),
        ("+60 Deg", "B +60 deg"),
        ("0 Deg", "B 0 deg"),
        ("-60 Deg", "B -60 deg"),
        ("ND", "B ND"),
        ("H_Alpha", "B H-alpha"),
        ("PB", "pB"),
        ("TI", "tB"),
        ("UP", "uB"),
        ("Qs", "QS"),
    ],
)
def test_polarisation_state(make_map, level05_cards, polar, measurement):
    assert make_map(level05_cards(polar=polar)).measurement == measurement


@pytest.mark.parametrize("card", ["date-obs", "detector"])
@pytest.mark.parametrize("value", [None, ""])
def test_one_error_names_the_cards_that_are_needed(make_map, level05_cards, card, value):
    header = level05_cards(**{card.replace("-", "__"): value})
    with pytest.raises(HeaderError, match=rf"32088304\.fts lacks the cards {card.upper()}, which a map requires"):
        make_map(header)


def test_both_cards_are_named(make_map, level05_cards):
    with pytest.raises(MapMetaValidationError, match="lacks the cards DETECTOR, DATE-OBS"):
        make_map(level05_cards(date__obs=None, detector=None))


def test_without_name_or_camera_the_error_is_as_clear(make_map, level05_cards):
    with pytest.raises(HeaderError, match="This header lacks the cards DETECTOR"):
        make_map(level05_cards(detector=None, filename=None))


@pytest.mark.parametrize(
    ("cards", "match"),
    [
        ({"date__obs": "yesterday"}, "DATE-OBS.*yesterday"),
        ({"bunit": "furlongs"}, "BUNIT of 32088304.fts holds 'furlongs'"),
        ({"r2col": 1000}, "R1COL, R1ROW, R2COL, R2ROW"),
        ({"sumcol": "two"}, "SUMCOL"),
    ],
)
def test_nonsense_is_named(make_map, level05_cards, cards, match):
    with pytest.raises(HeaderError, match=match):
        make_map(level05_cards(**cards))


def test_nonsense_in_a_processing_date_is_survived(make_map, level05_cards):
    """Only the vintage depends on it, so the map is created."""
    with pytest.warns(LascoUserWarning, match="DATE.*soon"):
        smap = make_map(level05_cards(date="soon"))
    assert roll_of(smap) == pytest.approx(-0.23)


def test_a_bulk_load_survives_a_broken_header(make_map, level05_cards):
    data = np.ones((1024, 1024), np.int16)
    pairs = [(data, level05_cards()), (data, level05_cards(date__obs=None))]
    with pytest.warns(SunpyUserWarning, match="lacks the cards DATE-OBS"):
        smap = sunpy.map.Map(pairs, allow_errors=True)
    assert type(smap) is LASCOC3Map


def test_a_map_that_cannot_be_calibrated_is_still_a_map(make_map, level05_cards):
    with pytest.warns(LascoUserWarning, match="lacks the cards EXPTIME, FILTER; it can be shown but not calibrated"):
        smap = make_map(level05_cards(exptime=None, filter=""))
    assert smap.exposure_time is None
    assert smap.mask.any()


def test_c1_stays_with_sunpy(level05_cards):
    header = level05_cards(detector="C1", filename="12088304.fts", bunit="DN", cunit1="arcsec", cunit2="arcsec")
    header |= {"hgln_obs": 0.0, "hglt_obs": 0.0, "dsun_obs": 1.49e11}
    assert type(sunpy.map.Map(np.ones((4, 4)), header)) is LASCOMap


@pytest.mark.parametrize(
    ("name", "cls", "level"), [("lasco_c3.header", LASCOC3Map, 0.5), ("lasco_c2_25299383_s.header", LASCOC2Map, 1.0)]
)
def test_the_headers_that_sunpy_ships(name, cls, level):
    smap = sunpy.data.test.get_dummy_map_from_header(sunpy.data.test.get_test_filepath(name))
    assert type(smap) is cls
    assert smap.processing_level == level
    assert unchanged(smap.meta)


def test_attached_parts_are_kept_and_checked(make_map, level05_cards):
    header, data = level05_cards(), np.ones((1024, 1024), np.float32)
    smap = LASCOC3Map(data, header, uncertainty=2 * data, flags=np.full(data.shape, 16))
    assert isinstance(smap.uncertainty, StdDevUncertainty)
    assert smap._flags.dtype == np.uint8
    with pytest.raises(ValueError, match=r"flags have the shape \(2, 2\)"):
        LASCOC3Map(data, header, flags=np.zeros((2, 2)))


def test_date_can_be_set(make_map, level05_cards):
    """As sunpy's own tools do, when they shift the time of a map."""
    smap = copy.deepcopy(make_map(level05_cards()))
    smap._set_date(Time("2002-05-21T00:20:00"))
    assert smap.date.isot == "2002-05-21T00:20:00.000"
    smap._set_reference_date(Time("2002-05-21T00:21:00"))
    assert smap.reference_date.isot == smap.date.isot == "2002-05-21T00:21:00.000"
    dated = make_map(level05_cards(date__avg="2002-05-21T00:18:16"))
    dated._set_reference_date(Time("2002-05-21T00:21:00"))
    assert dated.date.isot == "2002-05-21T00:18:06.516"
    assert dated.reference_date.isot == "2002-05-21T00:21:00.000"


# Real frames.  Any warning is an error here, but for the one that sunpy's reader gives.
def test_all_real_frames(real_frames):
    assert len(real_frames) >= 40
    for path in real_frames:
        smap = sunpy.map.Map(path)
        header = fits.getheader(path)
        camera = header["DETECTOR"].strip()
        assert type(smap) is {"C2": LASCOC2Map, "C3": LASCOC3Map}[camera], path.name
        assert unchanged(smap.meta), path.name
        assert smap.date.isot == f"{header['DATE-OBS']}T{header['TIME-OBS']}".replace("/", "-"), path.name
        assert (smap.unit, smap.processing_level) == (u.DN, 0.5), path.name
        assert smap.exposure_time == header["EXPTIME"] * u.s, path.name
        sums = 1024 // header["NAXIS1"]
        assert smap.scale[0].value == {"C2": 11.9, "C3": 56.0}[camera] * sums, path.name
        centre = (np.array({"C2": (510.2, 506.5), "C3": (518.2, 532.5)}[camera]) + 0.5) / sums - 0.5
        np.testing.assert_allclose(u.Quantity(smap.reference_pixel).value, centre, atol=0.01, err_msg=path.name)
        # Headers made before November 2010 contain 0 or 180, without the offset of the camera.
        offset = 0.0 if header["DATE"] > "2010/11/08" else {"C2": 0.5, "C3": -0.23}[camera]
        turn = np.deg2rad(roll_of(smap) - header["CROTA1"] - offset)
        assert np.rad2deg(np.arctan2(np.sin(turn), np.cos(turn))) == pytest.approx(0.0, abs=1e-5), path.name
        assert 945 < smap.rsun_obs.to_value(u.arcsec) < 1000, path.name
        assert 0.98 < smap.dsun.to_value(u.au) / get_earth(smap.date).radius.to_value(u.au) < 1.0, path.name
        # The broken download is the one with a stripe of zeros.
        assert (smap.mask.mean() > 0.3) == (path.stem == "32310957"), path.name
        assert smap.mask[smap.data.shape[0] // 2, smap.data.shape[1] // 2], path.name


def test_official_c3_level_1(real_frame):
    smap = sunpy.map.Map(real_frame("35082038"))
    assert (type(smap), smap.unit, smap.processing_level) == (LASCOC3Map, MSB, 1.0)
    assert roll_of(smap) == pytest.approx(-0.237765)
    assert smap.rsun_obs.to_value(u.arcsec) == pytest.approx(smap.meta["rsun"])
    assert unchanged(smap.meta)
    # The plateau of masked zeros, 3.2501e-9 MSB, is gone.
    assert np.isnan(smap.data).sum() == 189510
    assert np.nanmedian(smap.data) < 1e-10


def test_official_c2_level_1(real_frame):
    smap = sunpy.map.Map(real_frame("lasco_c2_25299383_s"))
    assert (type(smap), smap.unit, smap.processing_level) == (LASCOC2Map, MSB, 1.0)
    assert smap.rsun_obs.to_value(u.arcsec) == pytest.approx(978.572578766)
    assert smap.mask.any()
    assert unchanged(smap.meta)


@pytest.fixture
def openjpeg(monkeypatch):
    """OpenJPEG for glymur, which does not include it: that of the system or else that of Pillow."""
    if glymur.version.openjpeg_version_tuple >= (2, 4, 0):
        return
    import ctypes
    from pathlib import Path

    import PIL._imaging

    (library,) = Path(PIL._imaging.__file__).parents[1].glob("pillow.libs/libopenjp2*")
    loaded = ctypes.CDLL(str(library))
    monkeypatch.setattr("glymur.lib.openjp2.OPENJP2", loaded)
    version = glymur.lib.openjp2.version()
    monkeypatch.setattr(glymur.version, "openjpeg_version", version)
    monkeypatch.setattr(glymur.version, "openjpeg_version_tuple", tuple(int(part) for part in version.split(".")))


@pytest.mark.usefixtures("openjpeg")
def test_image_of_helioviewer(test_data, tmp_path):
    smap = sunpy.map.Map(test_data / "jp2" / "helioviewer_lasco_c3.jp2")
    assert type(smap) is LASCOC3Map
    assert smap.data.dtype == np.uint8
    assert smap.unit == u.dimensionless_unscaled
    assert smap.processing_level is None
    assert smap.date.isot == "2023-12-01T00:06:07.373"
    # It was turned already: CROTA = -7.4 in its header is what has been removed.
    assert roll_of(smap) == 0
    assert u.Quantity(smap.reference_pixel).value == pytest.approx((518.2, 532.5))
    assert unchanged(smap.meta)
    black = smap.data == 0
    # All black pixels are masked, except single dark ones.
    assert (black & ~smap.mask).mean() < 0.01
    assert smap.mask.mean() == pytest.approx(0.181, abs=0.005)
    smap.save(tmp_path / "image.fits")
    again = sunpy.map.Map(tmp_path / "image.fits")
    assert (again.processing_level, again.unit, roll_of(again)) == (None, smap.unit, 0)
    np.testing.assert_array_equal(again.mask, smap.mask)


def test_image_of_helioviewer_stays_one_when_saved(make_map, level05_cards, tmp_path):
    """Its identifying cards are too long for FITS; if it were taken for counts it would be rotated twice."""
    cards = {"helioviewer": " ", "hv_rocc_inner": 4.4, "bunit": 0, "crota1": -7.4, "crpix1": 519.2, "crpix2": 533.5}
    smap = make_map(level05_cards(naxis1=1024, naxis2=1024, **cards), dtype=np.uint8)
    smap.save(tmp_path / "image.fits")
    again = sunpy.map.Map(tmp_path / "image.fits")
    assert (again.unit, again.processing_level, again.data.dtype) == (u.dimensionless_unscaled, None, np.uint8)
    np.testing.assert_allclose(again.rotation_matrix, np.eye(2))
    np.testing.assert_allclose(u.Quantity(again.reference_pixel).value, (518.2, 532.5))
    np.testing.assert_array_equal(again.mask, smap.mask)


@pytest.mark.parametrize("name", ["22321894", "32310941", "35082038", "lasco_c2_25299383_s"])
def test_a_plot_shows_something_at_once(real_frame, name):
    """The sky fills the colour scale, neither black nor saturated."""
    smap = sunpy.map.Map(real_frame(name))
    figure = plt.figure()
    image = smap.plot(axes=figure.add_subplot(projection=smap))
    shown = image.norm(np.ma.masked_array(smap.data, smap.mask)).compressed()
    low, middle, high = np.percentile(shown, (5, 50, 95))
    assert low >= 0.0
    assert 0.08 < middle < 0.7
    assert high - low > 0.3
    figure.canvas.draw()
