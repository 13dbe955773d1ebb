import csv
import dataclasses
import json
import os
import random

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch")
pytest.importorskip("pytorch_lightning", reason="training needs pytorch-lightning")

from sunpy_lasco.commands import main as cli  # noqa: E402
from sunpy_lasco.network.architecture import Architecture  # noqa: E402
from sunpy_lasco.network.held_back import (  # noqa: E402
    KEYS,
    STRATA,
)
from sunpy_lasco.network.tensors import batch_of  # noqa: E402
from sunpy_lasco.network.training.crops import make_crops, save_crops, windows_with_truth  # noqa: E402
from sunpy_lasco.network.training.data import Windows, loader  # noqa: E402
from sunpy_lasco.network.training.exposures import simulated_exposures  # noqa: E402
from sunpy_lasco.network.training.fit import (  # noqa: E402
    read_curves,
    score,
    train,
)
from sunpy_lasco.network.training.module import (  # noqa: E402
    Training,
    best_factor,
    relative_error,
)
from sunpy_lasco.network.training.recipe import PRESETS, RecipeError  # noqa: E402
from sunpy_lasco.network.training.scenes import Scenes  # noqa: E402
from sunpy_lasco.network.weights import load_weights  # noqa: E402
from sunpy_lasco.repair.simulated_losses import draw_losses  # noqa: E402

# Warnings that concern other packages.
pytestmark = [
    pytest.mark.filterwarnings("ignore:::pytorch_lightning"),
    pytest.mark.filterwarnings("ignore:::torch"),
    pytest.mark.filterwarnings("ignore:::lightning_fabric"),
    pytest.mark.filterwarnings("ignore:::tensorboard"),
]

