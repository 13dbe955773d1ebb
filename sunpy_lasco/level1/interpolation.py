"""
The interpolation of image, variance and flags as a plan holds it.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from weakref import WeakValueDictionary

import numpy as np

from sunpy_lasco.geometry.resampling import Bilinear, Resampling, bilinear, source_positions

__all__ = ["Interpolation"]


@dataclass(frozen=True, eq=False)
class Interpolation:
    """
    From the pixels of the detector to upright ones.

    Images of both kinds have one shape, (ny, nx).
    """

    gather: Bilinear

    @cached_property
    def matrices(self):
        """Sparse matrices for a flattened image and its variance."""
        return self.gather.matrices()

    @cached_property
    def rows(self):
        """Lowest and highest row of the detector that contributes to each row."""
        lowest = self.gather.corner.reshape(self.gather.shape) // self.gather.shape[1]
        return lowest.min(axis=1), lowest.max(axis=1) + 1

    @cached_property
    def partial(self):
        """Pixels, as indices of the flattened image, of which a source has no weight, but not all of them."""
        inside, fx, fy = self.gather.inside, self.gather.fx, self.gather.fy
        return np.flatnonzero(inside & ((fx <= 0) | (fx >= 1) | (fy <= 0) | (fy >= 1)))

    @property
    def kernel(self):
        """By what it is done."""
        return "sparse matrices"

    @property
    def arrays(self):
        """All that takes memory."""
        gather, (values, variances) = self.gather, self.matrices
        parts = [gather.corner, gather.fx, gather.fy, gather.inside, values.data, values.indices, values.indptr]
        return [*parts, variances.data]

    def __call__(self, image, variance):
        """Image and variance, float32, of independent pixels."""
        values, variances = self.matrices
        shape = self.gather.shape
        return (values @ image.ravel()).reshape(shape), (variances @ variance.ravel()).reshape(shape)

    def reached(self, bits):
        """The bits, uint8, of all pixels that contribute to each pixel."""
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
        # Bits of the four pixels of which each is the lower left one.
        four = bits.copy()
        four[:, :-1] |= bits[:, 1:]
        four[:-1] |= four[1:]
        flat = found.ravel()
        flat[first:last] = four.ravel()[gather.corner[first:last]] * gather.inside[first:last]
        some = self.partial[slice(*np.searchsorted(self.partial, (first, last)))]
        flat[some] = 0
        for weight, offset in zip(gather.weights(some), gather.offsets, strict=True):
            flat[some] |= bits.ravel()[gather.corner[some] + offset] * (weight > 0)
        return found

    def at(self, pixels, *images):
        """Images, of any type, at some pixels alone, given as indices of the flattened image."""
        weights, corner = self.gather.weights(pixels), self.gather.corner[pixels]
        sources = [corner + offset for offset in self.gather.offsets]
        return [sum(w * image.ravel()[at] for w, at in zip(weights, sources, strict=True)) for image in images]


_IN_USE = WeakValueDictionary()


def interpolation_of(resampling: Resampling, turned):
    """The interpolation by a `~sunpy_lasco.geometry.resampling.Resampling`; plans that are in use share theirs."""
    found = _IN_USE.get((resampling, turned))
    if found is None:
        gather = bilinear(*source_positions(resampling), resampling.shape, open_end=resampling.open_end)
        if turned:
            parts = ("corner", "fx", "fy", "inside")
            gather = replace(gather, **{name: np.ascontiguousarray(getattr(gather, name)[::-1]) for name in parts})
        found = _IN_USE[resampling, turned] = Interpolation(gather)
    return found
