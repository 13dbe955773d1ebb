"""
A UNet of partial convolutions.
"""

import torch
from torch import nn
from torch.nn import functional

from sunpy_lasco.network.partial import PartialConv2d

__all__ = ["PartialStage", "PartialUNet"]

#: Slope of the activation for negative values.
SLOPE = 0.1


class PartialStage(nn.Module):
    """
    A partial convolution with condition and activation.

    Parameters
    ----------
    in_channels, out_channels, kernel_size : `int`
    condition : `int`, optional
        Channels of conditions known for every pixel, which are added by a plain 1 x 1 convolution.
    stride, dilation : `int`, optional
    norm : `bool`, optional
        Batch normalisation.
    residual : `bool`, optional
        A second partial convolution whose output is added to that of the first.
    active : `bool`, optional
        Whether to apply the activation.
    """

    def __init__(
        self, in_channels, out_channels, kernel_size, *,
        condition=0, stride=1, dilation=1, norm=False, residual=False, active=True,
    ):  # fmt: skip
        super().__init__()
        self.conv = PartialConv2d(in_channels, out_channels, kernel_size, stride=stride, dilation=dilation)
        self.condition = nn.Conv2d(condition, out_channels, 1, bias=False) if condition else None
        self.norm = nn.BatchNorm2d(out_channels) if norm else None
        self.residual = PartialConv2d(out_channels, out_channels, 3) if residual else None
        self.active = active

    def forward(self, x, mask, conditions=None, *, masked=True):
        """Features and mask of the next layer: (N, C', H', W') and (N, 1, H', W'), or None if all is valid."""
        x, mask = self.conv(x, mask, masked=masked)
        if mask is not None and not torch.is_grad_enabled() and bool(mask.all()):
            # A mask of ones changes nothing, and takes most of the time.
            mask = None
        if self.condition is not None:
            x = x + self.condition(conditions[x.shape[-1]])
        if self.norm is not None:
            x = self.norm(x)
        if self.active:
            x = functional.leaky_relu(x, SLOPE)
        if self.residual is not None:
            x = _valid(x, mask)
            x = x + functional.leaky_relu(self.residual(x, mask, masked=True)[0], SLOPE)
        return _valid(x, mask), mask


def _valid(x, mask):
    """Features multiplied by a mask; None is a mask of ones."""
    return x if mask is None else x * mask


class PartialUNet(nn.Module):
    """
    Encoder and decoder of partial convolutions.

    Parameters
    ----------
    architecture : `~sunpy_lasco.network.architecture.Architecture`
    in_channels, out_channels : `int`
    condition : `int`, optional
        Channels of conditions known for every pixel.

    Notes
    -----
    Masks are concatenated like their features.  Attention, if there is any, is among the positions of one image.  With
    ``output="residual"`` the last layer is initially zero.
    """

    def __init__(self, architecture, in_channels, out_channels, *, condition=0):
        super().__init__()
        a = architecture
        self.pool, self.skip = a.pool, a.skip
        common = {"condition": condition, "norm": a.norm == "batch"}
        last = len(a.channels) - 1
        widths = (in_channels, *a.channels)
        # The published encoder ends without norm and activation.
        bare = a.skip == "add"
        self.encoder = nn.ModuleList(
            PartialStage(
                widths[k],
                widths[k + 1],
                a.kernels[k],
                stride=2 if k and a.pool == "stride" else 1,
                residual=a.residual_encoder,
                active=not (bare and k == last),
                **(common | ({"norm": False} if bare and k == last else {})),
            )
            for k in range(last + 1)
        )
        self.middle = None if a.heads else PartialStage(a.channels[-1], a.channels[-1], 3, dilation=2, **common)
        self.attention = nn.MultiheadAttention(a.channels[-1], a.heads, batch_first=True) if a.heads else None
        self.decoder = nn.ModuleList()
        for step, kernel in enumerate(a.decoder_kernels[:-1]):
            fine, coarse = a.channels[last - 1 - step], a.channels[last - step]
            inputs = coarse if a.skip == "add" else coarse + fine
            self.decoder.append(PartialStage(inputs, fine, kernel, residual=a.residual_decoder, **common))
        self.head = PartialConv2d(a.channels[0], out_channels, a.decoder_kernels[-1])
        if a.output == "residual":
            nn.init.zeros_(self.head.weight)

    def forward(self, x, mask, condition=None):
        """
        Run the network on features (N, C, H, W) with a mask, (N, C or 1, H, W), and a condition, (N, G, H, W); return
        features (N, C', H, W) and their mask, (N, 1, H, W).
        """
        kept = []
        conditions = _pyramid(condition, len(self.encoder))
        for number, stage in enumerate(self.encoder):
            if number and self.pool == "max":
                # Invalid values are 0 and must not exceed negative ones.
                low = x if mask is None else torch.where(mask > 0, x, torch.full_like(x, -torch.inf))
                x = functional.max_pool2d(low, 2)
                if mask is not None:
                    mask = functional.max_pool2d(mask, 2)
                    x = torch.where(mask > 0, x, torch.zeros_like(x))
            x, mask = stage(x, mask, conditions, masked=number > 0)
            kept.append((x, mask))
        kept.pop()
        x, mask = self._at_the_bottom(x, mask, conditions)
        for stage in self.decoder:
            skipped, its_mask = kept.pop()
            if self.skip == "add":
                x, mask = stage(x, mask, conditions)
                x = _finer(x) + skipped
                mask = None if mask is None or its_mask is None else torch.maximum(_finer(mask), its_mask)
            else:
                coarse, x = x.shape[1], torch.cat([_finer(x), skipped], dim=1)
                x, mask = stage(x, _joined(mask, coarse, its_mask, skipped), conditions)
        x, mask = self.head(x, mask, masked=True)
        return x, _ones(x) if mask is None else mask

    def _at_the_bottom(self, x, mask, conditions):
        if self.attention is None:
            return self.middle(x, mask, conditions)
        places = x.flatten(2).transpose(1, 2)
        mixed, _ = self.attention(places, places, places, need_weights=False)
        mixed = mixed.transpose(1, 2).reshape(x.shape)
        return mixed if mask is None else torch.where(mask > 0, mixed, torch.zeros_like(mixed)), mask


def _ones(x):
    """Mask of ones, (N, 1, H, W)."""
    return torch.ones_like(x[:, :1])


def _joined(mask, channels, its_mask, skipped):
    """Masks of upsampled and skipped channels together, (N, C, H, W); None if all is valid."""
    if mask is None and its_mask is None:
        return None
    its_mask = _ones(skipped) if its_mask is None else its_mask
    mask = torch.ones_like(its_mask) if mask is None else _finer(mask)
    return torch.cat([mask.expand(-1, channels, -1, -1), its_mask.expand(-1, skipped.shape[1], -1, -1)], dim=1)


def _pyramid(condition, scales):
    """Conditions at each scale, by the width of the images."""
    found = {}
    for _ in range(scales if condition is not None else 0):
        found[condition.shape[-1]] = condition
        condition = functional.avg_pool2d(condition, 2)
    return found


def _finer(x):
    """Twice as many pixels along each axis."""
    return functional.interpolate(x, scale_factor=2, mode="nearest")
