"""
Processing of one frame of a run.
"""

import contextlib
import sys
import time
import warnings
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from sunpy_lasco.assets.names import MJD_0
from sunpy_lasco.bulk.context import NearFiles, facts_of
from sunpy_lasco.bulk.identity import frame_key, options_digest
from sunpy_lasco.bulk.outcome import Outcome
from sunpy_lasco.bulk.places import local_input, output_folder
from sunpy_lasco.errors import BadFrameError, OptionError
from sunpy_lasco.files import is_plain_name, sha256_of
from sunpy_lasco.level1.files import COMPRESSIONS, level1_path, read_level1, verified_header, write_level1
from sunpy_lasco.level1.header import product_name
from sunpy_lasco.level1.notices import found_approximations, unsaid
from sunpy_lasco.level1.options import Level1Options
from sunpy_lasco.level1.pipeline import calibrate
from sunpy_lasco.level1.solarsoft import write_solarsoft
from sunpy_lasco.map.edit import add_history
from sunpy_lasco.map.reading import open_map

__all__ = ["Work", "process"]

#: Folders in the output directory, for files of this package and for the official form.
LEVEL1_FOLDER, SOLARSOFT_FOLDER = "sunpy_lasco_level1", "sunpy_lasco_solarsoft"
#: Cards of level 1 that tell of the choices that were made.
CHOICES = "calopts biassrc expfac expfsrc centsrc rollsrc timesrc obssrc vigfile rampfile fillmeth".split()
#: Cards that tell of the image.
STATISTICS = "detector filter polar exptime datap50 datamin datamax nmissing nfilled biasval expfac detroll".split()
#: Side of the image of a frame on the contact sheet, pixels.
THUMBNAIL = 96
#: Days, by the clock on board, beside that of the start in which a level-1 file may be: clock and midnight.
DAYS = (0, -1, 1)


@dataclass(frozen=True)
class Work:
    """Common settings of all frames of a run."""

    #: Options of `sunpy_lasco.calibrate`; their context is that of each frame.
    options: Level1Options
    #: Output directory, or its address for fsspec.
    out: str
    #: As for `sunpy_lasco.write_level1`.
    compress: str = "none"
    #: Whether to make existing files again.
    overwrite: bool = False
    #: Whether the files are context for each other.
    together: bool = True
    #: Files that are context only.
    others: tuple[str, ...] = ()

    def __post_init__(self):
        if self.compress not in COMPRESSIONS:
            msg = f"compress={self.compress!r} is unknown; it is one of {', '.join(map(repr, COMPRESSIONS))}."
            raise OptionError(msg)
        if self.options.solarsoft and self.compress != "none":
            msg = "Files in the official form (--solarsoft) are not compressed."
            raise OptionError(msg)

    def chosen(self):
        """
        SHA-256 of the properties, besides inputs and calibration images, that existing outputs must have to
        be kept.
        """
        return _chosen(options_digest(self.options), self.compress)


@lru_cache(maxsize=64)
def _chosen(options, compress):
    return sha256_of(f"{options} {compress}".encode())


def process(task, work):
    """
    Calibrate and write a frame, unless a valid output exists.

    Parameters
    ----------
    task : `~sunpy_lasco.bulk.outcome.Task`
    work : `Work`

    Returns
    -------
    `~sunpy_lasco.bulk.outcome.Outcome`
        Any error in the frame.
    """
    outcome, begin, spent = Outcome(task.number, task.file), time.perf_counter(), time.process_time()
    with warnings.catch_warnings(record=True) as caught, unsaid():
        # Warnings are reported by the main process; nobody would see them here.
        warnings.simplefilter("always", UserWarning)
        try:
            _process(task, work, outcome)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one frame, the others are done
            outcome.status, outcome.reason = "failed", f"{type(error).__name__}: {error}"
    outcome.warnings = [(one.category, str(one.message)) for one in caught]
    outcome.seconds, outcome.cpu = time.perf_counter() - begin, time.process_time() - spent
    outcome.memory = peak_memory()
    return outcome


def _process(task, work, outcome):
    file, out = local_input(task.file), output_folder(work.out)
    digest = sha256_of(file)
    near = NearFiles(file, (*work.others, *(task.near if work.together else ())))
    frame = _frame_or_none(file)
    if frame is not None and not work.overwrite:
        found = _done_before(out, frame, digest, near, work)
        if found is not None:
            relative, header, pixels = found
            _tell(outcome, "kept", out.address(relative), header)
            outcome.picture = thumbnail(pixels()) if task.picture else None
            return
    options = work.options
    if near.others and options.context is None and options.inpaint is not None:
        options = replace(options, context=near)
    level1 = calibrate(open_map(file), **options.given())
    # Not earlier, since the calibration may have downloaded missing files.
    cards = {"inputsha": digest, "calkey": _key(facts_of(file), digest, work)}
    if level1.meta.get("nmissing") or level1.meta.get("nfilled"):
        cards["ctxsha"] = _context_digest(near)
    relative = _write(level1, cards, out, work)
    _tell(outcome, "written", out.address(relative), level1.meta)
    outcome.picture = thumbnail(level1.data) if task.picture else None


