"""
Files left behind by runs of many frames that are killed at random moments.

``sunpy-lasco calibrate`` processes small simulated frames with two processes.  The command, one of its processes or all
of them are ended by SIGKILL, or the command by SIGTERM or SIGINT, at a random time; then it is started again on the
same directory.  The files of completed runs are compared, byte by byte, with those of an undisturbed run.  Some runs
share the directory with a second one.

``python benchmarks/bulk/kills.py [--kills 40] [--seed 1]`` ends with status 1 if a file is not whole or differs,
if an unfinished file or a process is left behind, or if the command takes more than two seconds to end.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from sunpy_lasco import simulate
from sunpy_lasco.errors import LascoError
from sunpy_lasco.level1.files import verified_header

#: Frames of a run.
FRAMES = 24
#: Fraction of the runs that are ended while they process frames, the others some time after their start; the longest
#: such time, s.
SHARE_AT_WORK, LATEST = 0.75, 1.5
#: Longest time that an end may take on an idle machine, s.
LONGEST_END = 2.0
KINDS = ("a process", "it", "all", "SIGTERM", "SIGINT", "a process", "it", "a second run")
#: The same time of writing for all, so that files can be compared byte by byte.
ENVIRONMENT = os.environ | {"SOURCE_DATE_EPOCH": "1700000000", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def make_frames(folder):
    """Frames of one exposure under several names, every sixth with a lost block."""
    plain, lost = (
        simulate.observe("C3", date="2000-05-15T12:00", seed=1, leb_sum=(4, 4), lost_blocks=blocks)
        for blocks in ((), [(5, 3)])
    )
    for number in range(FRAMES):
        path = simulate.write_level05(lost if number % 6 == 5 else plain, folder)
        name = f"3240{number:04d}.fts"
        content = path.read_bytes().replace(path.name.encode(), name.encode())
        path.unlink()
        (folder / name).write_bytes(content)


def start(frames, assets, out):
    return subprocess.Popen(
        [sys.executable, "-m", "sunpy_lasco", "calibrate", str(frames), "--assets", str(assets), "--out", str(out),
         "--jobs", "2", "--quiet", "--inpaint", "kriging"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True, env=ENVIRONMENT,
    )  # fmt: skip


def processes(session):
    """Running processes of a session, and their programs."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, _, _, group = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
            if int(group) == session and state not in "ZX":
                found[int(folder.name)] = (folder / "cmdline").read_bytes().decode(errors="replace")
        except (OSError, ValueError):
            continue
    return found


def workers(session):
    return [pid for pid, program in processes(session).items() if "spawn_main" in program]


def wait_for_end(session, seconds=30.0):
    """Seconds until all processes of a session have ended."""
    begin = time.monotonic()
    while processes(session):
        if time.monotonic() - begin > seconds:
            return float("inf")
        time.sleep(0.02)
    return time.monotonic() - begin


def unfinished(out):
    return [path for path in out.rglob("*") if path.name.endswith(".part")]


