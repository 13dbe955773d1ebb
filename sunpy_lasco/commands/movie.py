"""``sunpy-lasco movie``: movies of images or of their differences."""

from pathlib import Path

from sunpy_lasco.commands.difference import add_difference_arguments, differences
from sunpy_lasco.commands.product_files import add_product_arguments

__all__ = ["add_arguments"]

DESCRIPTION = """
Make a movie of frames of one camera with even time steps, one scale, and marked gaps. The extension of --out
selects the format: .mp4, .gif, or a folder of PNG pictures. Level-0.5 frames are calibrated first.
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
        "--difference",
        choices=("none", "running", "base", "percent"),
        default="none",
        help="kind of difference (default: none)",
    )
    add_difference_arguments(parser)
    parser.add_argument("--fps", metavar="N", type=float, default=10.0, help="frames per second (default: 10)")
    parser.add_argument("--size", metavar="PIXELS", type=int, help="on a side (default: 1024, of a GIF 512)")
    parser.add_argument(
        "--every-image", action="store_true", help="one image after the other, regardless of their times"
    )
    add_product_arguments(parser, pictures=False)
    parser.set_defaults(run=run, out=Path("movie.mp4"))


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
    import sys

    from sunpy_lasco import products
    from sunpy_lasco.commands.product_files import frames_of

    shown = frames_of(arguments)
    if arguments.difference != "none":
        shown = differences(shown, arguments.difference, arguments)
    path = products.movie(
        shown,
        arguments.out,
        fps=arguments.fps,
        size=arguments.size,
        step=None if arguments.every_image else "auto",
        overwrite=arguments.overwrite,
        progress=sys.stderr.isatty(),
    )
    print(path)
    return 0
