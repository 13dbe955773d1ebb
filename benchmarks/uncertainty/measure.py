"""
Uncertainty and linearity on real frames.

``python benchmarks/uncertainty/measure.py DATA --assets DIR`` prints the tables of README.md; DATA is the directory of
real frames.  ``--figure FILE`` draws the parts of the uncertainty of one frame of each camera.
"""

import argparse
import itertools
import warnings
from pathlib import Path

import numpy as np
from scipy import ndimage
from scipy.optimize import least_squares

from astropy.utils.exceptions import AstropyWarning

import sunpy.map

import sunpy_lasco
from sunpy_lasco.errors import LascoUserWarning
from sunpy_lasco.geometry.resampling import interpolate, resampling_of

#: Successive frames of C3 of 2012-08-31: before the ejection, and while it passes in the east.
QUIET = [(f"323109{k}", f"323109{k + 1}") for k in (41, 43, 45, 47, 49)]
EJECTION = [(f"323109{k}", f"323109{k + 1}") for k in (53, 54, 58, 59)]
#: Frames of C2 of 100 s, half a day and a day apart.
C2_PAIRS = [("22322544", "22322625"), ("22322625", "22322749"), ("22322749", "22322784")]
#: Lossy frames of C3 of 5 s, a quarter and half of a day apart.
LOSSY = [("32082111", "32082126"), ("32082126", "32082153")]
RINGS = {"C3": (4.5, 6, 8, 11, 15, 20, 25, 29), "C2": (2.3, 3, 4, 5, 6, 7)}
QUADRANTS = ("NW", "NE", "SW", "SE")
#: Longer exposures and the frames before and after.
LONGER = [(32310945, "20.59 s"), (32310947, "19.59 s"), (32310950, "19.29 s")]
#: A filter of unit variance for differences of a pixel from its neighbours.
FINE = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]]) / 6
#: Counts above the bias, DN.
COUNTS = (1000, 2000, 4000, 6000, 7000, 7500, 8000, 8250, 8500, 8750, 9000, 9250, 9500, 9750, 10250, 10750)


class Frames:
    """Level-0.5 maps and their calibration."""

    def __init__(self, data, assets):
        self.paths = {path.stem: path for path in Path(data).rglob("level05/*/*.fts")}
        self.assets, self.kept = assets, {}

    def raw(self, name):
        with warnings.catch_warnings():
            # Warnings about tabulators in HISTORY.
            warnings.simplefilter("ignore", AstropyWarning)
            return sunpy.map.Map(self.paths[str(name)])

    def level1(self, name, **options):
        key = (str(name), *sorted(options.items()))
        if key not in self.kept:
            given = {"assets": self.assets, "inpaint": None, "on_bad": "ignore"} | options
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", LascoUserWarning)
                self.kept[key] = sunpy_lasco.calibrate(self.raw(name), **given)
        return self.kept[key]

    def counts(self, name, **options):
        """Counts above the dark level, DN, and the exposure time."""
        steps = {"vignetting": False, "stray_light": False, "mask": False, "distortion": None, "bias": "dark"}
        level1 = self.level1(name, **steps, **options)
        return level1.data.astype(float) * level1.meta["exptime"] / level1.meta["calfac"], level1.meta["exptime"]


def spread(values):
    """Robust standard deviation, which ignores stars and particle hits."""
    return 1.4826 * np.median(np.abs(values - np.median(values)))


def polar(smap):
    """Distance from the Sun's centre, solar radii, and the quadrant of each pixel."""
    y, x = np.indices(smap.data.shape)
    dx, dy = x + 1 - smap.wcs.wcs.crpix[0], y + 1 - smap.wcs.wcs.crpix[1]
    radii = np.hypot(dx, dy) * smap.scale[0].value / smap.rsun_obs.value
    return radii, (dx < 0) + 2 * (dy < 0)


