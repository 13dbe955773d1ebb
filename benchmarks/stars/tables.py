"""
Tables of pointings by stars: real frames, kinds of simulated frames, and errors relative to the stated ones.

    python benchmarks/stars/tables.py DATA [--simulated N]

DATA is a directory with level-0.5 frames in ``level05/c2`` and ``level05/c3``.
"""

import argparse
import time
import warnings
from pathlib import Path

import numpy as np

from sunpy_lasco import calibrate, simulate, stars
from sunpy_lasco.errors import LascoUserWarning
from sunpy_lasco.geometry.rolls import normalize_roll
from sunpy_lasco.map import open_map
from sunpy_lasco.stars.detector import detector_grid
from sunpy_lasco.stars.solution import _similarity
from sunpy_lasco.verify.simulated import starry_scene

DATE = "2010-01-11T03:18"
#: Kinds of simulated frames.
KINDS = {
    "full": {},
    "upside down": {"flipped": True},
    "roll 61 degrees": {"roll": 61.0, "processed": "2015-01-01"},
    "5 s": {"exptime": 5.0},
    "100 s": {"exptime": 100.0},
    "box sum 2 x 2": {"leb_sum": (2, 2)},
    "box sum 2 x 2, 100 s": {"leb_sum": (2, 2), "exptime": 100.0},
    "chip sum 2 x 2": {"chip_sum": (2, 2)},
    "box sum 4 x 4": {"leb_sum": (4, 4)},
    "1024 x 512": {"subframe": (0, 256, 1024, 512)},
    "512 x 512": {"subframe": (256, 256, 512, 512)},
    "lossy": {"lossy": True},
    "polarised, 100 s": {"polar": "+60 Deg", "exptime": 100.0},
    "polarised, 100 s, 2 x 2": {"polar": "+60 Deg", "exptime": 100.0, "leb_sum": (2, 2)},
}


def held_out(smap, solution):
    """Offsets of each half of the stars from their positions by the solution of the other half, pixel."""
    table = solution.table[solution.table["used"]]
    plane, seen = (np.array([table[f"{stem}_x"], table[f"{stem}_y"]]) for stem in ("plane", "ideal"))
    sigma, first = np.asarray(table["ideal_sigma"]), np.arange(len(table)) % 2 == 0
    start, left = detector_grid(smap, solution.geometry).attitude, np.empty_like(seen)
    for half in (first, ~first):
        left[:, ~half] = _similarity(plane, seen, sigma, half, start, False)[2][:, ~half]
    return left


def real(folder):
    """
    A row for each real frame; the last column is the fraction of held-out stars within 0.15 pixel and their own error.
    """
    print("frame         date             kind            stars offset  50 %  95 %  centre - header  roll - header  +-"
          "      0.15 px")  # fmt: skip
    for path in sorted((folder / "level05").glob("c[23]/*.fts")):
        smap = open_map(path)
        solution = stars.solve(smap)
        sums = "" if smap.data.shape == (1024, 1024) else f" {smap.data.shape[1]}"
        kind = f"{smap.meta['filter'].strip()} {smap.meta['polar'].strip()}{sums}"
        start = f"{path.stem} {smap.detector} {smap.date.isot[:16]} {kind:15}"
        if not solution.solved:
            print(start, solution.reason)
            continue
        left = held_out(smap, solution)
        away, header = np.hypot(*left), detector_grid(smap).attitude
        off = np.subtract(solution.centre, header.centre)
        # The error of a centroid along both axes; larger offsets are due to the pointing.
        own = np.sqrt(2) * np.asarray(solution.table["ideal_sigma"][solution.table["used"]])
        share = np.mean(away < np.hypot(0.15, 2 * own))
        turn = normalize_roll(solution.roll - header.roll)
        print(f"{start} {solution.number:5d} {np.hypot(*np.median(left, axis=1)):6.3f} {np.median(away):5.2f} "
              f"{np.percentile(away, 95):5.2f}    {off[0]:+5.2f} {off[1]:+5.2f}      "
              f"{turn:+.4f}  {solution.roll_sigma:.4f}  {share:.2f}")  # fmt: skip


