"""
The command ``sunpy-lasco``.

Each subcommand is a module of its own, imported when its command is called: help and
errors of usage do not wait for what only the work needs.
"""

import argparse
import atexit
import contextlib
import importlib
import logging
import os
import signal
import sys

from sunpy_lasco.errors import LascoError
from sunpy_lasco.version import version

__all__ = ["main", "run_process"]

#: Subcommands in the order of the help: description and module.
COMMANDS = {
    "demo": ("calibrate simulated exposures and draw them", "sunpy_lasco.commands.demo"),
    "calibrate": ("turn level-0.5 files into level-1 files", "sunpy_lasco.commands.calibrate"),
    "pointing": ("find Sun centre and roll of frames by their stars", "sunpy_lasco.commands.pointing"),
    "photometry": ("find calibration factor from stars", "sunpy_lasco.commands.photometry"),
    "difference": ("subtract frames from each other", "sunpy_lasco.commands.difference"),
    "movie": ("make movies of images or of their differences", "sunpy_lasco.commands.movie"),
    "jmap": ("follow a front, and measure its speed", "sunpy_lasco.commands.jmap"),
    "mass": ("measure masses of coronal mass ejections", "sunpy_lasco.commands.mass"),
    "event": ("complete analysis of a coronal mass ejection", "sunpy_lasco.commands.event"),
    "polarize": ("polarised brightness from triplets", "sunpy_lasco.commands.polarize"),
    "background": ("make background models", "sunpy_lasco.commands.background"),
    "assets": ("list, download, check and pin calibration images and tables", "sunpy_lasco.commands.assets"),
    "verify": ("measure the accuracy of the calibration", "sunpy_lasco.commands.verify"),
    "ephemeris": ("make and show tables of SOHO's position", "sunpy_lasco.commands.ephemeris"),
    "train": ("train a network for missing blocks", "sunpy_lasco.commands.train"),
}

#: Exit status of a process interrupted by the user: 128 plus the number of the signal.
INTERRUPTED = 130


class _CommandParser(argparse.ArgumentParser):
    """Parser of a subcommand, whose module adds the arguments when they are parsed."""

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
    Run the command line with ``arguments``, by default those of this process.

    The exit status is 0 on success, 1 if something failed or could not be printed, 2 (through `SystemExit`)
    if the command line is invalid, 130 if it was interrupted.
    """
    output = _Output(sys.stdout)
    try:
        status = _run(arguments, output)
    except SystemExit:
        # argparse ends the process in this way after a help text, without checking that it was written.
        if output.error is None:
            raise
    if output.error is None:
        return status
    _complain(f"standard output cannot be written to ({output.error.strerror}); the command stopped there")
    output.give_up()
    return 1


def run_process():
    """
    Run the command line as a whole process; the exit status is that of `main`.

    An interrupted process ends here, since a regular exit of Python takes another second.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _Interrupt())
    status = main()
    if status == INTERRUPTED:
        # Remove temporary files and flush the output.
        atexit._run_exitfuncs()
        for stream in filter(None, (sys.stdout, sys.stderr)):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(status)
    return status


class _Interrupt:
    """What Ctrl-C does: KeyboardInterrupt, and a note that it came, since an import that catches all may swallow it."""

    came = False

    def __call__(self, *_):
        self.came = True
        raise KeyboardInterrupt


def _look_for_interrupt():
    """Raise it again if it was swallowed while the module of the command, and what that needs, was imported."""
    if getattr(signal.getsignal(signal.SIGINT), "came", False):
        raise KeyboardInterrupt


def _run(arguments, output):
    """Run the command line with standard output watched, and return the exit status."""
    try:
        with contextlib.redirect_stdout(output if output.stream else None), _each_warning_once():
            try:
                options = parser().parse_args(arguments)
                _look_for_interrupt()
                return options.run(options)
            finally:
                output.flush()
    except KeyboardInterrupt:
        _complain("interrupted; completed files are kept")
        return INTERRUPTED
    except (LascoError, OSError) as error:
        if output.error is None:
            _complain(error)
        return 1


class _Output:
    """
    Standard output that records its failures.

    An error of it cannot be told from others where it arrives, and some do not arrive at all.
    """

    def __init__(self, stream):
        self.stream, self.error = stream, None

    def __getattr__(self, name):
        return getattr(self.stream, name)

    def write(self, text):
        with self._watched():
            return self.stream.write(text)

    def flush(self):
        with self._watched():
            if self.stream is not None:
                self.stream.flush()

    @contextlib.contextmanager
    def _watched(self):
        try:
            yield
        except OSError as error:
            self.error = error
            raise

    def give_up(self):
        """Let nothing that is still to be written be tried again when Python ends, which would say so."""
        with contextlib.suppress(OSError, ValueError):
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self.stream.fileno())
            os.close(null)


def _complain(message):
    with contextlib.suppress(OSError):
        print(f"sunpy-lasco: {message}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def _each_warning_once():
    """Keep a handler that drms adds to the root logger from showing each warning of astropy's logger twice."""
    logger = logging.getLogger("astropy")
    before, logger.propagate = logger.propagate, False
    try:
        yield
    finally:
        logger.propagate = before
