"""
Display of maps.
"""

import copy

import matplotlib as mpl
import numpy as np

from astropy.visualization import AsymmetricPercentileInterval, ImageNormalize, LinearStretch

import sunpy.visualization.colormaps  # noqa: F401 - registers the colour maps

__all__ = ["NO_SKY", "CoronaNorm", "DifferenceNorm", "add_colorbar", "corona_colours", "difference_colours"]

#: Colour of masked pixels, which is neither the black of dark sky nor part of the colour scales.
NO_SKY = "0.3"


class CoronaNorm(ImageNormalize):
    """
    A colour scale between percentiles of the valid pixels.

    The limits are determined when an image is first drawn, from its valid pixels only, and again for images
    derived from it.

    Parameters
    ----------
    percentiles : `tuple` of `float`
        Lower and upper percentile.
    stretch : `~astropy.visualization.BaseStretch`
        Stretch between them.
    is_default : `bool`
        Whether it is a default; derived maps then get the default for their contents, brightness or counts.
    """

    def __init__(self, percentiles, stretch, *, is_default=False):
        super().__init__(interval=AsymmetricPercentileInterval(*percentiles), stretch=stretch, clip=False)
        self.percentiles = percentiles
        self.is_default = is_default
        #: Limits that were found rather than set.
        self._found = {}

    def autoscale_None(self, A):  # noqa: N802 - the name is matplotlib's
        """Set missing limits from the finite, unmasked values of ``A``."""
        valid = np.ma.masked_invalid(A).compressed()
        if valid.size == 0:
            valid = np.array([0.0, 1.0])
        low, high = self._limits_of(valid)
        for name, value in (("vmin", low), ("vmax", high)):
            if getattr(self, name) is None:
                setattr(self, name, float(value))
                self._found[name] = float(value)

    def _limits_of(self, valid):
        """Lower and upper limit for an array of finite values."""
        low, high = self.interval.get_limits(valid)
        return (low, high) if high > low else (valid.min(), valid.max())

    def _set_limits(self, data):
        if self.vmin is None or self.vmax is None:
            self.autoscale_None(data)

    def renewed(self):
        """The same scale without limits determined from data."""
        new = copy.deepcopy(self)
        for name, value in new._found.items():
            if getattr(new, name) == value:
                setattr(new, name, None)
        new._found = {}
        return new


class DifferenceNorm(CoronaNorm):
    """
    A linear colour scale that is symmetric about zero.

    Parameters
    ----------
    percentile : `float`
        Percentile of the absolute values for the last colour.
    is_default : `bool`
        See `CoronaNorm`.
    """

    def __init__(self, percentile, *, is_default=False):
        super().__init__((100.0 - percentile, percentile), LinearStretch(), is_default=is_default)

    def _limits_of(self, valid):
        limit = np.percentile(np.abs(valid), self.percentiles[1])
        return -limit, limit


def difference_colours():
    """
    Colour map of differences, in which middle grey means no change.

    Returns
    -------
    `~matplotlib.colors.Colormap`
        ``gray``; a copy.
    """
    return mpl.colormaps["gray"].with_extremes(bad=NO_SKY)


def corona_colours(detector):
    """
    Colour map of a camera, in which masked pixels are grey.

    Parameters
    ----------
    detector : `str`
        ``"C2"`` or ``"C3"``.

    Returns
    -------
    `~matplotlib.colors.Colormap`
        ``soholasco2`` or ``soholasco3``; a copy.
    """
    return mpl.colormaps[f"soholasco{detector[1]}"].with_extremes(bad=NO_SKY)


def add_colorbar(figure, unit):
    """
    Add a colour bar with the unit beside it to a figure with one pair of axes, so that no label covers another.

    Parameters
    ----------
    figure : `~matplotlib.figure.Figure`
    unit : `~astropy.units.Unit` or None
    """
    axes = figure.axes[0]
    figure.set_layout_engine("constrained")
    mappable = (*axes.images, *axes.collections)[0]
    bar = figure.colorbar(mappable, ax=axes, pad=0.03)
    bar.ax.yaxis.set_offset_position("left")
    if unit is not None:
        bar.set_label(str(unit))
