import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the network needs torch")

from safetensors.torch import save_file  # noqa: E402

import sunpy_lasco  # noqa: E402
from sunpy_lasco.errors import AssetError, MissingAssetError  # noqa: E402
from sunpy_lasco.network import weights as module  # noqa: E402
from sunpy_lasco.network.architecture import Architecture  # noqa: E402
from sunpy_lasco.network.tensors import new_network  # noqa: E402
from sunpy_lasco.network.weights import (  # noqa: E402
    Trained,
    load_weights,
    network_for,
    save_weights,
)
from sunpy_lasco.repair.crop import LEARNT_METHODS, METHODS, get_method  # noqa: E402

fill = get_method("network")


def test_saved_and_loaded_to_the_bit(tmp_path, trained):
    again = load_weights(save_weights(tmp_path / "a" / "network.safetensors", trained))
    for name, value in trained.networks[0].state_dict().items():
        assert torch.equal(again.networks[0].state_dict()[name], value)
    assert again.networks[0].architecture == trained.networks[0].architecture
    assert (again.camera, again.card, again.records) == ("C3", trained.card, trained.records)
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["network.safetensors"]


def test_same_weights_same_fill(tmp_path, trained, rough):
    path = save_weights(tmp_path / "network.safetensors", trained)
    one, other = fill(rough(), weights=path), fill(rough(), weights=trained)
    assert np.array_equal(one.z, other.z, equal_nan=True)
    assert np.array_equal(one.sigma, other.sigma, equal_nan=True)


@pytest.mark.parametrize("damage", ["cut", "bits", "garbage", "foreign", "architecture"])
def test_damaged_and_foreign_files_are_refused(tmp_path, trained, damage):
    path = save_weights(tmp_path / "network.safetensors", trained)
    content = bytearray(path.read_bytes())
    if damage == "cut":
        path.write_bytes(content[:-100])
    elif damage == "bits":
        content[-5] ^= 0x40
        path.write_bytes(content)
    elif damage == "garbage":
        path.write_bytes(b"no weights at all")
    elif damage == "foreign":
        save_file({"weight": torch.zeros(3)}, path, metadata={"format": "pt"})
    else:
        other = Trained((new_network(Architecture(channels=(4,), kernels=(3,), decoder_kernels=(3,))),), "C3")
        object.__setattr__(other.networks[0], "architecture", trained.networks[0].architecture)
        save_weights(path, other)
    with pytest.raises(AssetError, match=r"network\.safetensors"):
        load_weights(path)


def test_missing_file_and_other_camera(tmp_path, trained, rough):
    with pytest.raises(MissingAssetError, match="no such file"):
        fill(rough(), weights=tmp_path / "nothing.safetensors")
    with pytest.raises(AssetError, match="trained for C3, not C2"):
        fill(rough(camera="C2"), weights=trained)


def test_without_a_network_the_error_says_how_to_train(monkeypatch, tmp_path, raw_map, losing):
    monkeypatch.setattr(module, "packaged_file", lambda _camera, neighbours=False: tmp_path / "nothing.safetensors")
    module.packaged_weights.cache_clear()
    with pytest.raises(MissingAssetError, match="sunpy-lasco train"):
        network_for("C3")
    with pytest.raises(MissingAssetError, match="sunpy-lasco train"):
        sunpy_lasco.inpaint(losing.without(raw_map(), [(8, 20)]), "network")
    module.packaged_weights.cache_clear()


def test_it_is_a_method_of_its_own():
    assert set(METHODS).isdisjoint(LEARNT_METHODS)
    with pytest.raises(ValueError, match="network"):
        get_method("neural")


def test_untrained_network_is_its_base(rough, architecture):
    torch.manual_seed(1)
    for crop in (rough(), rough(blocks=((1, 1), (1, 2), (2, 2)))):
        found = fill(crop, weights=Trained((new_network(architecture).eval(),), "C3"))
        base = get_method("mixture")(crop)
        assert np.allclose(found.z, base.z, equal_nan=True)
        assert np.allclose(found.sigma, base.sigma, equal_nan=True)


def test_corrections_stay_where_they_belong(trained, rough):
    crop = rough()
    found, base = fill(crop, weights=trained), get_method("mixture")(crop)
    assert np.isnan(found.z[~crop.hole]).all()
    assert np.isfinite(found.z[crop.hole]).all()
    change = (found.z - base.z)[crop.hole]
    assert 0.01 < np.abs(change).max() < 5
    assert (found.sigma[crop.hole] > 0).all()


def test_sigma_has_the_factor_of_the_card(trained, rough):
    crop = rough()
    other = dataclasses.replace(trained, records={"alone": {"single": {"sigma": 3.0}}})
    ratio = fill(crop, weights=other).sigma / fill(crop, weights=trained).sigma
    assert ratio[crop.hole] == pytest.approx(2.0)


def test_published_kind_of_network_fills(rough):
    torch.manual_seed(2)
    small = Architecture(
        channels=(4, 8, 8), kernels=(9, 7, 5), decoder_kernels=(5, 3, 3), advance=(8,), skip="add", pool="max",
        norm="batch", heads=2, output="unit", normalisation="histogram", size=128, step=1, aligned=False,
    )  # fmt: skip
    crop = rough()
    found = fill(crop, weights=Trained((new_network(small).eval(),), "C3"))
    signal = crop.to_signal(found.z)[crop.hole]
    known = crop.signal[crop.known]
    assert signal.min() >= known.min()
    assert signal.max() <= known.max()
    assert (found.sigma[crop.hole] > 0).all()


def test_of_a_map(trained, raw_map, losing):
    torn = losing.without(raw_map(), [(8, 20), (20, 6)])
    filled = sunpy_lasco.inpaint(torn, "network", weights=trained)
    holes = losing.has(filled, "FILLED")
    assert holes.sum() == 2 * 1024
    assert np.isfinite(filled.data[holes]).all()
    assert np.array_equal(filled.data[~holes], torn.data[~holes].astype(np.float32))
    assert filled.meta["fillmeth"] == "network"
    truth = raw_map().data
    assert np.median(np.abs(filled.data[holes] / truth[holes] - 1)) < 0.05