def send(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def content_of(out):
    return {path.relative_to(out): path.read_bytes() for path in sorted(out.rglob("*.fts"))}


class Trial:
    """Make runs one after the other, and return their faults."""

    def __init__(self, folder, seed, longest_end=LONGEST_END):
        self.longest_end = longest_end
        self.random, self.counts, self.faults, self.before = random.Random(seed), Counter(), [], set()
        self.frames, self.assets, self.out = (folder / name for name in ("level05", "assets", "out"))
        self.frames.mkdir()
        self.assets.mkdir()
        make_frames(self.frames)
        simulate.write_assets(self.assets, simulate.observe("C3", date="2000-05-15T12:00", seed=1, leb_sum=(4, 4)))
        reference = folder / "reference"
        one = start(self.frames, self.assets, reference)
        _, said = one.communicate()
        if one.returncode:
            sys.exit(f"The undisturbed run failed: {said}")
        self.expected = content_of(reference)

    def check(self, what, *, right):
        if not right:
            self.faults.append(what)
            print("FAULT:", what, flush=True)

    def check_files(self, kind):
        for path in self.out.rglob("*.fts"):
            try:
                verified_header(path)
            except LascoError as error:
                self.check(f"{kind}: {error}", right=False)
            self.counts["files in place and whole"] += 1

    def run(self, kind):
        """Start a run, disturb it, and check what it leaves behind."""
        # This run removes unfinished files of an earlier one whose processes were all killed, if it gets that far.
        self.before = set(unfinished(self.out))
        one = start(self.frames, self.assets, self.out)
        second = start(self.frames, self.assets, self.out) if kind == "a second run" else None
        self.wait(one)
        if kind == "a process":
            self.kill_processes(one)
        elif kind == "it" and send(one.pid, signal.SIGKILL):
            self.counts["kills"] += 1
            self.expect_end(kind, one)
        elif kind == "all":
            # In any order, as the system would in need of memory.
            pids = list(processes(one.pid))
            self.random.shuffle(pids)
            self.counts["kills"] += bool([pid for pid in pids if send(pid, signal.SIGKILL)])
            self.check("processes are left after all were killed", right=wait_for_end(one.pid) < self.longest_end)
        elif kind.startswith("SIG") and send(one.pid, getattr(signal, kind)):
            self.counts["kills"] += 1
            self.expect_end(kind, one)
        _, said = one.communicate()
        if second is not None:
            self.counts["runs beside each other"] += 1
            _, also = second.communicate()
            self.check(f"second run: {also}", right=second.returncode == 0)
        self.check_files(kind)
        if one.returncode == 0:
            self.finish(kind, said)
        elif one.returncode == 1:
            # Frames that were killed twice are reported, and made by the next run.
            self.check(f"{kind}: {said}", right=kind == "a process" and "twice" in said)

    def wait(self, one):
        """Wait until some time after the start or, more often, after its first new file."""
        begin, before = time.monotonic(), set(self.out.rglob("*"))
        if self.random.random() < SHARE_AT_WORK:
            while one.poll() is None and not {path for path in self.out.rglob("*.*") if path.is_file()} - before:
                time.sleep(0.01)
            begin = time.monotonic()
        end = self.random.uniform(0.0, LATEST)
        while time.monotonic() - begin < end and one.poll() is None:
            time.sleep(0.005)

    def kill_processes(self, one):
        """Kill one process after the other for some time."""
        for _ in range(3):
            found = workers(one.pid)
            if found and send(self.random.choice(found), signal.SIGKILL):
                self.counts["kills"] += 1
            time.sleep(self.random.uniform(0.0, 1.0))

    def expect_end(self, kind, one):
        seconds = wait_for_end(one.pid)
        self.counts["ms that the longest end took"] = max(
            self.counts["ms that the longest end took"], round(1e3 * min(seconds, 99))
        )
        self.check(
            f"{kind}: processes are left after {seconds:.1f} s: {list(processes(one.pid).items())}",
            right=seconds < self.longest_end,
        )
        left = set(unfinished(self.out)) - self.before
        self.check(f"{kind}: {left} is left", right=not left)

    def finish(self, kind, said):
        """Compare the files of a completed run with those of an undisturbed one."""
        self.counts["runs that came to their end"] += 1
        self.check(f"after {kind}: the files differ; {said}", right=content_of(self.out) == self.expected)
        self.check(f"after {kind}: {unfinished(self.out)} is left", right=not unfinished(self.out))
        shutil.rmtree(self.out)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", nargs="+", choices=sorted(set(KINDS) | {"all"}), default=KINDS)
    parser.add_argument("--longest-end", type=float, default=LONGEST_END, help="seconds that an end may take")
    arguments = parser.parse_args()
    # Processes that a shell starts in the background ignore it, and their children inherit this.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with tempfile.TemporaryDirectory() as folder:
        trial = Trial(Path(folder), arguments.seed, arguments.longest_end)
        turn = 0
        while trial.counts["kills"] < arguments.kills:
            trial.run(arguments.kinds[turn % len(arguments.kinds)])
            turn += 1
        # The last ones run to the end, undisturbed.
        if trial.out.exists():
            one = start(trial.frames, trial.assets, trial.out)
            _, said = one.communicate()
            trial.check(f"the last run: {said}", right=one.returncode == 0)
            trial.finish("the last run", said)
        trial.counts["faults"] = len(trial.faults)
        for what, number in trial.counts.items():
            print(number, what)
    return 1 if trial.faults else 0


if __name__ == "__main__":
    sys.exit(main())
