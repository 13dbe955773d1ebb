"""Types of the options of `sunpy_lasco.calibrate`, which ``.ci/check_types.py`` makes of `Level1Options`."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np

    import astropy.units as u
    from astropy.coordinates import BaseCoordinateFrame, SkyCoord
    from astropy.table import QTable

    from sunpy_lasco.annotations import PathLike
    from sunpy_lasco.assets.sources import AssetsLike
    from sunpy_lasco.map.sources import CoronagraphMap

__all__ = ["OptionTypes"]


class OptionTypes(TypedDict, total=False):
    """The options by name, all of them optional."""

    assets: AssetsLike
    inpaint: str | bool | None
    context: Iterable[CoronagraphMap] | str | None
    distortion: str | None
    north_up: bool | None
    sun_pixel: u.Quantity | None
    geometry: str
    photometry: str
    bias: str | u.Quantity
    factor: float | None
    centre: u.Quantity | None
    roll: u.Quantity | None
    pointing: PathLike | QTable | None
    time_offset: u.Quantity | None
    observer: SkyCoord | BaseCoordinateFrame | None
    flat_field: bool | np.ndarray
    linearity: bool
    vignetting: bool
    stray_light: object
    mask: bool
    pad: bool
    on_bad: str
    solarsoft: bool
