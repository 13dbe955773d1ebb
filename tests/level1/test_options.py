"""The options of `sunpy_lasco.calibrate`: defined once, and checked before any work."""

import argparse
import inspect
import pickle
from dataclasses import fields

import numpy as np
import pytest

import astropy.units as u
from astropy.coordinates import SkyCoord

import sunpy_lasco
from sunpy_lasco import simulate
from sunpy_lasco.errors import LascoError, OptionError
from sunpy_lasco.instrument.constants import constants_hash, other_constants, value_of
from sunpy_lasco.level1.option_types import OptionTypes
from sunpy_lasco.level1.options import Level1Options, add_options, options_of

NAMES = [one.name for one in fields(Level1Options)]
#: Impossible values, and what the error must name.
IMPOSSIBLE = {
    "centre, NaN": ({"centre": [np.nan, 500] * u.pix}, "centre.*not finite"),
    "centre, infinite": ({"centre": [510, np.inf] * u.pix}, "centre.*not finite"),
    "centre, one number": ({"centre": 510 * u.pix}, "centre.*shape"),
    "centre, no unit": ({"centre": (510, 500)}, r"centre.*\[x, y\] \* u.pix"),
    "centre, wrong unit": ({"centre": [510, 500] * u.arcsec}, "centre.*pix"),
    "roll, NaN": ({"roll": np.nan * u.deg}, "roll.*not finite"),
    "roll, infinite": ({"roll": -np.inf * u.deg}, "roll.*not finite"),
    "roll, absurd": ({"roll": 4000 * u.deg}, "roll.*within -360 to 360"),
    "roll, no unit": ({"roll": 3.0}, "roll.*deg"),
    "time, NaN": ({"time_offset": np.nan * u.s}, "time_offset.*not finite"),
    "time, infinite": ({"time_offset": np.inf * u.s}, "time_offset.*not finite"),
    "time, no unit": ({"time_offset": 3}, r"time_offset.*u\.s"),
    "time, several": ({"time_offset": [1, 2] * u.s}, "time_offset.*shape"),
    "time, a week": ({"time_offset": 7 * u.day}, "time_offset.*86400"),
    "bias, too high": ({"bias": 60000 * u.DN}, "bias.*within 0 to 2000"),
    "bias, negative": ({"bias": -5 * u.DN}, "bias.*within 0 to 2000"),
    "bias, no unit": ({"bias": 385.2}, "bias.*DN"),
    "bias, misspelt": ({"bias": "darkest"}, "bias.*'official', 'dark'"),
    "bias, None": ({"bias": None}, "bias.*official"),
    "factor, too large": ({"factor": 50}, "factor.*0.1 to 10"),
    "factor, a word": ({"factor": "1.01"}, "factor.*not a number"),
    "factor, an array": ({"factor": np.ones(2)}, "factor.*number"),
    "sun_pixel, far outside": ({"sun_pixel": [5000, 500] * u.pix}, "sun_pixel.*full frame"),
    "sun_pixel, NaN": ({"sun_pixel": [np.nan, 500] * u.pix}, "sun_pixel.*not finite"),
    "flat_field, zeros": ({"flat_field": np.zeros((1024, 1024))}, "flat_field.*1048576 pixels"),
    "flat_field, another shape": ({"flat_field": np.ones((512, 512))}, r"flat_field.*\(512, 512\)"),
    "flat_field, NaN": ({"flat_field": np.full((1024, 1024), np.nan)}, "flat_field.*not finite"),
    "flat_field, counts": ({"flat_field": np.full((1024, 1024), 8000.0)}, "flat_field.*median"),
    "flat_field, a word": ({"flat_field": "yes"}, "flat_field"),
    "distortion": ({"distortion": "resampled"}, "distortion.*'wcs'"),
    "geometry": ({"geometry": None}, "geometry.*'stars'"),
    "photometry": ({"photometry": 1}, "photometry.*'stars'"),
    "on_bad": ({"on_bad": "error"}, "on_bad.*'ignore'"),
    "inpaint": ({"inpaint": "krigging"}, "inpaint.*'kriging'"),
    "a word for a switch": ({"mask": "False"}, "mask.*neither True nor False"),
    "None for a switch": ({"pad": None}, "pad.*neither"),
    "a number for a switch": ({"north_up": 2}, "north_up.*neither"),
    "assets": ({"assets": 3}, "assets.*not a directory"),
    "context, a name": ({"context": "32310956.fts"}, "context.*not a sequence"),
    "context, names": ({"context": ["32310956.fts"]}, "context.*str"),
    "observer, a word": ({"observer": "SOHO"}, "observer.*SkyCoord"),
    "observer, no distance": (
        {"observer": SkyCoord(0 * u.deg, 0 * u.deg, frame="heliographic_stonyhurst", obstime="2002-05-21")},
        "observer",
    ),
    "observer, NaN": (
        {"observer": SkyCoord(0 * u.deg, np.nan * u.deg, 1 * u.au, frame="icrs")},
        "observer.*finite",
    ),
    "turned without interpolation": ({"distortion": "wcs", "north_up": True}, "north_up needs the interpolation"),
    "SIP in SolarSoft": ({"solarsoft": True, "distortion": "wcs"}, "SolarSoft has no distortion in the WCS"),
    "shifted without interpolation": (
        {"distortion": None, "sun_pixel": [511.5, 511.5] * u.pix},
        "sun_pixel needs the interpolation",
    ),
}


