"""``sunpy-lasco difference``: running, base and percent differences of files."""

from sunpy_lasco.commands.product_files import add_product_arguments

__all__ = ["add_arguments", "add_difference_arguments", "differences"]

DESCRIPTION = """
Subtract frames of one camera from each other, and write a FITS file and a picture for each difference.
Level-0.5 frames are calibrated first.  Relative exposures are measured in a quiet
sector.
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
        help="kind of difference (default: running)",
    )
    add_difference_arguments(parser)
    add_product_arguments(parser)
    parser.set_defaults(run=run)


def add_difference_arguments(parser):
    """
    Add the options for differences.

    Parameters
    ----------
    parser : `argparse.ArgumentParser`
    """
    parser.add_argument("--step", metavar="MINUTES", type=float, help="time between the frames of a running difference")
    parser.add_argument(
        "--base", metavar="N", type=int, default=1, help="the base is the median of the first N frames (default: 1)"
    )
    parser.add_argument("--rate", action="store_true", help="divide running differences by their interval")


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
    from sunpy_lasco.commands.product_files import frames_of, save

    found = differences(frames_of(arguments), arguments.kind, arguments)
    for number in range(len(found)):
        save(found.frame(number), arguments)
    return 0


def differences(frames, kind, arguments):
    """
    Compute the differences for a command line.

    Parameters
    ----------
    frames : `~sunpy_lasco.products.Sequence`
    kind : `str`
        ``"running"``, ``"base"`` or ``"percent"``.
    arguments : `argparse.Namespace`
        Parsed arguments of `add_difference_arguments`.

    Returns
    -------
    `~sunpy_lasco.products.Sequence`
    """
    import astropy.units as u

    from sunpy_lasco import products

    if kind == "running":
        step = None if arguments.step is None else arguments.step * u.min
        return products.running_difference(frames, step=step, rate=arguments.rate)
    make = products.base_difference if kind == "base" else products.percent_difference
    return make(frames, arguments.base)