def scatter(frames, pairs, rings, *, fine, **options):
    """
    Scatter of differences over the random uncertainty by ring and quadrant, mean over pairs of frames.

    The fixed pattern cancels in the difference.  ``fine`` uses differences from pixel to pixel, which exclude moving
    structure; otherwise everything finer than 15 pixels is included.
    """
    found = {}
    for pair in pairs:
        one, two = (frames.level1(name, **options) for name in pair)
        bad = ~np.isfinite(one.data) | ~np.isfinite(two.data)
        bad |= (sunpy_lasco.flags(one) != 0) | (sunpy_lasco.flags(two) != 0)
        ratio = np.where(bad, 1, one.data / np.where(bad, 1, two.data))
        scale = ndimage.median_filter(ratio, 9) if fine else np.median(ratio[~bad])
        difference = np.where(bad, 0, one.data - scale * two.data).astype(float)
        sigma = np.hypot(one.uncertainty.array, scale * two.uncertainty.array)
        white = _white(one)
        if fine:
            pulls, white = ndimage.convolve(difference, FINE) / sigma, ndimage.convolve(white, FINE)
        else:
            pulls = (difference - ndimage.median_filter(difference, 15)) / sigma
        radii, quadrant = polar(one)
        good = ~ndimage.binary_dilation(bad, iterations=4)
        for i, (low, high) in enumerate(itertools.pairwise(rings)):
            for k in range(4):
                here = good & (radii >= low) & (radii < high) & (quadrant == k)
                if here.sum() > 300:
                    found.setdefault((k, i), []).append(spread(pulls[here]) / spread(white[here]))
    return {place: float(np.mean(values)) for place, values in found.items()}


def by_change(frames, pair, low=4.5, high=6.0, quadrant=3):
    """
    Scatter in a ring and quadrant, from pixel to pixel, over the random uncertainty, by the change of the pixels.

    Means over quarters of the pixels, from those whose surroundings changed least to those that changed most; and the
    correlation of neighbours, for the differences and for white noise.
    """
    one, two = (frames.level1(name) for name in pair)
    bad = ~np.isfinite(one.data) | ~np.isfinite(two.data)
    bad |= (sunpy_lasco.flags(one) != 0) | (sunpy_lasco.flags(two) != 0)
    scale = ndimage.median_filter(np.where(bad, 1, one.data / np.where(bad, 1, two.data)), 9)
    sigma = np.hypot(one.uncertainty.array, scale * two.uncertainty.array)
    pulls = ndimage.convolve(np.where(bad, 0, one.data - scale * two.data).astype(float), FINE) / sigma
    white = ndimage.convolve(_white(one), FINE)
    change = np.abs(scale - 1) * one.data / sigma
    radii, quadrants = polar(one)
    here = (radii >= low) & (radii < high) & (quadrants == quadrant)
    here &= ~ndimage.binary_dilation(bad, iterations=4)
    edges = np.quantile(change[here], np.linspace(0, 1, 5))
    parts = [here & (change >= a) & (change <= b) for a, b in itertools.pairwise(edges)]

    def shared(values):
        values = np.where(here, np.clip(values, -4 * spread(values[here]), 4 * spread(values[here])), np.nan)
        products = np.concatenate([(values * np.roll(values, 1, axis)).ravel() for axis in (0, 1)])
        return np.nanmean(products) / np.nanmean(values**2)

    return [spread(pulls[part]) / spread(white[here]) for part in parts], edges[1:4], shared(pulls), shared(white)


def print_changes(frames):
    print(
        "\nC3, 4.5 to 6 solar radii, from pixel to pixel, by how much the surroundings changed (quarters of the pixels)"
    )
    for quadrant in (2, 3):
        for pair in (QUIET[0], EJECTION[0], EJECTION[2]):
            parts, edges, noise, white = by_change(frames, pair, quadrant=quadrant)
            scatters, beyond = (" ".join(f"{value:.2f}" for value in values) for values in (parts, edges))
            print(f"{QUADRANTS[quadrant]} {' '.join(pair)}  {scatters}  changes beyond {beyond} sigma; "
                  f"neighbours share {noise:+.2f}, white noise {white:+.2f}")  # fmt: skip


def _white(smap):
    """White noise of unit sigma after the interpolation of a map."""
    noise = np.random.default_rng(1).standard_normal(smap.data.shape).astype(np.float32)
    resampling = resampling_of(smap.meta, smap.data.shape)
    if resampling is None:
        return noise
    result = interpolate(noise, resampling, variance=np.ones_like(noise))
    return np.nan_to_num(result.image / np.sqrt(result.variance))


