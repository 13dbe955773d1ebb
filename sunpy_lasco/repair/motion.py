"""
Motion of the corona around a hole.

Between two exposures a front moves by many pixels. Since both exposures show the complete front, its position
between them can be determined. The displacement outwards and around the Sun is smooth over a block and has a
few coefficients. They are fitted so that

* the earlier exposure, when moved, matches the later exposure, also in the hole;
* both exposures, when moved to the time of the frame, match the frame outside the hole.
"""

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from scipy import ndimage

__all__ = [
    "FARTHEST",
    "FASTEST",
    "KNOWN_SHARE",
    "QUIET",
    "SMOOTH",
    "UNIT",
    "Motion",
    "Points",
    "Shown",
    "fit_motion",
    "robust_loss",
    "sample",
    "smoothed",
]

#: Time for which displacements are given, s.
UNIT = 1440.0
#: Length over which slopes are defined, full-resolution pixels.
LENGTH = 40.0
#: Range of the search, full-resolution pixels. `FASTEST` is the largest outward displacement in `UNIT`: 3,000 km / s
#: in C3 (56 arcsec per pixel) and in C2. `FARTHEST` is the largest displacement between two exposures for which the
#: field can show a front in both. `INWARDS` and `AROUND` are the largest displacements in `UNIT` inwards, and around
#: the Sun to either side.
FASTEST = {"C2": 500.0, "C3": 106.0}
FARTHEST = {"C2": 314.0, "C3": 230.0}
INWARDS = {"C2": 12.0, "C3": 8.0}
AROUND = {"C2": 20.0, "C3": 12.0}
#: Spacing of the starting displacements between two exposures, full-resolution pixels.
START_STEP = 6.0
#: 1 sigma of the smoothing of the compared images, in pixels of these images: for the fit, and for the first search.
SMOOTH, COARSE = 0.8, 3.0
#: Fraction of an image pixel that must be known.
KNOWN_SHARE = 0.5
#: Residual above which the weight of a pixel decreases, in units of the noise of a pixel.
ROBUST = 0.5
#: Weight of the prior that the displacement does not vary, in the same unit per pixel.
PRIOR = 0.02
#: Number of starts that are refined, and number of steps for each.
BEST, STEPS = 3, 8
#: Iterations end when a step reduces the loss by less than this fraction.
ENOUGH = 1e-3
#: Number of points for the first search, and for the first steps.
FIRST_POINTS, ROUGH_POINTS = 120, 350
#: Below this loss nothing moves. Noise alone gives 0.04 to 0.08 (C3, 2012-08-31).
QUIET = 0.1
#: Largest factor by which motion may increase the loss of the interpolated exposures around a hole, if it explains
#: their difference in the hole.
WORSE = 1.1
#: Fraction of the points that the exposures must show after a displacement.
SHOWN_SHARE = 0.4
#: Number of coefficients. The outward displacement has a constant, a slope along the radius, and a slope and a square
#: around the Sun. The sideward displacement has a constant, a slope around the Sun and a slope along the radius.
NUMBER = 7
CONSTANTS = (0, 4)


@dataclass(frozen=True, eq=False)
class Points:
    """Positions in and around a hole at which exposures are compared; all arrays have shape (n,)."""

    #: Row and column in the images.
    rows: np.ndarray
    columns: np.ndarray
    #: Position relative to the Sun's centre, full-resolution pixels.
    x: np.ndarray
    y: np.ndarray
    #: Contrast of the frame; NaN in the hole and where it is unknown.
    frame: np.ndarray
    #: Expected signal divided by its noise, which converts contrast to units of the noise of a pixel.
    unit: np.ndarray
    #: Weight in the fit.
    weight: np.ndarray

    def some(self, step):
        """Every ``step``-th point."""
        return Points(*(getattr(self, one.name)[::step] for one in fields(self)))

    def middle(self):
        """Distance of the hole's middle from the Sun's centre, full-resolution pixels, and its angle, radian."""
        inside = np.isnan(self.frame)
        here = inside if inside.any() else np.ones_like(inside)
        x, y = self.x[here].mean(), self.y[here].mean()
        return max(float(np.hypot(x, y)), 1.0), float(np.arctan2(y, x))


