"""
=========================
C2, C3 and the solar disk
=========================

Level-1 maps of both cameras and a map of the disk are combined in one image.
"""

import matplotlib.pyplot as plt
import numpy as np

import astropy.units as u
from astropy.coordinates import SkyCoord

import sunpy.map

import sunpy_lasco
from sunpy_lasco import products, simulate

###############################################################################
# Two simulated ejections: one is still in the field of C2, the other has reached that of C3.

ejections = [
    simulate.CME(
        start="2000-05-15T10:55", position_angle=75, speed=550, width=45
    ),
    simulate.CME(
        start="2000-05-15T07:30", position_angle=255, speed=700, width=55
    ),
]
scene = simulate.corona(activity=0.7, cme=ejections)
c2, c3 = (
    sunpy_lasco.calibrate(exposure.level05, assets=simulate.assets(exposure))
    for exposure in (
        simulate.observe(camera, date="2000-05-15T12:00", scene=scene, seed=4)
        for camera in ("C2", "C3")
    )
)

###############################################################################
# Any map of the disk can be used; this one is made up.

x, y = np.meshgrid(np.linspace(-1.3, 1.3, 300), np.linspace(-1.3, 1.3, 300))
bright = np.where(
    np.hypot(x, y) < 1,
    0.5 + 0.3 * np.sin(9 * x) * np.cos(7 * y),
    0.3 * np.exp(8 - 8 * np.hypot(x, y)),
)
centre = SkyCoord(0 * u.arcsec, 0 * u.arcsec, frame=c3.coordinate_frame)
header = sunpy.map.make_fitswcs_header(
    bright, centre, scale=[8.3, 8.3] * u.arcsec / u.pix
)
disk = sunpy.map.Map(bright, header)

###############################################################################
# C2 is scaled to C3 where both see the corona.  The remaining step at the seam is measured and stored in the header.

found = products.composite(c2, c3, disk)
print(f"C2 times {found.factor:.3f} +- {found.factor_sigma:.3f}")
print(
    f"Step at {found.seam:.1f}: {found.step:.1%}, scattering by {found.step_scatter:.1%} with position angle"
)

figure, axes = plt.subplots(figsize=(7.5, 7.5), layout="constrained")
found.draw(axes)

plt.show()
