"""
Fit the parameters of the repair: the coefficients of the mixture and the scales of sigma.

    python benchmarks/inpainting/learn.py [--only METHOD ...]

It needs the real frames.  With ``--only METHOD ...``, only the sigma of these methods is fitted.  Losses are
drawn as in the benchmark, but with another seed.  Fits to all dates are stored in the package.  Fits without
each date are stored in ``held_back.json``, with which the benchmark scores that date.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
from cases import NUMBERS, cases_of
from frames import data_directory, exposures, scene_of
from scores import cells, coverage, judge

from sunpy_lasco.repair.crop import METHODS, NEIGHBOUR_METHODS, get_method
from sunpy_lasco.repair.methods.mixture import FEATURES, OTHERS, WEIGHTS, candidates, disagreement, features, mix
from sunpy_lasco.repair.uncertainty import SETTINGS, hole_setting, raw_scales

HERE = Path(__file__).parent
DATA = HERE.parents[1] / "sunpy_lasco" / "repair" / "data"
#: Methods whose sigma has a factor in ``data/sigma.json``. Methods with neighbours in time have a sigma of their own.
LEARNT = tuple(method for method in METHODS if method not in NEIGHBOUR_METHODS)
#: Seed of the losses for fitting.
SEED = 1
#: Strength of the ridge.
RIDGE = 10.0
#: Errors larger than this many sigma have less weight.
HUBER = 1.5
#: Factors of sigma that are tried, and the coverages that they should give, with tolerances.
SCALES = np.geomspace(0.1, 20.0, 131)
TARGETS = ((0.6827, 0.05), (0.95, 0.03))
#: Settings with fewer holes than this use the factor of all holes.
FEWEST_HOLES = 12
#: Ratio of the number of losses for fitting to that for scoring in real frames, of which C2 has few.
TIMES = {"C2": 3, "C3": 1}


def table_of(case):
    """Candidates, features and truth of a hole in cells of 8 x 8 pixels; None if there are none."""
    crop = case.crop
    values, sigma = candidates(crop)
    if not np.isfinite(values).all():
        return None
    truth = crop.from_signal(case.truth)
    known = np.isfinite(cells(truth)).sum(axis=1)
    enough = known >= 32

    def mean(part):
        image = np.full(truth.shape, np.nan)
        image[crop.hole] = part
        return np.nanmean(np.where(np.isnan(cells(truth)), np.nan, cells(image))[enough], axis=1)

    if not enough.any():
        return None
    return {
        "values": np.array([mean(part) for part in values]),
        "features": np.array([mean(part) for part in features(crop, values, sigma)]),
        "sigma": mean(sigma),
        "truth": np.nanmean(cells(truth)[enough], axis=1),
        "known": known[enough],
    }


def ridge(tables):
    """Coefficients of the mixture, fitted to holes with equal weights."""
    parts = []
    for one in tables:
        others = one["values"][1:] - one["values"][0]
        design = (others[:, None, :] * one["features"][None]).reshape(len(OTHERS) * len(FEATURES), -1)
        unit = np.sqrt(np.mean(one["sigma"] ** 2) + 1.0 / np.mean(one["known"]))
        weight = np.full(design.shape[1], 1.0 / design.shape[1])
        parts.append((design.T / unit, (one["truth"] - one["values"][0]) / unit, weight))
    design, target, weight = (np.concatenate(part) for part in zip(*parts, strict=True))
    found = np.zeros(design.shape[1])
    for _ in range(8):
        used = weight / np.maximum(1.0, np.abs(target - design @ found) / HUBER)
        normal = design.T @ (design * used[:, None]) + RIDGE * np.eye(len(found))
        found = np.linalg.solve(normal, design.T @ (used * target))
    return found.reshape(len(OTHERS), len(FEATURES)).round(4).tolist()


def mixed(table, coefficients, score):
    """Score of a mixture in cells, as from `judge`, with sigma before any factor."""
    values = table["values"]
    weights = np.clip(np.asarray(coefficients) @ table["features"], *WEIGHTS)
    found = mix(values, weights)
    sigma = np.hypot(table["sigma"], disagreement(found, values))
    return {**score, "error": found - table["truth"], "sigma": sigma}


def unscaled(score, factor):
    """The parts of a score that determine the factor of sigma, without its present factor."""
    return {**{name: score[name] for name in ("group", "error", "noise")}, "sigma": score["sigma"] / factor}


def best_scale(scores, targets=TARGETS):
    """The factor of sigma with which the coverages are closest to their targets."""
    misses = [
        sum(((got - wanted) / width) ** 2 for got, (wanted, width) in zip(coverage(scores, s), targets, strict=True))
        for s in SCALES
    ]
    return round(float(SCALES[int(np.argmin(misses))]), 3)


def scales(scored):
    """Factors of sigma by setting, from (setting, score) of one method and camera."""
    found = {}
    for name in SETTINGS:
        mine = [score for where, score in scored if where == name]
        used = mine if len(mine) >= FEWEST_HOLES else [score for _, score in scored]
        found[name] = best_scale(used) if used else 1.0
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=LEARNT, default=[], metavar="METHOD")
    only = parser.parse_args().only
    if data_directory() is None:
        msg = "SUNPY_LASCO_TEST_DATA names no directory of real frames: there is nothing to learn from."
        raise SystemExit(msg)
    start = time.perf_counter()
    holes = []
    for exposure in exposures():
        times = TIMES[exposure.camera] if exposure.origin == "real" else 1
        numbers = {kind: times * number for kind, number in NUMBERS.items()}
        for case in cases_of(exposure, scene_of(exposure), seed=SEED, numbers=numbers):
            scored = {}
            for method in only or LEARNT:
                if method == "mixture":
                    continue
                scored[method] = judge(case, get_method(method)(case.crop))
            table = None if only else table_of(case)
            holes.append((case.camera, case.group, case.origin, hole_setting(case.crop), table, scored))
        print(f"{exposure.name}: {len(holes)} holes, {time.perf_counter() - start:.0f} s", flush=True)
    if only:
        learn_scales(holes, only)
    else:
        learn(holes)


def mixture_learns_from(hole):
    """Whether the mixture is fitted to a hole. For C2, real frames are from one epoch and are kept for tests."""
    camera, _, origin, _, table, _ = hole
    return table is not None and origin == ("simulated" if camera == "C2" else "real")


def learn(holes):
    """Fit everything, with and without each group of dates, and write it."""
    groups = sorted({hole[1] for hole in holes})
    tables = {
        (camera, group): ridge(
            [hole[4] for hole in holes if hole[0] == camera and hole[1] != group and mixture_learns_from(hole)]
        )
        for camera in ("C2", "C3")
        for group in ("", *groups)
    }
    for hole in holes:
        # Scored with coefficients from other dates.
        if hole[4] is not None and hole[5]["kriging"] is not None:
            hole[5]["mixture"] = mixed(hole[4], tables[hole[0], hole[1]], hole[5]["kriging"])
    factors = {group: factors_without(group, holes, LEARNT) for group in ("", *groups)}
    about = f"Learnt by benchmarks/inpainting/learn.py from {len(holes)} holes in {len(groups)} groups of dates"
    write(
        DATA / "mixture.json",
        {
            "about": f"{about}: weights of the fills beside kriging by features of the hole; C2 from simulated frames.",
            "others": OTHERS,
            "features": FEATURES,
            "weights": WEIGHTS,
            "cameras": {camera: {"coefficients": tables[camera, ""]} for camera in ("C2", "C3")},
        },
    )
    write(
        DATA / "sigma.json",
        {
            "about": f"{about}: factors of sigma by method, camera and kind of hole, from real frames. "
            "Methods with neighbours have scales of their own, in repair/neighbours.py.",
            "scales": factors[""],
        },
    )
    write(
        HERE / "held_back.json",
        {
            "about": f"{about}: what each group of dates is scored with, learnt without it.",
            "mixture": {camera: {group: tables[camera, group] for group in groups} for camera in ("C2", "C3")},
            "scales": {group: factors[group] for group in groups},
        },
    )


def factors_without(group, holes, methods):
    """Factors of sigma by method, camera and setting, from holes of other dates."""
    usual, found = raw_scales(), {}
    for method in methods:
        found[method] = {}
        for camera in ("C2", "C3"):
            scored = [
                (hole[3], unscaled(hole[5][method], 1.0 if method == "mixture" else usual[method][camera][hole[3]]))
                for hole in holes
                if hole[0] == camera and hole[1] != group and hole[2] == "real"
                and hole[5].get(method) is not None
            ]  # fmt: skip
            found[method][camera] = scales(scored)
    return found


def learn_scales(holes, methods):
    """Fit the sigma of some methods; the rest of the files does not change."""
    package, bench = DATA / "sigma.json", HERE / "held_back.json"
    shipped, held_back = (json.loads(path.read_text(encoding="utf-8")) for path in (package, bench))
    shipped["scales"] |= factors_without("", holes, methods)
    for group, by_method in held_back["scales"].items():
        by_method |= factors_without(group, holes, methods)
    write(package, shipped)
    write(bench, held_back)


def write(path, content):
    """Write JSON with one row of numbers per line."""
    text = json.dumps(content, indent=1)
    short = json.dumps(content, separators=(", ", ": "))
    path.write_text((text if path.parent == DATA else short) + "\n", encoding="utf-8")
    print(f"Wrote {path.name}")


if __name__ == "__main__":
    main()
