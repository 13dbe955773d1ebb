"""Calibration images and tables that are complete but not what their names say."""

import json
import shutil

import numpy as np
import pytest
from idl_save_file import save_file

import sunpy_lasco
from sunpy_lasco import simulate
from sunpy_lasco.assets import (
    C2_TIME_OFFSETS,
    C2_VIGNETTING,
    C3_BACKGROUND,
    C3_MASK,
    C3_OCCULTER_CENTRES,
    C3_RAMP,
    C3_VIGNETTING_POST,
    C3_VIGNETTING_PRE,
    POINTING_TABLES,
    Asset,
    AssetSource,
    resolve,
)
from sunpy_lasco.assets.images import check_file
from sunpy_lasco.assets.tables import check_table
from sunpy_lasco.errors import AssetError, MissingAssetError

IMAGES = (C2_VIGNETTING, C3_VIGNETTING_PRE, C3_VIGNETTING_POST, C3_RAMP, C3_MASK, C3_BACKGROUND)
#: Damage that is not obvious in an image: (name, function, expected error).
CHANGES = {
    "zeros": (lambda image: image * 0, "values are not within|median is 0"),
    "negative": (lambda image: -image.astype(np.float32), "values are not within|median is -"),
    "ten times": (lambda image: image * 10, "values are not within|median is"),
    "a tenth": (lambda image: image * 0.1, "values are not within|median is"),
    "turned inside out": (lambda image: 1 / np.maximum(image, 1e-13), "values are not within|median is"),
}


@pytest.fixture(scope="module")
def images():
    return {name: simulate.assets().image(name) for name in IMAGES}


@pytest.mark.parametrize("name", IMAGES)
def test_good_images_pass(name, images, test_data):
    assert images[name].data.shape == (1024, 1024)
    assert resolve(test_data.parent / "calib").image(name).data.shape == (1024, 1024)
    if name != C3_BACKGROUND:
        assert resolve("estimate").image(name).data.shape == (1024, 1024)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", [name for name in IMAGES if name != C3_MASK])
def test_values_that_cannot_be(name, change, images, tmp_path, make_fits):
    spoil, message = CHANGES[change]
    data = spoil(images[name].data).astype(np.float32)
    (tmp_path / name).write_bytes(make_fits(data))
    for read in (lambda: resolve(tmp_path).image(name), lambda: check_file(tmp_path / name, name)):
        with pytest.raises(AssetError, match=message) as caught:
            read()
        assert str(tmp_path / name) in str(caught.value)
        assert name in str(caught.value)


@pytest.mark.parametrize("data", [np.ones((1024, 1024), np.uint8), np.zeros((1024, 1024), np.uint8)])
def test_masks_that_hide_nothing_or_all(data, tmp_path, make_fits):
    (tmp_path / C3_MASK).write_bytes(make_fits(data))
    with pytest.raises(AssetError, match="pixels from the occulter of C3 the median is"):
        resolve(tmp_path).image(C3_MASK)


@pytest.mark.parametrize(("true", "false"), [(C2_VIGNETTING, C3_VIGNETTING_POST), (C3_VIGNETTING_POST, C2_VIGNETTING),
                                             (C3_RAMP, C3_VIGNETTING_POST), (C3_BACKGROUND, C3_RAMP),
                                             (C3_VIGNETTING_POST, C3_BACKGROUND)])  # fmt: skip
def test_a_file_under_the_name_of_another(true, false, images, tmp_path, make_fits):
    """It is recognised by its values and, where it has them, by its cards."""
    (tmp_path / false).write_bytes(make_fits(images[true].data))
    with pytest.raises(AssetError, match=f"cannot be {false}"):
        resolve(tmp_path).image(false)
    (tmp_path / false).write_bytes(make_fits(images[false].data, FILENAME=true))
    with pytest.raises(AssetError, match=f"card FILENAME is {true}"):
        resolve(tmp_path).image(false)


def test_camera_of_the_header(images, tmp_path, make_fits):
    (tmp_path / C3_RAMP).write_bytes(make_fits(images[C3_RAMP].data, DETECTOR="C2"))
    with pytest.raises(AssetError, match="card DETECTOR is C2"):
        resolve(tmp_path).image(C3_RAMP)


def test_exposure_of_the_minimum_model(images, tmp_path, make_fits):
    (tmp_path / C3_BACKGROUND).write_bytes(make_fits(images[C3_BACKGROUND].data, EXPTIME=0.0))
    with pytest.raises(AssetError, match="card EXPTIME is 0"):
        resolve(tmp_path).image(C3_BACKGROUND)


def test_some_stray_pixels_do_no_harm(images, tmp_path, make_fits):
    data = images[C2_VIGNETTING].data.copy()
    data[100, :900] = -3
    (tmp_path / C2_VIGNETTING).write_bytes(make_fits(data))
    assert resolve(tmp_path).image(C2_VIGNETTING).data[100, 0] == -3


class Own(AssetSource):
    """A user's own source, without files."""

    def image(self, name):
        return Asset(name, simulate.assets().image(name).data * np.float32(0), source="my own zeros")

    def text(self, name):
        msg = "no tables"
        raise MissingAssetError(msg)


