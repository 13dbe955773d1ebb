"""Frames with losses of which the truth is known."""

from types import SimpleNamespace

import numpy as np
import pytest

import sunpy_lasco
from sunpy_lasco import simulate
from sunpy_lasco.inpainting.losses import lose
from sunpy_lasco.inpainting.workspace import Scene
from sunpy_lasco.instrument.frame import Frame
from sunpy_lasco.map.replace import replace


def frame_of(smap):
    return Frame.from_header(smap.meta, smap.data.shape)


def without(smap, blocks):
    """A raw map that lost blocks (column, row) of the grid of its own array, or blocks given as an array."""
    frame = frame_of(smap)
    if not isinstance(blocks, np.ndarray):
        marked = np.zeros([-(-length // 32) for length in smap.data.shape], dtype=bool)
        for column, row in blocks:
            marked[row, column] = True
        blocks = marked
    return replace(smap, data=lose(smap.data, blocks, frame))


def has(smap, name):
    """Pixels that carry a flag."""
    return (sunpy_lasco.flags(smap) & sunpy_lasco.PixelFlag[name]) != 0


@pytest.fixture(scope="session")
def losing():
    """Functions for maps with losses."""
    return SimpleNamespace(without=without, has=has, frame_of=frame_of)


@pytest.fixture(scope="session")
def raw_map():
    """A function that gives simulated raw maps, each made once."""
    made = {}

    def get(detector="C3", **options):
        key = (detector, *sorted((name, repr(value)) for name, value in options.items()))
        if key not in made:
            made[key] = simulate.observe(detector, **({"seed": 11} | options)).level05
        return made[key]

    return get


@pytest.fixture(scope="session")
def sequence():
    """Five exposures of C3, 12 minutes apart, with a CME under way."""
    scene = simulate.corona(cme=[simulate.CME("2002-01-08T09:30", position_angle=80.0, speed=600.0)])
    return [one.level05 for one in simulate.sequence("C3", 5, scene=scene, start="2002-01-08T12:00:00", seed=21)]


def square_scene(values, holes, *, noise=4.0, response=None):
    """A scene of 5 x 5 blocks around the Sun's centre, with the given values and holes."""
    size = 160
    places = np.arange(size) - (size - 1) / 2 + 0.0
    numbers = np.arange(size) // 32
    signal = np.array(values, dtype=float)
    signal[holes] = np.nan
    return Scene(
        signal=signal,
        holes=holes,
        unusable=np.zeros(signal.shape, dtype=bool),
        hidden=np.zeros(signal.shape, dtype=bool),
        background=np.full(signal.shape, 1000.0),
        response=np.ones(signal.shape) if response is None else response,
        variance=lambda expected, _window: np.full(np.shape(expected), noise**2),
        x=places,
        y=places,
        occulter=(0.0, 0.0),
        binning=(1, 1),
        block_rows=numbers,
        block_columns=numbers,
        camera="C3",
    )


@pytest.fixture(scope="session")
def make_scene():
    """`square_scene`."""
    return square_scene
