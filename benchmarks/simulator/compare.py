"""
Simulated exposures compared with real frames of the same day, camera, filter and exposure time.

``python benchmarks/simulator/compare.py DATA [--output DIR]`` draws ``frames.png`` and writes ``tables.md``:
radial profiles, contrast over position angle, histograms, corners and sharp peaks.  DATA is the directory of real
frames, with ``level05/c2`` and ``level05/c3``.
"""

import argparse
from itertools import pairwise
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from scipy.ndimage import label, median_filter

from astropy.io import fits

from sunpy_lasco import simulate
from sunpy_lasco.instrument.bias import bias_excess
from sunpy_lasco.instrument.cameras import FULL_FRAME
from sunpy_lasco.simulate.optics import OPTICS
from sunpy_lasco.simulate.photometry import bias_level

HERE = Path(__file__).parent
#: Frames of the usual filter; those of C2 of 100 s are full close to the occulter.
FRAMES = {
    "C2": ("22321894", "22322544", "22322784"),
    "C3": ("32046494", "32082037", "32122317", "32219521", "32310941"),
}
#: Edges of rings, solar radii, and ring of the profiles over position angle.
RINGS = {
    "C2": (2.3, 2.5, 2.8, 3.2, 3.6, 4, 4.5, 5, 5.5, 6, 6.5, 7, 7.5, 8),
    "C3": (4, 4.5, 5, 5.5, 6, 8, 10, 13, 16, 19, 22, 25, 28),
}
AROUND = {"C2": (3.2, 4.0), "C3": (4.5, 6.0)}
#: Solar radius, pixel; counts above which a pixel is full, DN; region in which peaks are counted, pixel from the
#: occulter's centre.
SOLAR_RADIUS = {"C2": 81.0, "C3": 17.2}
FULL = {"C2": 14000.0, "C3": 10000.0}
PEAKS = {"C2": (230, 640), "C3": (180, 500)}
#: Height of a peak above its surroundings, DN.
LIMITS = np.array([100, 200, 400, 800, 1600])
#: Distances from the occulter's centre for the corners, pixel: first, end, step.
RIM = {"C2": (560, 700, 10), "C3": (540, 570, 2)}
#: Width of sectors, and how far from the pylon they begin, degree.
SECTOR, OFF_PYLON = 15, 75
COLOURS = ("tab:blue", "tab:orange", "tab:green", "tab:red", "tab:purple")


