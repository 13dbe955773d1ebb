"""Compact level-1 files: the image is exact, sigma accurate to 0.5 %, and every FITS reader finds one image."""

import io
import subprocess
import sys
import warnings
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import astropy.units as u
from astropy.io import fits

import sunpy.map

import sunpy_lasco
from sunpy_lasco.errors import BadFrameError, HeaderError, OptionError
from sunpy_lasco.level1.fits_bytes import TILE_ROWS, encode_packed_image, packed_array
from sunpy_lasco.level1.scaling import BLANK, LOG_INFINITE, LOG_STEP, LOG_ZERO, decode_logarithm, encode_logarithm


@pytest.fixture(scope="module")
def level1(observe, smooth_scene):
    raw = observe("C3", scene=smooth_scene, seed=8, lost_blocks=[(10, 9)]).level05
    return sunpy_lasco.calibrate(raw, assets="simulated")


@pytest.fixture
def written(level1, tmp_path):
    return sunpy_lasco.write_level1(level1, tmp_path / "one.fts", compress="compact")


def bits(image):
    """The bits of an image in memory, including those of NaN."""
    return np.ascontiguousarray(image, np.float32).view(np.uint32)


def test_round_trip(level1, written):
    back = sunpy_lasco.read_level1(written)
    plain = sunpy_lasco.read_level1(sunpy_lasco.write_level1(level1, written.with_name("plain.fts")))
    assert type(back) is sunpy_lasco.LASCOC3Map
    np.testing.assert_array_equal(bits(back.data), bits(level1.data))
    np.testing.assert_array_equal(sunpy_lasco.flags(back), sunpy_lasco.flags(level1))
    np.testing.assert_allclose(back.uncertainty.array, level1.uncertainty.array, rtol=0.005)
    assert back.uncertainty.array.dtype == np.float32
    for card in set(plain.meta) | set(back.meta):
        if card not in ("date", "checksum", "datasum", "keycomments"):
            assert back.meta[card] == plain.meta[card], card
    # This includes the parts of the uncertainty, which are computed from the light path.
    ours, theirs = (sunpy_lasco.systematic_uncertainty(one) for one in (back, plain))
    np.testing.assert_array_equal(ours, theirs)
    # Sigma does not drift when a file is written repeatedly.
    again = sunpy_lasco.read_level1(sunpy_lasco.write_level1(back, written.with_name("again.fts"), compress="compact"))
    np.testing.assert_array_equal(again.uncertainty.array, back.uncertainty.array)


@settings(max_examples=60, deadline=None)
@given(ny=st.integers(1, 150), nx=st.integers(1, 20), seed=st.integers(0, 2**32 - 1))
def test_any_bits_come_back(ny, nx, seed):
    """NaN of all kinds, infinities and the smallest numbers, also read by astropy, which implements the standard."""
    image = np.random.default_rng(seed).integers(0, 2**32, (ny, nx), np.uint32).view(np.float32)
    image.flat[: min(7, image.size)] = [np.nan, np.inf, -np.inf, -0.0, 1e-45, -3e38, 0.0][: image.size]
    content = b"".join(bytes(part) for part in encode_packed_image(image, fits.Header({"OBJECT": "sky"})))
    with fits.open(io.BytesIO(content), checksum=True) as hdus:
        assert hdus[1].header["OBJECT"] == "sky"
        np.testing.assert_array_equal(bits(hdus[1].data), bits(image))
    with fits.open(io.BytesIO(content), disable_image_compression=True) as hdus:
        start = hdus[1].fileinfo()["datLoc"]
        rows = np.frombuffer(content, ">i4", 2 * hdus[1].header["NAXIS2"], start).reshape(-1, 2)
        heap = content[start + 8 * len(rows) :]
    np.testing.assert_array_equal(bits(packed_array(rows, heap, image.shape, np.float32)), bits(image))
    for wrong in ((ny + TILE_ROWS, nx), (ny, nx + 1)):
        with pytest.raises(ValueError, match="tile"):
            packed_array(rows, heap, wrong, np.float32)


@settings(max_examples=200, deadline=None)
@given(st.floats(min_value=0, allow_nan=False, width=32))
def test_logarithms_err_by_half_a_percent(value):
    back = decode_logarithm(encode_logarithm(np.float32([value])))[0]
    # For the smallest numbers the steps of float32 are larger than that.
    assert back == pytest.approx(np.float32(value), rel=0.005, abs=1e-45)


def test_logarithms_by_hand():
    stored = encode_logarithm(np.float32([1.0, np.exp(1.0), 1e-12, 0.0, np.inf, np.nan]))
    # ln 1e-12 = -27.631021; / 0.0099 = -2791.01.
    assert stored.tolist() == [0, 101, -2791, LOG_ZERO, LOG_INFINITE, BLANK]
    assert np.exp(LOG_STEP / 2) - 1 < 0.005
    with pytest.raises(ValueError, match="negative"):
        encode_logarithm(np.float32([1.0, -1.0]))


def test_the_image_is_never_quantised(written):
    """RICE would corrupt floats silently, and dither cards would state that values were changed."""
    with fits.open(written, disable_image_compression=True, checksum=True) as hdus:
        hdus.verify("exception")
        header = hdus[1].header
        assert (header["ZCMPTYPE"], header["ZQUANTIZ"], header["ZBITPIX"]) == ("GZIP_2", "NONE", -32)
        assert not {"ZDITHER0", "ZSCALE", "ZZERO", "ZBLANK"} & set(header)
        assert hdus[1].columns.names == ["COMPRESSED_DATA"]
        assert {"CHECKSUM", "DATASUM"} <= set(header) & set(hdus["PIXELS"].header) & set(hdus["LIGHTPATH"].header)


