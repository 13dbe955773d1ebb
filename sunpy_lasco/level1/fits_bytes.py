"""
Header-data units as bytes: the writing and the verification of FITS files with their checksums.

Cards and arrays go past astropy, which takes ten times as long for a hundred cards, and several times as long
for images and tables of a million pixels; it makes the cards that are not plain.
"""

import math
import re
import zlib

import numpy as np

from astropy.io import fits

from sunpy_lasco.files import time_of_writing

__all__ = [
    "encode_image",
    "encode_packed_image",
    "encode_packed_table",
    "encode_table",
    "header_lines",
    "packed_array",
    "sums_of",
]

#: Bytes of a FITS block.
FITS_BLOCK = 2880
#: The sum, modulo 2^32 - 1, of a unit whose CHECKSUM is right: all bits set, or none.
ALL_BITS = 0xFFFFFFFF
#: Letters of the types of columns, and BITPIX, by type of NumPy.
COLUMN_LETTERS = {"u1": "B", "i2": "I", "i4": "J", "f4": "E", "f8": "D"}
#: Rows of an image in a tile that is packed by itself: of 1, 16, 64 and all rows, files of 64 are the
#: smallest but for 2 %, and a part of an image is read without the whole.
TILE_ROWS = 64
#: Level of zlib.  6 takes twice the time and makes the files smaller by less than 1 %: the lower bytes of
#: brightness are noise.
PACKING_LEVEL = 1
#: zlib's number for the form of gzip, which the FITS standard asks for.
GZIP_FORM = 16 + zlib.MAX_WBITS
BITPIX = {"u1": 8, "i2": 16, "i4": 32, "f4": -32, "f8": -64}
#: Characters of a card, and of a number in it.
CARD_LENGTH, NUMBER_LENGTH = 80, 20
#: Cards of text alone, which come last.
COMMENTARY = "COMMENT", "HISTORY"
#: Cards that describe the array, and the sums.
STRUCTURE = frozenset("SIMPLE BITPIX NAXIS NAXIS1 NAXIS2 EXTEND CHECKSUM DATASUM".split())
_KEYWORD, _PRINTABLE = re.compile(r"[A-Z0-9_-]{1,8}"), re.compile(r"[ -~]*")


def header_lines(cards, comments):
    """
    The lines of a header of plain cards, as astropy writes them.

    Parameters
    ----------
    cards : mapping
        Values by keyword in lower case.  COMMENT and HISTORY come last; their lines have up to 72 characters.
    comments : mapping
        Comments by keyword in lower case.

    Returns
    -------
    `list` of `str` or None
        80 characters each; None where a card is not plain, so that astropy must be asked what becomes of it.
    """
    lines, texts = [], []
    for keyword, value in cards.items():
        if keyword.upper() in COMMENTARY:
            texts += [f"{keyword.upper():8}{line:72}" for line in str(value).split("\n")]
            continue
        line = _card(keyword.upper(), value, comments.get(keyword, ""))
        if line is None:
            return None
        lines += _split(line)
    plain = all(len(text) == CARD_LENGTH and _PRINTABLE.fullmatch(text) for text in texts)
    return lines + texts if plain else None


def _card(keyword, value, comment=""):
    """A card, one line or several; None for what is neither a printable text nor a finite number of Python."""
    if not (_KEYWORD.fullmatch(keyword) and _PRINTABLE.fullmatch(comment)):
        return None
    if isinstance(value, str):
        text = f"{_quoted(value):20}" if value else "''"
        # A text with a colon may be meant as a card in a card.
        plain, whole = _PRINTABLE.fullmatch(value), ": " not in value
    elif isinstance(value, bool | int):
        text, plain = f"{'FT'[value] if isinstance(value, bool) else value:>20}", True
        whole = len(text) == NUMBER_LENGTH
    elif isinstance(value, float):
        text, plain = f"{str(float(value)).replace('e', 'E'):>20}", math.isfinite(value)
        whole = len(text) == NUMBER_LENGTH
    else:
        return None
    line = f"{keyword:8}= {text}" + (f" / {comment}" if comment.strip() else "")
    if plain and whole and len(line) <= CARD_LENGTH:
        return f"{line:80}"
    return fits.Card(keyword, value, comment).image if plain else None


def _quoted(text):
    doubled = text.replace("'", "''")
    return f"'{doubled:8}'"


def _split(text):
    """Lines of 80 characters."""
    return [text[place : place + CARD_LENGTH] for place in range(0, len(text), CARD_LENGTH)]


def _lines_of(header):
    """Lines of a header: its own, or those of astropy's."""
    if isinstance(header, list):
        return header
    return _split(header.tostring(endcard=False, padding=False))


