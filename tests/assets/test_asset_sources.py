"""Names, directories, reading, and the choice of a source."""

import datetime
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sunpy

from sunpy_lasco.assets import (
    C2_VIGNETTING,
    C3_BACKGROUND,
    C3_MASK,
    C3_RAMP,
    C3_VIGNETTING_POST,
    C3_VIGNETTING_PRE,
    POINTING_TABLES,
    AbsentAssetError,
    AssetSource,
    ChainSource,
    DirectorySource,
    EstimateSource,
    RemoteSource,
    c3_vignetting_name,
    exposure_factor_name,
    pointing_table_name,
    resolve,
)
from sunpy_lasco.assets.names import CATALOGUE, entry
from sunpy_lasco.assets.sources import candidate_paths
from sunpy_lasco.config import Configuration, ConfigurationError
from sunpy_lasco.errors import AssetError, MissingAssetError

FIRST_DAY = datetime.date(1996, 1, 1).toordinal()
MJD_OF_ORDINAL_ONE = -678575


def test_name_of_every_day():
    """1996-01-01 to 2026-12-31, by the calendar of the standard library."""
    for ordinal in range(FIRST_DAY, datetime.date(2026, 12, 31).toordinal() + 1, 7):
        day = datetime.date.fromordinal(ordinal)
        mjd = ordinal - 1 + MJD_OF_ORDINAL_ONE
        name = exposure_factor_name("C3", mjd)
        assert name == f"c3_expfactor_{day:%y%m%d}.dat"
        assert entry(name).paths == (f"soho/lasco/lasco/expfac/data/{day:%y%m}/{name}",)


def test_published_addresses():
    assert entry(C2_VIGNETTING).urls()[:2] == (
        "https://hesperia.gsfc.nasa.gov/ssw/soho/lasco/lasco/data/calib/c2vig_final.fts",
        "https://soho.nascom.nasa.gov/solarsoft/soho/lasco/lasco/data/calib/c2vig_final.fts",
    )
    assert entry("c2_expfactor_090228.dat").urls() == (
        "https://hesperia.gsfc.nasa.gov/ssw/soho/lasco/lasco/expfac/data/0902/c2_expfactor_090228.dat",
        "https://soho.nascom.nasa.gov/solarsoft/soho/lasco/lasco/expfac/data/0902/c2_expfactor_090228.dat",
    )
    assert entry("nominal_roll_attitude.dat").urls() == (
        "https://soho.nascom.nasa.gov/data/ancillary/attitude/roll/nominal_roll_attitude.dat",
    )


def test_names_by_time():
    from astropy.time import Time

    assert c3_vignetting_name(50999) == C3_VIGNETTING_PRE
    assert c3_vignetting_name(51000) == C3_VIGNETTING_POST
    assert pointing_table_name("C2", Time("1998-06-30T23:59:59")) == POINTING_TABLES["C2"][0]
    assert pointing_table_name("C3", Time("1998-07-01")) == POINTING_TABLES["C3"][1]


@pytest.mark.parametrize("name", ["vignetting.fts", "c4_expfactor_090228.dat", "../c2vig_final.fts", ""])
def test_unknown_names(name):
    with pytest.raises(AssetError, match="not the name of a calibration image"):
        entry(name)


