"""Exposures before and after a frame, from the archives."""

from datetime import datetime, timedelta

import pytest
from loopback_archive import Image, sequence

from sunpy_lasco.net.context import exposures_around, fetch_around

START = datetime(2012, 8, 31, 20, 0)
STEP = timedelta(minutes=12)


@pytest.fixture
def around(site):
    """A day with exposures every 12 minutes, and one through another filter."""
    images = sequence(START - 4 * STEP, camera="C3", count=9, step=STEP, filter="Clear")
    images.append(Image("32000100.fts", START + timedelta(minutes=5), filter="Orange"))
    site.nrl.add(images)
    return images


def test_two_of_each_side_of_the_same_filter(around):
    found = exposures_around(START, "C3", filter="CLEAR", polarizer="CLEAR", longest=5400.0)
    minutes = [(time.datetime - START).total_seconds() / 60 for time in found["Start Time"]]
    assert sorted(map(round, minutes)) == [-24, -12, 12, 24]
    assert sorted(map(abs, map(round, minutes))) == [abs(round(one)) for one in minutes]


def test_none_beyond_the_longest_distance(around):
    found = exposures_around(START, "C3", filter="CLEAR", polarizer="CLEAR", longest=900.0)
    assert len(found) == 2
    assert not len(exposures_around(START, "C3", filter="BLUE", polarizer="CLEAR", longest=900.0))
    assert fetch_around(START, "C3", filter="BLUE", polarizer="CLEAR", longest=900.0) == []
