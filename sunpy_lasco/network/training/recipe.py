"""
Recipes of training: presets, and files that change them.
"""

import tomllib
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path

from sunpy_lasco.errors import LascoError
from sunpy_lasco.network.architecture import (
    PUBLISHED,
    RECOMMENDED,
    RECOMMENDED_ON_FRONTS,
    RECOMMENDED_WITH_NEIGHBOURS,
    Architecture,
)

__all__ = ["PRESETS", "TrainingRecipe", "RecipeError", "read_recipe"]


class RecipeError(LascoError, ValueError):
    """Raised for an invalid recipe."""


@dataclass(frozen=True)
class TrainingRecipe:
    """How a network is trained."""

    name: str = "recommended"
    architecture: Architecture = RECOMMENDED
    #: Weights of the terms of the loss, see `sunpy_lasco.network.training.terms.total.TERMS`.
    losses: dict = field(default_factory=dict)
    #: What gives the features of perceptual and style terms: ``"none"``, ``"random"``,
    #: ``"efficientnet"`` (of the extra 'features'), ``"vgg19"``, or a file of the weights of VGG-19.
    features: str = "none"
    #: ``"adam"`` or ``"adamw"``, its learning rate, and the largest norm of a gradient.
    optimizer: str = "adamw"
    learning_rate: float = 1.5e-3
    weight_decay: float = 1e-4
    clip: float = 1.0
    #: ``"constant"`` or ``"one-cycle"``.
    schedule: str = "one-cycle"
    batch: int = 16
    steps: int = 9000
    #: Later networks of a cascade see the truth in the rings before theirs.
    teacher_forcing: bool = False
    #: Of the moving average of the weights that is kept; 0 for none.
    average: float = 0.999
    #: ``"32-true"`` or ``"bf16-mixed"``.
    precision: str = "32-true"
    #: Share of the windows with neighbours that a network for both sees without them.
    neighbour_dropout: float = 0.35
    #: Losses drawn per frame, frames per group of dates, real frames that get another
    #: corona, simulated exposures, and how many of all these are summed over 2 x 2 pixels, too.
    losses_per_frame: int = 120
    frames_per_group: int = 10
    mixed: int = 36
    simulated: int = 24
    summed: int = 14
    #: Calibrate frames first, as in the paper, with calibration images of a directory or
    #: ``"estimate"``; by default those of the configuration.
    calibrated: bool = False
    assets: str | None = None
    #: Days between groups of dates.
    days_apart: float = 27.0
    #: One rectangle of blocks is lost, as in the paper, instead of real losses.
    rectangles: bool = False
    #: Share of the losses of exposures with simulated coronae that lie on fronts of ejections, of which each of
    #: these then holds one or two; 0 for as many as there are by chance.
    fronts: float = 0.0
    #: Steps between scores on the held-back date.
    validate_every: int = 1000
    #: ``"last"``, or ``"best"``: the network that was best on the held-back date, on which it is then no
    #: test any more, and with which the training ends after so many scores without gain.
    keep: str = "last"
    patience: int = 8
    seed: int = 0

    def to_dict(self):
        """Dictionary for JSON."""
        return {**asdict(self), "architecture": self.architecture.to_dict()}


#: Weights of the paper's Table 1, where lambda 1 and lambda 2 are 0 although its text
#: says that fine-tuning has the physical terms: they are given values there.
_PRETRAINING = {
    "pixel_inner": 6.0,
    "pixel_difference": 6.0,
    "perceptual": 0.05,
    "style_inner": 120.0,
    "style_difference": 120.0,
    "radial_gradient": 0.0,
    "admissibility": 0.0,
    "flux": 0.0,
}
_FINE_TUNING = {
    "pixel_inner": 0.2,
    "pixel_difference": 0.8,
    "perceptual": 0.2,
    "style_inner": 1.2,
    "style_difference": 1.8,
    "radial_gradient": 0.1,
    "admissibility": 0.05,
    "flux": 0.05,
}
#: The published architecture at a size that a processor can train: windows of 128
#: pixels, an eighth of the channels.
_SMALL = replace(PUBLISHED, channels=(4, 8, 16, 32, 64, 128), size=128, heads=4)

_PAPER = TrainingRecipe(
    name="paper-pretrain",
    architecture=_SMALL,
    losses=_PRETRAINING,
    features="random",
    optimizer="adam",
    learning_rate=2e-4,
    weight_decay=0.0,
    clip=5e-3,
    schedule="constant",
    batch=4,
    teacher_forcing=True,
    average=0.0,
    rectangles=True,
)

_RECOMMENDED = TrainingRecipe(
    losses={
        "multi_scale": 1.0,
        "edge": 0.3,
        "radial_gradient": 0.1,
        "flux": 0.02,
        "admissibility": 0.05,
        "likelihood": 0.1,
    }
)

#: Recipes by name.
PRESETS = {
    "recommended": _RECOMMENDED,
    # It begins with a network of "recommended".
    "recommended-fronts": replace(
        _RECOMMENDED, name="recommended-fronts", architecture=RECOMMENDED_ON_FRONTS, steps=1200, learning_rate=5e-4,
        fronts=0.5, losses_per_frame=20, mixed=30, simulated=0, summed=4,
    ),
    "recommended-neighbours": replace(
        _RECOMMENDED, name="recommended-neighbours", architecture=RECOMMENDED_WITH_NEIGHBOURS, steps=4000,
        mixed=6, summed=8,
    ),
    "paper-pretrain": _PAPER,
    "paper-finetune": replace(
        _PAPER, name="paper-finetune", losses=_FINE_TUNING, learning_rate=5e-5, clip=5e-4
    ),
    "paper-full": replace(
        _PAPER, name="paper-full", architecture=PUBLISHED, precision="bf16-mixed", batch=4, calibrated=True,
    ),
}  # fmt: skip


def read_recipe(name, **changes):
    """
    Find a recipe: one of `PRESETS`, or a TOML file whose entry ``preset`` names one and whose other
    entries change it.

    The tables ``[architecture]`` and ``[losses]`` change single values; ``changes`` take precedence over the file, and
    None changes nothing.  Raises `RecipeError` if there is no such preset or file, or if an entry is unknown.
    """
    values = {}
    if str(name) in PRESETS:
        recipe = PRESETS[str(name)]
    else:
        path = Path(name)
        if not path.is_file():
            msg = f"{name} is neither a file nor one of the presets {', '.join(PRESETS)}."
            raise RecipeError(msg)
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            msg = f"{path} is not valid TOML: {error}"
            raise RecipeError(msg) from error
        preset = values.pop("preset", "recommended")
        if preset not in PRESETS:
            msg = f"{path}: there is no preset {preset!r}; there are {', '.join(PRESETS)}."
            raise RecipeError(msg)
        recipe = replace(PRESETS[preset], name=path.stem)
    values |= {key: value for key, value in changes.items() if value is not None}
    known = {one.name for one in fields(TrainingRecipe)}
    if unknown := sorted(set(values) - known):
        msg = f"{name}: a recipe has no {', '.join(unknown)}; it has {', '.join(sorted(known))}."
        raise RecipeError(msg)
    try:
        if "architecture" in values:
            values["architecture"] = Architecture.from_dict(recipe.architecture.to_dict() | values["architecture"])
        if "losses" in values:
            values["losses"] = recipe.losses | values["losses"]
        return replace(recipe, **values)
    except (TypeError, ValueError) as error:
        msg = f"{name}: {error}"
        raise RecipeError(msg) from error
