"""
Sources of Sun centre and roll, one function for each, best first.

1. ``tables``: values fitted to stars by the instrument team; final.
2. ``header``: values in level-0.5 files made since 2010-11-08, from the attitude of SOHO; interim.
3. ``attitude``: table of the nominal roll of SOHO, and the default Sun centre; interim.
4. ``nominal``: the same with the roll from header and calendar; interim.
"""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from sunpy import log

from sunpy_lasco.assets.choice import resolve
from sunpy_lasco.assets.files import file_stamp
from sunpy_lasco.assets.names import LAST_POINTING_DAYS, NOMINAL_ROLL, POINTING_TABLES, pointing_table_name
from sunpy_lasco.assets.plausible import check_pointing
from sunpy_lasco.assets.tables import parse_nominal_roll, read_last_pointing_days, read_pointing
from sunpy_lasco.errors import LascoUserWarning, MissingAssetError
from sunpy_lasco.geometry.pointing import header_pointing, header_roll, is_placeholder, nominal_pointing
from sunpy_lasco.geometry.pointing_tables import attitude_pointing, table_pointing
from sunpy_lasco.geometry.rolls import is_flipped
from sunpy_lasco.map.edit import frame_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from astropy.time import Time

    from sunpy_lasco.assets.sources import AssetsLike
    from sunpy_lasco.geometry.pointing import Pointing
    from sunpy_lasco.map.sources import CoronagraphMap

__all__ = ["POINTING_SOURCES", "find_pointing", "pointing_from"]


@lru_cache(maxsize=len(POINTING_TABLES) * 2)
def _table(path, name, stamp):
    table = read_pointing(path)
    check_pointing(name, table, path)
    return table


def _from_tables(meta, frame, time, assets):
    name = pointing_table_name(frame.camera.name, time)
    try:
        path = assets.path(name)
        table = _table(path, name, file_stamp(path))
    except MissingAssetError as error:
        log.debug("No pointing table: %s", error)
        return None
    last_day = None
    if name == POINTING_TABLES[frame.camera.name][1]:
        try:
            last_day = read_last_pointing_days(assets.path(LAST_POINTING_DAYS))[frame.camera.name]
        except MissingAssetError as error:
            log.debug("The pointing table ends with its last row: %s", error)
            last_day = int(np.floor(table["mjd"][-1]))
    return table_pointing(table, time, name=name, last_day=last_day, flipped=_stated_flip(meta, frame))


def _from_header(meta, frame, time, assets):
    found = header_pointing(meta, frame)
    return found if found.roll_source == "level-0.5 header" else None


def _from_attitude(meta, frame, time, assets):
    try:
        text, _ = assets.text(NOMINAL_ROLL)
    except MissingAssetError as error:
        log.debug("No table of the nominal roll: %s", error)
        return None
    return attitude_pointing(
        parse_nominal_roll(text),
        frame,
        header_pointing(meta, frame),
        name=NOMINAL_ROLL,
        flipped=_stated_flip(meta, frame),
    )


def _from_rules(meta, frame, time, assets):
    found = header_pointing(meta, frame)
    if found.roll_source == "level-0.5 header":
        # Only reached in comparisons, since the header precedes it.
        return nominal_pointing(frame, flipped=is_flipped(found.roll))
    return found


#: The sources, best first.
POINTING_SOURCES = {
    "tables": _from_tables,
    "header": _from_header,
    "attitude": _from_attitude,
    "nominal": _from_rules,
}


def _stated_flip(meta, frame):
    """Whether SOHO was upside down according to a header; None if the header does not tell."""
    stated = header_roll(meta)
    return None if stated is None or is_placeholder(meta, frame) else is_flipped(stated)


def pointing_from(
    source: str, smap: CoronagraphMap, *, assets: AssetsLike = None, time: Time | None = None
) -> Pointing | None:
    """
    Sun centre and roll of a level-0.5 map from one source.

    Parameters
    ----------
    source : `str`
        A key of `POINTING_SOURCES`.
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 0.5, neither padded nor cut nor turned.
    assets : optional
        Source of the tables, see `sunpy_lasco.calibrate`.
    time : `~astropy.time.Time`, optional
        Start of the exposure by the corrected clock; by default that of the uncorrected clock.

    Returns
    -------
    `~sunpy_lasco.geometry.pointing.Pointing` or None
        None if the source does not cover that time.

    Raises
    ------
    ValueError
        If there is no such source.
    """
    if source not in POINTING_SOURCES:
        msg = f"{source!r} is not a source of the pointing; known are {', '.join(POINTING_SOURCES)}."
        raise ValueError(msg)
    frame = frame_of(smap)
    return POINTING_SOURCES[source](smap.meta, frame, frame.start if time is None else time, resolve(assets))


def find_pointing(
    smap: CoronagraphMap,
    *,
    assets: AssetsLike = None,
    time: Time | None = None,
    sources: Collection[str] = tuple(POINTING_SOURCES),
) -> Pointing:
    """
    Sun centre and roll of a level-0.5 map from the best available source.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 0.5, neither padded nor cut nor turned.
    assets : optional
        Source of the tables, see `sunpy_lasco.calibrate`.
    time : `~astropy.time.Time`, optional
        Start of the exposure by the corrected clock; by default that of the uncorrected clock.
    sources : sequence of `str`
        Sources to try, in this order.

    Returns
    -------
    `~sunpy_lasco.geometry.pointing.Pointing`

    Raises
    ------
    ValueError
        If no source provides them.

    Notes
    -----
    SolarSoft ``get_sun_center``, ``get_crota``. A warning is given if a table and the header disagree about
    which side was up.
    """
    for source in sources:
        found = pointing_from(source, smap, assets=assets, time=time)
        if found is None:
            continue
        if found.note and source in ("tables", "attitude"):
            warnings.warn(f"{smap.meta.get('filename', 'The image')}: {found.note}", LascoUserWarning, stacklevel=2)
        return found
    msg = f"{smap.meta.get('filename', 'The image')}: none of the sources {', '.join(sources)} provides the pointing."
    raise ValueError(msg)
