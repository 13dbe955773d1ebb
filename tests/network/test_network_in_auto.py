import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the network needs torch")

import sunpy_lasco  # noqa: E402
from sunpy_lasco import simulate  # noqa: E402
from sunpy_lasco.network import method  # noqa: E402
from sunpy_lasco.network import weights as choice  # noqa: E402
from sunpy_lasco.network.held_back import (  # noqa: E402
    STRATA,
    is_better,
    stratum,
)
from sunpy_lasco.network.tensors import new_network  # noqa: E402
from sunpy_lasco.network.weights import Trained, save_weights  # noqa: E402
from sunpy_lasco.repair.crop import METHODS, Neighbour, fill_holes, get_method, usable_methods  # noqa: E402


def shipped(monkeypatch, trained, better):
    """A network that replaces the one of the package, with a record of the holes that it fills better."""
    records = {"alone": {kind: {"better": kind in better} for kind in STRATA}}
    monkeypatch.setattr(method, "is_ready", lambda _camera: True)
    monkeypatch.setattr(method, "packaged_records", lambda _camera: records)
    mine = dataclasses.replace(trained, records=records)
    monkeypatch.setattr(choice, "packaged_weights", lambda _camera: mine)


def test_auto_takes_the_network_where_it_is_better(monkeypatch, trained, raw_map, losing):
    torn = losing.without(raw_map(), [(8, 20), (20, 6), (21, 6)])
    shipped(monkeypatch, trained, {"single"})
    assert "network" in usable_methods("C3")
    filled = sunpy_lasco.inpaint(torn)
    assert filled.meta["fillmeth"] == "network, kriging"
    alone = sunpy_lasco.inpaint(torn, "kriging")
    network = sunpy_lasco.inpaint(torn, "network", weights=trained)
    columns = np.arange(1024) // 32
    single, few = (losing.has(filled, "FILLED") & np.isin(columns, mine) for mine in ((8,), (20, 21)))
    assert np.array_equal(filled.data[few], alone.data[few])
    assert np.allclose(filled.data[single], network.data[single], rtol=1e-6)
    assert not np.array_equal(filled.data[single], alone.data[single])
    shipped(monkeypatch, trained, set())
    assert np.array_equal(sunpy_lasco.inpaint(torn).data, alone.data, equal_nan=True)


def test_calibrate_uses_it(monkeypatch, trained, raw_map, losing):
    shipped(monkeypatch, trained, {"single"})
    level1 = sunpy_lasco.calibrate(losing.without(raw_map(), [(8, 20)]), assets="simulated")
    assert level1.meta["fillmeth"] == "network"


def test_auto_without_torch(monkeypatch, raw_map, losing):
    monkeypatch.setattr(method, "_has_torch", lambda: False)
    assert usable_methods("C3") == tuple(METHODS)
    filled = sunpy_lasco.inpaint(losing.without(raw_map(), [(8, 20)]))
    assert filled.meta["fillmeth"] == "kriging"


def test_level_1_and_other_filters_go_without(monkeypatch, trained, raw_map, losing):
    shipped(monkeypatch, trained, set(STRATA))
    torn = losing.without(raw_map(), [(8, 20)])
    meta = dict(torn.meta) | {"filter": "Orange"}
    assert sunpy_lasco.inpaint(torn._new_instance(torn.data, meta)).meta["fillmeth"] == "kriging"
    level1 = sunpy_lasco.calibrate(torn, assets="simulated", inpaint=None)
    assert sunpy_lasco.inpaint(level1).meta["fillmeth"] == "kriging"


def test_many_holes_at_a_time_are_the_same_as_one_by_one(trained, rough):
    crops = [rough(), rough(blocks=((1, 1), (1, 2), (2, 2))), rough(centre=(0, 300))]
    together = fill_holes("network", crops, weights=trained)
    for crop, one in zip(crops, together, strict=True):
        alone = get_method("network")(crop, weights=trained)
        assert np.allclose(alone.z, one.z, atol=1e-4, equal_nan=True)
        assert np.allclose(alone.sigma, one.sigma, rtol=1e-4, equal_nan=True)
    assert fill_holes("network", []) == []


def test_weight_of_the_record(trained, rough):
    crop, base = rough(), get_method("mixture")(rough())
    full = get_method("network")(crop, weights=trained)
    half = dataclasses.replace(trained, records={"alone": {"single": {"weight": 0.5}}})
    found = get_method("network")(crop, weights=half)
    assert np.allclose((found.z - base.z)[crop.hole], 0.5 * (full.z - base.z)[crop.hole])
    assert not is_better(crop, half.records)
    assert is_better(crop, {"alone": {"single": {"better": True}}})
    # There is no record for holes with neighbours.
    assert not is_better(crop, {"neighbours": {"single": {"better": True}}})


@pytest.mark.parametrize(
    ("options", "kind"),
    [({}, "single"), ({"blocks": ((1, 1), (2, 2))}, "few"), ({"blocks": ((0, 2),)}, "edge")],
)
def test_strata(rough, options, kind):
    assert stratum(rough(**options)) == kind


