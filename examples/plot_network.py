"""
==============================
Repair blocks with the network
==============================

The network of the package fills lost blocks with an uncertainty, and its card records how it was tested.
"""

import matplotlib.pyplot as plt
import numpy as np

import sunpy.map

import sunpy_lasco
from sunpy_lasco import simulate
from sunpy_lasco.network.weights import network_for

###############################################################################
# Five exposures of C2 near solar maximum.  The third lost blocks in the open corona, at the edge of the occulter, and
# two adjacent ones.

scene = simulate.corona(activity=0.9, seed=31)
exposures = simulate.sequence(
    "C2", 5, start="2001-10-23T10:06", cadence=720.0, seed=8, scene=scene
)
maps = [exposure.level05 for exposure in exposures]
whole = maps.pop(2)
data = whole.data.copy()
for column, row in ((6, 16), (20, 21), (10, 8), (11, 8), (24, 10)):
    data[32 * row : 32 * row + 32, 32 * column : 32 * column + 32] = 0
lost = sunpy.map.Map(data, whole.meta)

###############################################################################
# ``"auto"``, the default of `sunpy_lasco.calibrate`, uses the network for those kinds of holes that it filled best on
# dates that it was not trained on.  HISTORY records the method of each block.

filled = {
    **{
        method: sunpy_lasco.inpaint(lost, method)
        for method in ("fuzzy", "mixture", "network")
    },
    "sequence": sunpy_lasco.inpaint(lost, "sequence", context=maps),
    "auto": sunpy_lasco.inpaint(lost),
}
print(filled["auto"].meta["history"].splitlines()[-1])

###############################################################################
# Errors of means over 8 x 8 pixels, which show structure rather than noise, and the uncertainty of each fill.

holes = sunpy_lasco.missing_block_mask(lost)
known = holes & (
    sunpy_lasco.flags(filled["network"]) & sunpy_lasco.PixelFlag.FILLED != 0
)


def cells(image):
    means = (
        np.where(known, image, np.nan)
        .reshape(128, 8, 128, 8)
        .mean(axis=(1, 3))
    )
    return means[np.isfinite(means)]


level = cells(whole.data - 470.0)
for name, smap in filled.items():
    error, sigma = (
        cells(part) / level
        for part in (
            smap.data.astype(float) - whole.data,
            smap.uncertainty.array,
        )
    )
    print(
        f"{name:20} median error {100 * np.median(np.abs(error)):.2f} %, 1 sigma {100 * np.median(sigma):.2f} %"
    )

###############################################################################
# The two adjacent blocks.

part = np.s_[208:336, 272:432]
figure, axes = plt.subplots(2, 3, figsize=(9, 5.4), layout="constrained")
shown = {
    "lost": lost,
    **{
        name: filled[name]
        for name in ("fuzzy", "mixture", "network", "sequence")
    },
    "truth": whole,
}
for ax, (name, smap) in zip(axes.flat, shown.items(), strict=True):
    low, high = np.percentile(whole.data[part], (2, 98))
    ax.imshow(
        np.where(smap.data[part] > 0, smap.data[part], np.nan),
        origin="lower",
        vmin=low,
        vmax=high,
        cmap="soholasco2",
    )
    ax.set(title=name, xticks=[], yticks=[])
plt.show()

###############################################################################
# The card of the network lists its training data and its errors on dates that it was not trained on.

card = network_for("C2").card
print(card["dates"], card["windows"], card["steps"], card["limits"], sep="\n")
errors = card[
    "error relative to other methods on held-back dates: mean, 95 % interval, holes"
]
for kind, ratios in errors["real, network"].items():
    print(
        f"{kind:9}",
        ", ".join(
            f"{rival} {ratio[0]:.2f}" for rival, ratio in ratios.items()
        ),
    )
