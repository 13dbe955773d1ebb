"""
=====================
Uncertainty and flags
=====================

The uncertainty of pixels and of sums of pixels, and the flags of pixels that should be excluded.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LogNorm

import sunpy_lasco
from sunpy_lasco import PixelFlag, simulate

###############################################################################
# An exposure with ten blocks lost in telemetry, which are left empty.

exposure = simulate.observe("C3", date="2000-05-15T12:00", n_lost=10, seed=5)
level1 = sunpy_lasco.calibrate(
    exposure.level05, assets=simulate.assets(exposure), inpaint=None
)

###############################################################################
# ``level1.uncertainty`` is 1 sigma of the noise of each pixel, which varies from exposure to exposure.  Relative to the
# brightness it is smallest where the corona is bright.

sigma = level1.uncertainty.array
figure = plt.figure(layout="constrained")
axes = figure.add_subplot(projection=level1)
image = axes.imshow(
    100 * sigma / level1.data, norm=LogNorm(0.5, 5), origin="lower"
)
axes.set(
    title="Noise of a pixel (1 sigma)",
    xlabel="Helioprojective longitude",
    ylabel="Helioprojective latitude",
)
figure.colorbar(image, ax=axes, label="per cent")
plt.show()

###############################################################################
# There are other errors: the fixed response of the pixels is the same in all exposures, and errors of the calibration
# are common to all pixels.  `~sunpy_lasco.uncertainty` returns each of them by name.

good = np.isfinite(level1.data)
for part in (
    "random",
    "pattern",
    "bias",
    "exposure factor",
    "vignetting",
    "calibration factor",
    "total",
):
    share = (
        sunpy_lasco.uncertainty(level1, part).value[good] / level1.data[good]
    )
    print(f"{part:20s} {100 * np.median(share):5.2f} %")

###############################################################################
# Flags are bits of one array.  A pixel can have several.

flags = sunpy_lasco.flags(level1)
for name in ("MISSING", "UNTRANSMITTED", "MASKED", "SATURATED"):
    print(
        f"{name:14s} {np.count_nonzero(flags & getattr(PixelFlag, name)):7d} pixels"
    )

figure = plt.figure(layout="constrained")
axes = figure.add_subplot(projection=level1)
kinds = np.full(flags.shape, np.nan)
for value, name in enumerate(
    ("MASKED", "UNTRANSMITTED", "MISSING", "SATURATED")
):
    kinds[(flags & getattr(PixelFlag, name)) != 0] = value
image = axes.imshow(
    kinds,
    origin="lower",
    cmap=plt.get_cmap("viridis", 4),
    vmin=-0.5,
    vmax=3.5,
    interpolation="nearest",
)
bar = figure.colorbar(image, ax=axes, ticks=range(4))
bar.ax.set_yticklabels(["masked", "not sent", "missing", "saturated"])
axes.set(
    title="Flags",
    xlabel="Helioprojective longitude",
    ylabel="Helioprojective latitude",
)
plt.show()

###############################################################################
# The interpolation that corrects the distortion distributes the noise of a pixel among its neighbours, so pixels are
# not independent.  `~sunpy_lasco.region_sum` accounts for this.

region = np.zeros(level1.data.shape, bool)
region[700:732, 300:332] = True
total = sunpy_lasco.region_sum(level1, region)
independent = np.sqrt(np.sum(sigma[region].astype(float) ** 2))
print(f"sum of {total.pixels} pixels: {total.value:.5g}")
print(
    f"1 sigma from noise: {total.sigma:.2g}; for independent pixels it would be {independent:.2g}"
)
print(f"1 sigma from the response of the pixels: {total.pattern:.2g}")
print(f"1 sigma from the errors of the calibration: {total.systematic:.2g}")
