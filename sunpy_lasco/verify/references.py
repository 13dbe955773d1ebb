"""
Reference values: headers of official level 1, and values computed by hand.
"""

import csv
import json
from functools import lru_cache
from pathlib import Path

import numpy as np

from astropy.time import Time

__all__ = ["ASSET_VERSIONS", "FACTORS", "BIASES", "DISTORTIONS", "HORIZONS", "MAGNITUDES", "official_headers"]

#: Cards of the headers of 54 level-1 frames of C2 of 2010 and 2011, one of 2009 and one of C3 of 2002.
OFFICIAL = Path(__file__).parent / "data" / "official_headers.csv"

_BY_HAND = json.loads((Path(__file__).parent / "data" / "by_hand.json").read_text(encoding="utf-8"))
#: Calibration factors, MSB / (DN / s), by camera, filter, polariser and MJD: SolarSoft's ``c2_calfactor`` 1.9 and
#: ``c3_calfactor`` 1.17 evaluated by hand.
FACTORS = {tuple(row[:4]): row[4] for row in _BY_HAND["factors"]}

#: Biases of a single read-out, DN, by camera and MJD: ``offset_bias`` 1.39 evaluated by hand.
BIASES = {camera: dict(rows) for camera, rows in _BY_HAND["biases"].items()}

#: Where ``c2_warp`` and ``c3_warp`` look for pixels of the corrected image in the raw one, by camera: MJD, then rows of
#: x, y there and x, y here, full-frame pixel from 0; without the triangles.
DISTORTIONS = {camera: (one["mjd"], one["places"]) for camera, one in _BY_HAND["distortions"].items()}

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
