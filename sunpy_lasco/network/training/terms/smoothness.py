"""
Smoothness of a fill, and continuity with its surroundings.
"""

import torch
from torch import nn
from torch.nn import functional

from sunpy_lasco.network.training.terms.regions import binned, composited, mean_over

__all__ = ["EdgeLoss", "TotalVariationLoss"]


class EdgeLoss(nn.Module):
    """
    Continuity across the edge of a hole.

    Mean difference between the jump of the fill and that of the truth, over pairs of pixels on both sides of the edge.

    Parameters
    ----------
    side : `int`, optional
        Side of the cells over which noise is averaged, pixel.
    """

    def __init__(self, side=2):
        super().__init__()
        self.side = side

    def forward(self, stages, batch):
        """Value of the term for a cascade."""
        error, share = binned(composited(stages, batch) - batch.truth, batch.known, self.side)
        measured = functional.avg_pool2d(batch.masks[:, :1], self.side) > 0.5
        inside = (share > 0.5) & ~measured
        # How many measured neighbours a cell of the hole has, up to four.
        cross = torch.tensor([[0.0, 1, 0], [1, 0, 1], [0, 1, 0]], device=error.device, dtype=error.dtype)
        pairs = functional.conv2d(measured.to(error.dtype), cross[None, None], padding=1)
        # What was measured outside is the same in both jumps: their difference is the error inside.
        return mean_over(error.abs(), pairs * inside)


class TotalVariationLoss(nn.Module):
    """
    Mean absolute step between neighbouring pixels of the fill.

    It is in the public code of the paper, not in its text.
    """

    def forward(self, stages, batch):
        """Value of the term for a cascade."""
        output = composited(stages, batch)
        loss = 0.0
        for axis in (2, 3):
            length = output.shape[axis] - 1
            first, second = (output.narrow(axis, k, length) for k in (0, 1))
            both = batch.hole.narrow(axis, 0, length) * batch.hole.narrow(axis, 1, length)
            loss = loss + mean_over((second - first).abs(), both)
        return loss
