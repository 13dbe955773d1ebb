"""
Ablation of the network: the same short training with one change at a time.

    python benchmarks/inpainting/ablation.py RUNS [--steps N] [--only NAME ...]

RUNS is the directory of `train_networks`, whose windows of C3 are used.  All variants are networks for
single frames, except one that is also trained on windows with neighbours.  They are trained without two
dates and scored on these, window by window and without neighbours.  The score is the ratio of the errors of
means over 8 x 8 stored pixels to those of the base: geometric mean with the 95 % bootstrap interval.  The
network of the paper (equalised histograms, loss of its Table 1, an eighth of its channels) does not correct
a base; it is scored on the losses of `run`.  Existing results are kept.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from cases import cases_of
from frames import data_directory, real_exposure, scene_of
from records import interval
from run import HERE, SEED
from scores import judge
from train_networks import KINDS, PLANS

from sunpy_lasco.network.prediction import predict_windows
from sunpy_lasco.network.tensors import batch_of
from sunpy_lasco.network.training.data import BORDERS, Windows
from sunpy_lasco.network.training.fit import train
from sunpy_lasco.network.training.module import cell_errors
from sunpy_lasco.network.training.recipe import read_recipe
from sunpy_lasco.network.training.window_files import fill_cache
from sunpy_lasco.network.weights import load_weights
from sunpy_lasco.repair.crop import get_method

CAMERA, FOLD = "C3", PLANS["C3"].folds[0]
#: Real frames of the held-back dates.
FRAMES = ("32046494", "32219521")
#: Steps of each variant.
STEPS = 800
_TEXTURE = {"perceptual": 0.05, "style_inner": 120.0, "style_difference": 120.0}
_PIXELS = {"multi_scale": 0.0, "pixel_inner": 1.0, "pixel_difference": 1.0}
#: Changes of the recommended recipe: of the losses, of the architecture, and of other settings.
VARIANTS = {
    "recommended": {},
    "without edge continuity": {"losses": {"edge": 0.0}},
    "without radial gradient (lambda 1)": {"losses": {"radial_gradient": 0.0}},
    "without flux and admissibility (lambda 2)": {"losses": {"flux": 0.0, "admissibility": 0.0}},
    "without likelihood": {"losses": {"likelihood": 0.0}},
    "pixel terms in place of multi-scale": {"losses": _PIXELS},
    "multi-scale alone": {"losses": {"edge": 0.0, "radial_gradient": 0.0, "flux": 0.0, "admissibility": 0.0}},
    "with total variation": {"losses": {"total_variation": 0.1}},
    "with perceptual and style, random features": {"losses": _TEXTURE, "features": "random"},
    "with perceptual and style, EfficientNet": {"losses": _TEXTURE, "features": "efficientnet"},
    "two networks in cascade (L = 2)": {"architecture": {"advance": (4,)}},
    "L = 2, teacher forcing": {"architecture": {"advance": (4,)}, "teacher_forcing": True},
    "three networks in cascade (L = 3)": {"architecture": {"advance": (3, 3)}},
    "residual connections in the encoder": {"architecture": {"residual_encoder": True}},
    "residual connections in the decoder": {"architecture": {"residual_decoder": True}},
    "one more scale": {
        "architecture": {
            "channels": (16, 32, 48, 64, 64), "kernels": (5, 3, 3, 3, 3), "decoder_kernels": (3, 3, 3, 3, 3),
        }
    },
    "half as many channels again": {"architecture": {"channels": (24, 48, 72, 96)}},
    "one network for neighbours, too": {"architecture": {"neighbours": True}},
}  # fmt: skip
#: Losses per frame and steps of the network of the paper.
PAPER = {"losses_per_frame": 10, "frames_per_group": 1, "mixed": 0, "simulated": 1, "summed": 0}
PAPER_STEPS = 2400


def recipe_of(changes, steps):
    """The recommended recipe with changes."""
    recipe = read_recipe("recommended", steps=steps, validate_every=10 * steps)
    changes = dict(changes)
    architecture = replace(recipe.architecture, **changes.pop("architecture", {}))
    losses = recipe.losses | changes.pop("losses", {})
    return replace(recipe, architecture=architecture, losses=losses, **changes)


def window_scores(network, windows):
    """Logarithms of the ratio of errors to the base, and which windows are at borders."""
    indices, logs = windows.places, []
    for first in range(0, len(indices), 32):
        batch = batch_of([windows.window(index) for index in indices[first : first + 32]])
        for one in range(len(batch.images)):
            mine, base, _ = cell_errors(network, batch.one(one))
            logs.append(float(torch.log(mine / base)))
    return np.array(logs), np.isin(windows.arrays["kind"][indices], BORDERS)


def line_of(name, network, windows):
    """A row of the table."""
    logs, borders = window_scores(network, windows)
    found = [interval(logs[pick & np.isfinite(logs)]) for pick in (~borders, borders)]
    texts = ["-" if one is None else "{:.3f} [{:.3f}, {:.3f}]".format(*one) for one in found]
    size = sum(part.numel() for part in network.parameters())
    return f"| {name} | {size / 1e6:.2f} | " + " | ".join(texts) + " |"


def paper(output, files):
    """Train the network of the paper, and score it and other methods on the same holes."""
    recipe = read_recipe("paper-pretrain", steps=PAPER_STEPS, validate_every=10 * PAPER_STEPS, **PAPER)
    windows = fill_cache(recipe, files, CAMERA, output / "windows", say=print)
    place = output / "paper"
    if not (place / "network.safetensors").is_file():
        train(recipe, windows, CAMERA, place, held_back=FOLD, accelerator="cpu")
    trained = load_weights(place / "network.safetensors")
    rows = []
    for name in FRAMES:
        exposure = real_exposure(name)
        for case in cases_of(exposure, scene_of(exposure), seed=SEED):
            fills = {"paper": predict_windows([case.crop], trained)[0]}
            fills |= {other: get_method(other)(case.crop) for other in ("fuzzy", "mixture")}
            scored = {method: judge(case, fill) for method, fill in fills.items()}
            if all(scored.values()):
                rows.append((case.kind in BORDERS, {method: one["bin8"] for method, one in scored.items()}))
    lines = ["", f"The network of the paper, {PAPER_STEPS} steps, relative to other methods on the same holes:", ""]
    lines += ["| holes | / fuzzy logic | / mixture |", "|---|---|---|"]
    for border, title in ((False, "open corona"), (True, "borders")):
        mine = [bins for where, bins in rows if where == border]
        texts = [
            "{:.2f} [{:.2f}, {:.2f}]".format(*interval([np.log(bins["paper"] / bins[other]) for bins in mine]))
            for other in ("fuzzy", "mixture")
        ]
        lines.append(f"| {title} ({len(mine)}) | " + " | ".join(texts) + " |")
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--only", nargs="+", default=[*VARIANTS, "paper"], metavar="NAME")
    parser.add_argument("--output", type=Path, default=HERE / "results")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    files = sorted((data_directory() / "c3").glob("*.fts"))
    windows, shown = (
        fill_cache(read_recipe(name, **PLANS[CAMERA].changes), files, CAMERA, arguments.runs / "windows")
        for name in KINDS.values()
    )
    held = Windows(windows, only=FOLD)
    place = arguments.runs / "ablation"
    place.mkdir(exist_ok=True, parents=True)
    rows = {}
    for name, changes in VARIANTS.items():
        directory = place / f"{name.replace(' ', '_')}_{arguments.steps}"
        row = directory / "row.txt"
        if not row.is_file() and name in arguments.only:
            recipe = recipe_of(changes, arguments.steps)
            seen = [*windows, *shown] if recipe.architecture.neighbours else windows
            result = train(recipe, seen, CAMERA, directory, held_back=FOLD, accelerator="cpu", judge=False)
            row.write_text(line_of(name, load_weights(result.weights).networks[0], held), encoding="utf-8")
            print(row.read_text(encoding="utf-8"), flush=True)
        if row.is_file():
            rows[name] = row.read_text(encoding="utf-8")
    lines = [
        "# What helps the network",
        "",
        f"C3, trained without {FOLD}, {arguments.steps} steps each, {len(held)} windows:",
    ]
    lines += ["", "| variant | million parameters | open corona | borders |", "|---|---|---|---|"]
    lines += [rows[name] for name in VARIANTS if name in rows]
    if "paper" in arguments.only:
        lines += paper(place, files)
    (arguments.output / "ablation.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