def encode_image(data, header):
    """
    A primary unit with an image.

    Parameters
    ----------
    data : `numpy.ndarray`
        Shape (ny, nx).
    header : `~astropy.io.fits.Header` or `list` of `str`
        Cards, or lines of them; those that describe the array, and the checksums, are left out.

    Returns
    -------
    `list` of buffers
        To be written one after the other.
    """
    ny, nx = data.shape
    first = [
        ("SIMPLE", True, "conforms to FITS standard"),
        ("BITPIX", BITPIX[data.dtype.str[1:]], "array data type"),
        ("NAXIS", 2, "number of array dimensions"),
        ("NAXIS1", nx),
        ("NAXIS2", ny),
        ("EXTEND", True),
    ]
    return _encoded(first, header, _big_endian(data))


def encode_table(columns, header, *, name):
    """
    A unit with a binary table, whose rows are those of an image.

    In a single row astropy would swap the bytes of a million pixels one by one, in 1.5 s.

    Parameters
    ----------
    columns : sequence of `tuple`
        Name, unit or None, and array of shape (ny, nx) of each.
    header : `~astropy.io.fits.Header` or `list` of `str`
        Further cards, or lines of them.
    name : `str`
        Name of the table.

    Returns
    -------
    `list` of buffers
        To be written one after the other.
    """
    ny, nx = columns[0][2].shape
    first, fields = [], []
    for number, (title, unit, array) in enumerate(columns, 1):
        kind = array.dtype.str[1:]
        fields.append((title, f">{kind}", (nx,)))
        first += [(f"TTYPE{number}", title), (f"TFORM{number}", f"{nx}{COLUMN_LETTERS[kind]}")]
        first += [(f"TUNIT{number}", unit)] if unit else []
    rows = np.empty(ny, fields)
    for title, _, array in columns:
        rows[title] = array
    structure = _table_structure(rows.itemsize, ny, 0, len(columns))
    return _encoded([*structure, *first, ("EXTNAME", name, "extension name")], header, rows)


def _table_structure(width, rows, heap, columns):
    """The first cards of a binary table."""
    return [
        ("XTENSION", "BINTABLE", "binary table extension"),
        ("BITPIX", 8, "array data type"),
        ("NAXIS", 2, "number of array dimensions"),
        ("NAXIS1", width, "length of dimension 1"),
        ("NAXIS2", rows, "length of dimension 2"),
        ("PCOUNT", heap, "number of group parameters"),
        ("GCOUNT", 1, "number of groups"),
        ("TFIELDS", columns, "number of table fields"),
    ]


def encode_packed_image(data, header):
    """
    A file's first two units with a tile-compressed image, which is kept to the last bit.

    FITS standard 4.0, section 10.1: an empty primary unit and a binary table with a tile a row.  The
    algorithm is GZIP_2, the only one of the standard that keeps floats and their NaN as they are.

    Parameters
    ----------
    data : `numpy.ndarray`
        Shape (ny, nx).
    header
        As for `encode_image`.

    Returns
    -------
    `list` of buffers
        To be written one after the other.
    """
    ny, nx = data.shape
    first = [
        ("SIMPLE", True, "conforms to FITS standard"),
        ("BITPIX", 8, "array data type"),
        ("NAXIS", 0, "number of array dimensions"),
        ("EXTEND", True),
    ]
    cards = [
        ("ZIMAGE", True, "extension contains compressed image"),
        ("ZSIMPLE", True, "conforms to FITS standard"),
        ("ZBITPIX", BITPIX[data.dtype.str[1:]], "array data type"),
        ("ZNAXIS", 2, "number of array dimensions"),
        ("ZNAXIS1", nx),
        ("ZNAXIS2", ny),
        ("ZEXTEND", True),
        ("ZTILE1", nx, "size of tiles to be compressed"),
        ("ZTILE2", min(TILE_ROWS, ny), "size of tiles to be compressed"),
        ("ZCMPTYPE", "GZIP_2", "compression algorithm"),
        ("ZQUANTIZ", "NONE", "floats are kept to the last bit"),
        ("EXTNAME", "COMPRESSED_IMAGE", "name of this binary table extension"),
    ]
    primary = _encoded(first, [], np.empty(0, np.uint8))
    return primary + _packed([("COMPRESSED_DATA", data)], cards, header)


