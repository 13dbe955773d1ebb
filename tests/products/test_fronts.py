"""Parts of a front, drag, manual points, and fronts in all directions."""

from dataclasses import replace as changed_copy

import numpy as np
import pytest
from matplotlib.backend_bases import MouseEvent
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import date2num
from matplotlib.figure import Figure

import astropy.units as u
from astropy.table import QTable
from astropy.time import Time, TimeDelta

import sunpy_lasco
from sunpy_lasco import products
from sunpy_lasco.errors import OptionError
from sunpy_lasco.products.fronts import _run_around
from sunpy_lasco.products.places import height_and_angle

START = Time("2012-08-31T20:00:00")
KM = 695_700.0


def profiles(speed=1000.0, *, frames=12, minutes=12.0, thickness=0.03, noise=0.0, seed=0, detector="C3", power=-2.0):
    """A J-map of a filled front whose outer flank is a Gaussian that widens with height."""
    height = np.arange(3.85 if detector == "C3" else 2.25, 30.0 if detector == "C3" else 6.3, 0.1)
    seconds = np.arange(frames) * minutes * 60
    ridge = 4.5 + speed * (seconds - 1.9 * minutes * 60) / KM
    width = np.where(height > ridge[:, None], thickness, 3 * thickness) * ridge[:, None]
    light = (
        3e-11 * (np.maximum(ridge, 1)[:, None] / 5) ** power * np.exp(-0.5 * ((height - ridge[:, None]) / width) ** 2)
    )
    light += noise * (height / 10) ** -1.2 * np.random.default_rng(seed).standard_normal(light.shape)
    data = np.diff(light, axis=0)
    time = START + TimeDelta(seconds, format="sec")
    return products.JMap(
        data=data,
        sigma=None,
        time=time[1:],
        earlier=time[:-1],
        height=height * u.R_sun,
        elongation=height * 0.267 * u.deg,
        position_angle=90 * u.deg,
        width=6 * u.deg,
        unit=sunpy_lasco.MSB,
        detector=detector,
        pixel=0.058,
    )


def test_edge_half_and_ridge_of_a_front_that_widens():
    """A Gaussian flank has half of its brightness at 1.18 sigma, and the ridge is at its true position."""
    strip = profiles(noise=1e-13)
    speeds = {}
    for edge in ("outer", "half", "peak"):
        found = products.fit_height_time(products.track(strip, edge=edge))
        speeds[edge] = found.speed.to_value(u.km / u.s)
        assert found.track.meta["edge"] == edge
    assert speeds["peak"] == pytest.approx(1000, rel=0.01)
    assert speeds["half"] == pytest.approx(1000 * (1 + 1.1774 * 0.03), rel=0.01)
    assert speeds["outer"] > speeds["half"] > speeds["peak"]
    with pytest.raises(OptionError, match="outer, half, peak"):
        products.track(strip, edge="inner")


def test_table_of_a_fit_has_units():
    table = products.fit_height_time(products.track(profiles(noise=1e-13))).table()
    assert len(table) == 1
    assert table["speed"].unit == u.km / u.s
    assert table["acceleration"].unit == u.m / u.s**2
    assert table["points"][0] >= 8
    assert table.meta["position angle"] == 90


@pytest.mark.parametrize(("speed", "wind"), [(1500.0, 400.0), (250.0, 450.0)])
def test_drag_by_hand(speed, wind):
    """Points from the integrated equation of motion return speed and drag."""
    drag, seconds = 1e-7, np.arange(0, 12) * 1200.0
    height, now, fine = [5 * KM], speed, 1.0
    place = 5 * KM
    for second in np.arange(0, seconds[-1], fine):
        place += now * fine
        now -= drag * (now - wind) * abs(now - wind) * fine
        if (second + fine) % 1200 == 0:
            height.append(place)
    points = QTable(
        {
            "time": START + TimeDelta(seconds, format="sec"),
            "height": np.array(height) / KM * u.R_sun,
            "sigma": np.full(12, 0.05) * u.R_sun,
        }
    )
    found = products.fit_drag(points, wind=wind * u.km / u.s)
    assert found.initial_speed.value == pytest.approx(speed, rel=2e-3)
    assert found.drag.to_value(1 / u.km) == pytest.approx(drag, rel=0.02)
    assert found.final_speed.value == pytest.approx(now, rel=2e-3)
    assert found.height(points["time"][-1]).value == pytest.approx(height[-1] / KM, abs=0.01)
    time, there = found.arrival(1 * u.au)
    assert abs(found.height(time).to_value(u.R_sun) * KM / 1.495978707e8 - 1) < 1e-6
    low, high = sorted((now, wind))
    assert low - 1e-6 <= there.value <= high + 1e-6
    with pytest.raises(OptionError, match="does not reach"):
        found.arrival(2 * u.R_sun)
    with pytest.raises(OptionError, match="four points"):
        products.fit_drag(points[:3])
    with pytest.raises(OptionError, match="not a speed"):
        products.fit_drag(points, wind=3 * u.s)


