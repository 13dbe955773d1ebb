"""
===========
First steps
===========

From a file of the archive to a calibrated image of the corona, for both cameras.

The frames are real ones of 2010-01-05.  `sunpy_lasco.data.sample` downloads them on first use.
"""

import matplotlib.pyplot as plt
import numpy as np

import astropy.units as u
from astropy.coordinates import SkyCoord

import sunpy.map

import sunpy_lasco
from sunpy_lasco import products, simulate
from sunpy_lasco.data import sample
from sunpy_lasco.errors import MissingAssetError

###############################################################################
# Level-0.5 files are read like any other file.  Without a network, simulated exposures take the place of the real ones.

try:
    raws = [sunpy.map.Map(sample.C2), sunpy.map.Map(sample.C3)]
except MissingAssetError:
    raws = [
        simulate.observe(camera, date="2010-01-05T00:10", seed=1).level05
        for camera in ("C2", "C3")
    ]
print(raws[0].nickname, raws[0].date, raws[0].unit)

###############################################################################
# One call calibrates an image.  By default the calibration images are downloaded from the SolarSoft archives; the
# estimated set of the package is less accurate but needs no network.  A warning names all approximations.

images = [sunpy_lasco.calibrate(raw, assets="estimate") for raw in raws]
print(images[0].unit)
print(images[0].meta["history"].splitlines()[-3:])

###############################################################################
# The counts of both cameras (left) and the calibrated images.  Vignetting, stray light, distortion and bias are
# corrected, and solar north is up.  The images are shown relative to a smooth corona, so that streamers are visible at
# all heights.

figure, panels = plt.subplots(2, 2, figsize=(9, 9), layout="constrained")
for row, raw, image in zip(panels, raws, images, strict=True):
    products.draw(raw, row[0], label="counts")
    products.draw(image, row[1], label="level 1")

plt.show()

###############################################################################
# The result is a sunpy map with a WCS and the position of SOHO.  `sunpy_lasco.write_level1` saves it together with its
# uncertainty and flags.

image = images[1]
print(image.observer_coordinate)
print(
    "Sun centre at",
    image.world_to_pixel(
        SkyCoord(0 * u.arcsec, 0 * u.arcsec, frame=image.coordinate_frame)
    ),
)
print(
    f"median 1 sigma {np.nanmedian(image.uncertainty.array / image.data):.1%}"
)
print(f"{np.isnan(image.data).mean():.0%} of the pixels show no sky")
