"""Values read from a header, with corrections of known errors."""

import numpy as np
import pytest

from sunpy_lasco.errors import HeaderError
from sunpy_lasco.instrument.frame import Frame, header_time, original_start, squeezed

HEADER = {
    "filename": "32088304.fts",
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
    "r1col": 20,
    "r1row": 1,
    "r2col": 1043,
    "r2row": 1024,
    "readport": "C",
    "comprssn": "X#",
    "hcomp_sf": 32,
    "fileorig": "020521_001853.img",
}


def read(shape=(1024, 1024), **cards):
    return Frame.from_header(HEADER | cards, shape)


def test_a_plain_frame():
    frame = read()
    assert frame.camera.name == "C3"
    assert (frame.filter, frame.polar, frame.port) == ("CLEAR", "CLEAR", "C")
    assert frame.start.isot == "2002-05-21T00:18:06.516"
    assert (frame.mjd, frame.mid_mjd, frame.mid_time) == (52415, 52415, 1096.07)
    assert frame.processed.isot == "2002-06-06T23:03:55.204"
    assert frame.binning == (1, 1)
    assert frame.corner == (0, 0)
    assert frame.is_full_frame
    assert frame.is_lossy
    for other in ("is_binned", "is_derived", "is_model", "transmits_all"):
        assert not getattr(frame, other)


@pytest.mark.parametrize(
    ("day", "mjd"),
    [
        ("1998/07/06", 51000),
        ("2003/07/01", 52821),
        ("2010/10/30", 55499),
        ("1998/10/13", 51099),
        ("2012/08/31", 56170),
        ("2019/03/29", 58571),
        ("2019/11/15", 58802),
    ],
)
def test_days(day, mjd):
    assert read(**{"date-obs": day, "time-obs": "23:59:59.999"}).mjd == mjd


def test_middle_of_the_exposure_where_the_header_lacks_it():
    frame = read(mid_date=0, mid_time=0)
    assert (frame.mid_mjd, frame.mid_time) == (52415, pytest.approx(18 * 60 + 6.516 + 19.0996 / 2, abs=1e-4))
    assert frame.mid_time == pytest.approx(1096.0658, abs=1e-4)


def test_blanks_do_not_matter():
    assert squeezed("+60 Deg") == "+60DEG"
    assert read(polar="-60 Deg ").polar == "-60DEG"


def test_sums_on_chip_and_in_the_box():
    chip = read((512, 512), sumcol=2, sumrow=2)
    assert (chip.chip_sum, chip.leb_sum, chip.binning) == ((2, 2), (1, 1), (2, 2))
    box = read((512, 512), lebxsum=2, lebysum=2)
    assert (box.chip_sum, box.leb_sum) == ((1, 1), (2, 2))
    both = read((256, 512), sumcol=2, lebysum=4)
    assert (both.chip_sum, both.leb_sum, both.binning) == ((2, 1), (1, 4), (2, 4))


def test_false_sums_of_march_1997_are_put_right():
    frame = read((512, 512), **{"date-obs": "1997/03/10"})
    assert frame.leb_sum == (2, 2)


def test_sub_frame():
    frame = read((512, 256), r1col=276, r2col=787, r1row=257, r2row=1280, lebxsum=2, lebysum=2)
    assert frame.corner == (256, 256)
    assert frame.binning == (2, 2)
    assert not frame.is_full_frame


def test_coordinates_that_do_not_fit_the_array():
    with pytest.raises(HeaderError, match=r"R1COL.*32088304|32088304.*R1COL"):
        read((1000, 1000))


def test_missing_cards_are_named_together():
    header = {k: v for k, v in HEADER.items() if k not in ("filter", "exptime", "date-obs")}
    with pytest.raises(HeaderError, match="DATE-OBS, FILTER, EXPTIME"):
        Frame.from_header(header, (1024, 1024))


@pytest.mark.parametrize(
    ("cards", "match"),
    [
        ({"detector": "C1"}, "DETECTOR"),
        ({"exptime": "long"}, "EXPTIME"),
        ({"date-obs": "yesterday"}, "DATE-OBS"),
        ({"sumcol": "two"}, "SUMCOL"),
    ],
)
def test_nonsense_in_a_card_is_named(cards, match):
    with pytest.raises(HeaderError, match=match):
        read(**cards)


def test_models_and_derived_images():
    assert read(fileorig=0).is_model
    assert read(fileorig="0").is_model
    assert read(polar="Qt").is_derived
    assert read(polar="Ut").is_derived
    assert not read(polar="0 Deg").is_derived


def test_original_start_of_level_1():
    assert header_time({"date-obs": "2009-02-28T00:05:33.380", "time-obs": ""}).isot == "2009-02-28T00:05:33.380"
    official = {
        "date-obs": "2009-02-28T00:05:33.380",
        "history": "stdev 7052.3 sec Original date_obs: 2009/02/28 00:06:03.474 c2_post_reco",
    }
    assert original_start(official).isot == "2009-02-28T00:06:03.474"
    ours = {"date-obs": "2009-02-28T00:05:33.380", "date-ori": "2009-02-28T00:06:03.474"}
    assert original_start(ours).isot == "2009-02-28T00:06:03.474"
    assert original_start({}) is None


def test_level():
    assert read().level is None
    assert read(level="1.0").level == "1.0"
    assert read(lvl_num=1).level == "1.0"
    assert np.isclose(read().hcompress_scale, 32)
