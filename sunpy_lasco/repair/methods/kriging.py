"""
Kriging: the best linear unbiased prediction from the surroundings.

The corona in the working space is modelled as a Gaussian process. Its covariance reaches farther in radius than in
position angle and is scaled to each crop. The model also gives an uncertainty.
"""

from dataclasses import dataclass

import numpy as np
from scipy import linalg
from scipy.spatial import distance

from sunpy_lasco.repair.cells import between_nodes, gather, nodes, polar
from sunpy_lasco.repair.crop import Fill
from sunpy_lasco.repair.uncertainty import calibrated, deviation

__all__ = ["COVARIANCES", "Covariance", "Directed", "fill", "find_direction", "fit_factor", "krige", "kriged"]

#: The covariance is scaled to a crop by one of these powers of two, fitted to this many cells nearest to the hole.
FACTORS = tuple(range(-5, 8))
FITTED_CELLS = 160
#: Prior 1 sigma of the natural logarithm of that factor.
FACTOR_SPREAD = 1.5
#: The search for directed structure uses steps of this angle, radian; this length along the structure, full-resolution
#: pixels; this ratio of the lengths; and this number of cells. The result is refined with more cells.
DIRECTION_STEP = np.pi / 6
LENGTH, RATIO = 80.0, 5.0
SEARCHED_CELLS, REFINED_CELLS = 80, 120
DIRECTED_VARIANCES = (0.25, 1.0, 4.0, 16.0, 64.0, 256.0, 1024.0)
#: Smallest gain in log likelihood for which directed structure is used.
EVIDENCE = 8.0


def _distances(a, b):
    """Distances of points (n, 2) from points (m, 2), shape (n, m); without the latter, each pair of points once."""
    return distance.pdist(a) if b is None else distance.cdist(a, b)


def _as_matrix(covariance, variance, *, like):
    """Covariances as a matrix; ``like`` if they are those of pairs of the same points, which lack the variance."""
    if not like:
        return covariance
    matrix = distance.squareform(covariance, checks=False)
    np.fill_diagonal(matrix, variance)
    return matrix


@dataclass(frozen=True)
class Covariance:
    """
    Covariance of the corona relative to a scaled background, in the working space.

    It is a sum of exponentials of the distance. Each has a variance, in units of the noise variance of a pixel,
    and lengths in radius and position angle, in full-resolution pixels.
    """

    #: (variance, length along u, length along v) of each part.
    parts: tuple[tuple[float, float, float], ...]

    @property
    def variance(self):
        """Variance at a point."""
        return sum(part[0] for part in self.parts)

    def between(self, a, b):
        """Covariance of the points ``a`` (n, 2) with the points ``b`` (m, 2): (n, m)."""
        total = 0.0
        for variance, *lengths in self.parts:
            far = _distances(a / np.array(lengths), None if a is b else b / np.array(lengths))
            total = total + variance * np.exp(np.negative(far, out=far), out=far)
        return _as_matrix(total, self.variance, like=a is b)


@dataclass(frozen=True)
class Directed:
    """
    Matern covariance (exponent 3/2) of structure that is elongated in one direction, such as a front.
    """

    #: Variance in units of the noise variance of a pixel.
    variance: float
    #: Lengths along and across the structure, full-resolution pixels, and its direction from +u to +v, radian.
    along: float
    across: float
    angle: float

    def between(self, a, b):
        """Covariance of the points ``a`` (n, 2) with the points ``b`` (m, 2): (n, m)."""
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        turn = np.array([[cos / self.along, -sin / self.across], [sin / self.along, cos / self.across]])
        far = np.sqrt(3.0) * _distances(a @ turn, None if a is b else b @ turn)
        return _as_matrix(self.variance * (1.0 + far) * np.exp(-far), self.variance, like=a is b)


#: Covariance by camera, fitted by maximum likelihood to holes with their surroundings
#: (``benchmarks/inpainting/fit_covariance.py``). C3: real frames of six dates from 2000 to 2012, rounded. The first
#: part describes rings around the occulter, which backgrounds from other dates leave behind; the second describes rays.
#: C2: the first part comes from real frames (January 2010), the others also from simulated frames of six dates. The
#: rings were weakened by hand, so that the covariance also fits the cells of real frames.
COVARIANCES = {
    "C2": Covariance(((1.0, 60.0, 12.0), (25.0, 1000.0, 200.0), (1.0, 55.0, 1350.0))),
    "C3": Covariance(((1.8, 115.0, 665.0), (1.3, 357.0, 86.0))),
}


