"""
Roll and Sun centre by each source, compared with the official values.

``python benchmarks/pointing/compare.py DATA [--assets DIR]`` writes ``official_c2.csv`` and
``real_frames.csv`` beside this file and prints the table of README.md.  DATA is the directory of
real frames, with ``headers/level1_c2_official.csv``, ``level05`` and ``level1``; DIR may hold
the pointing tables and the nominal roll, for the sources ``tables`` and ``attitude``.
"""

import argparse
import csv
import tempfile
import warnings
from pathlib import Path

import numpy as np

from astropy.io import fits
from astropy.time import Time

from sunpy_lasco.assets import resolve
from sunpy_lasco.geometry.rolls import is_flipped, normalize_roll, rectified_centre
from sunpy_lasco.instrument.frame import Frame
from sunpy_lasco.level1.pointing_sources import POINTING_SOURCES

HERE = Path(__file__).parent
#: The available official level-1 image, and a level-0.5 frame taken shortly before it.
PAIRS = {"32082037": "35082038"}


def official_pointing(row):
    """Sun centre, roll (both upright) and whether SOHO was upside down, of a row of official headers."""
    rectify = float(row["rectify"])
    # The angle in HISTORY is the clockwise rotation of the image; without it CROTA is used.
    turned_by = row["rot_angle_applied"]
    roll = -float(turned_by) if turned_by.strip() else float(row["crota"])
    removed = roll if turned_by.strip() else 0.0
    flipped = is_flipped(rectify - removed)
    return (float(row["crpix1"]) - 1, float(row["crpix2"]) - 1), float(normalize_roll(roll)), flipped


def upright(pointing):
    """Sun centre and roll of a pointing after the image is rotated upright."""
    if is_flipped(pointing.roll):
        return rectified_centre(pointing.centre), float(normalize_roll(pointing.roll - 180))
    return pointing.centre, pointing.roll


def ask(meta, shape, time, assets):
    """Pointing by each available source."""
    frame = Frame.from_header(meta, shape)
    answers = {name: source(meta, frame, time or frame.start, assets) for name, source in POINTING_SOURCES.items()}
    return {name: answer for name, answer in answers.items() if answer is not None}


def compare_official(path, assets):
    """One row for each official C2 header and source: official values, and differences (source minus official)."""
    rows = []
    with Path(path).open(newline="") as file:
        for row in csv.DictReader(file):
            centre, roll, flipped = official_pointing(row)
            day, clock = row["date_obs_original"].split()
            # Content of a level-0.5 header from before the pointing was written into headers.
            meta = {
                "detector": "C2", "date-obs": day, "time-obs": clock, "date": "2010-01-01", "exptime": 25.0,
                "filter": "Orange", "polar": "Clear", "crota1": 180.0 * flipped, "crpix1": 512.634, "crpix2": 505.293,
            }  # fmt: skip
            answers = ask(meta, (1024, 1024), Time(row["date_obs_corrected"]), assets)
            for source, pointing in answers.items():
                (x, y), angle = upright(pointing)
                rows.append(
                    {
                        "file": row["filename"], "date": row["date_obs_original"], "upside_down": int(flipped),
                        "x": f"{centre[0]:.3f}", "y": f"{centre[1]:.3f}", "roll": f"{roll:.3f}", "source": source,
                        "dx": f"{x - centre[0]:+.3f}", "dy": f"{y - centre[1]:+.3f}",
                        "droll": f"{normalize_roll(angle - roll):+.4f}",
                        "centre_sigma": pointing.centre_sigma, "roll_sigma": pointing.roll_sigma,
                    }
                )  # fmt: skip
    return rows


def official_of(level1):
    """Sun centre and roll of an official level-1 file of the whole frame."""
    header = fits.getheader(level1)
    return (header["CRPIX1"] - 1, header["CRPIX2"] - 1), float(header["CROTA1"])


def compare_frames(data, assets):
    """One row for each real level-0.5 frame and source, with the official values if there are any."""
    rows = []
    for path in sorted(Path(data, "level05").glob("c[23]/*.fts")):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            header = fits.getheader(path, ignore_missing_simple=True)
            meta = {key.lower(): header[key] for key in set(header) if key not in ("", "COMMENT", "HISTORY")}
        official = PAIRS.get(path.stem)
        centre, roll = official_of(Path(data, "level1", f"{official}.fts")) if official else ((np.nan, np.nan), np.nan)
        for source, pointing in ask(meta, (meta["naxis2"], meta["naxis1"]), None, assets).items():
            (x, y), angle = upright(pointing)
            rows.append(
                {
                    "file": path.name, "camera": meta["detector"], "date": f"{meta['date-obs']} {meta['time-obs']}",
                    "upside_down": int(is_flipped(pointing.roll)), "source": source,
                    "x": f"{x:.3f}", "y": f"{y:.3f}", "roll": f"{angle:.3f}",
                    "official_x": f"{centre[0]:.3f}", "official_y": f"{centre[1]:.3f}", "official_roll": f"{roll:.3f}",
                    "centre_from": pointing.centre_source, "roll_from": pointing.roll_source,
                }
            )  # fmt: skip
    return rows


def summarize(rows):
    """Number, mean and largest differences by source and orientation, as in README.md."""
    lines = []
    for source in POINTING_SOURCES:
        for side in (0, 1):
            some = [row for row in rows if row["source"] == source and row["upside_down"] == side]
            if some:
                values = np.array([[float(row[key]) for key in ("dx", "dy", "droll")] for row in some])
                lines.append((source, ("upright", "upside down")[side], len(some), values.mean(0), abs(values).max(0)))
    return lines


def write(path, rows):
    with Path(path).open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--assets", type=Path, help="directory of pointing tables")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as empty:
        assets = resolve(options.assets or empty)
        official = compare_official(options.data / "headers" / "level1_c2_official.csv", assets)
        frames = compare_frames(options.data, assets)
    write(HERE / "official_c2.csv", official)
    write(HERE / "real_frames.csv", frames)
    print("source     side          n   mean dx, dy (px), droll (deg)   largest")
    for source, side, count, mean, most in summarize(official):
        print(f"{source:10} {side:12} {count:3}  {mean[0]:+.3f} {mean[1]:+.3f} {mean[2]:+.4f}   {most.round(4)}")
    nominal = {row["file"]: row for row in frames if row["source"] == "nominal"}
    keys = ("x", "y", "roll")
    for source in POINTING_SOURCES:
        pairs = [(row, nominal[row["file"]]) for row in frames if row["source"] == source]
        if pairs and source != "nominal":
            steps = np.array([[float(row[key]) - float(other[key]) for key in keys] for row, other in pairs])
            print(f"{len(pairs)} real frames, {source} minus nominal: mean {steps.mean(0).round(4)}")
    for row in frames:
        if row["official_roll"] != "nan":
            steps = [float(row[key]) - float(row[f"official_{key}"]) for key in keys]
            print(f"{row['file']}, {row['source']} minus official: {np.round(steps, 4)}")


if __name__ == "__main__":
    main()
