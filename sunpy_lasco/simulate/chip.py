"""
The CCD: noise, fixed pattern, cosmic rays, full wells, read-out.

Charges are counted in DN, that is electrons divided by the gain.
"""

from functools import lru_cache

import numpy as np

from astropy.time import Time

from sunpy_lasco.instrument.cameras import CAMERAS, FULL_FRAME
from sunpy_lasco.instrument.constants import value_of
from sunpy_lasco.simulate.cycle import solar_activity

__all__ = [
    "ADC_MAX",
    "FULL_WELL",
    "NEARLY_FULL",
    "bloom",
    "cosmic_rate",
    "cosmic_rays",
    "lose_light",
    "pixel_pattern",
    "shot_noise",
    "sum_pixels",
]

#: Largest value of the 14-bit converter, DN.
ADC_MAX = 16383
#: Charge above which a pixel overflows into its neighbours, DN above the bias
#: (measured on the trails of planets and bright stars).
FULL_WELL = {"C2": 15800.0, "C3": 12050.0}
#: Share of the charge beyond the full well that flows into neighbours; the rest is lost. In C3 it is all of it, as the
#: trail of Venus shows; in C2 the trails of Venus and of the ring around the occulter are shorter.
OVERFLOW = {"C2": 0.2, "C3": 1.0}
#: Fraction of it from which a pixel counts as full.
NEARLY_FULL = 0.999
#: Fraction of the full well of the camera up to which no light is lost.
NO_LOSS = 0.2
#: Days on which the fixed pattern of the cameras changed.
PATTERN_EPOCHS = {
    "C2": ("1998-10-13", "2000-12-02", "2002-02-06"),
    "C3": ("1998-11-24", "2002-06-19"),
}
#: Response of the rims of the CCD, relative to the pixels beside them: the first column of the image sees next
#: to no sky, and the first and last rows also collect the charge that is set free beyond them (measured on frames of
#: 2010 and 2012; the rows of C3 had twice that in 2000).
FIRST_COLUMN_RESPONSE, OUTER_ROWS_RESPONSE = 0.0125, 2.35
#: What the first column holds above the bias without light, DN (frames of C2 of 25 and 100 s agree on it).
FIRST_COLUMN_LEVEL = 13.0
#: Dirt on the CCD of C2: centre (x, y) and half axes of an ellipse, pixel; direction of the longer one,
#: counter-clockwise from +x, degree; and what is left of the light there (measured on frames of January 2010).
DIRT = {"C2": ((675.5, 483.0), (5.5, 3.2), 40.0, 0.003), "C3": None}
#: Hits of cosmic rays on the CCD per second at zero solar activity, and the activity that reduces them by a factor e:
#: 2.2 times as many in January 2010 as in August 2012, and two thirds of these in 2000.
COSMIC_RATE, COSMIC_MODULATION = 20.0, 0.6
#: Additional seconds for which the CCD collects cosmic rays, mostly the read-out.
COSMIC_EXTRA = 22.0
#: Charge left along a pixel's length of track: median, DN, and spread of its logarithm (C3: hits of 2012-08-31 that
#: the frames before and after do not have; C2: sharp peaks of January 2010).
COSMIC_CHARGE, COSMIC_SPREAD = {"C2": 150.0, "C3": 105.0}, 1.1
#: Mean length of a track, pixel.
COSMIC_LENGTH = 2.5


@lru_cache(maxsize=4)
def _pattern(detector, epoch, sigma):
    rng = np.random.default_rng([int(CAMERAS[detector].digit), epoch, 17])
    pattern = 1 + sigma * rng.standard_normal((FULL_FRAME, FULL_FRAME))
    pattern[:, 0] *= FIRST_COLUMN_RESPONSE
    pattern[[0, -1]] *= OUTER_ROWS_RESPONSE
    if DIRT[detector] is not None:
        (x0, y0), axes, direction, left = DIRT[detector]
        y, x = np.mgrid[:FULL_FRAME, :FULL_FRAME]
        turn = np.exp(-1j * np.radians(direction))
        along = ((x - x0) + 1j * (y - y0)) * turn
        pattern[np.hypot(along.real / axes[0], along.imag / axes[1]) < 1] *= left
    pattern.flags.writeable = False
    return pattern


def pixel_pattern(detector, time):
    """
    Fixed response of the single pixels of a camera, which changes from epoch to epoch; (1024, 1024),
    read-only.

    It is near 1 except at the rims of the CCD and where there is dirt, and the same for all exposures of an
    epoch.
    """
    epoch = sum(time >= Time(day) for day in PATTERN_EPOCHS[detector])
    return _pattern(detector, epoch, CAMERAS[detector].pattern)


