"""Level-1 files: complete or absent, valid FITS, read back unchanged, or refused."""

import itertools
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import astropy.units as u
from astropy.io import fits

import sunpy.map

import sunpy_lasco
from sunpy_lasco import level1 as calibration
from sunpy_lasco.errors import HeaderError, LascoError
from sunpy_lasco.level1.scaling import BSCALE
from sunpy_lasco.map import replace


@pytest.fixture(scope="module")
def level1(observe, smooth_scene):
    """An exposure with lost blocks, some of which can only just be filled."""
    raw = observe("C2", scene=smooth_scene, seed=8, flipped=True, lost_blocks=[(10, 9), (24, 20)]).level05
    return sunpy_lasco.calibrate(raw, assets="simulated")


def names(directory):
    return sorted(path.name for path in directory.iterdir())


def test_round_trip(level1, tmp_path):
    path = sunpy_lasco.write_level1(level1, tmp_path / "one.fts")
    back = sunpy_lasco.read_level1(path)
    assert type(back) is sunpy_lasco.LASCOC2Map
    np.testing.assert_array_equal(back.data, level1.data)
    np.testing.assert_array_equal(back.uncertainty.array, level1.uncertainty.array)
    np.testing.assert_array_equal(sunpy_lasco.flags(back), sunpy_lasco.flags(level1))
    for axis in range(2):
        places = np.array([10.0, 500.0, 1000.0])
        ours, theirs = (one.wcs.pixel_to_world_values(places, places[::-1])[axis] for one in (level1, back))
        np.testing.assert_allclose(theirs, ours, rtol=1e-12)
    for card in ("calfac", "biasval", "expfac", "vigfile", "vigsha", "turned", "nmissing", "misslist", "detroll"):
        assert back.meta[card] == level1.meta[card], card
    assert back.meta["history"].split() == level1.meta["history"].split()
    # A map that was read can be written again.
    again = sunpy_lasco.write_level1(back, tmp_path / "two.fts")
    np.testing.assert_array_equal(sunpy_lasco.read_level1(again).data, level1.data)


def test_sunpy_reads_one_map(level1, tmp_path):
    path = sunpy_lasco.write_level1(level1, tmp_path)
    assert path.relative_to(tmp_path).parts[:1] == ("sunpy_lasco_level1",)
    assert path.name == level1.meta["filename"]
    assert path.name[:2] == "25"
    back = sunpy.map.Map(path)
    assert type(back) is sunpy_lasco.LASCOC2Map
    assert back.unit == sunpy_lasco.MSB
    assert back.processing_level == 1.0
    np.testing.assert_array_equal(back.data, level1.data)


def test_file_is_standard(level1, tmp_path):
    path = sunpy_lasco.write_level1(level1, tmp_path / "one.fits")
    with fits.open(path, checksum=True) as hdus:
        hdus.verify("exception")
        image, pixels, light_path = hdus
        assert image.header["BITPIX"] == -32
        assert {"CHECKSUM", "DATASUM"} <= set(image.header) & set(pixels.header)
        assert pixels.name == "PIXELS"
        assert pixels.columns.names == ["FLAGS", "SIGMA"]
        assert pixels.data["FLAGS"].shape == (1024, 1024)
        assert light_path.name == "LIGHTPATH"
        assert light_path.columns.names[0] == "VIGNETTING"
        assert light_path.data["VIGNETTING"].shape == (256, 256)
        assert "MISSING" in pixels.header["FLAG001"]
        assert "CROTA" not in image.header
        assert "BLANK" not in image.header
        assert image.header["ORIGIN"] == "sunpy_lasco"
        assert image.header["BUNIT"] == "MSB"


