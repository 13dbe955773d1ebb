"""
Shared fixtures: an isolated configuration, and the real frames.

Tests on real frames run where the environment variable SUNPY_LASCO_TEST_DATA
names a directory that holds ``level05/c2``, ``level05/c3``, ``level1`` and so
on; otherwise they are skipped. The last lines of the report state how many ran.
"""

import contextlib
import ctypes
import os
import sys
import tempfile
from pathlib import Path

import pytest

# Make the helper modules in this folder importable.
sys.path.insert(0, str(Path(__file__).parent))
#: Fixtures for tests of several subpackages.
pytest_plugins = ["lost_blocks"]

# Before sunpy and matplotlib are imported: nobody's configuration, calibration
# tree or downloads may change what a test sees, nor be changed by it.
_HOME = tempfile.TemporaryDirectory(prefix="sunpy_lasco_tests_", ignore_cleanup_errors=True)
_CONFIG = Path(_HOME.name) / "config"
_CONFIG.mkdir()
(_CONFIG / "sunpyrc").write_text(f"[general]\nworking_dir = {_HOME.name}\n")
os.environ["SUNPY_CONFIGDIR"] = str(_CONFIG)
os.environ["SUNPY_DOWNLOADDIR"] = str(Path(_HOME.name) / "downloads")
os.environ["MPLBACKEND"] = "Agg"
for _name in ("LASCO_DATA", "SSW", "SSWDB", "SUNPY_LASCO_OFFLINE"):
    os.environ.pop(_name, None)
# Most tests calibrate real frames by estimated images, and warnings are errors: the notice of approximations,
# which comes once in a process, would fall on any of them.  tests/level1/test_notices.py has it switched on.
os.environ["SUNPY_LASCO_NOTICES"] = "no"

#: Subpackages and modules with numerical tests, whose results do not depend on the versions of Python and sunpy, nor
#: on torch.
OF_NUMBERS = ("fuzz", "geometry", "instrument", "repair", "simulate", "stars", "verify")
OF_NUMBERS_TOO = {
    "level1": (
        *("bias", "closure", "error_budget", "interpolation", "official_headers", "pulls", "real_frames", "scatter"),
        *("star_pointing", "stars", "statistics"),
    ),
    "products": ("backgrounds", "coronas", "fronts", "height_time", "mass", "polarization", "thomson", "truths"),
}
#: Subpackages in which each set of parameters is another use of sunpy.
OF_SUNPY = ("map",)
#: Fixtures that provide real frames; tests that use one are counted as tests on real frames.
REAL_FRAME_FIXTURES = {"test_data", "calib_data"}


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="run the tests marked slow as well")
    parser.addoption("--minutes", action="store_true", help="run the tests that take minutes as well")
    parser.addoption(
        "--first-of-each",
        action="store_true",
        help="run one set of parameters of each test, but all of those about maps and of those marked versions",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Mark the numerical tests and those that need real frames, and deselect slow ones unless requested."""
    # Before pytest evaluates -m.
    for item in items:
        room, name = item.path.parent.name, item.path.stem.removeprefix("test_")
        if room in OF_NUMBERS or name in OF_NUMBERS_TOO.get(room, ()):
            item.add_marker("numbers")
    for marker in ("slow", "minutes"):
        left_out = [item for item in items if item.get_closest_marker(marker)]
        if left_out and not config.getoption(f"--{marker}"):
            config.hook.pytest_deselected(items=left_out)
            items[:] = [item for item in items if item not in left_out]
    if config.getoption("--first-of-each"):
        _leave_out_further_sets(config, items)
    for item in items:
        if REAL_FRAME_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.user_properties.append(("real frames", True))


def _leave_out_further_sets(config, items):
    seen, kept, left_out = set(), [], []
    for item in items:
        name = item.nodeid.split("[")[0]
        every = item.path.parent.name in OF_SUNPY or item.get_closest_marker("versions")
        (kept if every or name not in seen else left_out).append(item)
        seen.add(name)
    config.hook.pytest_deselected(items=left_out)
    items[:] = kept


def pytest_terminal_summary(terminalreporter):
    """Report how many tests on real frames ran."""

    def count(outcome, *phases):
        reports = terminalreporter.stats.get(outcome, [])
        return sum(("real frames", True) in report.user_properties for report in reports if report.when in phases)

    ran = count("passed", "call") + count("failed", "call")
    skipped = count("skipped", "setup", "call")
    terminalreporter.write_line(f"Tests on real frames: {ran} ran, {skipped} skipped.")


@pytest.fixture(scope="session", autouse=True)
def _sealed_off(tmp_path_factory):
    """Isolate astropy from the user's configuration and from the network."""
    from astropy.config import set_temp_cache, set_temp_config
    from astropy.utils import iers

    directory = tmp_path_factory.mktemp("astropy")
    with (
        set_temp_config(directory),
        set_temp_cache(directory),
        iers.conf.set_temp("auto_download", False),
        iers.conf.set_temp("auto_max_age", None),
    ):
        yield


@pytest.fixture(autouse=True)
def _close_figures():
    """Close the figures that a test leaves open."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture(scope="module", autouse=True)
def _memory_given_back():
    """
    Return the memory that a module has used to the system.

    Freed arrays of some megabytes leave holes in the heap, which the C library of Linux keeps: 350 of 800 MB after two
    masses of four maps, and gigabytes in a process that runs half of all tests.
    """
    yield
    if sys.platform == "linux":
        with contextlib.suppress(AttributeError):
            ctypes.CDLL(None).malloc_trim(0)


@pytest.fixture
def full_disk(monkeypatch):
    """A context in which no file can exceed a number of bytes, so that the disk appears to be full."""
    resource = pytest.importorskip("resource", reason="limits of POSIX")

    @contextlib.contextmanager
    def limited(size):
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        # A module that is imported meanwhile would leave a truncated file of bytecode for later processes.
        monkeypatch.setattr(sys, "dont_write_bytecode", True)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return limited


@pytest.fixture(scope="session")
def test_data():
    """The directory of real frames; without it the test is skipped."""
    name = os.environ.get("SUNPY_LASCO_TEST_DATA")
    if not name:
        pytest.skip("SUNPY_LASCO_TEST_DATA names no directory of real frames")
    path = Path(name).resolve()
    if not (path / "level05").is_dir():
        pytest.fail(f"SUNPY_LASCO_TEST_DATA is {name}, which holds no directory level05")
    return path


@pytest.fixture(scope="session")
def calib_data(test_data):
    """The directory of estimated calibration images, beside the real frames."""
    path = test_data.parent / "calib"
    if not path.is_dir():
        pytest.skip("there are no calibration images beside the real frames")
    return path


@pytest.fixture(scope="session")
def real_frames(test_data):
    """Paths of all real level-0.5 frames, in order of camera and name."""
    return sorted((test_data / "level05").glob("c[23]/*.fts"))


@pytest.fixture(scope="session")
def real_frame(test_data):
    """A function from the name of a real frame, such as "32082037", to its path."""

    def find(name):
        stem = str(name).removesuffix(".fts")
        found = sorted(test_data.glob(f"level*/**/{stem}.fts*"))
        if not found:
            pytest.fail(f"There is no real frame {stem} under {test_data}")
        return found[0]

    return find


@pytest.fixture(scope="session")
def real_map(real_frame):
    """A function from the name of a real frame to a new map of it."""
    import sunpy.map

    import sunpy_lasco  # noqa: F401 - registers the map sources

    def load(name):
        return sunpy.map.Map(real_frame(name))

    return load
