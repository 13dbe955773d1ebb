"""
The loss as a whole: terms with weights.
"""

from torch import nn

from sunpy_lasco.network.training.terms.likelihood import LikelihoodLoss
from sunpy_lasco.network.training.terms.perceptual import PerceptualLoss, StyleDifferenceLoss, StyleInnerLoss
from sunpy_lasco.network.training.terms.physics import AdmissibilityLoss, FluxLoss, RadialGradientLoss
from sunpy_lasco.network.training.terms.pixel import MultiScaleLoss, PixelDifferenceLoss, PixelInnerLoss
from sunpy_lasco.network.training.terms.smoothness import EdgeLoss, TotalVariationLoss

__all__ = ["TERMS", "WITH_FEATURES", "TotalLoss"]

#: Terms by name.
TERMS = {
    "pixel_inner": PixelInnerLoss,
    "pixel_difference": PixelDifferenceLoss,
    "perceptual": PerceptualLoss,
    "style_inner": StyleInnerLoss,
    "style_difference": StyleDifferenceLoss,
    "radial_gradient": RadialGradientLoss,
    "admissibility": AdmissibilityLoss,
    "flux": FluxLoss,
    "edge": EdgeLoss,
    "total_variation": TotalVariationLoss,
    "multi_scale": MultiScaleLoss,
    "likelihood": LikelihoodLoss,
}
#: Those that need features.
WITH_FEATURES = ("perceptual", "style_inner", "style_difference")


class TotalLoss(nn.Module):
    """
    Weighted sum of terms.

    Parameters
    ----------
    weights : mapping
        Weights by name of the term, see `TERMS`; terms of weight 0 are not computed.
    extractor : `~sunpy_lasco.network.training.terms.perceptual.FeatureExtractor`, optional
        For the terms that need features.

    Raises
    ------
    ValueError
        If a term is unknown, or needs features and there are none.
    """

    def __init__(self, weights, *, extractor=None):
        super().__init__()
        if unknown := sorted(set(weights) - set(TERMS)):
            msg = f"There is no term {', '.join(unknown)}; there are {', '.join(TERMS)}."
            raise ValueError(msg)
        self.weights = {name: float(weight) for name, weight in weights.items() if weight}
        if extractor is None and (lacking := [name for name in self.weights if name in WITH_FEATURES]):
            msg = f"{', '.join(lacking)} need features: name an extractor, or give them the weight 0."
            raise ValueError(msg)
        self.terms = nn.ModuleDict(
            {name: TERMS[name](extractor) if name in WITH_FEATURES else TERMS[name]() for name in self.weights}
        )

    def forward(self, stages, batch):
        """The loss, and its terms by name before weighting, without gradient."""
        values = {name: term(stages, batch) for name, term in self.terms.items()}
        total = sum(self.weights[name] * value for name, value in values.items())
        return total, {name: value.detach() for name, value in values.items()}
