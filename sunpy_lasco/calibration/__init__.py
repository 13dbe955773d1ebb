"""
From level 0.5 to level 1.

`calibrate` does it in one call; every step is a function of its own, from map to
map, in the order in which the light went the other way:

1. counts: `unwrap`, `pad_to_full_frame`, `mark_missing`, `subtract_bias`,
   `correct_response` (if asked for), `estimate_noise`, `normalize_exposure`;
2. brightness: `apply_calibration_factor`, `correct_vignetting`,
   `subtract_stray_light`;
3. geometry: `correct_distortion`, `apply_mask`, `rectify`;
4. header: `update_pointing`, `correct_time`, `update_observer`, `finish_header`, with
   what tables know: `find_pointing`, `clock_offset`, `observer_position`.
"""

from sunpy_lasco.calibration.brightness import apply_calibration_factor, correct_vignetting, subtract_stray_light
from sunpy_lasco.calibration.counts import normalize_exposure, subtract_bias
from sunpy_lasco.calibration.flat_field import correct_response
from sunpy_lasco.calibration.geometry import correct_distortion, rectify
from sunpy_lasco.calibration.level1_header import finish_header
from sunpy_lasco.calibration.lookups import clock_offset, exposure_factor, mdi_roll, observer_position
from sunpy_lasco.calibration.masking import apply_mask
from sunpy_lasco.calibration.noise import estimate_noise
from sunpy_lasco.calibration.pipeline import calibrate
from sunpy_lasco.calibration.pointing import correct_time, update_observer, update_pointing
from sunpy_lasco.calibration.pointing_sources import POINTING_SOURCES, find_pointing, pointing_from
from sunpy_lasco.calibration.raw_frame import mark_missing, pad_to_full_frame, unwrap
from sunpy_lasco.calibration.solarsoft import write_solarsoft
from sunpy_lasco.calibration.storage import read_level1, write_level1
from sunpy_lasco.calibration.uncertainty import RegionSum, region_sum, systematic_uncertainty
from sunpy_lasco.calibration.widening import widen_for_estimates

__all__ = [
    "POINTING_SOURCES",
    "RegionSum",
    "apply_calibration_factor",
    "apply_mask",
    "calibrate",
    "clock_offset",
    "correct_distortion",
    "correct_response",
    "correct_time",
    "correct_vignetting",
    "estimate_noise",
    "exposure_factor",
    "find_pointing",
    "finish_header",
    "mark_missing",
    "mdi_roll",
    "normalize_exposure",
    "observer_position",
    "pad_to_full_frame",
    "pointing_from",
    "read_level1",
    "rectify",
    "region_sum",
    "subtract_bias",
    "subtract_stray_light",
    "systematic_uncertainty",
    "unwrap",
    "update_observer",
    "update_pointing",
    "widen_for_estimates",
    "write_level1",
    "write_solarsoft",
]
