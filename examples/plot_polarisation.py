"""
====================
Polarised brightness
====================

Images through three polarisers give the total brightness and the polarised brightness of the K corona.
"""

import matplotlib.pyplot as plt
import numpy as np

import sunpy_lasco
from sunpy_lasco import products, simulate
from sunpy_lasco.products.places import height_and_angle

###############################################################################
# A triplet of C2, and a clear image that fixes its scale.

scene = simulate.corona(activity=0.7, seed=5)
maps = {}
for number, (name, polar) in enumerate(
    {
        "minus60": "-60 Deg",
        "zero": "0 Deg",
        "plus60": "+60 Deg",
        "clear": "Clear",
    }.items()
):
    exposure = simulate.observe(
        "C2",
        date=f"1998-05-21T09:{4 * number:02d}",
        scene=scene,
        polar=polar,
        leb_sum=(2, 2),
        seed=number,
    )
    maps[name] = sunpy_lasco.calibrate(
        exposure.level05, assets="simulated", inpaint=None
    )
found = products.polarize(**maps)

###############################################################################
# The triplet agrees with the clear image, and the polarisers with each other.

print(
    f"Triplet over clear: {found.ratio:.3f}; relative transmissions {found.transmissions}"
)

###############################################################################
# pB is signed and tangential.  The residual at 45 degrees to it is noise if the calibration is right.

figure, panels = plt.subplots(1, 3, figsize=(10.5, 3.6), layout="constrained")
for axes, smap, label in zip(
    panels, (found.total, found.polarized), ("total", "pB"), strict=False
):
    products.draw(smap, axes, label=label)
height, _ = height_and_angle(found.total)
edges = np.arange(2.4, 6.1, 0.2)
for smap, label in (
    (found.total, "total"),
    (found.polarized, "pB"),
    (found.residual, "residual"),
):
    medians = [
        np.nanmedian(smap.data[(height >= low) & (height < low + 0.2)])
        for low in edges
    ]
    panels[2].semilogy(edges + 0.1, np.abs(medians), label=label)
panels[2].set(xlabel="Height (solar radii)", ylabel="Median brightness (MSB)")
panels[2].legend()

plt.show()
