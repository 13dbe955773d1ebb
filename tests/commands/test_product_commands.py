"""The commands that make products, on level-1 files and on the ejection of 2012-08-31."""

import csv

import numpy as np
import pytest

import sunpy.map

import sunpy_lasco
from sunpy_lasco import simulate
from sunpy_lasco.commands.main import main
from sunpy_lasco.instrument.changes import changes_of


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Three level-1 files of one evening."""
    folder = tmp_path_factory.mktemp("level1")
    written = []
    for number in range(3):
        shown = simulate.observe("C3", date=f"2012-08-31T18:{12 * number + 6:02d}:06", seed=number)
        level1 = sunpy_lasco.calibrate(shown.level05, assets="simulated", inpaint=None)
        written.append(str(sunpy_lasco.write_level1(level1, folder / f"{number}.fts")))
    return written


def test_difference(files, tmp_path, capsys):
    assert main(["difference", *files, "--out", str(tmp_path)]) == 0
    names = sorted(path.name for path in tmp_path.iterdir())
    assert len(names) == 4
    assert names[0].startswith("c3_20120831T18")
    assert names[0].endswith("_rd.fits")
    smap = sunpy.map.Map(tmp_path / names[0])
    assert "difference" in changes_of(smap.meta)
    assert smap.meta["prlabel"] == "[RD 12 min]"
    assert names[0] in capsys.readouterr().out
    # Files that are there are not replaced unasked.
    assert main(["difference", *files, "--out", str(tmp_path)]) == 1
    assert main(["difference", *files, "--out", str(tmp_path), "--overwrite", "--no-pictures"]) == 0
    assert main(["difference", *files, "--out", str(tmp_path), "--kind", "percent", "--base", "2"]) == 0
    assert len(list(tmp_path.glob("*_pd.fits"))) == 3


def test_mass(files, tmp_path, capsys):
    assert main(["mass", *files, "--base", "2", "--out", str(tmp_path), "--sector", "40:125", "--speed", "500"]) == 0
    with (tmp_path / "mass.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert abs(float(row["mass_g"])) < 6 * float(row["sigma_g"])
    assert float(row["kinetic_energy_erg"]) == pytest.approx(0.5 * float(row["mass_g"]) * 5e7**2, rel=1e-3)
    assert (tmp_path / row["file"]).exists()
    assert main(["mass", *files, "--base", "3", "--out", str(tmp_path)]) == 2
    assert "leaves nothing" in capsys.readouterr().err


def test_background(files, tmp_path):
    with pytest.warns(sunpy_lasco.errors.LascoUserWarning, match="1 days"):
        assert main(["background", *files, "--kind", "median", "--out", str(tmp_path)]) == 0
    smap = sunpy.map.Map(tmp_path / "3m_clcl_120831.fts")
    assert "background" in changes_of(smap.meta)
    assert np.isfinite(smap.data).sum() > 500_000
    assert main(["background", *files, "--kind", "mean", "--out", str(tmp_path)]) == 1


def test_sector_that_is_none(files, capsys):
    with pytest.raises(SystemExit):
        main(["mass", *files, "--sector", "40-125"])
    assert "such as 40:125" in capsys.readouterr().err
