"""
==================================
Repairing the front of an ejection
==================================

A coronal mass ejection moves between exposures, so an average of the exposures before and after shows its front twice.
`sunpy_lasco.inpaint` moves them to the time of the frame first.

The frames are real ones of C3 of 2012-08-31; `sunpy_lasco.data.sample` downloads them on first use.
"""

import matplotlib.pyplot as plt
import numpy as np

import sunpy.map

import sunpy_lasco
from sunpy_lasco import simulate
from sunpy_lasco.data import sample
from sunpy_lasco.errors import MissingAssetError

###############################################################################
# Four exposures, 12 minutes apart.  Without a network, simulated ones take their place.

try:
    raws = [sunpy.map.Map(file) for file in sample.C3_CME[-4:]]
except MissingAssetError:
    ejection = simulate.CME(
        start="2012-08-31T19:50", position_angle=85, speed=1400, width=70
    )
    scene = simulate.corona(activity=0.7, cme=ejection)
    raws = [
        one.level05
        for one in simulate.sequence(
            "C3", 4, scene=scene, start="2012-08-31T21:54", cadence=720, seed=1
        )
    ]

###############################################################################
# Three blocks on the front of the third exposure are removed, as if they had been lost in telemetry.

whole = raws[2]
data = whole.data.copy()
for column, row in ((10, 18), (10, 19), (11, 19)):
    data[32 * row : 32 * row + 32, 32 * column : 32 * column + 32] = 0
lost = sunpy.map.Map(data, whole.meta)
print("lost:", sunpy_lasco.find_missing_blocks(lost))

###############################################################################
# The frame alone, SolarSoft's fuzzy logic, and the neighbouring exposures.

context = [raws[0], raws[1], raws[3]]
filled = {
    "fuzzy logic": sunpy_lasco.inpaint(lost, "fuzzy"),
    "kriging": sunpy_lasco.inpaint(lost, "kriging"),
    "neighbours, moved": sunpy_lasco.inpaint(lost, "auto", context=context),
}
print(filled["neighbours, moved"].meta["history"].splitlines()[-1])

###############################################################################
# The change since the previous exposure.  The uncertainty of the filled pixels tells how far each repair can be
# trusted.

hole = sunpy_lasco.missing_block_mask(lost)
average = sunpy.map.Map(
    np.where(
        hole, (raws[1].data.astype(float) + raws[3].data) / 2, whole.data
    ),
    whole.meta,
)
shown = np.s_[18 * 32 - 70 : 20 * 32 + 70, 10 * 32 - 90 : 12 * 32 + 90]
figure, panels = plt.subplots(2, 3, figsize=(11, 6.6), layout="constrained")
results = {
    "lost": lost,
    "average of neighbours": average,
    **filled,
    "measured": whole,
}
for axes, (name, smap) in zip(panels.flat, results.items(), strict=True):
    change = np.where(
        hole & (name == "lost"), np.nan, smap.data - raws[1].data.astype(float)
    )
    axes.imshow(
        change[shown], origin="lower", cmap="gray", vmin=-150, vmax=150
    )
    axes.set(title=name, xticks=[], yticks=[], facecolor="indigo")
    error = np.std((smap.data - whole.data.astype(float))[hole])
    if name in filled:
        axes.set_xlabel(
            f"rms error {error:.0f} DN, stated {np.median(smap.uncertainty.array[hole]):.0f} DN"
        )

plt.show()
