"""Polar unwrapping, J-maps, tracks and speeds: synthetic fronts, and that of 2012-08-31."""

import csv
from dataclasses import replace as changed_copy

import numpy as np
import pytest

import astropy.units as u
from astropy.io import fits
from astropy.table import QTable
from astropy.time import Time, TimeDelta

import sunpy_lasco
from sunpy_lasco import products, simulate
from sunpy_lasco.errors import OptionError
from sunpy_lasco.map.edit import replace
from sunpy_lasco.products.places import height_and_angle
from sunpy_lasco.products.polar import pixels_at

START = Time("2012-08-31T20:00:00")
KM = 695_700.0


@pytest.fixture(scope="module")
def c3():
    shown = simulate.observe("C3", date=START.isot, seed=1)
    return sunpy_lasco.calibrate(shown.level05, assets="simulated", inpaint=None)


def drawn(smap, values):
    """The map with other pixels, none of which are masked."""
    return replace(smap, data=values, uncertainty=np.full(values.shape, 1e-13), flags=np.zeros(values.shape, np.uint8))


def test_places_and_pixels_are_inverse(c3):
    rng = np.random.default_rng(1)
    rows, columns = rng.integers(0, 1024, (2, 50))
    height, angle = height_and_angle(c3)
    x, y = pixels_at(c3, height[rows, columns], angle[rows, columns])
    assert np.allclose(x, columns, atol=1e-6)
    assert np.allclose(y, rows, atol=1e-6)


def test_polar_unwrapping_of_a_power_of_the_height(c3):
    height, _ = height_and_angle(c3)
    with np.errstate(divide="ignore"):
        smap = drawn(c3, height**-2.5)
    for at, tolerance in ((4, 2e-4), (20, 1e-5)):
        cube = products.polar_unwrap(smap, heights=(at - 0.05, at + 0.05) * u.R_sun, step=0.1 * u.R_sun)
        assert cube.data.shape == (1, 360)
        assert np.abs(np.median(cube.data) / at**-2.5 - 1) < tolerance
        assert np.abs(cube.data / at**-2.5 - 1).max() < 2 * tolerance


def test_polar_area_star_and_axes(c3):
    cube = products.polar_unwrap(drawn(c3, np.ones((1024, 1024))), heights=(6, 20) * u.R_sun, step=0.1 * u.R_sun)
    _, height = cube.wcs.pixel_to_world_values(0, np.arange(140))
    area = np.nansum(cube.data * np.asarray(height)[:, None] * 0.1 * np.radians(1))
    assert np.isfinite(cube.data).all()
    assert area == pytest.approx(np.pi * (20**2 - 6**2), rel=1e-4)
    x, y = pixels_at(c3, 12.0, 77.0)
    rows, columns = np.indices((1024, 1024))
    star = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 2 / 1.5**2)
    cube = products.polar_unwrap(drawn(c3, star), angle_step=0.25 * u.deg, step=0.05 * u.R_sun)
    row, column = np.unravel_index(np.nanargmax(cube.data), cube.data.shape)
    angle, height = cube.wcs.pixel_to_world_values(column, row)
    pixel = abs(c3._geometry.cdelt[0]) / c3.rsun_obs.value
    assert abs(angle - 77) * np.radians(1) * 12 < 0.5 * pixel + 0.125 * np.radians(1) * 12
    assert abs(height - 12) < 0.5 * pixel + 0.025
    assert cube.wcs.world_axis_units == ["deg", "solRad"]


def test_polar_of_the_rolled_twin_and_of_holes(c3):
    rng = np.random.default_rng(2)
    data = rng.random((1024, 1024))
    data[500:520, 300:320] = np.nan
    smap = drawn(c3, data)
    cube = products.polar_unwrap(smap)
    twin = products.polar_unwrap(smap.rotate(180 * u.deg, order=0, missing=np.nan))
    both = np.isfinite(cube.data) & np.isfinite(twin.data)
    assert both.mean() > 0.8
    assert np.abs(cube.data - twin.data)[both].max() < 1e-6
    column, row = 310, 510
    height, angle = height_and_angle(c3)
    hole = products.polar_unwrap(
        smap, heights=(height[row, column] - 0.05, height[row, column] + 0.05) * u.R_sun, step=0.1 * u.R_sun
    )
    assert np.isnan(hole.data[0, round(angle[row, column])])
    assert 0.3e-13 < np.nanmedian(cube.uncertainty.array) < 1e-13
    with pytest.raises(OptionError, match="define no grid"):
        products.polar_unwrap(smap, angle_step=7 * u.deg)


