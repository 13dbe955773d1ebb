"""
Runs over many frames: in this process, on several processes, or on a cluster.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sunpy_lasco.bulk.frame import Work, process
from sunpy_lasco.bulk.identity import versions
from sunpy_lasco.bulk.inputs import find_inputs
from sunpy_lasco.bulk.journal import Journal
from sunpy_lasco.bulk.outcome import Task
from sunpy_lasco.bulk.places import is_address
from sunpy_lasco.bulk.processes import cores, each_outcome
from sunpy_lasco.bulk.summary import Sheet, write_summary
from sunpy_lasco.errors import OptionError
from sunpy_lasco.files import sweep
from sunpy_lasco.level1.notices import notify_of_many
from sunpy_lasco.level1.options import read_options, takes_options

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Unpack

    from sunpy_lasco.annotations import PathLike
    from sunpy_lasco.bulk.outcome import Outcome
    from sunpy_lasco.level1.option_types import OptionTypes

__all__ = ["BulkReport", "calibrate_files", "run_frames", "stated_memory", "sweep_outputs"]

#: Number of files before and after a file, by name, that are candidates for its context; fewer for files that must be
#: downloaded.
NEAR, NEAR_REMOTE = 64, 8
#: Smallest number of frames per process, since starting a process takes two seconds of processor time, as much as about
#: thirty frames.
LEAST_FRAMES = 4
#: Memory of a process that calibrates, MB, and of one that also fills lost blocks by a network, as measured in
#: benchmarks/bulk; 250 of it are sunpy.map.
PROCESS_MEMORY, NETWORK_MEMORY = 750, 1000
#: Frames, and seconds, between two lines of progress without a terminal.
LINE_FRAMES, LINE_SECONDS = 100, 10.0
#: Names of the files about the run in the output directory.
JOURNAL, SUMMARY = "sunpy_lasco_journal.jsonl", "sunpy_lasco_summary.html"


@dataclass
class BulkReport:
    """Results of a run."""

    #: Numbers of frames: requested, written, kept because they existed, and failed.
    total: int = 0
    written: int = 0
    kept: int = 0
    failed: int = 0
    #: Files that failed, and why.
    failures: list = field(default_factory=list)
    #: Number of frames by kind of approximation, as in `sunpy_lasco.level1.approximations`.
    approximations: Counter = field(default_factory=Counter)
    #: Seconds that it took.
    seconds: float = 0.0
    #: Largest memory of a process, MB.
    memory: float = 0.0
    #: Where the journal and the summary page are, or None.
    journal: Path | None = None
    summary: Path | None = None

    @property
    def done(self) -> int:
        """Number of finished frames."""
        return self.written + self.kept + self.failed

    def count(self, outcome: Outcome) -> None:
        """Add the outcome of a frame."""
        setattr(self, outcome.status, getattr(self, outcome.status) + 1)
        if outcome.status == "failed":
            self.failures.append((outcome.input, outcome.reason))
        self.approximations.update(outcome.approximations)
        self.memory = max(self.memory, outcome.memory or 0.0)


@takes_options
def calibrate_files(
    files: PathLike | Iterable[PathLike],
    out: PathLike,
    *,
    jobs: int | None = None,
    overwrite: bool = False,
    compress: str = "none",
    others: Iterable[PathLike] = (),
    together: bool = True,
    client: Any = None,
    journal: bool | PathLike = True,
    summary: bool | PathLike = True,
    progress: bool | None = None,
    **options: Unpack[OptionTypes],
) -> BulkReport:
    """
    Calibrate many level-0.5 files and write a level-1 file for each.

    Existing files are kept if they are valid and were made from the same input, options, calibration images,
    constants and version.  Frames that fail, even by crashing their process, are recorded in the journal; the
    others are calibrated.

    Parameters
    ----------
    files : path-like, `str`, or sequence of these
        See `~sunpy_lasco.bulk.find_inputs`.
    out : path-like or `str`
        Output directory, or address for fsspec, with folders as for `sunpy_lasco.write_level1`.
    jobs : `int`, optional
        Number of processes; by default that of the cores, but at most one for every four frames.
    overwrite : `bool`
        Make existing files again, and replace files of other programs.
    compress : `str`
        As for `sunpy_lasco.write_level1`.
    others : sequence of path-like
        Level-0.5 files used only to fill lost blocks.
    together : `bool`
        Whether the files help to fill each other's lost blocks.
    client : ``distributed.Client``, optional
        Use a Dask cluster.
    journal, summary : `bool` or path-like
        Paths of the journal (a line of JSON per frame) and of the summary page; True for the directory
        ``out``, False for none.
    progress : `bool`, optional
        Show a progress bar, or lines if standard error is not a terminal; by default a bar in a terminal.
    **options
        Those of `sunpy_lasco.calibrate`.

    Returns
    -------
    `BulkReport`

    Raises
    ------
    sunpy_lasco.errors.OptionError
        If an option is invalid, or no file is found.

    Warns
    -----
    sunpy_lasco.errors.LascoUserWarning
        Warnings of `sunpy_lasco.calibrate`; at the end one `~sunpy_lasco.errors.ApproximationWarning` for all
        frames.

    Notes
    -----
    A script that uses several processes must call it below ``if __name__ == "__main__":``, as
    ``multiprocessing`` requires.

    Examples
    --------
    >>> from sunpy_lasco import bulk, simulate
    >>> tmp_path = getfixture("tmp_path")
    >>> shown = [simulate.observe("C3", date=f"2012-08-31T18:{m:02d}", leb_sum=(4, 4), seed=m) for m in (6, 18)]
    >>> files = [simulate.write_level05(one, tmp_path) for one in shown]
    >>> report = bulk.calibrate_files(files, tmp_path / "level1", assets="simulated")
    >>> report.written, report.failed
    (2, 0)
    >>> bulk.calibrate_files(files, tmp_path / "level1", assets="simulated").kept
    2
    """
    work = Work(
        read_options(options),
        os.fspath(out),
        compress=compress,
        overwrite=overwrite,
        together=together,
        others=tuple(os.fspath(one) for one in others),
    )
    names = find_inputs(files)
    if not names:
        msg = "There are no level-0.5 files to calibrate."
        raise OptionError(msg)
    if progress is None:
        progress = sys.stderr.isatty()
    return run_frames(names, work, jobs=jobs, client=client, journal=journal, summary=summary, progress=progress)


def run_frames(names, work, *, jobs=None, client=None, journal=True, summary=True, progress=False, tell=None):
    """
    Process frames, with journal, summary and progress.

    Parameters
    ----------
    names : sequence of `str`
        In the order of `find_inputs`.
    work : `~sunpy_lasco.bulk.frame.Work`
    jobs, client, journal, summary, progress
        As for `calibrate_files`.
    tell : callable, optional
        Called with each outcome.

    Returns
    -------
    `BulkReport`
    """
    report, begin = BulkReport(total=len(names)), time.perf_counter()
    local = not is_address(work.out)
    if not local:
        # Journal and page are written here.
        journal, summary = (False if one is True else one for one in (journal, summary))
    report.journal = Path(work.out, JOURNAL) if journal is True else Path(journal) if journal else None
    report.summary = Path(work.out, SUMMARY) if summary is True else Path(summary) if summary else None
    if local:
        sweep_outputs(work.out)
    sheet = Sheet(len(names)) if report.summary else None
    tasks = _tasks(names, work, sheet)
    with contextlib.ExitStack() as stack:
        notes = stack.enter_context(Journal(report.journal, versions())) if report.journal else None
        bar = stack.enter_context(_Progress(len(names), shown=progress))
        taken = set()
        if local:
            # After the processes have ended, since interrupted ones may have left files behind.
            stack.callback(sweep_outputs, work.out)
        outcomes = stack.enter_context(
            contextlib.closing(_outcomes(tasks, work, _jobs(jobs, len(names)), client, len(names)))
        )
        for outcome in outcomes:
            _refuse_twins(outcome, taken)
            report.count(outcome)
            if notes:
                notes.add(outcome)
            if sheet:
                sheet.add(outcome)
            with bar.aside():
                for category, text in outcome.warnings:
                    warnings.warn(text, category, stacklevel=3)
                if tell:
                    tell(outcome)
            bar.step(report)
    report.seconds = time.perf_counter() - begin
    notify_of_many(report.approximations, report.done, stacklevel=3)
    if sheet:
        write_summary(report.summary, sheet, report, versions())
    return report


def _jobs(jobs, frames):
    if jobs is not None:
        return max(1, min(int(jobs), frames))
    return max(1, min(cores(), frames // LEAST_FRAMES))


def stated_memory(work, jobs, frames):
    """
    Number of processes, and the memory that they will need.

    Parameters
    ----------
    work : `~sunpy_lasco.bulk.frame.Work`
    jobs : `int` or None
        As for `calibrate_files`.
    frames : `int`
        Number of frames.

    Returns
    -------
    jobs : `int`
    megabytes : `float`
    """
    jobs = _jobs(jobs, frames)
    learnt = work.options.inpaint not in (None, "kriging", "mixture", "fuzzy", "temporal", "sequence")
    return jobs, jobs * (NETWORK_MEMORY if learnt and _has_torch() else PROCESS_MEMORY)


def _has_torch():
    from importlib.util import find_spec

    return find_spec("torch") is not None


def _tasks(names, work, sheet):
    for number, name in enumerate(names):
        near = ()
        if work.together:
            width = NEAR_REMOTE if is_address(name) else NEAR
            near = (*names[max(0, number - width) : number], *names[number + 1 : number + 1 + width])
        yield Task(number, name, near, sheet is not None and sheet.wants(number))


def _outcomes(tasks, work, jobs, client, total):
    if client is not None:
        from sunpy_lasco.bulk.cluster import each_outcome_of_cluster

        return each_outcome_of_cluster(tasks, work, client, total=total)
    if jobs == 1:
        return (process(task, work) for task in tasks)
    return each_outcome(tasks, process, work, jobs)


def _refuse_twins(outcome, taken):
    """Two inputs with the same FILENAME: the second must not replace the output of the first unnoticed."""
    if outcome.output is None:
        return
    # Numbers of 64 bits, for there may be a million.
    mark = hash(outcome.output)
    if mark in taken:
        outcome.status = "failed"
        outcome.reason = f"{outcome.output} was made from another input with the same FILENAME"
    taken.add(mark)


def sweep_outputs(out):
    """
    Remove unfinished files of killed processes from an output directory.

    Parameters
    ----------
    out : path-like
    """
    for folder in (*Path(out).glob("sunpy_lasco_*/*/c[23]"), Path(out)):
        sweep(folder)


class _Progress:
    """Progress: a bar in a terminal, lines elsewhere."""

    def __init__(self, total, *, shown):
        self.total, self.shown, self.begin, self.last = total, shown, time.monotonic(), time.monotonic()
        self.bar = None

    def __enter__(self):
        if self.shown and sys.stderr.isatty():
            from tqdm import tqdm

            self.bar = tqdm(total=self.total, unit="frame", file=sys.stderr, dynamic_ncols=True, smoothing=0.1)
        return self

    def __exit__(self, *_):
        if self.bar is not None:
            self.bar.close()

    @contextlib.contextmanager
    def aside(self):
        """Context in which others may write to the terminal."""
        if self.bar is None:
            yield
            return
        with self.bar.external_write_mode(file=sys.stderr):
            yield

    def step(self, report):
        """Count a frame."""
        if self.bar is not None:
            if report.failed:
                self.bar.set_postfix(failed=report.failed, refresh=False)
            self.bar.update()
        elif self.shown and (report.done % LINE_FRAMES == 0 or report.done == self.total):
            now = time.monotonic()
            if now - self.last >= LINE_SECONDS or report.done == self.total:
                self.last = now
                print(self._line(report, now - self.begin), file=sys.stderr, flush=True)  # noqa: T201

    def _line(self, report, seconds):
        rate = report.done / max(seconds, 1e-3)
        left = (self.total - report.done) / rate
        return (
            f"sunpy-lasco: {report.done} of {self.total} frames, {rate:.1f} a second, "
            f"{left // 60:.0f} min {left % 60:.0f} s left, {report.failed} failed"
        )
