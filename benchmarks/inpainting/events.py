"""
Score the stripe of a broken download, and losses on the fronts of ejections.

    python benchmarks/inpainting/events.py [--output DIRECTORY]

The stripe of 32310957 (five rows of blocks) is removed from the exposures before and after it, where the
truth is known, and filled from their neighbours.  Then 32310957 itself is filled.  Blocks are also removed on
the front of the ejection of 2012-08-31, in all exposures that show it and have complete exposures on both sides,
and on fronts of simulated ejections.  The errors are those of the cells, of the running difference, and of the
mass of the ejection in the blocks.
"""

import argparse
from pathlib import Path

import numpy as np
from frames import data_directory
from front_holes import WITH_FRONT, holding_fronts, real_holes, simulated_holes
from fronts import METHODS, score, with_networks
from matplotlib.figure import Figure
from run import HERE

import sunpy.map

import sunpy_lasco
from sunpy_lasco.repair.crop import NEIGHBOUR_METHODS

#: The broken exposure, and the exposures from which its stripe is removed.
BROKEN, CUT = "32310957", ("32310956", "32310958")
#: Methods that need exposures before and after.
WITH_NEIGHBOURS = ("temporal, at rest", "sequence, at rest", "temporal, moved", "sequence, moved")
#: Side of the cells over which noise is averaged, pixel.
CELL = 8


def read(name):
    """The level-0.5 map of a real frame."""
    return sunpy.map.Map(data_directory() / "c3" / f"{name}.fts")


def around(name):
    """Maps of up to three exposures before and after, without the broken exposure."""
    numbers = [int(name) + step for step in (-3, -2, -1, 1, 2, 3)]
    return [read(str(number)) for number in numbers if str(number) != BROKEN and 32310941 <= number <= 32310961]


