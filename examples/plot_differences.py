"""
=======================
Differences of a series
=======================

What moves stands out when an earlier image is subtracted.  Maps of LASCO subtract each other, and the result knows
that it is a difference.
"""

from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np

import astropy.units as u
from astropy.time import Time

import sunpy_lasco
from sunpy_lasco import simulate

###############################################################################
# An ejection in four exposures of C3, half an hour apart.

scene = simulate.corona(
    activity=0.6, cme=simulate.CME(start="2002-05-21T00:20", position_angle=60, speed=1200, width=70)
)
times = Time("2002-05-21T01:18") + np.arange(4) * 30 * u.min
series = [
    sunpy_lasco.calibrate(
        simulate.observe("C3", date=time, scene=scene, leb_sum=(2, 2), seed=number).level05, assets="simulated"
    )
    for number, time in enumerate(times)
]

###############################################################################
# Base differences against the first image, and running differences against the one before.

base = [image - series[0] for image in series[1:]]
running = [later - earlier for earlier, later in pairwise(series)]

###############################################################################
# The header says what they are and of what, so that none of them passes for an exposure.

print(running[0].meta["edited"])
print(running[0].meta["history"].splitlines()[-1])

###############################################################################
# Colours are symmetric about zero; here all have the same scale.

figure = plt.figure(figsize=(9, 6.2), layout="constrained")
for row, differences in enumerate((base, running)):
    for column, difference in enumerate(differences):
        axes = figure.add_subplot(2, 3, 3 * row + column + 1, projection=difference)
        difference.plot(axes=axes, vmin=-4e-12, vmax=4e-12, title=f"{difference.date.strftime('%H:%M')}")
        for axis in axes.coords:
            axis.set_axislabel("")
            axis.set_ticklabel_visible(False)
        axes.grid(False)
figure.suptitle("Base differences (above) and running differences")

###############################################################################
# The uncertainty is that of both images in quadrature: most pixels hold nothing but noise.

pulls = running[-1].data / running[-1].uncertainty.array
print(f"{np.mean(np.abs(pulls[np.isfinite(pulls)]) < 1):.0%} of the pixels lie within 1 sigma")

plt.show()
