"""Common parts of the commands for products: files, and options of the calibration."""

import argparse
from pathlib import Path

from sunpy_lasco.level1.options import add_options, options_of

__all__ = [
    "add_product_arguments",
    "frames_of",
    "pair",
    "products_options",
    "save",
    "sequences_of",
]


def add_product_arguments(parser, *, out="output directory", normalise=True, pictures=True):
    """
    Add the arguments common to all product commands.

    Parameters
    ----------
    parser : `argparse.ArgumentParser`
    out : `str`
        What ``--out`` means, for its help; its default is here, of a file none.
    normalise : `bool`
        Whether the command determines relative exposures.
    pictures : `bool`
        Whether it also draws pictures.
    """
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help="a level-0.5 or level-1 FITS file")
    parser.add_argument("--out", metavar="DIR", type=Path, default=Path(), help=f"{out} (default: here)")
    parser.add_argument("--overwrite", action="store_true", help="replace existing files")
    if normalise:
        parser.add_argument("--as-they-are", action="store_true", help="do not determine relative exposures")
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
        As for `~sunpy_lasco.products.Sequence`, unless the command line says ``--as-they-are``.

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


def sequences_of(arguments):
    """
    The sequences of the files of a command line by camera, with a line for each file that is omitted.

    Parameters
    ----------
    arguments : `argparse.Namespace`

    Returns
    -------
    `dict` of `str` and `~sunpy_lasco.products.Sequence`
    """
    import sys

    cameras, others = _by_camera(arguments.files)
    for file in others:
        print(f"{file} differs in kind from the others of its camera and is omitted", file=sys.stderr)
    return {camera: frames_of(arguments, files) for camera, files in cameras.items()}


def _by_camera(files):
    """
    Files of each camera that have the filter, polariser and size which most of them have, and all other files.

    Raises `~sunpy_lasco.errors.IncompatibleMapsError` if a file is not an image of C2 or C3.
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
            msg = f"{file} is not an image of C2 or C3: DETECTOR is {camera!r}."
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
        msg = f"{text!r} is not a pair of numbers such as 40:125"
        raise argparse.ArgumentTypeError(msg) from None
    return first, second


def save(smap, arguments, *, label=None, picture=True):
    """
    Write a map and a picture of it with a stamp, and print their paths.

    Parameters
    ----------
    smap : `~sunpy_lasco.LASCOC2Map` or `~sunpy_lasco.LASCOC3Map`
    arguments : `argparse.Namespace`
        With what `add_product_arguments` adds; ``--no-pictures`` omits the picture.
    label : `str`, optional
        Text after camera and time in the stamp.
    picture : `bool`
        Whether the map gets a picture.

    """
    from sunpy_lasco import products

    path = products.write_background(smap, arguments.out, overwrite=arguments.overwrite)
    print(path, flush=True)
    if picture and not arguments.no_pictures:
        shown = products.picture(smap, path.with_suffix(".png"), label=label, overwrite=arguments.overwrite)
        print(shown, flush=True)
