"""
Many frames on one machine: rate, memory, overhead of Dask, and an estimate for the whole archive.

``python benchmarks/bulk/run.py frames LEVEL05 ARCHIVE [--count 2000]``
    repeats real frames (the directory ``level05`` of SUNPY_LASCO_TEST_DATA) under new names and on other days;
    in every twentieth some blocks are removed.
``python benchmarks/bulk/run.py calibrate ARCHIVE OUT --assets DIR [--jobs 2] [--compress none] [--dask] [--count N]``
    calibrates them and adds a line to OUT.results.jsonl.  OUT is emptied first.
``python benchmarks/bulk/run.py recipes ARCHIVE TABLES --assets DIR [--count 1000]``
    writes recipes of one frame each with several options and the SHA-256 of its pixels, and opens each again in another
    process.
``python benchmarks/bulk/run.py archive OUT.results.jsonl``
    estimates the cost of 1.5 million frames.
"""

import argparse
import json
import random
import resource
import shutil
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np

import astropy.units as u
from astropy.io import fits
from astropy.time import Time

#: Frames of level 0.5 in the archive, their mean size as they are archived (lossless RICE), MB.
ARCHIVE_FRAMES, COUNTS_MB = 1.5e6, 0.75
#: Interval of frames with lost blocks, and their number of blocks.
EACH_LOST, LOST = 20, (1, 8)
#: Half of this frame was lost in a download.
BROKEN = ("32310957",)
#: Options of recipes, in turn.
OPTIONS = (
    {},
    {"inpaint": None},
    {"distortion": "wcs"},
    {"distortion": None, "mask": False},
    {"flat_field": True},
    {"north_up": True},
    {"geometry": "stars", "photometry": "stars"},
    {"linearity": False, "stray_light": False},
)


def frames(arguments):
    """Write the archive."""
    rng = random.Random(5)
    arguments.archive.mkdir(parents=True, exist_ok=True)
    sources = {}
    for path in sorted(Path(arguments.level05).rglob("*.fts")):
        with warnings.catch_warnings():
            # Tabulators in HISTORY, in all real files.
            warnings.simplefilter("ignore")
            header = fits.getheader(path)
        # Usual frames: full, whole, without polariser.
        usual = header["NAXIS1"] == header["NAXIS2"] == 1024 and header["BITPIX"] == 16 and not header.get("BZERO")
        if usual and header["POLAR"] == "Clear" and path.stem not in BROKEN:
            sources[path.stem] = path.read_bytes()
    stems = sorted(sources)
    for number in range(arguments.count):
        round_, which = divmod(number, len(stems))
        name = f"{stems[which][:2]}{number:06d}.fts"
        content = bytearray(sources[stems[which]])
        _set(content, "FILENAME", f"'{name}'")
        day = Time(_get(content, "DATE-OBS").replace("/", "-")[:10]) + round_ * u.day
        _set(content, "DATE-OBS", f"'{day.strftime('%Y/%m/%d')}'")
        _set(content, "MID_DATE", f"{int(_get(content, 'MID_DATE')) + round_:>20}")
        if number % EACH_LOST == EACH_LOST - 1:
            image = np.frombuffer(content, ">i2", 1024 * 1024, _data_start(content)).reshape(1024, 1024)
            for _ in range(rng.randint(*LOST)):
                row, column = rng.randrange(6, 26), rng.randrange(6, 26)
                image[32 * row : 32 * row + 32, 32 * column : 32 * column + 32] = 0
        (arguments.archive / name).write_bytes(content)
    print(f"{arguments.count} frames of {len(stems)} real ones in {arguments.archive}")


def _place(content, card):
    place = 0
    while content[place : place + 8] != card.ljust(8).encode():
        place += 80
    return place


def _get(content, card):
    """The value of a card as text."""
    place = _place(content, card)
    return content[place + 10 : place + 80].decode().split("/ ")[0].strip().strip("'")


def _set(content, card, value):
    """Change the value of a card in the bytes of a header."""
    place = _place(content, card)
    content[place : place + 80] = f"{card:8}= {value}".ljust(80).encode()


