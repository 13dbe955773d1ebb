"""Killed fetches: complete files are in place, and nothing else remains."""

import os
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import pytest
from loopback_archive import Answer, sequence

PROGRAM = Path(__file__).parents[2] / "benchmarks" / "archive" / "kills.py"

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals of Unix")


@pytest.mark.parametrize("kills", [6, pytest.param(200, marks=pytest.mark.minutes)])
def test_killed_fetches(kills):
    """Kills by SIGKILL, SIGTERM and SIGINT in turn, at random moments."""
    command = [sys.executable, str(PROGRAM), "--kills", str(kills)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{kills} kills of a fetch of 12 files" in done.stdout
    assert "after the next start 0" in done.stdout
    assert f"{kills * 12} of {kills * 12}" in done.stdout


#: Code of a user, in a script and in a notebook, where an event loop is already running.
SCRIPT = """
import signal, sys
# Where the tests run in the background of a shell, interrupts are ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
import asyncio
from sunpy.net import Fido, attrs as a
from sunpy_lasco.net import Archive, LASCOClient
LASCOClient.archives = (Archive("NRL", "0.5", sys.argv[1]),)
result = Fido.search(a.Time("2012-08-31", "2012-08-31 23:59"), a.Detector.c2, a.lasco.Size.full)
def work():
    print("ready", flush=True)
    Fido.fetch(result, path=sys.argv[2], progress=False)
    print("done", flush=True)
async def cell():
    work()
"""


@pytest.mark.parametrize("how", ["work()", "asyncio.new_event_loop().run_until_complete(cell())"])
def test_ctrl_c_says_so(site, tmp_path, how):
    """The program ends at once with KeyboardInterrupt, as its exit status shows."""
    site.nrl.add(sequence(datetime(2012, 8, 31, 19)))
    site.faults["/nrl/level_05/120831/c2/22000001.fts"] = Answer(bytes(9000), how="drip")
    folder = tmp_path / "images"
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT + how, f"{site.url}/nrl/level_05", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline().strip() == "ready"
    deadline = time.monotonic() + 20
    while len(list(folder.glob("*.fts"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    start = time.monotonic()
    process.send_signal(signal.SIGINT)
    output, problems = process.communicate(timeout=20)
    assert time.monotonic() - start < 10
    assert process.returncode not in (0, None)
    assert "KeyboardInterrupt" in problems
    assert "done" not in output
    assert sorted(path.name for path in folder.rglob("*")) == ["22000000.fts", "22000002.fts"]
