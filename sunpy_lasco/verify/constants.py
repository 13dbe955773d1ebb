"""
Constants compared with official headers and values computed by hand; no images are needed.
"""

import numpy as np

import astropy.units as u
from astropy.coordinates import SkyCoord
from astropy.time import Time

from sunpy.coordinates import HeliographicStonyhurst

from sunpy_lasco.assets.observers import packaged_observer
from sunpy_lasco.geometry import distortion, ephemeris, halo
from sunpy_lasco.geometry.pointing import nominal_pointing
from sunpy_lasco.geometry.rolls import is_flipped, normalize_roll
from sunpy_lasco.instrument import bias, cameras, photometry
from sunpy_lasco.instrument.constants import value_of
from sunpy_lasco.instrument.frame import Frame
from sunpy_lasco.level1.scaling import encode_int16
from sunpy_lasco.products.polarization import malus, total_and_polarised
from sunpy_lasco.products.thomson import electron_brightness
from sunpy_lasco.verify.references import BIASES, DISTORTIONS, FACTORS, HORIZONS, MAGNITUDES, official_headers
from sunpy_lasco.verify.rows import Row

__all__ = ["constant_rows"]

#: Official headers print factors with six digits.
FACTOR_DIGITS = 1.0e-6
#: Scatter of the daily biases against the polynomial, DN (-1.7 to +0.8 in 24 days of C2).
BIAS_SCATTER = {"C2": 2.0, "C3": 1.0}
#: RSUN is computed in single precision, of which 984 arcsec is known to 6.1e-5 arcsec; XCEN is printed to 0.006.
RSUN_DIGITS, CENTRE_DIGITS = 1.0e-4, 0.006


def constant_rows():
    """
    Rows of the constants.

    Yields
    ------
    `~sunpy_lasco.verify.rows.Row`
    """
    for camera in ("C2", "C3"):
        yield from _headers(camera)
        yield from _by_hand(camera)
        yield from _magnitudes(camera)
    yield from _orbit()
    yield from _physics()


def _headers(camera):
    """Calibration factor, bias, solar radius, plate scale, Sun centre and roll in official headers."""
    rows = [row for row in official_headers() if row["detector"] == camera]
    name, said = camera.lower(), f"{len(rows)} official header{'s' * (len(rows) > 1)}"
    factors = [photometry.calibration_factor(camera, row["filter"].upper(), "CLEAR", row["mjd"]) for row in rows]
    off = max(abs(found / row["factor"] - 1) for found, row in zip(factors, rows, strict=True))
    yield Row(
        f"{name}.header.factor",
        f"{camera}: calibration factor, largest relative difference",
        off,
        0,
        FACTOR_DIGITS,
        against=f"{said}, six digits",
    )
    off = max((bias.bias_polynomial(camera, row["mjd"]) - row["bias"] for row in rows), key=abs)
    limit = BIAS_SCATTER[camera]
    yield Row(
        f"{name}.header.bias",
        f"{camera}: bias, largest difference",
        off,
        -limit,
        limit,
        "DN",
        f"{said}, whose bias is that of the day",
    )
    off = max(abs(float(ephemeris.idl_solar_radius(row["mjd"])) - row["rsun"]) for row in rows)
    yield Row(
        f"{name}.header.rsun", f"{camera}: radius of the Sun, largest difference", off, 0, RSUN_DIGITS, "arcsec", said
    )
    scale = cameras.CAMERAS[camera].plate_scale
    off = max(
        abs(scale * (512.5 - row[f"crpix{axis}"]) - row[card])
        for row in rows
        for axis, card in ((1, "xcen"), (2, "ycen"))
    )
    yield Row(
        f"{name}.header.scale",
        f"{camera}: XCEN and YCEN by the plate scale, largest difference",
        off,
        0,
        CENTRE_DIGITS,
        "arcsec",
        said,
    )
    shifts, turns = (
        np.array([_pointing(row) for row in rows]).T.reshape(3, -1)[:2].T,
        [_pointing(row)[2] for row in rows],
    )
    away = float(np.hypot(*np.median(shifts, axis=0)))
    yield Row(f"{name}.header.centre", f"{camera}: default Sun centre, median distance", away, 0, 0.5, "pixel", said)
    turn = float(np.mean(turns))
    yield Row(
        f"{name}.header.roll",
        f"{camera}: nominal roll, mean difference",
        turn,
        -0.015,
        0.015,
        "degree",
        f"{said}; single frames differ by 0.02",
    )


def _pointing(row):
    """Nominal minus official Sun centre (x, y, pixel) and roll (degree)."""
    roll = float(normalize_roll(row["rectify"] + row["crota"]))
    turned = is_flipped(roll)
    crpix = np.array([row["crpix1"], row["crpix2"]]) - 1
    centre = 1023 - crpix if turned else crpix
    header = {
        "detector": row["detector"],
        "filter": row["filter"],
        "polar": row["polar"],
        "exptime": 25.0,
        "date-obs": row["date_original"],
        "filename": row["filename"],
    }
    nominal = nominal_pointing(Frame.from_header(header, (1024, 1024)), flipped=turned)
    return (*(np.array(nominal.centre) - centre), float(normalize_roll(nominal.roll - roll)))


