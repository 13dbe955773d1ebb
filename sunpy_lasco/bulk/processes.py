"""
Processing on several local processes.

When a process dies, only its current frame is affected: each process has its own pipe, so no shared lock or
queue can be left in an invalid state. (If one process dies, a pool of `concurrent.futures`, loky or joblib
abandons all submitted frames; if the parent is killed, it leaves processes behind.) Processes exit when their
parent is gone.
"""

import contextlib
import os
import signal
import threading
import time
from collections import deque
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait

from sunpy_lasco.bulk.outcome import Outcome
from sunpy_lasco.bulk.places import clear_copies
from sunpy_lasco.errors import LascoError

__all__ = ["cores", "each_outcome"]

#: Seconds for which terminated processes may clean up before they are killed.
GRACE = 0.5
#: Processes in a row that may end before they have started until it is clear that none ever will: by
#: themselves, and killed by others, as in need of memory.
FALSE_STARTS, KILLED_STARTS = 3, 20
#: What a process says when it is ready.
STARTED = "started"
#: Limit the threads of linear-algebra libraries, since the processes already use all cores.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


def cores():
    """
    Number of cores that this process may use.

    Returns
    -------
    `int`
    """
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def each_outcome(tasks, function, work, jobs):
    """
    Apply a function to tasks on several processes, in any order.

    Parameters
    ----------
    tasks : iterable
        Consumed as processes become free.
    function : callable
        ``function(task, work)`` gives an `~sunpy_lasco.bulk.outcome.Outcome`.
    work : object
        Sent to each process once.
    jobs : `int`
        Number of processes.

    Yields
    ------
    `~sunpy_lasco.bulk.outcome.Outcome`
        One for each task. A task whose process died is retried once, alone, after all others.

    Raises
    ------
    sunpy_lasco.errors.LascoError
        If no process starts.
    """
    crew, lost = _Crew(function, work), deque()
    try:
        for outcome, task in crew.run(tasks, jobs):
            if outcome is None:
                lost.append(task)
            else:
                yield outcome
        for task in lost:
            for outcome, _ in crew.run([task], 1):
                if outcome is None:
                    outcome = Outcome(task.number, task.file, reason=_death(crew.exitcode))
                outcome.again = True
                yield outcome
    finally:
        crew.stop()


def _death(exitcode):
    how = f"by {signal.Signals(-exitcode).name}" if exitcode and exitcode < 0 else f"with status {exitcode}"
    return f"the process that worked on it ended {how}, twice (not enough memory?)"