@pytest.mark.parametrize(
    "folder",
    ["", "calib", "data/calib", "lasco/data/calib", "idl/data/calib", "soho/lasco/lasco/data/calib"],
)
def test_image_in_the_folders_of_a_tree(folder, tmp_path, mask_file):
    (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    (tmp_path / folder / C3_MASK).write_bytes(mask_file)
    asset = resolve(tmp_path).image(C3_MASK)
    assert asset.source == C3_MASK
    assert asset.data.sum() == asset.data.astype(bool).sum() > 0


@pytest.mark.parametrize(
    "folder",
    [
        "",
        "0902",
        "data/0902",
        "expfac/data/0902",
        "soho/lasco/lasco/expfac/data/0902",
        "soho/lasco/idl/expfac/data/0902",
    ],
)
def test_exposure_factors_in_the_folders_of_a_tree(folder, tmp_path):
    name = exposure_factor_name("C2", 54890)
    (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    (tmp_path / folder / name).write_text("22157677.fts  1.001080     618.5  090228      376.02\n")
    text, sha256 = resolve(str(tmp_path)).text(name)
    assert text.startswith("22157677")
    assert len(sha256) == 64


def test_flat_comes_first(tmp_path):
    assert candidate_paths(C3_RAMP)[0] == C3_RAMP
    assert "calib/C3ramp.fts" in candidate_paths(C3_RAMP)
    assert candidate_paths("weights.bin") == ("weights.bin",)
    assert len(set(candidate_paths(C3_RAMP))) == len(candidate_paths(C3_RAMP))


@pytest.mark.parametrize("name", ["../secret", "a/b", "", ".", ".."])
def test_paths_are_no_names(name, tmp_path):
    with pytest.raises(AssetError, match="is not a file name"):
        DirectorySource(tmp_path).path(name)


def test_missing_in_a_directory(tmp_path):
    with pytest.raises(MissingAssetError) as caught:
        resolve(tmp_path).image(C2_VIGNETTING)
    message = str(caught.value)
    for part in (
        C2_VIGNETTING,
        str(tmp_path),
        "https://hesperia.gsfc.nasa.gov/ssw/soho/lasco/lasco/data/calib/c2vig_final.fts",
        "argument assets",
        "SUNPY_LASCO_ASSETS",
        "LASCO_DATA",
        "SSW",
        "sunpy-lasco assets fetch",
        'assets="estimate"',
    ):
        assert part in message


def test_no_directory(tmp_path):
    with pytest.raises(MissingAssetError, match="is not a directory"):
        resolve(tmp_path / "nowhere")


def test_read_once_until_it_changes(tmp_path, mask_file, other_mask_file):
    path = tmp_path / C3_MASK
    path.write_bytes(mask_file)
    source = resolve(tmp_path)
    first = source.image(C3_MASK)
    assert source.image(C3_MASK) is first
    path.write_bytes(other_mask_file)
    os.utime(path, ns=(1, 1))
    second = source.image(C3_MASK)
    assert second.sha256 != first.sha256
    assert second.data.sum() > first.data.sum()


@pytest.mark.parametrize("dtype", [">f4", ">f8"])
def test_images_are_native_float32(dtype, tmp_path, make_fits):
    values = resolve("estimate").image(C2_VIGNETTING).data.astype(dtype)
    (tmp_path / C2_VIGNETTING).write_bytes(make_fits(values, EXPTIME=19.0, HISTORY="old"))
    asset = resolve(tmp_path).image(C2_VIGNETTING)
    assert asset.data.dtype == np.float32
    assert asset.data.dtype.isnative
    assert asset.header["EXPTIME"] == 19.0
    assert "HISTORY" not in asset.header
    np.testing.assert_allclose(asset.data, values.astype(float), rtol=1e-7)
    with pytest.raises(ValueError, match="read-only"):
        asset.data[0, 0] = 1


def test_estimate_in_a_file(tmp_path, make_fits):
    (tmp_path / C3_RAMP).write_bytes(make_fits(np.full((1024, 1024), 3e-12, np.float32), ORIGIN="ESTIMATE"))
    asset = resolve(tmp_path).image(C3_RAMP)
    assert asset.estimated
    assert asset.offset_sigma == 0.4e-12


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (np.ones((512, 512), np.float32), r"shape \(512, 512\)"),
        (np.ones((1024, 1024), np.int16), "BITPIX 16"),
        (np.full((1024, 1024), np.nan, np.float32), "1048576 values that are not finite"),
        (None, "shape None"),
    ],
)
def test_wrong_images(data, message, tmp_path, make_fits):
    (tmp_path / C2_VIGNETTING).write_bytes(make_fits(data))
    with pytest.raises(AssetError, match=message) as caught:
        resolve(tmp_path).image(C2_VIGNETTING)
    assert str(tmp_path / C2_VIGNETTING) in str(caught.value)
    assert not isinstance(caught.value, MissingAssetError)


def test_scaled_integers_are_real_numbers(tmp_path, make_fits):
    from astropy.io import fits

    values = resolve("estimate").image(C2_VIGNETTING).data
    hdu = fits.PrimaryHDU(values.astype(float))
    hdu.scale("int16", bscale=0.001, bzero=25)
    hdu.writeto(tmp_path / C2_VIGNETTING)
    np.testing.assert_allclose(resolve(tmp_path).image(C2_VIGNETTING).data, values, atol=0.001)


def test_truncated_image(tmp_path, mask_file):
    (tmp_path / C3_MASK).write_bytes(mask_file[:-5000])
    with pytest.raises(AssetError, match="is truncated"):
        resolve(tmp_path).image(C3_MASK)


def test_image_without_padding_is_read(tmp_path, mask_file):
    """A file from a tape may lack the last padding, which contains no pixels."""
    padding = 2880 - 1024 * 1024 % 2880
    (tmp_path / C3_MASK).write_bytes(mask_file[:-padding])
    assert resolve(tmp_path).image(C3_MASK).data.shape == (1024, 1024)


def test_web_page_instead_of_a_table(tmp_path):
    name = exposure_factor_name("C2", 54890)
    (tmp_path / name).write_text("<!DOCTYPE html><html></html>")
    with pytest.raises(AssetError, match="is a web page"):
        resolve(tmp_path).text(name)


