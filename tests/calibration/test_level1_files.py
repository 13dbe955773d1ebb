"""Level-1 files: whole or not at all, standard, and read back as they were."""

import numpy as np
import pytest

from astropy.io import fits

import sunpy.map

import sunpy_lasco
from sunpy_lasco import calibration
from sunpy_lasco.calibration import storage
from sunpy_lasco.calibration.scaling import BSCALE
from sunpy_lasco.errors import HeaderError, LascoError


@pytest.fixture(scope="module")
def level1(observe, smooth_scene):
    """With lost blocks, some of them at the edge of what can be filled."""
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
    # What was read can be written again.
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
        image, pixels = hdus
        assert image.header["BITPIX"] == -32
        assert {"CHECKSUM", "DATASUM"} <= set(image.header) & set(pixels.header)
        assert pixels.name == "PIXELS"
        assert pixels.columns.names == ["FLAGS", "SIGMA"]
        assert pixels.data["FLAGS"].shape == (1024, 1024)
        assert "MISSING" in pixels.header["FLAG001"]
        assert "CROTA" not in image.header
        assert "BLANK" not in image.header
        assert image.header["ORIGIN"] == "sunpy_lasco"
        assert image.header["BUNIT"] == "MSB"


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


def test_interrupted_writing_leaves_nothing(level1, tmp_path, monkeypatch):
    def fails(self, *args, **kwargs):
        args[0].write(b"half a file")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fits.HDUList, "writeto", fails)
    with pytest.raises(OSError, match="No space"):
        sunpy_lasco.write_level1(level1, tmp_path / "one.fts")
    assert names(tmp_path) == []


def test_another_process_was_faster(tmp_path):
    """Both begin; the second to end does not replace what the first has written."""
    path = tmp_path / "one.fts"

    def slow():
        with storage.atomic_path(path) as mine:
            mine.write_bytes(b"slow")
            path.write_bytes(b"fast")

    with pytest.raises(FileExistsError):
        slow()
    assert path.read_bytes() == b"fast"
    assert names(tmp_path) == ["one.fts"]


def test_only_level_1_is_written(observe, smooth_scene, tmp_path):
    raw = observe("C3", scene=smooth_scene, seed=21).level05
    with pytest.raises(LascoError, match="not of level 1"):
        sunpy_lasco.write_level1(raw, tmp_path / "one.fts")


def test_flags_that_do_not_fit(level1, tmp_path):
    path = sunpy_lasco.write_level1(level1, tmp_path / "one.fts")
    with fits.open(path) as hdus:
        hdus[0].data = hdus[0].data[:512, :512].copy()
        hdus.writeto(tmp_path / "cut.fts")
    with pytest.raises(HeaderError, match=r"cut\.fts"):
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
