"""
=======
A movie
=======

One scale for all frames, true times, and gaps that are seen.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

import astropy.units as u
from astropy.time import Time

import sunpy_lasco
from sunpy_lasco import products, simulate

###############################################################################
# Six frames of every 24 minutes, of which the fourth is missing.

scene = simulate.corona(
    activity=0.6, cme=simulate.CME(start="2002-05-21T00:20", position_angle=60, speed=900, width=70)
)
times = Time("2002-05-21T01:18") + np.array([0, 24, 48, 96, 120]) * u.min
maps = [
    sunpy_lasco.calibrate(
        simulate.observe("C3", date=time, scene=scene, leb_sum=(2, 2), seed=number).level05, assets="simulated"
    )
    for number, time in enumerate(times)
]
differences = products.base_difference(products.Sequence(maps), 1)

###############################################################################
# What the name ends in decides: .mp4 (with the extra ``products``), .gif, or a folder of pictures.

path = Path(tempfile.mkdtemp()) / "movie.gif"
products.movie(differences, path, size=400, fps=4)

###############################################################################
# The movie has six frames: over the gap the third one stands, and says until when.

with Image.open(path) as movie:
    figure, panels = plt.subplots(2, 3, figsize=(9, 6), layout="constrained")
    for number, axes in enumerate(panels.ravel()):
        movie.seek(number)
        axes.imshow(movie.convert("RGB"))
        axes.set_axis_off()

plt.show()
