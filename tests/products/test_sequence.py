"""Frames as a cube: order, grid, kinds, relative exposures, and conversion to maps."""

import numpy as np
import pytest
from ndcube import NDCube

import astropy.units as u
from astropy.coordinates import SkyCoord
from astropy.time import Time

import sunpy.map

from sunpy_lasco import PixelFlag, flags, products
from sunpy_lasco.errors import BadFrameError, IncompatibleMapsError, LascoUserWarning, OptionError
from sunpy_lasco.products.sequence import same_grid


def test_order_time_unit_sigma_flags(make):
    bits = np.zeros((128, 128), np.uint8)
    bits[3, 4] = PixelFlag.FILLED
    late, early = make(2e-10, 24, flags=bits), make(1e-10, 0, sigma=2e-13)
    sequence = products.Sequence([late, early], normalise=False)
    assert isinstance(sequence, NDCube)
    assert sequence.shape == (2, 128, 128)
    assert sequence.unit == early.unit
    assert list(sequence.time.isot) == ["2012-08-31T18:00:10.000", "2012-08-31T18:24:10.000"]
    (times,) = sequence.axis_world_coords("time", wcs=sequence.extra_coords)
    assert (times == sequence.time).all()
    np.testing.assert_array_equal(sequence.data[:, 0, 0], np.float32([1e-10, 2e-10]))
    np.testing.assert_array_equal(sequence.uncertainty.array[:, 0, 0], np.float32([2e-13, 1e-13]))
    assert sequence.flags[1, 3, 4] == PixelFlag.FILLED
    assert not sequence.flags[0].any()
    assert sequence.cadence.to_value(u.min) == pytest.approx(24.0)


def test_maps_come_back_as_they_were(make, corona):
    given = [make(corona() * (1 + minute / 100), minute) for minute in (0, 12)]
    for one, back in zip(given, products.Sequence(given, normalise=False).maps, strict=True):
        assert type(back) is type(one)
        np.testing.assert_array_equal(back.data, one.data)
        np.testing.assert_array_equal(back.uncertainty.array, one.uncertainty.array)
        np.testing.assert_array_equal(flags(back), flags(one))
        assert back.date == one.date
        assert back.meta["filename"] == one.meta["filename"]
        here, there = (smap.wcs.pixel_to_world(10, 20) for smap in (back, one))
        assert abs(here.Tx - there.Tx) < 1e-6 * u.arcsec


def test_duplicates_once_and_versions_refused(make):
    first, second = make(1e-10, 0), make(1e-10, 12)
    with pytest.warns(LascoUserWarning, match=r"c3_180000\.fts is given twice"):
        sequence = products.Sequence([first, second, make(1e-10, 0)], normalise=False)
    assert len(sequence) == 2
    with pytest.raises(IncompatibleMapsError, match="versions of one exposure"):
        products.Sequence([first, second, make(2e-10, 0)], normalise=False)


@pytest.mark.parametrize(
    ("cards", "told"),
    [
        ({"filter": "Orange"}, "orange"),
        ({"polar": "+60 Deg"}, r"\+60 deg"),
        ({"detector": "C2"}, "C2"),
        ({"bunit": "DN"}, "DN"),
    ],
)
def test_mixtures_are_refused_by_name(make, cards, told):
    usual = [make(1e-10, 0), make(1e-10, 12)]
    other = make(1e-10, 24, filename="odd_one.fts", **cards)
    with pytest.raises(IncompatibleMapsError, match=rf"odd_one\.fts.*{told}"):
        products.Sequence([*usual, other], normalise=False)


def test_nothing_and_nonsense(make):
    with pytest.raises(OptionError, match="at least one"):
        products.Sequence([])
    with pytest.raises(OptionError, match="normalise='always'"):
        products.Sequence([make()], normalise="always")


def test_another_pointing_is_reprojected_once(make, corona):
    """A frame whose Sun is displaced by two pixels is shifted to the same pixels."""
    usual = [make(corona(), 0), make(corona(), 12), make(corona(), 24)]
    moved = np.roll(corona(), (1, 2), axis=(0, 1))
    other = make(moved, 36, crpix1=66.5, crpix2=65.5)
    sequence = products.Sequence([*usual, other], normalise=False)
    part = np.s_[70:95, 70:95]
    np.testing.assert_allclose(sequence.data[3][part], corona()[part], rtol=1e-5)
    assert "reproject" in sequence.headers[3]["edited"]
    assert all("edited" not in header for header in sequence.headers[:3])
    assert sequence.headers[3]["crpix1"] == 64.5


