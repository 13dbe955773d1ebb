"""
The training step for pytorch-lightning.
"""

import copy
import pickle
from pathlib import Path

import numpy as np
import pytorch_lightning as lightning
import torch

from sunpy_lasco.network.architecture import Architecture
from sunpy_lasco.network.tensors import new_network, run_network
from sunpy_lasco.network.training.recipe import RecipeError, TrainingRecipe
from sunpy_lasco.network.training.terms.perceptual import EfficientNetFeatures, FeatureExtractor, vgg19_weights
from sunpy_lasco.network.training.terms.regions import binned, composited
from sunpy_lasco.network.training.terms.total import WITH_FEATURES, TotalLoss
from sunpy_lasco.network.weights import load_weights

__all__ = ["Training", "best_factor", "cell_errors", "extractor_of", "relative_error"]

#: Side of the cells over which noise is averaged, pixels of a window: 8 stored ones.
SIDE = 4
#: A cell counts if this share of it has a truth.
SHARE = 0.5
#: Factors of sigma that are tried, and the coverages they are to give.
FACTORS = np.geomspace(0.2, 5.0, 97)
COVERAGES = ((1.0, 0.6827, 0.04), (1.96, 0.95, 0.02))


def cell_errors(network, batch):
    """
    Errors of means over cells of a network on a batch.

    Return the mean absolute errors of each window, of the network and of its base, (N,), NaN where no cell has a truth;
    and for each cell its error, 1 sigma of the scene and 1 sigma of the noise, (n, 3).
    """
    with torch.inference_mode():
        stages = run_network(network, batch)
        known = batch.known
        found = []
        for image in (composited(stages, batch), batch.base):
            means, share = binned(image - batch.truth, known, SIDE)
            good = (share >= SHARE).float()
            found.append((means.abs() * good).sum((1, 2, 3)) / good.sum((1, 2, 3)).clamp(min=1e-9))
            found[-1][good.sum((1, 2, 3)) == 0] = torch.nan
        log_ratio = sum(stage.ring * (0.0 if stage.log_ratio is None else stage.log_ratio) for stage in stages)
        means, share = binned(composited(stages, batch) - batch.truth, known, SIDE)
        sigma, _ = binned(batch.sigma * torch.exp(log_ratio + 0 * batch.sigma), known, SIDE)
        noise = (batch.noise / SIDE / share.clamp(min=1e-6).sqrt()).expand_as(means)
        good = share >= SHARE
    return found[0], found[1], torch.stack([means[good], sigma[good], noise[good]], dim=1)


def relative_error(mine, base):
    """Geometric mean of ratios of errors of the same holes; NaN is ignored."""
    mine, base = (np.asarray(part, dtype=float) for part in (mine, base))
    good = (mine > 0) & (base > 0)
    return float(np.exp(np.mean(np.log(mine[good] / base[good])))) if good.any() else float("nan")


def best_factor(pulls):
    """
    The factor of sigma that brings the coverages nearest to 0.683 and 0.95, by error, sigma and noise
    of cells, (n, 3).

    Also return the fractions of cells within 1 and 1.96 sigma.
    """
    error, sigma, noise = np.abs(np.asarray(pulls, dtype=float)).T

    def shares(factor):
        total = np.hypot(factor * sigma, noise)
        return tuple(float(np.mean(error < width * total)) for width, _, _ in COVERAGES)

    misses = [
        sum(((got - wanted) / margin) ** 2 for got, (_, wanted, margin) in zip(shares(one), COVERAGES, strict=True))
        for one in FACTORS
    ]
    factor = float(FACTORS[int(np.argmin(misses))])
    return round(factor, 3), shares(factor)


#: Channels of random features, as a share of those of VGG-19.
RANDOM_WIDTH = 0.25


def extractor_of(recipe, *, download=False):
    """
    The features that a recipe asks for, a module of ``terms.perceptual``, or None; ``download`` allows
    the weights of VGG-19 to be fetched.
    """
    if recipe.features == "none" or not any(recipe.losses.get(name) for name in WITH_FEATURES):
        return None
    if recipe.features == "random":
        return FeatureExtractor("random", seed=recipe.seed, width=RANDOM_WIDTH)
    if recipe.features == "efficientnet":
        return EfficientNetFeatures()
    path = None if recipe.features == "vgg19" else recipe.features
    return FeatureExtractor(vgg19_weights(path, download=download))


