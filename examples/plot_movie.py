"""
============
Make a movie
============

All frames have one scale, the movie advances evenly in time, and gaps are marked.

The frames are real ones of C3 of 2012-08-31; `sunpy_lasco.data.sample` downloads them on first use.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
from PIL import Image

import sunpy.map

import sunpy_lasco
from sunpy_lasco import products, simulate
from sunpy_lasco.data import sample
from sunpy_lasco.errors import MissingAssetError

###############################################################################
# Twelve frames at intervals of 12 minutes, with a gap of 24 minutes.  Without a network, simulated exposures take
# their place.

try:
    raws = [sunpy.map.Map(file) for file in sample.C3_CME]
except MissingAssetError:
    ejection = simulate.CME(
        start="2012-08-31T19:50", position_angle=85, speed=1400, width=70
    )
    scene = simulate.corona(activity=0.7, cme=ejection)
    exposures = simulate.sequence(
        "C3",
        8,
        scene=scene,
        start="2012-08-31T21:06",
        cadence=720,
        leb_sum=(2, 2),
        seed=1,
    )
    raws = [one.level05 for one in exposures]
maps = [sunpy_lasco.calibrate(raw, assets="estimate") for raw in raws]
differences = products.base_difference(products.Sequence(maps), 2)

###############################################################################
# The file name selects the format: .mp4 (requires the extra ``products``), .gif, or a folder of pictures.

path = Path(tempfile.mkdtemp()) / "movie.gif"
products.movie(differences, path, size=400, fps=4)

###############################################################################
# The last six frames of the movie.  Over a gap the previous image is held, and its label states until when.

with Image.open(path) as movie:
    figure, panels = plt.subplots(2, 3, figsize=(9, 6), layout="constrained")
    for number, axes in enumerate(panels.ravel()):
        movie.seek(movie.n_frames - 6 + number)
        axes.imshow(movie.convert("RGB"))
        axes.set_axis_off()

plt.show()
