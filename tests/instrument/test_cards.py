"""The table of cards, and the numbers that are read with it."""

import re
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from astropy.io.fits import Card as FITSCard
from astropy.io.fits.card import UNDEFINED

import sunpy_lasco
from sunpy_lasco.errors import HeaderError
from sunpy_lasco.instrument.cards import CARDS, frame_name, is_blank, number, plain_filename, shown, whole_number

#: Invalid numbers of a header, by their fault.
NO_NUMBERS = {
    "text": "long",
    "text of a number and more": "19.1 s",
    "several numbers": "1 2",
    "a comma": "19,1",
    "an underscore": "1_9",
    "a hexadecimal number": "0x13",
    "NaN": float("nan"),
    "NaN as text": "NaN",
    "Inf": float("inf"),
    "-Inf as text": "-Infinity",
    "more than a float holds": "1e999",
    "more than a float holds, as an integer": 10**400,
    "more digits than Python writes": 10**5000,
    "a logical value": True,
    "a complex number": 1 + 2j,
    "a list": [19.1],
    "an array": np.array([19.1, 20.0]),
    "a date": "2002/05/21",
    "bytes": b"19.1",
    "dots": "1.2.3",
    "a sign": "-",
}


@pytest.mark.parametrize("kind", NO_NUMBERS)
@pytest.mark.parametrize("card", ["exptime", "r1col", "crval1", "detroll"])
def test_what_is_no_number_is_refused_by_name(kind, card):
    with pytest.raises(HeaderError, match=rf"The card {card.upper()} of 32088304\.fts holds .*not a finite number"):
        number({"filename": "32088304.fts", card: NO_NUMBERS[kind]}, card)


@pytest.mark.parametrize("kind", NO_NUMBERS)
def test_what_is_no_number_is_left_aside_where_the_table_says_so(kind):
    header = {"crpix1": NO_NUMBERS[kind], "mid_date": NO_NUMBERS[kind]}
    assert number(header, "crpix1") is None
    assert number(header, "crpix1", 5.0) == 5.0
    assert whole_number(header, "mid_date") is None


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (19.1, 19.1),
        ("19.1", 19.1),
        (" 1.91D1 ", 19.1),
        (np.float32(2.5), 2.5),
        (np.int16(7), 7.0),
        (Fraction(1, 2), 0.5),
    ],
)
def test_numbers(value, found):
    assert number({"exptime": value}, "exptime") == found


@pytest.mark.parametrize("value", [None, "", "   ", UNDEFINED, FITSCard("EXPTIME", None).value])
def test_missing_cards(value):
    assert is_blank(value)
    assert number({"exptime": value}, "exptime") is None
    assert number({}, "exptime", 3.0) == 3.0


@pytest.mark.parametrize(
    ("card", "value", "reason"),
    [
        ("exptime", 0.0, "more than 0, up to 10000 s"),
        ("exptime", -19.1, "more than 0"),
        ("exptime", 1e30, "up to 10000 s"),
        ("sumcol", -1, "0 to 32"),
        ("sumcol", 1.5, "not a whole number"),
        ("r1col", 1e9, "1 to 2048"),
        ("crval1", 1e6, "-648000 to 648000 arcsec"),
        ("dsun_obs", 1e300, "which is not possible"),
    ],
)
def test_numbers_out_of_range(card, value, reason):
    with pytest.raises(HeaderError, match=re.escape(reason)):
        number({card: value}, card)


def test_zero_as_mid_date_says_nothing():
    assert whole_number({"mid_date": 0}, "mid_date", -1) == -1
    assert whole_number({"mid_date": 52415}, "mid_date") == 52415
    assert whole_number({"mid_date": 1}, "mid_date") is None


@pytest.mark.parametrize("name", ["32088304.fts", "a.fits", "3m_clcl_all.fts"])
def test_plain_names(name):
    assert plain_filename({"filename": f" {name} "}) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        None,
        5,
        "a2/../../../../x.fts",
        "/2../x.fts",
        "..",
        "x.fts.gz",
        "a b.fts",
        "x\n.fts",
        "C:x.fts",
        "x.fts\0",
        "é.fts",
    ],
)
def test_names_that_are_not_used(name):
    assert plain_filename({"filename": name}) == ""


def test_messages_stay_on_a_line():
    assert frame_name({}) == "The image"
    assert frame_name({"filename": "a\n\x1b[2Jb.fts"}) == "a??[2Jb.fts"
    assert len(frame_name({"filename": "x" * 500})) == 60
    assert len(shown("x" * 500)) == 60
    assert shown(10**5000) == "an integer of thousands of digits"


def test_all_cards_that_are_read_are_in_the_table():
    """Keywords that modules read after the checks; all others are those of level 1 and of sunpy."""
    package = Path(sunpy_lasco.__file__).parent
    asked = set()
    for name in ("instrument/frame", "geometry/pointing", "level1/rules", "instrument/cards"):
        text = (package / f"{name}.py").read_text(encoding="utf-8")
        asked |= set(re.findall(r'(?:number|card_text|fault_of)\(\w+, "([a-z0-9_-]+)"', text))
        asked |= set(re.findall(r'\.get\("([a-z0-9_-]+)"', text))
    assert len(asked) > 15
    assert {card.upper() for card in asked} - {"DATE-ORI"} <= set(CARDS)


def test_every_card_says_what_happens():
    for card in CARDS.values():
        assert card.meaning, card.name
        assert card.allowed, card.name
        assert card.wrong in ("refused", "replaced", "ignored")
        assert card.kind in ("number", "whole number", "text", "date", "time of day")


def test_decimals_are_no_numbers_of_fits():
    with pytest.raises(HeaderError):
        number({"exptime": Decimal("19.1")}, "exptime")
