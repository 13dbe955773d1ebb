"""
==========================
J-map and speed of a front
==========================

A J-map along one position angle shows the front as a sloping edge, and a line fitted to the edge gives the speed.
"""

import matplotlib.pyplot as plt
from matplotlib.dates import date2num

import astropy.units as u

import sunpy_lasco
from sunpy_lasco import products, simulate

###############################################################################
# Simulated frames, 24 minutes apart, show a coronal mass ejection towards the east.  Real frames are used in the same
# way.

cme = simulate.CME(
    "2001-05-21T08:40",
    position_angle=90,
    speed=900,
    width=60,
    strength=9e-10,
    seed=3,
)
scene = simulate.corona(activity=0.7, seed=5, cme=cme)
exposures = simulate.sequence(
    "C3", 7, scene=scene, start="2001-05-21T09:00", cadence=1440, seed=1
)
assets = simulate.assets(*exposures)
maps = [
    sunpy_lasco.calibrate(exposure.level05, assets=assets)
    for exposure in exposures
]

###############################################################################
# The J-map contains the difference of successive frames along a strip.  The track is the outermost place in each frame
# that exceeds the scatter.  This edge is ahead of the ridge of the front, which has the simulated speed, and gains on
# it as the front widens.

strip = products.jmap(products.Sequence(maps), position_angle=90 * u.deg)
points = products.track(strip)
fit = products.fit_height_time(points)
print(points)
print(
    f"{fit.speed:.0f} +- {fit.speed_sigma:.0f}; the ridge moves with {cme.speed:.0f} km/s"
)

###############################################################################
# Each column of the J-map extends from the earlier to the later frame of a difference.

figure, axes = plt.subplots(figsize=(8, 4.5), layout="constrained")
strip.plot(axes)
axes.errorbar(
    date2num(points["time"].datetime),
    points["height"].value,
    points["sigma"].value,
    fmt="o",
    color="tab:orange",
    label=f"{fit.speed.value:.0f} km/s",
)
axes.legend(loc="upper left")

###############################################################################
# The same quantities as in the CDAW catalogue.

for name, value in fit.columns.items():
    print(f"{name:35} {value}")
