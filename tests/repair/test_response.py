import numpy as np
import pytest

from sunpy_lasco import calibrate, inpaint, simulate, uncertainty
from sunpy_lasco.assets.response import (
    EPOCHS,
    builtin_response,
    frame_response,
    pack_response,
    response_epoch,
    unpack_response,
)
from sunpy_lasco.errors import LascoUserWarning
from sunpy_lasco.geometry.field import hidden_pixels
from sunpy_lasco.instrument.frame import Frame
from sunpy_lasco.repair.frames import counts_above_bias
from sunpy_lasco.repair.response_map import derive_response, fine_pattern
from sunpy_lasco.simulate.chip import pixel_pattern


def signal_of(smap, bias=None):
    frame = Frame.from_header(smap.meta, smap.data.shape)
    return counts_above_bias(smap.data, frame, bias=bias)[0], frame


@pytest.fixture(scope="module")
def exposures():
    return simulate.sequence("C3", 4, cadence=86400.0, start="2004-05-01T12:00:00", seed=41)


def test_pattern_of_the_simulator_is_found(exposures):
    signals, frames = zip(*(signal_of(one.level05, one.parameters.bias) for one in exposures), strict=True)
    response, sigma = derive_response(signals, frames)
    truth = pixel_pattern("C3", exposures[0].parameters.time)
    truth = truth - np.median(truth) + 1
    y, x = np.indices(truth.shape)
    radius = np.hypot(x - 516, y - 529)
    inner = (radius > 110) & (radius < 250) & ~hidden_pixels(frames[0]) & np.isfinite(sigma)
    assert np.corrcoef(response[inner], truth[inner])[0, 1] > 0.85
    error = (response - truth)[inner]
    assert np.std(error) < 0.6 * np.std(truth[inner])
    assert (response[hidden_pixels(frames[0])] == 1).mean() > 0.99
    # Uncertain pixels are shrunk towards 1.
    assert np.std(response[radius > 400]) < np.std(response[inner])


def test_packing():
    response = 1 + np.random.default_rng(1).normal(scale=0.0085, size=(64, 64))
    packed = pack_response(response)
    assert packed.dtype == np.int8
    assert np.abs(unpack_response(packed) - response).max() <= 0.5001e-3
    assert unpack_response(packed).dtype == np.float32


def test_frames_that_cannot_be_used_are_refused(raw_map):
    with pytest.raises(ValueError, match="at least one"):
        derive_response([], [])
    signal, frame = signal_of(raw_map(leb_sum=(2, 2)))
    with pytest.raises(ValueError, match="not a full frame"):
        derive_response([signal], [frame])


@pytest.mark.parametrize("epoch", EPOCHS, ids=lambda epoch: epoch.name)
def test_shipped_maps(epoch):
    response = builtin_response(epoch)
    assert response.shape == (1024, 1024)
    known = response != 1
    assert known.mean() > 0.7
    assert 0.003 < np.std(response[known]) < 0.015
    assert abs(np.median(response[known]) - 1) < 0.0015
    assert epoch.residual < 0.0085
    assert not response.flags.writeable


def test_maps_are_not_used_beyond_their_dates(raw_map):
    def epoch(detector, date):
        header = {"detector": detector, "filter": "Clear", "polar": "Clear", "exptime": 19.0, "date-obs": date}
        return response_epoch(Frame.from_header(header, (1024, 1024)))

    assert epoch("C3", "2002-06-18").name == "response_c3_2000.fits"
    assert epoch("C3", "2002-06-19").name == "response_c3_2010.fits"
    assert epoch("C3", "1998-11-23") is None
    assert epoch("C3", "2020-01-01") is None
    assert epoch("C2", "2010-01-05").name == "response_c2_2010.fits"
    assert epoch("C2", "2001-01-01") is None
    names = {(one.camera, one.first, one.last) for one in EPOCHS}
    for camera, first, last in names:
        for other, first2, last2 in names - {(camera, first, last)}:
            assert camera != other or last <= first2 or last2 <= first


