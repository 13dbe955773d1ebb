"""``sunpy-lasco difference``: running, base and percent differences of files."""

from sunpy_lasco.commands.product_files import add_product_arguments, products_options

__all__ = ["add_arguments"]

DESCRIPTION = """
Subtract frames of one camera from each other, and write a FITS file and a picture for each difference.
Frames of level 0.5 are calibrated before.  Relative exposures are found in a sector in which
nothing happens.
"""


def add_arguments(parser):
    """
    Add the arguments of the command.

    Parameters
    ----------
    parser : `argparse.ArgumentParser`
    """
    parser.description = DESCRIPTION
    parser.add_argument(
        "--kind",
        choices=("running", "base", "percent"),
        default="running",
        help="what is subtracted (default: running)",
    )
    parser.add_argument("--step", metavar="MINUTES", type=float, help="time between the frames of a running difference")
    parser.add_argument(
        "--base", metavar="N", type=int, default=1, help="the base is the median of the first N frames (default: 1)"
    )
    parser.add_argument("--rate", action="store_true", help="divide running differences by their interval")
    parser.add_argument("--as-they-are", action="store_true", help="find no relative exposures")
    parser.add_argument("--no-pictures", action="store_true", help="write FITS files only")
    add_product_arguments(parser, out="where the files go")
    parser.set_defaults(run=run)


def run(arguments):
    """
    Make the differences that the command line asks for.

    Parameters
    ----------
    arguments : `argparse.Namespace`

    Returns
    -------
    `int`
        0.
    """
    import astropy.units as u

    from sunpy_lasco import products
    from sunpy_lasco.commands.product_files import save_map, save_picture

    frames = products.Sequence(
        arguments.files, options=products_options(arguments), normalise=False if arguments.as_they_are else "auto"
    )
    if arguments.kind == "running":
        step = None if arguments.step is None else arguments.step * u.min
        found = products.running_difference(frames, step=step, rate=arguments.rate)
    else:
        make = products.base_difference if arguments.kind == "base" else products.percent_difference
        found = make(frames, arguments.base)
    for number in range(len(found)):
        smap = found.frame(number)
        path = save_map(smap, arguments.out, overwrite=arguments.overwrite)
        print(path, flush=True)
        if not arguments.no_pictures:
            label = smap.meta["prlabel"]
            print(save_picture(smap, path.with_suffix(".png"), label=label, overwrite=arguments.overwrite), flush=True)
    return 0
