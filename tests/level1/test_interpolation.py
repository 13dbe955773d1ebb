"""The interpolation, compared with scipy and with hand-computed weights, and its linearity."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from sunpy_lasco.geometry.distortion import camera_distortion
from sunpy_lasco.geometry.resampling import (
    Resampling,
    bilinear,
    bilinear_weights,
    interpolate,
    interpolation_matrix,
    source_positions,
)
from sunpy_lasco.level1.fused import compiled
from sunpy_lasco.level1.interpolation import Interpolation, fused_loops

MJD = 52000


def full(camera="C3", **moved):
    return Resampling((1024, 1024), (0, 0), (1, 1), camera_distortion(camera, MJD), **moved)


@pytest.fixture(scope="module")
def image():
    rng = np.random.default_rng(5)
    return ndimage.gaussian_filter(rng.random((1024, 1024)), 2).astype(np.float32)


@pytest.mark.parametrize(
    "resampling",
    [full("C2"), full("C3"), full("C3", rotation=31.0, pivot=(518.2, 532.5), target=(511.5, 511.5))],
    ids=["C2", "C3", "turned and moved"],
)
def test_against_scipy(resampling, image):
    result = interpolate(image, resampling)
    column, row = source_positions(resampling)
    expected = ndimage.map_coordinates(image.astype(float), [row, column], order=1, mode="constant", cval=np.nan)
    inside = (column >= 0) & (column <= 1023) & (row >= 0) & (row <= 1023)
    np.testing.assert_allclose(result.image[inside], expected[inside], atol=2e-6)
    assert np.isnan(result.image[~inside]).all()
    np.testing.assert_array_equal(result.outside, ~inside)


def test_weights_by_hand():
    indices, weights = bilinear_weights(np.array([1.25, 2.0, -0.1]), np.array([0.5, 1.0, 0.0]), (3, 4))
    assert indices[0].tolist() == [1, 2, 5, 6]
    np.testing.assert_allclose(weights[0], [0.375, 0.125, 0.375, 0.125])
    assert weights[1, indices[1] == 6].sum() == 1
    assert weights[2].tolist() == [0, 0, 0, 0]


def test_variance_is_that_of_the_weights():
    """Halfway between four pixels of variance 1, the variance is a quarter."""
    resampling = Resampling((64, 64), (0, 0), (1, 1), None, rotation=0.0, pivot=(10.0, 10.0), target=(10.5, 10.5))
    result = interpolate(np.ones((64, 64), np.float32), resampling, variance=np.ones((64, 64), np.float32))
    np.testing.assert_allclose(result.variance[5:-5, 5:-5], 0.25)
    np.testing.assert_allclose(result.image[5:-5, 5:-5], 1.0)


def test_missing_pixels_and_flags_reach_those_beside_them(image):
    holed = image.copy()
    holed[500:532, 300:332] = np.nan
    flags = np.zeros(image.shape, np.uint8)
    flags[500:532, 300:332] = 1
    flags[700, 700] = 8
    result = interpolate(holed, full(), flags=flags)
    hole = np.isnan(result.image) & ~result.outside
    assert 32 * 32 <= hole.sum() <= 35 * 35
    assert ((result.flags & 1) != 0)[hole].all()
    assert 1 <= ((result.flags & 8) != 0).sum() <= 6
    # Elsewhere nothing changes.
    away = ~ndimage.binary_dilation(hole, iterations=2) & ~result.outside
    np.testing.assert_array_equal(result.image[away], interpolate(image, full()).image[away])


@settings(max_examples=10, deadline=None)
@given(st.floats(-3, 3), st.floats(-3, 3))
def test_it_is_linear(a, b):
    rng = np.random.default_rng(3)
    one, other = (rng.random((128, 128)).astype(np.float32) for _ in range(2))
    resampling = Resampling((128, 128), (0, 0), (8, 8), camera_distortion("C2", MJD))
    both = interpolate(np.float32(a) * one + np.float32(b) * other, resampling).image
    separate = a * interpolate(one, resampling).image + b * interpolate(other, resampling).image
    np.testing.assert_allclose(both, separate, atol=1e-5)


def test_matrices_are_kept():
    """A series of frames with the same geometry builds one matrix."""
    first = interpolation_matrix(full())
    assert interpolation_matrix(full())[0] is first[0]


def test_turn_is_counter_clockwise():
    """A bright pixel to the right of the pivot moves above it."""
    image = np.zeros((101, 101), np.float32)
    image[50, 80] = 1
    resampling = Resampling((101, 101), (0, 0), (1, 1), None, rotation=90.0, pivot=(50.0, 50.0))
    result = interpolate(image, resampling).image
    assert np.unravel_index(np.nanargmax(result), result.shape) == (80, 50)


@pytest.mark.parametrize("rows", [(500, 502), (0, 3), (1020, 1024), (0, 1024)])
def test_flags_are_carried_to_all_pixels_they_contribute_to(rows):
    """Partial products, for a band of rows or the whole image, equal the full product."""
    resampling = Resampling((1024, 1024), (0, 0), (1, 1), camera_distortion("C3", 52000))
    flags = np.zeros((1024, 1024), np.uint8)
    rng = np.random.default_rng(3)
    place = rng.integers(*rows, 40), rng.integers(0, 1024, 40)
    flags[place] = 4
    flags[place[0][:9], place[1][:9]] |= 1
    image = np.ones(flags.shape, np.float32)
    image[place[0][20:], place[1][20:]] = np.nan
    result = interpolate(image, resampling, flags=flags)
    values = interpolation_matrix(resampling)[0]
    for bit in (1, 4):
        reached = (values @ ((flags & bit) != 0).ravel().astype(np.float32)) > 0
        assert np.array_equal((result.flags & bit).ravel() != 0, reached)
    assert not (result.flags & ~np.uint8(5)).any()
    lacking = (values @ np.isfinite(image).ravel().astype(np.float32)) < 0.999
    assert np.array_equal(np.isnan(result.image).ravel(), lacking)


def test_places_on_the_lines_between_pixels_are_partial():
    """Right on a column, right on a row, the last column and row, none of them, and outside."""
    column = np.array([1.0, 1.5, 2.0, 1.5, 0.5, 5.0])
    row = np.array([0.5, 1.0, 0.5, 2.0, 0.5, 0.5])
    gather = bilinear(column, row, (3, 3))
    assert Interpolation(gather).partial.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("loops", [False, True])
def test_variance_or_sigma(loops):
    """Halfway between four pixels of variance 16: 4, or its root times a scale."""
    if loops:
        pytest.importorskip("numba")
    column, row = (axis.ravel() + 0.5 for axis in np.meshgrid(np.arange(4), np.arange(4)))
    interpolation = Interpolation(bilinear(column, row, (4, 4)), compiled() if loops else None)
    empty = np.zeros((4, 4), bool)
    image, variance = np.full((4, 4), 2, np.float32), np.full((4, 4), 16, np.float32)
    for scale, expected in ((None, 4.0), (3.0, 6.0)):
        moved, spread = interpolation(image, variance, empty, interpolation.matrices(empty), scale=scale)
        np.testing.assert_allclose(moved[:3, :3], 2.0)
        np.testing.assert_allclose(spread[:3, :3], expected)


def test_flags_of_all_four_sources():
    """Halfway between the pixels one row and one column of flags reaches two."""
    column, row = (axis.ravel() + 0.5 for axis in np.meshgrid(np.arange(6), np.arange(6)))
    interpolation = Interpolation(bilinear(column, row, (6, 6)))
    bits = np.zeros((6, 6), np.uint8)
    bits[3, 4] = 9
    found = interpolation.reached(bits)
    assert {tuple(place) for place in np.argwhere(found)} == {(2, 3), (2, 4), (3, 3), (3, 4)}
    assert set(found[found > 0]) == {9}


def test_compiled_loops_are_used_where_numba_is():
    pytest.importorskip("numba")
    assert fused_loops() is compiled()