def _data_start(content):
    return (_place(content, "END") // 2880 + 1) * 2880


def calibrate(arguments):
    """Calibrate the archive, and record the time."""
    from sunpy_lasco import bulk

    shutil.rmtree(arguments.out, ignore_errors=True)
    names = sorted(map(str, arguments.archive.glob("*.fts")))[: arguments.count]
    options = {
        "assets": arguments.assets,
        "on_bad": "ignore",
        "inpaint": arguments.inpaint,
        "compress": arguments.compress,
    }
    client = cluster = None
    if arguments.dask:
        from distributed import Client, LocalCluster

        cluster = LocalCluster(n_workers=arguments.jobs, threads_per_worker=1, dashboard_address=None)
        client = Client(cluster)
    begin, spent = time.perf_counter(), _cpu()
    report = bulk.calibrate_files(
        names, arguments.out, jobs=arguments.jobs, client=client, progress=True, summary=not arguments.dask, **options
    )
    seconds = time.perf_counter() - begin
    if client is not None:
        client.close()
        cluster.close()
    lines = bulk.read_journal(report.journal)
    memory = np.array([line["memory_mb"] for line in lines], dtype=float)
    quarter = len(memory) // 4
    size = np.mean([Path(line["output"]).stat().st_size for line in lines if line["output"]])
    result = {
        "how": "dask" if arguments.dask else "processes",
        "jobs": arguments.jobs,
        "frames": report.total,
        "failed": report.failed,
        "compress": arguments.compress,
        "inpaint": arguments.inpaint,
        "seconds": round(seconds, 2),
        "frames_per_second": round(report.total / seconds, 2),
        # Including the start of processes, and after their caches are filled.
        "cpu_seconds_per_frame_with_start": round((_cpu() - spent) / report.total, 4),
        "cpu_seconds_per_frame": round(float(np.mean([line["cpu"] for line in lines[len(lines) // 10 :]])), 4),
        "memory_mb_quarters": [float(memory[n * quarter : (n + 1) * quarter].max()) for n in range(4)],
        "megabytes_per_frame": round(size / 1e6, 3),
        "rates": _rates(lines),
    }
    print(json.dumps(result, indent=1))
    with Path(f"{arguments.out}.results.jsonl").open("a") as file:
        file.write(json.dumps(result) + "\n")
    if not arguments.keep:
        shutil.rmtree(arguments.out, ignore_errors=True)


def _cpu():
    """Processor time of all processes of this run, s."""
    found = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in found)


def _rates(lines):
    """Frames per second in ten parts of the run."""
    done = np.sort([np.datetime64(line["done"][:23]) for line in lines])
    parts = np.array_split(done, 10)
    return [
        round(len(part) / max((part[-1] - part[0]) / np.timedelta64(1, "s"), 1e-3), 2) for part in parts if len(part)
    ]


def recipes(arguments):
    """Write recipes and open them again."""
    import sunpy_lasco

    if arguments.again:
        right = 0
        tables = sorted(arguments.tables.glob("*.ecsv"))
        for table in tables:
            # Warnings about changes, and different pixels, are errors.
            sunpy_lasco.open_recipe(table, on_change="raise")[0]
            right += 1
        print(f"{right} of {len(tables)} recipes reproduced their pixels")
        return
    shutil.rmtree(arguments.tables, ignore_errors=True)
    arguments.tables.mkdir(parents=True)
    names = sorted(map(str, arguments.archive.glob("*.fts")))
    for number in range(arguments.count):
        options = OPTIONS[number % len(OPTIONS)] | {"assets": arguments.assets, "on_bad": "ignore"}
        table = arguments.tables / f"{number:04d}.ecsv"
        sunpy_lasco.write_recipe(table, names[number % len(names)], pixels=True, **options)
    sizes = [path.stat().st_size for path in arguments.tables.iterdir()]
    print(f"{len(sizes)} recipes of {np.mean(sizes):.0f} bytes")
    subprocess.run(
        [sys.executable, __file__, "recipes", str(arguments.archive), str(arguments.tables), "--assets",
         arguments.assets, "--again"], check=True,
    )  # fmt: skip


def archive(arguments):
    """Print the cost of the whole archive, by the last result of each kind."""
    found = {}
    for line in map(json.loads, arguments.results.read_text().splitlines()):
        found[line["how"], line["jobs"], line["compress"]] = line
    for (how, jobs, compress), line in sorted(found.items()):
        core_hours = line["cpu_seconds_per_frame"] * ARCHIVE_FRAMES / 3600
        terabytes = line["megabytes_per_frame"] * ARCHIVE_FRAMES / 1e6
        print(
            f"{how}, {jobs} at a time, {compress}: {line['frames_per_second']} frames a second, "
            f"{line['cpu_seconds_per_frame']} s of CPU a frame, {core_hours:.0f} core-hours, {terabytes:.1f} TB; "
            f"memory {line['memory_mb_quarters']} MB"
        )
    print(f"as a recipe: {COUNTS_MB * ARCHIVE_FRAMES / 1e6:.1f} TB of counts, which are there already")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    actions = parser.add_subparsers(required=True)
    one = actions.add_parser("frames")
    one.add_argument("level05", type=Path)
    one.add_argument("archive", type=Path)
    one.add_argument("--count", type=int, default=2000)
    one.set_defaults(run=frames)
    one = actions.add_parser("calibrate")
    one.add_argument("archive", type=Path)
    one.add_argument("out", type=Path)
    one.add_argument("--assets", required=True)
    one.add_argument("--jobs", type=int, default=2)
    one.add_argument("--count", type=int)
    one.add_argument("--compress", default="none")
    one.add_argument("--inpaint", default="kriging")
    one.add_argument("--dask", action="store_true")
    one.add_argument("--keep", action="store_true")
    one.set_defaults(run=calibrate)
    one = actions.add_parser("recipes")
    one.add_argument("archive", type=Path)
    one.add_argument("tables", type=Path)
    one.add_argument("--assets", required=True)
    one.add_argument("--count", type=int, default=1000)
    one.add_argument("--again", action="store_true")
    one.set_defaults(run=recipes)
    one = actions.add_parser("archive")
    one.add_argument("results", type=Path)
    one.set_defaults(run=archive)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