def with_c3(folder):
    """C2 with the roll of C3: the roll from C3 alone, from C2 alone, and from both."""
    c2, c3 = (
        [open_map(path) for path in sorted((folder / "level05" / camera).glob("*.fts"))] for camera in ("c2", "c3")
    )
    history = stars.pointing_history(c3)
    print("\nC2 frame  roll by C3, +-     by its own stars, +-   by both, +-       centre by both - own")
    for smap in c2:
        known = stars.roll_at(history, smap)
        if known is None:
            continue
        own, both = stars.solve(smap), stars.solve(smap, roll=known[0], roll_sigma=known[1])
        moved = np.subtract(both.centre, own.centre)
        rolls = ((known[0].value, known[1].value), (own.roll, own.roll_sigma), (both.roll, both.roll_sigma))
        print(f"{smap.meta['filename'][:8]}", *(f"{value:10.4f} {sigma:.4f}" for value, sigma in rolls),
              f"   {moved[0]:+.3f} {moved[1]:+.3f}")  # fmt: skip


def cost(folder):
    """Processor time that the pointing by stars adds to the calibration of a frame, ms, median of ten."""
    print()
    for name in ("c3/32219521", "c3/32310951", "c2/22322544"):
        smap, times = open_map(folder / "level05" / f"{name}.fts"), {}
        for pointing in (None, "stars"):
            taken = []
            for _ in range(11):
                start = time.process_time()
                calibrate(smap, assets="estimate", inpaint=None, on_bad="ignore", pointing=pointing)
                taken.append(1e3 * (time.process_time() - start))
            times[pointing] = np.median(taken[1:])
        print(f"{name}: {times[None]:.0f} ms without, {times['stars'] - times[None]:+.0f} ms by pointing='stars'")


def kinds(camera):
    """A row for each kind of simulated frames: error and stated sigma from the stars alone."""
    print(f"{camera}: kind                     stars   error of centre, sigma / pixel   error of roll, sigma / degree")
    for name, options in KINDS.items():
        if camera == "C2" and "100 s" not in name:
            options = {"exptime": 100.0} | options
        exposure = simulate.observe(camera, date=DATE, scene=starry_scene(DATE), seed=2, **options)
        solution = stars.solve(exposure.level05)
        if not solution.solved:
            print(f"    {name:26} {solution.reason}")
            continue
        error, sigma = errors(solution, exposure.parameters)
        print(f"    {name:26} {solution.number:5d}   {np.hypot(*error[:2]):.3f} {np.hypot(*sigma[:2]):.3f}   "
              f"{abs(error[2]):.4f} {sigma[2]:.4f}")  # fmt: skip


def errors(solution, parameters):
    """Errors of centre and roll, and their 1 sigma without those of clock and orbit."""
    covariance = solution.covariance[:3, :3].copy()
    covariance[:2, :2] -= solution.sky_covariance
    off = np.append(
        np.subtract(solution.centre, parameters.sun_centre), normalize_roll(solution.roll - parameters.roll)
    )
    return off, np.sqrt(np.diag(covariance))


def pulls(camera, number):
    """Errors over their sigma on frames of all seasons."""
    rng, found = np.random.default_rng(5), []
    for k in range(number):
        date = f"{1998 + k % 20}-{1 + k * 5 % 12:02d}-11T03:18"
        default = np.array(simulate.observe(camera, date=date, noise=False).parameters.sun_centre)
        centre = tuple(default + rng.normal(0, 0.5, 2))
        exposure = simulate.observe(camera, date=date, scene=starry_scene(date), sun_centre=centre, flipped=bool(k % 2),
                                    seed=k + 1000)  # fmt: skip
        solution = stars.solve(exposure.level05)
        if solution.solved:
            off, sigma = errors(solution, exposure.parameters)
            found.append(off / sigma)
    found = np.array(found)
    rms = np.sqrt(np.mean(found**2))
    sigma = rms / np.sqrt(2 * found.size)
    print(f"{camera}: {len(found)} of {number} frames solved, pulls of centre and roll {rms:.2f} +- {sigma:.2f}")


def main():
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--simulated", type=int, default=40, help="simulated frames a camera (default: 40)")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", LascoUserWarning)
    real(arguments.data)
    with_c3(arguments.data)
    cost(arguments.data)
    for camera in ("C3", "C2"):
        kinds(camera)
    if arguments.simulated:
        for camera in ("C3", "C2"):
            pulls(camera, arguments.simulated)


if __name__ == "__main__":
    main()
