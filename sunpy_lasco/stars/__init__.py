"""
Stars and planets: their positions in an image, and the pointing that follows from them.

`predict` computes where they should be, `find_centroids` measures where they are, and `solve` determines Sun
centre and roll.
"""

import lazy_loader

__getattr__, __dir__, _ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "catalogue": ["StarFlag", "read_catalogue"],
        "centroids": ["find_centroids"],
        "prediction": ["plot", "predict"],
        "history": ["packaged_history", "pointing_at", "pointing_history", "roll_at"],
        "photometry": ["StarPhotometry", "fit_photometry", "star_fluxes"],
        "solution": ["StarSolution", "solve"],
    },
)
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
