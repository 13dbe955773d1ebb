"""
Stars and planets in images, and the pointing derived from them.

`predict` computes their positions, `find_centroids` measures them, and `solve` determines Sun centre and
roll.
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