def _network_in(path):
    """Tensors by name of the network in a checkpoint or in a file of weights."""
    if Path(path).suffix == ".safetensors":
        return load_weights(path).networks[0].state_dict()
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)["state_dict"]
    except (OSError, KeyError, RuntimeError, pickle.UnpicklingError) as error:
        msg = f"{path} cannot be read as a checkpoint: {error}"
        raise RecipeError(msg) from error
    kept = "average." if any(name.startswith("average.") for name in state) else "network."
    return {name.removeprefix(kept): value for name, value in state.items() if name.startswith(kept)}


class Training(lightning.LightningModule):
    """
    A network with its loss and its optimiser.

    Parameters
    ----------
    recipe : `dict`
        As for `sunpy_lasco.network.training.recipe.TrainingRecipe.to_dict`.
    download : `bool`, optional
        Allow the weights of VGG-19 to be fetched.
    """

    def __init__(self, recipe, *, download=False):
        super().__init__()
        self.save_hyperparameters("recipe")
        self.recipe = TrainingRecipe(**{**recipe, "architecture": Architecture.from_dict(recipe["architecture"])})
        self.network = new_network(self.recipe.architecture)
        self.average = copy.deepcopy(self.network).requires_grad_(requires_grad=False) if self.recipe.average else None
        self.loss = TotalLoss(self.recipe.losses, extractor=extractor_of(self.recipe, download=download))
        self.scored = []

    @property
    def result(self):
        """The network to store: the moving average, if there is one."""
        return self.network if self.average is None else self.average

    def begin_with(self, path):
        """
        Load the network of a checkpoint (averaged, if available) or of a file of weights; it must have the architecture
        of the recipe.
        """
        network = _network_in(path)
        try:
            self.network.load_state_dict(network)
        except RuntimeError as error:
            msg = f"{path} holds a network of another architecture than the recipe's: {error}"
            raise RecipeError(msg) from error
        if self.average is not None:
            self.average.load_state_dict(network)

    def on_load_checkpoint(self, checkpoint):
        """If a resumed training has more steps than before, stretch its schedule to them."""
        for state in checkpoint.get("lr_schedulers", ()):
            for name in ("total_steps", "_schedule_phases"):
                state.pop(name, None)

    def transfer_batch_to_device(self, batch, device, _dataloader_idx):
        """Move a batch to a device."""
        return batch.to(device)

    def training_step(self, batch, _index):
        """Compute the loss of a batch, and log its terms."""
        stages = run_network(self.network, batch, forced=self.recipe.teacher_forcing)
        total, terms = self.loss(stages, batch)
        self.log("loss", total.detach(), batch_size=len(batch.images), prog_bar=True)
        self.log_dict({f"loss/{name}": value for name, value in terms.items()}, batch_size=len(batch.images))
        return total

    def on_train_batch_end(self, *_):
        """Update the moving average, faster at first."""
        if self.average is None:
            return
        keep = min(self.recipe.average, (1 + self.global_step) / (10 + self.global_step))
        with torch.no_grad():
            for mine, its in zip(self.average.parameters(), self.network.parameters(), strict=True):
                mine.lerp_(its, 1 - keep)
            for mine, its in zip(self.average.buffers(), self.network.buffers(), strict=True):
                mine.copy_(its)

    def on_validation_epoch_start(self):
        """Reset the scores."""
        self.scored = []

    def validation_step(self, batch, _index):
        """Errors of the held-back windows."""
        self.scored.append(cell_errors(self.result, batch)[:2])

    def on_validation_epoch_end(self):
        """Log the error relative to the base, or the absolute error of a network without a base."""
        mine, base = (torch.cat(part).cpu().numpy() for part in zip(*self.scored, strict=True))
        if self.recipe.architecture.output == "unit":
            base = base * 0 + 1
        self.log("held_back", torch.tensor(relative_error(mine, base), dtype=torch.float32), prog_bar=True)

    def configure_optimizers(self):
        """Optimiser and schedule of the recipe."""
        recipe = self.recipe
        kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[recipe.optimizer]
        optimizer = kind(self.network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
        if recipe.schedule == "constant":
            return optimizer
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, max_lr=recipe.learning_rate, total_steps=max(recipe.steps, 10), pct_start=0.2
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}
