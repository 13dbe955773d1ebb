"""
Score networks and the other methods on dates on which the networks were not trained.

    python benchmarks/inpainting/network.py DIRECTORY [--camera C3] [--output DIRECTORY]

DIRECTORY holds directories ``alone`` and ``neighbours`` with ``without_DATE``, or ``without_DATE,DATE``,
from `train_networks`.  The networks of directories that differ only in their suffix after ``_`` are
averaged.  A frame is scored with the networks that were trained without its date, and a simulated frame with any
network (simulated frames of the benchmark have other seeds than those of the training).  Mixture, backgrounds,
responses and records (weight of the correction, factor of sigma) also come from other dates.
Ratios are geometric means over holes, with 95 % intervals from a bootstrap over holes.
"""

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from cases import cases_of
from frames import exposures, scene_of, summed_exposures
from records import WEIGHTS, learn_records, table_lines
from run import HERE, SEED, options_of
from scores import judge
from tables import write_csv

from sunpy_lasco.network.held_back import stratum
from sunpy_lasco.network.prediction import predict_windows
from sunpy_lasco.network.training.exposures import groups_of
from sunpy_lasco.network.weights import Trained, load_weights
from sunpy_lasco.network.windows import bases_of
from sunpy_lasco.repair.crop import NEIGHBOUR_METHODS, Fill, get_method
from sunpy_lasco.repair.methods.mixture import OTHERS, candidates, mixed_fill

#: Seeds of the losses. They give the holes of `run` and as many others.
SEEDS = (SEED, SEED + 1)
COLUMNS = ("frame", "date", "origin", "kind", "stratum", "blocks", "radius", "method", "bin8", "flux", "pixel", "ms")
#: Days between groups of dates.
APART = {"C2": 5.0, "C3": 27.0}


def networks_of(directory, dates, camera):
    """The networks for each date, which were trained without it; ``"simulated"`` uses the first."""
    days = [np.datetime64(date).astype("datetime64[D]").astype(int) for date in dates]
    numbers = dict(zip(dates, groups_of(days, APART[camera]), strict=True))
    found = {}
    for path in sorted(Path(directory).glob("without_*/network.safetensors")):
        held = path.parent.name.removeprefix("without_").partition("_")[0].split(",")
        one = load_weights(path)
        for date in dates:
            if any(numbers[date] == numbers.get(day) for day in held):
                found.setdefault(date, []).append(one)
    first = next(iter(found), None)
    # If no real date has neighbours, the network for all dates was trained on simulated frames.
    everything = [load_weights(path) for path in sorted(Path(directory).glob("all_*/network.safetensors"))]
    found["simulated"] = found[first] if first is not None else everything
    return {date: Trained(sum((one.networks for one in ones), ()), camera) for date, ones in found.items() if ones}


def scores_of(case, alone_network, network, held_back):
    """Scores of all methods for a hole, without and with neighbours, by method."""
    alone = replace(case.crop, neighbours=())
    options = options_of("mixture", case, held_back)
    values, spread = candidates(alone)
    if np.isnan(values).any():
        return {}

    def whole(part):
        image = np.full(alone.hole.shape, np.nan)
        image[alone.hole] = part
        return Fill(image, np.where(alone.hole, 1.0, np.nan))

    fills = dict(zip(("kriging", *OTHERS), map(whole, values), strict=True))
    fills["mean"] = whole((values[0] + values[1]) / 2)
    fills["mixture"] = mixed_fill(alone, values, spread, **options)
    fills["fuzzy"] = get_method("fuzzy")(alone)
    fills["network"] = predict_windows([alone], alone_network, **options)[0]
    directed = alone_network.architecture.directed
    base = bases_of(alone, made=(values, spread), directed=directed, **options).fill
    fills |= _weighted("network", base, fills["network"])
    if case.crop.neighbours:
        fills |= {name: get_method(name)(case.crop) for name in NEIGHBOUR_METHODS}
    if case.crop.neighbours and network is not None:
        both = predict_windows([case.crop], network, **options)[0]
        fills["network with neighbours"] = both
        fills |= _weighted("network with neighbours", bases_of(case.crop, made=(values, spread), **options).fill, both)
    return {name: found for name, fill in fills.items() if (found := judge(case, fill)) is not None}


def _weighted(name, base, fill):
    """The fill with only a fraction of the correction."""
    there = np.isfinite(base.z)
    correction = fill.z - np.where(there, base.z, fill.z)
    return {
        f"{name} x {weight}": replace(fill, z=fill.z - (1.0 - weight) * correction)
        for weight in WEIGHTS
        if weight != 1.0
    }


def score_all(camera, directory, *, origins=("real",), seeds=SEEDS):
    """Scores of all holes: a list of dictionaries."""
    torch.set_num_threads(1)
    held_back = json.loads((HERE / "held_back.json").read_text(encoding="utf-8"))
    made = list(exposures((camera,), [one for one in origins if one != "summed"]))
    real = sorted({one.date for one in made if one.origin == "real"})
    kinds = {kind: networks_of(Path(directory) / kind, real, camera) for kind in ("alone", "neighbours")}
    holes = []
    both = [(one, None) for one in made]
    for exposure, scene in (*both, *(summed_exposures(camera) if "summed" in origins else ())):
        name = "simulated" if exposure.origin == "simulated" else exposure.date
        alone, with_neighbours = (networks.get(name) for networks in kinds.values())
        if alone is None:
            print(f"{exposure.name} {exposure.date}: no network was trained without it")
            continue
        scene = scene_of(exposure) if scene is None else scene
        for seed in seeds:
            for case in cases_of(exposure, scene, seed=seed):
                start = time.thread_time()
                found = scores_of(case, alone, with_neighbours, held_back)
                if "network" in found:
                    about = {
                        "frame": case.name, "date": exposure.date, "group": case.group, "origin": case.origin,
                        "kind": case.kind, "stratum": stratum(case.crop), "blocks": case.blocks, "radius": case.radius,
                        "seconds": time.thread_time() - start,
                    }  # fmt: skip
                    holes.append({"about": about, "scores": found})
        print(f"{exposure.name} {exposure.date}: {len(holes)} holes", flush=True)
    return holes


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--camera", choices=("C2", "C3"), default="C3")
    parser.add_argument("--output", type=Path, default=HERE / "results")
    arguments = parser.parse_args()
    camera = arguments.camera
    holes = score_all(camera, arguments.directory, origins=("real", "summed", "simulated"))
    write_results(holes, camera, arguments.output)


def write_results(holes, camera, output):
    """Write tables of ratios and coverage; returns the records for the package, and the scores with them."""
    output.mkdir(exist_ok=True, parents=True)
    rows = [
        {**hole["about"], "method": name, "ms": np.nan, **score}
        for hole in holes
        for name, score in hole["scores"].items()
        if " x " not in name
    ]
    write_csv(output / f"network_{camera.lower()}.csv", rows, COLUMNS)
    lines = table_lines(holes)
    (output / f"network_{camera.lower()}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))
    return learn_records(holes)


if __name__ == "__main__":
    main()
