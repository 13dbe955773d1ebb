"""Simulated exposures beside the real frames of the same day, camera, filter and exposure time."""

import numpy as np
import pytest

from astropy.io import fits

from sunpy_lasco import simulate
from sunpy_lasco.simulate.photometry import bias_level
from sunpy_lasco.simulate.pixels import occulter_centre

#: How far a simulated frame may be from a real one.
WITHIN = 0.10


@pytest.fixture(scope="module")
def pair(real_frame):
    """A function from the name of a real frame to its counts above the bias, DN, and those of a simulated one."""
    kept = {}

    def find(name):
        if name not in kept:
            with fits.open(real_frame(name)) as file:
                header, data = file[0].header, file[0].data.astype(float)
            date = f"{header['DATE-OBS'].replace('/', '-')}T{header['TIME-OBS']}"
            taken = simulate.observe(
                header["DETECTOR"],
                date=date,
                exptime=header["EXPTIME"],
                filter=header["FILTER"],
                flipped=abs(header["CROTA1"]) > 90,
                lossy=header["COMPRSSN"][-1] in "#%",
                untransmitted="Z" not in header["COMPRSSN"],
                seed=1,
            )
            bias = bias_level(header["DETECTOR"], int(taken.parameters.time.mjd))
            counts = [data - bias, taken.data - bias]
            for image, whole in zip(counts, (data, taken.data), strict=True):
                image[whole == 0] = np.nan
            kept[name] = (*counts, taken)
        return kept[name]

    return find


def radius(taken):
    """Distance of the pixels from the centre of the occulter, pixel."""
    y, x = np.mgrid[:1024, :1024]
    x0, y0 = occulter_centre(taken.parameters.detector, taken.parameters.time)
    return np.hypot(x - x0, y - y0)


@pytest.mark.parametrize("name", ["22321894", "22322749"])
def test_corners_of_c2(name, pair):
    """Its darkest pixels, in the first column, its first percentile, and what comes past field stop and lens barrel."""
    real, simulated, taken = pair(name)
    # A lossy frame rounds to 32 DN, and the darkest pixel is a matter of chance.
    darkest = np.nanmin(real), np.nanmin(simulated)
    assert darkest[1] == pytest.approx(darkest[0], abs=32)
    first, second = (np.nanmedian(real[:, k]) for k in (0, 1))
    assert np.nanmedian(simulated[:, 0]) == pytest.approx(first, abs=WITHIN * 0.2 * second)
    percentile = [np.nanpercentile(image, 1) for image in (real, simulated)]
    assert percentile[1] == pytest.approx(percentile[0], rel=WITHIN)
    far = radius(taken) > 640
    for rows in (slice(4, 512), slice(512, -4)):
        for columns in (slice(4, 512), slice(512, -4)):
            corner = [np.nanmedian(image[rows, columns][far[rows, columns]]) for image in (real, simulated)]
            assert corner[1] == pytest.approx(corner[0], rel=2 * WITHIN)
