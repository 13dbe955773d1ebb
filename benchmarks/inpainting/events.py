"""
The stripe of a broken download, and fronts of ejections that losses cross.

    python benchmarks/inpainting/events.py ALONE NEIGHBOURS [--output DIRECTORY]

ALONE and NEIGHBOURS are weights of the two kinds of networks, trained without 2012-08-31.  The stripe
of 32310957 (five rows of blocks) is cut out of the exposures before and after it, where the truth is
known, and filled from their neighbours; then 32310957 itself is.  Blocks are lost where the front of the ejection of
2012-08-31, and that of a simulated one, moves; errors are those of the running difference and of
the mass in the blocks.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from cases import cases_of
from frames import data_directory, named, real_exposure, scene_of
from matplotlib.figure import Figure
from run import HERE
from scores import judge

import sunpy.map

import sunpy_lasco
from sunpy_lasco import simulate
from sunpy_lasco.instrument.frame import Frame
from sunpy_lasco.network.prediction import predict_windows
from sunpy_lasco.network.training.exposures import Exposure
from sunpy_lasco.network.training.scenes import Scenes
from sunpy_lasco.network.weights import load_weights
from sunpy_lasco.repair.crop import NEIGHBOUR_METHODS, get_method
from sunpy_lasco.repair.frames import counts_above_bias
from sunpy_lasco.repair.methods.mixture import OTHERS, candidates, mixed_fill

#: The broken exposure, and those of which its stripe is cut.
BROKEN, WHOLE = "32310957", ("32310956", "32310958")
#: Exposures that hold the ejection and have neighbours of both sides, and one before it.
FRONT = ("32310953", "32310954", "32310955", "32310956", "32310958", "32310959", "32310960")
BEFORE = "32310943"
#: Losses that are drawn from each exposure with a front.
LOSSES = {"front": 8}
#: What exposures before and after are needed for.
WITH_NEIGHBOURS = (*NEIGHBOUR_METHODS, "network with neighbours")
#: Side of the cells over which noise is averaged, pixel.
CELL = 8


def read(name):
    """The level-0.5 map of a real frame."""
    return sunpy.map.Map(data_directory() / "c3" / f"{name}.fts")


def around(name):
    """Maps of up to three exposures before and after, without the broken one."""
    numbers = [int(name) + step for step in (-3, -2, -1, 1, 2, 3)]
    return [read(str(number)) for number in numbers if str(number) != BROKEN and 32310941 <= number <= 32310961]


def cell_means(image):
    """Means over cells of a full frame, NaN where more than half of a cell is."""
    cells = image.reshape(image.shape[0] // CELL, CELL, -1, CELL)
    share = np.isfinite(cells).mean(axis=(1, 3))
    return np.where(share > 0.5, np.nansum(cells, axis=(1, 3)) / np.maximum(share, 1e-6) / CELL**2, np.nan)


def stripe(trained):
    """Lines of a table, and the maps for the picture."""
    broken = read(BROKEN)
    lost = sunpy_lasco.missing_block_mask(broken)
    methods = {**{name: {} for name in NEIGHBOUR_METHODS}, "network": {"weights": trained}}
    lines = [
        "| exposure | method | cells of 8 x 8, % | flux of a block, % | within 1 and 1.96 sigma |",
        "|---|---|---|---|---|",
    ]
    for name in WHOLE:
        whole = read(name)
        torn = sunpy.map.Map(np.where(lost, 0, whole.data).astype(whole.data.dtype), whole.meta)
        bias = np.nanpercentile(whole.data[whole.data > 0], 0.1)
        for method, options in methods.items():
            filled = sunpy_lasco.inpaint(torn, method, context=around(name), **options)
            good = (sunpy_lasco.flags(filled) & sunpy_lasco.PixelFlag.FILLED) != 0
            good &= whole.data < 11000
            truth = np.where(good, whole.data - bias, np.nan)
            error = np.where(good, filled.data - whole.data, np.nan)
            # Stars and hits are not what a repair can know.
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
    repaired = sunpy_lasco.inpaint(broken, "network", context=around(BROKEN), weights=trained)
    return lines, (read("32310956"), broken, repaired)


def draw_stripe(maps, path):
    """The exposure before, the broken one, the repaired one, and differences from the first."""
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


def fills_of(crop, trained):
    """What each method says of a hole."""
    alone = replace(crop, neighbours=())
    values, spread = candidates(alone)
    if np.isnan(values).any():
        return {}
    single, both = trained
    fills = {"mixture": mixed_fill(alone, values, spread), "network": predict_windows([alone], single)[0]}
    fills |= {name: get_method(name)(alone) for name in ("kriging", OTHERS[0], "fuzzy")}
    if crop.neighbours:
        fills |= {name: get_method(name)(crop) for name in NEIGHBOUR_METHODS}
        fills["network with neighbours"] = predict_windows([crop], both)[0]
    return fills


def front_rows(exposure, scene, early, trained):
    """Errors on losses where a front is: in the running difference, and of the mass since the time before it."""
    rows = []
    for number, case in enumerate(cases_of(exposure, scene, seed=9, numbers=LOSSES)):
        window = np.isfinite(case.truth)
        # The ejected mass in a block is what is there and was not before.
        row, column = (int(case.crop.block_rows[0]), int(case.crop.block_columns[0]))
        piece = early[row * 32 : row * 32 + case.truth.shape[0], column * 32 : column * 32 + case.truth.shape[1]]
        level = np.nanmedian((case.crop.signal / piece)[case.crop.known])
        mass = np.nansum((case.truth - level * piece)[window])
        for name, fill in fills_of(case.crop, trained).items():
            score = judge(case, fill)
            if score is None:
                continue
            error = np.nansum((case.crop.to_signal(fill.z) - case.truth)[window & np.isfinite(fill.z)])
            rows.append(
                {
                    "hole": (case.name, number),
                    "method": name,
                    "bin8": score["bin8"],
                    "difference": score["difference"],
                    "mass": abs(error / mass),
                }
            )
    return rows


def summary(rows, title):
    """Medians as lines of tables: of all losses, and of those that the nearest neighbours fill, too."""
    shown = {row["hole"] for row in rows if row["method"] == "temporal"}
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
        bin8, difference, mass = (np.nanmedian([row[key] for row in mine]) for key in ("bin8", "difference", "mass"))
        lines.append(f"| {name} ({len(mine)}) | {bin8:.3f} | {difference:.2f} | {100 * mass:.0f} |")
    return lines


def simulated_front(trained):
    """The same for a simulated ejection, whose truth is a simulated exposure."""
    cme = simulate.CME("2002-01-08T10:00:00", position_angle=75.0, speed=700.0, strength=6e-10, seed=3)
    scene = simulate.corona(activity=0.9, seed=77, cme=cme)
    made = simulate.sequence("C3", 9, start="2002-01-08T12:00:00", cadence=1440.0, seed=4, scene=scene)
    quiet = simulate.observe("C3", date="2002-01-08T12:00:00", scene=simulate.corona(activity=0.9, seed=77), seed=3)
    headers = [Frame.from_header(one.header, one.data.shape) for one in made]
    parts = [
        Exposure(f"made {k}", one.data, frame, one.header.get("OFFSET"), "made", "simulated")
        for k, (one, frame) in enumerate(zip(made, headers, strict=True))
    ]
    early = counts_above_bias(quiet.data, Frame.from_header(quiet.header, quiet.data.shape))[0]
    scenes, rows = Scenes(parts), []
    for k in range(2, 7):
        one = replace(parts[k], neighbours=(parts[k - 1], parts[k + 1], parts[k - 2], parts[k + 2]))
        rows += front_rows(named(one), scenes.scene_of(one), early, trained)
    return rows


def real_front(trained):
    """Losses where the front of 2012-08-31 is."""
    early, rows = scene_of(real_exposure(BEFORE)).signal, []
    for name in FRONT:
        exposure = real_exposure(name, context=True)
        rows += front_rows(exposure, scene_of(exposure), early, trained)
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", nargs=2, type=Path, metavar=("ALONE", "NEIGHBOURS"))
    parser.add_argument("--output", type=Path, default=HERE / "results")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    trained = tuple(load_weights(path) for path in arguments.weights)
    lines, maps = stripe(trained[1])
    draw_stripe(maps, arguments.output / "stripe.png")
    lines = ["# Events", "", "The stripe of 32310957, cut out of other exposures, filled with neighbours:", "", *lines]
    lines += summary(real_front(trained), "Losses on the front of 2012-08-31, medians")
    lines += summary(simulated_front(trained), "Losses on the front of a simulated ejection, medians")
    (arguments.output / "events.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
