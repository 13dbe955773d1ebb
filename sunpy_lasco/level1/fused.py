"""
The pass of a plan as two loops compiled by numba (extra ``fast``).

The results are identical to those of numpy and scipy, because the operations and their order are the same.
Compiled code is cached beside this module or in ``NUMBA_CACHE_DIR``.
"""

import math
from functools import lru_cache
from types import SimpleNamespace

import numpy as np

__all__ = ["compiled"]

_ZERO, _ONE, _NAN = np.float32(0), np.float32(1), np.float32(np.nan)


def detector_pass(counts, scalars, well, gain, response, stray_light, table, image, variance):  # noqa: C901 # pragma: no cover
    """
    Compute brightness and variance of the detector pixels, in place.

    ``scalars`` are, float32: bias, 1 / exposure time, calibration factor, scale of the sigma, DN**2 of the
    read-out and of the quantisation, electrons / DN, light lost at the full well, entries of the table per
    DN**2, and the square of the step of the compression. Empty arrays among ``well``, ``response``,
    ``stray_light`` and ``table`` are not applied; arrays of the detector are flattened.
    """
    bias, per_second, factor, large, read, quantisation, electrons, loss, per_variance, square = scalars
    ny, nx = counts.shape
    read_and_quantised, sigma_scale = read + quantisation, per_second * large
    last = np.float32(table.size - 1)
    x, noise = np.empty(nx, np.float32), np.empty(nx, np.float32)
    # The compiler vectorises short loops without branches.
    for j in range(ny):
        row = slice(j * nx, j * nx + nx)
        for i in range(nx):
            x[i] = np.float32(counts[j, i]) - bias
        if well.size:
            for i in range(nx):
                share = min(max(x[i] / well[i], _ZERO), _ONE)
                second = share * share
                fourth = second * second
                x[i] *= _ONE + fourth * fourth * second * share * loss
        if response.size:
            factors = response[row]
            for i in range(nx):
                x[i] *= factors[i]
        if table.size:
            for i in range(nx):
                photon = max(x[i], _ZERO) / electrons
                before = photon + read
                after = before + square * table[int(min(max(before * per_variance, _ZERO), last))]
                left = min(after / before, _ONE)
                noise[i] = photon * left + (read * left + (quantisation + max(after - before, _ZERO)))
        else:
            for i in range(nx):
                noise[i] = max(x[i], _ZERO) / electrons + read_and_quantised
        gains, bright, spread = gain[row], image[row], variance[row]
        for i in range(nx):
            bright[i] = x[i] * per_second * factor * gains[i]
            sigma = np.float32(math.sqrt(noise[i])) * sigma_scale * factor * gains[i]
            spread[i] = sigma * sigma
        if stray_light.size:
            light = stray_light[row]
            for i in range(nx):
                bright[i] -= light[i]


def interpolate_both(corner, fx, fy, empty, nx, scale, image, variance, moved, spread):  # pragma: no cover
    """
    Interpolate a flattened image and its variance at the positions of a
    `~sunpy_lasco.geometry.resampling.Bilinear`, in place.

    The root of the variance times ``scale``, where that is not 0.
    """
    one, row = np.uintp(1), np.uintp(nx)
    for k in range(corner.size):
        if empty[k]:
            moved[k] = _NAN
            spread[k] = _NAN
            continue
        at, right, up = np.uintp(corner[k]), fx[k], fy[k]
        left, down = _ONE - right, _ONE - up
        a, b, c, d = left * down, right * down, left * up, right * up
        beside, above, across = at + one, at + row, at + row + one
        moved[k] = a * image[at] + b * image[beside] + c * image[above] + d * image[across]
        found = a * a * variance[at] + b * b * variance[beside] + c * c * variance[above] + d * d * variance[across]
        spread[k] = np.float32(math.sqrt(found)) * scale if scale else found


def positive_bits(bits, shift, largest, positive, counts):  # pragma: no cover
    """
    Take out positive numbers up to a largest one, all given as bits, and count them by their upper bits, in place.

    Their number is returned.
    """
    place = 0
    for k in range(bits.size):
        if 0 < bits[k] <= largest:
            positive[place] = bits[k]
            place += 1
            counts[bits[k] >> shift] += 1
    return place


def choose_by_bits(bits, shift, wanted, chosen):  # pragma: no cover
    """Select numbers, given as bits, whose upper bits are requested, in place."""
    place = 0
    for k in range(bits.size):
        if wanted[bits[k] >> shift]:
            chosen[place] = bits[k]
            place += 1


def positions(x, y, movement, polynomial, grid, turned, corner, fx, fy, inside):  # pragma: no cover
    """
    Compute sources and fractions of the bilinear interpolation, in place.

    ``x`` and ``y`` are positions of columns and rows, full-frame pixel. ``movement`` holds cosine, sine,
    pivot and target, and ``polynomial`` the coefficients and the centre of the distortion; both may be empty.
    ``grid`` holds corner and sums.
    """
    nx, ny = x.size, y.size
    last, summed = ny * nx - 1, grid[2] != 1 or grid[3] != 1
    for j in range(ny):
        for i in range(nx):
            u, v = x[i], y[j]
            if movement.size:
                du, dv = u - movement[4], v - movement[5]
                u, v = (
                    movement[2] + movement[0] * du + movement[1] * dv,
                    movement[3] - movement[1] * du + movement[0] * dv,
                )
            if polynomial.size:
                k0, k1, k2, cx, cy = polynomial[0], polynomial[1], polynomial[2], polynomial[3], polynomial[4]
                dx, dy = u - cx, v - cy
                r2 = dx * dx + dy * dy
                f = 1.0 + k0 + r2 * (k1 + k2 * r2)
                u, v = cx + f * dx, cy + f * dy
            column, row = u - grid[0] + 0.5, v - grid[1] + 0.5
            if summed:
                column, row = column / grid[2], row / grid[3]
            column, row = column - 0.5, row - 0.5
            at = last - j * nx - i if turned else j * nx + i
            within = 0 <= column <= nx - 1 and 0 <= row <= ny - 1
            inside[at] = within
            if within:
                left, bottom = min(int(column), nx - 2), min(int(row), ny - 2)
                fx[at], fy[at] = np.float32(column - left), np.float32(row - bottom)
            else:
                left = int(min(max(column, 0.0), nx - 2.0))
                bottom = int(min(max(row, 0.0), ny - 2.0))
                fx[at], fy[at] = _ZERO, _ZERO
            corner[at] = bottom * nx + left


def hidden_by(good, x, y, movement, hidden):  # pragma: no cover
    """Evaluate a mask image of the full frame (1 good, 0 masked) at positions that were moved as in `positions`."""
    ny, nx = good.shape
    for j in range(y.size):
        for i in range(x.size):
            du, dv = x[i] - movement[4], y[j] - movement[5]
            column = round(movement[2] + movement[0] * du + movement[1] * dv)
            row = round(movement[3] - movement[1] * du + movement[0] * dv)
            hidden[j, i] = not (0 <= column < nx and 0 <= row < ny and good[int(row), int(column)])


@lru_cache(maxsize=1)
def compiled():
    """
    The loops, compiled by numba.

    Returns
    -------
    `types.SimpleNamespace`
        The functions of this module, by name.
    """
    from numba import njit

    loops = (detector_pass, interpolate_both, positions, hidden_by, positive_bits, choose_by_bits)
    return SimpleNamespace(**{one.__name__: njit(cache=True, nogil=True)(one) for one in loops})
