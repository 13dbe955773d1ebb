"""Pictures, composites and movies: the values of pixels, and the validity of files."""

import json
import subprocess
from dataclasses import replace as changed_copy

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

import astropy.units as u

import sunpy.map

from sunpy_lasco import PixelFlag, products
from sunpy_lasco.errors import IncompatibleMapsError, OptionError
from sunpy_lasco.products.movies import _moments
from sunpy_lasco.products.pictures import HIDDEN, LOST, stamp
from sunpy_lasco.products.places import height_and_angle


@pytest.fixture
def level1(make, corona):
    """A level-1 map with an occulter, a lost block, and a streamer."""
    smap = make()
    height, angle = height_and_angle(smap)
    flags = np.zeros(height.shape, np.uint8)
    flags[height < 4] = PixelFlag.MASKED
    flags[100:110, 20:30] = PixelFlag.MISSING
    data = corona() * (1 + 0.5 * np.exp(-(((angle - 60) / 4) ** 2)))
    data[flags > 0] = np.nan
    return make(data, flags=flags)


def test_hidden_lost_and_dark_are_told_apart(level1):
    look = products.Look.of(level1)
    assert look.kind == "corona"
    colours = look.colours(level1)
    height, angle = height_and_angle(level1)
    assert (colours[height < 4] == HIDDEN).all()
    assert (colours[100:110, 20:30] == LOST).all()
    elsewhere = (height > 5) & np.isfinite(level1.data)
    for reserved in (HIDDEN, LOST):
        assert not (colours[elsewhere] == reserved).all(axis=-1).any()
    # The streamer has the same contrast near and far, and the decrease of the corona is removed.
    light = colours.sum(axis=-1).astype(float)
    for low in (6, 12, 20):
        ring = (height > low) & (height < low + 3) & elsewhere
        assert light[ring & (np.abs(angle - 60) < 2)].mean() > 1.7 * light[ring & (np.abs(angle - 250) < 30)].mean()
    values = look.values(level1)
    medians = [np.nanmedian(values[(height > low) & (height < low + 2)]) for low in range(5, 26, 4)]
    assert np.ptp(medians) < 0.05


def test_differences_are_symmetric_and_grey(make, corona):
    later, earlier = make(corona() * 1.01 + 1e-12, 12), make(corona(), 0)
    difference = products.running_difference([earlier, later])[0]
    look = products.Look.of(difference)
    assert look.kind == "difference"
    assert look.low == -look.high
    zero = changed_copy(look, low=-1.0, high=1.0).colours(difference)
    assert np.abs(zero.astype(int) - 128).max() <= 1
    assert (zero[..., 0] == zero[..., 2]).all()
    assert products.Look.of(products.percent_difference([earlier, later])[1]).kind == "symmetric"
    assert stamp(difference) == "SOHO/LASCO C3  2012-08-31 18:12 UT  [RD 12 min]"
    # With the weight by height, r**-1.15 has the same brightness everywhere.
    height, _ = height_and_angle(difference)
    even = look.values(make(1e-12 * (10 / height) ** 1.15))
    assert np.allclose(even, 1e-12, rtol=1e-4)


def test_north_is_up_whatever_the_roll(make, tmp_path):
    """A star in the north is in the upper half of the picture of a rolled frame."""
    smap = make()
    height, angle = height_and_angle(smap)
    with np.errstate(divide="ignore"):
        data = 1e-10 * (10 / height) ** 2.5
    data[(np.abs((angle + 180) % 360 - 180) < 8) & (np.abs(height - 15) < 2)] *= 5
    turned = make(data[::-1, ::-1], pc1_1=-1.0, pc2_2=-1.0)
    shown = []
    for name, one in (("plain", make(data)), ("turned", turned)):
        with Image.open(products.picture(one, tmp_path / f"{name}.png", label="", size=256)) as opened:
            light = np.asarray(opened.convert("RGB")).astype(float).sum(axis=-1)
        light[236:] = light[96:160, 96:160] = 0
        rows, columns = np.nonzero(light > 700)
        assert len(rows) > 20
        assert (rows < 128).all()
        assert abs(columns.mean() - 127.5) < 3
        shown.append(light)
    # Of 765, since the smooth corona is fitted to other pixels.
    assert np.abs(shown[0] - shown[1]).mean() < 20