class Pair:
    """Rates of a real frame and of its simulation, DN / s above the dark level; NaN in untransmitted blocks."""

    def __init__(self, path):
        with fits.open(path) as file:
            header, data = file[0].header, file[0].data.astype(float)
        self.camera, self.exptime = header["DETECTOR"], header["EXPTIME"]
        self.date = f"{header['DATE-OBS'].replace('/', '-')}T{header['TIME-OBS']}"
        taken = simulate.observe(
            self.camera,
            date=self.date,
            exptime=self.exptime,
            flipped=abs(header["CROTA1"]) > 90,
            lossy=header["COMPRSSN"][-1] in "#%",
            untransmitted="Z" not in header["COMPRSSN"],
            seed=1,
        )
        p = taken.parameters
        day = int(p.time.mjd)
        bias = bias_level(self.camera, day)
        # The dark level of real C3 frames lies above the official bias, that of simulated ones on it.
        dark = bias + (bias_excess(day) if self.camera == "C3" else 0.0)
        self.images = [
            np.where(image == 0, np.nan, image - level) / self.exptime
            for image, level in ((data, dark), (taken.data.astype(float), bias))
        ]
        y, x = np.mgrid[:FULL_FRAME, :FULL_FRAME]
        dx, dy = x - p.occulter_centre[0], y - p.occulter_centre[1]
        self.from_occulter = np.hypot(dx, dy)
        self.corner = (x > FULL_FRAME / 2) + 2 * (y > FULL_FRAME / 2)
        self.distance = np.hypot(x - p.sun_centre[0], y - p.sun_centre[1]) / SOLAR_RADIUS[self.camera]
        self.from_pylon = (np.degrees(np.arctan2(dy, dx)) - OPTICS[self.camera].pylon_angle + 180) % 360 - 180

    @property
    def title(self):
        """Day and exposure time."""
        return f"{self.date[:10]}, {self.exptime:.0f} s"

    def profile(self):
        """Medians of rings, shape (2, rings)."""
        edges = RINGS[self.camera]
        masks = [(self.distance >= low) & (self.distance < high) for low, high in pairwise(edges)]
        return np.array([[np.nanmedian(image[mask]) for mask in masks] for image in self.images])

    def around(self):
        """Angles from the pylon, and medians of sectors of a ring, shape (2, sectors)."""
        low, high = AROUND[self.camera]
        ring = (self.distance > low) & (self.distance < high)
        middles = np.arange(-180 + SECTOR / 2, 180, SECTOR)
        masks = [ring & (np.abs(self.from_pylon - middle) < SECTOR / 2) for middle in middles]
        return middles, np.array([[np.nanmedian(image[mask]) for mask in masks] for image in self.images])

    def contrast(self):
        """Brightest over faintest sector, away from the pylon."""
        middles, medians = self.around()
        away = medians[:, np.abs(middles) > OFF_PYLON]
        return away.max(axis=1) / away.min(axis=1)

    def corners(self):
        """Medians of the four corners, further than 640 pixels from the occulter's centre, shape (2, 4)."""
        far = self.from_occulter > 640
        return np.array([[np.nanmedian(image[far & (self.corner == k)]) for k in range(4)] for image in self.images])

    def rim(self):
        """Distances from the occulter's centre in the corners, pixel, and medians of all four, shape (2, distances)."""
        middles = np.arange(*RIM[self.camera])
        step = RIM[self.camera][2]
        masks = [np.abs(self.from_occulter - middle) < step / 2 for middle in middles]
        medians = [
            [np.nanmedian(image[m]) if np.isfinite(image[m]).any() else np.nan for m in masks] for image in self.images
        ]
        return middles, np.array(medians)

    def peaks(self):
        """Numbers of groups of pixels that exceed their surroundings by `LIMITS`, without trails, shape (2, limits)."""
        low, high = PEAKS[self.camera]
        counts = [np.nan_to_num(image) * self.exptime for image in self.images]
        where = (self.from_occulter > low) & (self.from_occulter < high) & np.isfinite(sum(self.images))
        where[[0, -1]] = False
        for image in counts:
            where &= ~(median_filter(image, (1, 9)) > FULL[self.camera])
        found = []
        for image in counts:
            excess = image - median_filter(image, 7)
            groups = [label((excess > limit) & where, np.ones((3, 3)))[0] for limit in LIMITS]
            found.append([np.count_nonzero(np.bincount(group.ravel())[1:] <= 60) for group in groups])
        return np.array(found)


