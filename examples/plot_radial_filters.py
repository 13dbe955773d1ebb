"""
==============
Radial filters
==============

Filters of sunkit-image enhance faint structure, but fail for images with missing pixels, such as those behind the
occulter. `sunpy_lasco.products.radial_filter` handles these.

The frame is a real one of C3 of 2012-08-31; `sunpy_lasco.data.sample` downloads it on first use.
"""

import matplotlib.pyplot as plt
import numpy as np

import sunpy.map

import sunpy_lasco
from sunpy_lasco import products, simulate
from sunpy_lasco.data import sample
from sunpy_lasco.errors import MissingAssetError

###############################################################################
# One exposure with a coronal mass ejection.  Without a network, a simulated one takes its place.

try:
    raw = sunpy.map.Map(sample.C3_CME[-3])
except MissingAssetError:
    cme = simulate.CME(
        "2001-05-21T08:40", position_angle=90, speed=900, width=60, seed=3
    )
    scene = simulate.corona(activity=0.7, seed=5, cme=cme)
    raw = simulate.observe(
        "C3", date="2001-05-21T10:48", scene=scene, seed=2
    ).level05
smap = sunpy_lasco.calibrate(raw, assets="estimate")

###############################################################################
# NRGF and RHEF normalise rings, MGN the surroundings of each pixel.  Masked pixels stay masked.

figure, panels = plt.subplots(2, 2, figsize=(8, 8), layout="constrained")
products.draw(smap, panels[0, 0], label="relative to a smooth corona")
for axes, method in zip(
    panels.ravel()[1:], ("nrgf", "rhef", "mgn"), strict=True
):
    found = products.radial_filter(smap, method)
    products.draw(found, axes, label=method.upper())
    print(method, np.isfinite(found.data).sum(), "pixels")

plt.show()