@pytest.mark.parametrize(
    ("cards", "same"),
    [
        ({"crpix1": 64.55}, True),
        ({"crpix1": 64.65}, False),
        ({"roll": 0.03}, True),
        ({"roll": 0.08}, False),
        ({"cdelt1": 448.0 * 1.0001}, True),
        ({"cdelt1": 448.0 * 1.001, "cdelt2": 448.0 * 1.001}, False),
    ],
)
def test_tolerances(make, cards, same):
    """0.1 pixel, 0.05 degree."""
    roll = np.deg2rad(cards.pop("roll", 0.0))
    if roll:
        cards |= {"pc1_1": np.cos(roll), "pc1_2": -np.sin(roll), "pc2_1": np.sin(roll), "pc2_2": np.cos(roll)}
    sequence = products.Sequence([make(1e-10, 0), make(1e-10, 12), make(1e-10, 24, **cards)], normalise=False)
    assert ("edited" not in sequence.headers[2]) is same


def test_rolled_frames_are_turned_without_interpolation(make, corona):
    light = corona()
    light[10:20, 100:110] = 7e-10
    turned = {"pc1_1": -1.0, "pc2_2": -1.0, "pc1_2": 0.0, "pc2_1": 0.0}
    sequence = products.Sequence(
        [make(light, 0), make(light, 12), make(light[::-1, ::-1], 24, **turned)], normalise=False
    )
    np.testing.assert_array_equal(sequence.data[2], sequence.data[0])
    assert list(sequence.rolled) == [False, False, True]
    assert "edited" not in sequence.headers[2]


def test_slices_and_crops(make, corona):
    sequence = products.Sequence([make(corona(), 12 * n) for n in range(4)], normalise=False)
    part = sequence[1:3, 20:60, 30:100]
    assert isinstance(part, products.Sequence)
    assert part.shape == (2, 40, 70)
    assert part.flags.shape == part.shape == part.uncertainty.array.shape
    assert part.time[0] == sequence.time[1]
    whole, cut = sequence.frame(1), part.frame(0)
    place, other = whole.wcs.pixel_to_world(40, 30), cut.wcs.pixel_to_world(10, 10)
    assert abs(place.Tx - other.Tx) < 1e-6 * u.arcsec
    assert abs(place.Ty - other.Ty) < 1e-6 * u.arcsec
    cube_place = part.wcs.pixel_to_world(10, 10, 0)[0]
    assert abs(place.Tx - cube_place.Tx) < 1e-6 * u.arcsec
    assert type(sequence[0]) is NDCube
    assert sequence[0].shape == (128, 128)
    assert sequence[..., 5:9].shape == (4, 128, 4)
    in_time = sequence.crop([sequence.time[1]], [sequence.time[2]], wcs=sequence.extra_coords)
    assert in_time.time.isot.tolist() == sequence.time[1:3].isot.tolist()
    frame = sequence.frame(0).coordinate_frame
    corners = [[SkyCoord(x * u.arcsec, x * u.arcsec, frame=frame), None] for x in (-5000, 5000)]
    in_space = sequence.crop(*corners)
    assert isinstance(in_space, products.Sequence)
    assert in_space.shape[0] == 4
    assert in_space.shape[1] == in_space.shape[2] == pytest.approx(10000 / 448, abs=2)
    assert len(sequence.between("2012-08-31T18:10", "2012-08-31T18:30")) == 2
    with pytest.raises(OptionError, match="no frame"):
        sequence.between("2013-01-01")


def test_arithmetic_gives_a_plain_cube(make):
    sequence = products.Sequence([make(1e-10, 0), make(2e-10, 12)], normalise=False)
    result = sequence * 2
    assert type(result) is NDCube
    np.testing.assert_allclose(result.data, 2 * sequence.data)
    assert type(sequence.rebin((1, 2, 2))) is NDCube


