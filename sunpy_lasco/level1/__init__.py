"""
Calibration from level 0.5 to level 1.

`calibrate` performs all steps in one call. Each step is also a function that takes a map and returns a map.
In order, they are:

1. counts: `unwrap`, `pad_to_full_frame`, `mark_missing`, `subtract_bias`, `correct_linearity`,
   `correct_response` (optional), `estimate_noise`, `normalize_exposure`;
2. brightness: `apply_calibration_factor`, `correct_vignetting`,
   `subtract_stray_light`;
3. geometry: `correct_distortion`, `apply_mask`, `rectify`;
4. header: `update_pointing`, `correct_time`, `update_observer`, `finish_header`, with values from tables:
   `find_pointing`, `clock_offset`, `observer_position`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