@pytest.mark.parametrize("detector", ["C2", "C3"])
def test_equal_maps_make_equal_files(detector, observe, smooth_scene, tmp_path, monkeypatch):
    """Files are identical except for the time of writing, which SOURCE_DATE_EPOCH sets."""
    raw = observe(detector, scene=smooth_scene, seed=9).level05
    seconds = itertools.count(1_800_000_000)
    monkeypatch.setattr("time.time", lambda: next(seconds))
    for name, write in (
        ("one.fts", sunpy_lasco.write_level1), ("one.fts.gz", sunpy_lasco.write_level1),
        ("ssw.fts", calibration.write_solarsoft),
    ):  # fmt: skip
        content = []
        for epoch in (None, None, "1000000000", "1000000000"):
            if epoch:
                monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)
            else:
                monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
            level1 = sunpy_lasco.calibrate(raw, assets="simulated")
            content.append(write(level1, tmp_path / name, overwrite=True).read_bytes())
        assert content[0] != content[1]
        assert content[2] == content[3]
    assert fits.getheader(tmp_path / "one.fts")["DATE"] == "2001-09-09T01:46:40.000"


def test_history_breaks_at_words(level1, tmp_path):
    words = "Vignetting: c2vig_final.fts, an estimate, and not the official image of the instrument team, see the page"
    long = "x" * 150
    meta = level1.meta.copy()
    meta["history"] += f"\n{words}\n  indented\n{long}"
    meta["comment"] = words
    told = replace(level1, meta=meta)
    for write, name in (
        (sunpy_lasco.write_level1, "one.fts"), (calibration.write_solarsoft, "ssw.fts"),
        (lambda smap, path: smap.save(path) or path, "saved.fts"),
    ):  # fmt: skip
        header = fits.getheader(write(told, tmp_path / name))
        lines = list(header["HISTORY"])
        first = lines.index("Vignetting: c2vig_final.fts, an estimate, and not the official image of")
        assert lines[first + 1 : first + 3] == ["  the instrument team, see the page", "  indented"]
        assert "".join(lines[first + 3 :]).replace(" ", "").endswith(long)
        if name != "ssw.fts":
            assert list(header["COMMENT"])[-2:] == lines[first : first + 2]
    # The damaged file is unchanged.
    back = sunpy_lasco.read_level1(tmp_path / "one.fts")
    again = sunpy_lasco.write_level1(back, tmp_path / "two.fts")
    assert list(fits.getheader(again)["HISTORY"]) == list(fits.getheader(tmp_path / "one.fts")["HISTORY"])


def test_no_file_outside_of_the_folder(level1, tmp_path):
    for name in ("a2/../../../../x.fts", "/2/../x.fts", "../x.fts", "..", "", "25.fts/x.fts", "two words.fts"):
        meta = level1.meta.copy()
        meta["filename"] = name
        with pytest.raises(HeaderError, match=r"FILENAME is .* not a plain file name"):
            sunpy_lasco.write_level1(replace(level1, meta=meta), tmp_path / "out")
        assert names(tmp_path) == []
        # The path is given, so the name in the header does not matter.
        sunpy_lasco.write_level1(replace(level1, meta=meta), tmp_path / "one.fts").unlink()


def test_sums_of_a_file_are_not_passed_on(level1, tmp_path):
    """A map that was read and changed must not be saved with its old checksums."""
    image = sunpy.map.Map(sunpy_lasco.write_level1(level1, tmp_path / "one.fts"))
    part = image.submap([10, 10] * u.pix, top_right=[99, 99] * u.pix)
    part.save(tmp_path / "part.fts")
    with fits.open(tmp_path / "part.fts", checksum=True) as hdus:
        assert not {"CHECKSUM", "DATASUM"} & set(hdus[0].header)
    sunpy_lasco.write_level1(part, tmp_path / "level1.fts")
    with fits.open(tmp_path / "level1.fts", checksum=True) as hdus:
        hdus.verify("exception")
        assert {"CHECKSUM", "DATASUM"} <= set(hdus[0].header)


def test_compressed(level1, tmp_path):
    path = sunpy_lasco.write_level1(level1, tmp_path / "one.fts", compress=True)
    assert path.name == "one.fts.gz"
    assert path.stat().st_size < 0.8 * sunpy_lasco.write_level1(level1, tmp_path / "one.fts").stat().st_size
    np.testing.assert_array_equal(sunpy_lasco.read_level1(path).data, level1.data)


def test_nothing_is_replaced_unasked(level1, tmp_path):
    path = tmp_path / "one.fts"
    path.write_bytes(b"precious")
    with pytest.raises(FileExistsError, match="overwrite=True"):
        sunpy_lasco.write_level1(level1, path)
    assert path.read_bytes() == b"precious"
    sunpy_lasco.write_level1(level1, path, overwrite=True)
    assert sunpy.map.Map(path).processing_level == 1.0
    assert names(tmp_path) == ["one.fts"]


