"""
===================
Search and download
===================

Fido finds images by camera, filter, polariser, size, exposure time and observing programme, and downloads them.
"""

import matplotlib.pyplot as plt

import astropy.units as u

import sunpy.map
from sunpy.net import Fido
from sunpy.net import attrs as a

import sunpy_lasco
from sunpy_lasco import products, simulate
from sunpy_lasco.config import Configuration
from sunpy_lasco.data import sample
from sunpy_lasco.errors import MissingAssetError

###############################################################################
# A query combines sunpy's attributes with those of LASCO.  This one finds the full images of C3 through the Clear
# filter on the evening of a coronal mass ejection.

query = (
    a.Time("2012-08-31 19:30", "2012-08-31 22:30"),
    a.Detector.c3,
    a.lasco.Filter.clear,
    a.lasco.Size.full,
    a.Sample(20 * u.min),
)
print(*(type(attr).__name__ for attr in query))

###############################################################################
# The listings of the archives answer it.  Every attribute is also a column of the result, which can be filtered before
# anything is downloaded.  This page may have been built without a network; the sample frames of the same evening are
# then used instead, or simulated ones.

try:
    if Configuration.read().offline:
        files = sample.C3_CME[6::2]
    else:
        table = Fido.search(*query)["lasco"]
        print(
            table["Start Time", "Detector", "Filter", "Exposure", "Provider"]
        )
        files = Fido.fetch(table[table["Exposure"] > 15 * u.s][-3:])
    raws = sunpy.map.Map(list(files))
except MissingAssetError:
    raws = [
        simulate.observe("C3", date=f"2012-08-31T2{hour}:30").level05
        for hour in (0, 1, 2)
    ]
print(*(raw.meta["filename"] for raw in raws))

###############################################################################
# `sunpy.map.Map` has read the files, and the calibration turns counts into brightness.

maps = [sunpy_lasco.calibrate(raw, assets="estimate") for raw in raws]
look = products.Look.of(maps)
figure, panels = plt.subplots(
    1, len(maps), figsize=(4 * len(maps), 4), layout="constrained"
)
for axes, smap in zip(panels, maps, strict=True):
    products.draw(smap, axes, look=look)

plt.show()
