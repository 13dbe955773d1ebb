"""
Compression and telemetry blocks.
"""

import numpy as np

from sunpy_lasco.instrument.cameras import BLOCK, FULL_FRAME
from sunpy_lasco.instrument.constants import value_of

__all__ = ["COMPRESSION_SCALE", "block_grid", "compress", "expand_blocks", "send", "untransmitted_blocks"]

#: HCOMP_SF of lossy images.
COMPRESSION_SCALE = {"C2": 64, "C3": 32}
#: A pixel that lossy images of C3 show in the untransmitted block at the lower right: (row, column) and value.
STRAY_PIXEL = (7, 1020), 8192

#: Blocks of the tables that are sent nevertheless: (row, column) of the full frame.
CENTRAL = {
    "C2": tuple((row, column) for row in (15, 16) for column in (15, 16)),
    "C3": ((15, 15), (15, 16), (16, 15), (16, 16), (16, 17), (17, 15), (17, 16)),
}


def block_grid(binning):
    """Blocks along (x, y) of a full frame that was summed by (x, y) pixels."""
    return tuple(max(FULL_FRAME // (BLOCK * s), 1) for s in binning)


def untransmitted_blocks(detector, binning):
    """
    Untransmitted blocks of a full frame that was summed by (x, y) pixels; bool, (blocks along y, blocks along x).

    A block of a summed frame counts if all its parts are in the table.
    """
    full = FULL_FRAME // BLOCK
    table = value_of(f"{detector}.untransmitted" + ("" if binning == (1, 1) else ".2x2"))
    cells = np.zeros((full, full), bool)
    for row, ranges in table.items():
        for first, last in ranges:
            cells[int(row), first : last + 1] = True
    for row, column in CENTRAL[detector]:
        cells[row, column] = False
    nx, ny = block_grid(binning)
    return cells.reshape(ny, full // ny, nx, full // nx).all(axis=(1, 3))


def expand_blocks(blocks, shape, first):
    """
    Pixels of a stored array of some shape, of which ``first`` (x, y) is the first in the summed full
    frame, that belong to marked blocks.
    """
    rows = np.minimum((first[1] + np.arange(shape[0])) // BLOCK, blocks.shape[0] - 1)
    columns = np.minimum((first[0] + np.arange(shape[1])) // BLOCK, blocks.shape[1] - 1)
    return blocks[np.ix_(rows, columns)]


def compress(image, scale):
    """
    Apply lossy compression to counts, (ny, nx), block by block; pixels beyond the last complete block are not
    changed.

    A Haar transform of each block of 32 x 32 pixels whose coefficients are rounded, as the H-compress
    method on board does it: normalised like those of H-compress, which are twice the orthonormal ones,
    they are multiples of the scale HCOMP_SF.
    """
    ny, nx = (length // BLOCK * BLOCK for length in image.shape)
    blocks = image[:ny, :nx].reshape(ny // BLOCK, BLOCK, nx // BLOCK, BLOCK).swapaxes(1, 2).astype(float)
    haar = _haar(BLOCK)
    coefficients = haar @ blocks @ haar.T
    step = scale / 2
    rounded = haar.T @ (np.rint(coefficients / step) * step) @ haar
    result = np.array(image, dtype=float)
    result[:ny, :nx] = rounded.swapaxes(1, 2).reshape(ny, nx)
    return result


def _haar(size):
    """Orthonormal matrix of the Haar transform that splits both axes level by level."""
    matrix = np.eye(1)
    while matrix.shape[0] < size:
        n = matrix.shape[0]
        smooth = np.kron(matrix, [1, 1])
        detail = np.kron(np.eye(n), [1, -1])
        matrix = np.concatenate([smooth, detail]) / np.sqrt(2)
    return matrix


def send(counts, parameters):
    """
    Compress counts, DN, (ny, nx), drop blocks and store them.

    Return the data, int16 (overflowed if necessary), int32 or float64, and the pixels of lost blocks and of
    untransmitted blocks.
    """
    p = parameters
    if p.has("lossy"):
        counts = compress(counts, COMPRESSION_SCALE[p.detector])
    first = p.corner[0] // p.binning[0], p.corner[1] // p.binning[1]
    blocks = np.zeros(block_grid(p.binning)[::-1], bool)
    for column, row in p.lost_blocks:
        blocks[row, column] = True
    lost = expand_blocks(blocks, counts.shape, first)
    absent = np.zeros(counts.shape, bool)
    if p.has("untransmitted"):
        absent = expand_blocks(untransmitted_blocks(p.detector, p.binning), counts.shape, first)
    counts = np.where(lost | absent, 0, counts)
    (row, column), value = STRAY_PIXEL
    if p.has("lossy") and p.detector == "C3" and counts.shape == (FULL_FRAME, FULL_FRAME) and absent[row, column]:
        counts[row, column] = value
    if not p.has("quantise"):
        return counts, lost, absent
    whole = np.maximum(np.rint(counts), 0).astype(np.int64)
    return whole.astype(np.uint16).view(np.int16) if p.bitpix == 16 else whole.astype(np.int32), lost, absent
