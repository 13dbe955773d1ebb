"""
From level 0.5 to level 1.

`calibrate` performs all steps in one call.  Each step is also a function from map to map, in this order:

1. counts: `unwrap`, `pad_to_full_frame`, `mark_missing`, `subtract_bias`, `correct_linearity`,
   `correct_response` (if asked for), `estimate_noise`, `normalize_exposure`;
2. brightness: `apply_calibration_factor`, `correct_vignetting`,
   `subtract_stray_light`;
3. geometry: `correct_distortion`, `apply_mask`, `rectify`;
4. header: `update_pointing`, `correct_time`, `update_observer`, `finish_header`, with the values of
   tables: `find_pointing`, `clock_offset`, `observer_position`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "brightness": ["apply_calibration_factor", "correct_response", "correct_vignetting", "subtract_stray_light"],
        "counts": [
            "correct_linearity",
            "estimate_noise",
            "mark_missing",
            "normalize_exposure",
            "pad_to_full_frame",
            "subtract_bias",
            "unwrap",
        ],
        "error_budget": ["RegionSum", "region_sum", "systematic_uncertainty", "uncertainty"],
        "files": ["read_level1", "write_level1"],
        "header": ["finish_header"],
        "lookups": ["clock_offset", "exposure_factor", "mdi_roll", "observer_position"],
        "notices": ["approximations"],
        "pipeline": ["Plan", "calibrate", "plan"],
        "pointing": ["correct_time", "update_observer", "update_pointing"],
        "pointing_sources": ["POINTING_SOURCES", "find_pointing", "pointing_from"],
        "solarsoft": ["write_solarsoft"],
        "warp": ["apply_mask", "correct_distortion", "rectify"],
    },
)
