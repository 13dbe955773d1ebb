"""
Files left behind by downloads that are killed at random moments.

A download of twelve images from a slow loopback server is ended by SIGKILL, SIGTERM and SIGINT in turn, at a random
time, and then repeated.  Run it with ``python benchmarks/archive/kills.py [--kills 200] [--seed 1]``.
"""

import argparse
import logging
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "net"))

import loopback_archive
from loopback_archive import Answer, Site, sequence, serve

START = datetime(2012, 8, 31)
FILES = 12
#: Pause, s; a file takes ten of them, and two files are sent at once.
PAUSE = 0.012
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)


class Slow(Site):
    """Serve listings at once, and images slowly."""

    def answer(self, path):
        found = super().answer(path)
        return Answer(found.body, how="slow") if path.endswith(".fts") else found


def show(address, stop):
    loopback_archive.SLOWNESS = PAUSE
    site = Slow()
    site.tree("/nrl").add(sequence(START, count=FILES, step=timedelta(hours=1)))
    with serve(site) as url:
        address.put(url)
        stop.wait()


def fetch(table, folder, report):
    """Download in a separate process, which reports each complete file."""
    import parfive

    from sunpy_lasco.net import LASCOClient

    def done(path, url, error):
        if error is None:
            os.write(report, f"{path.name}\n".encode())

    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        downloader = parfive.Downloader(progress=False, config=parfive.SessionConfig(done_callbacks=[done]))
        files = LASCOClient().fetch(table, path=folder, downloader=downloader)
        status = 0 if len(files) == FILES else 1
    except KeyboardInterrupt:
        status = 130
    finally:
        os._exit(status)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    address, stop = context.Queue(), context.Event()
    server = context.Process(target=show, args=(address, stop), daemon=True)
    server.start()
    try:
        failures = run(address.get(), options)
    finally:
        stop.set()
        server.join()
    return 1 if failures else 0


def run(url, options):
    import sunpy
    from sunpy.net import attrs as a

    from sunpy_lasco.net import Archive, LASCOClient
    from sunpy_lasco.net.image_fetch import file_fault

    logging.getLogger("parfive").setLevel(logging.WARNING)
    LASCOClient.archives = (Archive("NRL", "0.5", f"{url}/nrl"),)
    chance, counts, failures = random.Random(options.seed), Counter(), []
    with tempfile.TemporaryDirectory() as scratch:
        sunpy.config.set("downloads", "remote_data_manager_dir", scratch)
        table = LASCOClient().search(a.Time(START, START + timedelta(hours=23)), a.Detector.c2)
        assert len(table) == FILES
        for number in range(options.kills):
            folder = Path(scratch, f"fetch_{number}")
            which = SIGNALS[number % len(SIGNALS)]
            reader, writer = os.pipe()
            pid = fetch(table, folder, writer)
            time.sleep(chance.uniform(0.0, FILES / 2 * 10 * PAUSE * 1.3))
            os.kill(pid, which)
            status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            os.close(writer)
            complete = set(os.read(reader, 10_000).decode().split())
            os.close(reader)
            there = {path.name for path in folder.glob("*.fts")} if folder.exists() else set()
            faults = {name: file_fault(folder / name) for name in there}
            left = hidden(folder)
            # Start again.
            again = fetch(table, folder, os.open(os.devnull, os.O_WRONLY))
            finished = os.waitstatus_to_exitcode(os.waitpid(again, 0)[1]) == 0
            counts.update(
                kills=1,
                complete=len(complete),
                in_place=len(complete & there),
                damaged=sum(fault is not None for fault in faults.values()),
                left=len(left),
                left_in_the_end=len(hidden(folder)),
                whole_in_the_end=sum(file_fault(path) is None for path in folder.glob("*.fts")),
                ended_by_itself=status == 0,
            )
            expected = {signal.SIGKILL: {-9}, signal.SIGTERM: {-15}, signal.SIGINT: {130, -2}}[which] | {0}
            if not (complete <= there and not any(faults.values()) and finished and not hidden(folder)):
                failures.append(
                    f"kill {number} by {which.name}: {complete - there} missing, {faults}, {hidden(folder)}"
                )
            if status not in expected:
                failures.append(f"kill {number} by {which.name}: it ended with status {status}")
    print(f"{counts['kills']} kills of a fetch of {FILES} files, {counts['ended_by_itself']} of them after its end")
    print(f"files complete at that moment      {counts['complete']:6d}, of them in their place {counts['in_place']}")
    print(f"damaged files in a place           {counts['damaged']:6d}")
    print(f"parts left behind                  {counts['left']:6d}, after the next start {counts['left_in_the_end']}")
    print(f"whole files after the next start   {counts['whole_in_the_end']:6d} of {counts['kills'] * FILES}")
    print("\n".join(failures) or "no failure")
    return failures


def hidden(folder):
    return [path for path in folder.rglob("*") if path.name.startswith(".")] if folder.exists() else []


if __name__ == "__main__":
    sys.exit(main())