def test_relative_exposures(make, corona):
    """Factors of 0.3 % are determined and divided out, with a front over a quarter of the position angles."""
    true = np.array([1.0, 1.003, 0.997, 1.001, 0.9985])
    rng = np.random.default_rng(5)
    from sunpy_lasco.products.places import height_and_angle

    height, angle = height_and_angle(make())
    given = []
    for number, factor in enumerate(true):
        light = corona()
        if number > 2:
            light = light * np.where((angle > 40) & (angle < 150) & (height < 12), 1.1, 1.0)
        noisy = light * factor * (1 + 0.0005 * rng.standard_normal(light.shape))
        given.append(make(noisy, 12 * number))
    sequence = products.Sequence(given)
    np.testing.assert_allclose(sequence.factors / np.median(sequence.factors), true, atol=4e-4)
    assert (sequence.factor_sigma < 4e-4).all()
    assert "relexp" in sequence.headers[0]
    assert "relative exposure" in str(sequence.headers[1]["history"])
    start = sequence.headers[0]["relexpa"]
    assert not 0 < start < 150
    away = (angle > 200) & (angle < 330) & (height > 6) & (height < 22)
    medians = [np.median((frame / corona())[away]) for frame in sequence.data]
    np.testing.assert_allclose(np.array(medians) / np.median(medians), 1.0, atol=5e-4)
    # Manual choice.
    chosen = products.Sequence(given, normalise=(200, 300) * u.deg)
    np.testing.assert_allclose(chosen.factors, true / np.median(true), atol=4e-4)
    # Not requested.
    assert (products.Sequence(given, normalise=False).factors == 1).all()
    np.testing.assert_array_equal(products.Sequence(given, normalise=False).data[1], given[1].data)


def test_relative_exposures_follow_what_a_map_becomes(make, corona):
    """The medians of a map are cached, unless its pixels or its header change."""
    given = [make(corona(), 12 * number) for number in range(3)]
    assert products.Sequence(given, normalise=True).factors == pytest.approx([1, 1, 1])
    given[1].data[...] *= 1.01
    assert products.Sequence(given, normalise=True).factors == pytest.approx([1, 1.01, 1], abs=1e-6)
    # With the Sun two pixels farther north, the corona of each cell differs.
    given[2].meta["crpix2"] += 2
    with pytest.raises(BadFrameError, match=r"c3_182400\.fts"):
        products.Sequence(given, normalise=True)


def test_published_factors_are_kept(make, corona):
    given = [make(corona() * factor, 12 * n, expfsrc="c3_expfactor_120831.dat") for n, factor in enumerate((1, 1.004))]
    assert (products.Sequence(given).factors == 1).all()
    assert products.Sequence(given, normalise=True).factors[1] == pytest.approx(1.002, abs=1e-4)


def test_a_factor_that_is_none_is_refused(make, corona):
    given = [make(corona(), 0), make(corona(), 12), make(corona() * 1.05, 24, filename="bright.fts")]
    with pytest.raises(BadFrameError, match=r"bright\.fts is 1\.0500 times"):
        products.Sequence(given)


def test_lazy_is_the_same(make, corona):
    given = [make(corona() * (1 + 0.001 * n), 12 * n) for n in range(3)]
    lazy, held = products.Sequence(given, lazy=True), products.Sequence(given)
    assert lazy.is_lazy
    assert not held.is_lazy
    assert lazy.data.chunksize == (1, 128, 128)
    np.testing.assert_array_equal(lazy.computed().data, held.data)
    np.testing.assert_array_equal(lazy.computed().sigma, held.sigma)
    np.testing.assert_array_equal(lazy.frame(1).data, held.frame(1).data)
    assert lazy[1:].is_lazy


def test_large_cubes_are_lazy(make, monkeypatch):
    monkeypatch.setattr("sunpy_lasco.products.sequence.LARGEST_IN_MEMORY", 128 * 128 * 9 * 2.5)
    given = [make(1e-10, 12 * n) for n in range(3)]
    assert products.Sequence(given, normalise=False).is_lazy
    assert not products.Sequence(given[:2], normalise=False).is_lazy


def test_map_sequence_and_plot(make, corona):
    maps = sunpy.map.Map([make(corona(), 0), make(corona(), 12)], sequence=True)
    sequence = products.Sequence(maps, normalise=False)
    assert len(sequence) == 2
    assert sequence.plot() is not None
    assert "2 frames of C3" in repr(sequence)


