"""
=======================
Differences and masses
=======================

What changed between exposures, and how much mass it is.
"""

import matplotlib.pyplot as plt

import astropy.units as u

import sunpy_lasco
from sunpy_lasco import products, simulate

###############################################################################
# Four exposures of a quiet corona stand for a real evening.

maps = [
    sunpy_lasco.calibrate(
        simulate.observe("C3", date=f"2012-08-31T18:{minute:02d}:06", seed=minute).level05,
        assets="simulated",
        inpaint=None,
    )
    for minute in (6, 18, 30, 42)
]
sequence = products.Sequence(maps)
print(sequence)
print("Relative exposures:", sequence.factors)

###############################################################################
# Each minus the one before.  Noise is what is left, and the uncertainty says how much.

running = products.running_difference(sequence)
difference = running.frame(-1)
print(difference.meta["prlabel"], difference.meta["prstep1"], "minus", difference.meta["prstep2"])

###############################################################################
# The mass that the last frame has more than the median of the others: none, within its error.

found = products.excess_mass(maps[-1], maps[:-1], heights=(6, 20) * u.R_sun)
print(f"{found.mass:.2e} +- {found.sigma:.1e}")

figure = plt.figure()
axes = figure.add_subplot(projection=difference)
difference.plot(axes=axes)
plt.show()
