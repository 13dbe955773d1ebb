"""Runs that are killed at random moments."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "bulk" / "kills.py"


def killed(kills):
    done = subprocess.run(
        # Other tests run at the same time, so the benchmark checks that an end takes at most two seconds.
        [sys.executable, str(SCRIPT), "--kills", str(kills), "--longest-end", "25"],
        capture_output=True,
        text=True,
        check=False,
        timeout=3600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = {what: int(number) for number, what in (line.split(maxsplit=1) for line in done.stdout.splitlines())}
    assert found["kills"] >= kills
    assert found["faults"] == 0
    assert found["runs that came to their end"] >= 1


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked for in /proc")
def test_a_few_kills():
    killed(4)


@pytest.mark.minutes
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked for in /proc")
def test_two_hundred_kills():
    killed(200)
