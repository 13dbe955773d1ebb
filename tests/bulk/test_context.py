"""Files of one call are the context of each other."""

import shutil

import numpy as np
import pytest
from scipy import ndimage

from astropy.io import fits

import sunpy_lasco
from sunpy_lasco import simulate
from sunpy_lasco.bulk import context as context_files
from sunpy_lasco.bulk.context import KEPT_MAPS, context_of_files
from sunpy_lasco.commands.main import main

#: Too many blocks for a fill from their surroundings; only exposures before and after can fill them.
LOST = [(row, column) for row in range(4, 12) for column in range(16)]


@pytest.fixture(scope="module")
def night(tmp_path_factory):
    """Five exposures twelve minutes apart; half of the middle one is lost."""
    directory = tmp_path_factory.mktemp("night")
    made = [
        simulate.observe("C3", date=f"2000-05-15T{12 + n // 5}:{n * 12 % 60:02d}", leb_sum=(2, 2), seed=n,
                         lost_blocks=LOST if n == 2 else ())
        for n in range(5)
    ]  # fmt: skip
    return [simulate.write_level05(one, directory) for one in made]


def lost_pixels(directory, name):
    """Numbers of lost pixels that are NaN (outside hidden areas) and of filled pixels in a level-1 file."""
    level1 = sunpy_lasco.read_level1(next(directory.rglob(name)))
    flags = sunpy_lasco.flags(level1)
    sky = ~ndimage.binary_dilation(flags & sunpy_lasco.PixelFlag.MASKED != 0, iterations=12)
    lost = (flags & sunpy_lasco.PixelFlag.MISSING != 0) & sky
    return np.isnan(level1.data[lost]).sum(), (flags & sunpy_lasco.PixelFlag.FILLED != 0).sum()


def run(directory, *arguments):
    return main(["calibrate", "--assets", "simulated", "--out", str(directory), "--quiet", *map(str, arguments)])


def level1_name(file):
    return f"35{file.name[2:]}"


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.filterwarnings("ignore:.*is implausible")
def test_lost_blocks_are_filled_from_the_other_files(night, tmp_path, jobs):
    assert run(tmp_path, *night[1:4], "--jobs", jobs) == 0
    empty, filled = lost_pixels(tmp_path, level1_name(night[2]))
    assert empty == 0
    assert filled > 0.3 * 512 * 512


@pytest.mark.filterwarnings("ignore:.*is implausible")
def test_files_for_context_alone_and_none(night, tmp_path):
    assert run(tmp_path / "with", night[2], "--context", night[1], night[3]) == 0
    assert len(list((tmp_path / "with").rglob("*.fts"))) == 1
    assert lost_pixels(tmp_path / "with", level1_name(night[2]))[0] == 0
    with pytest.warns(sunpy_lasco.errors.LascoUserWarning, match="stay empty"):
        assert run(tmp_path / "without", *night[1:4], "--context", "none") == 0
    assert lost_pixels(tmp_path / "without", level1_name(night[2]))[0] > 0


def test_only_headers_are_read_until_a_frame_needs_its_neighbours(night, monkeypatch):
    monkeypatch.setattr(context_files, "_kept_map", lambda file: pytest.fail(f"{file} was read"))
    found = context_of_files(night)
    assert [one.name for one in found[night[2]].files] == [night[n].name for n in (0, 1, 3, 4)]


def test_which_files_are_candidates(night, tmp_path):
    """Files of another filter or size, from too different a time, or damaged ones are not used."""
    broken = tmp_path / "broken.fts"
    broken.write_text("<html>404</html>")
    other, far = tmp_path / "other.fts", tmp_path / "far.fts"
    for path, cards in ((other, {"FILTER": "Orange"}), (far, {"MID_DATE": 51700})):
        shutil.copy(night[1], path)
        with fits.open(path, mode="update") as hdus:
            hdus[0].header.update(cards)
    found = context_of_files([night[2]], [broken, other, far, night[3], tmp_path / "absent.fts"])
    assert found == {night[2]: context_files.ContextFiles((night[3],))}
    assert context_of_files([broken])[broken].files == ()


def test_memory_is_bounded(night, tmp_path, monkeypatch):
    """Only files near in time are candidates, and few maps are kept in memory."""
    made = [tmp_path / f"{n}.fts" for n in range(100)]
    header = fits.getheader(night[0])
    for n, path in enumerate(made):
        header["MID_TIME"] = 720.0 * (n % 20) + n
        header["MID_DATE"] = 51679 + n // 20
        fits.writeto(path, np.zeros((512, 512), np.int16), header)
    assert max(len(one.files) for one in context_of_files(made).values()) <= 2 * context_files.CANDIDATES
    assert context_files._kept_map.cache_info().maxsize == KEPT_MAPS < 12


def test_real_frame_with_a_broken_transfer(real_frame, calib_data, tmp_path):
    """221 blocks of 32310957 are lost; the frames before and after fill all of them."""
    files = [real_frame(name) for name in ("32310956", "32310957", "32310958")]
    arguments = ["--assets", str(calib_data), "--out", str(tmp_path), "--quiet"]
    with pytest.warns(sunpy_lasco.errors.LascoUserWarning, match="is implausible"):
        assert main(["calibrate", *map(str, files), *arguments]) == 0
    empty, filled = lost_pixels(tmp_path, "35310957.fts")
    assert empty == 0
    assert filled > 160 * 1024
