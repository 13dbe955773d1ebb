"""Networks and crops for tests."""

import numpy as np
import pytest


@pytest.fixture
def architecture():
    """A network that is small enough for tests."""
    from sunpy_lasco.network.architecture import Architecture

    return Architecture(channels=(4, 6, 8), kernels=(3, 3, 3), decoder_kernels=(3, 3, 3), advance=(3,))


@pytest.fixture
def trained(architecture):
    """A network with random weights and a nonzero output."""
    torch = pytest.importorskip("torch", reason="the network needs torch")
    from sunpy_lasco.network.tensors import new_network
    from sunpy_lasco.network.weights import Trained

    torch.manual_seed(4)
    network = new_network(architecture)
    for one in network.networks:
        torch.nn.init.normal_(one.head.weight, std=0.02)
    return Trained((network.eval(),), "C3", {"data": ["2002-01-08"]}, {"alone": {"single": {"sigma": 1.5}}})


@pytest.fixture
def rough(make_crop, lost):
    """A crop of smooth structure and noise with one lost block."""

    def make(blocks=((2, 2),), **options):
        rng = np.random.default_rng(3)
        rows, columns = np.indices((160, 160))
        z = 5 * np.sin(rows / 20) + columns / 30 + rng.normal(size=(160, 160))
        return make_crop(z, lost(blocks=blocks), **options)

    return make
