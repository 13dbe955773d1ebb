"""The structure of the package: imports, names and documentation."""

import ast
import importlib
import inspect
import pkgutil
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

import pytest
from packaging.version import Version

import sunpy_lasco
from sunpy_lasco.commands.main import COMMANDS

PACKAGE = Path(sunpy_lasco.__file__).parent

#: Imports run from a higher number to a lower one.
RANKS = {
    "annotations": 0,
    "errors": 0,
    "pixel_flags": 0,
    "units": 0,
    "_version": 0,
    "version": 1,
    "config": 1,
    "files": 1,
    "registration": 0,
    "robust": 0,
    "instrument": 2,
    "geometry": 3,
    "net": 3,
    "assets": 4,
    "data": 4,
    "map": 5,
    "simulate": 5,
    "repair": 6,
    "stars": 6,
    "level1": 7,
    "products": 8,
    "network": 8,
    "bulk": 9,
    "verify": 9,
    "commands": 10,
    "__main__": 11,
}
#: Imports between rooms of the same floor: the simulator makes maps.
SAME_FLOOR = {("net", "geometry"), ("simulate", "map")}
#: The simulator proves the calibration only as long as it shares nothing but constants with it.
SHARED_WITH_SIMULATOR = {"cameras", "constants"}

#: The entry point of the command line; no package offers it under its own name.
HIDDEN = ["commands/main.py: main"]
#: Names that two modules offer, and why.
SAME_IN_TWO_PLACES = {
    "add_arguments": "each command says what it takes",
    "fill": "each method of repair fills",
    "Attitude": "the simulator has its own of the same",
    "inverse_vignetting": "the simulator has its own of the same",
    "occulter_centre": "the simulator has its own of the same",
    "draw": "each module of pictures draws its kind",
}

#: Rooms that cannot be imported without torch, and what they need.
NEED_TORCH = ("sunpy_lasco.network.", "sunpy_lasco.network.training")
TORCH = {"torch", "pytorch_lightning", "torchmetrics", "safetensors"}

MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.name != "_version.py")


def relative(path):
    return path.relative_to(PACKAGE).as_posix()


def imported(path):
    """Names of modules of the package that a module imports, at any place."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{relative(path)} has a relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return {name for name in names if name.split(".")[0] == "sunpy_lasco"}


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_imports_run_one_way(path):
    room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if room == "__init__":
        return
    assert room in RANKS, f"{room} has no place in the order of imports"
    for name in sorted(imported(path)):
        parts = name.split(".")
        if len(parts) == 1:
            assert room == "commands", f"{relative(path)} imports the whole package"
            continue
        other = parts[1]
        if other not in RANKS:
            # A public name of the package, which only the command line may use.
            assert room == "commands", f"{relative(path)} imports {name} through the package"
            continue
        if other == room:
            continue
        assert RANKS[other] < RANKS[room] or (room, other) in SAME_FLOOR, f"{relative(path)} imports {name}"


def test_simulator_shares_only_constants_with_the_calibration():
    for path in sorted((PACKAGE / "simulate").rglob("*.py")):
        for name in imported(path):
            parts = name.split(".")
            if parts[1:2] == ["instrument"]:
                assert set(parts[2:3]) & SHARED_WITH_SIMULATOR, f"{relative(path)} imports {name}"


@pytest.mark.parametrize("room", ["instrument", "geometry", "assets"])
def test_what_the_map_sources_stand_on_does_not_import_sunpys_maps(room):
    """They are imported together with sunpy.map, when other modules may not be complete yet."""
    for path in sorted((PACKAGE / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            wrong = [name for name in names if name.startswith(("sunpy.map", "sunpy.net"))]
            assert not wrong, f"{relative(path)} imports {wrong}"


#: Modules that take handlers away which drms gives to the root logger.
OF_DRMS = ["commands/main.py", "net/client.py"]


def test_all_messages_go_to_one_logger():
    """The package uses sunpy's logger, so that users configure one logger and nothing is shown twice."""
    loggers, others = set(), []
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and "log" in [one.name for one in node.names]:
                loggers.add(node.module)
            if isinstance(node, ast.Import) and "logging" in [one.name for one in node.names]:
                others.append(relative(path))
    assert loggers == {"sunpy"}
    assert others == OF_DRMS


def test_private_names_stay_in_their_modules():
    found = []
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] == "sunpy_lasco":
                found += [f"{relative(path)}: {node.module}.{one.name}" for one in node.names if one.name[0] == "_"]
    assert found == []


def test_no_function_hides_a_module():
    """``import sunpy_lasco.room.name as module`` must give the module, not a function of that name."""
    hidden = []
    for path in MODULES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        beside = {other.stem for other in path.parent.glob("*.py")} | {other.name for other in path.parent.iterdir()}
        hidden += [f"{relative(path)}: {name}" for name in sorted(names & beside)]
    assert hidden == HIDDEN