@pytest.fixture(scope="module")
def raw(observe, smooth_scene):
    return observe("C3", scene=smooth_scene, leb_sum=(4, 4), seed=2).level05


@pytest.mark.parametrize("case", IMPOSSIBLE)
def test_impossible_values_are_refused_before_the_work(case, raw, monkeypatch):
    options, message = IMPOSSIBLE[case]

    def work(*_, **__):
        pytest.fail("the work has begun")

    monkeypatch.setattr("sunpy_lasco.level1.pipeline.find_pointing", work)
    monkeypatch.setattr("sunpy_lasco.level1.pipeline.fill_missing", work)
    with pytest.raises(OptionError, match=message) as caught:
        sunpy_lasco.calibrate(raw, assets=options.pop("assets", "simulated"), **options)
    assert isinstance(caught.value, LascoError)
    assert isinstance(caught.value, ValueError)


def test_every_option_is_checked():
    """Each option refuses a meaningless object."""
    for name in NAMES:
        with pytest.raises(OptionError, match=f"{name}="):
            Level1Options(**{name: object()})


def test_an_option_that_is_not_there(raw):
    with pytest.raises(TypeError, match="no option 'flatfield'; did you mean 'flat_field'"):
        sunpy_lasco.calibrate(raw, flatfield=True)
    with pytest.raises(TypeError, match="no option 'zzz'"):
        sunpy_lasco.calibrate(raw, zzz=True)


def test_what_is_given_in_other_forms_is_the_same(raw):
    made = Level1Options(
        centre=(510 * u.pix, 500 * u.pix), roll=np.pi * u.rad, time_offset=1 * u.min, factor=np.float32(1), inpaint=True
    )
    assert made.centre.value.tolist() == [510, 500]
    assert made.roll.unit == u.deg
    assert made.time_offset == 60 * u.s
    assert made.inpaint == "auto"
    assert Level1Options(inpaint=False).inpaint is None
    assert Level1Options(mask=np.bool_(False)).mask is False


def test_frozen():
    with pytest.raises(AttributeError):
        Level1Options().mask = False


