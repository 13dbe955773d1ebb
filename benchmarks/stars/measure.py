"""
Measure the stars of real frames for the package.

    python benchmarks/stars/measure.py DATA sunpy_lasco/stars/data/measured.json

DATA is a directory with level-0.5 frames in ``level05/c2`` and ``level05/c3``.  Full frames of C3 Clear and C2 Orange
are used, of the sequence of 2012-08-31 every eighth, but none that is far too dark.  Positions are those that agree
with a solution by stars; light is measured on frames calibrated with the estimated vignetting, and divided by
calibration factor and solid angle.
"""

import argparse
import json
import warnings
from pathlib import Path

import numpy as np

import sunpy.map

import sunpy_lasco
from sunpy_lasco import stars
from sunpy_lasco.errors import LascoUserWarning
from sunpy_lasco.files import write_whole
from sunpy_lasco.instrument.cameras import CAMERAS
from sunpy_lasco.instrument.frame import Frame
from sunpy_lasco.instrument.photometry import frame_factor
from sunpy_lasco.stars.photometry import BEYOND

#: Faintest magnitude of the brightness, by camera, and implausible frames.
LIMITS, BAD = {"C2": 8.0, "C3": 7.0}, {"32108414.fts", "32310957.fts"}
#: Cards for position, time and mode of the frame.
CARDS = """naxis1 naxis2 date filename fileorig date-obs time-obs exptime exp0 exp1 exp2 exp3 telescop instrume
detector readport sumrow sumcol lebxsum lebysum filter polar lp_num comprssn mid_date mid_time r1col r1row r2col r2row
level rectify crpix1 crpix2 crota crota1 crota2 crval1 crval2 ctype1 ctype2 cunit1 cunit2 cdelt1 cdelt2
platescl offset""".split()
#: Interval of the frames used from the sequence of one evening.
EVERY = 8


def measured(path):
    """Header and stars of a frame; None if it is of another kind or has too few stars."""
    smap = sunpy.map.Map(path)
    frame = Frame.from_header(smap.meta, smap.data.shape)
    wanted = {"C2": ("ORANGE", "CLEAR"), "C3": ("CLEAR", "CLEAR")}[frame.camera.name]
    if (frame.filter, frame.polar) != wanted or smap.data.shape != (1024, 1024) or frame.filename in BAD:
        return None
    solution = stars.solve(smap)
    if not solution.solved:
        return None
    level1 = sunpy_lasco.calibrate(
        smap, assets="estimate", inpaint=None, on_bad="ignore", distortion="wcs", geometry="stars"
    )
    camera = CAMERAS[frame.camera.name]
    to_rate = 1 / (frame_factor(frame) * camera.plate_scale**2 * np.exp(BEYOND[camera.name][0]))
    light = {int(row["hip"]): row for row in stars.star_fluxes(level1, limit=LIMITS[camera.name]) if row["hip"]}
    rows = []
    for star in solution.table[solution.table["used"]]:
        hip = int(star["hip"])
        if not hip:
            continue
        row = light.get(hip)
        rate = sigma = None
        if row is not None:
            rate, sigma = float(row["flux"] * to_rate), float(row["sigma"] * row["flux"] * to_rate)
        rows.append(
            [
                hip,
                *(round(float(star[name]), 3) for name in ("x", "y", "sigma")),
                rate and float(f"{rate:.5g}"),
                sigma and float(f"{sigma:.3g}"),
            ]
        )
    header = {card: smap.meta[card] for card in CARDS if card in smap.meta}
    return {"header": header, "stars": sorted(rows)}


def main():
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("output", type=Path)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", LascoUserWarning)
    frames, evening = [], 0
    for path in sorted((arguments.data / "level05").glob("c[23]/*.fts")):
        if path.name.startswith("323109"):
            evening += 1
            if evening % EVERY != 1:
                continue
        found = measured(path)
        if found is not None:
            frames.append(found)
            print(path.name, len(found["stars"]), flush=True)
    frames.sort(key=lambda one: (one["header"]["date-obs"], one["header"]["time-obs"]))
    lines = ",\n".join(json.dumps(one) for one in frames)
    about = "Stars of real level-0.5 frames, see sunpy_lasco/stars/measured.py; made by benchmarks/stars/measure.py"
    text = f'{{"about": {json.dumps(about)}, "frames": [\n{lines}\n]}}\n'
    write_whole(arguments.output, text.encode(), overwrite=True)


if __name__ == "__main__":
    main()
