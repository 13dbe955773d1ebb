"""
Score every method on lost blocks of a moving corona: real and simulated fronts, and the corona at rest.

    python benchmarks/inpainting/fronts.py [--quick] [--only NAME ...] [--weights FILE ...] [--output DIRECTORY]

It prints and writes one table for each kind of hole.  Errors are for cells of 8 x 8 pixels: in per cent of the
brightness, in per cent of the brightness that the ejection adds, and of the running difference in units of its noise.
The seam is the jump across the border of the hole, compared with that of the truth.  Intervals are from a bootstrap
over the exposures of the one real event, and over simulated ejections.
"""

import argparse
import time
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
from frames import data_directory
from front_holes import real_holes, saturated_holes, simulated_holes, with_many_holes
from run import HERE
from scipy import ndimage
from scores import cells

from sunpy_lasco.repair.crop import Fill, get_method
from sunpy_lasco.repair.fill import LARGEST_ZONE, repair_frame
from sunpy_lasco.repair.motion import UNIT
from sunpy_lasco.repair.moved import Exposures, _moved

#: Number of pixels on either side of a border between which the jump is measured, and number averaged along it.
SEAM, ALONG = 2, 8
#: Radius of the windows of the optical flow, pixels of the images in which motion is fitted.
FLOW_RADIUS = 10
#: Methods for zones that are too large for the others.
FOR_LARGE_ZONES = ("temporal, at rest", "auto", "auto, earlier exposures alone")
#: For kinds of holes that are slow or numerous, only every n-th hole is used.
EVERY = {"real, quiet": 4, "real fronts, 2 x 2": 2, "real, whole rows": 2, "simulated C3": 4, "simulated C2": 4}
#: Neighbours are near if both are within this time, minutes.
NEAR = 13.5
#: Number of repairs from which the median processor time is taken.
REPEATED = 5
#: Draws of the bootstrap.
DRAWS = 1000


def at_rest(name, hole, **options):
    """Fill a hole with a method from neighbours that are not moved."""
    return get_method(name)(hole.crop, **options)


def repaired(hole, method="auto", *, sides=(-1, 1), **options):
    """The fill of a hole from a repair of the frame."""
    scene = replace(hole.scene, neighbours=tuple(o for o in hole.scene.neighbours if np.sign(o.seconds) in sides))
    made = repair_frame(scene, method, **options)
    crop, unit = hole.crop, hole.crop.noise * hole.crop.response
    own = made.noise[hole.window] / unit
    shared = np.sqrt(np.maximum((made.sigma[hole.window] / unit) ** 2 - own**2, 0.0))
    fill = Fill(crop.from_signal(made.values[hole.window]), shared, own)
    return replace(fill, z=np.where(crop.hole, fill.z, np.nan))


def by_flow(hole):
    """Averaged neighbours, moved with the optical flow of scikit-image between them."""
    from skimage.registration import optical_flow_ilk

    if len({np.sign(one.seconds) for one in hole.scene.neighbours}) < 2:
        return Fill(*(np.full(hole.crop.z.shape, np.nan) for _ in range(2)))
    exposures = Exposures(hole.scene, [hole.window])
    before, after = (exposures.shown(k) for k in exposures.chosen)
    scale = float(np.std(before.images[..., 0])) or 1.0
    flow = optical_flow_ilk(before.images[..., 0] / scale, after.images[..., 0] / scale, radius=FLOW_RADIUS)
    rows, columns = (np.arange(part.start, part.stop) for part in hole.window)
    at = np.meshgrid(*(exposures.places(rows, columns)), indexing="ij")
    share = UNIT / (after.seconds - before.seconds)
    displacement = [
        share * factor * ndimage.map_coordinates(part, at, order=1, mode="nearest")
        for part, factor in zip(flow, exposures.factors, strict=True)
    ]
    moved = [_moved(exposures, hole.crop, hole.window, displacement, k) for k in exposures.chosen]
    crop = replace(hole.crop, neighbours=tuple(one for one in moved if one is not None))
    return get_method("temporal")(crop, worst_misfit=np.inf)


#: Methods to compare.
METHODS = {
    "mixture": lambda hole: at_rest("mixture", hole),
    "kriging": lambda hole: at_rest("kriging", hole),
    "temporal, at rest": lambda hole: at_rest("temporal", hole),
    "sequence, at rest": lambda hole: at_rest("sequence", hole),
    "temporal, moved": lambda hole: repaired(hole, "temporal"),
    "sequence, moved": lambda hole: repaired(hole, "sequence"),
    "temporal, moved by ILK flow": by_flow,
    "auto": repaired,
    "auto, earlier exposures alone": lambda hole: repaired(hole, sides=(-1,)),
    "auto, without neighbours": lambda hole: repaired(hole, sides=()),
}


