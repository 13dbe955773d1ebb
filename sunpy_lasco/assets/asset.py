"""
Calibration images as objects, and errors for missing ones.
"""

from dataclasses import dataclass, field

import numpy as np

from sunpy_lasco.assets.names import MIRRORS, entry
from sunpy_lasco.assets.plausible import check_values
from sunpy_lasco.errors import AssetError, MissingAssetError

__all__ = ["AbsentAssetError", "Asset", "missing"]


class AbsentAssetError(MissingAssetError):
    """The archive has no such file: there is none for that day."""


@dataclass(frozen=True, eq=False)
class Asset:
    """
    A calibration image.

    Notes
    -----
    The 1-sigma systematic error of ``data`` is ``hypot(sigma * data, offset_sigma)``. It is not given for the
    published images, whose errors are not documented.
    """

    #: File name.
    name: str
    #: The image, (1024, 1024), native byte order, float32 or, for a mask, uint8; read-only.
    data: np.ndarray | None
    #: Cards of the header by upper-case keyword.
    header: dict = field(default_factory=dict)
    #: Name of the file, or of the model, from which the data come.
    source: str = ""
    #: SHA-256 of that file.
    sha256: str = ""
    #: The image is an estimate and not the published one.
    estimated: bool = False
    #: Relative systematic error, 1 sigma: a number, an array like ``data``, or None (unknown).
    sigma: float | np.ndarray | None = None
    #: Systematic error added in quadrature, 1 sigma, in the unit of ``data``.
    offset_sigma: float = 0.0

    def __post_init__(self):
        # Invalid images from any source are rejected here.
        if self.data is not None:
            check_values(self.name, self.data, self.header, self.source or self.name)


def missing(name, places, reason=None, mirrors=MIRRORS):
    """
    The error for a missing asset: what is missing, where it is published, and how to supply it.

    ``places`` are the places searched, ``reason`` tells why it was not found, and ``mirrors`` holds servers
    by archive.
    """
    where = ", ".join(places) or "any directory: none is named"
    because = f"; {reason}" if reason else ""
    try:
        item = entry(name)
    except AssetError:
        msg = f"{name} is not in {where}{because}."
    else:
        if not item.folders:
            msg = f"{name} ({item.content}) is not in {where}{because}. `sunpy-lasco ephemeris update` makes it."
            return MissingAssetError(msg)
        urls = " and ".join(item.urls(mirrors)[:2])
        built_in = ' Approximate images are included: assets="estimate".' if item.kind in ("image", "mask") else ""
        msg = (
            f"{name} ({item.content}) is not in {where}{because}. It is published at {urls} . "
            "Name its directory in the argument assets, or in SUNPY_LASCO_ASSETS or LASCO_DATA, or the root of a "
            f"SolarSoft tree in SSW; or download it with `sunpy-lasco assets fetch {name}`.{built_in}"
        )
    error = MissingAssetError(msg)
    error.reason, error.mirrors = reason, mirrors
    return error