def test_picture_files(level1, tmp_path):
    path = products.picture(level1, tmp_path / "a.png", size=200)
    assert plt.imread(path).shape[:2] == (200, 200)
    with pytest.raises(FileExistsError):
        products.picture(level1, path)
    products.picture(level1, path, size=300, overwrite=True, half_width=10 * u.R_sun)
    assert plt.imread(path).shape[:2] == (300, 300)
    with pytest.raises(OptionError, match="too little"):
        products.picture(level1._new_instance(np.full((128, 128), np.nan), level1.meta), tmp_path / "b.png")


@pytest.fixture
def pair(make):
    """C2 with 0.8 of the brightness of C3."""

    def brightness(smap):
        height, angle = height_and_angle(smap)
        with np.errstate(divide="ignore"):
            light = 1e-10 * (10 / height) ** 2.5 * (1 + 0.2 * np.cos(np.deg2rad(2 * angle)))
        return height, light

    c2, c3 = make(detector="C2"), make(minute=6)
    height, light = brightness(c2)
    c2 = make(np.where(height > 2.1, 0.8 * light, np.nan), detector="C2")
    height, light = brightness(c3)
    return c2, make(np.where(height > 3.7, light, np.nan), 6)


def test_composite_matches_the_scale_and_measures_the_seam(pair):
    c2, c3 = pair
    found = products.composite(c2, c3, size=300)
    assert found.factor == pytest.approx(1.25, rel=0.02)
    assert abs(found.step) < 0.02
    assert found.step_scatter < 0.02
    assert found.apart.to_value(u.min) == pytest.approx(6)
    assert found.map.meta["c2scale"] == pytest.approx(found.factor, abs=1e-5)
    assert found.map.meta["seamstep"] == pytest.approx(found.step, abs=1e-5)
    height, angle = height_and_angle(found.map)
    truth = 1e-10 * (10 / height) ** 2.5 * (1 + 0.2 * np.cos(np.deg2rad(2 * angle)))
    seen = np.isfinite(found.map.data)
    assert seen[(height > 2.6) & (height < 15)].all()
    assert not seen[height < 1.8].any()
    # Bilinear in pixels of 0.47 solar radii, where the corona is steep.
    outside = (height > 6) & seen
    assert np.abs(found.map.data / truth - 1)[outside].max() < 0.06
    assert found.map.unit == c3.unit
    assert height.max() == pytest.approx(16 * np.sqrt(2), rel=0.01)


def test_composite_draws_the_disk_inside(pair, tmp_path):
    c2, c3 = pair
    meta = sunpy.map.make_fitswcs_header((100, 100), c3.center, scale=[26, 26] * u.arcsec / u.pix)
    disk = sunpy.map.Map(np.random.default_rng(1).random((100, 100)), meta)
    found = products.composite(c2, c3, disk, size=300)
    assert found.picture(tmp_path / "c.png", size=300).exists()
    height, _ = height_and_angle(found.map)
    colours = found.colours()
    assert colours[height < 1].std() > 20
    assert (colours[(height > 1.3) & (height < 1.8)] == HIDDEN).all()


def test_what_makes_no_composite(pair, make):
    c2, c3 = pair
    with pytest.raises(IncompatibleMapsError, match="not an image of C2"):
        products.composite(c3, c2)
    with pytest.raises(IncompatibleMapsError, match="hours apart"):
        products.composite(c2, make(c3.data, 400))
    with pytest.raises(OptionError, match="do not overlap"):
        products.composite(c2, c3, match=(12, 14) * u.R_sun)
    with pytest.raises(OptionError, match="not a height"):
        products.composite(c2, c3, seam=4.5 * u.s)


@pytest.fixture
def series(make, corona):
    """Five frames, 12 minutes apart, with half an hour between the third and the fourth."""
    minutes = (0, 12, 24, 60, 72)
    maps = [make(corona() * (1 + 0.01 * number), minute) for number, minute in enumerate(minutes)]
    return products.Sequence(maps, normalise=False)