def draw(pairs, path):
    """Profiles, contrast, histograms, corners and peaks, a row for each camera."""
    figure = Figure(figsize=(21, 8.0), layout="constrained")
    grid = figure.subplots(2, 6)
    for row, (camera, mine) in zip(grid, pairs.items(), strict=True):
        for pair, colour in zip(mine, COLOURS, strict=False):
            middles = np.sqrt(np.multiply(RINGS[camera][1:], RINGS[camera][:-1]))
            real, simulated = pair.profile()
            row[0].plot(middles, real, color=colour, label=pair.title)
            row[0].plot(middles, simulated, "o", color=colour, mfc="none", ms=4)
            row[1].plot(middles, simulated / real, "o-", color=colour, ms=4)
            angles, (real, simulated) = pair.around()
            row[2].plot(angles, real, color=colour)
            row[2].plot(angles, simulated, "o", color=colour, mfc="none", ms=4)
            bins = np.geomspace(0.3, 700, 70)
            for image, style in zip(pair.images, ("-", "--"), strict=True):
                number, edges = np.histogram(image[np.isfinite(image)], bins)
                row[3].plot(np.sqrt(edges[1:] * edges[:-1]), np.maximum(number, 1), style, color=colour, lw=1)
            places, (real, simulated) = pair.rim()
            row[4].plot(places, real, color=colour)
            row[4].plot(places, simulated, "o", color=colour, mfc="none", ms=4)
            real, simulated = pair.peaks()
            row[5].plot(LIMITS, np.maximum(real, 0.7), color=colour)
            row[5].plot(LIMITS, np.maximum(simulated, 0.7), "o", color=colour, mfc="none", ms=4)
        row[0].set(
            yscale="log", xscale="log", xlabel="solar radii", ylabel="DN / s", title=f"{camera}: median of rings"
        )
        row[0].legend(fontsize=7, title="lines real, circles simulated", title_fontsize=7)
        row[1].axhspan(0.9, 1.1, color="0.9")
        row[1].set(xscale="log", ylim=(0.75, 1.25), xlabel="solar radii", title="simulated / real")
        for axis in row[:2]:
            ticks = (2.5, 3, 4, 5, 6, 8) if camera == "C2" else (4, 6, 8, 12, 16, 24)
            axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
            axis.minorticks_off()
        low, high = AROUND[camera]
        row[2].set(
            xlabel="degree from the pylon", ylabel="DN / s", title=f"{low:g} to {high:g} solar radii", ylim=(0, None)
        )
        row[3].set(xscale="log", yscale="log", xlabel="DN / s", title="pixels (dashed: simulated)")
        row[4].set(xlabel="pixel from the occulter's centre", ylabel="DN / s", title="corners", ylim=(0, None))
        row[5].set(xscale="log", yscale="log", xlabel="DN above the surroundings", title="sharp peaks")
    figure.savefig(path, dpi=75)


def tables(pairs):
    """Lines of the tables."""
    lines = ["# Simulated exposures beside real frames", ""]
    for camera, mine in pairs.items():
        edges = RINGS[camera]
        lines += [f"## {camera}: median of rings, simulated over real", ""]
        lines += ["| frame | " + " | ".join(f"{low:g}-{high:g}" for low, high in pairwise(edges)) + " |"]
        lines += ["|---" * len(edges) + "|"]
        for pair in mine:
            real, simulated = pair.profile()
            lines.append(f"| {pair.title} | " + " | ".join(f"{v:.2f}" for v in simulated / real) + " |")
        lines += [
            "",
            "| frame | contrast, real and simulated | percentiles 5, 25, 50, 75, 95, simulated over real |",
            "|---|---|---|",
        ]
        for pair in mine:
            real, simulated = (np.nanpercentile(image, (5, 25, 50, 75, 95)) for image in pair.images)
            ratios = ", ".join(f"{v:.2f}" for v in simulated / real)
            lines.append(f"| {pair.title} | {', '.join(f'{v:.2f}' for v in pair.contrast())} | {ratios} |")
        lines += ["", f"| frame | peaks above {', '.join(map(str, LIMITS))} DN, real | simulated |", "|---|---|---|"]
        lines += [
            f"| {pair.title} | " + " | ".join(", ".join(map(str, numbers)) for numbers in pair.peaks()) + " |"
            for pair in mine
        ]
        lines.append("")
    lines += [
        "## C2: corners, DN / s",
        "",
        "| frame | | lower left | lower right | upper left | upper right | darkest, DN |",
    ]
    lines += ["|---|---|---|---|---|---|---|"]
    for pair in pairs["C2"]:
        for name, medians, image in zip(("real", "simulated"), pair.corners(), pair.images, strict=True):
            darkest = np.nanmin(image) * pair.exptime
            lines.append(
                f"| {pair.title} | {name} | " + " | ".join(f"{v:.1f}" for v in medians) + f" | {darkest:.0f} |"
            )
    return lines


def main():
    """Compare, draw and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--output", type=Path, default=HERE / "results")
    arguments = parser.parse_args()
    pairs = {
        camera: [Pair(arguments.data / "level05" / camera.lower() / f"{name}.fts") for name in names]
        for camera, names in FRAMES.items()
    }
    arguments.output.mkdir(parents=True, exist_ok=True)
    draw(pairs, arguments.output / "frames.png")
    lines = tables(pairs)
    (arguments.output / "tables.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
