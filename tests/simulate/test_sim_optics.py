"""Occulter, pylon, field stop and the calibration images made of them."""

import numpy as np
import pytest

from astropy.time import Time

from sunpy_lasco import simulate
from sunpy_lasco.assets.names import C2_VIGNETTING, C3_MASK, C3_RAMP, C3_VIGNETTING_POST, C3_VIGNETTING_PRE
from sunpy_lasco.simulate import optics
from sunpy_lasco.simulate.overlap import disk_beyond, disk_covered

DAY = Time("2005-01-01")


def counted(inside):
    """Fraction of a unit disk, by counting points."""
    y, x = (np.mgrid[:2000, :2000] + 0.5) / 1000 - 1
    disk = x * x + y * y < 1
    return (inside(x, y) & disk).sum() / disk.sum()


@pytest.mark.parametrize("distance", [-0.7, 0.0, 0.3, 0.95])
def test_disk_beyond_an_edge(distance):
    assert disk_beyond(distance) == pytest.approx(counted(lambda x, y: x > distance), abs=1e-3)


@pytest.mark.parametrize(("distance", "radius"), [(1.0, 1.5), (2.0, 1.84), (0.95, 1.9), (2.7, 1.84)])
def test_disk_behind_a_disk(distance, radius):
    counted_part = counted(lambda x, y: (x - distance) ** 2 + y * y < radius**2)
    assert disk_covered(distance, radius) == pytest.approx(counted_part, abs=1e-3)


def test_ends_of_the_overlap():
    assert [float(disk_beyond(d)) for d in (-1, -5, 1, 5)] == [1, 1, 0, 0]
    assert disk_covered(0.0, 1.5) == pytest.approx(1, abs=1e-6)
    assert disk_covered(9.0, 1.5) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(("detector", "shadow", "pylon"), [("C2", 134, 222), ("C3", 55, 225)])
def test_transmission(detector, shadow, pylon):
    free = optics.transmission(detector, DAY)
    assert free.min() >= -1e-9
    assert free.max() <= 1 + 1e-9
    x0, y0 = simulate.pixels.occulter_centre(detector, DAY)
    angle = np.radians(np.arange(360))
    ring = np.cos(angle), np.sin(angle)
    inside = [optics.transmission_at(detector, DAY, x0 + r * ring[0], y0 + r * ring[1]) for r in (shadow - 2, 400)]
    assert inside[0].max() < 1e-9
    # The pylon's direction is the darkest.
    assert abs(np.argmin(inside[1]) - pylon) <= 3
    assert inside[1].min() < 0.7 * np.median(inside[1])
    # Outward from the occulter it brightens; at the rim of the field it falls.
    profile = optics.transmission_at(detector, DAY, x0 + np.arange(shadow, 480.0), np.full(480 - shadow, y0))
    rising = profile[: np.argmax(profile)]
    assert (np.diff(rising) > -1e-12).all()
    assert profile[5] < 0.1


def test_transmission_between_the_pixels():
    shifted = optics.transmission("C3", DAY, (0.25, -0.25))
    assert shifted[300, 700] == optics.transmission_at("C3", DAY, 700.25, 299.75)
    assert not shifted.flags.writeable


def test_calibration_images():
    source = simulate.assets()
    c2 = source.image(C2_VIGNETTING).data
    assert c2.max() == 50
    assert c2.min() >= 1
    assert c2[505, 512] == 50
    post, pre = source.image(C3_VIGNETTING_POST).data, source.image(C3_VIGNETTING_PRE).data
    assert post.max() == pytest.approx(1e4)
    assert not np.array_equal(post, pre)
    sky = optics.transmission("C3", DAY) > 0.05
    np.testing.assert_allclose((post * optics.transmission("C3", DAY))[sky], 1, rtol=1e-6)
    mask = source.image(C3_MASK).data
    assert set(np.unique(mask)) == {0, 1}
    assert mask[531, 516] == 0
    assert mask[700, 700] == 1
    assert 0.75 < mask.mean() < 0.85
    ramp = source.image(C3_RAMP).data
    assert ramp[0, 0] == 0
    assert 1e-13 < ramp[600, 600] < 1e-11


def test_tables_name_each_exposure(empty):
    first, second = (
        simulate.observe("C3", scene=empty, date=f"2002-01-08T{hour}:00:00", exposure_factor=factor, bias=377.04)
        for hour, factor in ((3, 1.01234), (15, 0.98766))
    )
    text, _ = simulate.assets(first, second).text("c3_expfactor_020108.dat")
    lines = text.splitlines()
    assert len(lines) == 2
    words = lines[0].split()
    assert words[:4] == [first.header["FILENAME"], "1.012340", "377.0", "020108"]
    # MID_TIME has six digits in the header.
    assert float(words[4]) == pytest.approx(3 * 3600 + 19.1 / 2, abs=0.06)
    assert words[-2:] == ["16", "5.00e-04"]
    # Fixed columns for those who read by column.
    assert float(lines[1][12:22]) == pytest.approx(0.98766)
    assert float(lines[1][22:32]) == 377.0
    assert float(lines[1][42:52]) == pytest.approx(15 * 3600 + 9.55, abs=0.06)


def test_absent_tables_and_images_are_named():
    source = simulate.assets()
    with pytest.raises(FileNotFoundError, match="c3_expfactor_020108"):
        source.text("c3_expfactor_020108.dat")
    with pytest.raises(FileNotFoundError, match="c9vig"):
        source.image("c9vig.fts")


def test_written_images_are_the_same(tmp_path, empty):
    """A directory of the simulated images gives the same calibration as the source itself."""
    from sunpy_lasco.assets.sources import DirectorySource

    taken = simulate.observe("C2", scene=empty, exposure_factor=1.01)
    files = simulate.write_assets(tmp_path, taken)
    assert {f.name for f in files} >= {C2_VIGNETTING, C3_RAMP, C3_MASK, "c2_expfactor_020108.dat"}
    directory, source = DirectorySource(tmp_path), simulate.assets(taken)
    for name in (C2_VIGNETTING, C3_RAMP, C3_MASK):
        np.testing.assert_array_equal(directory.image(name).data, source.image(name).data)
    assert directory.text("c2_expfactor_020108.dat")[0] == source.text("c2_expfactor_020108.dat")[0]