def own_exports():
    """For each name, the subpackages of which a module defines it and lists it in ``__all__``."""
    found = {}
    for path in MODULES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        own, exported = set(), []
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                own.add(node.name)
            elif isinstance(node, ast.Assign):
                names = [target.id for target in node.targets if isinstance(target, ast.Name)]
                own.update(names)
                if names == ["__all__"]:
                    exported = ast.literal_eval(node.value)
        for name in own.intersection(exported):
            found.setdefault(name, []).append(path.relative_to(PACKAGE).parts[0].removesuffix(".py"))
    return found


def test_a_name_means_one_thing():
    twice = {name for name, rooms in own_exports().items() if len(rooms) > 1}
    assert twice - SAME_IN_TWO_PLACES.keys() == set()


def module_names():
    return sorted(
        info.name
        for info in pkgutil.walk_packages([str(PACKAGE)], "sunpy_lasco.")
        if not info.name.endswith("_version")
    )


def test_modules_have_what_they_offer():
    for name in module_names():
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name not in TORCH or not name.startswith(NEED_TORCH):
                raise
            continue
        for public in getattr(module, "__all__", []):
            assert hasattr(module, public), f"{name}.__all__ names {public}, which is not there"


def test_version():
    """The version of an installed package is that of its metadata."""
    version = sunpy_lasco.__version__
    assert Version(version)
    installed = {one.version: one for one in distributions(name="sunpy_lasco")}
    if installed and version not in installed:
        # Metadata of an editable installation are those of the day it was made; a build rewrites the version since.
        copied = any(Path(one.locate_file("sunpy_lasco")).resolve() == PACKAGE for one in installed.values())
        message = f"sunpy_lasco says {version}, and what is installed {', '.join(installed)}"
        assert not copied, message
        pytest.skip(f"{message}: install the working tree again (pip install -e .) to have them agree")


def test_public_names_exist():
    assert sunpy_lasco.__all__
    for name in sunpy_lasco.__all__:
        assert getattr(sunpy_lasco, name) is not None
        assert inspect.isclass(getattr(sunpy_lasco, name)) or getattr(sunpy_lasco, name).__doc__


def test_import_brings_no_torch_and_asks_no_network():
    """In a new process, which is independent of the imports of this one."""
    program = """
import socket, sys

def refuse(*args, **kwargs):
    raise AssertionError("the import opens a connection")

socket.socket.connect = refuse
import sunpy_lasco
heavy = {"torch", "pytorch_lightning", "lightning", "tensorboard", "skimage"} & set(sys.modules)
print(sorted(heavy))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


@pytest.mark.versions
@pytest.mark.parametrize(
    "imports",
    [
        "import sunpy_lasco, sunpy.map, sunpy.net",
        "import sunpy.map, sunpy.net, sunpy_lasco",
        "import sunpy.net, sunpy_lasco, sunpy.map",
        "import sunpy_lasco; sunpy_lasco.calibrate; sunpy_lasco.LASCOClient",
        "import sunpy_lasco.bulk.context, sunpy_lasco.level1.pipeline, sunpy.net",
        "import sunpy_lasco, importlib; importlib.reload(sunpy_lasco); import sunpy.map, sunpy.net",
    ],
)
def test_maps_and_client_are_registered_in_whatever_order_one_imports(imports):
    program = f"""{imports}
import sys
Map, net = sys.modules["sunpy.map"].Map, sys.modules["sunpy.net"]
print(sorted(source.__name__ for source in Map.registry if source.__module__.startswith("sunpy_lasco")))
print([client.__name__ for client in net.Fido.registry if client.__module__.startswith("sunpy_lasco")])
print(net.attrs.lasco.__name__, len(sys.meta_path))
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    maps, clients, attrs = done.stdout.splitlines()
    assert maps == "['LASCOC2Map', 'LASCOC3Map']"
    assert clients == "['LASCOClient']"
    assert attrs.startswith("sunpy_lasco.net.attrs ")


def test_help_does_not_wait_for_what_only_the_work_needs():
    program = f"""
import sys
from sunpy_lasco.commands.main import main
helps = [[name, "--help"] for name in {list(COMMANDS)}]
for arguments in [["--help"], ["--version"], ["nonsense"], *helps, ["demo", "x"]]:
    try:
        main(arguments)
    except SystemExit:
        print("heavy:", arguments, sorted({{"sunpy", "scipy", "matplotlib", "torch", "aiohttp"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    said = [line for line in done.stdout.splitlines() if line.startswith("heavy:")]
    assert len(said) == len(COMMANDS) + 4, done.stdout + done.stderr
    assert all(line.endswith(" []") for line in said), said


def test_importing_twice_keeps_the_map_factory_unambiguous():
    """A module that is reloaded, as in a notebook, must not break `sunpy.map.Map`."""
    importlib.reload(sunpy_lasco)
    names = [cls.__name__ for cls in importlib.import_module("sunpy.map").Map.registry]
    assert len(names) == len(set(names))