def moving(c3, speed, *, minutes=12, frames=12, first=5.0, noise=1e-13, angle=90.0, seed=0):
    """Frames of a shell that is filled behind its edge, within 25 degrees of a position angle."""
    rng = np.random.default_rng(seed)
    height, where = height_and_angle(c3)
    radius = c3.rsun_obs.to_value(u.rad)
    plane = np.tan(height * radius) / np.tan(radius)
    part = np.abs((where - angle + 180) % 360 - 180) < 25
    maps = []
    for number in range(frames):
        seconds = number * minutes * 60.0
        edge = first + speed * (seconds - 2 * minutes * 60) / KM
        light = 3e-11 * (10 / np.maximum(plane, 1)) ** 2 / (1 + np.exp(np.clip((plane - edge) / 0.02, -50, 50))) * part
        meta = dict(c3.meta)
        for card in ("date-obs", "date-avg", "date-beg", "date-end"):
            if card in meta:
                meta[card] = (Time(meta[card]) + TimeDelta(seconds, format="sec")).isot
        meta["filename"] = f"{number:02}.fts"
        data = 1e-9 * np.maximum(height, 1) ** -2 + light + noise * 10 * rng.standard_normal(height.shape)
        maps.append(replace(c3, data=data, meta=meta, flags=np.zeros(data.shape, np.uint8)))
    return products.Sequence(maps, normalise=False)


@pytest.mark.parametrize(("speed", "interval", "rows"), [(400.0, 24 * u.min, 10), (1000.0, None, 11)])
def test_speed_of_a_synthetic_front(c3, speed, interval, rows):
    sequence = moving(c3, speed)
    strip = products.jmap(sequence, position_angle=90 * u.deg, interval=interval)
    assert strip.data.shape == (rows, 262)
    points = products.track(strip)
    assert len(points) >= 8
    found = products.fit_height_time(points)
    assert found.speed.to_value(u.km / u.s) == pytest.approx(speed, rel=0.01)
    quiet = products.track(products.jmap(sequence, position_angle=270 * u.deg))
    assert len(quiet) == 0
    with pytest.raises(OptionError, match="three points"):
        products.fit_height_time(quiet)
    with pytest.raises(OptionError, match=r"are 5\.0 h apart"):
        products.jmap(sequence, position_angle=90 * u.deg, interval=5 * u.h)
    whole = (strip.time - strip.earlier).to_value(u.min)
    assert whole == pytest.approx(12 if interval is None else 24)


def test_jmap_says_what_it_cannot_see(c3, tmp_path):
    sequence = moving(c3, 800.0, frames=4)
    data, flags = sequence.data.copy(), np.array(sequence.flags)
    height, angle = height_and_angle(c3)
    hidden = (np.abs(angle - 140) < 5) & (height < 12)
    data[:, hidden] = np.nan
    flags[:, (np.abs(angle - 200) < 5) & (height < 8)] = sunpy_lasco.PixelFlag.FILLED
    holed = sequence._like(data, sequence.sigma, flags, sequence.headers)
    strip = products.jmap(holed, position_angle=140 * u.deg)
    assert np.isnan(strip.data[:, strip.height < 11.5 * u.R_sun]).all()
    assert np.isfinite(strip.data[:, (strip.height > 12.5 * u.R_sun) & (strip.height < 25 * u.R_sun)]).all()
    low = strip.height < 7.5 * u.R_sun
    assert np.isnan(products.jmap(holed, position_angle=200 * u.deg).data[:, low]).all()
    assert np.isfinite(products.jmap(holed, position_angle=200 * u.deg, filled=True).data[:, low]).all()
    whole = products.jmap(sequence, position_angle=90 * u.deg, difference=False)
    assert whole.data.shape[0] == 4
    assert whole.earlier is None
    ratio = np.tan(whole.elongation[-1]) / np.tan(c3.rsun_obs)
    assert whole.height[-1].value == pytest.approx(ratio.value, rel=1e-9)
    strip.write(tmp_path / "j.fits")
    with fits.open(tmp_path / "j.fits") as content:
        assert content[0].header["CTYPE1"] == "TIME"
        assert np.array_equal(content[0].data.T, strip.data.astype(np.float32), equal_nan=True)
        assert content[0].header["DATEREF"] == strip.time[0].isot
    strip.plot()
    with pytest.raises(OptionError, match="not an angle"):
        products.jmap(sequence, position_angle=90 * u.s)
    with pytest.raises(OptionError, match="define no strip"):
        products.jmap(sequence, position_angle=90 * u.deg, heights=(20, 10) * u.R_sun)
    with pytest.raises(OptionError, match="No pixel"):
        products.jmap(sequence, position_angle=90 * u.deg, heights=(80, 90) * u.R_sun)


