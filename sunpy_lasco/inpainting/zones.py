"""
Zones: lost blocks that are near each other and are repaired together.
"""

from dataclasses import dataclass

import numpy as np

__all__ = ["Zone", "find_zones"]

#: Largest zone that is repaired from its surroundings alone, blocks (SolarSoft
#: ``fuzzy_image``).
LARGEST_ZONE = 100


@dataclass(frozen=True)
class Zone:
    """Lost blocks and the rectangle around them."""

    #: The blocks (row, column) of the stored array's grid, in raster order.
    blocks: tuple[tuple[int, int], ...]
    #: First and last block row and column that hold lost blocks.
    first: tuple[int, int]
    last: tuple[int, int]

    def region(self, shape, margin=1):
        """
        The zone's rectangle with blocks around it, clipped to the frame.

        Parameters
        ----------
        shape : `tuple` of `int`
            Block rows and columns of the stored array.
        margin : `int`, optional
            Blocks to add on each side.

        Returns
        -------
        rows, columns : `tuple` of `int`
            First block and the one after the last.
        """
        return tuple(
            (max(self.first[axis] - margin, 0), min(self.last[axis] + margin + 1, shape[axis])) for axis in (0, 1)
        )


class _Growing:
    """A zone while it grows."""

    def __init__(self, block, shape):
        self.blocks = [block]
        self.low = [min(max(block[axis] - 1, 1), shape[axis] - 1) for axis in (0, 1)]
        self.high = [max(min(block[axis] + 1, shape[axis] - 2), 0) for axis in (0, 1)]

    def reaches(self, other):
        """Whether a block of the other lies within this rectangle grown by one."""
        (low_row, low_column), (high_row, high_column) = self.low, self.high
        return any(
            low_row - 1 <= row <= high_row + 1 and low_column - 1 <= column <= high_column + 1
            for row, column in other.blocks
        )

    def absorb(self, other):
        """Take in the other's blocks and rectangle."""
        self.blocks += other.blocks
        self.low = [min(a, b) for a, b in zip(self.low, other.low, strict=True)]
        self.high = [max(a, b) for a, b in zip(self.high, other.high, strict=True)]


def find_zones(lost):
    """
    Group lost blocks.

    Parameters
    ----------
    lost : `~numpy.ndarray` of `bool`
        Blocks with pixels to fill, shape (nby, nbx).

    Returns
    -------
    `list` of `Zone`
        In raster order of their first blocks.

    Notes
    -----
    The rule of SolarSoft ``fuzzy_image``: the rectangle of a zone reaches one block
    beyond its blocks (but keeps off the outermost blocks of the frame), and two
    zones become one when a block of either lies within the other's rectangle
    grown by one more block.  Single blocks are joined up to a distance of two.
    """
    lost = np.asarray(lost, dtype=bool)
    zones = [_Growing((int(row), int(column)), lost.shape) for row, column in np.argwhere(lost)]
    first = 0
    while first < len(zones):
        for second in range(first + 1, len(zones)):
            if zones[first].reaches(zones[second]) or zones[second].reaches(zones[first]):
                zones[first].absorb(zones.pop(second))
                # A larger rectangle may reach zones that were passed before.
                first = -1
                break
        first += 1
    found = []
    for zone in zones:
        rows, columns = zip(*zone.blocks, strict=True)
        found.append(Zone(tuple(sorted(zone.blocks)), (min(rows), min(columns)), (max(rows), max(columns))))
    return sorted(found, key=lambda zone: zone.blocks[0])