def test_moments_are_even_in_time_and_gaps_are_held(series):
    moments = _moments(series.time, "auto", 720.0)
    assert [one.number for one in moments] == [0, 1, 2, 2, 2, 3, 4]
    assert [bool(one.mark) for one in moments] == [False, False, False, True, True, False, False]
    assert moments[3].mark == "no image until 19:00"
    assert [one.number for one in _moments(series.time, None, 720.0)] == [0, 1, 2, 3, 4]
    assert len(_moments(series.time, 6 * u.min, 720.0)) == 13
    # The steps are longer than those of the frames, but each frame is shown.
    assert [one.number for one in _moments(series.time, 1 * u.hour, 720.0)] == [0, 1, 2, 3, 4]
    for step, message in (("often", "unknown"), (3 * u.m, "not an interval"), (-1 * u.s, "not positive")):
        with pytest.raises(OptionError, match=message):
            _moments(series.time, step, 720.0)


def test_movie_of_h264(series, tmp_path):
    ffmpeg = pytest.importorskip("imageio_ffmpeg", reason="imageio-ffmpeg is not installed")
    path = products.movie(series, tmp_path / "m.mp4", size=128)
    told = subprocess.run(
        [ffmpeg.get_ffmpeg_exe(), "-i", str(path)], capture_output=True, text=True, check=False
    ).stderr
    assert "h264" in told
    assert "yuv420p" in told
    assert "128x128" in told
    assert "10 fps" in told
    assert ffmpeg.count_frames_and_secs(str(path))[0] == 7
    with pytest.raises(FileExistsError):
        products.movie(series, path, size=128)


def test_movies_of_gif_and_of_pictures(series, tmp_path):
    path = products.movie(products.running_difference(series), tmp_path / "m.gif", size=128, fps=5)
    with Image.open(path) as shown:
        # The difference over the gap is blank: that of 18:24 is held for three more steps, as one image.
        lasting = []
        for number in range(shown.n_frames):
            shown.seek(number)
            lasting.append(shown.info["duration"])
        assert lasting == [200, 200, 600, 200]
    folder = products.movie(series, tmp_path / "frames", size=128)
    told = json.loads((folder / "movie.json").read_text())["frames"]
    assert [one["held"] for one in told] == [False, False, False, True, True, False, False]
    assert all((folder / one["file"]).exists() for one in told)
    assert told[-1]["time"].startswith("2012-08-31T19:12")


def test_movie_of_composites(pair, tmp_path):
    found = products.composite(*pair, size=200)
    with Image.open(products.movie([found, found], tmp_path / "m.gif", size=128, step=None)) as shown:
        assert shown.size == (128, 128)
    with pytest.raises(OptionError, match="not both"):
        products.movie([found, pair[0]], tmp_path / "n.gif", size=128)


def test_without_an_encoder_there_are_other_movies(series, tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(OptionError, match="extra products"):
        products.movie(series, tmp_path / "m.mp4", size=128)
    assert products.movie(series, tmp_path / "m.gif", size=128).exists()


def test_what_makes_no_movie(series, tmp_path):
    with pytest.raises(OptionError, match="must end in"):
        products.movie(series, tmp_path / "m.avi")
    with pytest.raises(OptionError, match="even"):
        products.movie(series, tmp_path / "m.gif", size=129)
    assert not list(tmp_path.iterdir())


def test_looks_by_kind(make, corona):
    look = products.Look.of([make(corona(), 0), make(corona() * 1.1, 12)])
    assert (look.kind, look.cmap) == ("corona", "soholasco3")
    # Relative to a smooth corona, the mean of the two is drawn as 1.
    height, _ = height_and_angle(make())
    middle = (height > 8) & (height < 20)
    assert np.median(look.values(make(corona() * 1.0))[middle]) == pytest.approx(1, rel=0.05)
    assert products.Look.of(make(0.3, polar="DEGREE", edited="polarised")).kind == "linear"
    for polar in ("ANGLE", "pBres"):
        shown = products.Look.of(make(np.linspace(-1, 1, 128), polar=polar))
        assert (shown.kind, shown.cmap, shown.low) == ("symmetric", "gray", -shown.high)
    with pytest.raises(OptionError, match="There are no maps"):
        products.Look.of([])
    nothing = products.running_difference([make(np.nan, 0), make(np.nan, 12)])[0]
    with pytest.raises(OptionError, match="contains nothing to draw"):
        products.Look.of(nothing)
    with pytest.raises(OptionError, match="too little of the corona"):
        products.Look.of(make(np.nan))
