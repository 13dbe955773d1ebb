"""Values of all available official headers of C2 level 1, computed from other columns of the same table."""

import csv

import numpy as np
import pytest

import astropy.units as u
from astropy.time import Time

import sunpy_lasco
from sunpy_lasco import simulate
from sunpy_lasco.geometry.ephemeris import idl_solar_radius
from sunpy_lasco.geometry.rolls import is_flipped, normalize_roll
from sunpy_lasco.instrument.photometry import calibration_factor

#: Digits to which the table prints, or to which IDL computed: RSUN in single precision, of which
#: 984 arcsec is known to 6.1e-5 arcsec.
RSUN_DIGITS, CENTRE_DIGITS, ANGLE_DIGITS = 1.1 * float(np.spacing(np.float32(984))), 0.006, 6e-4


@pytest.fixture(scope="module")
def rows(test_data):
    with (test_data / "headers" / "level1_c2_official.csv").open(newline="") as file:
        found = list(csv.DictReader(file))
    assert len(found) == 54
    return found


def original_mjd(row):
    return int(Time(row["date_obs_original"].replace("/", "-").replace(" ", "T")).mjd)


def test_calibration_factor(rows):
    """It depends on the day of the original, uncorrected time."""
    for row in rows:
        printed = f"{calibration_factor('C2', 'ORANGE', 'CLEAR', original_mjd(row)):.5e}"
        assert float(printed) == float(row["calfactor"]), row["filename"]


def test_solar_radius(rows):
    for row in rows:
        found = float(idl_solar_radius(original_mjd(row)))
        assert found == pytest.approx(float(row["rsun_arcsec"]), abs=RSUN_DIGITS), row["filename"]


def test_rotation_and_rectification(rows):
    """RECTIFY is the roll of the detector; beyond 180 degrees IDL's ``rot`` removed it."""
    seen = []
    for row in rows:
        rectify = float(row["rectify"])
        turned = is_flipped(float(normalize_roll(rectify)))
        removed = float(normalize_roll(rectify - 180.0 * turned))
        seen.append((turned, bool(row["rot_angle_applied"])))
        if not row["rot_angle_applied"]:
            assert (rectify, turned) == (0, False)
            assert float(row["crota"]) != 0
            continue
        applied = float(row["rot_angle_applied"])
        assert float(normalize_roll(applied + removed)) == pytest.approx(0, abs=ANGLE_DIGITS), row["filename"]
        assert float(row["crota"]) == 0
    assert {(True, True), (False, True), (False, False)} == set(seen)


def test_centre_of_the_image(rows):
    """XCEN refers to pixel 512.5, counted from 1, wherever the Sun's centre is."""
    for row in rows:
        for axis, card in ((1, "xcen"), (2, "ycen")):
            expected = 11.9 * (512.5 - float(row[f"crpix{axis}"]))
            assert expected == pytest.approx(float(row[card]), abs=CENTRE_DIGITS), row["filename"]


@pytest.mark.parametrize("place", [0, 20, 28, 47, 53])
def test_our_header_of_the_same_frame(place, rows, smooth_scene):
    """A simulated exposure of the same time and pointing gets the header of the official product."""
    row = rows[place]
    start = row["date_obs_original"].replace("/", "-").replace(" ", "T")
    corrected = Time(row["date_obs_corrected"])
    rotated = bool(row["rot_angle_applied"])
    roll = float(normalize_roll(float(row["rectify"]) + float(row["crota"])))
    crpix = np.array([float(row["crpix1"]), float(row["crpix2"])])
    # In the detector's own orientation, from 0.
    centre = 1023 - (crpix - 1) if is_flipped(roll) else crpix - 1
    exposure = simulate.observe(
        "C2",
        date=start,
        exptime=float(row["exptime_corrected"]) / float(row["exp_factor"]),
        roll=roll,
        sun_centre=tuple(centre),
        noise=False,
        scene=smooth_scene,
    )
    offset = (Time(start) - corrected).to(u.s)
    result = sunpy_lasco.calibrate(
        exposure.level05,
        assets=simulate.assets(exposure),
        north_up=rotated,
        centre=centre * u.pix,
        roll=roll * u.deg,
        time_offset=offset,
        inpaint=None,
    )
    meta = result.meta
    assert float(f"{meta['calfac']:.5e}") == float(row["calfactor"])
    assert meta["rsun"] == pytest.approx(float(row["rsun_arcsec"]), abs=RSUN_DIGITS)
    assert float(normalize_roll(meta["rectify"] - float(row["rectify"]))) == pytest.approx(0, abs=ANGLE_DIGITS)
    assert [meta["crpix1"], meta["crpix2"]] == pytest.approx(crpix, abs=1e-4)
    assert [meta["xcen"], meta["ycen"]] == pytest.approx([float(row["xcen"]), float(row["ycen"])], abs=CENTRE_DIGITS)
    left = np.degrees(np.arctan2(meta["pc2_1"], meta["pc1_1"]))
    assert left == pytest.approx(float(row["crota"]), abs=1e-6)
    assert meta["date-obs"] == row["date_obs_corrected"]
    assert Time(meta["date-ori"]).isot[:23] == Time(start).isot[:23]
    assert meta["filename"][:2] == row["filename"][:2]
