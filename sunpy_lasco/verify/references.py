"""
What others published, and is held against our numbers: headers of official level 1, and values worked out by hand.
"""

import csv
from functools import lru_cache
from pathlib import Path

import numpy as np

from astropy.time import Time

__all__ = ["ASSET_VERSIONS", "FACTORS", "BIASES", "DISTORTIONS", "HORIZONS", "MAGNITUDES", "official_headers"]

#: Cards of the headers of 54 level-1 frames of C2 of 2010 and 2011, one of 2009 and one of C3 of 2002.
OFFICIAL = Path(__file__).parent / "data" / "official_headers.csv"

#: Calibration factors, MSB / (DN / s), by camera, filter, polariser and MJD: SolarSoft's ``c2_calfactor`` 1.9 and
#: ``c3_calfactor`` 1.17 worked out by hand.
FACTORS = {
    ("C2", "ORANGE", "CLEAR", 54890): 6.268312067e-12,
    ("C2", "ORANGE", "CLEAR", 50083): 6.0469963449e-12,
    ("C2", "ORANGE", "CLEAR", 60310): 6.517850493e-12,
    ("C2", "ORANGE", "+60DEG", 54890): 2.481910067706684e-11,
    ("C2", "BLUE", "0DEG", 54890): 4.090117199873298e-11,
    ("C2", "DEEPRD", "CLEAR", 54890): 1.033e-11,
    ("C2", "HALPHA", "CLEAR", 54890): 1.055e-12,
    ("C3", "CLEAR", "CLEAR", 50000): 5.96e-13,
    ("C3", "CLEAR", "CLEAR", 52940): 6.178442e-13,
    ("C3", "CLEAR", "CLEAR", 60310): 6.726033e-13,
    ("C3", "CLEAR", "0DEG", 51000): 2.3491145707950585e-12,
    ("C3", "CLEAR", "-60DEG", 51000): 2.4454015085524232e-12,
    ("C3", "CLEAR", "+60DEG", 51000): 2.389254038644283e-12,
    ("C3", "CLEAR", "H_ALPHA", 51000): 1.541e-10,
    ("C3", "ORANGE", "-60DEG", 51000): 1.2697996515679445e-11,
    ("C3", "IR", "0DEG", 51000): 3.453385730123535e-11,
    ("C3", "BLUE", "CLEAR", 51000): 9.75e-12,
    ("C3", "DEEPRD", "CLEAR", 51000): 2.59e-12,
}

#: Biases of a single read-out, DN, by camera and MJD: ``offset_bias`` 1.39 worked out by hand.
BIASES = {
    "C2": {50083: 471.488435, 51058: 547.709223, 52940: 599.089592, 54890: 618.656278, 58570: 636.275540},
    "C3": {
        50083: 322.351232,
        51000: 345.943963,
        52415: 379.209146,
        52940: 383.984586,
        54890: 396.568428,
        56360: 406.010090,
        57023: 408.494219,
        60310: 415.958107,
    },
}

#: Where ``c2_warp`` and ``c3_warp`` look for pixels of the corrected image in the raw one, by camera: MJD, then rows of
#: x, y there and x, y here, full-frame pixel from 0; without the triangles.
DISTORTIONS = {
    "C2": (
        54890,
        (
            (0, 0, 8.759359, 8.633924),
            (1023, 1023, 1014.111974, 1013.984131),
            (912.634, 505.293, 911.453517, 505.293),
            (100, 900, 104.203507, 895.979115),
            (512.634, 1005.293, 512.634, 1001.783517),
        ),
    ),
    "C3": (51837, ((100, 900, 96.911099, 902.735935), (900, 200, 901.368697, 198.818338))),
}

#: SOHO by Horizons, never fitted (documentation of sunpy): time; heliographic longitude and latitude, degree,
#: distance, au.
HORIZONS = ("2004-05-06T11:22:33", 0.25234902, -3.55863633, 0.99923086)

#: Magnitude of a star that gives 1 DN / s, by camera and filter (published zero points, V of solar colour).
MAGNITUDES = {
    ("C2", "ORANGE"): 11.867,
    ("C3", "BLUE"): 8.246,
    ("C3", "ORANGE"): 9.472,
    ("C3", "CLEAR"): 11.160,
    ("C3", "DEEPRD"): 9.546,
    ("C3", "IR"): 8.217,
}

#: Dates of the calibration images that official level 1 names in HISTORY.
ASSET_VERSIONS = {
    "c2vig_final.fts": "2005-09-20",
    "c3vig_postint_final.fts": "2005-08-08",
    "c3_cl_mask_lvl1.fts": "2005-08-08",
    "C3ramp.fts": "1999-03-18",
}


@lru_cache(maxsize=1)
def official_headers():
    """
    Cards of official level-1 headers.

    Returns
    -------
    `tuple` of `dict`
        Numbers as `float`; beside the columns of the file ``mjd``, the day of the original date.
    """
    with OFFICIAL.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    texts = {"filename", "detector", "filter", "polar", "date_original"}
    days = np.floor(Time([row["date_original"] for row in rows]).mjd).astype(int)
    return tuple(
        {name: text if name in texts else float(text) for name, text in row.items()}
        | {"mjd": int(day), "factor_text": row["factor"]}
        for row, day in zip(rows, days, strict=True)
    )