def test_input_does_not_change(make, corona):
    smap = make(corona(), 0)
    before, meta = smap.data.copy(), dict(smap.meta)
    sequence = products.Sequence([smap, make(corona() * 1.002, 12)])
    sequence.data[:] = 0
    sequence.headers[0]["filename"] = "other"
    np.testing.assert_array_equal(smap.data, before)
    assert dict(smap.meta) == meta


def test_level05_files_with_options(tmp_path):
    """Level-0.5 frames are calibrated when they are needed, with the same result as calibrate."""
    import sunpy_lasco
    from sunpy_lasco import simulate

    files = []
    for number, time in enumerate(("2012-08-31T18:06:06", "2012-08-31T18:18:06")):
        raw = simulate.observe("C3", date=time, seed=number).level05
        files.append(tmp_path / f"{number}.fts")
        raw.save(files[-1])
    options = {"assets": "simulated", "inpaint": None}
    sequence = products.Sequence(files, options=options, lazy=True, normalise=False)
    assert sequence.unit == sunpy_lasco.MSB
    assert abs((sequence.time[0] - Time("2012-08-31T18:06:16")).sec) < 300
    direct = sunpy_lasco.calibrate(sunpy.map.Map(files[0]), **options)
    np.testing.assert_array_equal(sequence.frame(0).data, direct.data)
    counts = products.Sequence(files)
    assert counts.unit == u.DN


def test_iterating_gives_maps_of_which_pictures_can_be_made(make, corona, tmp_path):
    given = [make(corona() * (1 + minute / 100), minute) for minute in (0, 12)]
    sequence = products.Sequence(given, normalise=False)
    frames = list(sequence)
    assert [type(one) for one in frames] == [type(one) for one in given]
    np.testing.assert_array_equal(frames[1].data, sequence.maps[1].data)
    assert products.picture(frames[1], tmp_path / "frame.png", size=64).is_file()
    with pytest.raises(TypeError, match=r"not a NDCube.*sequence\.frame"):
        products.picture(sequence[0], tmp_path / "slice.png")


def test_what_cannot_be_one_sequence(make):
    plain = sunpy.map.Map(np.ones((8, 8)), {"ctype1": "HPLN-TAN", "ctype2": "HPLT-TAN", "cunit1": "arcsec",
                          "cunit2": "arcsec", "cdelt1": 1, "cdelt2": 1, "date-obs": "2012-08-31", "hgln_obs": 0,
                          "hglt_obs": 0, "dsun_obs": 1.5e11, "filename": "other.fits"})  # fmt: skip
    with pytest.raises(IncompatibleMapsError, match=r"other\.fits is not a single image of C2 or C3 \(GenericMap\)"):
        products.Sequence([make(), plain])
    frames = [make(1e-10, 0), make(1e-10, 12)]
    with pytest.raises(OptionError, match="normalise='often' is unknown"):
        products.Sequence(frames, normalise="often")
    with pytest.raises(OptionError, match="Relative exposures require level 1 in MSB"):
        products.Sequence([make(bunit="DN"), make(1e-10, 12, bunit="DN")], normalise=True)


def test_frames_without_a_common_sector(make, corona):
    """One frame shows the east, the other the west: a warning, or an error if relative exposures are requested."""
    halves = [corona(), corona()]
    halves[0][:, :64], halves[1][:, 64:] = np.nan, np.nan
    frames = [make(half, 12 * number) for number, half in enumerate(halves)]
    with pytest.warns(LascoUserWarning, match="The 2 frames from c3_180000.fts on have no common sector"):
        sequence = products.Sequence(frames)
    assert (sequence.factors == 1).all()
    with pytest.raises(OptionError, match=r"have no common sector.*Use normalise=False"):
        products.Sequence(frames, normalise=True)
    with pytest.raises(OptionError, match="The sector from 30 by 60 degrees is not visible in all 2 frames"):
        products.Sequence(frames, normalise=(30, 90) * u.deg)


def test_maps_of_one_grid(make):
    same_grid(make(), make(crpix1=65.4))
    with pytest.raises(IncompatibleMapsError, match=r"Sun centres of a\.fts and b\.fts are 3\.00 pixels apart"):
        same_grid(make(filename="a.fts"), make(filename="b.fts", crpix2=67.5))
    with pytest.raises(IncompatibleMapsError, match=r"do not match: \(128, 128\) pixels in MSB, \(128, 128\) in DN"):
        same_grid(make(), make(bunit="DN"))
