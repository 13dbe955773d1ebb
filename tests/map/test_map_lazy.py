"""Maps of Dask arrays: submap and superpixel stay lazy, everything else computes the pixels once."""

import numpy as np
import pytest

import astropy.units as u
from astropy.io import fits

import sunpy.map

import sunpy_lasco
from sunpy_lasco import level1 as calibration
from sunpy_lasco.map.lazy import in_memory, is_lazy

da = pytest.importorskip("dask.array", reason="Dask is not installed")

CUT = {"bottom_left": [96, 64] * u.pix, "width": 299 * u.pix, "height": 199 * u.pix}
#: Operations that stay lazy, as in sunpy.
LAZY = {
    "submap": lambda smap: smap.submap(**CUT),
    "superpixel": lambda smap: smap.superpixel([4, 2] * u.pix, func=np.mean),
    "superpixel with an offset": lambda smap: smap.superpixel([3, 3] * u.pix, offset=[5, 2] * u.pix),
    "superpixel of a submap": lambda smap: smap.submap(**CUT).superpixel([2, 2] * u.pix, func=np.max),
    "conservative": lambda smap: smap.superpixel([8, 8] * u.pix, conservative_mask=True),
}
#: Operations that compute the pixels.
EAGER = {
    "rotate": lambda smap: smap.rotate(order=1),
    "resample": lambda smap: smap.resample([512, 512] * u.pix),
    "multiple": lambda smap: 2 * smap,
    "negative": lambda smap: -smap,
    "minus a quantity": lambda smap: smap - 1 * smap.unit,
}


@pytest.fixture(params=["32310957", "22321894", "35082038"])
def opened(request, real_frame):
    """A real frame in chunks and in memory, and a count of the computed chunks."""
    with fits.open(real_frame(request.param)) as hdus:
        header, array = hdus[0].header, hdus[0].data
    array = array.astype(array.dtype.newbyteorder("="))
    computed = []

    def chunk(block):
        computed.append(block.shape)
        return block

    lazy = da.from_array(array, chunks=(256, 512)).map_blocks(chunk, dtype=array.dtype, meta=array[:0, :0])
    return sunpy.map.Map(lazy, header), sunpy.map.Map(array, header), computed


def same(lazy, eager):
    np.testing.assert_array_equal(np.asarray(lazy.data), eager.data)
    np.testing.assert_array_equal(np.asarray(lazy.mask), eager.mask)
    assert (type(lazy), lazy.unit) == (type(eager), eager.unit)
    np.testing.assert_allclose(lazy.wcs.wcs.crpix, eager.wcs.wcs.crpix)


def test_a_map_opens_without_a_look_at_its_pixels(opened):
    lazy, eager, computed = opened
    assert is_lazy(lazy.data)
    assert is_lazy(lazy.mask)
    assert lazy.data.chunks == ((256,) * 4, (512,) * 2)
    assert lazy.plot_settings["norm"] is not None
    repr(lazy)
    assert not computed
    same(lazy, eager)


@pytest.mark.parametrize("name", LAZY)
def test_what_stays_lazy(name, opened):
    lazy, eager, computed = opened
    new = LAZY[name](lazy)
    assert is_lazy(new.data)
    assert not computed
    same(new, LAZY[name](eager))


def test_reductions_stay_lazy(opened):
    lazy, eager, computed = opened
    for name in ("mean", "max", "min", "std"):
        found = getattr(lazy, name)()
        assert not computed
        np.testing.assert_allclose(np.asarray(found), getattr(eager, name)(), rtol=1e-4)
        computed.clear()


@pytest.mark.parametrize("name", EAGER)
def test_what_is_computed_is_computed_once(name, opened):
    lazy, eager, computed = opened
    new = EAGER[name](lazy)
    assert not is_lazy(new.data)
    assert len(computed) == 8
    same(new, EAGER[name](eager))


def test_differences_compute_each_map_once(opened):
    lazy, eager, computed = opened
    difference = lazy - eager
    assert len(computed) == 8
    assert np.nanmax(np.abs(difference.data)) == 0


def test_flags_are_those_of_the_pixels(opened):
    lazy, eager, _ = opened
    np.testing.assert_array_equal(sunpy_lasco.flags(lazy), sunpy_lasco.flags(eager))


def test_in_memory_is_the_same_map_where_it_is_there_already(opened):
    lazy, eager, computed = opened
    assert in_memory(eager) is eager
    same(in_memory(lazy), eager)
    assert len(computed) == 8
    part = lazy.submap(**CUT)
    part.mask = da.zeros(part.data.shape, dtype=bool, chunks=-1)
    assert isinstance(in_memory(part)._mask, np.ndarray)


@pytest.fixture
def simulated(calibrated):
    """Counts with a lost block, lazy and in memory, and how often they were computed."""
    eager = calibrated("C3", leb_sum=(2, 2), lost_blocks=((10, 9),)).level05
    computed = []

    def chunk(block):
        computed.append(block.shape)
        return block

    data = da.from_array(eager.data, chunks=-1).map_blocks(chunk, dtype=eager.dtype, meta=eager.data[:0, :0])
    return sunpy.map.Map(data, eager.meta), eager, computed


def test_calibration_computes_once(simulated):
    lazy, eager, computed = simulated
    level1 = sunpy_lasco.calibrate(lazy, assets="simulated", inpaint="radial")
    assert len(computed) == 1
    expected = sunpy_lasco.calibrate(eager, assets="simulated", inpaint="radial")
    same(level1, expected)
    np.testing.assert_array_equal(level1.uncertainty.array, expected.uncertainty.array)


def test_repair_computes_once(simulated):
    lazy, eager, computed = simulated
    filled = sunpy_lasco.inpaint(lazy, "radial")
    assert len(computed) == 1
    np.testing.assert_array_equal(filled.data, sunpy_lasco.inpaint(eager, "radial").data)


@pytest.mark.parametrize("step", ["unwrap", "mark_missing", "subtract_bias", "update_pointing", "correct_time"])
def test_steps_take_lazy_maps(step, simulated):
    lazy, eager, _ = simulated
    new = getattr(calibration, step)(lazy)
    np.testing.assert_array_equal(np.asarray(new.data), getattr(calibration, step)(eager).data)


def test_level_1_is_written_lazily_too(calibrated, tmp_path):
    level1 = calibrated("C3", leb_sum=(2, 2), lost_blocks=((10, 9),)).level1
    lazy = sunpy.map.Map(da.from_array(level1.data, chunks=128), level1.meta)
    assert is_lazy(lazy.data)
    path = sunpy_lasco.write_level1(lazy, tmp_path / "level1.fts")
    np.testing.assert_array_equal(sunpy_lasco.read_level1(path).data, level1.data)
