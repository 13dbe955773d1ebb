"""
How a step of the calibration leaves its trace on a map.
"""

from sunpy_lasco.errors import NotCalibratableError
from sunpy_lasco.map.changes import require_exposure
from sunpy_lasco.map.records import add_history, frame_of
from sunpy_lasco.map.replace import replace

__all__ = ["add_history", "frame_of", "record", "require", "require_not"]


def record(smap, *, cards=None, history=(), **new):
    """
    A map with new data and with cards and HISTORY that say what was done.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        It does not change.
    cards : `dict`, optional
        Header cards to set; None as a value removes the card.
    history : sequence of `str`
        Lines of HISTORY.
    **new
        ``data``, ``uncertainty`` and ``flags`` for `sunpy_lasco.map.replace.replace`.

    Returns
    -------
    map of the same class

    Raises
    ------
    sunpy_lasco.errors.NotCalibratableError
        If the map is not the image of one exposure, but a difference, a multiple and so on.
    """
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
    Refuse a map to which an earlier step was not applied.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
    card : `str`
        The card that the step leaves.
    step : `str`
        Name of the step.

    Raises
    ------
    sunpy_lasco.errors.NotCalibratableError
    """
    if card not in smap.meta:
        msg = f"{smap.meta.get('filename', 'The map')} lacks the card {card.upper()}: apply {step} first."
        raise NotCalibratableError(msg)


def require_not(smap, card, step):
    """
    Refuse a map to which a step was applied already.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
    card : `str`
        The card that the step leaves.
    step : `str`
        Name of the step.

    Raises
    ------
    sunpy_lasco.errors.NotCalibratableError
    """
    if card in smap.meta:
        msg = f"{smap.meta.get('filename', 'The map')} has the card {card.upper()}: {step} was applied already."
        raise NotCalibratableError(msg)
