"""
Kill processes that write level-1 files at random moments, and check what they leave behind.

Each process writes files one after the other: new ones, some of them compressed, and one that is replaced repeatedly.
It reports each written file.  After a kill all reported files must exist with correct checksums, and no other file may
be visible; unfinished files must be gone when the next process has written its first file.
"""

import argparse
import itertools
import os
import random
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

import sunpy_lasco
from sunpy_lasco import simulate


def level1():
    """A level-1 map of 512 x 512 pixels: 2.4 MB as a file."""
    return sunpy_lasco.calibrate(simulate.observe("C2", leb_sum=(2, 2), seed=5).level05, assets="simulated")


def unfinished(folder):
    """Names of files that are not complete."""
    return {path.name for path in folder.iterdir() if path.name.startswith(".")}


def write_for_ever(smap, folder, tell, life):
    """Work of the process that is killed."""
    for number in itertools.count():
        kind = number % 4
        name = "same.fts" if kind == 3 else f"{life}_{number}.fts{'.gz' if kind == 2 else ''}"
        sunpy_lasco.write_level1(smap, folder / name, overwrite=kind == 3)
        if number == 0:
            os.write(tell, f"{len(unfinished(folder))}\n".encode())
        os.write(tell, f"{name}\n".encode())


def one_life(smap, folder, life, seconds):
    """Start a process, kill it some seconds after its first file, and return its reports."""
    told, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(told)
        try:
            write_for_ever(smap, folder, tell, life)
        finally:
            os._exit(1)
    os.close(tell)
    with os.fdopen(told, "rb") as stream:
        left = int(stream.readline())
        time.sleep(seconds)
        os.kill(pid, signal.SIGKILL)
        names = stream.read().decode().split("\n")[:-1]
    os.waitpid(pid, 0)
    return left, names


def look(folder, names, found):
    """Count files and faults after a kill."""
    seen = {path.name for path in folder.iterdir()} - unfinished(folder)
    found["files told of that are missing"] += len(set(names) - seen)
    # The process may die between a rename and its report.
    found["files in place, and not told of"] += len(seen - {"same.fts"} - set(names))
    for name in seen:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                sunpy_lasco.read_level1(folder / name)
        except Exception as error:  # noqa: BLE001 - whatever it is, the file is not what was written
            print(f"{name}: {error}", file=sys.stderr)
            found["files that are not whole"] += 1
        else:
            found["files in place and whole"] += 1
        if name != "same.fts":
            (folder / name).unlink()
    found["kills within a write"] += bool(unfinished(folder))
    found["most that one left unfinished"] = max(found["most that one left unfinished"], len(unfinished(folder)))


def kill_writes(kills, seed=0, longest=0.25):
    """Kill a number of processes and return the counts."""
    rng, smap = random.Random(seed), level1()
    found = Counter(dict.fromkeys(WRONG, 0))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for life in range(kills):
            left, names = one_life(smap, folder, life, rng.uniform(0, longest))
            found["unfinished after the next start"] += left
            look(folder, names, found)
        sunpy_lasco.write_level1(smap, folder / "last.fts")
        found["unfinished after the next start"] += len(unfinished(folder))
    return found


#: Counts that must be 0.
WRONG = ("files told of that are missing", "files that are not whole", "unfinished after the next start")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    found = kill_writes(arguments.kills, arguments.seed)
    print(f"{arguments.kills} kills")
    for what, number in sorted(found.items()):
        print(f"{number:6d} {what}")
    return int(any(found[what] for what in WRONG))


if __name__ == "__main__":
    sys.exit(main())
