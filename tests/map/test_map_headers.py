"""Level and dates of a header, and missing cards."""

import pytest

from sunpy.util import MetaDict

from sunpy_lasco.instrument import headers


@pytest.mark.parametrize(
    ("cards", "level"),
    [
        ({"filename": "22088304.fts"}, 0.5),
        ({"filename": "21088304.fts"}, 0.5),
        ({"filename": "25088304.fts"}, 1.0),
        ({"filename": "24088304.fts"}, 1.0),
        ({"filename": "22088304.fts", "bunit": "MSB"}, 1.0),
        ({"level": "1.0"}, 1.0),
        ({"level": "L1"}, 1.0),
        ({"lvl_num": 0.5}, 0.5),
        ({"level": "?", "filename": "35088304.fts"}, 1.0),
        ({}, 0.5),
        ({"helioviewer": " ", "filename": "33785492.fts"}, None),
        ({"hv_image": True}, None),
    ],
)
def test_level(cards, level):
    assert headers.header_level(cards) == level


@pytest.mark.parametrize(
    ("cards", "raw"),
    [({}, True), ({"bunit": "DN"}, False), ({"biasval": 400.0}, False), ({"level": "1.0"}, False)],
)
def test_counts_as_they_came_down(cards, raw):
    assert headers.is_raw(cards) is raw


@pytest.mark.parametrize(
    ("cards", "time"),
    [
        ({"date-obs": "2002/05/21", "time-obs": "00:18:06.516"}, "2002-05-21T00:18:06.516"),
        # Level 1: TIME-OBS exists but is empty.
        ({"date-obs": "2009-02-28T00:05:33.380", "time-obs": ""}, "2009-02-28T00:05:33.380"),
        # Helioviewer writes underscores.
        ({"date_obs": "2023/12/01", "time_obs": "00:06:07.373"}, "2023-12-01T00:06:07.373"),
        ({"date-obs": "2002-05-21 00:18:06"}, "2002-05-21T00:18:06.000"),
        ({"date-beg": "2002-05-21T00:18:06"}, "2002-05-21T00:18:06.000"),
    ],
)
def test_date(cards, time):
    assert headers.observation_time(cards).isot == time


def test_no_date():
    with pytest.raises(headers.MapHeaderError, match="The image lacks the card DATE-OBS"):
        headers.observation_time({"time-obs": "00:00:00"})


def test_when_a_file_was_made():
    assert headers.processing_date({"date": "2012/11/09 18:33:30.797"}).isot == "2012-11-09T18:33:30.797"
    assert headers.processing_date({"date": "soon"}) is None
    assert headers.processing_date({}) is None
    assert headers.processed_before({"date": "2010/11/07"}, "2010-11-08")
    assert not headers.processed_before({"date": "2010/11/08"}, "2010-11-08")
    assert not headers.processed_before({}, "2010-11-08")


def test_missing_cards():
    complete = {"detector": "C2", "date-obs": "2002/05/21", "exptime": 19.1, "filter": "Orange", "polar": "Clear"}
    assert headers.missing_cards(complete) == ([], [])
    assert headers.missing_cards({}) == (["DETECTOR", "DATE-OBS"], ["EXPTIME", "FILTER", "POLAR"])
    assert headers.missing_cards({"detector": "EIT", "date-obs": "2002/05/21", "level": "1.0"}) == (["DETECTOR"], [])


def test_printable():
    meta = MetaDict(
        {"history": "offset_bias.pro\t1.24\nV15", "filename": "22.fts", "exptime": 19.1, "comment": "\x07é"}
    )
    clean = headers.printable(meta)
    assert clean["history"] == "offset_bias.pro 1.24\nV15"
    assert clean["comment"] == "  "
    assert clean["exptime"] == 19.1
    assert meta["history"] == "offset_bias.pro\t1.24\nV15"


def test_standard_headers_have_a_matrix():
    assert headers.is_standard({"pc1_1": 1.0})
    assert headers.is_standard({"cd2_1": 1.0})
    assert not headers.is_standard({"crota1": 1.0, "cdelt1": 56.0})
