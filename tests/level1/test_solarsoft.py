"""The option ``solarsoft``: level 1 as made by SolarSoft."""

import csv
from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

import astropy.units as u
from astropy.io import fits

import sunpy.map

import sunpy_lasco
from sunpy_lasco import simulate
from sunpy_lasco.errors import OptionError
from sunpy_lasco.geometry.distortion import SOLARSOFT_CELLS, camera_distortion
from sunpy_lasco.geometry.resampling import Resampling, interpolate
from sunpy_lasco.level1.solarsoft import official_repair, solarsoft_hdu, turns_north


def official(raw, **options):
    return sunpy_lasco.calibrate(raw, **({"assets": "simulated", "solarsoft": True} | options))


@pytest.fixture(scope="module")
def c2():
    return simulate.observe("C2", date="2002-05-21", seed=1)


@pytest.fixture(scope="module")
def c3():
    return simulate.observe("C3", date="2002-05-21", seed=1)


def test_no_distortion_in_the_wcs(c3):
    with pytest.raises(OptionError, match="SolarSoft has no distortion in the WCS"):
        official(c3.level05, distortion="wcs")


# -- The warp ------------------------------------------------------------------


@pytest.mark.parametrize(("camera", "largest"), [("C2", 0.03), ("C3", 0.08)])
def test_grid_is_exact_at_the_control_points_and_near_elsewhere(camera, largest):
    exact = camera_distortion(camera, 52000)
    grid = replace(exact, cells=SOLARSOFT_CELLS)
    x, y = np.meshgrid(np.arange(0, 1025, 32.0), np.arange(0, 1025, 32.0))
    np.testing.assert_allclose(grid.to_raw(x, y), exact.to_raw(x, y), atol=1e-9)
    x, y = np.meshgrid(np.arange(1024.0), np.arange(1024.0))
    difference = np.abs(np.subtract(grid.to_raw(x, y), exact.to_raw(x, y)))
    assert 0.02 < difference.max() < largest


def test_grid_is_linear_on_two_triangles_of_a_cell():
    grid = replace(camera_distortion("C3", 52000), cells=SOLARSOFT_CELLS)
    exact = replace(grid, cells=0.0)
    corner, beside, above, opposite = (
        np.array(exact.to_raw(x, y)) for x, y in ((64, 96), (96, 96), (64, 128), (96, 128))
    )
    # The diagonal leads from the lower right to the upper left corner.
    np.testing.assert_allclose(grid.to_raw(80, 112), (beside + above) / 2, atol=1e-9)
    np.testing.assert_allclose(grid.to_raw(72, 104), (2 * corner + beside + above) / 4, atol=1e-9)
    np.testing.assert_allclose(grid.to_raw(88, 120), (2 * opposite + beside + above) / 4, atol=1e-9)


def test_official_image_has_the_grid(test_data):
    """
    The fixed pattern of the detector appears in the official image at the positions of the grid.

    The polynomial and the other diagonal displace it by some hundredths of a pixel, which all pixels together can
    distinguish.
    """
    from sunpy_lasco.assets.response import builtin_response, response_epoch
    from sunpy_lasco.map.edit import frame_of

    smap = sunpy.map.Map(test_data / "level1" / "35082038.fts")
    frame = frame_of(smap)
    pattern = np.asarray(builtin_response(response_epoch(frame)), float)
    image = np.asarray(smap.data, float)
    good = np.isfinite(image) & (image > 1e-13)
    smooth, share = (ndimage.gaussian_filter(part, 4) for part in (np.where(good, image, 0), good.astype(float)))
    fine = np.where(good, image / np.maximum(smooth, 1e-20) * share - 1, 1)
    good = ndimage.binary_erosion(good, iterations=8) & (np.abs(fine) < 0.05)

    exact = camera_distortion("C3", frame.mjd)
    y, x = np.mgrid[:1024, :1024].astype(float)
    grid = replace(exact, cells=SOLARSOFT_CELLS).to_raw(x, y)
    # The other diagonal is that of an image seen from behind.
    mirrored = replace(exact, cells=SOLARSOFT_CELLS, centre=(1024 - exact.centre[0], exact.centre[1]))
    other = mirrored.to_raw(1024 - x, y)
    other = 1024 - other[0], other[1]

    def seen(position):
        return ndimage.map_coordinates(pattern, position[::-1], order=1)[good]

    base = seen(grid)
    terms = [base, seen(exact.to_raw(x, y)) - base, seen(other) - base, np.ones(base.size)]
    terms += [seen((grid[0] + 0.05, grid[1])) - base, seen((grid[0], grid[1] + 0.05)) - base]
    matrix = np.stack(terms, axis=1)
    found = np.linalg.lstsq(matrix, fine[good], rcond=None)[0]
    scatter = np.var(fine[good] - matrix @ found)
    sigma = np.sqrt(scatter * np.diag(np.linalg.inv(matrix.T @ matrix)))
    # Shares of the polynomial and of the other diagonal: 0 and 0, not 1.
    for number in (1, 2):
        assert found[number] / found[0] < 0.5
        assert (1 - found[number] / found[0]) > 4 * sigma[number] / found[0]