def _by_hand(camera):
    name = camera.lower()
    off = max(
        abs(photometry.calibration_factor(*key) / value - 1) for key, value in FACTORS.items() if key[0] == camera
    )
    number = sum(key[0] == camera for key in FACTORS)
    yield Row(
        f"{name}.vector.factor",
        f"{camera}: calibration factors of filters and polarisers, largest relative difference",
        off,
        0,
        1e-9,
        against=f"{number} values computed by hand",
    )
    off = max(abs(bias.bias_polynomial(camera, day) - value) for day, value in BIASES[camera].items())
    yield Row(
        f"{name}.vector.bias",
        f"{camera}: bias, largest difference",
        off,
        0,
        1e-5,
        "DN",
        f"{len(BIASES[camera])} values computed by hand",
    )
    day, places = DISTORTIONS[camera]
    x, y, raw_x, raw_y = np.array(places).T
    found = distortion.camera_distortion(camera, day).to_raw(x, y)
    off = float(np.hypot(found[0] - raw_x, found[1] - raw_y).max())
    yield Row(
        f"{name}.vector.distortion",
        f"{camera}: distortion about the occulter, largest difference",
        off,
        0,
        2e-6,
        "pixel",
        f"{len(places)} positions computed by hand",
    )


def zero_magnitude(camera, filter_name, mjd=53000):
    """Magnitude of a star of solar colour that gives 1 DN / s by the official calibration factor."""
    factor = photometry.calibration_factor(camera, filter_name, "CLEAR", mjd)
    return 2.5 * np.log10(value_of("star.flux") / (factor * cameras.CAMERAS[camera].plate_scale ** 2))


def _magnitudes(camera):
    """Published zero points relative to ours."""
    differences = {key[1]: MAGNITUDES[key] - zero_magnitude(*key) for key in MAGNITUDES if key[0] == camera}
    scale = value_of(f"{camera}.star_scale")
    # The star scale makes stars brighter, and the zero point smaller.
    mean = float(np.mean(list(differences.values()))) + 2.5 * np.log10(scale)
    note = ", ".join(f"{filter_name} {value:+.3f}" for filter_name, value in differences.items())
    yield Row(
        f"{camera.lower()}.zero.magnitudes",
        f"{camera}: published zero points of stars, mean difference from the star scale",
        mean,
        -0.05,
        0.05,
        "mag",
        f"{len(differences)} filter{'s' * (len(differences) > 1)}",
        note=f"by the official factor: {note}",
    )


def _orbit():
    when, longitude, latitude, distance = HORIZONS
    time = Time(when)
    there = SkyCoord(longitude * u.deg, latitude * u.deg, distance * u.au, frame=HeliographicStonyhurst(obstime=time))
    found = packaged_observer(time).coordinate
    yield Row(
        "orbit.horizons",
        "SOHO's position on 2004-05-06, distance",
        found.separation_3d(there).to_value(u.km),
        0,
        1000,
        "km",
        "a value of Horizons that was not used in a fit",
    )
    times = Time("2000-01-01") + np.arange(0, 9000, 361.0) * u.day
    apart = [
        halo.halo_place(one).coordinate.separation_3d(packaged_observer(one).coordinate).to_value(u.km) for one in times
    ]
    yield Row(
        "orbit.closed_form",
        "SOHO's position from the closed form of the halo, rms distance",
        float(np.sqrt(np.mean(np.square(apart)))),
        0,
        9000,
        "km",
        f"the table of the package at {len(times)} times of 2000 to 2024",
    )


def _physics():
    minus, zero, plus = (malus(1e-9, 3e-10, 20.0, angle) for angle in (-60.0, 0.0, 60.0))
    known = np.array([7.18092214e-10, 1.22981333e-9, 1.05209445e-9])
    off = float(np.abs(np.array([minus, zero, plus]) / known - 1).max())
    found = np.array(total_and_polarised(*known)) / [1e-9, 3e-10, 20.0] - 1
    yield Row(
        "polarisation.triplet",
        "Total and polarised brightness and angle of a triplet, largest relative difference",
        max(off, float(np.abs(found).max())),
        0,
        1e-7,
        against="values computed by hand",
    )
    # Far away the Sun is a point source: 3/16 of the Thomson cross section over the distance
    # squared, in the plane of the sky.
    far = electron_brightness(1000.0)
    point = 3 / 16 * 6.6524587e-25 / 1000.0**2
    ratio = float(far.total / point)
    yield Row(
        "thomson.far",
        "Light scattered by an electron, relative to a point-like Sun",
        ratio,
        0.9999,
        1.0001,
        against="Thomson's cross section",
    )
    stored = encode_int16(np.array([[1e-12, 1e-10, 1e-9, 3.25e-9]]))
    stored = stored[0] if isinstance(stored, tuple) else stored
    expected = np.array([-32759, -31761, -22687, -1])
    yield Row(
        "solarsoft.int16",
        "Integers of the compatibility product, largest difference",
        float(np.abs(np.asarray(stored, dtype=float).ravel() - expected).max()),
        0,
        0,
        against="values computed by hand",
    )
