"""``sunpy-lasco ephemeris``: make and show tables of SOHO's position."""

import sys

import numpy as np

import astropy.units as u
from astropy.time import Time

from sunpy_lasco.errors import LascoError

__all__ = ["add_arguments", "update_orbits"]

#: First day of the table: LASCO's first images.
FIRST_DAY = "1996-01-01"


def add_arguments(parser):
    """Add the arguments of the command."""
    parser.description = (
        "Without a table the orbit of the package is used, which is accurate to 0.001 degree from 1996 to October "
        "2026, and to 0.005 degree for some more years."
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    update = actions.add_parser("update", help="download daily positions and store them")
    update.add_argument("--first", metavar="DAY", default=FIRST_DAY, help=f"first day (default: {FIRST_DAY})")
    update.add_argument("--last", metavar="DAY", help="last day (default: today)")
    update.add_argument(
        "--source",
        choices=("horizons", "mdi", "all"),
        default="horizons",
        help="Horizons at the JPL (default), or MDI on SOHO until 2011, for the roll, or both",
    )
    update.set_defaults(run=_update)
    show = actions.add_parser("show", help="print position and roll at a time from all available sources, best first")
    show.add_argument("time", help="for example 2009-02-28T00:05")
    show.set_defaults(run=_show)


def update_orbits(sources, first, last):
    """
    Download tables of SOHO's position from ``"horizons"`` or ``"mdi"``, and store them beside the calibration
    images.

    Return their paths. Each table covers the whole interval and replaces the previous one. If there is no
    usable answer, `~sunpy_lasco.errors.AssetError` is raised and the previous table is kept.
    """
    from sunpy_lasco.assets.names import SOHO_ORBITS
    from sunpy_lasco.assets.orbits import write_orbit
    from sunpy_lasco.assets.store import Store
    from sunpy_lasco.config import Configuration
    from sunpy_lasco.net.horizons import fetch_horizons
    from sunpy_lasco.net.jsoc import fetch_mdi

    configuration = Configuration.read()
    fetchers = {"horizons": fetch_horizons, "mdi": fetch_mdi}
    paths = []
    for source in sources:
        orbit, url = fetchers[source](first, last, configuration=configuration)
        store = Store(configuration.cache)
        with store.locked() as incoming:
            path = incoming / SOHO_ORBITS[source]
            write_orbit(path, orbit)
            paths.append(store.adopt(SOHO_ORBITS[source], path, url))
    return paths


def _time(text):
    try:
        return Time(text, scale="utc")
    except ValueError as error:
        msg = f"{text!r} is not a time such as 2009-02-28 or 2009-02-28T00:05."
        raise LascoError(msg) from error


def _update(options):
    from sunpy_lasco.assets.orbits import read_orbit

    try:
        first, last = _time(options.first), _time(options.last) + 1 * u.day if options.last else Time.now()
        sources = ("horizons", "mdi") if options.source == "all" else (options.source,)
        for path in update_orbits(sources, first, last):
            orbit = read_orbit(path)
            begin, end = (Time(orbit.days[row], format="jd", scale="tdb").utc.isot[:10] for row in (0, -1))
            print(f"{path}: {orbit.source}, {len(orbit.days)} days from {begin} to {end}")
    except LascoError as error:
        print(f"sunpy-lasco ephemeris: {error}", file=sys.stderr)
        return 1
    return 0


def _show(options):
    from sunpy_lasco.assets.choice import resolve
    from sunpy_lasco.assets.observers import known_observers
    from sunpy_lasco.assets.orbits import read_orbits
    from sunpy_lasco.geometry.orbit import error_text

    try:
        time, assets = _time(options.time), resolve(offline=True)
        for observer in known_observers(time, assets):
            _line(observer.source, observer.coordinate, observer.error)
        mdi = read_orbits(assets).get("mdi")
    except LascoError as error:
        print(f"sunpy-lasco ephemeris: {error}", file=sys.stderr)
        return 1
    if mdi is None:
        return 0
    if not mdi.covers(time):
        print(f"{mdi.source}: nothing near {time.isot}")
        return 0
    roll = mdi.roll(time)
    _line(mdi.source, mdi.position(time), error_text(mdi.error(time)))
    print("    roll unknown" if roll is None else f"    roll {roll:.3f} deg")
    return 0


def _line(source, position, error):
    longitude, latitude = position.lon.wrap_at(180 * u.deg).to_value(u.deg), position.lat.to_value(u.deg)
    distance = np.round(position.radius.to_value(u.au), 7)
    print(f"{source}: Stonyhurst longitude {longitude:.4f} deg, latitude {latitude:.4f} deg, {distance} au")
    print(f"    error {error}")