class _Crew:
    """The processes and their current tasks."""

    def __init__(self, function, work):
        self.function, self.work, self.idle, self.busy = function, work, [], {}
        self.exitcode, self.false_starts = None, 0
        # Spawned processes, since forked ones would inherit threads, locks, and pipes of others.
        self.context = get_context("spawn")

    def run(self, tasks, jobs):
        """Yield outcome and task, the outcome None where a process ended."""
        tasks, exhausted = iter(tasks), False
        while True:
            while not exhausted and len(self.busy) < jobs:
                task = next(tasks, None)
                if task is None:
                    exhausted = True
                    break
                self._give(task)
            if not self.busy:
                return
            for worker in self._ready():
                taken = self._take(worker)
                if taken is not None:
                    yield taken

    def _give(self, task):
        if not self.idle:
            # Signals are blocked between the start of a process and its registration.
            with _signals_later():
                self.idle.append(_Worker(self.context, self.function, self.work))
        worker = self.idle[-1]
        self.busy[worker] = task
        self.idle.pop()
        # The pipe of a process that has just ended is found broken when its answer is waited for.
        with contextlib.suppress(OSError):
            worker.pipe.send(task)

    def _ready(self):
        by_handle = {worker.pipe: worker for worker in self.busy}
        by_handle |= {worker.process.sentinel: worker for worker in self.busy}
        return {by_handle[handle]: None for handle in wait(list(by_handle))}

    def _take(self, worker):
        """Outcome of a process that has sent a message or ended; None if it has only just started."""
        try:
            if not worker.pipe.poll():
                raise EOFError
            outcome = worker.pipe.recv()
        except (EOFError, OSError):
            return None, self._bury(worker)
        if outcome == STARTED:
            worker.has_started, self.false_starts = True, 0
            return None
        self.idle.append(worker)
        return outcome, self.busy.pop(worker)

    def _bury(self, worker):
        worker.process.join(GRACE)
        self.exitcode = worker.process.exitcode
        worker.end()
        if not worker.has_started:
            self.false_starts += 1
            if self.false_starts >= (KILLED_STARTS if (self.exitcode or 0) < 0 else FALSE_STARTS):
                msg = (
                    f"{self.false_starts} processes ended during start-up (status {self.exitcode}). A script that "
                    "uses several processes must do so below `if __name__ == '__main__':`; jobs=1 uses none."
                )
                raise LascoError(msg)
        return self.busy.pop(worker)

    def stop(self):
        """End all processes; idle ones at once."""
        workers = list({*self.idle, *self.busy})
        for worker in workers:
            worker.pipe.close()
            if worker in self.busy:
                worker.process.terminate()
        deadline = time.monotonic() + GRACE
        for worker in workers:
            worker.process.join(max(0.0, deadline - time.monotonic()))
        for worker in workers:
            worker.end()
        self.idle, self.busy = [], {}


class _Worker:
    """A process and the pipe to it."""

    def __init__(self, context, function, work):
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs,), daemon=True)
        with _single_threads():
            self.process.start()
        theirs.close()
        # What takes seconds to import comes when the process already looks after its end.
        with contextlib.suppress(OSError):
            self.pipe.send((function, work))
        self.has_started = False

    def end(self):
        if self.process.is_alive():
            self.process.kill()
        self.process.join()
        self.pipe.close()


@contextlib.contextmanager
def _single_threads():
    """Context in which new processes use a single thread each, unless configured otherwise."""
    added = [name for name in THREADS if name not in os.environ]
    os.environ.update(dict.fromkeys(added, "1"))
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]


@contextlib.contextmanager
def _signals_later():
    """Context that delays signals by which a user ends a program."""
    before, came = {}, []
    # Outside of the main thread there are no signals.
    with contextlib.suppress(ValueError):
        for one in (signal.SIGINT, signal.SIGTERM):
            before[one] = signal.signal(one, lambda number, _: came.append(number))
    try:
        yield
    finally:
        for one, handler in before.items():
            # None is one that was not set by Python.
            signal.signal(one, signal.SIG_DFL if handler is None else handler)
        for one in came:
            signal.raise_signal(one)


def _serve(pipe):
    """Main function of a process."""
    status = 0
    # Ctrl-C is handled by the parent, which tells its processes when to end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end)
    threading.Thread(target=_watch, daemon=True).start()
    try:
        function, work = pipe.recv()
        pipe.send(STARTED)
        while True:
            pipe.send(function(pipe.recv(), work))
    except (EOFError, OSError):
        # The parent is gone.
        pass
    except _EndError:
        # Unfinished files are gone.
        status = 128 + signal.SIGTERM
    # A regular exit of Python takes a second after large packages were loaded.
    clear_copies()
    os._exit(status)


class _EndError(BaseException):
    """Raised in a process that must end."""


def _end(*_):
    """
    Exit through an exception, so that unfinished files are removed; force it if an import or a finaliser
    swallows the exception.
    """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    threading.Thread(target=_end_for_sure, daemon=True).start()
    raise _EndError


def _end_for_sure():
    time.sleep(GRACE)
    os._exit(1)


def _watch():
    """End this process when its parent is gone."""
    wait([parent_process().sentinel])
    os.kill(os.getpid(), signal.SIGTERM)
    _end_for_sure()
