"""
Pointing of a map from the stars in it.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING

from sunpy_lasco.errors import LascoUserWarning, OptionError
from sunpy_lasco.geometry.pointing import Pointing
from sunpy_lasco.instrument.cards import frame_name
from sunpy_lasco.instrument.constants import error_of, value_of
from sunpy_lasco.level1.options import checked_option
from sunpy_lasco.level1.pointing import update_pointing
from sunpy_lasco.map.edit import record

if TYPE_CHECKING:
    from typing import Any

    from astropy.table import QTable

    from sunpy_lasco.annotations import PathLike
    from sunpy_lasco.map.sources import AnyCoronagraphMap

__all__ = ["point_by_neighbours", "point_by_stars"]


def point_by_stars(smap: AnyCoronagraphMap, **options: Any) -> AnyCoronagraphMap:
    """
    Set Sun centre and roll of a map from the stars in it.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 0.5 or 1, with its pointing set.
    **options
        Options for `sunpy_lasco.stars.solve`.

    Returns
    -------
    map of the same class
        With STARN and STARRMS (number of stars, and rms residual along an axis, pixel) in addition to the
        cards of `~sunpy_lasco.update_pointing`; CENTSIG includes the errors of clock and orbit. If there are
        too few stars, the pointing is not changed, STARN is 0, and HISTORY and a warning give the reason.
    """
    from sunpy_lasco.stars.solution import solve

    solution = solve(smap, **options)
    if not solution.solved:
        return _unchanged(smap, solution.reason)
    smap = update_pointing(smap, pointing=solution.pointing)
    cards = {"starn": solution.number, "starrms": round(solution.rms, 4)}
    line = f"Sun centre and roll by {solution.number} stars, rms {solution.rms:.3f} px"
    return record(smap, cards=cards, history=[line])


def point_by_neighbours(smap: AnyCoronagraphMap, history: QTable | PathLike, **options: Any) -> AnyCoronagraphMap:
    """
    Set Sun centre and roll of a map from the stars in frames close in time.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 0.5, with its pointing set.
    history : `~astropy.table.QTable`, path-like or ``"packaged"``
        The result of `sunpy_lasco.stars.pointing_history`, a file of it, or ``"packaged"`` for
        `sunpy_lasco.stars.packaged_history`.
    **options
        Options for `sunpy_lasco.stars.solve`, used if only C3 was solved near an image of C2.

    Returns
    -------
    map of the same class
        As for `point_by_stars`; the pointing is not changed if no frame is close in time.

    Raises
    ------
    sunpy_lasco.errors.OptionError
        If the file is not such a table.

    Notes
    -----
    If only frames of C3 were solved near an image of C2, the roll is theirs, and the Sun centre is determined
    with that roll from the stars in the image, for which two are enough. With fewer stars the centre is not
    changed.
    """
    from sunpy_lasco.stars.history import packaged_history, pointing_at, roll_at

    if isinstance(history, str) and history == "packaged":
        table = packaged_history()
    else:
        table = history if hasattr(history, "colnames") else _read(history)
    found = pointing_at(table, smap)
    if found is not None:
        same = found.roll_source == found.centre_source
        line = f"Sun centre and roll by {found.centre_source}" + ("" if same else f", roll by {found.roll_source}")
        return record(update_pointing(smap, pointing=found), history=[line])
    known = roll_at(table, smap)
    if known is None:
        return _unchanged(smap, "no frame close in time was solved with stars")
    return _point_with_roll(smap, *known, **options)


def _point_with_roll(smap, roll, sigma, source, **options):
    """Set the roll from the other camera, and the Sun centre from the map's own stars if there are two."""
    from sunpy_lasco.stars.solution import solve

    solution = solve(smap, roll=roll, roll_sigma=sigma, **options)
    history = [f"Roll by {source}, {value_of('C2.roll_from_C3')} +- {error_of('C2.roll_from_C3')} degree from it"]
    if solution.solved:
        pointing = replace(solution.pointing, roll_source=source)
        cards = {"starn": solution.number, "starrms": round(solution.rms, 4)}
        history.append(f"Sun centre, and that roll, by {solution.number} stars, rms {solution.rms:.3f} px")
        return record(update_pointing(smap, pointing=pointing), cards=cards, history=history)
    meta = smap.meta
    pointing = Pointing(
        centre=(meta["sunpix1"], meta["sunpix2"]),
        roll=float(roll.value),
        centre_source=meta["centsrc"],
        roll_source=source,
        centre_sigma=meta.get("centsig"),
        roll_sigma=float(sigma.value),
        status="final",
    )
    history.append(f"No Sun centre from stars: {solution.reason}")
    return record(
        update_pointing(smap, pointing=pointing), cards={"starn": 0, "centstat": meta["centstat"]}, history=history
    )


def _read(path):
    from astropy.table import QTable

    try:
        table = QTable.read(path, format="ascii.ecsv")
    except (OSError, ValueError, TypeError) as error:
        msg = f"pointing={str(path)!r} is not a table of sunpy_lasco.stars.pointing_history: {error}"
        raise OptionError(msg) from error
    return checked_option("pointing", table)


def _unchanged(smap, reason):
    """The unchanged map, with the reason in HISTORY and in a warning."""
    stays = smap.meta.get("rollsrc", "the header")
    text = f"{frame_name(smap.meta)}: no pointing from stars: {reason}; that of {stays} is kept."
    warnings.warn(text, LascoUserWarning, stacklevel=3)
    return record(smap, cards={"starn": 0}, history=[f"No pointing from stars: {reason}"])
