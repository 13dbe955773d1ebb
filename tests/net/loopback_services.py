"""Model services of Horizons and of the JSOC, for a SOHO on a halo orbit about L1, in their formats."""

import json
import re
from urllib.parse import parse_qs, urlsplit

import numpy as np
from loopback_archive import Answer, Site

import astropy.units as u
from astropy.coordinates import HeliocentricEclipticIAU76, SkyCoord
from astropy.time import Time

from sunpy.coordinates import HeliographicCarrington, HeliographicStonyhurst, get_earth

AU_KM = u.au.to(u.km)
#: First and last day of SOHO in Horizons.
BORN, LAST = Time("1995-12-03", scale="tdb").jd, Time("2026-10-20", scale="tdb").jd


def halo(times):
    """Position of SOHO in the model: (n, 3), au, ecliptic of J2000; the amplitudes are those of SOHO."""
    times = times.reshape(-1)
    earth = get_earth(times).transform_to(HeliocentricEclipticIAU76(obstime=times)).cartesian.xyz.to_value(u.au).T
    outward = earth / np.linalg.norm(earth, axis=1)[:, None]
    sideways = np.stack([-outward[:, 1], outward[:, 0], np.zeros(len(outward))], axis=1)
    sideways /= np.linalg.norm(sideways, axis=1)[:, None]
    phase = (2 * np.pi * times.tdb.jd / 178)[:, None]
    offset = 206_000 * np.cos(phase) * outward + 667_000 * np.sin(phase) * sideways
    offset = offset + 120_000 * np.cos(phase) * np.array([0, 0, 1.0])
    return 0.99 * earth + offset / AU_KM


def stonyhurst(time):
    """The same as a coordinate."""
    x, y, z = halo(time)[0] * u.au
    position = SkyCoord(x, y, z, representation_type="cartesian", frame=HeliocentricEclipticIAU76(obstime=time))
    return position.transform_to(HeliographicStonyhurst(obstime=time))


class Services(Site):
    """Both services on one server; ``fault`` is an `Answer` that replaces theirs."""

    def __init__(self):
        super().__init__()
        self.fault = None
        #: Roll of the model spacecraft by Modified Julian day.
        self.roll = lambda mjd: 0.0
        #: Changes the text of an answer of Horizons.
        self.spoil = lambda text: text

    def answer(self, path):
        if self.fault is not None:
            return self.fault
        parts = urlsplit(path)
        query = {key: values[0].strip("'") for key, values in parse_qs(parts.query).items()}
        if parts.path == "/horizons.api":
            return Answer(json.dumps({"signature": {"version": "1.2"}, "result": self.spoil(vectors(query))}).encode())
        if parts.path == "/jsoc/jsoc_info" and query["op"] == "rs_list":
            return Answer(json.dumps(self.records(query)).encode())
        return Answer(b"<html>Not Found</html>", 404, "text/html")

    def records(self, query):
        found = re.fullmatch(r"mdi\.fd_M_96m_lev182\[(\S+)_TAI/(\d+)d@1d\]", query["ds"])
        day, clock = found[1].split("_")
        start = Time(f"{day.replace('.', '-')}T{clock}", scale="tai")
        times = start + np.arange(int(found[2])) * u.day
        frame = HeliographicCarrington(obstime=times, observer="self")
        x, y, z = halo(times).T * u.au
        here = SkyCoord(x, y, z, representation_type="cartesian", frame=HeliocentricEclipticIAU76(obstime=times))
        seen = here.transform_to(frame)
        columns = {
            "T_OBS": [time.strftime("%Y.%m.%d_%H:%M:%S.000_TAI") for time in times],
            "CRLN_OBS": [f"{value:.5f}" for value in seen.lon.to_value(u.deg)],
            "CRLT_OBS": [f"{value:.6f}" for value in seen.lat.to_value(u.deg)],
            "DSUN_OBS": [f"{value:.3f}" for value in seen.radius.to_value(u.m)],
            "CROTA2": [f"{self.roll(mjd):.4f}" for mjd in times.mjd],
        }
        # Records without an image have no pointing.
        for key, values in columns.items():
            values[3] = "-4712.01.01_11:59_TAI" if key == "T_OBS" else "MISSING"
        keys = query["key"].split(",")
        return {
            "status": 0,
            "count": len(times),
            "keywords": [{"name": key, "values": columns[key]} for key in keys],
        }


def vectors(query):
    """The text of an answer of Horizons."""
    asked = [Time(query[key], scale="tdb").jd for key in ("START_TIME", "STOP_TIME")]
    assert query["COMMAND"] == "-21"
    assert (query["EPHEM_TYPE"], query["CENTER"], query["REF_PLANE"]) == ("VECTORS", "500@10", "ECLIPTIC")
    assert (query["OUT_UNITS"], query["CSV_FORMAT"], query["VEC_TABLE"]) == ("AU-D", "YES", "2")
    head = "*******\n Revised: Dec 2, 1995      SOHO Spacecraft (Sun-Earth L1)     -21\n"
    for day, side, beyond in ((BORN, "prior to", asked[0] < BORN), (LAST, "after", asked[1] > LAST)):
        if beyond:
            moment = Time(day, format="jd", scale="tdb").strftime("%Y-%b-%d %H:%M:%S.0000").upper()
            return f'{head}\n No ephemeris for target "SOHO (spacecraft)" {side} A.D. {moment} TDB\n'
    days = np.arange(asked[0], asked[1] + 1e-6, float(query["STEP_SIZE"].removesuffix(" d")))
    times = Time(days, format="jd", scale="tdb")
    here = halo(times)
    pace = (halo(times + 0.01 * u.day) - halo(times - 0.01 * u.day)) / 0.02
    lines = [
        f"{day:.9f}, A.D. {time.strftime('%Y-%b-%d %H:%M:%S')}.0000, " + ", ".join(f"{v:.15E}" for v in row) + ","
        for day, time, row in zip(days, times, np.hstack([here, pace]), strict=True)
    ]
    columns = "JDTDB, Calendar Date (TDB), X, Y, Z, VX, VY, VZ,"
    stars = "*" * 80
    table = "\n".join(lines)
    return f"{head}Target body name: SOHO (spacecraft) (-21)\n{columns}\n{stars}\n$$SOE\n{table}\n$$EOE\n{stars}\n"
