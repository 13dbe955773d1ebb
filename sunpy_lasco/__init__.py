"""
SOHO/LASCO images, calibrated.

Importing the package lets `sunpy.map.Map` recognise images of the coronagraphs C2
and C3, and Fido find them (`LASCOClient`, attrs as ``a.lasco``), whether sunpy's own
packages are imported before or after it.
"""

import lazy_loader

from sunpy_lasco.registration import import_with_sunpy
from sunpy_lasco.units import MSB, mean_solar_brightness
from sunpy_lasco.version import version as __version__

__getattr__, __dir__, _ = lazy_loader.attach(
    __name__,
    submodules=[
        "assets",
        "bulk",
        "data",
        "geometry",
        "instrument",
        "level1",
        "map",
        "net",
        "products",
        "repair",
        "simulate",
        "stars",
        "verify",
    ],
    submod_attrs={
        "level1": [
            "calibrate",
            "plan",
            "read_level1",
            "region_sum",
            "systematic_uncertainty",
            "uncertainty",
            "update_observer",
            "update_pointing",
            "write_level1",
            "write_solarsoft",
        ],
        "bulk": ["open_recipe", "write_recipe"],
        "repair": ["find_missing_blocks", "inpaint", "missing_block_mask"],
        "map": ["LASCOC2Map", "LASCOC3Map", "fill_for_display", "flags"],
        "net": ["LASCOClient"],
        "pixel_flags": ["PixelFlag"],
    },
)
__all__ = [
    "LASCOC2Map",
    "LASCOC3Map",
    "LASCOClient",
    "MSB",
    "PixelFlag",
    "__version__",
    "calibrate",
    "fill_for_display",
    "find_missing_blocks",
    "flags",
    "inpaint",
    "mean_solar_brightness",
    "missing_block_mask",
    "open_recipe",
    "plan",
    "read_level1",
    "region_sum",
    "systematic_uncertainty",
    "uncertainty",
    "update_observer",
    "update_pointing",
    "write_level1",
    "write_recipe",
    "write_solarsoft",
]

import_with_sunpy({"sunpy.map": "sunpy_lasco.map", "sunpy.net": "sunpy_lasco.net"})