def shot_noise(charge, gain, rng):
    """Draw the number of electrons for an expected charge, DN; ``gain`` is in electrons / DN, the result in DN."""
    return rng.poisson(np.maximum(charge, 0) * gain) / gain


def cosmic_rate(time):
    """Usual rate of cosmic rays at a time, hits of the CCD per second; it is lower when the Sun is active."""
    return float(COSMIC_RATE * np.exp(-solar_activity(time) / COSMIC_MODULATION))


def cosmic_rays(seconds, rate, rng, charge=COSMIC_CHARGE["C3"]):
    """
    Tracks of cosmic rays in some seconds at a rate of hits per second, with a median charge along a
    pixel's length of track: DN, shape (1024, 1024).
    """
    number = rng.poisson(rate * (seconds + COSMIC_EXTRA))
    x, y = rng.uniform(-0.5, FULL_FRAME - 0.5, (2, number))
    length, angle = rng.exponential(COSMIC_LENGTH, number), rng.uniform(0, 2 * np.pi, number)
    charge = charge * np.exp(COSMIC_SPREAD * rng.standard_normal(number))
    # Each track is drawn in steps of a quarter pixel; even a short one crosses half a pixel's
    # depth.
    steps = np.ceil(4 * np.maximum(length, 0.5)).astype(int)
    track = np.repeat(np.arange(number), steps)
    place = (np.arange(track.size) - np.repeat(np.cumsum(steps) - steps, steps) + 0.5) / 4
    column = np.rint(x[track] + place * np.cos(angle[track])).astype(int)
    row = np.rint(y[track] + place * np.sin(angle[track])).astype(int)
    inside = (column >= 0) & (column < FULL_FRAME) & (row >= 0) & (row < FULL_FRAME)
    image = np.zeros((FULL_FRAME, FULL_FRAME))
    np.add.at(image, (row[inside], column[inside]), charge[track[inside]] / 4)
    return image


def lose_light(charge, camera):
    """
    Apply the loss near the full well of a camera to a charge, DN, shape (1024, 1024).

    D is read out where D (1 + a (D/F)**11) is the charge, with the full well F of the image column and
    the loss a there; beyond it a part 1/(1 + a) of the charge.
    """
    well = camera.full_well * (1 + camera.full_well_slope * (np.arange(FULL_FRAME) / (FULL_FRAME / 2) - 1))
    relative = charge / well
    loss, power = camera.full_well_loss, value_of("full_well.loss_power")
    counts = np.where(relative > 1 + loss, relative / (1 + loss), relative)
    rows, columns = np.nonzero((relative > NO_LOSS) & (relative <= 1 + loss))
    wanted = relative[rows, columns]
    found = np.minimum(wanted, 1.0)
    for _ in range(8):
        lost = loss * found**power
        found -= (found * (1 + lost) - wanted) / (1 + (power + 1) * lost)
    counts[rows, columns] = found
    return counts * well


def bloom(charge, full_well, share=1.0):
    """
    Let charge beyond the full well, DN, (ny, nx), flow into the neighbours, half to either side.

    A ``share`` of it flows on, the rest is lost; what flows is lost only beyond the ends of a row. The
    columns of the CCD, along which charge flows, are the rows of the image: the ground software rotates
    images from port C.
    """
    charge = charge.copy()
    for row in np.flatnonzero((charge > full_well).any(axis=1)):
        line = charge[row]
        edges = np.flatnonzero(np.diff(line > full_well, prepend=False, append=False))
        for first, end in edges.reshape(-1, 2):
            excess = share * (line[first:end] - full_well).sum() / 2
            line[first:end] = full_well
            _spill(line[end:], excess, full_well)
            _spill(line[:first][::-1], excess, full_well)
    return charge


def _spill(side, excess, full_well):
    """Fill the pixels on one side of an overflowing run, nearest first."""
    room = np.maximum(full_well - side, 0)
    taken = np.cumsum(room)
    filled = int(np.searchsorted(taken, excess))
    side[:filled] += room[:filled]
    if filled < side.size:
        side[filled] += excess - (taken[filled - 1] if filled else 0)


def sum_pixels(image, sums):
    """Sum blocks of (x, y) pixels of an image, (ny, nx), that hold whole ones."""
    sx, sy = sums
    if (sx, sy) == (1, 1):
        return image
    ny, nx = image.shape
    return image.reshape(ny // sy, sy, nx // sx, sx).sum(axis=(1, 3))
