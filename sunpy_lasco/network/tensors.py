"""
Windows as tensors, for training and repair.
"""

from dataclasses import dataclass, fields

import numpy as np
import torch

from sunpy_lasco.network.cascade import Cascade
from sunpy_lasco.network.windows import CONDITIONS, WINDOW_IMAGES
from sunpy_lasco.repair.neighbours import EXPOSURES

__all__ = ["Batch", "batch_of", "new_network", "run_network"]


@dataclass(eq=False)
class Batch:
    """
    Windows of a batch; values are in units of the output of the network (`Window.unit`).

    Shapes are (N, C, H, W), of scalars (N, 1, 1, 1).
    """

    #: Channels with masks: N x 10.
    images: torch.Tensor
    masks: torch.Tensor
    #: Channels that are known everywhere: N x 13.
    condition: torch.Tensor
    #: What is corrected; 0 where there is nothing.
    base: torch.Tensor
    #: Unit of the output over that of the image.
    scale: torch.Tensor
    #: Pixels to be filled.
    hole: torch.Tensor
    #: The truth, and where it is known within the hole.
    truth: torch.Tensor
    known: torch.Tensor
    #: Values of zero light, and of the background.
    dark: torch.Tensor
    zero: torch.Tensor
    #: 1 sigma of the noise of the truth.
    noise: torch.Tensor
    #: 1 sigma of the base.
    sigma: torch.Tensor

    def to(self, device):
        """The batch on another device."""
        return Batch(**{field.name: getattr(self, field.name).to(device) for field in fields(self)})

    def one(self, index):
        """A batch of one of the windows."""
        return Batch(**{field.name: getattr(self, field.name)[index : index + 1] for field in fields(self)})

    @property
    def mirrored(self):
        """The batch with rows mirrored; for aligned windows, about the line to the Sun."""
        parts = {
            field.name: getattr(self, field.name).flip(2).contiguous(memory_format=torch.channels_last)
            for field in fields(self)
        }
        # The vector away from the Sun is mirrored as well.
        parts["condition"][:, 2] *= -1
        return Batch(**parts)

    def joined(self, other):
        """A batch of the windows of both."""
        names = [field.name for field in fields(self)]
        return Batch(**{name: torch.cat([getattr(self, name), getattr(other, name)]) for name in names})

    @property
    def direction(self):
        """Unit vector away from the Sun along rows and columns of the image; N x 2."""
        return self.condition[:, 1:3]


#: 1 sigma of the noise of a pixel of a window, a mean over 2 x 2 stored ones turned
#: between them, in units of the noise of a stored pixel.
PIXEL_NOISE = 0.4


def batch_of(windows, *, unit_output=False):
    """
    Stack windows, or objects with the same attributes, into a `Batch`; with ``unit_output`` the network returns the
    image itself, 0 .. 1, and corrects no base.
    """

    def stack(name):
        return torch.from_numpy(np.stack([np.asarray(getattr(one, name), dtype=np.float32) for one in windows]))

    def numbers(name):
        return torch.tensor([float(getattr(one, name)) for one in windows]).reshape(-1, 1, 1, 1)

    # Channels last is the faster order for convolutions on processors.
    images, masks, condition = (
        stack(name).contiguous(memory_format=torch.channels_last) for name in ("images", "masks", "condition")
    )
    unit, scale = numbers("unit"), numbers("unit") / numbers("structure")
    base = torch.zeros_like(images[:, :1]) if unit_output else images[:, 1:2] / scale
    hole, known = stack("hole")[:, None], stack("truth_known")[:, None]
    return Batch(
        images=images,
        masks=masks,
        condition=condition,
        base=base,
        scale=scale,
        hole=hole,
        truth=known * (base + stack("truth")[:, None]),
        known=known,
        dark=-(stack("brightness")[:, None] + numbers("level")) / unit,
        zero=-numbers("level") / unit,
        noise=PIXEL_NOISE / unit,
        sigma=torch.exp(condition[:, 8:9]),
    )


def run_network(network, batch, *, forced=False):
    """
    Run a cascade on a batch and return a `Stage` for each network; if ``forced``, later networks are given the truth in
    earlier rings.
    """
    images, conditions = _seen(network.architecture)
    return network(
        batch.images[:, :images],
        batch.masks[:, :images],
        condition=batch.condition[:, :conditions] if conditions else None,
        base=batch.base,
        scale=batch.scale,
        truth=batch.truth if forced else None,
        known=batch.known if forced else None,
    )


def new_network(architecture):
    """A cascade of an architecture with random weights."""
    images, conditions = _seen(architecture)
    return Cascade(architecture, channels=images, condition=conditions).to(memory_format=torch.channels_last)


def _seen(architecture):
    """Numbers of images and conditions in the input of a network."""
    if architecture.output == "unit":
        return 1, 0
    # What exposures before and after show, and how far away in time they are, comes last.
    hidden = 0 if architecture.neighbours else EXPOSURES
    return len(WINDOW_IMAGES) - hidden, len(CONDITIONS) - hidden
