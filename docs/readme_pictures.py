"""
The pictures of the README, made from the sample frames of 2012-08-31 (C3).

    python docs/readme_pictures.py [FOLDER]

The frames are downloaded on first use; where there is no network, the environment variable SUNPY_LASCO_SAMPLE names a
directory that holds them.  Calibration images are the estimated ones of the package.
"""

import io
import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import astropy.units as u
from astropy.coordinates import SkyCoord

import sunpy.map

import sunpy_lasco
from sunpy_lasco import products
from sunpy_lasco.data import sample
from sunpy_lasco.files import write_whole
from sunpy_lasco.instrument.blocks import grid_shape
from sunpy_lasco.instrument.frame import Frame
from sunpy_lasco.repair.simulated_losses import lose

#: The frame that is shown, and blocks (row, column) on its front that are removed, so that the repair can be compared
#: with what was measured.
SHOWN, LOST = "32310960.fts", [(18, 10), (19, 10), (19, 11), (20, 12), (21, 12), (15, 9)]
#: Width in inches at 100 dots per inch, space for a title, and half width of the views, solar radii.
WIDTH, TITLE, WIDE, NARROW = 16.2, 0.36, 29.5 * u.R_sun, 6.5
#: Quality of the JPEG file.
QUALITY = 86
#: Pixels on a side of the animation, and frames per second.
ANIMATION, RATE = 420, 3


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "images"
    raws = [sunpy.map.Map(path) for path in sample.C3_CME]
    images = [sunpy_lasco.calibrate(raw, assets="estimate") for raw in raws]
    differences = products.running_difference(products.Sequence(images))
    products.movie(differences, folder / "running_difference.gif", size=ANIMATION, fps=RATE, overwrite=True)

    number = next(number for number, raw in enumerate(raws) if raw.meta["filename"] == SHOWN)
    raw = raws[number]
    frame = Frame.from_header(raw.meta, raw.data.shape)
    blocks = np.zeros(grid_shape(frame), bool)
    blocks[tuple(np.transpose(LOST))] = True
    lossy = sunpy.map.Map(lose(raw.data, blocks, frame), raw.meta)
    empty = sunpy_lasco.calibrate(lossy, assets="estimate", inpaint=None, on_bad="ignore")
    context = raws[number - 2 : number + 2]
    filled = sunpy_lasco.calibrate(lossy, assets="estimate", context=context, on_bad="ignore")
    alone = sunpy_lasco.calibrate(lossy, assets="estimate", on_bad="ignore")
    measured = differences.frame(number - 1)
    before, after, single = (
        products.running_difference(products.Sequence([images[number - 1], one])).frame(0)
        for one in (empty, filled, alone)
    )
    look = products.Look.of([measured])
    above = {
        "Level 0.5: counts, blocks lost": (lossy, None),
        "Level 1: calibrated and repaired": (filled, None),
        "Running difference": (after, look),
    }
    below = {
        "The front with lost blocks": (before, look),
        "filled from the frame alone": (single, look),
        "filled from other exposures": (after, look),
        "as measured": (measured, look),
    }
    height = sum(WIDTH / len(row) + TITLE for row in (above, below))
    figure = Figure(figsize=(WIDTH, height), dpi=100, facecolor="black")
    top, (x, y) = height, _middle(empty)
    for row in (above, below):
        size = WIDTH / len(row)
        top -= size + TITLE
        for column, (title, (smap, scale)) in enumerate(row.items()):
            axes = figure.add_axes([column / len(row) + 0.002, top / height, 1 / len(row) - 0.004, size / height])
            axes.set_title(title, color="0.9", loc="left", fontsize=15)
            products.draw(smap, axes, look=scale, half_width=WIDE)
            if row is below:
                axes.set(xlim=(x - NARROW, x + NARROW), ylim=(y - NARROW, y + NARROW))
    written = io.BytesIO()
    figure.savefig(written, format="jpeg", facecolor="black", pil_kwargs={"quality": QUALITY, "optimize": True})
    write_whole(folder / "before_and_after.jpg", written.getvalue())


def _middle(smap):
    """Middle of the lost blocks from the Sun's centre, solar radii."""
    lost = (sunpy_lasco.flags(smap) & sunpy_lasco.PixelFlag.MISSING) != 0
    sun = smap.world_to_pixel(SkyCoord(0 * u.arcsec, 0 * u.arcsec, frame=smap.coordinate_frame))
    radius = (smap.rsun_obs / (smap.scale[0] * u.pix)).to_value(u.dimensionless_unscaled)
    y, x = np.argwhere(lost).mean(axis=0)
    return (x - sun.x.value) / radius, (y - sun.y.value) / radius


if __name__ == "__main__":
    main()
