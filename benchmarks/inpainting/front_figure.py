"""
Three lost blocks on a front: the loss, the result of each method, and the truth.

    SUNPY_LASCO_TEST_DATA=... python benchmarks/inpainting/front_figure.py [PATH]
"""

import sys
from pathlib import Path

import numpy as np
from front_holes import BEFORE, holes_in, real_scene
from fronts import METHODS, score
from matplotlib.figure import Figure

#: Exposures and blocks (row, column).
HOLES = ((32310958, (17, 10)), (32310959, (19, 11)), (32310960, (20, 12)))
SHOWN = ("kriging", "temporal, at rest", "temporal, moved", "auto, earlier exposures alone")


def main():
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[2] / "docs" / "images" / "fronts.png"
    figure = Figure(figsize=(13, 6.9), layout="constrained")
    axes = figure.subplots(3, len(SHOWN) + 2)
    quiet = real_scene(BEFORE)[0].signal
    for row, (number, block) in zip(axes, HOLES, strict=True):
        scene, _ = real_scene(number)
        hole = next(holes_in(scene, [block], "real fronts", str(number), quiet))
        crop = hole.crop
        around = crop.from_signal(scene.signal[hole.window])
        low, high = np.nanpercentile(around, (2, 98))
        images = [("lost block", np.where(crop.hole, np.nan, around))]
        for name in SHOWN:
            fill = METHODS[name](hole)
            found = score(hole, fill)
            text = "not filled" if found is None else f"{found['excess']:.0f} %"
            images.append((f"{name}: {text}", np.where(crop.hole, fill.z, around)))
        images.append(("truth", around))
        for axis, (title, image) in zip(row, images, strict=True):
            axis.imshow(image, origin="lower", vmin=low, vmax=high, cmap="gray")
            axis.set_title(title, fontsize=8)
            axis.set_axis_off()
    figure.savefig(path, dpi=90)


if __name__ == "__main__":
    main()
