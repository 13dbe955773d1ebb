import numpy as np
import pytest

import astropy.units as u

from sunpy_lasco import calibrate, find_missing_blocks, inpaint, missing_block_mask
from sunpy_lasco.errors import HeaderError
from sunpy_lasco.instrument.blocks import decode_blocks, encode_blocks
from sunpy_lasco.map.edit import replace


def test_blocks_of_a_full_frame(raw_map, losing):
    blocks = [(5, 10), (9, 20), (9, 19)]
    lost = losing.without(raw_map(), blocks)
    # The order is down each column, from the left.
    assert find_missing_blocks(lost) == [(5, 10), (9, 20), (9, 19)]
    assert missing_block_mask(lost).sum() == 3 * 1024
    assert missing_block_mask(lost)[320:352, 160:192].all()
    assert find_missing_blocks(raw_map()) == []
    assert not missing_block_mask(raw_map()).any()


def test_code_and_back(raw_map, losing):
    lost = losing.without(raw_map(), [(5, 10), (5, 11), (5, 12), (9, 20)])
    code = encode_blocks(find_missing_blocks(lost))
    assert code == "5J5M9B9B"
    assert decode_blocks(code) == find_missing_blocks(lost)


def test_stray_pixels_do_not_matter(raw_map, losing):
    lost = losing.without(raw_map(), [(20, 10)])
    data = lost.data.copy()
    data[325, 650] = 8192
    data[31 * 32 + 4, 7] = 8192
    assert find_missing_blocks(replace(lost, data=data)) == [(20, 10)]


def test_blocks_lost_in_part(raw_map):
    data = raw_map().data.copy()
    data[330:352, 640:672] = 0
    part = replace(raw_map(), data=data)
    assert find_missing_blocks(part) == []
    assert find_missing_blocks(part, partial=True) == [(20, 10)]
    assert missing_block_mask(part).sum() == 22 * 32


def test_summed_frames_have_a_coarser_grid(raw_map, losing):
    lost = losing.without(raw_map(leb_sum=(2, 2)), [(4, 7)])
    assert find_missing_blocks(lost) == [(4, 7)]
    assert encode_blocks(find_missing_blocks(lost), rows=16) == "4848"


def test_sub_frames_count_in_the_full_frame(raw_map, losing):
    lost = losing.without(raw_map(subframe=(192, 160, 640, 704)), [(14, 7)])
    assert find_missing_blocks(lost) == [(20, 12)]
    part = losing.without(raw_map(), [(20, 12)]).submap([192, 390] * u.pix, top_right=[831, 863] * u.pix)
    # The lower part of the block is outside the sub-frame, and the rest is empty.
    assert find_missing_blocks(part) == [(20, 12)]
    assert missing_block_mask(part).sum() == (416 - 390) * 32


def test_filled_blocks_still_count(raw_map, losing):
    lost = losing.without(raw_map(), [(20, 10)])
    filled = inpaint(lost, "fuzzy")
    assert find_missing_blocks(filled) == [(20, 10)]
    np.testing.assert_array_equal(missing_block_mask(filled), missing_block_mask(lost))


def test_level1_by_its_card(raw_map, losing):
    level1 = calibrate(losing.without(raw_map(), [(20, 10)]), assets="simulated", inpaint=None)
    assert find_missing_blocks(level1) == [(20, 10)]
    inside = missing_block_mask(level1)
    assert 1024 <= inside.sum() <= 36 * 36
    assert np.isnan(level1.data[inside]).all()
    meta = dict(level1.meta) | {"misslist": "More than 17 blocks missing"}
    with pytest.raises(HeaderError, match="MISSLIST"):
        find_missing_blocks(replace(level1, meta=meta))


def test_broken_download(real_map):
    smap = real_map("32310957")
    blocks = find_missing_blocks(smap)
    assert len(blocks) == 160
    assert {row for _, row in blocks} == {7, 8, 9, 10, 11}
    assert missing_block_mask(smap).sum() == np.count_nonzero(smap.data == 0)


@pytest.mark.parametrize("name", ["22322749", "32046494", "32082037", "32310964"])
def test_real_frames_without_losses(real_map, name):
    assert find_missing_blocks(real_map(name), partial=True) == []
