"""
Damaged inputs.

A mutation is a function of a generator of random numbers and a `Frame`; it returns a `Case`.
`KINDS` lists all of them by what they damage.
"""

import bz2
import gzip
import io
import os
import zlib
from dataclasses import dataclass

import numpy as np

from astropy.io import fits

from sunpy_lasco.instrument.cards import CARDS

#: Length of a card and of a block of FITS, byte.
CARD, BLOCK = 80, 2880
#: Cards that are changed twice as often as others, because the calibration depends on them.
IMPORTANT = (
    "EXPTIME DATE-OBS TIME-OBS MID_DATE MID_TIME FILTER POLAR SUMROW SUMCOL LEBXSUM LEBYSUM R1COL R1ROW R2COL R2ROW "
    "DETECTOR FILENAME READPORT CRPIX1 CROTA1 DATE NAXIS1 NAXIS2 BITPIX"
).split()


#: Cards that are only changed byte by byte.
COMMENTARY = ("COMMENT", "HISTORY", "SIMPLE")


@dataclass(frozen=True)
class Frame:
    """An undamaged level-0.5 file."""

    name: str
    content: bytes

    @property
    def header(self):
        """Its header."""
        return fits.Header.fromstring(self.content)

    @property
    def length(self):
        """Bytes of its header."""
        return len(self.header.tostring())

    @property
    def data(self):
        """Its pixels."""
        with fits.open(io.BytesIO(self.content)) as hdus:
            return np.array(hdus[0].data)


@dataclass(frozen=True)
class Case:
    """A damaged input: the content of a file, an array with a header, or a function that makes a path."""

    what: str
    content: bytes | None = None
    suffix: str = ".fts"
    data: np.ndarray | None = None
    meta: dict | None = None
    make: object = None
    #: Lost pixels, an array of the shape of the image, if there are any.
    lost: np.ndarray | None = None


# -- Headers --------------------------------------------------------------------------


def _text(value):
    """A value in the format of the ground system."""
    return f"{value:>20}" if not isinstance(value, str) else f"'{value:8}'"


def with_card(content, name, text):
    """The content of a file with the value of a card replaced."""
    for start in range(0, len(content), CARD):
        if content[start : start + 8].rstrip() == name.encode():
            card = f"{name:8}= {text}"[:CARD].ljust(CARD).encode("latin-1", "replace")
            return content[:start] + card + content[start + CARD :]
        if content[start : start + CARD].rstrip() == b"END":
            break
    return content


WORDS = (
    "",
    " ",
    "nan",
    "inf",
    "two",
    "1e999",
    "-",
    "0x10",
    "1,5",
    "T",
    "None",
    "N/A",
    "\x07",
    "é",
    "a" * 60,
    "../../x",
)
NUMBERS = (0, -1, 1, 1e-30, 1e30, -1e30, 2**31, 2**63, 10**22, 0.5, 1.5, 180, 359.9, 1024, 32, 16)


def header_text(rng, frame):
    """Text in place of a value."""
    name, word = _name(rng, frame), WORDS[rng.integers(len(WORDS))]
    return Case(f"{name}={word!r}", with_card(frame.content, name, f"'{word}'"))


def header_number(rng, frame):
    """A number of any size in place of a value."""
    name, value = _name(rng, frame), NUMBERS[rng.integers(len(NUMBERS))]
    return Case(f"{name}={value!r}", with_card(frame.content, name, f"{value:>20}"))


def header_nearby(rng, frame):
    """A slightly wrong number."""
    numbers = [name for name, value in frame.header.items() if isinstance(value, int | float) and name in CARDS]
    name = numbers[rng.integers(len(numbers))]
    value = frame.header[name]
    factor = rng.choice([-1.0, 0.1, 0.5, 0.9, 1.1, 2.0, 10.0])
    new = value * factor if value else rng.choice([-2, 1, 2, 4])
    new = int(new) if isinstance(value, int) else float(f"{new:.7g}")
    return Case(f"{name}: {value} -> {new}", with_card(frame.content, name, f"{new:>20}"))


