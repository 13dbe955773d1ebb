"""Recipes: level 1 is made on access, identical to the last bit, and every change is reported."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from archive_orbits import rows_of, write_text

import astropy.units as u
from astropy.io import fits
from astropy.io.misc import yaml
from astropy.table import Table

import sunpy_lasco
from sunpy_lasco import simulate
from sunpy_lasco.bulk.recipe import _written, pixel_digest
from sunpy_lasco.errors import BadFrameError, HeaderError, LascoUserWarning, OptionError
from sunpy_lasco.map.reading import open_map


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """Three frames of C3, one of C2, and the directory of their calibration images."""
    folder, assets = tmp_path_factory.mktemp("level05"), tmp_path_factory.mktemp("assets")
    made = [
        simulate.observe("C3", date=f"2012-08-31T18:{minute:02d}", leb_sum=(4, 4), seed=minute)
        for minute in (6, 18, 30)
    ]
    made.append(simulate.observe("C2", date="2012-08-31T18:12", leb_sum=(4, 4), seed=1))
    for one in made:
        simulate.write_level05(one, folder)
    simulate.write_assets(assets, *made)
    return folder, assets


@pytest.fixture
def copied(archive, tmp_path):
    return shutil.copytree(archive[0], tmp_path / "level05"), shutil.copytree(archive[1], tmp_path / "assets")


def test_maps_are_made_when_asked_for_and_the_same(copied):
    folder, assets = copied
    path = folder / "recipe.ecsv"
    written = sunpy_lasco.write_recipe(
        path, folder, pixels=True, assets=assets, bias=400.5 * u.DN, sun_pixel=[511.5, 511.5] * u.pix
    )
    recipe = sunpy_lasco.open_recipe(path, on_change="raise")
    assert len(recipe) == len(written) == 4
    assert recipe.options.keys() == {"assets", "bias", "sun_pixel"}
    assert [one.split("/")[-1] for one in recipe.files] == sorted(one.name for one in folder.glob("*.fts"))
    expected = sunpy_lasco.calibrate(open_map(recipe.files[2]), **recipe.options)
    assert recipe[2].data.tobytes() == expected.data.tobytes()
    np.testing.assert_array_equal(recipe[2].uncertainty.array, expected.uncertainty.array)
    assert pixel_digest(recipe[2]) == recipe.table["pixel_sha256"][2]
    part = recipe[1:3]
    assert len(part) == 2
    assert part.files == recipe.files[1:3]
    assert part[-1].meta["filename"] == recipe[2].meta["filename"]
    assert list(part.times.isot) == [recipe.times[1].isot, recipe.times[2].isot]
    assert [smap.detector for smap in recipe] == ["C2", "C3", "C3", "C3"]
    with pytest.raises(IndexError):
        recipe[4]


def test_both_can_be_moved(copied, tmp_path):
    folder, _ = copied
    recipe = sunpy_lasco.write_recipe(folder / "recipe.ecsv", folder, assets="simulated")
    first = recipe[0]
    moved = shutil.move(folder, tmp_path / "elsewhere")
    again = sunpy_lasco.open_recipe(f"{moved}/recipe.ecsv", on_change="raise")
    assert again[0].data.tobytes() == first.data.tobytes()
    table = shutil.move(f"{moved}/recipe.ecsv", tmp_path / "recipe.ecsv")
    rooted = sunpy_lasco.open_recipe(table, root=moved, on_change="raise")
    assert rooted[0].data.tobytes() == first.data.tobytes()


@pytest.mark.slow
def test_files_help_each_other(tmp_path, monkeypatch):
    """Files of a recipe are each other's context, as in a run; a recipe of a single file has none."""
    lost = [(row, column) for row in range(4, 12) for column in range(16)]
    files = [
        simulate.write_level05(
            simulate.observe("C3", date=f"2000-05-15T12:{minute:02d}", leb_sum=(2, 2), seed=minute,
                             lost_blocks=lost if minute == 12 else ()),
            tmp_path,
        )
        for minute in (0, 12, 24)
    ]  # fmt: skip
    options = {"assets": "simulated", "on_bad": "ignore"}
    together = sunpy_lasco.write_recipe(tmp_path / "together.ecsv", files, **options)[1]
    filled = (sunpy_lasco.flags(together) & sunpy_lasco.PixelFlag.FILLED) != 0
    assert filled.sum() > 50_000
    from sunpy_lasco.bulk import calibrate_files, read_journal

    report = calibrate_files(files, tmp_path / "out", jobs=1, **options)
    (line,) = (line for line in read_journal(report.journal) if line["input"] == str(files[1]))
    assert sunpy_lasco.read_level1(line["output"]).data.tobytes() == together.data.tobytes()
    # And as a cube.
    sequence = sunpy_lasco.open_recipe(tmp_path / "together.ecsv").sequence(normalise=False)
    np.testing.assert_array_equal(sequence.frame(1).data, together.data)
    alone = sunpy_lasco.write_recipe(tmp_path / "alone.ecsv", files, together=False, **options)
    with pytest.warns(LascoUserWarning, match="stay empty"):
        assert not np.array_equal(alone[1].data, together.data, equal_nan=True)


