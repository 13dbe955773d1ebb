"""Centroids on images with known stars."""

import numpy as np
import pytest
from scipy.special import erf

from sunpy_lasco import stars


def star(shape, x, y, flux, width=0.45):
    """A Gaussian integrated over pixels."""
    rows, columns = np.arange(shape[0]), np.arange(shape[1])

    def share(places, centre):
        return (
            erf((places - centre + 0.5) / np.sqrt(2) / width) - erf((places - centre - 0.5) / np.sqrt(2) / width)
        ) / 2

    return flux * share(rows, y)[:, None] * share(columns, x)[None, :]


@pytest.fixture
def field():
    """A steep background and 100 stars at places of every phase."""
    rng = np.random.default_rng(5)
    shape = (400, 400)
    rows, columns = np.mgrid[:400, :400]
    image = 500 + 2.0 * columns + 1.0 * rows + 0.002 * (rows - 200) ** 2
    nodes = np.arange(20, 400, 38.0)
    x, y = (grid.ravel() + rng.uniform(-1, 1, grid.size) for grid in np.meshgrid(nodes, nodes))
    for one, other in zip(x, y, strict=True):
        image = image + star(shape, one, other, 3000.0)
    return image, x, y


def test_places_without_noise(field):
    image, x, y = field
    rng = np.random.default_rng(1)
    found = stars.find_centroids(image, x + rng.uniform(-2, 2, x.size), y + rng.uniform(-2, 2, x.size))
    assert found["found"].all()
    np.testing.assert_allclose(found["x"], x, atol=0.002)
    np.testing.assert_allclose(found["y"], y, atol=0.002)
    np.testing.assert_allclose(found["flux"], 3000, rtol=0.01)


@pytest.mark.parametrize("flux", [300.0, 3000.0])
def test_errors(flux):
    """
    Pulls of positions and fluxes are 1 for faint stars, and less for bright ones because of the error of the model.
    """
    rng = np.random.default_rng(7)
    shape, pulls, fluxes = (60, 60), [], []
    for _ in range(300):
        x, y = rng.uniform(29, 31, 2)
        clean = 400 + star(shape, x, y, flux)
        image = rng.normal(clean, np.sqrt(clean / 14.5 + 0.8))
        found = stars.find_centroids(image, [30], [30], gain=14.5, read_variance=0.8)[0]
        if found["found"]:
            pulls += [(found["x"] - x) / found["sigma"], (found["y"] - y) / found["sigma"]]
            fluxes.append((found["flux"] - flux) / found["flux_sigma"])
    assert len(fluxes) > 285
    assert np.std(fluxes) < 1.15
    assert (0.85 if flux < 1000 else 0.3) < np.std(pulls) < 1.15


def test_cosmic_rays_trails_and_blends_are_no_stars(field):
    image = field[0] * 0 + 1000.0
    image += np.random.default_rng(2).normal(0, 3, image.shape)
    image[50, 50] += 4000
    image[80, 60:72] += 2000
    image[100:103, 100:103] += 1500
    image += star(image.shape, 150.2, 150.1, 2000.0) + star(image.shape, 152.9, 150.3, 1800.0)
    found = stars.find_centroids(image, [50, 66, 101, 151.5, 250], [50, 80, 101, 150, 250])
    # A cosmic ray in one pixel is narrower, the square wider than a star; noise is nothing.
    assert not found["found"].any()
    assert np.isnan(found["x"]).all()


def test_missing_pixels_and_the_edge(field):
    image, x, y = field
    image = image.copy()
    image[int(y[0]), int(x[0]) + 2] = np.nan
    found = stars.find_centroids(image, [x[0], 1.0, 398.9, np.nan, -50.0], [y[0], 1.0, 398.9, 3.0, 5000.0])
    assert not found["found"].any()
    assert len(stars.find_centroids(image, [], [])) == 0


def test_units_do_not_matter(field):
    image, x, y = field
    counts, brightness = (stars.find_centroids(image * unit, x, y) for unit in (1.0, 1e-13))
    np.testing.assert_allclose(brightness["x"], counts["x"], atol=1e-6)
    np.testing.assert_allclose(brightness["flux_sigma"], counts["flux_sigma"] * 1e-13, rtol=1e-4)
