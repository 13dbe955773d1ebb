"""Pixel and sky coordinates: round trips for any pointing, roll, sum and sub-frame, and vectors computed by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import astropy.units as u
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS

from sunpy_lasco import LASCOC2Map, LASCOC3Map
from sunpy_lasco.geometry.cards import standard_cards
from sunpy_lasco.geometry.vintages import header_distortion, image_geometry
from sunpy_lasco.instrument.cameras import CAMERAS
from sunpy_lasco.instrument.headers import MapHeaderError

CLASSES = {"C2": LASCOC2Map, "C3": LASCOC3Map}


@st.composite
def frames(draw):
    """A modern level-0.5 header with its shape, and its geometry: centre (full frame), roll, corner, sums."""
    detector = draw(st.sampled_from(["C2", "C3"]))
    sums = draw(st.sampled_from([1, 2, 4])), draw(st.sampled_from([1, 2, 4]))
    chip = draw(st.booleans())
    size = [draw(st.integers(128 // s, 1024 // s)) for s in sums]
    # By blocks: a part cut off by a pixel or two cannot be told from a Sun that is so much aside.
    corner = [32 * draw(st.integers(0, (1024 - n * s) // 32)) for n, s in zip(size, sums, strict=True)]
    roll = draw(st.floats(-180, 180))
    centre = [c + draw(st.floats(-3, 3)) for c in CAMERAS[detector].sun_centre]
    header = {
        "filename": f"{detector[1]}2310962.fts",
        "instrume": "LASCO",
        "detector": detector,
        "filter": "Clear",
        "polar": "Clear",
        "exptime": 19.0,
        "date": "2012/11/09",
        "date-obs": "2012/08/31",
        "time-obs": "22:40:45.110",
        "r1col": 20 + corner[0],
        "r1row": 1 + corner[1],
        "r2col": 19 + corner[0] + size[0] * sums[0],
        "r2row": corner[1] + size[1] * sums[1],
        "crota1": roll,
        "crpix1": centre[0] + 1,
        "crpix2": centre[1] + 1,
    }
    names = ("sumcol", "sumrow") if chip else ("lebxsum", "lebysum")
    header |= dict(zip(names, sums, strict=True))
    return header, tuple(size[::-1]), centre, roll, corner, sums


@settings(deadline=None, max_examples=60)
@given(frames(), st.floats(0, 1), st.floats(0, 1))
def test_round_trip(frame, fx, fy):
    header, shape, centre, roll, corner, sums = frame
    smap = CLASSES[header["detector"]](np.full(shape, 500, np.int16), header)
    x, y = fx * (shape[1] - 1), fy * (shape[0] - 1)
    world = smap.wcs.pixel_to_world(x, y)
    np.testing.assert_allclose(smap.wcs.world_to_pixel(world), (x, y), atol=1e-6)
    # The same by hand, in the tangential plane about the Sun.
    scale = CAMERAS[header["detector"]].plate_scale
    full = [(p + 0.5) * s - 0.5 + c for p, s, c in zip((x, y), sums, corner, strict=True)]
    dx, dy = scale * (full[0] - centre[0]), scale * (full[1] - centre[1])
    cos, sin = np.cos(np.deg2rad(roll)), np.sin(np.deg2rad(roll))
    plane = cos * dx - sin * dy, sin * dx + cos * dy
    radius = np.hypot(*plane)
    separation = world.separation(SkyCoord(0 * u.arcsec, 0 * u.arcsec, frame=world.frame)).to_value(u.rad)
    assert np.tan(separation) == pytest.approx(np.deg2rad(radius / 3600), rel=1e-6, abs=1e-9)
    if radius > 100:
        assert np.tan(world.Tx.to_value(u.rad)) == pytest.approx(np.deg2rad(plane[0] / 3600), rel=1e-5, abs=1e-8)
    # And the pixel lies on the detector where it was cut out.
    np.testing.assert_allclose(smap._geometry.to_detector(x, y), full, atol=1e-6)


@settings(deadline=None, max_examples=30)
@given(frames())
def test_standard_cards_say_the_same(frame):
    """Read by astropy alone, and by this package."""
    header, shape, *_ = frame
    smap = CLASSES[header["detector"]](np.full(shape, 500, np.int16), header)
    cards = {card: value for card, value in standard_cards(smap._geometry).items() if value is not None}
    plain = WCS({card.upper(): value for card, value in cards.items()})
    x, y = np.meshgrid([0.0, shape[1] / 2, shape[1] - 1.0], [0.0, shape[0] - 1.0])
    world = smap.wcs.pixel_to_world(x, y)
    longitude, latitude = plain.all_pix2world(x, y, 0)
    np.testing.assert_allclose((longitude + 180) % 360 - 180, world.Tx.to_value(u.deg), atol=1e-9)
    np.testing.assert_allclose(latitude, world.Ty.to_value(u.deg), atol=1e-9)
    again = image_geometry({**header, **cards}, shape)
    np.testing.assert_allclose(again.to_detector(x, y), smap._geometry.to_detector(x, y), atol=1e-6)
    assert again.distorted


# T16.
def test_sun_centre_of_xcen(level1_cards, make_map):
    """CRPIX = (NAXIS + 1) / 2 - XCEN / CDELT, as official headers have it."""
    crpix = 512.5 - 15.3747 / 11.9, 512.5 - 54.621 / 11.9
    assert crpix == pytest.approx((511.208008, 507.910000), abs=1e-3)
    header = level1_cards(
        detector="C2", filename="25299383.fts", crpix1=crpix[0], crpix2=crpix[1], cdelt1=11.9, cdelt2=11.9
    )
    smap = make_map(header | dict.fromkeys(("crota", "crota1", "crota2"), 0.475331))
    np.testing.assert_allclose(u.Quantity(smap.reference_pixel).value, np.subtract(crpix, 1))
    np.testing.assert_allclose(smap.rotation_matrix, [[0.9999656, -0.0082960], [0.0082960, 0.9999656]], atol=1e-7)


def test_official_table(test_data, level1_cards, make_map):
    """XCEN and YCEN of 54 official C2 headers follow from our reading of CRPIX."""
    table = np.genfromtxt(
        test_data / "headers" / "level1_c2_official.csv", delimiter=",", names=True, dtype=None, encoding="utf-8"
    )
    for row in table:
        header = level1_cards(
            detector="C2",
            filename=str(row["filename"]),
            date__obs=str(row["date_obs_corrected"]),
            rectify=float(row["rectify"]),
            crpix1=float(row["crpix1"]),
            crpix2=float(row["crpix2"]),
            cdelt1=11.9,
            cdelt2=11.9,
            rsun=float(row["rsun_arcsec"]),
        )
        smap = make_map(header | dict.fromkeys(("crota", "crota1", "crota2"), float(row["crota"])), (128, 128))
        geometry = image_geometry(smap.meta, (1024, 1024))
        middle = np.subtract(511.5, geometry.crpix) * 11.9
        np.testing.assert_allclose(middle, (row["xcen"], row["ycen"]), atol=0.01)
        assert smap.rsun_obs.value == pytest.approx(float(row["rsun_arcsec"]))
        # Undoing RECTIFY brings the Sun to where it lies on the detector, and the roll to that of the spacecraft.
        assert np.hypot(*np.subtract(geometry.anchor, CAMERAS["C2"].sun_centre)) < 4.0
        assert abs(abs(geometry.detector_roll) - 180 * (abs(row["rectify"]) > 90)) < 8.0


# Official level 1: the sign of CROTA.
@pytest.mark.parametrize(
    ("made", "crota", "roll"),
    [
        ("2012-06-20", -0.226, -0.226),
        ("2010-06-20", 0.226, -0.226),
        # Made before the change and yet right, as one public file is: the nominal roll, -0.23, tells.
        ("2010-06-20", -0.226, -0.226),
        ("2012-06-20", 0.226, 0.226),
    ],
)
def test_sign_of_the_roll(level1_cards, made, crota, roll):
    header = level1_cards(date=made, date__obs="2010-06-15T00:18:01", rectify=180.0)
    geometry = image_geometry(header | dict.fromkeys(("crota", "crota1", "crota2"), crota), (1024, 1024))
    assert np.rad2deg(np.arctan2(geometry.pc[1][0], geometry.pc[0][0])) == pytest.approx(roll)
    assert geometry.detector_roll == pytest.approx(180 + roll if roll < 0 else roll - 180)


def test_official_level_1_without_pointing(level1_cards, make_map):
    header = level1_cards(crota=None, crota1=None, crota2=None, crpix1=None)
    with pytest.warns(UserWarning, match="no card CROTA; a roll of -0.23 degrees is assumed .*no card CRPIX"):
        smap = make_map(header)
    np.testing.assert_allclose(u.Quantity(smap.reference_pixel).value, (518.2, 532.5))


def test_broken_standard_header(level1_cards):
    header = level1_cards(crpix1=None, pc1_1=1.0, pc2_2=1.0)
    with pytest.raises(MapHeaderError, match=r"35088304\.fts lacks the cards CRPIX1 and CRPIX2"):
        image_geometry(header, (1024, 1024))


def test_cd_matrix_and_degrees(level1_cards):
    """As written by other software: degrees, and CD instead of PC and CDELT."""
    cards = {"cd1_1": 56 / 3600, "cd1_2": 0.0, "cd2_1": 0.0, "cd2_2": 56 / 3600, "cunit1": "deg", "cunit2": "deg"}
    geometry = image_geometry(level1_cards(crpix1=101.0, crpix2=201.0, **cards), (1024, 1024))
    assert geometry.cdelt == pytest.approx((56.0, 56.0))
    assert geometry.crpix == (100.0, 200.0)
    assert geometry.pc == ((1.0, 0.0), (0.0, 1.0))


def test_helioviewer_at_reduced_resolution(level05_cards):
    """A file read at half the resolution keeps the header of the full one."""
    header = level05_cards(helioviewer=" ", naxis1=1024, naxis2=1024, crpix1=519.2, crpix2=533.5, crota1=-7.4)
    geometry = image_geometry(header, (512, 512))
    assert geometry.crpix == pytest.approx((258.85, 266.0))
    assert geometry.cdelt == (112.0, 112.0)


@pytest.mark.parametrize("detector", ["C2", "C3"])
@pytest.mark.parametrize("binning", [(1, 1), (2, 2)])
def test_distortion_in_the_wcs_is_astropys(detector, binning, calibrated):
    """sunpy 7 ignores SIP; positions of our maps include it and equal those of astropy's WCS of the same header."""
    smap = calibrated(detector, leb_sum=binning, distortion="wcs").level1
    assert smap.meta["ctype1"] == "HPLN-TAN-SIP"
    plain = WCS(smap.fits_header, fix=False)
    ny, nx = smap.data.shape
    x, y = np.meshgrid(np.linspace(0, nx - 1, 9), np.linspace(0, ny - 1, 9))
    longitude, latitude = plain.all_pix2world(x, y, 0)
    world = smap.wcs.pixel_to_world(x, y)
    np.testing.assert_allclose((longitude + 180) % 360 - 180, world.Tx.to_value(u.deg), atol=1e-10)
    np.testing.assert_allclose(latitude, world.Ty.to_value(u.deg), atol=1e-10)
    by_map = smap.pixel_to_world(x * u.pix, y * u.pix)
    np.testing.assert_allclose(by_map.Tx.value, world.Tx.to_value(by_map.Tx.unit), atol=1e-6)
    np.testing.assert_allclose(smap.wcs.world_to_pixel(world), (x, y), atol=2e-4)
    np.testing.assert_allclose(u.Quantity(smap.world_to_pixel(world)).value, (x, y), atol=2e-4)
    # Without the distortion they would be wrong by pixels.
    linear = plain.wcs_pix2world(x, y, 0)[1]
    assert np.abs(linear - latitude).max() * 3600 > 4 * smap.scale[0].value


@pytest.mark.parametrize("detector", ["C2", "C3"])
def test_distortion_in_the_wcs_is_that_of_the_resampled_image(detector, calibrated):
    distorted = calibrated(detector, leb_sum=(2, 2), distortion="wcs").level1
    resampled = calibrated(detector, leb_sum=(2, 2)).level1
    x, y = np.meshgrid(np.linspace(60, 450, 9), np.linspace(60, 450, 9))
    world = distorted.wcs.pixel_to_world(x, y)
    corrected = resampled._geometry.to_detector(*resampled.wcs.world_to_pixel(world))
    expected = header_distortion(distorted.meta).to_corrected(*distorted._geometry.to_detector(x, y))
    # One projection is tangential at the occulter, the other at the Sun.
    np.testing.assert_allclose(corrected, expected, atol=0.05)
