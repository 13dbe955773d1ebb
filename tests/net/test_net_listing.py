"""Day listings: hand-written and malformed lines, indices of directories."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loopback_archive import Image

from sunpy_lasco.net.listing import (
    TruncatedListingError,
    image_names,
    is_html,
    is_index,
    parse_index,
    parse_listing,
)

# fmt: off
#: A line of 2024 as the archive has it, and one written from the format alone, in which
#: the texts are aligned to the right of their columns.
REAL = "22932721.fts    2024/01/01  00:00:05   C2    25.1   1024   1024     20      1" \
       "  Orange  Clear   Normal       0.0000  4179\n"
RIGHT = "32088304.fts    2002/05/21  00:18:06   C3    19.1   1024   1024     20      1" \
        "   Clear   Clear    Normal     0.0000  3390\n"
#: Blanks within texts, cut texts, sums, and a year of two digits.
POLAR = "22000123.fts    1996/12/31  23:59:59   C2   100.1    512    512     20      1" \
        "  Orange  +60 De  Seq PW       0.0000   123\n"
OLD = "22000007.fts      97-03-06  12:00:01   C2    25.0   1024    576     20    225" \
      "  DeepRd  0 Deg   Sum Img      0.0000     7\n"
# fmt: on


#: Before 1996-04-04: filter and polariser in five columns each, and nothing behind LP_NUM
#: before 1996-08-26.
NARROW = "22000001.fts    1996/01/18  23:59:59   C2    25.1   1024   1024     20      1"
EARLY = [
    ("  Orang  Clear  Normal  ", ("Orange", "Clear", "Normal")),
    ("  Orang  Clear  Normal", ("Orange", "Clear", "Normal")),
    ("  Orang  +60 D  Seq PW  ", ("Orange", "+60 Deg", "Seq PW")),
    ("  Orang  -60 D  Seq PW  ", ("Orange", "-60 Deg", "Seq PW")),
    ("  DeepR  0 Deg  Cal Lamp", ("DeepRd", "0 Deg", "Cal Lamp")),
    ("  Halph  ND     Dark    ", ("Halpha", "ND", "Dark")),
    ("  Clear  H_Alp  Sum Img ", ("Clear", "H_Alpha", "Sum Img")),
    ("  IR     Clear  Normal  ", ("IR", "Clear", "Normal")),
    ("   Blue     ND    Normal", ("Blue", "ND", "Normal")),
    ("  Lens   Clear  Cont    ", ("Lens", "Clear", "Cont")),
    # With unknown programmes, and with the last two columns.
    ("  Orang  Clear  Trial   ", ("Orange", "Clear", "Trial")),
    ("  Orang  0 Deg  Trial        0.0000    12", ("Orange", "0 Deg", "Trial")),
    # These listings may have been regenerated in the later format.
    ("  Orange  Clear   Normal  ", ("Orange", "Clear", "Normal")),
    ("  Clear   +60 De  Seq PW       0.0000    12", ("Clear", "+60 Deg", "Seq PW")),
    ("  Blue    ND      Normal  ", ("Blue", "ND", "Normal")),
    ("   Clear   Clear    Normal", ("Clear", "Clear", "Normal")),
]


@pytest.mark.parametrize(("texts", "names"), EARLY)
def test_lines_of_early_1996(texts, names):
    (entry,), unread = parse_listing(f"{NARROW}{texts}\n", "C2", "0.5")
    assert entry[1:6] == ("1996-01-18T23:59:59.000", 25.1, 1024, 1024, "full")
    assert entry[6:] == names
    assert unread == []


@pytest.mark.parametrize(("texts", "names"), EARLY[-4:])
def test_later_lines_are_not_taken_for_early_ones(texts, names):
    (entry,), _ = parse_listing(f"{NARROW}{texts}\n".replace("1996/01/18", "2003/01/18"), "C2", "0.5")
    assert entry[6:] == names


def test_real_line():
    (entry,), unread = parse_listing(REAL, "C2", "0.5")
    assert entry == ("22932721.fts", "2024-01-01T00:00:05.000", 25.1, 1024, 1024, "full", "Orange", "Clear", "Normal")
    assert unread == []


def test_line_with_texts_at_the_right():
    (entry,), unread = parse_listing(RIGHT, "C3", "0.5")
    assert entry == ("32088304.fts", "2002-05-21T00:18:06.000", 19.1, 1024, 1024, "full", "Clear", "Clear", "Normal")
    assert unread == []


def test_texts_with_blanks_and_cut_texts():
    first, second = parse_listing(POLAR + OLD, "C2", "0.5")[0]
    assert first[2:] == (100.1, 512, 512, "binned", "Orange", "+60 Deg", "Seq PW")
    assert second[2:] == (25.0, 1024, 576, "sub-frame", "DeepRd", "0 Deg", "Sum Img")
    assert second.start == "1997-03-06T12:00:01.000"


@pytest.mark.parametrize("year", [*range(1996, 2000), *range(2000, 2027)])
def test_years_of_two_digits(year):
    line = OLD.replace("97-03-06", f"{year % 100:02d}-03-06")
    (entry,), _ = parse_listing(line, "C2", "0.5")
    assert entry.start == f"{year}-03-06T12:00:01.000"


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_line_endings(ending):
    text = (REAL + REAL.replace("22932721", "22932722")).replace("\n", ending)
    assert len(parse_listing(text, "C2", "0.5")[0]) == 2


def test_last_line_without_an_end():
    """The last line is complete if it has all columns."""
    assert len(REAL) == 121
    assert len(parse_listing(REAL[:-1], "C2", "0.5")[0]) == 1


@pytest.mark.parametrize("cut", [1, 20, 60, 119])
def test_truncated_listing(cut):
    """Earlier lines are kept, and the broken line is ignored."""
    with pytest.raises(TruncatedListingError) as caught:
        parse_listing(REAL + REAL[:cut].replace("22932721", "22932722"), "C2", "0.5")
    assert [entry.name for entry in caught.value.entries] == ["22932721.fts"]
    assert caught.value.unread == (["22932722.fts"] if cut >= 12 else [])
    assert (caught.value.last is not None) == (cut > 95)


@pytest.mark.parametrize(
    ("column", "text"),
    [
        (14, "  2024/13/01"),
        (14, "  2024/02/30"),
        (14, "            "),
        (14, "  20240101  "),
        (28, "24:00:05"),
        (28, "00:60:05"),
        (28, "00:00:60"),
        (28, "00.00.05"),
        (38, " C3"),
        (41, "********"),
        (41, "     NaN"),
        (49, "*******"),
        (56, "   1x24"),
        (63, "       "),
    ],
)
def test_a_field_that_cannot_be_read_costs_its_line_only(column, text):
    bad = REAL[:column] + text + REAL[column + len(text) :]
    entries, unread = parse_listing(bad + REAL.replace("22932721", "22932722"), "C2", "0.5")
    assert [entry.name for entry in entries] == ["22932722.fts"]
    assert unread == ["22932721.fts"]


@pytest.mark.parametrize(
    "line",
    [
        "\n",
        "FILENAME        DATE-OBS    TIME-OBS  TEL  EXPTIME\n",
        REAL.replace("22932721.fts", "25932721.fts"),  # level 1
        REAL.replace("22932721.fts", "32932721.fts"),  # the other camera
        REAL.replace("22932721.fts", "2m_orcl_.fts"),  # a background model
        REAL.replace("22932721.fts", "2293272\x00.ft"),
        REAL[:120].replace("   1024   1024", "      0      0") + "\n",  # no pixels
    ],
)
def test_lines_of_no_image_are_left_out(line):
    assert parse_listing(line, "C2", "0.5") == ([], [])


def test_leap_second_is_read():
    line = POLAR.replace("1996/12/31  23:59:59", "1998/12/31  23:59:60")
    assert parse_listing(line, "C2", "0.5")[0][0].start == "1998-12-31T23:59:60.000"


def test_the_last_line_of_a_name_counts():
    text = REAL + REAL.replace("Orange", "Blue  ")
    assert [entry.filter for entry in parse_listing(text, "C2", "0.5")[0]] == ["Blue"]
    # A valid line replaces a bad one of the same image, wherever it is.
    bad = REAL.replace("00:00:05", "xx:00:05")
    assert parse_listing(bad + REAL, "C2", "0.5") == parse_listing(REAL, "C2", "0.5")
    assert parse_listing(REAL + bad, "C2", "0.5") == parse_listing(REAL, "C2", "0.5")


def test_level_1_has_other_columns():
    line = REAL.replace("22932721.fts", "25932721.fts").replace("Normal  ", "X#      ")
    (entry,), _ = parse_listing(line, "C2", "1")
    assert (entry.name, entry.programme) == ("25932721.fts", "")


@given(
    st.datetimes(datetime(1996, 1, 1), datetime(2026, 12, 31)),
    st.sampled_from(["real", "left", "right"]),
    st.floats(0, 9999).map(lambda value: round(value, 1)),
    st.sampled_from([("Orange", "Clear", "Normal"), ("DeepRd", "+60 Deg", "Seq PW"), ("Halpha", "ND", "Cal Lamp")]),
    st.sampled_from([(1024, 1024), (512, 512), (1024, 576), (64, 32)]),
)
def test_what_the_pipeline_writes_is_what_is_read(start, justify, exptime, texts, shape):
    names = dict(zip(("filter", "polar", "programme"), texts, strict=True))
    image = Image("22000000.fts", start.replace(microsecond=0), exptime, shape, **names)
    ((entry,), unread) = parse_listing(image.line(justify), "C2", "0.5")
    assert unread == []
    assert entry[:5] == (image.name, f"{image.start:%Y-%m-%dT%H:%M:%S}.000", exptime, *shape)
    assert entry[6:] == texts


@given(st.text(max_size=400))
def test_no_text_makes_the_reader_fail(text):
    try:
        entries, unread = parse_listing(text, "C2", "0.5")
    except TruncatedListingError:
        return
    assert all(entry.name not in unread for entry in entries)


INDEX = """<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN">
<html><head><title>Index of /lz/level_05/120831/c2</title></head><body>
<a href="?C=N;O=D">Name</a> <a href="/lz/level_05/120831/">Parent Directory</a>
<a href="22000000.fts">22000000.fts</a> <A HREF='22000001.fts'>22000001.fts</A>
<a href="/lz/level_05/120831/c2/22000002.fts">third</a> <a href="22000000.fts?x=1">again</a>
<a href="32000000.fts">other camera</a> <a href="img_hdr.txt">img_hdr.txt</a> <a href="25000000.fts.gz">level 1</a>
</body></html>"""


def test_index_of_a_directory():
    assert parse_index(INDEX, "C2", "0.5") == ["22000000.fts", "22000001.fts", "22000002.fts"]
    assert parse_index(INDEX, "C3", "0.5") == ["32000000.fts"]
    assert parse_index(INDEX, "C2", "1") == ["25000000.fts.gz"]


def test_index_that_breaks_off():
    with pytest.raises(TruncatedListingError):
        parse_index(INDEX[:400], "C2", "0.5")


def test_pages_that_are_no_index():
    assert is_index(INDEX)
    assert is_index("<html><body><a href='../'>../</a><a href='img_hdr.txt'>x</a></body></html>")
    assert not is_index("<html><body>The page that you want is not here.</body></html>")


@pytest.mark.parametrize(
    ("body", "html"),
    [
        (INDEX.encode(), True),
        (b"  \n<HTML>", True),
        (b"\xef\xbb\xbf<!doctype html>", True),
        (b"<?xml version='1.0'?><x/>", True),
        (b"Sorry.\n<html>", True),
        (REAL.encode(), False),
        (b"SIMPLE  =                    T", False),
        (b"", False),
    ],
)
def test_html_is_recognised(body, html):
    assert is_html(body) == html


@pytest.mark.parametrize("name", ["22000000.fts", "21000000.fts", "23000000.fts", "22000000.FTS"])
def test_names_of_level_05(name):
    assert image_names("C2", "0.5").fullmatch(name)
    assert not image_names("C2", "1").fullmatch(name)
    assert not image_names("C3", "0.5").fullmatch(name)
