"""The command line as a whole."""

import subprocess
import sys

import pytest

import sunpy_lasco
from sunpy_lasco.commands.main import main


def test_version(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"sunpy-lasco {sunpy_lasco.__version__}\n"


@pytest.mark.parametrize("command", [[], ["demo"], ["calibrate"], ["assets"]])
def test_help(command, capsys):
    with pytest.raises(SystemExit) as stop:
        main([*command, "--help"])
    assert stop.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: {' '.join(['sunpy-lasco', *command])}")


@pytest.mark.parametrize("arguments", [[], ["calibrate"], ["paint"], ["calibrate", "x.fts", "--jobs", "0"]])
def test_a_command_line_that_cannot_be_understood(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert "usage: sunpy-lasco" in capsys.readouterr().err


def test_run_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "sunpy_lasco", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"sunpy-lasco {sunpy_lasco.__version__}\n"


@pytest.mark.parametrize("status", [0, 1, 130])
def test_a_process_that_was_broken_off_ends_at_once(status, monkeypatch):
    """
    After Ctrl-C the command removes its temporary files and ends the process at once; otherwise Python ends as usual.
    """
    from sunpy_lasco.commands import main as command

    done = []
    monkeypatch.setattr(command, "main", lambda: status)
    monkeypatch.setattr("atexit._run_exitfuncs", lambda: done.append("cleared"))
    monkeypatch.setattr("os._exit", done.append)
    assert command.run_process() == status
    assert done == (["cleared", 130] if status == 130 else [])


SWALLOWED = """
import os, signal, sys
from sunpy_lasco.commands import main

class Swallowing:
    def find_spec(self, name, *_):
        if name == "sunpy_lasco.commands.assets":
            try:
                os.kill(os.getpid(), signal.SIGINT)
                [None for _ in range(1000)]
            except BaseException as error:
                print("swallowed", type(error).__name__, flush=True)

# Where tests run in the background of a shell it is ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.meta_path.insert(0, Swallowing())
sys.argv = ["sunpy-lasco", "assets", "list"]
sys.exit(main.run_process())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_an_interrupt_that_an_import_swallows_counts():
    done = subprocess.run([sys.executable, "-c", SWALLOWED], capture_output=True, text=True, check=False, timeout=300)
    assert done.stdout == "swallowed KeyboardInterrupt\n"
    assert done.returncode == 130
    assert "interrupted" in done.stderr
