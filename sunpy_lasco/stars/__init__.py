"""
Stars and planets as the standard: where they fall on an image, and what that says of its pointing.

`predict` tells where they should be, `find_centroids` where they are, `solve` what Sun centre
and roll follow.
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
