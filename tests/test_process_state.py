"""Importing and using the package changes nothing in the process except map sources, client and unit."""

import json
import subprocess
import sys

import pytest

PROGRAM = """
import json, locale, logging, os, random, signal, socket, sys, threading, warnings

import matplotlib
matplotlib.use("agg")
from matplotlib._pylab_helpers import Gcf
import numpy as np
import parfive
import astropy.units as u
import sunpy.map, sunpy.net, sunpy.visualization.colormaps
from astropy import conf, log
from sunpy.util import parfive_helpers


def logger(name):
    one = logging.getLogger(name)
    return [one.level, one.propagate, one.disabled, [repr(handler) for handler in one.handlers], len(one.filters)]


def others(registry):
    return sorted(repr(one) for one in registry if not one.__module__.startswith("sunpy_lasco"))


def umask():
    found = os.umask(0o22)
    os.umask(found)
    return found


def state():
    return {
        "socket time-out": socket.getdefaulttimeout(),
        "logger of astropy": logger("astropy"),
        "logger of sunpy": logger("sunpy"),
        "root logger": logger(None),
        "warnings filters": [repr(one) for one in warnings.filters],
        "showwarning": repr(warnings.showwarning),
        "numpy errors": np.geterr(),
        "numpy printing": repr(np.get_printoptions()),
        "random numbers of numpy": str(np.random.get_state()[1][:4]) + str(np.random.get_state()[2]),
        "random numbers of Python": hash(random.getstate()),
        "matplotlib settings": {key: repr(value) for key, value in matplotlib.rcParams.items()},
        "matplotlib backend": matplotlib.get_backend(),
        "open figures": list(Gcf.figs),
        "environment": dict(os.environ),
        "signals": [repr(signal.getsignal(one)) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE)],
        "locale": locale.setlocale(locale.LC_ALL),
        "path": list(sys.path),
        "recursion limit": sys.getrecursionlimit(),
        "parfive": [repr(vars(parfive_helpers.Downloader().config)), repr(vars(parfive.SessionConfig()))],
        "standard streams": [id(sys.stdout), id(sys.stderr)],
        "excepthook": repr(sys.excepthook),
        "clients of others": others(sunpy.net.Fido.registry),
        "map sources of others": others(sunpy.map.Map.registry),
        "enabled units": len(u.get_current_unit_registry().all_units),
        "working directory": os.getcwd(),
        "threads": sorted(one.name for one in threading.enumerate()),
        "umask": umask(),
    }


# What drms, which sunpy.net imports, does to the root logger is what the package undoes, and no more.
logging.getLogger().handlers.clear()
logging.getLogger().setLevel(logging.WARNING)
seen = [state()]
import sunpy_lasco
sunpy_lasco.__all__
[getattr(sunpy_lasco, name) for name in sunpy_lasco.__all__ if name not in ("simulate",)]
seen.append(state())

from pathlib import Path
from sunpy_lasco.simulate import observe
work = Path(sys.argv[1])
simulation = observe("C2", leb_sum=(2, 2), seed=1, lost_blocks=[(8, 3)])
raw = simulation.level05
raw.save(work / "22000000.fts")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    level1 = sunpy_lasco.calibrate(raw, assets="simulated", on_bad="ignore")
    sunpy_lasco.write_level1(level1, work / "level1.fits")
    sunpy_lasco.read_level1(work / "level1.fits")
    (level1 - level1).rotate(3 * u.deg)
    figure = matplotlib.figure.Figure()
    level1.plot(axes=figure.add_subplot(projection=level1))
    figure.savefig(work / "picture.png")
seen.append(state())

from sunpy_lasco.commands.main import main
with open(os.devnull, "w") as null:
    streams, sys.stdout, sys.stderr = (sys.stdout, sys.stderr), null, null
    for arguments in (
        ["calibrate", str(work / "22000000.fts"), "--assets", "estimate", "--out", str(work / "out")],
        ["calibrate", str(work / "absent.fts"), "--out", str(work / "out")],
        ["nonsense"],
    ):
        try:
            main(arguments)
        except SystemExit:
            pass
    sys.stdout, sys.stderr = streams
seen.append(state())
print(json.dumps(seen, default=repr))
"""

ITEMS = [
    "socket time-out",
    "logger of astropy",
    "logger of sunpy",
    "root logger",
    "warnings filters",
    "showwarning",
    "numpy errors",
    "numpy printing",
    "random numbers of numpy",
    "random numbers of Python",
    "matplotlib settings",
    "matplotlib backend",
    "open figures",
    "environment",
    "signals",
    "locale",
    "path",
    "recursion limit",
    "parfive",
    "standard streams",
    "excepthook",
    "clients of others",
    "map sources of others",
    "working directory",
    "threads",
    "umask",
]


@pytest.fixture(scope="module")
def states(tmp_path_factory):
    """The state before and after the import, after a calibration with files and pictures, and after commands."""
    folder = tmp_path_factory.mktemp("state")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder)], capture_output=True, text=True, check=False, cwd=folder
    )
    assert done.returncode == 0, done.stderr
    assert (folder / "picture.png").exists()
    assert list((folder / "out").rglob("*.fits")) or list((folder / "out").rglob("*.fts"))
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.versions
@pytest.mark.slow
@pytest.mark.parametrize("item", ITEMS)
def test_nothing_of_the_process_is_changed_for_good(item, states):
    for later, what in zip(states[1:], ("the import", "a calibration", "commands"), strict=True):
        assert later[item] == states[0][item], f"{what} changed it"


@pytest.mark.slow
def test_msb_is_the_one_unit_that_is_added(states):
    assert states[1]["enabled units"] - states[0]["enabled units"] <= 1
    assert set(states[0]) == {*ITEMS, "enabled units"}