def test_summed_frames_take_the_mean():
    response = np.ones((1024, 1024))
    response[100:102, 200:202] = [[1.1, 1.0], [1.0, 0.9]]
    response[100, 300] = 1.2
    header = {"detector": "C3", "filter": "Clear", "polar": "Clear", "exptime": 19.0, "date-obs": "2004-01-01"}
    frame = Frame.from_header(header | {"lebxsum": 2, "lebysum": 2}, (512, 512))
    binned = frame_response(response, frame)
    assert binned[50, 100] == pytest.approx(1.0)
    assert binned[50, 150] == pytest.approx(1.05)


@pytest.mark.parametrize(("name", "date"), [("32122317", "2004"), ("32219521", "2010")])
def test_held_back_dates(real_map, name, date):
    """The pattern of a date is predicted from the frames of other dates."""
    others = [one for one in ("32122317", "32219521", "32310945", "32310955") if one != name]
    signals, frames = zip(*(signal_of(real_map(one)) for one in others), strict=True)
    response, _ = derive_response(signals, frames)
    signal, frame = signal_of(real_map(name))
    before, noise = fine_pattern(signal, frame)
    after, _ = fine_pattern(signal / response, frame)
    y, x = np.indices(signal.shape)
    radius = np.hypot(x - 516, y - 530)
    good = (radius > 90) & (radius < 180) & np.isfinite(before) & np.isfinite(after) & (np.abs(before) < 0.06)
    assert np.corrcoef(before[good], response[good])[0, 1] > 0.55
    left = [max(np.var(one[good]) - np.mean(noise[good]), 0.0) for one in (before, after)]
    assert left[1] < 0.5 * left[0]


def test_repair_takes_the_pattern_into_account(real_map, losing):
    smap = real_map("32310950")
    blocks = [(22, 20), (16, 24), (24, 12)]
    lost = losing.without(smap, blocks)
    holes = losing.has(lost, "MISSING")
    errors = []
    for response in (None, "auto"):
        filled = inpaint(lost, response=response)
        errors.append(np.std((filled.data - smap.data)[holes]))
    assert errors[1] < 0.85 * errors[0]


def test_flat_field_in_calibrate(real_map):
    smap = real_map("32310950")
    plain = calibrate(smap, assets="estimate", distortion=None)
    flat = calibrate(smap, assets="estimate", distortion=None, flat_field=True)
    response = builtin_response(response_epoch(Frame.from_header(smap.meta, smap.data.shape)))
    good = np.isfinite(plain.data)
    ratio = plain.data[good] / flat.data[good]
    # The stray light of C3 is subtracted afterwards.
    assert np.corrcoef(ratio, response[good])[0, 1] > 0.95
    assert flat.meta["patfile"] == "response_c3_2010.fits"
    assert flat.meta["patsig"] == 0.0036
    assert "Fixed response of the pixels divided out" in flat.meta["history"]
    left, before = (uncertainty(one, "pattern").value[good] for one in (flat, plain))
    assert np.median(left / before) == pytest.approx(0.0036 / 0.0085, rel=0.02)
    assert "patfile" not in plain.meta


def test_flat_field_of_other_dates_warns(raw_map):
    smap = raw_map("C3", date="2020-03-01T12:00:00")
    with pytest.warns(LascoUserWarning, match="no flat field was applied"):
        level1 = calibrate(smap, assets="simulated", flat_field=True, on_bad="ignore")
    assert "patfile" not in level1.meta
    given = calibrate(smap, assets="simulated", flat_field=np.full((1024, 1024), 2.0), stray_light=False)
    plain = calibrate(smap, assets="simulated", stray_light=False)
    good = np.isfinite(plain.data) & (plain.data > 1e-12)
    np.testing.assert_allclose(given.data[good] * 2, plain.data[good], rtol=1e-5)
    assert given.meta["patfile"] == "given"


def test_given_flat_field_scales_filled_pixels_too(raw_map, losing):
    lost = losing.without(raw_map(), [(22, 22)])
    one = calibrate(lost, assets="simulated", inpaint="fuzzy", stray_light=False)
    two = calibrate(lost, assets="simulated", inpaint="fuzzy", stray_light=False, flat_field=np.full((1024, 1024), 2.0))
    filled = losing.has(one, "FILLED")
    np.testing.assert_allclose(two.data[filled] * 2, one.data[filled], rtol=1e-5)
    inner = filled & (losing.has(one, "MISSING"))
    ratio = one.uncertainty.array[inner] / two.uncertainty.array[inner]
    assert np.median(ratio) == pytest.approx(2.0, rel=1e-3)
