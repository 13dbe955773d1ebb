"""HDUs that are written without astropy follow astropy and the FITS standard."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astropy.io import fits

from sunpy_lasco.level1.fits_bytes import encode_image, encode_table, header_lines, sums_of


def joined(*units):
    return b"".join(bytes(part) for unit in units for part in unit)


@settings(max_examples=60, deadline=None)
@given(
    ny=st.integers(1, 30), nx=st.integers(1, 30), kind=st.sampled_from(["u1", "<i2", ">i2", "<i4", "<f4", ">f4", "f8"]),
    lines=st.integers(0, 80), value=st.floats(allow_nan=False, allow_infinity=False, width=32),
    seed=st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_astropy_reads_what_was_written_and_finds_the_sums_right(ny, nx, kind, lines, value, seed):
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 200, (ny, nx)).astype(kind)
    columns = [
        ("FLAGS", None, rng.integers(0, 256, (ny, nx)).astype(np.uint8)),
        ("SIGMA", "adu", rng.normal(size=(ny, nx)).astype(np.float32)),
        ("PATTERN", None, rng.normal(size=(ny, nx))),
    ]
    header = fits.Header({"VALUE": value, "TEXT": "it's"})
    for line in range(lines):
        header["HISTORY"] = f"line {line}"
    content = joined(
        encode_image(image, header.copy()), encode_table(columns, fits.Header({"FLAG001": "MISSING"}), name="PIXELS")
    )
    assert len(content) % 2880 == 0
    with fits.open(io.BytesIO(content), checksum=True) as hdus:
        hdus.verify("exception")
        np.testing.assert_array_equal(hdus[0].data, image)
        assert hdus[0].header["VALUE"] == pytest.approx(value, rel=1e-13)
        assert hdus[0].header["TEXT"] == "it's"
        assert len(hdus[0].header.get("HISTORY", [])) == lines
        for name, unit, array in columns:
            np.testing.assert_array_equal(hdus[1].data[name].reshape(array.shape), array)
            assert hdus[1].columns[name].unit == unit
        for hdu in hdus:
            place = hdu.fileinfo()
            end = place["datLoc"] + place["datSpan"]
            assert hdu.verify_checksum() == hdu.verify_datasum() == 1
            assert sums_of(content, place["hdrLoc"], place["datLoc"], end) == (int(hdu.header["DATASUM"]), True)


TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=100)
VALUES = TEXTS | st.booleans() | st.integers(-(10**21), 10**21) | st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=300, deadline=None)
@given(value=VALUES, comment=TEXTS, history=st.lists(TEXTS.map(lambda text: text[:72]), max_size=3))
@pytest.mark.filterwarnings("ignore:Card is too long")
def test_lines_of_a_header_are_those_of_astropy(value, comment, history):
    header = fits.Header()
    for line in history:
        header.add_history(line)
    header["A_CARD-1"] = value
    header.comments["A_CARD-1"] = comment
    header["B"] = 1.0
    cards = {"history": "\n".join(history)} if history else {}
    lines = header_lines(cards | {"a_card-1": value, "b": 1.0}, {"a_card-1": comment})
    text = header.tostring(endcard=False, padding=False)
    assert "".join(lines) == text
    assert {len(line) for line in lines} == {80}


@pytest.mark.parametrize("value", [np.nan, np.inf, None, [1, 2], np.float32(0.1), 1j, "\tx", "é"])
def test_astropy_is_asked_about_what_is_no_plain_card(value):
    assert header_lines({"card": value}, {}) is None
    assert header_lines({"a_long_keyword": 1}, {}) is None
    assert header_lines({"history": "x" * 73}, {}) is None


def test_a_sum_worked_out_by_hand():
    """Fifteen times 1.0, 0x3F800000, is 0x3B8800000; the carry of 3 is added at the low end."""
    content = joined(encode_image(np.ones((3, 5), np.float32), fits.Header()))
    assert sums_of(content, 0, 2880, 5760)[0] == 0xB8800000 + 3
    assert int(fits.Header.fromstring(content[:2880].decode())["DATASUM"]) == 3095396355


def test_the_same_as_astropy_writes():
    """The files are equal except for the order of the cards and the time in their comments."""
    rng = np.random.default_rng(4)
    image, sigma = rng.normal(size=(7, 9)).astype(np.float32), rng.normal(size=(7, 9)).astype(np.float32)
    flags = rng.integers(0, 256, (7, 9)).astype(np.uint8)
    ours = joined(encode_image(image, fits.Header()), encode_table([("FLAGS", None, flags), ("SIGMA", "adu", sigma)],
                  fits.Header(), name="PIXELS"))  # fmt: skip
    columns = [fits.Column("FLAGS", "9B", array=flags), fits.Column("SIGMA", "9E", unit="adu", array=sigma)]
    theirs = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(image), fits.BinTableHDU.from_columns(columns, name="PIXELS")]).writeto(
        theirs, checksum=True
    )
    assert len(ours) == len(theirs.getvalue())
    with fits.open(io.BytesIO(ours)) as mine, fits.open(io.BytesIO(theirs.getvalue())) as known:
        for one, other in zip(mine, known, strict=True):
            differing = fits.HeaderDiff(one.header, other.header, ignore_keywords=["CHECKSUM"], ignore_comments=["*"])
            assert differing.identical, differing.report()
    for start in (2880, 8640):
        assert ours[start : start + 2880] == theirs.getvalue()[start : start + 2880]


@pytest.mark.parametrize("byte", [0, 1, 3, 4, 41, 40, 160, 164, 255])
def test_the_sum_as_text_has_letters_and_digits_alone(byte):
    """Each value of a byte of the checksum, many times."""
    rng = np.random.default_rng(byte)
    for _ in range(20):
        content = joined(encode_image(rng.integers(0, 256, (1, byte + 1)).astype(np.uint8), fits.Header()))
        text = fits.Header.fromstring(content[:2880].decode())["CHECKSUM"]
        assert len(text) == 16
        assert text.isascii()
        assert text.isalnum()
        assert sums_of(content, 0, 2880, len(content))[1]
