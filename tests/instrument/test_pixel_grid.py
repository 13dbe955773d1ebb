"""Positions of stored pixels, and sums over them."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sunpy_lasco.instrument.pixel_grid import (
    binned_position,
    block_mean,
    block_sum,
    full_axes,
    full_position,
    nearest_known,
)


def grid(shape, corner, binning):
    return SimpleNamespace(shape=shape, corner=corner, binning=binning)


def test_axes_by_hand():
    x, y = full_axes(grid((2, 3), (10, 20), (2, 4)))
    np.testing.assert_array_equal(x, [10.5, 12.5, 14.5])
    np.testing.assert_array_equal(y, [21.5, 25.5])
    x, y = full_axes(grid((1, 2), (0, 7), (1, 1)))
    np.testing.assert_array_equal(x, [0, 1])
    np.testing.assert_array_equal(y, [7])


@given(
    st.tuples(st.integers(0, 900), st.integers(0, 900)),
    st.tuples(st.sampled_from([1, 2, 4, 8]), st.sampled_from([1, 2, 4, 8])),
    st.tuples(st.floats(-5, 1030), st.floats(-5, 1030)),
)
def test_positions_there_and_back(corner, binning, position):
    frame = grid((4, 4), corner, binning)
    np.testing.assert_allclose(full_position(binned_position(position, frame), frame), position, atol=1e-9)


def test_a_stored_pixel_lies_in_the_middle_of_those_that_it_sums():
    rng = np.random.default_rng(3)
    corner, binning, shape = (3, 5), (4, 2), (6, 7)
    y, x = np.indices((5 + 2 * 6, 3 + 4 * 7), dtype=float)
    axes = full_axes(grid(shape, corner, binning))
    np.testing.assert_allclose(block_mean(x[5:, 3:], binning), np.broadcast_to(axes[0], shape))
    np.testing.assert_allclose(block_mean(y[5:, 3:], binning), np.broadcast_to(axes[1][:, None], shape))
    image = rng.normal(size=(12, 28))
    np.testing.assert_allclose(block_sum(image, binning), 8 * block_mean(image, binning))
    assert block_sum(image, binning)[1, 2] == pytest.approx(image[2:4, 8:12].sum())


def test_what_no_whole_block_holds_is_left_out():
    assert block_sum(np.ones((5, 7)), (2, 2)).shape == (2, 3)
    image = np.ones((5, 7))
    assert block_mean(image, (1, 1)) is image


def test_nearest_known():
    values = np.array([[1.0, np.nan, np.nan, 4.0], [np.nan, np.nan, np.nan, 8.0]])
    found = nearest_known(values, np.isfinite(values))
    np.testing.assert_array_equal(found, [[1, 1, 4, 4], [1, 1, 8, 8]])
    rows = nearest_known(np.array([[1, 2], [0, 0], [5, 6]]), np.array([True, False, True]))
    assert rows.tolist()[1] in ([1, 2], [5, 6])
