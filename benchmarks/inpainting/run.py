"""
Score every method of repair on artificial losses.

    python benchmarks/inpainting/run.py [--quick] [--no-response] [--output DIRECTORY]

Real frames come from SUNPY_LASCO_TEST_DATA.  Without them only simulated frames are scored, and the
tables say so.  No date is scored with anything that was fitted to it: backgrounds, responses,
coefficients and scales of sigma come from the other dates.
"""

import argparse
import json
import time
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
from cases import NUMBERS, cases_of
from frames import data_directory, exposures, scene_of
from scores import coverage, judge
from tables import write_csv, write_markdown, write_summary

from sunpy_lasco.repair.crop import METHODS, NEIGHBOUR_METHODS, get_method
from sunpy_lasco.repair.uncertainty import hole_setting, raw_scales

HERE = Path(__file__).parent
#: Seed of the losses for scoring; `learn` uses another.
SEED = 2
#: Columns of the table of all holes.
COLUMNS = (
    "frame", "hole", "camera", "origin", "kind", "blocks", "radius", "method",
    "flux", "bin8", "pixel", "floor", "difference", "psnr", "ssim", "pixel_68", "pixel_95", "ms",
)  # fmt: skip


def options_of(method, case, held_back):
    """Options of a method that were fitted without the date of a case."""
    if method == "mixture" and case.group in held_back["mixture"][case.camera]:
        return {"coefficients": np.array(held_back["mixture"][case.camera][case.group])}
    return {}


def held_back_scale(method, case, held_back):
    """Ratio of the factor of sigma fitted without the date of a case to that in the package."""
    if method in NEIGHBOUR_METHODS or case.group not in held_back["scales"]:
        return 1.0
    where = hole_setting(case.crop)
    return held_back["scales"][case.group][method][case.camera][where] / raw_scales()[method][case.camera][where]


def score(case, method, held_back):
    """Score of a method for a hole, as one row; None if the method does not fill it."""
    if method in NEIGHBOUR_METHODS and not case.crop.neighbours:
        return None
    fill = get_method(method)
    options = options_of(method, case, held_back)
    start = time.thread_time()
    filled = fill(case.crop, **options)
    spent = 1000 * (time.thread_time() - start) / case.blocks
    filled = replace(filled, sigma=filled.sigma * held_back_scale(method, case, held_back))
    found = judge(case, filled)
    if found is None:
        return {"declined": True, "method": method, "case": case}
    return {
        "frame": case.name,
        "camera": case.camera,
        "origin": case.origin,
        "kind": case.kind,
        "blocks": case.blocks,
        "radius": case.radius,
        "method": method,
        "ms": spent,
        **found,
    }


def peak_memory(method, case):
    """Largest memory that a method uses for a hole in addition to the crop, MB."""
    if method in NEIGHBOUR_METHODS and not case.crop.neighbours:
        return np.nan
    fill = get_method(method)
    tracemalloc.start()
    fill(case.crop)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one loss of each kind in every third frame")
    parser.add_argument("--no-response", action="store_true", help="do not divide the response of the pixels out")
    parser.add_argument("--output", type=Path, default=HERE / "results", help="where the tables go")
    arguments = parser.parse_args()
    if data_directory() is None:
        print("SUNPY_LASCO_TEST_DATA names no directory of real frames: only simulated ones are scored.")
    held_back = json.loads((HERE / "held_back.json").read_text(encoding="utf-8"))
    start, rows, memory, tried = time.perf_counter(), [], {}, {}
    for index, exposure in enumerate(exposures()):
        if arguments.quick and index % 3:
            continue
        numbers = dict.fromkeys(NUMBERS, 1) if arguments.quick else NUMBERS
        scene = scene_of(exposure, response=not arguments.no_response)
        for hole, case in enumerate(cases_of(exposure, scene, seed=SEED, numbers=numbers)):
            for method in METHODS:
                row = score(case, method, held_back)
                if row is None:
                    continue
                key = (case.origin, case.camera, method)
                done, all_of_them = tried.get(key, (0, 0))
                tried[key] = (done + (not row.get("declined", False)), all_of_them + 1)
                if row.get("declined"):
                    continue
                rows.append({**row, "hole": hole})
                if case.kind == "single" and np.isnan(memory.get(method, np.nan)):
                    memory[method] = peak_memory(method, case)
        print(f"{exposure.name} {exposure.date}: {len(rows)} fills, {time.perf_counter() - start:.0f} s", flush=True)
    arguments.output.mkdir(exist_ok=True)
    write_csv(arguments.output / "holes.csv", rows, COLUMNS)
    write_summary(arguments.output / "summary.csv", rows)
    real = data_directory() is not None
    write_markdown(arguments.output / "tables.md", rows, memory, tried, real=real, coverage=coverage)
    print(f"Tables in {arguments.output}, after {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