def points(speed, *, count=10, sigma=0.06, acceleration=0.0, rng=None):
    seconds = np.arange(count) * 720.0
    height = 5 + (speed * seconds + acceleration * 1e-3 * seconds**2 / 2) / KM
    noise = 0 if rng is None else sigma * rng.standard_normal(count)
    return QTable(
        {
            "time": START + TimeDelta(seconds, format="sec"),
            "height": (height + noise) * u.R_sun,
            "sigma": np.full(count, sigma) * u.R_sun,
        }
    )


def test_truth_of_a_straight_line_and_a_parabola():
    exact = products.fit_height_time(points(1000.0))
    assert exact.speed.to_value(u.km / u.s) == pytest.approx(1000, rel=1e-9)
    assert exact.acceleration.value == pytest.approx(0, abs=1e-6)
    bent = products.fit_height_time(points(1000.0, acceleration=25.0))
    assert bent.acceleration.to_value(u.m / u.s**2) == pytest.approx(25, rel=1e-6)
    assert bent.initial_speed.value == pytest.approx(1000, rel=1e-9)
    assert bent.final_speed.value == pytest.approx(1000 + 25e-3 * 9 * 720, rel=1e-9)
    assert bent.speed_at_20.value == pytest.approx(np.sqrt(1000**2 + 2 * 25e-3 * 15 * KM), rel=1e-9)


def test_sigma_of_speeds_covers_the_truth():
    """1,000 draws: the scatter is 6.4 km/s, and the stated sigmas are correct."""
    rng = np.random.default_rng(3)
    fits_ = [products.fit_height_time(points(1000.0, rng=rng)) for _ in range(1000)]
    speeds = np.array([one.speed.value for one in fits_])
    sigmas = np.array([one.speed_sigma.value for one in fits_])
    assert speeds.std() == pytest.approx(6.4, rel=0.08)
    assert np.median(sigmas) == pytest.approx(6.6, rel=0.1)
    assert 0.65 <= np.mean(np.abs(speeds - 1000) < sigmas) <= 0.72
    assert np.mean(np.abs(speeds - 1000) < 2 * 6.38) == pytest.approx(0.95, abs=0.02)
    knives = np.array([one.speed_jackknife.value for one in fits_])
    assert np.median(knives) == pytest.approx(6.4, rel=0.2)


def test_tables_columns_and_files(tmp_path):
    one = points(1000.0)
    found = products.fit_height_time([one[5:], one[:5]])
    assert found.speed.value == pytest.approx(1000, rel=1e-9)
    assert found.columns["First point (UT)"] == "20:00:00"
    assert found.columns["Remarks"] == ""
    assert "4 points" in products.fit_height_time(one[:3]).columns["Remarks"]
    found.write_csv(tmp_path / "fit.csv")
    found.write_csv(tmp_path / "points.csv", points=True)
    with (tmp_path / "fit.csv").open() as file:
        assert next(csv.DictReader(file))["Linear speed (km/s)"] == "1000.0"
    assert len((tmp_path / "points.csv").read_text().splitlines()) == 11
    for broken, message in (
        (one[:2], "three points"),
        (one["time", "height"], "columns"),
        (QTable({**{name: one[name] for name in ("time", "height")}, "sigma": np.zeros(10) * u.R_sun}), "positive"),
    ):
        with pytest.raises(OptionError, match=message):
            products.fit_height_time(broken)


