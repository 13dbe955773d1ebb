"""
Training from files to weights.
"""

import csv
import json
import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytorch_lightning as lightning
import torch
from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint
from pytorch_lightning.loggers import CSVLogger
from pytorch_lightning.utilities.seed import isolate_rng

from sunpy_lasco.files import atomic_path, write_whole
from sunpy_lasco.network.held_back import KEYS, STRATA
from sunpy_lasco.network.tensors import batch_of
from sunpy_lasco.network.training.data import BORDERS, Windows, loader
from sunpy_lasco.network.training.module import Training, best_factor, cell_errors, relative_error
from sunpy_lasco.network.weights import Trained, save_weights

__all__ = ["Result", "draw_curves", "read_curves", "score", "train"]


def read_curves(path):
    """Steps and values by name from the log of a training, ``metrics.csv``."""
    curves = {}
    with Path(path).open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            for name, value in row.items():
                if value and name not in ("step", "epoch"):
                    steps, values = curves.setdefault(name, ([], []))
                    steps.append(int(row["step"]))
                    values.append(float(value))
    return curves


def draw_curves(log, picture):
    """Draw loss, terms and held-back error of a log against the step, as PNG or PDF."""
    from matplotlib.figure import Figure

    curves = read_curves(log)
    figure = Figure(figsize=(9, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, (steps, values) in sorted(curves.items()):
        if name.startswith("loss"):
            left.plot(steps, values, label=name, linewidth=2 if name == "loss" else 0.8)
    left.set(xlabel="step", ylabel="loss", yscale="symlog", title="Loss and its terms")
    if left.lines:
        left.legend(fontsize="x-small")
    if "held_back" in curves:
        right.plot(*curves["held_back"], marker=".", color="tab:red")
    right.axhline(1.0, color="0.5", linewidth=0.8)
    right.set(xlabel="step", ylabel="error / error of the base", title="Held-back date")
    with atomic_path(picture, overwrite=True) as temporary:
        figure.savefig(temporary, dpi=120, format=Path(picture).suffix[1:])
    return Path(picture)


#: Windows of a setting that are needed for a factor of its own.
FEWEST_WINDOWS = 20
#: Kinds of holes in the open corona.
OPEN = ("single", "few", "many")
#: What every card says.
LIMITS = (
    "Trained on full frames of the usual filter without polariser. A hole is corrected block by block; "
    "stars and hits of particles in a hole are not recovered."
)


@dataclass(frozen=True)
class Result:
    """Results of a training."""

    weights: Path
    card: dict
    curves: Path


def score(network, windows, *, neighbours, batch=32, device="cpu"):
    """
    Errors of a network on windows: with neighbours, on windows that exist with and without them; otherwise on all
    windows.

    Number of windows, error relative to the base, factor of sigma and coverages, for all windows, open sky and borders;
    empty without such windows.
    """
    indices = windows.partner[windows.partner >= 0] if neighbours else windows.places
    kinds = np.isin(windows.arrays["kind"][indices], BORDERS)
    parts = []
    network = network.to(device).eval()
    for first in range(0, len(indices), batch):
        chosen = [windows.window(index) for index in indices[first : first + batch]]
        made = batch_of(chosen, unit_output=windows.unit_output).to(device)
        parts += [[part.cpu().numpy() for part in cell_errors(network, made.one(k))] for k in range(len(chosen))]
    found = {}
    for name, where in (("all", kinds | ~kinds), ("open", ~kinds), ("border", kinds)):
        mine = [part for part, chosen in zip(parts, where, strict=True) if chosen]
        if not mine:
            continue
        pulls = np.concatenate([part[2] for part in mine])
        found[name] = {
            "windows": len(mine),
            "ratio": round(relative_error(*np.array([p[:2] for p in mine])[..., 0].T), 4),
        }
        if len(pulls):
            factor, shares = best_factor(pulls)
            found[name] |= {"factor": factor, "coverage": [round(share, 3) for share in shares]}
    return found


def _records(scores):
    """Factors of sigma by kind of hole, from held-back windows."""
    usual = scores.get("all", {}).get("factor", 1.0)

    def of(name):
        mine = scores.get(name, {})
        return mine.get("factor", usual) if mine.get("windows", 0) >= FEWEST_WINDOWS else usual

    return {name: {"sigma": of("open" if name in OPEN else "border")} for name in STRATA}


def _loggers(output):
    found = [CSVLogger(output, name="log", version="")]
    try:
        from pytorch_lightning.loggers import TensorBoardLogger

        found.append(TensorBoardLogger(output, name="tensorboard", version=""))
    except ModuleNotFoundError:
        pass  # The CSV file has the same curves.
    return found


@isolate_rng()
def train(
    recipe, files, camera, output, *,
    held_back=None, resume=None, start=None, accelerator="auto", devices="auto", max_time=None, download=False,
    progress=False, records=None, judge=True,
):  # fmt: skip
    """
    Train a network.

    Parameters
    ----------
    recipe : `~sunpy_lasco.network.training.recipe.TrainingRecipe`
    files : sequence of path-like
        Windows, as for `~sunpy_lasco.network.training.window_files.fill_cache`.
    camera : `str`
        ``"C2"`` or ``"C3"``.
    output : path-like
        Directory for weights, card, checkpoints, logs and curves.
    held_back : `str`, optional
        Group of dates that is omitted, on which the training is judged and stopped early;
        several with commas between them.
    resume : path-like, optional
        A checkpoint of a training that is to be continued, with its optimiser and its count of steps.
    start : path-like, optional
        A checkpoint or a file of weights whose network a new training begins with, as fine-tuning follows pre-training:
        optimiser, learning rate and steps are those of the recipe.
    accelerator, devices : `str`, optional
        As for `pytorch_lightning.Trainer`.
    max_time : `str`, optional
        Longest time, ``"DD:HH:MM:SS"``.
    download : `bool`, optional
        Allow the weights of VGG-19 to be fetched.
    progress : `bool`, optional
        Show a progress bar.
    records : `dict`, optional
        What held-back dates tell of each kind of hole, where no date is held back here, as of
        `~sunpy_lasco.network.weights.Trained`.

    judge : `bool`, optional
        Score the network on what is held back.

    Returns
    -------
    `Result`
    """
    output = Path(output)
    output.mkdir(parents=True, exist_ok=True)
    # Not Lightning's function, which leaves the seed in the environment of the process.
    random.seed(recipe.seed)
    np.random.seed(recipe.seed)  # noqa: NPY002
    torch.manual_seed(recipe.seed)
    unit = recipe.architecture.output == "unit"
    common = {"unit_output": unit, "seed": recipe.seed}
    seen = Windows(files, without=held_back, dropout=recipe.neighbour_dropout, flips=True, **common)
    judged = None if held_back is None or not judge else Windows(files, only=held_back, dropout=1.0, **common)
    module = Training(recipe.to_dict(), download=download)
    if start is not None:
        module.begin_with(start)
    callbacks = [
        ModelCheckpoint(output / "checkpoints", save_last=True, monitor=None if judged is None else "held_back")
    ]
    if judged is not None and recipe.keep == "best":
        callbacks.append(EarlyStopping("held_back", patience=recipe.patience))
    loggers = _loggers(output)
    trainer = lightning.Trainer(
        max_steps=recipe.steps,
        max_time=max_time,
        accelerator=accelerator,
        devices=devices,
        precision=recipe.precision,
        gradient_clip_val=recipe.clip,
        logger=loggers,
        callbacks=callbacks,
        check_val_every_n_epoch=None,
        val_check_interval=recipe.validate_every,
        limit_val_batches=None if judged is not None else 0,
        num_sanity_val_steps=0,
        enable_progress_bar=progress,
        enable_model_summary=False,
        log_every_n_steps=min(25, max(1, recipe.steps // 20)),
        default_root_dir=output,
    )
    batches = loader(seen, recipe.batch, shuffle=True, seed=recipe.seed)
    held = None if judged is None else loader(judged, recipe.batch, shuffle=False)
    trainer.fit(module, batches, held, ckpt_path=resume)
    best = callbacks[0].best_model_path
    if judged is not None and best and recipe.keep == "best":
        module.load_state_dict(torch.load(best, map_location="cpu", weights_only=True)["state_dict"])
    card = _card(recipe, camera, seen, held_back, trainer.global_step)
    network = module.result.to("cpu").eval()
    if judged is not None and not unit:
        kinds = recipe.architecture
        card["metrics"] = {
            "without neighbours": score(network, judged, neighbours=False) if kinds.alone else {},
            "with neighbours": score(network, judged, neighbours=kinds.alone) if kinds.neighbours else {},
        }
        records = {
            key: _records(card["metrics"][f"{'with' if key.startswith('neighbours') else 'without'} neighbours"])
            for key in KEYS
        }
    path = save_weights(output / "network.safetensors", Trained((network,), camera, card, records or {}))
    write_whole(output / "card.json", json.dumps(card, indent=1) + "\n")
    return Result(path, card, draw_curves(Path(loggers[0].log_dir) / "metrics.csv", output / "curves.png"))


def _card(recipe, camera, seen, held_back, steps):
    origins = np.array(seen.origins)
    return {
        "camera": camera,
        "recipe": recipe.to_dict(),
        "steps": int(steps),
        "dates": sorted(group for group in seen.groups if not group.startswith("simulated")),
        "windows": {name: int((origins == name).sum()) for name in ("real", "mixed", "simulated")},
        "held back": held_back,
        "limits": LIMITS,
    }
