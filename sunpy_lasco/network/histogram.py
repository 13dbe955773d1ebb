"""
Equalised histograms, the normalisation of the paper.

Values are replaced by their ranks among the known ones. The scale of errors then depends on the histogram,
and values outside the known range cannot be represented, so the working space is better for photometry. This
module exists to reproduce the paper.
"""

import numpy as np

__all__ = ["Equalisation"]

#: Steps of the table.
LEVELS = 1024


class Equalisation:
    """
    A mapping of values to 0 .. 1 that distributes the known values evenly.

    Parameters
    ----------
    values : `~numpy.ndarray`
        The known values; NaN is ignored.
    levels : `int`, optional
        Steps of the table.

    Raises
    ------
    ValueError
        If no value is known.
    """

    def __init__(self, values, levels=LEVELS):
        known = np.asarray(values, dtype=float)
        known = known[np.isfinite(known)]
        if not known.size:
            msg = "There is no histogram of nothing: all values are NaN."
            raise ValueError(msg)
        knots = np.quantile(known, np.linspace(0.0, 1.0, levels))
        # Steps of equal values would make the inverse ambiguous.
        self.values, first = np.unique(knots, return_index=True)
        self.ranks = first / (levels - 1) if len(first) > 1 else np.array([0.5])

    def forward(self, values):
        """Ranks of values, 0 .. 1, NaN where the value is."""
        return np.where(np.isfinite(values), np.interp(np.nan_to_num(values), self.values, self.ranks), np.nan)

    def inverse(self, ranks):
        """Values of ranks."""
        return np.where(np.isfinite(ranks), np.interp(np.nan_to_num(ranks), self.ranks, self.values), np.nan)