def print_scatter(frames):
    for title, pairs, rings, choices in (
        ("C3, quiet", QUIET, "C3", ({}, {"assets": "estimate"}, {"distortion": "wcs"})),
        ("C3, ejection in the east", EJECTION, "C3", ({}, {"assets": "estimate"})),
        ("C3, lossy, hours apart", LOSSY, "C3", ({},)),
        ("C2, half a day apart", C2_PAIRS, "C2", ({},)),
    ):
        for options in choices:
            for fine in (False, True):
                kind = "from pixel to pixel" if fine else "finer than 15 pixels"
                said = ", ".join(f"{name}={value}" for name, value in options.items()) or "defaults"
                print(f"\n{title}; {said}; {kind}")
                found = scatter(frames, pairs, RINGS[rings], fine=fine, **options)
                edges = RINGS[rings]
                print("solar radii", *(f"{low:g}-{high:g}" for low, high in itertools.pairwise(edges)))
                for k, name in enumerate(QUADRANTS):
                    row = (found.get((k, i), np.nan) for i in range(len(edges) - 1))
                    print(f"{name:11}", *(f"{value:5.3f}" for value in row))


def rate_change(frames, name, **options):
    """Rate of a frame over that of its neighbours, relative to that of faint pixels; counts; image columns."""
    (a, ta), (p, tp), (q, tq) = (frames.counts(name + step, **options) for step in (0, -1, 1))
    before, after = p / tp, q / tq
    reference = (before + after) / 2
    y, x = np.indices(a.shape)
    r = np.hypot(x - 516.3, y - 529.5)
    ratio = a / ta / reference
    sky = (r > 69) & np.isfinite(ratio)
    faint = sky & (a > 2500) & (a < 5500) & (r > 100) & (r < 450)
    # Selected by all three frames, so that noise does not choose the pixels.
    level = ndimage.median_filter(np.nan_to_num((p + q + a * (tp + tq) / 2 / ta) / 3), 5) * 2 * ta / (tp + tq)
    change = ratio / np.median(ratio[faint]) - 1
    sky &= np.abs(change) < 0.06
    return change, level, x, sky


def print_linearity(frames):
    for name, seconds in LONGER:
        columns = {}
        for linearity in (False, True):
            change, level, x, sky = rate_change(frames, name, linearity=linearity)
            if not linearity:
                counts = level
            for side, here in (("east", x < 516), ("west", x >= 516)):
                for low, high in itertools.pairwise(COUNTS):
                    use = sky & here & (counts >= low) & (counts < high)
                    if use.sum() > 40:
                        error = 1.25 * spread(change[use]) / np.sqrt(use.sum())
                        columns[side, linearity, low] = 100 * np.median(change[use]), 100 * error
        print(f"\n{name}, {seconds} beside 19.09 s: change of the rate in %, before and after the correction")
        print("counts       east before      after         west before      after")
        for low, high in itertools.pairwise(COUNTS):
            cells = [columns.get((side, done, low)) for side in ("east", "west") for done in (False, True)]
            if any(cells):
                shown = ("{:+.3f} +- {:.3f}".format(*cell) if cell else "" for cell in cells)
                print(f"{low:5}-{high:<6}", *(f"{cell:>16}" for cell in shown))


def print_curve(frames):
    """The curve fitted to one frame and to others: loss at the full well, its growth along x, power."""
    print("\nCurve of the loss, full well 11870 DN in the middle: loss there, slope along x, power, chi2 / points")
    samples = {}
    for name, _ in LONGER:
        (a, ta), (p, tp), (q, tq) = (frames.counts(name + step, linearity=False) for step in (0, -1, 1))
        change, level, x, sky = rate_change(frames, name, linearity=False)
        rate = np.median((a / ta / ((p / tp + q / tq) / 2))[sky & (level > 2500) & (level < 5500)])
        short, rows = (tp + tq) / 2, []
        for left in range(300, 760, 20):
            for low in range(5000, 12500, 125):
                use = sky & (x >= left) & (x < left + 20) & (level >= low) & (level < low + 125)
                if use.sum() >= 25:
                    m = np.median(change[use])
                    d = np.median(((p / tp + q / tq) / 2 * short)[use])
                    error = np.hypot(1.25 * spread(change[use]) / np.sqrt(use.sum()), 1e-4)
                    rows.append((x[use].mean(), d, d * (1 + m) * rate * ta / short, m, error))
        samples[name] = np.array(rows)

    def misfit(parameters, rows):
        loss, slope, power = parameters
        column, short, long, m, error = rows.T
        well = 11870 * (1 + slope * (column - 512) / 512)
        true = [1 + loss * (counts / well) ** power for counts in (long, short)]
        return ((1 + m) * true[0] / true[1] - 1) / error

    for title, names in (("20.59 s", [32310945]), ("19.59 and 19.29 s", [32310947, 32310950]), ("all", list(samples))):
        rows = np.vstack([samples[name] for name in names])
        fit = least_squares(misfit, (0.15, 0.13, 10.0), args=(rows,), x_scale=(0.01, 0.01, 1.0))
        errors = np.sqrt(np.diag(np.linalg.inv(fit.jac.T @ fit.jac)))
        told = "  ".join(f"{value:.3f} +- {error:.3f}" for value, error in zip(fit.x, errors, strict=True))
        print(f"{title:18}", told, f"  {2 * fit.cost / len(rows):.2f}")


