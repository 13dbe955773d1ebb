"""
FITS files of one image whose header has nothing but plain cards, read at a tenth of the usual cost.

Almost all level-0.5 files are of this kind.  Everything else is left to astropy and sunpy, whose result
this is, item by item.
"""

import re

import numpy as np

from sunpy.io._header import FileHeader

__all__ = ["simple_header", "simple_image"]

#: Bytes of a unit of FITS, and characters of a card.
UNIT, CARD = 2880, 80
#: Types of pixels by BITPIX; those of the file are big-endian.
KINDS = {8: "u1", 16: "i2", 32: "i4", -32: "f4", -64: "f8"}
#: A card with a value: text, logical value, whole number or number; and its comment, without apostrophes: where one
#: follows an empty text, astropy reads further.
_VALUE = re.compile(
    r"([A-Z0-9_-]{1,8}) *= *"
    r"(?:'((?:[ -&(-~]|'')*)'|([TF])|([-+]?\d+)|([-+]?(?:\d+\.\d*|\.\d+)(?:[EDed][-+]?\d+)?)) *(?:/ *([ -&(-~]*?) *)?"
)
#: What makes a file another kind: scaled pixels, several axes, a wavelength (sunpy looks for its unit), long texts.
_UNUSUAL = re.compile(
    r"(?:BSCALE|BZERO|BLANK|GROUPS|WAVE|CONTINUE|HIERARCH|NAXIS[3-9]|KEYCOMME|XTENSION|EXTEND|ZIMAGE)"
)
_COMMENTARY = ("COMMENT", "HISTORY")
_END = "END".ljust(CARD)


def simple_image(content):
    """
    Image and header of a simple FITS file.

    Parameters
    ----------
    content : `bytes`
        The file, unpacked.

    Returns
    -------
    data : `numpy.ndarray`
        Shape (ny, nx), in the byte order of the machine.
    header : `sunpy.io._header.FileHeader`
        As `sunpy.map.Map` makes it of a file.

    None where the file is of another kind, or damaged.
    """
    header, place = simple_header(content) or (None, 0)
    if header is None or header.get("NAXIS") != 2 or header["BITPIX"] not in KINDS:
        return None
    shape = header.get("NAXIS2"), header.get("NAXIS1")
    if not all(isinstance(length, int) and length > 0 for length in shape):
        return None
    kind = np.dtype(KINDS[header["BITPIX"]])
    number = shape[0] * shape[1]
    if len(content) != place + -(-number * kind.itemsize // UNIT) * UNIT:
        return None
    stored = np.frombuffer(content, kind.newbyteorder(">"), number, place)
    return stored.astype(kind).reshape(shape), header


def simple_header(content):
    """
    The header of a simple FITS file, and where it ends.

    Parameters
    ----------
    content : `bytes`
        The file, unpacked, or its beginning.

    Returns
    -------
    header : `sunpy.io._header.FileHeader`
    end : `int`
        Bytes before the data.

    None where the header has other cards, or no end.
    """
    if not content.startswith(b"SIMPLE  =                    T"):
        return None
    cards, place = [], 0
    while True:
        unit = content[place : place + UNIT].decode("latin-1")
        if len(unit) < UNIT:
            return None
        lines = [unit[first : first + CARD] for first in range(0, UNIT, CARD)]
        place += UNIT
        if _END in lines:
            last = lines.index(_END)
            if "".join(lines[last + 1 :]).strip(" "):
                return None
            header = _header(cards + lines[:last])
            return None if header is None else (header, place)
        cards += lines


def _header(cards):
    """The header of some cards, texts of `CARD` characters; None where one is not plain."""
    values, comments, commentary = {}, {}, {name: [] for name in _COMMENTARY}
    for card in cards:
        name = card[:8].rstrip(" ")
        if name in commentary:
            # In its place among the others, as of the first of them.
            values.setdefault(name, None)
            commentary[name].append(card[8:].rstrip())
            continue
        found = _VALUE.fullmatch(card)
        if found is None or card[8:10] != "= " or found[1] != name or name in values or _UNUSUAL.match(name):
            return None
        _, text, logical, whole, real, comment = found.groups()
        if text is not None:
            values[name] = text.replace("''", "'").rstrip()
        elif logical is not None:
            values[name] = logical == "T"
        elif whole is not None:
            values[name] = int(whole)
        else:
            values[name] = float(real.upper().replace("D", "E"))
        if comment:
            comments[name] = comment
    if list(values)[:3] != ["SIMPLE", "BITPIX", "NAXIS"]:
        return None
    for name, lines in commentary.items():
        values[name] = "\n".join(lines).strip()
    return FileHeader(values, KEYCOMMENTS=comments)
