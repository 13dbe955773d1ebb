"""An altered level-1 file is refused, or a warning names the changes."""

import gzip
import random
import warnings

import numpy as np
import pytest

import astropy.units as u
from astropy.io import fits

import sunpy.map

import sunpy_lasco
from sunpy_lasco.errors import BadFrameError, HeaderError, LascoError, LascoUserWarning

pytestmark = pytest.mark.filterwarnings("ignore:.*invalid value:RuntimeWarning")


@pytest.fixture(scope="module")
def small(observe, smooth_scene):
    """A part of a level-1 map, so that thousands of files can be tried."""
    level1 = sunpy_lasco.calibrate(observe("C2", scene=smooth_scene, seed=8).level05, assets="simulated")
    # 61 x 37 pixels: the table is not a whole number of words of 32 bits.
    return level1.submap([400, 700] * u.pix, top_right=[460, 736] * u.pix)


@pytest.fixture
def written(small, tmp_path):
    return sunpy_lasco.write_level1(small, tmp_path / "one.fts")


def units(path):
    """Positions of header, data and end of each HDU."""
    with fits.open(path) as hdus:
        places = [hdu.fileinfo() for hdu in hdus]
    return [(one["hdrLoc"], one["datLoc"], one["datLoc"] + one["datSpan"]) for one in places]


def rewritten(path, change, name="changed.fts", **options):
    """The file as another program would write it."""
    with fits.open(path) as hdus:
        change(hdus)
        hdus.writeto(path.with_name(name), **({"checksum": True} | options))
    return path.with_name(name)


def test_every_flipped_bit_of_the_data_is_found(small, written):
    content, rng = written.read_bytes(), random.Random(11)
    for _, first, end in units(written):
        for place in [*(rng.randrange(first, end) for _ in range(40)), first, end - 1]:
            damaged = bytearray(content)
            damaged[place] ^= 1 << rng.randrange(8)
            written.write_bytes(damaged)
            with pytest.raises(BadFrameError, match=r"one\.fts: the .* was altered: .* DATASUM is"):
                sunpy_lasco.read_level1(written)
    written.write_bytes(content)
    np.testing.assert_array_equal(sunpy_lasco.read_level1(written).data, small.data)


def test_a_card_that_was_changed_is_told(small, written):
    content = written.read_bytes()
    at = content.index(b"EXPTIME =")
    place = content.index(b".", at) + 1
    written.write_bytes(content[:place] + b"7" + content[place + 1 :])
    with pytest.warns(LascoUserWarning, match="cards of the image were changed after it was written"):
        back = sunpy_lasco.read_level1(written)
    assert back.meta["exptime"] != small.meta["exptime"]
    np.testing.assert_array_equal(back.data, small.data)


def test_a_card_that_astropy_adds_is_no_damage(small, written):
    """astropy updates the checksums if the file is changed in place or if requested."""
    with fits.open(written, mode="update", checksum=True) as hdus:
        hdus[0].header["OBSERVER"] = "somebody"
    assert sunpy_lasco.read_level1(written).meta["observer"] == "somebody"
    fits.setval(written, "OBSERVER", value="somebody else")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LascoUserWarning)
        back = sunpy_lasco.read_level1(written)
    assert back.meta["observer"] == "somebody else"
    np.testing.assert_array_equal(sunpy_lasco.flags(back), sunpy_lasco.flags(small))


def test_without_sums_it_is_said_that_nothing_is_known(written):
    def remove(hdus):
        for hdu in hdus:
            del hdu.header["CHECKSUM"], hdu.header["DATASUM"]

    with pytest.warns(LascoUserWarning, match="the image, the table PIXELS and the table LIGHTPATH cannot"):
        sunpy_lasco.read_level1(rewritten(written, remove, checksum=False))


def test_zeros_that_slip_in_are_found(written):
    """Added zeros do not change a checksum; only the length reveals them."""
    content = written.read_bytes()
    *_, (_, first, _) = units(written)
    written.write_bytes(content[: first + 800] + bytes(8) + content[first + 800 :])
    with pytest.raises(BadFrameError, match="is 8 bytes longer than its headers state"):
        sunpy_lasco.read_level1(written)


def test_a_unit_more_does_no_harm(small, written):
    path = rewritten(written, lambda hdus: hdus.append(fits.ImageHDU(np.zeros((3, 3)), name="MINE")))
    np.testing.assert_array_equal(sunpy_lasco.read_level1(path).data, small.data)


