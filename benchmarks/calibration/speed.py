"""
Time per frame from file to file, compared with the necessary minimum and with other packages.

    python benchmarks/calibration/speed.py DATA CALIB [--repeat N] [--corkit DIR]

DATA is a directory with real frames, level05/c2/*.fts and level05/c3/*.fts, CALIB one with calibration images.  It
prints the tables of the README beside this file.  Every row is measured in a separate process, in one thread and in
processor time.  Ten different frames per camera follow each other, so that caches of a frame do not help.
"""

import argparse
import functools
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

#: Complete frames without sums, by camera; those of C2 are fewer and are repeated.
FRAMES = {
    "C2": ["22321894", "22322544", "22322625", "22322749", "22322784"],
    "C3": [str(name) for name in range(32310941, 32310951)],
}
#: Frames of sums of 2 x 2 pixels.
SUMMED = {
    "C2": ["22075759", "22075760", "22075761", "22075762"],
    "C3": ["32310962", "32310963", "32310964", "32310965"],
}
#: Frames that rotate.
ROTATING = 10
#: Measurement of each row, by name.
ROWS = {
    "floor": "floor: read, one pass, one remap, write the same output",
    "plain": "level 1",
    "north": "level 1, `north_up=True`",
    "wcs": 'level 1, `distortion="wcs"`',
    "sums": "level 1, sums of 2 x 2 pixels, as they are",
    "subframe": "level 1, sub-frame",
    "lost": "level 1, one lost block, without context",
    "context": "level 1, one lost block, context of two frames",
    "corkit": "corkit: read, calibration of the counts, two warps; no header, no sigma, no flags",
}
#: Functions of `sunpy_lasco.level1.pipeline` by stage, in order.
STAGES = {
    "admit": "checks of header and counts",
    "_prepared": "scalars: pointing, clock, bias, factor; repair",
    "folded_for": "plan",
    "with_saturated": "saturated pixels",
    "apply": "the pass",
    "content_problems": "check of the content",
    "find_observer": "position of SOHO",
    "finish_header": "statistics and header",
    "finished": "map",
}


def paths(data, camera, row):
    """Ten frames of a camera; some are repeated."""
    names = (SUMMED if row == "sums" else FRAMES)[camera]
    found = [Path(data, "level05", camera.lower(), f"{name}.fts") for name in names]
    return [found[k % len(found)] for k in range(ROTATING)]


class Clock:
    """Processor time by stage, s."""

    def __init__(self):
        self.stages = {}

    def timed(self, stage, function):
        @functools.wraps(function)
        def timed(*arguments, **options):
            begin = time.process_time()
            try:
                return function(*arguments, **options)
            finally:
                self.stages[stage] = self.stages.get(stage, 0.0) + time.process_time() - begin

        return timed


def floor(data, calib, camera, out):
    """A function that does the minimum: everything that does not change from frame to frame is precomputed."""
    import numpy as np

    from astropy.io import fits

    from sunpy_lasco.geometry.distortion import camera_distortion
    from sunpy_lasco.geometry.resampling import Resampling, interpolation_matrix

    resampling = Resampling((1024, 1024), (0, 0), (1, 1), camera_distortion(camera, 56170))
    matrix = interpolation_matrix(resampling)[0]
    gain = np.full((1024, 1024), 1.1e-12, np.float32)
    table = np.zeros(1024, [("FLAGS", "u1", 1024), ("SIGMA", ">f4", 1024)])

    def run(path):
        with fits.open(path, memmap=False) as hdus:
            counts, header = hdus[0].data, hdus[0].header
        image = (counts.astype(np.float32) - np.float32(370)) * gain
        image = (matrix @ image.ravel()).reshape(image.shape)
        table["SIGMA"] = image
        with Path(out, path.name).open("wb") as file:
            for part in (header.tostring().encode(), image.astype(">f4"), header.tostring().encode(), table):
                file.write(part)

    return run, lambda path: None


