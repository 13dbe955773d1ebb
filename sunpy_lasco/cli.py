"""
The command ``sunpy-lasco``.

Each subcommand is a module that adds its own parser: the modules of
`sunpy_lasco.commands`, and ``commands`` of the subpackages that bring theirs.
"""

import argparse
import importlib
import logging

from sunpy_lasco.version import version

__all__ = ["main"]

#: Modules that add subcommands, in the order of the help.
COMMANDS = (
    "sunpy_lasco.commands.demo",
    "sunpy_lasco.commands.calibrate",
    "sunpy_lasco.assets.commands",
    "sunpy_lasco.commands.ephemeris",
    "sunpy_lasco.commands.train",
)


def parser():
    """
    Build the parser of the whole command line.

    Returns
    -------
    `argparse.ArgumentParser`
    """
    top = argparse.ArgumentParser(
        prog="sunpy-lasco",
        description="Calibrate and repair images of the coronagraphs LASCO C2 and C3.",
    )
    top.add_argument("--version", action="version", version=f"%(prog)s {version}")
    subparsers = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in COMMANDS:
        importlib.import_module(name).add_parser(subparsers)
    return top


def main(arguments=None):
    """
    Run the command line.

    Parameters
    ----------
    arguments : `list` of `str`, optional
        What follows the name of the command; by default that of this process.

    Returns
    -------
    `int`
        The exit status: 0 if all went well, 1 if something could not be done,
        2 (through `SystemExit`) if the command line cannot be understood.
    """
    options = parser().parse_args(arguments)
    # drms gives the root logger a handler of its own, by which each warning would be shown twice.
    logging.getLogger("astropy").propagate = False
    return options.run(options)
