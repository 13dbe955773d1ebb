"""
Operations applied to a map, so that no result is mistaken for an exposure.

Operations on a map record their names in the card EDITED, in the order in which they were applied:
``'difference'``, ``'scaled, rotate'``. A map without the card is an exposure as read or calibrated, or a part
of one (``submap``). There are two kinds:

* After those in `VALUES` the map no longer holds the counts or the brightness of one exposure. Calibration,
  repair and level-1 files refuse such maps (`require_exposure`).
* Those in `GRID` move light between pixels. Brightness remains brightness, but the pixels are no longer those
  of the detector. Counts cannot be calibrated any more (`require_exposure`), and functions that trace pixels
  back to the detector refuse the map (`require_grid`).

A function that makes a new kind of result from maps records it with `changed`; nothing else is needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sunpy_lasco.errors import NotCalibratableError
from sunpy_lasco.instrument.headers import header_level

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from sunpy.util import MetaDict

__all__ = ["GRID", "VALUES", "changed", "changes_of", "require_exposure", "require_grid", "without_statistics"]

#: Card with the names of the operations.
CARD = "edited"
#: Operations that change the meaning of the values.
VALUES = frozenset(
    {"difference", "sum", "scaled", "inverse", "power", "negative", "filtered", "display", "background", "polarized"}
)
#: Operations that mix the light of pixels.
GRID = frozenset({"rotate", "resample", "superpixel", "reproject"})
#: Stems of the cards that hold statistics of the pixels.
STATISTICS = ("datamin", "datamax", "dataavg", "datasig", "datazer", "datasat", "datap", "dsat", "nsat")


def changes_of(meta: Mapping[str, Any]) -> tuple[str, ...]:
    """
    Operations on an image since it was read or calibrated.

    Parameters
    ----------
    meta : mapping
        Header, with lower-case or case-insensitive keys.

    Returns
    -------
    `tuple` of `str`
        Names of operations, members of `VALUES` or `GRID`, in order; empty for an exposure.
    """
    return tuple(name.strip() for name in str(meta.get(CARD) or "").split(",") if name.strip())


def without_statistics(meta):
    """A copy of a header without the statistics of the pixels."""
    new = meta.copy()
    for card in list(new):
        if str(card).lower().startswith(STATISTICS):
            del new[card]
    return new


def changed(meta: MetaDict, name: str) -> MetaDict:
    """
    Header of the result of an operation.

    Parameters
    ----------
    meta : `~sunpy.util.MetaDict`
        Header of the image; it does not change.
    name : `str`
        The operation, a member of `VALUES` or `GRID`.

    Returns
    -------
    `~sunpy.util.MetaDict`
        With the operation in EDITED, and without the statistics of the old pixels, which identify unchanged
        images.
    """
    if name not in VALUES | GRID:
        msg = f"{name!r} is not an operation that the header can record."
        raise ValueError(msg)
    new = without_statistics(meta)
    before = changes_of(meta)
    new[CARD] = ", ".join(before if before[-1:] == (name,) else (*before, name))
    return new


def require_exposure(smap: Any, doing: str) -> None:
    """
    Reject maps that are no longer the counts or the brightness of one exposure.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
    doing : `str`
        The intended use of the map, such as ``"calibrated"``.

    Raises
    ------
    sunpy_lasco.errors.NotCalibratableError
        If the values were changed; for counts, also if they were moved between pixels.
    """
    refused = VALUES | GRID if header_level(smap.meta) == 0.5 else VALUES
    _refuse(smap, refused, f"it is not the image of one exposure and cannot be {doing}")


def require_grid(smap: Any, doing: str) -> None:
    """
    Reject maps whose pixels are no longer those of the detector.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
    doing : `str`
        The intended use of the map, such as ``"summed"``.

    Raises
    ------
    sunpy_lasco.errors.NotCalibratableError
        If it was changed in any way.
    """
    _refuse(smap, VALUES | GRID, f"its pixels are not those of the exposure, and it cannot be {doing}")


def _refuse(smap, refused, consequence):
    changes = changes_of(smap.meta)
    # An unknown name was written by a later version and means a change, too.
    if any(name in refused or name not in VALUES | GRID for name in changes):
        msg = (
            f"{smap.meta.get('filename') or 'The map'} was changed (EDITED = {', '.join(changes)!r}): {consequence}. "
            "Use the map before this change."
        )
        raise NotCalibratableError(msg)
