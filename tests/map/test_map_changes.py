"""Maps that are no longer exposures are marked, and refused by functions for exposures."""

import numpy as np
import pytest

import astropy.units as u

import sunpy.map

import sunpy_lasco
from sunpy_lasco import level1 as calibration
from sunpy_lasco.errors import NotCalibratableError
from sunpy_lasco.instrument import changes
from sunpy_lasco.map import replace

#: Operations that change the values, by their names in the header.
VALUES = {
    "difference": lambda smap: smap - smap,
    "sum": lambda smap: smap + smap,
    "scaled": lambda smap: 2 * smap,
    "inverse": lambda smap: 1 / smap,
    "power": lambda smap: smap**2,
    "negative": lambda smap: -smap,
}
GRID = {
    "rotate": lambda smap: smap.rotate(10 * u.deg, order=1),
    "rotate by 180": lambda smap: smap.rotate(180 * u.deg, order=0),
    "resample": lambda smap: smap.resample([256, 256] * u.pix),
    "superpixel": lambda smap: smap.superpixel([2, 2] * u.pix, func=np.mean),
}
#: Functions of a level-0.5 map.
STEPS = {
    "calibrate": lambda smap: sunpy_lasco.calibrate(smap, assets="simulated", inpaint=None),
    "inpaint": sunpy_lasco.inpaint,
    "unwrap": calibration.unwrap,
    "mark_missing": calibration.mark_missing,
    "subtract_bias": calibration.subtract_bias,
    "update_pointing": sunpy_lasco.update_pointing,
    "update_observer": sunpy_lasco.update_observer,
    "correct_time": calibration.correct_time,
    "find_pointing": lambda smap: calibration.find_pointing(smap, assets="simulated"),
}
#: Functions of a level-1 map.
LEVEL1 = {
    "write_level1": lambda smap, path: sunpy_lasco.write_level1(smap, path),
    "write_solarsoft": lambda smap, path: sunpy_lasco.write_solarsoft(smap, path / "official.fts"),
    "region_sum": lambda smap, _: sunpy_lasco.region_sum(smap, np.ones(smap.data.shape, bool)),
    "uncertainty": lambda smap, _: sunpy_lasco.uncertainty(smap),
    "systematic_uncertainty": lambda smap, _: sunpy_lasco.systematic_uncertainty(smap),
    "finish_header": lambda smap, _: calibration.finish_header(smap),
    "inpaint": lambda smap, _: sunpy_lasco.inpaint(smap),
    "update_pointing": lambda smap, _: sunpy_lasco.update_pointing(smap, roll=1 * u.deg),
}


@pytest.fixture
def pair(calibrated):
    return calibrated("C3", leb_sum=(2, 2), seed=3)


def test_the_names_of_all_operations_are_known(pair):
    for name, operation in (VALUES | GRID).items():
        assert changes.changes_of(operation(pair.level1).meta) == (name.split()[0],)


def test_names_are_kept_in_order(pair):
    later = (pair.level1 - pair.level1) * 2 * 3
    assert later.meta["edited"] == "difference, scaled"
    assert later.submap([0, 0] * u.pix, width=20 * u.pix, height=20 * u.pix).meta["edited"] == "difference, scaled"


def test_exposures_and_their_parts_have_no_card(pair):
    for smap in (pair.level05, pair.level1):
        assert changes.changes_of(smap.meta) == ()
        part = smap.submap([10, 10] * u.pix, width=200 * u.pix, height=200 * u.pix)
        assert changes.changes_of(part.meta) == ()


def test_statistics_of_the_old_pixels_are_left_behind(pair):
    assert "datamax" in pair.level1.meta
    assert not [card for card in (2 * pair.level1).meta if card.startswith("data")]


def test_an_unknown_name_means_a_change(pair):
    smap = replace(pair.level1, meta=dict(pair.level1.meta) | {"edited": "turned inside out"})
    with pytest.raises(NotCalibratableError, match="turned inside out"):
        changes.require_exposure(smap, "calibrated")


def test_names_that_nobody_knows_cannot_be_given(pair):
    with pytest.raises(ValueError, match="not an operation"):
        changes.changed(pair.level1.meta, "turned inside out")


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("name", VALUES | GRID)
def test_counts_that_were_changed_are_refused(name, step, pair):
    smap = (VALUES | GRID)[name](pair.level05)
    with pytest.raises(NotCalibratableError, match=f"EDITED = '{name.split()[0]}'"):
        STEPS[step](smap)


@pytest.mark.parametrize("step", LEVEL1)
@pytest.mark.parametrize("name", VALUES)
def test_brightness_that_was_changed_is_refused(name, step, pair, tmp_path):
    with pytest.raises(NotCalibratableError, match=f"EDITED = '{name}'"):
        LEVEL1[step](VALUES[name](pair.level1), tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("step", ["write_solarsoft", "region_sum", "update_pointing"])
@pytest.mark.parametrize("name", GRID)
def test_what_follows_pixels_to_the_detector_refuses_mixed_ones(name, step, pair, tmp_path):
    with pytest.raises(NotCalibratableError, match=f"EDITED = '{name.split()[0]}'"):
        LEVEL1[step](GRID[name](pair.level1), tmp_path)


def test_the_card_survives_saving(pair, tmp_path):
    (pair.level1 - pair.level1).save(tmp_path / "difference.fits")
    again = sunpy.map.Map(tmp_path / "difference.fits")
    assert changes.changes_of(again.meta) == ("difference",)
    with pytest.raises(NotCalibratableError, match="difference"):
        sunpy_lasco.write_level1(again, tmp_path / "level1.fts")