def test_centre_beside_the_detector(raw):
    """The option is given in pixels of a summed frame; the full-frame position is correct."""
    with pytest.raises(OptionError, match=r"\(2041\.5, 401\.5\), which is outside the detector"):
        sunpy_lasco.calibrate(raw, assets="simulated", centre=[510, 100] * u.pix)
    with pytest.raises(OptionError, match="outside the detector"):
        sunpy_lasco.update_pointing(raw, centre=[510, 100] * u.pix)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_the_steps_refuse_what_calibrate_refuses(raw, value):
    with pytest.raises(OptionError, match="centre"):
        sunpy_lasco.update_pointing(raw, centre=[value, 100] * u.pix)
    with pytest.raises(OptionError, match="roll"):
        sunpy_lasco.update_pointing(raw, roll=value * u.deg)
    with pytest.raises(OptionError, match="time_offset"):
        sunpy_lasco.level1.correct_time(raw, offset=value * u.s)
    with pytest.raises(OptionError, match="bias"):
        sunpy_lasco.level1.subtract_bias(raw, bias=value * u.DN)
    lossy = simulate.observe("C3", lost_blocks=[(5, 10)], seed=1).level05
    with pytest.raises(OptionError, match="bias"):
        sunpy_lasco.inpaint(lossy, bias=value * u.DN)
    counts = sunpy_lasco.level1.subtract_bias(sunpy_lasco.level1.mark_missing(raw))
    with pytest.raises(OptionError, match="flat_field"):
        sunpy_lasco.level1.correct_response(counts, np.full((1024, 1024), value))
    with pytest.raises(OptionError, match="sun_pixel"):
        sunpy_lasco.level1.correct_distortion(sunpy_lasco.update_pointing(raw), sun_pixel=[value, 3] * u.pix)


def test_observer(raw):
    """A position without a time is taken for the time of the exposure; implausible positions are refused."""
    here = SkyCoord(-0.3 * u.deg, 2 * u.deg, 0.99 * u.au, frame="heliographic_stonyhurst")
    level1 = sunpy_lasco.calibrate(raw, assets="simulated", observer=here)
    assert level1.meta["hglt_obs"] == pytest.approx(2)
    assert level1.meta["dsun_obs"] == pytest.approx((0.99 * u.au).to_value(u.m))
    far = SkyCoord(0 * u.deg, 0 * u.deg, 5.2 * u.au, frame="heliographic_stonyhurst", obstime=raw.date)
    with pytest.raises(OptionError, match=r"5\.2\d* au"):
        sunpy_lasco.calibrate(raw, assets="simulated", observer=far)


def test_signature_and_docstring():
    signature = inspect.signature(sunpy_lasco.calibrate)
    assert list(signature.parameters) == ["smap", *NAMES]
    for one in fields(Level1Options):
        parameter = signature.parameters[one.name]
        assert parameter.kind is inspect.Parameter.KEYWORD_ONLY
        assert parameter.default is one.default
    docscrape = pytest.importorskip("numpydoc.docscrape")
    described = {one.name: one for one in docscrape.NumpyDocString(sunpy_lasco.calibrate.__doc__)["Parameters"]}
    assert list(described) == ["smap", *NAMES]
    for one in fields(Level1Options):
        assert described[one.name].type == one.metadata["kind"]
        assert " ".join(" ".join(described[one.name].desc).split()) == " ".join(one.metadata["text"].split())


#: Arguments of the command line for each option, and the value.
COMMAND_LINE = {
    "assets": (["estimate"], "estimate"),
    "inpaint": (["none"], None),
    "context": (["a.fts", "b.fts"], ["a.fts", "b.fts"]),
    "distortion": (["none"], None),
    "north_up": ([], True),
    "sun_pixel": (["511.5", "500"], [511.5, 500] * u.pix),
    "geometry": (["stars"], "stars"),
    "photometry": (["stars"], "stars"),
    "bias": (["385.2"], 385.2 * u.DN),
    "factor": (["1.01"], 1.01),
    "centre": (["510", "-3"], [510, -3] * u.pix),
    "roll": (["-4.7"], -4.7 * u.deg),
    "pointing": (["stars"], "stars"),
    "time_offset": (["36"], 36 * u.s),
    "observer": (["-0.2", "7", "0.99"], None),
    "flat_field": (["builtin"], True),
    "linearity": ([], False),
    "vignetting": ([], False),
    "stray_light": ([], False),
    "mask": ([], False),
    "pad": ([], False),
    "on_bad": (["raise"], "raise"),
    "solarsoft": ([], True),
}


