"""Sun centre and roll, by header and vintage."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astropy.time import Time

from sunpy_lasco.geometry.pointing import header_pointing, header_roll, is_old_centre, is_placeholder, nominal_pointing
from sunpy_lasco.geometry.rolls import is_flipped, normalize_roll, rectified_centre
from sunpy_lasco.instrument.cameras import CAMERAS
from sunpy_lasco.instrument.frame import Frame
from sunpy_lasco.instrument.pixel_grid import binned_position, full_position


def header(detector="C3", day="2012/08/31", made="2012/11/09", **cards):
    return {
        "detector": detector,
        "filter": "Clear",
        "polar": "Clear",
        "exptime": 19.0,
        "date": made,
        "date-obs": day,
        "time-obs": "12:00:00",
        "filename": "32310962.fts",
    } | cards


def pointing(shape=(1024, 1024), **cards):
    found = header(**cards)
    return header_pointing(found, Frame.from_header(found, shape))


# T16.
@pytest.mark.parametrize(
    ("degrees", "expected"),
    [
        (-177.888 - 180, 2.112),
        (-178.576 - 180, 1.424),
        (-180.4 - 180, -0.4),
        (180 - 0.23 - 180, -0.23),
        (180.0, 180.0),
        (-180.0, 180.0),
        (540.5, -179.5),
    ],
)
def test_roll_is_brought_into_half_a_turn(degrees, expected):
    assert normalize_roll(degrees) == pytest.approx(expected, abs=1e-9)


@given(st.floats(-2000, 2000))
def test_roll_differs_by_whole_turns(degrees):
    roll = normalize_roll(degrees)
    assert -180 < roll <= 180
    turns = (degrees - roll) / 360
    assert turns == pytest.approx(round(turns), abs=1e-9)


@pytest.mark.parametrize(
    ("roll", "flipped"), [(180, True), (-172.6, True), (187.3, True), (-359.7, False), (7.25, False), (169, False)]
)
def test_turned_spacecraft(roll, flipped):
    assert is_flipped(roll) is flipped


# T16.
def test_centre_after_rectification():
    assert rectified_centre((510.2, 506.5)) == pytest.approx((512.8, 516.5))
    assert rectified_centre((518.2, 532.5)) == pytest.approx((504.8, 490.5))


# T16.
def test_centre_of_summed_frames():
    grid = SimpleNamespace(corner=(0, 0), binning=(2, 2))
    assert binned_position((510.2, 506.5), grid) == pytest.approx((254.85, 253.0))


@given(
    st.tuples(st.floats(-100, 1200), st.floats(-100, 1200)),
    st.tuples(st.integers(0, 800), st.integers(0, 800)),
    st.tuples(st.sampled_from([1, 2, 4, 8]), st.sampled_from([1, 2, 4])),
)
def test_positions_there_and_back(position, corner, binning):
    grid = SimpleNamespace(corner=corner, binning=binning)
    assert full_position(binned_position(position, grid), grid) == pytest.approx(position, abs=1e-9)
    # Lower left corner of the lower left pixel, in both.
    assert full_position((-0.5, -0.5), grid) == (corner[0] - 0.5, corner[1] - 0.5)


@pytest.mark.parametrize(
    ("cards", "roll"),
    [
        ({"crota2": 1.0, "crota1": 2.0, "crota": 3.0}, 1.0),
        ({"crota2": "", "crota1": 2.0, "crota": 3.0}, 2.0),
        ({"crota": " 3.0 "}, 3.0),
        ({"crota1": "unknown"}, None),
        ({"crota1": float("nan")}, None),
        ({}, None),
    ],
)
def test_roll_of_a_header(cards, roll):
    assert header_roll(cards) == roll


@pytest.mark.parametrize(
    ("detector", "day", "flipped", "roll"),
    [
        ("C2", "2005-01-01", False, 0.5),
        ("C3", "2005-01-01", False, -0.23),
        ("C2", "2005-01-01", True, -179.5),
        ("C3", "2005-01-01", True, 179.77),
    ],
)
def test_nominal(detector, day, flipped, roll):
    nominal = nominal_pointing(SimpleNamespace(camera=CAMERAS[detector], start=Time(day)), flipped=flipped)
    assert nominal.roll == pytest.approx(roll, abs=1e-9)
    assert nominal.centre == CAMERAS[detector].sun_centre


def test_nominal_with_the_ecliptic_up():
    """
    From an official C2 header: RECTIFY = 173.252 is 180 plus the roll, -6.748, of an image that was rotated before.
    """
    nominal = nominal_pointing(SimpleNamespace(camera=CAMERAS["C2"], start=Time("2010-12-12T05:24")))
    assert nominal.roll == pytest.approx(-6.748, abs=0.06)


def test_between_the_cameras_lie_0_73_degrees():
    rolls = [
        nominal_pointing(SimpleNamespace(camera=CAMERAS[name], start=Time("2015-05-05"))).roll for name in ("C2", "C3")
    ]
    assert rolls[0] - rolls[1] == pytest.approx(0.73)


def test_modern_header():
    found = pointing(crpix1=519.2, crpix2=533.5, crota1=0.652355)
    assert (found.centre, found.roll) == (pytest.approx((518.2, 532.5)), 0.652355)
    assert found.centre_source == found.roll_source == "level-0.5 header"
    assert not found.note


def test_old_headers_tell_only_whether_the_spacecraft_was_turned():
    found = pointing(detector="C2", day="2010/01/05", made="2010/02/24", crpix1=512.634, crpix2=505.293, crota1=180.0)
    assert (found.centre, found.roll) == ((510.2, 506.5), -179.5)


def test_the_date_of_the_file_counts_not_that_of_the_exposure():
    cards = {"crpix1": 519.9, "crpix2": 533.9, "crota1": 0.5}
    assert pointing(day="2002/01/08", made="2012/11/09", **cards).roll == pytest.approx(0.5)
    assert pointing(day="2002/01/08", made="2002/11/09", **cards).roll == pytest.approx(-0.23)


def test_a_file_without_date_is_not_older_than_its_exposure():
    assert pointing(made=None, crpix1=519.2, crpix2=533.5, crota1=0.65).roll == pytest.approx(0.65)
    assert pointing(day="2002/01/08", made=None, crpix1=519.2, crpix2=533.5, crota1=0.65).roll == pytest.approx(-0.23)


def test_an_impossible_centre_is_not_believed():
    found = pointing(crpix1=100.0, crpix2=533.5, crota1=0.65)
    assert (found.centre, found.roll) == ((518.2, 532.5), pytest.approx(0.65))


@pytest.mark.parametrize("crpix", [(519.2, 533.5), (259.85, 267.0)])
def test_centre_of_summed_frames_in_either_pixels(crpix):
    found = pointing((512, 512), lebxsum=2, lebysum=2, crpix1=crpix[0], crpix2=crpix[1], crota1=0.6)
    assert found.centre == pytest.approx((518.2, 532.5))


def test_placeholders_of_2025():
    """The roll went from -177.3 to -178.6 degrees during these days."""
    cards = {"crpix1": 512.5, "crpix2": 512.5, "crota1": 0.0, "crota2": 0.0}
    days = [f"2025/08/{day}" for day in (22, 26, 30)]
    found = [pointing(detector="C2", day=day, made="2025/10/20", **cards) for day in days]
    assert all(-178.7 < one.roll < -177.2 for one in found)
    # 0.12 degree a day.
    assert abs(found[2].roll - found[0].roll) / 8 == pytest.approx(0.12, abs=0.02)
    assert all("placeholders" in one.note and "wrong by 180" not in one.note for one in found)
    assert found[0].centre == (510.2, 506.5)


def test_placeholders_of_other_days_leave_a_doubt():
    cards = {"crpix1": 512.5, "crpix2": 512.5, "crota1": 0.0, "crota2": 0.0}
    found = pointing(day="2020/05/05", made="2020/08/01", **cards)
    assert "may be wrong by 180" in found.note
    assert found.roll_sigma == 180.0
    turned = pointing(day="2020/05/05", made="2020/08/01", rectify="FALSE", **cards)
    assert is_flipped(turned.roll)


def test_a_roll_of_exactly_0_alone_is_no_placeholder():
    found = pointing(crpix1=519.2, crpix2=533.5, crota1=0.0, crota2=0.0)
    assert (found.roll, found.note) == (0.0, "")


@pytest.mark.parametrize(("day", "doubt"), [("2001/01/01", False), ("2005/01/01", True)])
def test_without_roll_there_is_doubt_since_the_first_turn(day, doubt):
    found = pointing(day=day, made="2006/01/01")
    assert ("wrong by 180" in found.note) is doubt
    assert found.roll == pytest.approx(-0.23)


@pytest.mark.parametrize(("shape", "centre", "never"), [
    ((1024, 1024), (512.5, 512.5), True), ((256, 512), (256.5, 128.5), True), ((256, 512), (512.5, 512.5), True),
    ((1024, 1024), (512.0, 512.5), False), ((256, 512), (128.5, 256.5), False), ((1024, 1024), (513.0, 513.0), False),
])  # fmt: skip
def test_middle_of_the_image_was_never_filled_in(shape, centre, never):
    cards = header(crpix1=centre[0], crpix2=centre[1], crota1=0.0, crota2=0.0)
    frame = Frame.from_header(header(), shape)
    assert is_placeholder(cards, frame) is never
    assert not is_placeholder(cards | {"crota1": 2.0}, frame)


@pytest.mark.parametrize(("x", "y"), [(517.784, 530.989), (517.956, 532.632)])
def test_centre_of_all_files_of_some_years(x, y):
    """In pixels of the frame or of the whole detector, counted from 0 or from 1; here of 2 x 4 detector pixels."""
    frame = Frame.from_header(header(lebxsum=2, lebysum=4), (256, 512))
    assert frame.binning == (2, 4)
    for old in ((x, y), (x / 2, y / 4)):
        for first in (0, 1):
            assert is_old_centre({"crpix1": old[0] + first, "crpix2": old[1] + first + 0.001}, frame)
            assert not is_old_centre({"crpix1": old[0] + first, "crpix2": old[1] + first + 0.01}, frame)
    assert not is_old_centre({"crpix1": x / 2, "crpix2": y}, frame)
    assert not is_old_centre({"crpix1": x / 2, "crpix2": y * 4}, frame)
    assert not is_old_centre({"crpix1": x}, frame)
