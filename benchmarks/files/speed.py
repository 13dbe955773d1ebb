"""
Time to write and to read level-1 files: CPU of one thread, median of 30.

The floor is a file with the same bytes, written and read without interpretation.
"""

import os
import statistics
import tempfile
import time
from pathlib import Path

import sunpy.map

import sunpy_lasco
from sunpy_lasco import level1 as calibration
from sunpy_lasco import simulate

#: Number of repetitions.
ROUNDS = 30


def milliseconds(work):
    """CPU time, median."""
    work(0)
    times = []
    for number in range(1, ROUNDS + 1):
        begin = time.process_time()
        work(number)
        times.append(1e3 * (time.process_time() - begin))
    return statistics.median(times)


def flushed(path, content):
    """Write and flush, as the files of the package are."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def rows(detector, folder):
    """Functions to time, by name."""
    level1 = sunpy_lasco.calibrate(simulate.observe(detector, seed=5).level05, assets="simulated")
    one = sunpy_lasco.write_level1(level1, folder / f"{detector}.fts")
    packed = sunpy_lasco.write_level1(level1, folder / f"{detector}.fts.gz")
    content = one.read_bytes()

    def new(number, write):
        path = folder / f"{detector}_{number}.fts"
        write(path)
        path.unlink()

    return {
        "write_level1": lambda number: new(number, lambda path: sunpy_lasco.write_level1(level1, path)),
        "write_solarsoft": lambda number: new(number, lambda path: calibration.write_solarsoft(level1, path)),
        "the same bytes, written": lambda number: new(number, lambda path: flushed(path, content)),
        "read_level1": lambda _: sunpy_lasco.read_level1(one),
        "read_level1, .gz": lambda _: sunpy_lasco.read_level1(packed),
        "sunpy.map.Map": lambda _: sunpy.map.Map(one),
        "the same bytes, read": lambda _: one.read_bytes(),
    }


def main():
    with tempfile.TemporaryDirectory() as name:
        for detector in ("C2", "C3"):
            for what, work in rows(detector, Path(name)).items():
                print(f"{detector}  {what:24} {milliseconds(work):6.1f} ms")


if __name__ == "__main__":
    main()
