"""
Intervals of historical coronal mass ejections, from the catalogue of the CDAW.

The catalogue (Gopalswamy et al. 2009, Earth Moon Planets 104, 295) lists the ejections seen in C2 and C3 since 1996:
<https://cdaw.gsfc.nasa.gov/CME_list/UNIVERSAL_ver2/text_ver/univ_all.txt>.
"""

from dataclasses import dataclass
from pathlib import Path

import astropy.units as u
from astropy.time import Time

from sunpy_lasco.errors import LascoError

__all__ = ["Ejection", "fetch_intervals", "intervals_of", "read_cme_catalogue", "search_intervals"]

#: A front leaves the field of C3 at 30 solar radii.
EDGE = 30.0 * u.R_sun
#: Speed of an ejection whose own is not known, and the slowest that is believed.
USUAL_SPEED = 400.0 * u.km / u.s
SLOWEST = 100.0 * u.km / u.s
#: Signs in the columns of numbers that are no numbers, and words for missing ones.
NOTES = "*abcdefghijklmnopqrstuvwxyz>"


@dataclass(frozen=True)
class Ejection:
    """One line of the catalogue."""

    #: First appearance in C2.
    time: Time
    #: Central position angle, degree; None for a halo.
    position_angle: float | None
    #: Angular width, degree.
    width: float
    #: Speed of a straight line through its heights, km / s; None where it is not known.
    speed: float | None


def _number(text):
    cleaned = text.strip(NOTES).strip()
    try:
        return float(cleaned)
    except ValueError:
        return None


def read_cme_catalogue(source):
    """
    Read the catalogue from a file or an address that begins with http; return an `Ejection` for each line.

    Columns are separated by spaces: date, time, central position angle or ``Halo``, width (``>`` where
    it is a lower limit), linear speed (dashes where there is none), and others that are not used.
    Raises `~sunpy_lasco.errors.LascoError` if no line has the format of the catalogue, or if it cannot be downloaded.
    """
    if str(source).startswith(("http://", "https://")):
        from sunpy_lasco.net.web import Web, WebError, unpacked

        problem = "there is no such page (status 404)"
        try:
            with Web() as web:
                text = web.get(str(source), read=lambda body: unpacked(body).decode("utf-8", "replace"))
        except WebError as error:
            text, problem = None, str(error)
        if text is None:
            msg = f"{source} could not be fetched: {problem}"
            raise LascoError(msg)
    else:
        text = Path(source).read_text(encoding="utf-8", errors="replace")
    found = []
    for line in text.splitlines():
        words = line.split()
        if len(words) < 5 or words[0].count("/") != 2 or words[1].count(":") != 2:
            continue
        width = _number(words[3])
        try:
            time = Time(f"{words[0].replace('/', '-')}T{words[1]}", scale="utc")
        except ValueError:
            continue
        if width is not None:
            found.append(Ejection(time, _number(words[2]), width, _number(words[4])))
    if not found:
        msg = f"{source} has no line of the catalogue of the CDAW: date, time, position angle, width, speed."
        raise LascoError(msg)
    return found


def intervals_of(ejections, *, before=1.0 * u.hour, narrowest=0.0 * u.deg):
    """
    Intervals, from some time before the first appearance, in which ejections of at least some width are in the field.

    They are in order of time, and overlapping ones are merged.  An interval ends when the front has passed 30 solar
    radii.
    """
    spans = []
    for one in ejections:
        if one.width < narrowest.to_value("deg"):
            continue
        speed = USUAL_SPEED if one.speed is None else max(one.speed * u.km / u.s, SLOWEST)
        spans.append((one.time - before, one.time + (EDGE / speed).to("s")))
    joined = []
    for start, end in sorted(spans, key=lambda span: span[0].mjd):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def search_intervals(intervals, camera, *, most=20):
    """
    Search the archives for level-0.5 frames of a camera in a limited number of evenly spread intervals; return a
    response for each interval with frames.
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
    Download the frames that `search_intervals` finds to a directory; return the paths of new and existing files.
    """
    from sunpy.net import Fido

    Path(directory).mkdir(parents=True, exist_ok=True)
    files = []
    for result in search_intervals(intervals, camera, most=most):
        files += Fido.fetch(result, path=str(Path(directory) / "{file}"), progress=False)
    return [Path(file) for file in files]
