"""
Telemetry blocks: pixels that were not received, and lists of blocks.

The camera sends its images in blocks of 32 x 32 stored pixels, also if pixels were summed on board. In level
0.5 a block that was lost, or deliberately not sent, contains zeros; the file does not list such blocks. A
zero is never measured, since the bias adds some hundred DN.

Blocks are counted from the lower left corner of the frame in the file, as (i, j) = (block column, block row)
in the grid of the *full* frame, also if only a part of it was read out.
"""

import numpy as np

from sunpy_lasco.errors import HeaderError
from sunpy_lasco.instrument.cameras import BLOCK, FULL_FRAME
from sunpy_lasco.instrument.constants import value_of

__all__ = [
    "block_indices",
    "blocks_to_pixels",
    "classify_missing",
    "decode_blocks",
    "empty_blocks",
    "encode_blocks",
    "full_blocks",
    "grid_shape",
    "no_data",
    "nominal_untransmitted",
    "telemetry_index",
]

#: Share of the pixels of an empty block that must be zero. Untransmitted blocks of real C3 frames hold one stray pixel
#: of 8192 DN; four are allowed.
EMPTY_SHARE = 1020 / 1024

#: Digits of a block's code in the card MISSLIST.
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUV"


def grid_shape(frame):
    """Number of block rows and block columns of the full frame for the sums of a frame; (32, 32) without sums."""
    sx, sy = frame.binning
    return FULL_FRAME // (BLOCK * sy), FULL_FRAME // (BLOCK * sx)


def block_indices(frame):
    """
    Block row of each stored row, (ny,), and block column of each stored column, (nx,), in the grid of
    the full frame.

    If a sub-frame does not begin at the border of a block, its first and last blocks are partial.
    """
    return tuple(
        (frame.corner[axis] + np.arange(frame.shape[1 - axis]) * frame.binning[axis]) // (BLOCK * frame.binning[axis])
        for axis in (1, 0)
    )


def no_data(raw, frame):
    """
    Pixels without data, in counts as stored in the file, shape (ny, nx): zeros and NaN.

    Negative values are not measurements either, except in summed frames, where sums beyond 32767 overflow the
    signed integers of the file, and in images derived from polarised triplets, which are signed.
    """
    raw = np.asarray(raw)
    empty = (raw == 0) if frame.is_binned or frame.is_derived else (raw <= 0)
    return empty | np.isnan(raw) if raw.dtype.kind == "f" else empty


