import hashlib

import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

from sunpy_lasco.errors import AssetError, MissingAssetError  # noqa: E402
from sunpy_lasco.network.training.terms import perceptual as efficientnet  # noqa: E402
from sunpy_lasco.network.training.terms import perceptual as extractors  # noqa: E402
from sunpy_lasco.network.training.terms.perceptual import (  # noqa: E402
    EfficientNetFeatures,
    FeatureExtractor,
    vgg19_weights,
)


@pytest.fixture
def stored(tmp_path, monkeypatch):
    """Weights in torch's cache, with a matching hash in the name."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    path = tmp_path / "hub" / "checkpoints" / extractors.FILE
    path.parent.mkdir(parents=True)
    torch.manual_seed(1)
    state = {
        f"features.{name}": torch.randn_like(value)
        for name, value in torch.nn.Sequential(*FeatureExtractor("random").features).state_dict().items()
    }
    torch.save({**state, "classifier.0.weight": torch.zeros(2, 2)}, path)
    monkeypatch.setattr(extractors, "SHA256_PREFIX", hashlib.sha256(path.read_bytes()).hexdigest()[:8])
    return path, state


def test_weights_from_the_cache_and_from_a_path(stored, monkeypatch):
    path, state = stored
    for found in (vgg19_weights(), vgg19_weights(path)):
        assert set(found) == set(state)
    features = FeatureExtractor(vgg19_weights())
    assert torch.equal(features.features[0].weight, state["features.0.weight"])
    assert [part.shape[1] for part in features(torch.rand(1, 1, 16, 16))] == [64, 128, 256]


def test_no_weights(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(MissingAssetError, match=r"vgg19-dcbb9e9d\.pth.*random"):
        vgg19_weights()


def test_download_that_fails_names_the_place(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(extractors, "URL", "http://127.0.0.1:9/vgg19-dcbb9e9d.pth")
    with pytest.raises(MissingAssetError, match="Put the file at"):
        vgg19_weights(download=True)


def test_wrong_hash(stored):
    path, _ = stored
    path.write_bytes(path.read_bytes() + b"more")
    with pytest.raises(AssetError, match="SHA-256"):
        vgg19_weights(path)


class Harmful:
    def __reduce__(self):
        return print, ("run",)


def test_files_that_would_run_code_are_refused(stored, monkeypatch, capsys):
    path, _ = stored
    torch.save({"features.0.weight": Harmful()}, path)
    monkeypatch.setattr(extractors, "SHA256_PREFIX", hashlib.sha256(path.read_bytes()).hexdigest()[:8])
    with pytest.raises(AssetError, match="cannot be read"):
        vgg19_weights(path)
    assert "run" not in capsys.readouterr().out.split()


def test_features_of_a_package():
    features = EfficientNetFeatures()
    image = torch.rand(2, 1, 48, 48, requires_grad=True)
    found = features(image)
    assert [part.shape[1:] for part in found] == [(16, 24, 24), (24, 12, 12), (40, 6, 6)]
    sum(part.square().mean() for part in found).backward()
    assert image.grad.abs().min() >= 0
    assert image.grad.abs().max() > 0
    assert not [name for name, part in features.named_parameters() if part.requires_grad]
    assert features.state_dict() == {}
    assert not features.train().training
    # Trained weights, which are the same each time.
    assert torch.equal(found[2], EfficientNetFeatures()(image)[2])


def test_features_of_a_package_that_is_absent_or_another(monkeypatch):
    monkeypatch.setattr(efficientnet, "EFFICIENTNET_SHA256", "00000000")
    with pytest.raises(AssetError, match="other weights"):
        EfficientNetFeatures()
    monkeypatch.setattr(efficientnet, "PACKAGES", ("a_package_that_is_not_there",))
    with pytest.raises(MissingAssetError, match="features"):
        EfficientNetFeatures()