def test_no_drag_is_a_straight_line():
    rng = np.random.default_rng(8)
    seconds = np.arange(10) * 720.0
    height = 5 + 1000 * seconds / KM + 0.06 * rng.standard_normal(10)
    points = QTable(
        {
            "time": START + TimeDelta(seconds, format="sec"),
            "height": height * u.R_sun,
            "sigma": np.full(10, 0.06) * u.R_sun,
        }
    )
    found = products.fit_drag(points)
    line = products.fit_height_time(points)
    assert abs(found.initial_speed.value - line.speed.value) < 3 * found.initial_speed_sigma.value
    assert found.drag.value < 3 * found.drag_sigma.value + 1e-9
    assert found.initial_speed_jackknife.value > 0


def click(axes, time, height, button=1):
    axes.figure.canvas.draw()
    x, y = axes.transData.transform((date2num(time.datetime), height))
    canvas = axes.figure.canvas
    canvas.callbacks.process("button_press_event", MouseEvent("button_press_event", canvas, x, y, button))


def test_points_by_hand():
    strip = profiles()
    axes = FigureCanvasAgg(Figure(figsize=(8, 5))).figure.add_subplot()
    picker = products.pick(strip, axes)
    middle = strip.earlier + (strip.time - strip.earlier) / 2
    assert len(picker.table) == 0
    for row in (2, 5, 8, 9):
        click(axes, middle[row], 5 + row)
    click(axes, middle[5], 10.5)
    click(axes, middle[9], 10, button=3)
    table = picker.table
    assert len(table) == 3
    assert np.array_equal(table["time"].mjd, strip.time[[2, 5, 8]].mjd)
    assert table["height"].to_value(u.R_sun) == pytest.approx([7, 10.5, 13], abs=0.02)
    assert (table["sigma"] > 0.1 * u.R_sun).all()
    assert table.meta["edge"] == "by hand"
    assert products.fit_height_time(table).speed.value > 0
    # Clicks outside the rows and axes, or after closing, have no effect.
    click(axes, strip.earlier[0] - 1 * u.min, 6)
    click(axes, middle[3], 100)
    picker.close()
    click(axes, middle[3], 6)
    assert len(picker.table) == 3


def test_jmaps_of_both_cameras_together():
    figure = Figure()
    axes = products.draw_jmaps([profiles(), profiles(detector="C2", frames=5)], figure.add_subplot())
    assert axes.get_title() == "LASCO C2 and C3, position angle 90 deg"
    low, high = axes.get_ylim()
    assert low < 2.3
    assert high > 29
    edges = [mesh.get_coordinates()[..., 1] for mesh in axes.collections]
    # C3 is not drawn over the field of C2.
    assert sorted({round(float(one.min()), 2) for one in edges}) == [2.2, 6.3]
    with pytest.raises(OptionError, match="have one position angle"):
        products.draw_jmaps([])


def test_front_around(make):
    """A cloud from 11 to 109 degrees, fastest at 60, with a pylon at 140 and nothing elsewhere."""
    smap = make()
    height, angle = height_and_angle(smap)
    rng = np.random.default_rng(3)
    maps = []
    for number in range(9):
        speed = 1300 - 8 * np.abs(angle - 60)
        edge = 3.5 + speed * 720 * (number - 2) / KM
        light = 5e-11 * (10 / np.maximum(height, 1)) ** 2 / (1 + np.exp(np.clip((height - edge) / 0.2, -50, 50)))
        light *= np.abs(angle - 60) <= 49
        data = 1e-10 + light + 2e-13 * rng.standard_normal(height.shape)
        data[np.abs(angle - 140) < 6] = np.nan
        maps.append(make(data, 12 * number))
    found = products.front_around(
        products.Sequence(maps, normalise=False),
        every=20 * u.deg,
        width=16 * u.deg,
        heights=(4, 26) * u.R_sun,
        step=0.5 * u.R_sun,
    )
    assert found.measurement_angle.to_value(u.deg) == 60
    assert found.width.to_value(u.deg) == 100
    assert found.central_angle.to_value(u.deg) == 60
    assert found.fastest.speed.value == pytest.approx(1300, rel=0.06)
    assert found.columns["MPA (deg)"] == 60
    assert list(found.columns)[2:4] == ["Central PA (deg)", "Width (deg)"]
    assert not found.table["seen"][7]
    assert found.table["points"][13] == 0
    with pytest.raises(OptionError, match="does not divide 360"):
        products.front_around(maps, every=7 * u.deg)
    with pytest.raises(OptionError, match="There is no front"):
        products.front_around(products.Sequence([make(1e-10), make(1e-10, 12)], normalise=False), every=90 * u.deg)


