"""
===================
Pointing by stars
===================

Where the stars in an image should be, where they are, and what Sun centre and roll follow.
"""

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np

import sunpy_lasco
from sunpy_lasco import simulate, stars

###############################################################################
# A real image would do; here it is a simulated one before the stars of the catalogue.  The Sun's centre lies more
# than a pixel from where the header has it, and the camera is rolled by 0.05 degree more than it should be.


class CatalogueStars:
    """The stars of the catalogue as points of light of a scene."""

    def positions(self, sky):
        """Helioprojective places, arcsec, and magnitudes."""
        table = stars.read_catalogue()
        ra, dec = table["ra"].to_value("rad"), table["dec"].to_value("rad")
        vectors = np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=1)
        near = vectors @ sky.axes[0] > np.cos(np.radians(15))
        tx, ty, _ = sky.helioprojective(vectors[near])
        return tx, ty, table["magnitude"].value[near]


scene = replace(simulate.corona(), points=(CatalogueStars(),))
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
# The stars tell the pointing.  The simulator has the official plate scale; for real images the default of ``geometry``,
# which is that of the stars, is better.

solution = stars.solve(smap, geometry="official")
print(f"{solution.number} stars, rms {solution.rms:.3f} pixel")
print("centre", np.round(solution.centre, 3), "true", exposure.parameters.sun_centre)
print("roll", round(solution.roll, 4), "true", round(exposure.parameters.roll, 4))

###############################################################################
# What is left of each star, a thousand times as large.

used = solution.table[solution.table["used"]]
figure, axes = plt.subplots(layout="constrained")
axes.quiver(used["x"], used["y"], used["left_x"], used["left_y"], angles="xy", scale_units="xy", scale=1e-3)
axes.plot(*solution.centre, "+", color="C1")
axes.set(aspect="equal", xlim=(0, 1023), ylim=(0, 1023), xlabel="x / pixel", ylabel="y / pixel")
plt.show()

###############################################################################
# For real images ``calibrate(smap, pointing="stars")`` does all this; step by step it is

pointed = sunpy_lasco.update_pointing(smap, pointing=solution.pointing)
level1 = sunpy_lasco.calibrate(pointed, assets="simulated")
print(level1.meta["centsrc"], level1.meta["sunpix1"], level1.meta["sunpix2"], level1.meta["centsig"])
