"""
=================
Pointing by stars
=================

Stars in an image determine the Sun centre and the roll.
"""

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np

import astropy.units as u
from astropy.coordinates import SkyCoord

import sunpy_lasco
from sunpy_lasco import simulate, stars

###############################################################################
# This simulated image shows the stars of the catalogue.  The Sun centre is more than a pixel from its position in the
# header, and the camera is rolled by 0.05 degree more than expected.

catalogue = stars.read_catalogue()
years = 2002.02 - 1991.25
declination = catalogue["dec"] + catalogue["pm_dec"] * years * u.yr
ascension = catalogue["ra"] + catalogue["pm_ra"] * years * u.yr / np.cos(
    catalogue["dec"]
)
vectors = SkyCoord(ascension, declination).cartesian.xyz.value.T
points = simulate.StarList(vectors, catalogue["magnitude"].value)

scene = replace(simulate.corona(), points=(points,))
exposure = simulate.observe(
    "C3",
    date="2002-01-08T02:18",
    scene=scene,
    sun_centre=(519.2, 531.8),
    roll=-0.18,
    exptime=5.0,
    seed=2,
)
smap = exposure.level05

###############################################################################
# The catalogue predicts positions and fluxes.

table = stars.predict(smap, limit=6)
print(table["name", "x", "y", "magnitude", "flux", "flags"][:10])

figure = plt.figure(layout="constrained")
axes = figure.add_subplot(projection=smap)
smap.plot(axes=axes)
stars.plot(smap, table, axes=axes)
plt.show()

###############################################################################
# The solution agrees with the truth.  Real images of C3 are solved with the geometry fitted to stars; the simulator
# uses the official plate scale, which is tried when the stars do not agree with the other.

solution = stars.solve(smap)
print("geometry", solution.geometry)
print(f"{solution.number} stars, rms {solution.rms:.3f} pixel")
print(
    "centre",
    np.round(solution.centre, 3),
    "true",
    exposure.parameters.sun_centre,
)
print(
    "roll", round(solution.roll, 4), "true", round(exposure.parameters.roll, 4)
)

###############################################################################
# ``calibrate`` does all this with ``pointing="stars"`` and records the result in the header.

level1 = sunpy_lasco.calibrate(
    smap, assets="simulated", pointing="stars", distortion="wcs", inpaint=None
)
for card in ("centsrc", "sunpix1", "sunpix2", "centsig", "starn", "starrms"):
    print(card.upper(), level1.meta[card])

###############################################################################
# The light of the stars tests the calibration factor; zero means agreement with the catalogue.  All stars of the
# simulator have solar colour, so the catalogue is adapted.

catalogue["bv"] = 0.653 * u.mag
light = stars.star_fluxes(level1, geometry="official", catalogue=catalogue)
figure, axes = plt.subplots(layout="constrained")
axes.errorbar(light["magnitude"], light["ratio"], light["sigma"], fmt=".")
axes.axhline(0, color="0.5", linewidth=1)
axes.set(xlabel="magnitude", ylabel="ln (light / expected)", ylim=(-0.5, 0.5))
plt.show()
print(f"{len(light)} stars, median {np.median(light['ratio']):+.3f}")
