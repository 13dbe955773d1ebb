from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from sunpy_lasco import inpaint
from sunpy_lasco.repair.crop import get_method
from sunpy_lasco.repair.fill import find_zones, repair_frame
from sunpy_lasco.repair.holed_frame import HoledFrame, OtherExposure, cut
from sunpy_lasco.repair.motion import UNIT, Motion, sample
from sunpy_lasco.repair.moved import Exposures, with_moved_neighbours
from sunpy_lasco.repair.neighbours import nearby_misfit, without_points

SHAPE = (320, 320)
Y, X = np.indices(SHAPE).astype(float)
HOLE = slice(160, 192), slice(160, 192)


def scene_of(values, holes):
    """A scene of any shape; the Sun is 200 pixels to its left and 80 below."""
    rows, columns = (np.arange(length) for length in values.shape)
    return HoledFrame(
        signal=np.where(holes, np.nan, values),
        holes=holes,
        unusable=np.zeros(values.shape, dtype=bool),
        hidden=np.zeros(values.shape, dtype=bool),
        background=np.full(values.shape, 1000.0),
        response=np.ones(values.shape),
        variance=lambda expected, _window: np.full(np.shape(expected), 16.0),
        x=columns + 200.0,
        y=rows + 80.0,
        occulter=(0.0, 0.0),
        binning=(1, 1),
        block_rows=rows // 32,
        block_columns=columns // 32,
        camera="C3",
    )


def neighbour(values, seconds, noise=4.0):
    return OtherExposure(values, seconds, lambda expected, _window: np.full(np.shape(expected), noise**2))


def front(seconds, speed, *, sun, growth=0.0):
    """A smooth corona with an uneven front that moves outwards by ``speed`` pixels in `UNIT`."""
    x, y = X - sun[0], Y - sun[1]
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    middle = np.hypot(176 - sun[0], 176 - sun[1])
    # Radius of the same light at the time of the frame; the motion is linear.
    was = (radius - seconds / UNIT * (speed - growth * middle)) / (1 + seconds / UNIT * growth)
    shape = np.exp(-0.5 * ((was - middle - 12 * np.sin(6 * angle)) / 7) ** 2)
    return 4000.0 * (1 + 0.15 * shape * (1 + 0.3 * np.sin(25 * angle)))


@pytest.fixture(scope="module")
def hole():
    holes = np.zeros(SHAPE, dtype=bool)
    holes[HOLE] = True
    return holes


@pytest.fixture
def scene_at(hole):
    """A frame with a hole, and neighbours at some times."""

    def make(light, times):
        rng = np.random.default_rng(2)
        scene = scene_of(np.full(SHAPE, 4000.0), hole)
        sun = -scene.x[0], -scene.y[0]
        frames = {time: light(time, sun) + rng.normal(scale=4.0, size=SHAPE) for time in (0.0, *times)}
        others = tuple(neighbour(frames[time], time) for time in sorted(times, key=abs))
        return replace(scene, signal=np.where(hole, np.nan, frames[0.0]), neighbours=others), light(0.0, sun)

    return make


def crops(scene):
    """The crop of the hole with neighbours at rest, and moved."""
    crop, window = cut(scene, find_zones(scene.lost_blocks())[0])
    return crop, with_moved_neighbours(Exposures(scene, [window]), crop, window)


def test_linear_interpolation_between_pixels():
    images = np.stack([3 * Y[:6, :7] - 2 * X[:6, :7], np.ones((6, 7))], axis=-1)
    rows, columns = np.array([1.25, 4.5, 0.0]), np.array([2.5, 0.75, 5.9])
    found = sample(images, rows, columns)
    np.testing.assert_allclose(found[:, 0], 3 * rows - 2 * columns)
    np.testing.assert_allclose(found[:, 1], 1.0)
    np.testing.assert_array_equal(sample(images, np.array([-0.5, 5.2]), np.array([1.0, 1.0])), 0.0)


def test_displacements_are_outwards_and_around():
    # 100 pixels from the Sun along +x: outwards is +x, around is +y; 1 + 0.5 (u = 20 of 40) outwards.
    motion = Motion(np.array([1.0, 1.0, 0, 0, 3.0, 0, 0]), 100.0, 0.0)
    np.testing.assert_allclose(motion.displacement(np.array(120.0), np.array(0.0)), (1.5, 3.0))
    np.testing.assert_allclose(motion.displacement(np.array(0.0), np.array(100.0))[0], -3.0)