def own_network(path):
    """A network from a file, for the camera on which it was trained; its exposures are moved if it uses any."""
    from sunpy_lasco.network.weights import load_weights

    trained = load_weights(path)
    return lambda hole: repaired(hole, "network", weights=trained) if hole.camera == trained.camera else None


def with_networks(methods, weights=()):
    """Add the network of the package, if there is one, and others from their files."""
    from sunpy_lasco.network.held_back import packaged_file

    found = dict(methods)
    if packaged_file("C3").is_file():
        found["network, one frame"] = lambda hole: at_rest("network", hole)
    return found | {Path(path).stem: own_network(path) for path in weights}


def seam(z, crop):
    """Rms jump across the border of a hole, in units of its noise."""
    filled = np.where(crop.hole, z, crop.z)
    squares = []
    for image, hole in ((filled, crop.hole), (filled.T, crop.hole.T)):
        for row in np.nonzero((hole[1:] != hole[:-1]).any(axis=1))[0] + 1:
            if row < SEAM or row > len(hole) - SEAM:
                continue
            border = hole[row] != hole[row - 1]
            jump = np.where(border, image[row : row + SEAM].mean(axis=0) - image[row - SEAM : row].mean(axis=0), np.nan)
            parts = jump[: len(jump) // ALONG * ALONG].reshape(-1, ALONG)
            parts = parts[np.isfinite(parts).all(axis=1)].mean(axis=1)
            squares += list(parts**2 / (2.0 / SEAM / ALONG))
    return np.sqrt(np.mean(squares)) if squares else np.nan


def score(hole, fill):
    """Errors of a fill; None if it fills less than half of the pixels that can be scored."""
    crop = hole.crop
    truth = crop.from_signal(hole.truth)
    judged = np.isfinite(truth)
    good = judged & np.isfinite(fill.z)
    if good.sum() < 0.5 * judged.sum():
        return None
    error = np.where(good, fill.z - truth, np.nan)
    by_cell = cells(error)
    count = np.isfinite(by_cell).sum(axis=1)
    enough = count >= 32
    if not enough.any():
        return None

    def medians(image):
        return np.nanmedian(cells(image)[enough], axis=1)

    relative = medians(error * crop.noise / (hole.truth / crop.response))
    unit = crop.noise * crop.response
    excess = medians(np.where(good, hole.truth - hole.quiet, np.nan))
    mean = np.nanmean(by_cell[enough], axis=1)
    sigma = np.nanmean(cells(np.where(good, np.nan_to_num(fill.sigma), np.nan))[enough], axis=1)
    noise = np.nanvar(by_cell[enough], axis=1) / (count[enough] - 1)
    pull = np.abs(mean) / np.sqrt(sigma**2 + noise)
    return {
        "cells": 100 * np.mean(np.abs(relative)),
        "excess": 100 * np.abs(medians(error * unit)).sum() / (np.abs(excess).sum() or np.nan),
        "difference": float(np.sqrt(np.mean(mean**2) / np.mean(2.0 / count[enough]))),
        "seam": seam(np.where(judged, fill.z, np.where(crop.hole, truth, np.nan)), crop),
        "seam of truth": seam(truth, crop),
        "pull": pull,
        "sigma": float(np.sqrt(np.mean(sigma**2))),
        "ring": np.nan,
    }


def judge_all(holes, methods):
    """Rows for all methods on all holes."""
    rows = []
    for number, hole in enumerate(holes):
        for name, method in methods.items():
            if len(hole.blocks) > LARGEST_ZONE and name not in FOR_LARGE_ZONES:
                continue
            start = time.thread_time()
            fill = method(hole)
            spent = time.thread_time() - start
            found = None if fill is None else score(hole, fill)
            if found is not None:
                key = {"hole": number, "kind": hole.kind, "group": hole.group, "camera": hole.camera, "method": name}
                key["minutes"] = minutes_to_neighbours(hole)
                rows.append({**key, **found, "ms": 1000 * spent / len(hole.blocks)})
    return rows


def cost_of_many():
    """Lines about the processor time of a frame with many lost blocks."""
    if data_directory() is None:
        return []
    scene = with_many_holes()
    lines = ["", "## 20 blocks in an exposure of 2012-08-31, five of them on the front: processor time", ""]
    for name, around in (("with neighbours", scene.neighbours), ("without neighbours", ())):
        spent = []
        for _ in range(REPEATED):
            start = time.thread_time()
            repair_frame(replace(scene, neighbours=around))
            spent.append(time.thread_time() - start)
        lines.append(f"* {name}: {np.median(spent):.2f} s")
    return lines


def minutes_to_neighbours(hole):
    """Time to the farther of the nearest exposures on both sides."""
    seconds = [one.seconds for one in hole.scene.neighbours]
    return max(min((abs(one) for one in seconds if one * side > 0), default=np.inf) for side in (-1, 1)) / 60.0


def ratio(rows, name, reference, measure="excess"):
    """Geometric mean of the ratio of errors to those of another method on the same holes, and its interval."""
    base = {row["hole"]: row for row in rows if row["method"] == reference}
    groups = {}
    for row in rows:
        if row["method"] == name and row["hole"] in base:
            groups.setdefault(row["group"], []).append(np.log(row[measure] / base[row["hole"]][measure]))
    if not groups:
        return None
    parts = list(groups.values())
    rng = np.random.default_rng(0)
    draws = [np.mean(np.concatenate([parts[k] for k in rng.integers(0, len(parts), len(parts))])) for _ in range(DRAWS)]
    low, high = np.percentile(draws, (2.5, 97.5))
    return tuple(float(np.exp(value)) for value in (np.mean(np.concatenate(parts)), low, high))


def table(rows, kind, reference):
    """Lines of the table of one kind of holes."""
    mine = [row for row in rows if row["kind"] == kind]
    measure = "excess" if "front" in kind or kind.startswith("simulated") else "cells"
    number, groups = len({row["hole"] for row in mine}), len({row["group"] for row in mine})
    truth = np.nanmedian([row["seam of truth"] for row in mine])
    lines = [
        "",
        f"## {kind}: {number} holes in {groups} {'exposures' if kind.startswith('real') else 'ejections'}",
        "",
        f"| method | holes filled | cells, % | of the excess, % | {measure} over {reference} | running difference | "
        f"seam (truth {truth:.2f}) | coverage | CPU per block, ms |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name in dict.fromkeys(row["method"] for row in mine):
        its = [row for row in mine if row["method"] == name]
        pulls = np.concatenate([row["pull"] for row in its])
        against = ratio(mine, name, reference, measure)
        text = "-" if against is None else f"{against[0]:.2f} [{against[1]:.2f}, {against[2]:.2f}]"
        values = [_median([row[key] for row in its]) for key in ("cells", "excess", "difference", "seam", "ms")]
        excess = f"{values[1]:.1f}" if np.isfinite(values[1]) else "-"
        lines.append(
            f"| {name} | {len(its)} | {values[0]:.3f} | {excess} | {text} | {values[2]:.2f} | {values[3]:.2f} | "
            f"{np.mean(pulls < 1):.2f}/{np.mean(pulls < 1.96):.2f} | {values[4]:.0f} |"
        )
    return lines


def _median(values):
    known = np.asarray(values)[np.isfinite(values)]
    return np.median(known) if known.size else np.nan


def halves(rows):
    """The same rows as two kinds: every second hole, with which parameters were chosen, and the others."""
    numbers = sorted({row["hole"] for row in rows})
    return [
        {**row, "kind": f"{row['kind']}, {name}"}
        for first, name in enumerate(("those that were looked at", "those that were not"))
        for row in rows
        if row["hole"] in numbers[first::2]
    ]


def by_time(rows):
    """The same rows as two kinds: exposures on both sides near, or one of them farther away."""
    names = {True: "both neighbours within 13 minutes", False: "one neighbour 23 to 36 minutes away"}
    return [{**row, "kind": f"{row['kind']}, {names[row['minutes'] < NEAR]}"} for row in rows]


def all_holes(only, *, quick=False):
    """Holes of all kinds, or of those that are asked for."""
    names = {"front", "apart", "square", "row", "tail", "quiet", "border"}
    other = {"saturated": saturated_holes, "C3": lambda: simulated_holes("C3"), "C2": lambda: simulated_holes("C2")}
    chosen = names & set(only) if only else names
    sources = [real_holes(tuple(chosen))] if chosen else []
    sources += [holes() for name, holes in other.items() if not only or name in only]
    number = {}
    for hole in chain.from_iterable(sources):
        k = number[hole.kind] = number.get(hole.kind, -1) + 1
        if k % (4 if quick else EVERY.get(hole.kind, 1)) == 0:
            yield hole


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="every fourth hole")
    parser.add_argument(
        "--only", nargs="+", default=(), help="front, apart, square, row, tail, quiet, border, saturated, C3, C2"
    )
    parser.add_argument("--weights", nargs="+", default=(), metavar="FILE", help="networks of your own, too")
    parser.add_argument("--reference", default="temporal, at rest", help="method with which errors are compared")
    parser.add_argument("--output", type=Path, default=HERE / "results")
    arguments = parser.parse_args()
    rows = judge_all(all_holes(arguments.only, quick=arguments.quick), with_networks(METHODS, arguments.weights))
    lines = ["# Lost blocks of a moving corona", ""]
    lines += ["Medians over holes; one real event, whose holes are correlated.  See `fronts.py` for the measures."]
    fronts = [row for row in rows if row["kind"] == "real fronts"]
    rows += by_time(fronts) + halves(fronts)
    for kind in dict.fromkeys(row["kind"] for row in rows):
        lines += table(rows, kind, arguments.reference)
    lines += cost_of_many() if not arguments.only else []
    print("\n".join(lines))
    if not (arguments.only or arguments.quick):
        (arguments.output / "fronts.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
