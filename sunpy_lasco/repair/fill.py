"""
Repair of a frame with holes, zone by zone.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from scipy import ndimage

from sunpy_lasco.repair.crop import (
    LEARNT_METHODS,
    NEIGHBOUR_METHODS,
    fill_holes,
    get_method,
    takes_neighbours,
    usable_methods,
)
from sunpy_lasco.repair.holed_frame import MARGIN, cut
from sunpy_lasco.repair.moved import Exposures, with_moved_neighbours

__all__ = ["Piece", "Repair", "Zone", "find_zones", "repair_frame"]

#: Largest zone that is filled from a single frame, blocks (SolarSoft ``fuzzy_image``).
LARGEST_ZONE = 100


@dataclass(frozen=True)
class Zone:
    """Lost blocks and the rectangle around them."""

    #: Blocks (row, column) in the grid of the stored array, in raster order.
    blocks: tuple[tuple[int, int], ...]
    #: First and last block row and column with lost blocks.
    first: tuple[int, int]
    last: tuple[int, int]

    def region(self, shape, margin=1):
        """
        The rectangle of the zone enlarged by some blocks, clipped to the frame.

        Parameters
        ----------
        shape : `tuple` of `int`
            Block rows and columns of the stored array.
        margin : `int`, optional
            Blocks to add on each side.

        Returns
        -------
        rows, columns : `tuple` of `int`
            First block, and the block after the last.
        """
        return tuple(
            (max(self.first[axis] - margin, 0), min(self.last[axis] + margin + 1, shape[axis])) for axis in (0, 1)
        )

    def touching(self):
        """The connected parts of the zone (including diagonals), as zones."""
        lost = np.zeros(np.add(self.last, 1), dtype=bool)
        lost[tuple(np.transpose(self.blocks))] = True
        label, number = ndimage.label(lost, np.ones((3, 3)))
        parts = [[tuple(map(int, block)) for block in np.argwhere(label == one)] for one in range(1, number + 1)]
        return [_zone(blocks) for blocks in parts]


def _zone(blocks):
    rows, columns = zip(*blocks, strict=True)
    return Zone(tuple(sorted(blocks)), (min(rows), min(columns)), (max(rows), max(columns)))


class _Growing:
    """A zone while it grows."""

    def __init__(self, block, shape):
        self.blocks = [block]
        self.low = [min(max(block[axis] - 1, 1), shape[axis] - 1) for axis in (0, 1)]
        self.high = [max(min(block[axis] + 1, shape[axis] - 2), 0) for axis in (0, 1)]

    def reaches(self, other):
        """Whether a block of the other zone lies within this rectangle enlarged by one block."""
        (low_row, low_column), (high_row, high_column) = self.low, self.high
        return any(
            low_row - 1 <= row <= high_row + 1 and low_column - 1 <= column <= high_column + 1
            for row, column in other.blocks
        )

    def absorb(self, other):
        """Merge the blocks and the rectangle of another zone."""
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
    This is the rule of SolarSoft ``fuzzy_image``. The rectangle of a zone extends one
    block beyond its blocks, but excludes the outermost blocks of the frame. Two zones
    are merged if a block of either lies within the other's rectangle enlarged by one
    more block. Single blocks are merged up to a distance of two blocks.
    """
    lost = np.asarray(lost, dtype=bool)
    zones = [_Growing((int(row), int(column)), lost.shape) for row, column in np.argwhere(lost)]
    first = 0
    while first < len(zones):
        for second in range(first + 1, len(zones)):
            if zones[first].reaches(zones[second]) or zones[second].reaches(zones[first]):
                zones[first].absorb(zones.pop(second))
                # The larger rectangle may now touch earlier zones.
                first = -1
                break
        first += 1
    return sorted((_zone(zone.blocks) for zone in zones), key=lambda zone: zone.blocks[0])


#: Width of the surroundings in a crop, blocks. No classical method uses more distant pixels.
NARROW = 1.5
#: Methods that ``"auto"`` uses for holes, or parts of holes, that other exposures cannot fill; best first.
SINGLE_FRAME_METHODS = ("kriging", "radial", "biharmonic")
#: If the expected error of other exposures is below this, in units of the noise of a pixel, they are used without
#: evaluating methods for one frame. Among 102 such holes on 2012-08-31, kriging was expected to be better in six and
#: was better in one.
CLEARLY_GOOD = 1.0
#: The method whose uncertainty is the expected error of a repair from one frame.
EXPECTED_ALONE = "kriging"


@dataclass(frozen=True, eq=False)
class Piece:
    """The filled pixels in a window of a frame."""

    #: Position of the window in the frame, and its filled pixels; (ny, nx).
    window: tuple[slice, slice]
    pixels: np.ndarray
    #: As in `Repair`, for these pixels; (n,).
    values: np.ndarray
    sigma: np.ndarray
    noise: np.ndarray


