"""Sequences are read as they were written."""

import numpy as np
import pytest

import astropy.units as u

from sunpy_lasco import products
from sunpy_lasco.errors import BadFrameError, OptionError


@pytest.fixture
def sequence(make, corona):
    flags = np.zeros((128, 128), np.uint8)
    flags[3, 4] = 16
    light = corona()
    light[5, 6] = np.nan
    return products.Sequence([make(light * (1 + 0.001 * n), 12 * n, flags=flags) for n in range(3)])


def assert_same(back, sequence):
    assert isinstance(back, products.Sequence)
    back = back.computed()
    np.testing.assert_array_equal(back.data, sequence.data)
    np.testing.assert_array_equal(back.sigma, sequence.sigma)
    np.testing.assert_array_equal(back.flags, sequence.flags)
    np.testing.assert_allclose(back.factors, sequence.factors, rtol=1e-12)
    assert back.unit == sequence.unit
    assert np.abs((back.time - sequence.time).to_value(u.s)).max() < 1e-3
    for here, there in zip(back.maps, sequence.maps, strict=True):
        assert type(here) is type(there)
        assert here.meta["filename"] == there.meta["filename"]
        place, other = here.wcs.pixel_to_world(3, 4), there.wcs.pixel_to_world(3, 4)
        assert abs(place.Tx - other.Tx) < 1e-6 * u.arcsec
    place, other = (one.wcs.pixel_to_world(3, 4, 1) for one in (back, sequence))
    assert abs(place[0].Tx - other[0].Tx) < 1e-6 * u.arcsec
    assert place[1].value == pytest.approx(other[1].value)


@pytest.mark.parametrize("suffix", [".fits", ".zarr"])
def test_there_and_back(sequence, tmp_path, suffix):
    if suffix == ".zarr":
        pytest.importorskip("zarr")
    path = products.write_sequence(sequence, tmp_path / f"cube{suffix}")
    assert_same(products.read_sequence(path), sequence)
    with pytest.raises(FileExistsError):
        products.write_sequence(sequence, path)
    part = sequence[1:]
    products.write_sequence(part, path, overwrite=True)
    back = products.read_sequence(path)
    assert len(back) == 2
    assert back.is_lazy is (suffix == ".zarr")
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_differences_too(sequence, tmp_path):
    difference = products.running_difference(sequence)
    back = products.read_sequence(products.write_sequence(difference, tmp_path / "rd.fits"))
    assert back.headers[0]["prlabel"] == "[RD 12 min]"
    np.testing.assert_array_equal(back.data, difference.data)


def test_what_is_no_sequence(make, sequence, tmp_path):
    with pytest.raises(OptionError, match=r"neither in \.fits nor in \.zarr"):
        products.write_sequence(sequence, tmp_path / "cube.h5")
    make().save(tmp_path / "map.fits")
    with pytest.raises(BadFrameError, match="not a sequence"):
        products.read_sequence(tmp_path / "map.fits")
    path = products.write_sequence(sequence, tmp_path / "cube.fits")
    path.write_bytes(path.read_bytes()[:2880])
    with pytest.raises(BadFrameError, match="cube"):
        products.read_sequence(path)
    with pytest.raises(FileNotFoundError):
        products.read_sequence(tmp_path / "not_there.fits")
