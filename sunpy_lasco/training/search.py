"""
Find and fetch the frames of intervals.
"""

from pathlib import Path

__all__ = ["fetch_intervals", "search_intervals"]


def search_intervals(intervals, camera, *, most=20):
    """
    Search the archives for level-0.5 frames.

    Parameters
    ----------
    intervals : sequence of (`~astropy.time.Time`, `~astropy.time.Time`)
        As of `sunpy_lasco.training.catalogue.intervals_of`.
    camera : `str`
        ``"C2"`` or ``"C3"``.
    most : `int`, optional
        Search at most this many intervals, evenly spread over the given ones.

    Returns
    -------
    `list` of `~sunpy_lasco.net.LASCOQueryResponse`
        One for each interval in which there are frames.
    """
    import numpy as np

    from sunpy.net import attrs as a

    from sunpy_lasco.net import LASCOClient

    places = np.unique(np.linspace(0, len(intervals) - 1, min(most, len(intervals))).round().astype(int))
    found = []
    for place in places:
        start, end = intervals[place]
        result = LASCOClient().search(a.Time(start, end), a.Detector(camera), a.Level("0.5"), a.Provider("NRL"))
        if len(result):
            found.append(result)
    return found


def fetch_intervals(intervals, camera, directory, *, most=20):
    """
    Fetch level-0.5 frames.

    Parameters
    ----------
    intervals, camera, most
        As of `search_intervals`.
    directory : path-like

    Returns
    -------
    `list` of `~pathlib.Path`
        What was fetched, and what was there already.
    """
    from sunpy.net import Fido

    Path(directory).mkdir(parents=True, exist_ok=True)
    files = []
    for result in search_intervals(intervals, camera, most=most):
        files += Fido.fetch(result, path=str(Path(directory) / "{file}"), progress=False)
    return [Path(file) for file in files]
