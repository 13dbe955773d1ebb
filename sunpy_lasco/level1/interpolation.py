"""
Interpolation of image, variance and flags in a plan.
"""

import importlib.util
from dataclasses import dataclass
from functools import cached_property, lru_cache
from weakref import WeakValueDictionary

import numpy as np

from sunpy_lasco.config import switch
from sunpy_lasco.geometry.resampling import Bilinear, bilinear, source_positions
from sunpy_lasco.level1.fused import compiled

__all__ = ["Interpolation"]


@dataclass(frozen=True, eq=False)
class Interpolation:
    """
    Interpolation from detector pixels to pixels of an upright image.

    Both images have the same shape, (ny, nx).
    """

    gather: Bilinear
    #: The loops of `sunpy_lasco.level1.fused.compiled`, or None if sparse matrices are used.
    fused: object = None

    @cached_property
    def rows(self):
        """Lowest and highest detector row that contributes to each row."""
        lowest = self.gather.corner.reshape(self.gather.shape) // self.gather.shape[1]
        return lowest.min(axis=1), lowest.max(axis=1) + 1

    @cached_property
    def partial(self):
        """Pixels, as indices of the flattened image, for which some but not all sources have no weight."""
        inside, fx, fy = self.gather.inside, self.gather.fx, self.gather.fy
        return np.flatnonzero(inside & ((fx <= 0) | (fx >= 1) | (fy <= 0) | (fy >= 1)))

    @property
    def kernel(self):
        """Name of the implementation."""
        return "sparse matrices" if self.fused is None else "compiled loops (numba)"

    @property
    def arrays(self):
        """The arrays that need memory."""
        return [self.gather.corner, self.gather.fx, self.gather.fy, self.gather.inside]

    def matrices(self, empty):
        """Sparse matrices for a flattened image and its variance, without ``empty`` pixels; None for compiled loops."""
        return None if self.fused is not None else self.gather.matrices(~empty.ravel())

    def __call__(self, image, variance, empty, matrices, *, scale=None):
        """
        Image and variance, float32, of independent pixels; sigma times a scale, where that is given.

        ``empty`` pixels, (ny, nx), are NaN; the matrices are those of `matrices`, or None where they do not pay.
        """
        shape, gather = self.gather.shape, self.gather
        if self.fused is not None:
            moved, spread = np.empty(shape, np.float32), np.empty(shape, np.float32)
            places = gather.corner, gather.fx, gather.fy, empty.ravel(), shape[1], np.float32(scale or 0)
            self.fused.interpolate_both(*places, image.ravel(), variance.ravel(), moved.ravel(), spread.ravel())
            return moved, spread
        if matrices is None:
            moved, spread = self._directly(image.ravel(), variance.ravel())
        else:
            values, variances = matrices
            moved, spread = (values @ image.ravel()).reshape(shape), (variances @ variance.ravel()).reshape(shape)
        if scale is not None:
            np.sqrt(spread, out=spread)
            spread *= np.float32(scale)
        for array in (moved, spread):
            np.copyto(array, np.float32(np.nan), where=empty)
        return moved, spread

    def _directly(self, image, variance):
        """Image and variance, flattened, without matrices: these take as long to make as three images this way."""
        gather = self.gather
        moved, spread = np.empty(gather.shape, np.float32), np.empty(gather.shape, np.float32)
        step = ROWS_AT_ONCE * gather.shape[1]
        for first in range(0, moved.size, step):
            part = slice(first, first + step)
            corner = gather.corner[part].astype(np.intp)
            value, square = moved.reshape(-1)[part], spread.reshape(-1)[part]
            value[:], square[:] = 0, 0
            for weight, offset in zip(gather.weights(part), gather.offsets, strict=True):
                at = corner + offset
                value += weight * image[at]
                square += np.square(weight) * variance[at]
        return moved, spread

    def reached(self, bits):
        """Combine the flags, uint8, of all pixels that contribute to each pixel."""
        gather = self.gather
        found = np.zeros(gather.shape, np.uint8)
        rows = np.flatnonzero(bits.any(axis=1))
        if rows.size == 0:
            return found
        lowest, highest = self.rows
        touched = np.flatnonzero((highest >= rows[0]) & (lowest <= rows[-1]))
        if touched.size == 0:
            return found
        nx = gather.shape[1]
        first, last = touched[0] * nx, (touched[-1] + 1) * nx
        # Combined flags of each pixel and its right and upper neighbours.
        four, near = np.zeros_like(bits), slice(max(rows[0] - 1, 0), rows[-1] + 1)
        four[near] = bits[near]
        four[near, :-1] |= bits[near, 1:]
        four[near.start : near.stop - 1] |= four[near.start + 1 : near.stop]
        flat = found.ravel()
        flat[first:last] = np.take(four, gather.corner[first:last])
        flat[first:last] *= gather.inside[first:last]
        some = self.partial[slice(*np.searchsorted(self.partial, (first, last)))]
        flat[some] = 0
        for weight, offset in zip(gather.weights(some), gather.offsets, strict=True):
            flat[some] |= bits.ravel()[gather.corner[some] + offset] * (weight > 0)
        return found

    def at(self, pixels, *images):
        """Interpolate images of any type at some pixels only, given as indices of the flattened image."""
        weights, corner = self.gather.weights(pixels), self.gather.corner[pixels]
        sources = [corner + offset for offset in self.gather.offsets]
        return [sum(w * image.ravel()[at] for w, at in zip(weights, sources, strict=True)) for image in images]