def _key(frame, digest, work):
    return frame_key(digest, frame, work.options, work.chosen())


def _frame_or_none(file):
    """The header as a frame, or None if it is invalid; the calibration then reports the fault."""
    try:
        return facts_of(file)
    except Exception:  # noqa: BLE001
        return None


def _write(level1, cards, out, work):
    """Write a level-1 map with the cards that identify it; returns the path in the output directory."""
    path = level1_path(level1, Path())
    if work.options.solarsoft:
        path = Path(SOLARSOFT_FOLDER, *path.parts[1:])
        add_history(level1.meta, *(f"{card.upper()} {value}" for card, value in cards.items()))
    else:
        level1.meta.update(cards)
    if work.compress == "gzip":
        path = path.with_name(path.name + ".gz")
    write = write_solarsoft if work.options.solarsoft else partial(write_level1, compress=work.compress)
    overwrite = work.overwrite or _is_ours(out.existing(path))
    try:
        out.write(path, partial(write, level1, overwrite=overwrite), overwrite=overwrite)
    except FileExistsError:
        # Another run on the same directory was faster.
        if overwrite or not _is_ours(out.existing(path)):
            raise
        out.write(path, partial(write, level1, overwrite=True), overwrite=True)
    return path


def _is_ours(path):
    """Whether a file may be replaced: it is from this package, empty, or a damaged FITS file."""
    if path is None:
        return False
    try:
        header = verified_header(path)
    except BadFrameError:
        start = path.read_bytes()[:6]
        return start in (b"", b"SIMPLE") or start.startswith(b"\x1f\x8b")
    except OSError:
        return False
    return "sunpy_lasco" in f"{header.get('ORIGIN', '')}{header.get('CREATOR', '')}{header.get('HISTORY', '')}"


def _done_before(out, frame, digest, near, work):
    """Name, header and pixels of a valid level-1 file made from the same inputs, or None."""
    name = product_name(frame)
    if not is_plain_name(name):
        return None
    folder = SOLARSOFT_FOLDER if work.options.solarsoft else LEVEL1_FOLDER
    ending = ".gz" if work.compress == "gzip" else ""
    for days in DAYS:
        day = (MJD_0 + timedelta(frame.mjd + days)).strftime("%y%m%d")
        relative = Path(folder, day, frame.camera.name.lower(), name + ending)
        path = out.existing(relative)
        if path is None:
            continue
        with contextlib.suppress(BadFrameError):
            header = verified_header(path)
            cards = _cards(header)
            if cards.get("CALKEY") == _key(frame, digest, work) and (
                "CTXSHA" not in cards or cards["CTXSHA"] == _context_digest(near)
            ):
                return relative, header, partial(_pixels_of, path)
    return None


def _pixels_of(path):
    return read_level1(path).data


def _cards(header):
    """The cards that identify a file; in the official form they are lines of HISTORY."""
    lines = (str(line).split() for line in header.get("HISTORY", ()))
    cards = {line[0]: line[1] for line in lines if len(line) == 2 and line[0] in ("CALKEY", "CTXSHA")}
    return cards | {card: header[card] for card in ("CALKEY", "CTXSHA") if card in header}


def _context_digest(near):
    """SHA-256 of the context files of a frame, in order."""
    return sha256_of("\n".join(sha256_of(file) for file in near.files).encode())


def _tell(outcome, status, path, header):
    outcome.status, outcome.output = status, str(path)
    outcome.time = str(header.get("date-obs", "")) or None
    outcome.choices = {card: header[card] for card in CHOICES if card in header}
    outcome.approximations = list(found_approximations(header))
    outcome.statistics = {card: header[card] for card in STATISTICS if card in header}


def thumbnail(image):
    """
    An image of `THUMBNAIL` pixels a side at most, of means; NaN where nothing is known.

    Parameters
    ----------
    image : `numpy.ndarray`

    Returns
    -------
    `numpy.ndarray`
        float32.
    """
    step = max(1, -(-max(image.shape) // THUMBNAIL))
    ny, nx = (length // step for length in image.shape)
    image = np.asarray(image[: ny * step, : nx * step], np.float32)
    known = np.isfinite(image)

    def sums(values):
        # Whole rows are added first, which processors do fast.
        return values.reshape(ny, step, nx * step).sum(1).reshape(ny, nx, step).sum(2)

    number, total = sums(known.astype(np.float32)), sums(np.where(known, image, np.float32(0)))
    return np.where(number > 0, total / np.maximum(number, 1), np.float32(np.nan)).astype(np.float32)


def peak_memory():
    """
    Peak memory of this process.

    Returns
    -------
    `float` or None
        MB; None if the system does not provide it.
    """
    try:
        import resource
    except ImportError:
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
