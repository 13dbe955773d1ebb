"""
Train the networks of the package, and write their cards.

    python benchmarks/inpainting/train_networks.py [--camera C3] [--output DIRECTORY]

It needs the real frames.  There are two kinds of networks: for single frames, and for holes that
exposures before or after show.  Windows are cut out once.  Networks are trained without each group
of dates and scored on it (`network`).  The network for single frames in the package is trained on all dates
and has the records of the others.  Existing results are kept, and a training that was stopped is
continued.
"""

import argparse
import pickle
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from frames import data_directory
from network import score_all, write_results
from records import METHODS, cross_fitted, ratio
from run import HERE

from sunpy_lasco.network.held_back import packaged_file
from sunpy_lasco.network.training.fit import train
from sunpy_lasco.network.training.recipe import read_recipe
from sunpy_lasco.network.training.window_files import fill_cache
from sunpy_lasco.network.weights import Trained, load_weights, save_weights
from sunpy_lasco.repair.crop import NEIGHBOUR_METHODS

DATA = HERE.parents[1] / "sunpy_lasco" / "network" / "data"


@dataclass(frozen=True)
class Plan:
    """The networks to train for a camera."""

    #: Groups of dates that are held back together: all real dates in turn, and dates with real neighbours.
    folds: tuple[str, ...]
    folds_with_neighbours: tuple[str, ...]
    #: Changes of the recipe.
    changes: dict = field(default_factory=dict)


PLANS = {
    "C3": Plan(("2000-01-20,2010-01-05", "2002-01-08,2003-07-21", "2004-04-18,2012-08-31"), ("2012-08-31",)),
    # Real frames of C2 are from eleven days; days a week apart are used as dates.  None has neighbours.
    "C2": Plan(("2010-01-05", "2010-01-12"), (), {"days_apart": 5.0}),
}
#: Recipes: for single frames, and for holes that exposures before or after show.
KINDS = {"alone": "recommended", "neighbours": "recommended-neighbours"}
#: Seeds of the networks whose results are averaged.
SEEDS = (0,)
#: Number of steps between scores on the held-back dates, which take longer than the steps.
VALIDATE_EVERY = 3000


def one_training(recipe, windows, camera, output, *, held_back=None):
    """Train, continue a training, or keep a finished one."""
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
            rivals = ("fuzzy", "mean", "kriging", "mixture") if name == "network" else NEIGHBOUR_METHODS
            for kind in sorted({hole["about"]["stratum"] for hole in mine}):
                chosen = [hole for hole in mine if hole["about"]["stratum"] == kind]
                ratios = {rival: ratio(chosen, name, rival) for rival in rivals}
                values = {
                    rival: [round(part, 3) for part in one[:3]] + [one[3]] for rival, one in ratios.items() if one
                }
                if values:
                    found.setdefault(f"{origin}, {name}", {})[kind] = values
    return found


def train_kind(kind, camera, arguments):
    """Train the networks of a kind; returns those of all dates, or None if dates were to be held back."""
    plan = PLANS[camera]
    files = sorted((data_directory() / camera.lower()).glob("*.fts"))
    # All networks use the windows of one seed.
    recipe = read_recipe(KINDS[kind], **plan.changes)
    windows = fill_cache(recipe, files, camera, arguments.output / "windows", say=print)
    if arguments.only == "windows":
        return None
    place = arguments.output / camera.lower() / kind
    common = {"steps": arguments.steps, "validate_every": VALIDATE_EVERY, **plan.changes}
    recipes = [read_recipe(KINDS[kind], seed=seed, **common) for seed in arguments.seeds]
    folds = plan.folds if kind == "alone" else plan.folds_with_neighbours
    for recipe in recipes:
        for fold in folds if arguments.only != "all-dates" else ():
            one_training(recipe, windows, camera, place / f"without_{fold}_seed{recipe.seed}", held_back=fold)
    if arguments.only == "held-back":
        return None
    return [one_training(recipe, windows, camera, place / f"all_seed{recipe.seed}") for recipe in recipes]


def ship(kind, networks, camera, holes, records, arguments):
    """Write the networks of a kind with their card to the directory of the package."""
    plan, method = PLANS[camera], METHODS[kind == "neighbours"]
    title = "error relative to other methods on held-back dates: mean, 95 % interval, holes"
    card = {
        **networks[0].card,
        "networks": len(networks),
        "seeds": arguments.seeds,
        "held back in turn": list(plan.folds if kind == "alone" else plan.folds_with_neighbours),
        title: {name: one for name, one in metrics_of(holes).items() if name.endswith(f", {method}")},
        "plan": asdict(plan),
    }
    card.pop("held back", None)
    mine = {key: one for key, one in records.items() if key.startswith(kind)}
    trained = Trained(sum((one.networks for one in networks), ()), camera, card, mine)
    path = save_weights(DATA / packaged_file(camera).name, trained)
    print(f"Wrote {path.name}, {path.stat().st_size / 1e6:.2f} MB")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--camera", choices=("C2", "C3"), default="C3")
    parser.add_argument("--output", type=Path, default=Path("runs"), help="where windows and trainings go")
    parser.add_argument(
        "--kinds", nargs="+", choices=tuple(KINDS), default=list(KINDS), help="both are needed for the scores"
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS), help="of the networks that are averaged")
    parser.add_argument("--steps", type=int, help="in place of those of the recipes")
    parser.add_argument("--only", choices=("windows", "held-back", "all-dates"), help="stop after, or do nothing but")
    arguments = parser.parse_args()
    if data_directory() is None:
        msg = "SUNPY_LASCO_TEST_DATA names no directory of real frames: there is nothing to learn from."
        raise SystemExit(msg)
    torch.set_num_threads(1)
    camera = arguments.camera
    final = {kind: train_kind(kind, camera, arguments) for kind in arguments.kinds}
    if arguments.only is not None or set(final) != set(KINDS):
        return
    scored = arguments.output / camera.lower() / "scores.pickle"
    if scored.is_file():
        holes = pickle.loads(scored.read_bytes())
    else:
        holes = score_all(camera, scored.parent, origins=("real", "summed", "simulated"))
        scored.write_bytes(pickle.dumps(holes))
    records = write_results(holes, camera, HERE / "results")
    # Moved exposures are as good without a network (`fronts`), so the package has none for neighbours.
    ship("alone", final["alone"], camera, holes, records, arguments)


if __name__ == "__main__":
    main()
