"""Simple FITS files read without astropy: the same maps as sunpy's, or the file is left to astropy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astropy.io import fits

from sunpy.io._file_tools import read_file

from sunpy_lasco import simulate
from sunpy_lasco.map import open_map
from sunpy_lasco.map.simple_fits import CARD, UNIT, simple_image


def padded(cards, data=b""):
    text = "".join(f"{card:{CARD}}" for card in [*cards, "END"])
    return text.ljust(-(-len(text) // UNIT) * UNIT).encode("latin-1") + data.ljust(-(-len(data) // UNIT) * UNIT, b"\0")


FIRST = ["SIMPLE  =                    T", "BITPIX  =                   16", "NAXIS   =                    2"]
AXES = ["NAXIS1  =                    3", "NAXIS2  =                    2"]
PIXELS = np.arange(6, dtype=">i2").tobytes()


def compare(content, folder):
    """Both ways of reading a file give the same."""
    path = folder / "a.fts"
    path.write_bytes(content)
    ((expected, header),) = read_file(str(path), filetype="fits")
    data, ours = simple_image(content)
    np.testing.assert_array_equal(data, expected)
    assert data.dtype == expected.dtype.newbyteorder("=")
    assert data.flags.writeable
    assert list(ours.items()) == list(header.items())
    assert [type(value) for value in ours.values()] == [type(value) for value in header.values()]


def test_real_frames(test_data, tmp_path):
    paths = sorted(test_data.glob("level05/*/*.fts"))
    for path in paths:
        compare(path.read_bytes(), tmp_path)
    assert len(paths) > 30


@pytest.mark.parametrize("leb_sum", [(1, 1), (2, 2)])
def test_simulated_frames(leb_sum, tmp_path):
    path = simulate.write_level05(simulate.observe("C3", leb_sum=leb_sum, seed=3), tmp_path)
    compare(path.read_bytes(), tmp_path)
    np.testing.assert_array_equal(open_map(path).data, simple_image(path.read_bytes())[0])


NAMES = st.text("ABCDEFGHIJKLMNOPQRSTUVXYZ0123456789_-", min_size=1, max_size=7).map(lambda name: f"Q{name}")
VALUES = st.one_of(
    st.booleans(), st.integers(-(10**9), 10**9), st.floats(-1e30, 1e30), st.text(" !#%&'()*+/=AZaz~", max_size=60)
)


@settings(max_examples=60, deadline=None)
@given(
    cards=st.dictionaries(NAMES, st.tuples(VALUES, st.text(" /'=abcXYZ", max_size=8)), max_size=40),
    lines=st.lists(VALUES, max_size=3),
)
def test_headers_of_astropy(cards, lines, tmp_path_factory):
    header = fits.Header([(name, value, comment) for name, (value, comment) in cards.items()])
    for line in lines:
        header["HISTORY"] = str(line)
        header["COMMENT"] = str(line)
    folder = tmp_path_factory.mktemp("astropy")
    fits.PrimaryHDU(np.arange(6, dtype=np.int16).reshape(2, 3), header).writeto(folder / "b.fts")
    content = (folder / "b.fts").read_bytes()
    # Long strings, for example, are not simple.
    if simple_image(content) is not None:
        compare(content, folder)


@pytest.mark.parametrize(
    "card",
    [
        "BSCALE  =                  2.0",
        "BZERO   =              32768.0",
        "BLANK   =                    0",
        "NAXIS1  =                    3",
        "WAVELNTH=                  500",
        "lower   =                    1",
        "UNQUOTED= text",
        "COMPLEX = (1.0, 2.0)",
        "NOVALUE =",
        "        = 3",
        "HIERARCH ESO A = 1",
        "NAN     = NaN",
        "A B     =                    1",
        "TAB     = 'a\tb'",
    ],
)
def test_other_cards_are_left_to_astropy(card):
    assert simple_image(padded([*FIRST, *AXES, card], PIXELS)) is None


def test_what_is_damaged_is_left_to_astropy():
    sound = padded([*FIRST, *AXES, "A       =                    1 / one"], PIXELS)
    assert simple_image(sound)[1]["KEYCOMMENTS"] == {"A": "one"}
    for content in (
        b"",
        sound[:-1],
        sound[: UNIT - 1],
        sound[:UNIT],
        sound + bytes(UNIT),
        b"X" + sound[1:],
        sound.replace(b"END ", b"EHD "),
        sound.replace(b"BITPIX  =                   16", b"BITPIX  =                   17"),
        sound.replace(b"NAXIS   =                    2", b"NAXIS   =                    1"),
        sound.replace(b"NAXIS2  =                    2", b"NAXIS2  =                   -2"),
        sound.replace(b"NAXIS1  =                    3", b"NAXIS1  =                  3.0"),
        padded([*FIRST[::-1], *AXES], PIXELS),
        padded([*FIRST, *AXES], PIXELS).replace(b"END" + b" " * 77, b"END" + b" " * 76 + b"x"),
    ):
        assert simple_image(content) is None