@pytest.mark.parametrize("name", ["one.fts", "one.fts.gz", "ssw.fts"])
def test_a_full_disk_leaves_nothing(name, level1, full_disk, tmp_path):
    write = calibration.write_solarsoft if name == "ssw.fts" else sunpy_lasco.write_level1
    with full_disk(100_000), pytest.raises(OSError, match=rf"File too large: '.*{name}'"):
        write(level1, tmp_path / name)
    assert names(tmp_path) == []


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_killed_writers_leave_whole_files_and_nothing_else():
    """20 kills; benchmarks/files/README.md has the result of 200."""
    script = Path(__file__).parents[2] / "benchmarks" / "files" / "kill_writes.py"
    done = subprocess.run(
        [sys.executable, str(script), "--kills", "20"], capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = {what: int(number) for number, what in (line.split(maxsplit=1) for line in done.stdout.splitlines())}
    assert found["kills"] == 20
    assert found["kills within a write"] > 2
    assert found["files in place and whole"] > 20


def test_only_level_1_is_written(observe, smooth_scene, tmp_path):
    raw = observe("C3", scene=smooth_scene, seed=21).level05
    with pytest.raises(LascoError, match="not level 1"):
        sunpy_lasco.write_level1(raw, tmp_path / "one.fts")


def test_flags_that_do_not_fit(level1, tmp_path):
    path = sunpy_lasco.write_level1(level1, tmp_path / "one.fts")
    with fits.open(path) as hdus:
        hdus[0].data = hdus[0].data[:512, :512].copy()
        hdus.writeto(tmp_path / "cut.fts", checksum=True)
    with pytest.raises(
        HeaderError, match=r"cut\.fts: the column FLAGS .* has the shape \(1024, 1024\), the image \(512, "
    ):
        sunpy_lasco.read_level1(tmp_path / "cut.fts")


def test_read_level1_of_an_official_file(test_data):
    official = sunpy_lasco.read_level1(test_data / "level1" / "35082038.fts")
    assert type(official) is sunpy_lasco.LASCOC3Map
    assert official.uncertainty is None


@pytest.mark.parametrize("detector", ["C2", "C3"])
def test_solarsoft_product(detector, observe, smooth_scene, tmp_path):
    raw = observe(detector, scene=smooth_scene, seed=9).level05
    level1 = sunpy_lasco.calibrate(raw, assets="simulated")
    path = calibration.write_solarsoft(level1, tmp_path / "ssw.fts")
    with fits.open(path, checksum=True, do_not_scale_image_data=True) as hdus:
        header, stored = hdus[0].header, hdus[0].data
        assert (header["BITPIX"], len(hdus)) == ((16, 1) if detector == "C3" else (-32, 1))
        assert header["LEVEL"] == "1.0"
        assert header["CROTA1"] == header["CROTA"]
        assert "PC1_1" not in header
        assert header["XCEN"] == pytest.approx(header["CDELT1"] * (512.5 - header["CRPIX1"]), abs=1e-6)
        assert header["NMISSING"] == 0
        assert {"DATAMIN", "DATAMAX", "DATAP50", "DSATVAL", "NSATMIN", "RSUN", "RECTIFY"} <= set(header)
        assert any("not an official product" in str(line) for line in header["COMMENT"])
        stored = np.array(stored)
    back = sunpy.map.Map(path)
    good = np.isfinite(level1.data) & (level1.data < 6.4e-9)
    if detector == "C3":
        assert stored.dtype.kind == "i"
        good &= level1.data > 1e-12
        np.testing.assert_allclose(back.data[good], level1.data[good], atol=0.51 * BSCALE)
    else:
        np.testing.assert_allclose(back.data[good], level1.data[good], rtol=1e-6)
    middle = np.array([400.0, 700.0])
    np.testing.assert_allclose(
        back.wcs.pixel_to_world_values(*middle), level1.wcs.pixel_to_world_values(*middle), rtol=1e-9
    )
