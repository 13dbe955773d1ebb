"""
===========
Differences
===========

What moves stands out when an earlier image is subtracted: running differences, base differences, and percentages.
"""

import matplotlib.pyplot as plt
import numpy as np

import astropy.units as u
from astropy.time import Time

import sunpy_lasco
from sunpy_lasco import products, simulate

###############################################################################
# An ejection in four exposures of C3, half an hour apart, as a sequence: one grid, in order of time, with relative
# exposures, which the headers have wrong by some 0.3 %.

scene = simulate.corona(
    activity=0.6, cme=simulate.CME(start="2002-05-21T00:20", position_angle=60, speed=1200, width=70)
)
times = Time("2002-05-21T01:18") + np.arange(4) * 30 * u.min
maps = [
    sunpy_lasco.calibrate(
        simulate.observe("C3", date=time, scene=scene, leb_sum=(2, 2), seed=number).level05, assets="simulated"
    )
    for number, time in enumerate(times)
]
sequence = products.Sequence(maps)
print(sequence)
print("Relative exposures:", sequence.factors)

###############################################################################
# Each minus the one before, minus the first, and in percent of the first.  What comes out is a sequence again.

running = products.running_difference(sequence)
base = products.base_difference(sequence, 1)
percent = products.percent_difference(sequence, 1)

###############################################################################
# The header says what they are and of what, so that none of them passes for an exposure.

last = running.frame(-1)
print(last.meta["edited"], last.meta["prlabel"], last.meta["prstep1"], "minus", last.meta["prstep2"])

###############################################################################
# Grey is no change; all frames of a row have one scale.

figure, panels = plt.subplots(3, 3, figsize=(9, 9), layout="constrained")
for row, (shown, frames) in zip(panels, ((running, (0, 1, 2)), (base, (1, 2, 3)), (percent, (1, 2, 3))), strict=True):
    look = products.Look.of(shown)
    for axes, number in zip(row, frames, strict=True):
        products.draw(shown.frame(number), axes, look=look)

###############################################################################
# The uncertainty is that of both images in quadrature: most pixels hold nothing but noise.

pulls = last.data / last.uncertainty.array
print(f"{np.mean(np.abs(pulls[np.isfinite(pulls)]) < 1):.0%} of the pixels lie within 1 sigma")

plt.show()
