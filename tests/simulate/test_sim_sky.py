"""The corona, the stars and their motion, compared with independent results and on images."""

import dataclasses

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.ndimage import gaussian_filter1d

import astropy.units as u
from astropy.coordinates import SkyCoord
from astropy.time import Time

from sunpy.coordinates import Helioprojective, get_body_heliographic_stonyhurst, sun

from sunpy_lasco import simulate
from sunpy_lasco.assets.observers import packaged_observer
from sunpy_lasco.simulate import stars
from sunpy_lasco.simulate.k_and_f_corona import LEBLANC, RADII, line_of_sight, scattering
from sunpy_lasco.simulate.pixels import distort, helioprojective_from_plane, undistort
from sunpy_lasco.simulate.points import point_light, spread_at
from sunpy_lasco.simulate.sky import ECLIPTIC, direction, solar_sky

DAY = Time("2002-01-08T12:00:00")


def sight(impact, angle):
    impact, angle = np.broadcast_arrays(np.asarray(impact, float), np.radians(np.asarray(angle, float)))
    return simulate.Sight(impact, angle, solar_sky(DAY).ecliptic_north)


def test_far_electron_sees_a_point():
    """Far out the Sun is a point: tangential 2 k / r2 per steradian of van de Hulst's limit, radial without."""
    r = 200.0
    tangential, difference = scattering(np.array([r]))
    # Flux of a disk of brightness 1 / (1 - u / 3) x (1 - u / 3) and radius 1 / r: pi / r2; sigma per electron 7.95e-26.
    assert tangential[0] == pytest.approx(7.95e-26 * np.pi / 2 / r**2, rel=2e-3)
    assert difference[0] == pytest.approx(tangential[0], rel=1e-3)


@pytest.mark.parametrize("impact", [2.5, 6.0, 25.0])
def test_line_of_sight_integral(impact):
    """The same integral along z instead of along the angle, by another method."""

    def integrand(z, polarised):
        r = np.hypot(impact, z)
        electrons = sum(a * r**k for k, a in LEBLANC)
        tangential, difference = (part.item() for part in scattering(np.array(r)))
        sin2 = (impact / r) ** 2
        return 6.957e10 * electrons * (difference * sin2 if polarised else 2 * tangential - difference * sin2)

    expected = [2 * quad(integrand, 0, np.inf, args=(flag,), epsabs=0, epsrel=1e-9)[0] for flag in (False, True)]
    found = [part[0] for part in line_of_sight(LEBLANC, np.array([impact]))]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_brightness_of_the_corona_is_that_of_textbooks():
    """K is fainter than F beyond 3 solar radii; their sum is 1e-9 to 1e-8 at 3 and 1e-11 to 1e-9 at 10."""
    equator = sight([3.0, 6.0, 10.0, 20.0], 90)
    k = simulate.KCorona(activity=0.2).brightness(equator, DAY)[0]
    f = simulate.FCorona().brightness(equator, DAY)[0]
    assert 1e-9 < k[0] + f[0] < 2e-8
    assert 1e-11 < k[2] + f[2] < 1e-9
    assert k[0] > 0.2 * f[0]
    assert (f > k).all()
    # F of Skylab (ATM/WLCE memo 15): 4.7396e-8 x 1.23732 x r**-2.72375 at the equator, for 3 to 6 radii.
    # C2 and C3 see more of it further out.
    skylab = 4.7396e-8 * 1.23732 * np.array([3.0, 6.0]) ** -2.72375
    assert f[0] == pytest.approx(skylab[0], rel=0.1)
    assert 1.1 < f[1] / skylab[1] < 1.5
    poles = simulate.KCorona(activity=0.0, streamers=0).brightness(sight(4.0, [0, 90, 180]), DAY)[0]
    assert poles[0] == pytest.approx(poles[2], rel=1e-9)
    assert poles[0] < 0.5 * poles[1]


def test_interpolation_of_the_tables():
    corona = simulate.KCorona(streamers=0, activity=0.4)
    impact = np.sqrt(RADII[40:-40:30] * RADII[41:-39:30])
    table = line_of_sight(LEBLANC, impact)
    found = corona.brightness(sight(impact, 90), DAY, polarised=True)
    for expected, got in zip(table, found, strict=True):
        # At an activity of 0.4 the density is 0.3 + 0.75 x 0.4 of Leblanc's.
        np.testing.assert_allclose(got, 0.6 * expected, rtol=1e-6)