def test_runs_on_a_circle():
    def ends(there, hidden, best):
        return _run_around(np.array(there, bool), np.array(hidden, bool), best)

    assert ends([0, 1, 1, 1, 0, 0], [0] * 6, 2) == (-1, 1)
    # The range crosses hidden angles, but does not end there, and includes 0.
    assert ends([1, 0, 1, 0, 0, 1], [0, 1, 0, 1, 0, 0], 0) == (-1, 2)
    assert ends([1] * 6, [0] * 6, 3) == (0, 5)
    assert ends([1, 1, 0, 1, 1, 1], [0, 0, 1, 0, 0, 0], 0) == (0, 5)


def random_front(rng):
    """A front of a given speed in 13 differences, 12 minutes apart, with an edge that scatters by 0.1 solar radii."""
    height = np.arange(3.85, 30, 0.1)
    speed = rng.uniform(600, 1800)
    seconds = np.arange(14) * 720.0 + rng.uniform(-20, 20, 14)
    edge = rng.uniform(3.0, 4.5) + speed * (seconds - 1440) / KM + 0.1 * rng.standard_normal(14)
    light = 4e-11 * (5 / height) ** 2 / (1 + np.exp(np.clip((height - edge[:, None]) / 0.12, -50, 50)))
    light += 2e-13 * (height / 10) ** -2 * rng.standard_normal(light.shape)
    time = START + TimeDelta(seconds, format="sec")
    like = profiles()
    return speed, changed_copy(
        like,
        data=np.diff(light, axis=0),
        time=time[1:],
        earlier=time[:-1],
        height=height * u.R_sun,
        elongation=height * 0.267 * u.deg,
    )


def coverage(number, seed):
    """Fraction of fronts whose true speed is within 1 sigma of the measured one, and the mean error."""
    rng = np.random.default_rng(seed)
    off, sigma = [], []
    for _ in range(number):
        speed, strip = random_front(rng)
        found = products.fit_height_time(products.track(strip))
        off.append(found.speed.to_value(u.km / u.s) - speed)
        sigma.append(found.speed_sigma.to_value(u.km / u.s))
    off, sigma = np.array(off), np.array(sigma)
    return np.mean(np.abs(off) < sigma), off.mean() / (off.std() / np.sqrt(number))


@pytest.mark.slow
def test_sigma_of_the_speed_covers_the_truth_in_a_hundred_fronts():
    share, bias = coverage(100, seed=2)
    assert 0.59 <= share <= 0.77
    assert abs(bias) < 3


@pytest.mark.minutes
def test_sigma_of_the_speed_covers_the_truth_in_a_thousand_fronts():
    share, bias = coverage(1000, seed=3)
    print(f"coverage of 1 sigma {share:.3f}, bias {bias:.1f} of its error")
    assert 0.65 <= share <= 0.71
    assert abs(bias) < 3


def test_directions_that_no_pixel_shows(make, monkeypatch):
    """Directions outside the images are not seen, and have neither points nor a speed."""
    height, angle = height_and_angle(make())
    frames = []
    for number in range(8):
        front = np.exp(-0.5 * ((height - 5 - 1.2 * number) / 0.4) ** 2) * ((angle > 200) & (angle < 330))
        frames.append(make(1e-10 * (10 / height) ** 2.5 + 4e-11 * front, 12 * number, sigma=1e-13))
    half = products.Sequence(frames, normalise=False)[:, :, 64:]
    found = products.front_around(half, every=30 * u.deg, step=0.5 * u.R_sun)
    table = found.table
    east = (table["position_angle"] > 20 * u.deg) & (table["position_angle"] < 160 * u.deg)
    assert not table["seen"][east].any()
    assert (table["points"][east] == 0).all()
    assert np.isnan(table["speed"][east]).all()
    assert 200 <= found.measurement_angle.value <= 330
    # 1.2 solar radii in 12 minutes; pixels have half a solar radius.
    assert table["speed"][table["position_angle"] == 270 * u.deg][0].value == pytest.approx(1.2 * KM / 720, rel=0.1)
    with pytest.raises(OptionError, match="does not divide 360"):
        products.front_around(half, every=50 * u.deg)
