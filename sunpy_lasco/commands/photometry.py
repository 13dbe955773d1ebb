"""``sunpy-lasco photometry``: calibration factor from the stars of many frames."""

import sys
from pathlib import Path

from sunpy_lasco.level1.options import add_options, options_of

__all__ = ["add_arguments"]

DESCRIPTION = """
Compare the light of stars in level-0.5 frames with the catalogue: zero points of the frames, the slope by
colour, and the trend with its error, for each camera, filter and polariser. The frames are calibrated without
interpolation; other options of the calibration can be given.
"""

#: Faintest magnitude by camera.
LIMITS = {"C2": 8.0, "C3": 7.0}


def add_arguments(parser):
    """
    Add the arguments of the command.

    Parameters
    ----------
    parser : `argparse.ArgumentParser`
    """
    parser.description = DESCRIPTION
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help="a level-0.5 file")
    parser.add_argument(
        "--out",
        metavar="TABLE",
        type=Path,
        default=Path("photometry.ecsv"),
        help="the table (default: photometry.ecsv)",
    )
    parser.add_argument("--figure", metavar="PICTURE", type=Path, help="draw the zero points over time")
    parser.add_argument("--overwrite", action="store_true", help="replace existing files")
    add_options(parser.add_argument_group("options of the calibration"))
    parser.set_defaults(run=run)


def run(arguments):
    """
    Run the command.

    Parameters
    ----------
    arguments : `argparse.Namespace`

    Returns
    -------
    `int`
        0; 1 where a file could not be measured for another reason than its stars.
    """
    import sunpy_lasco
    from sunpy_lasco import stars
    from sunpy_lasco.errors import LascoError, OptionError
    from sunpy_lasco.files import atomic_path
    from sunpy_lasco.map import open_map
    from sunpy_lasco.stars.photometry import kind_of, zero_points

    options = options_of(arguments)
    options.pop("context", None)
    # The zero point of a frame with a shutter failure does not represent the camera.
    given = {"on_bad": "raise"} | options | {"distortion": "wcs", "inpaint": None}
    kinds, failed = {}, 0
    for path in arguments.files:
        try:
            smap = sunpy_lasco.calibrate(open_map(path), **given)
            kind = kind_of(smap)
            table = stars.star_fluxes(smap, limit=LIMITS[kind[0]])
        except (LascoError, OSError) as error:
            print(f"{path}: {error}", file=sys.stderr)
            failed = 1
            continue
        print(f"{path.name}: {len(table)} stars", flush=True)
        kinds.setdefault(kind, []).append((path.name, smap.reference_date.jyear, table))
    found = {}
    for kind, frames in sorted(kinds.items()):
        names, years, tables = zip(*frames, strict=True)
        try:
            found[kind] = zero_points(tables, names, years, kind)
        except OptionError as error:
            print(f"{' '.join(kind)}: {error}", file=sys.stderr)
            continue
        print(_said(kind, found[kind]))
    if not found:
        return 1
    with atomic_path(arguments.out, overwrite=arguments.overwrite) as path:
        _table(found).write(path, format="ascii.ecsv", overwrite=True)
    print(arguments.out)
    if arguments.figure is not None:
        with atomic_path(arguments.figure, overwrite=arguments.overwrite) as path:
            _draw(found, path, arguments.figure.suffix.lstrip(".") or "png")
        print(arguments.figure)
    return failed


def _said(kind, found):
    """A line on the stars of one kind of frames."""
    import numpy as np

    number = len(np.unique(found.stars["hip"]))
    trend = ""
    if np.isfinite(found.trend):
        trend = f", trend {100 * found.trend:+.3f} +- {100 * found.trend_sigma:.3f} % a year"
    return (
        f"{' '.join(kind)}: factor {found.scale:.3f} by {number} stars in {len(found.frames)} frames, slope by B-V "
        f"{found.colour_slope:.2f} +- {found.colour_sigma:.2f}{trend}"
    )


def _table(found):
    """The zero points of all frames, with what holds for all of a kind in ``meta``."""
    from astropy.table import vstack

    rows, about = [], {}
    for kind, one in found.items():
        table = one.frames.copy()
        for name, value in zip(("camera", "filter", "polar"), kind, strict=True):
            table[name] = value
        rows.append(table)
        about[" ".join(kind)] = {
            name: float(getattr(one, name))
            for name in ("scale", "colour_slope", "colour_sigma", "trend", "trend_sigma")
        }
    table = vstack(rows)
    table.meta["solutions"] = about
    return table


def _draw(found, path, kind):
    """Zero points over time, a panel for each kind of frames."""
    import numpy as np
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 2.8 * len(found)), layout="constrained")
    for axes, (name, one) in zip(figure.subplots(len(found), squeeze=False)[:, 0], found.items(), strict=True):
        years, zero, sigma = (np.asarray(one.frames[column]) for column in ("time", "zero", "sigma"))
        axes.errorbar(years, zero, sigma, fmt="o", markersize=3)
        if np.isfinite(one.trend):
            weight = 1 / sigma**2
            middle = np.average(years, weights=weight)
            line = np.linspace(years.min(), years.max(), 50)
            level = np.average(zero, weights=weight) + one.trend * (line - middle)
            axes.plot(line, level, color="C1")
            off = one.trend_sigma * np.abs(line - middle)
            axes.fill_between(line, level - off, level + off, color="C1", alpha=0.2, linewidth=0)
        axes.axhline(0, color="0.5", linewidth=0.8)
        axes.set_title(_said(name, one).split(":")[0])
        axes.set_ylabel("ln (light / expected)")
        axes.ticklabel_format(axis="x", useOffset=False)
    axes.set_xlabel("year")
    figure.savefig(path, format=kind)
