"""
=====================
Calibrate an exposure
=====================

From counts to mean solar brightness: a simulated exposure of C3 before and after the calibration.
"""

import matplotlib.pyplot as plt

import sunpy_lasco
from sunpy_lasco import simulate

###############################################################################
# The simulator provides a level-0.5 map.  With a file from the archive it would be
# ``sunpy.map.Map("32418480.fts")``.  A coronal mass ejection left the Sun four and a half hours earlier.

ejection = simulate.CME(
    start="2000-05-15T07:30", position_angle=255, speed=700, width=55
)
scene = simulate.corona(activity=0.7, cme=ejection)
exposure = simulate.observe("C3", date="2000-05-15T12:00", scene=scene, seed=3)
raw = exposure.level05
print(raw.detector, raw.date, raw.unit, raw.data.shape)

###############################################################################
# One call performs the whole calibration.  For real frames the calibration images are found automatically; for
# simulated frames they come from the simulator.

level1 = sunpy_lasco.calibrate(raw, assets=simulate.assets(exposure))
print(level1.unit, level1.meta["calfac"], level1.meta["centsrc"])

###############################################################################
# The bias of the electronics and the shadows of the occulter and of the arm that holds it (the pylon) are corrected.
# Pixels that show no sky are NaN, not 0.

figure = plt.figure(figsize=(12, 5), layout="constrained")
before = figure.add_subplot(1, 2, 1, projection=raw)
image = raw.plot(axes=before, title="Level 0.5")
figure.colorbar(image, ax=before, shrink=0.7, label="DN")
after = figure.add_subplot(1, 2, 2, projection=level1)
image = level1.plot(axes=after, title="Level 1")
figure.colorbar(image, ax=after, shrink=0.7, label="mean solar brightness")

plt.show()
