"""
Cascade of networks, each for its own ring of the hole.
"""

from dataclasses import dataclass

import torch
from torch import nn

from sunpy_lasco.network.partial import advance_mask
from sunpy_lasco.network.unet import PartialUNet

__all__ = ["Cascade", "Stage"]

#: The logarithm of the uncertainty stays within this of that of the base.
LOG_RANGE = 4.0


@dataclass(frozen=True, eq=False)
class Stage:
    """Output of one network of the cascade."""

    #: Its image, (N, 1, H, W), in units of the output.
    output: torch.Tensor
    #: Logarithm of the ratio of its uncertainty to that of the base, (N, 1, H, W); None if the network has none.
    log_ratio: torch.Tensor | None
    #: The mask before, M(l-1), and after it, M(l); (N, 1, H, W).
    before: torch.Tensor
    after: torch.Tensor

    @property
    def ring(self):
        """M(l-1) XOR M(l): the ring of this network."""
        return (self.before > 0) ^ (self.after > 0)


class Cascade(nn.Module):
    """
    L networks, each of which uses the results of the previous ones.

    Network l receives the image and the mask M(l-1), predicts all invalid pixels, and passes on the image with the mask
    M(l), which is M(l-1) grown by a given number of pixels; after the last network all pixels are valid. The natural
    update of the mask would fill any real hole in the first network.

    Parameters
    ----------
    architecture : `~sunpy_lasco.network.architecture.Architecture`
    channels : `int`, optional
        Channels of the image and of other images with masks of their own.
    condition : `int`, optional
        Channels of conditions known for every pixel.
    """

    def __init__(self, architecture, *, channels=1, condition=0):
        super().__init__()
        self.architecture = architecture
        outputs = 2 if architecture.output == "residual" else 1
        self.networks = nn.ModuleList(
            PartialUNet(architecture, channels, outputs, condition=condition) for _ in range(architecture.layers)
        )

    def forward(self, images, masks, *, condition=None, base=None, scale=None, truth=None, known=None):
        """
        Run all networks.

        Parameters
        ----------
        images, masks : `torch.Tensor`
            (N, C, H, W); the first channel is the image that is to be filled.
        condition : `torch.Tensor`, optional
            (N, G, H, W)
        base : `torch.Tensor`, optional
            The base that a residual network corrects, in units of the output; (N, 1, H, W).
        scale : `torch.Tensor`, optional
            Ratio of the unit of the output to that of the image, (N, 1, 1, 1); 1 by default.
        truth, known : `torch.Tensor`, optional
            The true image in units of the output, and the mask of known pixels, (N, 1, H, W).  With these, each network
            but the first is given the truth in earlier rings instead of the results there (teacher forcing).

        Returns
        -------
        `list` of `Stage`
        """
        mask, image = masks[:, :1], images[:, :1]
        stages = []
        for number, network in enumerate(self.networks):
            x, m = torch.cat([image, images[:, 1:]], dim=1), torch.cat([mask, masks[:, 1:]], dim=1)
            said, _ = network(x, m, condition)
            log_ratio = None
            if self.architecture.output == "residual":
                output = said[:, :1] if base is None else base + said[:, :1]
                log_ratio = LOG_RANGE * torch.tanh(said[:, 1:2] / LOG_RANGE)
            else:
                output = torch.sigmoid(said)
            last = number == len(self.networks) - 1
            after = torch.ones_like(mask) if last else advance_mask(mask, self.architecture.advance[number])
            stages.append(Stage(output, log_ratio, mask, after))
            if not last:
                filled = output if truth is None else torch.where(known > 0, truth, output)
                filled = filled if scale is None else filled * scale
                image, mask = torch.where(mask > 0, image, filled), after
        return stages