def test_streamers_turn_with_the_sun():
    corona = simulate.KCorona(rays=40)
    ring = sight(4.0, np.arange(0, 360, 0.5))
    first, hour, month = (
        corona.brightness(ring, Time(DAY.mjd + days, format="mjd", scale="utc"))[0] for days in (0, 1 / 24, 27.2753)
    )
    np.testing.assert_allclose(month, first, rtol=1e-6)
    assert 0 < np.abs(hour / first - 1).max() < 0.1
    assert not np.array_equal(first, simulate.KCorona(rays=40, seed=12).brightness(ring, DAY)[0])


def test_cme_by_hand():
    cme = simulate.CME("2002-01-08T10:00:00", position_angle=90.0, speed=695.7, width=60.0, strength=1e-9)
    # 7200 s at a thousandth of a solar radius per second.
    assert cme.height(DAY) == pytest.approx(8.2)
    # Half the width is 30 degrees: bubble of radius 8.2 / 3 around 2 / 3 x 8.2.
    radius, centre = 8.2 / 3, 8.2 * 2 / 3
    axis = sight(centre + radius * np.linspace(-0.2, 1.6, 400), 90)
    light, polarised = cme.brightness(axis, DAY, polarised=True)
    np.testing.assert_allclose(polarised, 0.55 * light)
    assert axis.impact[np.argmax(light)] == pytest.approx(8.2, abs=0.1)
    assert light.max() == pytest.approx(1e-9 * (8.2 / 5) ** -2.6, rel=0.25)
    cavity = np.abs(axis.impact - (centre + 0.35 * radius)) < 0.05
    core = cme.brightness(sight(centre - 0.45 * radius, 90), DAY)[0]
    assert light[cavity].max() < 0.3 * light.max()
    assert core > 2 * light[cavity].max()
    assert not cme.brightness(sight([3.0, 8.2, 20.0], 270), DAY)[0].any()
    assert not cme.brightness(axis, Time("2002-01-08T09:00:00"))[0].any()


def test_a_tilted_cme_does_not_face_outwards():
    """Structure in the direction of the cone is rotated by this angle about the middle of the bubble."""
    straight = simulate.CME("2002-01-08T10:00:00", position_angle=90.0, speed=695.7, width=60.0, strength=1e-9)
    tilted = dataclasses.replace(straight, tilt=40.0)
    radius, centre = 8.2 / 3, 8.2 * 2 / 3
    # From the middle to the nose; of what lies nearer to the Sun, legs are a part.
    away = radius * np.linspace(0.3, 1.2, 50)
    x, y = centre + away * np.cos(np.radians(40.0)), away * np.sin(np.radians(40.0))
    turned = sight(np.hypot(x, y), 90.0 + np.degrees(np.arctan2(y, x)))
    axis = sight(centre + away, 90)
    np.testing.assert_allclose(tilted.brightness(turned, DAY)[0], straight.brightness(axis, DAY)[0], rtol=0.05)
    core = sight(centre - 0.45 * radius, 90)
    assert straight.brightness(core, DAY)[0] > 1.5 * tilted.brightness(core, DAY)[0]


@pytest.mark.parametrize(
    ("detector", "start", "cadence"), [("C3", "2002-01-08T12:00:00", 2700.0), ("C2", "2002-01-08T10:15:00", 720.0)]
)
def test_front_moves_across_the_images(detector, start, cadence):
    """600 km / s are 3.105 solar radii an hour, measured on noisy images."""
    cme = simulate.CME("2002-01-08T09:30:00", position_angle=270.0, speed=600.0, strength=2e-9)
    calm = simulate.corona(stars=False, planets=False)
    scene = dataclasses.replace(calm, diffuse=(*calm.diffuse, cme))
    # Short enough that the front does not fill the wells.
    options = {"start": start, "cadence": cadence, "cosmic_rays": False, "roll": 0.0, "exptime": 8.0}
    frames = simulate.sequence(detector, 3, scene=scene, **options)
    quiet = simulate.observe(detector, scene=calm, date=start, noise=False, roll=0.0, exptime=8.0).data
    heights, hours = [], []
    for frame in frames:
        p = frame.parameters
        # To the west along the row of the Sun's centre, in corrected pixels; the corona before is subtracted.
        x = np.arange(p.sun_centre[0] + (95 if detector == "C3" else 200), 1000.0)
        y = np.full_like(x, p.sun_centre[1])
        column, row = (np.rint(v).astype(int) for v in distort(x, y, detector, p.occulter_centre))
        # The front is 20 pixels high and more: the mean over 7 rows beats the noise.
        profile = np.mean([frame.data[row + k, column] for k in range(-3, 4)], axis=0)
        before = np.mean([quiet[row + k, column] for k in range(-3, 4)], axis=0)
        ratio = gaussian_filter1d((profile - p.bias) / (before - p.bias), 3)
        scale = p.attitude.scale / np.degrees(solar_sky(p.time).solar_radius) / 3600
        heights.append((x - p.sun_centre[0])[np.argmax(ratio)] * scale)
        hours.append(p.time.mjd * 24)
    speed = np.polyfit(np.array(hours) - hours[0], heights, 1)[0]
    assert speed == pytest.approx(600 * 3600 / 695700, rel=0.05)
    assert heights[-1] == pytest.approx(cme.height(frames[-1].parameters.time), rel=0.03)


