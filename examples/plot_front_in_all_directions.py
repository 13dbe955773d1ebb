"""
=========================
A front in all directions
=========================

The width of a front, the direction in which it is fastest, and its deceleration by the solar wind.
"""

import matplotlib.pyplot as plt
import numpy as np

import astropy.units as u

import sunpy_lasco
from sunpy_lasco import products, simulate

###############################################################################
# Simulated frames, 24 minutes apart.

cme = simulate.CME(
    "2001-05-21T08:40",
    position_angle=80,
    speed=900,
    width=70,
    strength=9e-10,
    seed=3,
)
scene = simulate.corona(activity=0.7, seed=5, cme=cme)
exposures = simulate.sequence(
    "C3",
    8,
    scene=scene,
    start="2001-05-21T09:00",
    cadence=1440,
    seed=1,
    leb_sum=(2, 2),
)
assets = simulate.assets(*exposures)
sequence = products.Sequence(
    [
        sunpy_lasco.calibrate(one.level05, assets=assets, inpaint=None)
        for one in exposures
    ]
)

###############################################################################
# The front is tracked in 24 directions.

front = products.front_around(sequence, every=15 * u.deg, width=12 * u.deg)
for name, value in front.columns.items():
    print(f"{name:35} {value}")

###############################################################################
# The ridge has the simulated speed.  The edge, which catalogues follow, is ahead of it and faster, since the front
# widens.

strip = products.jmap(sequence, position_angle=80 * u.deg, width=12 * u.deg)
for edge in ("outer", "half", "peak"):
    fit = products.fit_height_time(products.track(strip, edge=edge))
    print(f"{edge:6} {fit.speed:.0f} +- {fit.speed_sigma:.0f}")

###############################################################################
# In the field of C3 the drag is an upper limit at best.

drag = products.fit_drag(front.fastest.track)
print(
    f"Drag {drag.drag:.1e} +- {drag.drag_sigma:.1e}; first {drag.initial_speed:.0f}, last {drag.final_speed:.0f}"
)

figure, (left, right) = plt.subplots(
    1, 2, figsize=(9.5, 4), layout="constrained"
)
there = np.isfinite(front.table["speed"])
left.errorbar(
    front.table["position_angle"][there].value,
    front.table["speed"][there].value,
    front.table["speed_sigma"][there].value,
    fmt="o",
)
left.set(
    xlabel="Position angle (degree)", ylabel="Speed (km/s)", xlim=(0, 360)
)
strip.plot(right)

plt.show()
