"""
Train the networks that the package ships, and what their cards say.

    python benchmarks/inpainting/train_networks.py [--camera C3] [--output DIRECTORY]

It needs the real frames.  Windows are cut out once; networks are trained without each group of
dates and scored on it (`network`); networks that are shipped are trained on all dates, with the
records of the others.  What is there already is not made again, and a training that was
stopped goes on where it was.
"""

import argparse
import json
import pickle
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from frames import data_directory
from network import score_all, write_results
from records import METHODS, cross_fitted, ratio
from run import HERE

from sunpy_lasco.inpainting.network.weights import Trained, load_weights, save_weights
from sunpy_lasco.training.cache import fill_cache
from sunpy_lasco.training.recipe import read_recipe
from sunpy_lasco.training.run import train

DATA = HERE.parents[1] / "sunpy_lasco" / "inpainting" / "data"


@dataclass(frozen=True)
class Plan:
    """What is trained for a camera."""

    #: What is held back together.
    folds: tuple[str, ...]
    #: Changes of the recipe.
    changes: dict = field(default_factory=dict)


PLANS = {
    "C3": Plan(("2000-01-20,2010-01-05", "2002-01-08,2003-07-21", "2004-04-18,2012-08-31")),
    # Real frames of C2 are of eleven days: those a week apart stand for dates.
    "C2": Plan(("2010-01-05", "2010-01-12"), {"days_apart": 5.0}),
}
#: Networks whose answers are averaged: the same recipe with other seeds.
SEEDS = (0, 1)
#: Steps between scores on what is held back, which takes longer than the steps.
VALIDATE_EVERY = 2000


def one_training(recipe, windows, camera, output, *, held_back=None):
    """Train, go on with a training, or leave one that is done as it is."""
    if (output / "network.safetensors").is_file():
        return load_weights(output / "network.safetensors")
    last = output / "checkpoints" / "last.ckpt"
    result = train(
        recipe, windows, camera, output, held_back=held_back, accelerator="cpu",
        resume=last if last.is_file() else None,
    )  # fmt: skip
    print(f"{output.name}: {result.card['steps']} steps, {result.card.get('metrics', {})}", flush=True)
    return load_weights(result.weights)


def metrics_of(holes):
    """Ratios and numbers of holes for the card, by place and origin."""
    found = {}
    for origin in ("real", "summed", "simulated"):
        mine = cross_fitted([hole for hole in holes if hole["about"]["origin"] == origin], holes)
        for name in METHODS:
            rivals = ("fuzzy", "mean", "kriging", "mixture") if name == "network" else ("temporal",)
            for kind in sorted({hole["about"]["stratum"] for hole in mine}):
                chosen = [hole for hole in mine if hole["about"]["stratum"] == kind]
                ratios = {rival: ratio(chosen, name, rival) for rival in rivals}
                values = {
                    rival: [round(part, 3) for part in one[:3]] + [one[3]] for rival, one in ratios.items() if one
                }
                if values:
                    found.setdefault(f"{origin}, {name}", {})[kind] = values
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--camera", choices=("C2", "C3"), default="C3")
    parser.add_argument("--output", type=Path, default=Path("runs"), help="where windows and trainings go")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS), help="of the networks that are averaged")
    parser.add_argument("--steps", type=int, help="in place of those of the recipe")
    parser.add_argument("--only", choices=("windows", "held-back", "all-dates"), help="stop after, or do nothing but")
    arguments = parser.parse_args()
    if data_directory() is None:
        msg = "SUNPY_LASCO_TEST_DATA names no directory of real frames: there is nothing to learn from."
        raise SystemExit(msg)
    torch.set_num_threads(1)
    camera, plan = arguments.camera, PLANS[arguments.camera]
    common = {"steps": arguments.steps, "validate_every": VALIDATE_EVERY, **plan.changes}
    recipes = [read_recipe("recommended", seed=seed, **common) for seed in arguments.seeds]
    output = arguments.output / camera.lower()
    files = sorted((data_directory() / camera.lower()).glob("*.fts"))
    # The windows are those of one seed for all.
    windows = fill_cache(
        read_recipe("recommended", **plan.changes), files, camera, arguments.output / "windows", say=print
    )
    if arguments.only == "windows":
        return
    for recipe in recipes:
        for fold in plan.folds if arguments.only != "all-dates" else ():
            one_training(recipe, windows, camera, output / f"without_{fold}_seed{recipe.seed}", held_back=fold)
    if arguments.only == "held-back":
        return
    final = [one_training(recipe, windows, camera, output / f"all_seed{recipe.seed}") for recipe in recipes]
    if arguments.only == "all-dates":
        return
    scored = output / "scores.pickle"
    if scored.is_file():
        holes = pickle.loads(scored.read_bytes())
    else:
        holes = score_all(camera, output, origins=("real", "summed", "simulated"))
        scored.write_bytes(pickle.dumps(holes))
    records = write_results(holes, camera, HERE / "results")
    card = {
        **final[0].card,
        "networks": len(final),
        "seeds": [recipe.seed for recipe in recipes],
        "held back in turn": list(plan.folds),
        "error relative to other methods on held-back dates: mean, 95 % interval, holes": metrics_of(holes),
        "plan": asdict(plan),
    }
    card.pop("held back", None)
    trained = Trained(sum((one.networks for one in final), ()), camera, card, records)
    path = save_weights(DATA / f"network_{camera.lower()}.safetensors", trained)
    (output / "card.json").write_text(json.dumps({**card, "records": records}, indent=1) + "\n", encoding="utf-8")
    print(f"Wrote {path.name}, {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
