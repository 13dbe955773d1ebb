"""
=========================
Calibration, step by step
=========================

`sunpy_lasco.calibrate` is a chain of functions that take a map and return a map.  This example calls them one by one
and shows what each of them changes along a line through the image.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LogNorm

from sunpy_lasco import level1, simulate
from sunpy_lasco.errors import NotCalibratableError

###############################################################################
# A simulated exposure of C3, of which the true brightness is known, and its calibration images.

exposure = simulate.observe("C3", date="2002-05-21T00:18", seed=4)
assets = simulate.assets(exposure)
raw = level1.update_pointing(exposure.level05)

###############################################################################
# Counts: subtract the bias, correct the loss near the full well, and estimate the noise.

counts = level1.mark_missing(level1.unwrap(raw))
signal = level1.subtract_bias(
    counts, factor=level1.exposure_factor(counts, assets=assets)
)
signal = level1.estimate_noise(level1.correct_linearity(signal))

###############################################################################
# Brightness: divide by the exposure time, apply the calibration factor, correct the vignetting, subtract stray light.

rate = level1.normalize_exposure(signal)
shaded = level1.apply_calibration_factor(rate)
open_field = level1.correct_vignetting(shaded, assets=assets)
brightness = level1.subtract_stray_light(open_field, assets=assets)
# Geometry: one interpolation corrects the distortion, and the mask covers pixels that show no sky.
image = level1.apply_mask(level1.correct_distortion(brightness), assets=assets)

###############################################################################
# The image after the main steps, each on a logarithmic scale.

figure, panels = plt.subplots(2, 2, figsize=(8, 8.4), layout="constrained")
shown = {
    "level 0.5": raw,
    "bias subtracted": signal,
    "calibration factor": shaded,
    "vignetting, geometry, mask": image,
}
for axes, (title, smap) in zip(panels.flat, shown.items(), strict=True):
    data = np.where(smap.data > 0, smap.data, np.nan)
    low, high = np.nanpercentile(data, (2, 99))
    axes.imshow(
        data, origin="lower", cmap="soholasco3", norm=LogNorm(low, high)
    )
    axes.set(title=title, xticks=[], yticks=[], facecolor="0.25")

###############################################################################
# The brightness in the row of the Sun's centre.  The vignetting matters most near the occulter, and the result agrees
# with the truth.

row = round(exposure.parameters.sun_centre[1])
truth = exposure.level1_at(*exposure.pixel_positions(), points=False)
truth = np.where(np.isfinite(image.data), truth, np.nan)
figure, axes = plt.subplots(figsize=(8, 4.2), layout="constrained")
axes.semilogy(truth[row], color="0.7", linewidth=6, label="truth")
for smap, label in (
    (shaded, "calibration factor"),
    (open_field, "vignetting"),
    (image, "stray light, distortion, mask"),
):
    axes.semilogy(smap.data[row], linewidth=1, label=label)
axes.set(
    xlabel="column (pixel)", ylabel="brightness (MSB)", ylim=(5e-12, 5e-9)
)
axes.legend(fontsize=8)

plt.show()

###############################################################################
# A step that is called too early raises an error that names the step it needs.

try:
    level1.apply_calibration_factor(signal)
except NotCalibratableError as error:
    print(error)
