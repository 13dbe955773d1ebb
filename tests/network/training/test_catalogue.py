import numpy as np
import pytest

import astropy.units as u

from sunpy_lasco.errors import LascoError
from sunpy_lasco.network.training.cme_catalogue import intervals_of, read_cme_catalogue

#: Fictitious entries in the format of the catalogue.
TEXT = """\
                    SOHO/LASCO HALO AND NORMAL CME CATALOG
------------------------------------------------------------------------------------------------------------------
 First C2 App.      Central  Width  Linear  2nd   Ini   2nd   Fin   2nd  20R    Accel   Mass     Kinetic   MPA  Remarks
Date       Time        PA    [deg]  Speed  order
------------------------------------------------------------------------------------------------------------------
2001/05/21  10:26:05   295     62     700   650     750     800     4.5     2.1e+15  5.1e+30  290
2001/05/21  11:50:10   Halo   360    1400   1300    1500    1350   -20.1*1 -------- --------  120
2002/01/08  02:30:05   80    >  9    ----   ----    ----    ----    ----    -------- --------   80 Only C3
2002/01/08  02:54:05   75    >120     350*  300     400     420      1.2*1  -------- --------   75 Only C3
2002/01/09  03:06:05   10     20       30     30     30      30      0.0    -------- --------   10 Poor Event
2002/02/30  03:06:05   10     20       30     30     30      30      0.0    -------- --------   10 No such day
"""


@pytest.fixture
def catalogue(tmp_path):
    path = tmp_path / "univ_all.txt"
    path.write_text(TEXT)
    return path


def test_columns(catalogue):
    found = read_cme_catalogue(catalogue)
    assert [one.time.isot[:19] for one in found] == [
        "2001-05-21T10:26:05",
        "2001-05-21T11:50:10",
        "2002-01-08T02:54:05",
        "2002-01-09T03:06:05",
    ]
    assert [one.position_angle for one in found] == [295.0, None, 75.0, 10.0]
    assert [one.width for one in found] == [62.0, 360.0, 120.0, 20.0]
    assert [one.speed for one in found] == [700.0, 1400.0, 350.0, 30.0]


def test_intervals_are_joined_and_end_at_the_edge(catalogue):
    spans = intervals_of(read_cme_catalogue(catalogue))
    assert len(spans) == 3
    # The slower of two: 30 solar radii at 700 km / s are 8.28 hours.
    start, end = spans[0]
    assert start.isot[:19] == "2001-05-21T09:26:05"
    assert (end - start).to_value("hour") == pytest.approx(1 + 30 * u.R_sun.to("km") / 700 / 3600, rel=1e-6)
    # Speeds below 100 km / s are ignored.
    assert (spans[2][1] - spans[2][0]).to_value("hour") == pytest.approx(
        1 + 30 * u.R_sun.to("km") / 100 / 3600, rel=1e-6
    )
    assert len(intervals_of(read_cme_catalogue(catalogue), narrowest=50 * u.deg)) == 2
    assert np.all([a < b for a, b in spans])


def test_what_is_no_catalogue(tmp_path):
    (tmp_path / "page.html").write_text("<html>Not found</html>")
    with pytest.raises(LascoError, match="no line"):
        read_cme_catalogue(tmp_path / "page.html")
    with pytest.raises(LascoError, match="could not be fetched"):
        read_cme_catalogue("http://127.0.0.1:9/univ_all.txt")
