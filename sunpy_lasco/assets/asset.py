"""
What an asset is, and the errors when there is none.
"""

from dataclasses import dataclass, field

import numpy as np

from sunpy_lasco.assets.names import MIRRORS, entry
from sunpy_lasco.errors import AssetError, MissingAssetError

__all__ = ["AbsentAssetError", "Asset", "missing"]


class AbsentAssetError(MissingAssetError):
    """The archive has been asked and has no such file: there is none for that day."""


@dataclass(frozen=True, eq=False)
class Asset:
    """
    A calibration image.

    Notes
    -----
    The 1-sigma systematic error of ``data`` is
    ``hypot(sigma * data, offset_sigma)``.  Nothing is stated for the published
    images, whose errors are not documented.
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
    #: Relative systematic error, 1 sigma: a number, an array like ``data``, or None (not stated).
    sigma: float | np.ndarray | None = None
    #: Systematic error to be added in quadrature, 1 sigma, in the unit of ``data``.
    offset_sigma: float = 0.0


def missing(name, places, reason=None, mirrors=MIRRORS):
    """
    The error that says what is missing, where it is published and how to supply it.

    Parameters
    ----------
    name : `str`
        Name of the asset.
    places : sequence of `str`
        Where it was looked for.
    reason : `Exception` or `str`, optional
        Why the last place did not have it.
    mirrors : mapping
        Servers by archive.

    Returns
    -------
    `~sunpy_lasco.errors.MissingAssetError`
    """
    try:
        item = entry(name)
    except AssetError:
        return MissingAssetError(f"{name} was looked for in {', '.join(places)} and was not found.")
    urls = " and ".join(item.urls(mirrors)[:2])
    detail = getattr(reason, "detail", reason if isinstance(reason, str) else None)
    because = f" ({detail})" if detail else ""
    msg = (
        f"{name} ({item.content}) is not in {', '.join(places) or 'any place'}{because}. "
        f"It is published at {urls} . "
        "Give the directory that holds it as assets=..., in the configuration, in the environment variable "
        "LASCO_DATA, or in SSW as the root of a SolarSoft tree; or fetch it with `sunpy-lasco assets fetch`; "
        'or choose the approximate built-in images with assets="estimate".'
    )
    error = MissingAssetError(msg)
    error.detail = detail
    return error
