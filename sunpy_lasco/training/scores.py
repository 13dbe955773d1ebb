"""
How good a network is, beside the base that it corrects.
"""

import numpy as np
import torch

from sunpy_lasco.inpainting.network.tensors import run
from sunpy_lasco.training.losses.regions import binned, composite

__all__ = ["best_factor", "cell_errors", "relative_error"]

#: Side of the cells over which noise is averaged, pixels of a window: 8 stored ones.
SIDE = 4
#: A cell counts if this share of it has a truth.
SHARE = 0.5
#: Factors of sigma that are tried, and the coverages they are to give.
FACTORS = np.geomspace(0.2, 5.0, 97)
COVERAGES = ((1.0, 0.6827, 0.04), (1.96, 0.95, 0.02))


def cell_errors(network, batch):
    """
    Errors of means over cells.

    Parameters
    ----------
    network : `~sunpy_lasco.inpainting.network.cascade.Cascade`
    batch : `~sunpy_lasco.inpainting.network.tensors.Batch`

    Returns
    -------
    mine, base : `torch.Tensor`
        Mean absolute errors of each window, of the network and of its base; NaN where no cell
        has a truth.  (N,)
    pulls : `torch.Tensor`
        Of each cell: error, 1 sigma of the scene, 1 sigma of the noise; (n, 3).
    """
    with torch.inference_mode():
        stages = run(network, batch)
        known = batch.known
        found = []
        for image in (composite(stages, batch), batch.base):
            means, share = binned(image - batch.truth, known, SIDE)
            good = (share >= SHARE).float()
            found.append((means.abs() * good).sum((1, 2, 3)) / good.sum((1, 2, 3)).clamp(min=1e-9))
            found[-1][good.sum((1, 2, 3)) == 0] = torch.nan
        log_ratio = sum(stage.ring * (0.0 if stage.log_ratio is None else stage.log_ratio) for stage in stages)
        means, share = binned(composite(stages, batch) - batch.truth, known, SIDE)
        sigma, _ = binned(batch.sigma * torch.exp(log_ratio + 0 * batch.sigma), known, SIDE)
        noise = (batch.noise / SIDE / share.clamp(min=1e-6).sqrt()).expand_as(means)
        good = share >= SHARE
    return found[0], found[1], torch.stack([means[good], sigma[good], noise[good]], dim=1)


def relative_error(mine, base):
    """
    Geometric mean of ratios of errors.

    Parameters
    ----------
    mine, base : sequence of `float`
        Errors of the same holes; NaN does not count.

    Returns
    -------
    `float`
    """
    mine, base = (np.asarray(part, dtype=float) for part in (mine, base))
    good = (mine > 0) & (base > 0)
    return float(np.exp(np.mean(np.log(mine[good] / base[good])))) if good.any() else float("nan")


def best_factor(pulls):
    """
    The factor of sigma that brings the coverages nearest to 0.683 and 0.95.

    Parameters
    ----------
    pulls : `~numpy.ndarray`
        Error, sigma and noise of cells, (n, 3).

    Returns
    -------
    factor : `float`
    coverages : `tuple` of `float`
        Shares of cells within 1 and 1.96 sigma with it.
    """
    error, sigma, noise = np.abs(np.asarray(pulls, dtype=float)).T

    def shares(factor):
        total = np.hypot(factor * sigma, noise)
        return tuple(float(np.mean(error < width * total)) for width, _, _ in COVERAGES)

    misses = [
        sum(((got - wanted) / margin) ** 2 for got, (_, wanted, margin) in zip(shares(one), COVERAGES, strict=True))
        for one in FACTORS
    ]
    factor = float(FACTORS[int(np.argmin(misses))])
    return round(factor, 3), shares(factor)
