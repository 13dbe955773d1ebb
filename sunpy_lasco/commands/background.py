"""``sunpy-lasco background``: background models from several days."""

from sunpy_lasco.commands.product_files import add_product_arguments, products_options

__all__ = ["add_arguments"]

DESCRIPTION = """
Make backgrounds from the frames of several days: one for each camera, filter, polariser, roll state and
epoch of the stray light, with the names of the instrument team.  Level-0.5 frames are calibrated first or, with
--counts, kept in DN at the usual exposure, like the models that fuzzy logic reads.
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
        "--kind", default="minimum", help="minimum, median or a percentile of the daily medians (default: minimum)"
    )
    parser.add_argument("--counts", action="store_true", help="keep level-0.5 frames in DN")
    add_product_arguments(parser, normalise=False)
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
        0.
    """
    from sunpy_lasco import products
    from sunpy_lasco.commands.product_files import save
    from sunpy_lasco.errors import OptionError

    kind = arguments.kind
    if kind not in ("minimum", "median"):
        try:
            kind = float(kind)
        except ValueError:
            msg = f"--kind {kind} is not minimum, median or a percentile."
            raise OptionError(msg) from None
    options = None if arguments.counts else products_options(arguments)
    for frames in products.group_by_state(arguments.files, options=options).values():
        smap = products.background(frames, kind=kind, options=options)
        save(smap, arguments, label=smap.meta["bkgkind"])
    return 0
