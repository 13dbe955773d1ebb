import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sunpy_lasco.errors import HeaderError
from sunpy_lasco.instrument.blocks import (
    block_indices,
    blocks_to_pixels,
    classify_missing,
    decode_blocks,
    empty_blocks,
    encode_blocks,
    grid_shape,
    nominal_untransmitted,
)
from sunpy_lasco.instrument.frame import Frame


def make_frame(shape=(1024, 1024), **cards):
    header = {
        "detector": "C3",
        "filter": "Clear",
        "polar": "Clear",
        "exptime": 19.1,
        "date-obs": "2002/05/21",
        "time-obs": "00:18:06.516",
    }
    return Frame.from_header(header | cards, shape)


def make_raw(frame, value=700, dtype=np.int16):
    raw = np.full(frame.shape, value, dtype=dtype)
    raw[blocks_to_pixels(nominal_untransmitted(frame), frame)] = 0
    return raw


@pytest.mark.parametrize(
    ("block", "number", "code"),
    [
        ((0, 0), 0, "0V"),
        ((31, 31), 1023, "V0"),
        ((0, 31), 992, "00"),
        ((31, 0), 31, "VV"),
        ((5, 10), 325, "5L"),
        ((16, 15), 496, "GG"),
    ],
)
def test_code_of_one_block(block, number, code):
    i, j = block
    assert j * 32 + i == number
    assert encode_blocks([block]) == code * 2
    assert decode_blocks(code * 2) == [block]


def test_runs():
    blocks = [(5, 10), (5, 11), (5, 12), (9, 20)]
    assert encode_blocks(blocks) == "5J5M9B9B"
    assert sorted(decode_blocks("5J5M9B9B")) == blocks


def test_run_over_the_end_of_a_column():
    # (4, 0) is followed by (5, 31) in the telemetry.
    assert encode_blocks([(5, 31), (4, 0)]) == "4V50"
    assert decode_blocks("4V50") == [(4, 0), (5, 31)]


@given(st.sets(st.tuples(st.integers(0, 31), st.integers(0, 31)), max_size=60))
def test_codes_round_trip(blocks):
    assert set(decode_blocks(encode_blocks(blocks))) == blocks


@given(st.sets(st.tuples(st.integers(0, 15), st.integers(0, 15)), min_size=1, max_size=60))
def test_codes_round_trip_on_summed_frames(blocks):
    assert set(decode_blocks(encode_blocks(blocks, rows=16), rows=16)) == blocks


def test_no_blocks():
    assert encode_blocks([]) == "None"
    assert decode_blocks("None") == []


@pytest.mark.parametrize(
    "text", ["More than 17 blocks missing", "Not computed for summed images.", "5J5", "5J5W", "5M5J", "9B9B5J5J"]
)
def test_texts_that_are_no_list(text):
    with pytest.raises(HeaderError, match="MISSLIST"):
        decode_blocks(text)


def test_block_outside_the_grid():
    with pytest.raises(ValueError, match="no block"):
        encode_blocks([(16, 3)], rows=16)


@pytest.mark.parametrize(("camera", "corner", "centre"), [("C2", 12, 53), ("C3", 99, 7)])
def test_nominal_tables(camera, corner, centre):
    nominal = nominal_untransmitted(make_frame(detector=camera))
    inner = np.zeros_like(nominal)
    inner[10:22, 10:22] = True
    assert (nominal & inner).sum() == centre
    assert (nominal & ~inner).sum() == corner


@pytest.mark.parametrize(("camera", "expected"), [("C2", 12), ("C3", 17)])
def test_nominal_tables_of_summed_frames(camera, expected):
    frame = make_frame((512, 512), detector=camera, lebxsum=2, lebysum=2)
    assert grid_shape(frame) == (16, 16)
    assert nominal_untransmitted(frame).sum() == expected


def test_nominal_table_of_frames_summed_four_by_four():
    frame = make_frame((256, 256), lebxsum=4, lebysum=4)
    nominal = nominal_untransmitted(frame)
    assert nominal.shape == (8, 8)
    assert nominal.sum() == 1
    assert nominal[0, 0]


def test_frames_with_all_blocks_have_no_untransmitted_ones():
    frame = make_frame(comprssn="XZR")
    assert not nominal_untransmitted(frame).any()
    raw = np.full(frame.shape, 700, np.int16)
    raw[:32, :32] = 0
    missing, untransmitted = classify_missing(raw, frame)
    assert missing.sum() == 1024
    assert not untransmitted.any()


