import numpy as np
import pytest

from sunpy_lasco.geometry.field import hidden_pixels
from sunpy_lasco.instrument.blocks import blocks_to_pixels, empty_blocks, nominal_untransmitted, telemetry_index
from sunpy_lasco.instrument.frame import Frame
from sunpy_lasco.repair.simulated_losses import KINDS, draw_losses, lose

HEADER = {
    "filter": "Clear",
    "polar": "Clear",
    "exptime": 19.1,
    "date-obs": "2002/05/21",
    "time-obs": "00:18:06.516",
}
PLACES = [kind for kind in KINDS if kind not in ("front", "stars")]


def make_frame(detector="C3", shape=(1024, 1024), **cards):
    return Frame.from_header(HEADER | {"detector": detector} | cards, shape)


FRAMES = {
    "C3": make_frame(),
    "C2": make_frame("C2"),
    "summed": make_frame(shape=(512, 512), lebxsum=2, lebysum=2),
    "sub-frame": make_frame(shape=(512, 480), r1col=36, r2col=36 + 479, r1row=251, r2row=251 + 511),
}


@pytest.mark.parametrize("name", FRAMES)
@pytest.mark.parametrize("kind", PLACES)
def test_seeds_reproduce_and_nothing_unsent_is_lost(name, kind):
    frame = FRAMES[name]
    if (name, kind) == ("C2", "pylon"):
        with pytest.raises(ValueError, match="no block"):
            draw_losses(frame, kind, seed=1)
        return
    drawn = [draw_losses(frame, kind, seed=seed) for seed in range(8)]
    for seed, blocks in enumerate(drawn):
        assert blocks.shape == nominal_untransmitted(frame).shape
        assert blocks.any()
        assert not (blocks & nominal_untransmitted(frame)).any()
        np.testing.assert_array_equal(blocks, draw_losses(frame, kind, seed=seed))
    assert any((blocks != drawn[0]).any() for blocks in drawn[1:])


@pytest.mark.parametrize("seed", range(5))
def test_sizes_of_losses(seed):
    frame = FRAMES["C3"]
    assert draw_losses(frame, "single", seed=seed).sum() == 1
    square = np.argwhere(draw_losses(frame, "square", seed=seed))
    assert (np.ptp(square, axis=0) <= 1).all()
    assert 1 <= len(square) <= 4
    assert 1 <= draw_losses(frame, "run", seed=seed).sum() <= 17
    assert 2 <= draw_losses(frame, "scattered", seed=seed).sum() <= 17
    rows, columns = np.nonzero(draw_losses(frame, "stripe", seed=seed))
    assert np.ptp(rows) <= 1 or np.ptp(columns) == 0


@pytest.mark.parametrize("seed", range(5))
def test_runs_follow_the_telemetry(seed):
    frame = make_frame(comprssn="XZR")
    row, column = np.nonzero(draw_losses(frame, "run", seed=seed))
    places = np.sort(telemetry_index(column, row))
    assert places.size >= 2
    assert (np.diff(places) == 1).all()


def test_places_are_where_they_should_be():
    frame = FRAMES["C3"]
    hidden = hidden_pixels(frame)
    y, x = np.indices(frame.shape)
    for kind in ("occulter", "pylon"):
        for seed in range(5):
            pixels = blocks_to_pixels(draw_losses(frame, kind, seed=seed), frame)
            share = hidden[pixels].mean()
            assert 0 < share < 0.9
            radius = np.hypot(x[pixels] - 516, y[pixels] - 529).mean()
            assert (radius < 1.6 * 67) == (kind == "occulter")


def test_front_is_lost_where_the_brightness_changed():
    frame = FRAMES["C3"]
    before = np.full(frame.shape, 1000.0)
    after = before.copy()
    after[640:672, 800:832] *= 1.2
    lost = draw_losses(frame, "front", seed=3, signal=after, before=before)
    assert np.argwhere(lost).tolist() == [[20, 25]]
    after[96:128, 320:352] *= 1.1
    for best, places in ((1, {(20, 25)}), (2, {(20, 25), (3, 10)})):
        drawn = [draw_losses(frame, "front", seed=seed, signal=after, before=before, best=best) for seed in range(8)]
        assert {tuple(map(int, np.argwhere(lost)[0])) for lost in drawn} == places


def test_stars_are_lost_where_they_are():
    frame = FRAMES["C3"]
    signal = np.full(frame.shape, 1000.0)
    signal[700, 300] = 9000.0
    assert np.argwhere(draw_losses(frame, "stars", seed=3, signal=signal)).tolist() == [[21, 9]]


def test_losing_makes_zeros():
    frame = FRAMES["C3"]
    raw = np.full(frame.shape, 700, np.int16)
    blocks = draw_losses(frame, "scattered", seed=5)
    lost = lose(raw, blocks, frame)
    assert lost.dtype == raw.dtype
    assert (raw == 700).all()
    np.testing.assert_array_equal(empty_blocks(lost, frame), blocks)


def test_unknown_kinds_and_missing_images_are_refused():
    with pytest.raises(ValueError, match="no loss of kind 'comet'"):
        draw_losses(FRAMES["C3"], "comet", seed=1)
    with pytest.raises(ValueError, match="needs the image"):
        draw_losses(FRAMES["C3"], "front", seed=1)


def test_the_end_of_the_stream_is_lost():
    """Columns from the left, and the lower part of the next, as in the C3 frames of 2025-10-17."""
    from sunpy_lasco import simulate
    from sunpy_lasco.instrument.blocks import nominal_untransmitted
    from sunpy_lasco.instrument.frame import Frame

    made = simulate.observe("C3", noise=False)
    frame = Frame.from_header(made.header, made.data.shape)
    sent, numbers = ~nominal_untransmitted(frame), []
    for seed in range(40):
        lost = draw_losses(frame, "tail", seed=seed)
        whole = [(lost | ~sent)[:, column].all() for column in range(32)]
        # The last affected column is lost from the bottom.
        first = whole.index(False)
        part = (lost | ~sent)[:, first] & sent[:, first]
        height = int(np.argmin(lost[:, first] | ~sent[:, first]))
        assert not lost[height:, first].any()
        assert not lost[:, first + 1 :].any()
        numbers.append(int(lost.sum()))
        assert part.sum() == lost[:, first].sum()
    assert max(numbers) > 300
    assert min(numbers) <= 20