def ours(data, calib, camera, out, row, clock=None):
    """Functions of a path: from file to file, and the calibration in memory of a map that was read before."""
    import numpy as np

    import sunpy_lasco
    from sunpy_lasco.level1 import pipeline, plans
    from sunpy_lasco.map import open_map
    from sunpy_lasco.map.draft import Draft
    from sunpy_lasco.map.edit import frame_of, replace
    from sunpy_lasco.repair.simulated_losses import lose

    options = {"assets": calib}
    options |= {"north": {"north_up": True}, "wcs": {"distortion": "wcs"}}.get(row, {})
    if clock is not None:
        for name, stage in STAGES.items():
            owner = {"apply": plans.Folded, "finished": Draft}.get(name, pipeline)
            setattr(owner, name, clock.timed(stage, getattr(owner, name)))

    def read(path):
        smap = open_map(path)
        if row in ("lost", "context"):
            blocks = np.zeros((32, 32), bool)
            blocks[12, 21] = True
            smap = replace(smap, data=lose(smap.data, blocks, frame_of(smap)))
        if row == "subframe":
            smap = cut(smap)
        return smap

    neighbours = [open_map(path) for path in paths(data, camera, row)[:3]] if row == "context" else []

    def calibrate(smap):
        context = {"context": [one for one in neighbours if one.date != smap.date][:2]} if row == "context" else {}
        return sunpy_lasco.calibrate(smap, **options, **context)

    def run(path):
        sunpy_lasco.write_level1(calibrate(read(path)), out, overwrite=True)

    def stages(path):
        smap = clock.timed("read", open_map)(path)
        level1 = clock.timed("calibrate", calibrate)(smap)
        clock.timed("write", sunpy_lasco.write_level1)(level1, out, overwrite=True)

    return run if clock is None else stages, read, calibrate


def without_statistics(smap, data, **cards):
    """A map with other counts and a matching header."""
    import sunpy.map

    from sunpy_lasco.instrument.changes import without_statistics as stripped

    meta = dict(stripped(smap.meta)) | cards | {"naxis1": data.shape[1], "naxis2": data.shape[0]}
    return sunpy.map.Map((data, meta))


def cut(smap):
    """Half of the rows and most of the columns."""
    data = smap.data[256:768, 128:896].copy()
    return without_statistics(smap, data, r1col=148, r2col=915, r1row=257, r2row=768)


def corkit(calib, camera, directory):
    """
    corkit's calibration of the counts, and its two warps, of image and mask, in memory.

    Its tables of clock, pointing and occulter are not published with it, so it makes no header here, and the centre of
    the occulter is passed to it.  Its calibration of C3 needs the weights of a network.
    """
    if camera == "C3":
        msg = "its C3 path needs the weights of a network"
        raise NotImplementedError(msg)
    import numpy as np

    from astropy.io import fits

    from sunpy_lasco.geometry.distortion import occulter_centre

    sys.path.insert(0, directory)
    import corkit.lasco
    import corkit.utils

    corkit.utils.occltr_cntr = lambda header: occulter_centre(camera, 55000)
    vignetting = fits.getdata(Path(calib, "c2vig_final.fts")).astype(float)

    def run(path):
        counts, header = corkit.utils.FITS(str(path))
        counts = counts.astype(float)
        image, header = corkit.lasco.c2_calibrate(counts.copy(), header, vig_full=vignetting)
        image, header = corkit.lasco.c2_warp(image, header)
        mask, _ = corkit.lasco.c2_warp((counts > 0).astype(float), header)
        image *= np.asarray(mask)

    return run


def measure(arguments):
    """Measure one row in this process, and print it as JSON."""
    warnings.simplefilter("ignore")
    row, camera = arguments.row, arguments.camera
    data, calib = arguments.data, arguments.calib
    found = paths(data, camera, row)
    import sunpy.map
    import sunpy.net  # noqa: F401

    import sunpy_lasco

    _ = sunpy_lasco.calibrate
    if row not in ("floor", "corkit"):
        sunpy_lasco.write_level1, sunpy_lasco.LASCOC3Map  # noqa: B018 - imported before the first frame
    clock = Clock() if arguments.stages else None
    with tempfile.TemporaryDirectory() as out:
        in_memory = None
        if row == "floor":
            run, _ = floor(data, calib, camera, out)
        elif row == "corkit":
            run = corkit(calib, camera, arguments.corkit)
        else:
            run, read, in_memory = ours(data, calib, camera, out, row, clock)
        begin = time.process_time()
        run(found[0])
        first = time.process_time() - begin
        run(found[1])
        if clock is not None:
            clock.stages.clear()
        seconds, memory, peaks = [], [], []
        for k in range(arguments.repeat):
            path = found[k % len(found)]
            begin = time.process_time()
            run(path)
            seconds.append(time.process_time() - begin)
            peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        # Later calls would be counted twice.
        stages = None if clock is None else dict(clock.stages)
        if in_memory is not None:
            for k in range(arguments.repeat):
                smap = read(found[k % len(found)])
                begin = time.process_time()
                in_memory(smap)
                memory.append(time.process_time() - begin)
    result = {"first": first, "seconds": sorted(seconds), "memory": sorted(memory), "peak": peaks[-1]}
    result["early peak"] = peaks[min(len(peaks), 10) - 1]
    if clock is not None:
        result["stages"] = {stage: total / arguments.repeat for stage, total in stages.items()}
    print(json.dumps(result))


