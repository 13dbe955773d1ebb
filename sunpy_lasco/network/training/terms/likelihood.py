"""
The likelihood of the truth, given the uncertainty of a network.
"""

import torch
from torch import nn

from sunpy_lasco.network.training.terms.regions import binned, mean_over

__all__ = ["LikelihoodLoss"]

#: Scale of a Laplace distribution over its 1 sigma.
LAPLACE = 2.0**-0.5


class LikelihoodLoss(nn.Module):
    """
    Negative logarithm of the likelihood, of pixels and of cells of 4 x 4 pixels.

    The uncertainty is that of the scene.  The noise of the truth is added; it averages out in cells, while the
    uncertainty does not.  The gradient acts on the uncertainty only; the other terms determine the expected value.

    Parameters
    ----------
    kind : `str`, optional
        ``"laplace"`` or ``"gaussian"``.
    side : `int`, optional
        Side of the cells, pixel.
    """

    def __init__(self, kind="laplace", side=4):
        super().__init__()
        if kind not in ("laplace", "gaussian"):
            msg = f"There is no likelihood of kind {kind!r}; there are laplace and gaussian."
            raise ValueError(msg)
        self.kind, self.side = kind, side

    def _negative_log(self, error, sigma):
        if self.kind == "laplace":
            scale = LAPLACE * sigma
            return error.abs() / scale + torch.log(scale)
        return 0.5 * (error / sigma) ** 2 + torch.log(sigma)

    def forward(self, stages, batch):
        """Value of the term; 0 for a network without uncertainty."""
        loss = 0.0 * stages[-1].output.sum()
        for stage in stages:
            if stage.log_ratio is None:
                continue
            region = batch.known * stage.ring
            sigma = batch.sigma * torch.exp(stage.log_ratio)
            error = (stage.output - batch.truth).detach()
            pixel = self._negative_log(error, torch.hypot(sigma, batch.noise))
            means, share = binned(error, region, self.side)
            spread, _ = binned(sigma, region, self.side)
            cells = self._negative_log(means, torch.hypot(spread, batch.noise / self.side) + 1e-6)
            loss = loss + mean_over(pixel, region) + mean_over(cells, share * (share > 0.5))
        return loss