@pytest.mark.filterwarnings("ignore:.*32310957")
def test_speed_of_the_real_front(real_map, calib_data):
    """2012-08-31: 1442 km/s in the CDAW catalogue, at position angle 90."""
    names = [str(number) for number in range(32310941, 32310962)]
    maps = [sunpy_lasco.calibrate(real_map(name), assets=calib_data) for name in names]
    sequence = products.Sequence(maps)
    speeds = {}
    for angle in (85, 90, 95):
        strip = products.jmap(sequence, position_angle=angle * u.deg)
        for start in (0, 8, 11):
            later = changed_copy(
                strip, data=strip.data[start:], sigma=None, time=strip.time[start:], earlier=strip.earlier[start:]
            )
            for threshold in (4, 5, 7, 10):
                found = products.fit_height_time(products.track(later, threshold=threshold))
                speeds[angle, start, threshold] = found.speed.to_value(u.km / u.s)
                if angle == 90 and start == 0:
                    assert abs(found.acceleration.value - 2) < 60
    at = {angle: np.array([speed for (one, *_), speed in speeds.items() if one == angle]) for angle in (85, 90, 95)}
    assert np.abs(np.concatenate([at[85], at[90]]) / 1442 - 1).max() < 0.05
    assert speeds[90, 0, 5] == pytest.approx(1464, abs=25)
    for one in at.values():
        # This holds for other first frames and thresholds.
        assert np.abs(one - np.median(one)).max() < 60
    centre = np.median([np.median(one) for one in at.values()])
    assert max(abs(np.median(one) - centre) for one in at.values()) < 60


def test_frames_that_show_nothing_neither_show_nor_lose_the_front():
    rng = np.random.default_rng(4)
    height = np.arange(3.85, 30, 0.1)
    minutes = np.arange(14) * 12.0
    edge = 1000 * (minutes * 60 - 1500) / KM + 5
    data = 1e-13 * rng.standard_normal((14, len(height)))
    data += 1e-11 * ((height < edge[:, None]) & (height > edge[:, None] - 1))
    strip = products.JMap(
        data=data,
        sigma=None,
        time=START + TimeDelta(minutes * 60, format="sec"),
        earlier=START + TimeDelta((minutes - 12) * 60, format="sec"),
        height=height * u.R_sun,
        elongation=height * 0.267 * u.deg,
        position_angle=90 * u.deg,
        width=6 * u.deg,
        unit=sunpy_lasco.MSB,
        detector="C3",
        pixel=0.058,
    )
    whole = products.track(strip)
    data[7] = np.nan
    holed = products.track(changed_copy(strip, data=data))
    assert len(holed) == len(whole) - 1
    assert products.fit_height_time(holed).speed.value == pytest.approx(1000, rel=0.02)
    part = products.track(strip, after=strip.time[5], before=strip.time[9])
    assert len(part) == 4
    assert len(products.track(changed_copy(strip, data=np.full_like(data, np.nan)))) == 0
    # The front has faded, and the edge jumps back to the structure that follows.
    data[7:] = 1e-13 * rng.standard_normal((7, len(height)))
    data[7:, 5:20] += 1e-11
    assert len(products.track(changed_copy(strip, data=data))) == len(whole) - 7
    with pytest.raises(OptionError, match="positive"):
        products.track(strip, threshold=0)


def test_what_a_jmap_needs(make):
    frames = products.Sequence([make(1e-10, 0), make(1e-10, 12)], normalise=False)
    with pytest.raises(OptionError, match=r"position_angle=.*nan.* is not finite"):
        products.jmap(frames, position_angle=np.nan * u.deg)
    with pytest.raises(OptionError, match="position_angle=90 is not an angle"):
        products.jmap(frames, position_angle=90)
    with pytest.raises(OptionError, match="interval=12 is not an interval of time"):
        products.jmap(frames, position_angle=90 * u.deg, interval=12)
    with pytest.raises(OptionError, match=r"No two frames are 2\.0 h apart"):
        products.jmap(frames, position_angle=90 * u.deg, interval=2 * u.hour)
    with pytest.raises(OptionError, match="No pixel of the frames lies at position angle 90 degrees"):
        products.jmap(frames[:, :, 70:], position_angle=90 * u.deg)
