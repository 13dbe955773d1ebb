"""Rules for the cards of a frame, its shape and its pixels."""

import csv
import re

import numpy as np
import pytest

from astropy.io import fits
from astropy.time import Time

from sunpy_lasco.errors import HeaderError, NotCalibratableError
from sunpy_lasco.instrument.frame import Frame
from sunpy_lasco.level1.rules import PIXEL_RULES, RULES, judge_header, judge_pixels

HEADER = {
    "filename": "32088304.fts",
    "fileorig": "020521_001853.img",
    "instrume": "LASCO",
    "detector": "C3",
    "filter": "Clear",
    "polar": "Clear",
    "exptime": 19.0996,
    "date": "2002/06/06 23:03:55.204",
    "date-obs": "2002/05/21",
    "time-obs": "00:18:06.516",
    "mid_date": 52415,
    "mid_time": 1096.07,
    "sumrow": 0,
    "sumcol": 0,
    "lebxsum": 1,
    "lebysum": 1,
    "p1col": 20,
    "p1row": 1,
    "p2col": 1043,
    "p2row": 1024,
    "r1col": 20,
    "r1row": 1,
    "r2col": 1043,
    "r2row": 1024,
    "readport": "C",
    "comprssn": "X#",
    "hcomp_sf": 32,
    "offset": 378.876,
    "crpix1": 517.95599,
    "crpix2": 532.63202,
    "crval1": 0.0,
    "crval2": 0.0,
    "crota1": 0.0,
    "crota2": 0.0,
}
LATE = {
    "date": "2023/12/01 00:11:53.442",
    "date-obs": "2023/12/01",
    "time-obs": "00:06:07.373",
    "exptime": 17.6929,
    "mid_date": 60279,
    "mid_time": 376.219,
    "crpix1": 519.2,
    "crpix2": 533.5,
    "crota1": -7.3,
    "crota2": -7.3,
}


def judge(shape=(1024, 1024), **cards):
    header = HEADER | {name.replace("__", "-"): value for name, value in cards.items()}
    return judge_header({name: value for name, value in header.items() if value is not ...}, shape)


def test_a_sound_header():
    assert judge() == ([], {})
    assert judge(**{name.replace("-", "__"): value for name, value in LATE.items()})[1] == {}


