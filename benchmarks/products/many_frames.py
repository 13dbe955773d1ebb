"""
Memory and time of backgrounds and cubes of many frames of full size.

``python benchmarks/products/many_frames.py [--days 27] [--frames 37]``; the files take 9.4 MB each.
"""

import argparse
import resource
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np

from astropy.time import Time, TimeDelta

import sunpy_lasco
from sunpy_lasco import products, simulate
from sunpy_lasco.instrument.changes import without_statistics
from sunpy_lasco.map.edit import replace


def peak():
    """Largest memory of the process so far, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def write_frames(folder, days, frames):
    """Copies of one simulated level-1 frame with different times and noise."""
    shown = simulate.observe("C3", date="2012-08-01T00:06", seed=1)
    smap = sunpy_lasco.calibrate(shown.level05, assets="simulated", inpaint=None)
    rng, names = np.random.default_rng(1), []
    noise = rng.standard_normal((1100, 1100)).astype(np.float32)
    for number in range(days * frames):
        meta = without_statistics(smap.meta)
        day, rest = divmod(number, frames)
        shift = TimeDelta(day * 86400.0 + rest * 86400.0 / frames, format="sec")
        for card in ("date-obs", "date-avg", "date-beg", "date-end"):
            if card in meta:
                meta[card] = (Time(meta[card]) + shift).isot
        meta["filename"] = f"{number:05d}.fts"
        at = rng.integers(0, 70, 2)
        data = smap.data * (1 + 0.01 * noise[at[0] : at[0] + 1024, at[1] : at[1] + 1024])
        names.append(sunpy_lasco.write_level1(replace(smap, data=data, meta=meta), folder / meta["filename"]))
    return names


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=27)
    parser.add_argument("--frames", type=int, default=37)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        names = write_frames(Path(folder), arguments.days, arguments.frames)
        print(f"{len(names)} frames; before {peak():.0f} MB")
        start = time.process_time()
        sequence = products.Sequence(names, lazy=True)
        took = time.process_time() - start
        print(f"Sequence, lazy: {1e3 * took / len(names):.0f} ms a frame, peak {peak():.0f} MB")
        start = time.process_time()
        products.write_sequence(sequence, Path(folder) / "cube.zarr")
        took = time.process_time() - start
        print(f"Cube of Zarr: {1e3 * took / len(names):.0f} ms a frame, peak {peak():.0f} MB")
        del sequence
        start = time.process_time()
        products.background(names, kind="minimum")
        took = time.process_time() - start
        print(f"Background: {1e3 * took / len(names):.0f} ms a frame, peak {peak():.0f} MB")


if __name__ == "__main__":
    main()
