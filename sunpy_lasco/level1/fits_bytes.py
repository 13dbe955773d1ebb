"""
Header-data units as bytes: fast writing and verification of FITS files with checksums.

Plain cards and arrays are formatted here, since astropy takes ten times as long for a hundred cards and
several times as long for images and tables of a million pixels. astropy formats all other cards.
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
#: The checksum, modulo 2^32 - 1, of an HDU whose CHECKSUM is correct: all bits set, or none.
ALL_BITS = 0xFFFFFFFF
#: Type letters of columns, and BITPIX, by NumPy type.
COLUMN_LETTERS = {"u1": "B", "i2": "I", "i4": "J", "f4": "E", "f8": "D"}
#: Rows of an image in a tile, which is compressed by itself. Of tiles of 1, 16, 64 and all rows, those of 64 give the
#: smallest files within 2 %, and allow parts of an image to be read.
TILE_ROWS = 64
#: Compression level of zlib. Level 6 takes twice the time and saves less than 1 %, because the lower bytes of the
#: brightness are noise.
PACKING_LEVEL = 1
#: zlib's ``wbits`` for the gzip format, which the FITS standard requires.
GZIP_FORM = 16 + zlib.MAX_WBITS
BITPIX = {"u1": 8, "i2": 16, "i4": 32, "f4": -32, "f8": -64}
#: Characters of a card, and of a number in it.
CARD_LENGTH, NUMBER_LENGTH = 80, 20
#: Cards that hold only text, which come last.
COMMENTARY = "COMMENT", "HISTORY"
#: Cards that describe the array, and the checksums.
STRUCTURE = frozenset("SIMPLE BITPIX NAXIS NAXIS1 NAXIS2 EXTEND CHECKSUM DATASUM".split())
_KEYWORD, _PRINTABLE = re.compile(r"[A-Z0-9_-]{1,8}"), re.compile(r"[ -~]*")


def header_lines(cards, comments):
    """
    Format plain cards in the same way as astropy.

    Parameters
    ----------
    cards : mapping
        Values by keyword in lower case.  COMMENT and HISTORY come last; their lines have up to 72 characters.
    comments : mapping
        Comments by keyword in lower case.

    Returns
    -------
    `list` of `str` or None
        Lines of 80 characters; None if a card is not plain and must be formatted by astropy.
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
    """A card in one or several lines; None if the value is neither a printable text nor a finite Python number."""
    if not (_KEYWORD.fullmatch(keyword) and _PRINTABLE.fullmatch(comment)):
        return None
    if isinstance(value, str):
        text = f"{_quoted(value):20}" if value else "''"
        # A text with a colon may be a record-valued card.
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
    """Lines of a header: the given ones, or those formatted by astropy."""
    if isinstance(header, list):
        return header
    return _split(header.tostring(endcard=False, padding=False))


def encode_image(data, header):
    """
    Encode an image as a primary HDU.

    Parameters
    ----------
    data : `numpy.ndarray`
        Shape (ny, nx).
    header : `~astropy.io.fits.Header` or `list` of `str`
        Cards or lines; those that describe the array and the checksums are omitted.

    Returns
    -------
    `list` of buffers
        Buffers to be written in turn.
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
    Encode arrays as a binary table whose rows are those of an image.

    For a table of a single row astropy would swap the bytes of a million pixels one by one, in 1.5 s.

    Parameters
    ----------
    columns : sequence of `tuple`
        Name, unit or None, and array of shape (ny, nx) of each.
    header : `~astropy.io.fits.Header` or `list` of `str`
        Further cards or lines.
    name : `str`
        Name of the table.

    Returns
    -------
    `list` of buffers
        Buffers to be written in turn.
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
    Encode an image as tile-compressed image, without loss, in the first two HDUs of a file.

    FITS standard 4.0, section 10.1: an empty primary HDU and a binary table with one tile per row. The
    algorithm is GZIP_2, the only one of the standard that preserves floats and NaN.

    Parameters
    ----------
    data : `numpy.ndarray`
        Shape (ny, nx).
    header
        As for `encode_image`.

    Returns
    -------
    `list` of buffers
        Buffers to be written in turn.
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
    Encode arrays as a compressed binary table whose rows are those of an image.

    FITS standard 4.0, section 10.3: each column is compressed in pieces of `TILE_ROWS` rows, with GZIP_2, or
    GZIP_1 for bytes.

    Parameters
    ----------
    columns, header, name
        As for `encode_table`.

    Returns
    -------
    `list` of buffers
        Buffers to be written in turn.
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
    """
    Algorithm for a column of this type. GZIP_2 sorts the bytes of numbers before GZIP_1, which is pointless
    for single bytes.
    """
    return "GZIP_1" if np.dtype(dtype).itemsize == 1 else "GZIP_2"


def _tiles(array):
    return [array[first : first + TILE_ROWS] for first in range(0, len(array), TILE_ROWS)]


def _packed_tile(tile):
    """GZIP_2: the first bytes of all numbers, then the second ones, and so on, compressed with gzip."""
    planes = _big_endian(tile).reshape(-1).view(np.uint8).reshape(-1, tile.itemsize).T
    packing = zlib.compressobj(PACKING_LEVEL, zlib.DEFLATED, GZIP_FORM, 9)
    return packing.compress(np.ascontiguousarray(planes)) + packing.flush()


def packed_array(rows, heap, shape, dtype):
    """
    Decode an image from its compressed tiles.

    Parameters
    ----------
    rows : `numpy.ndarray`
        Length and offset of each tile, shape (n, 2).
    heap : bytes-like
        The heap after the rows.
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
        If the tiles do not form such an image.
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
            msg = "the size of a tile differs from the header"
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
    Checksums of an HDU.

    Parameters
    ----------
    content : bytes-like
        A file.
    start, data_start, end : `int`
        Offsets of the header and of the data, and the end of the data.

    Returns
    -------
    data : `int`
        The correct value of DATASUM.
    is_unchanged : `bool`
        Whether the whole HDU agrees with CHECKSUM.
    """
    whole = np.frombuffer(content, np.uint8)
    data = _sum(whole[data_start:end])
    return data, _added(_sum(whole[start:data_start]), data) in (0, ALL_BITS)


def _sum(content):
    """Sum of the big-endian 32-bit numbers in ones' complement (with end-around carry)."""
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
    The 16 characters that complement a checksum to all bits set.

    FITS standard 4.0, appendix J. Each byte of the complement is divided into four characters, a quarter
    each. Pairs of characters are shifted in opposite directions until all are letters or digits.
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
    # The value begins in column 12 of the card, which is not aligned to 32 bits.
    return text[-1:] + text[:-1]


def _is_punctuation(code):
    return 0x3A <= code <= 0x40 or 0x5B <= code <= 0x60
