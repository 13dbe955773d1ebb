"""
Maps of a user's array with the header of a file.

sunpy creates such maps in the same way as maps of files.  No value may be lost because of its sign, and the map must
not be taken for the exposure of the header.
"""

import numpy as np
import pytest

import astropy.units as u
from astropy.io import fits

import sunpy.map

import sunpy_lasco
from sunpy_lasco import LASCOC3Map
from sunpy_lasco.errors import NotCalibratableError
from sunpy_lasco.map import checksum, edit
from sunpy_lasco.pixel_flags import PixelFlag

#: Typical operations on images, and whether the result can still be counts.
RESULTS = {
    "difference": lambda image, other: image.astype(float) - other,
    "difference of integers": lambda image, other: image - other,
    "ratio": lambda image, other: image / np.maximum(other, 1),
    "logarithm": lambda image, _: np.log10(np.maximum(image, 1)),
    "minus its median": lambda image, _: image - np.median(image),
    "minus its median, single": lambda image, _: (image - np.median(image)).astype(np.float32),
    "clipped": lambda image, other: np.clip(image.astype(float) - other, -20, 20),
    "signal to noise": lambda image, _: (image - image.mean()) / image.std(),
    "bytes": lambda image, _: (image // 64).astype(np.uint8),
}


@pytest.fixture(scope="module")
def counts(level05_cards):
    """Two exposures without holes, and their header."""
    rng = np.random.default_rng(5)
    smooth = 500 + 2000 * np.exp(-(((np.indices((1024, 1024)) - 512) / 300) ** 2).sum(axis=0))
    images = [rng.poisson(smooth).astype(np.int32) for _ in range(2)]
    percents = (1, 10, 25, 75, 90, 95, 98, 99)
    statistics = {
        f"datap{q:02d}": int(value) for q, value in zip(percents, np.percentile(images[0], percents), strict=True)
    }
    return *images, level05_cards(datamin=int(images[0].min()), datamax=int(images[0].max()), **statistics)


@pytest.mark.parametrize("name", RESULTS)
def test_nothing_is_masked_by_its_value(name, counts):
    image, other, header = counts
    array = RESULTS[name](image, other)
    smap = sunpy.map.Map(array, header)
    np.testing.assert_array_equal(smap.data, array)
    # The geometry is kept.
    np.testing.assert_array_equal(smap.mask, sunpy.map.Map(image, header).mask)
    assert not (sunpy_lasco.flags(smap) & (PixelFlag.MISSING | PixelFlag.SATURATED)).any()
    np.testing.assert_array_equal(smap.quantity.value, array)


@pytest.mark.parametrize("name", RESULTS)
def test_whole_blocks_of_zeros_are_holes_in_any_array(name, counts):
    image, other, header = counts
    array = RESULTS[name](image, other)
    array[320:352, 640:672] = 0
    smap = sunpy.map.Map(array, header)
    missing = (sunpy_lasco.flags(smap) & PixelFlag.MISSING) != 0
    assert missing.sum() == 32 * 32
    assert missing[320:352, 640:672].all()
    assert smap.mask[320:352, 640:672].all()
    half = smap.resample([512, 512] * u.pix)
    assert np.isnan(half.data[162:174, 322:334]).all()


def test_in_counts_every_zero_is_a_hole(counts):
    image, _, header = counts
    for array in (image, image.astype(np.float32), image.astype(">i2")):
        array = array.copy()
        array[700, 700] = 0
        assert sunpy_lasco.flags(sunpy.map.Map(array, header))[700, 700] == PixelFlag.MISSING
    # Without statistics the lowest bias decides.
    bare = {card: value for card, value in header.items() if not card.startswith("data")}
    array = image.copy()
    array[700, 700] = 0
    assert sunpy_lasco.flags(sunpy.map.Map(array, bare))[700, 700] == PixelFlag.MISSING
    assert not sunpy_lasco.flags(sunpy.map.Map(array // 4, bare))[700, 700]


@pytest.mark.parametrize(
    ("change", "holds"),
    [
        (lambda image: image, True),
        (lambda image: image[:512], True),
        # Lost pixels may include the extremes.
        (lambda image: np.where(image > 1000, 0, image), True),
        (lambda image: image * 2, False),
        (lambda image: image * 1.01, False),
        (lambda image: image * 0.99, False),
        (lambda image: image - 100, False),
        (lambda image: -image, False),
    ],
)
def test_counts_are_known_by_the_statistics_of_the_header(change, holds, counts):
    image, _, header = counts
    array = change(image)
    cards = header | {"r2row": array.shape[0]}
    assert checksum.holds_counts(array, cards) is holds


def test_saturated_pixels_are_counts_too(counts):
    """DATAMAX excludes them, and DATASAT counts them."""
    image, _, header = counts
    image = image.copy()
    image[500, 500] = 16383
    assert not checksum.holds_counts(image, header)
    assert checksum.holds_counts(image, header | {"datasat": 0.001})


def test_sums_that_wrapped_are_counts_too(level05_cards):
    header = level05_cards(lebxsum=2, lebysum=2, datamin=2000, datamax=40000)
    image = np.full((512, 512), 2000, np.int16)
    image[300, 300] = 40000 - 65536
    assert checksum.holds_counts(image, header)
    assert not checksum.holds_counts(image - 3000, header)


def test_every_real_frame_holds_counts(real_frames):
    for path in real_frames:
        smap = sunpy.map.Map(path)
        assert checksum.holds_counts(smap.data, smap.meta), path.name
        part = smap.submap([64, 64] * u.pix, width=300 * u.pix, height=200 * u.pix)
        assert checksum.holds_counts(part.data, part.meta), path.name
        assert part.meta["datamax"] == part.data.max()


# The numbers of the public bug report.
def test_official_level_1_minus_its_median(real_frame):
    header = fits.getheader(real_frame("35082038"))
    official = sunpy.map.Map(real_frame("35082038"))
    difference = official.data - np.nanmedian(official.data)
    smap = sunpy.map.Map(difference, header)
    assert (smap.data < 0).sum() == 429335
    np.testing.assert_array_equal(smap.data, difference)
    assert (official.data - np.nanmedian(official.data) < 0).sum() == 429335


def test_logarithm_of_official_level_1(real_frame):
    official = sunpy.map.Map(real_frame("35082038"))
    smap = sunpy.map.Map(np.log10(official.data), official.meta)
    assert np.isfinite(smap.data).sum() == 859066


@pytest.mark.parametrize("dtype", [np.float32, np.float64, ">f4"])
def test_the_array_of_an_official_file_is_read_as_the_file(dtype, real_frame):
    with fits.open(real_frame("35082038")) as hdus:
        array, header = hdus[0].data.astype(dtype), hdus[0].header
    smap = sunpy.map.Map(array, header)
    assert np.isnan(smap.data).sum() == 189510
    # In a difference of two images masked pixels are a plateau of zeros.
    array[600, 600] += 1e-10
    assert np.isnan(sunpy.map.Map(array - fits.getdata(real_frame("35082038")), header).data).sum() >= 189510


def test_difference_of_level_05_files(real_frame):
    later, earlier = (fits.getdata(real_frame(name)).astype(np.int32) for name in ("32310942", "32310941"))
    header = fits.getheader(real_frame("32310942"))
    measured = ~sunpy.map.Map(later, header).mask
    assert measured.sum() == 870182
    for difference in (later - earlier, (later - earlier).astype(np.float32)):
        smap = sunpy.map.Map(difference, header)
        assert (difference[measured] <= 0).sum() == 334847
        np.testing.assert_array_equal(smap.mask, ~measured)
        np.testing.assert_array_equal(smap.data, difference)


def test_holes_are_looked_for_when_they_are_asked_for(real_frame, monkeypatch):
    calls = []
    monkeypatch.setattr("sunpy_lasco.map.sources.holes_to_nan", lambda data, meta: calls.append(meta) or data)
    smap = sunpy.map.Map(real_frame("35082038"))
    assert (smap.dtype, smap.unit, smap.scale[0].value, calls) == (np.float32, sunpy_lasco.MSB, 56.0, [])
    smap.data  # noqa: B018
    smap.data  # noqa: B018
    assert len(calls) == 1


# Arrays that look like a level-1 image.
@pytest.mark.parametrize("name", ["difference", "logarithm", "minus its median", "twice", "half", "signal to noise"])
def test_what_is_no_brightness_is_not_written_as_level_1(name, calibrated, tmp_path):
    pair = [calibrated("C3", leb_sum=(2, 2), seed=seed).level1 for seed in (3, 4)]
    operations = {
        "difference": lambda image, other: image - other,
        "logarithm": lambda image, _: np.log10(image),
        "minus its median": lambda image, _: image - np.nanmedian(image),
        "twice": lambda image, _: 2 * image,
        "half": lambda image, _: image / 2,
        "signal to noise": lambda image, _: (image - np.nanmean(image)) / np.nanstd(image),
    }
    with np.errstate(invalid="ignore"):
        array = operations[name](pair[0].data, pair[1].data)
    smap = sunpy.map.Map(array, pair[0].meta)
    np.testing.assert_array_equal(smap.data, array)
    with pytest.raises(NotCalibratableError, match=r"pixels of 35\d*\.fts are not those of its header"):
        sunpy_lasco.write_level1(smap, tmp_path / "level1.fts")
    with pytest.raises(NotCalibratableError, match="not those of its header"):
        sunpy_lasco.write_solarsoft(smap, tmp_path / "level1.fts")
    assert not list(tmp_path.iterdir())


def test_parts_and_repaired_images_are_still_level_1(calibrated, tmp_path):
    raw = calibrated("C3", leb_sum=(2, 2), lost_blocks=((10, 9),)).level05
    level1 = sunpy_lasco.calibrate(raw, assets="simulated", inpaint=None)
    part = level1.submap([100, 100] * u.pix, width=250 * u.pix, height=200 * u.pix)
    for number, smap in enumerate((part, level1.rotate(order=1), sunpy_lasco.inpaint(level1, "kriging"))):
        path = sunpy_lasco.write_level1(smap, tmp_path / f"{number}.fts")
        again = sunpy_lasco.read_level1(path)
        assert type(again) is LASCOC3Map
        assert again.meta["datamax"] == pytest.approx(np.nanmax(again.data))
    masked = level1.data.copy()
    masked[200:300] = np.nan
    sunpy_lasco.write_level1(edit.replace(level1, data=masked), tmp_path / "masked.fts")


# Arrays that look like counts.
@pytest.mark.parametrize("name", [name for name in RESULTS if name != "bytes"])
def test_what_is_no_counts_is_not_calibrated_or_repaired(name, counts):
    image, other, header = counts
    smap = sunpy.map.Map(RESULTS[name](image, other), header)
    for operation in (lambda: sunpy_lasco.calibrate(smap, assets="simulated"), lambda: sunpy_lasco.inpaint(smap)):
        with pytest.raises(NotCalibratableError, match=r"pixels of 32088304\.fts are not those of its header"):
            operation()


@pytest.mark.parametrize("factor", [2, 1.01, 0.99, 1 / 19.1, -1])
def test_multiples_of_counts_are_not_calibrated(factor, real_map):
    raw = real_map("32310942")
    smap = sunpy.map.Map(factor * raw.data.astype(float), raw.meta)
    with pytest.raises(NotCalibratableError, match=r"DATAMIN 407, DATAMAX 12008; of the pixels, 98 % lie between"):
        sunpy_lasco.calibrate(smap, assets="estimate")


def test_wrong_pixels_and_losses_do_not_make_it_another_image(counts):
    """Other code warns about them and repairs them."""
    image, _, header = counts
    damaged = {name: image.copy() for name in ("hit", "cut", "saturated", "tiny")}
    damaged["hit"][300, 300] = 16000
    damaged["cut"][512:] = 0
    damaged["cut"][300, 300] = 16000
    damaged["saturated"][200:500, 200:500] = 16383
    damaged["tiny"][300:500, 300:600] = 3
    for array in (image, image.astype(np.float32), *damaged.values()):
        checksum.require_counts(sunpy.map.Map(array, header), "calibrated")