SMALL = Architecture(channels=(8, 8, 8), kernels=(3, 3, 3), decoder_kernels=(3, 3, 3), neighbours=True)
RECIPE = dataclasses.replace(
    PRESETS["recommended"], architecture=SMALL, steps=60, batch=8, learning_rate=5e-3, average=0.9, validate_every=20
)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Windows of two dates; those of the first have neighbours."""
    directory, made = tmp_path_factory.mktemp("windows"), []
    for number, group in ((3, "first"), (4, "second")):
        exposure = simulated_exposures("C3", number)
        scene = Scenes([exposure]).scene_of(exposure)
        if group == "second":
            scene = dataclasses.replace(scene, neighbours=())
        crops = make_crops(exposure, scene, SMALL, number=12, seed=1, shares={"single": 2.0, "occulter": 1.0})
        made.append(save_crops(directory / f"{group}.npz", crops, group=group, origin="simulated"))
    return made


def test_dates_are_held_back(files):
    everything, first = Windows(files), Windows(files, only="first")
    second = Windows(files, without="first")
    assert len(everything) == len(first) + len(second)
    assert (first.groups, second.groups) == ({"first"}, {"second"})
    assert Windows(files, only="second,first").groups == {"first", "second"}
    with pytest.raises(ValueError, match="No windows"):
        Windows(files, without="first,second")
    with pytest.raises(ValueError, match="third"):
        Windows(files, only="third")


def test_dropout_of_neighbours(files):
    shown = {share: Windows(files, only="first", dropout=share)[range(8)].masks[:, 6:].any() for share in (0.0, 1.0)}
    assert shown == {0.0: True, 1.0: False}
    half = Windows(files, only="first", dropout=0.5)
    seen = [bool(half[[0]].masks[:, 6:].any()) for _ in range(60)]
    assert 15 < sum(seen) < 45


def test_mirrored_windows(files):
    windows = Windows(files)
    one, other = batch_of([windows.window(0)]), batch_of([windows.window(0, flip=True)])
    assert torch.equal(one.truth.flip(2), other.truth)
    assert torch.equal(one.images.flip(2), other.images)
    # The vector away from the Sun is mirrored as well.
    assert torch.equal(one.direction[:, 0].flip(1), other.direction[:, 0])
    assert torch.equal(one.direction[:, 1].flip(1), -other.direction[:, 1])
    for name, value in vars(one.mirrored).items():
        assert torch.equal(value, getattr(other, name))


def test_a_quarter_of_the_windows_is_at_borders(files):
    windows = Windows(files)
    border = windows.arrays["kind"][windows.places] == "occulter"
    assert border.any()
    weights = windows.weights()
    assert weights[border].sum() / weights.sum() == pytest.approx(0.25)
    assert len(loader(windows, 8, shuffle=True)) == len(windows) // 8


@pytest.mark.slow
def test_training_lowers_the_loss(files, tmp_path):
    recipe = dataclasses.replace(
        RECIPE, losses={"multi_scale": 1.0}, schedule="constant", learning_rate=2e-3, average=0.0, steps=150
    )
    result = train(recipe, files[1:], "C3", tmp_path, accelerator="cpu")
    steps, losses = read_curves(tmp_path / "log" / "metrics.csv")["loss"]
    assert steps == sorted(steps)
    third = len(losses) // 3
    assert np.mean(losses[-third:]) < 0.85 * np.mean(losses[:third])
    assert result.curves.stat().st_size > 10000
    # The weights contain what was learnt: the network is better than its base on the training data.
    trained = load_weights(result.weights)
    assert score(trained.networks[0], Windows(files[1:]), neighbours=False)["all"]["ratio"] < 0.8
    assert trained.card["dates"] == ["second"]
    assert trained.card["steps"] == 150
    assert json.loads((tmp_path / "card.json").read_text()) == trained.card


def test_held_back_date_is_judged_and_ends_the_training(files, tmp_path):
    recipe = dataclasses.replace(RECIPE, learning_rate=0.0, keep="best", patience=1, validate_every=5, average=0.0)
    result = train(recipe, files, "C3", tmp_path, held_back="first", accelerator="cpu")
    # At a rate of zero nothing is learnt: the base remains better, and the training stops after the second score.
    assert result.card["steps"] == 10
    assert result.card["dates"] == ["second"]
    metrics = result.card["metrics"]
    assert metrics["without neighbours"]["all"]["ratio"] == pytest.approx(1.0, abs=1e-3)
    assert metrics["with neighbours"]["all"]["windows"] == len(Windows(files, only="first"))
    records = load_weights(result.weights).records
    assert tuple(records) == KEYS
    assert set(records["alone"]) == set(STRATA)


def test_same_seed_same_weights_and_resumed_goes_on(files, tmp_path):
    def numbers():
        return torch.get_rng_state().tolist(), random.getstate(), repr(np.random.get_state()), dict(os.environ)  # noqa: NPY002

    before = numbers()
    short = dataclasses.replace(RECIPE, steps=4, validate_every=2)
    one, other = (train(short, files, "C3", tmp_path / name, accelerator="cpu") for name in ("a", "b"))
    # A training changes neither the random numbers of the process nor its environment.
    assert numbers() == before
    states = [load_weights(result.weights).networks[0].state_dict() for result in (one, other)]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    longer = dataclasses.replace(short, steps=6)
    result = train(
        longer, files, "C3", tmp_path / "c", accelerator="cpu", resume=tmp_path / "a" / "checkpoints" / "last.ckpt"
    )
    assert result.card["steps"] == 6
    with (tmp_path / "c" / "log" / "metrics.csv").open() as file:
        assert all(int(row["step"]) >= 4 for row in csv.DictReader(file))


@pytest.mark.parametrize("features", ["random", "efficientnet"])
def test_recipes_with_features_go_on(files, tmp_path, features):
    """Checkpoints contain no fixed features; resuming and restoring the best network keep those in memory."""
    if features == "efficientnet":
        pytest.importorskip("efficientnet_lite_pytorch", reason="its features need the extra 'features'")
    recipe = dataclasses.replace(
        RECIPE, features=features, losses={"pixel_inner": 1.0, "perceptual": 0.1, "style_inner": 1.0}, steps=2,
        batch=2, validate_every=1, keep="best",
    )  # fmt: skip
    options = {"held_back": "first", "accelerator": "cpu"}
    train(recipe, files, "C3", tmp_path / "a", **options)
    last = tmp_path / "a" / "checkpoints" / "last.ckpt"
    state = torch.load(last, weights_only=True)["state_dict"]
    assert not any("extractor" in name for name in state)
    result = train(dataclasses.replace(recipe, steps=3), files, "C3", tmp_path / "b", resume=last, **options)
    assert result.card["steps"] == 3


def test_a_checkpoint_with_holes_is_refused(tmp_path):
    """Only fixed features may be missing from a checkpoint."""
    module = Training(dataclasses.replace(RECIPE, features="random", losses={"perceptual": 1.0}).to_dict())
    before = [value.clone() for value in module.loss.terms["perceptual"].extractor.features.state_dict().values()]
    state = module.state_dict()
    module.load_state_dict(state)
    after = module.loss.terms["perceptual"].extractor.features.state_dict().values()
    assert all(torch.equal(one, other) for one, other in zip(before, after, strict=True))
    state.pop(next(name for name in state if name.startswith("network.")))
    with pytest.raises(RuntimeError, match="Missing key"):
        module.load_state_dict(state)


def test_resumed_beyond_the_steps_it_was_begun_for(files, tmp_path):
    """The one-cycle schedule of 12 steps does not end the training at the thirteenth."""
    begun = dataclasses.replace(RECIPE, steps=12, batch=2, schedule="one-cycle", average=0.0)
    train(begun, files, "C3", tmp_path / "a", accelerator="cpu")
    longer = dataclasses.replace(begun, steps=16)
    last = tmp_path / "a" / "checkpoints" / "last.ckpt"
    assert train(longer, files, "C3", tmp_path / "b", accelerator="cpu", resume=last).card["steps"] == 16


def test_the_stages_of_the_paper_follow_each_other(tmp_path):
    """Fine-tuning starts from the pre-trained network and can be resumed; all terms of both recipes are computed."""
    architecture = dataclasses.replace(
        PRESETS["paper-pretrain"].architecture, channels=(4, 4, 8), kernels=(9, 7, 5), decoder_kernels=(5, 3, 3),
        size=48, step=1, advance=(8,),
    )  # fmt: skip
    exposure = simulated_exposures("C3", 3)
    crops = make_crops(exposure, Scenes([exposure]).scene_of(exposure), architecture, number=4, seed=1)
    path = save_crops(tmp_path / "crops.npz", crops, group="a", origin="simulated")
    begun, last = None, None
    for preset in ("paper-pretrain", "paper-finetune"):
        recipe = dataclasses.replace(PRESETS[preset], architecture=architecture, steps=1)
        result = train(recipe, [path], "C3", tmp_path / preset, accelerator="cpu", start=last)
        network = load_weights(result.weights).networks[0]
        assert network.architecture.normalisation == "histogram"
        curves = read_curves(tmp_path / preset / "log" / "metrics.csv")
        assert {f"loss/{name}" for name, weight in recipe.losses.items() if weight} <= set(curves)
        weight = network.state_dict()["networks.0.head.weight"]
        # A step of Adam is no longer than its rate.
        assert begun is None or 0 < (weight - begun).abs().max() <= 1.01 * recipe.learning_rate
        begun, last = weight, tmp_path / preset / "checkpoints" / "last.ckpt"
    longer = dataclasses.replace(recipe, steps=2)
    assert train(longer, [path], "C3", tmp_path / "on", accelerator="cpu", resume=last).card["steps"] == 2


@pytest.mark.slow
def test_the_published_network_makes_a_step():
    """
    The recipe as it is: 121 million parameters, all terms, bfloat16, level-1 images of 1024 x 1024 pixels.

    The step uses the middle of the window, since no layer depends on the size of the image.
    """
    recipe = dataclasses.replace(PRESETS["paper-full"], batch=1, steps=1)
    exposure = dataclasses.replace(simulated_exposures("C3", 3), neighbours=())
    scene = Scenes([exposure], calibrated=recipe.calibrated).scene_of(exposure)
    blocks = draw_losses(exposure.frame, "single", seed=1)
    ((window, _),) = windows_with_truth(
        scene, blocks, exposure.frame, recipe.architecture, rng=np.random.default_rng(0)
    )
    assert window.images.shape[-2:] == (1024, 1024)
    middle = tuple(int(place.mean()) // 64 * 64 for place in np.nonzero(window.hole))
    part = np.s_[..., middle[0] : middle[0] + 64, middle[1] : middle[1] + 64]
    arrays = ("images", "masks", "condition", "hole", "truth", "truth_known", "brightness")
    batch = batch_of(
        [dataclasses.replace(window, **{name: getattr(window, name)[part] for name in arrays})], unit_output=True
    )
    assert batch.known.any()
    module = Training(recipe.to_dict())
    assert {"pixel_inner", "perceptual", "style_inner", "style_difference"} <= set(module.loss.terms)
    assert sum(value.numel() for value in module.network.parameters()) == 121_015_554
    module.log = module.log_dict = lambda *_args, **_options: None
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = module.training_step(batch, 0)
    loss.backward()
    assert torch.isfinite(loss)
    norm = torch.nn.utils.clip_grad_norm_(module.network.parameters(), recipe.clip)
    assert torch.isfinite(norm)
    assert norm > 0
    weight = module.network.networks[0].state_dict()
    before = {name: value.clone() for name, value in weight.items() if value.numel() < 1000}
    module.configure_optimizers().step()
    assert any(not torch.equal(before[name], weight[name]) for name in before)


def test_factor_of_sigma_brings_the_coverage():
    rng = np.random.default_rng(1)
    sigma, noise = rng.uniform(0.5, 2.0, 20000), np.full(20000, 0.3)
    error = rng.normal(size=20000) * np.hypot(2.0 * sigma, noise)
    factor, coverage = best_factor(np.stack([error, sigma, noise], axis=1))
    assert factor == pytest.approx(2.0, rel=0.04)
    assert coverage == pytest.approx((0.683, 0.95), abs=0.02)


def test_relative_error_by_hand():
    assert relative_error([1.0, 4.0, np.nan], [2.0, 2.0, 2.0]) == pytest.approx(1.0)
    assert relative_error([1.0, 1.0], [2.0, 8.0]) == pytest.approx(0.25)
    assert np.isnan(relative_error([], []))


@pytest.mark.slow
def test_command(tmp_path, capsys):
    config = tmp_path / "small.toml"
    config.write_text(
        "losses_per_frame = 4\nvalidate_every = 1\n[architecture]\nchannels = [4, 4]\nkernels = [3, 3]\n"
        "decoder_kernels = [3, 3]\n"
    )
    out = tmp_path / "out"
    arguments = ["train", "--config", str(config), "--out", str(out), "--simulated", "2", "--steps", "2"]
    arguments += ["--hold-back", "simulated 1", "--accelerator", "cpu"]
    assert cli.main(arguments) == 0
    said = capsys.readouterr().out
    assert "Trained for 2 steps" in said
    assert "simulated 1, without neighbours, all" in said
    assert {"network.safetensors", "card.json", "curves.png", "windows", "checkpoints", "log"} <= {
        path.name for path in out.iterdir()
    }
    assert cli.main(["train", "--config", "nothing"]) == 1
    assert "neither a file nor one of the presets" in capsys.readouterr().err


def test_fine_tuning_follows_pre_training(files, tmp_path):
    """The second stage starts from the network of the first, with a new optimiser and count of steps."""
    first = dataclasses.replace(RECIPE, steps=3, batch=2, validate_every=3)
    begun = train(first, files, "C3", tmp_path / "a", accelerator="cpu")
    last = tmp_path / "a" / "checkpoints" / "last.ckpt"
    still = dataclasses.replace(first, steps=1, optimizer="adam", learning_rate=1e-12, weight_decay=0.0, average=0.0)
    second = train(still, files, "C3", tmp_path / "b", accelerator="cpu", start=last)
    assert second.card["steps"] == 1
    states = [load_weights(result.weights).networks[0].state_dict() for result in (begun, second)]
    assert all(torch.allclose(states[0][name], states[1][name], atol=1e-6) for name in states[0])
    # A file of weights works too.
    third = train(still, files, "C3", tmp_path / "e", accelerator="cpu", start=begun.weights)
    weights = load_weights(third.weights).networks[0].state_dict()
    assert all(torch.allclose(states[0][name], weights[name], atol=1e-6) for name in states[0])
    wider = tuple(2 * number for number in first.architecture.channels)
    other = dataclasses.replace(first, architecture=dataclasses.replace(first.architecture, channels=wider))
    with pytest.raises(RecipeError, match="another architecture"):
        train(other, files, "C3", tmp_path / "c", accelerator="cpu", start=last)
    (tmp_path / "broken.ckpt").write_bytes(b"nothing")
    with pytest.raises(RecipeError, match="cannot be read"):
        train(first, files, "C3", tmp_path / "d", accelerator="cpu", start=tmp_path / "broken.ckpt")


def test_the_full_recipe_of_the_paper_has_all_its_terms():
    assert PRESETS["paper-full"].losses == PRESETS["paper-pretrain"].losses
    assert all(PRESETS["paper-full"].losses[name] for name in ("perceptual", "style_inner", "style_difference"))
    assert PRESETS["paper-full"].features != "none"
