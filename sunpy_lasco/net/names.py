"""
Names of filters, polarisers, programmes and sizes.

Listings truncate long names, headers pad them with blanks, and users have their own spellings. These
functions return the spelling used in tables of results, so that all can be compared.
"""

from functools import lru_cache

__all__ = [
    "FILTERS",
    "POLARIZERS",
    "PROGRAMMES",
    "SIZES",
    "filter_name",
    "level_name",
    "polarizer_name",
    "programme_name",
    "size_name",
]

#: Positions of the filter wheels and their purpose.
FILTERS = {
    "Orange": "540 to 640 nm, the usual filter of C2",
    "Clear": "400 to 850 nm, the usual filter of C3",
    "Blue": "Blue, 420 to 520 nm",
    "DeepRd": "Deep red, 730 to 835 nm",
    "Halpha": "H alpha, C2 only",
    "Lens": "Diffusing lens, C2 only",
    "IR": "Near infra-red, 860 to 1050 nm, C3 only",
}

#: Positions of the polariser wheels, and the states of images derived from them.
POLARIZERS = {
    "Clear": "No polariser",
    "+60 Deg": "Polariser at +60 degrees",
    "0 Deg": "Polariser at 0 degrees",
    "-60 Deg": "Polariser at -60 degrees",
    "ND": "Neutral density filter, C2 only",
    "H_Alpha": "H alpha filter, C3 only",
    "PB": "Polarised brightness, derived from three images",
    "TI": "Total brightness, derived from three images",
}

#: Observing programmes of the electronics box.
PROGRAMMES = {
    "Normal": "Single exposure",
    "Seq PW": "Sequence of polariser positions",
    "Sum Img": "Exposures summed on board",
    "Dark": "Dark exposure",
    "Cal Lamp": "Exposure of the calibration lamp",
    "Cont": "Continuous image",
}

#: How much of the detector an image covers.
SIZES = {
    "full": "All 1024 x 1024 pixels",
    "binned": "The whole detector, pixels summed",
    "sub-frame": "A part of the detector",
}

#: Other spellings of polariser positions, without blanks and in upper case.
_POLARIZER_SYNONYMS = {
    "60": "+60 Deg",
    "+60": "+60 Deg",
    "PLUS60": "+60 Deg",
    "60DEG": "+60 Deg",
    "-60": "-60 Deg",
    "MINUS60": "-60 Deg",
    "0": "0 Deg",
    "ZERO": "0 Deg",
    "NONE": "Clear",
}


def _squeezed(text):
    return "".join(str(text).split()).upper()


def _lookup(text, names, width):
    """The name that agrees with ``text`` in a listing of ``width`` characters."""
    key = _squeezed(str(text)[:width])
    if key:
        for name in names:
            if _squeezed(name[:width]) == key or _squeezed(name) == _squeezed(text):
                return name
    return " ".join(str(text).split())


@lru_cache(maxsize=256)
def filter_name(text, width=6):
    """
    The usual name of a filter of a header, a listing (with columns of some width) or a query: a key of
    `FILTERS`, or the text itself if it is unknown.
    """
    return _lookup(text, FILTERS, width)


@lru_cache(maxsize=256)
def polarizer_name(text, width=6):
    """
    The usual name of a polariser position: a key of `POLARIZERS`, or the text itself if it is unknown.

    The text is as in a header (``'+60 Deg'``), a listing (``'+60 De'``, with columns of some width) or
    a query (``'+60'``, ``'plus60'``).
    """
    return _POLARIZER_SYNONYMS.get(_squeezed(text)) or _lookup(text, POLARIZERS, width)


@lru_cache(maxsize=256)
def programme_name(text):
    """
    The usual name of a programme of a header, a listing (eight characters) or a query: a key of
    `PROGRAMMES`, or the text itself if it is unknown.
    """
    return _lookup(text, PROGRAMMES, 8)


def size_name(nx, ny, column, row):
    """
    Part of the detector that an image of (nx, ny) pixels covers, according to a listing: a key of `SIZES`.

    ``column`` and ``row`` are the CCD coordinates of the first pixel (P1COL and P1ROW, or R1COL and
    R1ROW). Listings do not contain the sums. A square image that begins at the corner of the detector and
    whose side divides 1024 counts as binned, any other image that is smaller than the detector as a
    sub-frame.
    """
    if nx == ny == 1024:
        return "full"
    at_corner = column <= 20 and row <= 1
    return "binned" if at_corner and nx == ny and nx > 0 and 1024 % nx == 0 else "sub-frame"


def level_name(value):
    """
    The processing level in the notation of the archives, ``"0.5"`` or ``"1"``, from a text or a number; None for any
    other.
    """
    try:
        return {0.5: "0.5", 1.0: "1"}.get(float(value))
    except (TypeError, ValueError):
        return None
