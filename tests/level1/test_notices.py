"""Warnings about approximations: once in a process, and never if they are switched off."""

import json
import subprocess
import sys
import warnings

import pytest

import sunpy_lasco
from sunpy_lasco import bulk, simulate
from sunpy_lasco.errors import ApproximationWarning, LascoUserWarning
from sunpy_lasco.level1 import approximations
from sunpy_lasco.level1.notices import forget_notices, found_approximations, unsaid

#: A frame of 2012, whose header contains the pointing, and one of 2000, whose header does not.
NEW, OLD = "32310951", "32082037"


@pytest.fixture
def notices(monkeypatch):
    """Notices enabled, with none given so far."""
    monkeypatch.delenv("SUNPY_LASCO_NOTICES")
    forget_notices()
    yield
    forget_notices()


@pytest.fixture
def raw():
    """An exposure without the mark of the simulator."""
    smap = simulate.observe("C3", date="2002-05-21T00:18", leb_sum=(4, 4), seed=1).level05
    smap.meta["history"] = str(smap.meta["history"]).replace("Simulated", "Any")
    return smap


def said(function, *arguments, **options):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        function(*arguments, **options)
    return [one for one in caught if issubclass(one.category, ApproximationWarning)]


#: Cards of a level-1 header without approximations.
BEST = {
    "vigest": False,
    "vigfile": "c2vig_final.fts",
    "expfsrc": "c2_expfactor_020521.dat",
    "centsrc": "c2_pre_recovery.dat",
    "rollsrc": "c2_pre_recovery.dat",
    "timesrc": "c2_time_offsets.dat",
    "obssrc": "orbit of the package",
}


def test_nothing_is_approximate_where_all_is_published():
    assert found_approximations(BEST) == {}
    assert found_approximations(BEST | {"rampest": False, "bkgest": None}) == {}


@pytest.mark.parametrize(
    ("cards", "kind", "text"),
    [
        ({"vigest": True}, "vignetting", "the vignetting is an estimate (c2vig_final.fts)"),
        ({"rampest": True, "rampfile": "C3ramp.fts"}, "stray light", "the stray light is an estimate (C3ramp.fts)"),
        (
            {"bkgest": True, "bkgfile": "3m_clcl_all.fts"},
            "background",
            "the background of the repair is an estimate (3m_clcl_all.fts)",
        ),
        (
            {"expfsrc": "none", "expfsig": 0.005},
            "exposure factor",
            "no exposure factor is known (1 sigma 0.5 %)",
        ),
        (
            {"centsrc": "default of the camera", "centsig": 1.25},
            "pointing",
            "the Sun centre is the default (1 sigma 1.2 pixel)",
        ),
        (
            {"rollsrc": "nominal, solar north up", "rollsig": None},
            "pointing",
            "the roll is nominal (1 sigma unknown deg)",
        ),
        (
            {
                "centsrc": "default of the camera",
                "centsig": 2,
                "rollsrc": "nominal, ecliptic north up",
                "rollsig": 0.03,
            },
            "pointing",
            "the Sun centre is the default (1 sigma 2 pixel) and the roll is nominal (1 sigma 0.03 deg)",
        ),
        (
            {"timesrc": "uncorrected"},
            "clock",
            "the time is that of the on-board clock (off by up to 3 minutes)",
        ),
        (
            {"obssrc": "closed form of the orbit"},
            "observer",
            "the position of SOHO is approximate (closed form of the orbit)",
        ),
        (
            {"obssrc": "L1 approximation"},
            "observer",
            "the position of SOHO is approximate (L1 approximation)",
        ),
    ],
)
def test_each_kind(cards, kind, text):
    assert found_approximations(BEST | cards) == {kind: text}
    simulated = "V15\nSimulated image: not an observation."
    assert found_approximations(BEST | cards | {"history": simulated}) == {}


def test_once_of_a_kind(notices, raw):
    given = {"assets": "simulated", "inpaint": None}
    (first,) = said(sunpy_lasco.calibrate, raw, **given)
    assert issubclass(first.category, LascoUserWarning)
    text = str(first.message)
    for words in (raw.meta["filename"], "no exposure factor", "Sun centre is the default", "NOTICES=0"):
        assert words in text
    # The warning refers to the line of the call.
    assert first.filename == __file__
    assert said(sunpy_lasco.calibrate, raw, **given) == []
    assert said(sunpy_lasco.calibrate, [raw, raw], **given) == []
    # Fewer approximations are another kind of frame.
    (second,) = said(sunpy_lasco.plan(raw, factor=1.01, **given), raw)
    assert "no exposure factor" not in str(second.message)
    assert second.filename == __file__


