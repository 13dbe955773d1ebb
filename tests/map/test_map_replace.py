"""New maps made from others."""

import numpy as np
import pytest

from astropy.nddata import StdDevUncertainty

import sunpy_lasco
from sunpy_lasco.map import replace


@pytest.fixture
def smap(level1_cards):
    data = np.full((1024, 1024), 1e-10, np.float32)
    return sunpy_lasco.LASCOC3Map(data, level1_cards(), uncertainty=data / 10, flags=np.full(data.shape, 16, np.uint8))


def test_what_is_not_named_is_copied(smap):
    new = replace(smap)
    assert type(new) is type(smap)
    np.testing.assert_array_equal(new.data, smap.data)
    np.testing.assert_array_equal(new.uncertainty.array, smap.uncertainty.array)
    np.testing.assert_array_equal(new._flags, smap._flags)
    assert new.meta == smap.meta
    for old_part, new_part in (
        (smap.data, new.data),
        (smap._flags, new._flags),
        (smap.uncertainty.array, new.uncertainty.array),
    ):
        assert not np.shares_memory(old_part, new_part)
    new.meta["exptime"] = 1.0
    assert smap.meta["exptime"] == 19.0996


def test_parts_can_be_exchanged_and_taken_away(smap):
    new = replace(smap, data=2 * smap.data, uncertainty=None, flags=None, meta={**smap.meta, "exptime": 5.0})
    assert (new.uncertainty, new._flags) == (None, None)
    assert new.exposure_time.value == 5.0
    assert new.data[0, 0] == np.float32(2e-10)
    again = replace(new, uncertainty=np.ones(new.data.shape), flags=np.ones(new.data.shape, int))
    assert isinstance(again.uncertainty, StdDevUncertainty)
    assert again._flags.dtype == np.uint8


def test_attached_mask_is_kept(smap):
    attached = np.zeros(smap.data.shape, bool)
    attached[600, 600] = True
    smap.mask = attached
    assert replace(smap).mask[600, 600]


@pytest.mark.parametrize("part", ["flags", "uncertainty"])
def test_shapes_must_agree(smap, part):
    options = {"flags": None, "uncertainty": None}
    del options[part]
    with pytest.raises(ValueError, match=rf"The {part} has the shape \(1024, 1024\), the data have \(512, 512\)"):
        replace(smap, data=smap.data[:512, :512], **options)


def test_nothing_is_read_anew(smap):
    """Zeros and negative values from an operation are not holes, unlike those in SolarSoft's files."""
    data = smap.data.copy()
    data[:100, :100] = 0
    data[600, 600] = -1e-10
    new = replace(smap, data=data)
    np.testing.assert_array_equal(new.data, data)


def test_plot_settings_go_along(smap):
    smap.plot_settings["norm"].vmax = 5e-10
    assert replace(smap).plot_settings["norm"].vmax == 5e-10
    assert replace(smap).plot_settings["norm"] is not smap.plot_settings["norm"]
