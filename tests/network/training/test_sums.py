import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs torch")
pytest.importorskip("pytorch_lightning", reason="training needs pytorch-lightning")

from sunpy_lasco.network.training.exposures import simulated_exposures, summed
from sunpy_lasco.network.training.scenes import Scenes
from sunpy_lasco.repair.frames import counts_above_bias


@pytest.fixture(scope="module")
def exposure():
    return simulated_exposures("C3", 3)


def test_four_pixels_are_one(exposure):
    small = summed(exposure)
    assert small.raw.shape == (512, 512)
    assert small.frame.binning == (2, 2)
    assert small.group == exposure.group
    assert small.raw[300, 100] == exposure.raw[600:602, 200:202].sum()
    # Only untransmitted blocks stay empty.
    empty = exposure.raw.reshape(512, 2, 512, 2).min(axis=(1, 3)) == 0
    assert np.array_equal(small.raw == 0, empty)
    assert [one.frame.binning for one in small.neighbours] == [(2, 2)] * 4


def test_the_signal_is_that_of_four_pixels(exposure):
    small = summed(exposure)
    signals = [counts_above_bias(one.raw, one.frame, offset=one.offset)[0] for one in (exposure, small)]
    added = signals[0].reshape(512, 2, 512, 2).sum(axis=(1, 3))
    good = np.isfinite(added) & np.isfinite(signals[1])
    assert good.mean() > 0.9
    assert np.median(np.abs(signals[1] - added)[good]) < 4.0


def test_scene_of_a_sum(exposure):
    small = summed(exposure)
    scene = Scenes([exposure]).scene_of(small)
    assert scene.signal.shape == scene.response.shape == scene.background.shape == (512, 512)
    assert scene.binning == (2, 2)
    assert scene.response[250:-1, 1:].std() == pytest.approx(0.0085 / 2, rel=0.2)