def test_stratum_at_the_occulter(rough):
    crop = rough(centre=(0, 100))
    hidden = np.hypot(crop.x, crop.y) < 80
    assert stratum(dataclasses.replace(crop, hidden=hidden)) == "occulter"
    crop = rough(centre=(0, 400))
    assert stratum(dataclasses.replace(crop, hidden=crop.y < 390)) == "border"


def seen_by(crop, value=4.0, hole=True):
    """A crop with two exposures before and two after that show the same corona, optionally without the hole."""
    image = np.where(crop.hole & ~np.array(hole), np.nan, np.where(crop.hole, value, crop.z))
    return dataclasses.replace(crop, neighbours=tuple(Neighbour(image, s, 1.0, 1.0) for s in (-720, 720, -1440, 1440)))


def test_the_network_of_the_package_is_for_single_frames(monkeypatch, trained, rough):
    monkeypatch.setattr(choice, "packaged_weights", lambda _camera: trained)
    for crop in (rough(), seen_by(rough())):
        (found,) = fill_holes("network", [crop])
        assert np.array_equal(found.z, get_method("network")(rough(), weights=trained).z, equal_nan=True)


@pytest.fixture
def with_neighbours(trained, tmp_path):
    """A file of weights of an untrained network for holes that other exposures show."""
    architecture = dataclasses.replace(trained.architecture, neighbours=True, alone=False)
    return save_weights(tmp_path / "mine.safetensors", Trained((new_network(architecture).eval(),), "C3"))


def test_a_network_of_ones_own_uses_exposures_before_and_after(with_neighbours, rough):
    crops = [seen_by(rough()), rough(blocks=((1, 1),)), seen_by(rough(), hole=False)]
    fills = fill_holes("network", crops, weights=with_neighbours)
    # A network that was not trained is its base: the sequence, as far as neighbours show the hole.
    assert np.allclose(fills[0].z, get_method("sequence")(crops[0]).z, equal_nan=True)
    assert all(np.isnan(fill.z).all() for fill in fills[1:])
    assert np.isnan(fill_holes("network", crops[:1], weights=with_neighbours, neighbours=False)[0].z).all()


def test_exposures_are_named_by_who_uses_them(with_neighbours, trained, losing):
    """Moved exposures are given only to networks that use them; HISTORY names no exposure that a network ignores."""
    made = [one.level05 for one in simulate.sequence("C3", 3, cadence=720.0, seed=4)]
    torn = losing.without(made[1], [(8, 20)])
    context = [made[0], made[2]]
    shown = sunpy_lasco.inpaint(torn, "network", context=context, weights=with_neighbours)
    assert "Neighbours in time" in shown.meta["history"]
    assert np.allclose(shown.data, sunpy_lasco.inpaint(torn, "temporal", context=context).data, rtol=1e-5)
    alone = sunpy_lasco.inpaint(torn, "network", context=context, weights=trained)
    assert "Neighbours in time" not in alone.meta["history"]
    assert np.array_equal(alone.data, sunpy_lasco.inpaint(torn, "network", weights=trained).data)


def test_a_network_for_neighbours_fills_nothing_without(trained, rough):
    both = new_network(dataclasses.replace(trained.architecture, neighbours=True, alone=False)).eval()
    fill = get_method("network")(rough(), weights=dataclasses.replace(trained, networks=(both,)))
    assert np.isnan(fill.z).all()


def test_networks_are_averaged(trained, rough):
    crop = rough()
    base = get_method("mixture")(crop)
    torch.manual_seed(9)
    plain = new_network(trained.architecture).eval()
    both = dataclasses.replace(trained, networks=(*trained.networks, plain))
    one, mean = (get_method("network")(crop, weights=these) for these in (trained, both))
    # The second one predicts zero, so the mean is half of the first.
    assert np.allclose((mean.z - base.z)[crop.hole], 0.5 * (one.z - base.z)[crop.hole], atol=1e-6)


def test_no_torch_where_the_network_is_not_wanted(monkeypatch, trained, rough):
    shipped(monkeypatch, trained, set())

    def never(*_args, **_options):
        raise AssertionError

    monkeypatch.setattr(method, "_trained", never)
    (found,) = fill_holes("network", [rough()], only_better=True)
    assert np.isnan(found.z).all()


def test_mirrored_crops_have_mirrored_fills(trained, rough):
    crop = rough(centre=(300, 0))
    arrays = {
        name: getattr(crop, name)[::-1].copy()
        for name in ("z", "hole", "expected", "noise", "response", "signal", "hidden", "x", "y")
    }
    mirrored = dataclasses.replace(crop, **arrays | {"y": -arrays["y"]})
    one, other = (get_method("network")(part, weights=trained) for part in (crop, mirrored))
    assert np.allclose(one.z[crop.hole], other.z[::-1][crop.hole], atol=0.02)
    base = get_method("mixture")(crop)
    assert np.abs((one.z - base.z)[crop.hole]).max() > 0.05
