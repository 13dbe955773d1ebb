"""
The command ``sunpy-lasco``.

Each subcommand is a module of its own, imported when its command is called: help and
errors of usage do not wait for what only the work needs.
"""

import argparse
import contextlib
import importlib
import logging

from sunpy_lasco.version import version

__all__ = ["main"]

#: Subcommands in the order of the help: what each does, and the module that does it.
COMMANDS = {
    "demo": ("calibrate simulated exposures and draw them", "sunpy_lasco.commands.demo"),
    "calibrate": ("turn level-0.5 files into level-1 files", "sunpy_lasco.commands.calibrate"),
    "assets": ("list, fetch, check and pin calibration images and tables", "sunpy_lasco.commands.assets"),
    "ephemeris": ("make the table of SOHO's position, and look into it", "sunpy_lasco.commands.ephemeris"),
    "train": ("train a network for missing blocks", "sunpy_lasco.commands.train"),
}


class _CommandParser(argparse.ArgumentParser):
    """A parser of a subcommand, whose arguments its module adds when they are to be parsed."""

    module = None

    def parse_known_args(self, args=None, namespace=None):
        if self.module is not None:
            name, self.module = self.module, None
            importlib.import_module(name).add_arguments(self)
        return super().parse_known_args(args, namespace)


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
    subparsers = top.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=_CommandParser)
    for name, (text, module) in COMMANDS.items():
        subparsers.add_parser(name, help=text).module = module
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
    with _each_warning_once():
        return options.run(options)


@contextlib.contextmanager
def _each_warning_once():
    """Drms gives the root logger a handler of its own, by which each warning of astropy's logger is shown twice."""
    logger = logging.getLogger("astropy")
    before, logger.propagate = logger.propagate, False
    try:
        yield
    finally:
        logger.propagate = before
