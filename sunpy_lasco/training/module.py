"""
The training step, as pytorch-lightning wants it.
"""

import copy

import pytorch_lightning as lightning
import torch

from sunpy_lasco.inpainting.network.architecture import Architecture
from sunpy_lasco.inpainting.network.tensors import new_network, run
from sunpy_lasco.training.losses.efficientnet import EfficientNetFeatures
from sunpy_lasco.training.losses.extractors import FeatureExtractor, vgg19_weights
from sunpy_lasco.training.losses.total import WITH_FEATURES, TotalLoss
from sunpy_lasco.training.recipe import Recipe
from sunpy_lasco.training.scores import cell_errors, relative_error

__all__ = ["Training", "extractor_of"]

#: Channels of random features, as a share of those of VGG-19.
RANDOM_WIDTH = 0.25


def extractor_of(recipe, *, download=False):
    """
    The features that a recipe asks for.

    Parameters
    ----------
    recipe : `~sunpy_lasco.training.recipe.Recipe`
    download : `bool`, optional
        Allow the weights of VGG-19 to be fetched.

    Returns
    -------
    `torch.nn.Module` or None
        `~sunpy_lasco.training.losses.extractors.FeatureExtractor`, or
        `~sunpy_lasco.training.losses.efficientnet.EfficientNetFeatures`.
    """
    if recipe.features == "none" or not any(recipe.losses.get(name) for name in WITH_FEATURES):
        return None
    if recipe.features == "random":
        return FeatureExtractor("random", seed=recipe.seed, width=RANDOM_WIDTH)
    if recipe.features == "efficientnet":
        return EfficientNetFeatures()
    path = None if recipe.features == "vgg19" else recipe.features
    return FeatureExtractor(vgg19_weights(path, download=download))


class Training(lightning.LightningModule):
    """
    A network with its loss and its optimiser.

    Parameters
    ----------
    recipe : `dict`
        As of `sunpy_lasco.training.recipe.Recipe.to_dict`.
    download : `bool`, optional
        Allow the weights of VGG-19 to be fetched.
    """

    def __init__(self, recipe, *, download=False):
        super().__init__()
        self.save_hyperparameters("recipe")
        self.recipe = Recipe(**{**recipe, "architecture": Architecture.from_dict(recipe["architecture"])})
        self.network = new_network(self.recipe.architecture)
        self.average = copy.deepcopy(self.network).requires_grad_(requires_grad=False) if self.recipe.average else None
        self.loss = TotalLoss(self.recipe.losses, extractor=extractor_of(self.recipe, download=download))
        self.scored = []

    @property
    def result(self):
        """The network that is kept: the moving average, if there is one."""
        return self.network if self.average is None else self.average

    def on_load_checkpoint(self, checkpoint):
        """A training that is continued to more steps than it was begun for spreads its schedule over those."""
        for state in checkpoint.get("lr_schedulers", ()):
            for name in ("total_steps", "_schedule_phases"):
                state.pop(name, None)

    def transfer_batch_to_device(self, batch, device, _dataloader_idx):
        """Bring a batch to a device."""
        return batch.to(device)

    def training_step(self, batch, _index):
        """The loss of a batch, with its terms in the log."""
        stages = run(self.network, batch, forced=self.recipe.teacher_forcing)
        total, terms = self.loss(stages, batch)
        self.log("loss", total.detach(), batch_size=len(batch.images), prog_bar=True)
        self.log_dict({f"loss/{name}": value for name, value in terms.items()}, batch_size=len(batch.images))
        return total

    def on_train_batch_end(self, *_):
        """Move the average, faster at first."""
        if self.average is None:
            return
        keep = min(self.recipe.average, (1 + self.global_step) / (10 + self.global_step))
        with torch.no_grad():
            for mine, its in zip(self.average.parameters(), self.network.parameters(), strict=True):
                mine.lerp_(its, 1 - keep)
            for mine, its in zip(self.average.buffers(), self.network.buffers(), strict=True):
                mine.copy_(its)

    def on_validation_epoch_start(self):
        """Forget the scores of last time."""
        self.scored = []

    def validation_step(self, batch, _index):
        """Errors of the held-back windows."""
        self.scored.append(cell_errors(self.result, batch)[:2])

    def on_validation_epoch_end(self):
        """Log the error relative to the base; of a network without a base, its own."""
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
