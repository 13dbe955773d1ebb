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
    if isinstance(uncertainty, StdDevUncertainty):
        # astropy squares it and takes the root: three copies, and rounded.  The result is a copy here, too.
        return np.abs(np.asarray(uncertainty.array))
    return np.asarray(uncertainty.represent_as(StdDevUncertainty).array)
