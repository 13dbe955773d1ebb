"""
============================
Backgrounds and the K corona
============================

Light that does not change for days is mostly scattered by dust (the F corona) or in the camera.  Subtracting it leaves
streamers and moving structures, but also removes the steady part of the K corona.
"""

import warnings

import matplotlib.pyplot as plt

import sunpy_lasco
from sunpy_lasco import products, simulate

###############################################################################
# Three frames on each of four days.  Files would be read day by day.

maps = [
    sunpy_lasco.calibrate(
        simulate.observe(
            "C3",
            date=f"2001-05-{day}T{hour:02d}:18",
            scene=simulate.corona(activity=0.7, seed=day),
            leb_sum=(2, 2),
            seed=10 * day + hour,
        ).level05,
        assets="simulated",
        inpaint=None,
    )
    for day in (20, 21, 22, 23)
    for hour in (6, 12, 18)
]

###############################################################################
# The background is the minimum of the daily medians.  The header states by how much noise lowers it.

with warnings.catch_warnings():
    # A warning asks for ten days or more.
    warnings.simplefilter("ignore")
    background = products.background(maps, kind="minimum")
print(background.meta["filename"], "bias", background.meta["bkgbias"])

###############################################################################
# Two estimates of the K corona: after subtracting the background, and after subtracting a model of the F corona, whose
# error of 20 % dominates.

kinds = {
    "minimum removed": products.k_corona(maps[-1], background),
    "F model removed": products.k_corona(maps[-1]),
}
for name, smap in kinds.items():
    print(f"{name}: {smap.meta['bkgkind']}")

figure, panels = plt.subplots(1, 3, figsize=(10.5, 3.6), layout="constrained")
products.draw(background, panels[0], label="background")
for axes, (name, smap) in zip(panels[1:], kinds.items(), strict=True):
    products.draw(smap, axes, label=name)

plt.show()
