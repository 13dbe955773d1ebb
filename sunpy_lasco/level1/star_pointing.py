"""
The pointing of a map by the stars in it.
"""

import warnings

from sunpy_lasco.errors import LascoUserWarning
from sunpy_lasco.instrument.cards import frame_name
from sunpy_lasco.level1.pointing import update_pointing
from sunpy_lasco.map.edit import record

__all__ = ["point_by_stars"]


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
        warnings.warn(
            f"{frame_name(smap.meta)}: no pointing by stars: {solution.reason}; that of "
            f"{smap.meta.get('rollsrc', 'the header')} stays.",
            LascoUserWarning,
            stacklevel=2,
        )
        return record(smap, cards={"starn": 0}, history=[f"No pointing by stars: {solution.reason}"])
    smap = update_pointing(smap, pointing=solution.pointing)
    cards = {"starn": solution.number, "starrms": round(solution.rms, 4)}
    line = f"Sun centre and roll by {solution.number} stars, rms {solution.rms:.3f} px"
    return record(smap, cards=cards, history=[line])