@dataclass(frozen=True, eq=False)
class Shown:
    """Contrast of another exposure."""

    #: Contrast smoothed by `SMOOTH`, and a mask of known pixels; (ny, nx).
    contrast: np.ndarray
    known: np.ndarray
    #: Time from the middle of the frame's exposure to the middle of this one, s.
    seconds: float

    @cached_property
    def images(self):
        """Contrast, its gradient along rows and columns, and 1 where it is known; (ny, nx, 4)."""
        return _with_gradient(self.contrast, self.known)

    @cached_property
    def coarse(self):
        """The same, smoothed by `COARSE`, for the first search."""
        return _with_gradient(*smoothed(self.contrast, self.known, np.sqrt(COARSE**2 - SMOOTH**2)))

    @cached_property
    def coarse_contrast(self):
        """The contrast in `coarse`, and 1 where it is known; (ny, nx, 2)."""
        return np.ascontiguousarray(self.coarse[..., ::3])


def _with_gradient(image, known):
    return np.stack([image, *np.gradient(image), known], axis=-1, dtype=np.float32)


def smoothed(value, known, sigma):
    """Gaussian mean of the known pixels, and a mask of pixels with enough known pixels around them."""
    weight = ndimage.gaussian_filter(known.astype(np.float32), sigma, truncate=3.0)
    total = ndimage.gaussian_filter(np.where(known, value, np.float32(0.0)), sigma, truncate=3.0)
    return total / np.maximum(weight, np.float32(1e-3)), weight > KNOWN_SHARE


def robust_loss(residual):
    """Loss of residuals in units of the noise of a pixel: quadratic near zero, linear beyond."""
    return np.sqrt(1.0 + (residual / ROBUST) ** 2) - 1.0


def sample(images, rows, columns):
    """
    Interpolate images linearly.

    Parameters
    ----------
    images : `~numpy.ndarray`
        Shape (ny, nx, k), at least two by two pixels.
    rows, columns : `~numpy.ndarray`
        Positions, of any shape.

    Returns
    -------
    `~numpy.ndarray`
        Shape (..., k); 0 outside the images.
    """
    ny, nx = images.shape[:2]
    first, left = np.floor(rows), np.floor(columns)
    down, right = rows - first, columns - left
    inside = (first >= 0) & (left >= 0) & (first < ny - 1) & (left < nx - 1)
    at = np.where(inside, first * nx + left, 0).astype(np.intp)
    flat = images.reshape(ny * nx, -1)
    down, right = ((share * inside).astype(images.dtype) for share in (down, right))
    w11 = down * right
    w10, w01 = down - w11, right - w11
    found = flat.take(at, axis=0) * (inside - down - w01)[..., None]
    for offset, weight in ((1, w01), (nx, w10), (nx + 1, w11)):
        found += flat.take(at + offset, axis=0) * weight[..., None]
    return found


@dataclass(frozen=True, eq=False)
class Motion:
    """A smooth displacement around a position."""

    #: `NUMBER` coefficients, full-resolution pixels in `UNIT`.
    coefficients: np.ndarray
    #: Distance of the position from the Sun centre, full-resolution pixels, and its angle, radian.
    radius: float
    angle: float

    def basis(self, x, y):
        """Displacement along x and along y for each coefficient set to one, shape (`NUMBER`, ...) each."""
        far = np.maximum(np.hypot(x, y), 1.0)
        u = np.clip((far - self.radius) / LENGTH, -2.5, 2.5)
        away = (np.arctan2(y, x) - self.angle + np.pi) % (2 * np.pi) - np.pi
        v = np.clip(self.radius * away / LENGTH, -2.5, 2.5)
        cos, sin, one = x / far, y / far, np.ones_like(far)
        outwards, around = np.array([one, u, v, v * v]), np.array([one, v, u])
        return np.concatenate([outwards * cos, -around * sin]), np.concatenate([outwards * sin, around * cos])

    def displacement(self, x, y):
        """Displacement along (x, y) in `UNIT`, full-resolution pixels."""
        along, across = self.basis(x, y)
        return np.tensordot(self.coefficients, along, 1), np.tensordot(self.coefficients, across, 1)