@pytest.mark.parametrize("camera", ["C2", "C3"])
def test_distortion_grid_is_an_option_of_its_own(camera, c2, c3):
    raw = {"C2": c2, "C3": c3}[camera].level05
    grid, exact = (sunpy_lasco.calibrate(raw, assets="simulated", distortion=one) for one in ("grid", "resample"))
    assert grid.meta["distort"] == "grid"
    both = np.isfinite(grid.data) & np.isfinite(exact.data)
    assert both.mean() > 0.7
    relative = np.abs(grid.data[both] / exact.data[both] - 1)
    assert 1e-6 < np.median(relative) < 1e-3
    turned = sunpy_lasco.calibrate(raw, assets="simulated", distortion="grid", north_up=True)
    assert "imgrot" in turned.meta
    assert official(raw).meta["distort"] == "grid"
    assert official(raw, distortion=None).meta["distort"] == "none"


# -- Blocks that are not there ------------------------------------------------


def test_c2_is_not_masked_and_blocks_that_were_not_sent_hold_the_bias(c2):
    """In the 61 untransmitted blocks official C2 files have some 59000 negative pixels and no zeros."""
    result = official(c2.level05)
    flags = sunpy_lasco.flags(result)
    assert not (flags & sunpy_lasco.PixelFlag.MASKED).any()
    assert "maskfile" not in result.meta
    assert np.isfinite(result.data).all()
    assert result.meta["datazer"] == result.meta["nsatmin"] == (result.data < 0).sum()
    assert 0.85 * 61 * 1024 < result.meta["datazer"] < 61 * 1024
    unsent = (flags & sunpy_lasco.PixelFlag.UNTRANSMITTED) != 0
    deep = result.data < np.percentile(result.data[unsent], 50)
    assert unsent[deep].all()
    # Far from any edge: -bias times calibration factor over exposure, times the vignetting behind the occulter.
    meta, vignetting = result.meta, simulate.assets().image("c2vig_final.fts").data
    expected = -meta["biasval"] * meta["calfac"] / meta["exptime"] * vignetting[430, 512]
    assert result.data[430, 512] == pytest.approx(expected, rel=0.01)


def test_lost_blocks_of_c2_are_zeros_and_then_so_are_those_that_were_not_sent():
    raw = simulate.observe("C2", date="2002-05-21", lost_blocks=[(10, 25)], seed=1).level05
    result = official(raw)
    assert result.meta["nmissing"] == 1
    assert "nfilled" not in result.meta
    assert (result.data >= 0).mean() > 0.995
    assert result.meta["datazer"] > 55 * 1024
    filled = official(raw, inpaint="kriging")
    assert filled.meta["nfilled"] == 1
    assert filled.meta["nsatmin"] > 50 * 1024