def test_changes_are_said(copied):
    folder, assets = copied
    path = folder / "recipe.ecsv"
    sunpy_lasco.write_recipe(path, folder, assets=assets, pixels=True)
    assert sunpy_lasco.open_recipe(path, on_change="raise").changes() == []

    text = path.read_text()
    path.write_text(text.replace("numpy: ", "numpy: 0."))
    with pytest.warns(LascoUserWarning, match=r"numpy is .*, and was 0\."):
        sunpy_lasco.open_recipe(path)
    with pytest.raises(BadFrameError, match="numpy is"):
        sunpy_lasco.open_recipe(path, on_change="raise")
    assert len(sunpy_lasco.open_recipe(path, on_change="ignore")) == 4
    constants = Table.read(path, format="ascii.ecsv").meta["constants"]
    path.write_text(text.replace(constants, "0" * len(constants)))
    with pytest.warns(LascoUserWarning, match="constants of the instrument"):
        sunpy_lasco.open_recipe(path)

    path.write_text(text)
    with fits.open(assets / "c2vig_final.fts", mode="update") as hdus:
        hdus[0].data *= np.float32(1.25)
    with pytest.warns(LascoUserWarning, match=r"c2vig_final\.fts is another\."):
        recipe = sunpy_lasco.open_recipe(path)
    with pytest.warns(LascoUserWarning, match="pixels of .* differ from"):
        recipe[0]
    (assets / "c2vig_final.fts").unlink()
    with pytest.warns(LascoUserWarning, match=r"c2vig_final\.fts is missing"):
        sunpy_lasco.open_recipe(path)


def test_changed_orbit_files_are_said(copied):
    folder, assets = copied
    recipe = sunpy_lasco.write_recipe(folder / "recipe.ecsv", sorted(folder.glob("3*.fts"))[:1], assets=assets)
    assert recipe[0].meta["obssrc"] == "orbit of the package"
    write_text(assets / "SO_OR_PRE_20120831_V01.DAT", rows_of("2012-08-31"))
    with pytest.raises(BadFrameError, match="orbit files of that day have changed"):
        recipe[0]


def test_a_changed_input_is_said(copied):
    folder, assets = copied
    recipe = sunpy_lasco.write_recipe(folder / "recipe.ecsv", folder, assets=assets)
    with fits.open(recipe.files[1], mode="update") as hdus:
        hdus[0].data[100, 100] += 1
    opened = sunpy_lasco.open_recipe(folder / "recipe.ecsv")
    opened[0]
    with pytest.warns(LascoUserWarning, match="has changed"):
        opened[1]
    factor = assets / "c2_expfactor_120831.dat"
    factor.write_text(factor.read_text() + "\n") if factor.is_file() else factor.write_text("22400000.fts 1.02 0 0 0\n")
    with pytest.warns(LascoUserWarning, match=r"exposure factors c2_expfactor_120831\.dat"):
        opened[0]