def encode_packed_table(columns, header, *, name):
    """
    A unit with a compressed binary table, whose rows are those of an image.

    FITS standard 4.0, section 10.3: of each column, `TILE_ROWS` rows at a time are packed by GZIP_2, bytes by GZIP_1.

    Parameters
    ----------
    columns, header, name
        As for `encode_table`.

    Returns
    -------
    `list` of buffers
        To be written one after the other.
    """
    ny, nx = columns[0][2].shape
    cards = [
        ("ZTABLE", True, "extension contains compressed binary table"),
        ("ZTILELEN", min(TILE_ROWS, ny), "number of rows in each tile"),
        ("ZNAXIS1", nx * sum(array.itemsize for _, _, array in columns), "length of dimension 1"),
        ("ZNAXIS2", ny, "length of dimension 2"),
        ("ZPCOUNT", 0, "number of group parameters"),
    ]
    for number, (_, unit, array) in enumerate(columns, 1):
        form = f"{nx}{COLUMN_LETTERS[array.dtype.str[1:]]}"
        cards += [
            (f"ZFORM{number}", form, "format of the column, unpacked"),
            (f"ZCTYP{number}", packing_of(array.dtype), "compression algorithm of the column"),
        ]
        cards += [(f"TUNIT{number}", unit)] if unit else []
    cards.append(("EXTNAME", name, "extension name"))
    return _packed([(title, array) for title, _, array in columns], cards, header)


def _packed(columns, cards, header):
    """A binary table with a row for each tile, in columns of variable length."""
    tiles = [list(map(_packed_tile, _tiles(array))) for _, array in columns]
    rows, heap, place = np.empty((len(tiles[0]), len(columns), 2), ">i4"), [], 0
    for row, row_tiles in enumerate(zip(*tiles, strict=True)):
        for column, tile in enumerate(row_tiles):
            rows[row, column] = len(tile), place
            heap.append(tile)
            place += len(tile)
    structure = _table_structure(8 * len(columns), len(rows), place, len(columns))
    for number, ((title, _), column) in enumerate(zip(columns, tiles, strict=True), 1):
        structure += [(f"TTYPE{number}", title), (f"TFORM{number}", f"1PB({max(map(len, column))})")]
    structure += cards
    return _encoded(structure, header, np.frombuffer(b"".join([rows.tobytes(), *heap]), np.uint8))


def packing_of(dtype):
    """The algorithm of a column of this type: bytes are not to be sorted, which GZIP_2 does before GZIP_1."""
    return "GZIP_1" if np.dtype(dtype).itemsize == 1 else "GZIP_2"


def _tiles(array):
    return [array[first : first + TILE_ROWS] for first in range(0, len(array), TILE_ROWS)]


def _packed_tile(tile):
    """GZIP_2: the first bytes of all numbers, then the second ones, and so on, packed by gzip."""
    planes = _big_endian(tile).reshape(-1).view(np.uint8).reshape(-1, tile.itemsize).T
    packing = zlib.compressobj(PACKING_LEVEL, zlib.DEFLATED, GZIP_FORM, 9)
    return packing.compress(np.ascontiguousarray(planes)) + packing.flush()


def packed_array(rows, heap, shape, dtype):
    """
    An image from its packed tiles.

    Parameters
    ----------
    rows : `numpy.ndarray`
        Length and place of each tile, shape (n, 2).
    heap : bytes-like
        What follows the rows.
    shape : `tuple` of `int`
        Of the image, (ny, nx).
    dtype : `numpy.dtype`
        Of the image.

    Returns
    -------
    `numpy.ndarray`

    Raises
    ------
    ValueError
        If the tiles do not make that image.
    """
    image = np.empty(shape, np.dtype(dtype).newbyteorder("="))
    parts = _tiles(image)
    if len(parts) != len(rows):
        msg = f"it has {len(rows)} tiles where an image of {shape[0]} rows has {len(parts)}"
        raise ValueError(msg)
    for part, (length, place) in zip(parts, rows, strict=True):
        unpacking = zlib.decompressobj(GZIP_FORM)
        try:
            content = unpacking.decompress(heap[place : place + length], part.nbytes + 1)
        except zlib.error as error:
            msg = f"a tile cannot be unpacked ({error})"
            raise ValueError(msg) from error
        if len(content) != part.nbytes or not unpacking.eof:
            msg = "a tile has not the size that the header gives it"
            raise ValueError(msg)
        planes = np.frombuffer(content, np.uint8).reshape(part.itemsize, -1)
        part.reshape(-1)[:] = np.ascontiguousarray(planes.T).view(image.dtype.newbyteorder(">")).reshape(-1)
    return image


def _big_endian(data):
    return np.ascontiguousarray(data, data.dtype.newbyteorder(">"))


def _encoded(first, header, data):
    content = data.reshape(-1).view(np.uint8)
    total = _sum(content)
    when = time_of_writing()
    lines = [_card(*card) for card in first]
    lines += [line for line in _lines_of(header) if line[:8].rstrip() not in STRUCTURE]
    place = len(lines)
    while lines[place - 1][:8].rstrip() in COMMENTARY:
        place -= 1
    lines[place:place] = [
        _card("CHECKSUM", "0" * 16, f"HDU checksum updated {when[:19]}"),
        _card("DATASUM", str(total), f"data unit checksum updated {when[:19]}"),
    ]
    text = "".join([*lines, f"{'END':80}"]).encode("ascii")
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
