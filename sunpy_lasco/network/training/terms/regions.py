"""
Where the networks of a cascade are scored.
"""

import torch
from torch.nn import functional

__all__ = ["binned", "composited", "inner", "mean_over", "ring"]


def inner(stage, batch):
    """Pixels still missing after a network, where the truth is known: 1 - M(l), (N, 1, H, W)."""
    return (1 - stage.after) * batch.known


def ring(stage, batch):
    """Ring of a network, where the truth is known: M(l-1) XOR M(l), (N, 1, H, W)."""
    return stage.ring * batch.known


def composited(stages, batch):
    """
    Output of the cascade as a whole, (N, 1, H, W): each network in its own ring, the truth elsewhere.

    Outside the rings and the hole it is the base.
    """
    return batch.base + sum(stage.ring * batch.hole * (stage.output - batch.base) for stage in stages)


def mean_over(values, region):
    """
    Mean of values over a region, given by non-negative weights (N, 1, H, W): of each image, then over the images that
    have such a region; 0 if there are none.
    """
    size = region.sum(dim=(1, 2, 3))
    total = torch.where(region > 0, values * region, torch.zeros_like(values)).sum(dim=(1, 2, 3))
    return (total / size.clamp(min=1e-6)).sum() / (size > 0).sum().clamp(min=1)


def binned(values, region, side):
    """
    Means over the parts of square cells that belong to a region, (N, 1, H / side, W / side), and the fraction of each
    cell that does.
    """
    share = functional.avg_pool2d(region, side)
    total = functional.avg_pool2d(torch.where(region > 0, values, torch.zeros_like(values)) * region, side)
    return total / share.clamp(min=1e-6), share
