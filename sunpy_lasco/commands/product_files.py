"""What the commands that make products share: their files, and the options of the calibration."""

import argparse
from pathlib import Path

from sunpy_lasco.level1.options import add_options, options_of

__all__ = ["add_product_arguments", "pair", "products_options", "save_map", "save_picture"]


def add_product_arguments(parser, *, out):
    """
    Add what all commands of products take.

    Parameters
    ----------
    parser : `argparse.ArgumentParser`
    out : `str`
        What ``--out`` means, for its help.
    """
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help="a FITS file of level 0.5 or 1")
    parser.add_argument("--out", metavar="DIR", type=Path, default=Path(), help=f"{out} (default: here)")
    parser.add_argument("--overwrite", action="store_true", help="replace files that are there already")
    add_options(parser.add_argument_group("options of the calibration of level-0.5 files"))


def products_options(arguments):
    """
    The options of the calibration that were given.

    Parameters
    ----------
    arguments : `argparse.Namespace`

    Returns
    -------
    `dict`
    """
    given = options_of(arguments)
    given.pop("context", None)
    return given


def pair(text):
    """
    Two numbers with a colon between them.

    Parameters
    ----------
    text : `str`
        Such as ``"4.5:25"``.

    Returns
    -------
    `tuple` of `float`
    """
    try:
        first, second = (float(one) for one in text.split(":"))
    except ValueError:
        msg = f"{text!r} is not two numbers with a colon between them, such as 40:125"
        raise argparse.ArgumentTypeError(msg) from None
    return first, second


def save_map(smap, folder, *, overwrite):
    """
    Write a map whole or not at all.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
    folder : `~pathlib.Path`
        The name is that of the map.
    overwrite : `bool`

    Returns
    -------
    `~pathlib.Path`
    """
    from sunpy_lasco.products.backgrounds import write_background

    return write_background(smap, folder / str(smap.meta["filename"]), overwrite=overwrite)


def save_picture(smap, path, *, label, overwrite):
    """
    Draw a map with a stamp.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
    path : `~pathlib.Path`
        Ends in .png.
    label : `str`
        What follows camera and time in the stamp.
    overwrite : `bool`

    Returns
    -------
    `~pathlib.Path`
    """
    import numpy as np
    from matplotlib.figure import Figure
    from matplotlib.patches import Circle

    from sunpy_lasco.files import atomic_path

    figure = Figure(figsize=(8, 8), dpi=128)
    axes = figure.add_axes([0, 0, 1, 1])
    settings = dict(smap.plot_settings)
    axes.imshow(
        np.ma.masked_invalid(smap.data),
        origin="lower",
        cmap=settings.get("cmap"),
        norm=settings.get("norm"),
        interpolation="antialiased",
    )
    axes.set_facecolor("#303030")
    axes.set_axis_off()
    centre = smap._geometry.crpix
    radius = (smap.rsun_obs / smap.scale[0]).value
    axes.add_patch(Circle(centre, radius, fill=False, edgecolor="white", linewidth=1.2))
    stamp = f"SOHO/LASCO {smap.detector}  {smap.reference_date.strftime('%Y-%m-%d %H:%M')} UT  {label}"
    axes.text(
        0.015,
        0.015,
        stamp,
        color="white",
        fontsize=12,
        transform=axes.transAxes,
        bbox={"facecolor": "black", "alpha": 0.6, "edgecolor": "none", "pad": 3},
    )
    with atomic_path(path, overwrite=overwrite) as temporary:
        figure.savefig(temporary, format="png")
    return path
