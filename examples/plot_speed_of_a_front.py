"""
====================
The speed of a front
====================

A J-map along one position angle, the leading edge in it, and a straight line.  The frames are
simulated; those of the archive are calibrated and used in the same way.
"""

import matplotlib.pyplot as plt
from matplotlib.dates import date2num

import astropy.units as u

import sunpy_lasco
from sunpy_lasco import products, simulate

###############################################################################
# Frames of every 24 minutes: the usual corona, and a mass ejection towards the east.

cme = simulate.CME("2001-05-21T08:40", position_angle=90, speed=900, width=60, strength=9e-10, seed=3)
scene = simulate.corona(activity=0.7, seed=5, cme=cme)
exposures = simulate.sequence("C3", 7, scene=scene, start="2001-05-21T09:00", cadence=1440, seed=1)
assets = simulate.assets(*exposures)
maps = [sunpy_lasco.calibrate(exposure.level05, assets=assets) for exposure in exposures]

###############################################################################
# The strip, each frame minus the one before, and the outermost place in each at which something
# rises above the scatter.  That edge is ahead of the ridge of the front, whose speed was put in, and
# gains on it as the front widens.

strip = products.jmap(products.Sequence(maps), position_angle=90 * u.deg)
points = products.track(strip)
fit = products.fit_height_time(points)
print(points)
print(f"{fit.speed:.0f} +- {fit.speed_sigma:.0f}; put in were {cme.speed:.0f} km / s")

###############################################################################
# Rows of the J-map begin at the earlier frame and end at the later.

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
# What the CDAW catalogue would say of it.

for name, value in fit.columns.items():
    print(f"{name:35} {value}")
