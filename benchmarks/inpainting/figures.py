"""
Draw crops before and after repair, for each method.

    python benchmarks/inpainting/figures.py [--output DIRECTORY]

It uses real frames if they are available, and simulated frames otherwise.  The figures show
the signal relative to the scaled background, from -5 to +5 per cent.
"""

import argparse
import json
from pathlib import Path

import matplotlib
import numpy as np
from cases import cases_of
from frames import data_directory, real_exposure, scene_of, simulated_exposure
from run import HERE, options_of

from sunpy_lasco.repair.crop import METHODS, NEIGHBOUR_METHODS, get_method

matplotlib.use("Agg")
from matplotlib import pyplot as plt

#: Losses to draw for each camera.
DRAWN = {
    "C3": ("single", "square", "run", "occulter", "pylon", "front"),
    "C2": ("single", "square", "run", "occulter", "front"),
}
#: Real frames to draw: C3 with a coronal mass ejection and both neighbours.
FRAMES = {"C3": "32310953", "C2": "22322625"}
#: Seed of the losses, different from that of the benchmark.
SEED = 7
#: Range of the colour scale, relative to the background.
RANGE = 0.05


def panels(case, held_back):
    """Truth, crop with its hole, and the fill of each method, relative to the background."""
    crop = case.crop
    ratio = crop.noise / crop.expected
    truth = np.where(crop.hole, crop.from_signal(case.truth), crop.z) * ratio
    images = {"truth": truth, "lost": crop.z * ratio}
    for method in METHODS:
        if method in NEIGHBOUR_METHODS and not crop.neighbours:
            continue
        filled = get_method(method)(crop, **options_of(method, case, held_back)).z
        images[method] = np.where(crop.hole, filled, crop.z) * ratio
    return {name: np.where(crop.hidden, np.nan, image) for name, image in images.items()}


def draw(camera, path):
    """One figure with a row for each kind of loss."""
    real = data_directory() is not None
    exposure = real_exposure(FRAMES[camera], context=True) if real else simulated_exposure(camera, 2)
    held_back = json.loads((HERE / "held_back.json").read_text(encoding="utf-8"))
    numbers = dict.fromkeys(DRAWN[camera], 1)
    found = {}
    for case in cases_of(exposure, scene_of(exposure), seed=SEED, numbers=numbers):
        found.setdefault(case.kind, panels(case, held_back))
    columns = list(next(iter(found.values())))
    figure, axes = plt.subplots(
        len(found), len(columns), figsize=(1.55 * len(columns), 1.6 * len(found)), squeeze=False, layout="constrained"
    )
    for row, (kind, images) in zip(axes, found.items(), strict=True):
        for axis, name in zip(row, columns, strict=True):
            image = axis.imshow(images[name], origin="lower", vmin=-RANGE, vmax=RANGE, cmap="gray")
            axis.set(xticks=[], yticks=[], facecolor="tab:blue")
            axis.set_title(name, fontsize=8)
        row[0].set_ylabel(kind, fontsize=8)
    figure.colorbar(image, ax=axes, shrink=0.5, label="signal over background - 1")
    origin = "real" if real else "simulated"
    figure.suptitle(f"{camera}, {exposure.date}, {origin} frame; blue: lost, hidden or of no use", fontsize=9)
    figure.savefig(path, dpi=65)
    print(f"Wrote {path}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=HERE / "results", help="where the figures go")
    arguments = parser.parse_args()
    arguments.output.mkdir(exist_ok=True)
    for camera in DRAWN:
        draw(camera, arguments.output / f"crops_{camera.lower()}.png")


if __name__ == "__main__":
    main()
