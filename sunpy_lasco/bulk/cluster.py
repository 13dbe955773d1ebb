"""
Calibration on a Dask cluster, in batches of frames.
"""

import atexit
import contextlib
import ctypes
import os
import shutil
import tempfile
import warnings
from dataclasses import dataclass
from dataclasses import replace as exchange
from datetime import date
from functools import lru_cache
from itertools import islice
from pathlib import Path

from sunpy_lasco.assets.archive_orbits import archive_folders
from sunpy_lasco.assets.choice import resolve
from sunpy_lasco.assets.names import CATALOGUE, SOHO_ORBITS
from sunpy_lasco.assets.remote import RemoteSource
from sunpy_lasco.assets.sources import ChainSource, DirectorySource
from sunpy_lasco.assets.spice import KERNEL_NAME, SPICE_FOLDERS
from sunpy_lasco.bulk.frame import process
from sunpy_lasco.bulk.outcome import Outcome
from sunpy_lasco.errors import LascoUserWarning, MissingAssetError
from sunpy_lasco.files import sha256_of
from sunpy_lasco.level1.options import NAMED_ASSETS

__all__ = ["each_outcome_of_cluster"]

#: Largest number of frames in a batch: two seconds of work or more, while the scheduler takes a few milliseconds.
BATCH = 32
#: Smallest number of batches per thread, so that none is idle for long at the end.
ROUNDS = 8
#: Batches that wait or run, for each thread of the cluster.
AHEAD = 2
#: Times that Dask tries a batch again whose worker ended.
RETRIES = 2
#: Number of times that a batch is sent again because the shared data were lost with the workers.
LOSSES = 3
#: Exposure factors, a file a day and camera (some 110 MB for thirty years), and orbit files are sent along if they
#: are no more than this each, bytes.
MOST_SENT = 500_000_000
#: Names of the files of exposure factors, and where their folders, one a month, may lie below a directory.
FACTORS = "c[23]_expfactor_*.dat"
FACTOR_FOLDERS = ("", *(f"{tree}expfac/data" for tree in ("", "soho/lasco/lasco/", "soho/lasco/idl/")), "data")
#: Year of the first orbit file.
FIRST_YEAR = 1995
#: Environment variable by which Dask has glibc give freed memory back to the system at once, the numbers of the two
#: options of ``mallopt`` on which that depends, and their defaults, bytes.
TRIM_VARIABLE = "MALLOC_TRIM_THRESHOLD_"
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
DEFAULT_THRESHOLD = 128 * 1024
#: Memory that is kept instead, and largest array that is kept, bytes; more than a frame needs.
KEPT_MEMORY, KEPT_ARRAY = 256 * 1024**2, 64 * 1024**2
#: Name of the data in messages.
BUNDLE_LABEL = "the calibration images of the client"


@dataclass(frozen=True, eq=False)
class Bundle:
    """Calibration images and tables, sent to each worker once; equal if their digests are."""

    #: Content by name.
    files: tuple[tuple[str, bytes], ...]
    #: SHA-256 of all.
    digest: str

    def __eq__(self, other):
        return isinstance(other, Bundle) and self.digest == other.digest

    def __hash__(self):
        return hash(self.digest)


