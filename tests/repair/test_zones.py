import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sunpy_lasco.repair.fill import find_zones


def grid(*blocks):
    lost = np.zeros((32, 32), dtype=bool)
    for row, column in blocks:
        lost[row, column] = True
    return lost


@pytest.mark.parametrize(("distance", "zones"), [(1, 1), (2, 1), (3, 2), (6, 2)])
def test_distance_at_which_zones_join(distance, zones):
    assert len(find_zones(grid((10, 10), (10, 10 + distance)))) == zones
    assert len(find_zones(grid((10, 10), (10 + distance, 10)))) == zones
    assert len(find_zones(grid((10, 10), (10 + distance, 10 + distance)))) == zones


def test_joined_zones_act_as_their_rectangle():
    # The third block is far from both, but within the rectangle of the two enlarged by one block.
    assert len(find_zones(grid((10, 10), (12, 12), (10, 14)))) == 1
    assert len(find_zones(grid((10, 10), (10, 14)))) == 2


def test_region_is_clipped_to_the_frame():
    zone = find_zones(grid((0, 31)))[0]
    assert zone.region((32, 32)) == ((0, 2), (30, 32))
    assert zone.region((32, 32), margin=2) == ((0, 3), (29, 32))


@given(st.sets(st.tuples(st.integers(0, 31), st.integers(0, 31)), max_size=40))
def test_each_block_is_in_one_zone(blocks):
    zones = find_zones(grid(*blocks))
    found = [block for zone in zones for block in zone.blocks]
    assert sorted(found) == sorted(blocks)
