"""Display of maps."""

import copy

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt

import astropy.units as u
from astropy.visualization import PowerStretch

import sunpy_lasco
from sunpy_lasco import simulate
from sunpy_lasco.map import replace
from sunpy_lasco.map.display import NO_SKY, CoronaNorm, corona_colours


@pytest.fixture
def norm():
    return CoronaNorm((1.0, 99.0), PowerStretch(0.5))


def test_limits_of_the_valid_pixels(norm):
    data = np.ma.masked_array(np.arange(10001.0), np.arange(10001) > 1000)
    data[5] = np.nan
    norm.autoscale_None(data)
    assert (norm.vmin, norm.vmax) == (pytest.approx(10, abs=1), pytest.approx(990, abs=1))


def test_limits_that_are_set_stay(norm):
    norm.vmin = 3.0
    norm.autoscale_None(np.arange(101.0))
    assert (norm.vmin, norm.vmax) == (3.0, 99.0)
    new = norm.renewed()
    # An automatic limit is determined again; one that was set is kept.
    assert (new.vmin, new.vmax) == (3.0, None)
    assert (norm.vmin, norm.vmax) == (3.0, 99.0)


def test_nothing_valid(norm):
    norm.autoscale_None(np.full((4, 4), np.nan))
    assert norm.vmin < norm.vmax


def test_constant_image(norm):
    norm.autoscale_None(np.full(100, 7.0))
    assert (norm.vmin, norm.vmax) == (7.0, 7.0)


def test_copies(norm):
    norm.autoscale_None(np.arange(101.0))
    assert copy.deepcopy(norm)(np.array([50.0])) == norm(np.array([50.0]))


@pytest.mark.parametrize("detector", ["C2", "C3"])
def test_colours(detector):
    colours = corona_colours(detector)
    assert colours.name == f"soholasco{detector[1]}"
    assert tuple(colours.get_bad()) == mpl.colors.to_rgba(NO_SKY) != (0, 0, 0, 1)
    # The registered colour map is unchanged.
    assert tuple(mpl.colormaps[f"soholasco{detector[1]}"].get_bad()) != (0, 0, 0, 1)


def test_a_map_and_its_parts_have_scales_of_their_own(level05_cards, make_map):
    y, x = np.mgrid[:1024, :1024]
    smap = make_map(level05_cards(), data=(500 + x + 3 * y).astype(np.int16))
    whole = smap.plot(axes=plt.figure().add_subplot(projection=smap))
    limits = whole.norm.vmin, whole.norm.vmax
    part = smap.submap([700, 700] * u.pix, top_right=[800, 800] * u.pix)
    shown = part.plot(axes=plt.figure().add_subplot(projection=part))
    assert shown.norm.vmin > 500 + 700 + 3 * 700
    assert (whole.norm.vmin, whole.norm.vmax) == limits
    # Settings of the user are kept.
    smap.plot_settings["norm"].vmax = 4000.0
    assert smap.submap([700, 700] * u.pix, top_right=[800, 800] * u.pix).plot_settings["norm"].vmax == 4000.0


def test_brightness_has_a_steeper_scale_than_counts(calibrated):
    pair = calibrated("C3", leb_sum=(2, 2))
    assert pair.level05.plot_settings["norm"].stretch(np.array([0.125])) == pytest.approx(0.125**0.5)
    assert pair.level1.plot_settings["norm"].stretch(np.array([0.125])) == pytest.approx(0.5)
    # A chosen one is kept.
    raw = replace(pair.level05)
    raw.plot_settings["norm"] = CoronaNorm((5.0, 95.0), PowerStretch(1.0))
    assert replace(raw, meta=pair.level1.meta).plot_settings["norm"].percentiles == (5.0, 95.0)


def test_bytes_are_shown_as_they_are(level05_cards, make_map):
    smap = make_map(level05_cards(helioviewer=" ", naxis1=1024, naxis2=1024), dtype=np.uint8)
    assert not isinstance(smap.plot_settings["norm"], CoronaNorm)


@pytest.mark.parametrize("detector", ["C2", "C3"])
def test_labels_of_peek_do_not_cover_each_other(detector, monkeypatch):
    monkeypatch.setattr(plt, "show", lambda *_, **__: None)
    raw = simulate.observe(detector, date="2002-05-21T00:18", seed=1).level05
    sunpy_lasco.calibrate(raw, assets="simulated").peek()
    figure = plt.gcf()
    figure.canvas.draw()
    picture, bar = figure.axes
    assert bar.get_ylabel() == "MSB"
    boxes = [axes.get_tightbbox(figure.canvas.get_renderer()) for axes in (picture, bar)]
    assert not boxes[0].overlaps(boxes[1])
    labels = [label for label in bar.get_yticklabels() if label.get_text()]
    assert not any(label.get_window_extent().overlaps(bar.yaxis.label.get_window_extent()) for label in labels)
