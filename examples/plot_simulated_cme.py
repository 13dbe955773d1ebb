"""
================================
Simulate a coronal mass ejection
================================

A simulated CME crosses the field of C3.  The speed of its front is measured in the images and compared with the truth.
"""

import matplotlib.pyplot as plt
import numpy as np

import astropy.units as u
from astropy.coordinates import SkyCoord

import sunpy_lasco
from sunpy_lasco import simulate

###############################################################################
# The scene is a typical corona and a CME that leaves the Sun at 8:40 to the north-west with 750 km/s.  Three exposures
# are 36 minutes apart.

cme = simulate.CME(
    "2001-05-21T08:40",
    position_angle=295,
    speed=750,
    width=62,
    strength=9e-10,
    seed=3,
)
scene = simulate.corona(activity=0.7, seed=5, cme=cme)
exposures = simulate.sequence(
    "C3", 3, scene=scene, start="2001-05-21T10:48", cadence=2160, seed=1
)

###############################################################################
# They are calibrated like real exposures, with the calibration images of the simulated camera.

assets = simulate.assets(*exposures)
images = [
    sunpy_lasco.calibrate(exposure.level05, assets=assets)
    for exposure in exposures
]

###############################################################################
# The differences between successive images show what has moved.

figure, panels = plt.subplots(1, 2, figsize=(9, 4.6), layout="constrained")
for axes, before, after in zip(panels, images[:-1], images[1:], strict=True):
    axes.imshow(
        after.data - before.data,
        origin="lower",
        cmap="gray",
        vmin=-2e-11,
        vmax=2e-11,
    )
    axes.set(
        title=f"{after.date.isot[11:16]} minus {before.date.isot[11:16]}",
        xticks=[],
        yticks=[],
    )
    axes.set(xlim=(300, 900), ylim=(350, 850), facecolor="black")

###############################################################################
# The front is where the ratio to an earlier image is largest along the axis of the CME.


def front(image, first):
    """Distance of the front from the Sun's centre along the axis, solar radii."""
    distance = np.linspace(4.5, 22, 400)
    angle = np.radians(cme.position_angle)
    axis = SkyCoord(
        -np.sin(angle) * distance * image.rsun_obs,
        np.cos(angle) * distance * image.rsun_obs,
        frame=image.coordinate_frame,
    )
    column, row = (
        np.rint(v.value).astype(int) for v in image.world_to_pixel(axis)
    )
    ratio = np.median(
        [
            (image.data / first.data)[row + k, column + k]
            for k in (-2, -1, 0, 1, 2)
        ],
        axis=0,
    )
    return distance[np.nanargmax(ratio)]


quiet = simulate.observe(
    "C3",
    scene=simulate.corona(activity=0.7, seed=5),
    date="2001-05-21T08:00",
    seed=9,
)
quiet = sunpy_lasco.calibrate(quiet.level05, assets=assets)
hours = [
    (exposure.parameters.time - exposures[0].parameters.time).to_value(u.h)
    for exposure in exposures
]
measured = [front(image, quiet) for image in images]
true = [cme.height(exposure.parameters.time) for exposure in exposures]
speed = np.polyfit(hours, measured, 1)[0] * 695700 / 3600

figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
axes.plot(hours, true, label=f"truth: {cme.speed:.0f} km/s")
axes.plot(hours, measured, "o", label=f"measured: {speed:.0f} km/s")
axes.set(xlabel="hours", ylabel="height of the front, solar radii")
axes.legend()

plt.show()
