"""
The pointing of a map by the stars in it.
"""

import warnings

from sunpy_lasco.errors import LascoUserWarning, OptionError
from sunpy_lasco.instrument.cards import frame_name
from sunpy_lasco.level1.options import checked_option
from sunpy_lasco.level1.pointing import update_pointing
from sunpy_lasco.map.edit import record

__all__ = ["point_by_neighbours", "point_by_stars"]


def point_by_stars(smap, **options):
    """
    Set Sun centre and roll of a map by the stars in it.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 0.5 or 1, with its pointing set.
    **options
        For `sunpy_lasco.stars.solve`.

    Returns
    -------
    map of the same class
        With STARN and STARRMS (number of stars, and rms of what is left along an axis, pixel) beside the cards of
        `~sunpy_lasco.update_pointing`, of which CENTSIG holds the errors of clock and orbit as well.  Where the stars
        do not suffice, the map keeps its pointing, STARN is 0, HISTORY says why, and a warning is given.
    """
    from sunpy_lasco.stars.solution import solve

    solution = solve(smap, **options)
    if not solution.solved:
        return _unchanged(smap, solution.reason)
    smap = update_pointing(smap, pointing=solution.pointing)
    cards = {"starn": solution.number, "starrms": round(solution.rms, 4)}
    line = f"Sun centre and roll by {solution.number} stars, rms {solution.rms:.3f} px"
    return record(smap, cards=cards, history=[line])


def point_by_neighbours(smap, history):
    """
    Set Sun centre and roll of a map by the stars of frames of near times.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 0.5, with its pointing set.
    history : `~astropy.table.QTable` or path-like
        As of `sunpy_lasco.stars.pointing_history`, or a file of it.

    Returns
    -------
    map of the same class
        Where no frame is near, with the pointing that it had, and as of `point_by_stars`.

    Raises
    ------
    sunpy_lasco.errors.OptionError
        If the file is no such table.
    """
    from sunpy_lasco.stars.history import pointing_at

    table = history if hasattr(history, "colnames") else _read(history)
    found = pointing_at(table, smap)
    if found is None:
        return _unchanged(smap, "no frame of near time was solved by its stars")
    line = f"Sun centre and roll by {found.centre_source}"
    return record(update_pointing(smap, pointing=found), history=[line])


def _read(path):
    from astropy.table import QTable

    try:
        table = QTable.read(path, format="ascii.ecsv")
    except (OSError, ValueError, TypeError) as error:
        msg = f"pointing={str(path)!r} is no table of sunpy_lasco.stars.pointing_history: {error}"
        raise OptionError(msg) from error
    return checked_option("pointing", table)


def _unchanged(smap, reason):
    """The map as it is, with the reason in HISTORY and in a warning."""
    stays = smap.meta.get("rollsrc", "the header")
    text = f"{frame_name(smap.meta)}: no pointing by stars: {reason}; that of {stays} stays."
    warnings.warn(text, LascoUserWarning, stacklevel=3)
    return record(smap, cards={"starn": 0}, history=[f"No pointing by stars: {reason}"])
