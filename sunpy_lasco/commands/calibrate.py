"""``sunpy-lasco calibrate``: level-0.5 files in, level-1 files out."""

import argparse
import sys
import warnings
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
        help="directory of calibration images and tables (flat, or a SolarSoft tree), 'estimate' for the approximate "
        "set that is built in, or 'simulated' for simulated files; by default the configured places",
    )
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
        "--inpaint",
        metavar="METHOD",
        default="auto",
        help="how blocks lost in telemetry are filled: 'auto' (default) by the best method, 'none' leaves them empty",
    )
    parser.add_argument(
        "--distortion",
        choices=("resample", "wcs", "none"),
        default="resample",
        help="resample the image onto an undistorted grid (default), describe the distortion in the WCS and leave "
        "the pixels where they are, or leave it uncorrected",
    )
    parser.add_argument("--north-up", action="store_true", help="turn solar north up, in the same interpolation")
    parser.add_argument(
        "--geometry", choices=("official", "stars"), default="official", help="plate scale and distortion"
    )
    parser.add_argument("--photometry", choices=("official", "stars"), default="official", help="calibration factor")
    parser.add_argument(
        "--bias", choices=("official", "dark"), default="official", help="official bias, or true dark level of C3"
    )
    parser.add_argument(
        "--on-bad",
        choices=("warn", "raise", "ignore"),
        default="warn",
        help="calibrate frames whose content cannot be right with a warning (default), refuse them, or say nothing",
    )
    parser.add_argument(
        "--solarsoft",
        action="store_true",
        help="do as SolarSoft where this package deliberately does not, and write files in the official form",
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
    if options.solarsoft and options.compress:
        print("sunpy-lasco calibrate: files in the official form are not compressed.", file=sys.stderr)
        return 2
    work = partial(
        calibrate_file,
        out=options.out,
        overwrite=options.overwrite,
        compress=options.compress,
        assets=options.assets,
        inpaint=None if options.inpaint == "none" else options.inpaint,
        distortion=None if options.distortion == "none" else options.distortion,
        north_up=options.north_up,
        geometry=options.geometry,
        photometry=options.photometry,
        bias=options.bias,
        on_bad=options.on_bad,
        solarsoft=options.solarsoft,
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


def calibrate_file(file, *, out, overwrite=False, compress=False, **choices):
    """
    Calibrate one file and write the result.

    Parameters
    ----------
    file : `~pathlib.Path`
        A level-0.5 file.
    out : `~pathlib.Path`
        The directory below which the level-1 file goes.
    overwrite : `bool`
        Whether to replace a file of the same name.
    compress : `bool`
        Whether to write .fts.gz.
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
    from astropy.io.fits.verify import VerifyWarning

    import sunpy.map

    import sunpy_lasco
    from sunpy_lasco.calibration.storage import level1_folder

    try:
        with warnings.catch_warnings():
            # Four lines on cards of the archive's files that hold tabulators, for almost every file.
            warnings.simplefilter("ignore", VerifyWarning)
            smap = sunpy.map.Map(file)
        if isinstance(smap, list):
            return file, None, f"holds {len(smap)} images where one is expected"
        level1 = sunpy_lasco.calibrate(smap, **choices)
        path = level1_folder(level1) / level1.meta["filename"]
        if choices.get("solarsoft"):
            # Files in the official form are kept apart from ours as well.
            path = Path("sunpy_lasco_solarsoft", *path.parts[1:])
            written = sunpy_lasco.write_solarsoft(level1, out / path, overwrite=overwrite)
        else:
            written = sunpy_lasco.write_level1(level1, out / path, overwrite=overwrite, compress=compress)
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


def _positive(text):
    number = int(text)
    if number < 1:
        msg = f"{text} is not a positive number"
        raise argparse.ArgumentTypeError(msg)
    return number
