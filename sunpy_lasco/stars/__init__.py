"""
Stars and planets: their positions in an image, and the pointing that follows from them.

`predict` computes where they should be, `find_centroids` measures where they are, and `solve` determines Sun
centre and roll.
"""

import lazy_loader

__getattr__, __dir__, _ = lazy_loader.attach_stub(__name__, __file__)
__all__ = [
    "StarFlag",
    "StarPhotometry",
    "StarSolution",
    "find_centroids",
    "fit_photometry",
    "packaged_history",
    "plot",
    "pointing_at",
    "pointing_history",
    "predict",
    "read_catalogue",
    "roll_at",
    "solve",
    "star_fluxes",
]