@dataclass(frozen=True, eq=False)
class Repair:
    """The result of repairing a frame."""

    #: Shape of the frame, (ny, nx).
    shape: tuple[int, int]
    #: The filled pixels; each occurs once.
    pieces: tuple[Piece, ...]
    #: Methods used for each block (row, column) of the array, in the order of use.
    methods: dict[tuple[int, int], tuple[str, ...]]
    #: Blocks with pixels that no method could fill, and the reason.
    unfilled: dict[tuple[int, int], str]
    #: Blocks that were filled only from ``"earlier"`` or only from ``"later"`` exposures.
    one_sided: dict[tuple[int, int], str] = field(default_factory=dict)
    #: Blocks that were filled from other exposures, and the subset for which the exposures were moved with the corona.
    shown: frozenset[tuple[int, int]] = frozenset()
    moved: frozenset[tuple[int, int]] = frozenset()

    @cached_property
    def values(self):
        """Signal in the filled pixels, NaN elsewhere; (ny, nx)."""
        return self._whole("values")

    @cached_property
    def sigma(self):
        """1 sigma of these values relative to the noise-free corona, same units."""
        return self._whole("sigma")

    @cached_property
    def noise(self):
        """The part of this sigma that is independent in each pixel."""
        return self._whole("noise")

    def _whole(self, name):
        whole = np.full(self.shape, np.nan)
        for piece in self.pieces:
            whole[piece.window][piece.pixels] = getattr(piece, name)
        return whole


def repair_frame(holed, method="auto", *, networks=True, **options):
    """
    Fill the holes of a frame.

    Parameters
    ----------
    holed : `~sunpy_lasco.repair.holed_frame.HoledFrame`
    method : `str`, optional
        One of `~sunpy_lasco.repair.crop.METHODS`, or ``"auto"``, which selects the method with the smallest
        expected error for each hole. It uses suitable exposures before and after, moved to the time of the
        frame; otherwise the network, if torch is installed and the network is better than the other
        methods for one frame; otherwise the best of these methods.
    networks : `bool`, optional
        Whether ``"auto"`` may use the network. The network is trained on level-0.5 frames taken through the
        usual filter.
    **options
        Options of the method.

    Returns
    -------
    `Repair`
    """
    work = _Work(holed)
    if method == "auto":
        if holed.neighbours:
            work.fill_from_neighbours()
        if networks and "network" in usable_methods(holed.camera):
            # Kriging preserves fronts, which networks smooth. The same margin for both avoids a second cut.
            work.fill("kriging", {"only_directed": True, **options}, margin=MARGIN)
            work.fill("network", {"only_better": True, **options})
        for name in SINGLE_FRAME_METHODS:
            work.fill(name, options)
    else:
        work.fill(method, options)
    return work.result()


