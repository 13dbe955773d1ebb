"""Without torch everything except the network works, and the network names the missing package."""

import json
import subprocess
import sys

import pytest

PROGRAM = '''
import importlib, json, pkgutil, sys, warnings

from importlib.machinery import PathFinder

ABSENT = {"torch", "pytorch_lightning", "lightning", "torchmetrics"}
find_spec = PathFinder.find_spec


def find_present(name, path=None, target=None):
    """As if they were not installed."""
    return None if name.split(".")[0] in ABSENT else find_spec(name, path, target)


PathFinder.find_spec = find_present

from pathlib import Path

import sunpy.map
import sunpy_lasco
from sunpy_lasco.commands.main import main
from sunpy_lasco.errors import MissingAssetError
from sunpy_lasco.simulate import observe

said = {"needs torch": []}
for module in pkgutil.walk_packages(sunpy_lasco.__path__, "sunpy_lasco."):
    try:
        importlib.import_module(module.name)
    except ModuleNotFoundError as error:
        said["needs torch"].append((module.name, error.name))

work = Path(sys.argv[1])
times = "2002-01-08T12:00:00", "2002-01-08T12:12:00"
frames = [observe("C2", date=time, seed=seed, lost_blocks=[(8, 20)]) for seed, time in enumerate(times)]
frames[1].level05.save(work / "22000000.fts")
options = {"assets": "simulated", "on_bad": "ignore"}
for kind, given in {"alone": {}, "with others": {"context": [frames[0].level05]}}.items():
    level1 = sunpy_lasco.calibrate(frames[1].level05, **options, **given)
    said[kind] = [level1.meta["nfilled"], level1.meta["fillmeth"]]
try:
    sunpy_lasco.inpaint(frames[1].level05, "network")
except MissingAssetError as error:
    said["network"] = str(error)
try:
    sunpy_lasco.calibrate(frames[1].level05, inpaint="network", **options)
except MissingAssetError as error:
    said["calibrate by network"] = str(error)
said["command calibrate"] = main(
    ["calibrate", str(work / "22000000.fts"), "--assets", "estimate", "--on-bad", "ignore", "--out", str(work / "out")]
)
said["command train"] = main(["train", str(work / "22000000.fts"), "--camera", "C2", "--out", str(work / "trained")])
said["imported"] = sorted(name for name in sys.modules if name.split(".")[0] == "torch" and sys.modules[name])
print(json.dumps(said))
'''


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    folder = tmp_path_factory.mktemp("torchless")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM, str(folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1]) | {"errors": done.stderr, "folder": folder}


@pytest.mark.slow
def test_only_the_rooms_of_the_network_need_it(said):
    assert said["needs torch"]
    assert all(name.startswith("sunpy_lasco.network.") for name, _ in said["needs torch"])
    assert {missing for _, missing in said["needs torch"]} <= {"torch", "pytorch_lightning", "torchmetrics"}
    assert said["imported"] == []


@pytest.mark.versions
@pytest.mark.slow
@pytest.mark.parametrize("kind", ["alone", "with others"])
def test_lost_blocks_are_filled_by_the_other_methods(kind, said):
    filled, methods = said[kind]
    assert filled == 1
    assert methods
    assert "network" not in methods


@pytest.mark.slow
@pytest.mark.parametrize("how", ["network", "calibrate by network"])
def test_the_network_says_what_it_needs_and_what_else_there_is(how, said):
    assert "needs torch" in said[how]
    assert "auto" in said[how]


@pytest.mark.slow
def test_commands(said):
    assert said["command calibrate"] == 0
    assert [path.name for path in (said["folder"] / "out").rglob("2*.f*ts")]
    assert said["command train"] == 1
    assert "Training needs" in said["errors"]
