"""Flags derived from data and header."""

import numpy as np
import pytest

import sunpy.map

import sunpy_lasco
from sunpy_lasco.pixel_flags import PixelFlag

MISSING, UNTRANSMITTED, MASKED, SATURATED, FILLED, OUTSIDE = (
    np.uint8(getattr(PixelFlag, name))
    for name in ("MISSING", "UNTRANSMITTED", "MASKED", "SATURATED", "FILLED", "OUTSIDE")
)


def test_raw_counts(level05_cards, make_map):
    data = np.full((1024, 1024), 500, np.int16)
    data[320:352, 640:672] = 0
    # A corner that is never sent, and a star that bleeds 3 pixels along its row.
    data[:32, :32] = 0
    data[700, 300] = 12000
    found = sunpy_lasco.flags(make_map(level05_cards(), data=data))
    assert found.dtype == np.uint8
    assert (found[320:352, 640:672] == MISSING).all()
    assert (found[:32, :32] & UNTRANSMITTED).all()
    assert not (found[:32, :32] & MISSING).any()
    assert (found & SATURATED).astype(bool).sum() == 7
    assert (found[700, 297:304] & SATURATED).all()
    assert found[600, 600] == 0
    assert found[531, 518] == MASKED
    # A raw pixel is always on the detector.
    assert not (found & OUTSIDE).any()


# T23.
def test_counts_that_wrapped_are_bright_not_negative(level05_cards, make_map):
    data = np.full((512, 512), 2000, np.int16)
    data[300, 300] = -1
    found = sunpy_lasco.flags(make_map(level05_cards(lebxsum=2, lebysum=2), data=data))
    assert found[300, 300] == SATURATED
    assert not found[300, 100] & SATURATED


def test_level_1(level1_cards, make_map):
    data = np.full((1024, 1024), 1e-10, np.float32)
    data[600, 600] = np.nan
    data[531, 518] = np.nan
    found = sunpy_lasco.flags(make_map(level1_cards(), data=data))
    assert found[600, 600] == MISSING
    assert found[531, 518] == MASKED
    assert found[601, 600] == 0
    # A corner of the corrected image lies outside the detector.
    assert found[0, 0] == MASKED | OUTSIDE


def test_attached_flags_are_given_as_a_copy(level1_cards, make_map):
    data = np.full((1024, 1024), 1e-10, np.float32)
    attached = np.full(data.shape, FILLED)
    smap = sunpy_lasco.LASCOC3Map(data, level1_cards(), flags=attached)
    found = sunpy_lasco.flags(smap)
    np.testing.assert_array_equal(found, attached)
    found[:] = 0
    np.testing.assert_array_equal(sunpy_lasco.flags(smap), attached)


def test_other_maps_have_none():
    header = {"cunit1": "arcsec", "cunit2": "arcsec", "ctype1": "HPLN-TAN", "ctype2": "HPLT-TAN", "cdelt1": 1}
    header |= {"cdelt2": 1, "date-obs": "2002-05-21", "hgln_obs": 0, "hglt_obs": 0, "dsun_obs": 1.5e11}
    smap = sunpy.map.Map(np.ones((4, 4)), header)
    with pytest.raises(TypeError, match="this is a GenericMap"):
        sunpy_lasco.flags(smap)


def test_stripe_of_the_broken_download(real_map):
    """Five rows of blocks are zero."""
    found = sunpy_lasco.flags(real_map("32310957"))
    rows = (found & MISSING).astype(bool).mean(axis=1) > 0.9
    assert rows.sum() == pytest.approx(5 * 32, abs=48)


@pytest.mark.parametrize(("name", "number"), [("22321894", 61), ("32082037", 99), ("32310941", 0)])
def test_blocks_that_are_not_sent(real_map, name, number):
    smap = real_map(name)
    found = sunpy_lasco.flags(smap)
    sent = (found & UNTRANSMITTED) == 0
    blocks = sent.reshape(32, 32, 32, 32).any(axis=(1, 3))
    assert (~blocks).sum() == number
