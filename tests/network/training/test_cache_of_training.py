"""Windows are identified by the content of their inputs, not by file names."""

import dataclasses
import shutil

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

from astropy.io import fits  # noqa: E402

from sunpy_lasco import simulate  # noqa: E402
from sunpy_lasco.assets.names import C3_RAMP  # noqa: E402
from sunpy_lasco.network.architecture import Architecture  # noqa: E402
from sunpy_lasco.network.training.crops import load_crops  # noqa: E402
from sunpy_lasco.network.training.recipe import PRESETS  # noqa: E402
from sunpy_lasco.network.training.window_files import fill_cache, made_for  # noqa: E402

SMALL = Architecture(channels=(4, 4), kernels=(3, 3), decoder_kernels=(3, 3))
RECIPE = dataclasses.replace(
    PRESETS["recommended"], architecture=SMALL, losses_per_frame=2, simulated=0, mixed=0, summed=0
)


@pytest.fixture(scope="module")
def frame(tmp_path_factory):
    """A level-0.5 file."""
    return simulate.write_level05(simulate.observe("C3", seed=5), tmp_path_factory.mktemp("frames"))


def brighter(path, directory):
    """A file of the same name with other pixels."""
    directory.mkdir()
    copy = directory / path.name
    shutil.copy(path, copy)
    with fits.open(copy, mode="update") as file:
        file[0].data[file[0].data > 0] += 7
    return copy


def test_files_of_the_same_name_are_told_apart(frame, tmp_path):
    other, windows = brighter(frame, tmp_path / "other"), tmp_path / "windows"
    windows.mkdir()
    (first,), (second,) = (fill_cache(RECIPE, [path], "C3", windows) for path in (frame, other))
    assert first != second
    images = [load_crops(path)[0]["truth"] for path in (first, second)]
    assert not (images[0].shape == images[1].shape and np.array_equal(*images))
    # Both together: one file for each, although their names agree.
    assert len(set(fill_cache(RECIPE, [frame, other], "C3", windows))) == 2


def test_what_is_there_is_used_again_wherever_it_lies(frame, tmp_path):
    said, windows = [], tmp_path / "windows"
    windows.mkdir()
    made = fill_cache(RECIPE, [frame], "C3", windows, say=said.append)
    stamps = [path.stat().st_mtime_ns for path in made]
    (tmp_path / "moved").mkdir()
    moved = shutil.copy(frame, tmp_path / "moved")
    assert fill_cache(RECIPE, [moved], "C3", windows, say=said.append) == made
    assert [path.stat().st_mtime_ns for path in made] == stamps
    assert len(said) == 1


def test_other_frames_make_other_backgrounds(frame, tmp_path):
    """The other frames determine the background of a frame."""
    other = brighter(frame, tmp_path / "other")
    assert made_for(RECIPE, [frame], "C3") != made_for(RECIPE, [frame, other], "C3")
    assert made_for(RECIPE, [frame, other], "C3") == made_for(RECIPE, [other, frame], "C3")


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"simulated": 2},
        {"losses_per_frame": 3},
        {"rectangles": True},
        {"fronts": 0.5},
        {"calibrated": True},
    ],
    ids=str,
)
def test_entries_that_decide_are_in_the_key(frame, change):
    change = change | ({"assets": "estimate"} if "calibrated" in change else {})
    assert made_for(dataclasses.replace(RECIPE, **change), [frame], "C3") != made_for(RECIPE, [frame], "C3")


def test_the_base_is_in_the_key(frame):
    """A different base gives different windows."""
    directed = dataclasses.replace(RECIPE, architecture=dataclasses.replace(SMALL, directed=True))
    assert made_for(directed, [frame], "C3") != made_for(RECIPE, [frame], "C3")


def test_calibration_images_are_in_the_key_by_content(frame, tmp_path):
    simulate.write_assets(tmp_path)
    recipe = dataclasses.replace(RECIPE, calibrated=True, assets=str(tmp_path))
    before = made_for(recipe, [frame], "C3")
    moved = shutil.copytree(tmp_path, tmp_path.with_name("moved"))
    assert made_for(dataclasses.replace(recipe, assets=str(moved)), [frame], "C3") == before
    assert made_for(dataclasses.replace(recipe, assets="estimate"), [frame], "C3") != before
    with fits.open(tmp_path / C3_RAMP, mode="update") as file:
        file[0].data *= 1.1
    changed = made_for(recipe, [frame], "C3")
    assert changed != before
    # A table of exposure factors of that day counts, too.
    taken = simulate.observe("C3", seed=5)
    simulate.write_assets(tmp_path, taken)
    assert made_for(recipe, [frame], "C3") != changed
    # Without calibration no image is needed.
    assert made_for(dataclasses.replace(recipe, calibrated=False), [frame], "C3") == made_for(RECIPE, [frame], "C3")
