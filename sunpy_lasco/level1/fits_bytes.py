"""
Header-data units as bytes: the writing and the verification of FITS files with their checksums.

astropy makes the cards; the arrays go past it, which is several times faster for images
and tables of a million pixels.
"""

import numpy as np

from astropy.io import fits

from sunpy_lasco.files import time_of_writing

__all__ = ["encode_image", "encode_table", "sums_of"]

#: Bytes of a FITS block.
FITS_BLOCK = 2880
#: The sum, modulo 2^32 - 1, of a unit whose CHECKSUM is right: all bits set, or none.
ALL_BITS = 0xFFFFFFFF
#: Letters of the types of columns, and BITPIX, by type of NumPy.
COLUMN_LETTERS = {"u1": "B", "i2": "I", "i4": "J", "f4": "E", "f8": "D"}
BITPIX = {"u1": 8, "i2": 16, "i4": 32, "f4": -32, "f8": -64}


def encode_image(data, header):
    """
    A primary unit with an image.

    Parameters
    ----------
    data : `numpy.ndarray`
        Shape (ny, nx).
    header : `~astropy.io.fits.Header`
        Its cards but for those that describe the array and the checksums; it is changed.

    Returns
    -------
    `list` of buffers
        To be written one after the other.
    """
    for card in ("SIMPLE", "BITPIX", "NAXIS", "NAXIS1", "NAXIS2", "EXTEND", "CHECKSUM", "DATASUM"):
        header.remove(card, ignore_missing=True)
    ny, nx = data.shape
    first = fits.Header([
        ("SIMPLE", True, "conforms to FITS standard"),
        ("BITPIX", BITPIX[data.dtype.str[1:]], "array data type"),
        ("NAXIS", 2, "number of array dimensions"),
        ("NAXIS1", nx),
        ("NAXIS2", ny),
        ("EXTEND", True),
    ])  # fmt: skip
    return _encoded(first, header, _big_endian(data))


def encode_table(columns, header, *, name):
    """
    A unit with a binary table, whose rows are those of an image.

    In a single row astropy would swap the bytes of a million pixels one by one, in 1.5 s.

    Parameters
    ----------
    columns : sequence of `tuple`
        Name, unit or None, and array of shape (ny, nx) of each.
    header : `~astropy.io.fits.Header`
        Further cards; it is changed.
    name : `str`
        Name of the table.

    Returns
    -------
    `list` of buffers
        To be written one after the other.
    """
    ny, nx = columns[0][2].shape
    first = fits.Header()
    fields = []
    for number, (title, unit, array) in enumerate(columns, 1):
        kind = array.dtype.str[1:]
        fields.append((title, f">{kind}", (nx,)))
        first[f"TTYPE{number}"] = title
        first[f"TFORM{number}"] = f"{nx}{COLUMN_LETTERS[kind]}"
        if unit:
            first[f"TUNIT{number}"] = unit
    rows = np.empty(ny, fields)
    for title, _, array in columns:
        rows[title] = array
    structure = fits.Header([
        ("XTENSION", "BINTABLE", "binary table extension"),
        ("BITPIX", 8, "array data type"),
        ("NAXIS", 2, "number of array dimensions"),
        ("NAXIS1", rows.itemsize, "length of dimension 1"),
        ("NAXIS2", ny, "length of dimension 2"),
        ("PCOUNT", 0, "number of group parameters"),
        ("GCOUNT", 1, "number of groups"),
        ("TFIELDS", len(columns), "number of table fields"),
        *first.cards,
        ("EXTNAME", name, "extension name"),
    ])  # fmt: skip
    return _encoded(structure, header, rows)


def _big_endian(data):
    return np.ascontiguousarray(data, data.dtype.newbyteorder(">"))


def _encoded(first, header, data):
    content = data.reshape(-1).view(np.uint8)
    total = _sum(content)
    when = time_of_writing()
    header["CHECKSUM"] = ("0" * 16, f"HDU checksum updated {when[:19]}")
    header["DATASUM"] = (str(total), f"data unit checksum updated {when[:19]}")
    text = first.tostring(endcard=False, padding=False) + header.tostring()
    # The first cards come on top of whole blocks.
    text = text.rstrip(" ").encode("ascii")
    text += b" " * (-len(text) % FITS_BLOCK)
    checksum = _checksum(_added(_sum(np.frombuffer(text, np.uint8)), total))
    text = text.replace(b"CHECKSUM= '0000000000000000'", b"CHECKSUM= '" + checksum + b"'", 1)
    return [text, content, bytes(-content.size % FITS_BLOCK)]


def sums_of(content, start, data_start, end):
    """
    Sums of a unit.

    Parameters
    ----------
    content : bytes-like
        A file.
    start, data_start, end : `int`
        Places of the header and of the data, and the end of these.

    Returns
    -------
    data : `int`
        What DATASUM must say.
    is_unchanged : `bool`
        Whether the unit as a whole has the sum that CHECKSUM gives it.
    """
    whole = np.frombuffer(content, np.uint8)
    data = _sum(whole[data_start:end])
    return data, _added(_sum(whole[start:data_start]), data) in (0, ALL_BITS)


def _sum(content):
    """Sum of the 32-bit numbers, most significant byte first, with the carry brought round."""
    whole = content.size // 4 * 4
    rest = content[whole:].tobytes().ljust(4, b"\0")
    return _added(int(content[:whole].view(">u4").sum(dtype=np.uint64)), int.from_bytes(rest, "big"))


def _added(one, other):
    total = one + other
    while total > ALL_BITS:
        total = (total & ALL_BITS) + (total >> 32)
    return total


def _checksum(total):
    """
    The 16 characters that bring a sum to all bits set.

    FITS standard 4.0, appendix J.  Each byte of the complement is the sum of four
    characters, a quarter of it each, which are moved apart in pairs until they are
    letters or digits.
    """
    complement = (ALL_BITS - total).to_bytes(4, "big")
    rows = []
    for byte in complement:
        quarter, rest = divmod(byte, 4)
        four = [quarter + rest + ord("0"), *[quarter + ord("0")] * 3]
        while any(_is_punctuation(one) for one in four):
            for pair in (0, 2):
                if any(_is_punctuation(one) for one in four[pair : pair + 2]):
                    four[pair] += 1
                    four[pair + 1] -= 1
        rows.append(four)
    text = bytes(rows[byte][place] for place in range(4) for byte in range(4))
    # The value begins in the twelfth column of the card, and not where a number of 32 bits does.
    return text[-1:] + text[:-1]


def _is_punctuation(code):
    return 0x3A <= code <= 0x40 or 0x5B <= code <= 0x60
