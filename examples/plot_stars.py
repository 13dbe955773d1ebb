"""
===================
Pointing by stars
===================

Where the stars in an image should be, where they are, and what Sun centre and roll follow.
"""

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np

import astropy.units as u
from astropy.coordinates import SkyCoord

import sunpy_lasco
from sunpy_lasco import simulate, stars

###############################################################################
# A real image would do; here it is a simulated one before the stars of the catalogue.  The Sun's centre lies more
# than a pixel from where the header has it, and the camera is rolled by 0.05 degree more than it should be.

catalogue = stars.read_catalogue()
years = 2002.02 - 1991.25
declination = catalogue["dec"] + catalogue["pm_dec"] * years * u.yr
ascension = catalogue["ra"] + catalogue["pm_ra"] * years * u.yr / np.cos(catalogue["dec"])
vectors = SkyCoord(ascension, declination).cartesian.xyz.value.T
points = simulate.StarList(vectors, catalogue["magnitude"].value)

scene = replace(simulate.corona(), points=(points,))
exposure = simulate.observe(
    "C3", date="2002-01-08T02:18", scene=scene, sun_centre=(519.2, 531.8), roll=-0.18, exptime=5.0, seed=2
)
smap = exposure.level05

###############################################################################
# The catalogue says what to expect.

table = stars.predict(smap, limit=6)
print(table["name", "x", "y", "magnitude", "flux", "flags"][:10])

figure = plt.figure(layout="constrained")
axes = figure.add_subplot(projection=smap)
smap.plot(axes=axes)
stars.plot(smap, table, axes=axes)
plt.show()

###############################################################################
# The stars tell the pointing.  Real images of C3 are solved in the geometry of stars; the simulator has the official
# plate scale, which is found where the stars do not agree in the other.

solution = stars.solve(smap)
print("geometry", solution.geometry)
print(f"{solution.number} stars, rms {solution.rms:.3f} pixel")
print("centre", np.round(solution.centre, 3), "true", exposure.parameters.sun_centre)
print("roll", round(solution.roll, 4), "true", round(exposure.parameters.roll, 4))

###############################################################################
# ``calibrate`` does all this, and says in the header what it found.

level1 = sunpy_lasco.calibrate(smap, assets="simulated", pointing="stars", distortion="wcs", inpaint=None)
for card in ("centsrc", "sunpix1", "sunpix2", "centsig", "starn", "starrms"):
    print(card.upper(), level1.meta[card])

###############################################################################
# The light of the stars judges the calibration factor: zero is where they have what the catalogue says.  The stars of
# the simulator are all of solar colour, hence a catalogue that says so.

catalogue["bv"] = 0.653 * u.mag
light = stars.star_fluxes(level1, geometry="official", catalogue=catalogue)
figure, axes = plt.subplots(layout="constrained")
axes.errorbar(light["magnitude"], light["ratio"], light["sigma"], fmt=".")
axes.axhline(0, color="0.5", linewidth=1)
axes.set(xlabel="magnitude", ylabel="ln (light / expected)", ylim=(-0.5, 0.5))
plt.show()
print(f"{len(light)} stars, median {np.median(light['ratio']):+.3f}")
