"""Checks at the start of the calibration, on maps with damaged headers and pixels."""

import copy
from pathlib import Path

import numpy as np
import pytest

import astropy.units as u

import sunpy.map

import sunpy_lasco
from sunpy_lasco.errors import BadFrameError, HeaderError, LascoUserWarning, NotCalibratableError
from sunpy_lasco.instrument.headers import MapHeaderError
from sunpy_lasco.level1.checks import admit


@pytest.fixture(scope="module")
def raw(observe, smooth_scene):
    """A small frame: 2 x 2 sums of the electronics box."""
    return observe("C3", scene=smooth_scene, seed=21, leb_sum=(2, 2)).level05


def changed(smap, data=None, **cards):
    """A map as if read from a file, with other pixels and cards; ... removes a card."""
    meta = copy.deepcopy(smap.meta)
    for name, value in cards.items():
        meta[name.replace("__", "-")] = value
    meta = {card: value for card, value in meta.items() if value is not ...}
    return sunpy.map.Map(smap.data.copy() if data is None else data, meta)


def calibrated(smap, **options):
    return sunpy_lasco.calibrate(smap, assets="simulated", **({"inpaint": None} | options))


def relative(one, other):
    """Largest difference of two images where both are valid."""
    good = np.isfinite(one.data) & np.isfinite(other.data)
    return float(np.abs(one.data[good] / other.data[good] - 1).max())


@pytest.mark.parametrize("value", [0, 0.0, -19.1, float("nan"), float("inf"), "long", True, 1e30, 10**400])
def test_exposure_times_are_refused_before_any_work(value, raw, monkeypatch):
    monkeypatch.setattr("sunpy_lasco.level1.pipeline.resolve", lambda _: pytest.fail("work was begun"))
    monkeypatch.setattr("sunpy_lasco.level1.pipeline._source", lambda _: pytest.fail("work was begun"))
    with pytest.raises(HeaderError, match="EXPTIME"):
        calibrated(changed(raw, exptime=value))


@pytest.mark.parametrize(
    ("cards", "error", "message"),
    [
        ({"date__obs": "1890/05/21"}, HeaderError, "outside the mission"),
        ({"date__obs": "2099/05/21"}, HeaderError, "outside the mission"),
        ({"polar": "+45 Deg", "filter": "Orange"}, NotCalibratableError, "POLAR"),
        ({"filter": "Grey"}, NotCalibratableError, "FILTER"),
        ({"lebxsum": 4, "lebysum": 4}, HeaderError, "LEBXSUM"),
        ({"crval1": 500.0}, HeaderError, "CRVAL1"),
    ],
)
@pytest.mark.parametrize("on_bad", ["warn", "ignore"])
def test_headers_that_are_refused(cards, error, message, on_bad, raw):
    with pytest.raises(error, match=message):
        calibrated(changed(raw, **cards), on_bad=on_bad)


@pytest.mark.parametrize(
    ("cards", "message"),
    [
        ({"mid_date": 1}, "MID_DATE"),
        ({"mid_date": 60000}, "MID_DATE 60000"),
        ({"mid_time": -5.0}, "MID_TIME"),
        ({"time__obs": ""}, "TIME-OBS"),
        ({"lebxsum": 1, "lebysum": 1}, "LEBXSUM"),
        ({"hcomp_sf": "x"}, "HCOMP_SF"),
        ({"offset": "x"}, "OFFSET"),
    ],
)
def test_headers_that_are_put_right(cards, message, raw):
    """The product is that of the correct header, and on_bad decides about warnings and errors."""
    with pytest.warns(LascoUserWarning, match=f"is implausible: .*{message}"):
        result = calibrated(changed(raw, **cards))
    sound = calibrated(raw)
    assert relative(result, sound) < 1e-5
    assert result.date.isot == pytest.approx(sound.date.isot) if message != "TIME-OBS" else True
    for card in ("mid_date", "lebxsum", "lebysum"):
        assert result.meta[card] == sound.meta[card]
    assert abs(result.meta["mid_time"] - sound.meta["mid_time"]) < 0.1
    with pytest.raises(BadFrameError, match=message):
        calibrated(changed(raw, **cards), on_bad="raise")
    assert relative(calibrated(changed(raw, **cards), on_bad="ignore"), sound) < 1e-5


def test_blank_time_of_day_is_that_of_the_middle(raw):
    with pytest.warns(LascoUserWarning, match="TIME-OBS is missing"):
        result = calibrated(changed(raw, time__obs=""))
    assert abs((result.date - calibrated(raw).date).to_value(u.s)) < 0.1


@pytest.mark.parametrize("cards", [{"mid_date": 0}, {"mid_time": ...}, {"mid_date": 40000}, {"mid_date": "x"}])
def test_nothing_tells_the_time_of_day(cards, raw):
    with pytest.raises(MapHeaderError, match="no time of day"):
        changed(raw, time__obs=..., **cards)


def test_bare_day_beside_time_obs(raw):
    """Such a map used to begin at midnight."""
    clock = raw.meta["time-obs"]
    other = changed(raw, time__obs=..., time_obs=clock)
    assert other.date == raw.date
    assert calibrated(other).date == calibrated(raw).date


@pytest.mark.parametrize("detector", [2, 3.0, "2", "CX", "", None, True])
def test_detector_that_is_none(detector, raw):
    with pytest.raises(MapHeaderError, match="DETECTOR"):
        changed(raw, detector=detector)


HOLES = {
    "block": (slice(320, 352), slice(128, 160), 0),
    "half of a block": (slice(320, 336), slice(128, 160), 0),
    "stripe": (slice(300, 310), slice(None), 0),
    "end of the file": (slice(400, None), slice(None), 0),
    "counts of 1 to 5": (slice(320, 352), slice(128, 160), 3),
    "pixel": (slice(320, 321), slice(128, 129), 0),
}


