"""
SOHO's position and roll as recorded by the magnetograph MDI, 1996 to 2011.

MDI was on the same spacecraft. The JSOC in Stanford provides its keywords.
"""

import json
from types import SimpleNamespace

import numpy as np

import astropy.units as u
from astropy.coordinates import HeliocentricEclipticIAU76, SkyCoord
from astropy.time import Time

from sunpy.coordinates import HeliographicCarrington

from sunpy_lasco.config import setting
from sunpy_lasco.errors import AssetError
from sunpy_lasco.geometry.orbit import FARTHEST, NEAREST, Orbit
from sunpy_lasco.net.transfer import time_limits
from sunpy_lasco.net.web import Web, WebError, unpacked

__all__ = ["JSOC", "MDI_FIRST", "MDI_LAST", "SERIES", "fetch_mdi"]

#: Address of the service; the setting ``jsoc`` replaces it.
JSOC = "http://jsoc.stanford.edu/cgi-bin/ajax/"
#: Magnetograms of the whole disk, one every 96 minutes.
SERIES = "mdi.fd_M_96m_lev182"
#: Between these days MDI observed.
MDI_FIRST, MDI_LAST = Time("1996-04-20"), Time("2011-04-12")
KEYS = ("T_OBS", "CRLN_OBS", "CRLT_OBS", "DSUN_OBS", "CROTA2")
#: Days in one request.
CHUNK = 366
#: Factor for the timeout, since answers take longer than those of other servers.
PATIENCE = 4
#: Largest error, km: 0.01 degree of longitude, which is seen with the aberration of light.
ERROR = 26_000.0


def fetch_mdi(first, last, *, configuration):
    """
    Positions and rolls of SOHO, one row per day, as `~sunpy_lasco.geometry.orbit.Orbit`, and their source.

    The interval is limited to that of MDI, whose card CROTA2 is the roll of the spacecraft; timeouts and the offline
    setting are those of the configuration.  Raises `~sunpy_lasco.errors.AssetError` if there is no usable answer.
    """
    server = setting("jsoc", JSOC)
    if configuration.offline:
        msg = f"{server} is not asked: the network is switched off."
        raise AssetError(msg)
    first, last = max(first, MDI_FIRST), min(last, MDI_LAST)
    if last <= first:
        msg = f"MDI observed from {MDI_FIRST.isot[:10]} to {MDI_LAST.isot[:10]} only."
        raise AssetError(msg)
    rows = []
    patience = PATIENCE * max(configuration.connect_timeout, configuration.read_timeout)
    with Web(limits=time_limits(configuration.connect_timeout, patience, configuration.deadline)) as web:
        for start in np.arange(np.floor(first.mjd), np.ceil(last.mjd) + 1, CHUNK):
            days = int(min(CHUNK, np.ceil(last.mjd) + 1 - start))
            rows += _ask(web, server, f"{SERIES}[{_slot(start)}/{days}d@1d]")
    return _orbit(rows, server), f"{server} {SERIES}"


def _slot(mjd):
    return Time(mjd, format="mjd").strftime("%Y.%m.%d_%H:%M:%S_TAI")


def _ask(web, server, query):
    """Values of the keys, a tuple of text or numbers for each record."""
    import drms

    class Client(drms.HttpJsonClient):
        """
        Client of drms that makes its requests through ``web``, with its time limits, instead of changing the timeout of
        all sockets.
        """

        def _json_request(self, url):
            answer = web.get(url, read=_read)
            if answer is None:
                msg = f"{url}: there is no such page (status 404)"
                raise WebError(msg)
            return SimpleNamespace(data=answer)

    config = drms.ServerConfig(name="jsoc_for_sunpy_lasco", cgi_baseurl=server, cgi_jsoc_info="jsoc_info")
    try:
        answer = Client(config).rs_list(query, key=list(KEYS))
        columns = {keyword["name"]: keyword["values"] for keyword in answer.get("keywords", [])}
        return list(zip(*(columns[key] for key in KEYS), strict=True)) if columns else []
    except WebError as error:
        reason = str(error)
    except (KeyError, TypeError, ValueError):
        reason = "its answer is not a table of the keywords"
    msg = f"The keywords of MDI could not be downloaded from {server} ({query}): {reason}."
    raise AssetError(msg)


def _read(body):
    """The content of an answer."""
    try:
        content = json.loads(unpacked(body))
    except ValueError:
        content = None
    if not isinstance(content, dict):
        msg = f"its answer is not that of the JSOC: {bytes(body[:60]).decode('latin-1')!r}"
        raise ValueError(msg)
    if content.get("status") != 0:
        msg = f"it answers: {content.get('error', content.get('status'))}"
        raise ValueError(msg)
    return content


def _orbit(rows, server):
    """The table in the answers, without records that lack a position."""
    good = {}
    for moment, *values in rows:
        try:
            longitude, latitude, distance, roll = (float(value) for value in values)
            day, clock = str(moment).removesuffix("_TAI").split("_")
            time = Time(f"{day.replace('.', '-')}T{clock}", scale="tai")
        except ValueError:
            continue
        if np.isfinite([longitude, latitude]).all() and NEAREST < (distance * u.m).to_value(u.au) < FARTHEST:
            good[time.tdb.jd] = time, longitude, latitude, distance, roll
    if len(good) < 2:
        msg = f"{server} has {len(good)} usable records of {SERIES} among {len(rows)}: no table can be made of them."
        raise AssetError(msg)
    times, longitude, latitude, distance, roll = zip(*(good[day] for day in sorted(good)), strict=True)
    time = Time(list(times))
    seen = SkyCoord(
        HeliographicCarrington(longitude * u.deg, latitude * u.deg, distance * u.m, obstime=time, observer="self")
    )
    position = seen.transform_to(HeliocentricEclipticIAU76(obstime=time)).cartesian.xyz.to_value(u.au).T
    return Orbit(np.array(sorted(good)), position, None, "MDI keywords", ERROR, np.array(roll))
