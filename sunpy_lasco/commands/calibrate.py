"""``sunpy-lasco calibrate``: calibrate level-0.5 files to level 1."""

import argparse
import contextlib
import signal
import sys
from pathlib import Path

from sunpy_lasco.errors import MissingAssetError, OptionError
from sunpy_lasco.level1.options import NAMED_ASSETS, Level1Options, add_options, options_of

__all__ = ["add_arguments"]

DESCRIPTION = """
Calibrate level-0.5 files of C2 and C3 and write a level-1 file for each.  Files
of one call help to fill each other's lost blocks.  Existing files are kept if they are
valid and were made from the same input, options and calibration images.  If a frame
cannot be calibrated, the reason is printed to standard error, the others are
calibrated, and the exit status is 1.
"""
#: Number of frames from which on a run writes a journal and a summary page by default.
MANY = 20


def add_arguments(parser):
    """
    Add the arguments of the command.

    Parameters
    ----------
    parser : `argparse.ArgumentParser`
    """
    parser.description = DESCRIPTION
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="+",
        help="a level-0.5 FITS file; a directory of them; a table or a list (.ecsv, .csv, .txt) with their names; "
        "an address such as s3://...; or - for names on standard input",
    )
    parser.add_argument(
        "--out",
        metavar="DIR",
        default="",
        help="output directory, with folders by date and camera (default: current directory)",
    )
    redo = parser.add_mutually_exclusive_group()
    redo.add_argument("--resume", action="store_true", help="keep valid existing files (default)")
    redo.add_argument(
        "--overwrite", action="store_true", help="make all files again, and also replace files of other programs"
    )
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--compress", dest="compress", action="store_const", const="gzip", help="write .fts.gz")
    size.add_argument(
        "--compact",
        dest="compress",
        action="store_const",
        const="compact",
        help="write compact files, of a third of the size",
    )
    parser.add_argument(
        "--jobs",
        metavar="N",
        type=_positive,
        help="number of processes (default: the number of cores, but at most one for four frames)",
    )
    parser.add_argument("--scheduler", metavar="ADDRESS", help="use the cluster of this Dask scheduler")
    parser.add_argument(
        "--journal", metavar="FILE", type=Path, help=f"a line of JSON a frame (default, from {MANY} on: in --out)"
    )
    parser.add_argument(
        "--summary", metavar="FILE", type=Path, help=f"a page to look at (default, from {MANY} frames on: in --out)"
    )
    parser.add_argument("--quiet", action="store_true", help="do not print file names and progress")
    add_options(parser.add_argument_group("options of the calibration"))
    parser.set_defaults(run=run)


def run(arguments):
    """
    Run the command.

    Parameters
    ----------
    arguments : `argparse.Namespace`

    Returns
    -------
    `int`
        0 if every frame is calibrated, 1 if not, 2 if an option is invalid or there is nothing to do.
    """
    with _Signals() as signals:
        return _run(arguments, signals)


def _run(arguments, signals):
    from sunpy_lasco.bulk.inputs import find_inputs
    from sunpy_lasco.bulk.run import run_frames, stated_memory

    try:
        work = _work(arguments)
        names = find_inputs(arguments.files)
        if not names:
            msg = f"There are no level-0.5 files in {', '.join(arguments.files)}."
            raise OptionError(msg)
        client = _client(arguments.scheduler)
    except (OptionError, MissingAssetError) as error:
        print(f"sunpy-lasco calibrate: {error}", file=sys.stderr)
        return 2
    many, quiet = len(names) >= MANY, arguments.quiet
    if many and client is None and not quiet:
        jobs, megabytes = stated_memory(work, arguments.jobs, len(names))
        plural = "es" if jobs > 1 else ""
        print(
            f"sunpy-lasco: {len(names)} frames on {jobs} process{plural}, which take up to {megabytes / 1e3:.1f} GB.",
            file=sys.stderr,
        )

    signals.look()

    def tell(outcome):
        signals.look()
        if outcome.status == "failed":
            print(f"sunpy-lasco: {outcome.input}: {outcome.reason}", file=sys.stderr, flush=True)
        elif outcome.status == "written" and not quiet:
            print(f"{outcome.input} -> {outcome.output}", flush=True)

    with contextlib.closing(client) if client else contextlib.nullcontext():
        report = run_frames(
            names,
            work,
            jobs=arguments.jobs,
            client=client,
            journal=arguments.journal or many,
            summary=arguments.summary or many,
            progress=not quiet and many,
            tell=tell,
        )
    if report.failed:
        print(f"sunpy-lasco: {report.failed} of {report.total} frames could not be calibrated.", file=sys.stderr)
    if report.kept and not quiet:
        print(f"{report.kept} of {report.total} frames already existed.", flush=True)
    return 1 if report.failed else 0


def _work(arguments):
    """Settings of the run."""
    from sunpy_lasco.assets.choice import resolve
    from sunpy_lasco.bulk.frame import Work

    given = options_of(arguments)
    others = given.pop("context", [])
    together = others != ["none"]
    if others == ["archive"]:
        given["context"], others = "archive", []
    options = Level1Options(**given)
    if options.assets not in NAMED_ASSETS:
        resolve(options.assets)
    return Work(
        options,
        arguments.out,
        compress=arguments.compress or "none",
        overwrite=arguments.overwrite,
        together=together,
        others=tuple(others) if together else (),
    )


def _client(address):
    """A client of a Dask scheduler, or None."""
    if address is None:
        return None
    try:
        from distributed import Client
        from distributed.comm import get_address_host_port, parse_address
    except ModuleNotFoundError as error:
        msg = f"--scheduler needs {error.name}: install 'sunpy_lasco[dask]'."
        raise OptionError(msg) from error
    try:
        # A client that fails during start-up leaves a thread behind.
        if parse_address(address)[0] in ("tcp", "tls"):
            get_address_host_port(address)
        return Client(address, timeout="20s", set_as_default=False)
    except (OSError, ValueError) as error:
        msg = f"--scheduler {address}: no scheduler answers there ({error})."
        raise OptionError(msg) from error


class _Signals:
    """
    Context in which SIGINT and SIGTERM raise KeyboardInterrupt, so that processes end and unfinished files
    are removed.

    An exception raised by a signal is lost within a finaliser or an import that catches everything; `look`
    raises it again.
    """

    def __init__(self):
        self.came, self.before = False, {}

    def __enter__(self):
        # Outside of the main thread there are no signals.
        with contextlib.suppress(ValueError):
            for one in (signal.SIGINT, signal.SIGTERM):
                self.before[one] = signal.signal(one, self._raise)
        return self

    def __exit__(self, *_):
        for one, before in self.before.items():
            signal.signal(one, before)

    def _raise(self, *_):
        if not self.came:
            self.came = True
            raise KeyboardInterrupt

    def look(self):
        """Raise KeyboardInterrupt if there was a signal."""
        if self.came:
            raise KeyboardInterrupt


def _positive(text):
    number = int(text)
    if number < 1:
        msg = f"{text} is not a positive number"
        raise argparse.ArgumentTypeError(msg)
    return number
