"""Queries of a model archive are complete and return nothing outside the interval."""

from datetime import date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loopback_archive import Image, Site, serve

import sunpy
from sunpy.net import attrs as a

from sunpy_lasco.net import Archive, LASCOClient

pytestmark = pytest.mark.filterwarnings("ignore:None of the archives")

#: Where something changes: beginning, turns of years, the loss of SOHO, the turn of the
#: century, leap days, the first flip, a turn of decades.
EPOCHS = [
    datetime(1996, 1, 1),
    datetime(1996, 12, 30),
    datetime(1998, 6, 23),
    datetime(1998, 10, 12),
    datetime(1998, 12, 30),
    datetime(1999, 12, 30),
    datetime(2000, 2, 27),
    datetime(2003, 7, 7),
    datetime(2009, 12, 30),
    datetime(2016, 12, 30),
    datetime(2024, 2, 28),
]
#: SOHO was lost.
GAP = datetime(1998, 6, 24, 23, 16), datetime(1998, 10, 13)
LENGTH = timedelta(days=4)


def model():
    """All images around the epochs, with their archives and duplicates."""
    random = np.random.default_rng(1996)
    site = Site()
    trees = {name: site.tree(f"/{name}") for name in ("nrl", "sdac")}
    truth = []
    number = {"C2": 22_000_000, "C3": 32_000_000}
    for epoch in EPOCHS:
        for camera in ("C2", "C3"):
            time = epoch + timedelta(seconds=int(random.integers(3600)))
            while time < epoch + LENGTH:
                number[camera] += 1
                if not GAP[0] <= time < GAP[1]:
                    polar = random.choice(["Clear", "+60 Deg"], p=[0.8, 0.2])
                    truth.append(Image(f"{number[camera]}.fts", time, polar=str(polar)))
                time += timedelta(seconds=int(random.integers(60, 5 * 3600)))
    # At the very ends of days.
    for epoch in EPOCHS:
        if not GAP[0] <= epoch + timedelta(days=2) < GAP[1]:
            for camera, second in (("C2", timedelta(0)), ("C3", timedelta(seconds=-1))):
                number[camera] += 1
                truth.append(Image(f"{number[camera]}.fts", epoch + timedelta(days=2) + second, polar="0 Deg"))
    lost = {date(1996, 12, 31), date(2000, 1, 1), date(2024, 2, 29)}
    for image in truth:
        # NRL lacks some days, SDAC has all; NRL's listings of others are lost.
        day = image.start.date()
        if day not in lost:
            trees["nrl"].add([image])
            if day.day == 28:
                trees["nrl"].missing_listings.add((day, image.camera))
        trees["sdac"].add([image])
        if random.random() < 0.2:
            # The quick-look image of the same exposure.
            quick = Image(f"{image.name[0]}1{image.name[2:]}", image.start, polar=image.polar)
            trees["nrl" if day not in lost else "sdac"].add([quick])
    return site, truth


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    site, truth = model()
    before = sunpy.config.get("downloads", "remote_data_manager_dir"), LASCOClient.archives
    with serve(site) as url:
        LASCOClient.archives = Archive("NRL", "0.5", f"{url}/nrl"), Archive("SDAC", "0.5", f"{url}/sdac")
        kept = str(tmp_path_factory.mktemp("kept"))
        yield site, truth, kept
    LASCOClient.archives = before[1]


def moments():
    """Times around the epochs, preferably near the ends of days."""
    seconds = st.one_of(
        st.integers(-86400, int(LENGTH.total_seconds()) + 86400),
        st.builds(lambda day, second: day * 86400 + second, st.integers(-1, 5), st.integers(-1, 1)),
    )
    return st.builds(lambda epoch, second: epoch + timedelta(seconds=second), st.sampled_from(EPOCHS), seconds)


@settings(max_examples=150, deadline=None)
@given(
    start=moments(),
    length=st.integers(0, 6 * 86400),
    camera=st.sampled_from([None, "C2", "C3"]),
    polar=st.sampled_from([None, "Clear", "+60 Deg"]),
)
def test_every_query_is_complete(archive, start, length, camera, polar):
    _, truth, kept = archive
    sunpy.config.set("downloads", "remote_data_manager_dir", kept)
    end = start + timedelta(seconds=length)
    query = [a.Time(start, end)]
    query += [a.Detector(camera)] if camera else []
    query += [a.lasco.Polarizer(polar)] if polar else []
    table = LASCOClient().search(*query)
    expected = sorted(
        (image.start, image.camera, image.name)
        for image in truth
        if start <= image.start <= end and camera in (None, image.camera) and polar in (None, image.polar)
    )
    found = [(row["Start Time"].datetime, str(row["Detector"]), row["url"].rsplit("/", 1)[-1]) for row in table]
    assert found == expected
    assert table.errors == []
    for row in table:
        assert f"/{row['Start Time'].datetime:%y%m%d}/{row['Detector'].lower()}/" in row["url"]


def test_a_query_across_the_loss_of_the_spacecraft(archive):
    site, truth, kept = archive
    sunpy.config.set("downloads", "remote_data_manager_dir", kept)
    table = LASCOClient().search(a.Time("1998-06-20", "1998-10-20"), a.Detector("C2"))
    times = [time.datetime for time in table["Start Time"]]
    assert len(times) == sum(
        image.camera == "C2" and image.start.year == 1998 and image.start.month < 12 for image in truth
    )
    assert not any(GAP[0] <= time < GAP[1] for time in times)
    assert times == sorted(times)
    site.hits.clear()
    # The gap costs no request a second time.
    LASCOClient().search(a.Time("1998-06-20", "1998-10-20"), a.Detector("C2"))
    assert site.hits == []


def test_a_query_across_years_and_the_century(archive):
    _, truth, kept = archive
    sunpy.config.set("downloads", "remote_data_manager_dir", kept)
    table = LASCOClient().search(a.Time("1999-12-01", "2000-03-31"))
    years = [time.datetime.year for time in table["Start Time"]]
    assert set(years) == {1999, 2000}
    assert len(years) == sum(datetime(1999, 12, 1) <= image.start <= datetime(2000, 3, 31) for image in truth)
    assert set(table["Provider"]) == {"NRL", "SDAC"}
