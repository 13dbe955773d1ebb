"""The bits of the flags."""

import numpy as np

from astropy.nddata.bitmask import bitfield_to_boolean_mask

from sunpy_lasco.pixel_flags import FLAG_MEANINGS, PixelFlag


def test_flags_can_be_iterated():
    assert {flag.name: flag.value for flag in PixelFlag} == {
        "MISSING": 1,
        "UNTRANSMITTED": 2,
        "MASKED": 4,
        "SATURATED": 8,
        "FILLED": 16,
        "OUTSIDE": 32,
    }
    assert [flag.name for flag in PixelFlag] == list(FLAG_MEANINGS)


def test_a_number_is_read_as_flags():
    assert PixelFlag(17) == PixelFlag.MISSING | PixelFlag.FILLED
    assert list(PixelFlag(17)) == [PixelFlag.MISSING, PixelFlag.FILLED]


def test_astropy_takes_the_flags_by_name():
    bits = np.array([0, 1, 2, 17, 32], np.uint8)
    found = bitfield_to_boolean_mask(bits, "~MISSING,OUTSIDE", flag_name_map=PixelFlag)
    np.testing.assert_array_equal(found, [False, True, False, True, True])