def run_row(arguments, row, camera, *, fast=True, stages=False, repeat=None):
    """Result of `measure` in a separate process; None, with the reason, if it fails."""
    environment = os.environ | dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    environment["SUNPY_LASCO_FAST"] = "yes" if fast else "no"
    command = [sys.executable, __file__, arguments.data, arguments.calib, "--row", row, "--camera", camera]
    command += ["--repeat", str(repeat or arguments.repeat), *(["--stages"] if stages else [])]
    command += ["--corkit", arguments.corkit] if row == "corkit" else []
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        print(f"{row}, {camera}: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        return None
    return json.loads(done.stdout.splitlines()[-1])


def middle(numbers):
    return numbers[len(numbers) // 2] if numbers else float("nan")


def report(arguments):
    """Measure all rows and print the tables."""
    import numpy as np

    import astropy

    import sunpy

    kernels = [False, *([True] if _has_numba() else [])]
    print(f"Python {platform.python_version()}, numpy {np.__version__}, astropy {astropy.__version__}, sunpy ", end="")
    print(f"{sunpy.__version__}; {platform.machine()}; median of {arguments.repeat}; ms of the processor.\n")
    print("| | file to file | / floor | in memory | first frame | peak, MB |")
    print("|---|---|---|---|---|---|")
    for camera in FRAMES:
        least = None
        for row, label in ROWS.items():
            if row not in arguments.rows or (row == "corkit" and not arguments.corkit):
                continue
            for fast in kernels if row not in ("floor", "corkit") else (False,):
                found = run_row(arguments, row, camera, fast=fast)
                if found is None:
                    continue
                total = 1e3 * middle(found["seconds"])
                least = total if row == "floor" else least
                memory = f"{1e3 * middle(found['memory']):.1f}" if found["memory"] else ""
                name = f"{camera}, {label}{', `fast`' if fast else ''}"
                print(
                    f"| {name} | {total:.1f} | {total / least:.1f} | {memory} | {1e3 * found['first']:.0f} | "
                    f"{found['peak']:.0f} |",
                    flush=True,
                )
    if arguments.no_stages:
        return
    print("\nStages of a frame, ms:\n")
    columns = [(camera, fast) for camera in FRAMES for fast in kernels]
    found = {one: run_row(arguments, "plain", one[0], fast=one[1], stages=True) for one in columns}
    print("| | " + " | ".join(f"{camera}{', `fast`' if fast else ''}" for camera, fast in columns) + " |")
    print("|---|" + "---|" * len(columns))
    for stage in ("read", "calibrate", *STAGES.values(), "write"):
        indent = "" if stage in ("read", "calibrate", "write") else "of which "
        print(
            f"| {indent}{stage} | " + " | ".join(f"{1e3 * found[one]['stages'][stage]:.1f}" for one in columns) + " |"
        )
    long = run_row(arguments, "plain", "C3", repeat=arguments.long)
    print(f"\nPeak memory after 10 frames {long['early peak']:.0f} MB, after {arguments.long} {long['peak']:.0f} MB.")


def _has_numba():
    import importlib.util

    return importlib.util.find_spec("numba") is not None


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("data", help="directory with real frames, level05/c2 and level05/c3")
    parser.add_argument("calib", help="directory with calibration images")
    parser.add_argument("--repeat", type=int, default=30, help="frames of each row (default: 30)")
    parser.add_argument("--long", type=int, default=300, help="frames by which growing memory shows (default: 300)")
    parser.add_argument(
        "--rows", nargs="+", choices=ROWS, default=list(ROWS), help="some of the rows, the floor among them"
    )
    parser.add_argument("--no-stages", action="store_true", help="leave out the table of stages and of the memory")
    parser.add_argument("--corkit", metavar="DIR", help="where corkit is installed (pip install --target DIR corkit)")
    parser.add_argument("--row", choices=ROWS, help=argparse.SUPPRESS)
    parser.add_argument("--camera", choices=FRAMES, help=argparse.SUPPRESS)
    parser.add_argument("--stages", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    (measure if arguments.row else report)(arguments)


if __name__ == "__main__":
    main()