class _Fit:
    """Residuals of displacements."""

    def __init__(self, points, shown, binning, middle):
        self.points, self.shown, self.binning = points, shown, binning
        self.radius, self.angle = middle
        along, across = self.motion(np.zeros(NUMBER)).basis(points.x, points.y)
        #: Displacement along columns and rows of the images, by coefficient.
        self.along, self.across = along / binning[0], across / binning[1]
        self.known = np.isfinite(points.frame)
        self.frame = np.nan_to_num(points.frame)

    def with_some(self, number):
        """The same fit with about ``number`` of the points."""
        step = max(len(self.frame) // number, 1)
        return _Fit(self.points.some(step), self.shown, self.binning, (self.radius, self.angle))

    def motion(self, coefficients):
        return Motion(np.asarray(coefficients, dtype=float), self.radius, self.angle)

    def residuals(self, p, *, coarse=False):
        """Residuals of each pair of images, a mask of the valid ones, and their gradients."""
        points, seen = self.points, []
        for one in self.shown:
            share = one.seconds / UNIT
            rows = points.rows + share * (p @ self.across)
            columns = points.columns + share * (p @ self.along)
            found = sample(one.coarse if coarse else one.images, rows, columns)
            slope = (share * found[:, 1]) * self.across + (share * found[:, 2]) * self.along
            seen.append((found[:, 0], found[:, 3] > 0.95, slope))
        pairs = [(value - self.frame, there & self.known, slope) for value, there, slope in seen]
        if len(seen) > 1:
            (a, a_there, a_slope), (b, b_there, b_slope) = seen[:2]
            pairs.append((a - b, a_there & b_there, a_slope - b_slope))
        unit = points.unit
        return [
            ((value - _median(value[there])) * unit, there, slope * unit)
            for value, there, slope in pairs
            if there.sum() > NUMBER
        ]

    def loss(self, pairs):
        """Mean robust loss over the valid points; infinite if there are too few."""
        total = weight = count = 0.0
        for value, there, _ in pairs:
            mine = self.points.weight * there
            total += mine @ robust_loss(value)
            weight += mine.sum()
            count += there.sum()
        wanted = self.known.sum() * len(self.shown) + len(self.frame) * (len(self.shown) > 1)
        return total / weight if count > SHOWN_SHARE * wanted else np.inf

    def interpolated(self, p):
        """Mean loss, outside the hole, of the exposures moved and interpolated to the time of the frame."""
        seconds = [one.seconds for one in self.shown]
        if len(seconds) == 2 and seconds[0] * seconds[1] < 0:
            shares = [seconds[1] / (seconds[1] - seconds[0]), seconds[0] / (seconds[0] - seconds[1])]
        else:
            shares = [1.0] + [0.0] * (len(seconds) - 1)
        value, there = 0.0, self.known
        for one, share in zip(self.shown, shares, strict=True):
            time = one.seconds / UNIT
            found = sample(
                one.images, self.points.rows + time * (p @ self.across), self.points.columns + time * (p @ self.along)
            )
            value, there = value + share * found[:, 0], there & (found[:, 3] > 0.95)
        if there.sum() <= NUMBER:
            return np.inf
        residual = (value - self.frame)[there]
        loss = robust_loss((residual - _median(residual)) * self.points.unit[there])
        return float(np.average(loss, weights=self.points.weight[there]))

    def first_look(self, starts):
        """Approximate losses of many displacements, from some of the points; (n,)."""
        some = slice(None, None, max(len(self.frame) // FIRST_POINTS, 1))
        points, frame, known = self.points, self.frame[some], self.known[some]
        weight, unit = points.weight[some], points.unit[some]
        seen = []
        for one in self.shown:
            share = one.seconds / UNIT
            rows = points.rows[some] + share * (starts @ self.across[:, some])
            columns = points.columns[some] + share * (starts @ self.along[:, some])
            found = sample(one.coarse_contrast, rows, columns)
            seen.append((found[..., 0], found[..., 1] > 0.95))
        pairs = [(value - frame, there & known) for value, there in seen]
        wanted = known.sum() * len(seen)
        if len(seen) > 1:
            pairs.append((seen[0][0] - seen[1][0], seen[0][1] & seen[1][1]))
            wanted += len(frame)
        total = heavy = count = 0.0
        for value, there in pairs:
            weights = weight * there
            sums = np.maximum(weights.sum(axis=1), 1e-9)
            # Robust offset, as in the iterations: the mean, then the mean of the values near it.
            middle = (value * weights).sum(axis=1) / sums
            residual = (value - middle[:, None]) * unit
            near = weights / (1.0 + (residual / ROBUST) ** 2)
            middle = middle + (residual / unit * near).sum(axis=1) / np.maximum(near.sum(axis=1), 1e-9)
            loss = robust_loss((value - middle[:, None]) * unit)
            total, heavy, count = total + (weights * loss).sum(axis=1), heavy + sums, count + there.sum(axis=1)
        return np.where(count > SHOWN_SHARE * wanted, total / heavy, np.inf)

    def refine(self, p, *, coarse=False, steps=STEPS):
        """Gauss-Newton iterations with weights that decrease with the residual."""
        prior = np.full(NUMBER, PRIOR**2)
        prior[list(CONSTANTS)] = 1e-6
        prior *= self.points.weight.sum()
        pairs = self.residuals(p, coarse=coarse)
        best, least = p, self.loss(pairs)
        for _ in range(steps):
            normal, right = np.diag(prior), -prior * p
            for value, there, slope in pairs:
                weight = self.points.weight * there / np.sqrt(1.0 + (value / ROBUST) ** 2) / ROBUST**2
                # The residuals are without their median; its gradient is taken as that of the mean.
                slope = slope - (slope @ weight / max(weight.sum(), 1e-9))[:, None]
                weighted = slope * weight
                normal += weighted @ slope.T
                right -= weighted @ value
            step = np.linalg.solve(normal + np.diag(1e-3 * np.diag(normal)), right)
            p = p + step * min(1.0, 12.0 / max(np.abs(step).max(), 1e-9))
            pairs = self.residuals(p, coarse=coarse)
            now = self.loss(pairs)
            if now < least:
                gain, best, least = least - now, p, now
                if gain < ENOUGH * least:
                    break
            elif np.abs(step).max() < 0.05:
                break
        return best, least


def _median(values):
    """The upper median, without the NaN handling of `numpy.median`."""
    middle = len(values) // 2
    return np.partition(values, middle)[middle]


def _starts(camera, seconds):
    """Displacements from which the search starts, (n, `NUMBER`)."""
    apart = (max(seconds) - min(seconds) if len(seconds) > 1 else abs(seconds[0])) / UNIT
    fastest = min(FASTEST[camera], FARTHEST[camera] / apart)
    step = START_STEP / apart
    outwards = np.arange(-INWARDS[camera], fastest + step, step)
    around = np.linspace(-AROUND[camera], AROUND[camera], 5)
    found = np.zeros((len(outwards) * len(around), NUMBER))
    found[:, 0], found[:, 4] = (part.ravel() for part in np.meshgrid(outwards, around, indexing="ij"))
    return found


def fit_motion(points, shown, camera, binning, *, near=None):
    """
    Determine the motion of the corona around a hole.

    Parameters
    ----------
    points : `Points`
    shown : sequence of `Shown`
        The exposures to compare: one before and one after, two on one side, or one.
    camera : `str`
        ``"C2"`` or ``"C3"``.
    binning : `tuple` of `float`
        Full-resolution pixels per pixel of the images along (x, y).
    near : `Motion`, optional
        Motion at the same position from which the fit starts, in place of a search.

    Returns
    -------
    motion : `Motion`
    cost, at_rest : `float`
        Mean loss of the points with this motion, and without motion.
    """
    middle = points.middle()
    fit = _Fit(points, shown, binning, middle)
    rest = np.zeros(NUMBER)
    at_rest = fit.loss(fit.residuals(rest))
    if at_rest < QUIET:
        return fit.motion(rest), at_rest, at_rest
    starts = _search(fit, camera) if near is None else [near.coefficients]
    tried = [(rest, at_rest), *(fit.refine(p) for p in starts)]
    coefficients, cost = min(tried, key=lambda one: one[1])
    if fit.interpolated(coefficients) > WORSE * fit.interpolated(rest):
        # Exposures at rest describe changes without motion better.
        return fit.motion(rest), at_rest, at_rest
    return fit.motion(coefficients), cost, at_rest


def _search(fit, camera):
    """The best starting displacements, refined approximately with some of the points."""
    starts = _starts(camera, [one.seconds for one in fit.shown])
    some = fit.with_some(ROUGH_POINTS)
    costs = fit.first_look(starts)
    chosen = []
    for index in np.argsort(costs, kind="stable"):
        apart = [np.abs(starts[index] - starts[other]).max() for other in chosen]
        if np.isfinite(costs[index]) and min(apart, default=np.inf) > 1.5 * START_STEP:
            chosen.append(index)
        if len(chosen) == BEST:
            break
    rough = sorted((some.refine(starts[index], coarse=True, steps=4) for index in chosen), key=lambda one: one[1])
    return [p for p, _ in rough[: (len(rough) + 1) // 2]]
