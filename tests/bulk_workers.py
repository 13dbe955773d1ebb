"""What processes of the tests of bulk work do; they import it by its name."""

import os
import signal
import time
from pathlib import Path

from sunpy_lasco.bulk.outcome import Outcome


def done(task, work):
    """Done at once, by this process."""
    return Outcome(task.number, task.file, status="written", output=f"{work}{task.number}", memory=float(os.getpid()))


def killed_once(task, work):
    """Killed at each frame whose marker is not there yet, and done when it is tried again."""
    marker = Path(work, str(task.number))
    if task.file == "deadly" and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return done(task, work)


def killed_always(task, work):
    """Killed at each frame that is deadly."""
    if task.file == "deadly":
        os.kill(os.getpid(), signal.SIGKILL)
    return done(task, work)


def counted(task, work):
    """Done after a while, with the number of those that are at work at the same time."""
    marker = Path(work, f"{task.number}.busy")
    marker.touch()
    time.sleep(0.05)
    number = len(list(Path(work).glob("*.busy")))
    marker.unlink()
    outcome = done(task, work)
    outcome.seconds = number
    return outcome


def asleep(task, work):
    """Asleep for longer than anybody waits, with an unfinished file that an exception removes."""
    from sunpy_lasco.files import atomic_path

    with atomic_path(Path(work, f"{task.number}.fts")):
        Path(work, f"{os.getpid()}.pid").touch()
        time.sleep(60)
