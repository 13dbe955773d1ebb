"""Untransmitted and lost blocks, and the storage of numbers."""

import numpy as np
import pytest

from astropy.io import fits

import sunpy_lasco
from sunpy_lasco import simulate
from sunpy_lasco.instrument.blocks import classify_missing, decode_blocks, encode_blocks
from sunpy_lasco.instrument.frame import Frame
from sunpy_lasco.simulate import telemetry


@pytest.mark.parametrize(("detector", "number"), [("C2", 61), ("C3", 99)])
def test_untransmitted_blocks(detector, number, empty):
    """Their number is that of the blocks that are empty in all real frames."""
    blocks = telemetry.untransmitted_blocks(detector, (1, 1))
    assert blocks.sum() == number
    assert blocks[0, 0]
    assert blocks[31, 31]
    exposure = simulate.observe(detector, scene=empty, seed=2)
    assert np.array_equal(exposure.untransmitted, np.kron(blocks, np.ones((32, 32), bool)))
    assert np.array_equal(exposure.data == 0, exposure.untransmitted)
    assert not exposure.lost.any()
    assert exposure.header["DATAZER"] == number * 1024
    sent = simulate.observe(detector, scene=empty, seed=2, untransmitted=False)
    assert sent.data.min() > 300
    assert "Z" in sent.header["COMPRSSN"]
    assert "Z" not in exposure.header["COMPRSSN"]


@pytest.mark.parametrize("detector", ["C2", "C3"])
def test_untransmitted_blocks_are_those_of_real_frames(detector, test_data):
    """The same blocks are empty in a real full frame with untransmitted blocks."""
    expected = telemetry.untransmitted_blocks(detector, (1, 1))
    seen = 0
    for path in sorted((test_data / "level05" / detector.lower()).glob("*.fts")):
        with fits.open(path, ignore_missing_simple=True) as file:
            header, data = file[0].header, file[0].data
        if data.shape != (1024, 1024) or "Z" in str(header["COMPRSSN"]) or path.stem == "32310957":
            continue
        zeros = (data == 0).reshape(32, 32, 32, 32).sum(axis=(1, 3)) >= 1020
        assert not (expected & ~zeros).any(), path.name
        seen += 1
    assert seen


@pytest.mark.parametrize("options", [{}, {"leb_sum": (2, 2)}, {"subframe": (128, 192, 640, 512)}])
def test_lost_blocks_are_found_again(options):
    """The calibration finds exactly the lost blocks, and MISSLIST lists them."""
    exposure = simulate.observe("C3", n_lost=9, lost_blocks=[(9, 10)], seed=6, **options)
    assert len(set(exposure.parameters.lost_blocks)) == 10
    assert (9, 10) in exposure.parameters.lost_blocks
    assert exposure.lost.sum() == 10 * 1024
    assert not exposure.data[exposure.lost].any()
    assert not (exposure.lost & exposure.untransmitted).any()
    frame = Frame.from_header(exposure.level05.meta, exposure.data.shape)
    missing, untransmitted = classify_missing(exposure.data, frame)
    assert np.array_equal(missing, exposure.lost)
    assert np.array_equal(untransmitted, exposure.untransmitted)


def test_misslist_of_level_1():
    exposure = simulate.observe("C3", lost_blocks=[(3, 20), (4, 20), (21, 9)], seed=6)
    level1 = sunpy_lasco.calibrate(exposure.level05, assets=simulate.assets(exposure), inpaint=None)
    assert level1.meta["nmissing"] == 3
    listed = decode_blocks(level1.meta["misslist"])
    assert sorted(listed) == [(3, 20), (4, 20), (21, 9)]
    assert encode_blocks(listed) == level1.meta["misslist"]


def test_random_losses_spare_nothing_but_what_is_not_sent(empty):
    exposure = simulate.observe("C3", scene=empty, n_lost=1024 - 99, seed=1)
    assert not exposure.data.any()


def test_wrapped_sums():
    """Sums beyond 32767 in 16 bits become negative, as in old files."""
    bright = simulate.Scene((simulate.Uniform(6.8e-11),))
    options = {
        "leb_sum": (4, 4),
        "noise": False,
        "vignetting": False,
        "untransmitted": False,
        "diffracted": False,
        "ramp": False,
    }
    wide = simulate.observe("C3", scene=bright, **options)
    narrow = simulate.observe("C3", scene=bright, bitpix=16, **options)
    assert (wide.data.dtype, narrow.data.dtype) == (np.int32, np.int16)
    assert (narrow.data < 0).all()
    assert np.array_equal(narrow.data.view(np.uint16), wide.data)
    assert (wide.header["BITPIX"], narrow.header["BITPIX"]) == (32, 16)


def test_stray_pixel_of_lossy_frames(empty):
    exposure = simulate.observe("C3", scene=empty, lossy=True)
    assert exposure.data[7, 1020] == 8192
    assert not exposure.data[:32, 992:].sum() - 8192


def test_compression_by_hand():
    """A flat block has one coefficient, 32 times its level; steps of 16 make steps of half a count."""
    flat = np.full((32, 64), 100.3)
    flat[:, 32:] = 7.6
    found = telemetry.compress(flat, 32)
    np.testing.assert_allclose(found[:, :32], 100.5)
    np.testing.assert_allclose(found[:, 32:], 7.5)


def test_compression_keeps_what_is_left_over():
    image = np.random.default_rng(1).normal(500, 30, (40, 70))
    found = telemetry.compress(image, 64)
    assert np.array_equal(found[32:], image[32:])
    assert np.array_equal(found[:, 64:], image[:, 64:])
    assert not np.array_equal(found, image)
    np.testing.assert_allclose(telemetry.compress(image, 1e-9), image, atol=1e-6)