def test_what_is_no_recipe_or_cannot_be_one(copied, tmp_path):
    folder, _ = copied
    with pytest.raises(OptionError, match="no level-0"):
        sunpy_lasco.write_recipe(tmp_path / "r.ecsv", [])
    with pytest.raises(OptionError, match="flat_field is an array"):
        sunpy_lasco.write_recipe(tmp_path / "r.ecsv", folder, flat_field=np.ones((1024, 1024)))
    with pytest.raises(OptionError, match="on_change='no' is unknown"):
        sunpy_lasco.open_recipe(tmp_path / "r.ecsv", on_change="no")
    (tmp_path / "x.fts").write_text("no image")
    with pytest.raises(HeaderError, match=r"x\.fts is not a level-0\.5 image"):
        sunpy_lasco.write_recipe(tmp_path / "r.ecsv", tmp_path / "x.fts")
    with pytest.raises(FileNotFoundError):
        sunpy_lasco.open_recipe(tmp_path / "r.ecsv")
    assert not (tmp_path / "r.ecsv").exists()
    Table({"file": ["a"]}).write(tmp_path / "t.ecsv")
    with pytest.raises(HeaderError, match="a table, but not a recipe"):
        sunpy_lasco.open_recipe(tmp_path / "t.ecsv")
    (tmp_path / "t.ecsv").write_text("what?")
    with pytest.raises(HeaderError, match="is not a recipe"):
        sunpy_lasco.open_recipe(tmp_path / "t.ecsv")
    sunpy_lasco.write_recipe(tmp_path / "r.ecsv", folder, assets="simulated")
    with pytest.raises(FileExistsError, match="overwrite=True"):
        sunpy_lasco.write_recipe(tmp_path / "r.ecsv", folder, assets="simulated")


def test_as_a_sequence(copied):
    pytest.importorskip("dask")
    folder, _ = copied
    c3 = sorted(folder.glob("3*.fts"))
    recipe = sunpy_lasco.write_recipe(folder / "recipe.ecsv", c3, assets="simulated")
    sequence = recipe.sequence(normalise=False)
    assert sequence.is_lazy
    assert sequence.shape == (3, *recipe[0].data.shape)
    np.testing.assert_array_equal(sequence.frame(1).data, recipe[1].data)


def test_the_command_takes_a_recipe(copied, tmp_path, capsys):
    from sunpy_lasco.commands.main import main

    folder, _ = copied
    sunpy_lasco.write_recipe(folder / "recipe.ecsv", sorted(folder.glob("3*.fts"))[:2], assets="simulated")
    assert main(["calibrate", str(folder / "recipe.ecsv"), "--assets", "simulated", "--out", str(tmp_path)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


@pytest.mark.slow
def test_real_frames(real_frame, calib_data, tmp_path):
    """A real frame with lost blocks, with its neighbours."""
    files = [real_frame(name) for name in ("32310956", "32310957", "32310958")]
    options = {"assets": calib_data, "on_bad": "ignore"}
    recipe = sunpy_lasco.write_recipe(tmp_path / "r.ecsv", files, pixels=True, **options)
    assert (tmp_path / "r.ecsv").stat().st_size < 4000
    again = sunpy_lasco.open_recipe(tmp_path / "r.ecsv", on_change="raise")
    assert [pixel_digest(smap) for smap in again] == list(recipe.table["pixel_sha256"])


def test_options_that_a_recipe_cannot_keep(tmp_path):
    with pytest.raises(OptionError, match="its files are each other's context"):
        _written({"context": "archive"})
    with pytest.raises(OptionError, match="response is an array"):
        _written({"response": np.ones((2, 2))})
    with pytest.raises(OptionError, match="bias cannot be stored"):
        _written({"bias": object()})
    # A directory is the same from wherever one reads it; names that mean something stay.
    assert yaml.load(_written({"assets": tmp_path}))["assets"] == str(tmp_path.resolve())
    assert yaml.load(_written({"assets": "here"}))["assets"] == str(Path("here").resolve())
    assert yaml.load(_written({"assets": "simulated", "pointing": "stars"})) == {
        "assets": "simulated",
        "pointing": "stars",
    }
