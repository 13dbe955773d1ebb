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


# Which blocks can be filled is not what is tested here.
@pytest.mark.filterwarnings("ignore:.*pixels stay empty")
@pytest.mark.slow
def test_demo(tmp_path, capsys):
    from PIL import Image

    assert main(["demo", "--out", str(tmp_path / "demo")]) == 0
    said = capsys.readouterr().out
    files = sorted(path.relative_to(tmp_path / "demo").as_posix() for path in (tmp_path / "demo").rglob("*.fts"))
    assert [name.rsplit("/", 1)[-1][:2] for name in files] == ["22", "32", "25", "35"]
    for name in files:
        assert name.rsplit("/", 1)[-1] in said
    image = Image.open(tmp_path / "demo" / "before_and_after.png").convert("L")
    assert image.width > 800
    assert len(image.getcolors()) > 100
