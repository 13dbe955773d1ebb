"""``sunpy-lasco train``: train a network for missing blocks on your own frames."""

import sys
from pathlib import Path

from sunpy_lasco.errors import LascoError

__all__ = ["add_arguments"]

DESCRIPTION = """
Train the network that repairs missing blocks: cut windows out of level-0.5 files and simulated exposures,
remove blocks, train, and write weights, their card, checkpoints, logs and curves. This requires the packages
of the extra 'train'.
"""


def add_arguments(parser):
    """Add the arguments of the command."""
    parser.description = DESCRIPTION
    add = parser.add_argument
    add(
        "files",
        nargs="*",
        metavar="FILE",
        type=Path,
        help="level-0.5 files; without files only simulated exposures are used",
    )
    add("--config", default="recommended", metavar="NAME",
        help="a TOML file or a preset: recommended (for single frames), recommended-fronts, "
        "recommended-neighbours, paper-pretrain, paper-finetune, paper-full")  # fmt: skip
    add("--camera", choices=("C2", "C3"), default="C3", help="camera (default: C3)")
    add("--out", metavar="DIR", type=Path, default=Path("sunpy_lasco_network"), help="where everything goes")
    add("--cache", metavar="DIR", type=Path, help="directory for windows (default: 'windows' in --out)")
    add(
        "--hold-back",
        metavar="DATE",
        help="group of dates to hold back for evaluation, by its first day; several with commas",
    )
    add("--catalogue", metavar="SOURCE", help="CDAW catalogue (file or address) of ejections to download")
    add("--steps", type=int, help="number of steps, instead of that in the recipe")
    add("--simulated", type=int, help="number of simulated exposures, instead of that in the recipe")
    add("--seed", type=int, help="seed, instead of that in the recipe")
    add("--start", metavar="FILE", type=Path,
        help="checkpoint or weights whose network begins a new training, as in fine-tuning")  # fmt: skip
    add("--resume", metavar="FILE", type=Path, help="checkpoint of a training to continue")
    add("--max-time", metavar="DD:HH:MM:SS", help="longest time")
    add("--accelerator", default="auto", help="cpu, gpu or auto")
    add("--devices", default="auto", help="number of devices, or auto")
    add("--allow-download", action="store_true", help="download the weights of VGG-19 if the recipe needs them")
    parser.set_defaults(run=run)


def run(options):
    """Train; the exit status is 0 if a network was trained, 1 if that could not be done."""
    try:
        return _train(options)
    except ModuleNotFoundError as error:
        print(f"Training needs {error.name}: install 'sunpy_lasco[train]'.", file=sys.stderr)
    except (LascoError, OSError, ValueError) as error:
        print(error, file=sys.stderr)
    return 1


def _train(options):
    from sunpy_lasco.network.training.fit import train
    from sunpy_lasco.network.training.recipe import read_recipe
    from sunpy_lasco.network.training.window_files import fill_cache

    recipe = read_recipe(options.config, steps=options.steps, simulated=options.simulated, seed=options.seed)
    files = list(options.files)
    if options.catalogue:
        from sunpy_lasco.network.training.cme_catalogue import fetch_intervals, intervals_of, read_cme_catalogue

        files += fetch_intervals(
            intervals_of(read_cme_catalogue(options.catalogue)), options.camera, options.out / "frames"
        )
    windows = fill_cache(recipe, files, options.camera, options.cache or options.out / "windows", say=print)
    devices = int(options.devices) if options.devices.isdigit() else options.devices
    result = train(
        recipe, windows, options.camera, options.out,
        held_back=options.hold_back, resume=options.resume, start=options.start, devices=devices,
        accelerator=options.accelerator, max_time=options.max_time, download=options.allow_download,
    )  # fmt: skip
    print(f"Trained for {result.card['steps']} steps: {result.weights}, curves in {result.curves}")
    for name, found in result.card.get("metrics", {}).items():
        for where, one in found.items():
            what = f"{one['ratio']:.3f} of the error of the base in {one['windows']} windows"
            print(f"  {options.hold_back}, {name}, {where}: {what}")
    return 0
