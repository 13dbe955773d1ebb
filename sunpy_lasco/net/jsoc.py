"""
SOHO's position and roll as the magnetograph MDI recorded them, 1996 to 2011.

MDI flew on the same spacecraft.  Its keywords are kept at the JSOC in Stanford.
"""

import contextlib
import socket
from urllib.error import HTTPError

import numpy as np

import astropy.units as u
from astropy.coordinates import HeliocentricEclipticIAU76, SkyCoord
from astropy.time import Time

from sunpy.coordinates import HeliographicCarrington

from sunpy_lasco.config import setting
from sunpy_lasco.errors import AssetError
from sunpy_lasco.instrument.orbit import FARTHEST, NEAREST, Orbit

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
#: Answers take longer than those of other servers: times their timeout.
PATIENCE = 4
#: Largest error, km: 0.01 degree of longitude, which is seen with the aberration of light.
ERROR = 26_000.0


def fetch_mdi(first, last, *, configuration):
    """
    Positions and rolls of SOHO, a row a day.

    Parameters
    ----------
    first, last : `~astropy.time.Time`
        Interval; it is cut to that of MDI.
    configuration : `~sunpy_lasco.config.Configuration`
        For the timeout and the offline switch.

    Returns
    -------
    orbit : `~sunpy_lasco.instrument.orbit.Orbit`
        With rolls: the card CROTA2 of MDI, which is that of the spacecraft.
    url : `str`
        Where it came from.

    Raises
    ------
    sunpy_lasco.errors.AssetError
        If there is no usable answer.
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
    with _patience(PATIENCE * max(configuration.connect_timeout, configuration.read_timeout)):
        for start in np.arange(np.floor(first.mjd), np.ceil(last.mjd) + 1, CHUNK):
            days = int(min(CHUNK, np.ceil(last.mjd) + 1 - start))
            rows += _ask(server, f"{SERIES}[{_slot(start)}/{days}d@1d]")
    return _orbit(rows, server), f"{server} {SERIES}"


def _slot(mjd):
    return Time(mjd, format="mjd").strftime("%Y.%m.%d_%H:%M:%S_TAI")


@contextlib.contextmanager
def _patience(seconds):
    """The timeout of drms, which has no option for it, is that of new sockets."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _ask(server, query):
    """Values of the keys, a tuple of text or numbers a record."""
    import drms

    config = drms.ServerConfig(name="jsoc_for_sunpy_lasco", cgi_baseurl=server, cgi_jsoc_info="jsoc_info")
    try:
        table = drms.Client(server=config).query(query, key=list(KEYS), convert_numeric=False)
        return list(zip(*(table[key] for key in KEYS), strict=True)) if len(table) else []
    except Exception as error:
        if isinstance(error, HTTPError):
            error.close()
        msg = f"The keywords of MDI could not be had from {server} ({query}): {type(error).__name__}, {error}."
        raise AssetError(msg) from error


def _orbit(rows, server):
    """The table in the answers, without records that hold no position."""
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
