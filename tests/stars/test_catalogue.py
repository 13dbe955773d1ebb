"""The star catalogue."""

from itertools import pairwise

import numpy as np
import pytest

import astropy.units as u
from astropy.coordinates import BarycentricMeanEcliptic, SkyCoord

from sunpy_lasco import stars
from sunpy_lasco.errors import OptionError
from sunpy_lasco.stars.catalogue import PACKAGED


def test_what_the_catalogue_holds():
    table = stars.read_catalogue()
    assert PACKAGED.stat().st_size < 2e6
    assert len(table) > 18000
    assert (np.diff(table["magnitude"].value) >= 0).all()
    assert table["magnitude"].max() < 9 * u.mag
    latitude = SkyCoord(table["ra"], table["dec"]).transform_to(BarycentricMeanEcliptic(equinox="J2000")).lat
    assert np.abs(latitude).max() < 10 * u.deg
    assert table.meta["EPOCH"] == 1991.25
    assert "van Leeuwen" in table.meta["SOURCE"]
    # Complete: the number grows by the same factor from magnitude to magnitude.
    counts = [np.sum(table["magnitude"].value < limit) for limit in (6, 7, 8, 9)]
    assert all(2.5 < later / former < 3.2 for former, later in pairwise(counts))


@pytest.mark.parametrize(
    ("hip", "ra", "dec", "motion", "north", "parallax", "magnitude", "bv"),
    [
        # Regulus and Spica by the printed catalogues.
        (49669, 152.0936, 11.9672, -248.73, 5.59, 41.13, 1.36, -0.087),
        (65474, 201.2984, -11.1612, -42.35, -30.67, 13.06, 0.98, -0.235),
    ],
)
def test_known_stars(hip, ra, dec, motion, north, parallax, magnitude, bv):
    table = stars.read_catalogue()
    star = table[table["hip"] == hip][0]
    assert star["ra"].value == pytest.approx(ra, abs=1e-4)
    assert star["dec"].value == pytest.approx(dec, abs=1e-4)
    assert star["pm_ra"].value == pytest.approx(motion, abs=0.1)
    assert star["pm_dec"].value == pytest.approx(north, abs=0.1)
    assert star["parallax"].value == pytest.approx(parallax, abs=0.1)
    assert star["magnitude"].value == pytest.approx(magnitude, abs=0.01)
    assert star["bv"].value == pytest.approx(bv, abs=0.01)


def test_flags():
    """Antares has a companion and varies, Acrab (HIP 78820) has one 13 arcsec away, Aldebaran does not blend."""
    table = stars.read_catalogue()
    flags = dict(zip(table["hip"].tolist(), table["flags"].tolist(), strict=True))
    assert flags[80763] & stars.StarFlag.VARIABLE
    assert flags[78820] & stars.StarFlag.NEIGHBOUR
    assert flags[21421] & stars.StarFlag.NEIGHBOUR == 0
    assert all(flag & stars.StarFlag.TYCHO for hip, flag in flags.items() if hip == 0)


def test_the_table_is_the_readers_own():
    stars.read_catalogue()["magnitude"][:] = 20 * u.mag
    assert stars.read_catalogue()["magnitude"][0] < 2 * u.mag


def test_a_catalogue_of_ones_own(tmp_path):
    table = stars.read_catalogue()[:50][::-1]
    table.write(tmp_path / "mine.ecsv")
    mine = stars.read_catalogue(tmp_path / "mine.ecsv")
    assert mine["magnitude"][0] == stars.read_catalogue()["magnitude"][0]
    table["magnitude", "ra"].write(tmp_path / "less.ecsv")
    with pytest.raises(OptionError, match=r"less.ecsv is not a star catalogue: it lacks the columns dec, pm_ra"):
        stars.read_catalogue(tmp_path / "less.ecsv")
