"""
==========================
A real CME: speed and mass
==========================

The halo CME of 2012-08-31, for which the CDAW catalogue lists 1442 km/s and 2.0e16 g.

This example uses real level-0.5 frames from the directory in the environment variable ``SUNPY_LASCO_TEST_DATA``, with
calibration images beside it.  Otherwise it shows stored results.
"""

import os
from pathlib import Path

import matplotlib.pyplot as plt

import astropy.units as u

from sunpy_lasco import products

###############################################################################
# Nine frames of C3: three before the event and six of the ejection.  Each is calibrated when it is read.

numbers = (32310944, 32310946, 32310948, 32310953, 32310954, 32310955, 32310956, 32310958, 32310961)
folder = Path(os.environ.get("SUNPY_LASCO_TEST_DATA", "nowhere"))
files = [folder / "level05" / "c3" / f"{number}.fts" for number in numbers]

if all(file.exists() for file in files):
    sequence = products.Sequence(files, options={"assets": folder.parent / "calib"})
    strip = products.jmap(sequence, position_angle=90 * u.deg)
    fit = products.fit_height_time(products.track(strip))
    found = products.excess_mass(sequence.frame(-1), [sequence.frame(number) for number in range(3)], normalise=False)
    print(f"{fit.speed:.0f} +- {fit.speed_sigma:.0f}; {found.mass:.2e} +- {found.sigma:.1e}")
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.4), layout="constrained")
    strip.plot(left)
    products.draw(found.difference, right)
else:
    print("1473 km/s +- 11 km/s; 1.95e+16 g +- 6.3e+14 g, by all 21 frames of the evening")
    images = Path.cwd().parent / "docs" / "images"
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.4), layout="constrained")
    for axes, name in ((left, "event_jmap.png"), (right, "event_base_difference.jpg")):
        axes.set_axis_off()
        if (images / name).exists():
            axes.imshow(plt.imread(images / name))

plt.show()
