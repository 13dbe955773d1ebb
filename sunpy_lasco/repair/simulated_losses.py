"""
Draw realistic losses of blocks, at random but reproducibly.

Tests, benchmarks and training use the same kinds of losses: single blocks, squares, runs along the telemetry,
clusters, stripes, and places where a repair is difficult. Blocks are blocks of the stored array, with or without
summing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from sunpy_lasco.geometry.field import hidden_pixels
from sunpy_lasco.instrument.blocks import block_indices, blocks_to_pixels, grid_shape, nominal_untransmitted
from sunpy_lasco.instrument.pixel_grid import block_mean
from sunpy_lasco.repair.holed_frame import point_like

if TYPE_CHECKING:
    from sunpy_lasco.instrument.frame import Frame

__all__ = ["KINDS", "draw_losses", "lose"]

#: Kinds of losses.
KINDS = ("single", "square", "run", "scattered", "stripe", "tail", "occulter", "pylon", "edge", "front", "stars")
#: Blocks whose hidden fraction is at most the first value are open sky. Above the second value, they show too little
#: sky to be repaired.
OPEN_SHARE = 0.02
HIDDEN_SHARE = 0.9
#: Mean number of additional blocks in a run and in a cluster, and largest number of blocks in a loss.
RUN_MEAN = 4.0
SCATTERED_MEAN = 6.0
MOST_BLOCKS = 17
#: Largest fraction of a frame that is lost at the end of the stream.
TAIL_SHARE = 0.65
#: 1 sigma of the distance of blocks from the middle of their cluster, blocks.
SCATTERED_SPREAD = 3.0
#: Partly hidden blocks within this many occulter radii are at the edge of the occulter. Those farther out are at the
#: pylon or at the edge of the field.
OCCULTER_REACH = 1.6
#: Outer end of the pylon, which is the edge of the field, occulter radii.
PYLON_REACH = {"C2": 2.4, "C3": 7.5}
#: Side of the cells used to find fronts, stored pixels.
FRONT_CELL = 8
#: Default number of highest-scoring blocks from which a front or star block is drawn.
BEST_BLOCKS = 8


def draw_losses(
    frame: Frame,
    kind: str,
    *,
    seed: int | np.random.Generator,
    signal: np.ndarray | None = None,
    before: np.ndarray | None = None,
    best: int = BEST_BLOCKS,
) -> np.ndarray:
    """
    Draw lost blocks at random.

    Parameters
    ----------
    frame : `~sunpy_lasco.instrument.frame.Frame`
        Full frames, summed frames and sub-frames.
    kind : `str`
        ``"single"``, one block; ``"square"``, 2 x 2 blocks; ``"run"``, consecutive blocks in the
        telemetry; ``"scattered"``, a loose cluster; ``"stripe"``, whole block rows or columns;
        ``"tail"``, the end of the stream, that is block columns from the left and the lower part of the next;
        ``"occulter"``, ``"pylon"`` and ``"edge"``, blocks that are partly hidden by these; ``"front"``, a block
        where the image changes most; ``"stars"``, a block with the brightest points.
    seed : `int` or `~numpy.random.Generator`
        The same seed draws the same blocks.
    signal : `~numpy.ndarray`, optional
        Counts above the bias, for ``"front"`` and ``"stars"``; shape (ny, nx).
    before : `~numpy.ndarray`, optional
        An earlier image, from which the change is measured for ``"front"``. By default the image is compared
        with its smoothed version.
    best : `int`, optional
        Number of highest-scoring blocks from which ``"front"`` and ``"stars"`` draw one.

    Returns
    -------
    `~numpy.ndarray` of `bool`
        Lost blocks among those of the stored array, shape (nby, nbx), as for
        `~sunpy_lasco.instrument.blocks.empty_blocks`.  Blocks that are deliberately not sent are never lost.

    Raises
    ------
    ValueError
        If there is no such kind, if the kind needs an image, or if the frame has no suitable block.

    Notes
    -----
    Runs have 1 + Poisson(4) blocks and clusters 2 + Poisson(6), at least 2 and at most 17.  With more lost
    blocks, the official pipeline discards a frame.  Stripes are one or two block rows, as after a broken
    transfer, or one block column, as in the telemetry.
    """
    if kind not in KINDS:
        msg = f"There is no loss of kind {kind!r}; there are {', '.join(KINDS)}."
        raise ValueError(msg)
    rng = np.random.default_rng(seed)
    places = _Places(frame)
    if kind in ("front", "stars"):
        if signal is None:
            msg = f"A loss of kind {kind!r} needs the image."
            raise ValueError(msg)
        score = _front_score(signal, before, frame) if kind == "front" else _star_score(signal, frame)
        return _best(score, places.open, rng, kind, frame, best)
    if kind in ("occulter", "pylon", "edge"):
        return _one(getattr(places, kind), rng, kind, frame)
    start = _one(places.open, rng, kind, frame)
    row, column = (int(index) for index in np.argwhere(start)[0])
    lost = {
        "single": lambda: start,
        "square": lambda: _square(row, column, start.shape),
        "run": lambda: _run(row, column, frame, rng),
        "scattered": lambda: _cluster(row, column, places.sent, rng),
        "stripe": lambda: _stripe(row, column, start.shape, rng),
        "tail": lambda: _tail(places.sent, rng),
    }[kind]()
    return lost & places.sent


def lose(raw: np.ndarray, blocks: np.ndarray, frame: Frame) -> np.ndarray:
    """
    Remove blocks from an image, as a loss in the telemetry does.

    Parameters
    ----------
    raw : `~numpy.ndarray`
        Counts, shape (ny, nx).
    blocks : `~numpy.ndarray` of `bool`
        As for `draw_losses`.
    frame : `~sunpy_lasco.instrument.frame.Frame`

    Returns
    -------
    `~numpy.ndarray`
        A copy with zeros in these blocks.
    """
    return np.where(blocks_to_pixels(blocks, frame), raw.dtype.type(0), raw)


class _Places:
    """The blocks of a frame, classified by what they show."""

    def __init__(self, frame):
        self.sent = ~nominal_untransmitted(frame)
        share = _per_block(hidden_pixels(frame), frame)
        self.open = self.sent & (share <= OPEN_SHARE)
        partly = self.sent & (share > OPEN_SHARE) & (share < HIDDEN_SHARE)
        rows, columns = block_indices(frame)
        reach = self._reach(frame, rows, columns)
        camera = frame.camera
        self.occulter = partly & (reach < OCCULTER_REACH)
        border = np.zeros_like(partly)
        border[[0, -1]] = border[:, [0, -1]] = True
        # The outermost pixels of C3 are hidden too, so blocks at its border are not counted as pylon.
        self.pylon = partly & (reach >= OCCULTER_REACH) & (reach < PYLON_REACH[camera.name]) & ~border
        # Blocks next to those that are not sent count as border too.
        border |= ndimage.binary_dilation(~self.sent, iterations=1)
        far = reach >= PYLON_REACH[camera.name]
        self.edge = self.sent & (share < HIDDEN_SHARE) & ((border & ~self.occulter & ~self.pylon) | (partly & far))

    @staticmethod
    def _reach(frame, rows, columns):
        """Distance of each block's middle from the occulter's centre, occulter radii."""
        middles = []
        for axis, indices in ((1, rows), (0, columns)):
            pixels = frame.corner[axis] + (np.arange(frame.shape[1 - axis]) + 0.5) * frame.binning[axis] - 0.5
            number = indices - indices[0]
            middles.append(np.bincount(number, pixels) / np.bincount(number) - frame.camera.occulter_centre[axis])
        return np.hypot(middles[0][:, None], middles[1][None, :]) / frame.camera.occulter_radius


def _per_block(values, frame):
    """Mean over each block."""
    rows, columns = (indices - indices[0] for indices in block_indices(frame))
    number = rows[:, None] * (columns[-1] + 1) + columns[None, :]
    count = np.bincount(number.ravel())
    return (np.bincount(number.ravel(), np.ravel(values)) / count).reshape(rows[-1] + 1, columns[-1] + 1)


def _one(candidates, rng, kind, frame):
    """Draw one of the candidates."""
    found = np.argwhere(candidates)
    if not len(found):
        msg = f"{frame.filename or 'The frame'} has no block for a loss of kind {kind!r}."
        raise ValueError(msg)
    lost = np.zeros_like(candidates)
    lost[tuple(rng.choice(found))] = True
    return lost


def _best(score, candidates, rng, kind, frame, number):
    """Draw one of the blocks with the highest scores."""
    ranked = np.where(candidates, score, -np.inf)
    limit = np.sort(ranked, axis=None)[-min(number, max(int(candidates.sum()), 1))]
    return _one(candidates & (ranked >= limit) & (ranked > 0), rng, kind, frame)


def _square(row, column, shape):
    lost = np.zeros(shape, dtype=bool)
    row, column = min(row, max(shape[0] - 2, 0)), min(column, max(shape[1] - 2, 0))
    lost[row : row + 2, column : column + 2] = True
    return lost


def _run(row, column, frame, rng):
    """Consecutive blocks in the telemetry, which runs down the columns from left to right."""
    number = min(1 + int(rng.poisson(RUN_MEAN)), MOST_BLOCKS)
    nby, nbx = grid_shape(frame)
    rows, columns = block_indices(frame)
    whole = np.zeros((nby, nbx), dtype=bool)
    first = (column + columns[0]) * nby + nby - 1 - (row + rows[0])
    index = np.arange(first, min(first + max(number, 2), nby * nbx))
    whole[nby - 1 - index % nby, index // nby] = True
    return whole[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _tail(sent, rng):
    """
    The last blocks of a stream that runs from right to left, down each column.

    On 2025-10-17, C3 lost 639 and 244 blocks of two frames in this way. The logarithm of the length is uniform.
    """
    rows, columns = np.nonzero(sent)
    # Rows count from below, so the last block is the lowest of the first column.
    last = np.lexsort((rows, columns))
    number = int(np.exp(rng.uniform(0.0, np.log(TAIL_SHARE * len(rows)))))
    lost = np.zeros_like(sent)
    lost[rows[last[:number]], columns[last[:number]]] = True
    return lost


def _cluster(row, column, sent, rng):
    number = min(2 + int(rng.poisson(SCATTERED_MEAN)), MOST_BLOCKS)
    lost = np.zeros_like(sent)
    lost[row, column] = True
    candidates = np.argwhere(sent & ~lost)
    distance = np.hypot(*(candidates - (row, column)).T)
    weight = np.exp(-0.5 * (distance / SCATTERED_SPREAD) ** 2) + 1e-12
    further = rng.choice(len(candidates), min(number - 1, len(candidates)), replace=False, p=weight / weight.sum())
    lost[tuple(candidates[further].T)] = True
    return lost


def _stripe(row, column, shape, rng):
    lost = np.zeros(shape, dtype=bool)
    if rng.random() < 0.5:
        lost[row : row + int(rng.integers(1, 3))] = True
    else:
        lost[:, column] = True
    return lost


def _front_score(signal, before, frame):
    """Change of the brightness in each block: in time if there is an earlier image, otherwise in space."""
    signal = np.where(np.isfinite(signal), signal, 0.0)
    known = signal > 0
    if before is not None:
        other = np.where(np.isfinite(before), before, 0.0)
        known = known & (other > 0)
        change = np.where(known, signal / np.where(known, other, 1.0), 1.0)
        change = change / np.median(change[known]) - 1.0
    else:
        smooth = ndimage.gaussian_filter(signal, 2 * FRONT_CELL)
        change = np.where(known & (smooth > 0), signal / np.where(smooth > 0, smooth, 1.0) - 1.0, 0.0)
    change = np.where(known & ~hidden_pixels(frame), change, 0.0)
    ny, nx = (length // FRONT_CELL * FRONT_CELL for length in change.shape)
    cells = np.abs(block_mean(change[:ny, :nx], (FRONT_CELL, FRONT_CELL)))
    whole = np.zeros_like(change)
    whole[:ny, :nx] = np.kron(cells, np.ones((FRONT_CELL, FRONT_CELL)))
    return _per_block(whole, frame)


def _star_score(signal, frame):
    """Brightness of the points in each block."""
    known = np.isfinite(signal) & ~hidden_pixels(frame)
    root = np.sqrt(np.maximum(np.nan_to_num(signal), 1.0)) * np.sqrt(frame.camera.gain)
    points = point_like(root, known)
    return _per_block(np.where(points, root, 0.0), frame)
