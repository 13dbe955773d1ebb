"""
===========
Differences
===========

Running differences, base differences and percentages show what has changed since an earlier image.

The frames are real ones of C3 of 2012-08-31; `sunpy_lasco.data.sample` downloads them on first use.
"""

import matplotlib.pyplot as plt
import numpy as np

import sunpy.map

import sunpy_lasco
from sunpy_lasco import products, simulate
from sunpy_lasco.data import sample
from sunpy_lasco.errors import MissingAssetError

###############################################################################
# A coronal mass ejection in twelve exposures, as a sequence: one grid, in order of time, with relative exposures, since
# exposure times in the headers are wrong by about 0.3 %.  Without a network, simulated exposures take their place.

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
sequence = products.Sequence(maps)
print(sequence)
print("Relative exposures:", sequence.factors)

###############################################################################
# Differences to the previous frame, to the first frame, and in per cent of the first frame.  The results are sequences.

running = products.running_difference(sequence)
base = products.base_difference(sequence, 1)
percent = products.percent_difference(sequence, 1)

###############################################################################
# The header names the operation and the frames, so a difference cannot be mistaken for an exposure.

last = running.frame(-1)
print(
    last.meta["edited"],
    last.meta["prlabel"],
    last.meta["prstep1"],
    "minus",
    last.meta["prstep2"],
)

###############################################################################
# Grey means no change.  All frames of a row have the same scale.

figure, panels = plt.subplots(3, 3, figsize=(9, 9), layout="constrained")
for row, shown in zip(panels, (running, base, percent), strict=True):
    look = products.Look.of(shown)
    for axes, number in zip(row, (-5, -3, -1), strict=True):
        products.draw(shown.frame(number), axes, look=look)

###############################################################################
# The uncertainty is the quadratic sum of those of both images.  Most pixels contain only noise.

pulls = last.data / last.uncertainty.array
print(
    f"{np.mean(np.abs(pulls[np.isfinite(pulls)]) < 1):.0%} of the pixels lie within 1 sigma"
)

plt.show()
