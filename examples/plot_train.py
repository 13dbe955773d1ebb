"""
================================
Train a network on your own data
================================

A network for lost blocks, trained for some seconds on simulated exposures.  The command ``sunpy-lasco train`` does the
same for your own files (:doc:`/how_to/train`).
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import sunpy.map

import sunpy_lasco
from sunpy_lasco import simulate
from sunpy_lasco.network.training.fit import train
from sunpy_lasco.network.training.recipe import read_recipe
from sunpy_lasco.network.training.window_files import fill_cache

###############################################################################
# A recipe names a preset and the settings that differ from it.  This one is much too short for real work: the
# recommended recipe takes 9000 steps.

folder = Path(tempfile.mkdtemp())
(folder / "short.toml").write_text(
    'preset = "recommended"\nsteps = 40\nsimulated = 2\nlosses_per_frame = 24\nmixed = 0\nsummed = 0\nbatch = 8\n'
    "validate_every = 40\n"
)
recipe = read_recipe(folder / "short.toml")

###############################################################################
# Windows around lost blocks are cut out of the frames: the surroundings, the estimates of other methods, and the truth.
# Give your own files instead of the empty list.

windows = fill_cache(recipe, [], "C3", folder / "windows")
result = train(recipe, windows, "C3", folder / "network")
print(result.weights.name, result.card["steps"], "steps")

###############################################################################
# `sunpy_lasco.inpaint` accepts the file with the weights.  Here it fills a block that was removed from another
# exposure.

whole = simulate.observe("C3", date="2004-03-01T12:00", seed=9).level05
data = whole.data.copy()
hole = np.s_[32 * 20 : 32 * 21, 32 * 10 : 32 * 11]
data[hole] = 0
lost = sunpy.map.Map(data, whole.meta)
filled = sunpy_lasco.inpaint(lost, "network", weights=result.weights)
error = filled.data[hole] - whole.data[hole].astype(float)
cells = error.reshape(4, 8, 4, 8).mean(axis=(1, 3))
print(
    f"rms error of means over 8 x 8 pixels {np.sqrt(np.mean(cells**2)):.1f} DN"
)

###############################################################################
# The loss during the training, and the block.

figure, panels = plt.subplots(2, 2, figsize=(8, 7.6), layout="constrained")
left = panels[0, 0]
curves = plt.imread(result.curves)
left.imshow(curves[:, : curves.shape[1] // 2])
left.set_axis_off()
around = np.s_[32 * 19 : 32 * 22, 32 * 9 : 32 * 12]
low, high = np.percentile(whole.data[around], (2, 98))
for axes, smap, title in zip(
    panels.flat[1:],
    (lost, filled, whole),
    ("lost", "filled", "truth"),
    strict=True,
):
    image = np.where(smap.data[around] > 0, smap.data[around], np.nan)
    axes.imshow(image, origin="lower", vmin=low, vmax=high, cmap="soholasco3")
    axes.set(title=title, xticks=[], yticks=[], facecolor="indigo")

plt.show()
