"""
===================
Fill missing blocks
===================

Several methods fill blocks of 32 x 32 pixels that were lost in telemetry.
"""

import matplotlib.pyplot as plt
import numpy as np

import sunpy.map

import sunpy_lasco
from sunpy_lasco import simulate

###############################################################################
# Three exposures of C3, twelve minutes apart, show a coronal mass ejection.  Four blocks of the second are lost, two of
# them on the front.  (The bright points are planets.)

ejection = simulate.CME(
    start="2000-05-15T07:30", position_angle=255, speed=700, width=55
)
scene = simulate.corona(activity=0.7, cme=ejection)
options = {
    "scene": scene,
    "start": "2000-05-15T11:48",
    "cadence": 720.0,
    "seed": 5,
}
before, whole, after = (
    one.level05 for one in simulate.sequence("C3", 3, **options)
)

blocks = [(20, 12), (21, 12), (22, 18), (24, 19)]
data = whole.data.copy()
for column, row in blocks:
    data[32 * row : 32 * row + 32, 32 * column : 32 * column + 32] = 0
lost = sunpy.map.Map(data, whole.meta)
print(sunpy_lasco.find_missing_blocks(lost))

###############################################################################
# SolarSoft's fuzzy logic, methods for single frames, and one that uses neighbours in time.  None of them changes
# measured pixels.

filled = {
    "fuzzy": sunpy_lasco.inpaint(lost, "fuzzy"),
    "mixture": sunpy_lasco.inpaint(lost, "mixture"),
    "kriging": sunpy_lasco.inpaint(lost, "kriging"),
    "temporal": sunpy_lasco.inpaint(lost, "temporal", context=[before, after]),
}
holes = sunpy_lasco.missing_block_mask(lost)
for name, smap in filled.items():
    error = (smap.data - whole.data)[holes]
    level = np.median(whole.data[holes]) - 330
    print(
        f"{name:9} mean error {100 * error.mean() / level:+.2f} %, rms {100 * error.std() / level:.2f} %, ",
        end="",
    )
    print(
        f"expected {100 * np.median(smap.uncertainty.array[holes]) / level:.2f} % plus noise"
    )

###############################################################################
# Side by side, divided by the exposure without losses.

part = np.s_[340:660, 600:840]
figure, axes = plt.subplots(2, 3, figsize=(8, 7.6), layout="constrained")
for ax, (name, smap) in zip(
    axes.flat, {"lost": lost, **filled, "truth": whole}.items(), strict=True
):
    image = np.where(smap.data[part] > 0, smap.data[part], np.nan)
    ax.imshow(
        np.log10(image - 320),
        origin="lower",
        vmin=3.0,
        vmax=3.9,
        cmap="soholasco3",
    )
    ax.set(title=name, xticks=[], yticks=[])

plt.show()

###############################################################################
# `sunpy_lasco.calibrate` needs one argument for this, ``context``.  The header records the repair.  (``on_bad`` is
# needed only here, since the statistics in the header are those of the complete frame.)

level1 = sunpy_lasco.calibrate(
    lost, assets="simulated", context=[before, after], on_bad="ignore"
)
print(
    level1.meta["nmissing"], level1.meta["misslist"], level1.meta["fillmeth"]
)
