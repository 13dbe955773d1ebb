"""Whether a file on disk is a whole FITS image."""

import gzip
import re
import zlib

from sunpy_lasco.net.listing import is_html

__all__ = ["fault_of"]

#: A FITS block, bytes.
BLOCK = 2880
#: No LASCO header is longer, blocks.
MOST_BLOCKS = 100

_INTEGER = re.compile(rb"(BITPIX  |NAXIS[ 12]  )= +(-?\d+)")


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
        A clause such as ``"it is a page of HTML"``; None if the file is whole: it begins
        with a FITS header, has an image of two axes, and as many bytes as the header
        asks for, padding included, and nothing but zeros behind them.
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
    sizes, length, fault = _header(file, block)
    if fault is not None:
        return fault
    if sizes.get("NAXIS", 0) < 2 or "BITPIX" not in sizes or min(sizes.get("NAXIS1", 0), sizes.get("NAXIS2", 0)) < 1:
        return "it holds no image"
    data = abs(sizes["BITPIX"]) // 8 * sizes["NAXIS1"] * sizes["NAXIS2"]
    expected = length + -(-data // BLOCK) * BLOCK
    while length < expected:
        chunk = file.read(min(1 << 20, expected - length))
        if not chunk:
            return f"it has {length} of {expected} bytes"
        length += len(chunk)
    # Reading on also has gzip check its sum.  Zeros behind the image do no harm.
    while rest := file.read(1 << 20):
        if rest.strip(b"\0"):
            return f"something else follows its {expected} bytes"
    return None


def _header(file, block):
    """Sizes from the header that begins with ``block``, its length, and what is wrong with it."""
    sizes = {}
    for number in range(1, MOST_BLOCKS + 1):
        if len(block) < BLOCK:
            return sizes, 0, "it ends within the header"
        cards = [block[start : start + 80] for start in range(0, BLOCK, 80)]
        for card in cards:
            if found := _INTEGER.match(card):
                sizes.setdefault(found[1].rstrip().decode(), int(found[2]))
        if any(card.startswith(b"END     ") for card in cards):
            return sizes, number * BLOCK, None
        block = file.read(BLOCK)
    return sizes, 0, "its header has no end"