def test_repair_as_solarsoft_does_it():
    """Fuzzy logic for C3 Clear, unless a zone is large or at the edge of the frame; nothing else is filled."""
    lost = {
        "one": [(5, 10)],
        "large": [(5 + i, 20 + j) for i in range(5) for j in range(4)],
        "edge": [(5, 10), (12, 0)],
    }
    raws = {
        name: simulate.observe("C3", date="2002-05-21", lost_blocks=blocks, seed=1) for name, blocks in lost.items()
    }
    assert [official_repair(raws[name].level05) for name in lost] == ["fuzzy", None, None]
    assert official_repair(simulate.observe("C3", filter="Orange", lost_blocks=[(5, 10)], seed=1).level05) is None
    result = official(raws["one"].level05)
    assert result.meta["fillmeth"] == "fuzzy"
    assert result.meta["bkgfile"] == "3m_clcl_all.fts"
    assert "Background of the repair: 3m_clcl_all.fts" in result.meta["history"]
    assert result.meta["datazer"] == official(simulate.observe("C3", date="2002-05-21", seed=1).level05).meta["datazer"]
    empty = official(raws["large"].level05)
    assert "nfilled" not in empty.meta
    assert empty.meta["datazer"] > result.meta["datazer"] + 15 * 1024


def test_fuzzy_logic_has_its_background_by_default_too():
    """Faint coronae are below the model of the package, so blocks stay empty that SolarSoft fills."""
    raw = simulate.observe("C3", date="2008-06-01", seed=2, n_lost=14).level05

    result = sunpy_lasco.calibrate(raw, assets="simulated", inpaint="fuzzy")
    flags = sunpy_lasco.flags(result)
    sky = ~ndimage.binary_dilation(flags & sunpy_lasco.PixelFlag.MASKED != 0, iterations=12)
    lost = (flags & sunpy_lasco.PixelFlag.MISSING != 0) & sky
    assert lost.sum() > 10000
    assert not np.isnan(result.data[lost]).any()
    assert result.meta["bkgfile"] == "3m_clcl_all.fts"


def test_background_of_real_frames(real_map, calib_data):
    raw = real_map("32310945")
    counts = raw.data.copy()
    lost = [(8, 1), (14, 12), (20, 25), (25, 9), (5, 18)]
    for row, column in lost:
        counts[32 * row : 32 * row + 32, 32 * column : 32 * column + 32] = 0
    broken = sunpy.map.Map(counts, raw.meta)
    # The statistics of its header are those of the whole frame.
    result = sunpy_lasco.calibrate(broken, assets=calib_data, inpaint="fuzzy", on_bad="ignore")
    assert result.meta["nfilled"] == len(lost)
    assert len(result.meta["bkgsha"]) == 64
    assert result.meta["bkgest"] is True
    masked = sunpy_lasco.flags(result) & sunpy_lasco.PixelFlag.MASKED != 0
    assert np.isfinite(result.data[~masked]).all()


@pytest.mark.filterwarnings("ignore:.*stay empty")
def test_without_that_background_the_model_of_the_package_serves():
    raw = simulate.observe("C3", date="2002-05-21", lost_blocks=[(5, 10)], seed=1).level05
    result = sunpy_lasco.calibrate(raw, assets="estimate", inpaint="fuzzy")
    assert "bkgfile" not in result.meta


# -- Roll ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("roll", "turned", "rectify"),
    [(0.5, False, 0.0), (-6.0, True, -6.0), (174.0, True, 174.0), (-174.095, True, -174.095), (179.6, False, 180.0)],
)
def test_roll_is_turned_from_one_degree_on(c3, roll, turned, rectify):
    result = official(c3.level05, roll=roll * u.deg)
    assert turns_north(roll) == turned
    assert ("imgrot" in result.meta) == turned
    assert result.meta["rectify"] == pytest.approx(rectify)
    header = solarsoft_hdu(result).header
    assert header["RECTIFY"] == pytest.approx(rectify)
    assert -180 < header["RECTIFY"] <= 180
    assert header["CROTA"] == pytest.approx(0 if turned else (roll + 90) % 180 - 90)
    assert "imgrot" not in official(c3.level05, roll=roll * u.deg, north_up=False).meta
    assert "imgrot" not in sunpy_lasco.calibrate(c3.level05, assets="simulated", roll=roll * u.deg).meta