@pytest.mark.parametrize(
    "day", ["1996-01-01", "1998-05-20", "1999-02-08T18:00", "2002-01-08T12:00:00", "2024-11-11", "2027-05-20"]
)
def test_stars_and_sun_stand_where_sunpy_says(day):
    """Helioprojective positions by another route, without aberration as here."""
    time = Time(day)
    sky = solar_sky(time)
    # The orbit of the package by the code of the calibration: the simulator has its own.
    soho = packaged_observer(time).coordinate
    assert np.linalg.norm(soho.icrs.cartesian.xyz.to_value(u.km) - sky.observer) < 0.5
    points = simulate.Stars(faintest=0.0).positions(sky)
    assert len(points[0]) >= 1
    bright = np.array(list(stars.BRIGHT_STARS.values()))
    coords = SkyCoord(bright[:, 0] * u.deg, bright[:, 1] * u.deg, distance=1e6 * u.pc, frame="icrs")
    seen = coords.transform_to(Helioprojective(observer=soho, obstime=time))
    tx, ty = seen.Tx.to_value(u.arcsec), seen.Ty.to_value(u.arcsec)
    for x, y in zip(points[0], points[1], strict=True):
        assert np.hypot(tx - x, ty - y).min() < 0.05
    # Position angle of ecliptic north: the P angle of the Sun's axis against the ecliptic, at most 7.25 degrees.
    assert abs(np.degrees(sky.ecliptic_north)) <= 7.26


def test_stars_drift_as_the_sun_moves_along_the_ecliptic():
    """3548 arcsec a day on the mean of a year; star drift on images between two days."""
    longitude = [sun.apparent_longitude(Time("2002-01-01") + k * u.day).to_value(u.arcsec) for k in (0, 365.25)]
    mean = (longitude[1] - longitude[0] + 1296000) / 365.25
    assert mean == pytest.approx(3548, abs=2)
    # Regulus passes the Sun in August.
    positions = []
    dark = dict.fromkeys(("noise", "diffracted", "ramp", "saturation", "quantise"), False)
    scene = simulate.Scene((), (simulate.Stars(faintest=1.5),))
    for day in ("2002-08-17T06:00:00", "2002-08-18T06:00:00"):
        time = Time(day)
        exposure = simulate.observe("C3", scene=scene, date=day, roll=0.0, **dark)
        data = exposure.data - exposure.parameters.bias
        data = np.where(exposure.untransmitted | (data < 2), 0, data)
        row, column = np.unravel_index(np.argmax(data), data.shape)
        box = np.s_[row - 3 : row + 4, column - 3 : column + 4]
        y, x = np.mgrid[box]
        centroid = [(v * data[box]).sum() / data[box].sum() for v in (x, y)]
        p = exposure.parameters
        plane = p.attitude.plane(*undistort(*map(np.array, centroid), "C3", p.occulter_centre))
        positions.append((np.ravel(helioprojective_from_plane(*plane)), time))
    (first, t0), (second, t1) = positions
    moved = (sun.apparent_longitude(t1) - sun.apparent_longitude(t0)).to_value(u.arcsec)
    assert 3400 < moved < 3548
    # To the west, and as far as the Sun went to the east.
    assert second[0] - first[0] > 3000
    assert np.hypot(*(second - first)) == pytest.approx(moved, rel=3e-3)


@pytest.mark.parametrize(
    ("planet", "day"), [("venus", "2000-06-11T12:00"), ("jupiter", "2000-05-08T12:00"), ("mercury", "2003-05-07T08:00")]
)
def test_planets_at_their_conjunctions(planet, day):
    """Superior conjunctions of 2000, and the transit of Mercury of 2003-05-07."""
    tx, ty, magnitude = simulate.Planets((planet,)).positions(solar_sky(Time(day)))
    assert np.hypot(tx[0], ty[0]) < (1.0 if planet != "mercury" else 0.3) * 3600
    assert -5 < magnitude[0] < 12


