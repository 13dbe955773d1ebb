"""The networks that come with the package."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the network needs torch")

import sunpy.map  # noqa: E402

import sunpy_lasco  # noqa: E402
from sunpy_lasco import simulate  # noqa: E402
from sunpy_lasco.network.held_back import (  # noqa: E402
    KEYS,
    STRATA,
    packaged_file,
    packaged_records,
)
from sunpy_lasco.network.weights import packaged_weights  # noqa: E402
from sunpy_lasco.repair.crop import usable_methods  # noqa: E402

#: Blocks (column, row) in the open corona of both cameras.
BLOCKS = ((5, 9), (10, 26), (15, 5), (24, 24), (26, 12), (6, 20))


@pytest.mark.parametrize("camera", ["C2", "C3"])
def test_weights_card_and_records(camera):
    assert "network" in usable_methods(camera)
    trained = packaged_weights(camera)
    assert trained.camera == camera
    assert trained.architecture.alone
    assert not trained.architecture.neighbours
    assert packaged_records(camera) == trained.records
    assert set(trained.records) == {key for key in KEYS if key.startswith("alone")}
    for kinds in trained.records.values():
        assert set(kinds) == set(STRATA)
        for record in kinds.values():
            assert 0.0 < record["weight"] <= 1.0
            assert 0.1 < record["sigma"] < 5.0
    assert {"dates", "windows", "recipe", "steps", "limits", "held back in turn"} <= set(trained.card)
    for network in trained.networks:
        assert all(torch.isfinite(value).all() for value in network.state_dict().values())
        assert not network.training


def test_they_are_small():
    assert sum(len(packaged_file(camera).read_bytes()) for camera in ("C2", "C3")) < 4e6


def test_their_cards_are_on_a_page(tmp_path):
    """The page of the documentation is made from the files of the package."""
    source = Path(__file__).parents[2] / "docs" / "model_cards.py"
    spec = importlib.util.spec_from_file_location("model_cards", source)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.write_model_cards(tmp_path / "cards.rst")
    text = (tmp_path / "cards.rst").read_text(encoding="utf-8")
    for camera in ("C2", "C3"):
        assert packaged_file(camera).name in text
        assert ", ".join(packaged_weights(camera).card["dates"]) in text


def cell_errors(filled, whole, holes):
    """Errors of means over 8 x 8 pixels, and their stated sigma."""
    error = np.where(holes, filled.data.astype(float) - whole.data, np.nan)
    means, sigma = (
        np.where(holes, image, np.nan).reshape(128, 8, 128, 8).mean(axis=(1, 3))
        for image in (error, filled.uncertainty.array)
    )
    known = np.isfinite(means)
    return means[known], sigma[known]


@pytest.mark.parametrize("camera", ["C2", "C3"])
def test_a_corona_it_has_not_seen(camera):
    scene = simulate.corona(activity=1.0, seed=4321)
    options = {"date": "2001-03-14T10:00:00", "scene": scene, "seed": 99}
    whole = simulate.observe(camera, **options).level05
    lost = simulate.observe(camera, lost_blocks=BLOCKS, **options).level05
    holes = sunpy_lasco.missing_block_mask(lost)
    assert holes.sum() == len(BLOCKS) * 1024
    errors = {}
    for method in ("biharmonic", "mixture", "network"):
        error, sigma = cell_errors(sunpy_lasco.inpaint(lost, method), whole, holes)
        errors[method] = np.median(np.abs(error))
        if method == "network":
            # Noise of a mean over 64 pixels of about 1 %.
            noise = np.sqrt(np.median(whole.data[holes]) / 14.5) / 8
            assert 0.3 < np.mean(np.abs(error) < np.hypot(sigma, noise)) <= 1.0
    assert errors["network"] < 0.9 * errors["biharmonic"]
    assert errors["network"] < 1.3 * errors["mixture"]


def test_of_real_frames(real_frame):
    """Better than the mixture on two dates; the network was trained on them, so that this is not a measurement."""
    ratios = []
    for name in ("32310953", "22322625"):
        whole = sunpy.map.Map(real_frame(name))
        data = whole.data.copy()
        for column, row in BLOCKS:
            data[32 * row : 32 * row + 32, 32 * column : 32 * column + 32] = 0
        lost = sunpy.map.Map(data, whole.meta)
        holes = sunpy_lasco.missing_block_mask(lost)
        mine, others = (
            np.median(np.abs(cell_errors(sunpy_lasco.inpaint(lost, method), whole, holes)[0]))
            for method in ("network", "mixture")
        )
        ratios.append(mine / others)
    assert np.mean(ratios) < 1.02


def test_summed_frames():
    raw = simulate.observe("C3", leb_sum=(2, 2), lost_blocks=[(4, 10), (11, 4)], seed=5).level05
    filled = sunpy_lasco.inpaint(raw, "network")
    assert filled.meta["nfilled"] == 2
    assert np.isfinite(filled.data[sunpy_lasco.missing_block_mask(raw)]).all()
