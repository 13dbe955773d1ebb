"""
How long reading, calibrating and writing a frame takes, beside the least that must be done.

Simulated full frames of C2 and C3 are written to a temporary directory and then taken
through the same steps as by ``sunpy-lasco calibrate``.  The floor is what cannot be
avoided: read the counts, interpolate the image once, write it.

    python benchmarks/calibration/speed.py [--frames N]

prints a table in the form of the README beside this file.
"""

import argparse
import platform
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
from scipy import ndimage

import astropy
from astropy.io import fits

import sunpy
import sunpy.map

import sunpy_lasco
from sunpy_lasco import simulate
from sunpy_lasco.geometry.distortion import camera_distortion

#: Minutes between the frames.
CADENCE = 12


class Clock:
    """Seconds of the processor by step, one list each."""

    def __init__(self):
        self.seconds = {}

    def time(self, step, function, *arguments, **options):
        begin = time.process_time()
        result = function(*arguments, **options)
        self.seconds.setdefault(step, []).append(time.process_time() - begin)
        return result


def read_counts(path):
    with fits.open(path, memmap=False) as hdus:
        return hdus[0].data.astype(np.float32), hdus[0].header


def frames(camera, number, directory):
    """Paths of simulated frames, and their calibration images."""
    begin = np.datetime64("2000-05-15T12:00")
    made = [simulate.observe(camera, date=str(begin + np.timedelta64(CADENCE * k, "m")), seed=k) for k in range(number)]
    return [simulate.write_level05(one, directory) for one in made], simulate.assets(*made)


def calibration(clock, paths, assets, out, **options):
    """Read, calibrate and write."""
    for path in paths:
        raw = clock.time("read", lambda path=path: sunpy.map.Map(path))
        level1 = clock.time("calibrate", sunpy_lasco.calibrate, raw, assets=assets, **options)
        clock.time("write", sunpy_lasco.write_level1, level1, out, overwrite=True)


def floor(clock, paths, camera, out):
    """Read, interpolate once and write, with nothing kept from frame to frame but the positions."""
    y, x = np.mgrid[:1024, :1024]
    columns, rows = camera_distortion(camera, 51679).to_raw(x, y)
    positions = np.array([rows, columns], np.float32)
    for path in paths:
        image, header = clock.time("read", read_counts, path)
        image = clock.time("interpolate", ndimage.map_coordinates, image, positions, order=1, cval=np.nan)
        hdu = fits.PrimaryHDU(image, header)
        clock.time("write", hdu.writeto, out / path.name, overwrite=True, checksum=True)


def report(name, clock):
    """A row of the table: the first frame, and the median of the others."""
    first = sum(seconds[0] for seconds in clock.seconds.values())
    steps = {step: float(np.median(seconds[1:])) for step, seconds in clock.seconds.items()}
    work = " + ".join(f"{step} {seconds:.3f}" for step, seconds in steps.items())
    print(f"| {name} | {first:.2f} | {sum(steps.values()):.2f} | {work} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--frames", type=int, default=8, help="frames of each camera, at least 2 (default: 8)")
    options = parser.parse_args()
    warnings.simplefilter("ignore", fits.verify.VerifyWarning)
    print(f"Python {platform.python_version()}, numpy {np.__version__}, astropy {astropy.__version__}, ", end="")
    print(f"sunpy {sunpy.__version__}; {platform.machine()}; {options.frames} frames of each camera\n")
    print("| | first frame, s | each further frame, s | of which |")
    print("|---|---|---|---|")
    for camera in ("C2", "C3"):
        with tempfile.TemporaryDirectory() as name:
            directory = Path(name)
            paths, assets = frames(camera, options.frames, directory)
            out = directory / "out"
            out.mkdir()
            for label, choices in (
                ("level 1", {}),
                ('level 1, `distortion="wcs"`', {"distortion": "wcs"}),
                ("level 1, `north_up=True`", {"north_up": True}),
            ):
                clock = Clock()
                calibration(clock, paths, assets, out, **choices)
                report(f"{camera}, {label}", clock)
            clock = Clock()
            floor(clock, paths, camera, out)
            report(f"{camera}, floor", clock)


if __name__ == "__main__":
    main()