def test_number_of_empty_pixels_of_official_rotated_files(test_data):
    """DATAZER of official C2 files that were complete and rotated counts the pixels that the rotation left empty."""
    with (test_data / "headers" / "level1_c2_official.csv").open() as table:
        rows = [row for row in csv.DictReader(table) if float(row["rot_angle_applied"] or 0)]
    assert len(rows) > 40
    for row in rows[::4]:
        turn = Resampling(
            (1024, 1024), (0, 0), (1, 1), None,
            rotation=-float(row["rot_angle_applied"]),
            pivot=(float(row["crpix1"]) - 1, float(row["crpix2"]) - 1),
            open_end=True,
        )  # fmt: skip
        outside = interpolate(np.ones((1024, 1024), np.float32), turn).outside
        assert outside.sum() == pytest.approx(int(row["datazer"]), abs=25)


def test_rectify_of_official_files_has_the_same_range(test_data):
    with (test_data / "headers" / "level1_c2_official.csv").open() as table:
        values = [float(row["rectify"]) for row in csv.DictReader(table)]
    assert -180 < min(values) < -170
    assert 170 < max(values) <= 180


def test_rotation_in_a_second_interpolation(c3):
    """The image is that of two interpolations, and similar to that of one."""
    options = {"roll": 5 * u.deg, "inpaint": None}
    twice = official(c3.level05, **options)
    once = sunpy_lasco.calibrate(c3.level05, assets="simulated", distortion="grid", north_up=True, **options)
    both = np.isfinite(once.data) & (twice.data != 0)
    assert np.median(twice.data[both] / once.data[both]) == pytest.approx(1, abs=2e-4)
    assert np.std(np.diff(twice.data[400:600, 400:450])) < np.std(np.diff(np.nan_to_num(once.data[400:600, 400:450])))
    assert np.isfinite(twice.data).all()


# -- Against official files ----------------------------------------------------


def test_official_c3_image(real_map, calib_data, test_data):
    """
    The frame 24 minutes before the official one, in the same corona.

    Its true exposure is unknown (frames of 5 s scatter by 1.5 %), and the official calibration images are not
    available.
    """
    path = test_data / "level1" / "35082038.fts"
    header, image = fits.getheader(path), fits.getdata(path).astype(float)
    result = official(real_map("32082037"), assets=calib_data, bias=377.7 * u.DN)
    ours = solarsoft_hdu(result).header
    assert ours["DATAZER"] == header["DATAZER"] == 189510
    assert set(header) - {""} <= set(ours)
    for card in ("DSATVAL", "NSATMIN", "NMISSING", "MISSLIST", "RECTIFY", "BUNIT", "LEVEL", "CDELT1", "CTYPE1"):
        assert ours[card] == header[card]
    for card in ("DATAP01", "DATAP10", "DATAP25", "DATAP50", "DATAP75", "DATAP90", "DATAP95", "DATAP98", "DATAP99"):
        assert ours[card] == pytest.approx(header[card], rel=0.02)
    seen = (image > 2e-13) & (result.data > 0)
    ratio = result.data[seen] / image[seen]
    assert np.median(ratio) == pytest.approx(1, abs=0.015)
    assert 1.4826 * np.median(np.abs(ratio / np.median(ratio) - 1)) < 0.015


def test_statistics_of_real_c2(real_map, calib_data):
    """DATAZER of the official file of 2009-02-28, compressed in the same way, is 59025."""
    result = official(real_map("22321894"), assets=calib_data)
    assert result.meta["datazer"] == result.meta["nsatmin"] == pytest.approx(59025, rel=0.005)
    assert result.meta["rectify"] == 180
    assert result.meta["datap50"] == pytest.approx(7.297e-10, rel=0.05)
