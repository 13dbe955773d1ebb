"""
Trend of the calibration factor from the whole archive: its error, and whether the error is stated correctly.

    python benchmarks/stars/archive.py [--draws 40]

Stars of the catalogue are placed in frames from 1996 to 2026, one every ten days of C3 and every three of C2,
without the interruption of 1998.  Each star has a constant error of 5 % (magnitude and colour), an error of 3 % in each
frame (phase in the pixel), and noise; every fiftieth measurement has an additional error of 30 % (background); each
frame has an error of 0.24 % (exposure).  The noise by magnitude is that of stars measured on real frames.
"""

import argparse

import numpy as np

import astropy.units as u
from astropy.table import Table
from astropy.time import Time

from sunpy_lasco.assets.observers import packaged_observer
from sunpy_lasco.instrument.constants import value_of
from sunpy_lasco.stars.catalogue import packaged_numbers
from sunpy_lasco.stars.measured import measured_frames
from sunpy_lasco.stars.photometry import COLOURS, DOUBTFUL, FIELD, zero_points
from sunpy_lasco.stars.prediction import colour_slope
from sunpy_lasco.stars.sky import star_plane, view_from

#: Interval of the frames, day; limiting magnitude; plate scale, arcsec; filter.
SAMPLING = {"C2": (3.0, 8.0, 11.9, "ORANGE"), "C3": (10.0, 7.0, 56.182, "CLEAR")}
#: True change of the zero point, 1 / year.
TREND = 0.002
#: Errors of a star, of a star in a frame, of a frame; fraction and error of outliers.
OWN, PHASE, EXPOSURE, OFF, OFF_ERROR = 0.05, 0.03, 0.0024, 0.02, 0.3
#: Period without frames, years.
GAP = (1998.48, 1998.80)


def noise_by_magnitude(camera):
    """Slope and level of the logarithm of the relative noise of stars by magnitude."""
    magnitude, noise = [], []
    for frame in measured_frames(camera):
        light = frame.light()
        magnitude.extend(light["magnitude"])
        noise.extend(np.log(light["sigma"]))
    return np.polyfit(magnitude, noise, 1)


def frames_of(camera):
    """Years of the frames, and the rows of the catalogue in each."""
    step, limit, scale, _ = SAMPLING[camera]
    numbers = packaged_numbers()
    good = (numbers["magnitude"] < limit) & (numbers["flags"] & int(DOUBTFUL) == 0) & (numbers["hip"] > 0)
    good &= (numbers["bv"] > COLOURS[0]) & (numbers["bv"] < COLOURS[1])
    low, high = (value * scale for value in FIELD[camera])
    rows, years = [], []
    for time in Time("1996-04-10") + np.arange(0, 365.25 * 30.4, step) * u.day:
        if GAP[0] < time.jyear < GAP[1]:
            continue
        x, y, seen = star_plane(numbers, view_from(packaged_observer(time).coordinate, time))
        with np.errstate(invalid="ignore"):
            away = np.hypot(x, y)
            rows.append(np.flatnonzero(good & seen & (away > low) & (away < high)))
        years.append(time.jyear)
    return np.array(years), rows


def tables_of(camera, years, rows, noise, rng):
    """Tables in the form of `sunpy_lasco.stars.star_fluxes`."""
    numbers = packaged_numbers()
    slope = colour_slope(camera, SAMPLING[camera][3])
    own = rng.normal(0, OWN, len(numbers["hip"])) + np.where(
        rng.uniform(size=len(numbers["hip"])) < OFF, rng.normal(0, OFF_ERROR, len(numbers["hip"])), 0
    )
    tables = []
    for year, shown in zip(years, rows, strict=True):
        magnitude, bv = numbers["magnitude"][shown], numbers["bv"][shown]
        sigma = np.exp(np.polyval(noise, magnitude))
        ratio = TREND * (year - 2011) + slope * (bv - value_of("star.solar_colour")) + own[shown]
        ratio = ratio + rng.normal(0, np.hypot(sigma, PHASE)) + rng.normal(0, EXPOSURE)
        tables.append(
            Table({"hip": numbers["hip"][shown], "magnitude": magnitude, "bv": bv, "ratio": ratio, "sigma": sigma})
        )
    return tables


def rms(values):
    """Root of the mean square."""
    return np.sqrt(np.mean(np.square(values)))


def main():
    """Measure trends of simulated archives."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--draws", type=int, default=40, help="simulated archives (default: 40)")
    parser.add_argument("--camera", choices=("C2", "C3"), help="one camera only")
    arguments = parser.parse_args()
    for camera in (arguments.camera,) if arguments.camera else ("C2", "C3"):
        years, rows = frames_of(camera)
        noise, kind = noise_by_magnitude(camera), (camera, SAMPLING[camera][3], "CLEAR")
        errors, sigmas, colours = [], [], []
        for k in range(arguments.draws):
            tables = tables_of(camera, years, rows, noise, np.random.default_rng([k, 7]))
            found = zero_points(tables, [""] * len(years), years, kind, seed=k)
            errors.append(found.trend - TREND)
            sigmas.append(found.trend_sigma)
            colours.append((found.colour_slope - colour_slope(*kind[:2])) / found.colour_sigma)
        pulls = np.array(errors) / sigmas
        print(f"{camera}: {len(years)} frames, {np.mean([len(one) for one in rows]):.1f} stars each")
        print(f"  trend: sigma {100 * np.median(sigmas):.4f} % a year, rms error {100 * rms(errors):.4f}, "
              f"mean error {100 * np.mean(errors):+.4f}")  # fmt: skip
        pull_sigma = 1 / np.sqrt(2 * len(pulls))
        print(
            f"  pulls of the trend {rms(pulls):.2f} +- {pull_sigma:.2f}, of the colour {rms(colours):.2f}", flush=True
        )


if __name__ == "__main__":
    main()
