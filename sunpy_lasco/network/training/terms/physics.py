"""
Terms from the physics of the corona.

The paper names a functional on W(1,1) and two Lagrange multipliers without defining them.
Here the functional is of first order and bounded for functions of bounded variation, so
that fronts and rays may have edges.
"""

import torch
from torch import nn

from sunpy_lasco.network.training.terms.regions import binned, composited, mean_over

__all__ = ["AdmissibilityLoss", "FluxLoss", "RadialGradientLoss"]

#: A fill is not darker than this share of the background.
DARKEST_SHARE = 0.8
#: Errors of a mean beyond this many sigma count little more.
LARGEST_PULL = 5.0


class RadialGradientLoss(nn.Module):
    """
    Differences of the gradients along the radius and, with less weight, around the Sun.

    ``1/|H| Int_H ( |d_r (u - u_gt)| + tangential |d_t (u - u_gt)| )`` of means over
    cells; without these means the gradient would be that of the noise.

    Parameters
    ----------
    tangential : `float`, optional
        Weight of the tangential part.
    side : `int`, optional
        Side of the cells, pixel.
    """

    def __init__(self, tangential=0.5, side=2):
        super().__init__()
        self.tangential, self.side = tangential, side

    def forward(self, stages, batch):
        """Value of the term for a cascade."""
        error, share = binned(composited(stages, batch) - batch.truth, batch.known, self.side)
        direction = nn.functional.avg_pool2d(batch.direction, self.side)
        right = error[..., :-1, 1:] - error[..., :-1, :-1]
        down = error[..., 1:, :-1] - error[..., :-1, :-1]
        good = (share[..., :-1, :-1] > 0.5) & (share[..., :-1, 1:] > 0.5) & (share[..., 1:, :-1] > 0.5)
        cos, sin = direction[:, :1, :-1, :-1], direction[:, 1:, :-1, :-1]
        radial, tangential = (cos * right + sin * down).abs(), (cos * down - sin * right).abs()
        return mean_over(radial + self.tangential * tangential, good.to(error.dtype))


class AdmissibilityLoss(nn.Module):
    """
    How far a fill lies below zero, and below the F corona alone.

    It needs no truth.  The second limit is 0.8 of the background model, such as SolarSoft's.

    Parameters
    ----------
    share : `float`, optional
        Fraction of the background below which a fill counts as too dark.
    """

    def __init__(self, share=DARKEST_SHARE):
        super().__init__()
        self.share = share

    def forward(self, stages, batch):
        """Value of the term for a cascade."""
        output = composited(stages, batch)
        # The background expects the signal zero of the working space, which lies this far
        # above no light.
        expected = (batch.zero - batch.dark).clamp(min=0.0)
        dark = torch.relu(batch.dark - output) + torch.relu(batch.zero - (1 - self.share) * expected - output)
        return mean_over(dark, batch.hole)


class FluxLoss(nn.Module):
    """
    Error of the mean over a hole in units of its noise, which grows slowly beyond 5.

    The flux of a hole is proportional to the mass in it.

    Parameters
    ----------
    largest : `float`, optional
        Scale beyond which larger pulls add little.
    """

    def __init__(self, largest=LARGEST_PULL):
        super().__init__()
        self.largest = largest

    def forward(self, stages, batch):
        """Value of the term for a cascade."""
        number = batch.known.sum((1, 2, 3)).clamp(min=1.0)
        mean = ((composited(stages, batch) - batch.truth) * batch.known).sum((1, 2, 3)) / number
        pull = mean.abs() * number.sqrt() / batch.noise.reshape(-1)
        return (self.largest * torch.log1p(pull / self.largest)).mean()
