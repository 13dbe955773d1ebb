"""
Series of exposures in which the sky moves.
"""

from astropy.time import Time, TimeDelta

from sunpy_lasco.simulate.exposure import observe

__all__ = ["sequence"]


def sequence(detector, number, *, start="2002-01-08T12:00:00", cadence=720.0, seed=0, **options):
    """
    Take one exposure after another.

    Stars and planets drift, the streamers turn with the Sun, and a CME of the
    scene expands; the fixed pattern of the pixels stays.

    Parameters
    ----------
    detector : `str`
        ``"C2"`` or ``"C3"``.
    number : `int`
        Of exposures.
    start : `str` or `~astropy.time.Time`
        Of the first exposure.
    cadence : `float`
        Time between exposures, s.
    seed : `int`
        Of the first exposure; those that follow take the numbers after it.
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