class _Work:
    """The state of a repair in progress."""

    def __init__(self, holed):
        self.holed = holed
        self.filled = np.zeros(holed.holes.shape, dtype=bool)
        self.pieces, self._new = [], []
        self.methods, self.reasons, self.one_sided = {}, {}, {}
        self.shown, self.moved = set(), set()
        self._crops = {}

    def fill(self, name, options, *, margin=None):
        """Fill the remaining holes with one method; ``margin`` (blocks) overrides the margin of its crops."""
        if not self.holed.holes.any():
            return
        # Zones of any size can be filled if other exposures show them.
        shown = bool(self.holed.neighbours) and takes_neighbours(name, self.holed.camera, **options)
        cuts = self._cuts(name, shown=shown, margin=margin)
        fills = fill_holes(name, [crop for _, crop, _ in cuts], **options)
        for (zone, crop, window), fill in zip(cuts, fills, strict=True):
            self._put(fill, zone, crop, window, name, shown=shown)
        self._fill_in()

    def fill_from_neighbours(self):
        """Use other exposures for the holes in which they are expected to be more accurate than one frame."""
        cuts = self._cuts("temporal", shown=True)
        for zone, crop, window in cuts:
            mine = {}
            # The corona evolves, so the nearest moved exposures are the best.
            for name in ("temporal",) if crop.is_moved else NEIGHBOUR_METHODS:
                mine[name] = get_method(name)(crop, worst_misfit=np.inf)
                if np.isfinite(mine[name].z[crop.hole]).all():
                    break
            if not self._is_best(mine, zone, crop):
                mine = {}
            for name, fill in mine.items():
                self._put(fill, zone, crop, window, name, shown=True)
            if crop.over_steady and len(zone.blocks) <= LARGEST_ZONE:
                self._put_alone(zone, crop, window)
        self._fill_in()

    @staticmethod
    def _is_best(fills, zone, crop):
        """Whether other exposures are expected to be more accurate than the frame alone."""
        expected = min(map(_expected_error, (fill.sigma[crop.hole] for fill in fills.values())))
        if expected < CLEARLY_GOOD or len(zone.blocks) > LARGEST_ZONE:
            return np.isfinite(expected)
        alone = get_method(EXPECTED_ALONE)(crop.with_neighbours(()))
        return not expected > _expected_error(alone.sigma[crop.hole])

    def _put_alone(self, zone, crop, window):
        """
        Fill the rest of a zone from the frame alone, over the steady corona that other exposures show.

        This background is closer to the corona of the day than a background from other dates.
        """
        left = crop.hole & ~self.filled[window]
        if left.any():
            values = self.holed.filled_with(self._new).signal[window]
            z = np.where(crop.hole & ~left, crop.from_signal(values), crop.z)
            crop = replace(crop, z=z, hole=left, neighbours=())
            self._put(get_method(EXPECTED_ALONE)(crop), zone, crop, window, EXPECTED_ALONE, shown=False)
            filled = left & self.filled[window]
            names = zip(crop.block_rows[np.nonzero(filled)[0]], crop.block_columns[np.nonzero(filled)[1]], strict=True)
            self.shown.update((int(row), int(column)) for row, column in names)

    def _cuts(self, name, *, shown, margin=None):
        """Zones of the remaining holes in the working space, with other exposures moved if requested."""
        found = []
        margin = margin or (MARGIN if name in LEARNT_METHODS else NARROW)
        for zone in find_zones(self.holed.lost_blocks()):
            for part in [zone] if shown or len(zone.blocks) <= LARGEST_ZONE else zone.touching():
                reason = f"the method {name} cannot fill them"
                crop = window = None
                if len(part.blocks) > LARGEST_ZONE and not shown:
                    reason = f"a zone of {len(part.blocks)} blocks is too large to be filled from its surroundings"
                else:
                    crop, window = self._cut(part, margin)
                    if crop is None:
                        reason = "nothing was measured around them"
                self.reasons |= dict.fromkeys(part.blocks, reason)
                if crop is not None:
                    found.append((part, crop, window))
        if not (shown and found):
            return found
        exposures = Exposures(self.holed, [window for _, _, window in found])
        nearest = name == "temporal"
        return [
            (zone, with_moved_neighbours(exposures, crop, window, nearest=nearest), window)
            for zone, crop, window in found
        ]

    def _cut(self, zone, margin):
        """A zone in the working space, cached until something is filled."""
        key = zone.blocks, margin
        if key not in self._crops:
            self._crops[key] = cut(self.holed, zone, margin)
        return self._crops[key]

    def _fill_in(self):
        """Add the new fills to the frame, so that later methods see only the remaining holes."""
        if not self._new:
            return
        self.holed = self.holed.filled_with(self._new)
        # Crops without new fills stay valid.
        boxes = [_box(*piece[:2]) for piece in self._new]
        self._crops = {key: one for key, one in self._crops.items() if not any(_meet(one[1], box) for box in boxes)}
        self._new = []

    def _put(self, fill, zone, crop, window, name, *, shown):
        """Store the values of a method in the pixels of a zone that are still empty."""
        good = crop.hole & np.isfinite(fill.z) & np.isfinite(fill.sigma) & ~self.filled[window]
        if not good.any():
            return
        signal, sigma = crop.to_signal(fill.z), fill.sigma[good]
        own = np.zeros_like(sigma) if fill.noise is None else fill.noise[good]
        unit = (crop.noise * crop.response)[good]
        self.pieces.append(Piece(window, good, signal[good], np.hypot(sigma, own) * unit, own * unit))
        self._new.append((window, good, signal))
        self.filled[window] |= good
        sides = {np.sign(one.seconds) for one in crop.neighbours} if shown else set()
        for row, column in zone.blocks:
            mine = np.ix_(crop.block_rows == row, crop.block_columns == column)
            if not good[mine].any():
                continue
            self.methods[row, column] = (*self.methods.get((row, column), ()), name)
            if not any(np.isfinite(one.z[mine][good[mine]]).any() for one in crop.neighbours if shown):
                continue
            if len(sides) == 1:
                self.one_sided[row, column] = "earlier" if -1 in sides else "later"
            self.shown.add((row, column))
            if crop.is_moved:
                self.moved.add((row, column))

    def result(self):
        """The result of the repair."""
        left = [(int(row), int(column)) for row, column in np.argwhere(self.holed.lost_blocks())]
        unfilled = {block: self.reasons.get(block, "") for block in left}
        return Repair(
            shape=self.holed.holes.shape,
            pieces=tuple(self.pieces),
            methods=self.methods,
            unfilled=unfilled,
            one_sided=self.one_sided,
            shown=frozenset(self.shown),
            moved=frozenset(self.moved),
        )


def _box(window, pixels):
    """The rectangle in the frame around pixels of a window, as slices."""
    found = []
    for part, axis in zip(window, (1, 0), strict=True):
        at = np.flatnonzero(pixels.any(axis=axis))
        found.append(slice(part.start + at[0], part.start + at[-1] + 1))
    return tuple(found)


def _meet(one, other):
    """Whether two rectangles have pixels in common."""
    return all(a.start < b.stop and b.start < a.stop for a, b in zip(one, other, strict=True))


def _expected_error(sigma):
    """Root mean square of sigma over the pixels of a hole; infinite if at least half of the pixels have none."""
    known = np.isfinite(sigma)
    return float(np.sqrt(np.mean(sigma[known] ** 2))) if known.mean() > 0.5 else np.inf
