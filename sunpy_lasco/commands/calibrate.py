"""``sunpy-lasco calibrate``: level-0.5 files in, level-1 files out."""

import argparse
import contextlib
import signal
import sys
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from sunpy_lasco.errors import MissingAssetError, OptionError
from sunpy_lasco.level1.options import NAMED_ASSETS, Level1Options, add_options, options_of

__all__ = ["add_arguments"]

DESCRIPTION = """
Calibrate level-0.5 files of C2 and C3 and write a level-1 file for each.  Files
that are given together help to fill each other's lost blocks.  A frame that cannot
be calibrated is named on standard error with the reason; the others are done, and
the exit status is 1.
"""


def add_arguments(parser):
    """
    Add the arguments of the command.

    Parameters
    ----------
    parser : `argparse.ArgumentParser`
    """
    parser.description = DESCRIPTION
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help="a level-0.5 FITS file")
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        default=Path(),
        help="where the files go, in folders by date and camera (default: here)",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace files that are there already")
    parser.add_argument("--compress", action="store_true", help="write .fts.gz")
    parser.add_argument(
        "--jobs", metavar="N", type=_positive, default=1, help="frames calibrated at the same time (default: 1)"
    )
    parser.add_argument("--quiet", action="store_true", help="do not name the files written")
    add_options(parser.add_argument_group("options of the calibration"))
    parser.set_defaults(run=run)


def run(arguments):
    """
    Calibrate the files that the command line names.

    Parameters
    ----------
    arguments : `argparse.Namespace`

    Returns
    -------
    `int`
        0 if every frame was calibrated, 1 if not, 2 if an option cannot be.
    """
    from sunpy_lasco.assets.choice import resolve
    from sunpy_lasco.commands.context_files import context_of_files

    try:
        given = options_of(arguments)
        others = given.pop("context", [])
        options = Level1Options(**given)
        if options.solarsoft and arguments.compress:
            msg = "Files in the official form (--solarsoft) are not compressed."
            raise OptionError(msg)
        if options.assets not in NAMED_ASSETS:
            resolve(options.assets)
    except (OptionError, MissingAssetError) as error:
        print(f"sunpy-lasco calibrate: {error}", file=sys.stderr)
        return 2
    context = {}
    if options.inpaint is not None and others != ["none"]:
        context = context_of_files(arguments.files, [Path(other) for other in others])
    work = partial(calibrate_file, out=arguments.out, overwrite=arguments.overwrite, compress=arguments.compress)
    tasks = [(file, replace(options, context=context[file] if context.get(file) else None)) for file in arguments.files]
    failures = 0
    with contextlib.closing(_each(work, tasks, arguments.jobs)) as results:
        for file, written, reason in results:
            if reason:
                failures += 1
                print(f"sunpy-lasco: {file}: {reason}", file=sys.stderr, flush=True)
            elif not arguments.quiet:
                print(f"{file} -> {written}", flush=True)
    if failures:
        total = len(arguments.files)
        print(f"sunpy-lasco: {failures} of {total} frames could not be calibrated.", file=sys.stderr)
    return 1 if failures else 0


def calibrate_file(file, options, *, out, overwrite=False, compress=False):
    """
    Calibrate one file and write the result.

    Parameters
    ----------
    file : `~pathlib.Path`
        A level-0.5 file.
    options : `~sunpy_lasco.level1.options.Level1Options`
        Those of `sunpy_lasco.calibrate`.
    out : `~pathlib.Path`
        The directory below which the level-1 file goes.
    overwrite : `bool`
        Whether to replace a file of the same name.
    compress : `bool`
        Whether to write .fts.gz.

    Returns
    -------
    written : `~pathlib.Path` or None
        The level-1 file, if there is one.
    reason : `str` or None
        Why there is none.
    """
    import sunpy_lasco
    from sunpy_lasco.level1.files import level1_path
    from sunpy_lasco.map.reading import open_map

    try:
        level1 = sunpy_lasco.calibrate(open_map(file), **options.given())
        path = level1_path(level1, Path())
        if options.solarsoft:
            # Files in the official form are kept apart from ours as well.
            path = Path("sunpy_lasco_solarsoft", *path.parts[1:])
            written = sunpy_lasco.write_solarsoft(level1, out / path, overwrite=overwrite)
        else:
            written = sunpy_lasco.write_level1(level1, out / path, overwrite=overwrite, compress=compress)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one frame, the others are done
        return None, f"{type(error).__name__}: {error}"
    return written, None


def _each(work, tasks, jobs):
    """Yield each file of ``tasks``, pairs of a file and its options, with what ``work`` returns for it, in order."""
    if jobs == 1 or len(tasks) == 1:
        for file, options in tasks:
            yield file, *work(file, options)
        return
    # Fresh processes: a forked one would inherit threads and locks of ours.  The user's Ctrl-C is
    # for this one: the others end the frame that they are at.
    pool = ProcessPoolExecutor(
        min(jobs, len(tasks)),
        mp_context=get_context("spawn"),
        initializer=signal.signal,
        initargs=(signal.SIGINT, signal.SIG_IGN),
    )
    try:
        for file, future in [(file, pool.submit(work, file, options)) for file, options in tasks]:
            try:
                yield file, *future.result()
            except BrokenProcessPool:
                yield file, None, "the process that worked on it, or on another frame, ended (not enough memory?)"
    finally:
        pool.shutdown(cancel_futures=True)


def _positive(text):
    number = int(text)
    if number < 1:
        msg = f"{text} is not a positive number"
        raise argparse.ArgumentTypeError(msg)
    return number