REFUSED = {
    "no exposure": ({"exptime": 0.0}, "EXPTIME.*holds 0.0, .*more than 0"),
    "negative exposure": ({"exptime": -19.1}, "EXPTIME.*holds -19.1"),
    "exposure NaN": ({"exptime": float("nan")}, "EXPTIME.*holds nan"),
    "exposure of days": ({"exptime": 1e6}, "EXPTIME.*holds 1000000.0"),
    "before the mission": ({"date__obs": "1890/05/21"}, "DATE-OBS is 1890-05-21, which is outside the mission"),
    "to come": ({"date__obs": "2099/05/21"}, "outside the mission"),
    "no date": ({"date__obs": "2002/13/21"}, "not a date"),
    "no time of day": ({"time__obs": ..., "mid_date": 0}, "no time of day"),
    "sums of the chip and the box": ({"lebxsum": 2, "lebysum": 2, "sumcol": 2, "sumrow": 2}, "R1COL.*do not fit"),
    "sums of the box": ({"shape": (512, 512), "lebxsum": 4, "lebysum": 4}, r"LEBXSUM, LEBYSUM \(4, 4\) contradict"),
    "half of the rows": ({"shape": (512, 1024)}, "contradict.*1024 x 512 pixels of the image"),
    "some of the rows": ({"shape": (1000, 1024)}, "do not fit"),
    "beyond the CCD": ({"r1col": 276, "r2col": 1299}, "are not all on it"),
    "corner in the prescan": ({"r1col": 1, "r2col": 1024}, "are not all on it"),
    "sums as text": ({"sumcol": "two"}, "SUMCOL.*holds 'two'"),
    "position of the Sun": ({"crval1": 100.0}, "CRVAL1, CRVAL2 hold 100, 0.*update_pointing"),
    "camera": ({"detector": 3}, "DETECTOR.*holds 3"),
    "camera of another telescope": ({"detector": "EIT"}, "DETECTOR"),
    "no filter, no exposure": ({"filter": ..., "exptime": ...}, "lacks the cards FILTER, EXPTIME"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_makes_it_impossible_to_go_on(case):
    cards, message = REFUSED[case]
    with pytest.raises(HeaderError, match=message):
        judge(**cards)


def test_all_wrong_cards_are_named_together():
    with pytest.raises(HeaderError, match=r"EXPTIME[\s\S]*SUMCOL[\s\S]*R1ROW"):
        judge(exptime=0, sumcol="x", r1row=float("inf"))


@pytest.mark.parametrize(
    ("cards", "message"),
    [
        ({"filter": "Grey"}, "C3 has no FILTER 'Grey'; it has CLEAR, ORANGE"),
        ({"polar": "+45 Deg"}, r"C3 has no POLAR '\+45 Deg'"),
        ({"polar": "+45 Deg", "filter": "Orange"}, "POLAR"),
        ({"polar": "ND"}, "POLAR"),
        ({"filter": 5}, "FILTER 5"),
        ({"detector": "C2", "filename": "22088304.fts"}, "C2 has no FILTER 'Clear'"),
        ({"readport": "E"}, "read-out port 'E'"),
    ],
)
def test_what_the_camera_does_not_have(cards, message):
    with pytest.raises(NotCalibratableError, match=message):
        judge(**cards)


@pytest.mark.parametrize("polar", ["+60 Deg", "0 Deg", "-60 DEG", "h_alpha", "PB", "Qt"])
def test_what_the_camera_has(polar):
    assert judge(polar=polar) == ([], {})


#: Cards, the expected message, and their values.
PROBLEMS = {
    "day of the middle": ({"mid_date": 1}, "MID_DATE.*holds 1", {"mid_date": 52415, "mid_time": 1096.066}),
    "another day": ({"mid_date": 54000}, "are \\+136944000.0 s", {"mid_date": 52415, "mid_time": 1096.066}),
    "middle": ({"mid_time": 1100.0}, r"are \+3.9 s", {"mid_date": 52415, "mid_time": 1096.066}),
    "middle as text": ({"mid_time": "noon"}, "MID_TIME.*holds 'noon'", {"mid_date": 52415, "mid_time": 1096.066}),
    "exposure twice as long": ({"exptime": 38.2}, r"are -9.5 s", {"mid_date": 52415, "mid_time": 1105.616}),
    "time of day": (
        {"time__obs": ""},
        "TIME-OBS is missing",
        {"date-obs": "2002/05/21", "time-obs": "00:18:06.520"},
    ),
    "made before the exposure": ({"date": "1999/01/01"}, "before the exposure", {"date": None}),
    "made in the future": ({"date": "2099/01/01"}, "in the future", {"date": None}),
    "made at no date": ({"date": "soon"}, "DATE holds 'soon'", {"date": None}),
    "sums denied": (
        {"shape": (512, 512)},
        "LEBXSUM and LEBYSUM are 1, but .* require 2",
        {"lebxsum": 2, "lebysum": 2},
    ),
    "name of the other camera": ({"filename": "22088304.fts"}, "another camera", {"filename": None}),
    "made later than its Sun centre": ({"date": "2012/01/01"}, "DATE 2012/01/01.* contradicts CRPIX1", {"date": None}),
    "model": ({"fileorig": 0}, "FILEORIG 0 marks a model", {"fileorig": None}),
    "roll": ({"crota1": 45.0, "crota2": 45.0}, r"the roll of 45 degrees differs by \+45.0", {}),
    "compression": ({"hcomp_sf": "lots"}, "HCOMP_SF.*ignored", {}),
    "bias": ({"offset": float("inf")}, "OFFSET.*ignored", {}),
    "pointing": ({"crpix1": "left"}, "CRPIX1.*ignored", {}),
    "statistics": ({"datamax": "large"}, "DATAMAX.*ignored", {}),
}


@pytest.mark.parametrize("case", PROBLEMS)
def test_what_can_be_put_right(case):
    cards, message, right = PROBLEMS[case]
    problems, found = judge(**cards)
    assert len(problems) == 1
    assert re.search(message, problems[0]), problems
    assert found == right


def test_pointing_of_late_headers():
    late = {name.replace("-", "__"): value for name, value in LATE.items()}
    for cards, message in (
        ({"crota1": 20.0, "crota2": 20.0}, "the roll of 20 degrees differs by +27"),
        ({"crpix1": 450.0}, "too far from the usual Sun centre"),
    ):
        problems, _ = judge(**(late | cards))
        assert len(problems) == 1
        assert message in problems[0]
    assert judge(**(late | {"crota1": 172.7, "crota2": 172.7})) == ([], {})


def test_missing_middle_is_no_problem():
    assert judge(mid_date=0, mid_time=0.0) == ([], {"mid_date": 52415, "mid_time": 1096.066})
    assert judge(mid_date=..., mid_time=...) == ([], {"mid_date": 52415, "mid_time": 1096.066})


@pytest.mark.parametrize(
    "cards",
    [
        {"date__obs": "2002-05-21T00:18:06.516", "time__obs": ...},
        {"time__obs": ..., "time_obs": "00:18:06.516"},
        {"date__obs": ..., "date_obs": "2002-05-21", "time__obs": ..., "time_obs": "00:18:06.516"},
        {"time__obs": "", "date_obs": "2002-05-21T00:18:06.516"},
    ],
)
def test_time_of_day_in_other_cards(cards):
    """DATE-OBS without a time beside TIME_OBS used to be read as midnight, 1,086 s off."""
    assert judge(**cards) == ([], {})
    header = HEADER | {name.replace("__", "-"): value for name, value in cards.items()}
    frame = Frame.from_header({name: value for name, value in header.items() if value is not ...}, (1024, 1024))
    assert frame.start.isot == "2002-05-21T00:18:06.516"


def test_headers_of_march_1997_deny_sums():
    day = {"date__obs": "1997/03/10", "mid_date": 50517, "date": "1997/04/01"}
    assert judge((512, 512), **day) == ([], {})
    problems, cards = judge((512, 512), **(day | {"date__obs": "1997/03/22", "mid_date": 50529}))
    assert cards == {"lebxsum": 2, "lebysum": 2}
    assert len(problems) == 1


#: Read-out port, corners as read out, corners in the file: SolarSoft's ``reduce_rectify``.
CORNERS = {
    "C": ((276, 129, 787, 640), (404, 257, 915, 768)),
    "A": ((276, 129, 787, 640), (148, 257, 659, 768)),
    "B": ((276, 129, 787, 640), (148, 257, 659, 768)),
    "D": ((276, 129, 787, 640), (404, 257, 915, 768)),
}


@pytest.mark.parametrize("port", CORNERS)
def test_sub_frame_told_by_the_corners_of_the_read_out_alone(port):
    """Such a frame used to be taken for one with 2 x 2 sums, 14,171 arcsec off."""
    read_out, expected = CORNERS[port]
    cards = dict(zip(("p1col", "p1row", "p2col", "p2row"), read_out, strict=True))
    header = {name: value for name, value in HEADER.items() if name[0] != "r"} | cards | {"readport": port}
    frame = Frame.from_header(header, (512, 512))
    assert frame.binning == (1, 1)
    assert frame.corner == (expected[0] - 20, expected[1] - 1)
    assert judge_header(header, (512, 512)) == ([], {})


def test_real_headers_of_2011_to_2025(test_data):
    """Their exposures are sometimes wrong by up to 2 %, which the rules must accept."""
    with (test_data / "headers" / "level05_2011_2025.csv").open() as file:
        rows = [{name.lower(): value for name, value in row.items()} for row in csv.DictReader(file)]
    assert len(rows) == 42
    for row in rows:
        assert judge_header(row, (1024, 1024)) == ([], {}), row["filename"]


def test_official_headers(test_data):
    """The level-0.5 values behind 54 official C2 files: times, exposures and pointing."""
    with (test_data / "headers" / "level1_c2_official.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 54
    for row in rows:
        start = Time(row["date_obs_original"].replace("/", "-"))
        exptime = float(row["exptime_corrected"]) / float(row["exp_factor"] or 1)
        middle = start.mjd + exptime / 2 / 86400
        cards = {
            "detector": "C2",
            "filename": f"22{row['filename'][2:]}",
            "filter": "Orange",
            "exptime": exptime,
            "date": "2015-01-01" if start.mjd < 57000 else "2020-01-01",
            "date-obs": row["date_obs_original"].split()[0],
            "time-obs": row["date_obs_original"].split()[1],
            "mid_date": int(middle),
            "mid_time": float(f"{middle % 1 * 86400:.6g}"),
            "crota1": "",
            "crota2": "",
            "crpix1": 511.2,
            "crpix2": 507.5,
        }
        assert judge_header(HEADER | cards, (1024, 1024)) == ([], {}), row["filename"]


# -- Pixels ---------------------------------------------------------------------------


def counts(dtype=np.int16, shape=(1024, 1024)):
    """A frame with a bias and some light, and matching statistics."""
    rng = np.random.default_rng(7)
    data = (385 + rng.gamma(2.0, 700.0, shape)).clip(0, 12000).astype(dtype)
    data[:64, :128] = 0
    return data


def statistics(data):
    found = data[data != 0].astype(float)
    mean = float(f"{found.mean():.6g}")
    return {"datamin": found.min(), "datamax": found.max(), "datazer": int((data == 0).sum()), "dataavg": mean}


def judged(data, cards=(), **options):
    header = HEADER | dict(cards)
    return judge_pixels(data, header, Frame.from_header(header, data.shape), **options)


@pytest.fixture(scope="module")
def sound():
    data = counts()
    return data, statistics(data)


@pytest.mark.parametrize("dtype", [np.int16, ">i2", np.int32, np.float32, np.float64, np.uint16])
def test_sound_pixels(dtype):
    data = counts(dtype)
    assert judged(data, statistics(data)) == ([], None)


def damage(name, data):
    data = data.copy()
    if name == "lost block":
        data[320:352, 320:352] = 0
    elif name == "lost rows":
        data[600:] = 0
    elif name == "bit flipped":
        data[500, 500] ^= 1 << 14
    elif name == "stripe":
        data[400:500] = 1000 + np.arange(1024) % 3
    elif name == "half as bright":
        data = ((385 + 0.5 * (data - 385.0)) * (data > 0)).astype(np.int16)
    return data


@pytest.mark.parametrize("name", ["lost block", "lost rows", "bit flipped", "stripe", "half as bright"])
def test_pixels_that_are_not_those_of_the_header(name, sound):
    data, cards = sound
    problems, _ = judged(damage(name, data), cards)
    assert len(problems) == 1
    assert "its pixels do not agree with its header" in problems[0]
    # Edited maps have other pixels.
    assert judged(damage(name, data), cards, as_read=False) == ([], None)
    assert judged(damage(name, data)) == ([], None)


@pytest.mark.parametrize("card", ["datamin", "datamax", "datazer", "dataavg"])
def test_every_statistic_is_compared(card, sound):
    data, cards = sound
    problems, _ = judged(data, cards | {card: cards[card] + 3})
    assert re.search(rf"\({card.upper()} [\d.]+, pixels [\d.]+\)", problems[0])


def test_saturated_pixels_are_left_out_of_the_statistics(sound):
    """As in exposures of C2 of 100 s: DATAMAX 16382, with 31,000 pixels of 16383."""
    data, _ = sound
    data = data.copy()
    cards = statistics(np.where(data == data.max(), 16382, data))
    data[data == data.max()] = 16382
    data[500:520, 500:520] = 16383
    below = data[(data != 0) & (data < 16383)]
    cards |= {"datamin": below.min(), "dataavg": below.mean(dtype=float)}
    assert judged(data, cards) == ([], None)


def test_wrapped_sums_are_compared_unwrapped():
    true = (4 * counts(np.int32, (512, 512))).clip(0, 60000)
    cards = statistics(true) | {"lebxsum": 2, "lebysum": 2}
    assert judged(true.astype(np.uint16).view(np.int16), cards) == ([], None)
    assert judged(true, cards) == ([], None)


def test_counts_below_the_bias_are_taken_for_lost(sound):
    """Counts of 1 to 5 below a bias of 385 DN used to become negative brightness without a flag."""
    data = sound[0].copy()
    data[320:352, 320:352] = np.arange(1024).reshape(32, 32) % 5 + 1
    problems, impossible = judged(data)
    assert "1024 pixels hold less than 0.6 times the bias" in problems[0]
    assert "(the least 1)" in problems[0]
    assert impossible.sum() == 1024
    assert impossible[320:352, 320:352].all()


def test_light_has_noise(sound):
    """A block with a single value was not measured, but such pixels occur in saturated areas and near the bias."""
    data = sound[0].copy()
    data[320:384, 300:380] = 1500
    problems, impossible = judged(data)
    assert problems == ["2 blocks hold a single value and are treated as lost"]
    assert impossible.sum() == 2 * 1024
    assert impossible[320:384, 320:352].all()
    for value in (400, 12000):
        data[320:384, 300:380] = value
        assert judged(data) == ([], None)


def test_counts_beyond_the_converter(sound):
    data = sound[0].astype(np.int32)
    data[0, 200:216] = 65535
    assert judged(data) == ([], None)
    data[100:110, 200:216] = 20000
    problems, impossible = judged(data)
    assert "176 pixels hold more than the full scale of 16383 DN" in problems[0]
    assert impossible is None


@pytest.mark.parametrize("cards", [{"polar": "PB"}, {"fileorig": 0, "filename": "3m_clcl_all.fts"}])
def test_derived_images_and_models_hold_no_bias(cards, sound):
    data, _ = sound
    assert judged(np.where(data > 0, data - 380, 0), cards) == ([], None)
    problems, impossible = judged(data, cards)
    assert "whose bias was subtracted, but all pixels lie above the bias" in problems[0]
    assert impossible is None


def test_sums_that_the_pixels_deny():
    """Four read-outs contain the bias four times, a sum on the chip contains it once."""
    data = (4 * counts(np.int32, (512, 512))).clip(0, 16000)
    box = {"lebxsum": 2, "lebysum": 2}
    chip = {"sumcol": 2, "sumrow": 2}
    assert judged(data, box) == ([], None)
    assert "its darkest pixels hold 16" in judged(data, chip)[0][0]
    once = counts(np.int32, (512, 512))
    assert judged(once, chip) == ([], None)
    assert "less than 0.6 times the bias" in judged(once, box)[0][0]


@pytest.mark.parametrize("value", [0, np.nan, np.inf])
def test_nothing_at_all(value):
    assert judged(np.full((1024, 1024), value, dtype=np.float32)) == (["it holds no data"], None)


@pytest.mark.parametrize("dtype", [bool, complex, "U4", object])
def test_pixels_that_are_no_numbers(dtype):
    with pytest.raises(NotCalibratableError, match=r"32088304\.fts: its pixels are of type"):
        judged(counts().astype(dtype))


def test_real_frames_agree_with_their_statistics(real_frames):
    """All but the interrupted transfer, which has DATAZER 0 and 210,815 zeros."""
    for path in real_frames:
        with fits.open(path) as hdus:
            data, header = hdus[0].data, hdus[0].header
            frame = Frame.from_header(header, data.shape)
            assert judge_header(header, data.shape) == ([], {}), path.stem
            problems, impossible = judge_pixels(data, header, frame)
        assert impossible is None
        assert bool(problems) == (path.stem == "32310957"), (path.stem, problems)
        if problems:
            assert "DATAZER 0, pixels 210815" in problems[0]


def test_every_rule_says_what_happens():
    for rule in (*RULES, *PIXEL_RULES):
        assert rule.holds
        assert rule.otherwise
