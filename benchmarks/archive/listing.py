"""
Time, requests and memory to list years of images.

A model archive with today's cadence runs on a loopback server in a separate process.  Run it with ``python
benchmarks/archive/listing.py [--years 1 2 5 10] [--latency SECONDS]``.
"""

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
import warnings
from datetime import date, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "net"))

from loopback_archive import Answer, Image, Site, serve

#: Images a day: one every 12 minutes, polariser sequences twice a day in between.
CADENCE = timedelta(minutes=12)
FIRST = date(2010, 1, 1)


class Years(Site):
    """Day listings of a mission without gaps, written on request."""

    def __init__(self, latency):
        super().__init__()
        self.delay = latency

    def answer(self, path):
        *_, directory, camera, name = path.split("/")
        if name != "img_hdr.txt":
            return Answer(status=404)
        day = datetime.strptime(directory, "%y%m%d")
        number = int(camera[1]) * 10_000_000 + 2_000_000 + (day - datetime(1996, 1, 1)).days * 120 % 1_000_000
        usual = {"c2": "Orange", "c3": "Clear"}[camera]
        lines = []
        for n in range(120):
            polar = ("Clear", "+60 Deg", "0 Deg", "-60 Deg")[n % 4] if n % 60 < 4 else "Clear"
            shape = (512, 512) if n % 60 < 4 else (1024, 1024)
            image = Image(f"{number + n}.fts", day + n * CADENCE, shape=shape, filter=usual, polar=polar)
            lines.append(image.line())
        return Answer("".join(lines).encode(), kind="text/plain")


def show(latency, address, stop):
    with serve(Years(latency)) as url:
        address.put(url)
        stop.wait()


def measure(url, years, connection):
    """Search twice in a new process, first without and then with cached listings."""
    import sunpy
    from sunpy.net import attrs as a

    from sunpy_lasco.net import Archive, LASCOClient, days
    from sunpy_lasco.net.web import Web

    with tempfile.TemporaryDirectory() as directory:
        sunpy.config.set("downloads", "remote_data_manager_dir", directory)
        LASCOClient.archives = (Archive("NRL", "0.5", f"{url}/level_05"),)
        webs = []

        class CountingWeb(Web):
            def __init__(self, **kwargs):
                super().__init__(**kwargs)
                webs.append(self)

        days.Web = CountingWeb
        end = date(FIRST.year + years, 1, 1) - timedelta(days=1)
        query = (a.Time(f"{FIRST}", f"{end} 23:59:59"), a.Instrument.lasco, a.Level("0.5"))
        before = _memory()
        figures = {"days": (end - FIRST).days + 1}
        for name in ("first", "again"):
            start, worked = time.perf_counter(), time.process_time()
            result = LASCOClient().search(*query)
            figures[name] = time.perf_counter() - start
            figures[f"{name} work"] = time.process_time() - worked
            figures[f"{name} requests"] = webs[-1].requests
            if name == "first":
                figures["memory"] = _memory() - before
        figures["images"] = len(result)
        files = [path.stat() for path in Path(directory).rglob("*.gz")]
        figures["kept"] = sum(file.st_blocks * 512 for file in files) / 1e6
        assert len(result) == figures["days"] * 240, "the answer is not complete"
    connection.send(figures)


def _memory():
    """Peak resident memory, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--years", type=int, nargs="+", default=[1, 2, 5, 10])
    parser.add_argument("--latency", type=float, default=0.0, help="seconds that the server waits before an answer")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    context = multiprocessing.get_context("spawn")
    address, stop = context.Queue(), context.Event()
    server = context.Process(target=show, args=(options.latency, address, stop), daemon=True)
    server.start()
    url = address.get()
    heads = ["years", "days", "requests", "images", "first, s", "work, s"]
    heads += ["again, s", "work, s", "requests", "memory, MB", "kept, MB"]
    print("|", " | ".join(heads), "|")
    print("|" + "---|" * len(heads))
    for years in options.years:
        receive, send = context.Pipe(duplex=False)
        worker = context.Process(target=measure, args=(url, years, send))
        worker.start()
        send.close()
        row = receive.recv()
        worker.join()
        cells = [years, row["days"], row["first requests"], row["images"]]
        cells += [f"{row[key]:.1f}" for key in ("first", "first work", "again", "again work")]
        cells += [row["again requests"], f"{row['memory']:.0f}", f"{row['kept']:.0f}"]
        print("|", " | ".join(map(str, cells)), "|", flush=True)
    stop.set()
    server.join()


if __name__ == "__main__":
    main()
