"""Effects of importing the client, each tested in a new process."""

import subprocess
import sys

import pytest

WARN = "import warnings; from sunpy_lasco.errors import LascoUserWarning; warnings.warn('seen', LascoUserWarning)"


def run(*lines):
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True)
    return done.stdout + done.stderr


@pytest.mark.versions
@pytest.mark.parametrize(
    "imports",
    [
        ("import sunpy_lasco", "from sunpy.net import Fido"),
        ("from sunpy.net import Fido", "import sunpy_lasco"),
        ("import sunpy_lasco", "sunpy_lasco.LASCOClient", "from sunpy.net import Fido"),
        ("from sunpy_lasco.net import LASCOClient", "from sunpy.net import Fido"),
    ],
)
def test_client_is_registered_and_warnings_are_printed_once(imports):
    printed = run(
        *imports,
        "from sunpy.net import attrs as a",
        "print(a.lasco.Filter.orange, [c.__name__ for c in Fido.registry if c.__name__ == 'LASCOClient'])",
        WARN,
    )
    assert "['LASCOClient']" in printed
    assert printed.count("seen") == 1


def test_handlers_of_the_user_stay():
    printed = run(
        "import logging, sys",
        "logging.basicConfig(stream=sys.stdout, format='mine %(message)s')",
        "import sunpy_lasco",
        "from sunpy.net import Fido",
        WARN,
    )
    assert printed.count("mine ") == 1


def test_calibration_does_not_import_the_client():
    printed = run(
        "import sys, sunpy.map, sunpy_lasco",
        "sunpy_lasco.calibrate, sunpy_lasco.write_level1, sunpy_lasco.inpaint",
        "print(sorted({'sunpy.net', 'drms', 'zeep', 'torch'} & set(sys.modules)))",
    )
    assert "[]" in printed
