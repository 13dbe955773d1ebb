"""
Approximations of a calibration: listed for any map, and reported once by a warning.
"""

from __future__ import annotations

import contextlib
import threading
import warnings
from contextvars import ContextVar
from typing import TYPE_CHECKING

from sunpy_lasco.config import switch
from sunpy_lasco.errors import ApproximationWarning
from sunpy_lasco.geometry.pointing import DEFAULT_CENTRE

if TYPE_CHECKING:
    from sunpy_lasco.map.sources import CoronagraphMap

__all__ = ["approximations", "forget_notices", "notify", "notify_of_many", "unsaid"]

#: Calibration images that may be estimates: the card that marks an estimate, the card with the name, and a description.
ESTIMATES = {
    "vignetting": ("vigest", "vigfile", "the vignetting is an estimate"),
    "stray light": ("rampest", "rampfile", "the stray light is an estimate"),
    "background": ("bkgest", "bkgfile", "the background of the repair is an estimate"),
}
#: Beginnings of OBSSRC for sources that are accurate to some thousandths of a degree at best.
ROUGH_OBSERVERS = ("closed form", "L1")
#: HISTORY of exposures made by `sunpy_lasco.simulate`.
SIMULATED = "Simulated image"
HOW_TO_SILENCE = (
    "This warning is given once for frames with the same approximations. sunpy_lasco.level1.approximations() lists "
    "those of a map, 'sunpy-lasco assets fetch' downloads the published files, and the setting notices = no "
    "(SUNPY_LASCO_NOTICES=0) silences the warning."
)

#: Sets of approximations that this process has reported.
_said = set()
_lock = threading.Lock()
_silent = ContextVar("silent", default=False)


def approximations(smap: CoronagraphMap) -> dict[str, str]:
    """
    List what the calibration of a map had to approximate.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
        Level 1.

    Returns
    -------
    `dict` of `str`
        A description by kind: ``"vignetting"``, ``"stray light"`` or ``"background"``, if the calibration
        image is an estimate; ``"exposure factor"``, if it is unknown; ``"pointing"``, if Sun centre or roll
        are nominal; ``"clock"``, if its error is unknown; ``"observer"``, if the position of SOHO is
        approximate. Empty for simulated exposures.

    See Also
    --------
    sunpy_lasco.errors.ApproximationWarning : the warning that names them.

    Examples
    --------
    >>> import sunpy_lasco
    >>> from sunpy_lasco import simulate
    >>> from sunpy_lasco.level1 import approximations
    >>> approximations(sunpy_lasco.calibrate(simulate.observe("C3", seed=1).level05, assets="simulated"))
    {}
    """
    return found_approximations(smap.meta)


def found_approximations(header):
    """As `approximations`, from a level-1 header."""
    if SIMULATED in str(header.get("history", "")):
        return {}
    found = {kind: f"{text} ({header.get(name)})" for kind, (card, name, text) in ESTIMATES.items() if header.get(card)}
    if header.get("expfsrc") == "none":
        found["exposure factor"] = f"no exposure factor is known (1 sigma {_sigma(header, 'expfsig', 100)} %)"
    pointing = []
    if header.get("centsrc") == DEFAULT_CENTRE:
        pointing.append(f"the Sun centre is the default (1 sigma {_sigma(header, 'centsig')} pixel)")
    if str(header.get("rollsrc", "")).startswith("nominal"):
        pointing.append(f"the roll is nominal (1 sigma {_sigma(header, 'rollsig')} deg)")
    if pointing:
        found["pointing"] = " and ".join(pointing)
    if header.get("timesrc") == "uncorrected":
        found["clock"] = "the time is that of the on-board clock (off by up to 3 minutes)"
    if str(header.get("obssrc", "")).startswith(ROUGH_OBSERVERS):
        found["observer"] = f"the position of SOHO is approximate ({header['obssrc']})"
    return found


def _sigma(header, card, factor=1):
    value = header.get(card)
    return "unknown" if value is None else f"{factor * float(value):.2g}"


@contextlib.contextmanager
def unsaid():
    """Context in which `notify` is silent, for callers that report the approximations of many frames together."""
    before = _silent.set(True)
    try:
        yield
    finally:
        _silent.reset(before)


def notify(name, header, *, stacklevel):
    """
    Give a warning about the approximations of a frame, from its level-1 header, unless the same ones have
    been reported.

    ``stacklevel`` is that of `warnings.warn`, counted from the caller.
    """
    found = found_approximations(header)
    text = f"{name or 'The frame'} was calibrated with approximations: {'; '.join(found.values())}."
    _say(frozenset(found), text, stacklevel + 1)


def notify_of_many(counts, total, *, stacklevel):
    """As `notify`, for ``total`` frames; ``counts`` holds the number of frames with each approximation."""
    listed = ", ".join(f"{kind} ({number})" for kind, number in sorted(counts.items()))
    text = f"The calibration of {total} frames uses approximations (number of frames): {listed}."
    _say(frozenset(counts), text, stacklevel + 1)


def _say(kinds, text, stacklevel):
    if not kinds or _silent.get() or not switch("notices", "yes"):
        return
    with _lock:
        if kinds in _said:
            return
        # If the filters turn the warning into an error, it is raised each time.
        warnings.warn(f"{text} {HOW_TO_SILENCE}", ApproximationWarning, stacklevel=stacklevel + 1)
        _said.add(kinds)


def forget_notices():
    """Forget which approximations this process has reported."""
    _said.clear()
