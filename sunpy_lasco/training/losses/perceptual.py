"""
Differences of features and of their correlations.

On the noise of real frames these terms make a network add texture like noise, which
photometry must not have; they are here for the recipe of the paper.
"""

import torch
from torch import nn

from sunpy_lasco.training.losses.regions import inner, ring

__all__ = ["PerceptualLoss", "StyleDifferenceLoss", "StyleInnerLoss"]


def _unit(image, batch):
    """Values brought to 0 .. 1 over the range of what is known of the truth."""
    large = torch.where(batch.known > 0, batch.truth, torch.full_like(batch.truth, -torch.inf)).amax((1, 2, 3))
    small = torch.where(batch.known > 0, batch.truth, torch.full_like(batch.truth, torch.inf)).amin((1, 2, 3))
    empty = ~torch.isfinite(large)
    large, small = (torch.where(empty, torch.zeros_like(one), one).reshape(-1, 1, 1, 1) for one in (large, small))
    return (image - small) / (large - small).clamp(min=1e-3)


class _FeatureLoss(nn.Module):
    """What compares features of the output in a region with those of the truth in it."""

    regions = ()

    def __init__(self, extractor):
        super().__init__()
        self.extractor = extractor

    def forward(self, stages, batch):
        """A number for the cascade."""
        loss = 0.0
        truth = _unit(batch.truth, batch)
        for stage in stages:
            output = _unit(stage.output, batch)
            for choose in self.regions:
                region = choose(stage, batch)
                if not region.any():
                    continue
                with torch.no_grad():
                    wanted = self.extractor(truth * region)
                for mine, its in zip(self.extractor(output * region), wanted, strict=True):
                    loss = loss + self.compare(mine, its)
        return loss if torch.is_tensor(loss) else 0.0 * stages[-1].output.sum()


class PerceptualLoss(_FeatureLoss):
    """
    L1 of features of what is missing and of the ring, over their number: eqs 8 to 10.

    Parameters
    ----------
    extractor : `~sunpy_lasco.training.losses.extractors.FeatureExtractor`
    """

    regions = (inner, ring)

    @staticmethod
    def compare(mine, its):
        """Mean difference of features."""
        return (mine - its).abs().mean()


def _gram(features):
    """Correlations of features, (N, C, C)."""
    flat = features.flatten(2)
    return flat @ flat.transpose(1, 2)


class _StyleLoss(_FeatureLoss):
    @staticmethod
    def compare(mine, its):
        """Difference of correlations over C**3 H W, per image."""
        number, channels, height, width = mine.shape
        return (_gram(mine) - _gram(its)).abs().sum() / (number * channels**3 * height * width)


class StyleInnerLoss(_StyleLoss):
    """
    L1 of the correlations of features of what is missing after each network: eq. 11.

    Parameters
    ----------
    extractor : `~sunpy_lasco.training.losses.extractors.FeatureExtractor`
    """

    regions = (inner,)


class StyleDifferenceLoss(_StyleLoss):
    """
    L1 of the correlations of features of the ring of each network: eq. 12.

    Parameters
    ----------
    extractor : `~sunpy_lasco.training.losses.extractors.FeatureExtractor`
    """

    regions = (ring,)