@pytest.mark.parametrize(
    ("times", "worst"), [((-720.0, 720.0), 0.25), ((-720.0, 2160.0), 0.35), ((-720.0, -1440.0), 0.4)]
)
@pytest.mark.parametrize(("speed", "growth"), [(12.0, 0.0), (45.0, 0.1)])
def test_fronts_are_where_they_were_in_between(scene_at, hole, times, worst, speed, growth):
    scene, truth = scene_at(lambda time, sun: front(time, speed, sun=sun, growth=growth), times)
    rest, moved = crops(scene)
    assert moved.is_moved
    assert not rest.is_moved
    errors = []
    for crop in (rest, moved):
        fill = get_method("temporal")(crop, worst_misfit=np.inf)
        window = crop.hole
        errors.append(np.sqrt(np.mean((crop.to_signal(fill.z)[window] - truth[hole]) ** 2)))
    assert errors[1] < worst * errors[0]


def test_what_is_at_rest_is_left_alone(scene_at):
    rest, moved = crops(scene_at(lambda time, sun: 4000 + 30 * np.sin(X / 20) * np.cos(Y / 30), (-720.0, 720.0))[0])
    assert moved is rest


def test_what_brightens_in_place_is_left_alone(scene_at):
    def light(time, sun):
        return 4000 + (200 + 0.1 * time) * np.exp(-((X - 176) ** 2 + (Y - 176) ** 2) / 2 / 30**2)

    rest, moved = crops(scene_at(light, (-720.0, 720.0))[0])
    assert moved is rest


def over_streamers(time, sun):
    """A front that passes over steady structure of the day, which the background does not contain."""
    stays = 1 + 0.06 * np.cos(X / 9.0) * np.cos(Y / 13.0)
    return 4000.0 * stays * front(time, 60.0, sun=sun) / 4000.0


def test_what_stays_is_told_from_what_passes_over_it(scene_at, hole, monkeypatch):
    scene, truth = scene_at(over_streamers, (-720.0, 720.0, -1440.0, 1440.0))
    _, moved = crops(scene)
    assert moved.is_moved
    assert moved.over_steady
    values = repair_frame(scene, networks=False).values
    monkeypatch.setattr("sunpy_lasco.repair.moved.FEWEST_EXPOSURES", 5)
    assert not crops(scene)[1].over_steady
    without = repair_frame(scene, networks=False).values
    errors = [np.sqrt(np.mean((one[hole] - truth[hole]) ** 2)) for one in (values, without)]
    assert errors[0] < 0.5 * errors[1]


def test_two_exposures_do_not_tell_what_stays(scene_at):
    assert not crops(scene_at(over_streamers, (-720.0, 720.0))[0])[1].over_steady


def test_the_working_space_over_what_stays_is_that_of_the_same_counts(scene_at):
    rest, moved = crops(scene_at(over_streamers, (-720.0, 720.0, -1440.0, 1440.0))[0])
    assert (moved.known == rest.known).all()
    np.testing.assert_allclose(moved.to_signal(moved.z)[rest.known], rest.signal[rest.known])


def test_auto_takes_moved_exposures_and_says_so(scene_at, hole):
    scene, truth = scene_at(lambda time, sun: front(time, 45.0, sun=sun), (-720.0, 720.0))
    repair = repair_frame(scene, networks=False)
    block = (5, 5)
    assert repair.methods[block][0] == "temporal"
    assert repair.moved == {block}
    assert not repair.one_sided
    error = np.abs(repair.values - truth)[hole]
    assert np.mean(error < 2 * np.hypot(repair.sigma[hole], 1.0)) > 0.8


def test_forecasts_are_labelled_and_less_sure(scene_at, hole):
    light = lambda time, sun: front(time, 30.0, sun=sun)  # noqa: E731
    both = repair_frame(scene_at(light, (-720.0, 720.0))[0], networks=False)
    live = repair_frame(scene_at(light, (-720.0, -1440.0))[0], networks=False)
    assert live.one_sided == {(5, 5): "earlier"}
    assert np.median(live.sigma[hole]) > 1.2 * np.median(both.sigma[hole])