@pytest.mark.parametrize("inpaint", [None, "fuzzy"])
@pytest.mark.parametrize("kind", HOLES)
def test_no_hole_is_silent(kind, inpaint, raw):
    rows, columns, value = HOLES[kind]
    data = raw.data.copy()
    data[rows, columns] = value
    broken = changed(raw, data)
    with pytest.raises(BadFrameError, match="its pixels do not agree with its header"):
        calibrated(broken, on_bad="raise", inpaint=inpaint)
    with pytest.warns(LascoUserWarning, match="DATAZER|DATAMIN"):
        result = calibrated(broken, distortion=None, inpaint=None)
    assert np.isnan(result.data[rows, columns]).all()
    missing = (sunpy_lasco.flags(result)[rows, columns] & sunpy_lasco.PixelFlag.MISSING) != 0
    assert missing.mean() > 0.5


def test_edited_maps_are_not_compared_with_the_statistics(raw):
    """Parts, repaired maps and maps with a new pointing have other pixels or cards, and record that."""
    part = raw.submap([100, 100] * u.pix, top_right=[400, 350] * u.pix)
    for edited in (part, sunpy_lasco.inpaint(raw), sunpy_lasco.update_pointing(raw, roll=1 * u.deg)):
        assert admit(edited)[1] == []


def test_nothing_at_all(raw):
    empty = changed(raw, np.zeros_like(raw.data))
    with pytest.raises(BadFrameError, match="it holds no data"):
        calibrated(empty, on_bad="raise")


@pytest.mark.parametrize("name", [..., "my_frame.fts", "a2/../../../../x.fts"])
def test_product_of_a_file_that_was_renamed(name, raw, tmp_path):
    """
    The name is made from camera and time, so writing does not fail at the end, and no file is written outside the
    folder.
    """
    result = calibrated(changed(raw, filename=name))
    start = raw.date.strftime("%Y%m%d_%H%M%S")
    assert result.meta["filename"] == f"lasco_c3_{start}.fts"
    out = tmp_path / "deep" / "out"
    path = sunpy_lasco.write_level1(result, out)
    assert path.is_file()
    assert out in path.parents
    assert [one for one in tmp_path.rglob("*") if one.is_file()] == [path]
    assert type(sunpy_lasco.read_level1(path)) is type(result)


@pytest.mark.parametrize("name", ["a2/../../../../x.fts", "/2../x.fts", "..", "", "x\0.fts", "con:x.fts"])
def test_level_1_with_a_name_that_is_a_path(name, raw, tmp_path):
    result = calibrated(raw)
    result.meta["filename"] = name
    out = tmp_path / "deep" / "out"
    with pytest.raises(HeaderError, match="not a plain file name"):
        sunpy_lasco.write_level1(result, out)
    assert list(tmp_path.rglob("*.fts")) == []


def test_name_of_the_other_camera(raw):
    with pytest.warns(LascoUserWarning, match="FILENAME 22123456.fts belongs to another camera"):
        result = calibrated(changed(raw, filename="22123456.fts"))
    assert result.meta["filename"].startswith("lasco_c3_")


def test_shifted_reference_is_kept(raw):
    """A shifted raw map used to be calibrated as if it had not been shifted."""
    shift = (560.0, -1120.0) * u.arcsec
    moved = raw.shift_reference_coord(*shift)
    assert (moved.center.Tx - raw.center.Tx).to_value("arcsec") == pytest.approx(shift[0].value, abs=0.5)
    result, sound = calibrated(moved), calibrated(raw)
    at = sound.pixel_to_world(200 * u.pix, 300 * u.pix)
    now = result.pixel_to_world(200 * u.pix, 300 * u.pix)
    assert (now.Tx - at.Tx).to_value("arcsec") == pytest.approx(shift[0].value, abs=2)
    assert (now.Ty - at.Ty).to_value("arcsec") == pytest.approx(shift[1].value, abs=2)
    # Occulter and pylon stay where they are on the detector.
    np.testing.assert_array_equal(moved.mask, raw.mask)
    assert result.meta["centstat"] == "given"
    assert "shift_reference_coord" in result.meta["centsrc"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*calibration factor of the filter DEEPRD")
def test_all_real_frames_are_admitted(real_frames, calib_data):
    """Two frames are implausible: an interrupted transfer, and one with a twentieth of the light."""
    refused = {}
    for path in real_frames:
        try:
            sunpy_lasco.calibrate(sunpy.map.Map(path), assets=calib_data, inpaint=None, on_bad="raise")
        except BadFrameError as error:
            refused[path.stem] = str(error)
    assert set(refused) == {"32310957", "32108414"}
    assert "DATAZER 0" in refused["32310957"]
    assert "times as bright" in refused["32108414"]


def test_errors_of_a_level_1_image_that_does_not_tell_them(raw):
    """Official images have no CALFAC, which used to cause a KeyError."""
    result = calibrated(raw)
    del result.meta["calfac"]
    with pytest.raises(HeaderError, match="lacks the card CALFAC"):
        sunpy_lasco.systematic_uncertainty(result)


@pytest.mark.parametrize("path", ["22321894.fts", Path("c2", "22321894.fts")])
def test_a_path_is_to_be_opened_first(path):
    for function in (sunpy_lasco.calibrate, sunpy_lasco.plan, lambda path: sunpy_lasco.calibrate([path])):
        with pytest.raises(TypeError, match=r"open it with sunpy\.map\.Map\('.*22321894\.fts'\)"):
            function(path)
