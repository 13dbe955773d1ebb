"""
SOHO/LASCO images, calibrated.

Importing the package lets `sunpy.map.Map` recognise images of the coronagraphs C2
and C3, and Fido find them (`LASCOClient`, attrs as ``a.lasco``).
"""

from sunpy_lasco.calibration import (
    calibrate,
    read_level1,
    region_sum,
    systematic_uncertainty,
    update_observer,
    update_pointing,
    write_level1,
    write_solarsoft,
)
from sunpy_lasco.inpainting import find_missing_blocks, inpaint, missing_block_mask
from sunpy_lasco.map import LASCOC2Map, LASCOC3Map, flags
from sunpy_lasco.net import LASCOClient
from sunpy_lasco.pixel_flags import PixelFlag
from sunpy_lasco.units import MSB, mean_solar_brightness
from sunpy_lasco.version import version as __version__

__all__ = [
    "LASCOC2Map",
    "LASCOC3Map",
    "LASCOClient",
    "MSB",
    "PixelFlag",
    "__version__",
    "calibrate",
    "find_missing_blocks",
    "flags",
    "inpaint",
    "mean_solar_brightness",
    "missing_block_mask",
    "read_level1",
    "region_sum",
    "systematic_uncertainty",
    "update_observer",
    "update_pointing",
    "write_level1",
    "write_solarsoft",
]
