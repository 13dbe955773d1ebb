"""``sunpy-lasco calibrate``."""

import gzip
import re
import shutil

import numpy as np
import pytest

from astropy.io import fits

import sunpy.map

import sunpy_lasco
from sunpy_lasco import simulate
from sunpy_lasco.commands.main import main

#: Sub-frames are sufficient, since the tests are about files.
SMALL = {"leb_sum": (4, 4), "noise": False}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Level-0.5 files of C2 and C3, and the directory of their calibration images."""
    directory = tmp_path_factory.mktemp("level05")
    assets = tmp_path_factory.mktemp("assets")
    made = [simulate.observe(camera, date="2000-05-15T12:00", seed=1, **SMALL) for camera in ("C2", "C3")]
    simulate.write_assets(assets, *made)
    return [simulate.write_level05(one, directory) for one in made], assets


@pytest.fixture
def bad_files(tmp_path, files):
    """Files that cannot be calibrated, with the expected messages."""
    (good, _), _ = files
    absent = tmp_path / "absent.fts"
    text = tmp_path / "text.fts"
    text.write_text("<html>404</html>")
    broken = tmp_path / "broken.fts"
    broken.write_bytes(good.read_bytes()[:1000])
    dark = tmp_path / "dark.fts"
    with fits.open(good) as hdus:
        hdus[0].header["LP_NUM"] = "Dark"
        hdus.writeto(dark)
    return {absent: "absent", text: "", broken: "", dark: "dark"}


def run(*arguments):
    return main(["calibrate", *(str(argument) for argument in arguments)])


def levels(directory):
    """Files below a directory, hidden ones included."""
    return sorted(path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file())


C2 = "sunpy_lasco_level1/000515/c2/25418480.fts"
C3 = "sunpy_lasco_level1/000515/c3/35418480.fts"


def test_level_1_files_of_a_directory_of_assets(files, tmp_path, capsys):
    (c2, c3), assets = files
    assert run(c2, c3, "--assets", assets, "--out", tmp_path) == 0
    assert levels(tmp_path) == [C2, C3]
    said = capsys.readouterr()
    assert said.out.splitlines() == [f"{c2} -> {tmp_path / C2}", f"{c3} -> {tmp_path / C3}"]
    assert said.err == ""
    for name, raw in ((C2, c2), (C3, c3)):
        smap = sunpy_lasco.read_level1(tmp_path / name)
        expected = sunpy_lasco.calibrate(sunpy.map.Map(raw), assets=assets)
        assert smap.unit == sunpy_lasco.MSB
        np.testing.assert_array_equal(smap.data, expected.data)
        np.testing.assert_array_equal(sunpy_lasco.flags(smap), sunpy_lasco.flags(expected))


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_bad_file_does_not_stop_the_others(files, bad_files, tmp_path, capsys, jobs):
    (c2, c3), assets = files
    out = tmp_path / "out"
    assert run(c2, *bad_files, c3, "--assets", assets, "--out", out, "--jobs", jobs) == 1
    assert levels(out) == [C2, C3]
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 2
    lines = said.err.splitlines()
    for file, reason in bad_files.items():
        (named,) = (line for line in lines if line.startswith(f"sunpy-lasco: {file}: "))
        assert re.search(rf": \w+(Error|Exception)?: .*{reason}", named.removeprefix(f"sunpy-lasco: {file}"))
    assert lines[-1] == "sunpy-lasco: 4 of 6 frames could not be calibrated."


def test_without_assets_the_missing_one_is_named(files, tmp_path, capsys):
    (c2, _), _ = files
    empty = tmp_path / "empty"
    empty.mkdir()
    assert run(c2, "--assets", empty, "--out", tmp_path / "out") == 1
    assert "c2vig_final.fts" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_files_are_replaced_on_request_only(files, tmp_path, capsys):
    (c2, _), _ = files
    place = tmp_path / C2
    place.parent.mkdir(parents=True)
    place.write_text("precious")
    assert run(c2, "--assets", "simulated", "--out", tmp_path) == 1
    assert place.read_text() == "precious"
    assert "exists" in capsys.readouterr().err
    assert run(c2, "--assets", "simulated", "--out", tmp_path, "--overwrite", "--quiet") == 0
    assert sunpy.map.Map(place).processing_level == 1.0
    assert capsys.readouterr().out == ""


def test_nothing_is_left_of_a_file_that_could_not_be_written(files, tmp_path, full_disk, capsys):
    (c2, _), _ = files
    with full_disk(100_000):
        assert run(c2, "--assets", "simulated", "--out", tmp_path) == 1
    assert levels(tmp_path) == []
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    assert f"File too large: '{tmp_path / C2}'" in capsys.readouterr().err


def test_compressed(files, tmp_path):
    (c2, _), _ = files
    assert run(c2, "--assets", "simulated", "--out", tmp_path, "--compress") == 0
    assert levels(tmp_path) == [f"{C2}.gz"]
    packed = tmp_path / f"{C2}.gz"
    with gzip.open(packed) as stream:
        assert stream.read(6) == b"SIMPLE"
    assert sunpy_lasco.read_level1(packed).uncertainty is not None


def test_a_directory_may_look_like_a_file(files, tmp_path):
    (c2, _), _ = files
    assert run(c2, "--assets", "simulated", "--out", tmp_path / "2000.fits") == 0
    assert levels(tmp_path) == [f"2000.fits/{C2}"]


def test_choices_reach_the_calibration(files, tmp_path):
    (_, c3), _ = files
    options = ["--distortion", "wcs", "--bias", "dark", "--geometry", "stars", "--photometry", "stars"]
    assert run(c3, "--assets", "simulated", "--out", tmp_path, "--inpaint", "none", *options) == 0
    header = fits.getheader(tmp_path / C3)
    assert header["CTYPE1"] == "HPLN-TAN-SIP"
    assert header["GEOSCALE"] == header["CALSCALE"] == "stars"
    assert header["BIASSRC"].endswith("raised to the dark level")


def test_estimates_are_an_explicit_choice_and_marked(files, tmp_path):
    (_, c3), _ = files
    assert run(c3, "--assets", "estimate", "--out", tmp_path) == 0
    header = fits.getheader(tmp_path / C3)
    assert header["VIGEST"] is True
    assert header["RAMPEST"] is True


def test_the_official_form(files, tmp_path, capsys):
    (_, c3), _ = files
    assert run(c3, "--assets", "simulated", "--out", tmp_path, "--solarsoft") == 0
    assert levels(tmp_path) == ["sunpy_lasco_solarsoft/000515/c3/35418480.fts"]
    with fits.open(tmp_path / "sunpy_lasco_solarsoft/000515/c3/35418480.fts") as hdus:
        assert len(hdus) == 1
    assert run(c3, "--solarsoft", "--compress") == 2
    assert "not compressed" in capsys.readouterr().err


def test_real_frames(real_frame, calib_data, tmp_path, capsys):
    """
    One frame of each camera, a truncated download, which is calibrated with a warning, and a copy of a level-1 file.
    """
    official = tmp_path / "official.fts"
    shutil.copy(real_frame("35082038"), official)
    with pytest.warns(sunpy_lasco.errors.LascoUserWarning, match="32310957.*is implausible"):
        status = run(
            real_frame("32082037"),
            real_frame("32310957"),
            official,
            *("--assets", calib_data, "--out", tmp_path / "out", "--inpaint", "none"),
        )
    assert status == 1
    assert [name.rsplit("/", 1)[-1] for name in levels(tmp_path / "out")] == ["35082037.fts", "35310957.fts"]
    assert "official.fts: NotCalibratableError: 35082038.fts is already level 1." in capsys.readouterr().err
