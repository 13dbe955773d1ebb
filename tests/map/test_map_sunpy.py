"""
sunpy's own tests of maps, with this package imported.

They pass except for those whose expectations the headers of LASCO do not support.  The documentation gives the reasons
under "Where the maps differ from sunpy's".
"""

import os
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest

#: sunpy's tests that our maps fail intentionally, and the reasons.
DELIBERATE = {
    # The measured quantity, which "white-light" cannot express: with a polariser, or pB.
    "test_measurement[C2]",
    "test_measurement[C3]",
    # sunpy reads DATE-OBS without TIME-OBS, and takes midnight.
    "test_reference_date[C3]",
    # Level 0.5 has the roll of the camera, which its header lacks.
    "test_helioviewer_rotation[C3]",
    # They expect the warning about an unknown observer, but the observer is known.
    "test_wcs[C2]",
    "test_wcs[C3]",
}
#: Run only where glymur finds OpenJPEG.
NEEDS_OPENJPEG = {"test_helioviewer_rotation[C3]"}


def outcomes(folder, *tests, with_package=True):
    """Outcomes of sunpy's tests: name -> "passed", "skipped", "failure" or "error"."""
    report = folder / f"report_{with_package}.xml"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--continue-on-collection-errors"]
    command += ["-p", "sunpy_lasco.map"] if with_package else []
    command += [f"--junitxml={report}", "--pyargs", *tests]
    environment = os.environ | {"MPLBACKEND": "Agg", "HOME": str(folder)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stdout[-3000:] + done.stderr[-3000:]
    found = {}
    for case in ET.parse(report).iter("testcase"):
        kinds = {child.tag for child in case} & {"failure", "error", "skipped"}
        found[case.get("classname"), case.get("name")] = min(kinds, default="passed")
    return found


def test_what_sunpy_expects_of_lasco(tmp_path):
    found = outcomes(tmp_path, "sunpy.map.sources.tests.test_lasco_source")
    assert len(found) > 20
    failed = {name for (_, name), outcome in found.items() if outcome in ("failure", "error")}
    skipped = {name for (_, name), outcome in found.items() if outcome == "skipped"}
    assert failed | (skipped & NEEDS_OPENJPEG) == DELIBERATE


@pytest.mark.minutes
def test_all_of_sunpys_tests_of_maps(tmp_path):
    found = outcomes(tmp_path, "sunpy.map")
    assert len(found) > 700
    broken = {case for case, outcome in found.items() if outcome in ("failure", "error")}
    # Tests that fail for other reasons, such as a missing package, fail without this package too.
    others = {name for _, name in broken} - DELIBERATE
    alone = outcomes(tmp_path, "sunpy.map", with_package=False)
    ours = {case for case in broken if alone.get(case) not in ("failure", "error")}
    assert {name for _, name in ours} <= DELIBERATE, others
    assert all(classname.endswith("test_lasco_source") for classname, _ in ours)
