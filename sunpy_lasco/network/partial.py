"""
Partial convolution: a convolution over known pixels.
"""

from contextlib import nullcontext

import torch
from torch import nn
from torch.nn import functional

__all__ = ["PartialConv2d", "advance_mask"]


class PartialConv2d(nn.Module):
    """
    Convolution over the valid pixels of each window.

    ``O = W^T (X M) sum(1) / sum(M) + b`` if the window contains a valid pixel, and exactly 0 otherwise; the mask of the
    output is valid if the window contains a valid pixel (Liu et al. 2018, arXiv 1804.07723).

    Parameters
    ----------
    in_channels, out_channels : `int`
    kernel_size : `int`
        Odd.
    stride, dilation : `int`, optional

    Notes
    -----
    ``sum(1)`` counts the pixels of the window inside the image, so its border does not count as missing data, and with
    a full mask this is a plain convolution with zeros around the image.  The ratio has single precision, whatever the
    precision of the features.
    """

    def __init__(self, in_channels, out_channels, kernel_size, *, stride=1, dilation=1):
        super().__init__()
        if kernel_size % 2 == 0:
            msg = f"The kernel of a partial convolution needs a middle; its side is {kernel_size}."
            raise ValueError(msg)
        self.stride, self.dilation = stride, dilation
        self.padding = dilation * (kernel_size // 2)
        self.weight = nn.Parameter(torch.empty(out_channels, in_channels, kernel_size, kernel_size))
        self.bias = nn.Parameter(torch.zeros(out_channels))
        nn.init.kaiming_normal_(self.weight, a=0.1)
        self.register_buffer("window", torch.ones(1, 1, kernel_size, kernel_size), persistent=False)

    def _sum(self, mask):
        """Sum of a one-channel mask over each window."""
        return functional.conv2d(
            mask, self.window.to(mask.dtype), stride=self.stride, padding=self.padding, dilation=self.dilation
        )

    def _ratio(self, mask, channels):
        """sum(1) / sum(M), 0 for empty windows; and the mask of the others."""
        share = mask.float()
        per_channel = channels if share.shape[1] == 1 else 1
        device = share.device.type
        full = torch.autocast(device, enabled=False) if torch.amp.is_autocast_available(device) else nullcontext()
        with full:
            valid = per_channel * self._sum(share.sum(dim=1, keepdim=True))
            everything = channels * self._sum(torch.ones_like(share[:1, :1]))
        some = valid > 0
        return torch.where(some, everything / valid.clamp(min=1.0), 0.0), some

    def forward(self, x, mask, *, masked=False):
        """
        Convolve values, (N, C, H, W), which are valid where the mask, (N, C or 1, H, W), is 1; if the mask is None, all
        are valid.

        Invalid values are ignored, even NaN; ``masked`` states that they are known to be 0.  Returns features, (N, C',
        H', W'), and their mask, (N, 1, H', W'), or None.
        """
        if mask is None:
            weight, bias = self.weight.to(x.dtype), self.bias.to(x.dtype)
            steps = {"stride": self.stride, "padding": self.padding, "dilation": self.dilation}
            return functional.conv2d(x, weight, bias, **steps), None
        with torch.no_grad():
            ratio, some = self._ratio(mask, x.shape[1])
        known = x if masked else torch.where(mask > 0, x, torch.zeros((), dtype=x.dtype, device=x.device))
        sums = functional.conv2d(
            known, self.weight.to(x.dtype), stride=self.stride, padding=self.padding, dilation=self.dilation
        )
        valid = some.to(mask.dtype)
        out = (sums.float() * ratio + self.bias.float()[:, None, None] * valid).to(sums.dtype)
        return out, valid


def advance_mask(mask, pixels):
    """
    Grow the valid part of a mask, (N, 1, H, W), by some pixels, at least 1, along rows and columns.
    """
    return functional.max_pool2d(mask, 2 * pixels + 1, stride=1, padding=pixels)
