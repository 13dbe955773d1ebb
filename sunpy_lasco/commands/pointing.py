"""``sunpy-lasco pointing``: Sun centre and roll of many frames from their stars."""

import sys
from pathlib import Path

__all__ = ["add_arguments"]

DESCRIPTION = """
Determine Sun centre and roll of level-0.5 frames from the stars in them, and write a table in ECSV format,
which "sunpy-lasco calibrate --pointing TABLE" reads.
"""


def add_arguments(parser):
    """Add the arguments of the command."""
    parser.description = DESCRIPTION
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help="a level-0.5 file")
    parser.add_argument(
        "--out", metavar="TABLE", type=Path, default=Path("pointing.ecsv"), help="the table (default: pointing.ecsv)"
    )
    parser.add_argument("--figure", metavar="PICTURE", type=Path, help="draw centre and roll over time")
    parser.add_argument("--overwrite", action="store_true", help="replace existing files")
    parser.set_defaults(run=run)


def run(arguments):
    """
    Run the command; the exit status is 1 if a file failed for a reason other than its stars, else 0.
    """
    from astropy.table import vstack

    from sunpy_lasco import stars
    from sunpy_lasco.errors import LascoError
    from sunpy_lasco.files import atomic_path
    from sunpy_lasco.map import open_map

    rows, failed = [], 0
    for path in arguments.files:
        try:
            history = stars.pointing_history([open_map(path)])
        except (LascoError, OSError) as error:
            print(f"{path}: {error}", file=sys.stderr)
            failed = 1
            continue
        rows.append(history)
        row = history[0]
        said = row["reason"] or f"{row['number']} stars, rms {row['rms'].value:.3f} px"
        print(f"{row['name']} {row['camera']} {row['time'].isot[:19]} {said}", flush=True)
    if not rows:
        return 1
    history = vstack(rows)
    history.sort("time")
    with atomic_path(arguments.out, overwrite=arguments.overwrite) as path:
        history.write(path, format="ascii.ecsv", overwrite=True)
    print(arguments.out)
    if arguments.figure is not None:
        with atomic_path(arguments.figure, overwrite=arguments.overwrite) as path:
            _draw(history, path, arguments.figure.suffix.lstrip(".") or "png")
        print(arguments.figure)
    return failed


def _draw(history, path, kind):
    """Plot Sun centre, and roll minus the nominal one, over time, with a column of panels for each camera."""
    from matplotlib.figure import Figure

    cameras = sorted(set(history["camera"]))
    figure = Figure(figsize=(5 * len(cameras), 7), layout="constrained")
    axes = figure.subplots(3, len(cameras), squeeze=False, sharex="col")
    for column, camera in zip(axes.T, cameras, strict=True):
        for turned, label, marker in ((False, "north up", "o"), (True, "upside down", "s")):
            rows = history[(history["camera"] == camera) & (history["turned"] == turned)]
            years = rows["time"].jyear
            for panel, name, sigma in zip(column, ("x", "y", "beside"), ("centre", "centre", "roll"), strict=True):
                error = rows[f"{sigma}_sigma"].value
                panel.errorbar(years, rows[name].value, error, fmt=marker, markersize=3, label=label)
        for panel, text in zip(column, ("x / pixel", "y / pixel", "roll - nominal / degree"), strict=True):
            panel.set_ylabel(text)
        column[0].set_title(f"{camera}: Sun centre and roll by stars")
        column[0].legend()
        column[-1].ticklabel_format(axis="x", useOffset=False)
        column[-1].tick_params(axis="x", rotation=30)
        column[-1].set_xlabel("year")
    figure.savefig(path, format=kind)
