"""
Results of requests to hostile servers: the message, the number of requests, and the time.

The time limits are small: 0.4 s of silence, 0.8 s for an answer, 0.02 s before the second try.  The defaults are 15 s
of silence, and 120 s (a listing) or 900 s (an image) for an answer.  Run it with ``python
benchmarks/archive/hostile.py``.
"""

import logging
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "net"))

from hostile import SERVERS, meet

import sunpy


def main():
    for name in ("parfive", "sunpy"):
        logging.getLogger(name).setLevel(logging.WARNING)
    print("| server | in the place of | tries | s | what comes of it |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        sunpy.config.set("downloads", "remote_data_manager_dir", scratch)
        for number, server in enumerate(SERVERS):
            found = meet(server, Path(scratch, str(number)))
            things = "image" if server.thing == "image" else "line" if server.thing == "listing" else "name"
            outcome = (
                found.message.replace("\n", " ") or f"understood: {found.count} {things}{'s' * (found.count != 1)}"
            )
            print(f"| {server.name} | {server.thing} | {found.tries} | {found.seconds:.1f} | {outcome} |")


if __name__ == "__main__":
    main()
