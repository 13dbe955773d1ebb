"""
SOHO's orbit from Horizons, the ephemeris service of the JPL.
"""

import json
import re
from urllib.parse import urlencode

import numpy as np

from astropy.time import Time

from sunpy_lasco.config import setting
from sunpy_lasco.errors import AssetError
from sunpy_lasco.geometry.orbit import Orbit
from sunpy_lasco.instrument.constants import value_of
from sunpy_lasco.net.transfer import time_limits
from sunpy_lasco.net.web import Web, WebError, unpacked

__all__ = ["HORIZONS_URL", "fetch_horizons"]

#: Default address of the service (setting ``horizons``).
HORIZONS_URL = "https://ssd.jpl.nasa.gov/api/horizons.api"
#: SOHO's number there.
SOHO = "-21"
#: Factor for the timeout, since answers for long intervals take longer.
PATIENCE = 4
#: SOHO was lost on the first of these days, and little is known of its orbit from then to the second
#: (Julian days TDB): Horizons fills the time since 1998-08-19 with an orbit of no tracking data, which
#: misses the one that begins on the second day by 11,500 km.
LOST, KNOWN_AGAIN = Time(["1998-06-25", "1999-02-09"], scale="tdb").jd
LOST_ERROR = 11_500.0

_LIMIT = re.compile(r"No ephemeris for target .*?(prior to|after) A\.D\. (\d{4}-[A-Z]{3}-\d{2} \d\d:\d\d(?::[\d.]+)?)")


def fetch_horizons(first, last, *, configuration, step=1):
    """
    Positions and velocities of SOHO, one row for every ``step`` days, as `~sunpy_lasco.geometry.orbit.Orbit`, and their
    source.

    The interval is limited to that of Horizons; timeouts and the offline setting are those of the configuration.
    Raises `~sunpy_lasco.errors.AssetError` if there is no usable answer.
    """
    server = setting("horizons", HORIZONS_URL)
    if configuration.offline:
        msg = f"{server} is not queried: the network is switched off."
        raise AssetError(msg)
    start, stop = np.floor(first.tdb.jd - 0.5) + 0.5, np.ceil(last.tdb.jd - 0.5) + 0.5
    # One answer may give the beginning of the orbit, the next its end.
    for _ in range(3):
        if stop <= start:
            msg = f"{server} has no orbit of SOHO between {first.utc.isot} and {last.utc.isot}."
            raise AssetError(msg)
        url = f"{server}?{urlencode(_query(start, stop, step))}"
        text = _ask(server, url, configuration)
        limit = _LIMIT.search(text)
        if limit is None:
            return _orbit(text, server, round((stop - start) / step) + 1), url
        day = Time.strptime(limit[2][:11].title(), "%Y-%b-%d", scale="tdb").jd
        if limit[1] == "after":
            stop = min(stop, day)
        else:
            start = max(start, day + 1)
    msg = f"{server} contradicts itself on the interval that it covers: {limit[0]}."
    raise AssetError(msg)


def _query(start, stop, step):
    begin, end = (Time(day, format="jd", scale="tdb").strftime("%Y-%m-%d") for day in (start, stop))
    return {
        "format": "json",
        "COMMAND": f"'{SOHO}'",
        "OBJ_DATA": "'NO'",
        "MAKE_EPHEM": "'YES'",
        "EPHEM_TYPE": "'VECTORS'",
        "CENTER": "'500@10'",
        "REF_PLANE": "'ECLIPTIC'",
        "REF_SYSTEM": "'ICRF'",
        "VEC_TABLE": "'2'",
        "VEC_CORR": "'NONE'",
        "OUT_UNITS": "'AU-D'",
        "CSV_FORMAT": "'YES'",
        "START_TIME": f"'{begin}'",
        "STOP_TIME": f"'{end}'",
        "STEP_SIZE": f"'{step} d'",
    }


def _ask(server, url, configuration):
    """The text of an answer."""
    patience = PATIENCE * max(configuration.connect_timeout, configuration.read_timeout)
    try:
        with Web(limits=time_limits(configuration.connect_timeout, patience, configuration.deadline)) as web:
            text = web.get(url, read=_text)
    except WebError as error:
        problem = str(error).removeprefix(f"{url}: ")
    else:
        if text is not None:
            return text
        problem = "there is no such page (status 404)"
    msg = f"The orbit of SOHO could not be downloaded from {server}: {problem}."
    raise AssetError(msg)


def _text(body):
    """The text in the JSON of an answer."""
    body = unpacked(body)
    try:
        content = json.loads(body)
        return str(content.get("error") or content["result"])
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        msg = f"its answer is not that of Horizons: {bytes(body[:60]).decode('latin-1')!r}"
        raise ValueError(msg) from error


def _orbit(text, server, expected):
    """The table in the text of an answer."""
    found = re.search(r"^\$\$SOE\s*$(.*?)^\$\$EOE\s*$", text, re.MULTILINE | re.DOTALL)
    try:
        if found is None:
            last_line = next((line for line in reversed(text.splitlines()) if line.strip()), "nothing")
            msg = f"there is no whole table in it, but {last_line.strip()[:200]!r}"
            raise ValueError(msg)
        rows = [line.split(",") for line in found[1].splitlines() if line.strip()]
        numbers = np.array([[float(row[0]), *map(float, row[2:8])] for row in rows]).reshape(-1, 7)
        if len(numbers) != expected:
            msg = f"it has {len(numbers)} rows instead of {expected}"
            raise ValueError(msg)
        days = numbers[:, 0]
        errors = np.where((days >= LOST) & (days < KNOWN_AGAIN), LOST_ERROR, value_of("orbit.tracked_error"))
        arcs = (days >= KNOWN_AGAIN).astype(int)
        return Orbit(days, numbers[:, 1:4], numbers[:, 4:7], "Horizons", errors, arcs=arcs)
    except (ValueError, IndexError) as error:
        msg = f"The answer of {server} on the orbit of SOHO cannot be used: {error}."
        raise AssetError(msg) from error