def parsed(arguments):
    parser = argparse.ArgumentParser()
    add_options(parser)
    return options_of(parser.parse_args(arguments))


def test_all_options_on_the_command_line():
    assert list(COMMAND_LINE) == NAMES
    assert parsed([]) == {}
    for name, (texts, expected) in COMMAND_LINE.items():
        flag = name.replace("_", "-")
        found = parsed([f"--{'no-' if expected is False else ''}{flag}", *texts])
        assert list(found) == [name]
        if name == "observer":
            assert found[name].radius.to_value(u.au) == pytest.approx(0.99)
            assert found[name].lat.to_value(u.deg) == pytest.approx(7)
        else:
            assert type(found[name]) is type(expected)
            np.testing.assert_array_equal(found[name], expected)
        if name != "context":
            # The option accepts the value, which can be sent to another process.
            options = pickle.loads(pickle.dumps(Level1Options(**found)))
            assert set(options.given()) == {name}


def test_switches_that_have_three_states():
    assert parsed(["--north-up"]) == {"north_up": True}
    assert parsed(["--no-north-up"]) == {"north_up": False}


def test_a_response_from_a_file(tmp_path):
    from astropy.io import fits

    path = tmp_path / "response.fits"
    fits.writeto(path, np.ones((1024, 1024)))
    assert parsed(["--flat-field", str(path)])["flat_field"].shape == (1024, 1024)
    with pytest.raises(OptionError, match=r"absent\.fits"):
        parsed(["--flat-field", str(tmp_path / "absent.fits")])


@pytest.mark.parametrize(
    "arguments", [["--roll", "north"], ["--sun-pixel", "1", "two"], ["--bias", "dark level"], ["--factor", ""]]
)
def test_texts_that_are_no_values(arguments):
    with pytest.raises(OptionError):
        Level1Options(**parsed(arguments))


def test_provenance(raw):
    assert sunpy_lasco.calibrate(raw, assets="simulated").meta["calopts"] == "assets='simulated'"
    assert Level1Options().provenance() == "defaults"
    level1 = sunpy_lasco.calibrate(raw, assets="simulated", geometry="stars", roll=1 * u.deg, mask=False, inpaint=None)
    assert level1.meta["calopts"] == "assets='simulated', inpaint=None, geometry='stars', roll=1.0 deg, mask=False"


def test_level1_says_by_which_constants_it_was_made(raw):
    level1 = sunpy_lasco.calibrate(raw, assets="simulated", inpaint=None)
    assert level1.meta["constsha"] == constants_hash()
    camera = raw.detector
    factor = value_of(f"{camera}.star_scale")
    with other_constants({f"{camera}.star_scale": 2 * factor}):
        other = sunpy_lasco.calibrate(raw, assets="simulated", inpaint=None, photometry="stars", stray_light=False)
        assert other.meta["constsha"] == constants_hash() != level1.meta["constsha"]
    same = sunpy_lasco.calibrate(raw, assets="simulated", inpaint=None, photometry="stars", stray_light=False)
    np.testing.assert_allclose(other.data, 2 * same.data, rtol=1e-6)


def test_types_of_the_options_are_those_of_the_fields():
    """``python .ci/check_types.py --write`` makes the one of the other."""
    types = {name: one.__forward_arg__ for name, one in OptionTypes.__annotations__.items()}
    assert types == {one.name: one.type for one in fields(Level1Options)}


def test_the_package_says_that_it_is_typed():
    from importlib.resources import files

    assert files("sunpy_lasco").joinpath("py.typed").is_file()
