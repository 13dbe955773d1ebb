"""
Results of a network on held-back dates, by kind of hole.

They can be read without torch, so that torch is imported only if the network is the best method for a hole.
"""

import json
from functools import lru_cache
from importlib import resources

import numpy as np
from safetensors import SafetensorError, safe_open

from sunpy_lasco.errors import AssetError
from sunpy_lasco.instrument.cameras import CAMERAS
from sunpy_lasco.repair.neighbours import nearest_neighbours
from sunpy_lasco.repair.uncertainty import hole_setting

__all__ = [
    "KEYS",
    "SHOWN_SHARE",
    "STRATA",
    "is_better",
    "is_shown",
    "key_of",
    "packaged_file",
    "packaged_records",
    "record_of",
    "stratum",
]

#: As of `sunpy_lasco.repair.uncertainty.SETTINGS`, with borders at the occulter apart.
STRATA = ("single", "few", "many", "occulter", "border", "edge")
#: A hole whose nearest pixel lies within this many occulter radii of its centre is at the occulter.
OCCULTER_REACH = 1.3


def stratum(crop):
    """Kind of the hole of a crop, one of `STRATA`."""
    found = hole_setting(crop)
    if found == "border":
        away = np.hypot(crop.x - crop.occulter[0], crop.y - crop.occulter[1])[crop.hole].min()
        if away < OCCULTER_REACH * CAMERAS[crop.camera].occulter_radius:
            return "occulter"
    return found


#: Records are kept apart for frames with summed pixels, and for holes with exposures before or after.
KEYS = ("alone", "neighbours", "alone, summed", "neighbours, summed")
#: Exposures before and after are used for a hole if they show more than this fraction of it.
SHOWN_SHARE = 0.5
#: What is taken where nothing is known.
USUAL = {"weight": 1.0, "sigma": 1.0, "better": False}


def packaged_file(camera):
    """Path of the weights of the package for a camera."""
    return resources.files("sunpy_lasco.network").joinpath("data", f"network_{camera.lower()}.safetensors")


@lru_cache(maxsize=2)
def packaged_records(camera):
    """
    Records, as in `sunpy_lasco.network.weights.Trained`, of the packaged network; empty if there is none.
    `AssetError` is raised if a file cannot be read.
    """
    place = packaged_file(camera)
    return _records_in(place) if place.is_file() else {}


def _records_in(place):
    with resources.as_file(place) as path:
        try:
            with safe_open(path, framework="np") as file:
                return json.loads(file.metadata()["records"])
        except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
            msg = f"{path} cannot be read as a file of weights: {error}. Install the package again."
            raise AssetError(msg) from error


def key_of(crop, *, neighbours):
    """Name of the record, one of `KEYS`, for a hole that exposures before or after show, or do not."""
    return KEYS[int(neighbours) + 2 * int(max(crop.binning) > 1)]


def record_of(crop, records, *, neighbours):
    """
    Entry of the records for a kind of hole; the records are dictionaries by `KEYS` and `STRATA`.

    ``"weight"`` of the correction, factor of ``"sigma"``, and whether the network is ``"better"`` than
    all other methods there.
    """
    return USUAL | records.get(key_of(crop, neighbours=neighbours), {}).get(stratum(crop), {})


def is_shown(crop):
    """Whether an exposure before or after shows most of a hole."""
    return any(
        one is not None and np.isfinite(one.z[crop.hole]).mean() > SHOWN_SHARE for one in nearest_neighbours(crop)
    )


def is_better(crop, records, *, neighbours=True):
    """Whether a network is the best method for a hole according to its records, as from `record_of`."""
    return bool(record_of(crop, records, neighbours=neighbours and is_shown(crop))["better"])