@lru_cache(maxsize=2)
def _unpacked(bundle):
    """A directory on this worker, filled once."""
    folder = Path(tempfile.mkdtemp(prefix="sunpy_lasco-assets-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for name, content in bundle.files:
        (folder / name).write_bytes(content)
    return folder


def bundle_of(assets):
    """
    Collect the available calibration images and tables.

    Parameters
    ----------
    assets : optional
        As for `sunpy_lasco.calibrate`.

    Returns
    -------
    `Bundle` or None
        None for images included in the package.
    """
    if isinstance(assets, str) and assets in NAMED_ASSETS:
        return None
    source, files = resolve(assets), {}
    for name in (*CATALOGUE, *SOHO_ORBITS.values()):
        path = _path_here(source, name)
        if path is not None:
            files[name] = path.read_bytes()
    factors = _factors_here(source)
    # Predictions reach into the next year.
    years = map(str, range(FIRST_YEAR, date.today().year + 2))
    folders = dict.fromkeys(folder for year in years for folder in archive_folders(year))
    orbits = [*source.find("SO_OR_*_V*.*", folders), *source.find(KERNEL_NAME, SPICE_FOLDERS)]
    for what, paths in (("exposure factors", factors), ("orbit files", orbits)):
        size = sum(path.stat().st_size for path in paths)
        if size <= MOST_SENT:
            # The first of several files with the same name is used.
            files |= {path.name: path.read_bytes() for path in reversed(paths)}
            continue
        msg = (
            f"The {len(paths)} {what} beside the calibration images are not sent to the workers: {size / 1e6:.0f} MB "
            "are too much. Keep those of the dates that are needed in a directory, and give it as assets."
        )
        warnings.warn(msg, LascoUserWarning, stacklevel=6)
    if not files:
        return None
    digest = sha256_of("".join(f"{name} {sha256_of(content)}\n" for name, content in sorted(files.items())).encode())
    return Bundle(tuple(sorted(files.items())), digest)


def _factors_here(source):
    """Paths of the available files of exposure factors, best first."""
    if isinstance(source, ChainSource):
        return [path for one in source.sources for path in _factors_here(one)]
    kept = source.store if isinstance(source, RemoteSource) else None
    folder = source if kept is None else DirectorySource(kept.root)
    found = [*folder.find(FACTORS, [""]), *folder.find(f"*/{FACTORS}", FACTOR_FOLDERS)]
    return found if kept is None else [kept.verified(path.name) for path in found]


def _path_here(source, name):
    """Path of an available asset; nothing is downloaded."""
    if isinstance(source, ChainSource):
        return next(filter(None, (_path_here(one, name) for one in source.sources)), None)
    try:
        return source.store.verified(name) if isinstance(source, RemoteSource) else source.path(name)
    except MissingAssetError:
        return None


def each_outcome_of_cluster(tasks, work, client, *, total=None):
    """
    Process tasks on a cluster, in any order.

    Parameters
    ----------
    tasks : iterable of `~sunpy_lasco.bulk.outcome.Task`
        Taken as workers become free.
    work : `~sunpy_lasco.bulk.frame.Work`
    client : ``distributed.Client``
    total : `int`, optional
        Number of tasks, if it is known.

    Yields
    ------
    `~sunpy_lasco.bulk.outcome.Outcome`
        One for each task. A batch that repeatedly kills its workers is split, so that only the faulty frame
        is skipped.
    """
    from distributed import as_completed

    bundle = bundle_of(work.options.assets)
    sent = _sent(client, work, bundle)
    tasks, threads = iter(tasks), sum(client.nthreads().values()) or 1
    size = BATCH if total is None else max(1, min(BATCH, total // (ROUNDS * threads)))

    def batches():
        while batch := list(islice(tasks, size)):
            yield batch

    waiting, running = batches(), {}

    def submit(batch, losses=0):
        future = client.submit(_work_on, batch, sent, pure=False, retries=RETRIES)
        running[future] = batch, sent, losses
        return future

    finished = as_completed([submit(batch) for batch in islice(waiting, AHEAD * threads)])
    try:
        for future in finished:
            batch, its, losses = running.pop(future)
            if future.status == "finished":
                yield from future.result()
            elif losses < LOSSES and (its is not sent or sent.status != "finished"):
                # All workers with the data are gone, which is not the fault of the batch.
                sent = _sent(client, work, bundle) if its is sent else sent
                finished.add(submit(batch, losses + 1))
                continue
            elif len(batch) > 1:
                for task in batch:
                    finished.add(submit([task]))
                continue
            else:
                reason = f"{type(future.exception()).__name__}: {future.exception()}"
                yield Outcome(batch[0].number, batch[0].file, reason=reason, again=True)
            following = next(waiting, None)
            if following is not None:
                finished.add(submit(following))
    finally:
        client.cancel(list(running))


def _sent(client, work, bundle):
    """Send the shared data to all workers, as one future."""
    return client.scatter([(work, bundle)], broadcast=True, hash=False)[0]


def _work_on(batch, sent):
    """Process a batch on a worker."""
    work, bundle = sent
    if bundle is not None:
        work = exchange(work, options=exchange(work.options, assets=DirectorySource(_unpacked(bundle), BUNDLE_LABEL)))
    with _memory_kept():
        return [process(task, work) for task in batch]


@contextlib.contextmanager
def _memory_kept():
    """
    Context in which the memory of one frame is reused for the next.

    Dask starts its workers with MALLOC_TRIM_THRESHOLD_=65536. All arrays of a frame, 31,000 pages, are then
    requested from the system again, which doubles the time.
    """
    try:
        before = int(os.environ[TRIM_VARIABLE])
        mallopt = ctypes.CDLL(None).mallopt
    except (KeyError, ValueError, OSError, TypeError, AttributeError):
        # It is not set, or this is not glibc.
        yield
        return
    mallopt(M_MMAP_THRESHOLD, KEPT_ARRAY)
    mallopt(M_TRIM_THRESHOLD, KEPT_MEMORY)
    try:
        yield
    finally:
        mallopt(M_MMAP_THRESHOLD, DEFAULT_THRESHOLD)
        mallopt(M_TRIM_THRESHOLD, before)