class _Likelihood:
    """Marginal likelihood of the cells nearest to a hole."""

    def __init__(self, cells, number):
        nearest = np.argsort(cells.distance, kind="stable")[:number]
        self.points = cells.points[nearest]
        self.root = 1.0 / np.sqrt(cells.noise[nearest])
        self.products = self.root[:, None] * self.root[None, :]
        self.values = (cells.values[nearest] - np.median(cells.values[nearest])) * self.root

    def best(self, covariance, factors, *, spread=np.inf):
        """The most likely factor of a covariance, searched from the middle one, and its log likelihood."""
        scaled = covariance.between(self.points, self.points) * self.products
        likelihoods = {}

        def with_prior(number):
            factor = factors[number]
            if number not in likelihoods:
                likelihoods[number] = self._logarithm(factor * scaled)
            return likelihoods[number] - 0.5 * (np.log(factor) / spread) ** 2

        number = len(factors) // 2
        for step in (2, 1):
            while True:
                beside = (number - step, number, number + step)
                best = max((one for one in beside if 0 <= one < len(factors)), key=with_prior)
                if best == number:
                    break
                number = best
        return float(factors[number]), likelihoods[number]

    def _logarithm(self, matrix):
        """Logarithm of the likelihood with this covariance and the noise of the cells."""
        matrix.flat[:: len(matrix) + 1] += 1.0
        # LAPACK expects column order; the transpose provides it, and the matrix is symmetric.
        lower, _ = linalg.lapack.dpotrf(matrix.T, lower=1, clean=0, overwrite_a=1)
        solved, _ = linalg.lapack.dtrtrs(lower, self.values, lower=1)
        return -float(np.log(np.diagonal(lower)).sum()) - 0.5 * float(solved @ solved)


def fit_factor(cells, covariance):
    """
    Fit the scale of a crop's covariance relative to the usual one.

    Parameters
    ----------
    cells : `Cells`
    covariance : `Covariance`

    Returns
    -------
    `float`
        The most likely of some powers of two.
    """
    return _Likelihood(cells, FITTED_CELLS).best(covariance, 2.0 ** np.array(FACTORS), spread=FACTOR_SPREAD)[0]


def find_direction(cells, covariance):
    """
    Search for structure elongated in one direction.

    Parameters
    ----------
    cells : `Cells`
    covariance : `Covariance`
        The usual covariance.

    Returns
    -------
    `Directed` or None
        None if the usual covariance describes the surroundings equally well.
    """
    likelihood = _Likelihood(cells, SEARCHED_CELLS)
    _, usual = likelihood.best(covariance, 2.0 ** np.array(FACTORS))

    def tried(along, ratio, angle):
        variance, found = likelihood.best(Directed(1.0, along, along / ratio, angle), DIRECTED_VARIANCES)
        return found, variance, along, ratio, angle

    best = max(tried(LENGTH, RATIO, angle) for angle in np.arange(0.0, np.pi, DIRECTION_STEP))
    if best[0] < usual + EVIDENCE:
        return None
    likelihood = _Likelihood(cells, REFINED_CELLS)
    _, _, along, ratio, angle = best
    best = max(tried(along, ratio, angle + turn) for turn in (-0.5 * DIRECTION_STEP, 0.0, 0.5 * DIRECTION_STEP))
    best = max(best, *(tried(along * longer, ratio, best[4]) for longer in (0.5, 2.0)))
    best = max(best, *(tried(best[2], other, best[4]) for other in (0.5 * ratio, 2.0 * ratio)))
    _, variance, along, ratio, angle = best
    return Directed(float(variance), along, along / ratio, float(angle))


