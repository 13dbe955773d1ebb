"""Worker processes: a death does not affect the others, and none is left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import bulk_workers
import pytest

from sunpy_lasco.bulk.outcome import Task
from sunpy_lasco.bulk.processes import each_outcome
from sunpy_lasco.errors import LascoError

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked for in /proc")


def tasks(number, deadly=()):
    return [Task(one, "deadly" if one in deadly else "harmless") for one in range(number)]


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def wait_until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_each_task_is_done_once_by_as_many_processes():
    outcomes = list(each_outcome(tasks(20), bulk_workers.done, "x", 2))
    assert sorted(one.number for one in outcomes) == list(range(20))
    assert len({one.memory for one in outcomes}) == 2
    assert os.getpid() not in {one.memory for one in outcomes}


def test_tasks_are_taken_as_they_are_needed(tmp_path):
    taken = []

    def endless():
        for one in range(10**9):
            taken.append(one)
            yield Task(one, "harmless")

    outcomes = each_outcome(endless(), bulk_workers.counted, str(tmp_path), 2)
    for _ in range(10):
        assert next(outcomes).seconds <= 2
    outcomes.close()
    assert len(taken) <= 13


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_death_costs_nothing_but_time(tmp_path, jobs):
    outcomes = list(each_outcome(tasks(12, deadly=(0, 5, 11)), bulk_workers.killed_once, str(tmp_path), jobs))
    assert sorted(one.number for one in outcomes) == list(range(12))
    assert {one.status for one in outcomes} == {"written"}
    assert sorted(one.number for one in outcomes if one.again) == [0, 5, 11]
    # Frames that killed their process come last, each alone.
    assert {one.number for one in outcomes[-3:]} == {0, 5, 11}


def test_a_frame_that_kills_twice_is_given_up(tmp_path):
    outcomes = list(each_outcome(tasks(8, deadly=(3,)), bulk_workers.killed_always, str(tmp_path), 2))
    (failed,) = (one for one in outcomes if one.status == "failed")
    assert (failed.number, len(outcomes)) == (3, 8)
    assert failed.reason == "the process that worked on it ended by SIGKILL, twice (not enough memory?)"


def test_processes_that_cannot_start_are_an_error(monkeypatch):
    monkeypatch.setattr("multiprocessing.spawn.get_executable", lambda: b"/bin/false")
    with pytest.raises(LascoError, match=r"3 processes ended during start-up \(status 1\)"):
        list(each_outcome(tasks(10), bulk_workers.done, "x", 2))


def test_closing_ends_processes_and_removes_unfinished_files(tmp_path):
    started = time.monotonic()
    outcomes = each_outcome(tasks(5), bulk_workers.asleep, str(tmp_path), 2)
    with pytest.raises(EnoughError):
        _interrupt_when(lambda: len(list(tmp_path.glob("*.pid"))) == 2, outcomes)
    pids = [int(path.stem) for path in tmp_path.glob("*.pid")]
    assert not [pid for pid in pids if is_running(pid)]
    assert not [path for path in tmp_path.iterdir() if path.suffix in (".part", ".fts")]
    assert time.monotonic() - started < 50


class EnoughError(Exception):
    pass


def _interrupt_when(condition, outcomes):
    """Make the wait for the next outcome end with an exception, as Ctrl-C does."""
    begin = []

    def look(*_):
        if condition() and not begin:
            begin.append(time.monotonic())
            raise EnoughError

    before = signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
    try:
        next(outcomes)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        assert time.monotonic() - begin[0] < 10


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_processes_end_when_the_one_that_started_them_is_killed(how, tmp_path):
    program = f"""
import sys
sys.path.insert(0, {str(Path(bulk_workers.__file__).parent)!r})
import bulk_workers
from sunpy_lasco.bulk.outcome import Task
from sunpy_lasco.bulk.processes import each_outcome
if __name__ == "__main__":
    list(each_outcome([Task(n, "x") for n in range(9)], bulk_workers.asleep, {str(tmp_path / "out")!r}, 2))
"""
    (tmp_path / "out").mkdir()
    script = tmp_path / "script.py"
    script.write_text(program)
    parent = subprocess.Popen([sys.executable, str(script)])
    wait_until(lambda: len(list((tmp_path / "out").glob("*.pid"))) == 2)
    pids = [int(path.stem) for path in (tmp_path / "out").glob("*.pid")]
    assert all(is_running(pid) for pid in pids)
    parent.send_signal(how)
    parent.wait()
    wait_until(lambda: not any(is_running(pid) for pid in pids), 20)
    assert not [path for path in (tmp_path / "out").iterdir() if path.suffix == ".part"]
