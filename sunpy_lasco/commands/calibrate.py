"""``sunpy-lasco calibrate``: level-0.5 files in, level-1 files out."""

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import get_context
from pathlib import Path

__all__ = ["add_parser"]

DESCRIPTION = """
Calibrate level-0.5 files of C2 and C3 and write a level-1 file for each.  A
frame that cannot be calibrated is named on standard error with the reason; the
others are done, and the exit status is 1.
"""


def add_parser(subparsers):
    """
    Add the subcommand.

    Parameters
    ----------
    subparsers : `argparse._SubParsersAction`
        What `argparse.ArgumentParser.add_subparsers` returned.
    """
    parser = subparsers.add_parser("calibrate", help="turn level-0.5 files into level-1 files", description=DESCRIPTION)
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help="a level-0.5 FITS file")
    parser.add_argument(
        "--assets",
        metavar="DIR",
        help="directory of calibration images and tables (flat, or a SolarSoft tree), or the word 'estimate' for "
        "the built-in estimate; by default the configured places",
    )
    parser.add_argument(
        "--out", metavar="DIR", type=Path, default=Path(), help="where the level-1 files go (default: here)"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace level-1 files that are there already")
    parser.add_argument(
        "--distortion",
        choices=("resample", "wcs", "none"),
        default="resample",
        help="resample the image onto an undistorted grid (default), describe the distortion in the WCS and leave "
        "the pixels where they are, or leave it uncorrected",
    )
    parser.add_argument("--inpaint", metavar="METHOD", help="how missing blocks are filled; 'none' leaves them NaN")
    parser.add_argument(
        "--on-bad",
        choices=("warn", "raise"),
        default="warn",
        help="calibrate frames whose content cannot be right with a warning (default), or refuse them",
    )
    parser.add_argument(
        "--jobs", metavar="N", type=_positive, default=1, help="frames calibrated at the same time (default: 1)"
    )
    parser.add_argument("--quiet", action="store_true", help="do not name the files written")
    parser.set_defaults(run=run)


def run(options):
    """
    Calibrate the files that the command line names.

    Parameters
    ----------
    options : `argparse.Namespace`

    Returns
    -------
    `int`
        0 if every frame was calibrated, else 1.
    """
    options.out.mkdir(parents=True, exist_ok=True)
    work = partial(
        calibrate_file,
        out=options.out,
        overwrite=options.overwrite,
        assets=options.assets,
        distortion=None if options.distortion == "none" else options.distortion,
        on_bad=options.on_bad,
        **_inpainting(options.inpaint),
    )
    failures = 0
    for file, written, reason in _each(work, options.files, options.jobs):
        if reason:
            failures += 1
            print(f"sunpy-lasco: {file}: {reason}", file=sys.stderr, flush=True)
        elif not options.quiet:
            print(f"{file} -> {written}", flush=True)
    if failures:
        total = len(options.files)
        print(f"sunpy-lasco: {failures} of {total} frames could not be calibrated.", file=sys.stderr)
    return 1 if failures else 0


def calibrate_file(file, *, out, overwrite, **choices):
    """
    Calibrate one file and write the result.

    Parameters
    ----------
    file : `~pathlib.Path`
        A level-0.5 file.
    out : `~pathlib.Path`
        The directory for the level-1 file.
    overwrite : `bool`
        Whether to replace a file of the same name.
    **choices
        Handed to `sunpy_lasco.calibrate`.

    Returns
    -------
    file : `~pathlib.Path`
        As given.
    written : `~pathlib.Path` or None
        The level-1 file, if there is one.
    reason : `str` or None
        Why there is none.
    """
    import sunpy.map

    import sunpy_lasco

    try:
        smap = sunpy.map.Map(file)
        if isinstance(smap, list):
            return file, None, f"holds {len(smap)} images where one is expected"
        written = sunpy_lasco.write_level1(sunpy_lasco.calibrate(smap, **choices), out, overwrite=overwrite)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one frame, the others are done
        return file, None, f"{type(error).__name__}: {error}"
    return file, written, None


def _each(work, files, jobs):
    """Yield what ``work`` returns for each of ``files``, in order."""
    if jobs == 1 or len(files) == 1:
        yield from map(work, files)
        return
    # Fresh processes: a forked one would inherit threads and locks of ours.
    with ProcessPoolExecutor(min(jobs, len(files)), mp_context=get_context("spawn")) as pool:
        for file, future in [(file, pool.submit(work, file)) for file in files]:
            try:
                yield future.result()
            except BrokenProcessPool:
                yield file, None, "the process that worked on it, or on another frame, ended (not enough memory?)"


def _inpainting(method):
    """The keyword for the repair, only if the user chose one."""
    if method is None:
        return {}
    return {"inpaint": None if method == "none" else method}


def _positive(text):
    number = int(text)
    if number < 1:
        msg = f"{text} is not a positive number"
        raise argparse.ArgumentTypeError(msg)
    return number