def test_neighbours_farther_away_are_less_sure(scene_at, hole):
    # The same images, with times four times as far away.
    near = scene_at(lambda time, sun: front(time, 45.0, sun=sun), (-720.0, 720.0))[0]
    far = replace(near, neighbours=tuple(replace(one, seconds=4 * one.seconds) for one in near.neighbours))
    shared = []
    for scene in (near, far):
        made = repair_frame(scene, "temporal", worst_misfit=np.inf)
        assert made.moved == {(5, 5)}
        shared.append(np.median(np.sqrt(made.sigma[hole] ** 2 - made.noise[hole] ** 2)))
    assert shared[1] / shared[0] == pytest.approx(2.0, rel=0.2)


def test_context_that_does_not_fit_is_never_worse_than_none(scene_at):
    rng = np.random.default_rng(1)

    def light(time, sun):
        return 4000 + (0 if time == 0 else 900) * np.sin(X / 7 + time) * np.sin(Y / 9 + rng.uniform(0, 3))

    scene, _ = scene_at(light, (-720.0, 720.0))
    alone = repair_frame(replace(scene, neighbours=()), networks=False)
    helped = repair_frame(scene, networks=False)
    assert helped.methods == alone.methods
    np.testing.assert_array_equal(helped.values, alone.values)


def test_a_front_on_a_part_of_the_ring_counts_there():
    difference = np.random.default_rng(0).normal(size=(96, 96))
    difference[40:56, :30] += 6.0
    compared = np.ones((96, 96), dtype=bool)
    compared[32:64, 32:64] = False
    near = nearby_misfit(np.where(compared, difference, np.nan), compared)
    assert near[48, 34] > 4 * near[48, 62]
    assert near[48, 34] > 1.0


def test_bright_cores_are_no_stars():
    rng = np.random.default_rng(0)
    x, y = np.meshgrid(np.arange(96.0), np.arange(96.0))
    # A ridge on a bright core, three times as high as the threshold for a star on dark sky.
    core = 150 * np.exp(-((x - 48) ** 2 + (y - 48) ** 2) / 2 / 14**2)
    ridge = 18 * np.exp(-((x - 48) ** 2) / 2) * (np.abs(y - 48) < 10)
    star = 60 * np.exp(-((x - 10) ** 2 + (y - 80) ** 2) / 2)
    z = core + ridge + star + rng.normal(size=x.shape)
    _, points = without_points(z, np.ones(x.shape, dtype=bool))
    assert points[80, 10] > 30
    assert not points[38:59, 46:51].any()


def test_large_zones_move_block_by_block():
    shape = (320, 480)
    holes = np.zeros(shape, dtype=bool)
    holes[160:192] = True

    def light(time, scene):
        rows, columns = scene.y[:, None], scene.x[None, :]
        radius, angle = np.hypot(columns, rows), np.arctan2(rows, columns)
        middle = np.hypot(scene.x[240], scene.y[176])
        return 4000 * (1 + 0.2 * np.exp(-0.5 * ((radius - middle - 30 * time / UNIT - 8 * np.sin(9 * angle)) / 8) ** 2))

    scene = scene_of(np.full(shape, 4000.0), holes)
    noise = np.random.default_rng(5).normal(scale=4.0, size=(3, *shape))
    frames = [light(time, scene) + one for time, one in zip((0.0, -720.0, 720.0), noise, strict=True)]
    others = neighbour(frames[1], -720.0), neighbour(frames[2], 720.0)
    repair = repair_frame(
        replace(scene, signal=np.where(holes, np.nan, frames[0]), neighbours=others), "temporal", worst_misfit=np.inf
    )
    at_rest = 0.5 * (frames[1] + frames[2])
    truth = light(0.0, scene)
    # Structure from beyond the edges of the frame is unknown.
    inside = np.s_[160:192, 64:416]
    rms = [np.sqrt(np.mean((one - truth)[inside] ** 2)) for one in (repair.values, at_rest)]
    assert rms[0] < 0.4 * rms[1]


def test_blocks_alone_in_a_ruin_are_filled():
    # Two thirds of the blocks are lost, in stripes; one lost block is separate.
    shape = (640, 640)
    y, x = np.indices(shape).astype(float)
    values = 4000 + 2 * x + y + np.random.default_rng(0).normal(scale=4, size=shape)
    holes = np.zeros(shape, dtype=bool)
    holes[:, 224:] = True
    holes[320:352, 96:128] = True
    repair = repair_frame(scene_of(values, holes), networks=False)
    assert np.isfinite(repair.values[320:352, 96:128]).all()
    assert np.isnan(repair.values[:, 224:]).all()
    assert (10, 3) not in repair.unfilled
    assert "too large" in repair.unfilled[0, 10]


