"""
===============================
Mass of a coronal mass ejection
===============================

The excess brightness over a frame before the event is light scattered by electrons.  It gives a mass with an error
budget.
"""

import matplotlib.pyplot as plt
import numpy as np

import astropy.units as u
from astropy.time import Time

import sunpy_lasco
from sunpy_lasco import products, simulate

###############################################################################
# Three frames before the event form the base; three later ones show the ejection.

cme = simulate.CME(
    "2001-05-21T08:50",
    position_angle=90,
    speed=1100,
    width=60,
    strength=9e-10,
    seed=3,
)
scene = simulate.corona(activity=0.7, seed=5, cme=cme)
times = Time("2001-05-21T08:18") + np.array([0, 12, 24, 108, 132, 156]) * u.min
maps = [
    sunpy_lasco.calibrate(
        simulate.observe(
            "C3", date=time, scene=scene, leb_sum=(2, 2), seed=number
        ).level05,
        assets="simulated",
        inpaint=None,
    )
    for number, time in enumerate(times)
]
base, later = maps[:3], maps[3:]

###############################################################################
# The mass in a sector.  Noise is the smallest error: relative exposures and base are more important.  The scale of the
# calibration and the angle from the plane of the sky are common to all masses.

masses = [
    products.excess_mass(
        smap, base, heights=(4.5, 25) * u.R_sun, sector=(50, 130) * u.deg
    )
    for smap in later
]
for found in masses:
    print(
        f"{found.mass:.2e} +- {found.sigma:.1e}, and {found.systematic:.1e} of the scale"
    )
for name, part in masses[-1].parts.items():
    print(f"{name:15}{part:10.1e}")

###############################################################################
# Kinetic and potential energy.

print(
    f"{products.kinetic_energy(masses[-1].mass, cme.speed * u.km / u.s):.1e}"
)
print(f"{products.potential_energy(masses[-1].mass, 12 * u.R_sun):.1e}")

###############################################################################
# The mass as a function of height, and the difference image with the sector.

figure, (left, right) = plt.subplots(
    1, 2, figsize=(9, 4.2), layout="constrained"
)
for smap, found in zip(later, masses, strict=True):
    left.step(
        found.heights.value,
        found.profile.to_value(u.g),
        where="post",
        label=smap.date.strftime("%H:%M"),
    )
left.set(
    xlabel="Height (solar radii)", ylabel="Mass per half a solar radius (g)"
)
left.legend()
products.draw(masses[-1].difference, right)
right.contour(
    masses[-1].region,
    levels=[0.5],
    colors="tab:orange",
    extent=(*right.get_xlim(), *right.get_ylim()),
    linewidths=1,
)

plt.show()
