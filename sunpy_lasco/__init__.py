"""
Calibration and analysis of SOHO/LASCO images.

After this package has been imported, `sunpy.map.Map` recognises images of the coronagraphs C2 and C3, and
Fido finds them (`LASCOClient`, attrs in ``a.lasco``). sunpy's own packages can be imported before or after
it.
"""

import lazy_loader

from sunpy_lasco.registration import import_with_sunpy
from sunpy_lasco.units import MSB, mean_solar_brightness
from sunpy_lasco.version import version as __version__

__getattr__, __dir__, _ = lazy_loader.attach_stub(__name__, __file__)
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