def test_untransmitted_blocks_are_not_missing():
    frame = make_frame()
    raw = make_raw(frame)
    raw[320:352, 640:672] = 0
    # The seven central blocks of the table are sent in every frame seen.
    raw[15 * 32 : 18 * 32, 15 * 32 : 18 * 32] = 800
    missing, untransmitted = classify_missing(raw, frame)
    assert untransmitted.sum() == 99 * 1024
    assert missing.sum() == 1024
    assert missing[320:352, 640:672].all()


def test_stray_pixel_in_an_empty_block():
    frame = make_frame()
    raw = make_raw(frame)
    raw[31 * 32 + 4, 7] = 8192
    missing, untransmitted = classify_missing(raw, frame)
    assert not missing.any()
    assert untransmitted[31 * 32 + 4, 7]
    raw[320:352, 640:672] = 0
    raw[322, 650] = 8192
    missing, _ = classify_missing(raw, frame)
    assert missing.sum() == 1024
    assert empty_blocks(raw, frame)[10, 20]


def test_five_strays_are_a_measured_block():
    frame = make_frame()
    raw = make_raw(frame)
    raw[320:352, 640:672] = 0
    raw[322, 640:645] = 8192
    assert not empty_blocks(raw, frame)[10, 20]
    missing, _ = classify_missing(raw, frame)
    assert missing.sum() == 1019


def test_stripes_and_single_zeros_are_missing():
    frame = make_frame(comprssn="XZR")
    raw = np.full(frame.shape, 700, np.int16)
    raw[500:503] = 0
    raw[100, 100] = 0
    missing, _ = classify_missing(raw, frame)
    assert missing.sum() == 3 * 1024 + 1


def test_wrapped_sums_are_measured():
    frame = make_frame((512, 512), lebxsum=2, lebysum=2)
    raw = make_raw(frame, 3000)
    raw[200, 200:210] = -20000
    raw[256:288, 320:352] = 0
    missing, untransmitted = classify_missing(raw, frame)
    assert missing.sum() == 1024
    assert not (missing | untransmitted)[200, 200:210].any()
    single = make_frame()
    raw = make_raw(single)
    raw[200, 200] = -1
    assert classify_missing(raw, single)[0][200, 200]


def test_sub_frame_on_the_grid_of_the_full_frame():
    # 19 prescan columns: column 84 is full-frame pixel 64, row 81 is pixel 80.
    frame = make_frame((512, 480), r1col=84, r2col=84 + 479, r1row=81, r2row=81 + 511)
    rows, columns = block_indices(frame)
    assert (rows[0], rows[-1], columns[0], columns[-1]) == (2, 18, 2, 16)
    raw = np.full(frame.shape, 700, np.int16)
    # The lower half of block row 2 is not in the frame: the rest is a partial block.
    raw[:16, 32:64] = 0
    empty = empty_blocks(raw, frame)
    assert empty.shape == (17, 15)
    assert empty.sum() == 1
    assert empty[0, 1]
    # Block (3, 2) is nominally untransmitted in C3, (5, 2) is not.
    missing, untransmitted = classify_missing(raw, frame)
    assert untransmitted.sum() == 16 * 32
    raw[:16, 96:128] = 0
    missing, untransmitted = classify_missing(raw, frame)
    assert missing.sum() == 16 * 32


def test_nan_is_no_data():
    frame = make_frame()
    raw = make_raw(frame).astype(np.float32)
    raw[320:352, 640:672] = np.nan
    assert classify_missing(raw, frame)[0].sum() == 1024


@given(
    corner=st.tuples(st.integers(0, 100), st.integers(0, 100)),
    size=st.tuples(st.integers(128, 400), st.integers(128, 400)),
    seed=st.integers(0, 2**31),
)
def test_missing_and_untransmitted_never_overlap(corner, size, seed):
    frame = make_frame(
        size,
        r1col=20 + corner[0],
        r2col=19 + corner[0] + size[1],
        r1row=1 + corner[1],
        r2row=corner[1] + size[0],
    )
    raw = np.full(size, 700, np.int16)
    blocks = np.random.default_rng(seed).random(nominal_untransmitted(frame).shape) < 0.2
    raw[blocks_to_pixels(blocks, frame)] = 0
    missing, untransmitted = classify_missing(raw, frame)
    assert not (missing & untransmitted).any()
    np.testing.assert_array_equal(missing | untransmitted, raw == 0)
    np.testing.assert_array_equal(empty_blocks(raw, frame), blocks)
