"""Cards of the WCS for the operations on an image, and back, computed by hand."""

import numpy as np
import pytest

from astropy.wcs import WCS

from sunpy_lasco.errors import HeaderError
from sunpy_lasco.geometry.cards import (
    _tangential,
    image_roll,
    image_sun_centre,
    standard_cards,
    standard_geometry,
    wcs_cards,
)
from sunpy_lasco.geometry.image import ImageGeometry
from sunpy_lasco.geometry.sip import rescaled_sip
from sunpy_lasco.instrument.cameras import CAMERAS
from sunpy_lasco.instrument.headers import MapHeaderError

C3 = CAMERAS["C3"]
#: A whole frame of C3 to which a pointing was applied.
META = {
    "instrume": "LASCO",
    "detector": "C3",
    "date-obs": "2002/01/08",
    "time-obs": "12:00:00.000",
    "r1col": 20,
    "r1row": 1,
    "r2col": 1043,
    "r2row": 1024,
    "lebxsum": 1,
    "lebysum": 1,
    "sumcol": 0,
    "sumrow": 0,
    "exptime": 19.0,
    "filter": "Clear",
    "polar": "Clear",
    "detroll": 30.0,
    "sunpix1": 517.25,
    "sunpix2": 530.5,
}


def test_cards_of_a_rolled_frame():
    cards = wcs_cards(META, (1024, 1024))
    assert (cards["ctype1"], cards["ctype2"]) == ("HPLN-TAN", "HPLT-TAN")
    assert (cards["cunit1"], cards["cunit2"], cards["wcsname"]) == ("arcsec", "arcsec", "Helioprojective-cartesian")
    assert (cards["cdelt1"], cards["cdelt2"]) == (C3.plate_scale, C3.plate_scale)
    assert (cards["crpix1"], cards["crpix2"]) == pytest.approx((518.25, 531.5))
    assert (cards["crval1"], cards["crval2"], cards["lonpole"]) == (0.0, 0.0, 180.0)
    assert (cards["pc1_1"], cards["pc2_2"]) == pytest.approx((np.sqrt(0.75), np.sqrt(0.75)))
    assert (cards["pc1_2"], cards["pc2_1"]) == pytest.approx((-0.5, 0.5))
    assert all(cards[name] is None for name in ("crota", "crota1", "crota2"))


def test_oblong_pixels():
    """Sums of two columns and four rows: the scale is in CDELT, the ratio of the axes in PC."""
    cards = wcs_cards(META | {"lebxsum": 2, "lebysum": 4}, (256, 512))
    assert (cards["cdelt1"], cards["cdelt2"]) == pytest.approx((2 * C3.plate_scale, 4 * C3.plate_scale))
    # Pixels of the sums have their centres at 0.5 and 1.5 of the CCD's.
    assert (cards["crpix1"], cards["crpix2"]) == pytest.approx(((517.25 + 0.5) / 2 + 0.5, (530.5 + 0.5) / 4 + 0.5))
    assert (cards["pc1_2"], cards["pc2_1"]) == pytest.approx((-0.5 * 2, 0.5 / 2))


def test_what_was_turned_by_half_and_by_an_angle():
    assert image_roll(META) == pytest.approx(30.0)
    assert image_roll(META | {"imgrot": 12.5}) == pytest.approx(17.5)
    assert image_roll(META | {"detroll": -170.0, "imgrot": 30.0}) == pytest.approx(160.0)
    assert image_sun_centre(META) == (517.25, 530.5)


def test_old_polynomials_of_sip_go():
    old = {"a_order": 3, "B_1_2": 1e-9, "ap_order": 2, "bp_0_1": 0.1, "a_long_name": 1, "asun": 2}
    cards = wcs_cards(META | old, (1024, 1024))
    assert [name for name in old if name in cards] == ["a_order", "B_1_2", "ap_order", "bp_0_1"]
    assert all(cards[name] is None for name in ("a_order", "B_1_2", "ap_order", "bp_0_1"))