def header_removed(rng, frame):
    """A missing or empty card."""
    name = _name(rng, frame)
    if rng.random() < 0.3:
        return Case(f"{name} empty", with_card(frame.content, name, ""))
    meta = {card.lower(): value for card, value in frame.header.items() if card and card != name}
    return Case(f"without {name}", data=frame.data, meta=meta)


def header_byte(rng, frame):
    """A changed byte in the header."""
    place = int(rng.integers(frame.length))
    byte = bytes([int(rng.integers(256))])
    card = frame.content[place - place % CARD :][:8].decode("latin-1")
    return Case(f"byte of {card.strip()}", frame.content[:place] + byte + frame.content[place + 1 :])


def header_swapped(rng, frame):
    """Two cards with each other's value."""
    header = frame.header
    one, other = _name(rng, frame), _name(rng, frame)
    content = with_card(frame.content, one, _text(header.get(other, 0)))
    return Case(f"{one} <-> {other}", with_card(content, other, _text(header.get(one, 0))))


def header_other_vintage(rng, frame):
    """Wrong dates."""
    name = ("DATE-OBS", "DATE", "MID_DATE", "TIME-OBS")[rng.integers(4)]
    year = int(rng.choice([1890, 1957, 1996, 1998, 2003, 2012, 2019, 2025, 2051, 2099]))
    text = {"MID_DATE": f"{int((year - 1858.9) * 365.25):>20}", "TIME-OBS": f"'{year % 24:02d}:59:61.0'"}
    return Case(f"{name} of {year}", with_card(frame.content, name, text.get(name, f"'{year}/02/03'")))


def header_of_python(rng, frame):
    """Values that no file can contain, in a header made by a program."""
    name = _name(rng, frame).lower()
    values = (
        float("nan"),
        float("inf"),
        None,
        True,
        [1],
        {},
        1j,
        b"C2",
        10**400,
        np.float32(2),
        (),
    )
    value = values[rng.integers(len(values))]
    meta = {card.lower(): one for card, one in frame.header.items() if card} | {name: value}
    return Case(f"{name}: {type(value).__name__}", data=frame.data, meta=meta)


def _name(rng, frame):
    """A keyword that the frame has or that the package reads."""
    names = [name for name in frame.header if name and name not in COMMENTARY]
    names += [*IMPORTANT, *(name for name in CARDS if name in frame.header and name not in COMMENTARY)]
    return names[rng.integers(len(names))]


# -- Pixels ---------------------------------------------------------------------------


def _with_data(frame, data, what, lost=None, *, as_file=True):
    """A case with other pixels of the same type."""
    if as_file:
        raw = data.astype(data.dtype.newbyteorder(">")).tobytes()
        content = frame.content[: frame.length] + raw
        return Case(what, content + bytes(-len(content) % BLOCK), lost=lost)
    meta = {card.lower(): value for card, value in frame.header.items() if card}
    return Case(what, data=data, meta=meta, lost=lost)


def _hole(rng, frame, *, sizes):
    """A rectangle within the image."""
    ny, nx = frame.data.shape
    height, width = (int(rng.choice(sizes)) for _ in range(2))
    row, column = int(rng.integers(max(1, ny - height))), int(rng.integers(max(1, nx - width)))
    return np.s_[row : row + height, column : column + width]


