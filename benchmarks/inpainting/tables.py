"""
Tables of the benchmark.
"""

import csv
from itertools import pairwise

import numpy as np

from sunpy_lasco.repair.crop import METHODS
from sunpy_lasco.repair.simulated_losses import KINDS

#: Edges of the bins of distance from the Sun, full-resolution pixels.
RADII = {"C3": (0, 130, 250, 400, 800), "C2": (0, 230, 320, 430, 800)}
#: Errors, and how they are printed.
MEASURES = {
    "flux": ("block flux error, %", 3),
    "bin8": ("error of 8 x 8 cells, %", 3),
    "pixel": ("error of a pixel, %", 2),
    "difference": ("error in a running difference, units of its noise over 8 x 8 pixels", 2),
    "psnr": ("PSNR, dB", 1),
    "ssim": ("SSIM in the working space", 2),
}


def write_csv(path, rows, columns):
    """One row for each hole and method."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            writer.writerow([f"{row[c]:.4g}" if isinstance(row[c], float | np.floating) else row[c] for c in columns])


def write_summary(path, rows):
    """Write means and medians by frames, kind of loss and method."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        measures = [*MEASURES, "floor", "ms"]
        names = [f"{what}_{name}" for name in measures for what in ("mean", "median")]
        writer.writerow(["origin", "camera", "kind", "method", "holes", *names])
        keys = dict.fromkeys((row["origin"], row["camera"], row["kind"], row["method"]) for row in rows)
        for key in sorted(keys):
            mine = [row for row in rows if (row["origin"], row["camera"], row["kind"], row["method"]) == key]
            values = [f"{average(mine, name):.4g}" for name in measures for average in (_mean, _median)]
            writer.writerow([*key, len(mine), *values])


def _median(rows, name):
    values = np.array([row[name] for row in rows], dtype=float)
    return float(np.nanmedian(values)) if np.isfinite(values).any() else np.nan


def _mean(rows, name):
    values = np.array([row[name] for row in rows], dtype=float)
    return float(np.nanmean(values)) if np.isfinite(values).any() else np.nan


def _number(value, digits):
    return "-" if not np.isfinite(value) else f"{value:.{digits}f}"


def _table(head, lines):
    return [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *(f"| {' | '.join(line)} |" for line in lines), ""]


def _by(rows, names, pick, name, digits, average=_mean):
    """Table of methods and columns with means or medians of a measure."""
    lines = []
    for method in METHODS:
        mine = [row for row in rows if row["method"] == method]
        if mine:
            lines.append(
                [method, *(_number(average([row for row in mine if pick(row) == k], name), digits) for k in names)]
            )
    return lines


def _section(rows, title):
    """All tables for frames of one camera and origin."""
    text = [f"## {title}", ""]
    kinds = [kind for kind in KINDS if any(row["kind"] == kind for row in rows)]
    one = [row for row in rows if row["method"] == "kriging"]
    counts = [str(sum(row["kind"] == kind for row in one)) for kind in kinds]
    for name, (label, digits) in MEASURES.items():
        lines = _by(rows, kinds, lambda row: row["kind"], name, digits)
        if name == "pixel":
            lines.append(
                ["noise floor", *(_number(_mean([r for r in one if r["kind"] == k], "floor"), 2) for k in kinds)]
            )
        if all(value == "-" for line in lines for value in line[1:]):
            continue
        text += [f"Mean {label}:", "", *_table(["method", *kinds], [*lines, ["holes", *counts]])]
        if name in ("flux", "bin8"):
            lines = _by(rows, kinds, lambda row: row["kind"], name, digits, _median)
            text += [f"Median {label}:", "", *_table(["method", *kinds], lines)]
    camera = rows[0]["camera"]
    edges = RADII[camera]
    names = list(range(len(edges) - 1))
    lines = _by(rows, names, lambda row: int(np.searchsorted(edges, row["radius"])) - 1, "bin8", 3, _median)
    labels = [f"{low}-{high} px" for low, high in pairwise(edges)]
    text += ["Median error of 8 x 8 cells, %, by distance from the Sun:", "", *_table(["method", *labels], lines)]
    return text


def _paired(rows, reference):
    """Geometric means of the ratios of errors of 8 x 8 cells on the same holes."""
    base = {(row["frame"], row["hole"]): row["bin8"] for row in rows if row["method"] == reference}
    lines = []
    for method in METHODS:
        ratios = [
            row["bin8"] / base[row["frame"], row["hole"]]
            for row in rows
            if row["method"] == method and (row["frame"], row["hole"]) in base
        ]
        if ratios:
            lines.append([method, f"{np.exp(np.mean(np.log(ratios))):.2f}", str(len(ratios))])
    return lines


def write_markdown(path, rows, memory, tried, *, real, coverage):
    """Write all tables as Markdown."""
    text = ["# Repair of missing blocks: what each method does", ""]
    if not real:
        text += ["There were no real frames: these figures are of simulated frames alone.", ""]
    sets = [(o, c) for o in ("real", "simulated") for c in ("C3", "C2")]
    for origin, camera in sets:
        mine = [row for row in rows if row["origin"] == origin and row["camera"] == camera]
        if mine:
            text += _section(mine, f"{camera}, {origin} frames")
    text += ["## Errors of 8 x 8 cells relative to fuzzy logic on the same holes, geometric mean", ""]
    lines = {}
    for origin, camera in sets:
        mine = [row for row in rows if row["origin"] == origin and row["camera"] == camera]
        for method, ratio, number in _paired(mine, "fuzzy"):
            lines.setdefault(method, {})[origin, camera] = f"{ratio} ({number})"
    head = [f"{camera} {origin}" for origin, camera in sets]
    text += _table(["method", *head], [[m, *(found.get(one, "-") for one in sets)] for m, found in lines.items()])
    text += [
        "## Coverage of sigma on held-back dates: cells of 8 x 8 pixels, then pixels; 0.683 and 0.950 are wanted",
        "",
    ]
    lines = []
    for method in METHODS:
        for origin, camera in sets:
            mine = [r for r in rows if (r["method"], r["origin"], r["camera"]) == (method, origin, camera)]
            if mine:
                share = tried[origin, camera, method]
                values = (*coverage(mine), _mean(mine, "pixel_68"), _mean(mine, "pixel_95"))
                lines.append([method, camera, origin, *(f"{v:.2f}" for v in values), f"{share[0]} of {share[1]}"])
    head = ["method", "camera", "frames", "cells 68", "cells 95", "pixels 68", "pixels 95", "holes filled"]
    text += _table(head, lines)
    text += ["## Cost of a block", ""]
    lines = []
    for method in METHODS:
        mine = [row["ms"] for row in rows if row["method"] == method]
        alone = [row["ms"] for row in rows if row["method"] == method and row["blocks"] == 1]
        if mine:
            single, all_of_them = (f"{np.median(part):.1f}" if part else "-" for part in (alone, mine))
            lines.append([method, single, all_of_them, f"{memory.get(method, np.nan):.1f}"])
    head = ["method", "ms, single blocks (median)", "ms, all (median)", "peak memory, single block, MB"]
    text += [*_table(head, lines), "Times are of the processor, on one core."]
    path.write_text("\n".join(text) + "\n", encoding="utf-8")
