"""Failing output ends a command with a message and an exit status, not with a traceback."""

import contextlib
import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sunpy_lasco import simulate
from sunpy_lasco.bulk.processes import each_outcome
from sunpy_lasco.commands.main import main

COMMANDS = [
    ["--version"], ["--help"], ["demo", "--help"], ["calibrate", "--help"], ["assets", "--help"], ["train", "--help"],
    ["assets", "list"], ["assets", "check"], ["ephemeris", "show", "2001-01-01"], ["calibrate", "FRAME"],
]  # fmt: skip

full_device = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")


@pytest.fixture(scope="module")
def frame(tmp_path_factory):
    folder = tmp_path_factory.mktemp("frame")
    return str(simulate.write_level05(simulate.observe("C2", leb_sum=(2, 2), seed=5), folder))


@contextlib.contextmanager
def full(buffering):
    with Path("/dev/full").open("wb", buffering=0) as raw:
        yield io.TextIOWrapper(io.BufferedWriter(raw) if buffering else raw, write_through=not buffering)


@contextlib.contextmanager
def closed(buffering):
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb", buffering=0) as raw:
        yield io.TextIOWrapper(io.BufferedWriter(raw) if buffering else raw, write_through=not buffering)


@full_device
@pytest.mark.parametrize("buffering", [True, False], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize(("output", "reason"), [(full, "No space left on device"), (closed, "Broken pipe")])
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_standard_output_that_fails(command, output, reason, buffering, frame, tmp_path, monkeypatch, capsys):
    arguments = [frame if one == "FRAME" else one for one in command]
    if arguments != command:
        arguments += ["--assets", "simulated", "--out", str(tmp_path)]
    with output(buffering) as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        assert main(arguments) == 1
        assert sys.stdout is stream
        # Nothing is left to retry.
        stream.close()
    assert capsys.readouterr().err == (
        f"sunpy-lasco: standard output cannot be written to ({reason}); the command stopped there\n"
    )


def test_python_adds_nothing_at_its_end():
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "sunpy_lasco", "--version"], stdout=writing, stderr=subprocess.PIPE, text=True,
        check=False, env={**os.environ, "PYTHONUNBUFFERED": ""},
    )  # fmt: skip
    os.close(writing)
    assert done.returncode == 1
    assert done.stderr == "sunpy-lasco: standard output cannot be written to (Broken pipe); the command stopped there\n"


@full_device
def test_a_standard_error_that_fails(monkeypatch):
    with full(False) as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        assert main(["calibrate", "nothing.fts", "--assets", "simulated"]) == 1
    monkeypatch.undo()


def test_without_standard_output(frame, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    assert main(["calibrate", frame, "--assets", "simulated", "--out", str(tmp_path)]) == 0
    assert sys.stdout is None
    assert list(tmp_path.rglob("*.fts"))


@pytest.mark.parametrize("command", [["calibrate", "FRAME", "--assets", "simulated"], ["demo"]], ids=" ".join)
def test_a_folder_that_cannot_be(command, frame, tmp_path, capsys):
    (tmp_path / "file").touch()
    arguments = [frame if one == "FRAME" else one for one in command]
    assert main([*arguments, "--out", str(tmp_path / "file" / "out")]) == 1
    said = capsys.readouterr().err
    assert said.startswith("sunpy-lasco: ")
    assert str(tmp_path / "file") in said
    assert "Traceback" not in said


def test_a_disk_that_is_full(frame, tmp_path, full_disk, capsys):
    with full_disk(50_000):
        assert main(["calibrate", frame, "--assets", "simulated", "--out", str(tmp_path)]) == 1
    assert "File too large: '" in capsys.readouterr().err
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_what_the_user_breaks_off(monkeypatch, capsys):
    def broken_off(options):
        raise KeyboardInterrupt

    monkeypatch.setattr("sunpy_lasco.commands.assets._list", broken_off)
    assert main(["assets", "list"]) == 130
    assert capsys.readouterr().err == "sunpy-lasco: interrupted; completed files are kept\n"


@pytest.mark.skipif(os.name != "posix", reason="there is no shell")
def test_what_nobody_waits_for_is_not_begun(tmp_path):
    """After Ctrl-C, or if the output is closed, the current frames are finished and no others are started."""
    tasks = [["sh", "-c", f"sleep 0.3; echo > {tmp_path}/{number}"] for number in range(12)]
    results = each_outcome(tasks, subprocess.check_output, -1, 2)
    next(results)
    results.close()
    done = len(list(tmp_path.iterdir()))
    assert 1 <= done <= 8
    time.sleep(0.7)
    assert len(list(tmp_path.iterdir())) == done


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_key_ends_all_processes(frame, tmp_path):
    """Ctrl-C reaches the whole process group; one line is printed, and all files are complete."""
    copies = []
    for number in range(30):
        copies.append(tmp_path / f"224{number:05d}.fts")
        copies[-1].write_bytes(Path(frame).read_bytes().replace(Path(frame).name.encode(), copies[-1].name.encode()))
    process = subprocess.Popen(
        [sys.executable, "-m", "sunpy_lasco", "calibrate", *map(str, copies), "--assets", "simulated",
         "--out", str(tmp_path / "out"), "--jobs", "2", "--inpaint", "none"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    process.stdout.readline()
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in said
    assert said.rstrip().splitlines()[-1].startswith("sunpy-lasco: interrupted")
    assert 1 <= len(list((tmp_path / "out").rglob("*.fts"))) < 30
    assert not list((tmp_path / "out").rglob("*.part"))
