"""Rows for a user's files: simulated frames, and the real ones if available."""

import numpy as np
import pytest

from astropy.io import fits

from sunpy_lasco import simulate
from sunpy_lasco.assets.estimate import EstimateSource
from sunpy_lasco.instrument.constants import other_constants, value_of
from sunpy_lasco.verify import Verdict, verify
from sunpy_lasco.verify.frames import _fixed_light, find_frames


def write_image(path, data, **cards):
    header = fits.Header({name.upper(): value for name, value in cards.items()})
    fits.PrimaryHDU(np.asarray(data, dtype=np.float32), header).writeto(path)


def test_calibration_images(tmp_path):
    """A correct file, one of another version, a damaged one, and one with another brightness."""
    source = EstimateSource()
    good = source.image("c2vig_final.fts").data
    write_image(tmp_path / "c2vig_final.fts", good, date="2005-09-20T12:00:00")
    ramp = source.image("C3ramp.fts").data
    write_image(tmp_path / "C3ramp.fts", ramp, date="2011-03-01")
    (tmp_path / "c3vig_preint_final.fts").write_bytes(b"<html>not found</html>")
    write_image(tmp_path / "c3vig_postint_final.fts", 1.03 * source.image("c3vig_postint_final.fts").data)
    rows = verify(assets=tmp_path, groups=["assets"]).rows
    assert rows["asset.c2vig_final.fts"].verdict == Verdict.HOLDS
    assert "SHA-256" in rows["asset.c2vig_final.fts"].note
    assert rows["asset.c2vig_final.fts.estimate"].value == 0
    assert rows["asset.C3ramp.fts"].verdict == Verdict.FAILS
    assert "later than the version of official level 1, 1999-03-18" in rows["asset.C3ramp.fts"].note
    assert rows["asset.c3vig_preint_final.fts"].verdict == Verdict.FAILS
    assert rows["asset.c3vig_postint_final.fts.estimate"].verdict == Verdict.FAILS
    assert rows["asset.c3_cl_mask_lvl1.fts"].needs == "the published file c3_cl_mask_lvl1.fts"


def test_an_estimate_is_not_the_published_file(tmp_path):
    data = EstimateSource().image("c2vig_final.fts").data
    write_image(tmp_path / "c2vig_final.fts", data, origin="ESTIMATE")
    rows = verify(assets=tmp_path, groups=["assets"]).rows
    assert "this is an estimate of it" in rows["asset.c2vig_final.fts"].needs


@pytest.fixture(scope="module")
def simulated_folder(tmp_path_factory):
    """A frame of each camera, a truncated one, one that is not a FITS file, and a text file."""
    folder = tmp_path_factory.mktemp("frames")
    exposures = [simulate.observe(camera, date="2010-01-11T03:18", seed=1, diffracted=False) for camera in ("C2", "C3")]
    for exposure in exposures:
        simulate.write_level05(exposure, folder / "level05")
    simulate.write_assets(folder / "assets", *exposures)
    (folder / "broken.fts").write_bytes(b"SIMPLE  = nonsense")
    (folder / "notes.txt").write_text("no frame")
    return folder


def test_frames_are_found(simulated_folder):
    frames, problems = find_frames(simulated_folder)
    frames = [one for one in frames if one.exptime > 1]
    assert [(one.camera, one.level, one.official) for one in frames] == [("C2", 0.5, False), ("C3", 0.5, False)]
    assert len(problems) == 1
    assert problems[0].startswith("broken.fts")


def test_simulated_frames(simulated_folder):
    report = verify(frames=simulated_folder / "level05", assets=simulated_folder / "assets", groups=["frames"])
    rows = report.rows
    print(rows["frames.overlap.official"], rows["frames.c3.stars.rms"])
    assert rows["frames.sound"].verdict == Verdict.HOLDS
    # The same corona is before both cameras, without stray light, and both factors are true: not as in real frames.
    assert rows["frames.overlap.official"].value == pytest.approx(1.0, abs=0.03)
    assert rows["frames.overlap.official"].verdict == Verdict.FAILS
    assert rows["official.factor"].verdict == Verdict.OPEN


@pytest.mark.slow
def test_light_that_is_fixed_to_the_detector(tmp_path):
    """A flip reveals the arc of the simulated C3 after 2002, and only the ring around the occulter before."""
    rows = {}
    for name, date, options in (
        ("arc", "2010-01-11T03:18", {}),
        ("none", "2010-01-11T03:18", {"diffracted": False}),
        ("before", "2001-01-11T03:18", {}),
    ):
        folder, exposures = tmp_path / name, []
        for flipped in (False, True):
            exposure = simulate.observe(
                "C3", date=date, flipped=flipped, seed=int(flipped), cosmic_rays=False, **options
            )
            simulate.write_level05(exposure, folder / str(flipped))
            exposures.append(exposure)
        simulate.write_assets(tmp_path / f"{name}_assets", *exposures)
        found, problems = find_frames(folder)
        assert not problems
        assert sorted(one.turned for one in found) == [False, True]
        rows[name] = _fixed_light(found, [tmp_path / f"{name}_assets"])
        alone = _fixed_light([one for one in found if one.turned], [])
        assert alone.verdict == Verdict.OPEN
    print({name: row.value for name, row in rows.items()})
    assert rows["arc"].value > 4 * rows["none"].value
    assert rows["before"].value + 0.02 < rows["arc"].value < 0.3
    assert rows["none"].value < 0.02


def test_frames_too_far_apart_say_so(real_frames):
    """The nearest upright frame is from another year."""
    found, _ = find_frames(real_frames[0].parent.parent / "c3")
    row = _fixed_light(found, [])
    assert row.verdict == Verdict.OPEN
    assert "within 7 days, of which one is upside down; the nearest are 272 days apart" in row.needs


@pytest.fixture(scope="module")
def real_rows(test_data, calib_data):
    return verify(frames=test_data, assets=calib_data, groups=["frames", "assets"]).rows


@pytest.mark.slow
def test_real_frames(real_rows):
    """All rows hold except the one for the interrupted transfer."""
    for row in real_rows.values():
        print(row.name, row.value, row.verdict, row.note)
    failing = [row.name for row in real_rows.values() if row.verdict == Verdict.FAILS]
    assert failing == ["frames.sound"]
    assert real_rows["frames.sound"].value == 1
    assert "32310957.fts" in real_rows["frames.sound"].note
    measured = [row.name for row in real_rows.values() if row.verdict == Verdict.HOLDS]
    assert set(measured) >= {
        "frames.c2.stars.held", "frames.c3.stars.held", "frames.c3.stars.default", "frames.c2.dark", "frames.c3.dark",
        "frames.c3.noise", "frames.overlap.official", "frames.overlap.stars", "official.factor", "official.brightness",
        "official.by_radius", "official.stars",
        "official.stars.outward", "frames.c3.stars.solved",
    }  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "rows"),
    [
        ({"C3.gain": 1.1, "C3.sun_centre": 1.01}, ("frames.c3.noise", "frames.c3.stars.solved")),
        ({"C3.distortion": 1.05}, ("official.stars.outward",)),
    ],
)
def test_wrong_constants_on_real_frames(changes, rows, test_data, calib_data):
    wrong = {}
    for name, factor in changes.items():
        value = value_of(name)
        wrong[name] = tuple(factor * one for one in value) if isinstance(value, tuple) else factor * value
    with other_constants(wrong):
        found = verify(frames=test_data, assets=calib_data, groups=["frames"]).rows
    for row in rows:
        assert found[row].verdict == Verdict.FAILS, found[row]
