"""
==============
Radial filters
==============

Filters of sunkit-image bring out structure.  On images of a coronagraph they return nothing, since pixels behind
the occulter are NaN; `sunpy_lasco.products.radial_filter` takes care of that.
"""

import matplotlib.pyplot as plt
import numpy as np

import sunpy_lasco
from sunpy_lasco import products, simulate

###############################################################################
# One exposure of C3.

cme = simulate.CME("2001-05-21T08:40", position_angle=90, speed=900, width=60, seed=3)
exposure = simulate.observe("C3", date="2001-05-21T10:48", scene=simulate.corona(activity=0.7, seed=5, cme=cme), seed=2)
smap = sunpy_lasco.calibrate(exposure.level05, assets="simulated")

###############################################################################
# NRGF and RHEF look at rings, MGN at the surroundings of each pixel.  What is hidden stays hidden.

figure, panels = plt.subplots(2, 2, figsize=(8, 8), layout="constrained")
products.draw(smap, panels[0, 0], label="in terms of a smooth corona")
for axes, method in zip(panels.ravel()[1:], ("nrgf", "rhef", "mgn"), strict=True):
    found = products.radial_filter(smap, method)
    products.draw(found, axes, label=method.upper())
    print(method, np.isfinite(found.data).sum(), "pixels")

plt.show()
