"""
==========================
A real CME: speed and mass
==========================

The halo CME of 2012-08-31, for which the CDAW catalogue lists 1442 km/s and 2.0e16 g.

The frames are real ones of C3.  `sunpy_lasco.data.sample` downloads them on first use; without a network the example
shows a simulated ejection instead.
"""

import matplotlib.pyplot as plt

import astropy.units as u

from sunpy_lasco import products, simulate
from sunpy_lasco.data import sample
from sunpy_lasco.errors import MissingAssetError

###############################################################################
# Twelve frames from 19:42 to 22:30.  Each is calibrated when it is read, with the estimated calibration images of the
# package.

try:
    frames, assets = sample.C3_CME, "estimate"
except MissingAssetError:
    ejection = simulate.CME(
        "2012-08-31T19:40", position_angle=90, speed=1450, width=80
    )
    exposures = simulate.sequence(
        "C3",
        7,
        scene=simulate.corona(cme=ejection),
        start="2012-08-31T19:42",
        cadence=1440,
        leb_sum=(2, 2),
        seed=1,
    )
    frames = [exposure.level05 for exposure in exposures]
    assets = simulate.assets(*exposures)
sequence = products.Sequence(frames, options={"assets": assets})
print(sequence)

###############################################################################
# The front is tracked in a J-map towards the east, and a line is fitted to its heights.

strip = products.jmap(sequence, position_angle=90 * u.deg)
fit = products.fit_height_time(products.track(strip))
print(f"{fit.speed:.0f} +- {fit.speed_sigma:.0f}")

###############################################################################
# The mass is that of the last frame minus the median of the first three, in which the front has not yet appeared.  The
# catalogue has a similar value.

base = [sequence.frame(number) for number in range(3)]
found = products.excess_mass(sequence.frame(-1), base, normalise=False)
print(f"{found.mass:.2e} +- {found.sigma:.1e}")

###############################################################################
# The J-map, and the difference from which the mass was measured.

figure, (left, right) = plt.subplots(
    1, 2, figsize=(10, 4.4), layout="constrained"
)
strip.plot(left)
products.draw(found.difference, right)

plt.show()