def test_simulated_exposures_have_none(notices):
    smap = simulate.observe("C3", date="2002-05-21T00:18", leb_sum=(4, 4), seed=1).level05
    assert said(sunpy_lasco.calibrate, smap, assets="estimate") == []


def test_it_is_silenced_by_the_setting(notices, raw, monkeypatch):
    monkeypatch.setenv("SUNPY_LASCO_NOTICES", "no")
    assert said(sunpy_lasco.calibrate, raw, assets="simulated") == []
    monkeypatch.setenv("SUNPY_LASCO_NOTICES", "yes")
    assert len(said(sunpy_lasco.calibrate, raw, assets="simulated")) == 1


def test_filters_of_python_hold(notices, raw):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.simplefilter("ignore", ApproximationWarning)
        sunpy_lasco.calibrate(raw, assets="simulated")
    assert caught == []
    forget_notices()
    # As an error it is raised every time.
    for _ in range(2):
        with warnings.catch_warnings():
            warnings.simplefilter("error", ApproximationWarning)
            with pytest.raises(ApproximationWarning, match="approximations"):
                sunpy_lasco.calibrate(raw, assets="simulated")


def test_nothing_is_said_where_many_are_calibrated(notices, raw):
    def silently():
        with unsaid():
            sunpy_lasco.calibrate(raw, assets="simulated")

    assert said(silently) == []
    # It does not count as given.
    assert len(said(sunpy_lasco.calibrate, raw, assets="simulated")) == 1


def test_of_a_run_one_says_it_of_all(notices, tmp_path):
    paths = []
    for minute in (6, 18, 30):
        exposure = simulate.observe("C3", date=f"2012-08-31T18:{minute:02d}", leb_sum=(4, 4), seed=minute)
        path = simulate.write_level05(exposure, tmp_path)
        # Of the same length, so that the file stays valid.
        path.write_bytes(path.read_bytes().replace(b"Simulated image", b"Anybody's image"))
        paths.append(path)

    def run():
        nonlocal report
        report = bulk.calibrate_files(paths, tmp_path / "out", assets="simulated", inpaint=None, jobs=1)

    report = None
    (only,) = said(run)
    assert "of 3 frames" in str(only.message)
    assert "exposure factor (3)" in str(only.message)
    assert report.approximations["exposure factor"] == 3
    lines = [json.loads(line) for line in report.journal.read_text().splitlines()]
    assert all("exposure factor" in line["approximations"] and line["warnings"] == [] for line in lines)
    assert "exposure factor in 3 frames" in report.summary.read_text()
    # Kept files are counted too, without another warning.
    assert said(run) == []
    assert (report.kept, report.approximations["exposure factor"]) == (3, 3)


@pytest.mark.parametrize("name", [NEW, OLD])
def test_real_frames(notices, real_map, name):
    smap = real_map(name)
    (only,) = said(sunpy_lasco.calibrate, smap, assets="estimate", inpaint=None)
    found = approximations(sunpy_lasco.calibrate(smap, assets="estimate", inpaint=None))
    assert {"vignetting", "stray light", "exposure factor", "clock"} <= set(found)
    assert ("pointing" in found) == (name == OLD)
    assert "observer" not in found
    assert all(text in str(only.message) for text in found.values())


PROGRAM = """
import sunpy.map, sunpy.net, drms
import sunpy_lasco
from sunpy_lasco import simulate
smap = simulate.observe("C3", date="2002-05-21T00:18", leb_sum=(4, 4), seed=1).level05
smap.meta["history"] = ""
for _ in range(2):
    sunpy_lasco.calibrate(smap, assets="simulated", inpaint=None)
"""


@pytest.mark.slow
def test_a_user_reads_it_once(monkeypatch):
    """With all log handlers that sunpy.net and drms install."""
    monkeypatch.delenv("SUNPY_LASCO_NOTICES")
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert (done.stdout + done.stderr).count("calibrated with approximations") == 1