def test_distortion_in_the_wcs():
    """
    The reference pixel is the occulter's centre; SUNPIX gives the Sun's centre, in pixels with and without distortion.
    """
    centre = {"occcen1": 516.25, "occcen2": 529.5}
    coefficients = {f"dist_k{number}": value for number, value in enumerate(C3.distortion_px)}
    cards = wcs_cards(META | centre | coefficients | {"distort": "wcs"}, (1024, 1024))
    assert (cards["ctype1"], cards["ctype2"]) == ("HPLN-TAN-SIP", "HPLT-TAN-SIP")
    assert (cards["crpix1"] - 1, cards["crpix2"] - 1) == pytest.approx((516.25, 529.5))
    header = {name.upper(): value for name, value in cards.items() if value is not None}
    wcs = WCS(header)
    x, y = wcs.all_world2pix(0.0, 0.0, 0)
    # Undistorted, SUNPIX is some hundredths of a pixel away from it, so near to the occulter.
    assert (float(x), float(y)) == pytest.approx((517.25, 530.5), abs=0.2)
    # Away from the Sun's centre, by the plate scale in the direction of the roll.
    away = np.array(wcs.wcs_pix2world(cards["crpix1"] + 50, cards["crpix2"], 0))
    here = np.array(wcs.wcs_pix2world(cards["crpix1"], cards["crpix2"], 0))
    step = (away - here) * 3600 / 50
    assert step == pytest.approx(cards["cdelt1"] * np.array([np.sqrt(0.75), 0.5]), rel=1e-3)


#: An image with a standard WCS, in which each number is another one.
GEOMETRY = ImageGeometry(
    crpix=(100.5, 210.25),
    crval=(3.0, -4.0),
    cdelt=(56.0, 57.0),
    pc=((0.8, -0.6), (0.6, 0.8)),
    ctype=("HPLN-TAN", "HPLT-TAN"),
    detector_roll=36.0,
    anchor=(512.0, 520.0),
    anchor_offset=(0.0, 0.0),
    detector_scale=56.0,
    distorted=False,
)


def test_standard_cards():
    cards = standard_cards(GEOMETRY)
    assert {name: value for name, value in cards.items() if value is not None} == {
        "ctype1": "HPLN-TAN",
        "ctype2": "HPLT-TAN",
        "cunit1": "arcsec",
        "cunit2": "arcsec",
        "cdelt1": 56.0,
        "cdelt2": 57.0,
        "crpix1": 101.5,
        "crpix2": 211.25,
        "crval1": 3.0,
        "crval2": -4.0,
        "pc1_1": 0.8,
        "pc1_2": -0.6,
        "pc2_1": 0.6,
        "pc2_2": 0.8,
        "detroll": 36.0,
        "sunpix1": 512.0,
        "sunpix2": 520.0,
    }
    assert {name for name, value in cards.items() if value is None} == {
        *("crota", "crota1", "crota2", "cd1_1", "cd1_2", "cd2_1", "cd2_2"),
    }


@pytest.mark.parametrize(("unit", "size"), [("arcsec", 1.0), ("deg", 3600.0), ("arcmin", 60.0)])
def test_standard_geometry(unit, size):
    cards = standard_cards(GEOMETRY)
    for axis in (1, 2):
        cards |= {f"cunit{axis}": unit, f"cdelt{axis}": cards[f"cdelt{axis}"] / size, f"crval{axis}": axis / size}
    meta = META | {name: value for name, value in cards.items() if value is not None} | {"level": "1.0"}
    found = standard_geometry(meta)
    assert found.crpix == pytest.approx(GEOMETRY.crpix)
    assert found.crval == pytest.approx((1.0, 2.0))
    assert found.cdelt == pytest.approx(GEOMETRY.cdelt)
    assert found.pc == GEOMETRY.pc
    assert found.ctype == GEOMETRY.ctype
    assert (found.detector_roll, found.anchor, found.anchor_offset) == (36.0, (512.0, 520.0), (0.0, 0.0))
    assert found.detector_scale == C3.plate_scale
    assert not found.distorted


def test_matrices_with_the_scale_in_them():
    meta = META | {"cd1_1": 3.0, "cd1_2": -4.0, "cd2_1": 8.0, "cd2_2": 6.0, "crpix1": 10.0, "crpix2": 20.0}
    del meta["detroll"]
    found = standard_geometry(meta | {"level": "1.0"})
    assert found.cdelt == pytest.approx((5.0, 10.0))
    assert np.array(found.pc) == pytest.approx(np.array([[0.6, -0.8], [0.8, 0.6]]))
    # Without DETROLL the roll is that of the image's axes, of which the pixels are oblong.
    assert found.detector_roll == pytest.approx(np.degrees(np.arctan2(8.0, 3.0)))
    with pytest.raises(MapHeaderError, match="singular"):
        standard_geometry(meta | {"cd2_1": 6.0, "cd2_2": -8.0})


def test_what_is_missing_or_no_angle():
    with pytest.raises(MapHeaderError, match="lacks the cards CRPIX1 and CRPIX2"):
        standard_geometry(META | {"cdelt1": 56.0, "cdelt2": 56.0, "pc1_1": 1.0})
    with pytest.raises(MapHeaderError, match=r"CUNIT2 .* not a unit of an angle"):
        standard_geometry(META | {"crpix1": 1.0, "crpix2": 2.0, "pc1_1": 1.0, "cunit2": "kg"})


