"""Functions for worker processes in the tests of bulk runs, which import them by name."""

import os
import signal
import time
from pathlib import Path

from sunpy_lasco.bulk.outcome import Outcome


def done(task, work):
    """Return at once."""
    return Outcome(task.number, task.file, status="written", output=f"{work}{task.number}", memory=float(os.getpid()))


def killed_once(task, work):
    """Kill the process at the first try of each deadly frame, and return at the second."""
    marker = Path(work, str(task.number))
    if task.file == "deadly" and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return done(task, work)


def killed_always(task, work):
    """Kill the process at each deadly frame."""
    if task.file == "deadly":
        os.kill(os.getpid(), signal.SIGKILL)
    return done(task, work)


def counted(task, work):
    """Return after a while, with the number of processes at work at the same time."""
    marker = Path(work, f"{task.number}.busy")
    marker.touch()
    time.sleep(0.05)
    number = len(list(Path(work).glob("*.busy")))
    marker.unlink()
    outcome = done(task, work)
    outcome.seconds = number
    return outcome


def asleep(task, work):
    """Sleep for a long time, with an unfinished file that an exception removes."""
    from sunpy_lasco.files import atomic_path

    with atomic_path(Path(work, f"{task.number}.fts")):
        Path(work, f"{os.getpid()}.pid").touch()
        time.sleep(60)