def test_plain_astropy(level1, written):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with fits.open(written, checksum=True) as hdus:
            assert [hdu.name for hdu in hdus] == ["PRIMARY", "COMPRESSED_IMAGE", "PIXELS", "LIGHTPATH"]
            np.testing.assert_array_equal(bits(hdus[1].data), bits(level1.data))
            np.testing.assert_array_equal(bits(hdus[1].section[100:140, 7:9]), bits(level1.data[100:140, 7:9]))
            # The code of the page on level-1 files.
            pixels = hdus["PIXELS"]
            flags = np.concatenate(
                [np.frombuffer(zlib.decompress(tile, 31), np.uint8) for tile in pixels.data["FLAGS"]]
            )
            np.testing.assert_array_equal(flags.reshape(1024, 1024), sunpy_lasco.flags(level1))
            planes = [np.frombuffer(zlib.decompress(tile, 31), np.uint8) for tile in pixels.data["LNSIGMA"]]
            stored = np.concatenate([one.reshape(2, -1).T.copy().view(">i2") for one in planes]).reshape(1024, 1024)
            known = np.isfinite(level1.uncertainty.array)
            sigma = np.exp(pixels.header["LNSTEP"] * stored[known].astype(float))
            np.testing.assert_allclose(sigma, level1.uncertainty.array[known], rtol=0.005)
            assert (stored[~known] == BLANK).all()


def test_sunpy_reads_one_map(level1, written):
    back = sunpy.map.Map(written)
    assert type(back) is sunpy_lasco.LASCOC3Map
    assert back.unit == sunpy_lasco.MSB
    np.testing.assert_array_equal(bits(back.data), bits(level1.data))
    centre = level1.wcs.pixel_to_world_values(500, 500)
    np.testing.assert_allclose(back.wcs.pixel_to_world_values(500, 500), centre, rtol=1e-12)


def test_sunpy_without_this_package(level1, written):
    program = f"""
import sys, numpy as np, sunpy.map
smap = sunpy.map.Map({str(written)!r})
assert "sunpy_lasco" not in sys.modules
print(type(smap).__name__, smap.data.shape, np.isnan(smap.data).sum(), repr(float(np.nansum(smap.data, dtype=float))))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    total = float(np.nansum(level1.data, dtype=float))
    assert done.stdout.split() == ["LASCOMap", "(1024,", "1024)", str(np.isnan(level1.data).sum()), repr(total)]


def test_parts_of_a_map_that_do_not_fill_whole_tiles(level1, tmp_path):
    part = level1.submap([300, 200] * u.pix, top_right=[336, 200 + TILE_ROWS + 6] * u.pix)
    assert part.data.shape == (TILE_ROWS + 7, 37)
    back = sunpy_lasco.read_level1(sunpy_lasco.write_level1(part, tmp_path / "part.fts", compress="compact"))
    np.testing.assert_array_equal(bits(back.data), bits(part.data))
    np.testing.assert_array_equal(sunpy_lasco.flags(back), sunpy_lasco.flags(part))
    np.testing.assert_array_equal(sunpy.map.Map(tmp_path / "part.fts").data, part.data)


def test_options(level1, tmp_path):
    with pytest.raises(OptionError, match="'rice' is unknown; it is one of 'none', 'gzip', 'compact'"):
        sunpy_lasco.write_level1(level1, tmp_path / "one.fts", compress="rice")
    with pytest.raises(OptionError, match="not compressed with gzip again"):
        sunpy_lasco.write_level1(level1, tmp_path / "one.fts.gz", compress="compact")
    assert list(tmp_path.iterdir()) == []


def test_damage_is_found(level1, written):
    content = written.read_bytes()
    with fits.open(written, disable_image_compression=True) as hdus:
        places = [hdu.fileinfo() for hdu in hdus[1:]]
    rng = np.random.default_rng(5)
    for place in places:
        for offset in rng.integers(0, place["datSpan"], 5):
            damaged = bytearray(content)
            damaged[place["datLoc"] + int(offset)] ^= 1 << int(rng.integers(8))
            written.write_bytes(damaged)
            with pytest.raises(BadFrameError, match="was altered"):
                sunpy_lasco.read_level1(written)
    written.write_bytes(content[: places[1]["datLoc"] + 2880])
    with pytest.raises(BadFrameError, match="is truncated"):
        sunpy_lasco.read_level1(written)
    written.write_bytes(content[: places[1]["hdrLoc"]])
    with pytest.raises(HeaderError, match="lacks the table PIXELS"):
        sunpy_lasco.read_level1(written)


def test_files_that_others_packed_are_refused(written):
    """A file with correct checksums but another packing is refused."""
    with fits.open(written) as hdus:
        image = fits.CompImageHDU(hdus[1].data, hdus[1].header, compression_type="GZIP_1", quantize_level=0)
        fits.HDUList([fits.PrimaryHDU(), image, hdus["PIXELS"]]).writeto(written.with_name("other.fts"), checksum=True)
    with pytest.raises((HeaderError, BadFrameError), match=r"other\.fts"):
        sunpy_lasco.read_level1(written.with_name("other.fts"))


def test_real_frames_need_three_and_a_half_megabytes(real_map, calib_data, tmp_path):
    for name in ("32310957", "32082037", "22322749", "22321894"):
        level1 = sunpy_lasco.calibrate(real_map(name), assets=calib_data, inpaint=None, on_bad="ignore")
        path = sunpy_lasco.write_level1(level1, tmp_path / f"{name}.fts", compress="compact")
        assert path.stat().st_size <= 3.5e6, name
        np.testing.assert_array_equal(bits(sunpy_lasco.read_level1(path).data), bits(level1.data))