@pytest.mark.parametrize("block", [(13, 10), (20, 12)])
def test_real_fronts(real_frame, block):
    import sunpy.map

    names = ["32310958", "32310959", "32310960"]
    maps = [sunpy.map.Map(real_frame(name)) for name in names]
    whole = maps[1]
    data = whole.data.copy()
    window = tuple(slice(32 * index, 32 * index + 32) for index in block)
    data[window] = 0
    torn = sunpy.map.Map(data, whole.meta)

    def error(filled):
        cells = (filled.data - whole.data)[window].reshape(4, 8, 4, 8).swapaxes(1, 2).reshape(16, 64)
        return np.abs(np.median(cells, axis=1)).mean()

    alone = inpaint(torn, "kriging")
    moved = inpaint(torn, context=maps)
    assert error(moved) < 0.6 * error(alone)
    assert "Neighbours moved with the corona, blocks" in moved.meta["history"]
    live = inpaint(torn, "temporal", context=maps[:2], worst_misfit=np.inf)
    assert "From earlier exposures alone" in live.meta["history"]


@pytest.mark.slow
def test_mass_of_an_ejection_with_lost_blocks():
    """Twenty blocks are lost, five of them on the front: the mass agrees within 3 %, and within its sigma."""
    import astropy.units as u
    from astropy.time import Time

    import sunpy_lasco
    from sunpy_lasco import simulate
    from sunpy_lasco.products import excess_mass

    middle = Time("2002-01-08T12:00:00")
    ejection = simulate.CME("2002-01-08T08:30", position_angle=80.0, speed=600.0, strength=6e-10, seed=4)
    scene, quiet = simulate.corona(activity=0.6, seed=3, cme=ejection), simulate.corona(activity=0.6, seed=3)
    times = [middle + minutes * u.min for minutes in (0, -24, -12, 12, 24)]
    made = [simulate.observe("C3", date=time, scene=scene, seed=10 + k) for k, time in enumerate(times)]
    before = simulate.observe("C3", date=middle, scene=quiet, seed=10)
    assets = simulate.assets(made[0])
    whole = sunpy_lasco.calibrate(made[0].level05, assets=assets)
    base = sunpy_lasco.calibrate(before.level05, assets=assets)
    excess = np.nan_to_num(whole.data - base.data)
    # Apart from distortion and rotation, blocks of level 0.5 and level 1 are the same.
    raw = made[0].level05.data.astype(float) - before.level05.data
    blocks = raw.reshape(32, 32, 32, 32).mean(axis=(1, 3))
    best = np.argsort(blocks, axis=None)[::-1]
    rng = np.random.default_rng(1)
    chosen = {*best[:40:8], *rng.choice(best[100:600], 15, replace=False)}
    data = made[0].level05.data.copy()
    for number in chosen:
        row, column = divmod(int(number), 32)
        data[32 * row : 32 * row + 32, 32 * column : 32 * column + 32] = 0
    torn = made[0].level05._new_instance(data, made[0].level05.meta)
    repaired = sunpy_lasco.calibrate(torn, assets=assets, context=[one.level05 for one in made[1:]])
    region = ndimage.gaussian_filter(excess, 6) > 0.1 * ndimage.gaussian_filter(excess, 6).max()
    region &= np.isfinite(whole.data) & np.isfinite(repaired.data)
    filled = region & ((sunpy_lasco.flags(repaired) & sunpy_lasco.PixelFlag.FILLED) != 0)
    assert filled.sum() > 2500
    truth, found = (
        excess_mass(one, base, (4.0, 30.0) * u.R_sun, region=region, filled=True, normalise=False)
        for one in (whole, repaired)
    )
    error = abs(found.mass - truth.mass)
    assert error < 0.03 * truth.mass
    assert error < found.parts["noise"]
    assert found.parts["noise"] < 0.2 * truth.mass
    # Filled pixels increase the uncertainty of the mass.
    assert found.parts["noise"] > truth.parts["noise"]
