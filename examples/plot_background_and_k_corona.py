"""
============================
Backgrounds and the K corona
============================

What stays for days is mostly light that dust scatters, and stray light.  Without it, streamers and what moves are
left; what stays of the K corona is gone as well.
"""

import warnings

import matplotlib.pyplot as plt

import sunpy_lasco
from sunpy_lasco import products, simulate

###############################################################################
# Three frames a day of four days; as files they would be read day by day.

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
# The median of each day, and of these the minimum.  The header says how much too low noise makes it.

with warnings.catch_warnings():
    # Ten days or more would be better.
    warnings.simplefilter("ignore")
    background = products.background(maps, kind="minimum")
print(background.meta["filename"], "bias", background.meta["bkgbias"])

###############################################################################
# Without the background, and without a model of the F corona, whose 20 % are most of its error.

kinds = {"minimum removed": products.k_corona(maps[-1], background), "F model removed": products.k_corona(maps[-1])}
for name, smap in kinds.items():
    print(f"{name}: {smap.meta['bkgkind']}")

figure, panels = plt.subplots(1, 3, figsize=(10.5, 3.6), layout="constrained")
products.draw(background, panels[0], label="background")
for axes, (name, smap) in zip(panels[1:], kinds.items(), strict=True):
    products.draw(smap, axes, label=name)

plt.show()