def hole_of_block(rng, frame):
    """Blocks of telemetry that are zero."""
    data, lost = frame.data, np.zeros(frame.data.shape, bool)
    for _ in range(int(rng.integers(1, 5))):
        row, column = (int(rng.integers(length // 32)) * 32 for length in data.shape)
        lost[row : row + 32, column : column + 32] = True
    return _with_data(frame, np.where(lost, 0, data).astype(data.dtype), "blocks", lost, as_file=rng.random() < 0.7)


def hole_of_any_size(rng, frame):
    """A rectangle of zeros, down to a pixel."""
    data, lost = frame.data, np.zeros(frame.data.shape, bool)
    lost[_hole(rng, frame, sizes=(1, 2, 5, 17, 40))] = True
    return _with_data(frame, np.where(lost, 0, data).astype(data.dtype), "rectangle", lost)


def hole_of_rows(rng, frame):
    """Rows, or columns, that are zero."""
    data, lost = frame.data, np.zeros(frame.data.shape, bool)
    first, number = int(rng.integers(data.shape[0] - 20)), int(rng.integers(1, 20))
    if rng.random() < 0.5:
        lost[first : first + number] = True
    else:
        lost[:, first : first + number] = True
    return _with_data(frame, np.where(lost, 0, data).astype(data.dtype), f"{number} lines", lost)


def hole_of_small_counts(rng, frame):
    """Counts below any bias."""
    data, lost = frame.data, np.zeros(frame.data.shape, bool)
    lost[_hole(rng, frame, sizes=(2, 16, 32, 64))] = True
    small = rng.integers(1, 6, data.shape)
    return _with_data(frame, np.where(lost, small, data).astype(data.dtype), "counts of 1 to 5", lost)


def hole_not_finite(rng, frame):
    """NaN or infinities."""
    data, lost = frame.data.astype(np.float32), np.zeros(frame.data.shape, bool)
    lost[_hole(rng, frame, sizes=(1, 7, 32, 64))] = True
    value = rng.choice([np.nan, np.inf, -np.inf])
    return _with_data(frame, np.where(lost, np.float32(value), data), f"{value}", lost, as_file=False)


def pixels_scaled(rng, frame):
    """All counts multiplied."""
    factor = float(rng.choice([0.0, 0.01, 0.5, 0.9, 1.1, 2.0, 4.0]))
    return _with_data(frame, (frame.data * factor).astype(frame.data.dtype), f"times {factor}")


def pixels_swapped(_rng, frame):
    """Bytes in the wrong order."""
    return _with_data(frame, frame.data.byteswap(), "byte order")


def pixels_moved(rng, frame):
    """Inserted bytes, which displace all that follow."""
    place = frame.length + int(rng.integers(len(frame.content) - frame.length - 10))
    number = int(rng.integers(1, 9))
    content = frame.content[:place] + rng.bytes(number) + frame.content[place:-number]
    return Case(f"{number} bytes slipped in", content)


def pixels_flipped(rng, frame):
    """Flipped bits: one, or a thousand."""
    number = int(rng.choice([1, 3, 1000]))
    content = bytearray(frame.content)
    end = frame.length + frame.data.nbytes
    for place in rng.integers(frame.length, end, number):
        content[place] ^= 1 << int(rng.integers(8))
    return Case(f"{number} bits", bytes(content))


def pixels_constant(rng, frame):
    """A rectangle with a single plausible value."""
    data, lost = frame.data, np.zeros(frame.data.shape, bool)
    lost[_hole(rng, frame, sizes=(16, 32, 64, 128))] = True
    value = int(np.median(data[data > 0]))
    return _with_data(frame, np.where(lost, value, data).astype(data.dtype), "constant")


def pixels_of_noise(rng, frame):
    """A rectangle, or all, of noise."""
    data, lost = frame.data, np.zeros(frame.data.shape, bool)
    lost[_hole(rng, frame, sizes=(32, 128, 400))] = True
    noise = rng.integers(0, 2**15, data.shape)
    return _with_data(frame, np.where(lost, noise, data).astype(data.dtype), "noise")


def pixels_of_another_type(rng, frame):
    """Arrays that are not counts."""
    kind = rng.choice(["bool", "complex64", "U3", "uint8", "float16", "int64", "negative", "cube", "vector", "empty"])
    data = frame.data
    if kind == "negative":
        data = -data
    elif kind == "cube":
        data = np.stack([data, data])
    elif kind == "vector":
        data = data[0]
    elif kind == "empty":
        data = data[:0]
    else:
        data = data.astype(kind)
    return _with_data(frame, data, str(kind), as_file=False)


# -- Truncation -----------------------------------------------------------------------


def cut(rng, frame):
    """A transfer that ended early."""
    end = int(rng.integers(1, len(frame.content) - BLOCK))
    return Case(f"cut at {end}", frame.content[:end])


def cut_and_filled(rng, frame):
    """A transfer that ended early, into a file of full length."""
    end = frame.length + int(rng.integers(frame.data.nbytes - 4))
    lost = np.arange(frame.data.size).reshape(frame.data.shape) >= -(-(end - frame.length) // frame.data.itemsize)
    return Case("cut, filled with zeros", frame.content[:end] + bytes(len(frame.content) - end), lost=lost)


def cut_inside(rng, frame):
    """A part of the file set to zero."""
    start = frame.length + int(rng.integers(frame.data.nbytes // 2))
    number = int(rng.integers(64, frame.data.nbytes // 2))
    lost = np.zeros(frame.data.size, bool)
    lost[-(-(start - frame.length) // 4) : (start - frame.length + number) // 4] = True
    content = frame.content[:start] + bytes(number) + frame.content[start + number :]
    return Case("a piece is zero", content, lost=lost.reshape(frame.data.shape))


def cut_rows(rng, frame):
    """Fewer rows, with a matching header."""
    ny = int(rng.integers(1, frame.data.shape[0]))
    content = with_card(frame.content, "NAXIS2", f"{ny:>20}")[: frame.length] + frame.content[frame.length :]
    content = content[: frame.length + ny * frame.data.shape[1] * frame.data.itemsize]
    return Case(f"{ny} rows", content + bytes(-len(content) % BLOCK))


def cut_repeated(rng, frame):
    """A part of the file replaced by a copy of another part."""
    number = frame.data.nbytes // 4
    start, other = (frame.length + int(rng.integers(frame.data.nbytes - number)) // 4 * 4 for _ in range(2))
    content = bytearray(frame.content)
    content[start : start + number] = frame.content[other : other + number]
    return Case("a piece came twice", bytes(content))


# -- Containers -----------------------------------------------------------------------


def packed(rng, frame):
    """Damaged compressed files."""
    content = gzip.compress(frame.content, 1)
    kind = rng.choice(["cut", "flipped", "longer", "page", "twice", "bz2"])
    place, bit = int(rng.integers(20, len(content))), 1 << int(rng.integers(8))
    made = {
        "cut": lambda: content[:place],
        "flipped": lambda: content[:place] + bytes([content[place] ^ bit]) + content[place + 1 :],
        "longer": lambda: content + rng.bytes(100),
        "page": lambda: gzip.compress(b"<html>404</html>"),
        "twice": lambda: gzip.compress(content),
        "bz2": lambda: bz2.compress(frame.content[:place]),
    }[str(kind)]()
    return Case(f"gzip {kind}", made, suffix=".fts.gz")


def no_image(rng, frame):
    """Files without an image."""
    kind = rng.choice(["empty", "page", "noise", "text", "zip", "zeros", "header", "table"])
    table = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU(np.zeros(4, [("a", "f4")]))]).writeto(table)
    made = {
        "empty": b"",
        "page": b"<!DOCTYPE html><html><body>Not found</body></html>" * 50,
        "noise": rng.bytes(20_000),
        "text": b"32082037.fts  2002/01/08\n" * 200,
        "zip": b"PK\x03\x04" + rng.bytes(3000),
        "zeros": bytes(50_000),
        "header": frame.content[: frame.length],
        "table": table.getvalue(),
    }[str(kind)]
    return Case(str(kind), made)


def sizes(rng, frame):
    """A header that does not match the data."""
    name = ("NAXIS1", "NAXIS2", "NAXIS", "BITPIX")[rng.integers(4)]
    value = rng.choice(["9" * 23, "9999999999", "-512", "0", "1", "2", "3", "17", "-64", "8", "1.5", "'x'", "100000"])
    return Case(f"{name}={value}", with_card(frame.content, name, f"{value:>20}"))


def no_end(_rng, frame):
    """A header without END."""
    header = frame.content[: frame.length].replace(b"END" + b" " * 77, b" " * CARD)
    return Case("no END", header * 50)


def pipe(_rng, _frame):
    """A named pipe, or a folder."""

    def make(path):
        os.mkfifo(path) if hasattr(os, "mkfifo") else path.mkdir()

    return Case("pipe", make=make)


def bomb(rng, frame):
    """A small file that unpacks to much more than an image."""
    packing = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    start = frame.content if rng.random() < 0.5 else frame.content[:BLOCK]
    parts = [packing.compress(start), *(packing.compress(bytes(1 << 20)) for _ in range(80)), packing.flush()]
    return Case("80 MB of zeros", b"".join(parts), suffix=".fts.gz")


# -- Other instruments ----------------------------------------------------------------


def other_instrument(rng, frame):
    """Images of other instruments, with the pixels of a frame."""
    cards = [
        {"INSTRUME": "EIT", "DETECTOR": "EIT", "WAVELNTH": 195},
        {"INSTRUME": "MDI", "DETECTOR": "MDI"},
        {"INSTRUME": "SECCHI", "DETECTOR": "COR2", "OBSRVTRY": "STEREO_A"},
        {"INSTRUME": "AIA_3", "TELESCOP": "SDO/AIA", "WAVELNTH": 171, "WAVEUNIT": "angstrom"},
        {"DETECTOR": "C1", "FILENAME": "12088304.fts"},
        {"DETECTOR": "EIT"},
        {"DETECTOR": "C4"},
        {"DETECTOR": ""},
        {"DETECTOR": 2},
        {"INSTRUME": 7},
        {"INSTRUME": ""},
        {"INSTRUME": "lasco"},
    ][rng.integers(12)]
    content = frame.content
    for name, value in cards.items():
        content = with_card(content, name, _text(value))
    return Case(str(cards), content)


def other_level(rng, frame):
    """Images of other levels and kinds, with the pixels of a frame."""
    cards = [
        {"level": "1.0"},
        {"bunit": "MSB"},
        {"bunit": "furlong"},
        {"bunit": 0},
        {"filename": "35082037.fts"},
        {"helioviewer": " "},
        {"lp_num": "Dark"},
        {"lp_num": "Cal Lamp"},
        {"lp_num": "Door Closed"},
        {"comment": "door closed"},
        {"fileorig": 0},
        {"polar": "PB"},
        {"edited": "difference"},
        {"pc1_1": 1.0, "cdelt1": 0.0},
        {"cd1_1": float("nan")},
        {"pc1_1": "x"},
        {"cunit1": "kg", "pc1_1": 1.0},
        {"ctype1": 5, "pc1_1": 1.0},
        {"hgln_obs": "west", "hglt_obs": 0, "dsun_obs": 1e11},
        {"dsun_obs": -1.0, "hgln_obs": 0.0, "hglt_obs": 0.0},
        {"rsun_ref": "x"},
        {"lonpole": float("inf")},
        {"a_order": 3, "ctype1": "HPLN-TAN-SIP", "ctype2": "HPLT-TAN-SIP", "pc1_1": 1.0},
        {"biasval": 400.0},
        {"detroll": "x"},
        {"detroll": 1.0, "sunpix1": 1e300},
        {"date-avg": "never"},
        {"timesys": "MARS"},
        {"wavelnth": "white"},
        {"waveunit": "x", "wavelnth": 5},
    ][rng.integers(30)]
    meta = {card.lower(): value for card, value in frame.header.items() if card}
    return Case(str(cards), data=frame.data, meta=meta | cards)


#: Mutations by what they damage, and how often of two thousand.
KINDS = {
    "header": (
        700,
        (
            header_text,
            header_number,
            header_nearby,
            header_removed,
            header_byte,
            header_swapped,
            header_other_vintage,
            header_of_python,
        ),
    ),
    "holes": (400, (hole_of_block, hole_of_any_size, hole_of_rows, hole_of_small_counts, hole_not_finite)),
    "pixels": (
        280,
        (
            pixels_scaled,
            pixels_swapped,
            pixels_moved,
            pixels_flipped,
            pixels_constant,
            pixels_of_noise,
            pixels_of_another_type,
        ),
    ),
    "truncation": (300, (cut, cut_and_filled, cut_inside, cut_rows, cut_repeated)),
    "container": (180, (packed, no_image, sizes, no_end, pipe, bomb)),
    "other instruments": (140, (other_instrument, other_level)),
}
