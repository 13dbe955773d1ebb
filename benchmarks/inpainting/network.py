"""
Score networks on dates that they were not trained on, beside the other methods.

    python benchmarks/inpainting/network.py DIRECTORY [--camera C3] [--output DIRECTORY]

DIRECTORY holds directories ``without_DATE``, or ``without_DATE,DATE``, as
``sunpy-lasco train --hold-back DATE --out DIRECTORY/without_DATE`` leaves it.  A frame is
scored with the network that knows nothing of its date; mixture, backgrounds and
responses are of other dates too.  Ratios are geometric means over holes with 95 % intervals of
the bootstrap over them.
"""

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from cases import cases_of
from frames import exposures, scene_of
from run import HERE, SEED, options_of
from scores import coverage, judge
from tables import write_csv

from sunpy_lasco.inpainting.interface import get_method
from sunpy_lasco.inpainting.network.weights import load_weights
from sunpy_lasco.training.frames import groups_of

#: Where holes are, by kind of loss.
STRATA = {"occulter": "occulter", "pylon": "pylon", "edge": "edge"}
COLUMNS = ("frame", "date", "kind", "blocks", "radius", "method", "bin8", "flux", "pixel", "ms")
#: Draws of the bootstrap.
DRAWS = 2000
REFERENCES = ("fuzzy", "kriging", "radial", "mixture", "temporal")


def networks_of(directory, dates):
    """The network for each date, by what it was trained without."""
    days = [np.datetime64(date).astype("datetime64[D]").astype(int) for date in dates]
    numbers = dict(zip(dates, groups_of(days), strict=True))
    found = {}
    for path in sorted(directory.glob("without_*/network.safetensors")):
        held = path.parent.name.removeprefix("without_").split(",")
        for date in dates:
            if any(numbers[date] == numbers.get(one) for one in held):
                found[date] = load_weights(path)
    return found


def score_of(case, method, **options):
    """A row of the table, None where the method declines."""
    start = time.thread_time()
    fill = get_method(method)(case.crop, **options)
    spent = 1000 * (time.thread_time() - start) / case.blocks
    found = judge(case, fill)
    if found is None:
        return None
    return {"frame": case.name, "kind": case.kind, "blocks": case.blocks, "radius": case.radius, "ms": spent, **found}


def ratio(rows, mine, reference, pick, measure="bin8"):
    """Geometric mean of ratios with its interval, and the number of holes."""
    values = {
        name: {row["hole"]: row[measure] for row in rows if row["method"] == name and pick(row)}
        for name in (mine, reference)
    }
    both = sorted(set(values[mine]) & set(values[reference]))
    logs = np.log([max(values[mine][k], 1e-6) / max(values[reference][k], 1e-6) for k in both])
    if len(logs) < 3:
        return None
    rng = np.random.default_rng(0)
    drawn = np.exp(rng.choice(logs, (DRAWS, len(logs))).mean(axis=1))
    return float(np.exp(logs.mean())), *(float(x) for x in np.percentile(drawn, (2.5, 97.5))), len(logs)


def tables(rows):
    """Ratios by stratum, and coverage, as text."""
    lines = []
    picks = {"open": lambda row: row["kind"] not in STRATA}
    picks |= {kind: (lambda row, kind=kind: row["kind"] == kind) for kind in STRATA}
    for measure in ("bin8", "flux"):
        for method in ("network", "network with neighbours"):
            for where, pick in picks.items():
                for reference in REFERENCES:
                    found = ratio(rows, method, reference, pick, measure)
                    if found is not None:
                        value, low, high, number = found
                        lines.append(
                            f"{measure} {method} / {reference}, {where}: {value:.3f} [{low:.3f}, {high:.3f}] n={number}"
                        )
    for method in sorted({row["method"] for row in rows}):
        mine = [row for row in rows if row["method"] == method]
        shares = coverage(mine)
        lines.append(f"coverage {method}: {shares[0]:.3f} {shares[1]:.3f} of cells in {len(mine)} holes")
        lines.append(f"cost {method}: {np.median([row['ms'] for row in mine]):.1f} ms a block (median)")
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--camera", choices=("C2", "C3"), default="C3")
    parser.add_argument("--output", type=Path, default=HERE / "results")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    held_back = json.loads((HERE / "held_back.json").read_text(encoding="utf-8"))
    made = list(exposures((arguments.camera,), ("real",)))
    networks = networks_of(arguments.directory, sorted({one.date for one in made}))
    rows, hole = [], 0
    for exposure in made:
        trained = networks.get(exposure.date)
        if trained is None:
            print(f"{exposure.name} {exposure.date}: no network was trained without it")
            continue
        for case in cases_of(exposure, scene_of(exposure), seed=SEED):
            hole += 1
            alone = replace(case.crop, neighbours=())
            mixed = options_of("mixture", case, held_back)
            wanted = [(name, name, alone, {}) for name in ("fuzzy", "kriging", "radial")]
            wanted += [("mixture", "mixture", alone, mixed)]
            wanted += [("network", "network", alone, {"weights": trained, **mixed})]
            if case.crop.neighbours:
                wanted += [("temporal", "temporal", case.crop, {})]
                wanted += [("network with neighbours", "network", case.crop, {"weights": trained, **mixed})]
            for label, method, crop, options in wanted:
                row = score_of(replace(case, crop=crop), method, **options)
                if row is not None:
                    rows.append({**row, "method": label, "hole": hole, "date": exposure.date})
        print(f"{exposure.name} {exposure.date}: {hole} holes", flush=True)
    arguments.output.mkdir(exist_ok=True, parents=True)
    write_csv(arguments.output / f"network_{arguments.camera.lower()}.csv", rows, COLUMNS)
    lines = tables(rows)
    (arguments.output / f"network_{arguments.camera.lower()}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
