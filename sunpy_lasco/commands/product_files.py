"""What the commands that make products share: their files, and the options of the calibration."""

import argparse
from pathlib import Path

from sunpy_lasco.level1.options import add_options, options_of

__all__ = [
    "add_product_arguments",
    "by_camera",
    "frames_of",
    "pair",
    "products_options",
    "save_map",
    "save_picture",
]


def add_product_arguments(parser, *, out="where the files go", normalise=True, pictures=True):
    """
    Add what all commands of products take.

    Parameters
    ----------
    parser : `argparse.ArgumentParser`
    out : `str`
        What ``--out`` means, for its help; its default is here, of a file none.
    normalise : `bool`
        Whether the command looks for relative exposures.
    pictures : `bool`
        Whether it draws pictures beside its files.
    """
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help="a FITS file of level 0.5 or 1")
    parser.add_argument("--out", metavar="DIR", type=Path, default=Path(), help=f"{out} (default: here)")
    parser.add_argument("--overwrite", action="store_true", help="replace files that are there already")
    if normalise:
        parser.add_argument("--as-they-are", action="store_true", help="find no relative exposures")
    if pictures:
        parser.add_argument("--no-pictures", action="store_true", help="write no pictures")
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


def frames_of(arguments, files=None, *, normalise="auto"):
    """
    The sequence of the files of a command line.

    Parameters
    ----------
    arguments : `argparse.Namespace`
    files : sequence of `~pathlib.Path`, optional
        By default all.
    normalise : `str` or `bool`
        As of `~sunpy_lasco.products.Sequence`, unless the command line says ``--as-they-are``.

    Returns
    -------
    `~sunpy_lasco.products.Sequence`
    """
    from sunpy_lasco import products

    return products.Sequence(
        arguments.files if files is None else files,
        options=products_options(arguments),
        normalise=False if getattr(arguments, "as_they_are", False) else normalise,
    )


def by_camera(files):
    """
    Sort files by camera, those of the usual kind of each.

    Parameters
    ----------
    files : sequence of `~pathlib.Path`

    Returns
    -------
    cameras : `dict`
        ``"C2"`` and ``"C3"``, as far as there are frames: the files of the filter, polariser and size
        that most have.
    others : `list` of `~pathlib.Path`
        The files that are left.

    Raises
    ------
    sunpy_lasco.errors.IncompatibleMapsError
        If a file is no image of C2 or C3.
    """
    import warnings

    from astropy.io import fits
    from astropy.io.fits.verify import VerifyWarning

    from sunpy_lasco.errors import IncompatibleMapsError

    kinds = {}
    for file in files:
        with warnings.catch_warnings():
            # Cards of the archive's files that hold tabulators.
            warnings.simplefilter("ignore", VerifyWarning)
            header = fits.getheader(file)
        camera = str(header.get("DETECTOR", "")).strip()
        if camera not in ("C2", "C3"):
            msg = f"{file} is no image of C2 or C3: DETECTOR is {camera!r}."
            raise IncompatibleMapsError(msg)
        kind = [str(header.get(card, "")).strip().lower() for card in ("FILTER", "POLAR", "NAXIS1", "NAXIS2")]
        kinds.setdefault(camera, {}).setdefault(tuple(kind), []).append(file)
    cameras = {camera: max(found.values(), key=len) for camera, found in sorted(kinds.items())}
    used = {file for found in cameras.values() for file in found}
    return cameras, [file for file in files if file not in used]


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


def save_picture(smap, path, arguments, *, label=None):
    """
    Draw a map with a stamp, unless the command line asks for no pictures, and say so.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
    path : `~pathlib.Path`
        Ends in .png.
    arguments : `argparse.Namespace`
    label : `str`, optional
        What follows camera and time in the stamp.
    """
    if not arguments.no_pictures:
        from sunpy_lasco import products

        print(products.picture(smap, path, label=label, overwrite=arguments.overwrite), flush=True)
