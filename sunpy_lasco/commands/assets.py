"""
The command ``sunpy-lasco assets``: list, download, check and pin calibration images and tables.
"""

import sys

from sunpy_lasco.errors import AssetError, LascoError, MissingAssetError

__all__ = ["add_arguments"]

#: Digits of a SHA-256 that are printed.
_DIGITS = 12


def add_arguments(parser):
    """Add the arguments of the command."""
    parser.description = "Manage the calibration images and tables, for example to prepare a cluster."
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    names = {"nargs": "*", "metavar": "NAME", "help": "file names; by default all except daily files"}

    listing = actions.add_parser("list", help="show which files exist and where")
    listing.set_defaults(run=_guarded(_list))

    fetching = actions.add_parser("fetch", help="download missing files")
    fetching.add_argument("names", **names)
    fetching.add_argument(
        "--days",
        nargs=2,
        metavar=("FIRST", "LAST"),
        help="also download the exposure factors of these days (YYYY-MM-DD)",
    )
    fetching.add_argument("--detector", choices=("C2", "C3"), help="download the exposure factors of this camera only")
    fetching.add_argument("--update", action="store_true", help="download existing files again")
    fetching.set_defaults(run=_guarded(_fetch))

    checking = actions.add_parser("check", help="check that the files are complete and unchanged")
    checking.add_argument("names", **names)
    checking.set_defaults(run=_guarded(_check))

    pinning = actions.add_parser("pin", help="accept a file that differs from the first download")
    pinning.add_argument("names", nargs="+", metavar="NAME", help="file names")
    pinning.add_argument("--local", action="store_true", help="accept the local file, without the network")
    pinning.set_defaults(run=_guarded(_pin))


def _guarded(action):
    """Run an action; errors are printed on standard error and set the exit status."""

    def run(options):
        try:
            return action(options)
        except LascoError as error:
            print(f"sunpy-lasco assets: {error}", file=sys.stderr)
            return 1

    return run


def _sources():
    from sunpy_lasco.assets.choice import local_sources
    from sunpy_lasco.assets.remote import RemoteSource
    from sunpy_lasco.assets.sources import ChainSource
    from sunpy_lasco.config import Configuration

    configuration = Configuration.read()
    return ChainSource(tuple(local_sources(configuration))), RemoteSource(configuration)


def _whereabouts(name):
    """Path of a local asset, from a directory or an earlier download, or None."""
    local, remote = _sources()
    try:
        return local.path(name)
    except MissingAssetError:
        return remote.store.verified(name)


def _list(options):
    from sunpy_lasco.assets.files import read_bytes
    from sunpy_lasco.assets.images import read_image
    from sunpy_lasco.assets.names import CATALOGUE
    from sunpy_lasco.config import Configuration

    width, absent = max(map(len, CATALOGUE)), []
    for name, item in CATALOGUE.items():
        state = "not here"
        try:
            path = _whereabouts(name)
            if path is None:
                absent.append(item)
            else:
                is_estimate = item.kind in ("image", "mask") and read_image(path, name).estimated
                state = f"{read_bytes(path)[1][:_DIGITS]}  {path}{' (an estimate)' if is_estimate else ''}"
        except AssetError as error:
            state = str(error)
        print(f"{name:{width}}  {item.content}\n{'':{width}}  {state}")
    if absent:
        print("\nPublished at:")
    for item in absent:
        print(f"  {item.urls(Configuration.read().mirrors)[0]}")
    return 0


def _wanted(options):
    """Names on the command line, checked to be assets."""
    from sunpy_lasco.assets.names import CATALOGUE, entry

    for name in options.names:
        entry(name)
    return options.names or list(CATALOGUE)


def _days(options):
    """Names of the daily files between two days."""
    import numpy as np

    from astropy.time import Time

    from sunpy_lasco.assets.names import exposure_factor_name

    if not options.days:
        return []
    try:
        first, last = (int(np.floor(Time(day, scale="utc").mjd)) for day in options.days)
    except ValueError as error:
        msg = f"--days takes two dates such as 2010-01-31, not {' and '.join(options.days)}."
        raise AssetError(msg) from error
    if first > last:
        msg = f"--days takes the first and the last day; {options.days[0]} is after {options.days[1]}."
        raise AssetError(msg)
    detectors = (options.detector,) if options.detector else ("C2", "C3")
    return [exposure_factor_name(detector, mjd) for mjd in range(first, last + 1) for detector in detectors]


def _fetch(options):
    from sunpy_lasco.assets.choice import fetch

    outcomes = fetch([*_wanted(options), *_days(options)], update=options.update)
    return _report(outcomes, "here")


def _report(outcomes, what):
    """Print the results; returns 1 if something failed."""
    from sunpy_lasco.assets.asset import AbsentAssetError
    from sunpy_lasco.assets.names import entry

    failed = {}
    for name, outcome in outcomes.items():
        if isinstance(outcome, AbsentAssetError):
            print(f"{name}: there is none for that day")
        elif isinstance(outcome, Exception):
            failed[name] = outcome
        elif not entry(name).daily:
            print(f"{name}: {outcome}")
    daily = sum(entry(name).daily and not isinstance(outcome, Exception) for name, outcome in outcomes.items())
    if daily:
        print(f"{daily} files of exposure factors are {what}")
    # The reason of one daily file is that of all.
    days = [name for name in failed if entry(name).daily]
    for name in days[1:]:
        del failed[name]
    for name, outcome in failed.items():
        others = (
            f" {len(days) - 1} others could not be downloaded either." if days[:1] == [name] and len(days) > 1 else ""
        )
        print(f"sunpy-lasco assets: {outcome}{others}", file=sys.stderr)
    return 1 if failed else 0


def _check(options):
    from sunpy_lasco.assets.images import check_file
    from sunpy_lasco.assets.names import entry

    _, remote = _sources()
    kept = sorted(path.name for path in remote.store.root.glob("expfac/data/*/c?_expfactor_*.dat"))
    status, sound = 0, 0
    for name in _wanted(options) + (kept if not options.names else []):
        try:
            path = _whereabouts(name)
            if path is not None:
                check_file(path, name)
        except AssetError as error:
            print(f"sunpy-lasco assets: {error}", file=sys.stderr)
            status = 1
            continue
        if path is None:
            print(f"{name}: not here")
            status = status or int(bool(options.names))
        else:
            sound += 1
            if not entry(name).daily:
                print(f"{name}: valid, {path}")
    print(f"{sound} files are valid")
    return status


def _pin(options):
    from sunpy_lasco.assets.names import entry

    _, remote = _sources()
    for name in options.names:
        entry(name)
    if not options.local:
        outcomes = remote.fetch(options.names, update=True, accept=True, patient=True)
        status = _report(outcomes, "pinned")
    else:
        for name in options.names:
            remote.store.accept(name)
        status, outcomes = 0, dict.fromkeys(options.names)
    for name in outcomes:
        if not isinstance(outcomes[name], Exception):
            print(f"{name}: pinned to {remote.store.pin(name)}")
    return status