def test_our_file_without_its_table_is_refused(small, written):
    (_, _, end), *_ = units(written)
    whole = written.read_bytes()
    written.write_bytes(whole[:end])
    with pytest.raises(HeaderError, match=r"one\.fts comes from this package but lacks the table PIXELS"):
        sunpy_lasco.read_level1(written)
    # sunpy cannot detect the loss.
    assert sunpy.map.Map(written).uncertainty is None
    # It does not keep it either.
    small.save(written, overwrite=True)
    with pytest.raises(HeaderError, match="lacks the table PIXELS"):
        sunpy_lasco.read_level1(written)


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_that_was_cut_is_refused(packed, written):
    whole = written.read_bytes()
    if packed:
        whole, written = gzip.compress(whole), written.with_name("one.fts.gz")
    for size in range(0, len(whole), max(1, len(whole) // 60)):
        written.write_bytes(whole[:size])
        with pytest.raises((BadFrameError, HeaderError), match=r"one\.fts"):
            sunpy_lasco.read_level1(written)
    written.write_bytes(whole)
    sunpy_lasco.read_level1(written)


def test_a_foreign_table_is_named(written):
    def other(hdus):
        hdus[1] = fits.BinTableHDU.from_columns([fits.Column("STAR", "10A"), fits.Column("X", "E")], name="PIXELS")

    with pytest.raises(HeaderError, match=r"the table PIXELS was not written by this package: its columns are STAR, X"):
        sunpy_lasco.read_level1(rewritten(written, other))

    def image(hdus):
        hdus[1] = fits.ImageHDU(hdus[0].data, name="PIXELS")

    with pytest.raises(HeaderError, match="the table PIXELS was not written by this package"):
        sunpy_lasco.read_level1(rewritten(written, image, "image.fts"))


@pytest.mark.parametrize(
    ("name", "form", "bzero"),
    [("FLAGS", "I", None), ("FLAGS", "J", None), ("FLAGS", "E", None), ("FLAGS", "B", -128), ("FLAGS", "A", None),
     ("FLAGS", "L", None), ("SIGMA", "J", None), ("SIGMA", "A", None), ("SIGMA", "D", None)],
)  # fmt: skip
def test_columns_of_a_wrong_type_are_refused(name, form, bzero, small, written):
    def retype(hdus):
        columns = []
        for column in hdus[1].columns:
            array, changed = np.array(hdus[1].data[column.name]), column.name == name
            if changed and form == "A":
                array = np.full(len(array), "x" * array.shape[1])
            elif changed:
                array = np.nan_to_num(array) != 0 if form == "L" else np.nan_to_num(array).astype(int)
            form_here = f"{small.data.shape[1]}{form if changed else column.format[-1]}"
            columns.append(fits.Column(column.name, form_here, array=array, bzero=bzero if changed else None))
        hdus[1] = fits.BinTableHDU.from_columns(columns, name="PIXELS")

    with pytest.raises(HeaderError, match=f"the column {name} of the table PIXELS has the format '{form}'"):
        sunpy_lasco.read_level1(rewritten(written, retype))


def test_an_image_of_another_type_is_refused(written):
    def scale(hdus):
        hdus[0].data = np.nan_to_num(hdus[0].data * 1e12).astype(np.int16)

    with pytest.raises(HeaderError, match="the image is not float32"):
        sunpy_lasco.read_level1(rewritten(written, scale))


def test_what_is_no_level_1_is_named(observe, smooth_scene, tmp_path):
    simulation = observe("C2", scene=smooth_scene, seed=8)
    sunpy_lasco.simulate.write_level05(simulation, tmp_path)
    with pytest.raises(HeaderError, match=r"\.fts is level 0\.5"):
        sunpy_lasco.read_level1(next(tmp_path.glob("*.fts")))
    (tmp_path / "text.fts").write_text("no image")
    with pytest.raises(BadFrameError, match=r"text\.fts cannot be understood as a level-1 file"):
        sunpy_lasco.read_level1(tmp_path / "text.fts")
    header = {"CTYPE1": "HPLN-TAN", "CTYPE2": "HPLT-TAN", "CUNIT1": "arcsec", "CUNIT2": "arcsec", "CDELT1": 1.0,
              "CDELT2": 1.0, "DATE-OBS": "2001-01-01", "INSTRUME": "COR"}  # fmt: skip
    fits.writeto(tmp_path / "other.fts", np.ones((9, 9), "f4"), fits.Header(header))
    with pytest.raises(HeaderError, match=r"other\.fts is not an image of LASCO"):
        sunpy_lasco.read_level1(tmp_path / "other.fts")
    with pytest.raises(FileNotFoundError):
        sunpy_lasco.read_level1(tmp_path / "nothing.fts")


def test_read_as_sunpy_reads(small, written):
    """The image is read without sunpy's reader; the map must be the same."""
    ours, theirs = sunpy_lasco.read_level1(written), sunpy.map.Map(written)
    assert list(ours.meta.items()) == list(theirs.meta.items())
    assert ours.meta.original_meta == theirs.meta.original_meta
    np.testing.assert_array_equal(ours.data, theirs.data)
    np.testing.assert_array_equal(ours.uncertainty.array, small.uncertainty.array)
    np.testing.assert_array_equal(sunpy_lasco.flags(ours), sunpy_lasco.flags(small))
    assert ours.data.dtype == ours.uncertainty.array.dtype == np.float32
    assert ours.data.flags.writeable


def mutated(content, headers, rng):
    """One of five kinds of damage."""
    damaged, kind = bytearray(content), rng.choice(["bit of a header", "bit", "cut", "card", "gap"])
    place = rng.choice(headers) if kind in ("bit of a header", "card") else rng.randrange(len(content))
    if kind.startswith("bit"):
        damaged[place] ^= 1 << rng.randrange(8)
    elif kind == "cut":
        del damaged[place:]
    elif kind == "card":
        damaged[place // 80 * 80 : place // 80 * 80 + 80] = bytes(rng.randrange(32, 127) for _ in range(80))
    else:
        damaged[place:place] = bytes(rng.randrange(1, 200))
    return damaged


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_no_damage_passes_in_silence(seed, small, written):
    """The file is refused with an error of the package, or read with a warning and the original pixels."""
    content, rng = written.read_bytes(), random.Random(seed)
    headers = [place for start, first, _ in units(written) for place in range(start, first)]
    expected = small.data, small.uncertainty.array, sunpy_lasco.flags(small)
    refused = 0
    for _ in range(250 if seed == 1 else 2000):
        damaged = mutated(content, headers, rng)
        if damaged == content:
            continue
        written.write_bytes(damaged)
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            try:
                back = sunpy_lasco.read_level1(written)
            except LascoError:
                refused += 1
                continue
        assert any(issubclass(one.category, LascoUserWarning) for one in told)
        for found, known in zip((back.data, back.uncertainty.array, sunpy_lasco.flags(back)), expected, strict=True):
            np.testing.assert_array_equal(found, known)
    assert refused > 100