def test_other_coordinates_only_where_they_were_asked_for():
    meta = META | {"crpix1": 10.0, "crpix2": 20.0, "pc1_1": 1.0, "ctype1": "SOLX", "ctype2": "hplt-car"}
    assert standard_geometry(meta).ctype == ("HPLN-TAN", "HPLT-CAR")


def test_scale_of_the_stars():
    meta = META | {"crpix1": 10.0, "crpix2": 20.0, "pc1_1": 1.0}
    assert standard_geometry(meta | {"geoscale": "stars"}).detector_scale == C3.stars.plate_scale
    assert wcs_cards(META | {"geoscale": "stars"}, (1024, 1024))["cdelt1"] == C3.stars.plate_scale
    assert C3.stars.plate_scale != C3.plate_scale


@pytest.mark.parametrize(("distort", "level", "distorted"), [
    ("wcs", "1.0", True), ("none", "1.0", True), ("resample", "1.0", False), ("", "0.5", True), ("", "1.0", False),
])  # fmt: skip
def test_whether_pixels_are_where_they_were_measured(distort, level, distorted):
    meta = META | {"crpix1": 10.0, "crpix2": 20.0, "pc1_1": 1.0, "distort": distort, "level": level}
    assert standard_geometry(meta).distorted is distorted


@pytest.mark.parametrize(("card", "pc"), [
    ("pc1_1", ((0.5, 0), (0, 1))), ("pc1_2", ((1, 0.5), (0, 1))),
    ("pc2_1", ((1, 0), (0.5, 1))), ("pc2_2", ((1, 0), (0, 0.5))),
])  # fmt: skip
def test_one_card_of_the_matrix_is_enough(card, pc):
    meta = META | {"crpix1": 10.0, "crpix2": 20.0, "cdelt1": 56.0, "cdelt2": 57.0, card: 0.5}
    found = standard_geometry(meta)
    assert found.pc == pc
    assert found.cdelt == (56.0, 57.0)


def test_reference_pixels_count_from_one_whenever_the_file_was_made():
    """Official files before 2010 may count from 0, but standard ones never do."""
    meta = META | {
        "crpix1": 10.0,
        "crpix2": 20.0,
        "xcen": 0.0,
        "ycen": 0.0,
        "pc1_1": 1.0,
        "cdelt1": 56.0,
        "cdelt2": 56.0,
    }
    for date in ("2005/01/01", "2020/01/01"):
        assert standard_geometry(meta | {"date": date, "level": "1.0"}).crpix == (9.0, 19.0)


def test_polynomials_of_a_header_may_lack_the_inverse():
    """A and B alone, of pixels that become 2 x 4: A_p_q grows by 2**p 4**q / 2, B_p_q by 2**p 4**q / 4."""
    header = {"a_order": 2, "b_order": 2, "a_2_0": 1e-6, "a_1_1": 2e-6, "b_0_2": 3e-6}
    found = rescaled_sip(header, (2, 4))
    assert found == pytest.approx({"a_2_0": 1e-6 * 4 / 2, "a_1_1": 2e-6 * 8 / 2, "b_0_2": 3e-6 * 16 / 4})
    for order in (-2, 1.5, 99):
        with pytest.raises(HeaderError, match="A_ORDER"):
            rescaled_sip(header | {"a_order": order}, (2, 4))


def test_scale_of_a_distorted_image_is_that_of_its_centre():
    """Pixels at the centre of the distortion are smaller or larger than the plate scale, by DIST_K0."""
    standard = {"ctype1": "HPLN-TAN-SIP", "ctype2": "HPLT-TAN-SIP", "cunit1": "arcsec", "cunit2": "arcsec"}
    standard |= {"crpix1": 517.25, "crpix2": 530.5, "crval1": 0.0, "crval2": 0.0, "cdelt1": 56.0, "cdelt2": 56.0}
    standard |= {"a_order": 2, "b_order": 2, "pc1_1": 1.0, "pc2_2": 1.0}
    plain, grown = (standard_geometry(META | standard | {"dist_k0": k0}) for k0 in (0.0, 0.25))
    assert plain.detector_scale / grown.detector_scale == pytest.approx(1.25)
    assert standard_geometry(META | standard).detector_scale == pytest.approx(
        plain.detector_scale / (1 + C3.distortion_px[0])
    )


def test_a_degree_in_the_tangent_plane():
    """atan of the radians of a degree; half a degree up, at the cosine of that."""
    assert _tangential((3600.0, 1800.0)) == pytest.approx([3599.634535, 1799.680237], abs=1e-5)