def print_noise(frames):
    """
    Apparent electrons per DN from the scatter of differences of raw frames, by counts; the number grows where light is
    lost.
    """
    for camera, pairs, bias in (("C2", C2_PAIRS, 620.9), ("C3", QUIET, 413.5)):
        print(f"\n{camera}: electrons / DN by the scatter of raw frames")
        table = {}
        for pair in pairs:
            one, two = (frames.raw(name).data.astype(float) - bias for name in pair)
            bad = (one <= 1 - bias) | (two <= 1 - bias) | (one > 14500) | (two > 14500)
            scale = ndimage.median_filter(np.where(bad, 1, one / np.where(bad, 1, two)), 9)
            fine = ndimage.convolve(np.where(bad, 0, one - scale * two), FINE)
            counts = ndimage.uniform_filter(np.where(bad, 0, (one + scale * two) / 2), 3)
            y, x = np.indices(one.shape)
            r = np.hypot(x - 514, y - (505 if camera == "C2" else 530))
            good = ~ndimage.binary_dilation(bad, iterations=5) & (r > (190 if camera == "C2" else 75)) & (r < 480)
            for low in (500, 1000, 2000, 4000, 6000, 8000, 9000, 10000, 11000, 12000, 13000, 14000):
                use = good & (counts >= low) & (counts < low + 1000)
                if use.sum() > 800:
                    variance = spread(fine[use]) ** 2 / (1 + np.mean(scale[use] ** 2)) - 0.8 - 1 / 12
                    table.setdefault(low, []).append(counts[use].mean() / variance)
        for low, gains in table.items():
            error = np.std(gains) / np.sqrt(max(len(gains) - 1, 1))
            print(f"{low:6} DN  {np.mean(gains):.2f} +- {error:.2f}")


def draw(frames, path):
    """Parts of the uncertainty relative to the brightness, one frame of each camera."""
    import matplotlib.pyplot as plt

    shown = ("random", "interpolation", "pattern", "linearity", "vignetting", "common")
    figure, axes = plt.subplots(2, len(shown), figsize=(4 * len(shown), 8), layout="constrained")
    for row, name in zip(axes, ("32310945", "22322544"), strict=True):
        level1 = frames.level1(name)
        for axis, part in zip(row, shown, strict=True):
            sigma = sunpy_lasco.uncertainty(level1, part).value / np.abs(level1.data)
            sigma[~np.isfinite(sigma)] = np.nan
            image = axis.imshow(100 * sigma, origin="lower", vmin=0, vmax=np.nanpercentile(100 * sigma, 99.5))
            axis.set(title=f"{level1.detector} {name}: {part}, %", xticks=[], yticks=[])
            figure.colorbar(image, ax=axis, shrink=0.8)
    figure.savefig(path, dpi=60)


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("data", help="directory of real frames")
    parser.add_argument("--assets", default="estimate", help="calibration images, as of calibrate")
    parser.add_argument("--figure", help="file for a picture of the parts")
    given = parser.parse_args()
    frames = Frames(given.data, given.assets)
    print_scatter(frames)
    print_changes(frames)
    print_linearity(frames)
    print_curve(frames)
    print_noise(frames)
    if given.figure:
        draw(frames, given.figure)


if __name__ == "__main__":
    main()
