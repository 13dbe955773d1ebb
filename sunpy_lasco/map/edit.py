"""
Creation of new maps from old ones, used by all operations.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from sunpy.util import MetaDict

from sunpy_lasco.errors import NotCalibratableError
from sunpy_lasco.instrument.changes import require_exposure
from sunpy_lasco.instrument.frame import Frame
from sunpy_lasco.map.draft import Draft

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    import numpy as np

    from astropy.nddata import NDUncertainty

    from sunpy_lasco.instrument.light_path import LightPath
    from sunpy_lasco.map.sources import CoronagraphMap

__all__ = ["add_history", "frame_of", "record", "replace", "require", "require_not"]


def replace(
    smap: CoronagraphMap,
    *,
    data: np.ndarray | None = None,
    meta: Mapping[str, Any] | None = None,
    uncertainty: NDUncertainty | np.ndarray | None = ...,
    flags: np.ndarray | None = ...,
    light_path: LightPath | None = ...,
) -> CoronagraphMap:
    """
    Make a copy of a map with some parts replaced.

    Parameters
    ----------
    smap : `sunpy_lasco.map.LASCOC2Map` or `sunpy_lasco.map.LASCOC3Map`
        The map to begin with; it is not changed.
    data : `numpy.ndarray`, optional
        New data, shape (ny, nx).  By default a copy of those of ``smap``.
    meta : mapping, optional
        New header; by default that of ``smap``. It is copied.
    uncertainty : `astropy.nddata.NDUncertainty`, `numpy.ndarray` or None
        New 1-sigma uncertainty; None for none. By default a copy of that of ``smap``.
    flags : `numpy.ndarray` or None
        New flags, bits of `sunpy_lasco.pixel_flags.PixelFlag`, shape (ny, nx); None for none. By default a
        copy of those attached to ``smap``.
    light_path : `sunpy_lasco.instrument.light_path.LightPath` or None
        Vignetting and stray light that were corrected, which do not depend on the pixels. By default those of
        ``smap``.

    Returns
    -------
    `sunpy_lasco.map.LASCOC2Map` or `sunpy_lasco.map.LASCOC3Map`
        With the plot settings and the attached mask of ``smap``. Limits of the colour scale that were
        determined from the old data are determined again.

    Raises
    ------
    ValueError
        If the shape of the data changes while flags, uncertainty or an attached
        mask of the old shape would be kept.
    """
    if isinstance(smap, Draft):
        return smap.exchanged(data=data, meta=meta, uncertainty=uncertainty, flags=flags, light_path=light_path)
    data = smap.data.copy() if data is None else data
    parts = {
        "mask": copy.copy(getattr(smap, "_mask", None)),
        "uncertainty": copy.deepcopy(smap.uncertainty) if uncertainty is ... else uncertainty,
        "flags": copy.copy(getattr(smap, "_flags", None)) if flags is ... else flags,
    }
    for name, part in parts.items():
        shape = None if part is None else getattr(getattr(part, "array", part), "shape", None)
        if shape is not None and shape != data.shape:
            msg = f"The {name} has the shape {shape}, the data have {data.shape}: pass new {name} with new data."
            raise ValueError(msg)
    return smap._new_instance(
        data,
        MetaDict(smap.meta if meta is None else meta),
        plot_settings=smap.plot_settings,
        light_path=getattr(smap, "_light_path", None) if light_path is ... else light_path,
        **parts,
    )


def frame_of(smap):
    """
    The `~sunpy_lasco.instrument.frame.Frame` of a map; `~sunpy_lasco.errors.NotCalibratableError` is raised
    for maps that are not exposures, such as differences.
    """
    if isinstance(smap, Draft):
        return smap.frame
    require_exposure(smap, "calibrated or repaired")
    return Frame.from_header(smap.meta, smap.data.shape)


def add_history(meta, *lines):
    """Append lines to the HISTORY of a header, in place."""
    before = str(meta.get("history", "") or "").rstrip("\n")
    meta["history"] = "\n".join(([before] if before else []) + list(lines))


def record(smap, *, cards=None, history=(), **new):
    """
    A new map of the same class, with updated cards (None removes one) and additional lines of HISTORY.

    ``data``, ``uncertainty`` and ``flags`` are as for `replace`. `~sunpy_lasco.errors.NotCalibratableError`
    is raised for maps that are not exposures, such as differences and multiples.
    """
    if not isinstance(smap, Draft):
        require_exposure(smap, "calibrated")
    meta = smap.meta.copy()
    for card, value in (cards or {}).items():
        if value is None:
            meta.pop(card, None)
        else:
            meta[card] = value
    add_history(meta, *history)
    return replace(smap, meta=meta, **new)


def require(smap, card, step):
    """
    Raise `~sunpy_lasco.errors.NotCalibratableError` if an earlier step, identified by its card, was not
    applied to a map.
    """
    if card not in smap.meta:
        msg = f"{smap.meta.get('filename', 'The map')} lacks the card {card.upper()}: apply {step} first."
        raise NotCalibratableError(msg)


def require_not(smap, card, step):
    """
    Raise `~sunpy_lasco.errors.NotCalibratableError` if a step, identified by its card, was already applied to
    a map.
    """
    if card in smap.meta:
        msg = f"{smap.meta.get('filename', 'The map')} has the card {card.upper()}: {step} was already applied."
        raise NotCalibratableError(msg)