@pytest.mark.parametrize(("planet", "day"), [("mercury", "2000-01-20T00:18"), ("venus", "2010-01-12T21:20")])
def test_planets_are_seen_where_the_light_left_them(planet, day):
    """Compared with sunpy, including the light travel time but not aberration; without the former both differ a lot."""
    time = Time(day)
    sky = solar_sky(time)
    soho = packaged_observer(time).coordinate
    tx, ty, _ = simulate.Planets((planet,)).positions(sky)
    frame = Helioprojective(observer=soho, obstime=time)
    found = get_body_heliographic_stonyhurst(planet, time, observer=soho).transform_to(frame)
    assert np.hypot(found.Tx.to_value(u.arcsec) - tx[0], found.Ty.to_value(u.arcsec) - ty[0]) < 0.05
    at_once = get_body_heliographic_stonyhurst(planet, time).transform_to(frame)
    assert np.hypot(at_once.Tx.to_value(u.arcsec) - tx[0], at_once.Ty.to_value(u.arcsec) - ty[0]) > 20


def test_flux_of_stars():
    """A star of magnitude 0 is 5.72e-5 MSB arcsec2: 1.824e-8 MSB in one pixel of C3."""
    assert 5.720e-5 / 56**2 == pytest.approx(1.824e-8, rel=1e-3)
    image = point_light(np.array([500.3]), np.array([400.8]), np.array([1.0]))
    assert image.sum() == pytest.approx(1, abs=2e-3)
    y, x = np.mgrid[:1024, :1024]
    assert (image * x).sum() / image.sum() == pytest.approx(500.3, abs=0.01)
    assert (image * y).sum() / image.sum() == pytest.approx(400.8, abs=0.01)
    # Symmetric to the bit about a pixel.
    assert spread_at(np.array([1.0]), np.array([0.0])) == spread_at(np.array([0.0]), np.array([-1.0]))


def test_star_counts():
    """5000 stars of the whole sky are brighter than 6, and 0.9 million than 11; the belt holds 0.309 of it."""
    vectors, magnitudes = (part[len(stars.BRIGHT_STARS) :] for part in stars._catalogue(3, 11.0))
    # The belt along the ecliptic has its share of the Milky Way: within a tenth of the mean of the sky.
    expected = 5000 * np.sin(np.radians(18)) * 10 ** (0.45 * np.array([2.0, 5.0]))
    np.testing.assert_allclose([(magnitudes < limit).sum() for limit in (8, 11)], expected, rtol=0.1)
    assert (magnitudes < 9).sum() / (magnitudes < 8).sum() == pytest.approx(10**0.45, rel=0.03)
    # In the Milky Way 3.5 times as dense as at its pole: e**(1 / 0.8).
    sine = np.abs(vectors @ direction(192.859, 27.128))
    there, away = (np.histogram(sine, [0, 0.02, 0.9, 0.92])[0])[[0, 2]]
    longitude, sine_of_latitude = np.meshgrid(np.arange(0, 360, 0.2), np.linspace(-1, 1, 200) * np.sin(np.radians(18)))
    belt = direction(longitude.ravel(), np.degrees(np.arcsin(sine_of_latitude.ravel()))) @ ECLIPTIC
    even = np.histogram(np.abs(belt @ direction(192.859, 27.128)), [0, 0.02, 0.9, 0.92])[0][[0, 2]]
    assert (there / even[0]) / (away / even[1]) == pytest.approx(np.exp(0.9 / 0.8), rel=0.1)


def test_faint_stars_are_left_out_by_camera():
    sky = solar_sky(DAY)
    everything = simulate.Scene((), (simulate.Stars(faintest=10.5), simulate.PointSource(100.0, 0.0, 12.0)))
    assert everything.sources(DAY)[2].max() == 12
    bright = everything.sources(DAY, faintest=9.0)[2]
    assert sorted(bright)[-1] == 12
    assert sorted(bright)[-2] < 9
    assert len(bright) < len(simulate.Stars(faintest=10.5).positions(sky)[0])


def test_uniform_and_sums_of_parts():
    scene = simulate.Scene((simulate.Uniform(2e-10, 1e-11), simulate.Uniform(1e-10)))
    total, polarised = scene.brightness([0, 5000], [9000, 0], DAY, polarised=True)
    np.testing.assert_allclose(total, 3e-10)
    np.testing.assert_allclose(polarised, 1e-11)
    assert all(part.size == 0 for part in scene.sources(DAY))
