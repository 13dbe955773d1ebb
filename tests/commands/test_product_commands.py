"""The commands for products, on level-1 files and on the ejection of 2012-08-31."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

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
    # Existing files are not replaced by default.
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


@pytest.fixture(scope="module")
def ejection(tmp_path_factory):
    """Level-1 files of C3 and C2 of a simulated ejection."""
    folder = tmp_path_factory.mktemp("ejection")
    cme = simulate.CME("2001-05-21T08:40", position_angle=90, speed=900, width=60, strength=9e-10, seed=3)
    scene = simulate.corona(activity=0.7, seed=5, cme=cme)
    written = []
    for camera, count, cadence in (("C3", 6, 1440), ("C2", 2, 7200)):
        shown = simulate.sequence(
            camera, count, scene=scene, start="2001-05-21T08:36", cadence=cadence, seed=1, leb_sum=(2, 2)
        )
        assets = simulate.assets(*shown)
        for number, one in enumerate(shown):
            level1 = sunpy_lasco.calibrate(one.level05, assets=assets, inpaint=None)
            written.append(str(sunpy_lasco.write_level1(level1, folder / f"{camera}_{number}.fts")))
    return written


def test_movie(files, tmp_path, capsys):
    out = tmp_path / "m.gif"
    assert main(["movie", *files, "--difference", "running", "--out", str(out), "--size", "128", "--fps", "5"]) == 0
    with Image.open(out) as shown:
        assert shown.n_frames == 2
        assert shown.size == (128, 128)
    assert str(out) in capsys.readouterr().out
    assert main(["movie", *files, "--out", str(tmp_path / "m.avi")]) == 1
    assert "must end in .mp4 or .gif" in capsys.readouterr().err


def test_jmap(ejection, tmp_path, capsys):
    arguments = ["jmap", *ejection, "--position-angle", "90", "--edge", "peak", "--width", "10"]
    assert main([*arguments, "--out", str(tmp_path)]) == 0
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["jmap.png", "jmap_c2.fits", "jmap_c3.fits", "points.csv", "speed.csv"]
    with (tmp_path / "speed.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert float(row["Linear speed (km/s)"]) == pytest.approx(900, rel=0.05)
    assert row["MPA (deg)"] == "90.0"
    assert "km/s at position angle 90" in capsys.readouterr().out
    # In other directions nothing moves: the J-map is written, and the status shows that there is no speed.
    quiet = tmp_path / "quiet"
    assert main(["jmap", *ejection, "--position-angle", "270", "--out", str(quiet), "--no-pictures"]) == 1
    assert "No front" in capsys.readouterr().err
    assert sorted(path.name for path in quiet.iterdir()) == ["jmap_c2.fits", "jmap_c3.fits"]


@pytest.mark.slow
def test_event(ejection, tmp_path, capsys):
    assert main(["event", *ejection, "--out", str(tmp_path), "--gif", "--width", "10"]) == 0
    told = json.loads((tmp_path / "event.json").read_text())
    assert told["frames"] == {"C2": 2, "C3": 6}
    assert abs(told["speed"]["position_angle_deg"] - 90) <= 20
    assert told["speed"]["speed_km_s"] == pytest.approx(930, rel=0.07)
    assert 30 <= told["front"]["Width (deg)"] <= 110
    masses = [one["mass_g"] for one in told["masses"]]
    # The relative exposure of a single base frame is uncertain.
    assert max(masses) > 3 * told["masses"][0]["sigma_g"]
    assert set(told["masses"][0]["parts_g"]) >= {"noise", "base", "normalisation", "scale", "angle", "depth"}
    assert abs(told["composite"]["seam_step"]) < 0.05
    for name in ("c3_images.gif", "c3_differences.gif", "jmap.png", "front.csv", "mass.csv", "composite.png"):
        assert (tmp_path / name).stat().st_size > 0
    assert main(["event", ejection[0], "--out", str(tmp_path)]) == 1
    assert "fewer than two frames" in capsys.readouterr().err


def test_polarize(tmp_path, capsys):
    scene = simulate.corona(activity=0.7, seed=5)
    files = []
    for number, polar in enumerate(("-60 Deg", "0 Deg", "+60 Deg", "Clear")):
        shown = simulate.observe(
            "C2", date=f"1998-05-21T09:{4 * number:02d}", scene=scene, polar=polar, leb_sum=(2, 2), seed=number
        )
        level1 = sunpy_lasco.calibrate(shown.level05, assets="simulated", inpaint=None)
        files.append(str(sunpy_lasco.write_level1(level1, tmp_path / f"{number}.fts")))
    out = tmp_path / "out"
    assert main(["polarize", *files, "--out", str(out)]) == 0
    names = sorted(path.name for path in out.iterdir())
    assert [name.rsplit("_", 1)[1] for name in names] == [
        *("angle.fits", "degree.fits", "polarized.fits", "polarized.png", "residual.fits", "total.fits")
    ]
    smap = sunpy.map.Map(next(out.glob("*_polarized.fits")))
    assert smap.measurement == "pB"
    assert "relative transmissions" in capsys.readouterr().out
    assert main(["polarize", files[0], files[3], "--out", str(out)]) == 1
    assert "no triplet" in capsys.readouterr().err


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
