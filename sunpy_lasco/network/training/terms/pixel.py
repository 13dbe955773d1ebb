"""
Differences pixel by pixel.
"""

from torch import nn

from sunpy_lasco.network.training.terms.regions import binned, composited, inner, mean_over, ring

__all__ = ["MultiScaleLoss", "PixelDifferenceLoss", "PixelInnerLoss"]


class PixelInnerLoss(nn.Module):
    """
    L1 over the pixels still missing after each network: eq. 5 of the paper.

    The paper sums over all pixels; this is the mean over the scored ones.
    """

    def forward(self, stages, batch):
        """Value of the term for a cascade."""
        return sum(mean_over((stage.output - batch.truth).abs(), inner(stage, batch)) for stage in stages)


class PixelDifferenceLoss(nn.Module):
    """
    L1 over the ring of each network: eqs 6 and 7 of the paper.

    The ring is M(l-1) XOR M(l), as in the text of the paper; its eq. 6 prints the product, which selects the pixels
    that were valid from the beginning.
    """

    def forward(self, stages, batch):
        """Value of the term for a cascade."""
        return sum(mean_over((stage.output - batch.truth).abs(), ring(stage, batch)) for stage in stages)


class MultiScaleLoss(nn.Module):
    """
    L1 of means over cells of 1, 2 and 4 pixels.

    Means over larger cells contain less unpredictable noise and determine the photometry.

    Parameters
    ----------
    weights : mapping, optional
        Weights by side of the cell, pixel.
    """

    def __init__(self, weights=None):
        super().__init__()
        self.weights = {1: 0.5, 2: 1.0, 4: 2.0} if weights is None else {int(k): v for k, v in weights.items()}

    def forward(self, stages, batch):
        """Value of the term for a cascade."""
        error = composited(stages, batch) - batch.truth
        loss = 0.0
        for side, weight in self.weights.items():
            means, share = binned(error, batch.known, side)
            loss = loss + weight * mean_over(means.abs(), share * (share > 0.25))
        return loss
