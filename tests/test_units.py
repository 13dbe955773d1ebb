"""The unit of level 1, as read by astropy."""

import subprocess
import sys

import numpy as np
import pytest

import astropy.units as u
from astropy.nddata import CCDData
from astropy.table import QTable

import sunpy_lasco
from sunpy_lasco import MSB, mean_solar_brightness, simulate


def test_astropy_knows_the_unit_by_its_name():
    assert u.Unit("MSB") is MSB
    assert u.Unit("MSB / s") == MSB / u.s
    assert u.Quantity("2e-9 MSB") == 2e-9 * MSB


def test_a_unit_of_that_name_that_was_there_before_does_no_harm():
    """If another package defines the unit too, the import must not fail."""
    enabled = "import astropy.units as u; u.add_enabled_units([u.def_unit('MSB', 3 * u.W)])"
    code = f"{enabled}; import sunpy_lasco.units; sunpy_lasco.units.MSB"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_it_is_no_number():
    with pytest.raises(u.UnitConversionError):
        (1 * MSB).to(u.dimensionless_unscaled)
    assert (1 * MSB).to_value("W / (m2 sr)", equivalencies=mean_solar_brightness()) == pytest.approx(2.009e7)


def test_ccddata_reads_and_writes_our_level_1(tmp_path):
    raw = simulate.observe("C3", leb_sum=(2, 2), seed=1).level05
    level1 = sunpy_lasco.calibrate(raw, assets="simulated")
    path = sunpy_lasco.write_level1(level1, tmp_path / "level1.fts")
    image = CCDData.read(path)
    assert image.unit == MSB
    np.testing.assert_array_equal(image.data, level1.data)
    image.write(tmp_path / "again.fits")
    assert CCDData.read(tmp_path / "again.fits").unit == MSB


@pytest.mark.filterwarnings("ignore::astropy.utils.exceptions.AstropyWarning")
def test_ccddata_reads_official_level_1(real_frame):
    image = CCDData.read(real_frame("35082038"))
    assert (image.unit, image.data.shape) == (MSB, (1024, 1024))


# astropy warns that other programs do not know the unit.
@pytest.mark.filterwarnings("ignore:The unit 'MSB' could not be saved in native FITS")
def test_tables_keep_the_unit(tmp_path):
    table = QTable({"brightness": [1.0, 2.0] * MSB})
    for name in ("table.ecsv", "table.fits"):
        table.write(tmp_path / name)
        assert QTable.read(tmp_path / name)["brightness"].unit == MSB