_IN_USE = WeakValueDictionary()
#: Number of rows whose positions are computed at once.
ROWS_AT_ONCE = 64


@lru_cache(maxsize=1)
def _has_numba():
    return importlib.util.find_spec("numba") is not None


def fused_loops():
    """The compiled loops; None if numba is not installed or the setting ``fast`` is off."""
    if not (_has_numba() and switch("fast", "yes")):
        return None
    return compiled()


def interpolation_of(resampling, turned):
    """
    The interpolation of a plan; plans in use share interpolations.

    Parameters
    ----------
    resampling : `~sunpy_lasco.geometry.resampling.Resampling`
    turned : `bool`
        Whether the image is turned by 180 degrees afterwards.

    Returns
    -------
    `Interpolation`
    """
    fused = fused_loops()
    key = resampling, turned, fused is None
    found = _IN_USE.get(key)
    if found is None:
        found = _IN_USE[key] = Interpolation(_gather(resampling, turned, fused), fused)
    return found


def _gather(resampling, turned, fused):
    """Sources and fractions of the pixels, upright."""
    if fused is not None and not resampling.open_end and not (resampling.distortion and resampling.distortion.cells):
        return _compiled_gather(resampling, turned, fused)
    x, y = resampling.grid()
    # In groups of rows, because positions are in double precision.
    blocks = [
        bilinear(
            *source_positions(resampling, x, y[first : first + ROWS_AT_ONCE]),
            resampling.shape,
            open_end=resampling.open_end,
        )
        for first in range(0, len(y), ROWS_AT_ONCE)
    ]
    parts = {name: np.concatenate([getattr(one, name) for one in blocks]) for name in ("corner", "fx", "fy", "inside")}
    if turned:
        parts = {name: np.ascontiguousarray(part[::-1]) for name, part in parts.items()}
    return Bilinear(resampling.shape, **parts)


def _compiled_gather(resampling, turned, fused):
    movement = np.zeros(0)
    if resampling.rotation or resampling.target is not None:
        angle = np.radians(resampling.rotation)
        target = resampling.target or resampling.pivot
        movement = np.array([np.cos(angle), np.sin(angle), *resampling.pivot, *target])
    distortion, polynomial = resampling.distortion, np.zeros(0)
    if distortion is not None:
        polynomial = np.array([distortion.k0, distortion.k1, distortion.k2, *distortion.centre])
    x, y = resampling.grid()
    grid = np.array([*resampling.corner, *resampling.binning], float)
    count = x.size * y.size
    found = np.empty(count, np.int32), np.empty(count, np.float32), np.empty(count, np.float32), np.empty(count, bool)
    fused.positions(x.ravel(), y.ravel(), movement, polynomial, grid, turned, *found)
    return Bilinear(resampling.shape, *found)
