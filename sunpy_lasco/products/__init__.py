"""
What is made of calibrated images: sequences, differences, backgrounds, masses.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["exposure", "medians", "places", "thomson"],
    submod_attrs={
        "differences": ["base_difference", "percent_difference", "running_difference"],
        "sequence": ["Sequence"],
    },
)