def kriged(cells, covariance, factor, points, places, *, trend=True):
    """
    Compute the best linear unbiased prediction, with a trend of unknown coefficients.

    Parameters
    ----------
    cells : `Cells`
        With a trend, at least three cells that do not lie on a line.
    covariance : `Covariance`
    factor : `float`
        Factor of the covariance.
    points, places : `~numpy.ndarray`
        Coordinates (u, v) and positions (column, row) at which to predict, (m, 2).
    trend : `bool`
        Whether the trend is a plane in the positions; otherwise it is a constant.

    Returns
    -------
    mean, variance : `~numpy.ndarray`
        Mean and variance of the noise-free corona, (m,).
    """
    middle = places.mean(axis=0)
    scale = np.abs(cells.places - middle).max() or 1.0

    def basis(where):
        columns = [np.ones(len(where)), *(((where - middle) / scale).T if trend else ())]
        return np.stack(columns, axis=1)

    matrix = factor * covariance.between(cells.points, cells.points)
    matrix[np.diag_indices_from(matrix)] += cells.noise
    lower = linalg.cholesky(matrix, lower=True, overwrite_a=True, check_finite=False)
    cross = factor * covariance.between(cells.points, points)
    solved = linalg.solve_triangular(lower, cross, lower=True, overwrite_b=True, check_finite=False)
    known = linalg.solve_triangular(
        lower, np.column_stack([cells.values, basis(cells.places)]), lower=True, check_finite=False
    )
    design = known[:, 1:]
    normal = design.T @ design
    coefficients = linalg.solve(normal, design.T @ known[:, 0], assume_a="pos")
    residual = basis(places).T - design.T @ solved
    mean = solved.T @ known[:, 0] + residual.T @ coefficients
    variance = factor * covariance.variance - (solved**2).sum(axis=0)
    variance += (residual * linalg.solve(normal, residual, assume_a="pos")).sum(axis=0)
    return mean, np.maximum(variance, 0.0)


#: A hole with fewer cells around it than this is not filled.
FEWEST_CELLS = 12


def fill(crop, *, covariance=None, only_directed=False):
    """
    Fill a hole by kriging.

    Parameters
    ----------
    crop : `~sunpy_lasco.repair.crop.Crop`
    covariance : `~sunpy_lasco.repair.methods.kriging.Covariance`, optional
        By default that of the camera, scaled to the surroundings. A given covariance is not scaled, and the
        uncertainty that follows from it is not calibrated.
    only_directed : `bool`, optional
        Fill only holes whose surroundings show structure elongated in one direction, such as a front.

    Returns
    -------
    `~sunpy_lasco.repair.crop.Fill`

    Notes
    -----
    The surroundings may show structure that is elongated in one direction. If it increases the marginal
    likelihood of the cells nearest to the hole enough, its most likely direction, lengths and variance are used
    in place of the usual covariance.

    The trend is a plane with unknown coefficients, so planes are reproduced exactly. All lost blocks of a
    zone are predicted together.
    """
    value, sigma = krige(crop, covariance=covariance, directions=True, only_directed=only_directed)
    if covariance is None and np.isfinite(value[crop.hole]).any():
        # The difference to the smoothest fill often reveals errors that the model does not predict.
        sigma = calibrated(np.hypot(sigma, deviation(value, crop, share=0.0)), crop, "kriging")
    return Fill(value, sigma)


def krige(crop, *, covariance=None, directions=False, only_directed=False):
    """
    Predict the pixels of a hole.

    Parameters
    ----------
    crop : `~sunpy_lasco.repair.crop.Crop`
    covariance : `~sunpy_lasco.repair.methods.kriging.Covariance`, optional
        As for `fill`.
    directions : `bool`, optional
        Search for structure elongated in one direction, if no covariance is given.
    only_directed : `bool`, optional
        Predict nothing if there is no such structure.

    Returns
    -------
    value, sigma : `~numpy.ndarray`
        In the working space, with sigma from the covariance. NaN outside the hole, or everywhere if too
        little is known around it. Shape (ny, nx).
    """
    u, v = polar(crop)
    cells = gather(crop, u, v)
    if len(cells.values) < FEWEST_CELLS:
        return np.full(crop.z.shape, np.nan), np.full(crop.z.shape, np.nan)
    factor = 1.0
    if covariance is None:
        covariance = COVARIANCES[crop.camera]
        directed = find_direction(cells, covariance) if directions else None
        if directed is None and only_directed:
            return np.full(crop.z.shape, np.nan), np.full(crop.z.shape, np.nan)
        if directed is None:
            factor = fit_factor(cells, covariance)
        else:
            covariance = directed
    grid = nodes(crop, u, v)
    mean, variance = kriged(cells, covariance, factor, grid.points, grid.places)
    return between_nodes(mean, grid, crop), between_nodes(np.sqrt(variance), grid, crop)