def cell_means(image):
    """Means over cells of a full frame; NaN if more than half of a cell is NaN."""
    cells = image.reshape(image.shape[0] // CELL, CELL, -1, CELL)
    share = np.isfinite(cells).mean(axis=(1, 3))
    return np.where(share > 0.5, np.nansum(cells, axis=(1, 3)) / np.maximum(share, 1e-6) / CELL**2, np.nan)


def stripe():
    """Lines of a table, and the maps for the picture."""
    broken = read(BROKEN)
    lost = sunpy_lasco.missing_block_mask(broken)
    lines = [
        "| exposure | method | cells of 8 x 8, % | flux of a block, % | within 1 and 1.96 sigma |",
        "|---|---|---|---|---|",
    ]
    for name in CUT:
        whole = read(name)
        torn = sunpy.map.Map(np.where(lost, 0, whole.data).astype(whole.data.dtype), whole.meta)
        bias = np.nanpercentile(whole.data[whole.data > 0], 0.1)
        for method in (*NEIGHBOUR_METHODS, "auto"):
            filled = sunpy_lasco.inpaint(torn, method, context=around(name))
            good = (sunpy_lasco.flags(filled) & sunpy_lasco.PixelFlag.FILLED) != 0
            good &= whole.data < 11000
            truth = np.where(good, whole.data - bias, np.nan)
            error = np.where(good, filled.data - whole.data, np.nan)
            # A repair cannot predict stars and particle hits.
            noise = np.sqrt(np.maximum(truth, 1.0) / 14.5)
            error[np.abs(error) > 8 * noise] = np.nan
            cells = np.abs(cell_means(error)) / cell_means(truth)
            sums = [np.nansum(part.reshape(32, 32, 32, 32), axis=(1, 3)) for part in (error, truth)]
            flux = np.abs(sums[0]) / np.where(sums[1] > 0, sums[1], np.nan)
            pull = np.abs(error) / np.hypot(filled.uncertainty.array, noise)
            shares = [np.mean(pull[np.isfinite(pull)] < limit) for limit in (1.0, 1.96)]
            lines.append(
                f"| {name} | {method} | {100 * np.nanmean(cells):.3f} (median {100 * np.nanmedian(cells):.3f}) | "
                f"{100 * np.nanmean(flux):.3f} | {shares[0]:.2f}, {shares[1]:.2f} |"
            )
    repaired = sunpy_lasco.inpaint(broken, context=around(BROKEN))
    return lines, (read("32310956"), broken, repaired)


def draw_stripe(maps, path):
    """Draw the exposure before, the broken and the repaired exposure, and differences from the first."""
    figure = Figure(figsize=(15, 9.6), layout="constrained")
    axes = figure.subplots(2, 3)
    before, broken, repaired = (np.where(one.data > 0, one.data, np.nan).astype(float) for one in maps)
    for axis, image, title in zip(
        axes[0], (before, broken, repaired), ("21:30", "21:42, broken", "21:42, repaired"), strict=True
    ):
        axis.imshow(np.sqrt(image), origin="lower", vmin=20, vmax=75, cmap="gray")
        axis.set_title(title)
    scale = np.nanmedian(repaired / before)
    for axis, image, title in zip(
        axes[1, 1:], (broken, repaired), ("broken - before", "repaired - before"), strict=True
    ):
        axis.imshow(image / scale - before, origin="lower", vmin=-40, vmax=40, cmap="gray")
        axis.set_title(title)
    axes[1, 0].imshow(np.hypot(maps[2].uncertainty.array, 0), origin="lower", vmin=0, vmax=30, cmap="magma")
    axes[1, 0].set_title("1 sigma of the repaired, DN")
    for axis in axes.flat:
        axis.set_axis_off()
    figure.savefig(path, dpi=70)


def front_rows(holes):
    """Errors of losses on fronts: of cells, of the running difference, and of the mass of the ejection."""
    rows = []
    for number, hole in enumerate(holes):
        mass = np.nansum(hole.truth - hole.quiet)
        for name, method in with_networks(METHODS).items():
            fill = method(hole)
            if (found := score(hole, fill)) is None:
                continue
            known = np.isfinite(hole.truth) & np.isfinite(fill.z)
            error = np.sum((hole.crop.to_signal(fill.z) - hole.truth)[known])
            about = {"hole": number, "method": name, "error": error, "mass": mass}
            rows.append({**about, "cells": found["cells"], "difference": found["difference"]})
    return rows


def summary(rows, title):
    """Lines of tables: for all losses, and for those that moved exposures also fill."""
    shown = {row["hole"] for row in rows if row["method"] == "temporal, moved"}
    lines = _table([row for row in rows if row["method"] not in WITH_NEIGHBOURS], title)
    return lines + _table([row for row in rows if row["hole"] in shown], f"{title}, where neighbours fit")


def _table(rows, title):
    lines = ["", f"{title}, {len({row['hole'] for row in rows})} losses:", ""]
    lines += [
        "| method (losses filled) | cells of 8 x 8, % | running difference, in its noise | mass in the blocks, % |",
        "|---|---|---|---|",
    ]
    for name in dict.fromkeys(row["method"] for row in rows):
        mine = [row for row in rows if row["method"] == name]
        cells, difference = (np.median([row[key] for row in mine]) for key in ("cells", "difference"))
        # Single blocks at the foot of a front have hardly any mass, so the sum over all is used.
        mass = sum(abs(row["error"]) for row in mine) / sum(abs(row["mass"]) for row in mine)
        lines.append(f"| {name} ({len(mine)}) | {cells:.3f} | {difference:.2f} | {100 * mass:.0f} |")
    return lines


def exposures_table():
    """Lines that list the exposures with the front, their number of blocks on it, and the times to their neighbours."""
    if tuple(holding_fronts()) != WITH_FRONT:
        msg = f"Losses are drawn from {WITH_FRONT}, but the front is in {tuple(holding_fronts())}."
        raise ValueError(msg)
    lines = ["| exposure | blocks on the front | neighbours, minutes |", "|---|---|---|"]
    for number, (blocks, minutes) in holding_fronts().items():
        lines.append(f"| {number} | {blocks} | {', '.join(f'{one:+.0f}' for one in minutes)} |")
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=HERE / "results")
    arguments = parser.parse_args()
    lines, maps = stripe()
    draw_stripe(maps, arguments.output / "stripe.png")
    lines = ["# Events", "", "The stripe of 32310957, cut out of other exposures, filled with neighbours:", "", *lines]
    lines += ["", "Exposures of 2012-08-31 that hold the front and have whole ones on both sides:", ""]
    lines += exposures_table()
    lines += summary(front_rows(real_holes(("front",))), "Losses on the front of 2012-08-31, medians, mass of all")
    every_second = list(simulated_holes("C3"))[::2]
    lines += summary(front_rows(every_second), "Losses on fronts of simulated ejections, medians, mass of all")
    (arguments.output / "events.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