def _per_block(pixels, frame):
    """Share of set pixels in each block of the stored array, shape (nby, nbx)."""
    rows, columns = block_indices(frame)
    first_row = np.flatnonzero(np.diff(rows, prepend=rows[0] - 1))
    first_column = np.flatnonzero(np.diff(columns, prepend=columns[0] - 1))
    ny, nx = pixels.shape
    if pixels.dtype == bool and first_row.size * BLOCK == ny and first_column.size * BLOCK == nx:
        # Whole blocks take a tenth of the time, since sums of 32 rows fit into bytes.
        by_row = pixels.view(np.uint8).reshape(-1, BLOCK, nx).sum(axis=1, dtype=np.uint8)
        counts = by_row.reshape(-1, nx // BLOCK, BLOCK).sum(axis=2, dtype=float)
    else:
        counts = np.add.reduceat(np.add.reduceat(pixels, first_row, axis=0, dtype=float), first_column, axis=1)
    size = np.outer(np.diff(first_row, append=len(rows)), np.diff(first_column, append=len(columns)))
    return counts / size


def blocks_to_pixels(blocks, frame):
    """
    Expand values of the blocks that the stored array touches, shape (nby, nbx), to their pixels, shape (ny,
    nx).
    """
    rows, columns = (np.bincount(indices - indices[0]) for indices in block_indices(frame))
    return np.repeat(np.repeat(blocks, columns, axis=1), rows, axis=0)


def full_blocks(pixels, frame):
    """
    Blocks in which nearly all pixels are set: at least 1020 of 1024.

    Return bool, shape (nby, nbx), for the blocks that the stored array touches, beginning with that of its
    lower left pixel.
    """
    return _per_block(pixels, frame) >= EMPTY_SHARE


def empty_blocks(raw, frame):
    """
    Blocks without data, in counts as stored in the file; returns the same as `full_blocks`.

    At least 1020 of 1024 pixels are zero, so that the stray pixels of some untransmitted blocks are ignored.
    """
    return full_blocks(no_data(raw, frame), frame)


def nominal_untransmitted(frame):
    """
    Blocks that the tables on board exclude from such a frame, shape (nby, nbx) as for `empty_blocks`.

    There are none if the frame was sent with all blocks (a ``Z`` in COMPRSSN). The tables are those of null
    blocks in SolarSoft's ``fuzzy_image``. They changed in flight, and some of these blocks are present in
    every known frame. The image shows whether a block is empty; the table only decides whether an empty block
    is a loss. SolarSoft has no tables for sums other than 2 x 2 and 4 x 4; there, a block is excluded if all
    blocks of the full frame that it covers are.
    """
    sx, sy = frame.binning
    table = f"{frame.camera.name}.untransmitted"
    sums = f".{sx}x{sy}" if (sx, sy) in ((2, 2), (4, 4)) else ""
    cells = np.zeros((FULL_FRAME // BLOCK, FULL_FRAME // BLOCK), dtype=bool)
    if not frame.transmits_all:
        for row, ranges in value_of(table + sums).items():
            for first, last in ranges:
                cells[int(row), first : last + 1] = True
    nby, nbx = grid_shape(frame)
    whole = cells.reshape(nby, sy, nbx, sx).all(axis=(1, 3))
    rows, columns = block_indices(frame)
    return whole[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def classify_missing(raw, frame, *, holes=None):
    """
    Distinguish lost pixels from pixels that were not sent.

    Parameters
    ----------
    raw : `~numpy.ndarray`
        Counts as stored in the file, shape (ny, nx).
    frame : `~sunpy_lasco.instrument.frame.Frame`
    holes : `~numpy.ndarray` of `bool`, optional
        Pixels without data; by default those of `no_data`.

    Returns
    -------
    missing : `~numpy.ndarray` of `bool`
        Pixels that were lost, shape (ny, nx): blocks, parts of blocks, stripes
        and single zeros.
    untransmitted : `~numpy.ndarray` of `bool`
        Pixels of empty blocks that are nominally not sent, shape (ny, nx), including stray values in them.
        The two arrays do not overlap.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_lasco.instrument.blocks import classify_missing
    >>> from sunpy_lasco.instrument.frame import Frame
    >>> header = {"detector": "C2", "filter": "Orange", "polar": "Clear", "exptime": 25.1,
    ...           "date-obs": "2010-01-05", "time-obs": "00:06:00"}
    >>> raw = np.full((1024, 1024), 700)
    >>> raw[:32, :64] = 0
    >>> raw[320:352, 640:672] = 0
    >>> missing, untransmitted = classify_missing(raw, Frame.from_header(header, raw.shape))
    >>> int(missing.sum()), int(untransmitted.sum())
    (1024, 2048)
    """
    holes = no_data(raw, frame) if holes is None else holes
    if not holes.any():
        return np.zeros(holes.shape, bool), np.zeros(holes.shape, bool)
    empty = full_blocks(holes, frame)
    nominal = nominal_untransmitted(frame)
    untransmitted = blocks_to_pixels(empty & nominal, frame)
    missing = (holes | blocks_to_pixels(empty & ~nominal, frame)) & ~untransmitted
    return missing, untransmitted


def telemetry_index(i, j, rows=FULL_FRAME // BLOCK):
    """
    Position of a block (i, j) in the telemetry, which sends columns from left to right, each from top to
    bottom; numbers or arrays.
    """
    return i * rows + (rows - 1 - j)


def encode_blocks(blocks, *, rows=FULL_FRAME // BLOCK):
    """
    Encode a list of blocks for the card MISSLIST.

    Each run of consecutive blocks in the telemetry is written as the code of its first block and the code of
    the position after its last block; the last run ends with the code of its last block itself. A code has
    two digits to the base of 32: the column, and the row counted from the top.

    Parameters
    ----------
    blocks : iterable of (`int`, `int`)
        Column and row (i, j) of each block in the grid of the full frame, in any
        order.
    rows : `int`, optional
        Rows (and columns) of that grid: 32, or 16 where 2 x 2 pixels were summed.

    Returns
    -------
    `str`
        ``"None"`` for no blocks.

    Raises
    ------
    ValueError
        If a block lies outside the grid.

    Notes
    -----
    SolarSoft ``mb2strmap``, which is used for C3. For C2 the official products hold plain numbers in an
    unpublished form; here both cameras use the same form.

    Examples
    --------
    >>> from sunpy_lasco.instrument.blocks import encode_blocks
    >>> encode_blocks([(5, 10), (5, 11), (5, 12), (9, 20)])
    '5J5M9B9B'
    """
    numbers = []
    for i, j in blocks:
        if not (0 <= i < rows and 0 <= j < rows):
            msg = f"There is no block ({i}, {j}) in a grid of {rows} x {rows} blocks."
            raise ValueError(msg)
        numbers.append(telemetry_index(int(i), int(j), rows))
    if not numbers:
        return "None"
    known = set(numbers)
    starts = sorted(number for number in known if number - 1 not in known)
    ends = sorted(number + 1 for number in known if number + 1 not in known)
    ends[-1] -= 1
    return "".join(_code(number, rows) for run in zip(starts, ends, strict=True) for number in run)


def _code(number, rows):
    return DIGITS[number // rows] + DIGITS[number % rows]


def decode_blocks(text, *, rows=FULL_FRAME // BLOCK):
    """
    Decode the card MISSLIST.

    Parameters
    ----------
    text : `str`
        As for `encode_blocks`.
    rows : `int`, optional
        Rows of the grid of the full frame.

    Returns
    -------
    `list` of (`int`, `int`)
        Blocks (i, j) in the order of the telemetry.

    Raises
    ------
    sunpy_lasco.errors.HeaderError
        If the text is not such a list, for example if an official file only states that more than 17 blocks
        are missing.

    Examples
    --------
    >>> from sunpy_lasco.instrument.blocks import decode_blocks
    >>> decode_blocks("5J5M9B9B")
    [(5, 12), (5, 11), (5, 10), (9, 20)]
    """
    text = str(text).strip()
    if text in ("", "None"):
        return []
    digits = [DIGITS.find(digit) for digit in text]
    if len(text) % 4 or not all(0 <= digit < rows for digit in digits):
        msg = f"The card MISSLIST holds {text!r}, which is not a list of blocks in a grid of {rows} x {rows}."
        raise HeaderError(msg)
    codes = [column * rows + row for column, row in zip(digits[::2], digits[1::2], strict=True)]
    codes[-1] += 1
    if any(later <= earlier for earlier, later in zip(codes[::2], codes[1::2], strict=True)) or codes != sorted(codes):
        msg = f"The card MISSLIST holds {text!r}, whose runs of blocks do not follow each other."
        raise HeaderError(msg)
    return [
        (number // rows, rows - 1 - number % rows)
        for first, end in zip(codes[::2], codes[1::2], strict=True)
        for number in range(first, end)
    ]
