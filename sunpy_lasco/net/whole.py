"""Whether a file on disk is a whole FITS image."""

import gzip
import math
import re
import zlib

from sunpy_lasco.net.listing import is_html

__all__ = ["fault_of"]

#: A FITS block, bytes.
BLOCK = 2880
#: No LASCO header is longer, blocks.
MOST_BLOCKS = 100
#: FITS knows no more axes.
MOST_AXES = 999
#: Blocks of zeros that may follow the last image: those that fill up ten, as on tapes.
MOST_PADDING = 9
#: Bytes of an unpacked file that are looked at, at most.
LONGEST = 256 * 1024**2

_INTEGER = re.compile(rb"(BITPIX|NAXIS\d*|PCOUNT|GCOUNT) *= +(-?\d{1,18})(?!\d)")


def fault_of(path):
    """
    What is wrong with a file that should be a FITS image.

    Parameters
    ----------
    path : `~pathlib.Path`
        The file; if its content is compressed by gzip, all of it is unpacked.

    Returns
    -------
    `str` or None
        A clause such as ``"it is a page of HTML"``; None if the file is whole: it consists of a
        FITS image and perhaps extensions, one of which holds an image of two axes or more, has
        as many bytes as their headers ask for, padding included, and hardly more than that.
    """
    try:
        with path.open("rb") as raw:
            magic = raw.read(2)
            raw.seek(0)
            if magic == b"\x1f\x8b":
                with gzip.open(raw) as file:
                    return _fault(file)
            return _fault(raw)
    except (OSError, EOFError, zlib.error) as error:
        return f"it cannot be read ({error})"


def _fault(file):
    block = file.read(BLOCK)
    if not block:
        return "it is empty"
    if is_html(block):
        return "it is a page of HTML"
    if not block.startswith(b"SIMPLE  ="):
        return "it is no FITS file"
    length, has_image = 0, False
    while block.startswith((b"SIMPLE  =", b"XTENSION")):
        cards, blocks, fault = _header(file, block)
        axes = [cards.get(f"NAXIS{n}", -1) for n in range(1, min(cards.get("NAXIS", 0), MOST_AXES) + 1)]
        if fault is None and ("BITPIX" not in cards or min(axes, default=0) < 0):
            fault = "its header does not tell the size of an image"
        if fault is not None:
            return fault
        length += blocks * BLOCK
        data = _data_bytes(cards, axes)
        # Tables have two axes as well; some hold compressed images.
        is_image = b"XTENSION" not in block[:8] or b"'IMAGE" in block[:80] or "ZIMAGE" in cards
        has_image |= is_image and len(axes) > 1 and data > 0
        end = length + -(-data // BLOCK) * BLOCK
        if end > LONGEST:
            return f"its header asks for {end} bytes"
        length = _skip(file, length, end)
        if length < end:
            return f"it has {length} of {end} bytes"
        block = file.read(BLOCK)
    return _fault_of_rest(file, block, length) if has_image else "it holds no image"


def _skip(file, length, end):
    """Read on from ``length`` to ``end``; where the file really ends."""
    while length < end and (chunk := file.read(min(1 << 20, end - length))):
        length += len(chunk)
    return length


def _fault_of_rest(file, block, length):
    """What is wrong with what follows the last image: ``block`` and on."""
    padding = 0
    # Reading on also has gzip check its sum.  Few zeros behind the image do no harm.
    while block:
        if block.strip(b"\0"):
            return f"something else follows its {length} bytes"
        padding += len(block)
        if padding > MOST_PADDING * BLOCK:
            return f"more than {MOST_PADDING} blocks of zeros follow its {length} bytes"
        block = file.read(BLOCK)
    return None


def _data_bytes(cards, axes):
    """Bytes of the data behind a header, without padding."""
    elements = cards.get("GCOUNT", 1) * (cards.get("PCOUNT", 0) + math.prod(axes)) if axes else 0
    return abs(cards["BITPIX"]) // 8 * max(elements, 0)


def _header(file, block):
    """Integers in the header that begins with ``block``, its number of blocks, and what is wrong with it."""
    found = {}
    for number in range(1, MOST_BLOCKS + 1):
        if len(block) < BLOCK:
            return found, 0, "it ends within the header"
        cards = [block[start : start + 80] for start in range(0, BLOCK, 80)]
        for card in cards:
            if card.startswith(b"END     "):
                return found, number, None
            if card.startswith(b"ZIMAGE  ="):
                # A table that holds a compressed image.
                found["ZIMAGE"] = 1
            if match := _INTEGER.match(card):
                found.setdefault(match[1].decode(), int(match[2]))
        block = file.read(BLOCK)
    return found, 0, "its header has no end"
