"""
Uncertainty of a map as an array.
"""

import numpy as np

from astropy.nddata import StdDevUncertainty, UnknownUncertainty

__all__ = ["sigma_of"]


def sigma_of(smap):
    """The 1-sigma uncertainty of a map as an array, (ny, nx), in its unit; None if it has none."""
    uncertainty = smap.uncertainty
    if uncertainty is None or isinstance(uncertainty, UnknownUncertainty):
        return None
    return np.asarray(uncertainty.represent_as(StdDevUncertainty).array)
