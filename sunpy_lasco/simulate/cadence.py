"""
Series of exposures of a moving sky.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from astropy.time import Time, TimeDelta

from sunpy_lasco.simulate.exposure import observe

if TYPE_CHECKING:
    from typing import Any

    from sunpy_lasco.annotations import TimeLike
    from sunpy_lasco.simulate.simulation import Simulation

__all__ = ["sequence"]


def sequence(
    detector: str,
    number: int,
    *,
    start: TimeLike = "2002-01-08T12:00:00",
    cadence: float = 720.0,
    seed: int = 0,
    **options: Any,
) -> list[Simulation]:
    """
    Simulate a series of exposures.

    Stars and planets drift, streamers rotate with the Sun, and a CME of the scene expands; the fixed pattern
    of the pixels does not change.

    Parameters
    ----------
    detector : `str`
        ``"C2"`` or ``"C3"``.
    number : `int`
        Number of exposures.
    start : `str` or `~astropy.time.Time`
        Start of the first exposure.
    cadence : `float`
        Time between exposures, s.
    seed : `int`
        Seed of the first exposure; later exposures use the following numbers.
    **options
        As for `~sunpy_lasco.simulate.exposure.observe`.

    Returns
    -------
    `list` of `~sunpy_lasco.simulate.simulation.Simulation`
    """
    first = Time(start, scale="utc")
    return [
        observe(detector, date=first + TimeDelta(k * cadence, format="sec"), seed=seed + k, **options)
        for k in range(number)
    ]
