"""Frames with losses and a known truth."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from astropy.io import fits

import sunpy_lasco
from sunpy_lasco import simulate
from sunpy_lasco.instrument.frame import Frame
from sunpy_lasco.map.edit import replace
from sunpy_lasco.repair.crop import NEIGHBOUR_METHODS, Crop
from sunpy_lasco.repair.fill import find_zones
from sunpy_lasco.repair.frames import holed_frame_of
from sunpy_lasco.repair.holed_frame import HoledFrame, cut
from sunpy_lasco.repair.simulated_losses import lose


def frame_of(smap):
    return Frame.from_header(smap.meta, smap.data.shape)


def without(smap, blocks):
    """A raw map without some blocks, given as (column, row) in the grid of its array, or as an array."""
    frame = frame_of(smap)
    if not isinstance(blocks, np.ndarray):
        marked = np.zeros([-(-length // 32) for length in smap.data.shape], dtype=bool)
        for column, row in blocks:
            marked[row, column] = True
        blocks = marked
    return replace(smap, data=lose(smap.data, blocks, frame))


def has(smap, name):
    """Mask of the pixels with a flag."""
    return (sunpy_lasco.flags(smap) & sunpy_lasco.PixelFlag[name]) != 0


@pytest.fixture(scope="session")
def losing():
    """Helper functions for maps with losses."""
    return SimpleNamespace(without=without, has=has, frame_of=frame_of)


@pytest.fixture(scope="session")
def raw_map():
    """A function that returns simulated raw maps, which are cached."""
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
    return HoledFrame(
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


def crop_of(z, hole, *, camera="C3", hidden=None, centre=(300.0, 120.0)):
    """A crop at full resolution with given values in the working space, its middle at a place from the Sun."""
    z = np.where(hole, np.nan, np.asarray(z, dtype=float))
    hidden = np.zeros(z.shape, dtype=bool) if hidden is None else hidden
    z[hidden] = np.nan
    rows, columns = np.indices(z.shape)
    expected, noise, response = np.full(z.shape, 1000.0), np.full(z.shape, 10.0), np.ones(z.shape)
    return Crop(
        z=z,
        hole=hole,
        expected=expected,
        noise=noise,
        response=response,
        signal=expected + noise * z,
        hidden=hidden,
        x=columns - (z.shape[1] - 1) / 2 + centre[0],
        y=rows - (z.shape[0] - 1) / 2 + centre[1],
        occulter=(0.0, 0.0),
        binning=(1, 1),
        scale=1.0,
        block_rows=np.arange(z.shape[0]) // 32,
        block_columns=np.arange(z.shape[1]) // 32,
        camera=camera,
    )


@pytest.fixture(scope="session")
def make_crop():
    """`crop_of`."""
    return crop_of


def turned(crop, times):
    """A crop rotated by quarter turns, including its positions."""
    arrays = ("z", "hole", "expected", "noise", "response", "signal", "hidden", "x", "y")
    return dataclasses.replace(crop, **{name: np.rot90(getattr(crop, name), times) for name in arrays})


@pytest.fixture(scope="session")
def turn():
    """`turned`."""
    return turned


def block_hole(shape=(160, 160), blocks=((2, 2),)):
    """A hole of whole blocks (row, column)."""
    hole = np.zeros(shape, dtype=bool)
    for row, column in blocks:
        hole[32 * row : 32 * row + 32, 32 * column : 32 * column + 32] = True
    return hole


@pytest.fixture(scope="session")
def lost():
    """`block_hole`."""
    return block_hole


@pytest.fixture(scope="session")
def single_blocks():
    """A function from the path of a real frame to crops with a single lost block and its content."""

    def get(path, places):
        with fits.open(path) as hdus:
            raw, header = np.array(hdus[0].data), hdus[0].header
        frame = Frame.from_header(header, raw.shape)
        scene, _ = holed_frame_of(raw, frame, offset=header.get("OFFSET"))
        found = []
        for row, column in places:
            holes = block_hole(raw.shape, [(row, column)])
            torn = dataclasses.replace(scene, signal=np.where(holes, np.nan, scene.signal), holes=holes)
            crop, window = cut(torn, find_zones(torn.lost_blocks())[0])
            found.append((crop, np.where(crop.hole, scene.signal[window], np.nan)))
        return found

    return get


def cell_error(crop, fill, truth):
    """Mean error of the medians of 8 x 8 pixels of a single block, relative to the signal."""
    rows, columns = np.nonzero(crop.hole)
    window = slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1)
    error = (crop.to_signal(fill.z)[window] - truth[window]) / truth[window]
    cells = error.reshape(4, 8, 4, 8).transpose(0, 2, 1, 3).reshape(16, 64)
    return float(np.mean(np.abs(np.median(cells, axis=1))))


@pytest.fixture(scope="session")
def error_of_cells():
    """`cell_error`."""
    return cell_error


@pytest.fixture
def with_neighbours():
    """Methods that "auto" may use where exposures before and after show the lost block."""
    return {"network", *NEIGHBOUR_METHODS}
