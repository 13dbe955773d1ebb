"""
Repair of a scene, zone by zone.
"""

from dataclasses import dataclass

import numpy as np

from sunpy_lasco.repair.crop import NEIGHBOUR_METHODS, fill_holes, usable_methods
from sunpy_lasco.repair.scene import cut

__all__ = ["Repair", "Zone", "find_zones", "repair_scene"]

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


#: Methods that fill zones of any size where exposures before or after show them.
WITH_NEIGHBOURS = (*NEIGHBOUR_METHODS, "network")
#: Best first: what ``"auto"`` takes for holes that neighbours in time cannot fill, and
#: for what the better of these leave.
SINGLE_FRAME_METHODS = ("mixture", "radial", "biharmonic")


@dataclass(frozen=True, eq=False)
class Repair:
    """What became of the holes of a scene."""

    #: Signal in the pixels that were filled, NaN elsewhere; (ny, nx).
    values: np.ndarray
    #: 1 sigma of these values against the scene without noise, same units: all of
    #: it, and the part that is not shared with the pixels around.
    sigma: np.ndarray
    noise: np.ndarray
    #: Methods used for each block (row, column) of the array's grid, in the order
    #: in which they were used.
    methods: dict[tuple[int, int], tuple[str, ...]]
    #: Blocks with pixels that nothing could fill, and why.
    unfilled: dict[tuple[int, int], str]


def repair_scene(scene, method="auto", *, networks=True, **options):
    """
    Fill the holes of a scene.

    Parameters
    ----------
    scene : `~sunpy_lasco.repair.scene.Scene`
    method : `str`, optional
        One of `~sunpy_lasco.repair.crop.METHODS`, or ``"auto"``: the network of
        the package where it is better than all others, if torch is installed; neighbours in
        time where they are fit for it; and the best method that needs none for what they
        leave.
    networks : `bool`, optional
        Whether ``"auto"`` may use the network: it is trained on level-0.5 frames of the usual filter.
    **options
        Handed on to the method.

    Returns
    -------
    `Repair`
    """
    steps = _best_methods(scene, options, networks=networks) if method == "auto" else [(method, options)]
    values, sigma, noise = (np.full(scene.holes.shape, np.nan) for _ in range(3))
    methods, reasons = {}, {}
    for name, its_options in steps:
        if not scene.holes.any():
            break
        zones, cuts = [], []
        for zone in find_zones(scene.lost_blocks()):
            crop, window, reason = _cut(scene, zone, name)
            reasons |= dict.fromkeys(zone.blocks, reason)
            if crop is not None:
                zones.append(zone)
                cuts.append((crop, window))
        fills = fill_holes(name, [crop for crop, _ in cuts], **its_options)
        for zone, (crop, window), fill in zip(zones, cuts, fills, strict=True):
            _put(fill, zone, crop, window, name, (values, sigma, noise), methods)
        scene = scene.filled_with(values)
    left = np.argwhere(scene.lost_blocks())
    return Repair(values, sigma, noise, methods, {(int(i), int(j)): reasons.get((int(i), int(j)), "") for i, j in left})


def _best_methods(scene, options, *, networks):
    """What ``"auto"`` uses, one after the other for what is left, with the options of each."""
    found = [(name, options) for name in NEIGHBOUR_METHODS] if scene.neighbours else []
    found += [(name, options) for name in SINGLE_FRAME_METHODS]
    # The network where it is better than all others, if it comes with the package.
    if networks and "network" in usable_methods(scene.camera):
        found = [("network", {"only_better": True, **options}), *found]
    return found


def _cut(scene, zone, name):
    """A zone in the working space or None, where it stands, and why it may stay empty."""
    if len(zone.blocks) > LARGEST_ZONE and not (name in WITH_NEIGHBOURS and scene.neighbours):
        return None, None, f"a zone of {len(zone.blocks)} blocks is too large to be filled from its surroundings"
    crop, window = cut(scene, zone)
    if crop is None:
        return None, None, "nothing was measured around them"
    return crop, window, f"the method {name} cannot fill them"


def _put(fill, zone, crop, window, name, arrays, methods):
    """Take over what a method says of a zone."""
    good = crop.hole & np.isfinite(fill.z) & np.isfinite(fill.sigma)
    values, sigma, noise = arrays
    own = np.zeros_like(fill.z) if fill.noise is None else fill.noise
    unit = crop.noise * crop.response
    values[window][good] = crop.to_signal(fill.z)[good]
    sigma[window][good] = (np.hypot(fill.sigma, own) * unit)[good]
    noise[window][good] = (own * unit)[good]
    for row, column in zone.blocks:
        if good[np.ix_(crop.block_rows == row, crop.block_columns == column)].any():
            methods[row, column] = (*methods.get((row, column), ()), name)
