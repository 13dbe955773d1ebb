"""Polarised triplets: known values, sense, scale and transmissions, and real triplets."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ndcube import NDCollection, NDCube

import astropy.units as u

import sunpy.map

import sunpy_lasco
from sunpy_lasco import products, simulate
from sunpy_lasco.errors import IncompatibleMapsError, LascoUserWarning, NotCalibratableError, OptionError
from sunpy_lasco.instrument.constants import value_of
from sunpy_lasco.map.edit import replace
from sunpy_lasco.products.places import height_and_angle
from sunpy_lasco.products.polarization import malus, stokes_from_triplet, total_and_polarised, zero_degrees_from_clear

POLARS = ("-60 Deg", "0 Deg", "+60 Deg", "Clear")


def test_polarised_triplet():
    triplet = malus(1e-9, 3e-10, 20.0, -60.0), malus(1e-9, 3e-10, 20.0, 0.0), malus(1e-9, 3e-10, 20.0, 60.0)
    assert triplet == pytest.approx((7.18092214e-10, 1.22981333e-9, 1.05209445e-9), rel=1e-8)
    assert total_and_polarised(*triplet) == pytest.approx((1e-9, 3e-10, 20.0), rel=1e-9)


@given(st.floats(0.1, 10), st.floats(0.01, 1), st.floats(-89, 89))
def test_stokes_of_any_triplet(total, degree, angle):
    triplet = [malus(total, degree * total, angle, a) for a in (-60.0, 0.0, 60.0)]
    i, q, u = stokes_from_triplet(*triplet)
    assert i == pytest.approx(total)
    assert q == pytest.approx(degree * total * np.cos(2 * np.radians(angle)), abs=1e-9)
    assert u == pytest.approx(degree * total * np.sin(2 * np.radians(angle)), abs=1e-9)
    assert zero_degrees_from_clear(total, triplet[0], triplet[2]) == pytest.approx(triplet[1])


def triplet(detector, date, polars=POLARS, **options):
    """Simulated level-1 images with and without polarisers, and the exposures."""
    steps = {name: options.pop(name) for name in ("north_up", "distortion") if name in options}
    shown = [
        simulate.observe(
            detector, date=date, filter="Orange", polar=polar, exptime=100, seed=seed, leb_sum=(2, 2), **options
        )
        for seed, polar in enumerate(polars)
    ]
    return [sunpy_lasco.calibrate(one.level05, assets="simulated", inpaint=None, **steps) for one in shown], shown


@pytest.fixture(scope="module")
def images():
    """Images of C2 as they might have been in 1997."""
    return triplet("C2", "1997-06-01T12:00")[0]


def uniform(images, *values):
    """The images with other pixels, exact, and without uncertainty."""
    return [
        replace(smap, data=np.full(smap.data.shape, value), uncertainty=None, flags=None, light_path=None)
        for smap, value in zip(images, values, strict=False)
    ]


def test_truth_of_a_triplet_of_maps(images):
    values = (7.18092214e-10, 1.22981333e-9, 1.05209445e-9)
    exact = [malus(1e-9, 3e-10, 20.0, angle) for angle in (-60.0, 0.0, 60.0)]
    assert exact == pytest.approx(values, rel=1e-8)
    found = products.polarize(*uniform(images, *exact))
    assert np.allclose(found.total.data, 1e-9, rtol=1e-9, atol=0)
    assert np.allclose(np.hypot(found.polarized.data, found.residual.data), 3e-10, rtol=1e-9, atol=0)
    assert np.allclose(found.angle.data, 20.0, rtol=1e-9, atol=0)
    assert np.allclose(found.degree.data, found.polarized.data / 1e-9, rtol=1e-9, atol=0)
    assert not found.corrected
    assert not found.scaled
    assert found.total.uncertainty is None


def test_maps_say_what_they_are(images):
    found = products.polarize(*images[:3])
    units = [getattr(found, name).unit for name in ("total", "polarized", "residual", "angle", "degree")]
    assert units == [images[0].unit] * 3 + [u.deg, u.dimensionless_unscaled]
    assert found.total.measurement == "tB"
    assert found.polarized.measurement == "pB"
    assert found.polarized.meta["edited"] == "polarized, difference"
    assert found.total.meta["prstep1"] == images[0].meta["filename"]
    assert found.corrected == ("transmissions" in found.total.meta["history"])
    for name in ("total", "polarized", "residual", "angle", "degree"):
        with pytest.raises(NotCalibratableError):
            sunpy_lasco.write_level1(getattr(found, name), "never.fits")


def test_sigma_is_that_of_draws(images):
    """Scatter over 400 draws, by product."""
    rng = np.random.default_rng(5)
    base = [malus(1e-9, 3e-10, 20.0, angle) for angle in (-60.0, 0.0, 60.0)]
    errors = (2e-12, 3e-12, 5e-12)
    small = [smap.submap([100, 330] * u.pix, width=19 * u.pix, height=19 * u.pix) for smap in images[:3]]
    drawn = [
        replace(
            smap,
            data=value + error * rng.standard_normal(smap.data.shape),
            uncertainty=np.full(smap.data.shape, error),
            flags=np.zeros(smap.data.shape, np.uint8),
            light_path=None,
        )
        for smap, value, error in zip(small, base, errors, strict=True)
    ]
    found = products.polarize(*drawn)
    exact = products.polarize(*[replace(d, data=np.full(d.data.shape, v)) for d, v in zip(drawn, base, strict=True)])
    for name in ("total", "polarized", "residual", "angle", "degree"):
        one, truth = getattr(found, name), getattr(exact, name)
        pull = (one.data - truth.data) / truth.uncertainty.array
        assert 0.9 < pull.std() < 1.1, name


@pytest.mark.parametrize(
    ("detector", "date", "options"),
    [
        ("C2", "1997-06-01T12:00", {}),
        ("C3", "1997-06-01T12:00", {}),
        ("C2", "2012-08-31T12:00", {"north_up": True, "roll": 3.0}),
        ("C3", "2012-08-31T12:00", {}),
    ],
)
def test_polarisation_of_simulated_coronas(detector, date, options):
    """
    The simulated pB is recovered in both cameras, rolled and upside down, with 0 degrees of C3 from Clear after 1998.
    """
    maps, shown = triplet(detector, date, **options)
    found = products.polarize(*maps)
    height, _ = height_and_angle(found.total)
    part = (height > 3) & (height < 4.5) if detector == "C2" else (height > 6) & (height < 9)
    part &= np.isfinite(found.polarized.data)
    signed = found.polarized.data[part].sum() / np.hypot(found.polarized.data, found.residual.data)[part].sum()
    assert signed > 0.85
    assert abs(found.residual.data[part].sum()) < 0.03 * found.polarized.data[part].sum()
    if np.isfinite(found.ratio):
        assert found.ratio == pytest.approx(1, abs=0.02)
    assert np.abs(found.transmissions[[0, 2]] - 1).max() < 0.01
    coordinates = sunpy.map.all_coordinates_from_map(found.total)
    _, tangential = shown[0].scene.seen(
        np.tan(coordinates.Tx.to_value(u.rad)),
        np.tan(coordinates.Ty.to_value(u.rad)),
        shown[0].parameters.time,
        polarised=True,
    )
    assert np.median(found.polarized.data[part] / tangential[part]) == pytest.approx(1, abs=0.05)


def test_transmissions_are_found_and_taken_out(images):
    wrong = [
        smap if k == 1 else replace(smap, data=smap.data * k) for smap, k in zip(images, (0.98, 1.03, 1), strict=False)
    ]
    found = products.polarize(*wrong)
    plain = products.polarize(*images[:3])
    expected = np.array([0.98, 1.03, 1.0]) * plain.transmissions
    assert found.corrected
    assert found.transmissions == pytest.approx(expected / expected.mean(), abs=0.004)
    assert not products.polarize(*wrong, tangency=False).corrected
    height, _ = height_and_angle(plain.total)
    part = (height > 3) & (height < 5) & np.isfinite(plain.polarized.data)

    def off(one):
        return np.median(np.abs(one.polarized.data - plain.polarized.data)[part] / plain.total.data[part])

    assert off(found) < 0.3 * off(products.polarize(*wrong, tangency=False))


def test_scale_is_taken_from_clear_within_5_percent(images):
    *three, clear = images
    found = products.polarize(*three, replace(clear, data=clear.data / 1.03))
    plain = products.polarize(*three)
    assert found.scaled
    assert found.ratio == pytest.approx(1.03, abs=0.01)
    assert np.nanmedian(found.total.data / plain.total.data) == pytest.approx(1 / found.ratio)
    far = replace(clear, data=clear.data / 1.67)
    with pytest.warns(LascoUserWarning, match=r"1\.6\d\d times the Clear"):
        found = products.polarize(*three, far)
    assert not found.scaled
    assert products.polarize(*three, far, scale=True).scaled
    assert not products.polarize(*three, far, scale=False).scaled


def test_what_is_no_triplet_is_refused(images):
    minus, zero, plus, clear = images
    with pytest.raises(IncompatibleMapsError, match="given as minus60, but its card POLAR"):
        products.polarize(plus, zero, minus)
    with pytest.raises(OptionError, match="no image at 0 degrees"):
        products.polarize(minus, None, plus)
    with pytest.raises(OptionError, match="scale="):
        products.polarize(minus, zero, plus, scale="yes")
    with pytest.raises(OptionError, match="scale=True needs a Clear frame"):
        products.polarize(minus, zero, plus, scale=True)
    with pytest.raises(NotCalibratableError):
        products.polarize(minus - zero, zero, plus)
    later = replace(plus, meta=dict(plus.meta) | {"date-avg": "1997-06-01T13:00:00", "date-obs": "1997-06-01T13:00:00"})
    with pytest.raises(IncompatibleMapsError, match="min apart"):
        products.polarize(minus, zero, later)
    other = replace(plus, meta=dict(plus.meta) | {"filter": "Blue"})
    with pytest.raises(IncompatibleMapsError, match="one camera, filter and size"):
        products.polarize(minus, zero, other)
    assert np.isfinite(products.polarize(minus, None, plus, clear).total.data).any()


def test_degraded_polariser_of_c3_is_not_used():
    maps, shown = triplet("C3", "2012-08-31T12:00")
    with pytest.raises(OptionError, match="degraded in 1998-10"):
        products.polarize(*maps[:3])
    found = products.polarize(*maps)
    same = products.polarize(maps[0], None, *maps[2:])
    assert np.array_equal(found.polarized.data, same.polarized.data, equal_nan=True)
    assert np.nanmin(found.degree.uncertainty.array) >= 0.03
    assert np.allclose(found.total.data, maps[3].data, rtol=1e-6, equal_nan=True)
    with pytest.raises(IncompatibleMapsError, match="not a brightness"):
        products.polarize(*[sunpy.map.Map(one.level05.data, one.level05.meta) for one in shown])


def test_real_triplet_of_c2(real_map, calib_data):
    """2000-09-03: the sense of the polarisers, and a wrong scale."""
    names = ("22075762", "22075761", "22075760", "22075759")
    with pytest.warns(LascoUserWarning, match="DEEPRD"):
        maps = [sunpy_lasco.calibrate(real_map(name), assets=calib_data) for name in names]
    with pytest.warns(LascoUserWarning, match="times the Clear frame"):
        found = products.polarize(*maps)
    assert found.ratio == pytest.approx(1.674, abs=0.01)
    assert found.transmissions == pytest.approx([0.995, 1.011, 0.994], abs=0.002)
    height, _ = height_and_angle(found.total)
    part = (height > 2.6) & (height < 5) & np.isfinite(found.polarized.data)
    signed, residual = found.polarized.data[part], found.residual.data[part]
    assert np.median(signed / np.hypot(signed, residual)) == pytest.approx(0.989, abs=0.005)
    assert np.median(residual / signed) == pytest.approx(-0.018, abs=0.01)
    assert 0.05 < np.nanmedian(found.degree.data[part]) < 0.15


def test_real_triplet_of_c3(real_map, calib_data):
    """2012-08-31: 0 degrees from Clear, and a sense opposite to that of C2."""
    names = ("32310964", "32310965", "32310963")
    minus, plus, clear = (sunpy_lasco.calibrate(real_map(name), assets=calib_data) for name in names)
    found = products.polarize(minus, None, plus, clear)
    assert found.corrected
    assert found.transmissions[[0, 2]] == pytest.approx([1.013, 1.034], abs=0.004)
    height, _ = height_and_angle(found.total)
    part = (height > 5) & (height < 15) & np.isfinite(found.polarized.data)
    signed, residual = found.polarized.data[part], found.residual.data[part]
    assert np.median(signed / np.hypot(signed, residual)) > 0.98
    assert 0.04 < np.nanmedian(found.degree.data[part]) < 0.08


def test_agrees_with_solpolpy(images):
    """
    solpolpy assumes that polarisers halve the light, and counts angles counter-clockwise from solar north.

    Its residual has the other sign.
    """
    transforms = pytest.importorskip("solpolpy.transforms", reason="solpolpy is not installed")
    ours = products.polarize(*images[:3], scale=False, tangency=False)
    _, angle = height_and_angle(images[0])
    position = np.radians(angle - float(images[0].meta["detroll"]))
    sense = value_of("C2.polariser_sense")
    cubes = [
        (name, NDCube(smap.data / 2, wcs=smap.wcs, meta={"POLAR": (90.0 - sense * header) * u.deg}))
        for name, smap, header in zip("MZP", images, (-60.0, 0.0, 60.0), strict=False)
    ]
    cubes.append(("alpha", NDCube(position, wcs=images[0].wcs)))
    theirs = transforms.mzpsolar_to_bp3(NDCollection(cubes, meta={}, aligned_axes="all"))
    seen = np.isfinite(ours.polarized.data)
    assert seen.mean() > 0.5
    largest = np.nanmax(np.abs(ours.total.data))
    for name, mine, sign in (("tB", ours.total, 1), ("pB", ours.polarized, 1), ("pBp", ours.residual, -1)):
        assert np.abs(sign * theirs[name].data - mine.data)[seen].max() < 1e-6 * largest
    # Given the images unchanged, it doubles both.
    for _, cube in cubes[:3]:
        cube.data[:] = cube.data * 2
    double = transforms.mzpsolar_to_bp3(NDCollection(cubes, meta={}, aligned_axes="all"))
    assert np.nanmedian(double["tB"].data / ours.total.data) == pytest.approx(2, rel=1e-6)