def test_order_of_local_trees(tmp_path, monkeypatch, mask_file):
    for folder in ("own", "data", "ssw", "elsewhere"):
        (tmp_path / folder).mkdir()
    own, data, ssw = tmp_path / "own", tmp_path / "data", tmp_path / "ssw"
    monkeypatch.setenv("SSW", str(ssw))
    monkeypatch.setenv("LASCO_DATA", str(data))
    monkeypatch.setenv("SUNPY_LASCO_ASSETS", os.pathsep.join((str(tmp_path / "elsewhere"), str(own))))
    for folder in (ssw, data, own):
        (folder / C3_MASK).write_bytes(mask_file)
        assert resolve().path(C3_MASK) == folder / C3_MASK
    # A directory given as an argument is the only one that is searched.
    with pytest.raises(MissingAssetError):
        resolve(tmp_path / "elsewhere").path(C3_MASK)
    assert resolve([tmp_path / "elsewhere", data]).path(C3_MASK) == data / C3_MASK
    assert resolve([tmp_path / "elsewhere", None]).path(C3_MASK) == own / C3_MASK


def test_broken_local_file_is_not_passed_over(tmp_path, monkeypatch):
    """A file that the user supplied must not be replaced silently by another one."""
    (tmp_path / C3_MASK).write_bytes(b"SIMPLE")
    monkeypatch.setenv("LASCO_DATA", str(tmp_path))
    with pytest.raises(AssetError, match="cannot be read as a FITS file"):
        resolve([None, "estimate"]).image(C3_MASK)


def test_chain_falls_back_on_the_estimate(tmp_path, mask_file):
    (tmp_path / C3_MASK).write_bytes(mask_file)
    source = resolve([tmp_path, "estimate"])
    assert not source.image(C3_MASK).estimated
    assert source.image(C3_RAMP).estimated
    with pytest.raises(MissingAssetError, match=f"{tmp_path}, the built-in estimates"):
        source.image(C3_BACKGROUND)


def test_chain_tells_absent_from_missing(tmp_path):
    class Empty(AssetSource):
        def path(self, name):
            raise AbsentAssetError(name)

    with pytest.raises(AbsentAssetError):
        ChainSource((Empty(), DirectorySource(tmp_path))).text(exposure_factor_name("C2", 54890))
    with pytest.raises(MissingAssetError, match="any directory"):
        ChainSource(()).path(C3_MASK)


def test_sources_as_arguments(tmp_path):
    source = DirectorySource(tmp_path)
    assert resolve(source) is source
    assert resolve("estimate") == EstimateSource()
    assert resolve(Path(tmp_path)) == source


def test_base_source_has_nothing():
    with pytest.raises(MissingAssetError, match="is not in this source"):
        AssetSource().path(C3_MASK)
    with pytest.raises(MissingAssetError):
        AssetSource().text("weights.bin")


def test_sources_and_errors_travel_to_other_processes(tmp_path):
    for source in (resolve(), resolve(tmp_path), resolve("estimate")):
        assert pickle.loads(pickle.dumps(source)) == source
    with pytest.raises(MissingAssetError) as caught:
        resolve(tmp_path).path(C3_MASK)
    copy = pickle.loads(pickle.dumps(caught.value))
    assert type(copy) is MissingAssetError
    assert str(copy) == str(caught.value)


def test_default_settings():
    configuration = Configuration.read()
    assert configuration.assets == ()
    assert not configuration.offline
    assert configuration.cache == Path(sunpy.config.get("downloads", "download_dir")) / "lasco_assets"
    assert configuration.mirrors["ssw"][0] == "https://hesperia.gsfc.nasa.gov/ssw"
    assert 0 < configuration.connect_timeout <= 10
    assert isinstance(resolve().sources[-1], RemoteSource)


def test_settings_from_sunpyrc_and_environment(monkeypatch, tmp_path):
    sunpy.config.add_section("sunpy_lasco")
    try:
        sunpy.config.set("sunpy_lasco", "offline", "yes")
        sunpy.config.set("sunpy_lasco", "cache", str(tmp_path))
        sunpy.config.set("sunpy_lasco", "mirrors", "http://one/ http://two/ssw")
        configuration = Configuration.read()
        assert configuration.offline
        assert configuration.cache == tmp_path
        assert entry(C3_MASK).urls(configuration.mirrors)[1].startswith("http://two/ssw/soho/")
        assert entry(C3_MASK).urls(configuration.mirrors)[0].startswith("http://one/soho/")
        monkeypatch.setenv("SUNPY_LASCO_OFFLINE", "0")
        assert not Configuration.read().offline
    finally:
        sunpy.config.remove_section("sunpy_lasco")


@pytest.mark.parametrize(
    ("name", "value"), [("OFFLINE", "perhaps"), ("CONNECT_TIMEOUT", "soon"), ("READ_TIMEOUT", "-1"), ("PROGRESS", "x")]
)
def test_settings_that_make_no_sense(name, value, monkeypatch):
    monkeypatch.setenv(f"SUNPY_LASCO_{name}", value)
    with pytest.raises(ConfigurationError, match=name.lower()):
        Configuration.read()


@given(st.sampled_from(sorted(CATALOGUE)))
def test_every_candidate_is_a_tail_of_a_published_path(name):
    paths = entry(name).paths
    for relative in candidate_paths(name):
        assert any(f"/{path}".endswith(f"/{relative}") for path in paths)


def test_no_hash_is_made_up():
    assert all(item.sha256 is None for item in CATALOGUE.values())
