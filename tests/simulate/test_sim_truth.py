"""The truth and the image, compared with an independent calculation."""

import numpy as np
import pytest
from scipy.optimize import brentq

from astropy.wcs import WCS

from sunpy_lasco import simulate
from sunpy_lasco.simulate import optics

#: Raw pixels in the field: near the occulter, in the open, far out.
PIXELS = {
    "C2": [(700, 520), (512, 715), (850, 300), (300, 850)],
    "C3": [(620, 560), (400, 600), (800, 700), (530, 940)],
}
#: Distortion in the millimetres of the publication, and plate scale.
MM = {"C2": (0.0051344125, -1.2233862e-4, 1.0978595e-7), "C3": (-0.0151657, 1.65455e-4, 0.0)}
SCALE = {"C2": 11.9, "C3": 56.0}


def corrected(detector, x, y, centre):
    """Inverse of the published polynomial by bisection."""
    c0, c1, c2 = MM[detector]
    raw = np.hypot(x - centre[0], y - centre[1])
    rho = brentq(lambda r: r * (1 + c0 + c1 * r**2 + c2 * r**4) - 0.021 * raw, 0, 20, xtol=1e-14)
    stretch = rho / 0.021 / raw
    return centre[0] + (x - centre[0]) * stretch, centre[1] + (y - centre[1]) * stretch


def projection(p):
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = "HPLN-TAN", "HPLT-TAN"
    wcs.wcs.crpix = np.add(p.sun_centre, 1)
    wcs.wcs.cdelt = np.repeat(SCALE[p.detector] / 3600, 2)
    cos, sin = np.cos(np.radians(p.roll)), np.sin(np.radians(p.roll))
    wcs.wcs.pc = [[cos, -sin], [sin, cos]]
    return wcs


def integral(exposure, x, y, samples, *, optical):
    """Mean of the scene over a raw pixel, sample by sample, optionally times the transmission."""
    p = exposure.parameters
    wcs, total = projection(p), 0.0
    for dy in (np.arange(samples) + 0.5) / samples - 0.5:
        for dx in (np.arange(samples) + 0.5) / samples - 0.5:
            lon, lat = wcs.wcs_pix2world([corrected(p.detector, x + dx, y + dy, p.occulter_centre)], 0)[0]
            lon = (lon + 180) % 360 - 180
            light = exposure.scene.brightness(np.array([lon * 3600]), np.array([lat * 3600]), p.time)[0]
            free = optics.transmission_at(p.detector, p.time, np.array([x + dx]), np.array([y + dy]))[0]
            total += light * (free if optical else 1.0)
    return total / samples**2


@pytest.mark.parametrize(
    ("detector", "options"), [("C2", {}), ("C3", {}), ("C3", {"flipped": True, "date": "2012-03-01"})]
)
def test_counts_are_the_integral_over_the_pixel(bare, smooth, detector, options):
    fine = bare(detector, smooth, subsamples=2, **options)
    plain = bare(detector, smooth, **options)
    p = fine.parameters
    for x, y in PIXELS[detector]:
        exact = integral(fine, x, y, 6, optical=True) / p.factor * p.exptime
        assert plain.data[y, x] - p.bias == pytest.approx(exact, rel=2e-4)
        assert fine.data[y, x] - p.bias == pytest.approx(exact, rel=5e-5)
        assert abs(fine.data[y, x] - p.bias - exact) < 0.5 * abs(plain.data[y, x] - p.bias - exact)


@pytest.mark.parametrize("detector", ["C2", "C3"])
def test_level1_is_the_scene(bare, smooth, detector):
    """At the corrected position of a raw pixel, to within the curvature of the corona in a pixel."""
    exposure = bare(detector, smooth, flipped=True)
    p = exposure.parameters
    for x, y in PIXELS[detector]:
        place = corrected(detector, x, y, p.occulter_centre)
        assert exposure.level1_at(*place) == pytest.approx(integral(exposure, x, y, 1, optical=False), rel=1e-9)
        assert exposure.level1_at(*place) == pytest.approx(integral(exposure, x, y, 5, optical=False), rel=2e-4)


def test_level1_of_points_and_diffracted_light(bare, empty):
    """level1_at gives the same stars and ring of the occulter as the counts."""
    scene = simulate.Scene((simulate.Uniform(1e-10),), (simulate.PointSource(9000.0, -20000.0, 2.0),))
    exposure = bare("C3", scene, diffracted=True)
    p = exposure.parameters
    raw = (exposure.data - p.bias) / p.exptime * p.factor / np.maximum(optics.transmission("C3", p.time), 1e-4)
    row, column = np.unravel_index(np.argmax(exposure.data * (np.arange(1024) < 450)[:, None]), raw.shape)
    for x, y in ((column, row), (column + 1, row - 1), (516 + 66, 531), (900, 900)):
        assert exposure.level1_at(*corrected("C3", x, y, p.occulter_centre)) == pytest.approx(raw[y, x], rel=1e-6)
    without = exposure.level1_at(516.0 + 66, 531.0, diffracted=False)
    assert without == pytest.approx(1e-10, rel=1e-9)
    assert exposure.level1_at(0.0, 500.0, points=False, diffracted=False) == pytest.approx(1e-10, rel=1e-9)


@pytest.mark.parametrize("options", [{"leb_sum": (2, 2)}, {"chip_sum": (4, 1), "subframe": (512, 256, 256, 512)}])
def test_positions_of_stored_pixels(bare, empty, options):
    """The mean of the full-resolution pixels that make up a stored one."""
    exposure = bare("C2", empty, **options)
    x, y = exposure.pixel_positions()
    assert x.shape == exposure.data.shape
    (sx, sy), (x0, y0) = exposure.parameters.binning, exposure.parameters.corner
    assert x[0, 0] == x0 + np.mean(range(sx))
    assert y[0, 0] == y0 + np.mean(range(sy))
    assert (x[3, 5] - x[3, 4], y[4, 5] - y[3, 5]) == (sx, sy)


def test_truth_is_level1_at_the_stored_pixels(bare, smooth):
    exposure = bare("C3", smooth, leb_sum=(4, 4))
    assert np.array_equal(exposure.truth, exposure.level1_at(*exposure.pixel_positions()))