@pytest.mark.filterwarnings("error")
def test_the_asset_is_blamed_and_not_the_frame(images, tmp_path, make_fits):
    """A vignetting of zeros used to give images of zeros, with a warning about the shutter."""
    raw = simulate.observe("C3", leb_sum=(4, 4), seed=1).level05
    for name in IMAGES:
        (tmp_path / name).write_bytes(make_fits(images[name].data))
    assert sunpy_lasco.calibrate(raw, assets=tmp_path).meta["vigfile"] == C3_VIGNETTING_POST
    (tmp_path / C3_VIGNETTING_POST).write_bytes(make_fits(images[C3_VIGNETTING_POST].data * 10))
    with pytest.raises(AssetError, match=rf"{C3_VIGNETTING_POST} cannot be {C3_VIGNETTING_POST}.*from 10 to"):
        sunpy_lasco.calibrate(raw, assets=tmp_path)
    with pytest.raises(AssetError, match="my own zeros cannot be"):
        sunpy_lasco.calibrate(raw, assets=Own())


# -- Tables ---------------------------------------------------------------------

LINE = "{}  1.001080     618.5  {}      376.02  Orange      Clear            5400  10  1.20e-04\n"


def exposure_of(camera, tmp_path, text, date="2000-05-15"):
    exposure = simulate.observe(camera, date=date, leb_sum=(4, 4), seed=1)
    simulate.write_assets(tmp_path, exposure)
    path = next(tmp_path.rglob(f"{camera.lower()}_expfactor_*.dat"))
    path.write_text(text)
    return sunpy_lasco.calibrate(exposure.level05, assets=tmp_path)


def test_exposure_factors_of_the_other_camera_or_of_another_day(tmp_path):
    with pytest.raises(AssetError, match=r"c3_expfactor_000515\.dat holds lines of another camera.*22157677\.fts"):
        exposure_of("C3", tmp_path, LINE.format("22157677.fts", "000515"))
    with pytest.raises(AssetError, match=r"c2_expfactor_000515\.dat holds lines of other days.*MJD 54890"):
        exposure_of("C2", tmp_path, LINE.format("22157677.fts", "090228"))
    assert exposure_of("C2", tmp_path, LINE.format("22157677.fts", "000515")).meta["expfac"] == 1


def test_biases_that_cannot_be(tmp_path):
    with pytest.raises(AssetError, match=r"holds the bias 5 DN in the line of 22157677\.fts"):
        exposure_of("C2", tmp_path, LINE.format("22157677.fts", "000515").replace("618.5", "  5.0"))


def test_tables_with_values_that_cannot_be():
    with pytest.raises(AssetError, match="6009 s"):
        check_table(C2_TIME_OFFSETS, "h\nh\n52940 46445521 511.2 0 6009\n")
    with pytest.raises(AssetError, match="not within 480 to 560 pixels"):
        check_table(C3_OCCULTER_CENTRES, "h\nh\n1996/08/10 51.6514 529.717\n")


def test_pointing_table_of_the_other_camera(tmp_path):
    """C2's table under C3's name would move the Sun by 27 pixels."""
    rows = 4
    days = np.arange(rows) * 86400.0 + (51679 - 36204) * 86400.0
    variables = {"c_tai": days, "c_xmed": np.full(rows, 510.2), "c_ymed": np.full(rows, 506.5),
                 "c_rmed": np.full(rows, 0.5)}  # fmt: skip
    simulate.write_assets(tmp_path)
    (tmp_path / POINTING_TABLES["C3"][1]).write_bytes(save_file(variables))
    raw = simulate.observe("C3", date="2000-05-15", leb_sum=(4, 4), seed=1).level05
    with pytest.raises(AssetError, match=rf"cannot be {POINTING_TABLES['C3'][1]}: the median Sun centre is \(510\.2, "):
        sunpy_lasco.calibrate(raw, assets=tmp_path)


# -- SHA-256 ------------------------------------------------------------------------


def test_known_sha256_is_compared_in_a_directory_too(images, tmp_path, make_fits, monkeypatch):
    path = tmp_path / C3_RAMP
    path.write_bytes(make_fits(images[C3_RAMP].data))
    good = resolve(tmp_path).image(C3_RAMP).sha256
    pins = tmp_path / "pins.json"
    pins.write_text(json.dumps({C3_RAMP: {"sha256": good, "url": "http://127.0.0.1"}}))
    assert resolve(tmp_path).image(C3_RAMP).sha256 == good
    path.write_bytes(make_fits(images[C3_RAMP].data * np.float32(1.001)))
    with pytest.raises(AssetError, match=rf"{good} is expected"):
        resolve(tmp_path).image(C3_RAMP)
    copy = tmp_path / "flat"
    copy.mkdir()
    shutil.copy(path, copy)
    assert resolve(copy).image(C3_RAMP).sha256 != good
    from dataclasses import replace

    from sunpy_lasco.assets import names

    monkeypatch.setitem(names.CATALOGUE, C3_RAMP, replace(names.CATALOGUE[C3_RAMP], sha256=good))
    with pytest.raises(AssetError, match=rf"{good} is expected"):
        resolve(copy).image(C3_RAMP)
