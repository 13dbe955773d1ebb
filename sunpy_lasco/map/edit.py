"""
A new map from an old one: the way in which all operations make their results.
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
        New header; by default that of ``smap``.  It is copied, as sunpy copies headers.
    uncertainty : `astropy.nddata.NDUncertainty`, `numpy.ndarray` or None
        New 1-sigma uncertainty; None for none.  By default a copy of what ``smap`` has.
    flags : `numpy.ndarray` or None
        New flags, bits of `sunpy_lasco.pixel_flags.PixelFlag`, shape (ny, nx); None for
        none.  By default a copy of what is attached to ``smap``.
    light_path : `sunpy_lasco.instrument.light_path.LightPath` or None
        What the calibration did to the light, which does not change with the pixels.  By
        default that of ``smap``.

    Returns
    -------
    `sunpy_lasco.map.LASCOC2Map` or `sunpy_lasco.map.LASCOC3Map`
        With the plot settings and the attached mask of ``smap``; limits of the
        colour scale that were found from the old data are found anew.

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
            msg = f"The {name} has the shape {shape}, the data have {data.shape}: give new {name} with new data."
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
    The `~sunpy_lasco.instrument.frame.Frame` of a map; `~sunpy_lasco.errors.NotCalibratableError` if it
    is not the image of one exposure, but a difference and so on.
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
    A new map of the same class, with cards (None removes one) and lines of HISTORY that say what was
    done.

    ``data``, ``uncertainty`` and ``flags`` are as for `replace`.
    `~sunpy_lasco.errors.NotCalibratableError` if the map is not the image of one exposure, but a
    difference, a multiple and so on.
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
    Refuse, with `~sunpy_lasco.errors.NotCalibratableError`, a map to which an earlier step, known by
    the card that it leaves, was not applied.
    """
    if card not in smap.meta:
        msg = f"{smap.meta.get('filename', 'The map')} lacks the card {card.upper()}: apply {step} first."
        raise NotCalibratableError(msg)


def require_not(smap, card, step):
    """
    Refuse, with `~sunpy_lasco.errors.NotCalibratableError`, a map to which a step, known by the card
    that it leaves, was applied already.
    """
    if card in smap.meta:
        msg = f"{smap.meta.get('filename', 'The map')} has the card {card.upper()}: {step} was applied already."
        raise NotCalibratableError(msg)
