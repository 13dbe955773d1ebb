"""
Detection of lost blocks in a map.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sunpy_lasco.geometry.vintages import lenient_frame
from sunpy_lasco.instrument.blocks import (
    block_indices,
    decode_blocks,
    empty_blocks,
    grid_shape,
    telemetry_index,
)
from sunpy_lasco.instrument.headers import is_raw
from sunpy_lasco.map.masks import flags
from sunpy_lasco.pixel_flags import flagged

if TYPE_CHECKING:
    from sunpy_lasco.map.sources import CoronagraphMap

__all__ = ["find_missing_blocks", "missing_block_mask"]


def find_missing_blocks(smap: CoronagraphMap, *, partial: bool = False) -> list[tuple[int, int]]:
    """
    Find the telemetry blocks that were lost.

    Blocks that are deliberately not sent are excluded, and stray pixels in an empty block are ignored. Filled
    blocks are included.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 0.5: full frames, summed frames and sub-frames. Level-1 pixels are no longer those of the telemetry,
        so for level 1 the card MISSLIST is read.
    partial : `bool`, optional
        Include blocks that are only partly missing, as at the end of an interrupted transfer.

    Returns
    -------
    `list` of (`int`, `int`)
        Column and row (i, j) of each block in the grid of the full frame (32 x 32 blocks; 16 x 16 if 2 x 2
        pixels were summed). They are counted from the lower left of the level-0.5 image and sorted in the order of
        the telemetry. `~sunpy_lasco.instrument.blocks.encode_blocks` converts the list to a MISSLIST.

    Raises
    ------
    sunpy_lasco.errors.HeaderError
        If a level-1 header has no list of blocks in MISSLIST.

    See Also
    --------
    missing_block_mask : the same, pixel by pixel.

    Notes
    -----
    This corresponds to SolarSoft ``fuzzy_image`` and ``mb2strmap``. A block that lies only partly in a sub-frame
    is lost if that part is empty.

    Examples
    --------
    >>> from sunpy_lasco import find_missing_blocks, simulate
    >>> find_missing_blocks(simulate.observe("C3", lost_blocks=[(5, 10), (9, 20)], seed=1).level05)
    [(5, 10), (9, 20)]
    """
    frame = lenient_frame(smap.meta, smap.data.shape)
    if not is_raw(smap.meta):
        return decode_blocks(smap.meta.get("misslist", "no card MISSLIST"), rows=grid_shape(frame)[0])
    missing = flagged(flags(smap), "MISSING")
    # `empty_blocks` counts only zeros as empty.
    lost = empty_blocks((~missing).astype(np.uint8), frame)
    rows, columns = block_indices(frame)
    if partial:
        inside = np.argwhere(missing)
        lost = lost.copy()
        lost[rows[inside[:, 0]] - rows[0], columns[inside[:, 1]] - columns[0]] = True
    blocks = [(int(column + columns[0]), int(row + rows[0])) for row, column in np.argwhere(lost)]
    return sorted(blocks, key=lambda block: telemetry_index(*block, rows=grid_shape(frame)[0]))


def missing_block_mask(smap: CoronagraphMap) -> np.ndarray:
    """
    Pixels that were lost.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Map of any level.

    Returns
    -------
    `~numpy.ndarray` of `bool`
        Shape (ny, nx).  True in lost blocks, stripes and single pixels, also where they were filled (see
        `sunpy_lasco.flags`); False in blocks that are deliberately not sent.

    See Also
    --------
    find_missing_blocks : the same as a list of blocks.

    Examples
    --------
    >>> from sunpy_lasco import missing_block_mask, simulate
    >>> int(missing_block_mask(simulate.observe("C3", lost_blocks=[(5, 10)], seed=1).level05).sum())
    1024
    """
    return flagged(flags(smap), "MISSING")
