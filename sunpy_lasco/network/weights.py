"""
Weights of networks in files with numbers and text, but no executable code.

A file is of the safetensors format.  Its metadata hold the architecture, the camera,
the card of the model (data by date, recipe, measured errors, limits) and a hash of the
numbers.
"""

import hashlib
import json
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from sunpy_lasco.errors import AssetError, MissingAssetError
from sunpy_lasco.files import atomic_path
from sunpy_lasco.network.architecture import Architecture
from sunpy_lasco.network.cascade import Cascade
from sunpy_lasco.network.held_back import packaged_file
from sunpy_lasco.network.tensors import new_network

__all__ = ["FORMAT", "Trained", "hash_of", "load_weights", "network_for", "packaged_weights", "save_weights"]

#: What the metadata call such files, with the version of their layout.
FORMAT = "sunpy_lasco network 2"


@dataclass(eq=False)
class Trained:
    """Networks with their weights and metadata."""

    #: Networks of one architecture, whose answers are averaged.
    networks: tuple[Cascade, ...]
    #: ``"C2"`` or ``"C3"``.
    camera: str
    #: Data by date, recipe, errors, limits.
    card: dict = field(default_factory=dict)
    #: What dates tell that were not trained on, as of `sunpy_lasco.network.held_back.record_of`.
    records: dict = field(default_factory=dict)

    @property
    def architecture(self):
        """Architecture of all networks."""
        return self.networks[0].architecture


def hash_of(tensors):
    """SHA-256, hexadecimal, of named tensors."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()


def save_weights(path, trained):
    """Write a network to a file, completely or not at all."""
    path = Path(path)
    tensors = {
        f"{number}.{name}": value.detach().cpu().contiguous()
        for number, network in enumerate(trained.networks)
        for name, value in network.state_dict().items()
    }
    metadata = {
        "format": FORMAT,
        "camera": trained.camera,
        "architecture": json.dumps(trained.architecture.to_dict()),
        "networks": str(len(trained.networks)),
        "card": json.dumps(trained.card),
        "records": json.dumps(trained.records),
        "sha256": hash_of(tensors),
    }
    with atomic_path(path, overwrite=True) as temporary:
        save_file(tensors, temporary, metadata=metadata)
    return path


def load_weights(path):
    """
    Read a network, on the CPU and ready for repairs.

    Raises `~sunpy_lasco.errors.MissingAssetError` if there is no such file, and `~sunpy_lasco.errors.AssetError` if it
    is not a file of weights, is from another program, or is damaged.
    """
    path = Path(path)
    if not path.is_file():
        msg = f"{path}: there is no such file of weights."
        raise MissingAssetError(msg)
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}
    except (SafetensorError, OSError, ValueError) as error:
        msg = f"{path} cannot be read as a file of weights: {error}. Copy or train it again."
        raise AssetError(msg) from error
    if metadata.get("format") != FORMAT:
        msg = f"{path} holds no weights of this package: its metadata lack format={FORMAT!r}."
        raise AssetError(msg)
    if metadata.get("sha256") != hash_of(tensors):
        msg = f"{path} is damaged: its numbers do not have the hash that its metadata state. Copy or train it again."
        raise AssetError(msg)
    try:
        architecture = Architecture.from_dict(json.loads(metadata["architecture"]))
        networks = tuple(_network(architecture, tensors, number) for number in range(int(metadata["networks"])))
        trained = Trained(networks, metadata["camera"], json.loads(metadata["card"]), json.loads(metadata["records"]))
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        msg = f"{path}: weights and architecture do not belong together: {error}"
        raise AssetError(msg) from error
    return trained


def _network(architecture, tensors, number):
    network = new_network(architecture)
    start = f"{number}."
    network.load_state_dict(
        {name.removeprefix(start): tensor for name, tensor in tensors.items() if name.startswith(start)}
    )
    return network.eval().requires_grad_(requires_grad=False)


@lru_cache(maxsize=4)
def packaged_weights(camera):
    """
    The network for a camera that comes with the package.

    Raises `~sunpy_lasco.errors.MissingAssetError` if there is none.
    """
    place = packaged_file(camera)
    if not place.is_file():
        msg = (
            f"No trained network for {camera} comes with this installation. Train one with "
            f"'sunpy-lasco train --config recommended --camera {camera} FILE ...' "
            "and name it: inpaint(smap, 'network', weights='network.safetensors')."
        )
        raise MissingAssetError(msg)
    with resources.as_file(place) as path:
        return load_weights(path)


def network_for(camera, weights=None):
    """
    The network for a camera, by default that of the package, as for `packaged_weights`.

    Raises `~sunpy_lasco.errors.AssetError` if it is for the other camera or cannot be read.
    """
    if weights is None:
        return packaged_weights(camera)
    trained = weights
    if not isinstance(weights, Trained):
        path = Path(weights)
        changed = path.stat().st_mtime_ns if path.is_file() else None
        trained = _loaded(path.resolve(), changed)
    if trained.camera != camera:
        msg = f"{weights if trained is not weights else 'The network'} is trained for {trained.camera}, not {camera}."
        raise AssetError(msg)
    return trained


@lru_cache(maxsize=4)
def _loaded(path, _changed):
    return load_weights(path)
