"""
================
C2 and C3 in one
================

Level-1 maps of both cameras have the same unit and a WCS of the same kind: they fit together.
"""

import matplotlib.pyplot as plt
import numpy as np

import astropy.units as u
from astropy.coordinates import SkyCoord

import sunpy.map
from sunpy.coordinates import SphericalScreen
from sunpy.map.maputils import all_coordinates_from_map

import sunpy_lasco
from sunpy_lasco import simulate

###############################################################################
# Two ejections: one is still in the field of C2, the other has reached that of C3.

ejections = [
    simulate.CME(start="2000-05-15T10:55", position_angle=75, speed=550, width=45),
    simulate.CME(start="2000-05-15T07:30", position_angle=255, speed=700, width=55),
]
scene = simulate.corona(activity=0.7, cme=ejections)
c2, c3 = (
    sunpy_lasco.calibrate(exposure.level05, assets=simulate.assets(exposure))
    for exposure in (simulate.observe(camera, date="2000-05-15T12:00", scene=scene, seed=4) for camera in ("C2", "C3"))
)

###############################################################################
# The corona fades by three orders of magnitude across the two fields.  Each image is therefore
# divided by its own median at each distance from the Sun.


def flattened(smap, nearest, farthest):
    """Divide by the median at each distance, between two distances in solar radii."""
    position = all_coordinates_from_map(smap)
    radius = (np.hypot(position.Tx, position.Ty) / smap.rsun_obs).to_value(u.one)
    ring = np.digitize(radius, np.geomspace(nearest, farthest, 150))
    image = np.full(smap.data.shape, np.nan)
    for number in range(1, 150):
        inside = (ring == number) & np.isfinite(smap.data)
        if inside.any():
            image[inside] = smap.data[inside] / np.median(smap.data[inside])
    return sunpy.map.Map(image, smap.meta)


inner, outer = flattened(c2, 2.3, 6.2), flattened(c3, 5.5, 25)

###############################################################################
# Both are brought to one grid.  The exposures have their middles three seconds apart, and SOHO moves in the
# meantime: sunpy wants to know where in space the light comes from, and a sphere around the observer will do.

centre = SkyCoord(0 * u.arcsec, 0 * u.arcsec, frame=c3.coordinate_frame)
grid = sunpy.map.make_fitswcs_header((1100, 1100), centre, scale=[32, 32] * u.arcsec / u.pix)
with SphericalScreen(c3.observer_coordinate):
    inner, outer = inner.reproject_to(grid), outer.reproject_to(grid)

###############################################################################
# The second image covers the first where it has pixels; the limb shows where the Sun is.

figure = plt.figure(figsize=(7.5, 7), layout="constrained")
axes = figure.add_subplot(projection=outer)
axes.set_facecolor("black")
outer.plot(axes=axes, cmap="soholasco3", norm=plt.Normalize(0.6, 1.9), title=False)
inner.plot(axes=axes, cmap="soholasco2", norm=plt.Normalize(0.5, 1.9), title=False)
outer.draw_limb(axes=axes, color="white")
axes.grid(False)
axes.set_title("C2 and C3, divided by the median at each distance")

plt.show()
