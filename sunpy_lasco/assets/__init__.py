"""
Calibration images and tables: names, sources, reading.

`resolve` returns the source for the option ``assets``; `AssetSource.image` and `AssetSource.text` read from
it.
"""

from sunpy_lasco.assets.asset import AbsentAssetError, Asset
from sunpy_lasco.assets.choice import fetch, resolve
from sunpy_lasco.assets.estimate import EstimateSource
from sunpy_lasco.assets.names import (
    C2_TIME_OFFSETS,
    C2_VIGNETTING,
    C3_BACKGROUND,
    C3_MASK,
    C3_OCCULTER_CENTRES,
    C3_RAMP,
    C3_VIGNETTING_POST,
    C3_VIGNETTING_PRE,
    LAST_POINTING_DAYS,
    NOMINAL_ROLL,
    POINTING_TABLES,
    c3_vignetting_name,
    exposure_factor_name,
    pointing_table_name,
)
from sunpy_lasco.assets.remote import ChangedAssetError, RemoteSource
from sunpy_lasco.assets.sources import AssetSource, ChainSource, DirectorySource

__all__ = [
    "C2_TIME_OFFSETS",
    "C2_VIGNETTING",
    "C3_BACKGROUND",
    "C3_MASK",
    "C3_OCCULTER_CENTRES",
    "C3_RAMP",
    "C3_VIGNETTING_POST",
    "C3_VIGNETTING_PRE",
    "LAST_POINTING_DAYS",
    "NOMINAL_ROLL",
    "POINTING_TABLES",
    "AbsentAssetError",
    "Asset",
    "AssetSource",
    "ChainSource",
    "ChangedAssetError",
    "DirectorySource",
    "EstimateSource",
    "RemoteSource",
    "c3_vignetting_name",
    "exposure_factor_name",
    "fetch",
    "pointing_table_name",
    "resolve",
]
