"""Simulated exposures compared with real frames of the same day, camera, filter and exposure time."""

import numpy as np
import pytest
from scipy.ndimage import label, median_filter

from astropy.io import fits

from sunpy_lasco import simulate
from sunpy_lasco.instrument.bias import bias_excess
from sunpy_lasco.simulate import optics
from sunpy_lasco.simulate.photometry import bias_level
from sunpy_lasco.simulate.pixels import occulter_centre

#: Allowed differences between simulated and real frames.
WITHIN = 0.10
#: Frames of the usual filter, of minimum and maximum of two cycles, lossy and not.  That of 2003-07-21, in which
#: something closed the aperture, is not among them.
C2 = ("22321894", "22322544", "22322625", "22322749", "22322784")
C3 = ("32046494", "32082037", "32082126", "32122317", "32219521", "32310941", "32310961")
#: Edges of rings, solar radii.
RINGS = {
    "C2": (2.3, 2.5, 2.8, 3.2, 3.6, 4, 4.5, 5, 5.5, 6, 6.5, 7, 7.5, 8),
    "C3": (4, 4.5, 5, 5.5, 6, 8, 10, 13, 16, 19, 22, 25, 28),
}
#: Solar radius, pixel.
SOLAR_RADIUS = {"C2": 81.0, "C3": 17.2}


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
            day = int(taken.parameters.time.mjd)
            bias = bias_level(header["DETECTOR"], day)
            # The dark level of real C3 frames lies some DN above the official bias, that of simulated ones on it.
            dark = bias + (bias_excess(day) if header["DETECTOR"] == "C3" else 0.0)
            counts = [data - dark, taken.data - bias]
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


def around(taken):
    """Distance from the Sun's centre, solar radii, and angle from the pylon, degree, of the pixels."""
    p = taken.parameters
    y, x = np.mgrid[:1024, :1024]
    angle = np.degrees(np.arctan2(y - p.occulter_centre[1], x - p.occulter_centre[0]))
    from_pylon = (angle - optics.OPTICS[p.detector].pylon_angle + 180) % 360 - 180
    return np.hypot(x - p.sun_centre[0], y - p.sun_centre[1]) / SOLAR_RADIUS[p.detector], from_pylon


@pytest.mark.parametrize("name", ["22321894", "22322749"])
def test_corners_of_c2(name, pair):
    """The darkest pixels in the first column, the first percentile, and the light past field stop and lens barrel."""
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
            assert corner[1] == pytest.approx(corner[0], rel=WITHIN)


def test_corners_of_c3(pair):
    """A frame with corners: 0.8 DN / s beyond the field stop, and the same edge."""
    real, simulated, taken = pair("32310941")
    r = radius(taken)
    beyond = [np.nanmedian(image[(r > 570) & (r < 640)]) / taken.parameters.exptime for image in (real, simulated)]
    assert 0 < beyond[0] < 1
    assert beyond[1] == pytest.approx(beyond[0], abs=0.6)
    half = [np.nanmedian(image[(r > 556.5) & (r < 560.5)]) for image in (real, simulated)]
    assert half[1] == pytest.approx(half[0], rel=WITHIN)


@pytest.mark.parametrize("name", C2 + C3)
def test_radial_profiles(name, pair):
    """Median, mean and ninth decile of the counts of each ring, without saturated pixels."""
    real, simulated, taken = pair(name)
    p = taken.parameters
    distance, _ = around(taken)
    full = {"C2": 14000.0, "C3": 10500.0}[p.detector]
    for low, high in zip(RINGS[p.detector], RINGS[p.detector][1:], strict=False):
        ring = [image[(distance >= low) & (distance < high)] for image in (real, simulated)]
        # Bright points and their trails stand in both, but not at the same places.
        middle = [np.nanmedian(values) for values in ring]
        if max(np.nanpercentile(values, 90) for values in ring) > full:
            continue
        assert middle[1] == pytest.approx(middle[0], rel=WITHIN), (low, high)
        ring = [values[values < 3 * np.nanpercentile(values, 90)] for values in ring]
        for measure in (np.nanmean, lambda values: np.nanpercentile(values, 90)):
            found = [measure(values) for values in ring]
            assert found[1] == pytest.approx(found[0], rel=WITHIN), (low, high)


@pytest.mark.parametrize("name", C2 + C3)
def test_histograms(name, pair):
    """Percentiles of the counts of all pixels."""
    real, simulated, _ = pair(name)
    for share in (5, 10, 25, 50, 75, 90, 95, 99):
        found = [np.nanpercentile(image, share) for image in (real, simulated)]
        # Counts are whole numbers: of 5 DN in dark corners, one is a fifth.
        assert found[1] == pytest.approx(found[0], rel=WITHIN, abs=1.0), share


@pytest.mark.parametrize("name", ["22321894", *C3])
def test_contrast_over_position_angle(name, pair):
    """Brightest over faintest sector of 15 degrees at 4.5 to 6 solar radii, apart from the pylon's."""
    real, simulated, taken = pair(name)
    distance, from_pylon = around(taken)
    ring = (distance > 4.5) & (distance < 6) & (np.abs(from_pylon) > 75)
    sector = (from_pylon[ring] // 15).astype(int)
    contrasts = []
    for image in (real, simulated):
        medians = [np.nanmedian(image[ring][sector == number]) for number in np.unique(sector)]
        contrasts.append(max(medians) / min(medians))
    assert contrasts[1] == pytest.approx(contrasts[0], rel=WITHIN)


def sharp_peaks(image, limit, where):
    """Number of groups of pixels that exceed their surroundings, without trails of bright ones."""
    image = np.nan_to_num(image)
    groups, number = label((image - median_filter(image, 7) > limit) & where, np.ones((3, 3)))
    return number - np.count_nonzero(np.bincount(groups.ravel())[1:] > 60)


@pytest.mark.parametrize("name", [*C2, "32046494", "32219521", "32310941", "32310961"])
def test_sharp_peaks(name, pair):
    """Stars and cosmic rays."""
    real, simulated, taken = pair(name)
    r = radius(taken)
    low, high, limit = {"C2": (230, 640, 400.0), "C3": (180, 500, 200.0)}[taken.parameters.detector]
    where = (r > low) & (r < high) & np.isfinite(real) & np.isfinite(simulated)
    where[[0, -1]] = False
    # Full pixels belong to trails.
    for image in (real, simulated):
        where &= ~(
            median_filter(np.nan_to_num(image), (1, 9)) > {"C2": 14000.0, "C3": 10000.0}[taken.parameters.detector]
        )
    numbers = [sharp_peaks(image, limit, where) for image in (real, simulated)]
    # Both are counted: 10 % and twice the chance of the two.
    assert numbers[1] == pytest.approx(numbers[0], abs=WITHIN * numbers[0] + 2 * np.sqrt(sum(numbers)))
